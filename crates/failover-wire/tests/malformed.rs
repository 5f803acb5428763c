//! Messages that no peer should send: each error has its place and reason, and what ISC tolerates is tolerated.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers panic as the test does"
)]

mod common;

use bytes::BytesMut;
use common::{decode_one, encode};
use failover_wire::{
    DecodeError, DecodeErrorReason, HEADER_LEN, HardwareAddress, Message, OptionCode, decode,
};

/// A message of this type holding these option bytes.
fn raw(message_type: u8, options: &[u8]) -> BytesMut {
    let length = (HEADER_LEN + options.len()) as u16;
    let mut src = BytesMut::from(&length.to_be_bytes()[..]);
    src.extend_from_slice(&[message_type, 12, 0, 0, 0, 1, 0, 0, 0, 2]);
    src.extend_from_slice(options);
    src
}

#[track_caller]
fn refused(message_type: u8, options: &[u8], offset: usize, reason: DecodeErrorReason) {
    let result = decode(&mut raw(message_type, options));
    assert_eq!(result, Err(DecodeError { offset, reason }));
}

#[test]
fn each_malformed_option_has_its_place_and_reason() {
    let state = OptionCode::SERVER_STATE;
    let (code, expected) = (state, 1);
    refused(10, &[0], 12, DecodeErrorReason::StrayBytes(1));
    refused(
        10,
        &[0, 24, 0, 1, 2, 0, 25, 0],
        17,
        DecodeErrorReason::StrayBytes(3),
    );
    refused(
        10,
        &[0, 24, 0, 2, 2],
        12,
        DecodeErrorReason::OptionOverrun {
            code,
            declared: 2,
            left: 1,
        },
    );
    refused(
        10,
        &[0, 24, 0, 0],
        12,
        DecodeErrorReason::OptionLength {
            code,
            expected,
            actual: 0,
        },
    );
    refused(
        10,
        &[0, 24, 0, 2, 2, 2],
        12,
        DecodeErrorReason::OptionLength {
            code,
            expected,
            actual: 2,
        },
    );
    refused(
        10,
        &[0, 24, 0, 1, 2, 0, 24, 0, 1, 2],
        17,
        DecodeErrorReason::RepeatedOption(state),
    );
    let binding_status = DecodeErrorReason::BindingStatus(0);
    refused(3, &[0, 3, 0, 1, 0], 12, binding_status);
}

#[test]
fn an_option_that_is_not_kept_may_repeat_and_have_any_size() {
    // Server-state in a CONTACT: ISC skips it unread.
    let options = [0, 24, 0, 1, 2, 0, 24, 0, 0];
    let frame = decode_one(&raw(11, &options));
    assert_eq!(frame.message, Message::Contact);
    assert_eq!(frame.unknown.len(), 2);
    assert_eq!(encode(&frame), raw(11, &options));
}

#[test]
fn a_kept_option_of_an_ack_that_has_no_field_is_checked_and_carried() {
    let address_and_expiry = [0, 2, 0, 4, 10, 0, 0, 1, 0, 18, 0, 4, 0, 0, 0, 9];
    let frame = decode_one(&raw(4, &address_and_expiry));
    assert_eq!(frame.unknown[0].code, OptionCode::POTENTIAL_EXPIRATION_TIME);
    assert_eq!(encode(&frame), raw(4, &address_and_expiry));
    let code = OptionCode::POTENTIAL_EXPIRATION_TIME;
    let reason = DecodeErrorReason::OptionLength {
        code,
        expected: 4,
        actual: 1,
    };
    refused(4, &[0, 18, 0, 1, 9], 12, reason);
}

#[test]
fn an_oversized_hardware_address_is_told_and_carried() {
    let mut options = vec![0, 2, 0, 4, 10, 0, 0, 1, 0, 5, 0, 22, 1];
    options.extend([7; 21]);
    let frame = decode_one(&raw(3, &options));
    let Message::BindingUpdate(update) = &frame.message else {
        panic!("a BNDUPD")
    };
    assert_eq!(update.hardware, Some(HardwareAddress::OVERSIZED));
    assert_eq!(encode(&frame), raw(3, &options));
}

#[test]
fn type_zero_is_ignored_even_with_options() {
    let frame = decode_one(&raw(0, &[0, 24, 0, 1, 2]));
    assert_eq!(frame.message, Message::Unknown { message_type: 0 });
    assert_eq!(frame.unknown.len(), 1);
}

#[test]
fn lengths_and_payload_offsets_stop_at_their_bounds() {
    let with_length = |length: u16| {
        let mut src = BytesMut::from(&length.to_be_bytes()[..]);
        src.resize(usize::from(length).max(2), 0);
        src[2..].fill(0);
        if src.len() > 3 {
            src[2] = 11;
            src[3] = 12;
        }
        decode(&mut src)
    };
    for length in [0, 2, 11, 2049, u16::MAX] {
        let reason = DecodeErrorReason::MessageLength(length);
        assert_eq!(with_length(length), Err(DecodeError { offset: 0, reason }));
    }
    assert!(matches!(with_length(12), Ok(Some(_))));
    // 2036 zero bytes are 509 empty options of code 0.
    assert_eq!(with_length(2048).unwrap().unwrap().unknown.len(), 509);

    let with_offset = |payload_offset: u8| {
        let mut src = raw(11, &[0; 4]);
        src[3] = payload_offset;
        decode(&mut src).map(|frame| frame.unwrap().unknown.len())
    };
    assert_eq!(with_offset(12), Ok(1));
    assert_eq!(with_offset(16), Ok(0));
    for payload_offset in [0, 11, 17, 255] {
        let reason = DecodeErrorReason::PayloadOffset {
            payload_offset,
            length: 16,
        };
        assert_eq!(
            with_offset(payload_offset),
            Err(DecodeError { offset: 3, reason })
        );
    }
}

#[test]
fn the_length_alone_is_enough_to_refuse() {
    let mut src = BytesMut::from(&[0xff, 0xff][..]);
    assert!(decode(&mut src).is_err());
    assert_eq!(decode(&mut BytesMut::from(&[0xff][..])), Ok(None));
}

#[test]
fn a_batch_behind_a_longer_header_is_split_too() {
    let first = [0, 2, 0, 4, 10, 0, 0, 1];
    let second = [0, 2, 0, 4, 10, 0, 0, 2];
    let mut src = raw(4, &[&[0xff; 4][..], &first, &second].concat());
    src[3] = 16;
    for binding in [first, second] {
        let frame = decode(&mut src).unwrap().unwrap();
        assert_eq!(encode(&frame), raw(4, &binding));
    }
    assert!(src.is_empty());
}
