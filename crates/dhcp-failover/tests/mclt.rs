//! An MCLT that changes: the primary's configuration says so, and its restart brings it in.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::*;
use dhcp_failover::ServerState as St;

/// Leases the primary's MCLT out to a client at the side, unheard; the side dies, and the other
/// gives the address away: when, and when the client's lease was over, in ms.
#[track_caller]
fn give_away(pair: &mut Pair, address: std::net::Ipv4Addr, survivor: usize, ends: u32) {
    pair.command(survivor, St::PartnerDown);
    for _ in 0..3000 {
        if pair.renew(survivor, 200, address, 600).is_ok() {
            let now = pair.now(survivor).unix.0;
            assert!(now >= ends, "given away {} s early", ends - now);
            return;
        }
        pair.run(1);
    }
    panic!("never given away");
}

fn with_mclt(mclt: u32) -> Pair {
    let mut pair = Pair::new(6);
    pair.sides[P].config.mclt = Some(mclt);
    pair.start(P);
    pair.start(S);
    pair.run(5);
    pair.assert_states(St::Normal, St::Normal);
    pair
}

fn restart_primary(pair: &mut Pair, mclt: u32) {
    pair.kill(P);
    pair.sides[P].config.mclt = Some(mclt);
    pair.start(P);
}

#[test]
fn leases_of_a_longer_mclt_are_outwaited() {
    let mut pair = with_mclt(600);
    pair.cut();
    pair.run(15);
    let (address, granted) = pair.lease(S, 1, 3600).unwrap();
    assert_eq!(granted.length, 600);
    restart_primary(&mut pair, 60);
    pair.kill(S);
    pair.run(20);
    // Also over a second restart.
    restart_primary(&mut pair, 60);
    pair.run(20);
    give_away(&mut pair, address, P, granted.ends.0);
}

#[test]
fn a_secondary_that_learned_a_shorter_one_waits_for_the_longer_too() {
    let mut pair = with_mclt(600);
    let (address, _) = pair.lease(P, 1, 900).unwrap();
    pair.run(1);
    pair.cut();
    pair.run(15);
    let granted = pair.renew(P, 1, address, 900).unwrap();
    pair.heal();
    restart_primary(&mut pair, 60);
    pair.run(5);
    pair.assert_states(St::Normal, St::Normal);
    pair.kill(S);
    pair.start(S);
    pair.kill(P);
    pair.run(20);
    assert_eq!(pair.core(S).endpoint(ID).mclt(), 60);
    assert_eq!(pair.sides[S].record[&ID].wait_mclt, 600);
    give_away(&mut pair, address, S, granted.ends.0);
}

#[test]
fn a_longer_mclt_holds_from_when_the_secondary_knows() {
    let mut pair = with_mclt(60);
    pair.cut();
    pair.run(15);
    restart_primary(&mut pair, 600);
    pair.run(30);
    assert_eq!(pair.state(P), St::CommunicationsInterrupted);
    let (address, granted) = pair.lease(P, 1, 3600).unwrap();
    assert_eq!(granted.length, 60);
    pair.kill(P);
    give_away(&mut pair, address, S, granted.ends.0);

    let mut pair = with_mclt(60);
    restart_primary(&mut pair, 600);
    pair.run(5);
    assert_eq!(pair.lease(P, 1, 3600).unwrap().1.length, 600);
    assert_eq!(pair.lease(S, 2, 3600).unwrap().1.length, 600);
}

#[test]
fn the_longer_one_is_forgotten_in_time() {
    let mut pair = with_mclt(600);
    restart_primary(&mut pair, 60);
    for (passed, wait) in [(300, 600), (601, 60)] {
        pair.run(10);
        pair.assert_states(St::Normal, St::Normal);
        pair.run(passed);
        pair.reset_connections();
        pair.run(1);
        for side in [P, S] {
            let record = pair.core(side).endpoint(ID).record();
            assert_eq!((record.mclt, record.wait_mclt), (Some(60), wait));
        }
    }
}
