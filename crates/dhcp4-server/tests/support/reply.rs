//! A reply in the form of the recordings.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use dhcp4_server::Destination;
use serde_json::{Map, Value, json};

use super::packet::{Answers, Request, resolve, type_name};

/// Options whose values are seconds, compared with a tolerance.
const TIMES: [u8; 3] = [51, 58, 59];

/// Names pool addresses so that it doesn't matter which free one a server picks.
pub(crate) struct Places {
    pub(crate) ranges: Vec<(Ipv4Addr, Ipv4Addr)>,
    /// Which exchange got an address first.
    pub(crate) owner: BTreeMap<Ipv4Addr, String>,
}

impl Places {
    fn name(&mut self, address: Ipv4Addr, e: &Value, answers: &Answers, claim: bool) -> String {
        let range = self
            .ranges
            .iter()
            .find(|(low, high)| (low..=high).contains(&&address));
        let Some((low, high)) = range else {
            return address.to_string();
        };
        let exact = e.get("exact");
        let named = exact.and_then(Value::as_str) == Some(&address.to_string());
        if named || exact.and_then(Value::as_bool) == Some(true) {
            return address.to_string();
        }
        let how = match self.owner.get(&address) {
            Some(first) => format!("as in {first}"),
            None => {
                let asked = ["requested", "ciaddr"]
                    .into_iter()
                    .filter_map(|key| e.get(key));
                let mut asked = asked.filter_map(|v| resolve(v.as_str().unwrap(), answers));
                if asked.any(|asked| asked == address) {
                    "as requested"
                } else {
                    "new"
                }
                .to_owned()
            }
        };
        if claim {
            let id = e["id"].as_str().unwrap().to_owned();
            self.owner.entry(address).or_insert(id);
        }
        format!("pool {low}-{high}, {how}")
    }
}

/// The reply as the recordings have it. `unix` is the time, for leases without end.
pub(crate) fn canonical(
    packet: &[u8],
    to: &Destination,
    request: &Request,
    e: &Value,
    answers: &Answers,
    places: &mut Places,
    unix: u32,
) -> Value {
    let address = |at: usize| Ipv4Addr::from(<[u8; 4]>::try_from(&packet[at..at + 4]).unwrap());
    let short = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
    let mut options = Vec::new();
    let rest = read_options(&packet[240..], "options", &mut options);
    let overload = options
        .iter()
        .find(|(code, _, _)| *code == 52)
        .map_or(0, |(_, data, _)| data[0]);
    if overload & 1 != 0 {
        read_options(&packet[108..236], "file", &mut options);
    }
    if overload & 2 != 0 {
        read_options(&packet[44..108], "sname", &mut options);
    }
    let kind = options
        .iter()
        .find(|(code, _, _)| *code == 53)
        .map(|(_, data, _)| data[0]);
    let ip = *to.to().ip();
    let ip_dst = [("yiaddr", 16), ("ciaddr", 12), ("giaddr", 24)]
        .into_iter()
        .find(|(_, at)| !ip.is_unspecified() && address(*at) == ip)
        .map_or(ip.to_string(), |(name, _)| name.to_owned());
    let mut chaddr = request.chaddr.clone();
    chaddr.resize(16, 0);
    let xid = u32::from_be_bytes(packet[4..8].try_into().unwrap());
    let yiaddr = places.name(address(16), e, answers, true);
    let mut out = json!({
        "type": kind.and_then(type_name),
        "eth_dst": if is_broadcast_frame(to) { "broadcast" } else { "unicast" },
        "ip_src": to.source().to_string(),
        "ip_dst": ip_dst,
        "sport": 67,
        "dport": to.to().port(),
        "op": packet[0],
        "htype": packet[1],
        "hlen": packet[2],
        "hops": packet[3],
        "xid": if xid == request.xid { "echo".to_owned() } else { format!("{xid:08x}") },
        "secs": short(8),
        "flags": format!("{:04x}", short(10)),
        "yiaddr": yiaddr,
        "ciaddr": places.name(address(12), e, answers, false),
        "siaddr": address(20).to_string(),
        "giaddr": address(24).to_string(),
        "chaddr": if packet[28..44] == chaddr[..16] { "echo".to_owned() } else { hex(&packet[28..44]) },
        "sname": if overload & 2 != 0 { String::new() } else { text(&packet[44..108]) },
        "file": if overload & 1 != 0 { String::new() } else { text(&packet[108..236]) },
        "cookie": hex(&packet[236..240]),
        "length": packet.len(),
        "options": options.iter().map(|option| option_value(option, unix)).collect::<Vec<_>>(),
    });
    match rest {
        None => out["no_end"] = json!(true),
        Some(at) if packet[240 + at..].iter().any(|byte| *byte != 0) => {
            out["after_end"] = json!(hex(&packet[240 + at..]));
        }
        Some(_) => {}
    }
    out
}

