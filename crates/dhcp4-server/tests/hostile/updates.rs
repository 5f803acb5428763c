//! Lines 17 to 22, and 27: updates, and the answers to ours.

use std::net::Ipv4Addr;

use bytes::{Bytes, BytesMut};
use dhcp_failover::{Binding, BindingStatus, ServerState};
use failover_wire::{
    BindingAck, BindingUpdate, Frame, HardwareAddress, Message, MessageType, RejectReason,
    UnixTime, Xid,
};

use crate::messages::{active, raw};
use crate::partner::Partner;
use crate::rig::{START, mac};

const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 60);

fn binding(partner: &Partner, address: Ipv4Addr) -> Binding {
    let bindings = partner.rig.server.core().bindings();
    let found = bindings.iter().find(|(at, _)| *at == address);
    found.expect("it is in a pool").1.clone()
}

#[test]
fn an_address_in_no_pool() {
    let (mut partner, link) = Partner::normal(true);
    for address in [
        [10, 9, 9, 9],
        [192, 168, 1, 49],
        [192, 168, 1, 150],
        [0; 4],
        [255; 4],
    ] {
        let before = partner.rig.disk.len();
        let ack = partner.update(link, active(address.into(), 1, START + 600));
        assert_eq!(
            (ack.address, ack.reject),
            (Some(address.into()), Some(RejectReason::ILLEGAL_IP))
        );
        assert_eq!(partner.rig.disk.len(), before, "nothing is stored");
    }
    assert!(!partner.is_closed(link));
    partner.assert_unharmed();
}

#[test]
fn a_lease_of_nobody() {
    let (mut partner, link) = Partner::normal(false);
    for status in [
        BindingStatus::Active,
        BindingStatus::Expired,
        BindingStatus::Released,
    ] {
        let update = active(ADDRESS, 1, START + 600);
        let nobody = BindingUpdate {
            hardware: None,
            status: Some(status),
            ..update.clone()
        };
        let ack = partner.update(link, nobody.clone());
        assert_eq!(
            ack.reject,
            Some(RejectReason::MISSING_BINDING_INFO),
            "{status}"
        );
        let by_identifier = BindingUpdate {
            client_identifier: Some(Bytes::from_static(b"me")),
            ..nobody
        };
        let ack = partner.update(link, by_identifier);
        assert_eq!(
            ack.reject,
            Some(RejectReason::MISSING_BINDING_INFO),
            "{status}"
        );
        for missing in [
            BindingUpdate {
                address: None,
                ..update.clone()
            },
            BindingUpdate {
                status: None,
                ..update
            },
        ] {
            let ack = partner.update(link, missing);
            assert_eq!(ack.reject, Some(RejectReason::MISSING_BINDING_INFO));
        }
    }
    partner.assert_unharmed();
}

#[test]
fn identities_that_no_client_has() {
    let (mut partner, link) = Partner::normal(false);
    let address: &[u8] = &ADDRESS.octets();
    // Type and chaddr: 16 bytes is the longest chaddr there is.
    for (size, accepted) in [
        (0, false),
        (1, true),
        (7, true),
        (17, true),
        (18, false),
        (22, false),
        (1900, false),
    ] {
        let hardware = vec![1; size];
        let ack = answer(
            &mut partner,
            link,
            &[(2, address), (3, &[2]), (5, &hardware)],
        );
        assert_eq!(
            ack.reject.is_none(),
            accepted,
            "a hardware address of {size} bytes: {ack:?}"
        );
        assert!(ack.message.is_none_or(|text| text.len() < 200), "bounded");
    }
    // RFC 2132: an option holds 255 bytes, several of them may make one (RFC 3396).
    for (size, accepted) in [
        (0, true),
        (255, true),
        (1024, true),
        (1025, false),
        (1990, false),
    ] {
        let identifier = vec![7; size];
        let ack = answer(
            &mut partner,
            link,
            &[
                (2, address),
                (3, &[2]),
                (5, &[1, 2, 0, 0, 0, 0, 1]),
                (4, &identifier),
            ],
        );
        assert_eq!(
            ack.reject.is_none(),
            accepted,
            "a client identifier of {size} bytes: {ack:?}"
        );
        assert!(ack.message.is_none_or(|text| text.len() < 200), "bounded");
    }
    // ABANDONED is nobody's: an identity with it is an error (ISC).
    let abandoned = BindingUpdate {
        status: Some(BindingStatus::Abandoned),
        ..active(ADDRESS, 1, START + 600)
    };
    let ack = partner.update(link, abandoned);
    assert_eq!(ack.reject, Some(RejectReason::UNKNOWN_REASON));
    partner.assert_unharmed();
}

