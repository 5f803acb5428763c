//! An event as one line for people.

use std::fmt::Write as _;

use super::event::{Bad, Event, Kind, Party, Seen, SideSummary, Summary};
use super::hex::{plain, quoted};
use super::stamp::Stamp;
use super::words::describe;

/// Bytes shown of those that aren't a message; `--json` has more.
const MAX_SHOWN: usize = 64;

/// The line of an event, without its end; a line with the date before it if that differs from `day`.
pub(crate) fn line(event: &Event, day: &mut Option<String>) -> String {
    let mut line = String::new();
    let date = event.time.date();
    if day.as_ref() != Some(&date) {
        line += &format!("{date} UTC\n");
        *day = Some(date);
    }
    line += &event.time.clock();
    if event.connection > 0 {
        // Writing to a String can't fail.
        _ = write!(line, " [{}]", event.connection);
    }
    line + " " + &what(&event.kind, event.time)
}

fn what(kind: &Kind, time: Stamp) -> String {
    match kind {
        Kind::Opened { from, to } => format!("{} dials {}", from.address, to.address),
        Kind::Joined { from, to } => format!(
            "{} and {} are connected: the capture began later",
            from.address, to.address
        ),
        Kind::Refused { by } => format!("{} refuses the connection", name(by)),
        Kind::Closed { by } => format!("{} closes the connection", name(by)),
        Kind::Reset { by } => format!("{} resets the connection", name(by)),
        Kind::Message(seen) => message(seen, time),
        Kind::Undecodable(undecodable) => format!(
            "{}, undecodable at byte {}: {}: {}",
            place(&undecodable.bad),
            undecodable.error.offset,
            undecodable.error.reason,
            shown(&undecodable.bad)
        ),
        Kind::Skipped(bad) => format!("{}, passed over: {}", place(bad), shown(bad)),
        Kind::Partial(bad) => format!("{}, an incomplete message: {}", place(bad), shown(bad)),
        Kind::Gap { from, to, missing } => format!(
            "{}  GAP: {missing} bytes are missing from the capture",
            direction(from, to)
        ),
        Kind::Fragment { from, to } => {
            format!("{from} → {to}  IPv4 fragment passed over: fragments are not put together")
        }
        Kind::Summary(summary) => summarise(summary),
    }
}

fn message(seen: &Seen, time: Stamp) -> String {
    let frame = &seen.frame;
    format!(
        "{}  {} #{}  {}",
        direction(&seen.from, &seen.to),
        frame.message.message_type(),
        frame.xid,
        describe(seen, time)
    )
}

/// By its role if that is known.
fn name(party: &Party) -> String {
    match party.role {
        Some(role) => role.to_string(),
        None => party.address.to_string(),
    }
}

/// By role, or by address: which port is in the line that opened the connection.
fn direction(from: &Party, to: &Party) -> String {
    match (from.role, to.role) {
        (Some(from), Some(to)) => format!("{from} → {to}"),
        _ if from.address.ip() == to.address.ip() => format!("{} → {}", from.address, to.address),
        _ => format!("{} → {}", from.address.ip(), to.address.ip()),
    }
}

fn place(bad: &Bad) -> String {
    let direction = direction(&bad.from, &bad.to);
    let (count, offset) = (bad.length, bad.offset);
    format!("{direction}  {count} bytes at offset {offset}")
}

fn shown(bad: &Bad) -> String {
    let some = &bad.bytes[..bad.bytes.len().min(MAX_SHOWN)];
    let dots = if (some.len() as u64) < bad.length {
        "…"
    } else {
        ""
    };
    plain(some) + dots
}

fn summarise(summary: &Summary) -> String {
    let mut words = String::from("SUMMARY ");
    if let Some(relationship) = &summary.relationship {
        words += &quoted(relationship);
        words += ", ";
    }
    let sides = summary.sides.each_ref().map(side);
    match sides {
        [None, None] => words + "no messages",
        [one, other] => words + &one.into_iter().chain(other).collect::<Vec<_>>().join("; "),
    }
}

fn side(side: &SideSummary) -> Option<String> {
    let mut counts: Vec<_> = side
        .messages
        .iter()
        .map(|(message_type, count)| format!("{count} {message_type}"))
        .collect();
    if side.undecodable > 0 {
        counts.push(format!("{} undecodable", side.undecodable));
    }
    if counts.is_empty() {
        return None;
    }
    let mut words = format!("{} sent {}", name(&side.party), counts.join(", "));
    let updates = side.accepted + side.refused + side.unanswered;
    if updates > 0 {
        words += &format!(
            " (updates: {} accepted, {} refused, {} unanswered",
            side.accepted, side.refused, side.unanswered
        );
        words += &unanswered(side);
        words += ")";
    }
    Some(words)
}

fn unanswered(side: &SideSummary) -> String {
    let named: Vec<_> = side
        .waiting
        .iter()
        .map(|(xid, address)| match address {
            Some(address) => format!("#{xid} {address}"),
            None => format!("#{xid}"),
        })
        .collect();
    match named.is_empty() {
        true => String::new(),
        false if (named.len() as u64) < side.unanswered => {
            format!(", the last {}", named.join(", "))
        }
        false => format!(": {}", named.join(", ")),
    }
}
