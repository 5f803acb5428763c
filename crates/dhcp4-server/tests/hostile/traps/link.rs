//! Handshakes that dhcpd gets wrong, requests that it repeats.

use dhcp_failover::ServerState;
use failover_wire::{ConnectAck, Frame, Message, RejectReason, ServerFlags, Xid};

use super::REDIAL;
use super::states::states;
use crate::partner::{Partner, conf};

#[test]
fn a_refusal_that_is_a_bare_close_is_met_with_patience() {
    for primary in [true, false] {
        let mut partner = Partner::of(primary);
        partner.pass(20);
        let dials = partner.dials;
        for _ in 0..10 {
            let conn = partner.open();
            partner.lose(conn);
            assert!(partner.serves());
        }
        partner.pass(10 * REDIAL);
        let dialled = partner.dials - dials;
        assert!(
            (5..=11).contains(&dialled),
            "{dialled} dials in {} s",
            10 * REDIAL
        );
        partner.assert_unharmed();
    }
}

#[test]
fn a_state_behind_a_refused_acknowledgement_is_not_read() {
    let mut partner = Partner::of(true);
    partner.pass(20);
    let conn = partner.open();
    let wrong = ConnectAck {
        relationship_name: None,
        ..partner.connect_ack()
    };
    let refused = ConnectAck {
        reject: Some(RejectReason::TIME_MISMATCH),
        ..partner.connect_ack()
    };
    for ack in [wrong, refused] {
        partner.say(conn, Message::ConnectAck(ack));
        partner.say_state(conn, ServerState::Normal, ServerFlags(0));
        partner.say_state(conn, ServerState::Shutdown, ServerFlags(0));
        assert_eq!(partner.state(), ServerState::CommunicationsInterrupted);
        assert_eq!(
            partner.endpoint().partner_state(),
            Some(ServerState::Normal),
            "as the file has it"
        );
    }
    // Nor one without any handshake.
    let conn = partner.open();
    partner.say_state(conn, ServerState::PartnerDown, ServerFlags(0));
    assert!(partner.is_closed(conn));
    partner.assert_unharmed();
}

#[test]
fn our_state_waits_for_the_primarys() {
    let mut partner = Partner::of(false);
    let conn = partner.shake_hands();
    let heard = partner.hear(conn);
    assert!(
        matches!(
            &heard[..],
            [Frame {
                message: Message::ConnectAck(_),
                ..
            }]
        ),
        "{heard:?}"
    );
    partner.say_state(conn, ServerState::Normal, ServerFlags(0));
    assert!(!states(&partner.hear(conn)).is_empty());
}

#[test]
fn flow_control_numbers_that_are_missing() {
    let mut partner = Partner::of(true);
    partner.pass(20);
    let leases: Vec<_> = (0..3).map(|_| partner.lease()).collect();
    let conn = partner.open();
    let ack = ConnectAck {
        max_unacked: None,
        receive_timer: None,
        ..partner.connect_ack()
    };
    partner.say(conn, Message::ConnectAck(ack));
    partner.say_state(conn, ServerState::Normal, ServerFlags(0));
    partner.say_no_more();
    assert!(partner.accept_all(conn) >= leases.len(), "not mute");
    partner.pass_in_contact(conn, 60);
    let heard = partner.hear(conn);
    let contacts = heard
        .iter()
        .filter(|frame| frame.message == Message::Contact)
        .count();
    assert!(
        (2..=60).contains(&contacts),
        "neither a flood nor silence: {contacts} in 60 s"
    );
    partner.assert_unharmed();
}

#[test]
fn several_requests_for_all_are_answered_by_the_last() {
    let (mut partner, link) = Partner::normal(true);
    partner.hear(link);
    let xids: Vec<Xid> = (0..3)
        .map(|_| partner.say(link, Message::UpdateRequestAll))
        .collect();
    let mut done = Vec::new();
    for _ in 0..1000 {
        let heard = partner.hear(link);
        if heard.is_empty() {
            break;
        }
        for frame in heard {
            match frame.message {
                Message::UpdateDone => done.push(frame.xid),
                Message::BindingUpdate(update) => partner.accept(link, &(frame.xid, update)),
                _ => {}
            }
        }
    }
    assert_eq!(done, xids[2..]);
}

/// As with dhcpd, the first relationship with an address has its connections; the other one is refused, and harms nothing.
#[test]
fn two_relationships_with_one_address() {
    let first = conf(false);
    let begin = first.find("failover peer").expect("it has one");
    let end = first.find("subnet").expect("it has one");
    let second = first[begin..end].replace("dhcp-failover", "other");
    let subnet = first[end..]
        .replace("dhcp-failover", "other")
        .replace("192.168.1.", "192.168.2.");
    let mut partner = Partner::configured(false, &format!("{first}\n{second}\n{subnet}"), "");
    let conn = partner.open();
    let mut connect = partner.connect();
    connect.relationship_name = Some(bytes::Bytes::from_static(b"other"));
    partner.say(conn, Message::Connect(connect));
    assert!(partner.is_closed(conn));
    let link = partner.link_up(ServerState::Recover);
    assert!(partner.endpoint().is_connected() && !partner.is_closed(link));
    let other = &partner.rig.server.core().endpoints()[1];
    assert!(!other.is_connected());
    assert_eq!(other.name(), "other");
}
