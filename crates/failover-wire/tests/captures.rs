//! All recorded traffic between two real ISC dhcpd: same meaning as Wireshark's, same bytes back, any segmentation.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers panic as the test does"
)]

mod common;

use std::collections::BTreeMap;

use bytes::BytesMut;
use common::{Meaning, captures, decode_one, encode, hex, meaning, unhex};
use failover_wire::{Frame, decode};
use proptest::prelude::*;
use serde_json::Value;

#[test]
fn every_message_means_what_wireshark_says_and_encodes_to_the_same_bytes() {
    let captures = captures();
    assert_eq!(captures.len(), 4421);
    for line in captures {
        let frame = decode_one(&unhex(&line["hex"]));
        let tshark = &line["tshark"];
        assert_eq!(
            line["hex"].as_str().unwrap().len() as u64 / 2,
            tshark["length"],
            "{line}"
        );
        assert_eq!(12, tshark["poffset"], "{line}");
        assert_eq!(
            frame.message.message_type().0.to_string(),
            number(&tshark["type"]),
            "{line}"
        );
        assert_eq!(u64::from(frame.time.0), tshark["time"], "{line}");
        assert_eq!(format!("0x{:08x}", frame.xid.0), tshark["xid"], "{line}");
        let expected = expected(tshark);
        assert_eq!(meaning(&frame), expected, "{line}");
        assert_eq!(
            Vec::from_iter(expected.keys().copied()),
            sorted_codes(tshark),
            "{line}"
        );
        assert_eq!(frame.unknown, [], "{line}");
        assert_eq!(hex(&encode(&frame)), line["hex"], "{line}");
    }
}

/// Wireshark's fields as a [`Meaning`].
fn expected(tshark: &Value) -> Meaning {
    let mut said = Meaning::new();
    for (field, value) in tshark.as_object().unwrap() {
        let (code, value) = match field.as_str() {
            "length" | "type" | "poffset" | "time" | "xid" | "optioncode" => continue,
            "addressestransferred" => (1, value.to_string()),
            "assignedipaddress" => (2, text(value)),
            "bindingstatus" => (3, number(value)),
            "clienthardwareaddress" => {
                let htype = number(&tshark["clienthardwaretype"]);
                let htype = htype.strip_prefix("0x").unwrap();
                (5, htype.to_owned() + &text(value).replace(':', ""))
            }
            "clienthardwaretype" => continue,
            "clientlasttransactiontime" => (6, value.to_string()),
            "hashbucketassignment" => (11, text(value).replace(':', "")),
            "leaseexpirationtime" => (13, value.to_string()),
            "maxunackedbndupd" => (14, value.to_string()),
            "mclt" => (15, value.to_string()),
            "message" => (16, text(value)),
            "potentialexpirationtime" => (18, value.to_string()),
            "receivetimer" => (19, value.to_string()),
            "protocolversion" => (20, value.to_string()),
            "rejectreason" => (21, number(value)),
            "relationshipname" => (22, text(value)),
            "serverflag" => (23, number(value)),
            "serverstatus" => (24, number(value)),
            "starttimeofstate" => (25, value.to_string()),
            "tls_reply" => (26, number(value)),
            "tls_request" => (27, number(value)),
            "vendorclass" => (28, text(value)),
            other => panic!("no such field before: {other}"),
        };
        said.insert(code, value);
    }
    said
}

fn sorted_codes(tshark: &Value) -> Vec<u16> {
    let code = |value: &Value| u16::try_from(value.as_u64().unwrap()).unwrap();
    let mut codes = match &tshark["optioncode"] {
        Value::Null => vec![],
        Value::Array(codes) => codes.iter().map(code).collect(),
        one => vec![code(one)],
    };
    codes.sort_unstable();
    codes
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The number in "words (number)".
fn number(value: &Value) -> String {
    let text = value.as_str().unwrap();
    text[text.rfind('(').unwrap() + 1..]
        .trim_end_matches(')')
        .to_owned()
}

/// Each direction of each connection: its bytes and the frames they are.
fn streams() -> Vec<(Vec<u8>, Vec<Frame>)> {
    let mut streams = BTreeMap::<String, (Vec<u8>, Vec<Frame>)>::new();
    for line in captures() {
        let bytes = unhex(&line["hex"]);
        let (stream, frames) = streams.entry(text(&line["stream"])).or_default();
        frames.push(decode_one(&bytes));
        stream.extend(bytes);
    }
    streams.into_values().collect()
}

/// Feeds a stream segment by segment, taking out what is complete after each.
fn feed<'a>(segments: impl Iterator<Item = &'a [u8]>) -> Vec<Frame> {
    let mut src = BytesMut::new();
    let mut frames = Vec::new();
    for segment in segments {
        src.extend_from_slice(segment);
        while let Some(frame) = decode(&mut src).unwrap() {
            frames.push(frame);
        }
    }
    assert!(src.is_empty());
    frames
}

#[test]
fn segments_of_any_one_size_give_the_same_frames() {
    let streams = streams();
    assert!(streams.len() > 2 * 14);
    for (bytes, frames) in &streams {
        for size in [1, 2, 3, 11, 12, 13, 536, 1460, bytes.len()] {
            assert_eq!(&feed(bytes.chunks(size)), frames, "segments of {size}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_segmentation_gives_the_same_frames(
        which: proptest::sample::Index,
        sizes in proptest::collection::vec(1..200usize, 1..50),
    ) {
        static STREAMS: std::sync::OnceLock<Vec<(Vec<u8>, Vec<Frame>)>> = std::sync::OnceLock::new();
        let (bytes, frames) = which.get(STREAMS.get_or_init(streams));
        let mut rest = &bytes[..];
        let segments = sizes.into_iter().cycle().map_while(|size| {
            let segment = rest.split_off(..size.min(rest.len()))?;
            (!segment.is_empty()).then_some(segment)
        });
        prop_assert_eq!(&feed(segments), frames);
    }
}
