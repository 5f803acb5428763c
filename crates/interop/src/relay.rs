//! A crowd of clients behind a relay agent, all in one socket and one thread.
//!
//! Each client goes through one exchange (DISCOVER to ACK, or a renewal), a given number of them at a time or at a given
//! rate. It repeats a message that nobody answers, with `secs` counting up, as often as it is told to.

mod job;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use dhcp4_wire::{Message, MessageType, OptionCode, Packet};

use crate::batch::Batch;
use crate::netns::Namespace;

pub use job::{Job, Lease, Outcome, Pace, mac, percentile};

/// Port of servers and relay agents.
pub(crate) const SERVER_PORT: u16 = 67;

/// Longest message that a client here sends, in bytes of DHCP.
const LENGTH: usize = 548;

/// What a client asks for.
pub(crate) const WANTED: &[OptionCode] = &[
    OptionCode::SUBNET_MASK,
    OptionCode::ROUTERS,
    OptionCode::DOMAIN_NAME_SERVERS,
    OptionCode::DOMAIN_NAME,
];

/// Exchanges that can be under way; an exchange's number in this range is the low half of its transaction number.
const MOST_AT_ONCE: usize = 1 << 16;

/// The relay agent.
pub struct Relay {
    socket: Batch,
    giaddr: Ipv4Addr,
    servers: Vec<SocketAddrV4>,
    exchanges: Vec<Exchange>,
    idle: Vec<usize>,
    /// When each wait for an answer ends, and its transaction; the wait is the same for all, so in order.
    deadlines: VecDeque<(Instant, u32)>,
    outcome: Outcome,
}

struct Exchange {
    xid: u32,
    job: Job,
    begin: Instant,
    sent: Instant,
    tries: u32,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Idle,
    Discovering,
    /// With the address and the server of the offer.
    Requesting(Ipv4Addr, Ipv4Addr),
    Renewing(Lease),
}

impl Relay {
    /// A relay agent at `giaddr` in `namespace`, which sends each message to all of `servers` (or to one broadcast
    /// address).
    ///
    /// # Panics
    ///
    /// There is no such address, or another relay agent uses it.
    pub fn new(namespace: &Namespace, giaddr: Ipv4Addr, servers: &[Ipv4Addr]) -> Self {
        let servers = servers
            .iter()
            .map(|server| SocketAddrV4::new(*server, SERVER_PORT))
            .collect();
        let socket = Batch::new(namespace, SocketAddrV4::new(giaddr, SERVER_PORT));
        Self {
            socket,
            giaddr,
            servers,
            exchanges: Vec::new(),
            idle: Vec::new(),
            deadlines: VecDeque::new(),
            outcome: Outcome::default(),
        }
    }

    /// Runs all of `jobs` to their ends.
    pub fn run(&mut self, jobs: impl IntoIterator<Item = Job>, pace: Pace) -> Outcome {
        let window = pace.window.clamp(1, MOST_AT_ONCE);
        let begin = Instant::now();
        self.reset(window, begin);
        let mut jobs = jobs.into_iter().fuse();
        let (mut begun, mut more, mut last_ack) = (0_u64, true, begin);
        while more || self.idle.len() < window {
            let now = Instant::now();
            self.give_up(now, &pace);
            let due = pace.rate.map_or(u64::MAX, |rate| {
                (now.duration_since(begin).as_secs_f64() * rate) as u64
            });
            while more && begun < due && !self.idle.is_empty() {
                match jobs.next() {
                    Some(job) => self.begin(job, &pace),
                    None => more = false,
                }
                begun += 1;
            }
            self.socket.flush();
            if self.receive(&pace) {
                last_ack = Instant::now();
            }
        }
        self.outcome.elapsed = last_ack - begin;
        self.outcome.offer_times.sort_unstable();
        self.outcome.ack_times.sort_unstable();
        std::mem::take(&mut self.outcome)
    }

