//! For exhaustive checkers: what two machines may differ in and yet behave alike.

use failover_wire::{BindingUpdate, UnixTime, Xid};

use crate::binding::Binding;
use crate::bindings::{Bindings, Slot, Update};
use crate::core::Core;
use crate::endpoint::Endpoint;
use crate::link::Links;
use crate::time::{Instant, Now};
use crate::timer::Timers;
use crate::update::Updates;

/// New values for what is arbitrary in a machine: when it is, and how its messages are numbered.
///
/// Each method is asked for every value of its kind, in a fixed order; by default all stay.
#[doc(hidden)]
pub trait Rename {
    /// A time on the wall clock.
    fn unix(&mut self, at: UnixTime) -> UnixTime {
        at
    }
    /// When a lease file was lost.
    fn loss(&mut self, at: UnixTime) -> UnixTime {
        at
    }
    /// A time on the monotonic clock.
    fn mono(&mut self, at: Instant) -> Instant {
        at
    }
    /// A moment on both.
    fn moment(&mut self, at: Now) -> Now {
        at
    }
    /// An address with its times.
    fn binding(&mut self, _: &mut Binding) {}
    /// An update of the partner's that waits for the answer to one of ours.
    fn update(&mut self, _: &mut BindingUpdate) {}
    /// What an update in flight announces, besides the binding.
    fn potential(&mut self, at: UnixTime) -> UnixTime {
        at
    }
    /// Number of a message that we began and whose answer matters.
    fn own(&mut self, xid: Xid) -> Xid {
        xid
    }
    /// Number of a request of the partner's that we have yet to answer.
    fn partners(&mut self, xid: Xid) -> Xid {
        xid
    }
    /// Number that the next message that we begin on the link will have.
    fn next(&mut self, xid: Xid) -> Xid {
        xid
    }
}

impl Core {
    /// Renames throughout, and forgets what bears on nothing: statistics, and the age of what is
    /// only displayed. `now` is the time of the last input by the new names.
    #[doc(hidden)]
    pub fn rename(&mut self, now: Now, by: &mut impl Rename) {
        self.observed_at(now);
        for endpoint in &mut self.endpoints {
            endpoint.rename(now, by);
        }
        self.bindings.rename(by);
    }
}

impl Bindings {
    fn rename(&mut self, by: &mut impl Rename) {
        let slots = (0..self.len()).map(Slot);
        for slot in slots {
            self.note(slot, |binding| by.binding(binding));
            if let Update::Unacked(xid) = self.update(slot) {
                self.set_update(slot, Update::Unacked(by.own(xid)));
            }
        }
    }
}

impl Endpoint {
    fn rename(&mut self, now: Now, by: &mut impl Rename) {
        self.stos = by.unix(self.stos);
        self.partner_stos = now.unix;
        self.last_heard = None;
        self.last_balance = self.last_balance.map(|at| by.mono(at));
        self.normal_since = self.normal_since.map(|at| by.mono(at));
        // A partner of our own kind counts nothing that was lost.
        self.owed = crate::owed::Owed::default();
        self.lost_at = by.loss(self.lost_at);
        self.last_grant = by.unix(self.last_grant);
        self.not_before = by.unix(self.not_before);
        self.links.rename(by);
        self.timers.rename(by);
        self.updates.rename(by);
        if self.state == failover_wire::ServerState::PartnerDown {
            self.alone_since = by.moment(self.alone_since);
            self.reclaim_at = by.mono(self.reclaim_at);
        } else {
            (self.alone_since, self.reclaim_at) = (now, now.mono);
        }
        let waiting = core::mem::take(&mut self.waiting);
        self.waiting = waiting
            .into_iter()
            .map(|(at, s)| (by.unix(at), s))
            .collect();
        let taken = core::mem::take(&mut self.taken_over);
        self.taken_over = taken
            .into_iter()
            .map(|(p, at, s)| (p, by.unix(at), s))
            .collect();
    }
}

impl Links {
    fn rename(&mut self, by: &mut impl Rename) {
        // Nothing of a former link arrives on the next.
        self.last_xids = 0;
        if let Some(live) = &mut self.live {
            live.first_update = 1;
            live.xids.rename(by);
        }
        for pending in &mut self.pending {
            pending.deadline = by.mono(pending.deadline);
            pending.xids.rename(by);
        }
    }
}

impl Timers {
    fn rename(&mut self, by: &mut impl Rename) {
        for at in self.iter_mut() {
            *at = by.mono(*at);
        }
    }
}

impl Updates {
    fn rename(&mut self, by: &mut impl Rename) {
        let in_flight = core::mem::take(&mut self.in_flight);
        self.in_flight = in_flight
            .into_iter()
            .map(|(xid, mut flight)| {
                flight.potential = by.potential(flight.potential);
                if let Some(crossing) = &mut flight.crossing {
                    crossing.xid = by.partners(crossing.xid);
                    by.update(&mut crossing.update);
                }
                (by.own(xid), flight)
            })
            .collect();
        if let Some(marker) = &mut self.marker {
            marker.xid = by.partners(marker.xid);
        }
        for xid in self.outdone.values_mut() {
            *xid = by.own(*xid);
        }
        if let Some((_, xid)) = &mut self.requested {
            *xid = by.own(*xid);
        }
    }
}
