//! A pair from its first start through cuts, crashes and lost disks, back to NORMAL each time.

mod common;

use common::*;
use dhcp_failover::{BindingStatus, ServerState as St};

#[test]
fn two_new_servers_reach_normal_and_share_the_pool() {
    let pair = Pair::normal(20);
    assert_eq!(pair.count(P, BindingStatus::Free), 10);
    assert_eq!(pair.count(P, BindingStatus::Backup), 10);
    pair.assert_equal_tables();
    assert!(
        pair.story()
            .contains("P: failover peer lab: Both servers normal")
    );
}

#[test]
fn the_primary_alone_waits_in_recover_for_its_partner() {
    let mut pair = Pair::new(20);
    pair.start(P);
    pair.run(14);
    assert_eq!(pair.state(P), St::Startup);
    pair.run(2);
    assert_eq!(pair.state(P), St::Recover);
    pair.start(S);
    pair.run(10);
    pair.assert_states(St::Normal, St::Normal);
    pair.assert_equal_tables();
}

#[test]
fn a_restart_needs_no_update_request() {
    let mut pair = Pair::normal(20);
    for side in [P, S] {
        let said = pair.sides[side].said.len();
        pair.kill(side);
        pair.run(3);
        assert_eq!(pair.state(1 - side), St::CommunicationsInterrupted);
        pair.start(side);
        pair.run(10);
        pair.assert_states(St::Normal, St::Normal);
        assert!(!pair.sides[side].said[said..].contains(&"UpdateRequestAll".to_owned()));
    }
    pair.assert_equal_tables();
}

#[test]
fn both_serve_through_a_silent_cut_and_agree_afterwards() {
    let mut pair = Pair::normal(20);
    let (shared, _) = pair.lease(P, 1, 600).expect("an address");
    pair.run(3);
    pair.cut();
    pair.run(12);
    pair.assert_states(St::CommunicationsInterrupted, St::CommunicationsInterrupted);
    let (first, _) = pair.lease(P, 2, 600).expect("an address");
    let (second, _) = pair.lease(S, 3, 600).expect("an address");
    assert_ne!(first, second);
    pair.renew(S, 1, shared, 600)
        .expect("renewed by the other server");
    pair.heal();
    pair.run(20);
    pair.assert_states(St::Normal, St::Normal);
    pair.assert_equal_tables();
    for address in [shared, first, second] {
        assert_eq!(pair.binding(P, address).status, BindingStatus::Active);
    }
}

#[test]
fn a_survivor_told_that_its_partner_is_down_takes_over_and_gives_back() {
    let mut pair = Pair::normal(20);
    pair.kill(P);
    pair.run(1);
    pair.command(S, St::PartnerDown);
    let mut leased = 0;
    while pair.lease(S, leased + 1, 30).is_some() {
        leased += 1;
    }
    assert_eq!(leased, 10, "before MCLT only its own");
    pair.run(62);
    while pair.lease(S, leased + 100, 3600).is_some() {
        leased += 1;
    }
    assert_eq!(leased, 30, "its own came back, and the partner's");
    pair.start(P);
    pair.run(5);
    assert!(
        pair.story()
            .contains("P: failover peer lab: I move from startup to recover")
    );
    pair.run(70);
    pair.assert_states(St::Normal, St::Normal);
    pair.assert_equal_tables();
}

#[test]
fn a_server_that_lost_its_disk_is_filled_again_and_waits_for_mclt() {
    for side in [P, S] {
        let mut pair = Pair::normal(20);
        let (kept, _) = pair.lease(1 - side, 1, 600).expect("an address");
        let (lost, _) = pair.lease(side, 2, 600).expect("an address");
        pair.run(3);
        pair.kill(side);
        pair.lose_disk(side);
        pair.run(2);
        pair.start(side);
        pair.run(5);
        assert_eq!(pair.state(side), St::RecoverWait, "{}", pair.story());
        assert_eq!(pair.state(1 - side), St::PartnerDown);
        for address in [kept, lost] {
            assert_eq!(pair.binding(side, address).status, BindingStatus::Active);
        }
        pair.run(50);
        assert_eq!(pair.state(side), St::RecoverWait);
        pair.run(10);
        pair.assert_states(St::Normal, St::Normal);
        // The short first leases have run out meanwhile; what is left agrees.
        pair.run(5);
        pair.assert_equal_tables();
    }
}

