//! A running pair of dhcpd becomes a pair of ours, one server at a time, and dhcpd again, while its clients work: by the
//! commands of `docs/migrate-from-isc.md`, as they stand there.

mod host;
mod runbook;

use std::net::Ipv4Addr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dhcpd_text::leases::{BindingState, LeaseRecord, LeaseTime};
use interop::crowd::{Crowd, Habits, Tally};
use interop::relay::{Lease, Relay, mac};
use interop::{Database, Kind, Lab, Ledger, Server, Site, wait_for};

use host::Host;
use runbook::Runbook;

const PEER: &str = "dhcp-failover";
const BOTH: (usize, usize) = (0, 1);
const SERVERS: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 64, 0, 1), Ipv4Addr::new(10, 64, 0, 2)];
const GIADDR: Ipv4Addr = Ipv4Addr::new(10, 64, 0, 3);

/// Clients that renew all the time, and those that don't, whose leases must come through to the second.
const BUSY: u32 = 800;
const QUIET: u32 = 200;

/// New clients that come at each step.
const NEWCOMERS: u32 = 3;

/// dhcpd syncs each update of the first exchange.
const PATIENCE: Duration = Duration::from_secs(120);

/// Seconds. The first lease is that long, and a server that starts empty waits that long.
const MCLT: u32 = 12;

const HABITS: Habits = Habits {
    interval: Duration::from_secs(8),
    rate: 150.0,
    timeout: Duration::from_secs(1),
    alone: 3,
};

/// Until all have come, there is hurry.
const FILLING: Habits = Habits {
    rate: 400.0,
    ..HABITS
};

/// What dhcpd's own restart takes differs from one time to the next by this much: when each side dials, and how soon
/// after the stop a client happens to renew.
const LUCK: Duration = Duration::from_secs(5);

