//! A pair in a lab, and what a scenario does with it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use dhcp4_wire::MessageType;
use interop::client::{self, Client, Program};
use interop::relay::{Job, Pace, Relay, mac};
use interop::{Capture, Cut, Lab, Site, until};

use crate::outcome::Service;
use crate::pair::{A, B, Pair, Side};
use crate::probe;
use crate::scenarios::Case;
use crate::setup::{CLIENTS, LINK, PORTS, SERVERS, Setup};

/// As long as dhclient itself tries.
const TO_BIND: Duration = Duration::from_secs(12);

/// A lease is known to both servers when its ACK is this old: dhcpd holds its answers up to 4 s.
const TO_KNOW: Duration = Duration::from_secs(5);

/// How long to wait for clients whose leases are known to both; they renew at random times.
const TO_BE_KNOWN: Duration = Duration::from_secs(40);

/// Name of the capture's file.
pub(crate) const CAPTURE: &str = "failover.pcap";

/// All waits are this much longer than an idle machine needs.
pub(crate) const SLOW_MACHINE: u64 = 2;

/// The pair, its clients, and what was noted on the way.
pub(crate) struct Stage {
    pub(crate) lab: Lab,
    pub(crate) setup: Setup,
    pub(crate) capture: Option<Capture>,
    pub(crate) clients: BTreeMap<u8, Client>,
    pub(crate) services: Vec<Service>,
    pub(crate) normal_after: Vec<Duration>,
    /// What a server said to odd greetings.
    pub(crate) answers: Vec<(&'static str, String)>,
    /// The server that was greeted, if one was.
    pub(crate) probed: Option<Side>,
    /// Which servers should be running.
    pub(crate) up: [bool; 2],
    /// The last thing that was done to the pair.
    disturbed: Instant,
}

impl Stage {
    /// A lab with a configured pair, the capture begun and no server started. Its files go under `parent`.
    pub(crate) fn new(name: &str, pair: Pair, setup: Setup, parent: &std::path::Path) -> Self {
        let address = |address: &str| format!("{address}/{}", setup.prefix);
        let servers = SERVERS.map(address);
        let sites = Side::BOTH.map(|side| Site {
            kind: pair.kind(side),
            addresses: &[],
        });
        let addresses = servers.each_ref().map(|address| [address.as_str()]);
        let sites = [0, 1].map(|index| Site {
            addresses: &addresses[index],
            ..sites[index]
        });
        let mut lab = Lab::in_folder(
            parent,
            &format!("{name}-{pair}"),
            &[&address(CLIENTS)],
            &sites,
        );
        lab.silence();
        lab.link((0, &Setup::link(A)), (1, &Setup::link(B)));
        for side in Side::BOTH {
            lab.servers[side.index()].configure(&setup.conf(side));
        }
        lab.servers[1].clock_ahead = setup.b.clock_ahead;
        let file = lab.folder().join(CAPTURE);
        let capture = Capture::start(&lab.servers[0].namespace, "fo0", &PORTS, &file);
        Self {
            lab,
            setup,
            capture: Some(capture),
            clients: BTreeMap::new(),
            services: Vec::new(),
            normal_after: Vec::new(),
            answers: Vec::new(),
            probed: None,
            up: [false; 2],
            disturbed: Instant::now(),
        }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.lab.folder().into()
    }

    pub(crate) fn pause(&self, seconds: u64) {
        std::thread::sleep(Duration::from_secs(seconds));
    }

    pub(crate) fn start(&mut self, side: Side) {
        self.disturbed = Instant::now();
        self.lab.servers[side.index()].start();
        self.up[side.index()] = true;
    }

    /// Starts both and waits for NORMAL: how most scenarios begin.
    pub(crate) fn begin(&mut self) {
        self.start(A);
        self.start(B);
        self.both_normal(90);
    }

    /// Waits, at most `seconds` on an idle machine, until both are NORMAL.
    pub(crate) fn both_normal(&mut self, seconds: u64) {
        self.want(A, "normal", seconds);
        self.want(B, "normal", seconds);
        self.normal_after.push(self.disturbed.elapsed());
    }

    /// Waits, at most `seconds` on an idle machine, until `side` is in `state`.
    pub(crate) fn want(&mut self, side: Side, state: &str, seconds: u64) {
        let server = &self.lab.servers[side.index()];
        let name = self.setup.name(side);
        let patience = Duration::from_secs(seconds * SLOW_MACHINE);
        let reached = until(patience, || {
            (server.logged_state(name).local == state).then_some(())
        });
        assert!(
            reached.is_some(),
            "{side} is {:?} and not {state} after {} s",
            server.logged_state(name).local,
            patience.as_secs()
        );
    }

    /// Both lose each other.
    pub(crate) fn both_interrupted(&mut self, seconds: u64) {
        self.want(A, "communications-interrupted", seconds);
        self.want(B, "communications-interrupted", seconds);
    }

    pub(crate) fn cut(&mut self, how: Cut) {
        self.lab.cut(how, &PORTS);
    }

    pub(crate) fn heal(&mut self) {
        self.lab.heal();
        self.disturbed = Instant::now();
    }

    pub(crate) fn kill(&mut self, side: Side) {
        self.lab.servers[side.index()].kill();
        self.up[side.index()] = false;
    }

    pub(crate) fn terminate(&mut self, side: Side) {
        self.lab.servers[side.index()].terminate();
        self.up[side.index()] = false;
    }

    /// The graceful shutdown.
    pub(crate) fn shut_down(&mut self, side: Side) {
        self.up[side.index()] = false;
        self.lab.servers[side.index()].shut_down();
    }

    pub(crate) fn lose_leases(&mut self, side: Side) {
        self.lab.servers[side.index()].lose_leases();
    }

