//! Everything there is, and what happens when something happens.

use std::io::Write;

use dhcp_failover::What;
use dhcp4_server::{Output, Server};

use crate::chaos::Chaos;
use crate::client::Client;
use crate::clock::Time;
use crate::event::{Event, NodeId, Queue};
use crate::fault::Fault;
use crate::habit::Habit;
use crate::ledger::Ledger;
use crate::mark::{Mark, Step};
use crate::node::{Node, Turn};
use crate::promise::{Broken, Promise};
use crate::random::Stream;
use crate::record::Recorder;
use crate::scenario::Scenario;
use crate::sighting::Sighting;
use crate::tally::Tally;
use crate::tcp::{self, Input, Tcp};
use crate::trace::{Trace, Who};
use crate::udp::Udp;

/// Events at one millisecond after which the servers are taken to chase their tails.
const MAX_AT_ONCE: u64 = 100_000;
/// Longest sync of a disk that isn't slow, ms.
const SYNC: u64 = 4;
/// Longest sync of a slow disk, ms.
const SLOW_SYNC: u64 = 20_000;

/// Two servers, their clients, and everything between them.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) queue: Queue,
    pub(crate) nodes: [Node; 2],
    pub(crate) tcp: Tcp,
    pub(crate) udp: Udp,
    pub(crate) clients: Vec<Client>,
    pub(crate) chaos: Chaos,
    pub(crate) trace: Trace,
    pub(crate) tally: Tally,
    pub(crate) ledger: Ledger,
    pub(crate) recorder: Recorder,
    pub(crate) generations: Vec<u32>,
    disk_latency: Stream,
    slow_disk: Stream,
    /// The present millisecond, and the events in it.
    at_once: (Time, u64),
    pub(crate) datagram: Vec<u8>,
    /// What is seen of the servers and clients of an operator's site; nobody looks in other runs.
    pub(crate) sightings: Option<Vec<Sighting>>,
}

impl World {
    /// The world of a scenario, before anything has happened.
    #[must_use]
    pub(crate) fn new(scenario: Scenario, trace: Trace, history: Option<Box<dyn Write>>) -> Self {
        let seed = scenario.seed;
        let clients = scenario.clients.iter().sum::<u64>() as usize;
        let mut habits = Stream::new(seed, "habits");
        let clients: Vec<Client> = (0..clients)
            .map(|number| {
                let habit = match scenario.site {
                    Some(_) => Habit::GOOD,
                    None => Habit::draw(&mut habits, &scenario.faults, scenario.max_lease),
                };
                Client::new(seed, number, habit)
            })
            .collect();
        let mut clients = clients;
        if scenario.faults.has(Fault::Clones)
            && let [original, clone, ..] = &mut clients[..]
        {
            clone.imitate(original);
        }
        let mut world = Self {
            queue: Queue::default(),
            nodes: [Node::new(0, &scenario), Node::new(1, &scenario)],
            tcp: Tcp::new(seed, &scenario.faults),
            udp: Udp::new(seed, &scenario.faults),
            chaos: Chaos::new(&scenario),
            trace,
            tally: Tally::default(),
            ledger: Ledger::new(clients.len(), scenario.tolerance()),
            recorder: Recorder::new(scenario.mclt, scenario.tolerance(), clients.len(), history),
            generations: vec![0; clients.len()],
            clients,
            disk_latency: Stream::new(seed, "disk-latency"),
            slow_disk: Stream::new(seed, Fault::SlowDisk.name()),
            at_once: (0, 0),
            datagram: Vec::new(),
            sightings: scenario.site.is_some().then(Vec::new),
            scenario,
        };
        if world.scenario.faults.has(Fault::Clones) {
            let clones = 0..world.clients.len().min(2);
            clones.for_each(|client| world.recorder.cloned(client));
        }
        if world.scenario.site.is_none() {
            (0..world.clients.len()).for_each(|client| world.set_timer(client));
            world.begin_chaos();
        }
        world
    }

    /// True time.
    #[must_use]
    pub(crate) fn now(&self) -> Time {
        self.queue.now()
    }

