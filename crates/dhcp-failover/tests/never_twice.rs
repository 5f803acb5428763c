//! Ways to a double lease that the exhaustive check (`crates/check`) found: each once took a dozen
//! steps that no one would think of. All within a second, or just at the end of one.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::net::Ipv4Addr;

use common::*;
use dhcp_failover::{BindingStatus as B, ServerState as St};

/// A client is answered again from the lease that it has, as `dhcp-cache-threshold` has it.
fn repeat(pair: &mut Pair, side: usize, address: Ipv4Addr) {
    pair.with(side, |core, now, out| core.touch(address, true, now, out));
}

fn decline(pair: &mut Pair, side: usize, address: Ipv4Addr) {
    let by = client(1);
    pair.with(side, |core, now, out| {
        core.abandon(address, Some(&by), now, out)
    });
}

/// Both servers have the lease for client 1 still.
#[track_caller]
fn assert_held(pair: &mut Pair, address: Ipv4Addr) {
    pair.run(2);
    pair.settle();
    pair.assert_equal_tables();
    for side in [P, S] {
        assert_eq!(pair.binding(side, address).status, B::Active);
        assert!(pair.renew(side, 2, address, 600).is_err());
    }
}

/// When a server first gives the address to client 200.
fn given_at(pair: &mut Pair, address: Ipv4Addr) -> u32 {
    while pair.ms < 3_000_000 {
        pair.run(1);
        if [P, S]
            .into_iter()
            .any(|side| pair.renew(side, 200, address, 600).is_ok())
        {
            return pair.now(P).unix.0;
        }
    }
    panic!("never given away\n{}", pair.story());
}

#[test]
fn a_lease_repeated_in_the_second_of_its_beginning_outlives_a_release_before_that() {
    let mut pair = Pair::normal(6);
    let (address, _) = pair.lease(P, 1, 600).unwrap();
    pair.run_ms(10);
    pair.release(P, address);
    repeat(&mut pair, S, address);
    assert_held(&mut pair, address);
}

#[test]
fn a_lease_repeated_outlives_a_release_that_follows_a_renewal_unheard() {
    let mut pair = Pair::normal(6);
    let (address, _) = pair.lease(P, 1, 600).unwrap();
    pair.run(5);
    pair.renew(P, 1, address, 600).unwrap();
    pair.release(P, address);
    repeat(&mut pair, S, address);
    assert_held(&mut pair, address);
}

#[test]
fn a_lease_repeated_outlives_a_decline_before_that() {
    let mut pair = Pair::normal(6);
    let (address, _) = pair.lease(P, 1, 600).unwrap();
    pair.run_ms(10);
    decline(&mut pair, P, address);
    repeat(&mut pair, S, address);
    assert_held(&mut pair, address);
}

/// The lease file doesn't say whether a lease was repeated: then it may have been.
#[test]
fn a_lease_granted_is_not_one_repeated() {
    let mut pair = Pair::normal(6);
    let (address, _) = pair.lease(P, 1, 600).unwrap();
    pair.run(1);
    pair.renew(S, 1, address, 600).unwrap();
    pair.run_ms(10);
    pair.release(P, address);
    pair.run(2);
    pair.settle();
    pair.assert_equal_tables();
    assert_ne!(pair.binding(P, address).status, B::Active);
}

/// The primary grants late in a second, unheard, and loses its disk within it; `away` ms later the
/// secondary is back. The second in which the lease ends, and the address.
fn loses_a_grant_late_in_a_second(pair: &mut Pair, away: u64) -> (u64, Ipv4Addr) {
    pair.run_ms(950);
    let (address, granted) = pair.lease(P, 1, 600).unwrap();
    pair.kill(S);
    pair.kill(P);
    pair.lose_disk(P);
    pair.start(P);
    pair.run_ms(away);
    pair.start(S);
    (u64::from(granted.ends.0 - START) * 1000, address)
}

