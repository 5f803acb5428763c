//! An event as one JSON object. The names are stable: scripts go by them.
//!
//! `event` says what it is, `time` when, `connection` which. A message has all its options in `options`, by their
//! names in draft-12, and those that it has no field for in `unknown-options`; times are seconds since 1970,
//! identifiers, hardware addresses and bitmaps are hex. `hex` is the whole message.

use dhcp_split::Role;
use failover_wire::{Frame, HardwareAddress, Message, ServerStateCode};
use serde_json::{Map, Value, json};

use super::event::{Answers, Bad, Event, Kind, Party, Seen, SideSummary, Summary};
use super::hex::plain;

/// The event's line, without its end.
pub(crate) fn line(event: &Event) -> String {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| {
        object.insert(name.into(), value);
    };
    put("time", event.time.to_string().into());
    put("epoch", event.time.as_f64().into());
    if event.connection > 0 {
        put("connection", event.connection.into());
    }
    let (name, rest) = body(&event.kind);
    put("event", name.into());
    object.extend(rest);
    Value::Object(object).to_string()
}

/// The event's name, and what is particular to it.
fn body(kind: &Kind) -> (&'static str, Map<String, Value>) {
    let (name, value) = match kind {
        Kind::Opened { from, to } => ("opened", between(from, to)),
        Kind::Joined { from, to } => ("joined", between(from, to)),
        Kind::Refused { by } => ("refused", json!({ "by": party(by) })),
        Kind::Closed { by } => ("closed", json!({ "by": party(by) })),
        Kind::Reset { by } => ("reset", json!({ "by": party(by) })),
        Kind::Message(seen) => ("message", message(seen)),
        Kind::Undecodable(undecodable) => {
            let mut value = bad(&undecodable.bad);
            value["error"] = json!({
                "offset": undecodable.error.offset,
                "reason": undecodable.error.reason.to_string(),
            });
            ("undecodable", value)
        }
        Kind::Skipped(skipped) => ("skipped", bad(skipped)),
        Kind::Partial(partial) => ("partial", bad(partial)),
        Kind::Gap { from, to, missing } => {
            let mut value = between(from, to);
            value["missing"] = (*missing).into();
            ("gap", value)
        }
        Kind::Fragment { from, to } => {
            let (from, to) = (from.to_string(), to.to_string());
            let value = json!({ "from": { "address": from }, "to": { "address": to } });
            ("fragment", value)
        }
        Kind::Summary(summary) => ("summary", summarise(summary)),
    };
    let Value::Object(map) = value else {
        unreachable!("each arm makes an object")
    };
    (name, map)
}

fn between(from: &Party, to: &Party) -> Value {
    json!({ "from": party(from), "to": party(to) })
}

fn party(party: &Party) -> Value {
    let (address, port) = (party.address.ip().to_string(), party.address.port());
    let mut value = json!({ "address": address, "port": port });
    if let Some(role) = party.role {
        value["role"] = role_name(role).into();
    }
    value
}

const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Primary => "primary",
        Role::Secondary => "secondary",
    }
}

fn bad(bad: &Bad) -> Value {
    let mut value = between(&bad.from, &bad.to);
    value["offset"] = bad.offset.into();
    value["length"] = bad.length.into();
    value["hex"] = plain(&bad.bytes).into();
    value
}

fn message(seen: &Seen) -> Value {
    let frame = &seen.frame;
    let mut value = between(&seen.from, &seen.to);
    value["type"] = frame.message.message_type().to_string().into();
    value["xid"] = frame.xid.0.into();
    value["sender-time"] = frame.time.0.into();
    value["length"] = seen.bytes.len().into();
    value["options"] = options(frame).into();
    let unknown = frame.unknown.iter();
    value["unknown-options"] = unknown
        .map(|option| json!({ "code": option.code.0, "hex": plain(&option.data) }))
        .collect();
    match seen.answers {
        Answers::Unknown => {}
        Answers::Nothing => value["answers"] = Value::Null,
        Answers::Update(status, after) => {
            let status = status.map(|status| status.as_str());
            value["answers"] = json!({ "binding-status": status, "seconds": after.as_secs_f64() });
        }
    }
    value["hex"] = plain(&seen.bytes).into();
    value
}

/// Options by name.
struct Options(Map<String, Value>);

impl Options {
    fn put(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.0.insert(name.into(), value.into());
        }
    }

    fn text(&mut self, name: &str, value: Option<&[u8]>) {
        self.put(name, value.map(String::from_utf8_lossy));
    }

    fn bytes(&mut self, name: &str, value: Option<&[u8]>) {
        self.put(name, value.map(plain));
    }
}