    /// Lets everything happen that is due by `end`.
    ///
    /// # Errors
    /// Says which promise was broken.
    pub(crate) fn run_until(&mut self, end: Time) -> Result<(), Broken> {
        while let Some(event) = self.queue.pop(end) {
            self.tally.events += 1;
            let now = self.queue.now();
            self.at_once = if self.at_once.0 == now {
                (now, self.at_once.1 + 1)
            } else {
                (now, 0)
            };
            if self.at_once.1 > MAX_AT_ONCE {
                return Err(Broken::new(
                    Promise::Settled,
                    "the servers keep each other busy without end",
                ));
            }
            self.handle(event)?;
        }
        Ok(())
    }

    fn handle(&mut self, event: Event) -> Result<(), Broken> {
        self.trace.mix(self.queue.now());
        if self.is_slept_through(&event) {
            return Ok(());
        }
        match event {
            Event::Wake { node, epoch } => {
                if self.nodes[node].epoch == epoch && self.nodes[node].woken(self.queue.now()) {
                    self.input(node, Server::handle_timeout)?;
                }
            }
            Event::Synced { node, epoch } if self.nodes[node].epoch == epoch => {
                self.synced(node)?
            }
            Event::Synced { .. } => {}
            Event::Request {
                node,
                from,
                packet,
                final_in,
            } => {
                if final_in.is_some_and(|(client, xid)| !self.clients[client].is_present(xid)) {
                    return Ok(());
                }
                self.trace.mix_bytes(&packet);
                self.input(node, |server, now| {
                    server.handle_packet(&packet, &from, now)
                })?;
            }
            Event::Reply { client, packet } => self.reply(client, &packet),
            Event::Pong {
                node,
                epoch,
                address,
            } if self.nodes[node].epoch == epoch => {
                self.input(node, |server, now| server.handle_probe_reply(address, now))?;
            }
            Event::Pong { .. } => {}
            Event::Tcp(event) => {
                if let Some((node, input)) = self.tcp.handle(event, &mut self.queue) {
                    self.peer_input(node, input)?;
                }
            }
            Event::Client { client, generation } if self.generations[client] == generation => {
                let mut steps = Vec::new();
                self.clients[client].timeout(self.queue.now(), &mut steps);
                self.client_steps(client, steps);
            }
            Event::Client { .. } => {}
            Event::Chaos(act) => self.act(act)?,
        }
        Ok(())
    }

    /// What reaches a machine that sleeps is lost, or waits until it is awake.
    fn is_slept_through(&self, event: &Event) -> bool {
        match event {
            Event::Wake { node, .. }
            | Event::Synced { node, .. }
            | Event::Request { node, .. }
            | Event::Pong { node, .. } => self.nodes[*node].asleep,
            Event::Tcp(tcp::Event::DialOver { conn }) => self
                .tcp
                .dialler(*conn)
                .is_some_and(|node| self.nodes[node].asleep),
            _ => false,
        }
    }

    fn peer_input(&mut self, node: NodeId, input: Input) -> Result<(), Broken> {
        let from = self.scenario.partner_of(node);
        self.input(node, |server, now| match input {
            Input::Accepted(conn) => server.handle_peer_accepted(conn, from, now),
            Input::Dialed(id, conn) => server.handle_peer_dialed(id, conn, now),
            Input::DialFailed(id, refused) => server.handle_dial_failed(id, refused, now),
            Input::Bytes(conn, bytes) => server.handle_peer_bytes(conn, &bytes, now),
            Input::Disconnected(conn) => server.handle_peer_disconnected(conn, now),
        })
    }

    /// Hands a server an input, and does what comes of it.
    pub(crate) fn input(
        &mut self,
        node: NodeId,
        input: impl FnOnce(&mut Server, dhcp4_server::Now),
    ) -> Result<(), Broken> {
        let before = self.nodes[node].state();
        self.nodes[node].input(self.queue.now(), input)?;
        self.turn(node)?;
        let state = self.nodes[node].state();
        if let Some(state) = state.filter(|state| Some(*state) != before) {
            self.see(|at| Sighting::State { at, node, state });
        }
        if state != before
            && let [Some(primary), Some(secondary)] = [0, 1].map(|node| self.nodes[node].state())
        {
            self.tally.mark(Mark::Pair(primary, secondary));
        }
        Ok(())
    }

