//! A DHCP client (RFC 2131 §4.4): one machine that comes and goes.

use std::net::Ipv4Addr;

use dhcp4_wire::{Flags, Message, MessageType, OptionCode, Packet};

use crate::clock::Time;
use crate::habit::Habit;
use crate::phase::{Lease, Phase, Step};
use crate::random::Stream;

/// First wait for an answer, ms; doubled up to the longest (RFC 2131 §4.1).
const FIRST_WAIT: Time = 4_000;
/// Longest wait for an answer, ms.
const LONGEST_WAIT: Time = 64_000;
/// Unanswered requests after which a client begins anew.
const MAX_REQUESTS: u32 = 4;
/// Shortest wait between two renewals (RFC 2131 §4.4.5), ms.
const RENEWAL_WAIT: Time = 60_000;
/// Pause after a DHCPDECLINE (RFC 2131 §3.1), ms.
const DECLINE_WAIT: Time = 10_000;

/// One client.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    chaddr: [u8; 6],
    identifier: Option<Vec<u8>>,
    habit: Habit,
    stream: Stream,
    phase: Phase,
    /// What it remembers, also while away.
    lease: Option<Lease>,
    xid: u32,
    /// When it began to look for a lease.
    began: Time,
    /// When the first message of this exchange went out.
    sent: Time,
    tries: u32,
    deadline: Option<Time>,
    /// When it comes or goes.
    turn: Option<Time>,
    stays: bool,
}

impl Client {
    /// A client that comes some time after the start.
    #[must_use]
    pub(crate) fn new(seed: u64, number: usize, habit: Habit) -> Self {
        let mut stream = Stream::new(seed, &format!("client-{number}"));
        let chaddr = Self::hardware(number);
        let identifier = stream
            .chance(habit.identified)
            .then(|| [&[1], &chaddr[..]].concat());
        let turn = Some(stream.below(habit.arrival));
        Self {
            chaddr,
            identifier,
            habit,
            stream,
            phase: Phase::Away,
            lease: None,
            xid: 0,
            began: 0,
            sent: 0,
            tries: 0,
            deadline: None,
            turn,
            stays: false,
        }
    }

    /// The hardware address of a client.
    #[must_use]
    pub(crate) fn hardware(number: usize) -> [u8; 6] {
        let id = (number as u32).to_be_bytes();
        [2, 0xc1, id[0], id[1], id[2], id[3]]
    }

    /// It takes another one's identity.
    pub(crate) fn imitate(&mut self, other: &Self) {
        self.chaddr = other.chaddr;
        self.identifier.clone_from(&other.identifier);
    }

    /// The number of the client with this hardware address.
    #[must_use]
    pub(crate) fn number_of(chaddr: &[u8]) -> Option<usize> {
        let id = chaddr.strip_prefix(&[2, 0xc1])?;
        Some(u32::from_be_bytes(id.try_into().ok()?) as usize)
    }

    /// What it is doing.
    #[must_use]
    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// The lease it is using now.
    #[must_use]
    pub(crate) fn used(&self) -> Option<Lease> {
        matches!(
            self.phase,
            Phase::Bound | Phase::Renewing | Phase::Rebinding
        )
        .then_some(self.lease)
        .flatten()
    }

    /// Whether an ACK with this transaction number would mean something to it, and since when it has waited for one.
    #[must_use]
    pub(crate) fn awaits(&self, xid: u32) -> Option<Time> {
        let waits = matches!(
            self.phase,
            Phase::Requesting { .. } | Phase::Rebooting | Phase::Renewing | Phase::Rebinding
        );
        (waits && xid == self.xid).then_some(self.sent)
    }

    /// Whether this is the transaction number of its present exchange.
    #[must_use]
    pub(crate) fn is_present(&self, xid: u32) -> bool {
        self.xid == xid
    }

    /// When [`timeout`](Self::timeout) is due.
    #[must_use]
    pub(crate) fn deadline(&self) -> Option<Time> {
        [self.deadline, self.turn].into_iter().flatten().min()
    }

    /// From now on it stays, and wants an address.
    pub(crate) fn stay(&mut self, now: Time, steps: &mut Vec<Step>) {
        self.turn = None;
        self.stays = true;
        self.habit.decline = 0;
        if self.phase == Phase::Away {
            self.come(now, steps);
        }
    }

