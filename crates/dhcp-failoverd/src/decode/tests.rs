//! The whole way from a capture file's bytes to the lines.

mod any;
mod made;

use std::net::{Ipv4Addr, SocketAddrV4};

use bytes::BytesMut;
use etherparse::{IpFragOffset, IpNumber, Ipv4Header};
use failover_wire::{
    ConnectAck, Disconnect, Frame, Message, OptionCode, RejectReason, ServerFlags, ServerState,
    StateMessage, UnixTime, UnknownOption, Xid,
};
use serde_json::Value;

use super::hex;
use made::{
    Capture, End, START, ack, active, connect, encoded, explained, messages, primary, said,
    secondary,
};

#[test]
fn a_life_of_a_connection() {
    let mut capture = Capture::default();
    let (mut secondary, mut primary) = capture.open();
    let send = |capture: &mut Capture, end: &mut End, xid, message| {
        capture.segment(end, "A", &encoded(xid, message));
    };
    send(&mut capture, &mut primary, 0, Message::Connect(connect()));
    let accepted = ConnectAck {
        relationship_name: Some("lab".into()),
        max_unacked: Some(10),
        receive_timer: Some(30),
        protocol_version: Some(1),
        ..ConnectAck::default()
    };
    send(
        &mut capture,
        &mut secondary,
        0,
        Message::ConnectAck(accepted),
    );
    let interrupted = ServerState::CommunicationsInterrupted;
    let state = StateMessage::new(interrupted, ServerFlags::STARTUP, UnixTime(START - 86400));
    send(&mut capture, &mut primary, 1, Message::State(state));
    for xid in 17..20 {
        send(
            &mut capture,
            &mut primary,
            xid,
            Message::BindingUpdate(active()),
        );
    }
    send(
        &mut capture,
        &mut secondary,
        17,
        Message::BindingAck(ack(None, None)),
    );
    let outdated = ack(
        Some(RejectReason::OUTDATED_BINDING_INFO),
        Some("Outdated binding information."),
    );
    send(
        &mut capture,
        &mut secondary,
        18,
        Message::BindingAck(outdated),
    );
    let conflict = ack(
        Some(RejectReason::FATAL_CONFLICT),
        Some("it is \x1b[2J mine"),
    );
    send(
        &mut capture,
        &mut secondary,
        99,
        Message::BindingAck(conflict),
    );
    let disconnect = Disconnect {
        reject: Some(RejectReason::NO_TRAFFIC),
        message: None,
    };
    send(
        &mut capture,
        &mut primary,
        20,
        Message::Disconnect(disconnect),
    );
    capture.segment(&mut primary, "FA", b"");
    capture.segment(&mut secondary, "FA", b"");
    let update = "10.77.0.101 ACTIVE for 00:16:3e:00:00:01, ends in 120 s (15:37:10), \
        partner may assume until 15:38:10, client heard 15:35:10";
    let expected = [
        "[1] 10.78.0.2:40000 dials 10.78.0.1:647".into(),
        "[1] primary → secondary  CONNECT #0  let us be \"lab\", MCLT 3600 s, at most 10 updates unacknowledged, \
         I hang up after 30 s of silence, split 128 of 256, I run isc-4.4.3-P1, clock 2 s behind the capture's"
            .into(),
        "[1] secondary → primary  CONNECTACK #0  accepted as \"lab\", at most 10 updates unacknowledged, \
         I hang up after 30 s of silence, clock 3 s behind the capture's"
            .into(),
        "[1] primary → secondary  STATE #1  I am COMMUNICATIONS-INTERRUPTED (since 2026-11-22 15:35:10), starting up"
            .into(),
        format!("[1] primary → secondary  BNDUPD #17  {update}"),
        format!("[1] primary → secondary  BNDUPD #18  {update}"),
        format!("[1] primary → secondary  BNDUPD #19  {update}"),
        "[1] secondary → primary  BNDACK #17  10.77.0.101 ACTIVE accepted".into(),
        "[1] secondary → primary  BNDACK #18  10.77.0.101 ACTIVE refused: outdated binding information (reason 15)"
            .into(),
        "[1] secondary → primary  BNDACK #99  10.77.0.101 refused: fatal conflict exists: address in use by other \
         client (reason 2) \"it is \\x1b[2J mine\", which answers no update of this connection"
            .into(),
        "[1] primary → secondary  DISCONNECT #20  I hang up: no traffic within sufficient time (reason 17)".into(),
        "[1] primary closes the connection".into(),
        "[1] secondary closes the connection".into(),
        "[1] SUMMARY \"lab\", secondary sent 3 BNDACK, 1 CONNECTACK; primary sent 3 BNDUPD, 1 CONNECT, 1 STATE, \
         1 DISCONNECT (updates: 1 accepted, 1 refused, 1 unanswered: #19 10.77.0.101)"
            .into(),
    ];
    assert_eq!(said(&capture), expected.map(|line: String| line));
}

