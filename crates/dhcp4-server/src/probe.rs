//! Offers that wait for the answer to a ping (`ping-check`).

use core::net::Ipv4Addr;
use std::collections::{BTreeMap, BTreeSet};

use dhcp_failover::Instant;

use crate::event::{ClientEvent, Event};
use crate::output::Destination;
use crate::server::State;

/// Most probes under way. Offers beyond it go out unprobed: a client that waits is worse than an address that
/// wasn't checked, which the client itself checks (RFC 2131 §2.2).
const MAX_PROBES: usize = 4096;

/// An offer that is ready to go.
#[derive(Debug)]
pub(crate) struct HeldOffer {
    pub(crate) to: Destination,
    pub(crate) packet: Vec<u8>,
    /// What the log says when it goes.
    pub(crate) event: ClientEvent,
}

impl HeldOffer {
    pub(crate) fn send(self, state: &mut State) {
        state.stats.offer += 1;
        state.out.event(Event::Client(self.event));
        state.out.reply(self.to, self.packet);
    }
}

/// Addresses being probed.
#[derive(Debug, Default)]
pub(crate) struct Probes {
    held: BTreeMap<Ipv4Addr, (Instant, HeldOffer)>,
    by_end: BTreeSet<(Instant, Ipv4Addr)>,
}

impl Probes {
    pub(crate) fn has_room(&self) -> bool {
        self.held.len() < MAX_PROBES
    }

    /// Keeps an offer until `until`.
    pub(crate) fn hold(&mut self, address: Ipv4Addr, until: Instant, offer: HeldOffer) {
        self.answered(address);
        self.by_end.insert((until, address));
        self.held.insert(address, (until, offer));
    }

    pub(crate) fn contains(&self, address: Ipv4Addr) -> bool {
        self.held.contains_key(&address)
    }

    /// The address answered: the offer mustn't go out.
    pub(crate) fn answered(&mut self, address: Ipv4Addr) -> Option<HeldOffer> {
        let (until, offer) = self.held.remove(&address)?;
        self.by_end.remove(&(until, address));
        Some(offer)
    }

    pub(crate) fn next_end(&self) -> Option<Instant> {
        self.by_end.first().map(|(until, _)| *until)
    }

    /// An offer whose address was silent for long enough.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<HeldOffer> {
        let &(until, address) = self.by_end.first()?;
        if until > now {
            return None;
        }
        self.answered(address)
    }

    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }
}