    /// Writes down what is seen, if anybody looks.
    pub(crate) fn see(&mut self, what: impl FnOnce(Time) -> Sighting) {
        let now = self.queue.now();
        if let Some(sightings) = &mut self.sightings {
            sightings.push(what(now));
        }
    }

    /// The driver of a server gets its turn.
    pub(crate) fn turn(&mut self, node: NodeId) -> Result<(), Broken> {
        match self.nodes[node].turn() {
            Turn::Wait => {}
            Turn::Sync => {
                let slow = self.slow_disk.chance(2);
                let stall = self.slow_disk.spread(1, SLOW_SYNC);
                let mut delay = self.disk_latency.below(SYNC + 1);
                if slow && self.scenario.faults.has(Fault::SlowDisk) && !self.chaos.is_over() {
                    self.tally.fault(Fault::SlowDisk, 1);
                    delay += stall;
                }
                let epoch = self.nodes[node].epoch;
                self.queue.after(delay, Event::Synced { node, epoch });
            }
            Turn::Perform(outputs) => self.perform(node, outputs)?,
        }
        if let Some(at) = self.nodes[node].next_wake() {
            let epoch = self.nodes[node].epoch;
            self.queue.at(at, Event::Wake { node, epoch });
        }
        Ok(())
    }

    fn synced(&mut self, node: NodeId) -> Result<(), Broken> {
        if self.dies(node, Step::Sync)? {
            return Ok(());
        }
        self.tally.syncs += 1;
        let (records, held) = self.nodes[node].synced();
        self.trace.line(
            self.queue.now(),
            Who::Disk(node),
            format_args!("synced {records} records"),
        );
        self.perform(node, held)?;
        self.turn(node)
    }

    fn perform(&mut self, node: NodeId, outputs: Vec<Output>) -> Result<(), Broken> {
        for output in outputs {
            if self.dies(node, step(&output))? {
                return Ok(());
            }
            self.recorder.output(self.queue.now(), node, &output);
            if let Output::Event(dhcp4_server::Event::Failover(event)) = &output {
                self.mark_event(node, &event.what);
            }
            match output {
                Output::Store(_) => unreachable!("records were written"),
                Output::Reply { to, packet } => self.send_reply(node, to, packet)?,
                Output::PeerBytes(conn, bytes) => {
                    self.trace.mix_bytes(&bytes);
                    self.tcp.send(node, conn, &bytes, &mut self.queue);
                }
                Output::PeerClose(conn) => self.tcp.close(node, conn, &mut self.queue),
                Output::Dial(id) => self.tcp.dial(node, id, &mut self.queue),
                Output::Probe(address) => {
                    if self.ledger.is_used(address, self.queue.now()) {
                        let epoch = self.nodes[node].epoch;
                        self.queue.after(
                            1,
                            Event::Pong {
                                node,
                                epoch,
                                address,
                            },
                        );
                    }
                }
                Output::Event(event) if self.trace.is_on() => {
                    self.trace
                        .line(self.queue.now(), Who::Node(node), format_args!("{event}"));
                }
                Output::Event(_) | Output::Execute { .. } | Output::Dns(_) => {}
            }
        }
        Ok(())
    }

    fn mark_event(&mut self, node: NodeId, what: &What) {
        match what {
            What::IMove { from, to } => self.tally.mark(Mark::Transition(node, *from, *to)),
            What::ConnectRefused(reason)
            | What::DisconnectReceived(reason)
            | What::UpdateRefused { reason, .. } => self.tally.mark(Mark::Reject(reason.0)),
            _ => {}
        }
    }
}

/// What a server is about to do.
fn step(output: &Output) -> Step {
    match output {
        Output::Store(_) => Step::Sync,
        Output::Reply { .. } => Step::Reply,
        Output::PeerBytes(..) => Step::PeerBytes,
        Output::PeerClose(_) => Step::PeerClose,
        Output::Dial(_) => Step::Dial,
        Output::Probe(_) => Step::Probe,
        Output::Event(_) | Output::Execute { .. } | Output::Dns(_) => Step::Log,
    }
}