#[test]
fn undecodable_bytes_are_shown_and_the_next_connection_is_read() {
    let mut capture = Capture::default();
    let (_, mut primary) = capture.open();
    let mut wrong = encoded(7, Message::State(StateMessage::default()));
    wrong.extend([0, 24, 0, 2, 1, 1]); // a server-state of two bytes
    wrong[1] = wrong.len() as u8;
    capture.segment(&mut primary, "A", &wrong);
    capture.segment(&mut primary, "A", b"\xff\xff not failover");
    capture.segment(&mut primary, "RA", b"");
    let (_, mut primary) =
        capture.open_between("10.78.0.2:40001".parse().unwrap(), made::primary());
    capture.segment(&mut primary, "A", &encoded(1, Message::Contact));
    let expected = [
        "[1] 10.78.0.2:40000 dials 10.78.0.1:647",
        "[1] 10.78.0.1 → 10.78.0.2  18 bytes at offset 0, undecodable at byte 12: option 24 (server-state) must be 1 \
         bytes long, not 2: 00120a0c6b045d2e00000007001800020101",
        "[1] 10.78.0.1 → 10.78.0.2  12 bytes at offset 18, undecodable at byte 0: message length 65535 is outside \
         12..=2048: ffff206e6f74206661696c6f",
        "[1] 10.78.0.1 → 10.78.0.2  15 bytes at offset 18, passed over: ffff206e6f74206661696c6f766572",
        "[1] 10.78.0.1:647 resets the connection",
        "[2] 10.78.0.2:40001 dials 10.78.0.1:647",
        "[2] 10.78.0.1 → 10.78.0.2  CONTACT #1  I am here",
        "[1] SUMMARY 10.78.0.1:647 sent 2 undecodable",
        "[2] SUMMARY 10.78.0.1:647 sent 1 CONTACT",
    ];
    assert_eq!(said(&capture), expected);
}

#[test]
fn a_capture_that_begins_in_the_middle() {
    let mut capture = Capture::default();
    let mut secondary = End {
        address: secondary(),
        to: primary(),
        next: 5000,
    };
    let mut primary = End {
        address: primary(),
        to: made::secondary(),
        next: 7000,
    };
    capture.segment(&mut primary, "A", b"");
    let stream = [
        &encoded(3, Message::BindingUpdate(active()))[30..],
        &encoded(4, Message::BindingUpdate(active())),
    ];
    capture.segment(&mut primary, "A", &stream.concat());
    capture.segment(
        &mut secondary,
        "A",
        &encoded(3, Message::BindingAck(ack(None, None))),
    );
    let said = said(&capture);
    assert_eq!(
        said[0],
        "[1] 10.78.0.1:647 and 10.78.0.2:40000 are connected: the capture began later"
    );
    let skipped = "[1] 10.78.0.1 → 10.78.0.2  38 bytes at offset 0, passed over: ";
    assert!(said[1].starts_with(skipped), "{}", said[1]);
    assert!(
        said[2].contains("BNDUPD #4  10.77.0.101 ACTIVE"),
        "{}",
        said[2]
    );
    // Its update may have come before the capture began.
    assert!(
        said[3].ends_with("BNDACK #3  10.77.0.101 accepted"),
        "{}",
        said[3]
    );
}

#[test]
fn bytes_missing_from_the_capture_are_a_gap() {
    let mut capture = Capture::default();
    let (_, mut primary) = capture.open();
    let update = encoded(3, Message::BindingUpdate(active()));
    capture.segment(&mut primary, "A", &update[..20]);
    primary.next += update.len() as u32 - 20;
    capture.segment(&mut primary, "A", &encoded(4, Message::Contact));
    capture.segment(&mut primary, "FA", b"");
    let said = said(&capture);
    let partial = "[1] 10.78.0.1 → 10.78.0.2  20 bytes at offset 0, an incomplete message: ";
    assert!(said[1].starts_with(partial), "{}", said[1]);
    assert_eq!(
        said[2],
        "[1] 10.78.0.1 → 10.78.0.2  GAP: 48 bytes are missing from the capture"
    );
    assert!(said[3].ends_with("CONTACT #4  I am here"), "{}", said[3]);
    assert_eq!(said[4], "[1] 10.78.0.1:647 closes the connection");
}

#[test]
fn other_ports_count_if_they_begin_with_connect() {
    let mut capture = Capture::default();
    let port = |port| SocketAddrV4::new(Ipv4Addr::new(10, 78, 0, 1), port);
    let (mut client, _) = capture.open_between(secondary(), port(80));
    let (_, mut primary) = capture.open_between(secondary(), port(5000));
    capture.segment(&mut client, "A", b"GET / HTTP/1.1\r\n\r\n");
    for byte in encoded(0, Message::Connect(connect())) {
        capture.segment(&mut primary, "A", &[byte]);
    }
    let (_, mut contact) = capture.open_between(secondary(), port(5001));
    capture.segment(&mut contact, "A", &encoded(0, Message::Contact));
    let said = said(&capture);
    assert_eq!(said[0], "[1] 10.78.0.2:40000 dials 10.78.0.1:5000");
    assert!(said[1].starts_with("[1] primary → secondary  CONNECT #0  let us be \"lab\""));
    assert_eq!(said[2], "[1] SUMMARY \"lab\", primary sent 1 CONNECT");
    assert_eq!(said.len(), 3);
}

