//! What is granted, for how long, and when an address is free again.

mod common;

use common::*;
use dhcp_failover::{BindingStatus as B, Refused, ServerState as St, UnixTime};

#[test]
fn a_first_lease_is_mclt_long_and_a_renewal_is_whole_once_acknowledged() {
    let mut pair = Pair::normal(20);
    let (address, granted) = pair.lease(P, 1, 600).expect("an address");
    assert_eq!(granted.length, 60);
    let tstp = pair.binding(P, address).tstp;
    assert_eq!(tstp, UnixTime(pair.now(P).unix.0 + 630));
    // Not yet acknowledged: no more than MCLT again.
    assert_eq!(pair.renew(P, 1, address, 600).expect("renewed").length, 60);
    pair.run(1);
    assert_eq!(
        pair.binding(P, address).acked,
        pair.binding(P, address).tstp
    );
    assert_eq!(pair.renew(P, 1, address, 600).expect("renewed").length, 600);
    assert_eq!(
        pair.binding(P, address).tstp,
        UnixTime(pair.now(P).unix.0 + 900)
    );
    pair.run(1);
    pair.assert_equal_tables();
}

#[test]
fn without_the_partner_a_lease_never_outgrows_what_it_knows_by_more_than_mclt() {
    let mut pair = Pair::normal(20);
    let (address, _) = pair.lease(P, 1, 600).expect("an address");
    pair.run(1);
    pair.renew(P, 1, address, 600).expect("renewed");
    pair.run(1);
    let acked = pair.binding(P, address).acked;
    pair.cut();
    pair.run(15);
    for _ in 0..10 {
        pair.run(100);
        let Ok(granted) = pair.renew(P, 1, address, 600) else {
            break;
        };
        let bound = acked.max(pair.now(P).unix).0 + 60;
        assert!(granted.ends.0 <= bound, "{} > {bound}", granted.ends.0);
    }
}

#[test]
fn the_partner_acknowledges_before_an_expired_address_is_free() {
    let mut pair = Pair::normal(20);
    let (address, _) = pair.lease(P, 1, 600).expect("an address");
    pair.run(30);
    pair.cut();
    pair.run(40);
    assert_eq!(pair.binding(P, address).status, B::Expired);
    assert_eq!(pair.renew(P, 2, address, 600), Err(Refused::NotOurs));
    pair.heal();
    pair.run(20);
    pair.assert_states(St::Normal, St::Normal);
    assert!(matches!(
        pair.binding(P, address).status,
        B::Free | B::Backup
    ));
    pair.assert_equal_tables();
}

#[test]
fn a_lease_that_the_partner_never_heard_of_can_be_taken_back() {
    let mut pair = Pair::normal(20);
    pair.cut();
    pair.run(12);
    for (side, own) in [(P, B::Free), (S, B::Backup)] {
        let (address, _) = pair.lease(side, 1, 600).expect("an address");
        assert_eq!(pair.binding(side, address).rewind, own);
        pair.release(side, address);
        assert_eq!(pair.binding(side, address).status, own, "free at once");
        let (address, _) = pair.lease(side, 2, 600).expect("an address");
        pair.run(61);
        assert_eq!(
            pair.binding(side, address).status,
            own,
            "free as soon as it ends"
        );
    }
    pair.heal();
    pair.run(20);
    pair.assert_states(St::Normal, St::Normal);
    pair.assert_equal_tables();
}

#[test]
fn a_client_may_return_to_a_lease_whose_end_the_partner_was_not_told() {
    let mut pair = Pair::normal(20);
    let (address, _) = pair.lease(P, 1, 600).expect("an address");
    pair.run(2);
    pair.cut();
    pair.run(70);
    assert_eq!(pair.binding(P, address).status, B::Expired);
    assert_eq!(pair.renew(P, 2, address, 600), Err(Refused::NotOurs));
    pair.renew(P, 1, address, 600).expect("its own lease");
    pair.heal();
    pair.run(20);
    pair.assert_equal_tables();
}

#[test]
fn a_release_is_heard_by_either_server() {
    let mut pair = Pair::normal(20);
    let (address, _) = pair.lease(P, 1, 600).expect("an address");
    pair.run(1);
    pair.release(S, address);
    assert_eq!(pair.binding(S, address).status, B::Released);
    pair.run(1);
    for side in [P, S] {
        assert!(matches!(
            pair.binding(side, address).status,
            B::Free | B::Backup
        ));
    }
    pair.assert_equal_tables();
}

#[test]
fn an_abandoned_address_has_no_client_and_comes_back_in_time() {
    let mut pair = Pair::new(20);
    for side in [P, S] {
        pair.sides[side].config.timing.abandon_time = 100;
        pair.start(side);
    }
    pair.run(5);
    let (address, _) = pair.lease(P, 1, 600).expect("an address");
    pair.run(1);
    pair.with(P, |core, now, out| {
        core.abandon(address, Some(&client(1)), now, out)
    });
    pair.run(1);
    for side in [P, S] {
        assert_eq!(pair.binding(side, address).status, B::Abandoned);
        assert!(pair.binding(side, address).client.is_empty());
    }
    pair.run(101);
    for side in [P, S] {
        assert!(matches!(
            pair.binding(side, address).status,
            B::Free | B::Backup
        ));
    }
    pair.assert_equal_tables();
}

#[test]
fn both_renewing_at_once_end_with_one_lease() {
    let mut pair = Pair::normal(20);
    let (address, _) = pair.lease(P, 1, 600).expect("an address");
    pair.run(5);
    pair.renew(P, 1, address, 600).expect("renewed");
    pair.renew(S, 1, address, 600).expect("renewed");
    pair.run(3);
    pair.assert_equal_tables();
    assert_eq!(pair.binding(P, address).status, B::Active);
}

