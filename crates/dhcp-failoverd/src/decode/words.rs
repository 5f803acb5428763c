//! A message in an operator's words.

use std::fmt::Write as _;

use dhcp_split::Hba;
use failover_wire::{
    BindingAck, BindingStatus, BindingUpdate, Connect, ConnectAck, Disconnect, Frame,
    HardwareAddress, IpFlags, Message, RejectReason, StateMessage, UnixTime,
};

use super::event::{Answers, Seen};
use super::hex::{colons, quoted};
use super::stamp::{Stamp, beside};

/// Hardware type of Ethernet (RFC 1700).
const ETHERNET: u8 = 1;

/// What a message says, without its type and transaction id.
pub(crate) fn describe(seen: &Seen, time: Stamp) -> String {
    let frame = &seen.frame;
    let mut words = match &frame.message {
        Message::PoolRequest => "I need more free addresses".into(),
        Message::PoolResponse(body) => match body.addresses_transferred {
            Some(count) => format!("{count} addresses are coming"),
            None => "some addresses are coming".into(),
        },
        Message::BindingUpdate(update) => binding_update(update, frame.time, time),
        Message::BindingAck(ack) => binding_ack(ack, seen.answers),
        Message::Connect(connect) => opening(frame, connect_words(connect), time),
        Message::ConnectAck(ack) => opening(frame, connect_ack(ack), time),
        Message::UpdateRequestAll => "send me every lease".into(),
        Message::UpdateDone => "that was all you asked for".into(),
        Message::UpdateRequest => "send me what I have not acknowledged".into(),
        Message::State(state) => state_words(state, time),
        Message::Contact => "I am here".into(),
        Message::Disconnect(disconnect) => disconnect_words(disconnect),
        Message::Unknown { .. } => "which has no meaning".into(),
    };
    for option in &frame.unknown {
        // Writing to a String can't fail.
        _ = write!(
            words,
            ", and {} of {} bytes",
            option.code,
            option.data.len()
        );
    }
    words
}

fn connect_words(connect: &Connect) -> Vec<String> {
    let mut words = vec![match &connect.relationship_name {
        Some(name) => format!("let us be {}", quoted(name)),
        None => "let us be partners, of no name".into(),
    }];
    words.push(match connect.mclt {
        Some(mclt) => format!("MCLT {mclt} s"),
        None => "no MCLT".into(),
    });
    let limits = limits(connect.max_unacked, connect.receive_timer);
    words.extend(limits);
    words.push(split(connect.hba.as_deref()));
    let tls = connect.tls_request.filter(|&tls| tls != 0);
    words.extend(tls.map(|tls| format!("TLS request {tls}")));
    words.extend(software(
        connect.protocol_version,
        connect.vendor_class.as_deref(),
    ));
    words
}

fn connect_ack(ack: &ConnectAck) -> Vec<String> {
    let name = ack.relationship_name.as_deref();
    let name = name.map_or("a partner of no name".into(), quoted);
    let mut words = match ack.reject {
        Some(reason) => vec![
            refused(reason, ack.message.as_deref()),
            format!("as {name}"),
        ],
        None => vec![format!("accepted as {name}")],
    };
    if ack.reject.is_none() {
        words.extend(limits(ack.max_unacked, ack.receive_timer));
    }
    let tls = ack.tls_reply.filter(|&tls| tls != 0);
    words.extend(tls.map(|tls| format!("TLS reply {tls}")));
    words.extend(software(ack.protocol_version, ack.vendor_class.as_deref()));
    words
}

/// The window and the timer; ISC dhcpd does badly when one is missing.
fn limits(max_unacked: Option<u32>, receive_timer: Option<u32>) -> [String; 2] {
    let window = match max_unacked {
        Some(count) => format!("at most {count} updates unacknowledged"),
        None => "no limit of unacknowledged updates".into(),
    };
    let timer = match receive_timer {
        Some(seconds) => format!("I hang up after {seconds} s of silence"),
        None => "no receive timer".into(),
    };
    [window, timer]
}

fn split(hba: Option<&[u8]>) -> String {
    let Some(bytes) = hba else {
        return "no hash bucket assignment".into();
    };
    match Hba::try_from(bytes) {
        Ok(hba) => {
            let buckets = hba.primary_buckets();
            if hba == Hba::from_split(buckets) {
                format!("split {buckets} of 256")
            } else {
                format!("primary serves {buckets} of 256 buckets, chosen by hand")
            }
        }
        Err(wrong) => wrong.to_string(),
    }
}

fn software(version: Option<u8>, vendor: Option<&[u8]>) -> Vec<String> {
    let mut words = Vec::new();
    if version != Some(failover_wire::PROTOCOL_VERSION) {
        words.push(match version {
            Some(version) => format!("protocol version {version}"),
            None => "no protocol version".into(),
        });
    }
    words.extend(vendor.map(|vendor| format!("I run {}", vendor.escape_ascii())));
    words
}

/// Adds how far the sender's clock is from the capture's.
fn opening(frame: &Frame, mut words: Vec<String>, time: Stamp) -> String {
    let skew = i64::from(frame.time.0) - i64::try_from(time.seconds()).unwrap_or(i64::MAX);
    words.push(match skew {
        // The message has whole seconds, and was some time on its way.
        -1..=1 => "clock right by the capture's".into(),
        2.. => format!("clock {skew} s ahead of the capture's"),
        _ => format!("clock {} s behind the capture's", skew.unsigned_abs()),
    });
    words.join(", ")
}