/// What the server answers to an update made by hand.
fn answer(
    partner: &mut Partner,
    link: dhcp4_server::ConnId,
    options: &[(u16, &[u8])],
) -> BindingAck {
    partner.hear(link);
    partner.say_bytes(link, &raw(MessageType::BINDING_UPDATE.0, options));
    let mut acks = partner
        .hear(link)
        .into_iter()
        .filter_map(|frame| match frame.message {
            Message::BindingAck(ack) => Some(ack),
            _ => None,
        });
    acks.next().expect("an answer, not a closed link")
}

#[test]
fn times_at_the_edges() {
    let now = START;
    let edges = [
        0,
        1,
        now - 1_000_000,
        now,
        0x7fff_ffff,
        0x8000_0000,
        u32::MAX,
    ];
    for primary in [true, false] {
        let (mut partner, link) = Partner::normal(primary);
        let mut last = 50;
        for status in BindingStatus::ALL {
            for (i, ends) in edges.into_iter().enumerate() {
                for (j, potential) in edges.into_iter().enumerate() {
                    last = if last == 149 { 50 } else { last + 1 };
                    let known = status != BindingStatus::Abandoned;
                    let update = BindingUpdate {
                        address: Some([192, 168, 1, last].into()),
                        status: Some(status),
                        hardware: known.then(|| HardwareAddress::new(1, &mac(9)).unwrap()),
                        lease_expiration: Some(UnixTime(ends)),
                        potential_expiration: Some(UnixTime(potential)),
                        start_of_state: Some(UnixTime(edges[(i + j) % edges.len()])),
                        client_last_transaction: Some(UnixTime(edges[(i + 2 * j) % edges.len()])),
                        ..BindingUpdate::default()
                    };
                    partner.update(link, update);
                }
            }
        }
        partner.say_at(link, UnixTime(u32::MAX), Xid(u32::MAX), Message::Contact);
        partner.accept_all(link);
        assert!(!partner.is_closed(link));
        partner.pass_in_contact(link, 120);
        partner.accept_all(link);
        assert_eq!(partner.state(), ServerState::Normal);

        // What was stored keeps nobody from starting again.
        let file = String::from_utf8(partner.rig.disk.clone()).unwrap();
        let mut partner = Partner::of_file(primary, &file);
        let link = partner.link_up(ServerState::Normal);
        partner.accept_all(link);
        assert_eq!(
            partner.state(),
            ServerState::Normal,
            "{:#?}",
            partner.rig.log
        );
    }
}

