//! All clients at once, behind their relay.

use std::collections::VecDeque;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use dhcp4_wire::Packet;

use super::client::{Action, Client, Loss};
use super::ledger::Ledger;
use super::relay::Relay;

/// The time over which a rate is taken.
const SECOND: Duration = Duration::from_secs(1);

/// A lease that a client lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Lost {
    /// When.
    pub(super) at: Duration,
    /// Who.
    pub(super) client: u16,
    /// What.
    pub(super) address: Ipv4Addr,
    /// How.
    pub(super) how: Loss,
}

/// The clients, and what became of them.
pub(super) struct Crowd {
    relay: Relay,
    clients: Vec<Client>,
    ledger: Ledger,
    lost: Vec<Lost>,
    /// When addresses were got, in the last second.
    got: VecDeque<Duration>,
    extended: u64,
    longest_wait: Duration,
}

impl Crowd {
    /// Nobody yet.
    pub(super) fn new(relay: Relay) -> Self {
        Self {
            relay,
            clients: Vec::new(),
            ledger: Ledger::default(),
            lost: Vec::new(),
            got: VecDeque::new(),
            extended: 0,
            longest_wait: Duration::ZERO,
        }
    }

    /// Has more clients come, one per `pace` from now on.
    pub(super) fn invite(&mut self, count: u16, pace: Duration, now: Duration) {
        let first = self.clients.len() as u16; // a client's number has 16 bits
        let arriving = (0..count).map(|i| Client::new(first + i, now + pace * u32::from(i)));
        self.clients.extend(arriving);
    }

    /// Has every client extend its lease with the other server, one per `pace` from now on.
    pub(super) fn call_the_roll(
        &mut self,
        other: impl Fn(Ipv4Addr) -> Ipv4Addr,
        pace: Duration,
        now: Duration,
    ) {
        for (i, client) in (0..).zip(&mut self.clients) {
            if let Some(server) = client.server() {
                client.call(other(server), now + pace * i);
            }
        }
    }

    /// Delivers what has come in and lets everybody do what is due.
    pub(super) fn tick(&mut self, now: Duration) -> io::Result<()> {
        let mut actions = Vec::new();
        while let Some(bytes) = self.relay.receive()? {
            let Ok(packet) = Packet::parse(bytes) else {
                continue;
            };
            let number = Client::number_of(&packet).unwrap_or(u16::MAX);
            if let Some(client) = self.clients.get_mut(usize::from(number)) {
                client.receive(&packet, now, &mut actions);
                self.perform(number, &mut actions, now)?;
            }
        }
        for number in 0..self.clients.len() {
            self.clients[number].poll(now, &mut actions);
            self.perform(number as u16, &mut actions, now)?; // the crowd has at most 2^16
        }
        let waits = self.clients.iter().filter_map(|client| client.waiting(now));
        self.longest_wait = waits.fold(self.longest_wait, Duration::max);
        while self.got.front().is_some_and(|at| *at + SECOND <= now) {
            self.got.pop_front();
        }
        Ok(())
    }

    fn perform(&mut self, client: u16, actions: &mut Vec<Action>, now: Duration) -> io::Result<()> {
        for action in actions.drain(..) {
            match action {
                Action::Send(audience, packet) => self.relay.forward(audience, packet)?,
                Action::Holds {
                    address,
                    until,
                    waited,
                    ..
                } => {
                    self.ledger.granted(client, address, now, until);
                    match waited {
                        Some(waited) => {
                            self.got.push_back(now);
                            self.longest_wait = self.longest_wait.max(waited);
                        }
                        None => self.extended += 1,
                    }
                }
                Action::Loses(address, how) => {
                    self.ledger.given_up(client, address, now);
                    self.lost.push(Lost {
                        at: now,
                        client,
                        address,
                        how,
                    });
                }
            }
        }
        Ok(())
    }

    /// How many have an address.
    pub(super) fn served(&self) -> usize {
        self.clients.iter().filter(|c| c.has_address()).count()
    }

    /// How many have their lease from this server.
    pub(super) fn served_by(&self, server: Ipv4Addr) -> usize {
        let server = Some(server);
        self.clients.iter().filter(|c| c.server() == server).count()
    }

    /// Whether somebody waits for this server to confirm its offer.
    pub(super) fn is_asking(&self, server: Ipv4Addr) -> bool {
        self.clients.iter().any(|c| c.is_asking(server))
    }

    /// Whether everybody's lease was given or extended on a request of this time or later.
    pub(super) fn all_bound_since(&self, time: Duration) -> bool {
        self.clients.iter().all(|c| c.is_bound_since(time))
    }

    /// How many are here and without an address.
    pub(super) fn waiting(&self, now: Duration) -> usize {
        let waits = self.clients.iter().filter_map(|client| client.waiting(now));
        waits.count()
    }

    /// The longest that anybody was without an address.
    pub(super) fn longest_wait(&self) -> Duration {
        self.longest_wait
    }

    /// Addresses got (DISCOVER, OFFER, REQUEST, ACK) in the last second.
    pub(super) fn doras_per_second(&self) -> usize {
        self.got.len()
    }

    /// Leases extended since the beginning.
    pub(super) fn extended(&self) -> u64 {
        self.extended
    }

    /// The leases that were lost.
    pub(super) fn lost(&self) -> &[Lost] {
        &self.lost
    }

    /// Who held what.
    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}
