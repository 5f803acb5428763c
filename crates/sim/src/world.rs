//! Everything there is, and what happens when something happens.

use dhcp4_server::{Output, Server};

use crate::chaos::Chaos;
use crate::client::Client;
use crate::clock::Time;
use crate::event::{Event, NodeId, Queue};
use crate::fault::Fault;
use crate::habit::Habit;
use crate::ledger::Ledger;
use crate::node::{Node, Turn};
use crate::random::Stream;
use crate::scenario::Scenario;
use crate::sighting::Sighting;
use crate::tally::Tally;
use crate::tcp::{Input, Tcp};
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
    pub(crate) fn new(scenario: Scenario, trace: Trace) -> Self {
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
        let mut world = Self {
            queue: Queue::default(),
            nodes: [Node::new(0, &scenario), Node::new(1, &scenario)],
            tcp: Tcp::new(seed, &scenario.faults),
            udp: Udp::new(seed, &scenario.faults),
            chaos: Chaos::new(&scenario),
            trace,
            tally: Tally::default(),
            ledger: Ledger::new(clients.len(), scenario.skew()),
            generations: vec![0; clients.len()],
            clients,
            disk_latency: Stream::new(seed, "disk-latency"),
            slow_disk: Stream::new(seed, Fault::SlowDisk.name()),
            at_once: (0, 0),
            datagram: Vec::new(),
            sightings: scenario.site.is_some().then(Vec::new),
            scenario,
        };
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
    pub(crate) fn run_until(&mut self, end: Time) -> Result<(), String> {
        while let Some(event) = self.queue.pop(end) {
            self.tally.events += 1;
            let now = self.queue.now();
            self.at_once = if self.at_once.0 == now {
                (now, self.at_once.1 + 1)
            } else {
                (now, 0)
            };
            if self.at_once.1 > MAX_AT_ONCE {
                return Err("the servers keep each other busy without end".into());
            }
            self.handle(event)?;
        }
        Ok(())
    }

    fn handle(&mut self, event: Event) -> Result<(), String> {
        self.trace.mix(self.queue.now());
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

    fn peer_input(&mut self, node: NodeId, input: Input) -> Result<(), String> {
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
    ) -> Result<(), String> {
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
            *self.tally.states.entry((primary, secondary)).or_default() += 1;
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
    pub(crate) fn turn(&mut self, node: NodeId) -> Result<(), String> {
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

    fn synced(&mut self, node: NodeId) -> Result<(), String> {
        if self.dies(node)? {
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

    fn perform(&mut self, node: NodeId, outputs: Vec<Output>) -> Result<(), String> {
        for output in outputs {
            if self.dies(node)? {
                return Ok(());
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
                Output::Event(_) | Output::Execute { .. } => {}
            }
        }
        Ok(())
    }
}
