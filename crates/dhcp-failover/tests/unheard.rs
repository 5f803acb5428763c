//! What the partner hasn't heard of: it stands until the partner has, and nobody else gets the
//! address meanwhile.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::*;
use dhcp_failover::{BindingStatus as B, Refused, ServerState as St};

/// A lease of client 1, known to both servers, and the link silently lost.
fn apart(pair: &mut Pair) -> std::net::Ipv4Addr {
    let (address, _) = pair.lease(P, 1, 600).unwrap();
    pair.run(1);
    pair.renew(P, 1, address, 600).unwrap();
    pair.run(1);
    pair.cut();
    pair.run(15);
    address
}

fn decline(pair: &mut Pair, side: usize, address: std::net::Ipv4Addr) {
    let by = client(1);
    pair.with(side, |core, now, out| {
        core.abandon(address, Some(&by), now, out)
    });
}

#[test]
fn a_declined_address_is_given_out_once_the_partner_knows() {
    let mut pair = Pair::normal(6);
    let address = apart(&mut pair);
    decline(&mut pair, P, address);
    pair.run(2);
    assert_eq!(pair.renew(P, 2, address, 600), Err(Refused::NotOurs));
    // The partner's client still has it, which is why.
    assert!(pair.renew(S, 1, address, 600).is_ok());
    pair.release(S, address);
    pair.heal();
    pair.run(20);
    pair.settle();
    pair.assert_equal_tables();
    decline(&mut pair, P, address);
    pair.run(2);
    assert!(pair.renew(P, 2, address, 600).is_ok());
}

#[test]
fn a_declined_address_outwaits_the_dead_partners_promises() {
    let mut pair = Pair::normal(6);
    let address = apart(&mut pair);
    let held = pair.renew(S, 1, address, 600).unwrap().ends;
    decline(&mut pair, P, address);
    pair.kill(S);
    pair.command(P, St::PartnerDown);
    while pair.now(P).unix <= held {
        assert_eq!(pair.renew(P, 2, address, 600), Err(Refused::NotOurs));
        pair.run(5);
    }
    // Half a lease more was announced, and MCLT comes on top.
    pair.run(600);
    assert!(pair.renew(P, 2, address, 600).is_ok());
}

#[test]
fn quarantine_goes_on_until_the_partner_knows_of_it() {
    let mut pair = Pair::new(6);
    for side in [P, S] {
        pair.sides[side].config.timing.abandon_time = 100;
        pair.start(side);
    }
    pair.run(5);
    let address = apart(&mut pair);
    decline(&mut pair, P, address);
    pair.run(200);
    assert_eq!(pair.binding(P, address).status, B::Abandoned);
    assert_eq!(pair.binding(S, address).status, B::Active);
    pair.heal();
    pair.run(20);
    pair.assert_states(St::Normal, St::Normal);
    pair.run(200);
    assert!(matches!(
        pair.binding(P, address).status,
        B::Free | B::Backup
    ));
    pair.settle();
    pair.assert_equal_tables();
}

/// The client was served by both within the time that their clocks are apart.
#[test]
fn a_release_by_a_clock_ahead_does_not_end_a_later_renewal() {
    let mut pair = Pair::new(6);
    pair.sides[P].skew = -19;
    pair.sides[S].skew = 19;
    pair.start(P);
    pair.start(S);
    pair.run(5);
    let (address, _) = pair.lease(P, 1, 600).unwrap();
    pair.run(1);
    pair.renew(P, 1, address, 600).unwrap();
    pair.run(1);
    pair.cut();
    // Both hear a rebinding client; then it gives up the address, and comes back.
    pair.renew(P, 1, address, 600).unwrap();
    pair.renew(S, 1, address, 600).unwrap();
    pair.run(3);
    pair.release(S, address);
    pair.run(3);
    pair.renew(P, 1, address, 600).unwrap();
    pair.heal();
    pair.run(20);
    pair.assert_states(St::Normal, St::Normal);
    for side in [P, S] {
        assert_eq!(pair.binding(side, address).status, B::Active);
    }
    pair.settle();
    pair.assert_equal_tables();
}

#[test]
fn a_renewal_unheard_outlives_a_decline_at_the_partner_before_it() {
    let mut pair = Pair::normal(6);
    let address = apart(&mut pair);
    pair.with(P, |core, now, out| core.abandon(address, None, now, out));
    pair.run(30);
    let held = pair.renew(S, 1, address, 600).unwrap().ends;
    pair.heal();
    pair.run(20);
    pair.assert_states(St::Normal, St::Normal);
    pair.settle();
    pair.assert_equal_tables();
    for side in [P, S] {
        assert_eq!(pair.binding(side, address).status, B::Active);
        assert_eq!(pair.binding(side, address).ends, held);
    }
}

#[test]
fn an_endless_lease_made_finite_unheard_is_told() {
    for restarted in [false, true] {
        let mut pair = Pair::normal(6);
        let (address, _) = pair.lease(P, 1, u32::MAX).unwrap();
        pair.run(1);
        pair.renew(P, 1, address, u32::MAX).unwrap();
        pair.run(1);
        pair.kill(S);
        pair.run(20);
        pair.renew(P, 1, address, 600).unwrap();
        if restarted {
            pair.kill(P);
            pair.start(P);
        }
        pair.start(S);
        pair.run(20);
        pair.assert_states(St::Normal, St::Normal);
        pair.assert_equal_tables();
    }
}

/// The server that renewed it unheard loses its lease file: the other knows enough to wait.
#[test]
fn a_renewal_unheard_outlives_the_lease_file_that_it_was_in() {
    for lost in [P, S] {
        let mut pair = Pair::normal(6);
        let (address, _) = pair.lease(lost, 1, 600).unwrap();
        pair.run(1);
        pair.renew(lost, 1, address, 600).unwrap();
        pair.run(1);
        pair.cut();
        pair.run(500);
        let ends = pair.renew(lost, 1, address, 600).unwrap().ends;
        pair.kill(lost);
        pair.lose_disk(lost);
        pair.heal();
        pair.start(lost);
        let mut given = None;
        while given.is_none() {
            pair.run(10);
            given = [P, S]
                .into_iter()
                .find(|side| pair.renew(*side, 200, address, 600).is_ok());
            assert!(pair.ms < 3_000_000, "never given away");
        }
        let now = pair.now(P).unix.0;
        assert!(now >= ends.0, "{} s early", ends.0 - now);
    }
}

/// Each gives way to the other's update, which is out of date by then.
#[test]
fn updates_that_cross_twice_leave_no_two_opinions() {
    let mut pair = Pair::normal(6);
    let (address, _) = pair.lease(P, 1, 60).unwrap();
    pair.run(1);
    // In flight at once: EXPIRED from P; a renewal, then a decline, from S.
    let end = pair.binding(P, address).ends_mono.as_millis();
    pair.run_ms(end - pair.ms);
    assert_eq!(pair.binding(P, address).status, B::Expired);
    pair.renew(S, 1, address, 60).unwrap();
    let by = client(1);
    pair.with(S, |core, now, out| {
        core.abandon(address, Some(&by), now, out)
    });
    pair.run(5);
    pair.settle();
    pair.assert_equal_tables();
}
