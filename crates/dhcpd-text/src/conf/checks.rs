//! What must hold for the reader of `dhcpd.conf` on any text at all.

use crate::eval::{Client, Effect, MAX_EFFECTS, MAX_VALUE, Run};

use super::{Config, Diagnostic, MAX_ERRORS, PoolFailover, Range, Role, parse};

/// Reads a text, which stands for each file that it includes too.
///
/// # Panics
///
/// When something does not hold.
pub(crate) fn conf(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match parse("fuzz.conf", bytes, &mut |_| Ok(bytes)) {
        Ok(parsed) => {
            assert!(!parsed.warnings.iter().any(Diagnostic::is_error));
            parsed
                .warnings
                .iter()
                .for_each(|warning| shown(warning, &text));
            accepted(&parsed.config);
            executed(&parsed.config, bytes);
        }
        Err(diagnostics) => {
            let errors = diagnostics
                .iter()
                .filter(|diagnostic| diagnostic.is_error())
                .count();
            assert!((1..=MAX_ERRORS).contains(&errors));
            diagnostics
                .iter()
                .for_each(|diagnostic| shown(diagnostic, &text));
        }
    }
}

/// A client that says whatever stands in the text.
struct Anyone<'t>(&'t [u8]);

impl Client for Anyone<'_> {
    fn option(&self, code: u8) -> Option<Vec<u8>> {
        let start = usize::from(code) * 7 % (self.0.len() + 1);
        let part = &self.0[start..];
        (!code.is_multiple_of(3)).then(|| part[..part.len().min(300)].to_vec())
    }

    fn message(&self) -> Option<&[u8]> {
        Some(self.0)
    }

    fn hardware(&self) -> Option<(u8, &[u8])> {
        Some((1, self.0.get(..6)?))
    }

    fn is_known(&self) -> Option<bool> {
        Some(!self.0.len().is_multiple_of(2))
    }

    fn lease_time(&self) -> Option<u32> {
        Some(600)
    }
}

/// Scopes that are executed one after the other.
const MAX_EXECUTED: usize = 40;

/// Whatever was accepted can be executed, for whatever client, and stays within its bounds.
fn executed(config: &Config, bytes: &[u8]) {
    let client = Anyone(bytes);
    let mut run = Run::new(&config.spaces, &client);
    for scope in config.scopes.iter().take(MAX_EXECUTED) {
        run.execute(&scope.statements);
        for code in run.added() {
            assert!(*code < config.classes.len(), "a class that there is");
        }
    }
    for class in &config.classes {
        if let Some(condition) = &class.condition {
            run.holds(condition);
        }
        if let Some(value) = &class.value {
            run.value(value);
        }
    }
    let handlers = run.handlers().clone();
    for on in [handlers.commit, handlers.release, handlers.expiry] {
        let Some(on) = on else {
            continue;
        };
        run.execute(&on.body);
        let text = format!("on commit {}", on.text);
        let again = super::parse_on(&text, &config.spaces, &config.classes)
            .unwrap_or_else(|errors| panic!("{text}: {}", errors[0]));
        assert_eq!(again.text, on.text, "a lease file holds it as it is");
    }
    run.settings();
    for (_, value) in run.options().iter() {
        assert!(!value.is_empty() && value.len() <= MAX_VALUE);
    }
    let effects = run.take_effects();
    assert!(effects.len() <= MAX_EFFECTS);
    for effect in effects {
        if let Effect::Execute { arguments, .. } = effect {
            assert!(arguments.iter().all(|argument| !argument.contains(&0)));
        }
    }
}

/// A message shows the line that it names.
fn shown(diagnostic: &Diagnostic, text: &str) {
    let line = text
        .split('\n')
        .nth(diagnostic.line as usize - 1)
        .expect("the line is there");
    if line.len() <= 80 {
        assert_eq!(diagnostic.source_line, line.trim_end_matches('\r'));
    }
    assert!(diagnostic.column as usize <= line.chars().count() + 1);
    assert!(diagnostic.to_string().contains(&diagnostic.message));
}