/// The client holds its lease for 950 ms of the second in which that ends; then it may be given away.
#[track_caller]
fn assert_waits_for_the_end_of(pair: &mut Pair, second: u64, address: Ipv4Addr) {
    pair.run_ms(second + 940 - pair.ms);
    assert_eq!(pair.state(P), St::RecoverWait);
    assert!(pair.renew(P, 200, address, 600).is_err());
    pair.run(3);
    pair.assert_states(St::Normal, St::Normal);
    assert!(pair.renew(P, 200, address, 600).is_ok());
}

/// RECOVER-WAIT counts whole seconds; what was granted late in one ends late in one.
#[test]
fn a_recovery_done_in_the_last_second_of_a_lease_waits_for_its_end() {
    let mut pair = Pair::normal(6);
    let (second, address) = loses_a_grant_late_in_a_second(&mut pair, 59_150);
    assert_eq!(pair.ms, second + 100);
    assert_waits_for_the_end_of(&mut pair, second, address);
}

/// The timer was set by a wall clock that was a second ahead.
#[test]
fn recover_wait_that_ends_in_the_last_second_of_a_lease_goes_on() {
    let mut pair = Pair::normal(6);
    let (second, address) = loses_a_grant_late_in_a_second(&mut pair, 150);
    pair.sides[P].skew = 1;
    pair.run_ms(100);
    assert_eq!(pair.state(P), St::RecoverWait);
    pair.sides[P].skew = 0;
    assert_waits_for_the_end_of(&mut pair, second, address);
}

/// Both had seen the lease run out; one gave it back to its client, unheard, and lost its disk.
#[test]
fn what_was_given_back_unheard_outlives_the_lease_file_that_it_was_in() {
    for lost in [P, S] {
        let mut pair = Pair::normal(6);
        let (address, _) = pair.lease(lost, 1, 20).unwrap();
        pair.run(1);
        pair.cut();
        pair.run(60);
        assert_eq!(pair.binding(lost, address).status, B::Expired);
        let ends = pair.renew(lost, 1, address, 600).unwrap().ends;
        pair.kill(lost);
        pair.lose_disk(lost);
        pair.heal();
        pair.start(lost);
        let given = given_at(&mut pair, address);
        assert!(given >= ends.0, "{} s early", ends.0 - given);
    }
}

/// A renewal within the second of the lease, unheard; then the disk is lost, within it too.
#[test]
fn a_lease_of_the_second_of_the_loss_is_from_before_it() {
    for lost in [P, S] {
        let mut pair = Pair::normal(6);
        let (address, _) = pair.lease(lost, 1, 600).unwrap();
        pair.run_ms(10);
        let ends = pair.renew(lost, 1, address, 600).unwrap().ends;
        pair.reset_connections();
        pair.kill(lost);
        pair.lose_disk(lost);
        pair.start(lost);
        let given = given_at(&mut pair, address);
        assert!(given >= ends.0, "{} s early", ends.0 - given);
    }
}

/// It renewed by what the other had acknowledged; the other sees the lease run out before it is back.
#[test]
fn a_partner_without_its_disk_learns_what_it_had_promised() {
    for lost in [P, S] {
        let mut pair = Pair::normal(6);
        let (address, _) = pair.lease(lost, 1, 600).unwrap();
        pair.run(5);
        pair.cut();
        let ends = pair.renew(lost, 1, address, 600).unwrap().ends;
        pair.kill(lost);
        pair.lose_disk(lost);
        pair.run(80);
        assert_eq!(pair.binding(1 - lost, address).status, B::Expired);
        pair.heal();
        pair.start(lost);
        let given = given_at(&mut pair, address);
        assert!(given >= ends.0, "{} s early", ends.0 - given);
    }
}

