//! What must hold for the reader of `dhcpd.conf` on any text at all.

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
