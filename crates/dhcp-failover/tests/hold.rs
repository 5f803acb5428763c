//! After an outage a dhcpd speaks first, since it takes an older update over its own newer one.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::net::Ipv4Addr;

use common::*;
use dhcp_failover::{BindingStatus as B, ServerState as St};

/// Two servers in NORMAL that share six addresses; the one that isn't `ours` passes for a dhcpd.
fn beside_dhcpd(ours: usize) -> Pair {
    let mut pair = Pair::new(6);
    pair.sides[1 - ours].is_isc = true;
    pair.start(P);
    pair.start(S);
    pair.run(5);
    pair.assert_states(St::Normal, St::Normal);
    pair
}

/// A lease of client 1 that both know.
fn lease(pair: &mut Pair, side: usize) -> Ipv4Addr {
    let (address, _) = pair.lease(side, 1, 600).unwrap();
    pair.run(1);
    pair.renew(side, 1, address, 600).unwrap();
    pair.run(1);
    address
}

fn updates(pair: &Pair, side: usize) -> usize {
    let said = pair.sides[side].said.iter();
    said.filter(|said| *said == "BindingUpdate").count()
}

/// Runs until a side has sent another update than those `before`, at most a while; how long that took.
fn wait_for_update(pair: &mut Pair, side: usize, before: usize) -> u64 {
    let begin = pair.ms;
    while updates(pair, side) == before && pair.ms < begin + 10_000 {
        pair.run_ms(1);
    }
    pair.ms - begin
}

/// The link breaks, and the primary renews a lease before it stands again.
fn renewed_unheard(pair: &mut Pair, address: Ipv4Addr) {
    pair.reset_connections();
    pair.run_ms(2);
    pair.assert_states(St::CommunicationsInterrupted, St::CommunicationsInterrupted);
    pair.renew(P, 1, address, 600).unwrap();
}

fn run_to_normal(pair: &mut Pair) {
    while pair.state(P) != St::Normal {
        pair.run_ms(1);
    }
}

/// The client renews here, then, this server being dead, there: there is the newer one.
#[test]
fn its_renewals_come_before_ours() {
    for ours in [P, S] {
        let mut pair = beside_dhcpd(ours);
        let address = lease(&mut pair, ours);
        pair.cut();
        pair.run(15);
        pair.renew(ours, 1, address, 600).unwrap();
        pair.kill(ours);
        pair.run(5);
        let ends = pair.renew(1 - ours, 1, address, 600).unwrap().ends;
        pair.heal();
        pair.start(ours);
        let before = [P, S].map(|side| updates(&pair, side));
        wait_for_update(&mut pair, 1 - ours, before[1 - ours]);
        pair.run_ms(2);
        assert_eq!(pair.binding(ours, address).ends, ends, "it has come");
        assert_eq!(updates(&pair, ours), before[ours], "and ours not gone out");
        pair.settle();
        pair.assert_equal_tables();
        assert_eq!(pair.binding(ours, address).ends, ends);
    }
}

/// Ours goes out once the partner has nothing more to say; to one of our kind, at once.
#[test]
fn ours_follow_half_a_second_later() {
    for (is_isc, expected) in [(true, 500..600), (false, 0..100)] {
        let mut pair = Pair::new(6);
        pair.sides[S].is_isc = is_isc;
        pair.start(P);
        pair.start(S);
        pair.run(5);
        let address = lease(&mut pair, P);
        renewed_unheard(&mut pair, address);
        let before = updates(&pair, P);
        run_to_normal(&mut pair);
        let took = wait_for_update(&mut pair, P, before);
        assert!(expected.contains(&took), "{took} ms");
    }
}

/// What clients do meanwhile is no backlog, and doesn't keep ours waiting.
#[test]
fn new_leases_of_the_partner_do_not_keep_ours_waiting() {
    let mut pair = beside_dhcpd(P);
    let ours = lease(&mut pair, P);
    let (theirs, _) = pair.lease(S, 2, 600).unwrap();
    pair.run(1);
    renewed_unheard(&mut pair, ours);
    let before = updates(&pair, P);
    run_to_normal(&mut pair);
    // From the second after the one in which NORMAL began, it is something new.
    let begin = pair.ms;
    while updates(&pair, P) == before {
        assert!(pair.ms < begin + 1600, "starved");
        pair.run_ms(100);
        pair.renew(S, 2, theirs, 600).unwrap();
    }
}

/// It asks for updates: it gets them.
#[test]
fn what_it_asks_for_is_not_held() {
    let mut pair = beside_dhcpd(P);
    let address = lease(&mut pair, P);
    renewed_unheard(&mut pair, address);
    let before = updates(&pair, P);
    run_to_normal(&mut pair);
    pair.say(S, failover_wire::Message::UpdateRequest);
    assert!(wait_for_update(&mut pair, P, before) < 5);
    pair.run_ms(5);
    assert_eq!(pair.sides[P].said.last().unwrap(), "UpdateDone");
}

/// A cut that nobody notices: TCP keeps its renewal, and our word of the end would overtake it.
#[test]
fn a_lease_of_its_ends_when_it_has_spoken_since() {
    let mut pair = beside_dhcpd(P);
    let (address, granted) = pair.lease(S, 1, 600).unwrap();
    let cut = u64::from(granted.ends.0 - START) * 1000 - 4_000;
    pair.run_ms(cut - pair.ms);
    pair.assert_states(St::Normal, St::Normal);
    pair.cut();
    pair.run(1);
    let ends = pair.renew(S, 1, address, 600).unwrap().ends;
    pair.run(5);
    pair.assert_states(St::Normal, St::Normal);
    assert_eq!(pair.binding(P, address).status, B::Active, "not yet over");
    pair.heal();
    pair.run(3);
    assert_eq!(pair.binding(P, address).ends, ends);
    assert_eq!(pair.binding(P, address).status, B::Active);
    // What isn't renewed does end, as soon as the partner has been heard.
    let left = u64::from(ends.0 - START) * 1000 - pair.ms;
    pair.run_ms(left + 6_000);
    assert_ne!(pair.binding(P, address).status, B::Active);
    pair.settle();
    pair.assert_equal_tables();
}
