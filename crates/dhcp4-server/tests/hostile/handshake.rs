//! Lines 8 to 16 but for 13, and 28: how a link begins.

use std::net::Ipv4Addr;

use bytes::Bytes;
use dhcp_failover::ServerState;
use dhcp4_server::ConnId;
use failover_wire::{
    Connect, ConnectAck, Frame, Message, MessageType, RejectReason, ServerFlags, UnixTime, Xid,
};

use crate::messages::raw;
use crate::partner::Partner;
use crate::rig::START;

/// A stranger's address.
const STRANGER: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 66);
/// After [`START`], when STARTUP is over.
pub(crate) const LATER: u32 = 20;

/// A secondary that is alone.
pub(crate) fn secondary() -> Partner {
    let mut partner = Partner::of(false);
    partner.pass(LATER);
    partner
}

/// The server answers this CONNECT with a refusal and closes.
#[track_caller]
pub(crate) fn assert_refused(partner: &mut Partner, connect: Connect, reason: RejectReason) {
    let at = partner.rig.now().unix;
    assert_refused_at(partner, connect, at, reason);
}

#[track_caller]
fn assert_refused_at(partner: &mut Partner, connect: Connect, at: UnixTime, reason: RejectReason) {
    let conn = partner.open();
    partner.say_at(conn, at, Xid(5), Message::Connect(connect));
    assert_eq!(
        refusal(partner, conn),
        Some(reason),
        "{:#?}",
        partner.rig.log
    );
    assert!(partner.is_closed(conn));
    assert!(!partner.endpoint().is_connected());
}

/// Why the server has refused, by CONNECTACK or DISCONNECT.
fn refusal(partner: &mut Partner, conn: ConnId) -> Option<RejectReason> {
    partner
        .hear(conn)
        .into_iter()
        .find_map(|frame| match frame.message {
            Message::ConnectAck(ack) => {
                assert_eq!(frame.xid, Xid(5), "the answer to this CONNECT");
                ack.reject
            }
            Message::Disconnect(disconnect) => disconnect.reject,
            _ => None,
        })
}

#[test]
fn a_digest_that_nobody_configured() {
    let mut partner = secondary();
    let mut bytes = bytes::BytesMut::new();
    let connect = Message::Connect(partner.connect());
    let mut frame = Frame::new(partner.rig.now().unix, Xid(5), connect);
    let digest = failover_wire::UnknownOption {
        code: failover_wire::OptionCode::MESSAGE_DIGEST,
        data: Bytes::from_static(&[1; 17]),
    };
    frame.unknown.push(digest);
    frame.encode(&mut bytes).unwrap();
    let conn = partner.open();
    partner.say_bytes(conn, &bytes);
    assert_eq!(
        refusal(&mut partner, conn),
        Some(RejectReason::DIGEST_UNCONFIGURED)
    );
    assert!(partner.is_closed(conn));
    partner.assert_unharmed();

    let mut partner = Partner::of(true);
    partner.pass(LATER);
    let conn = partner.open();
    frame.message = Message::ConnectAck(partner.connect_ack());
    frame.time = partner.rig.now().unix;
    bytes.clear();
    frame.encode(&mut bytes).unwrap();
    partner.say_bytes(conn, &bytes);
    assert_eq!(
        refusal(&mut partner, conn),
        Some(RejectReason::DIGEST_UNCONFIGURED)
    );
    assert!(partner.is_closed(conn));
    partner.assert_unharmed();
}

#[test]
fn a_stranger_is_closed_unread() {
    for primary in [true, false] {
        let (mut partner, link) = Partner::normal(primary);
        let conn = partner.open_from(STRANGER);
        assert!(partner.is_closed(conn));
        partner.say_bytes(conn, &raw(MessageType::STATE.0, &[(24, &[8]), (23, &[0])]));
        assert!(partner.hear(conn).is_empty(), "not a word");
        assert!(!partner.is_closed(link), "and the link stands");
        assert_eq!(
            partner.endpoint().partner_state(),
            Some(ServerState::Normal)
        );
        partner.assert_unharmed();
    }
}

#[test]
fn a_wrong_name_is_refused() {
    let mut partner = secondary();
    let longest = [b'x'; 1900];
    for name in [
        Some(&b"dhcp-failovers"[..]),
        Some(b"dhcp-failover\0"),
        Some(b""),
        Some(&longest),
        None,
    ] {
        let relationship_name = name.map(Bytes::copy_from_slice);
        let connect = Connect {
            relationship_name,
            ..partner.connect()
        };
        assert_refused(&mut partner, connect, RejectReason::INVALID_PARTNER);
    }
    partner.assert_unharmed();
}

#[test]
fn a_wrong_name_in_the_answer_is_refused() {
    let mut partner = Partner::of(true);
    partner.pass(LATER);
    for name in [Some(&b"other"[..]), Some(b""), None] {
        let conn = partner.open();
        let relationship_name = name.map(Bytes::copy_from_slice);
        let ack = ConnectAck {
            relationship_name,
            ..partner.connect_ack()
        };
        partner.say(conn, Message::ConnectAck(ack));
        assert_eq!(
            refusal(&mut partner, conn),
            Some(RejectReason::INVALID_PARTNER)
        );
        assert!(partner.is_closed(conn));
    }
    partner.assert_unharmed();
}

#[test]
fn a_second_connect_on_the_link_closes_it() {
    for primary in [true, false] {
        let (mut partner, link) = Partner::normal(primary);
        let again = partner.connect();
        partner.say(link, Message::Connect(again));
        assert!(partner.is_closed(link));
        partner.assert_unharmed();
    }
}

