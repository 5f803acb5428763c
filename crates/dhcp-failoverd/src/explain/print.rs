//! The answer as text and as JSON.

use std::fmt::Write as _;

use dhcp_split::{Bucket, LoadBalance, Role};
use dhcpd_text::review::Place;
use serde_json::{Value, json};

use super::Answer;
use super::facts::{hex, plain_or_hex};

/// Buckets in one line of the drawing.
const PER_LINE: u16 = 64;

/// For people.
pub(super) fn text(answer: &Answer<'_>) -> String {
    let mut text = String::new();
    // Writing to a String can't fail.
    let mut line = |name: &str, what: &str, place: Option<&Place>| {
        _ = match place {
            Some(place) => writeln!(text, "{name:<10} {what}   ({})", shown_place(place)),
            None => writeln!(text, "{name:<10} {what}"),
        };
    };
    line("client", &hex(&answer.client.mac), None);
    match answer.balance() {
        Some((_, explanation)) => line("server", &explanation.to_string(), None),
        None => line("server", answer.unshared(), None),
    }
    line(
        "network",
        answer
            .trace
            .network
            .as_deref()
            .unwrap_or("none of this file's"),
        None,
    );
    for (name, value, place) in answer.classes() {
        let value = value.map_or_else(String::new, |value| format!(" {}", plain_or_hex(&value)));
        line("class", &format!("\"{name}\"{value}"), place.as_ref());
    }
    match answer.host() {
        Some((name, place)) => line("host", &name, place.as_ref()),
        None if answer.trace.known => line(
            "host",
            "known, but nothing is taken of its declaration here",
            None,
        ),
        None => line("host", "none: an unknown client", None),
    }
    for pool in answer.pools() {
        let verdict = match (pool.chosen, pool.admits) {
            (true, _) => "the address is from here",
            (false, true) => "would do too",
            (false, false) => "not for this client",
        };
        line(
            "pool",
            &format!("{}: {verdict}", pool.ranges),
            pool.place.as_ref(),
        );
    }
    if let Some((subnet, place)) = answer.subnet() {
        line("subnet", &subnet, place.as_ref());
    }
    if let Some(lease) = &answer.trace.lease
        && answer.reply.is_some()
    {
        let kind = if lease.pool.is_some() {
            "for example, of a pool without leases"
        } else {
            "fixed"
        };
        line("address", &format!("{} ({kind})", lease.address), None);
    }
    if answer.reply.is_none() {
        line("answer", "none", None);
    }
    for said in &answer.log {
        line("log", said, None);
    }
    for item in answer.items() {
        let code = item.code.map_or_else(String::new, |code| code.to_string());
        _ = writeln!(text, "{code:>5} {} {}", item.name, item.value);
        if let Some(place) = &item.place {
            _ = writeln!(text, "          {}", shown_place(place));
        }
        if let Some(note) = &item.note {
            _ = writeln!(text, "          {note}");
        }
    }
    if answer.split {
        text.push_str(&drawing(answer));
    }
    text.trim_end().to_owned()
}

/// The 256 buckets, and the client's among them.
fn drawing(answer: &Answer<'_>) -> String {
    let Some((balance, explanation)) = answer.balance() else {
        return format!("no split: {}\n", answer.unshared());
    };
    let Some(hba) = balance.hba else {
        return "no split in this file: it comes with the primary's CONNECT\n".to_owned();
    };
    let mine = u16::from(explanation.bucket.0);
    let primary = hba.primary_buckets();
    let mut text = format!(
        "split: # {primary} buckets of the primary, . {} of the secondary; @ is the client's, {mine}\n",
        256 - primary
    );
    for first in (0..256).step_by(usize::from(PER_LINE)) {
        _ = write!(text, "{first:>4} ");
        for bucket in first..first + PER_LINE {
            let number = u8::try_from(bucket).expect("there are 256");
            text.push(match hba.server_of(Bucket(number)) {
                _ if bucket == mine => '@',
                Role::Primary => '#',
                Role::Secondary => '.',
            });
        }
        text.push('\n');
    }
    text
}

/// For programs.
pub(super) fn json(answer: &Answer<'_>) -> String {
    let balance = answer.balance();
    let split = |balance: &LoadBalance| {
        let hba = balance.hba.filter(|_| answer.split)?;
        Some(json!({"primary-buckets": hba.primary_buckets(), "hba": hex(hba.as_bytes())}))
    };
    let pools: Vec<Value> = answer
        .pools()
        .iter()
        .map(|pool| {
            json!({
                "ranges": pool.ranges,
                "admits": pool.admits,
                "chosen": pool.chosen,
                "from": pool.place.as_ref().map(place),
            })
        })
        .collect();
    let classes: Vec<Value> = answer
        .classes()
        .iter()
        .map(|(name, value, at)| {
            json!({"name": name, "subclass": value.as_deref().map(hex), "from": at.as_ref().map(place)})
        })
        .collect();
    let options: Vec<Value> = answer
        .items()
        .iter()
        .map(|item| {
            json!({
                "code": item.code,
                "name": item.name,
                "value": item.value,
                "hex": hex(&item.bytes),
                "from": item.place.as_ref().map(place),
                "note": item.note,
            })
        })
        .collect();
    let named =
        |(name, at): (String, Option<Place>)| json!({"name": name, "from": at.as_ref().map(place)});
    let lease = answer.trace.lease.as_ref();
    let whole = json!({
        "client": hex(&answer.client.mac),
        "answered": answer.reply.is_some(),
        "relationship": answer.peer.map(|peer| peer.name.clone()),
        "server": balance.as_ref().map(|(_, explanation)| explanation.to_string()),
        "bucket": balance.as_ref().map(|(_, explanation)| u16::from(explanation.bucket.0)),
        "split": balance.as_ref().and_then(|(balance, _)| split(balance)),
        "network": answer.trace.network,
        "subnet": answer.subnet().map(named),
        "pools": pools,
        "classes": classes,
        "known": answer.trace.known,
        "host": answer.host().map(named),
        "address": lease.map(|lease| lease.address.to_string()),
        "log": answer.log,
        "options": options,
    });
    format!("{whole:#}")
}

fn place(place: &Place) -> Value {
    json!({"file": place.file, "line": place.line, "column": place.column, "statement": place.statement})
}

fn shown_place(place: &Place) -> String {
    format!("{} line {}: {}", place.file, place.line, place.statement)
}
