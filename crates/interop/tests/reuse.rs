//! A lease that was renewed on a dying server, and a survivor in PARTNER-DOWN that knows an earlier end.
//!
//! Two clients are served by one server only. The link is cut, they renew once more, that server dies, and the other one is
//! told so: new clients ask it for addresses. A real dhcpd gives them the two that are still held; ours doesn't, in either
//! role. The judge reads what clients and operators saw, and nothing else.

use std::net::Ipv4Addr;
use std::thread;
use std::time::{Duration, Instant};

use interop::relay::{Job, Lease, Pace, Relay, mac};
use interop::{Cut, History, Kind, Lab, Site};
use sim::history::{Legal, Verdict};

const PEER: &str = "reuse";
const PORTS: &[u16] = &[647];
const SERVERS: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 65, 0, 1), Ipv4Addr::new(10, 65, 0, 2)];
const GIADDR: Ipv4Addr = Ipv4Addr::new(10, 65, 0, 3);
const PATIENCE: Duration = Duration::from_secs(60);

/// Seconds. A lease is longer than MCLT: that is what dhcpd trips over.
const MCLT: u32 = 10;
const LEASE: u32 = 30;

/// dhcpd keeps an acknowledgement back for up to four seconds.
const ACKNOWLEDGED: Duration = Duration::from_secs(5);
/// From the renewal that both know to the one that the survivor doesn't.
const BETWEEN: Duration = Duration::from_secs(18);

/// One question, one try.
const IMPATIENT: Pace = Pace {
    window: 1,
    rate: None,
    timeout: Duration::from_millis(500),
    tries: 1,
};

/// What new clients got, and what the judge says.
struct Outcome {
    given: usize,
    verdict: Verdict,
}

/// Plays it with these servers, of which `survivor` stays. `kinds` begins with the primary.
fn play(kinds: [Kind; 2], survivor: usize) -> Outcome {
    let addresses = SERVERS.map(|address| format!("{address}/24"));
    let addresses = addresses.each_ref().map(|address| [address.as_str()]);
    let sites = [0, 1].map(|site: usize| Site {
        kind: kinds[site],
        addresses: &addresses[site],
    });
    let name = format!("reuse-{kinds:?}-{survivor}").replace([' ', '[', ']', ','], "");
    let mut lab = Lab::new(&name, &[&format!("{GIADDR}/24")], &sites);
    lab.silence();
    let dying = 1 - survivor;
    for (site, server) in lab.servers.iter_mut().enumerate() {
        server.configure(&conf(site, dying));
        server.start();
    }
    lab.wait_normal(PEER, (0, 1), PATIENCE);
    lab.wait_quiet((0, 1), PATIENCE);
    let mut relay = Relay::new(&lab.clients, GIADDR, &[SERVERS[dying]]);
    let held = relay.get([mac(1, 0), mac(1, 1)]);
    thread::sleep(ACKNOWLEDGED);
    let held = relay.renew(&held);
    let renewed = Instant::now();
    thread::sleep(ACKNOWLEDGED);
    lab.cut(Cut::Drop, PORTS);
    thread::sleep(BETWEEN.saturating_sub(renewed.elapsed()));
    let held: Vec<Lease> = relay.renew(&held);
    let end = Instant::now() + Duration::from_secs(held[0].seconds.into());
    assert!(held.iter().all(|lease| lease.seconds == LEASE), "{held:?}");
    // Its port is wanted for the next one.
    drop(relay);
    lab.servers[dying].kill();
    lab.servers[survivor].wait_state(PEER, "communications-interrupted", PATIENCE);
    lab.servers[survivor].partner_down(PEER);
    lab.servers[survivor].wait_state(PEER, "partner-down", PATIENCE);
    let mut relay = Relay::new(&lab.clients, GIADDR, &[SERVERS[survivor]]);
    let mut given = 0;
    for client in 2.. {
        if Instant::now() >= end {
            break;
        }
        given += relay
            .run([Job::Get(mac(1, client))], IMPATIENT)
            .leases
            .len();
        thread::sleep(Duration::from_millis(500));
    }
    let history = History::new(&lab, SERVERS, MCLT);
    history.write(&lab.folder().join("history.jsonl"));
    Outcome {
        given,
        verdict: history.verdict(),
    }
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn a_lease_renewed_on_a_dying_server_stays_its_holders() {
    use Kind::{Isc, Ours};
    let [theirs, ours @ ..] = thread::scope(|scope| {
        let cases = [([Isc, Isc], 1), ([Isc, Ours], 1), ([Ours, Isc], 0)];
        cases
            .map(|(kinds, survivor)| scope.spawn(move || play(kinds, survivor)))
            .map(|thread| thread.join().expect("its own message has been said"))
    });
    let reused = theirs.verdict.counts.get(&Some(Legal::IscReuse));
    assert_eq!(
        reused,
        Some(&2),
        "dhcpd gives away both: {}",
        theirs.verdict
    );
    for (role, outcome) in ["secondary", "primary"].into_iter().zip(ours) {
        let verdict = &outcome.verdict;
        assert!(verdict.conflicts.is_empty(), "ours as {role}: {verdict}");
        // It does serve: two addresses were its own.
        assert!(outcome.given >= 2, "ours as {role} gave {}", outcome.given);
        println!("ours as {role}: {} given, {verdict}", outcome.given);
    }
    println!("dhcpd: {} given, {}", theirs.given, theirs.verdict);
}

/// The server that is to die answers all clients.
fn conf(site: usize, dying: usize) -> String {
    let role = match site {
        0 => format!("primary; mclt {MCLT}; split {};", [256, 0][dying]),
        _ => "secondary;".into(),
    };
    let (own, peer) = (SERVERS[site], SERVERS[1 - site]);
    format!(
        "default-lease-time {LEASE};\nmax-lease-time {LEASE};\nping-check false;\ndhcp-cache-threshold 0;\n\
         ddns-update-style none;\nomapi-port 7911;\n\
         failover peer \"{PEER}\" {{\n  {role}\n  address {own};\n  port 647;\n  peer address {peer};\n  peer port 647;\n  \
         max-response-delay 6;\n  max-unacked-updates 10;\n  load balance max seconds 3;\n}}\n\
         subnet 10.65.0.0 netmask 255.255.255.0 {{\n  \
         pool {{ failover peer \"{PEER}\"; range 10.65.0.100 10.65.0.103; }}\n}}\n"
    )
}