fn state_words(state: &StateMessage, time: Stamp) -> String {
    let name = match state.state {
        Some(code) => code.known().map_or_else(
            || format!("in state {}, which is none", code.0),
            |known| known.as_str().to_uppercase(),
        ),
        None => "in no state".into(),
    };
    let since = state
        .start_of_state
        .filter(|&since| since != UnixTime::ZERO);
    let since = since.map_or(String::new(), |since| {
        format!(" (since {})", beside(since, time))
    });
    let startup = if state.is_startup() {
        ", starting up"
    } else {
        ""
    };
    format!("I am {name}{since}{startup}")
}

fn binding_update(update: &BindingUpdate, now: UnixTime, time: Stamp) -> String {
    let mut words = vec![format!(
        "{} {}",
        update
            .address
            .map_or("no address".into(), |address| address.to_string()),
        update.status.map_or("of no status".into(), |status| status
            .as_str()
            .to_uppercase()),
    )];
    let active = update.status == Some(BindingStatus::Active);
    if let Some(client) = client(update) {
        let is_over = [
            Some(BindingStatus::Free),
            Some(BindingStatus::Backup),
            Some(BindingStatus::Reset),
        ];
        let whose = if is_over.contains(&update.status) {
            ", last of"
        } else {
            " for"
        };
        words[0] += &format!("{whose} {client}");
    }
    let told = |time: Option<UnixTime>| time.filter(|&time| time != UnixTime::ZERO);
    let ends = told(update.lease_expiration);
    let potential = told(update.potential_expiration);
    let since = told(update.start_of_state);
    if ends.is_none() && potential.is_none() && since.is_none() {
        words.push("never used".into());
    }
    words.extend(ends.map(|ends| end(ends, now, time)));
    // Of a lease that is over ISC sends what it once was: an old time says nothing.
    let potential = potential.filter(|&potential| active || potential > now);
    words
        .extend(potential.map(|until| format!("partner may assume until {}", beside(until, time))));
    let since = since.filter(|_| !active);
    words.extend(since.map(|since| format!("so since {}", beside(since, time))));
    let heard = told(update.client_last_transaction);
    words.extend(heard.map(|heard| format!("client heard {}", beside(heard, time))));
    let flags = update.ip_flags.unwrap_or_default();
    for (flag, word) in [(IpFlags::RESERVED, "reserved"), (IpFlags::BOOTP, "BOOTP")] {
        if flags.contains(flag) {
            words.push(word.into());
        }
    }
    words.join(", ")
}

/// The end of a lease as seen from the sender's clock.
fn end(ends: UnixTime, now: UnixTime, time: Stamp) -> String {
    if ends == UnixTime::NEVER {
        "never ends".into()
    } else if ends > now {
        let left = ends.saturating_sub(now);
        format!("ends in {left} s ({})", beside(ends, time))
    } else {
        let ago = now.saturating_sub(ends);
        format!("ended {ago} s ago ({})", beside(ends, time))
    }
}

/// The client by its hardware address, its identifier, or both.
fn client(update: &BindingUpdate) -> Option<String> {
    let hardware = update.hardware.as_ref().map(hardware);
    let identifier = update.client_identifier.as_deref();
    let identifier = identifier.map(|bytes| match bytes {
        [] => "no identifier".into(),
        bytes => format!("identifier {}", colons(bytes)),
    });
    match (hardware, identifier) {
        (Some(hardware), Some(identifier)) => Some(format!("{hardware} ({identifier})")),
        (one, other) => one.or(other),
    }
}

fn hardware(hardware: &HardwareAddress) -> String {
    if hardware.is_oversized() {
        "a hardware address that is too long".into()
    } else if hardware.is_empty() {
        "no hardware address".into()
    } else if hardware.htype() == ETHERNET {
        colons(hardware.address())
    } else {
        let address = colons(hardware.address());
        format!("hardware type {} {address}", hardware.htype())
    }
}

fn binding_ack(ack: &BindingAck, answers: Answers) -> String {
    let address = ack
        .address
        .map_or("no address".into(), |address| address.to_string());
    let verdict = match ack.reject {
        Some(reason) => refused(reason, ack.message.as_deref()),
        None => "accepted".into(),
    };
    let of_what = match answers {
        Answers::Update(Some(status), _) => format!(" {}", status.as_str().to_uppercase()),
        Answers::Nothing => ", which answers no update of this connection".into(),
        Answers::Update(None, _) | Answers::Unknown => String::new(),
    };
    match answers {
        Answers::Nothing => format!("{address} {verdict}{of_what}"),
        _ => format!("{address}{of_what} {verdict}"),
    }
}

fn disconnect_words(disconnect: &Disconnect) -> String {
    match disconnect.reject {
        Some(reason) => {
            let because = refused(reason, disconnect.message.as_deref());
            because.replacen("refused: ", "I hang up: ", 1)
        }
        None => "I hang up, without a reason".into(),
    }
}

/// `refused: outdated binding information (reason 15)`, and the sender's own words if they differ.
fn refused(reason: RejectReason, message: Option<&[u8]>) -> String {
    let theirs = reason.to_string();
    let plain = theirs.trim_start_matches("Connection rejected, ");
    let plain = plain.trim_end_matches('.');
    let mut words = format!("refused: {} (reason {})", decapitalised(plain), reason.0);
    let same = |text: &&[u8]| text.trim_ascii().eq_ignore_ascii_case(theirs.as_bytes());
    if let Some(text) = message.filter(|text| !text.is_empty() && !same(text)) {
        words += &format!(" {}", quoted(text));
    }
    words
}

/// Without the capital of a sentence, but for one of an abbreviation.
fn decapitalised(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            format!(
                "{}{}",
                first.to_ascii_lowercase(),
                &text[first.len_utf8()..]
            )
        }
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests;
