//! One lease, in any state, with anything that is kept with one.

use std::net::Ipv4Addr;

use interop::Chance;

use super::facts::NEVER;
use super::generate::is_shared;
use super::spelling;

/// The times of a lease, and what it is.
struct Shape {
    state: &'static str,
    ends: u32,
    shared: bool,
    /// Its client has it, or had it last.
    known: bool,
}

/// A record of an address.
pub(super) fn lease(chance: &mut Chance, address: Ipv4Addr, now: u32, out: &mut String) {
    let shared = is_shared(address);
    let states: &[&str] = match shared {
        true => &[
            "active",
            "active",
            "active",
            "free",
            "backup",
            "expired",
            "released",
            "reset",
            "abandoned",
        ],
        false => &["active", "active", "active", "free", "backup", "abandoned"],
    };
    let state = chance.of(states);
    let ends = match (state, chance.below(20)) {
        ("active", 0) => NEVER,
        ("active" | "abandoned", 1..18) => now + chance.between(1000, 100_000_000),
        _ => now - chance.between(1000, 100_000_000),
    };
    let shape = Shape {
        state,
        ends,
        shared,
        known: !matches!(state, "free" | "backup") || chance.percent(70),
    };
    let mut statements = times(chance, &shape, now);
    statements.extend(states_of(chance, &shape));
    if shape.known {
        // One that ends as the file is read may be free then: without a client there would be no record of it.
        let over = ends <= now && !matches!(state, "free" | "backup");
        statements.extend(client(chance, over));
        statements.extend(kept(chance, &shape));
    }
    if chance.percent(25) {
        chance.shuffle(&mut statements);
    }
    spelling::lease(chance, address, &statements, out);
}

fn times(chance: &mut Chance, shape: &Shape, now: u32) -> Vec<String> {
    let starts = shape.ends.min(now) - chance.between(0, 50_000);
    let mut times = vec![("starts", starts), ("ends", shape.ends)];
    if chance.percent(80) {
        times.push((
            "tstp",
            shape.ends.saturating_add(chance.below(2) * 1800).min(NEVER),
        ));
    }
    if shape.shared && chance.percent(60) {
        let acknowledged = shape.ends.saturating_add(chance.below(2) * 1800).min(NEVER);
        times.push(("tsfp", acknowledged));
        times.push(("atsfp", acknowledged));
    } else if shape.shared && chance.percent(40) {
        times.push(("tsfp", shape.ends));
    }
    if chance.percent(80) {
        times.push(("cltt", starts));
    }
    let written = times
        .into_iter()
        .map(|(name, at)| format!("{name} {}", spelling::date(chance, at)));
    written.collect()
}

fn states_of(chance: &mut Chance, shape: &Shape) -> Vec<String> {
    let state = shape.state;
    if state == "abandoned" && chance.percent(10) {
        return vec!["abandoned;".into()];
    }
    if matches!(state, "active" | "free") && chance.percent(5) {
        return Vec::new(); // the end decides
    }
    let mut said = match chance.below(20) {
        0 if state == "active" => vec!["binding state reserved;".to_owned()],
        1 if state == "active" => vec!["binding state bootp;".to_owned()],
        _ => vec![format!("binding state {state};")],
    };
    let next = match state {
        "active" if shape.shared => "expired",
        "backup" => "backup",
        _ => "free",
    };
    if next != state {
        said.push(format!("next binding state {next};"));
    }
    if shape.shared && chance.percent(50) {
        let rewind = chance.of(&["free", "backup", "active", "expired", "released"]);
        said.push(format!("rewind binding state {rewind};"));
    }
    let reserved = chance.percent(10).then(|| "reserved;".to_owned());
    let bootp = chance.percent(10).then(|| "dynamic-bootp;".to_owned());
    said.extend(reserved.into_iter().chain(bootp));
    said
}

/// Who the client is.
fn client(chance: &mut Chance, certain: bool) -> Vec<String> {
    let mut said = Vec::new();
    if certain || chance.percent(90) {
        let (htype, longest) = chance.of(&[
            ("ethernet", 6),
            ("ethernet", 6),
            ("ethernet", 16),
            ("token-ring", 6),
            ("fddi", 6),
            ("infiniband", 16),
            ("unknown-27", 8),
        ]);
        let length = if htype == "ethernet" {
            longest
        } else {
            chance.below(longest + 1)
        };
        let address = spelling::hex(&chance.bytes(length));
        let blank = if length == 0 { "" } else { " " };
        said.push(format!("hardware {htype}{blank}{address};"));
    }
    if chance.percent(60) {
        let longest = if chance.percent(5) { 255 } else { 24 };
        let length = chance.between(1, longest);
        let uid = match chance.percent(50) {
            true => chance.bytes(length),
            false => chance.printable(length),
        };
        said.push(format!("uid {};", spelling::bytes(chance, &uid)));
    }
    said
}

