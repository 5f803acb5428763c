//! A script's exchange as a packet.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde_json::Value;

/// The answers so far, by exchange: what `$exchange.field` refers to.
pub(crate) type Answers = BTreeMap<String, BTreeMap<String, Ipv4Addr>>;

/// An exchange's request.
pub(crate) struct Request {
    pub(crate) payload: Vec<u8>,
    pub(crate) xid: u32,
    pub(crate) chaddr: Vec<u8>,
    pub(crate) source: Ipv4Addr,
    pub(crate) source_port: u16,
    /// Sent to the server's own address.
    pub(crate) unicast: bool,
}

const TYPES: [&str; 10] = [
    "DISCOVER",
    "OFFER",
    "REQUEST",
    "DECLINE",
    "ACK",
    "NAK",
    "RELEASE",
    "INFORM",
    "FORCERENEW",
    "LEASEQUERY",
];

pub(crate) fn type_name(code: u8) -> Option<&'static str> {
    TYPES.get(usize::from(code).wrapping_sub(1)).copied()
}

/// Builds the request; `None` if it refers to an answer that never came.
pub(crate) fn build(e: &Value, answers: &Answers) -> Option<Request> {
    let number = |key: &str, default: u64| e.get(key).map_or(default, |v| v.as_u64().unwrap());
    let address = |key: &str| match e.get(key) {
        None => Some(Ipv4Addr::UNSPECIFIED),
        Some(v) => resolve(v.as_str().unwrap(), answers),
    };
    let chaddr = match e.get("mac") {
        Some(Value::String(text)) => unhex(text),
        mac => {
            let n = mac.map_or(1, |v| v.as_u64().unwrap());
            vec![2, 0, 0x5e, 0x77, (n >> 8) as u8, n as u8]
        }
    };
    let id = e["id"].as_str().unwrap();
    let xid = crc32(
        e.get("xid_of")
            .map_or(id, |v| v.as_str().unwrap())
            .as_bytes(),
    );
    let broadcast = e.get("broadcast").is_some_and(|v| v.as_bool().unwrap());
    let flags = number("flags", if broadcast { 0x8000 } else { 0 }) as u16;
    let (ciaddr, giaddr) = (address("ciaddr")?, address("giaddr")?);
    let mut payload = vec![
        number("op", 1) as u8,
        number("htype", 1) as u8,
        number("hlen", chaddr.len() as u64) as u8,
        number("hops", 0) as u8,
    ];
    payload.extend(xid.to_be_bytes());
    payload.extend((number("secs", 0) as u16).to_be_bytes());
    payload.extend(flags.to_be_bytes());
    for field in [ciaddr, address("yiaddr")?, address("siaddr")?, giaddr] {
        payload.extend(field.octets());
    }
    pad(&mut payload, &chaddr[..chaddr.len().min(16)], 16);
    for (key, len) in [("sname", 64), ("file", 128)] {
        pad(
            &mut payload,
            e.get(key).map_or("", |v| v.as_str().unwrap()).as_bytes(),
            len,
        );
    }
    payload.extend(unhex(
        e.get("cookie").map_or("63825363", |v| v.as_str().unwrap()),
    ));
    payload.extend(options(e, answers)?);
    if !e.get("noend").is_some_and(|v| v.as_bool().unwrap()) {
        payload.push(255);
    }
    let pad_to = number("pad", 300) as usize;
    if payload.len() < pad_to {
        payload.resize(pad_to, 0);
    }
    if let Some(len) = e.get("truncate") {
        payload.truncate(len.as_u64().unwrap() as usize);
    }
    let relayed = !giaddr.is_unspecified();
    let default_way = if relayed { "server" } else { "broadcast" };
    let unicast = e.get("to").map_or(default_way, |v| v.as_str().unwrap()) != "broadcast";
    let source = match e.get("src") {
        Some(v) => resolve(v.as_str().unwrap(), answers)?,
        None if relayed => giaddr,
        None if unicast => ciaddr,
        None => Ipv4Addr::UNSPECIFIED,
    };
    let source_port = number("sport", if relayed { 67 } else { 68 }) as u16;
    Some(Request {
        payload,
        xid,
        chaddr,
        source,
        source_port,
        unicast,
    })
}