#[test]
fn a_second_link_beside_the_first() {
    let (mut partner, link) = Partner::normal(false);
    let second = partner.open();
    let connect = partner.connect();
    partner.say(second, Message::Connect(connect));
    assert!(partner.is_closed(second), "the existing link wins");
    assert!(!partner.is_closed(link));
    partner.say(link, Message::UpdateRequest);
    assert!(
        partner
            .hear(link)
            .iter()
            .any(|frame| frame.message == Message::UpdateDone),
        "it works on"
    );
    partner.assert_unharmed();
}

#[test]
fn of_simultaneous_connections_one_is_the_link() {
    for primary in [true, false] {
        let mut partner = Partner::of(primary);
        partner.pass(LATER);
        let conns = [partner.open(), partner.open()];
        for conn in conns {
            let (connect, ack) = (partner.connect(), partner.connect_ack());
            let first = if primary {
                Message::ConnectAck(ack)
            } else {
                Message::Connect(connect)
            };
            partner.say(conn, first);
            partner.say_state(conn, ServerState::Normal, ServerFlags(0));
        }
        let open: Vec<_> = conns
            .into_iter()
            .filter(|conn| !partner.is_closed(*conn))
            .collect();
        assert_eq!(open.len(), 1, "exactly one link");
        assert_eq!(partner.state(), ServerState::Normal);
        partner.assert_unharmed();
    }
}

#[test]
fn clocks_apart() {
    for apart in [59, 60, 61, 3600] {
        for ahead in [true, false] {
            let now = START + LATER;
            let at = UnixTime(if ahead { now + apart } else { now - apart });
            let mut partner = secondary();
            let connect = partner.connect();
            if apart > 60 {
                assert_refused_at(&mut partner, connect, at, RejectReason::TIME_MISMATCH);
            } else {
                let conn = partner.open();
                partner.say_at(conn, at, Xid(0), Message::Connect(connect));
                assert!(partner.endpoint().is_connected(), "{apart} s are borne");
            }
            let mut partner = Partner::of(true);
            partner.pass(LATER);
            let conn = partner.open();
            let ack = partner.connect_ack();
            partner.say_at(conn, at, Xid(0), Message::ConnectAck(ack));
            assert_eq!(partner.endpoint().is_connected(), apart <= 60, "{apart}");
            if apart > 60 {
                assert_eq!(
                    refusal(&mut partner, conn),
                    Some(RejectReason::TIME_MISMATCH)
                );
                partner.assert_unharmed();
            }
        }
    }
}

#[test]
fn a_window_of_zero_is_one() {
    let mut partner = Partner::of(true);
    partner.pass(LATER);
    let leases: Vec<_> = (0..5).map(|_| partner.lease()).collect();
    let conn = partner.open();
    let ack = ConnectAck {
        max_unacked: Some(0),
        ..partner.connect_ack()
    };
    partner.say(conn, Message::ConnectAck(ack));
    partner.say_state(conn, ServerState::Normal, ServerFlags(0));
    partner.say_no_more();
    for _ in 0..leases.len() {
        let updates = partner.hear_updates(conn);
        assert_eq!(updates.len(), 1, "one at a time");
        partner.accept(conn, &updates[0]);
    }
    partner.accept_all(conn);
    assert_eq!(partner.endpoint().unacked_updates(), 0);
    partner.assert_unharmed();
}

#[test]
fn receive_timers_out_of_range() {
    for (timer, seconds, contacts) in [
        (0, 60, 30..=60),
        (2, 60, 30..=60),
        (u32::MAX, 90_000, 1..=10),
    ] {
        let mut partner = Partner::of(true);
        let conn = partner.open();
        let ack = ConnectAck {
            receive_timer: Some(timer),
            ..partner.connect_ack()
        };
        partner.say(conn, Message::ConnectAck(ack));
        partner.say_state(conn, ServerState::Normal, ServerFlags(0));
        partner.accept_all(conn);
        partner.pass_in_contact(conn, seconds);
        let heard = partner.hear(conn);
        let said = heard
            .iter()
            .filter(|frame| frame.message == Message::Contact)
            .count();
        assert!(
            contacts.contains(&said),
            "{said} CONTACT in {seconds} s with a receive timer of {timer}"
        );
        partner.assert_unharmed();
    }
}

#[test]
fn an_hba_of_another_size() {
    let mut partner = secondary();
    for size in [None, Some(0), Some(31), Some(33), Some(1000)] {
        let hba = size.map(|size| Bytes::from(vec![0xff; size]));
        let connect = Connect {
            hba,
            ..partner.connect()
        };
        assert_refused(&mut partner, connect, RejectReason::HBA_CONFLICT);
    }
    partner.assert_unharmed();
}

#[test]
fn a_thousand_connections() {
    for primary in [true, false] {
        let (mut partner, link) = Partner::normal(primary);
        let conns: Vec<_> = (0..1000).map(|_| partner.open()).collect();
        assert!(
            conns.iter().all(|conn| partner.is_closed(*conn)),
            "there is a link"
        );
        partner.lose(link);
        let conns: Vec<_> = (0..1000).map(|_| partner.open()).collect();
        let open = conns
            .iter()
            .filter(|conn| !partner.is_closed(**conn))
            .count();
        assert_eq!(open, 2, "capped");
        assert!(partner.serves());
        partner.pass(15);
        assert!(
            conns.iter().all(|conn| partner.is_closed(*conn)),
            "the silent are closed"
        );
        partner.assert_unharmed();
    }
}