    /// It is gone for good, without a word.
    pub(crate) fn vanish(&mut self) {
        self.phase = Phase::Away;
        self.freeze();
    }

    /// From now on it does nothing.
    pub(crate) fn freeze(&mut self) {
        (self.deadline, self.turn) = (None, None);
    }

    /// Does what is due.
    pub(crate) fn timeout(&mut self, now: Time, steps: &mut Vec<Step>) {
        if self.turn.is_some_and(|at| at <= now) {
            match self.phase {
                Phase::Away => self.come(now, steps),
                _ => self.go(now, steps),
            }
            return;
        }
        if self.deadline.is_none_or(|at| at > now) {
            return;
        }
        match self.phase {
            Phase::Away => {}
            Phase::Init => self.select(now, steps),
            Phase::Selecting => self.discover(now, steps),
            Phase::Requesting { .. } if self.tries >= MAX_REQUESTS => self.select(now, steps),
            Phase::Requesting { .. } => self.request(now, steps),
            Phase::Rebooting if self.tries >= MAX_REQUESTS => self.go_on_without_word(now, steps),
            Phase::Rebooting => self.request(now, steps),
            Phase::Bound | Phase::Renewing | Phase::Rebinding => self.keep(now, steps),
        }
    }

    /// Takes a server's answer.
    pub(crate) fn receive(&mut self, packet: &Packet<'_>, now: Time, steps: &mut Vec<Step>) {
        if packet.xid() != self.xid || self.phase == Phase::Away {
            return;
        }
        let (Some(kind), Some(server)) = (packet.message_type(), packet.server_identifier()) else {
            return;
        };
        match (kind, self.phase) {
            (MessageType::OFFER, Phase::Selecting) => {
                self.phase = Phase::Requesting {
                    address: packet.yiaddr(),
                    server,
                };
                self.tries = 0;
                self.sent = now;
                steps.push(Step::Exchange);
                self.request(now, steps);
            }
            (MessageType::ACK, _) if self.awaits(self.xid).is_some() => {
                self.take(packet, server, now, steps);
            }
            (MessageType::NAK, Phase::Rebooting | Phase::Renewing | Phase::Rebinding) => {
                self.forget(steps);
                self.select(now, steps);
            }
            (MessageType::NAK, Phase::Requesting { .. }) => self.select(now, steps),
            _ => {}
        }
    }

    fn come(&mut self, now: Time, steps: &mut Vec<Step>) {
        self.turn = (!self.stays).then(|| now + self.habit.stay(&mut self.stream));
        if self.stream.chance(self.habit.forgetful) {
            self.forget(steps);
        }
        match self.lease.filter(|lease| lease.ends > now) {
            Some(_) => {
                self.phase = Phase::Rebooting;
                self.begin(now, steps);
                self.request(now, steps);
            }
            None => {
                self.phase = Phase::Init;
                self.deadline = Some(now + self.stream.between(0, 2000));
            }
        }
    }

    fn go(&mut self, now: Time, steps: &mut Vec<Step>) {
        if self.stream.chance(self.habit.polite)
            && let Some(lease) = self.used()
        {
            self.xid = self.stream.any() as u32;
            let mut message = self.message(MessageType::RELEASE);
            message.ciaddr = lease.address;
            message.options.set_server_identifier(lease.server);
            steps.push(Step::Send(Box::new(message), Some(lease.server)));
            self.forget(steps);
        }
        self.phase = Phase::Away;
        self.deadline = None;
        self.turn = Some(now + self.habit.absence(&mut self.stream));
        steps.push(Step::Exchange);
    }

    /// Gives up its lease, if it has one.
    fn forget(&mut self, steps: &mut Vec<Step>) {
        if let Some(lease) = self.lease.take() {
            steps.push(Step::Drop(lease.address));
        }
    }

    /// Starts an exchange with a transaction number of its own.
    fn begin(&mut self, now: Time, steps: &mut Vec<Step>) {
        self.xid = self.stream.any() as u32;
        self.began = now;
        self.sent = now;
        self.tries = 0;
        steps.push(Step::Exchange);
    }

    fn select(&mut self, now: Time, steps: &mut Vec<Step>) {
        self.forget(steps);
        self.phase = Phase::Selecting;
        self.begin(now, steps);
        self.discover(now, steps);
    }

    fn discover(&mut self, now: Time, steps: &mut Vec<Step>) {
        let mut message = self.message(MessageType::DISCOVER);
        message.secs = self.secs(now);
        self.ask_for_time(&mut message);
        steps.push(Step::Send(Box::new(message), None));
        self.wait(now);
    }