fn options(e: &Value, answers: &Answers) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    if let Some(raw) = e.get("options_raw") {
        return Some(unhex(raw.as_str().unwrap()));
    }
    let mut add = |code: u8, data: Vec<u8>| {
        out.extend([code, data.len() as u8]);
        out.extend(data);
    };
    let kind = e.get("type").map_or("DISCOVER", |v| v.as_str().unwrap());
    if let Some(code) = TYPES.iter().position(|name| *name == kind) {
        add(53, vec![code as u8 + 1]);
    }
    let text = |key: &str| e.get(key).map(|v| v.as_str().unwrap());
    let number = |key: &str| e.get(key).map(|v| v.as_u64().unwrap());
    if let Some(cid) = text("cid") {
        add(61, value(cid, answers)?);
    }
    for (key, code) in [("requested", 50), ("server_id", 54)] {
        if let Some(address) = text(key) {
            add(code, resolve(address, answers)?.octets().to_vec());
        }
    }
    if let Some(lease) = number("lease") {
        add(51, (lease as u32).to_be_bytes().to_vec());
    }
    for (key, code) in [("hostname", 12), ("vendor", 60), ("user_class", 77)] {
        if let Some(text) = text(key) {
            add(code, text.as_bytes().to_vec());
        }
    }
    for (key, code) in [("arch", 93), ("maxsize", 57)] {
        if let Some(number) = number(key) {
            add(code, (number as u16).to_be_bytes().to_vec());
        }
    }
    if let Some(list) = e.get("prl") {
        add(
            55,
            list.as_array()
                .unwrap()
                .iter()
                .map(|v| v.as_u64().unwrap() as u8)
                .collect(),
        );
    }
    for pair in e.get("opts").map_or(&[][..], |v| v.as_array().unwrap()) {
        let data = value(pair[1].as_str().unwrap(), answers)?;
        add(pair[0].as_u64().unwrap() as u8, data);
    }
    if let Some(subs) = e.get("opt82") {
        let mut all = Vec::new();
        for pair in subs.as_array().unwrap() {
            let data = value(pair[1].as_str().unwrap(), answers)?;
            all.extend([pair[0].as_u64().unwrap() as u8, data.len() as u8]);
            all.extend(data);
        }
        add(82, all);
    }
    Some(out)
}

/// `hex:` `ip:` `text:` `u8:` `u16:` `u32:`, joined by `|`.
fn value(text: &str, answers: &Answers) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for part in text.split('|') {
        let (kind, rest) = part.split_once(':').unwrap_or(("ip", part));
        match kind {
            "hex" => out.extend(unhex(rest)),
            "ip" => out.extend(resolve(rest, answers)?.octets()),
            "text" => out.extend(rest.as_bytes()),
            "u8" => out.push(parse(rest) as u8),
            "u16" => out.extend((parse(rest) as u16).to_be_bytes()),
            "u32" => out.extend(parse(rest).to_be_bytes()),
            other => panic!("unknown kind of value {other}"),
        }
    }
    Some(out)
}

fn parse(number: &str) -> u32 {
    match number.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).unwrap(),
        None => number.parse().unwrap(),
    }
}

/// An address, or `$exchange.field`.
pub(crate) fn resolve(text: &str, answers: &Answers) -> Option<Ipv4Addr> {
    match text.strip_prefix('$') {
        None => Some(text.parse().unwrap()),
        Some(reference) => {
            let (exchange, field) = reference.rsplit_once('.').unwrap();
            answers.get(exchange)?.get(field).copied()
        }
    }
}

fn pad(out: &mut Vec<u8>, data: &[u8], len: usize) {
    out.extend(data);
    out.resize(out.len() + len - data.len(), 0);
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs = digits
        .chunks(2)
        .map(|pair| core::str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

/// The CRC of zlib, which the recordings' transaction numbers are made of.
fn crc32(data: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !data
        .iter()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}
