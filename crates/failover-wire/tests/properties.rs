//! What must hold for every frame and every run of bytes.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers panic as the test does"
)]

mod common;

use std::net::Ipv4Addr;

use bytes::{Bytes, BytesMut};
use common::{captures, decode_one, encode, unhex};
use failover_wire::{
    BindingAck, BindingStatus, BindingUpdate, Connect, ConnectAck, Disconnect, Frame, HEADER_LEN,
    HardwareAddress, IpFlags, MAX_MESSAGE_LEN, Message, MessageType, OptionCode, PoolResponse,
    RejectReason, ServerFlags, ServerStateCode, StateMessage, UnixTime, UnknownOption, Xid, decode,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

fn bytes() -> impl Strategy<Value = Bytes> + Clone {
    vec(any::<u8>(), 0..200).prop_map(Bytes::from)
}

fn time() -> impl Strategy<Value = UnixTime> + Clone {
    any::<u32>().prop_map(UnixTime)
}

fn reject() -> impl Strategy<Value = RejectReason> {
    any::<u8>().prop_map(RejectReason)
}

fn hardware() -> impl Strategy<Value = HardwareAddress> {
    vec(any::<u8>(), 0..=HardwareAddress::MAX_LEN)
        .prop_map(|value| HardwareAddress::from_wire(&value))
}

fn binding_update() -> impl Strategy<Value = Message> {
    (
        (
            any::<Option<Ipv4Addr>>(),
            of(select(BindingStatus::ALL.to_vec())),
            of(bytes()),
            of(hardware()),
        ),
        (of(time()), of(time()), of(time()), of(time())),
        (of(any::<u16>().prop_map(IpFlags)), of(bytes()), of(bytes())),
    )
        .prop_map(|(who, when, rest)| {
            Message::BindingUpdate(BindingUpdate {
                address: who.0,
                status: who.1,
                client_identifier: who.2,
                hardware: who.3,
                lease_expiration: when.0,
                potential_expiration: when.1,
                start_of_state: when.2,
                client_last_transaction: when.3,
                ip_flags: rest.0,
                client_request_options: rest.1,
                client_reply_options: rest.2,
            })
        })
}

fn connect() -> impl Strategy<Value = Message> {
    let numbers = any::<(
        Option<u32>,
        Option<u32>,
        Option<u8>,
        Option<u8>,
        Option<u32>,
    )>();
    (numbers, of(bytes()), of(bytes()), of(bytes())).prop_map(
        |(numbers, relationship_name, vendor_class, hba)| {
            Message::Connect(Connect {
                relationship_name,
                max_unacked: numbers.0,
                receive_timer: numbers.1,
                vendor_class,
                protocol_version: numbers.2,
                tls_request: numbers.3,
                mclt: numbers.4,
                hba,
            })
        },
    )
}

fn connect_ack() -> impl Strategy<Value = Message> {
    let numbers = any::<(Option<u32>, Option<u32>, Option<u8>, Option<u8>, Option<u8>)>();
    (numbers, of(bytes()), of(bytes()), of(bytes())).prop_map(
        |(numbers, relationship_name, vendor_class, message)| {
            Message::ConnectAck(ConnectAck {
                relationship_name,
                max_unacked: numbers.0,
                receive_timer: numbers.1,
                vendor_class,
                protocol_version: numbers.2,
                tls_reply: numbers.3,
                reject: numbers.4.map(RejectReason),
                message,
            })
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        select(vec![
            Message::PoolRequest,
            Message::UpdateRequestAll,
            Message::UpdateDone,
            Message::UpdateRequest,
            Message::Contact,
        ]),
        prop_oneof![Just(0), 13..=255u8].prop_map(|message_type| Message::Unknown { message_type }),
        any::<Option<u32>>().prop_map(|addresses_transferred| {
            Message::PoolResponse(PoolResponse {
                addresses_transferred,
            })
        }),
        binding_update(),
        (any::<Option<Ipv4Addr>>(), of(reject()), of(bytes())).prop_map(
            |(address, reject, message)| {
                Message::BindingAck(BindingAck {
                    address,
                    reject,
                    message,
                })
            }
        ),
        connect(),
        connect_ack(),
        (any::<Option<u8>>(), any::<Option<u8>>(), of(time())).prop_map(
            |(state, flags, start_of_state)| {
                Message::State(StateMessage {
                    state: state.map(ServerStateCode),
                    flags: flags.map(ServerFlags),
                    start_of_state,
                })
            }
        ),
        (of(reject()), of(bytes()))
            .prop_map(|(reject, message)| { Message::Disconnect(Disconnect { reject, message }) }),
    ]
}

/// Options that no message has a field for.
fn unknown() -> impl Strategy<Value = Vec<UnknownOption>> {
    let code = prop_oneof![select(vec![0, 9, 10, 17, 29]), 30..=u16::MAX];
    let option = (code, bytes()).prop_map(|(code, data)| UnknownOption {
        code: OptionCode(code),
        data,
    });
    vec(option, 0..4)
}

fn frame() -> impl Strategy<Value = Frame> {
    (time(), any::<u32>().prop_map(Xid), message(), unknown()).prop_map(
        |(time, xid, message, unknown)| {
            let carries = message.message_type() <= MessageType::DISCONNECT;
            Frame {
                time,
                xid,
                message,
                unknown: if carries { unknown } else { vec![] },
            }
        },
    )
}

proptest! {
    #[test]
    fn a_frame_survives_the_wire(frame in frame()) {
        prop_assert_eq!(decode_one(&encode(&frame)), frame);
    }

    #[test]
    fn frames_survive_one_stream(frames in vec(frame(), 0..8), cut: prop::sample::Index) {
        let stream: Vec<u8> = frames.iter().flat_map(encode).collect();
        let (first, second) = stream.split_at(cut.index(stream.len() + 1));
        let mut src = BytesMut::from(first);
        let mut received = Vec::new();
        for segment in [&[][..], second] {
            src.extend_from_slice(segment);
            while let Some(frame) = decode(&mut src).unwrap() {
                received.push(frame);
            }
        }
        prop_assert_eq!(received, frames);
        prop_assert!(src.is_empty());
    }

    #[test]
    fn a_message_short_of_a_byte_is_waited_for(frame in frame()) {
        let encoded = encode(&frame);
        for end in 0..encoded.len() {
            let mut src = BytesMut::from(&encoded[..end]);
            prop_assert_eq!(decode(&mut src), Ok(None));
            prop_assert_eq!(&src, &encoded[..end]);
        }
    }

    #[test]
    fn a_damaged_message_is_a_frame_or_an_error(
        which: prop::sample::Index, damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        static CAPTURES: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
        let captures = CAPTURES.get_or_init(|| captures().iter().map(|line| unhex(&line["hex"])).collect());
        let mut bytes = which.get(captures).clone();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let mut src = BytesMut::from(&bytes[..]);
        if let Ok(Some(frame)) = decode(&mut src) {
            prop_assert_eq!(decode_one(&encode(&frame)), frame);
        }
    }

    #[test]
    fn a_frame_over_the_limit_is_refused_and_leaves_no_trace(
        length in MAX_MESSAGE_LEN - 30..MAX_MESSAGE_LEN + 30, before in vec(any::<u8>(), 0..20),
    ) {
        let message = Bytes::from(vec![b'x'; length - HEADER_LEN - 4]);
        let body = Disconnect { reject: None, message: Some(message) };
        let frame = Frame::new(UnixTime::ZERO, Xid(1), Message::Disconnect(body));
        let mut dst = BytesMut::from(&before[..]);
        match frame.encode(&mut dst) {
            Ok(()) => {
                prop_assert!(length <= MAX_MESSAGE_LEN);
                prop_assert_eq!(decode_one(&dst[before.len()..]), frame);
            }
            Err(error) => {
                prop_assert!(length > MAX_MESSAGE_LEN);
                prop_assert_eq!((error.length, error.message_type), (length, MessageType::DISCONNECT));
                prop_assert_eq!(&dst[..], &before[..]);
            }
        }
    }

    #[test]
    fn a_batch_is_its_bindings_one_by_one(
        updates in vec(binding_update(), 1..5), addresses: [Ipv4Addr; 5], trailer in frame(),
    ) {
        let bindings: Vec<Frame> = updates.into_iter().zip(addresses).map(|(mut message, address)| {
            let Message::BindingUpdate(update) = &mut message else { unreachable!() };
            update.address = Some(address);
            Frame::new(UnixTime(7), Xid(3), message)
        }).collect();
        let mut batch = encode(&bindings[0]);
        batch.extend(bindings[1..].iter().flat_map(|frame| encode(frame).split_off(HEADER_LEN)));
        prop_assume!(batch.len() <= MAX_MESSAGE_LEN);
        let length = u16::try_from(batch.len()).unwrap();
        batch[..2].copy_from_slice(&length.to_be_bytes());

        let mut src = BytesMut::from(&[batch, encode(&trailer)].concat()[..]);
        for binding in bindings.iter().chain([&trailer]) {
            let decoded = decode(&mut src).unwrap();
            prop_assert_eq!(decoded.as_ref(), Some(binding));
        }
        prop_assert!(src.is_empty());
    }
}
