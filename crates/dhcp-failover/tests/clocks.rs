//! Clocks that differ, and clocks that are set.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::*;
use dhcp_failover::{BindingStatus as B, ServerState as St};

/// The end of a lease is told by the clock of the server that granted it.
#[test]
fn a_partners_lease_ends_by_the_partners_clock() {
    let mut pair = Pair::new(6);
    pair.sides[P].skew = 25;
    pair.sides[S].skew = -25;
    pair.start(P);
    pair.start(S);
    pair.run(5);
    pair.assert_states(St::Normal, St::Normal);
    let (address, granted) = pair.lease(S, 1, 600).unwrap();
    let end = pair.ms + u64::from(granted.length) * 1000;
    pair.run(1);
    while pair.ms < end {
        for side in [P, S] {
            assert_eq!(pair.binding(side, address).status, B::Active);
            assert!(pair.renew(side, 2, address, 600).is_err());
        }
        pair.run(1);
    }
    pair.run(5);
    assert_ne!(pair.binding(P, address).status, B::Active, "not much later");
}

/// And so does what it may have promised before it died.
#[test]
fn a_dead_partners_promises_end_by_its_clock() {
    let mut pair = Pair::new(6);
    pair.sides[P].skew = 25;
    pair.sides[S].skew = -25;
    pair.start(P);
    pair.start(S);
    pair.run(5);
    let (address, _) = pair.lease(S, 1, 600).unwrap();
    pair.run(1);
    pair.cut();
    pair.run(15);
    // Renewed unheard at the last moment that MCLT allows.
    pair.run(625);
    let granted = pair.renew(S, 1, address, 600).unwrap();
    let end = pair.ms + u64::from(granted.length) * 1000;
    pair.kill(S);
    pair.command(P, St::PartnerDown);
    while pair.ms < end {
        assert!(
            pair.renew(P, 2, address, 600).is_err(),
            "{} ms early",
            end - pair.ms
        );
        pair.run(1);
    }
}

#[test]
fn a_clock_set_back_by_less_than_a_minute_holds_up_no_balance() {
    let mut pair = Pair::new(40);
    for side in [P, S] {
        pair.sides[side].config.balance.min_balance = 5;
        pair.sides[side].config.balance.max_balance = 8;
        pair.start(side);
    }
    pair.run(5);
    for side in [P, S] {
        pair.sides[side].skew = -55;
    }
    for id in 0..20 {
        pair.lease(S, id, 6000).unwrap();
    }
    assert_eq!(pair.count(S, B::Backup), 0);
    pair.run(25);
    pair.assert_states(St::Normal, St::Normal);
    assert!(!pair.story().contains("disconnected"));
    assert!(pair.count(S, B::Backup) >= 9, "{}", pair.story());
}
