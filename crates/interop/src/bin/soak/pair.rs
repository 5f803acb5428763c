//! One pair, its clients, and what becomes of them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use interop::crowd::{Crowd, Habits, Tally};
use interop::relay::mac;
use interop::{Chance, Cut, History, Kind, Lab, Ledger, Server, Site, until};

use crate::storm::{Burst, Storm};
use crate::verdict::{Known, alarms};
use crate::vitals::Vitals;

const PEER: &str = "soak";
const PORTS: &[u16] = &[647];
const BOTH: (usize, usize) = (0, 1);
const SERVERS: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 64, 0, 1), Ipv4Addr::new(10, 64, 0, 2)];
const GIADDR: Ipv4Addr = Ipv4Addr::new(10, 64, 0, 3);

/// Clients that there are in all. The pool is twice as large.
const CLIENTS: u32 = 250;

/// Seconds. Leases are longer than MCLT, so that a server alone has something to wait for; and longer than a minute, since
/// dhcpd takes its partner's word that a lease is over when less than 65 s are left of it, whatever it has granted itself.
const MCLT: u32 = 20;
const LEASE: u32 = 150;

const HABITS: Habits = Habits {
    interval: Duration::from_secs(10),
    rate: 60.0,
    timeout: Duration::from_secs(1),
    alone: 3,
};

/// RECOVER-WAIT, and dhcpd dials late after a long cut.
const TO_NORMAL: Duration = Duration::from_secs(120 + MCLT as u64);

/// Every update sent, answered and written.
const TO_EQUAL: Duration = Duration::from_secs(30);

/// How often clients go on for a while if the databases aren't equal, because dhcpd leaves a difference alone until the
/// lease changes again.
const ATTEMPTS: u32 = 4;

/// Every client is answered when both are NORMAL.
const TO_ANSWER: Duration = Duration::from_secs(20);

/// A client counts its lease from the last message that it sent, a server from the one that it answers.
const SAME: Duration = Duration::from_secs(3);

/// One pair under way.
pub(crate) struct Pair {
    name: String,
    /// Where our server is.
    ours: usize,
    chance: Chance,
    pub(crate) totals: Totals,
    crowd: Crowd,
    /// What clients do in the middle of the next rest.
    burst: Option<Burst>,
    lab: Lab,
}

/// What one pair went through.
#[derive(Debug)]
pub(crate) struct Totals {
    pub(crate) storms: BTreeMap<&'static str, usize>,
    pub(crate) transitions: usize,
    pub(crate) clients: Tally,
    /// Addresses given twice as the protocol permits, by name of the case.
    pub(crate) permitted: BTreeMap<String, usize>,
    pub(crate) failures: Vec<String>,
    pub(crate) vitals: Vitals,
    /// The longest way back to NORMAL.
    pub(crate) slowest: Duration,
    /// The most leases at a time that had an earlier end on disk than their clients were told.
    pub(crate) shorter: usize,
    /// Addresses held twice that were looked at.
    twice: usize,
    /// Lines of each log that were looked at.
    marks: [usize; 2],
}

impl Pair {
    /// A pair, both NORMAL. `ours` is the place of our server.
    pub(crate) fn new(ours: usize, seed: u64, auto_partner_down: Option<u32>) -> Self {
        let kinds = [0, 1].map(|site| if site == ours { Kind::Ours } else { Kind::Isc });
        let name = if ours == 0 { "ours-isc" } else { "isc-ours" };
        let addresses = SERVERS.map(|address| format!("{address}/16"));
        let addresses = addresses.each_ref().map(|address| [address.as_str()]);
        let sites = [0, 1].map(|site: usize| Site {
            kind: kinds[site],
            addresses: &addresses[site],
        });
        let mut lab = Lab::new(&format!("soak-{name}"), &[&format!("{GIADDR}/16")], &sites);
        lab.silence();
        for (site, server) in lab.servers.iter_mut().enumerate() {
            server.configure(&conf(site, auto_partner_down));
            server.start();
        }
        lab.wait_normal(PEER, BOTH, TO_NORMAL);
        let crowd = Crowd::new(&lab.clients, GIADDR, &SERVERS, HABITS);
        crowd.arrive((0..CLIENTS / 2).map(|index| mac(1, index)));
        Self {
            name: name.into(),
            ours,
            chance: Chance::new(seed, ours as u64),
            totals: Totals {
                storms: BTreeMap::new(),
                transitions: 0,
                clients: Tally::default(),
                permitted: BTreeMap::new(),
                failures: Vec::new(),
                vitals: Vitals::new(),
                slowest: Duration::ZERO,
                shorter: 0,
                twice: 0,
                marks: [0; 2],
            },
            crowd,
            burst: None,
            lab,
        }
    }

