//! The ways in which one thing can be written.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use interop::Chance;

use super::facts::NEVER;

/// A date, in one of the forms that dhcpd reads, and its semicolon.
pub(crate) fn date(chance: &mut Chance, at: u32) -> String {
    if at >= NEVER {
        return chance
            .of(&["never;", "epoch 2147483647;", "5 2040/02/29 00:00:00;"])
            .into();
    }
    match chance.below(20) {
        0..4 => format!("epoch {at}; # as db-time-format local has it"),
        // What is said to be an hour from UTC is an hour off.
        4 => format!("{} 3600;", calendar(at - 3600)),
        5 => format!("{} -3600;", calendar(at + 3600)),
        _ => format!("{};", calendar(at)),
    }
}

/// `W YYYY/MM/DD HH:MM:SS`
fn calendar(at: u32) -> String {
    let days = at / 86_400;
    let (mut year, mut left) = (1970, days);
    let length = |year: u32| if year.is_multiple_of(4) { 366 } else { 365 };
    while left >= length(year) {
        left -= length(year);
        year += 1;
    }
    let leap = u32::from(year.is_multiple_of(4));
    let months = [31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while left >= months[month] {
        left -= months[month];
        month += 1;
    }
    let second = at % 86_400;
    format!(
        "{} {year}/{:02}/{:02} {:02}:{:02}:{:02}",
        (days + 4) % 7,
        month + 1,
        left + 1,
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Bytes with colons between them.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(":")
}

/// A string; what isn't printable in octal.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b' '..=b'~' => out.push(byte.into()),
            _ => _ = write!(out, "\\{byte:03o}"),
        }
    }
    out.push('"');
    out
}

/// Bytes in one of the two ways.
pub(crate) fn bytes(chance: &mut Chance, bytes: &[u8]) -> String {
    if chance.percent(70) {
        quoted(bytes)
    } else {
        hex(bytes)
    }
}

/// The client's own name, and its semicolon; dhcpd leaves out one that would need escapes.
pub(crate) fn host_name(chance: &mut Chance) -> String {
    let number = chance.below(100_000);
    match chance.below(4) {
        0 => format!("client-hostname host-{number};"),
        1 => format!("client-hostname host-{number}.example.org;"),
        2 => format!("client-hostname \"Bob's PC {number} $`|&\";"),
        _ => format!("client-hostname \"host-{number}\";"),
    }
}

/// A whole lease, tidy or not.
pub(crate) fn lease(
    chance: &mut Chance,
    address: Ipv4Addr,
    statements: &[String],
    out: &mut String,
) {
    let tidy = chance.percent(80);
    _ = write!(out, "{} {address} {{", if tidy { "lease" } else { "Lease" });
    for statement in statements {
        let gap = match tidy {
            true => "\n  ",
            false => chance.of(&["\n", "\n\n\t", "\n # a remark; } \"\n", "\n  "]),
        };
        out.push_str(gap);
        let shout = !tidy && chance.percent(20);
        match statement.split_once(' ') {
            Some((word, rest)) if shout => _ = write!(out, "{} {rest}", word.to_uppercase()),
            _ => out.push_str(statement),
        }
    }
    out.push_str("\n}\n");
}
