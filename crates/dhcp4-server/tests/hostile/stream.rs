//! Lines 1 to 7: bytes that are no messages.

use std::net::Ipv4Addr;

use dhcp_failover::ServerState;
use dhcp4_server::ConnId;
use failover_wire::{BindingAck, Message, MessageType};

use crate::messages::{raw, raw_body};
use crate::partner::{Partner, RECEIVE_TIMER};
use crate::rig::START;

/// How long a new connection may take, seconds.
const HANDSHAKE: u32 = 15;

const STATE: u8 = MessageType::STATE.0;
const CONTACT: u8 = MessageType::CONTACT.0;
const BNDUPD: u8 = MessageType::BINDING_UPDATE.0;

/// These bytes close a new connection, and the link, of a primary and of a secondary, and do nothing else.
#[track_caller]
fn assert_dropped(bytes: &[u8]) {
    for primary in [true, false] {
        let (mut partner, link) = Partner::normal(primary);
        partner.say_bytes(link, bytes);
        assert!(
            partner.is_closed(link),
            "{bytes:02x?} {:#?}",
            partner.rig.log
        );
        assert_eq!(partner.state(), ServerState::CommunicationsInterrupted);
        let early = partner.open();
        partner.say_bytes(early, bytes);
        assert!(partner.is_closed(early), "{bytes:02x?}");
        partner.assert_unharmed();
    }
}

#[test]
fn lengths_that_no_message_has() {
    for length in [0, 1, 11, 2049, u16::MAX] {
        // The two bytes of the length are enough: nothing more is waited for.
        assert_dropped(&u16::to_be_bytes(length));
    }
}

#[test]
fn promised_bytes_withheld_before_the_handshake() {
    for primary in [true, false] {
        let mut partner = Partner::of(primary);
        partner.pass(20); // STARTUP is over: it serves alone
        let conn = partner.open();
        partner.say_bytes(conn, &[0, 200, STATE]);
        for second in 1..HANDSHAKE {
            partner.pass(1);
            partner.say_bytes(conn, &[12]);
            assert!(!partner.is_closed(conn), "after {second} s");
            assert!(partner.serves());
        }
        partner.pass(1);
        assert!(
            partner.is_closed(conn),
            "the deadline is for the whole handshake"
        );
        partner.assert_unharmed();
    }
}

#[test]
fn one_byte_a_second_on_the_link() {
    let (mut partner, link) = Partner::normal(true);
    partner.say_bytes(link, &2048u16.to_be_bytes());
    let mut contacts = 0;
    for second in 1..RECEIVE_TIMER {
        partner.pass(1);
        partner.say_bytes(link, &[CONTACT]);
        assert!(!partner.is_closed(link), "after {second} s");
        assert!(partner.serves());
        let heard = partner.hear(link);
        contacts += heard
            .iter()
            .filter(|frame| frame.message == Message::Contact)
            .count();
    }
    assert!(contacts >= 2, "our timers fire meanwhile: {contacts}");
    partner.pass(1);
    assert!(
        partner.is_closed(link),
        "bytes that aren't a message are no contact"
    );
    partner.assert_unharmed();
}

#[test]
fn payload_offsets_outside_of_the_message() {
    for payload_offset in [0, 8, 11, 17, 255] {
        assert_dropped(&raw_body(CONTACT, payload_offset, &[0; 4]));
    }
}

#[test]
fn a_longer_header_is_skipped() {
    let (mut partner, link) = Partner::normal(true);
    let options = raw(STATE, &[(24, &[ServerState::Paused as u8]), (23, &[0])]);
    let longer = [&[0xff; 8][..], &options[12..]].concat();
    partner.say_bytes(link, &raw_body(STATE, 20, &longer));
    assert!(!partner.is_closed(link));
    let heard = partner.endpoint().partner_state();
    assert_eq!(
        heard,
        Some(ServerState::Paused),
        "the STATE behind eight bytes more was read"
    );
}

#[test]
fn message_types_that_there_are_not() {
    for message_type in [0, 13, 128, 255] {
        assert_dropped(&raw(message_type, &[]));
        assert_dropped(&raw(message_type, &[(24, &[2])]));
    }
}

#[test]
fn options_out_of_shape() {
    let past_the_end = raw_body(STATE, 12, &[0, 24, 0, 2, 2]);
    let stray = raw_body(CONTACT, 12, &[0, 0, 0]);
    assert_dropped(&past_the_end);
    assert_dropped(&stray);
    let address: &[u8] = &[192, 168, 1, 50];
    for (message_type, options) in [
        (STATE, &[(24, &[2, 2][..])][..]),
        (STATE, &[(24, &[])]),
        (STATE, &[(24, &[2]), (24, &[2])]),
        (BNDUPD, &[(2, &address[..3]), (3, &[1])]),
        (BNDUPD, &[(2, address), (3, &[1, 1])]),
        (BNDUPD, &[(2, address), (3, &[1]), (13, &[0; 5])]),
        (BNDUPD, &[(2, address), (3, &[1]), (3, &[1])]),
        (MessageType::CONNECT.0, &[(15, &[1])]),
        (
            MessageType::CONNECT.0,
            &[(22, b"dhcp-failover"), (22, b"dhcp-failover")],
        ),
        (MessageType::CONNECT_ACK.0, &[(14, &[0; 3])]),
        (MessageType::DISCONNECT.0, &[(21, &[1]), (21, &[1])]),
    ] {
        assert_dropped(&raw(message_type, options));
    }
    // A binding-status that there is not: ISC exits.
    for status in [0, 8, 255] {
        assert_dropped(&raw(BNDUPD, &[(2, address), (3, &[status])]));
    }
}

#[test]
fn unknown_options_are_ignored() {
    let unknown: [(u16, &[u8]); 4] = [
        (0, b""),
        (30, b"x"),
        (9, b"\x00\x01name"),
        (u16::MAX, &[7; 300]),
    ];
    for primary in [true, false] {
        let (mut partner, link) = Partner::normal(primary);
        let of_state = [(24, &[ServerState::Normal as u8][..]), (23, &[0])];
        partner.say_bytes(
            link,
            &raw(STATE, &[&unknown[..], &of_state, &unknown].concat()),
        );
        partner.say_bytes(link, &raw(CONTACT, &unknown));
        assert!(!partner.is_closed(link));
        assert_accepted_with(&mut partner, link, &unknown);
        partner.assert_unharmed();
    }
}

/// A lease announced beside other options is acknowledged and stored.
#[track_caller]
fn assert_accepted_with(partner: &mut Partner, link: ConnId, options: &[(u16, &[u8])]) {
    let address = Ipv4Addr::new(192, 168, 1, 60);
    let ends = (START + 600).to_be_bytes();
    let hardware = [1, 2, 0, 0, 0, 0, 9];
    let octets = address.octets();
    let lease: [(u16, &[u8]); 5] = [
        (2, &octets),
        (3, &[2]),
        (5, &hardware),
        (13, &ends),
        (18, &ends),
    ];
    partner.hear(link);
    partner.say_bytes(link, &raw(BNDUPD, &[&lease[..], options].concat()));
    let heard = partner.hear(link);
    let accepted = BindingAck {
        address: Some(address),
        ..BindingAck::default()
    };
    assert!(
        heard
            .iter()
            .any(|frame| frame.message == Message::BindingAck(accepted.clone())),
        "{heard:?}"
    );
    let mut stored = partner.rig.server.core().bindings().iter();
    let lease = stored
        .find(|(at, _)| *at == address)
        .expect("it is in the pool")
        .1;
    assert_eq!(lease.client.hardware.as_wire(), hardware);
}