    /// Each of `clients` gets a lease.
    ///
    /// # Panics
    ///
    /// One doesn't.
    pub fn get(&mut self, clients: impl IntoIterator<Item = [u8; 6]>) -> Vec<Lease> {
        let outcome = self.run(clients.into_iter().map(Job::Get), Pace::PATIENT);
        assert_eq!(
            (outcome.lost, outcome.refused),
            (0, 0),
            "clients without an address, clients refused"
        );
        outcome.leases
    }

    /// Each of `leases` is renewed.
    ///
    /// # Panics
    ///
    /// One isn't, or with another address.
    pub fn renew(&mut self, leases: &[Lease]) -> Vec<Lease> {
        let outcome = self.run(leases.iter().copied().map(Job::Renew), Pace::PATIENT);
        assert_eq!(
            (outcome.lost, outcome.refused),
            (0, 0),
            "clients not renewed, clients refused"
        );
        outcome.leases
    }

    /// Each of `leases` is given back. Nobody answers that.
    pub fn release(&mut self, leases: &[Lease]) {
        for (index, lease) in leases.iter().enumerate() {
            let message = release(self.giaddr, index as u32, lease);
            let to = SocketAddrV4::new(lease.server, SERVER_PORT);
            self.socket.push(to, |buffer| encode(&message, buffer));
        }
        self.socket.flush();
    }

    fn reset(&mut self, window: usize, now: Instant) {
        let nobody = Job::Get([0; 6]);
        let idle = |number| Exchange {
            xid: number,
            job: nobody,
            begin: now,
            sent: now,
            tries: 0,
            stage: Stage::Idle,
        };
        // Transactions of an earlier run may still be answered; these have other numbers.
        let generation = self
            .exchanges
            .iter()
            .map(|exchange| exchange.xid >> 16)
            .max()
            .map_or(0, |last| last + 1);
        self.exchanges = (0..window as u32)
            .map(|number| idle(number | generation << 16))
            .collect();
        self.idle = (0..window).rev().collect();
        self.deadlines.clear();
    }

    fn begin(&mut self, job: Job, pace: &Pace) {
        let Some(number) = self.idle.pop() else {
            return;
        };
        let exchange = &mut self.exchanges[number];
        exchange.xid = exchange.xid.wrapping_add(1 << 16);
        exchange.job = job;
        exchange.begin = Instant::now();
        exchange.stage = match job {
            Job::Get(_) => Stage::Discovering,
            Job::Renew(lease) => Stage::Renewing(lease),
        };
        exchange.tries = 0;
        self.send(number, pace);
    }

    /// Sends the message of the exchange's stage.
    fn send(&mut self, number: usize, pace: &Pace) {
        let now = Instant::now();
        let exchange = &mut self.exchanges[number];
        exchange.sent = now;
        exchange.tries += 1;
        let (xid, stage, secs) = (
            exchange.xid,
            exchange.stage,
            now.duration_since(exchange.begin).as_secs(),
        );
        let client = match exchange.job {
            Job::Get(client) => client,
            Job::Renew(lease) => lease.client,
        };
        let kind = if stage == Stage::Discovering {
            MessageType::DISCOVER
        } else {
            MessageType::REQUEST
        };
        let mut message = message(self.giaddr, xid, client, kind);
        message.secs = u16::try_from(secs).unwrap_or(u16::MAX);
        match stage {
            Stage::Idle | Stage::Discovering => {}
            Stage::Requesting(address, server) => {
                message.options.set_requested_address(address);
                message.options.set_server_identifier(server);
            }
            Stage::Renewing(lease) => message.ciaddr = lease.address,
        }
        message.options.set_parameter_request_list(WANTED);
        for server in &self.servers {
            self.socket.push(*server, |buffer| encode(&message, buffer));
        }
        self.deadlines.push_back((now + pace.timeout, xid));
    }

