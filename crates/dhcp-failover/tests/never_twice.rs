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

/// RECOVER-WAIT counts whole seconds; what was granted late in one ends late in one.
#[test]
fn recover_wait_outlasts_a_lease_granted_late_in_a_second() {
    let mut pair = Pair::normal(6);
    pair.run_ms(900);
    let (_, granted) = pair.lease(P, 1, 600).unwrap();
    pair.run_ms(10);
    pair.kill(P);
    pair.lose_disk(P);
    pair.start(P);
    let end = u64::from(granted.ends.0 - START) * 1000 + 900;
    pair.run_ms(end - pair.ms);
    assert_eq!(pair.state(P), St::RecoverWait);
    pair.run(2);
    assert_ne!(pair.state(P), St::RecoverWait);
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

/// It gave the address to its client again after that was declined, unheard; then its word that it
/// knows of the decline is worth nothing.
#[test]
fn a_declined_address_outwaits_a_partner_without_its_disk() {
    let mut pair = Pair::normal(6);
    let (address, _) = pair.lease(S, 1, 600).unwrap();
    pair.run(5);
    pair.cut();
    decline(&mut pair, P, address);
    let ends = pair.renew(S, 1, address, 600).unwrap().ends;
    pair.kill(S);
    pair.lose_disk(S);
    pair.command(P, St::PartnerDown);
    pair.heal();
    pair.start(S);
    let given = given_at(&mut pair, address);
    assert!(given >= ends.0, "{} s early", ends.0 - given);
}