    pub(crate) fn partner_down(&mut self, side: Side) {
        let name = self.setup.name(side);
        self.lab.servers[side.index()].partner_down(name);
        self.want(side, "partner-down", 10);
    }

    pub(crate) fn set_state(&mut self, side: Side, state: &str) {
        let name = self.setup.name(side);
        self.lab.servers[side.index()].set_state(name, state);
        self.disturbed = Instant::now();
    }

    /// dhclients number `first` and on ask for a lease, `count` of them. Those that get none are gone.
    pub(crate) fn bind(&mut self, first: u8, count: u8) {
        let mark = self.lab.watch.mark();
        let numbers = first..first + count;
        self.lab.step(&format!("clients {numbers:?} ask"));
        for number in numbers.clone() {
            let client = Client::start(&self.lab, Program::Dhclient, number);
            self.clients.insert(number, client);
        }
        let mut unserved = BTreeSet::new();
        until(TO_BIND, || {
            let served = self.acked_since(mark);
            unserved = numbers
                .clone()
                .filter(|number| !served.contains(client::mac(*number).as_slice()))
                .map(u32::from)
                .collect();
            unserved.is_empty().then_some(())
        });
        self.clients
            .retain(|number, _| !unserved.contains(&u32::from(*number)));
        let name = format!("{first}-{}", first + count - 1);
        self.note(name, count.into(), unserved);
    }

    /// Clients behind a relay agent that knows `servers` get leases, `rate` of them per second.
    pub(crate) fn burst(&mut self, clients: Range<u32>, rate: f64, servers: &[Side]) {
        self.lab
            .step(&format!("clients {clients:?} ask, {rate} per second"));
        let address = |text: &str| text.parse::<Ipv4Addr>().expect("an address");
        let servers: Vec<_> = servers
            .iter()
            .map(|side| address(SERVERS[side.index()]))
            .collect();
        let mut relay = Relay::new(&self.lab.clients, address(CLIENTS), &servers);
        let pace = Pace {
            rate: Some(rate),
            ..Pace::PATIENT
        };
        let jobs = clients.clone().map(|number| Job::Get(mac(1, number)));
        let outcome = relay.run(jobs, pace);
        let served: BTreeSet<_> = outcome.leases.iter().map(|lease| lease.client).collect();
        let unserved = clients.clone();
        let unserved = unserved.filter(|number| !served.contains(&mac(1, *number)));
        let unserved = unserved.collect();
        self.note(format!("{clients:?}"), clients.len(), unserved);
    }

    /// Starts `side` alone and greets it, from where its partner should be, in all of `cases`.
    pub(crate) fn probe(&mut self, side: Side, cases: &[Case]) {
        self.probed = Some(side);
        self.start(side);
        self.lab.servers[side.index()].wait_up();
        let from = &self.lab.servers[side.other().index()].namespace;
        let server = probe::socket(LINK[side.index()], PORTS[side.index()]);
        for (case, draft) in cases {
            self.lab.step(case);
            // A primary speaks first, whoever dialled.
            let answer = probe::greet(from, server, &draft(), side == A);
            self.answers.push((case, answer));
        }
    }

    /// A group of the same clients may ask again: it has a name of its own.
    fn note(&mut self, name: String, asked: usize, unserved: BTreeSet<u32>) {
        let again = self.services.iter().filter(|service| service.name == name);
        let name = match again.count() {
            0 => name,
            times => format!("{name} again {times}"),
        };
        self.services.push(Service {
            name,
            asked,
            unserved,
        });
    }

    /// Clients give their leases back, once both servers know of them.
    pub(crate) fn release(&mut self, first: u8, count: u8) {
        let clients: Vec<_> = (first..first + count)
            .filter_map(|number| Some((number, self.clients.remove(&number)?)))
            .collect();
        // A release that crosses the update of a renewal leaves an ISC pair apart for good.
        for (number, client) in clients {
            until(TO_BE_KNOWN, || {
                let seen = self.lab.watch.seen();
                let last = seen
                    .iter()
                    .rev()
                    .find(|message| {
                        message.kind == MessageType::ACK && message.client == client.mac()
                    })
                    .map(|ack| ack.at)?;
                (now() >= last + TO_KNOW).then_some(())
            });
            self.lab.step(&format!("client {number} releases"));
            client.release();
        }
    }

    /// New clients get leases and find the addresses in use.
    pub(crate) fn decline(&mut self, first: u8, count: u8) {
        let mark = self.lab.watch.mark();
        for number in first..first + count {
            self.lab.step(&format!("client {number} declines"));
            let client = Client::start_declining(&self.lab, number);
            let declined = until(TO_BIND, || {
                let seen = self.lab.watch.seen();
                seen[mark..]
                    .iter()
                    .any(|message| {
                        message.kind == MessageType::DECLINE && message.client == client.mac()
                    })
                    .then_some(())
            });
            assert!(declined.is_some(), "client {number} had nothing to decline");
        }
    }

    /// Clients vanish, and say nothing.
    pub(crate) fn forget(&mut self, first: u8, count: u8) {
        self.lab.step(&format!("clients {first}.. vanish: {count}"));
        for number in first..first + count {
            self.clients.remove(&number);
        }
    }

    /// The clients that got an ACK since `mark`.
    fn acked_since(&self, mark: usize) -> BTreeSet<Vec<u8>> {
        let seen = self.lab.watch.seen();
        seen[mark..]
            .iter()
            .filter(|message| message.kind == MessageType::ACK)
            .map(|message| message.client.clone())
            .collect()
    }
}

/// Since 1970.
fn now() -> Duration {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("it is after 1970")
}
