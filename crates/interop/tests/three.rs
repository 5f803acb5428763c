//! One server with two relationships and a pool that has none: what happens to one leaves the others alone.

use std::net::Ipv4Addr;
use std::time::Duration;

use interop::relay::{Lease, Relay, mac};
use interop::{Cut, Kind, Lab, Ledger, Site, until};

/// Has both relationships.
const A: usize = 0;
/// A's partner in "site".
const B: usize = 1;
/// A's partner in "dr".
const C: usize = 2;

const CONFS: [&str; 3] = [
    include_str!("data/two-peers-a.conf"),
    include_str!("data/two-peers-b.conf"),
    include_str!("data/two-peers-c.conf"),
];

const PATIENCE: Duration = Duration::from_secs(60);

/// A relationship, and clients that only it serves.
struct Pair {
    peer: &'static str,
    partner: usize,
    ports: &'static [u16],
    clients: Relay,
    leases: Vec<Lease>,
    subnet: [u8; 3],
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn two_relationships() {
    let mut lab = lab();
    lab.servers[A].start();
    lab.servers[A].wait_up();
    lab.step("the pool without a partner serves while both relationships start");
    let servers = [
        Ipv4Addr::new(10, 77, 9, 2),
        Ipv4Addr::new(10, 77, 9, 3),
        Ipv4Addr::new(10, 77, 10, 3),
    ];
    let mut alone = Relay::new(&lab.clients, Ipv4Addr::new(10, 77, 14, 1), &servers[..1]);
    let unpaired = alone.get((0..5).map(|index| mac(14, index)));
    assert_ne!(lab.servers[A].state("site").local, "normal");

    lab.step("all start");
    lab.servers[B].start();
    lab.servers[C].start();
    let pair = |peer, partner: usize, ports, network| Pair {
        peer,
        partner,
        ports,
        clients: Relay::new(
            &lab.clients,
            Ipv4Addr::new(10, 77, network, 1),
            &[servers[A], servers[partner]],
        ),
        leases: Vec::new(),
        subnet: [10, 77, network],
    };
    let mut site = pair("site", B, &[647, 847], 12);
    let mut dr = pair("dr", C, &[648], 13);
    for pair in [&mut site, &mut dr] {
        lab.wait_normal(pair.peer, (A, pair.partner), PATIENCE);
        wait_equal(&lab, pair);
        pair.serve(2);
    }
    disturb(&mut lab, &mut site, &mut dr);
    disturb(&mut lab, &mut dr, &mut site);
    lab.step("in the shared network of three pools, the clients of both relationships and of none");
    let mut campus = Relay::new(&lab.clients, Ipv4Addr::new(10, 77, 9, 8), &servers);
    let leases = campus.get((0..12).map(|index| mac(9, index)));
    assert_eq!(campus.renew(&leases).len(), leases.len());
    assert_eq!(alone.renew(&unpaired).len(), unpaired.len());
    Ledger::new(&lab.watch.seen()).assert_none_twice();
}

/// The one relationship is cut and healed; its partner is killed, declared down, and comes back. The other one goes on.
fn disturb(lab: &mut Lab, one: &mut Pair, other: &mut Pair) {
    let marks = [
        lab.servers[A].log.len(),
        lab.servers[other.partner].log.len(),
    ];
    lab.step(&format!("{} is cut, and healed", one.peer));
    lab.cut(Cut::Drop, one.ports);
    for server in [A, one.partner] {
        lab.servers[server].wait_state(
            one.peer,
            "communications-interrupted",
            Duration::from_secs(30),
        );
    }
    other.serve(1);
    one.serve(1);
    lab.heal();
    lab.wait_normal(one.peer, (A, one.partner), PATIENCE);
    wait_equal(lab, one);

    lab.step(&format!(
        "the partner in {} is killed and declared down",
        one.peer
    ));
    lab.servers[one.partner].kill();
    lab.servers[A].wait_state(
        one.peer,
        "communications-interrupted",
        Duration::from_secs(30),
    );
    lab.servers[A].partner_down(one.peer);
    lab.servers[A].wait_state(one.peer, "partner-down", Duration::from_secs(10));
    assert_eq!(lab.servers[A].state(other.peer).local, "normal");
    assert_eq!(lab.servers[other.partner].state(other.peer).local, "normal");
    other.serve(1);
    one.serve(1);
    lab.step("the partner comes back");
    lab.servers[one.partner].start();
    lab.wait_normal(one.peer, (A, one.partner), PATIENCE);
    wait_equal(lab, one);

    let moved = format!("failover peer {}: I move", other.peer);
    for (server, mark) in [A, other.partner].into_iter().zip(marks) {
        assert_eq!(
            lab.servers[server].log.count(mark, &moved),
            0,
            "{} isn't concerned",
            other.peer
        );
    }
    wait_equal(lab, other);
}

impl Pair {
    /// Clients renew, and `more` new ones come.
    fn serve(&mut self, more: u32) {
        self.leases = self.clients.renew(&self.leases);
        let begin = self.leases.len() as u32;
        let new = self
            .clients
            .get((begin..begin + more).map(|index| mac(self.subnet[2], index)));
        let foreign = new
            .iter()
            .find(|lease| lease.address.octets()[..3] != self.subnet);
        assert!(
            foreign.is_none(),
            "an address of another subnet: {foreign:?}"
        );
        self.leases.extend(new);
    }
}

/// Waits until both servers of a relationship agree about its addresses.
fn wait_equal(lab: &Lab, pair: &Pair) {
    let belongs = |address: Ipv4Addr| match address.octets() {
        [10, 77, 9, 100..=109] | [10, 77, 12, 10..=39] => pair.peer == "site",
        [10, 77, 9, 200..=204] | [10, 77, 11, 10..=12] | [10, 77, 13, 10..=39] => pair.peer == "dr",
        _ => false,
    };
    let mut differences = Vec::new();
    let equal = until(PATIENCE, || {
        let [ours, theirs] =
            [A, pair.partner].map(|server| lab.servers[server].database().part(belongs));
        differences = ours.differences(&theirs);
        let pending = |server: usize| lab.servers[server].state(pair.peer).pending.unwrap_or(0);
        (differences.is_empty() && pending(A) + pending(pair.partner) == 0).then_some(())
    });
    assert!(equal.is_some(), "{}: {differences:?}", pair.peer);
}

fn lab() -> Lab {
    let site = |address| Site {
        kind: Kind::Ours,
        addresses: address,
    };
    let clients = [
        "10.77.9.8/24",
        "10.77.10.8/24",
        "10.77.11.1/24",
        "10.77.12.1/24",
        "10.77.13.1/24",
        "10.77.14.1/24",
    ];
    let sites = [
        site(&["10.77.9.2/24"]),
        site(&["10.77.9.3/24"]),
        site(&["10.77.10.3/24"]),
    ];
    let lab = Lab::new("three", &clients, &sites);
    for (server, conf) in lab.servers.iter().zip(CONFS) {
        server.configure(conf);
    }
    // One segment for all; relay agents are in every subnet.
    for (server, networks) in [
        (A, [10, 11, 12, 13, 14].as_slice()),
        (B, &[12]),
        (C, &[9, 11, 13]),
    ] {
        for network in networks {
            lab.servers[server]
                .namespace
                .ip(&format!("route add 10.77.{network}.0/24 dev eth0"));
        }
    }
    lab
}
