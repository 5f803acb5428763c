//! A simulated DHCP client without IO: that of RFC 2131 §4.4, on a faster clock.
//!
//! Times are counted from the beginning of the demo.

use std::net::Ipv4Addr;
use std::time::Duration;

use dhcp4_wire::{Message, MessageType, OpCode, OptionCode, Packet};

/// The first wait for an answer; the next ones double. RFC 2131 §4.1 begins with 4 s.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// The longest wait for an answer. RFC 2131 §4.1 goes up to 64 s.
const LONGEST_RETRY: Duration = Duration::from_secs(4);
/// What a wait is lengthened by at most, so that clients don't keep in step.
const JITTER_MS: u64 = 250;
/// How often an offered address is asked for before the client begins anew.
const REQUESTS: u32 = 2;
/// Longest DHCP message that every client takes (RFC 2131 §2: an IP datagram of 576 bytes).
const MAX_MESSAGE: usize = 548;

/// Whom a message is for; the relay sees to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Audience {
    /// A broadcast: both servers.
    Everyone,
    /// The server with this identifier.
    Server(Ipv4Addr),
}

/// What a client does, or learns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Action {
    /// Sends a message.
    Send(Audience, Vec<u8>),
    /// Was told that it has an address.
    Holds {
        /// The address.
        address: Ipv4Addr,
        /// Until then.
        until: Duration,
        /// Who said so.
        server: Ipv4Addr,
        /// How long it had none; `None` if it extended a lease.
        waited: Option<Duration>,
    },
    /// Lost an address that it wanted to keep.
    Loses(Ipv4Addr, Loss),
}

/// How a lease was lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Loss {
    /// A server refused to extend it.
    Refused,
    /// Nobody extended it in time.
    RanOut,
    /// It was exchanged for that of another address.
    Moved,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Lease {
    address: Ipv4Addr,
    server: Ipv4Addr,
    /// T2: from here on every server is asked.
    rebind: Duration,
    ends: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Not here yet.
    Away,
    Selecting,
    Requesting {
        address: Ipv4Addr,
        server: Ipv4Addr,
    },
    Bound(Lease),
    Renewing(Lease),
    Rebinding(Lease),
}

/// One client.
#[derive(Clone, Debug)]
pub(super) struct Client {
    number: u16,
    state: State,
    xid: u32,
    /// When it began to look for an address, or to extend its lease: `secs` counts from here.
    began: Duration,
    /// When its last REQUEST went out: leases count from here.
    asked: Duration,
    /// Messages sent in this state.
    tries: u32,
    /// The server to renew with, if not the one that the lease is from.
    called: Option<Ipv4Addr>,
    /// When it does something next.
    due: Duration,
}

impl Client {
    /// A client that turns up at a time.
    pub(super) fn new(number: u16, arrival: Duration) -> Self {
        Self {
            number,
            state: State::Away,
            xid: u32::from(number) << 16,
            began: arrival,
            asked: arrival,
            tries: 0,
            called: None,
            due: arrival,
        }
    }

    /// Whose message this is: clients are numbered in the last two bytes of their hardware address.
    pub(super) fn number_of(packet: &Packet<'_>) -> Option<u16> {
        let [.., high, low] = *packet.chaddr() else {
            return None;
        };
        Some(u16::from_be_bytes([high, low]))
    }

    /// Whether it has an address, as far as it knows.
    pub(super) fn has_address(&self) -> bool {
        self.lease().is_some()
    }

    /// The server that gave or last extended its lease.
    pub(super) fn server(&self) -> Option<Ipv4Addr> {
        self.lease().map(|lease| lease.server)
    }

    /// Whether it waits for this server to confirm its offer.
    pub(super) fn is_asking(&self, asked: Ipv4Addr) -> bool {
        matches!(self.state, State::Requesting { server, .. } if server == asked)
    }

