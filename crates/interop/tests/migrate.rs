//! From dhcpd to ours and back again, on the same files.

use std::net::Ipv4Addr;
use std::time::Duration;

use dhcpd_text::leases::BindingState;
use interop::conf::{self, PEER};
use interop::relay::{Lease, Relay, mac};
use interop::{Database, Kind, Lab, Ledger, Server, Site, wait_for};

const BOTH: (usize, usize) = (0, 1);
const PATIENCE: Duration = Duration::from_secs(60);

/// A pair of dhcpd is stopped, two of ours take over its lease files, and two dhcpd take them back: every server reads what
/// the other kind wrote, and the clients notice nothing.
#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn dhcpd_to_ours_and_back() {
    let (mut lab, mut relay) = pair_of_dhcpd("migrate");
    let mut leases = relay.get((0..60).map(|index| mac(1, index)));
    lab.wait_equal(PEER, BOTH, PATIENCE);
    // Now each partner has acknowledged a potential expiry, and the full time is granted.
    leases = relay.renew(&leases);
    // dhcpd's pair may differ for good over a lease that is released while its renewal is still on its way. Both servers
    // answer a renewal, so the files are equal before either has heard of the other's.
    lab.wait_quiet(BOTH, PATIENCE);
    lab.wait_equal(PEER, BOTH, PATIENCE);
    relay.release(&leases.split_off(50));
    // The files are equal as well while neither server has come to the releases.
    wait_for("10 releases", PATIENCE, || {
        lab.wait_equal(PEER, BOTH, PATIENCE)
            .count(BindingState::Active)
            == 50
    });

    for kind in [Kind::Ours, Kind::Isc] {
        lab.step(&format!("{kind:?} take over"));
        take_over(&mut lab, kind);
        lab.wait_normal(PEER, BOTH, PATIENCE);
        for server in &lab.servers {
            let moves = server.log.since(0);
            let began = moves
                .iter()
                .rposition(|line| line.starts_with("-- start"))
                .unwrap_or(0);
            assert!(
                !moves[began..]
                    .iter()
                    .any(|line| line.contains("to recover")),
                "a whole file needs no RECOVER"
            );
        }
        leases = same_addresses(&leases, &relay.renew(&leases));
        let database = lab.wait_equal(PEER, BOTH, PATIENCE);
        assert_eq!(database.count(BindingState::Active), 50);
    }
    Ledger::new(&lab.watch.seen()).assert_none_twice();
}

/// The primary first, one at a time, there and back; the runbook has it the other way round.
#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn the_primary_first() {
    let (mut lab, mut relay) = pair_of_dhcpd("primary-first");
    let mut leases = relay.get((0..60).map(|index| mac(1, index)));
    lab.wait_equal(PEER, BOTH, PATIENCE);
    for (site, kind) in [
        (0, Kind::Ours),
        (1, Kind::Ours),
        (0, Kind::Isc),
        (1, Kind::Isc),
    ] {
        lab.step(&format!("server {site} is {kind:?}"));
        let server = &mut lab.servers[site];
        server.terminate();
        server.kind = kind;
        server.start();
        lab.wait_normal(PEER, BOTH, PATIENCE);
        leases = same_addresses(&leases, &relay.renew(&leases));
        let database = lab.wait_equal(PEER, BOTH, PATIENCE);
        assert_eq!(database.count(BindingState::Active), 60);
    }
    Ledger::new(&lab.watch.seen()).assert_none_twice();
}

/// Two dhcpd in NORMAL, and a relay agent before their clients.
fn pair_of_dhcpd(name: &str) -> (Lab, Relay) {
    // Leases that outlive the test, so that the files must say the same.
    let primary = conf::wide().replace("lease-time 120;", "lease-time 900;");
    // An early renewal is one all the same.
    let primary = format!("dhcp-cache-threshold 0;\n{primary}");
    let [a, b] = conf::WIDE_SITES;
    let site = |address| Site {
        kind: Kind::Isc,
        addresses: address,
    };
    let mut lab = Lab::new(name, &conf::WIDE_CLIENTS, &[site(&[a]), site(&[b])]);
    lab.servers[0].configure(&primary);
    lab.servers[1].configure(&conf::mirror(&primary));
    let servers = [
        Ipv4Addr::new(192, 168, 1, 10),
        Ipv4Addr::new(192, 168, 1, 11),
    ];
    let relay = Relay::new(&lab.clients, Ipv4Addr::new(192, 168, 1, 8), &servers);
    lab.step("a pair of dhcpd serves");
    lab.servers.iter_mut().for_each(Server::start);
    lab.wait_normal(PEER, BOTH, PATIENCE);
    lab.wait_equal(PEER, BOTH, PATIENCE);
    (lab, relay)
}

/// Both servers are stopped, and servers of `kind` are started on their files. They must find there what the others left.
fn take_over(lab: &mut Lab, kind: Kind) {
    lab.servers.iter_mut().for_each(Server::terminate);
    for server in &mut lab.servers {
        let before = server.database();
        Server::accepts(kind, &server.conf(), &server.leases())
            .unwrap_or_else(|said| panic!("{kind:?} -T: {said}"));
        server.kind = kind;
        // Alone at first, so that nothing changes what it has read; then stopped, so that all is written.
        server.start();
        server.wait_up();
        server.terminate();
        assert_same_file(&before, &server.database());
    }
    lab.servers.iter_mut().for_each(Server::start);
}

/// Nothing that the protocol or a client relies on has changed.
fn assert_same_file(before: &Database, after: &Database) {
    let differences = before.differences(after);
    assert!(
        differences.is_empty(),
        "read back differently: {differences:?}"
    );
    for lease in before
        .iter()
        .filter(|lease| lease.binding_state == Some(BindingState::Active))
    {
        let read = after.get(lease.address).expect("there is no difference");
        let of = |lease: &dhcpd_text::leases::LeaseRecord| {
            let expiries = (
                lease.sent_expiry(),
                lease.received_expiry(),
                lease.acknowledged_expiry(),
            );
            (
                lease.starts,
                lease.ends,
                expiries,
                lease.cltt,
                lease.hardware,
                lease.uid.clone(),
            )
        };
        assert_eq!(of(lease), of(read), "{}", lease.address);
    }
}

fn same_addresses(before: &[Lease], after: &[Lease]) -> Vec<Lease> {
    let sorted = |leases: &[Lease]| {
        let mut pairs: Vec<_> = leases
            .iter()
            .map(|lease| (lease.client, lease.address))
            .collect();
        pairs.sort_unstable();
        pairs
    };
    assert_eq!(sorted(before), sorted(after));
    after.to_vec()
}
