//! A run: trouble first, then repair, then everything has to be as it should.

use dhcp_failover::{BindingStatus, Endpoint, ServerState};

use crate::clock::Time;
use crate::fault::Fault;
use crate::scenario::{Options, Scenario};
use crate::tally::Tally;
use crate::trace::{Trace, Who};
use crate::world::World;

/// A promise that was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// When, true time.
    pub at: Time,
    /// Which, and by what.
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
    let scenario = Scenario::draw(seed, options);
    let mut world = World::new(scenario.clone(), trace);
    world
        .trace
        .line(0, Who::World, format_args!("seed {seed}: {scenario}"));
    let result = world.live();
    let violation = result.err().map(|what| Violation {
        at: world.now(),
        what,
    });
    if let Some(violation) = &violation {
        world.trace.line(
            violation.at,
            Who::World,
            format_args!("VIOLATION: {}", violation.what),
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
    fn live(&mut self) -> Result<(), String> {
        self.run_until(self.scenario.duration)?;
        self.end_chaos();
        self.become_normal()?;
        self.serve_everyone()?;
        self.settle()?;
        self.restart()
    }

    /// Both servers get to NORMAL.
    fn become_normal(&mut self) -> Result<(), String> {
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
        Err(format!(
            "repaired {} s ago, and not both normal: {:?}",
            (waits + GRACE) / 1000,
            self.states()
        ))
    }

    /// Every client that wants an address has one, if there is one.
    fn serve_everyone(&mut self) -> Result<(), String> {
        let now = self.now();
        for client in 0..self.clients.len() {
            let mut steps = Vec::new();
            self.clients[client].stay(now, &mut steps);
            self.client_steps(client, steps);
        }
        self.run_until(self.now() + CLIENTS)?;
        for (number, client) in self.clients.iter().enumerate() {
            let network = self.scenario.network_of(number);
            // An address that another one is offered is free too, but not for the taking.
            let room = self.free_addresses(network) > self.without_address(network);
            if client.used().is_none() && room {
                return Err(format!(
                    "c{number:02} is {:?} and gets no address, though some are free on network {network}",
                    client.phase()
                ));
            }
        }
        self.expect_normal()
    }

    /// With the clients silent, both servers say all they have to say, and then know the same.
    fn settle(&mut self) -> Result<(), String> {
        for client in 0..self.clients.len() {
            self.clients[client].freeze();
            self.client_steps(client, Vec::new());
        }
        let end = self.now() + SETTLE;
        while !self.is_idle() {
            if self.now() >= end {
                let tables = self.compare_tables().err().unwrap_or_default();
                return Err(format!("updates without end: {}; {tables}", self.queues()));
            }
            self.run_until(self.now() + 50)?;
        }
        self.expect_normal()?;
        self.compare_tables()?;
        self.nodes.iter().try_for_each(|node| node.check_table())
    }

    /// A last restart of both gives the same tables once more.
    fn restart(&mut self) -> Result<(), String> {
        let now = self.now();
        for node in &mut self.nodes {
            node.crash(0);
            node.start(now)?;
        }
        Ok(())
    }

    fn states(&self) -> [Option<ServerState>; 2] {
        [0, 1].map(|node| self.nodes[node].state())
    }

    fn expect_normal(&self) -> Result<(), String> {
        match self.states() {
            [Some(ServerState::Normal), Some(ServerState::Normal)] => Ok(()),
            states => Err(format!(
                "not normal any more, though nothing happened: {states:?}"
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

    fn compare_tables(&self) -> Result<(), String> {
        let [Some(primary), Some(secondary)] = [0, 1].map(|node| self.nodes[node].process.as_ref())
        else {
            return Err("a server is gone".into());
        };
        let theirs = secondary.server.core().bindings();
        for (address, ours) in primary.server.core().bindings().iter() {
            let Some(theirs) = theirs.get(address) else {
                return Err(format!("{address} is in one table only"));
            };
            let active = ours.status == BindingStatus::Active;
            let same = ours.status == theirs.status
                && (!active || (ours.client == theirs.client && ours.ends == theirs.ends));
            if !same {
                return Err(format!(
                    "the tables differ at {address}:\nprimary   {ours:?}\nsecondary {theirs:?}"
                ));
            }
        }
        Ok(())
    }
}