    /// One storm after the other until `end`.
    ///
    /// # Panics
    ///
    /// The pair isn't NORMAL even when both were restarted, or a server ends by itself: there is nothing left to go on
    /// with.
    pub(crate) fn run(&mut self, end: Instant) {
        self.rest(HABITS.interval);
        while Instant::now() < end {
            let storm = Storm::draw(&mut self.chance, self.ours);
            let burst = Burst::draw(&mut self.chance, CLIENTS);
            *self.totals.storms.entry(storm.kind()).or_default() += 1;
            self.burst = Some(burst);
            self.mark(&format!("{storm}"));
            let failures = self.totals.failures.len();
            self.perform(&storm);
            let normal = self.normal();
            self.totals.slowest = self.totals.slowest.max(normal);
            let quiet = self.chance.seconds(5, 20);
            self.rest(quiet);
            let equal = self.equal();
            let tally = self.judge();
            println!(
                "{} {:5.0} s  {storm}; +{} -{} -{}: NORMAL after {normal:.1?}, equal after {equal:.1?}; {} renewed, {} new, \
                 {} refused, {} ran out, longest {:.1?} and {:.1?}",
                self.name,
                self.lab.age().as_secs_f64(),
                burst.come,
                burst.release,
                burst.leave,
                tally.renewed,
                tally.given,
                tally.refused,
                tally.ran_out,
                tally.longest_renewal.time,
                tally.longest_start.time,
            );
            for failure in &self.totals.failures[failures..] {
                println!("{} FAILED: {failure}", self.name);
            }
            self.crowd.resume();
        }
        if !self.totals.failures.is_empty() {
            self.lab.keep();
            History::new(&self.lab, SERVERS, MCLT).write(&self.lab.folder().join("history.jsonl"));
            println!("{} files: {}", self.name, self.lab.folder().display());
        }
    }

    fn perform(&mut self, storm: &Storm) {
        match storm {
            Storm::Cut { how, time } => self.cut(*how, *time),
            Storm::Flaps(flaps) => {
                for (how, time, pause) in flaps {
                    self.cut(*how, *time);
                    self.rest(*pause);
                }
            }
            Storm::Crash { site, times } => {
                for (away, up) in times {
                    self.lab.servers[*site].kill();
                    self.rest(*away);
                    self.lab.servers[*site].start();
                    self.rest(*up);
                }
            }
            Storm::Restart { site, away } => {
                self.lab.servers[*site].terminate();
                self.rest(*away);
                self.lab.servers[*site].start();
            }
            Storm::PartnerDown { site, seen, away } => {
                self.lab.servers[*site].kill();
                self.rest(*seen);
                self.lab.servers[1 - *site].partner_down(PEER);
                self.rest(*away);
                self.lab.servers[*site].start();
            }
            Storm::CutOff {
                site,
                how,
                before,
                away,
                after,
            } => {
                self.lab.cut(*how, PORTS);
                self.rest(*before);
                self.lab.servers[*site].kill();
                self.rest(*away);
                self.lab.servers[*site].start();
                self.rest(*after);
                self.lab.heal();
            }
            Storm::PowerCut {
                first,
                away,
                between,
            } => {
                for server in &mut self.lab.servers {
                    server.kill();
                }
                self.rest(*away);
                self.lab.servers[*first].start();
                self.rest(*between);
                self.lab.servers[1 - *first].start();
            }
        }
    }

    fn cut(&mut self, how: Cut, time: Duration) {
        self.lab.cut(how, PORTS);
        self.rest(time);
        self.lab.heal();
    }

    /// Lets time go by, and clients do in the middle of it what they are about to.
    fn rest(&mut self, time: Duration) {
        let end = Instant::now() + time;
        let middle = end - time / 2;
        loop {
            let ours = &mut self.lab.servers[self.ours];
            let pid = if ours.is_running() { ours.pid() } else { None };
            self.totals.vitals.look(pid);
            let now = Instant::now();
            if now >= middle
                && let Some(burst) = self.burst.take()
            {
                self.crowd.release(burst.release);
                self.crowd.leave(burst.leave);
                let come = (0..burst.come).map(|index| (burst.first + index) % CLIENTS);
                self.crowd.arrive(come.map(|index| mac(1, index)));
            }
            if now >= end {
                return;
            }
            std::thread::sleep((end - now).min(Duration::from_millis(100)));
        }
    }