    /// How long it has been waiting for an address; `None` if it has one, or isn't here yet.
    pub(super) fn waiting(&self, now: Duration) -> Option<Duration> {
        match self.state {
            State::Selecting | State::Requesting { .. } => Some(now.saturating_sub(self.began)),
            State::Away | State::Bound(_) | State::Renewing(_) | State::Rebinding(_) => None,
        }
    }

    /// Does what is due.
    pub(super) fn poll(&mut self, now: Duration, out: &mut Vec<Action>) {
        if now < self.due {
            return;
        }
        match self.state {
            State::Away => self.look_for_one(now, out),
            State::Selecting => self.discover(now, out),
            State::Requesting { .. } if self.tries >= REQUESTS => self.select(now, out),
            State::Requesting { .. } => self.request(now, out),
            State::Bound(lease) => self.renew(lease, now, out),
            State::Renewing(lease) | State::Rebinding(lease) if now >= lease.ends => {
                out.push(Action::Loses(lease.address, Loss::RanOut));
                self.look_for_one(now, out);
            }
            State::Renewing(lease) if now >= lease.rebind => {
                self.state = State::Rebinding(lease);
                self.tries = 0;
                self.request(now, out);
            }
            State::Renewing(_) | State::Rebinding(_) => self.request(now, out),
        }
    }

    /// Makes it extend its lease at a time, and ask this server to, whoever gave the lease.
    pub(super) fn call(&mut self, server: Ipv4Addr, at: Duration) {
        if let Some(lease) = self.lease() {
            self.state = State::Bound(lease);
            self.called = Some(server);
            self.due = at;
        }
    }

    /// Whether its lease was given or extended on a request of this time or later.
    pub(super) fn is_bound_since(&self, time: Duration) -> bool {
        matches!(self.state, State::Bound(_)) && self.asked >= time
    }

    /// Takes an answer. What doesn't fit the state is ignored, as RFC 2131 has it.
    pub(super) fn receive(&mut self, packet: &Packet<'_>, now: Duration, out: &mut Vec<Action>) {
        if packet.op() != OpCode::BOOTREPLY || packet.xid() != self.xid {
            return;
        }
        let (Some(kind), Some(server)) = (packet.message_type(), packet.server_identifier()) else {
            return;
        };
        let address = packet.yiaddr();
        match (self.state, kind) {
            (State::Selecting, MessageType::OFFER) => {
                self.state = State::Requesting { address, server };
                self.tries = 0;
                self.request(now, out);
            }
            (State::Requesting { .. }, MessageType::ACK) => {
                let waited = now.saturating_sub(self.began);
                self.bind(packet, server, Some(waited), out);
            }
            (State::Renewing(lease) | State::Rebinding(lease), MessageType::ACK) => {
                if lease.address != address {
                    out.push(Action::Loses(lease.address, Loss::Moved));
                }
                self.bind(packet, server, None, out);
            }
            (State::Requesting { .. }, MessageType::NAK) => self.select(now, out),
            (State::Renewing(lease) | State::Rebinding(lease), MessageType::NAK) => {
                out.push(Action::Loses(lease.address, Loss::Refused));
                self.look_for_one(now, out);
            }
            _ => {}
        }
    }

    fn lease(&self) -> Option<Lease> {
        match self.state {
            State::Bound(lease) | State::Renewing(lease) | State::Rebinding(lease) => Some(lease),
            State::Away | State::Selecting | State::Requesting { .. } => None,
        }
    }

    fn look_for_one(&mut self, now: Duration, out: &mut Vec<Action>) {
        self.began = now;
        self.select(now, out);
    }

    fn select(&mut self, now: Duration, out: &mut Vec<Action>) {
        self.state = State::Selecting;
        self.tries = 0;
        self.xid += 1;
        self.discover(now, out);
    }

    fn renew(&mut self, lease: Lease, now: Duration, out: &mut Vec<Action>) {
        self.state = State::Renewing(lease);
        self.began = now;
        self.tries = 0;
        self.xid += 1;
        self.request(now, out);
    }

