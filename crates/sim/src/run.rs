//! A run: trouble first, then repair, then everything has to be as it should.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dhcp_failover::{BindingStatus, Endpoint, ServerState};

use crate::clock::Time;
use crate::fault::Fault;
use crate::options::Options;
use crate::promise::{Broken, Promise};
use crate::scenario::Scenario;
use crate::tally::Tally;
use crate::trace::{Trace, Who};
use crate::world::World;

/// A promise that was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// When, true time.
    pub at: Time,
    /// Which promise.
    pub promise: Promise,
    /// By what.
    pub what: String,
}

/// How a run came out.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What it was about.
    pub scenario: Scenario,
    /// The first promise broken, if any.
    pub violation: Option<Violation>,
    /// What happened how often.
    pub tally: Tally,
    /// Of everything that happened: equal for equal runs.
    pub hash: u64,
}

/// Longest that a restarted pair may take to NORMAL beside its waits, ms: a dead link is noticed, dialling, STARTUP, the
/// updates.
const GRACE: Time = 180_000;
/// Longest that clients may go without an address once everything is well, ms: their waits grow to 64 s.
const CLIENTS: Time = 400_000;
/// Longest until both servers have told each other everything, ms: a refused update is offered again after a minute.
const SETTLE: Time = 300_000;

/// Runs a seed.
#[must_use]
pub fn run(seed: u64, options: &Options, trace: Trace) -> Outcome {
    run_recorded(seed, options, trace, None)
}

/// Runs a seed, and writes its [history](crate::history) out.
#[must_use]
pub fn run_recorded(
    seed: u64,
    options: &Options,
    trace: Trace,
    history: Option<Box<dyn Write>>,
) -> Outcome {
    let scenario = Scenario::draw(seed, options);
    let mut world = World::new(scenario.clone(), trace, history);
    world
        .trace
        .line(0, Who::World, format_args!("seed {seed}: {scenario}"));
    let result = catch_unwind(AssertUnwindSafe(|| world.live())).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        let what = format!("panicked: {}", text.unwrap_or("without a word"));
        Err(Broken::new(Promise::NoPanic, what))
    });
    let violation = result.err().map(|broken| Violation {
        at: world.now(),
        promise: broken.promise,
        what: broken.what,
    });
    if let Some(violation) = &violation {
        world.trace.line(
            violation.at,
            Who::World,
            format_args!(
                "VIOLATION of {}: {}",
                violation.promise.name(),
                violation.what
            ),
        );
    }
    world.tally.millis = world.now();
    for (fault, count) in [Fault::UdpLoss, Fault::UdpDuplicate, Fault::UdpDelay]
        .into_iter()
        .zip(world.udp.counts)
    {
        world.tally.fault(fault, count);
    }
    Outcome {
        scenario,
        violation,
        tally: world.tally,
        hash: world.trace.hash(),
    }
}

impl World {
    fn live(&mut self) -> Result<(), Broken> {
        self.run_until(self.scenario.duration)?;
        self.end_chaos();
        self.become_normal()?;
        self.serve_everyone()?;
        self.settle()?;
        self.restart()
    }

    /// Both servers get to NORMAL.
    fn become_normal(&mut self) -> Result<(), Broken> {
        let waits = Time::from(2 * self.scenario.response_delay + self.scenario.mclt) * 1000;
        let end = self.now() + waits + GRACE;
        while self.now() < end {
            if self.states() == [Some(ServerState::Normal); 2] {
                self.trace.line(
                    self.now(),
                    Who::World,
                    format_args!("both servers are normal"),
                );
                return Ok(());
            }
            self.run_until(self.now() + 1000)?;
        }
        let what = format!(
            "repaired {} s ago, and not both normal: {:?}",
            (waits + GRACE) / 1000,
            self.states()
        );
        Err(Broken::new(Promise::Normal, what))
    }

    /// Every client that wants an address has one, if there is one.
    fn serve_everyone(&mut self) -> Result<(), Broken> {
        let now = self.now();
        for client in 0..self.clients.len() {
            let mut steps = Vec::new();
            self.clients[client].stay(now, &mut steps);
            self.client_steps(client, steps);
        }
        self.run_until(self.now() + CLIENTS)?;
        let is_misled = self.is_misled();
        for (number, client) in self.clients.iter().enumerate() {
            let network = self.scenario.network_of(number);
            // An address that another one is offered is free too, but not for the taking.
            let room = self.free_addresses(network) > self.without_address(network);
            let is_clone = number < 2 && self.scenario.faults.has(Fault::Clones);
            let served = client.used().is_some() || is_clone || is_misled;
            if room && !served {
                let what = format!(
                    "c{number:02} is {:?} and gets no address, though some are free on network {network}",
                    client.phase()
                );
                return Err(Broken::new(Promise::Served, what));
            }
        }
        self.expect_normal()
    }

