//! A failover pair under real clients: cut, healed, killed and back again.
//!
//! The pair is two of ours; `INTEROP_PAIR=isc,ours` (primary, secondary) makes it another one.

use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dhcpd_text::leases::BindingState;
use interop::client::{Client, Perfdhcp, Program};
use interop::conf::{self, PEER, PORTS};
use interop::relay::{Relay, mac};
use interop::{Cut, Database, Difference, Kind, Lab, Ledger, Server, Site, until, wait_for};

const BOTH: (usize, usize) = (0, 1);
const GIADDR: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 8);
const SERVERS: [Ipv4Addr; 2] = [
    Ipv4Addr::new(192, 168, 1, 10),
    Ipv4Addr::new(192, 168, 1, 11),
];

/// Both new: STARTUP lasts until they hear of each other, and each dials every 5 s.
const TO_NORMAL: Duration = Duration::from_secs(60);

/// Every update sent, answered (dhcpd may take 2 s for that) and written; pools balanced.
const TO_EQUAL: Duration = Duration::from_secs(60);

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn article() {
    // A server that only repeats a lease, and the partner doesn't hear of that, keeps it through a release that may have
    // come before.
    let conf = format!("dhcp-cache-threshold 0;\n{}", conf::ARTICLE);
    let mut lab = lab("article", conf::ARTICLE_CLIENTS, conf::ARTICLE_SITES, &conf);
    start_both(&mut lab);
    let mut relay = Relay::new(&lab.clients, GIADDR, &SERVERS);

    lab.step("40 clients get leases, renew them; 10 give theirs back");
    let leases = relay.get((0..40).map(|index| mac(1, index)));
    lab.wait_equal(PEER, BOTH, TO_EQUAL);
    let leases = relay.renew(&leases);
    lab.wait_equal(PEER, BOTH, TO_EQUAL);
    relay.release(&leases[..10]);
    lab.wait_equal(PEER, BOTH, TO_EQUAL);

    lab.step("the link is cut by resets, and healed");
    lab.cut(Cut::Reset, PORTS);
    for server in &lab.servers {
        server.wait_state(PEER, "communications-interrupted", Duration::from_secs(20));
    }
    let leases = relay.renew(&leases[10..]);
    lab.heal();
    lab.wait_normal(PEER, BOTH, TO_NORMAL);
    lab.wait_equal(PEER, BOTH, TO_EQUAL);

    let mut kept = leases;
    for victim in [0, 1] {
        lab.step(&format!("server {victim} is killed and comes back"));
        kill_and_return(&mut lab, victim, |lab| {
            kept = relay.renew(&kept);
            drop(lab.servers[1 - victim].database());
        });
    }
    let database = lab.wait_equal(PEER, BOTH, TO_EQUAL);
    assert_eq!(
        database.count(BindingState::Active),
        30,
        "the clients that kept their leases"
    );
    check_books(&lab);
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn wide() {
    let mut lab = lab("wide", conf::WIDE_CLIENTS, conf::WIDE_SITES, &conf::wide());
    start_both(&mut lab);
    let mut relay = Relay::new(&lab.clients, GIADDR, &SERVERS);

    lab.step("20 dhclients and 5 udhcpc get leases");
    let program = |index| {
        if index < 20 {
            Program::Dhclient
        } else {
            Program::Udhcpc
        }
    };
    let mut clients: Vec<Client> = (0..25)
        .map(|index| Client::start(&lab, program(index), index))
        .collect();
    clients.iter().for_each(Client::wait_bound);

    lab.step("500 perfdhcp clients get leases, renew and release");
    let crowd = Perfdhcp {
        clients: 500,
        crowd: 1,
        rate: 150,
        renew: 0,
        release: 0,
        seconds: 12,
    };
    let counted = crowd.run(&lab);
    assert!(
        counted.lost * 50 <= counted.acks,
        "more than 2 % lost: {counted:?}"
    );
    let crowd = Perfdhcp {
        rate: 100,
        renew: 40,
        release: 40,
        seconds: 8,
        ..crowd
    };
    let counted = crowd.run(&lab);
    assert!(
        counted.lost * 50 <= counted.acks,
        "more than 2 % lost: {counted:?}"
    );
    let ledger = Ledger::new(&lab.watch.seen());
    let served = ledger
        .clients()
        .filter(|client| client.starts_with(&[2, 0xfd]))
        .count();
    assert!(
        served >= 450,
        "perfdhcp draws at random, but {served} of 500 is too few"
    );

    lab.step("dhclients renew by themselves, udhcpc are told to");
    clients.iter().for_each(Client::renew);
    wait_for("every client to renew", Duration::from_secs(60), || {
        let seen = lab.watch.seen();
        clients
            .iter()
            .all(|client| acks_of(&seen, client.mac()) >= 2)
    });
    lab.step("5 dhclients and a udhcpc give their leases back");
    clients.drain(..5).for_each(Client::release);
    clients.pop().into_iter().for_each(Client::release);
    lab.wait_equal(PEER, BOTH, TO_EQUAL);

    lab.step("the link is cut silently; both serve; it is healed");
    lab.cut(Cut::Drop, PORTS);
    for server in &lab.servers {
        server.wait_state(PEER, "communications-interrupted", Duration::from_secs(30));
    }
    relay.get((0..40).map(|index| mac(2, index)));
    lab.heal();
    lab.wait_normal(PEER, BOTH, TO_NORMAL);
    lab.wait_equal(PEER, BOTH, TO_EQUAL);

    for victim in [0, 1] {
        lab.step(&format!("server {victim} is killed and comes back"));
        kill_and_return(&mut lab, victim, |_| {
            relay.get((0..40).map(|index| mac(3 + victim as u8, index)));
        });
    }
    lab.wait_equal(PEER, BOTH, TO_EQUAL);
    check_books(&lab);
    drop(clients);
    isc_reads_our_file(&mut lab);
}

/// A lab with a configured pair, not started.
fn lab(name: &str, clients: [&str; 2], sites: [&str; 2], primary: &str) -> Lab {
    let kinds = kinds();
    let sites: Vec<_> = sites.iter().map(|site| [*site]).collect();
    let [a, b] = [0, 1].map(|index| Site {
        kind: kinds[index],
        addresses: &sites[index],
    });
    let lab = Lab::new(name, &clients, &[a, b]);
    lab.servers[0].configure(primary);
    lab.servers[1].configure(&conf::mirror(primary));
    lab
}

fn kinds() -> [Kind; 2] {
    let words = std::env::var("INTEROP_PAIR").unwrap_or_else(|_| "ours,ours".into());
    let kind = |word: &str| match word {
        "ours" => Kind::Ours,
        "isc" => Kind::Isc,
        other => panic!("INTEROP_PAIR: {other:?} is neither ours nor isc"),
    };
    let (primary, secondary) = words
        .split_once(',')
        .expect("INTEROP_PAIR is PRIMARY,SECONDARY");
    [kind(primary), kind(secondary)]
}

fn start_both(lab: &mut Lab) {
    lab.step(&format!("{:?} start", kinds()));
    lab.servers.iter_mut().for_each(Server::start);
    lab.wait_normal(PEER, BOTH, TO_NORMAL);
    lab.wait_equal(PEER, BOTH, TO_EQUAL);
}

/// Kills a server; `meanwhile` is what clients do with the other one.
fn kill_and_return(lab: &mut Lab, victim: usize, meanwhile: impl FnOnce(&Lab)) {
    lab.servers[victim].kill();
    lab.servers[1 - victim].wait_state(PEER, "communications-interrupted", Duration::from_secs(30));
    meanwhile(lab);
    lab.servers[victim].start();
    lab.wait_normal(PEER, BOTH, TO_NORMAL);
    lab.wait_equal(PEER, BOTH, TO_EQUAL);
}

fn acks_of(seen: &[interop::Seen], client: [u8; 6]) -> usize {
    seen.iter()
        .filter(|message| {
            message.client == client && message.lease.is_some() && !message.yiaddr.is_unspecified()
        })
        .filter(|message| message.kind == dhcp4_wire::MessageType::ACK)
        .count()
}

/// No address was ever given twice, and each server knows all that the clients hold.
fn check_books(lab: &Lab) {
    let ledger = Ledger::new(&lab.watch.seen());
    assert!(ledger.acks > 0, "nothing was seen");
    ledger.assert_none_twice();
    for server in &lab.servers {
        let mut lost = Vec::new();
        // The partner of the server that gave a lease hears of it a little later.
        let known = until(Duration::from_secs(10), || {
            let (database, now) = (server.database(), now());
            lost = ledger.lost(&database, now);
            lost.is_empty().then_some(())
        });
        assert!(
            known.is_some(),
            "{} leases lost:\n{}",
            lost.len(),
            lost.join("\n")
        );
    }
}

/// dhcpd accepts the lease files as they are while ours run and after a clean stop; started on one it finds the same.
fn isc_reads_our_file(lab: &mut Lab) {
    lab.step("dhcpd reads the lease files");
    let accepted = |lab: &Lab, when: &str| {
        for server in &lab.servers {
            let copy = server.leases().with_extension("copy");
            std::fs::copy(server.leases(), &copy).expect("the lease file can be copied");
            Server::accepts(Kind::Isc, &server.conf(), &copy)
                .unwrap_or_else(|said| panic!("{when}: {said}"));
        }
    };
    accepted(lab, "while it is written");
    lab.servers.iter_mut().for_each(Server::terminate);
    accepted(lab, "after the stop");
    let before = lab.servers.iter().map(Server::database).collect::<Vec<_>>();
    for (server, before) in lab.servers.iter_mut().zip(before) {
        server.kind = Kind::Isc;
        server.start();
        server.wait_up();
        server.terminate();
        let changed = unexpected(&before, &server.database(), now());
        assert!(
            changed.is_empty(),
            "dhcpd read something else:\n{changed:?}"
        );
        assert!(
            before.count(BindingState::Active) > 0,
            "no active lease to compare"
        );
    }
}

/// Differences between a file and what was made of it later, other than that leases ran out.
fn unexpected(before: &Database, after: &Database, now: Duration) -> Vec<Difference> {
    let ran_out = |difference: &Difference| {
        let lease = before.get(difference.address);
        lease.is_some_and(|lease| {
            lease.binding_state == Some(BindingState::Active)
                && lease
                    .ends
                    .is_some_and(|ends| u64::from(ends.seconds()) <= now.as_secs())
                && after
                    .get(difference.address)
                    .is_some_and(|after| after.binding_state != Some(BindingState::Active))
        })
    };
    before
        .differences(after)
        .into_iter()
        .filter(|difference| !ran_out(difference))
        .collect()
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("it is after 1970")
}