/// A client counts its lease from the last message that it sent, a server from the one that it answers.
const SAME: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Variant {
    /// The new server takes over the lease file.
    Keep,
    /// It starts with an empty one, and its partner gives it everything.
    Empty,
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn both_ways() {
    let runbook = Runbook::read();
    std::thread::scope(|scope| {
        let threads = [Variant::Keep, Variant::Empty].map(|variant| {
            let runbook = &runbook;
            scope.spawn(move || Swap::new(variant, runbook).run())
        });
        for thread in threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    runbook.assert_done();
}

/// A pair under way from one kind to the other.
struct Swap<'a> {
    variant: Variant,
    runbook: &'a Runbook,
    hosts: [Host; 2],
    crowd: Crowd,
    /// Those who renew.
    busy: Vec<Lease>,
    /// Those who don't.
    quiet: Vec<Lease>,
    newcomers: u32,
    lab: Lab,
}

impl<'a> Swap<'a> {
    /// A pair of dhcpd, NORMAL, with all clients served.
    fn new(variant: Variant, runbook: &'a Runbook) -> Self {
        let mut lab = lab(variant);
        lab.step(&format!("{variant:?}: a pair of dhcpd starts"));
        lab.servers.iter_mut().for_each(Server::start);
        lab.wait_normal(PEER, BOTH, PATIENCE);
        lab.wait_quiet(BOTH, PATIENCE);
        let mut busy = clients_come(&lab);
        lab.wait_quiet(BOTH, PATIENCE);
        lab.wait_equal(PEER, BOTH, PATIENCE);
        let quiet = busy.split_off(BUSY as usize);
        let crowd = Crowd::new(&lab.clients, GIADDR, &SERVERS, HABITS);
        crowd.take_over(&busy);
        let hosts = [0, 1].map(|index| {
            let server = &lab.servers[index];
            let folder = server.conf().parent().unwrap().with_extension("host");
            Host::new(server, &folder)
        });
        Self {
            variant,
            runbook,
            hosts,
            crowd,
            busy,
            quiet,
            newcomers: 0,
            lab,
        }
    }

    fn run(mut self) {
        self.crowd.pause(PATIENCE);
        let before = self.settled();
        self.crowd.resume();
        for site in [0, 1] {
            self.block(site, "before");
        }
        let yardstick = self.restart_dhcpd();
        let bound = (yardstick * 3 / 2).max(yardstick + LUCK);
        for (site, kind) in [
            (1, Kind::Ours),
            (0, Kind::Ours),
            (1, Kind::Isc),
            (0, Kind::Isc),
        ] {
            let begin = Instant::now();
            match kind {
                Kind::Ours => self.replace(site),
                Kind::Isc => self.put_back(site),
            }
            self.lab
                .step(&format!("NORMAL after {:.1?}", begin.elapsed()));
            let tally = self.all_renew(&format!("site {site} is {kind:?}"));
            assert!(
                tally.longest().time <= bound,
                "dhcpd's own restart took {yardstick:?}, but {tally:?}"
            );
            assert!(self.crowd.pause(PATIENCE), "clients without an answer");
            self.assert_same(&before, &self.settled());
            self.crowd.resume();
        }
        self.end();
    }

    /// How long clients wait when dhcpd itself is restarted: by the first steps of the runbook and their rollback.
    fn restart_dhcpd(&mut self) -> Duration {
        let mut longest = Duration::ZERO;
        for site in [1, 0] {
            self.block(site, "stop");
            match (self.variant, site) {
                (Variant::Keep, _) => self.block(site, "rollback-stop"),
                (Variant::Empty, 0) => {
                    self.block(site, "empty");
                    self.block(site, "rollback-empty");
                }
                // dhcpd, too, fetches everything from its partner and waits for MCLT.
                (Variant::Empty, _) => {
                    self.block(site, "empty");
                    self.block(site, "back-start");
                }
            }
            self.block(site, "wait");
            let tally = self.all_renew(&format!("dhcpd restarted at site {site}"));
            longest = longest.max(tally.longest().time);
        }
        longest
    }

    fn replace(&mut self, site: usize) {
        self.block(site, "stop");
        self.block(
            site,
            if self.variant == Variant::Keep {
                "keep"
            } else {
                "empty"
            },
        );
        self.block(site, "start");
        self.block(site, "wait");
        self.block(site, "look");
    }

    fn put_back(&mut self, site: usize) {
        self.block(site, "back-stop");
        if self.variant == Variant::Keep && site == 1 {
            self.block(site, "rollback-back");
            self.block(site, "wait");
            self.block(site, "back-stop");
        }
        let files = if self.variant == Variant::Keep {
            "back-keep"
        } else {
            "empty"
        };
        self.block(site, files);
        self.block(site, "back-start");
        self.block(site, "wait");
    }

    /// Runs a block of the runbook; new clients come meanwhile.
    fn block(&mut self, site: usize, name: &str) {
        self.lab.step(&format!("{name} at {site}"));
        let next = self.newcomers + NEWCOMERS;
        self.crowd
            .arrive((self.newcomers..next).map(|index| mac(2, index)));
        self.newcomers = next;
        let commands = self.runbook.block(name);
        self.hosts[site].run(&mut self.lab.servers[site], commands);
    }

    /// Waits until as many have renewed as there are; answers what clients went through since this was last asked.
    /// Nobody may have lost anything.
    fn all_renew(&self, what: &str) -> Tally {
        let mut tally = Tally::default();
        wait_for("all to renew", PATIENCE, || {
            tally.add(&self.crowd.tally());
            tally.renewed >= BUSY as usize
        });
        self.lab.step(&format!(
            "{what}: {} renewed, {} new, longest waits {:.2?} and {:.2?}",
            tally.renewed, tally.given, tally.longest_renewal.time, tally.longest_start.time
        ));
        assert_eq!((tally.refused, tally.ran_out), (0, 0), "{tally:?}");
        tally
    }

    /// What both servers say once they say the same.
    fn settled(&self) -> Database {
        self.lab.wait_quiet(BOTH, PATIENCE);
        self.lab.wait_normal(PEER, BOTH, PATIENCE);
        self.lab.wait_equal(PEER, BOTH, PATIENCE)
    }

    /// Every lease has its client, and the end that the client was told; those that weren't renewed have it to the second.
    fn assert_same(&self, before: &Database, after: &Database) {
        for lease in &self.quiet {
            let of = |database: &Database| {
                let record = active(database, lease);
                (record.starts, record.ends, record.uid.clone())
            };
            assert_eq!(of(before), of(after), "{}", lease.address);
        }
        for lease in &self.busy {
            let ends = |database| active(database, lease).ends.map(LeaseTime::seconds);
            let (before, after) = (ends(before), ends(after));
            // dhcpd tells a server that has lost everything what it promised last itself, not what the other did: the
            // next renewal may then be for MCLT only.
            let shorter = self.variant == Variant::Empty;
            assert!(before <= after || shorter, "{}", lease.address);
        }
        let ledger = Ledger::new(&self.lab.watch.seen());
        ledger.assert_none_twice();
        let lost = ledger.lost_by(after, now(), SAME);
        assert!(
            lost.is_empty(),
            "{} leases lost:\n{}",
            lost.len(),
            lost.join("\n")
        );
    }

    fn end(self) {
        for server in &self.lab.servers {
            self.runbook.note_log(&server.log.since(0));
        }
        drop(self.crowd);
        let mut relay = Relay::new(&self.lab.clients, GIADDR, &SERVERS);
        let all = [self.busy, self.quiet].concat();
        let mut renewed = relay.renew(&all);
        let mut wanted = all;
        for leases in [&mut renewed, &mut wanted] {
            leases.sort_unstable_by_key(|lease| lease.address);
        }
        for (lease, wanted) in renewed.iter().zip(&wanted) {
            assert_eq!(
                (lease.client, lease.address),
                (wanted.client, wanted.address)
            );
        }
        Ledger::new(&self.lab.watch.seen()).assert_none_twice();
    }
}

/// All clients get their leases and renew them, until each has the full time: its server's partner must have acknowledged
/// a potential expiry before that.
fn clients_come(lab: &Lab) -> Vec<Lease> {
    lab.step("clients get leases");
    let crowd = Crowd::new(&lab.clients, GIADDR, &SERVERS, FILLING);
    for index in (0..BUSY + QUIET).step_by(50) {
        crowd.arrive((index..index + 50).map(|index| mac(1, index)));
        std::thread::sleep(Duration::from_millis(100));
    }
    wait_for("all to have the full time", PATIENCE, || {
        let leases = crowd.leases();
        leases.len() == (BUSY + QUIET) as usize && leases.iter().all(|lease| lease.seconds > MCLT)
    });
    assert!(crowd.pause(PATIENCE), "clients without an answer");
    let mut leases = crowd.leases();
    leases.sort_unstable_by_key(|lease| lease.client);
    leases
}

/// The record of a lease that must be there, with its client.
fn active<'a>(database: &'a Database, lease: &Lease) -> &'a LeaseRecord {
    let record = database
        .get(lease.address)
        .unwrap_or_else(|| panic!("{lease:?} has no record"));
    let client = record.hardware.map(|hardware| hardware.address().to_vec());
    assert_eq!(
        (record.binding_state, client.as_deref()),
        (Some(BindingState::Active), Some(lease.client.as_slice())),
        "{}",
        lease.address
    );
    record
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// Two dhcpd, configured and not started.
fn lab(variant: Variant) -> Lab {
    let addresses = SERVERS.map(|address| format!("{address}/16"));
    let addresses = addresses.each_ref().map(|address| [address.as_str()]);
    let [a, b] = addresses.each_ref().map(|addresses| Site {
        kind: Kind::Isc,
        addresses,
    });
    let name = format!("swap-{variant:?}").to_lowercase();
    let lab = Lab::new(&name, &[&format!("{GIADDR}/16")], &[a, b]);
    for (index, server) in lab.servers.iter().enumerate() {
        server.configure(&conf(index));
    }
    lab
}

/// Leases outlive the test, an early renewal is one all the same, and nobody waits for an answer to a ping.
fn conf(index: usize) -> String {
    let role = match index {
        0 => format!("primary; mclt {MCLT}; split 128;"),
        _ => "secondary;".into(),
    };
    let (own, peer) = (SERVERS[index], SERVERS[1 - index]);
    format!(
        "default-lease-time 900;\nmax-lease-time 900;\nping-check false;\ndhcp-cache-threshold 0;\nddns-update-style none;\n\
         failover peer \"{PEER}\" {{\n  {role}\n  address {own};\n  port 647;\n  peer address {peer};\n  peer port 647;\n  \
         max-response-delay 30;\n  max-unacked-updates 10;\n  load balance max seconds 3;\n}}\n\
         subnet 10.64.0.0 netmask 255.255.0.0 {{\n  option routers 10.64.0.254;\n  option domain-name-servers 10.64.0.254;\n  \
         pool {{ failover peer \"{PEER}\"; range 10.64.16.0 10.64.21.255; }}\n}}\n"
    )
}
