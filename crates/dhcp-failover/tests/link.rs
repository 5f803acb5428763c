//! Connections: who speaks first, what is refused, when the link is dead.

mod common;

use common::*;
use dhcp_failover::{BindingStatus as B, ServerState as St};

#[test]
fn an_idle_link_is_kept_alive() {
    let mut pair = Pair::normal(20);
    pair.run(600);
    pair.assert_states(St::Normal, St::Normal);
    let contacts = pair.sides[P]
        .said
        .iter()
        .filter(|said| *said == "Contact")
        .count();
    // Every third second: a third of the partner's receive timer of ten.
    assert!((195..=205).contains(&contacts), "{contacts}");
    assert!(!pair.story().contains("disconnected"));
}

#[test]
fn a_silent_link_is_dead_after_max_response_delay() {
    let mut pair = Pair::normal(20);
    pair.cut();
    pair.run(6);
    pair.assert_states(St::Normal, St::Normal);
    pair.run(5);
    pair.assert_states(St::CommunicationsInterrupted, St::CommunicationsInterrupted);
    assert!(
        pair.story()
            .contains("timeout waiting for failover peer lab")
    );
}

#[test]
fn another_relationship_name_is_refused() {
    let mut pair = Pair::new(20);
    pair.sides[S].config.name = "other".into();
    pair.start(P);
    pair.start(S);
    pair.run(60);
    pair.assert_states(St::Recover, St::Recover);
    assert!(
        pair.story().contains("P: Failover CONNECT to lab rejected"),
        "{}",
        pair.story()
    );
    let tries = pair.sides[P]
        .said
        .iter()
        .filter(|said| *said == "Connect")
        .count();
    assert!((5..=26).contains(&tries), "{tries} in a minute");
}

#[test]
fn clocks_more_than_a_minute_apart_are_refused() {
    for (skew, meets) in [(60, true), (62, false), (-60, true), (-62, false)] {
        let mut pair = Pair::new(20);
        pair.sides[S].skew = skew;
        pair.start(P);
        pair.start(S);
        pair.run(20);
        assert_eq!(
            pair.state(P) == St::Normal,
            meets,
            "skew {skew}\n{}",
            pair.story()
        );
    }
}

#[test]
fn two_of_one_role_never_meet() {
    for role in [dhcp_failover::Role::Primary, dhcp_failover::Role::Secondary] {
        let mut pair = Pair::new(20);
        for side in [P, S] {
            let peer_address = pair.sides[side].config.peer_address;
            pair.sides[side].config = config(role);
            pair.sides[side].config.peer_address = peer_address;
            pair.start(side);
        }
        pair.run(120);
        pair.assert_states(St::Recover, St::Recover);
    }
}

#[test]
fn the_window_of_the_partner_is_kept() {
    let mut pair = Pair::new(200);
    pair.sides[S].config.max_unacked_updates = 2;
    pair.start(P);
    pair.start(S);
    pair.run(5);
    for id in 0..50 {
        pair.lease(P, id, 600);
        assert!(pair.core(P).endpoint(ID).unacked_updates() <= 2);
    }
    pair.run(3);
    pair.assert_equal_tables();
}

#[test]
fn a_drained_server_asks_for_addresses_and_gets_them() {
    let mut pair = Pair::new(40);
    for side in [P, S] {
        pair.sides[side].config.balance.min_balance = 5;
        pair.sides[side].config.balance.max_balance = 8;
        pair.start(side);
    }
    pair.run(5);
    for id in 0..20 {
        pair.lease(S, id, 6000).expect("an address");
    }
    assert_eq!(pair.count(S, B::Backup), 0);
    pair.run(20);
    assert!(pair.count(S, B::Backup) >= 9, "{}", pair.story());
    pair.assert_equal_tables();
}