/// The lease of a client that renewed unseen on the dying server: ISC reuses it too early.
#[test]
fn alone_an_address_is_reused_only_after_all_that_the_partner_may_have_promised() {
    let mut pair = Pair::normal(20);
    let (address, _) = pair.lease(P, 1, 300).expect("an address");
    pair.run(1);
    pair.renew(P, 1, address, 300).expect("renewed");
    pair.run(1);
    // The dying server renews once more, and nobody hears of it.
    pair.run(100);
    pair.cut();
    let last = pair.renew(P, 1, address, 300).expect("renewed");
    pair.kill(P);
    pair.run(12);
    pair.command(S, St::PartnerDown);
    while pair.now(S).unix < last.ends {
        pair.run(1);
        assert!(
            pair.renew(S, 2, address, 300).is_err(),
            "still the other client's"
        );
    }
    pair.run(500);
    assert!(pair.renew(S, 2, address, 300).is_ok());
}

#[test]
fn a_tenancy_begun_alone_frees_its_address_at_its_end() {
    let mut pair = Pair::normal(2);
    pair.kill(P);
    pair.run(1);
    pair.command(S, St::PartnerDown);
    let (address, granted) = pair.lease(S, 1, 40).expect("an address");
    assert_eq!(granted.length, 40);
    pair.run(39);
    assert!(pair.renew(S, 2, address, 40).is_err());
    pair.run(3);
    assert!(pair.renew(S, 2, address, 40).is_ok());
}

#[test]
fn a_returning_partner_is_told_everything_before_it_may_serve() {
    let mut pair = Pair::normal(20);
    pair.kill(P);
    pair.run(1);
    pair.command(S, St::PartnerDown);
    pair.start(P);
    pair.run(2);
    let mut addresses = Vec::new();
    // Updates go on while the partner recovers: later ones don't hold it back.
    while pair.state(S) == St::PartnerDown {
        if let Some((address, _)) = pair.lease(S, addresses.len() as u8, 600) {
            addresses.push(address);
        }
        pair.run_ms(500);
        assert!(pair.ms < 200_000, "{}", pair.story());
    }
    for address in addresses {
        assert_eq!(
            pair.binding(P, address).status,
            pair.binding(S, address).status
        );
    }
    pair.run(2);
    pair.assert_states(St::Normal, St::Normal);
}

#[test]
fn a_server_in_trouble_serves_nobody() {
    let mut pair = Pair::new(20);
    pair.start(P);
    assert!(matches!(
        pair.renew(P, 1, host(1), 60),
        Err(Refused::NotServing("startup"))
    ));
    pair.run(16);
    assert!(matches!(
        pair.renew(P, 1, host(1), 60),
        Err(Refused::NotServing("recovering"))
    ));
}

#[test]
fn nobody_grants_the_partners_addresses_while_it_lives() {
    let mut pair = Pair::normal(20);
    let theirs: Vec<_> = pair
        .core(P)
        .bindings()
        .in_reuse_order(POOL, B::Backup)
        .map(|(address, _)| address)
        .collect();
    for address in theirs {
        assert_eq!(pair.renew(P, 1, address, 60), Err(Refused::NotOurs));
    }
}

/// The wall clock of one server is set forward by a day: its leases must not end for that.
#[test]
fn a_stepped_wall_clock_ends_no_lease() {
    let mut pair = Pair::normal(20);
    let (address, _) = pair.lease(P, 1, 600).expect("an address");
    pair.run(1);
    pair.renew(P, 1, address, 600).expect("renewed");
    pair.run(1);
    pair.sides[P].skew = 86_400;
    pair.run(300);
    assert_eq!(pair.binding(P, address).status, B::Active);
    assert!(pair.renew(P, 2, address, 600).is_err());
    assert!(
        pair.story().contains("the clock was set by 86"),
        "{}",
        pair.story()
    );
    assert_eq!(
        pair.state(P),
        St::CommunicationsInterrupted,
        "skew keeps them apart"
    );
    pair.sides[P].skew = 0;
    pair.run(30);
    pair.assert_states(St::Normal, St::Normal);
}

#[test]
fn a_clock_behind_the_lease_file_keeps_the_server_silent() {
    let mut pair = Pair::normal(20);
    pair.lease(P, 1, 600);
    pair.run(5);
    pair.kill(P);
    pair.sides[P].skew = -200;
    pair.start(P);
    pair.run(100);
    assert_eq!(pair.state(P), St::Startup);
    assert!(pair.story().contains("seconds behind the lease file"));
    pair.sides[P].skew = 0;
    pair.run(300);
    pair.assert_states(St::Normal, St::Normal);
}

#[test]
fn only_a_lease_is_released() {
    let mut pair = Pair::normal(20);
    let bindings = pair.core(P).bindings();
    let theirs = bindings.in_reuse_order(POOL, B::Backup).next();
    let theirs = theirs.map(|(address, _)| address).expect("half of them");
    pair.release(P, theirs);
    pair.run(2);
    assert_eq!(pair.binding(P, theirs).status, B::Backup);
    pair.assert_equal_tables();
}

/// A server that serves nobody hears clients all the same.
#[test]
fn a_server_that_serves_nobody_ends_nothing() {
    let mut pair = Pair::normal(20);
    let (address, _) = pair.lease(P, 1, 600).expect("an address");
    pair.run(1);
    pair.command(S, St::Paused);
    pair.release(S, address);
    pair.with(S, |core, now, out| core.abandon(address, None, now, out));
    assert_eq!(pair.binding(S, address).status, B::Active);
    pair.run(2);
    assert_eq!(pair.binding(P, address).status, B::Active);
}