#[test]
fn who_is_refused_who_dials_twice_and_who_hears_nothing() {
    let mut capture = Capture::default();
    let dial = |capture: &mut Capture, next| {
        let (address, to) = (secondary(), primary());
        let mut end = End { address, to, next };
        capture.segment(&mut end, "S", b"");
    };
    dial(&mut capture, 0);
    dial(&mut capture, 0);
    let (address, to) = (primary(), secondary());
    let mut dialled = End {
        address,
        to,
        next: 0,
    };
    capture.segment(&mut dialled, "RA", b"");
    dial(&mut capture, 77);
    dial(&mut capture, 77);
    let expected = [
        "[1] 10.78.0.2:40000 dials 10.78.0.1:647",
        "[1] 10.78.0.1:647 refuses the connection",
        "[2] 10.78.0.2:40000 dials 10.78.0.1:647",
        "[2] SUMMARY no messages",
    ];
    assert_eq!(said(&capture), expected);
}

#[test]
fn a_reset_that_the_receiver_ignores_ends_nothing() {
    let mut capture = Capture::default();
    let (_, mut primary) = capture.open();
    let next = primary.next;
    primary.next = next.wrapping_add(1 << 30);
    capture.segment(&mut primary, "R", b"");
    primary.next = next;
    capture.segment(&mut primary, "A", &encoded(1, Message::Contact));
    let said = said(&capture);
    assert_eq!(said[1], "[1] 10.78.0.1 → 10.78.0.2  CONTACT #1  I am here");
}

#[test]
fn two_that_both_send_connect_have_no_roles() {
    let mut capture = Capture::default();
    let (mut one, mut other) = capture.open();
    capture.segment(&mut one, "A", &encoded(0, Message::Connect(connect())));
    capture.segment(&mut other, "A", &encoded(0, Message::Connect(connect())));
    let said = said(&capture);
    assert!(
        said[1].starts_with("[1] primary → secondary  CONNECT"),
        "{}",
        said[1]
    );
    assert!(
        said[2].starts_with("[1] 10.78.0.1 → 10.78.0.2  CONNECT"),
        "{}",
        said[2]
    );
}

#[test]
fn several_bindings_in_one_message_are_several_lines() {
    let mut capture = Capture::default();
    let (_, mut primary) = capture.open();
    let one = encoded(5, Message::BindingUpdate(active()));
    let mut batch = [&one[..], &one[12..]].concat();
    batch[1] = batch.len() as u8;
    capture.segment(&mut primary, "A", &batch);
    let lines = messages(&capture.file());
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].1, hex::plain(&batch));
    assert_eq!(lines[0], lines[1]);
}

#[test]
fn a_fragment_is_named_if_it_may_be_failovers() {
    let fragment = |offset: u16, port: u16| {
        let (from, to) = (primary().ip().octets(), secondary().ip().octets());
        let mut header = Ipv4Header::new(8, 64, IpNumber::TCP, from, to).unwrap();
        header.more_fragments = offset == 0;
        header.fragment_offset = IpFragOffset::try_new(offset).unwrap();
        let mut bytes = Vec::new();
        header.write(&mut bytes).unwrap();
        bytes.extend([&port.to_be_bytes()[..], &[0; 6]].concat());
        bytes
    };
    // The first two are web traffic for all we know.
    let packets = vec![fragment(1, 0), fragment(0, 80)];
    let mut capture = Capture { packets };
    capture.open();
    capture
        .packets
        .extend([fragment(0, 80), fragment(0, 647), fragment(1, 0)]);
    let named = "10.78.0.1 → 10.78.0.2  IPv4 fragment passed over: fragments are not put together";
    let said = said(&capture);
    assert_eq!(
        said.iter().filter(|line| *line == named).count(),
        2,
        "{said:#?}"
    );
}

#[test]
fn options_without_a_field_are_shown() {
    let mut capture = Capture::default();
    let (_, mut primary) = capture.open();
    let mut frame = Frame::new(UnixTime(START), Xid(1), Message::Contact);
    frame.unknown.push(UnknownOption {
        code: OptionCode::DDNS,
        data: vec![1, 2, 3].into(),
    });
    let mut bytes = BytesMut::new();
    frame.encode(&mut bytes).unwrap();
    capture.segment(&mut primary, "A", &bytes);
    assert!(said(&capture)[1].ends_with("CONTACT #1  I am here, and option 9 (DDNS) of 3 bytes"));
    let (lines, _) = explained(&capture.file(), true);
    let event: Value = serde_json::from_str(&lines[1]).unwrap();
    assert_eq!(event["unknown-options"][0]["code"], 9);
    assert_eq!(event["unknown-options"][0]["hex"], "010203");
}
