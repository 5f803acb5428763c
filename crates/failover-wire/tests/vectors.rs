//! One message of each kind, and the malformed ones that were tried on a live ISC dhcpd.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers panic as the test does"
)]

mod common;

use bytes::BytesMut;
use common::{Meaning, decode_one, encode, hex, meaning, unhex, vectors};
use failover_wire::{
    BindingStatus, DecodeError, DecodeErrorReason, Frame, Message, MessageType, OptionCode, Xid,
    decode,
};
use serde_json::Value;

#[test]
fn messages_mean_what_wireshark_says_and_encode_to_the_same_bytes() {
    let vectors = vectors();
    let messages = vectors["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 46);
    for vector in messages {
        let name = &vector["name"];
        let bytes = unhex(&vector["hex"]);
        let frame = decode_one(&bytes);
        let decoded = &vector["decoded"];
        assert_eq!(bytes.len() as u64, decoded["length"], "{name}");
        assert_eq!(
            u64::from(frame.message.message_type().0),
            decoded["type"],
            "{name}"
        );
        assert_eq!(
            frame.message.message_type().to_string(),
            decoded["type_name"],
            "{name}"
        );
        assert_eq!(u64::from(frame.time.0), decoded["time"], "{name}");
        assert_eq!(u64::from(frame.xid.0), decoded["xid"], "{name}");
        assert_eq!(meaning(&frame), options(decoded), "{name}");
        assert_eq!(frame.unknown, [], "{name}");
        assert_eq!(hex(&encode(&frame)), vector["hex"], "{name}");
    }
}

fn options(decoded: &Value) -> Meaning {
    let options = decoded["options"].as_array().unwrap();
    let value = |option: &Value| match &option["value"] {
        Value::Null => option["value_hex"].as_str().unwrap().to_owned(),
        Value::String(text) => text.clone(),
        number => number.to_string(),
    };
    let code = |option: &Value| u16::try_from(option["code"].as_u64().unwrap()).unwrap();
    let meaning: Meaning = options
        .iter()
        .map(|option| (code(option), value(option)))
        .collect();
    assert_eq!(meaning.len(), options.len());
    meaning
}

#[test]
fn every_kind_of_message_is_among_the_vectors() {
    let vectors = vectors();
    let mut types: Vec<u64> = vectors["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|vector| vector["decoded"]["type"].as_u64().unwrap())
        .collect();
    types.sort_unstable();
    types.dedup();
    assert_eq!(types, (1..=12).collect::<Vec<_>>());
}

/// The bytes that were tried on a live dhcpd under this name.
fn tried(name: &str) -> BytesMut {
    let vectors = vectors();
    let all = vectors["peer_reactions"].as_array().unwrap();
    let vector = all.iter().find(|vector| vector["name"] == name).unwrap();
    BytesMut::from(&unhex(&vector["hex"])[..])
}

fn refused(name: &str) -> DecodeError {
    decode(&mut tried(name)).unwrap_err()
}

fn accepted(name: &str) -> Frame {
    decode_one(&tried(name))
}

#[test]
fn what_isc_drops_the_link_for_is_refused() {
    let reason = DecodeErrorReason::MessageLength(11);
    assert_eq!(refused("length-11"), DecodeError { offset: 0, reason });
    let reason = DecodeErrorReason::PayloadOffset {
        payload_offset: 8,
        length: 12,
    };
    assert_eq!(
        refused("payload-offset-8"),
        DecodeError { offset: 3, reason }
    );
    let reason = DecodeErrorReason::UnknownTypeWithOptions(MessageType(13));
    assert_eq!(
        refused("type-13-with-option"),
        DecodeError { offset: 12, reason }
    );
}

#[test]
fn a_status_that_isc_dies_of_is_refused() {
    let error = refused("bndupd-binding-status-9");
    assert_eq!(
        error,
        DecodeError {
            offset: 20,
            reason: DecodeErrorReason::BindingStatus(9)
        }
    );
    assert_eq!(
        error.to_string(),
        "failover message refused at byte 20: binding-status 9 is outside 1..=7"
    );
}

#[test]
fn what_isc_ignores_is_a_frame() {
    for (name, message_type) in [("type-13-no-option", 13), ("type-200-no-option", 200)] {
        assert_eq!(accepted(name).message, Message::Unknown { message_type });
    }
}

#[test]
fn what_isc_skips_is_carried() {
    for (name, code) in [
        ("unknown-option-40", OptionCode(40)),
        ("digest-option", OptionCode::MESSAGE_DIGEST),
    ] {
        let frame = accepted(name);
        assert_eq!(frame.message, Message::Contact);
        let codes: Vec<_> = frame.unknown.iter().map(|option| option.code).collect();
        assert_eq!(codes, [code]);
        assert_eq!(encode(&frame), tried(name));
    }
}

#[test]
fn header_bytes_before_the_payload_are_skipped() {
    let frame = accepted("payload-offset-16");
    assert_eq!(
        (frame.message, frame.xid, frame.unknown),
        (Message::Contact, Xid(6), vec![])
    );
}

#[test]
fn a_missing_status_is_the_receivers_to_refuse() {
    let Message::BindingUpdate(update) = accepted("bndupd-two-options-only").message else {
        panic!("a BNDUPD");
    };
    assert_eq!(
        (update.address, update.status),
        (Some([10, 9, 0, 112].into()), None)
    );
}

#[test]
fn an_unknown_server_state_is_the_receivers_to_judge() {
    let Message::State(state) = accepted("state-77").message else {
        panic!("a STATE")
    };
    assert_eq!(
        state.state.map(|code| (code.0, code.known())),
        Some((77, None))
    );
}

// In two cases we are kinder than ISC, which closes: it knows no batches, and its option table gives DDNS size 0.

#[test]
fn two_bindings_in_one_update_are_two_frames() {
    let mut src = tried("duplicate-option-2");
    for last_octet in [118, 117] {
        let frame = decode(&mut src).unwrap().unwrap();
        assert_eq!(frame.xid, Xid(1));
        let Message::BindingUpdate(update) = frame.message else {
            panic!("a BNDUPD")
        };
        assert_eq!(update.address, Some([10, 9, 0, last_octet].into()));
        assert_eq!(update.status, Some(BindingStatus::Free));
    }
    assert!(src.is_empty());
}

#[test]
fn dynamic_dns_state_is_carried_unread() {
    let frame = accepted("ddns-option");
    assert_eq!(frame.unknown.len(), 1);
    assert_eq!(frame.unknown[0].code, OptionCode::DDNS);
    assert_eq!(encode(&frame), tried("ddns-option"));
}

#[test]
fn every_case_tried_on_dhcpd_is_tested_above() {
    assert_eq!(vectors()["peer_reactions"].as_array().unwrap().len(), 13);
}