    /// Repeats or ends the exchanges whose answer is overdue.
    fn give_up(&mut self, now: Instant, pace: &Pace) {
        while let Some((_, xid)) = self
            .deadlines
            .front()
            .copied()
            .filter(|(deadline, _)| *deadline <= now)
        {
            self.deadlines.pop_front();
            let number = usize::from(xid as u16);
            let exchange = &self.exchanges[number];
            // It went on, and has another deadline.
            if exchange.xid != xid
                || exchange.stage == Stage::Idle
                || exchange.sent + pace.timeout > now
            {
                continue;
            }
            if exchange.tries < pace.tries {
                self.send(number, pace);
            } else {
                self.outcome.lost += 1;
                self.end(number);
            }
        }
    }

    /// Takes the answers that are there; waits a little if there are none. Was there an ACK?
    fn receive(&mut self, pace: &Pace) -> bool {
        let mut answers = Vec::new();
        self.socket.receive(Duration::from_millis(1), |datagram| {
            answers.extend(Answer::read(datagram))
        });
        let acked = self.outcome.leases.len();
        for answer in answers {
            self.answer(&answer, pace);
        }
        self.outcome.leases.len() > acked
    }

    fn answer(&mut self, answer: &Answer, pace: &Pace) {
        let number = usize::from(answer.xid as u16);
        let Some(exchange) = self
            .exchanges
            .get_mut(number)
            .filter(|exchange| exchange.xid == answer.xid)
        else {
            return;
        };
        let micros = u32::try_from(exchange.sent.elapsed().as_micros()).unwrap_or(u32::MAX);
        match (exchange.stage, answer.kind) {
            (Stage::Discovering, MessageType::OFFER) => {
                self.outcome.offer_times.push(micros);
                exchange.stage = Stage::Requesting(answer.address, answer.server);
                exchange.tries = 0;
                self.send(number, pace);
            }
            (Stage::Requesting(..) | Stage::Renewing(_), MessageType::ACK) => {
                self.outcome.ack_times.push(micros);
                let client = match exchange.job {
                    Job::Get(client) => client,
                    Job::Renew(lease) => lease.client,
                };
                let (address, server, seconds) = (answer.address, answer.server, answer.seconds);
                self.outcome.leases.push(Lease {
                    client,
                    address,
                    server,
                    seconds,
                });
                self.end(number);
            }
            (Stage::Requesting(..) | Stage::Renewing(_), MessageType::NAK) => {
                self.outcome.refused += 1;
                self.end(number);
            }
            // A second server's offer, or an answer to what was given up.
            _ => {}
        }
    }

    fn end(&mut self, number: usize) {
        self.exchanges[number].stage = Stage::Idle;
        self.idle.push(number);
    }
}

/// A client's message as the relay agent at `giaddr` passes it on.
pub(crate) fn message(giaddr: Ipv4Addr, xid: u32, client: [u8; 6], kind: MessageType) -> Message {
    let mut message = Message::request(xid, client);
    message.hops = 1;
    message.giaddr = giaddr;
    message.options.set_message_type(kind);
    let [a, b, c, d, e, f] = client;
    message
        .options
        .set_client_identifier(&[1, a, b, c, d, e, f]);
    message
}

/// The message that gives `lease` back.
pub(crate) fn release(giaddr: Ipv4Addr, xid: u32, lease: &Lease) -> Message {
    let mut message = message(giaddr, xid, lease.client, MessageType::RELEASE);
    message.ciaddr = lease.address;
    message.options.set_server_identifier(lease.server);
    message
}

/// What matters in a server's message.
pub(crate) struct Answer {
    pub(crate) xid: u32,
    pub(crate) kind: MessageType,
    pub(crate) address: Ipv4Addr,
    pub(crate) server: Ipv4Addr,
    pub(crate) seconds: u32,
}

impl Answer {
    pub(crate) fn read(datagram: &[u8]) -> Option<Self> {
        let packet = Packet::parse(datagram).ok()?;
        Some(Self {
            xid: packet.xid(),
            kind: packet.message_type()?,
            address: packet.yiaddr(),
            server: packet.server_identifier()?,
            seconds: packet.lease_time().unwrap_or(0),
        })
    }
}

pub(crate) fn encode(message: &Message, buffer: &mut Vec<u8>) {
    message
        .encode(LENGTH, buffer)
        .expect("an Ethernet address fits the field");
}