/// What whoever uses a configuration may rely on.
fn accepted(config: &Config) {
    for (index, scope) in config.scopes.iter().enumerate() {
        assert_eq!(scope.parent.is_none(), index == 0);
        assert!(scope.parent.is_none_or(|parent| parent.0 < index));
        let mut codes: Vec<u8> = scope.options.iter().map(|option| option.code).collect();
        codes.sort_unstable();
        assert!(
            codes.windows(2).all(|pair| pair[0] != pair[1]),
            "a code stands once"
        );
    }
    for peer in &config.failover_peers {
        assert!(peer.port > 0 && peer.peer_port > 0);
        assert_eq!(peer.hba.is_some(), peer.role == Role::Primary);
        assert!(peer.role == Role::Secondary || peer.mclt.is_some_and(|mclt| mclt > 0));
    }
    let mut ranges: Vec<Range> = Vec::new();
    for network in &config.shared_networks {
        assert!(!network.subnets.is_empty());
        for pool in network
            .pools
            .iter()
            .chain(network.subnets.iter().flat_map(|subnet| &subnet.pools))
        {
            assert!(!pool.ranges.is_empty());
            let peer = match &pool.failover {
                PoolFailover::Inherit => Some(
                    network
                        .failover_peer
                        .as_ref()
                        .expect("there is one to inherit"),
                ),
                PoolFailover::Peer(peer) => Some(peer),
                PoolFailover::None => None,
            };
            assert!(
                peer.is_none_or(|name| config.failover_peers.iter().any(|peer| peer.name == *name))
            );
            for range in &pool.ranges {
                let holds = |address| {
                    network
                        .subnets
                        .iter()
                        .any(|subnet| subnet.contains(address))
                };
                assert!(holds(range.low) && holds(range.high) && range.low <= range.high);
            }
            ranges.extend(&pool.ranges);
        }
    }
    ranges.sort_by_key(|range| range.low);
    assert!(
        ranges.windows(2).all(|pair| pair[0].high < pair[1].low),
        "ranges are disjoint"
    );
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    /// Parts that configurations are made of, whole and broken.
    const PARTS: &[&str] = &[
        "failover peer \"p\" {\n primary; address 10.0.0.2; peer address 10.0.0.3; mclt 60; split 128;\n}\n",
        "failover peer \"p\";\n",
        "failover peer ",
        "subnet 10.0.0.0 netmask 255.255.255.0 {\n",
        "subnet 10.0.0.0 netmask ",
        "shared-network n {\n",
        "pool {\n",
        "range 10.0.0.5 10.0.0.9;\n",
        "range 10.0.0.20;\n",
        "range dynamic-bootp ",
        "group {\n",
        "group \"g\" {\n",
        "group \"g\";\n",
        "host h {\n",
        "host ",
        "hardware ethernet 1:2:3:4:5:6;\n",
        "hardware unknown-7 ",
        "fixed-address 10.0.0.1, ",
        "option routers 10.0.0.1;\n",
        "option domain-search \"a.b\", ",
        "option option-6rd 8 32 2001:db8:: ",
        "option slp-service-scope true ",
        "option dhcp-client-identifier ",
        "option ",
        "option space ",
        "code ",
        "default-lease-time ",
        "infinite",
        "-1",
        "0x1f",
        "08",
        "99999999999999999999",
        "allow ",
        "deny ",
        "members of \"c\"",
        "dynamic bootp clients",
        "authoritative;\n",
        "not ",
        "no failover peer",
        "include \"x\";\n",
        "key k { algorithm hmac-md5; secret QUJD; };\n",
        "omapi-key k;\n",
        "class \"c\" {\n",
        "class \"c\" { match if known; match hardware; }\n",
        "subclass \"c\" 1:2 ",
        "spawn with ",
        "lease limit 3;\n",
        "option space s;\n",
        "option s.x code 1 = text;\n",
        "option y code 200 = encapsulate s;\n",
        "array of ",
        "{ ip-address, integer 8 }",
        "vendor-option-space s;\n",
        "option s.x = ",
        "append ",
        "prepend domain-search ",
        "default ",
        "set var1 = ",
        "unset var1;\n",
        "define fn (var1) { return ",
        "fn (",
        "return ",
        "log (info, ",
        "execute (\"x\", ",
        "on commit or expiry {\n",
        "switch (",
        "case ",
        "default: ",
        "break;\n",
        "add \"c\";\n",
        "parse-vendor-option;\n",
        "if ",
        "exists host-name",
        "option host-name",
        "config-option domain-name",
        "hardware",
        "leased-address",
        "concat (",
        "substring (",
        "binary-to-ascii (16, 8, \":\", ",
        "reverse (1, ",
        "encode-int (",
        "extract-int (",
        "pick (",
        "packet (0, 240)",
        " and ",
        " or ",
        "not ",
        " ~= ",
        " != ",
        " + ",
        " % ",
        "(",
        ")",
        "if known {\n",
        "} else {\n",
        "elsif ",
        "load balance max seconds ",
        "hba ff:",
        "10.0.0.",
        "x.y",
        "foo-bar",
        "\"",
        "\\",
        "\"text\"",
        "{",
        "}\n",
        ";\n",
        ",",
        ":",
        ".",
        "=",
        "%",
        "#",
        "\n",
        "\r\n",
        "\0",
        "\u{e9}",
        "\u{fffd}",
    ];

    proptest! {
        #[test]
        fn any_parts_in_any_order_pass(parts in vec(select(PARTS), 0..60)) {
            super::conf(parts.concat().as_bytes());
        }

        #[test]
        fn a_damaged_file_of_every_statement_passes(changes in vec((any::<Index>(), any::<u8>()), 0..6)) {
            let mut bytes = include_bytes!("../../tests/data/conf/language.conf").to_vec();
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            super::conf(&bytes);
        }

        #[test]
        fn any_bytes_pass(bytes: Vec<u8>) {
            super::conf(&bytes);
        }

        #[test]
        fn a_damaged_real_file_passes(changes in vec((any::<Index>(), any::<u8>()), 1..8)) {
            let mut bytes = include_bytes!("../../tests/data/conf/accepted/hosts-and-groups.conf").to_vec();
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            super::conf(&bytes);
        }
    }
}