#[test]
fn acknowledgements_of_nothing() {
    let (mut partner, link) = Partner::normal(true);
    let (_, leased) = partner.lease();
    let updates = partner.hear_updates(link);
    let [update] = &updates[..] else {
        panic!("{updates:?}")
    };
    let before = partner.rig.server.core().bindings().clone();
    let ack = |address: [u8; 4]| BindingAck {
        address: Some(address.into()),
        ..BindingAck::default()
    };
    let refusal = |address| BindingAck {
        reject: Some(RejectReason::FATAL_CONFLICT),
        ..ack(address)
    };
    let other = Xid(update.0.0 + 1000);
    let of_leased = BindingAck {
        address: Some(leased),
        ..BindingAck::default()
    };
    for (xid, nothing) in [
        (other, of_leased),
        (update.0, BindingAck::default()),
        (update.0, ack([10, 9, 9, 9])),
        (update.0, ack([192, 168, 1, 149])),
        (update.0, refusal([192, 168, 1, 149])),
        (other, refusal([0; 4])),
    ] {
        partner.say_as(link, xid, Message::BindingAck(nothing));
    }
    assert_eq!(
        *partner.rig.server.core().bindings(),
        before,
        "no acknowledgement of these was meant"
    );
    assert_eq!(partner.endpoint().unacked_updates(), 1);

    partner.accept(link, update);
    assert_eq!(partner.endpoint().unacked_updates(), 0);
    let once = partner.rig.server.core().bindings().clone();
    partner.accept(link, update);
    partner.accept(link, update);
    assert_eq!(
        *partner.rig.server.core().bindings(),
        once,
        "a repetition says nothing"
    );
    assert!(partner.hear(link).is_empty());
    partner.assert_unharmed();
}

#[test]
fn a_late_acknowledgement_is_not_of_the_newer_content() {
    let (mut partner, link) = Partner::normal(true);
    let lease = partner.lease();
    let first = partner.hear_updates(link).pop().expect("the lease is told");
    partner.pass(10);
    partner.renew(lease);
    let second = partner.hear_updates(link).pop().expect("the renewal too");
    assert!(second.1.potential_expiration > first.1.potential_expiration);
    partner.accept(link, &first);
    let after = binding(&partner, lease.1);
    assert!(
        after.is_pending() && after.acked == UnixTime(0),
        "{after:?}"
    );
    assert_eq!(partner.endpoint().unacked_updates(), 1);
    partner.accept(link, &second);
    let after = binding(&partner, lease.1);
    assert!(!after.is_pending());
    assert_eq!(Some(after.acked), second.1.potential_expiration);
    partner.assert_unharmed();
}

#[test]
fn cut_in_the_middle_of_an_update() {
    for primary in [true, false] {
        let (mut partner, link) = Partner::normal(primary);
        let update = active(ADDRESS, 1, START + 600);
        let mut bytes = BytesMut::new();
        Frame::new(
            UnixTime(START),
            Xid(3),
            Message::BindingUpdate(update.clone()),
        )
        .encode(&mut bytes)
        .unwrap();
        let before = partner.rig.server.core().bindings().clone();
        partner.say_bytes(link, &bytes[..bytes.len() - 1]);
        partner.lose(link);
        assert_eq!(
            *partner.rig.server.core().bindings(),
            before,
            "half a message says nothing"
        );

        let link = partner.link_up(ServerState::Normal);
        assert_eq!(partner.update(link, update.clone()).reject, None);
        let once = binding(&partner, ADDRESS);
        partner.lose(link); // the acknowledgement with it
        let link = partner.link_up(ServerState::Normal);
        assert_eq!(partner.update(link, update).reject, None);
        let twice = binding(&partner, ADDRESS);
        assert_eq!(
            (once.status, once.ends, once.received),
            (twice.status, twice.ends, twice.received)
        );
        partner.assert_unharmed();
    }
}

#[test]
fn ours_is_sent_again() {
    let (mut partner, link) = Partner::normal(true);
    partner.lease();
    let first = partner.hear_updates(link);
    partner.lose(link);
    let link = partner.link_up(ServerState::Normal);
    let again = partner.hear_updates(link);
    let content = |updates: &[(Xid, BindingUpdate)]| {
        updates
            .iter()
            .map(|(_, update)| update.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(content(&first), content(&again));
    again.iter().for_each(|update| partner.accept(link, update));
    partner.lose(link);
    let link = partner.link_up(ServerState::Normal);
    assert!(
        partner.hear_updates(link).is_empty(),
        "acknowledged is acknowledged"
    );
    partner.assert_unharmed();
}
