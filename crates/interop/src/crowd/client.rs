//! One client of a crowd.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use dhcp4_wire::{Message, MessageType};

use crate::relay::{Answer, Lease, WANTED, message};

/// How often an offer is asked for before the client looks for another.
const REQUESTS: u32 = 4;

/// A client, its lease and what it is about.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) mac: [u8; 6],
    /// The lease, and when it ends.
    pub(super) lease: Option<(Lease, Instant)>,
    /// The address it had last.
    pub(super) last: Option<Ipv4Addr>,
    pub(super) stage: Stage,
    pub(super) xid: u32,
    /// The first message of the exchange.
    pub(super) begun: Instant,
    /// The last one.
    pub(super) sent: Instant,
    tries: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// It has gone, or was never there.
    Absent,
    /// It has what it wants.
    Bound,
    Discovering,
    /// With the address and the server of the offer.
    Requesting(Ipv4Addr, Ipv4Addr),
    Renewing,
}

/// What an answer means to a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// Nothing.
    Ignored,
    /// It has another message to send.
    Goes,
    /// It has its lease.
    Served {
        renewal: bool,
        moved: bool,
        waited: Duration,
    },
    /// It starts over, with another message to send.
    Refused,
}

impl Client {
    pub(super) fn new(mac: [u8; 6], now: Instant) -> Self {
        Self {
            mac,
            lease: None,
            last: None,
            stage: Stage::Absent,
            xid: 0,
            begun: now,
            sent: now,
            tries: 0,
        }
    }

    /// Begins an exchange: a renewal if it has a lease that isn't over.
    pub(super) fn begin(&mut self, now: Instant) {
        self.begun = now;
        self.lease = self.lease.filter(|(_, end)| *end > now);
        self.enter(if self.lease.is_some() {
            Stage::Renewing
        } else {
            Stage::Discovering
        });
    }

    /// The next message, and the server that alone gets it, if not all do.
    pub(super) fn next(
        &mut self,
        giaddr: Ipv4Addr,
        alone: u32,
        now: Instant,
    ) -> (Message, Option<Ipv4Addr>) {
        if matches!(self.stage, Stage::Requesting(..)) && self.tries == REQUESTS {
            self.enter(Stage::Discovering);
        }
        self.tries += 1;
        self.sent = now;
        let kind = match self.stage {
            Stage::Discovering => MessageType::DISCOVER,
            _ => MessageType::REQUEST,
        };
        let mut message = message(giaddr, self.xid, self.mac, kind);
        let secs = now.duration_since(self.begun).as_secs();
        message.secs = u16::try_from(secs).unwrap_or(u16::MAX);
        let mut only = None;
        match (self.stage, &self.lease) {
            (Stage::Requesting(address, server), _) => {
                message.options.set_requested_address(address);
                message.options.set_server_identifier(server);
            }
            (Stage::Renewing, Some((lease, end))) => {
                message.ciaddr = lease.address;
                // T2 of RFC 2131 §4.4.5.
                let rebinding = *end - Duration::from_secs(lease.seconds.into()) / 8;
                only = (self.tries <= alone && now < rebinding).then_some(lease.server);
            }
            _ => {}
        }
        message.options.set_parameter_request_list(WANTED);
        (message, only)
    }

    /// Has its lease run out while it asks? Then it starts over.
    pub(super) fn expire(&mut self, now: Instant) -> bool {
        let over = self.stage == Stage::Renewing && self.lease.is_some_and(|(_, end)| end <= now);
        if over {
            self.lease = None;
            self.enter(Stage::Discovering);
        }
        over
    }

    /// Takes an answer to its last message.
    pub(super) fn answer(&mut self, answer: &Answer, now: Instant) -> Outcome {
        match (self.stage, answer.kind) {
            (Stage::Discovering, MessageType::OFFER) => {
                self.enter(Stage::Requesting(answer.address, answer.server));
                Outcome::Goes
            }
            (Stage::Requesting(..) | Stage::Renewing, MessageType::ACK) => {
                let lease = Lease {
                    client: self.mac,
                    address: answer.address,
                    server: answer.server,
                    seconds: answer.seconds,
                };
                let renewal = self.stage == Stage::Renewing;
                let moved = self.last.is_some_and(|last| last != lease.address);
                // Counted from the request (RFC 2131 §4.4.1).
                let end = self.sent + Duration::from_secs(lease.seconds.into());
                (self.lease, self.last) = (Some((lease, end)), Some(lease.address));
                self.stage = Stage::Bound;
                Outcome::Served {
                    renewal,
                    moved,
                    waited: now.duration_since(self.begun),
                }
            }
            (Stage::Requesting(..) | Stage::Renewing, MessageType::NAK) => {
                self.lease = None;
                self.enter(Stage::Discovering);
                Outcome::Refused
            }
            _ => Outcome::Ignored,
        }
    }

    /// Does it wait for an answer?
    pub(super) fn asks(&self) -> bool {
        !matches!(self.stage, Stage::Absent | Stage::Bound)
    }

    fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);

    fn answer(kind: MessageType) -> Answer {
        Answer {
            xid: 0,
            kind,
            address: ADDRESS,
            server: SERVER,
            seconds: 60,
        }
    }

    fn bound(now: Instant) -> Client {
        let mut client = Client::new([2, 0, 0, 0, 0, 1], now);
        client.begin(now);
        _ = client.next(SERVER, 2, now);
        assert_eq!(
            client.answer(&answer(MessageType::OFFER), now),
            Outcome::Goes
        );
        assert_eq!(client.stage, Stage::Requesting(ADDRESS, SERVER));
        assert_eq!(client.next(SERVER, 2, now).1, None);
        let served = client.answer(&answer(MessageType::ACK), now + Duration::from_secs(1));
        let waited = Duration::from_secs(1);
        assert_eq!(
            served,
            Outcome::Served {
                renewal: false,
                moved: false,
                waited
            }
        );
        client
    }

    #[test]
    fn a_renewal_asks_its_server_first_and_then_all() {
        let now = Instant::now();
        let mut client = bound(now);
        client.begin(now);
        let asked: Vec<_> = (0..4).map(|_| client.next(SERVER, 2, now).1).collect();
        assert_eq!(asked, [Some(SERVER), Some(SERVER), None, None]);
        client.begin(now);
        let late = now + Duration::from_secs(53);
        assert_eq!(client.next(SERVER, 2, late).1, None);
        assert!(!client.expire(now + Duration::from_secs(59)));
        assert!(client.expire(now + Duration::from_secs(60)));
        assert_eq!((client.stage, client.lease), (Stage::Discovering, None));
    }

    #[test]
    fn refused_or_unanswered_it_starts_over() {
        let now = Instant::now();
        let mut client = bound(now);
        client.begin(now);
        assert_eq!(
            client.answer(&answer(MessageType::NAK), now),
            Outcome::Refused
        );
        _ = client.answer(&answer(MessageType::OFFER), now);
        for _ in 0..REQUESTS {
            _ = client.next(SERVER, 2, now);
            assert_ne!(client.stage, Stage::Discovering);
        }
        _ = client.next(SERVER, 2, now);
        assert_eq!(client.stage, Stage::Discovering);
        assert_eq!(
            client.answer(&answer(MessageType::ACK), now),
            Outcome::Ignored
        );
    }
}
