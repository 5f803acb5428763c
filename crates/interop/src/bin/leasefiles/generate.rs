//! Lease files as dhcpd, its older versions and operators write them.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use interop::Chance;

use super::lease::lease;
use super::spelling;

/// Files of one kind are read under one configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Primary,
    Secondary,
}

/// The pool that is shared with a partner: 10.20.1.0 to 10.20.2.255.
const SHARED: [u8; 4] = [10, 20, 1, 0];
/// The pool that isn't: 10.20.3.0 to 10.20.4.255.
const ALONE: [u8; 4] = [10, 20, 3, 0];
/// Addresses of no pool.
const OUTSIDE: [u8; 4] = [10, 20, 9, 0];
/// Addresses of each.
const POOL: u32 = 512;

/// Whether an address is in one of the two pools.
pub(crate) fn is_in_pool(address: Ipv4Addr) -> bool {
    is_shared(address) || matches!(address.octets(), [10, 20, 3 | 4, _])
}

/// Whether an address is in the pool that is shared.
pub(crate) fn is_shared(address: Ipv4Addr) -> bool {
    matches!(address.octets(), [10, 20, 1 | 2, _])
}

/// The configuration for files of this role.
pub(crate) fn conf(role: Role) -> String {
    let (word, more) = match role {
        Role::Primary => ("primary", "mclt 1800; split 128;"),
        Role::Secondary => ("secondary", ""),
    };
    format!(
        "ping-check false;\n\
         class \"limited\" {{ match if substring (hardware, 1, 1) = 02; lease limit 1000; }}\n\
         class \"spawned\" {{ spawn with option agent.remote-id; lease limit 40; }}\n\
         failover peer \"pair\" {{ {word}; address 10.20.0.1; port 647; peer address 10.20.0.2; peer port 647;\n  \
         max-response-delay 60; max-unacked-updates 10; load balance max seconds 3; {more} }}\n\
         subnet 10.20.0.0 netmask 255.255.0.0 {{\n  \
         pool {{ failover peer \"pair\"; range 10.20.1.0 10.20.2.255; }}\n  \
         pool {{ range 10.20.3.0 10.20.4.255; }}\n}}\n\
         host fixed {{ hardware ethernet 2:2:2:2:2:2; fixed-address 10.20.8.8; }}\n"
    )
}

/// A lease file. `now` is the time at which it will be read, in seconds since 1970.
pub(crate) fn file(chance: &mut Chance, role: Role, now: u32) -> Vec<u8> {
    let mut out = String::new();
    if chance.percent(50) {
        out.push_str("# This lease file was written by isc-dhcp-4.4.3-P1\n\n");
    }
    if chance.percent(80) {
        out.push_str("authoring-byte-order little-endian;\n\n");
    }
    if chance.percent(30) {
        declarations(chance, &mut out);
    }
    for _ in 0..chance.below(3) {
        state(chance, role, now, &mut out);
    }
    if chance.percent(40) {
        let duid = chance.bytes(14);
        _ = writeln!(out, "server-duid {};\n", spelling::quoted(&duid));
    }
    let addresses: Vec<Ipv4Addr> = (0..chance.between(1, 8)).map(|_| address(chance)).collect();
    for _ in 0..chance.between(1, 12) {
        let address = chance.of(&addresses);
        lease(chance, address, now, &mut out);
    }
    match chance.percent(50) {
        true => in_latin_1(&out),
        false => out.into_bytes(),
    }
}

/// The text in the encoding of an older machine: for dhcpd a string is any bytes.
fn in_latin_1(text: &str) -> Vec<u8> {
    let byte =
        |character| u8::try_from(u32::from(character)).expect("no other character is generated");
    text.chars().map(byte).collect()
}

fn address(chance: &mut Chance) -> Ipv4Addr {
    let first = match chance.below(20) {
        0..10 => SHARED,
        10..19 => ALONE,
        _ => OUTSIDE,
    };
    let size = if first == OUTSIDE { 256 } else { POOL };
    Ipv4Addr::from(u32::from(Ipv4Addr::from(first)) + chance.below(size))
}

/// What OMAPI makes and unmakes, and classes that spawned; each as dhcpd writes it.
fn declarations(chance: &mut Chance, out: &mut String) {
    let number = chance.below(1000);
    if chance.percent(40) {
        _ = write!(
            out,
            "class \"made-{number}\" {{\n  dynamic;\n  lease limit {};\n  \
             match if substring (option vendor-class-identifier, 0, 3) = \"PXE\";\n}}\n\n",
            chance.between(1, 9)
        );
    }
    if chance.percent(40) {
        let text = chance.percent(50);
        let value = if text {
            b"cable 7".to_vec()
        } else {
            chance.bytes(6)
        };
        let value = if text {
            spelling::quoted(&value)
        } else {
            spelling::hex(&value)
        };
        _ = write!(
            out,
            "subclass \"spawned\" {value} {{\n  dynamic;\n  lease limit 40;\n}}\n\n"
        );
    }
    let group = chance.percent(50);
    if group {
        _ = write!(
            out,
            "group g{number} {{\n  dynamic;\n        supersede host-name = \"of-{number}\";\n        \
             supersede server.filename = \"boot/{number}\";\n}}\n"
        );
    }
    if chance.percent(30) {
        out.push_str("host fixed {\n  deleted;\n}\n");
    }
    for at in 0..chance.below(4) {
        _ = write!(out, "host made-{number}.{at} {{\n  dynamic;\n");
        if chance.percent(80) {
            _ = writeln!(
                out,
                "  hardware ethernet {};",
                spelling::hex(&chance.bytes(6))
            );
        }
        match chance.below(3) {
            0 => _ = writeln!(out, "  uid \"client {number} {at}\";"),
            1 => {
                _ = writeln!(
                    out,
                    "  uid {};",
                    spelling::hex(&[1, 0xfe, number as u8, at as u8])
                )
            }
            _ => {}
        }
        if chance.percent(80) {
            _ = writeln!(
                out,
                "  fixed-address 10.20.{}.{};",
                16 + at,
                chance.below(256)
            );
        }
        if group && chance.percent(50) {
            _ = writeln!(out, "  group \"g{number}\";");
        }
        if chance.percent(50) {
            out.push_str(
                "        supersede server.filename = \"pxelinux.0\";\n        \
                 supersede server.next-server = 0a:14:00:05;\n        supersede host-name = \"ab\";\n",
            );
        }
        out.push_str("}\n");
        if chance.percent(20) {
            _ = write!(
                out,
                "host made-{number}.{at} {{\n  dynamic;\n  deleted;\n}}\n"
            );
        }
    }
}

/// The states in which a server can be found dead, but for those in which dhcpd stays for good.
const STATES: [&str; 9] = [
    "normal",
    "communications-interrupted",
    "partner-down",
    "potential-conflict",
    "recover",
    "recover-done",
    "resolution-interrupted",
    "conflict-done",
    "recover-wait",
];

fn state(chance: &mut Chance, role: Role, now: u32, out: &mut String) {
    let mine = chance.of(&STATES);
    let partner = if chance.percent(20) {
        "unknown-state"
    } else {
        chance.of(&STATES)
    };
    let mut since = || spelling::date(chance, now - 100_000 + now % 997);
    let (mine_since, partner_since) = (since(), since());
    _ = write!(
        out,
        "\nfailover peer \"pair\" state {{\n  my state {mine} at {mine_since}\n  \
         partner state {partner} at {partner_since}\n"
    );
    if role == Role::Secondary {
        out.push_str("  mclt 1800;\n");
    }
    out.push_str("}\n");
}