    fn bind(
        &mut self,
        packet: &Packet<'_>,
        server: Ipv4Addr,
        waited: Option<Duration>,
        out: &mut Vec<Action>,
    ) {
        let address = packet.yiaddr();
        let length = Duration::from_secs(packet.lease_time().unwrap_or(0).into());
        let seconds = |code| {
            let value = packet.option(code)?.to_array().map(u32::from_be_bytes)?;
            Some(Duration::from_secs(value.into()))
        };
        let told =
            seconds(OptionCode::DHCP_RENEWAL_TIME).zip(seconds(OptionCode::DHCP_REBINDING_TIME));
        let told = told.filter(|(renew, rebind)| renew <= rebind && *rebind < length);
        let (renew, rebind) = told.unwrap_or((length / 2, length * 7 / 8)); // RFC 2131 §4.4.5
        let ends = self.asked + length;
        self.state = State::Bound(Lease {
            address,
            server,
            rebind: self.asked + rebind,
            ends,
        });
        self.called = None;
        self.due = self.asked + renew;
        out.push(Action::Holds {
            address,
            until: ends,
            server,
            waited,
        });
    }

    fn discover(&mut self, now: Duration, out: &mut Vec<Action>) {
        let message = self.message(MessageType::DISCOVER, now);
        self.send(Audience::Everyone, &message, now, out);
    }

    /// A REQUEST as the state wants it (RFC 2131, table 4).
    fn request(&mut self, now: Duration, out: &mut Vec<Action>) {
        let mut message = self.message(MessageType::REQUEST, now);
        let audience = match self.state {
            State::Away | State::Selecting | State::Bound(_) => return,
            State::Requesting { address, server } => {
                message.options.set_requested_address(address);
                message.options.set_server_identifier(server);
                Audience::Everyone
            }
            State::Renewing(lease) => {
                message.ciaddr = lease.address;
                Audience::Server(self.called.unwrap_or(lease.server))
            }
            State::Rebinding(lease) => {
                message.ciaddr = lease.address;
                Audience::Everyone
            }
        };
        self.asked = now;
        self.send(audience, &message, now, out);
    }

    fn send(
        &mut self,
        audience: Audience,
        message: &Message,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        let mut packet = Vec::new();
        message
            .encode(MAX_MESSAGE, &mut packet)
            .expect("a request's fixed fields fit");
        out.push(Action::Send(audience, packet));
        let retry = now + self.retry();
        self.tries += 1;
        self.due = match self.state {
            State::Renewing(lease) => retry.min(lease.rebind.max(now)),
            State::Rebinding(lease) => retry.min(lease.ends.max(now)),
            State::Away | State::Selecting | State::Requesting { .. } | State::Bound(_) => retry,
        };
    }

    fn retry(&self) -> Duration {
        let mixed = (u64::from(self.number) << 8 | u64::from(self.tries & 0xff))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let jitter = Duration::from_millis((mixed >> 32) % JITTER_MS);
        LONGEST_RETRY.min(FIRST_RETRY * 2u32.pow(self.tries.min(8))) + jitter
    }

    fn message(&self, kind: MessageType, now: Duration) -> Message {
        let [high, low] = self.number.to_be_bytes();
        let hardware = [2, 0, 0, 0, high, low]; // locally administered
        let mut message = Message::request(self.xid, hardware);
        let secs = now.saturating_sub(self.began).as_secs();
        message.secs = u16::try_from(secs).unwrap_or(u16::MAX);
        message.options.set_message_type(kind);
        let identifier = [&[1], &hardware[..]].concat();
        message.options.set_client_identifier(&identifier);
        message.options.set_parameter_request_list(&[
            OptionCode::SUBNET_MASK,
            OptionCode::ROUTERS,
            OptionCode::DHCP_RENEWAL_TIME,
            OptionCode::DHCP_REBINDING_TIME,
        ]);
        message
    }
}

#[cfg(test)]
mod tests;