/// Two servers in NORMAL, neither of which began this run without a lease file.
fn restarted() -> Pair {
    let mut pair = Pair::normal(6);
    pair.kill(P);
    pair.kill(S);
    pair.start(P);
    pair.start(S);
    pair.run(5);
    pair.assert_states(St::Normal, St::Normal);
    pair
}

/// It gave the address to its client again after that was declined, unheard; then its word that it
/// knows of the decline is worth nothing.
#[test]
fn a_declined_address_outwaits_a_server_without_its_disk() {
    for lost in [P, S] {
        let mut pair = restarted();
        // The renewal ends later than any time that was announced.
        let (address, _) = pair.lease(lost, 1, 20).unwrap();
        pair.run(15);
        let ends = pair.renew(lost, 1, address, 600).unwrap().ends;
        decline(&mut pair, 1 - lost, address);
        pair.reset_connections();
        pair.kill(lost);
        pair.lose_disk(lost);
        pair.start(lost);
        pair.run(1);
        assert_eq!(pair.binding(lost, address).status, B::Abandoned);
        assert!(!pair.binding(1 - lost, address).is_pending());
        let given = given_at(&mut pair, address);
        assert!(given >= ends.0, "{} s early", ends.0 - given);
    }
}

/// Both servers are new: neither has been restarted since it began without a lease file.
#[test]
fn a_declined_address_of_a_new_pair_outwaits_a_server_without_its_disk() {
    for lost in [P, S] {
        let mut pair = Pair::normal(6);
        let (address, _) = pair.lease(lost, 1, 20).unwrap();
        pair.run(15);
        let ends = pair.renew(lost, 1, address, 600).unwrap().ends;
        decline(&mut pair, 1 - lost, address);
        pair.reset_connections();
        pair.kill(lost);
        pair.lose_disk(lost);
        pair.start(lost);
        let given = given_at(&mut pair, address);
        assert!(given >= ends.0, "lost {lost}: {} s early", ends.0 - given);
    }
}

/// The quarantine is shorter than the lease that may be out.
#[test]
fn a_short_quarantine_outwaits_a_server_without_its_disk() {
    for lost in [P, S] {
        let mut pair = Pair::normal(6);
        for side in [P, S] {
            pair.kill(side);
            pair.sides[side].config.timing.abandon_time = 20;
        }
        pair.start(P);
        pair.start(S);
        pair.run(5);
        pair.assert_states(St::Normal, St::Normal);
        let (address, _) = pair.lease(lost, 1, 600).unwrap();
        pair.run(15);
        let ends = pair.renew(lost, 1, address, 600).unwrap().ends;
        decline(&mut pair, 1 - lost, address);
        pair.reset_connections();
        pair.kill(lost);
        pair.lose_disk(lost);
        pair.start(lost);
        let given = given_at(&mut pair, address);
        assert!(given >= ends.0, "lost {lost}: {} s early", ends.0 - given);
    }
}

/// No loss: a probe is answered, or another client declines, once, or twice, or at both servers; the
/// tenant holds its lease.
#[test]
fn a_short_quarantine_outwaits_the_tenant() {
    for (side, again) in [
        (P, None),
        (S, None),
        (P, Some(P)),
        (S, Some(S)),
        (P, Some(S)),
    ] {
        let mut pair = Pair::normal(6);
        for side in [P, S] {
            pair.kill(side);
            pair.sides[side].config.timing.abandon_time = 20;
        }
        pair.start(P);
        pair.start(S);
        pair.run(5);
        let (address, _) = pair.lease(side, 1, 600).unwrap();
        pair.run(15);
        let ends = pair.renew(side, 1, address, 600).unwrap().ends;
        pair.run(1);
        for side in [Some(side), again].into_iter().flatten() {
            pair.with(side, |core, now, out| core.abandon(address, None, now, out));
        }
        let given = given_at(&mut pair, address);
        assert!(
            given >= ends.0,
            "{side} {again:?}: {} s early",
            ends.0 - given
        );
    }
}