fn options(frame: &Frame) -> Map<String, Value> {
    let mut options = Options(Map::new());
    match &frame.message {
        Message::Connect(_) | Message::ConnectAck(_) => opening(&frame.message, &mut options),
        Message::BindingUpdate(_) | Message::BindingAck(_) => binding(&frame.message, &mut options),
        Message::PoolResponse(body) => {
            options.put("addresses-transferred", body.addresses_transferred);
        }
        Message::State(body) => {
            options.put("server-state", body.state.map(state));
            options.put("server-flags", body.flags.map(|flags| flags.0));
            options.put(
                "start-time-of-state",
                body.start_of_state.map(|time| time.0),
            );
        }
        Message::Disconnect(body) => {
            options.put("reject-reason", body.reject.map(|reason| reason.0));
            options.text("message", body.message.as_deref());
        }
        Message::PoolRequest
        | Message::UpdateRequestAll
        | Message::UpdateDone
        | Message::UpdateRequest
        | Message::Contact
        | Message::Unknown { .. } => {}
    }
    options.0
}

/// ISC's word, or the number if it has none.
fn state(code: ServerStateCode) -> Value {
    match code.known() {
        Some(state) => state.as_str().into(),
        None => code.0.into(),
    }
}

fn opening(message: &Message, options: &mut Options) {
    match message {
        Message::Connect(body) => {
            options.text("relationship-name", body.relationship_name.as_deref());
            options.put("max-unacked-bndupd", body.max_unacked);
            options.put("receive-timer", body.receive_timer);
            options.text("vendor-class-identifier", body.vendor_class.as_deref());
            options.put("protocol-version", body.protocol_version);
            options.put("tls-request", body.tls_request);
            options.put("mclt", body.mclt);
            options.bytes("hash-bucket-assignment", body.hba.as_deref());
        }
        Message::ConnectAck(body) => {
            options.text("relationship-name", body.relationship_name.as_deref());
            options.put("max-unacked-bndupd", body.max_unacked);
            options.put("receive-timer", body.receive_timer);
            options.text("vendor-class-identifier", body.vendor_class.as_deref());
            options.put("protocol-version", body.protocol_version);
            options.put("tls-reply", body.tls_reply);
            options.put("reject-reason", body.reject.map(|reason| reason.0));
            options.text("message", body.message.as_deref());
        }
        _ => {}
    }
}

fn binding(message: &Message, options: &mut Options) {
    match message {
        Message::BindingUpdate(body) => {
            let address = body.address.map(|address| address.to_string());
            options.put("assigned-ip-address", address);
            options.put("binding-status", body.status.map(|status| status.as_str()));
            options.bytes("client-identifier", body.client_identifier.as_deref());
            // An oversized one is among the unknown options.
            let hardware = body.hardware.as_ref().filter(|it| !it.is_oversized());
            let hardware = hardware.map(HardwareAddress::as_wire);
            options.bytes("client-hardware-address", hardware);
            for (name, time) in [
                ("lease-expiration-time", body.lease_expiration),
                ("potential-expiration-time", body.potential_expiration),
                ("start-time-of-state", body.start_of_state),
                ("client-last-transaction-time", body.client_last_transaction),
            ] {
                options.put(name, time.map(|time| time.0));
            }
            options.put("ip-flags", body.ip_flags.map(|flags| flags.0));
            let reply = body.client_reply_options.as_deref();
            options.bytes("client-reply-options", reply);
            let request = body.client_request_options.as_deref();
            options.bytes("client-request-options", request);
        }
        Message::BindingAck(body) => {
            let address = body.address.map(|address| address.to_string());
            options.put("assigned-ip-address", address);
            options.put("reject-reason", body.reject.map(|reason| reason.0));
            options.text("message", body.message.as_deref());
        }
        _ => {}
    }
}

fn summarise(summary: &Summary) -> Value {
    let name = summary.relationship.as_deref();
    json!({
        "relationship-name": name.map(String::from_utf8_lossy),
        "sides": summary.sides.each_ref().map(side),
    })
}

fn side(side: &SideSummary) -> Value {
    let counts = side.messages.iter();
    let messages: Map<_, _> = counts
        .map(|(message_type, &count)| (message_type.to_string(), count.into()))
        .collect();
    let waiting = side.waiting.iter();
    let waiting: Vec<_> = waiting
        .map(|(xid, address)| json!({ "xid": xid, "address": address.map(|it| it.to_string()) }))
        .collect();
    json!({
        "party": party(&side.party),
        "messages": messages,
        "undecodable": side.undecodable,
        "accepted": side.accepted,
        "refused": side.refused,
        "unanswered": side.unanswered,
        "last-unanswered": waiting,
    })
}
