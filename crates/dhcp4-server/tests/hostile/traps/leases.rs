//! What dhcpd says of leases, and what it bears to hear.

use std::net::Ipv4Addr;

use dhcp_failover::BindingStatus;
use failover_wire::{BindingAck, BindingUpdate, Message, RejectReason, UnixTime};

use crate::messages::active;
use crate::partner::{MCLT, Partner};
use crate::rig::START;

const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 60);
#[test]
fn an_echo_lowers_nothing() {
    for potential in [0, START - 5000, START + 60] {
        let (mut partner, link) = Partner::normal(true);
        let lease = partner.lease();
        let told = partner.hear_updates(link).pop().expect("the lease is told");
        partner.accept(link, &told);
        let acked = told.1.potential_expiration.expect("of a lease");
        // dhcpd answers UPDREQALL with its own `tstp`, which is not what it has acknowledged.
        let echo = BindingUpdate {
            potential_expiration: Some(UnixTime(potential)),
            ..told.1
        };
        assert_eq!(partner.update(link, echo).reject, None);
        let bindings = partner.rig.server.core().bindings();
        let binding = bindings
            .iter()
            .find(|(at, _)| *at == lease.1)
            .expect("it is in the pool")
            .1;
        assert!(
            binding.acked >= acked && binding.sent >= acked && binding.tsfp() >= acked,
            "{binding:?}"
        );
        partner.pass(1);
        assert_eq!(partner.renew(lease), 7200, "what was acknowledged holds");
        partner.assert_unharmed();
    }
}

#[test]
fn expired_is_taken_no_earlier_than_65_seconds_before_the_end() {
    for (early, accepted) in [(600, false), (66, false), (65, true), (0, true)] {
        let (mut partner, link) = Partner::normal(false);
        let lease = active(ADDRESS, 1, START + 600);
        assert_eq!(partner.update(link, lease.clone()).reject, None);
        partner.pass_in_contact(link, 600 - early);
        let expired = BindingUpdate {
            status: Some(BindingStatus::Expired),
            ..lease
        };
        let ack = partner.update(link, expired);
        assert_eq!(
            ack.reject,
            (!accepted).then_some(RejectReason::FATAL_CONFLICT),
            "{early} s early"
        );
        partner.assert_unharmed();
    }
}

#[test]
fn ours_says_expired_at_the_end_and_not_before() {
    let (mut partner, link) = Partner::normal(true);
    let (_, leased) = partner.lease();
    partner.accept_all(link);
    let bindings = partner.rig.server.core().bindings();
    let ends = bindings
        .iter()
        .find(|(at, _)| *at == leased)
        .expect("it is in the pool")
        .1
        .ends;
    for second in 1..MCLT + 10 {
        partner.pass(1);
        if second % 10 == 0 {
            partner.say(link, Message::Contact);
        }
        let Some((xid, update)) = partner.hear_updates(link).pop() else {
            continue;
        };
        assert_eq!(
            (update.address, update.status),
            (Some(leased), Some(BindingStatus::Expired))
        );
        assert!(
            partner.rig.now().unix >= ends,
            "dhcpd may be 65 s early, and no more"
        );
        assert_eq!(update.lease_expiration, Some(ends));
        partner.accept(link, &(xid, update));
        return;
    }
    panic!("it never expires");
}

/// The acknowledgement has the address alone: an identity in it makes dhcpd forget what it has promised.
#[test]
fn what_dhcpd_chokes_on_is_never_said() {
    let (mut partner, link) = Partner::normal(true);
    let lease = partner.lease();
    partner.update(link, active(ADDRESS, 1, START + 600));
    partner.rig.send(&crate::rig::release(lease.0, lease.1));
    partner.say(link, Message::UpdateRequestAll);
    let heard = partner.hear(link);
    assert!(heard.len() > 5, "{heard:?}");
    for frame in heard {
        assert!(
            frame.unknown.is_empty(),
            "no DDNS option, nothing that isn't the message's: {frame:?}"
        );
        match frame.message {
            Message::BindingAck(ack) => {
                let plain = BindingAck {
                    address: ack.address,
                    ..BindingAck::default()
                };
                assert_eq!(ack, plain);
            }
            Message::BindingUpdate(update) => {
                assert!(
                    update.client_reply_options.is_none()
                        && update.client_request_options.is_none()
                );
                assert!(update.lease_expiration.is_some() && update.potential_expiration.is_some());
                let status = update.status.expect("has one");
                let identified = matches!(status, BindingStatus::Active | BindingStatus::Released);
                assert!(!identified || update.hardware.is_some());
                assert!(update.hardware.is_none_or(|hardware| !hardware.is_empty()));
            }
            _ => {}
        }
    }
}