    /// Waits until both are NORMAL; how long that took. Those that don't find there by themselves are restarted.
    fn normal(&mut self) -> Duration {
        let begin = Instant::now();
        let mut states = [0, 1].map(|site: usize| self.lab.servers[site].state(PEER));
        let normal = until(TO_NORMAL, || {
            states = [0, 1].map(|site: usize| self.lab.servers[site].state(PEER));
            states
                .iter()
                .all(|state| state.local == "normal")
                .then_some(())
        });
        let took = begin.elapsed();
        if normal.is_none() {
            self.fail(format!("not NORMAL after {took:.0?}: {states:?}"));
            self.mark("not NORMAL: both are restarted");
            self.lab.servers.iter_mut().for_each(Server::terminate);
            self.lab.servers.iter_mut().for_each(Server::start);
            self.lab.wait_normal(PEER, BOTH, TO_NORMAL);
        }
        took
    }

    /// Lets clients rest and both servers agree; how long that took.
    fn equal(&mut self) -> Duration {
        let begin = Instant::now();
        let mut differences = Vec::new();
        for _ in 0..ATTEMPTS {
            if !self.crowd.pause(TO_ANSWER) {
                let wait = self.crowd.tally().longest();
                self.fail(format!(
                    "both are NORMAL, and a client has no answer: {wait:?}"
                ));
            }
            let servers = &self.lab.servers;
            let equal = until(TO_EQUAL, || {
                differences = servers[0].database().differences(&servers[1].database());
                differences.is_empty().then_some(())
            });
            if equal.is_some() {
                return begin.elapsed();
            }
            self.crowd.resume();
            self.rest(Duration::from_secs(MCLT.into()));
        }
        let first = differences[0].to_string();
        self.fail(format!(
            "the databases differ in {} places, as: {first}",
            differences.len()
        ));
        begin.elapsed()
    }

    /// What clients saw, and what the servers said, since the last time.
    fn judge(&mut self) -> Tally {
        let ledger = Ledger::new(&self.lab.watch.seen());
        let verdict = History::new(&self.lab, SERVERS, MCLT).verdict();
        for conflict in verdict.conflicts.iter().skip(self.totals.twice) {
            match conflict.legal {
                Some(legal) => {
                    *self.totals.permitted.entry(legal.to_string()).or_default() += 1;
                    println!("{} {conflict}", self.name);
                }
                None => self.fail(conflict.to_string()),
            }
        }
        self.totals.twice = verdict.conflicts.len();
        for site in [0, 1] {
            let server = &self.lab.servers[site];
            let lines = server.log.since(self.totals.marks[site]);
            self.totals.marks[site] += lines.len();
            let moves = lines.iter().filter(|line| line.contains("I move from "));
            self.totals.transitions += moves.count();
            if site != self.ours {
                self.totals.failures.extend(alarms(&lines));
            }
            let known = Known::new(&ledger, &server.database(), now(), SAME);
            self.totals.shorter = self.totals.shorter.max(known.shorter);
            if let Some(first) = known.lost.first() {
                let count = known.lost.len();
                self.fail(format!("server {site} lost {count}, as: {first}"));
            }
        }
        let tally = self.crowd.tally();
        self.totals.clients.add(&tally);
        tally
    }

    fn mark(&self, what: &str) {
        for server in &self.lab.servers {
            server.log.add(&format!("-- {what}"));
        }
    }

    fn fail(&mut self, what: String) {
        self.totals.failures.push(what);
    }
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("it is after 1970")
}

fn conf(site: usize, auto_partner_down: Option<u32>) -> String {
    let role = match site {
        0 => format!("primary; mclt {MCLT}; split 128;"),
        _ => "secondary;".into(),
    };
    let auto = auto_partner_down.map_or(String::new(), |seconds| {
        format!("  auto-partner-down {seconds};\n")
    });
    let (own, peer) = (SERVERS[site], SERVERS[1 - site]);
    format!(
        "default-lease-time {LEASE};\nmax-lease-time {LEASE};\nping-check false;\ndhcp-cache-threshold 0;\n\
         ddns-update-style none;\nomapi-port 7911;\n\
         failover peer \"{PEER}\" {{\n  {role}\n  address {own};\n  port 647;\n  peer address {peer};\n  peer port 647;\n  \
         max-response-delay 10;\n  max-unacked-updates 10;\n  load balance max seconds 3;\n{auto}}}\n\
         subnet 10.64.0.0 netmask 255.255.0.0 {{\n  option routers 10.64.0.254;\n  \
         pool {{ failover peer \"{PEER}\"; range 10.64.16.0 10.64.17.255; }}\n}}\n"
    )
}