#[test]
fn two_servers_that_both_took_over_resolve_it() {
    let mut pair = Pair::normal(20);
    pair.cut();
    pair.run(12);
    for side in [P, S] {
        pair.command(side, St::PartnerDown);
    }
    let (first, _) = pair.lease(P, 1, 600).expect("an address");
    let (second, _) = pair.lease(S, 2, 600).expect("an address");
    pair.heal();
    pair.run(20);
    pair.assert_states(St::Normal, St::Normal);
    pair.run(5);
    pair.assert_equal_tables();
    for address in [first, second] {
        assert_eq!(pair.binding(P, address).status, BindingStatus::Active);
    }
    assert!(
        pair.story()
            .contains("I move from potential-conflict to conflict-done")
    );
}

#[test]
fn resolution_survives_a_cut_at_any_moment() {
    for delay in 0..12 {
        let mut pair = Pair::normal(20);
        pair.cut();
        pair.run(12);
        for side in [P, S] {
            pair.command(side, St::PartnerDown);
        }
        for id in 0..5 {
            pair.lease(P, id, 600);
            pair.lease(S, id + 10, 600);
        }
        pair.heal();
        while pair.state(P) != St::PotentialConflict {
            pair.run_ms(1);
        }
        pair.run_ms(delay);
        pair.reset_connections();
        pair.run(30);
        pair.assert_states(St::Normal, St::Normal);
        pair.run(5);
        pair.assert_equal_tables();
    }
}

#[test]
fn one_server_in_partner_down_meets_a_partner_that_never_left() {
    for side in [P, S] {
        let mut pair = Pair::normal(20);
        pair.cut();
        pair.run(12);
        pair.command(side, St::PartnerDown);
        pair.lease(P, 1, 600);
        pair.lease(S, 2, 600);
        pair.heal();
        pair.run(20);
        pair.assert_states(St::Normal, St::Normal);
        pair.run(5);
        pair.assert_equal_tables();
    }
}

#[test]
fn auto_partner_down_declares_it_after_its_time() {
    let mut pair = Pair::new(4);
    pair.sides[S].config.auto_partner_down = 30;
    pair.start(P);
    pair.start(S);
    pair.run(5);
    pair.kill(P);
    pair.run(29);
    assert_eq!(pair.state(S), St::CommunicationsInterrupted);
    pair.run(2);
    assert_eq!(pair.state(S), St::PartnerDown);
}

#[test]
fn a_crash_at_any_moment_of_recovery_is_recovered_from() {
    for side in [P, S] {
        for delay in (0..400).step_by(7) {
            let mut pair = Pair::normal(8);
            pair.lease(P, 1, 600);
            pair.lease(S, 2, 600);
            pair.run(3);
            pair.kill(P);
            pair.run(1);
            pair.command(S, St::PartnerDown);
            pair.run(1);
            pair.start(P);
            pair.run_ms(delay);
            pair.kill(side);
            pair.run(2);
            pair.start(side);
            pair.run(100);
            pair.assert_states(St::Normal, St::Normal);
            pair.run(5);
            pair.assert_equal_tables();
        }
    }
}

#[test]
fn a_server_declared_alone_before_it_had_recovered_still_asks_for_what_it_lost() {
    let mut pair = Pair::normal(20);
    pair.lease(P, 1, 600);
    pair.kill(S);
    pair.lose_disk(S);
    pair.kill(P);
    pair.start(S);
    pair.run(20);
    pair.command(S, St::PartnerDown);
    pair.run(20);
    pair.start(P);
    pair.run(100);
    pair.assert_states(St::Normal, St::Normal);
    pair.run(5);
    pair.assert_equal_tables();
}

/// The partner acknowledged everything, and has served alone since: there is nothing to wait for.
#[test]
fn recovery_from_an_ordered_shutdown_takes_no_mclt() {
    let mut pair = Pair::normal(20);
    pair.lease(S, 1, 600).expect("an address");
    pair.run(1);
    pair.command(S, St::Shutdown);
    pair.run(1);
    assert_eq!(pair.state(P), St::PartnerDown);
    pair.command(S, St::Recover);
    pair.run(5);
    pair.assert_states(St::Normal, St::Normal);
    pair.settle();
    pair.assert_equal_tables();
}

/// It has shut down by order, and says so to a partner that has lost everything: that one serves
/// alone once it has what it lost, and no sooner.
#[test]
fn a_server_that_lost_its_disk_beside_one_that_shuts_down_serves_when_it_is_filled() {
    let mut pair = Pair::normal(20);
    let (kept, _) = pair.lease(P, 1, 600).expect("an address");
    pair.run(3);
    pair.command(P, St::Shutdown);
    pair.kill(S);
    pair.lose_disk(S);
    pair.start(S);
    pair.run(1);
    assert_ne!(pair.state(S), St::PartnerDown, "{}", pair.story());
    assert_eq!(pair.binding(S, kept).status, BindingStatus::Active);
    pair.run(65);
    assert_eq!(pair.state(S), St::PartnerDown, "{}", pair.story());
}
