//! What the tests share: recorded messages, and a frame's meaning in a form that both recordings can be put into.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers panic as the test does"
)]
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use bytes::BytesMut;
use failover_wire::{Frame, HardwareAddress, Message, OptionCode, decode};
use serde_json::Value;

/// A message's options: code and value, numbers in decimal, addresses dotted, text as it is, other bytes in hex.
pub(crate) type Meaning = BTreeMap<u16, String>;

pub(crate) fn vectors() -> Value {
    serde_json::from_str(include_str!("../data/vectors.json")).unwrap()
}

pub(crate) fn captures() -> Vec<Value> {
    let lines = include_str!("../data/captures.jsonl").lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(crate) fn unhex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
        .collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The one frame that the bytes are.
pub(crate) fn decode_one(bytes: &[u8]) -> Frame {
    let mut src = BytesMut::from(bytes);
    let frame = decode(&mut src).unwrap().unwrap();
    assert!(src.is_empty(), "{} bytes left over", src.len());
    frame
}

pub(crate) fn encode(frame: &Frame) -> Vec<u8> {
    let mut dst = BytesMut::new();
    frame.encode(&mut dst).unwrap();
    dst.to_vec()
}

/// What a frame says, from its fields alone.
pub(crate) fn meaning(frame: &Frame) -> Meaning {
    let mut said = Fields(Meaning::new());
    match &frame.message {
        Message::PoolResponse(body) => {
            said.put(
                OptionCode::ADDRESSES_TRANSFERRED,
                body.addresses_transferred,
            );
        }
        Message::BindingUpdate(body) => {
            said.put(OptionCode::ASSIGNED_IP_ADDRESS, body.address);
            said.put(
                OptionCode::BINDING_STATUS,
                body.status.map(|status| status as u8),
            );
            said.bytes(
                OptionCode::CLIENT_IDENTIFIER,
                body.client_identifier.as_deref(),
            );
            let hardware = body.hardware.as_ref().map(HardwareAddress::as_wire);
            said.bytes(OptionCode::CLIENT_HARDWARE_ADDRESS, hardware);
            said.put(OptionCode::LEASE_EXPIRATION_TIME, body.lease_expiration);
            said.put(
                OptionCode::POTENTIAL_EXPIRATION_TIME,
                body.potential_expiration,
            );
            said.put(OptionCode::START_TIME_OF_STATE, body.start_of_state);
            said.put(
                OptionCode::CLIENT_LAST_TRANSACTION_TIME,
                body.client_last_transaction,
            );
            said.put(OptionCode::IP_FLAGS, body.ip_flags.map(|flags| flags.0));
            said.bytes(
                OptionCode::CLIENT_REPLY_OPTIONS,
                body.client_reply_options.as_deref(),
            );
            said.bytes(
                OptionCode::CLIENT_REQUEST_OPTIONS,
                body.client_request_options.as_deref(),
            );
        }
        Message::BindingAck(body) => {
            said.put(OptionCode::ASSIGNED_IP_ADDRESS, body.address);
            said.put(
                OptionCode::REJECT_REASON,
                body.reject.map(|reason| reason.0),
            );
            said.text(OptionCode::MESSAGE, body.message.as_deref());
        }
        Message::Connect(body) => {
            said.text(
                OptionCode::RELATIONSHIP_NAME,
                body.relationship_name.as_deref(),
            );
            said.put(OptionCode::MAX_UNACKED_BNDUPD, body.max_unacked);
            said.put(OptionCode::RECEIVE_TIMER, body.receive_timer);
            said.text(
                OptionCode::VENDOR_CLASS_IDENTIFIER,
                body.vendor_class.as_deref(),
            );
            said.put(OptionCode::PROTOCOL_VERSION, body.protocol_version);
            said.put(OptionCode::TLS_REQUEST, body.tls_request);
            said.put(OptionCode::MCLT, body.mclt);
            said.bytes(OptionCode::HASH_BUCKET_ASSIGNMENT, body.hba.as_deref());
        }
        Message::ConnectAck(body) => {
            said.text(
                OptionCode::RELATIONSHIP_NAME,
                body.relationship_name.as_deref(),
            );
            said.put(OptionCode::MAX_UNACKED_BNDUPD, body.max_unacked);
            said.put(OptionCode::RECEIVE_TIMER, body.receive_timer);
            said.text(
                OptionCode::VENDOR_CLASS_IDENTIFIER,
                body.vendor_class.as_deref(),
            );
            said.put(OptionCode::PROTOCOL_VERSION, body.protocol_version);
            said.put(OptionCode::TLS_REPLY, body.tls_reply);
            said.put(
                OptionCode::REJECT_REASON,
                body.reject.map(|reason| reason.0),
            );
            said.text(OptionCode::MESSAGE, body.message.as_deref());
        }
        Message::State(body) => {
            said.put(OptionCode::SERVER_STATE, body.state.map(|state| state.0));
            said.put(OptionCode::SERVER_FLAGS, body.flags.map(|flags| flags.0));
            said.put(OptionCode::START_TIME_OF_STATE, body.start_of_state);
        }
        Message::Disconnect(body) => {
            said.put(
                OptionCode::REJECT_REASON,
                body.reject.map(|reason| reason.0),
            );
            said.text(OptionCode::MESSAGE, body.message.as_deref());
        }
        Message::PoolRequest
        | Message::UpdateRequestAll
        | Message::UpdateDone
        | Message::UpdateRequest
        | Message::Contact
        | Message::Unknown { .. } => {}
    }
    said.0
}

struct Fields(Meaning);

impl Fields {
    fn put(&mut self, code: OptionCode, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.0.insert(code.0, value.to_string());
        }
    }

    fn bytes(&mut self, code: OptionCode, value: Option<&[u8]>) {
        self.put(code, value.map(hex));
    }

    fn text(&mut self, code: OptionCode, value: Option<&[u8]>) {
        self.put(
            code,
            value.map(|text| String::from_utf8(text.to_vec()).unwrap()),
        );
    }
}