    /// With the clients silent, both servers say all they have to say, and then know the same.
    fn settle(&mut self) -> Result<(), Broken> {
        for client in 0..self.clients.len() {
            self.clients[client].freeze();
            self.client_steps(client, Vec::new());
        }
        let end = self.now() + SETTLE;
        while !self.is_idle() {
            if self.now() >= end && self.is_misled() {
                break;
            }
            if self.now() >= end {
                let tables = self.compare_tables().err().map(|broken| broken.what);
                let tables = tables.unwrap_or_default();
                let what = format!("updates without end: {}; {tables}", self.queues());
                return Err(Broken::new(Promise::Quiet, what));
            }
            self.run_until(self.now() + 50)?;
        }
        self.expect_normal()?;
        self.compare_tables()?;
        self.nodes.iter().try_for_each(|node| node.check_table())
    }

    /// A last restart of both gives the same tables once more.
    fn restart(&mut self) -> Result<(), Broken> {
        let now = self.now();
        for node in &mut self.nodes {
            node.crash(0);
            _ = node.start(now)?;
        }
        Ok(())
    }

    /// Whether a server was given an old lease file: what that says again, its partner can't know to be old, so that the
    /// two may differ until all its leases are over.
    fn is_misled(&self) -> bool {
        self.tally.faults.contains_key(&Fault::OldBackup)
    }

    fn states(&self) -> [Option<ServerState>; 2] {
        [0, 1].map(|node| self.nodes[node].state())
    }

    fn expect_normal(&self) -> Result<(), Broken> {
        match self.states() {
            [Some(ServerState::Normal), Some(ServerState::Normal)] => Ok(()),
            states => Err(Broken::new(
                Promise::Settled,
                format!("not normal any more, though nothing happened: {states:?}"),
            )),
        }
    }

    fn is_idle(&self) -> bool {
        self.tcp.is_idle() && self.nodes.iter().all(|node| node.is_idle())
    }

    fn queues(&self) -> String {
        let of = |endpoint: &Endpoint| {
            format!(
                "{} queued, {} unacknowledged, {} refused",
                endpoint.queued_updates(),
                endpoint.unacked_updates(),
                endpoint.refused_updates()
            )
        };
        let queues: Vec<String> = self
            .nodes
            .iter()
            .filter_map(|node| node.endpoint().map(of))
            .collect();
        queues.join("; ")
    }

    /// Whether a network has an address that a server may give to anyone.
    fn free_addresses(&self, network: usize) -> usize {
        let Some(process) = &self.nodes[0].process else {
            return 0;
        };
        let bindings = process.server.core().bindings();
        let now = self.nodes[0].clock.now(self.now()).unix;
        let free = bindings.iter().filter(|(address, binding)| {
            address.octets()[1] as usize == network
                && matches!(binding.status, BindingStatus::Free | BindingStatus::Backup)
                // Otherwise held back: what a server promised before it lost its disk.
                && binding.ends <= now
        });
        free.count()
    }

    fn without_address(&self, network: usize) -> usize {
        let clients = self.clients.iter().enumerate();
        clients
            .filter(|(number, _)| self.scenario.network_of(*number) == network)
            .filter(|(_, client)| client.used().is_none())
            .count()
    }

    fn compare_tables(&self) -> Result<(), Broken> {
        let [Some(primary), Some(secondary)] = [0, 1].map(|node| self.nodes[node].process.as_ref())
        else {
            return Err(Broken::new(Promise::Normal, "a server is gone"));
        };
        if self.is_misled() {
            return Ok(());
        }
        let theirs = secondary.server.core().bindings();
        for (address, ours) in primary.server.core().bindings().iter() {
            let Some(theirs) = theirs.get(address) else {
                let what = format!("{address} is in one table only");
                return Err(Broken::new(Promise::Whole, what));
            };
            let active = ours.status == BindingStatus::Active;
            let same = ours.status == theirs.status
                && (!active || (ours.client == theirs.client && ours.ends == theirs.ends));
            if !same {
                let what = format!(
                    "the tables differ at {address}:\nprimary   {ours:?}\nsecondary {theirs:?}"
                );
                return Err(Broken::new(Promise::Converge, what));
            }
        }
        Ok(())
    }
}
