//! An operator stops a server for good, and starts it again.

mod common;

use common::*;
use dhcp_failover::{BindingStatus, ServerState as St};

fn begin(pair: &mut Pair, side: usize) {
    pair.with(side, |core, now, out| core.begin_shutdown(now, out));
}

fn end(pair: &mut Pair, side: usize) {
    pair.with(side, |core, now, out| core.end_shutdown(now, out));
    pair.kill(side);
}

fn is_settled(pair: &Pair, side: usize) -> bool {
    pair.core(side).is_shutdown_settled()
}

/// What the lease file says of the server's own state.
fn assert_record(pair: &Pair, side: usize, state: St) {
    assert_eq!(pair.sides[side].record[&ID].my_state, state);
}

#[test]
fn the_partner_serves_alone_at_once_and_nothing_is_lost() {
    for side in [P, S] {
        let mut pair = Pair::normal(20);
        let (address, _) = pair.lease(side, 1, 600).expect("an address");
        begin(&mut pair, side);
        assert_eq!(pair.state(side), St::Shutdown);
        assert!(!is_settled(&pair, side), "the partner can't have answered");
        pair.run_ms(100);
        assert_eq!(pair.state(1 - side), St::PartnerDown);
        assert!(is_settled(&pair, side), "{}", pair.story());
        assert_eq!(
            pair.binding(1 - side, address).status,
            BindingStatus::Active
        );
        let said = pair.sides[side].said.len();
        end(&mut pair, side);
        assert_eq!(pair.sides[side].said.len(), said, "RECOVER is not said");
        pair.run(5);
        pair.start(side);
        pair.run(120);
        pair.assert_states(St::Normal, St::Normal);
        pair.settle();
        pair.assert_equal_tables();
    }
}

#[test]
fn recover_wait_is_over_before_it_begins_if_the_partner_knew_all() {
    let mut pair = Pair::normal(20);
    pair.lease(S, 1, 600).expect("an address");
    pair.run(1);
    begin(&mut pair, S);
    pair.run(1);
    end(&mut pair, S);
    pair.run(1);
    pair.start(S);
    pair.run(3);
    pair.assert_states(St::Normal, St::Normal);
}

#[test]
fn killed_in_the_middle_it_comes_back_to_recover() {
    let mut pair = Pair::normal(20);
    begin(&mut pair, P);
    pair.kill(P);
    pair.run(5);
    assert_record(&pair, P, St::Recover);
    pair.start(P);
    pair.run(120);
    pair.assert_states(St::Normal, St::Normal);
}

#[test]
fn a_partner_out_of_reach_is_not_waited_for() {
    let mut pair = Pair::normal(20);
    pair.cut();
    pair.run(60);
    begin(&mut pair, P);
    assert_eq!(pair.state(P), St::CommunicationsInterrupted);
    assert!(is_settled(&pair, P));
    end(&mut pair, P);
    assert_record(&pair, P, St::CommunicationsInterrupted);
    pair.heal();
    pair.start(P);
    pair.run(30);
    pair.assert_states(St::Normal, St::Normal);
}

#[test]
fn a_state_set_by_hand_ends_it() {
    let mut pair = Pair::normal(20);
    begin(&mut pair, P);
    pair.run(1);
    pair.command(P, St::Recover);
    assert!(is_settled(&pair, P));
    pair.run(120);
    pair.assert_states(St::Normal, St::Normal);
    // And SHUTDOWN by hand is a state like any other.
    pair.command(P, St::Shutdown);
    assert_record(&pair, P, St::Shutdown);
}