/// What later exchanges may refer to.
pub(crate) fn fields(packet: &[u8]) -> BTreeMap<String, Ipv4Addr> {
    let address = |at: usize| Ipv4Addr::from(<[u8; 4]>::try_from(&packet[at..at + 4]).unwrap());
    let mut fields = BTreeMap::new();
    fields.insert("yiaddr".to_owned(), address(16));
    fields.insert("siaddr".to_owned(), address(20));
    fields.insert("server_id".to_owned(), Ipv4Addr::UNSPECIFIED);
    let mut options = Vec::new();
    read_options(&packet[240..], "options", &mut options);
    for (code, data, _) in options {
        if let Ok(octets) = <[u8; 4]>::try_from(&data[..]) {
            fields.insert(format!("opt{code}"), octets.into());
            if code == 54 {
                fields.insert("server_id".to_owned(), octets.into());
            }
        }
    }
    fields
}

fn is_broadcast_frame(to: &Destination) -> bool {
    match to {
        Destination::Broadcast { .. } => true,
        Destination::Client { mac, .. } => *mac == [0xff; 6],
        Destination::Unicast { .. } | Destination::Relay { .. } => false,
    }
}

type Tlv = (u8, Vec<u8>, &'static str);

/// The place behind the END, if there is one.
fn read_options(data: &[u8], place: &'static str, out: &mut Vec<Tlv>) -> Option<usize> {
    let mut at = 0;
    while at < data.len() {
        match data[at] {
            255 => return Some(at + 1),
            0 => at += 1,
            code => {
                let len = usize::from(*data.get(at + 1).expect("an option has a length"));
                let value = data
                    .get(at + 2..at + 2 + len)
                    .expect("an option ends in its field");
                out.push((code, value.to_vec(), place));
                at += 2 + len;
            }
        }
    }
    None
}

fn option_value((code, data, place): &Tlv, unix: u32) -> Value {
    let endless = TIMES.contains(code)
        && data.len() == 4
        && u32::from_be_bytes(data[..].try_into().unwrap()).abs_diff(0x7fff_ffff - unix) < 10;
    let hex = if endless {
        "until 7fffffff".to_owned()
    } else {
        hex(data)
    };
    json!({"code": code, "hex": hex, "where": place})
}

/// What differs between a recorded and an actual reply: field, recorded, actual.
pub(crate) fn differences(recorded: &Value, actual: &Value, tolerance: u32) -> Vec<String> {
    let (recorded, actual) = (recorded.as_object().unwrap(), actual.as_object().unwrap());
    let mut out = Vec::new();
    let mut keys: Vec<&String> = recorded.keys().chain(actual.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys
        .into_iter()
        .filter(|key| *key != "options" && *key != "info")
    {
        if recorded.get(key) != actual.get(key) {
            out.push(format!(
                "{key}: {:?}, not {:?}",
                actual.get(key),
                recorded.get(key)
            ));
        }
    }
    let (a, b) = (list(recorded), list(actual));
    let codes = |list: &[Value]| {
        list.iter()
            .map(|o| o["code"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    if codes(&a) != codes(&b) {
        out.push(format!("options {:?}, not {:?}", codes(&b), codes(&a)));
        return out;
    }
    for (x, y) in a.iter().zip(&b) {
        if x["where"] != y["where"] || !same_value(x, y, tolerance) {
            out.push(format!("option {}: {y}, not {x}", x["code"]));
        }
    }
    out
}

fn same_value(x: &Value, y: &Value, tolerance: u32) -> bool {
    let (p, q) = (x["hex"].as_str().unwrap(), y["hex"].as_str().unwrap());
    let seconds = |hex: &str| u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 8);
    let time = TIMES.contains(&(x["code"].as_u64().unwrap() as u8));
    p == q
        || time
            && seconds(p)
                .zip(seconds(q))
                .is_some_and(|(p, q)| p.abs_diff(q) <= tolerance)
}

fn list(reply: &Map<String, Value>) -> Vec<Value> {
    reply["options"].as_array().unwrap().clone()
}

fn hex(data: &[u8]) -> String {
    data.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(field: &[u8]) -> String {
    let end = field
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(field.len());
    field[..end].iter().map(|&byte| char::from(byte)).collect()
}