/// What is kept with a lease.
fn kept(chance: &mut Chance, shape: &Shape) -> Vec<String> {
    let mut said = Vec::new();
    if chance.percent(30) {
        said.push(spelling::host_name(chance));
    }
    said.extend(variables(chance));
    said.extend(agent(chance));
    if shape.state == "active" && chance.percent(20) {
        let subclass = spelling::hex(&chance.bytes(6));
        said.push(match chance.percent(60) {
            true => "billing class \"limited\";".to_owned(),
            false => format!("billing subclass \"spawned\" {subclass};"),
        });
    }
    if shape.state == "active" && chance.percent(20) {
        said.extend(events(chance));
    }
    said
}

fn variables(chance: &mut Chance) -> Vec<String> {
    let mut said = Vec::new();
    if chance.percent(20) {
        let number = chance.below(1000);
        said.push(format!("set ddns-fwd-name = \"c{number}.example.org\";"));
        said.push("set ddns-dhcid = \"\\000\\002\\001\\257\\363\";".into());
        said.push(match chance.percent(90) {
            true => format!("set ddns-rev-name = \"{number}.20.10.in-addr.arpa\";"),
            false => format!("ddns-rev-name \"{number}.20.10.in-addr.arpa\";"),
        });
    }
    if chance.percent(20) {
        let length = chance.below(30);
        let class = chance.printable(length);
        said.push(format!(
            "set vendor-class-identifier = {};",
            spelling::quoted(&class)
        ));
    }
    for at in 0..chance.below(3) {
        let value = match chance.below(6) {
            0 => format!("%{}", chance.between(0, 1_000_000)),
            1 => chance.of(&["true", "false"]).to_owned(),
            2 => "\"caf\u{e9}\"".to_owned(),
            3 => {
                // dhcpd takes only what begins with a letter for bytes here.
                let mut value = chance.bytes(4);
                value[0] |= 0xa0;
                spelling::hex(&value)
            }
            _ => {
                let length = chance.below(12);
                spelling::quoted(&chance.bytes(length))
            }
        };
        let name = chance.of(&["Noname", "boot_server", "x", "client-arch"]);
        said.push(format!("set {name}{at} = {value};"));
    }
    said
}

fn agent(chance: &mut Chance) -> Vec<String> {
    let mut said = Vec::new();
    for name in ["circuit-id", "remote-id", "unknown-9", "unknown-151"] {
        if chance.percent(15) {
            let length = chance.between(1, 30);
            let value = match chance.percent(50) {
                true => chance.bytes(length),
                false => chance.printable(length),
            };
            said.push(format!(
                "option agent.{name} {};",
                spelling::bytes(chance, &value)
            ));
        }
    }
    if chance.percent(10) {
        let number = chance.between(0, 0x7fff_ffff);
        said.push(format!("option agent.DOCSIS-device-class {number};"));
    }
    if chance.percent(10) {
        said.push("option agent.link-selection 10.20.0.0;".into());
    }
    said
}

/// What is done when a lease ends, as dhcpd writes it.
fn events(chance: &mut Chance) -> Vec<String> {
    let mut body = || {
        chance.of(&[
            "{\n    set gone = \"yes\";\n  }",
            "{\n    log (info, concat (\"gone: \", binary-to-ascii (10, 8, \".\", leased-address)));\n  }",
            "{\n    log (info, \"caf\u{e9} free\");\n  }",
            "{\n    if exists host-name {\n      execute (\"/bin/true\", \"a b\", \"\\001\\377\");\n    }\n  }",
        ])
    };
    let (one, two) = (body(), body());
    match chance.below(4) {
        0 => vec![format!("on expiry or release {one}")],
        1 => vec![format!("on expiry {one}")],
        2 => vec![format!("on release {one}")],
        _ => vec![format!("on expiry {one}"), format!("on release {two}")],
    }
}