    /// DHCPREQUEST for an offer, or after a reboot.
    fn request(&mut self, now: Time, steps: &mut Vec<Step>) {
        let mut message = self.message(MessageType::REQUEST);
        message.secs = self.secs(now);
        match (self.phase, self.lease) {
            (Phase::Requesting { address, server }, _) => {
                message.options.set_requested_address(address);
                message.options.set_server_identifier(server);
            }
            (_, Some(lease)) => message.options.set_requested_address(lease.address),
            (_, None) => return,
        }
        self.ask_for_time(&mut message);
        steps.push(Step::Send(Box::new(message), None));
        self.wait(now);
    }

    /// Nobody answered after a reboot: the lease may be used for what is left of it (RFC 2131 §3.2).
    fn go_on_without_word(&mut self, now: Time, steps: &mut Vec<Step>) {
        steps.push(Step::Exchange);
        match self.lease {
            Some(lease) if lease.ends > now => {
                self.phase = Phase::Bound;
                self.deadline = Some(lease.renew.max(now));
            }
            _ => self.select(now, steps),
        }
    }

    /// Keeps a lease alive: each try is an exchange of its own.
    fn keep(&mut self, now: Time, steps: &mut Vec<Step>) {
        let Some(lease) = self.lease.filter(|lease| lease.ends > now) else {
            return self.select(now, steps);
        };
        let (phase, to, until) = if now < lease.rebind {
            (Phase::Renewing, Some(lease.server), lease.rebind)
        } else {
            (Phase::Rebinding, None, lease.ends)
        };
        self.phase = phase;
        self.begin(now, steps);
        let mut message = self.message(MessageType::REQUEST);
        message.ciaddr = lease.address;
        self.ask_for_time(&mut message);
        steps.push(Step::Send(Box::new(message), to));
        let half = (until - now) / 2;
        self.deadline = Some(if half < RENEWAL_WAIT {
            until
        } else {
            now + half
        });
    }

    fn take(&mut self, packet: &Packet<'_>, server: Ipv4Addr, now: Time, steps: &mut Vec<Step>) {
        let Some(length) = packet.lease_time() else {
            return;
        };
        let length = Time::from(length) * 1000;
        let lease = Lease {
            address: packet.yiaddr(),
            server,
            ends: self.sent + length,
            renew: self.sent + length / 2,
            rebind: self.sent + length / 8 * 7,
        };
        // So late that the lease is over by now.
        if lease.ends <= now {
            return;
        }
        let fresh = matches!(self.phase, Phase::Requesting { .. });
        if fresh && self.stream.chance(self.habit.decline) {
            let mut message = self.message(MessageType::DECLINE);
            message.options.set_requested_address(lease.address);
            message.options.set_server_identifier(server);
            steps.push(Step::Send(Box::new(message), None));
            steps.push(Step::Exchange);
            self.phase = Phase::Init;
            self.deadline = Some(now + DECLINE_WAIT);
            return;
        }
        self.lease = Some(lease);
        self.phase = Phase::Bound;
        self.deadline = Some(lease.renew);
        steps.push(Step::Use(lease));
    }

    fn wait(&mut self, now: Time) {
        let wait = (FIRST_WAIT << self.tries.min(4)).min(LONGEST_WAIT);
        self.tries += 1;
        self.deadline = Some(now + wait - 1000 + self.stream.below(2001));
    }

    fn secs(&self, now: Time) -> u16 {
        ((now - self.began) / 1000).min(u16::MAX.into()) as u16
    }

    fn ask_for_time(&mut self, message: &mut Message) {
        if let Some(seconds) = self.habit.lease_time {
            message.options.set_lease_time(seconds);
        }
    }

    fn message(&self, kind: MessageType) -> Message {
        let mut message = Message::request(self.xid, self.chaddr);
        message.flags = Flags::default().with_broadcast(self.habit.broadcast);
        message.options.set_message_type(kind);
        if let Some(identifier) = &self.identifier {
            message.options.set_client_identifier(identifier);
        }
        if kind == MessageType::DISCOVER || kind == MessageType::REQUEST {
            let wanted = [OptionCode::SUBNET_MASK, OptionCode::ROUTERS];
            message.options.set_parameter_request_list(&wanted);
        }
        message
    }
}
