//! An ending of ours that crosses a lease of the partner's.
//!
//! ISC lets the lease win wherever an ending (RELEASED, EXPIRED, ABANDONED) is on its way to the
//! partner. But the partner's lease left before it had our ending, and it may accept that any
//! moment: from then on the address can go to another client, and the link may be lost before we
//! hear of it. So neither the lease nor its refusal is decided until the partner has answered.
//! It refuses the ending if its lease is newer, and then that holds here too.
//!
//! Only between servers of this kind: dhcpd acknowledges endings without a look at what it told
//! the client since, so its answer decides nothing.

use failover_wire::{BindingStatus, BindingUpdate, RejectReason, Xid};

use crate::bindings::{Slot, Update};
use crate::context::Context;
use crate::endpoint::Endpoint;
use crate::mutant::{Rule, is_off};
use crate::names::Told;

/// An update of the partner's that waits for the answer to one of ours.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Crossing {
    pub(crate) xid: Xid,
    pub(crate) update: BindingUpdate,
    pub(crate) told: Told,
}

impl Endpoint {
    /// Whether the partner leaves the decision about a lease and an ending that cross to the server
    /// that has the lease, and that server refuses the ending where its lease stands.
    pub(crate) fn settles_crossings(&self) -> bool {
        self.links
            .live
            .as_ref()
            .is_some_and(|live| live.is_our_kind)
    }

    /// Keeps a lease of the partner's that crosses an ending of ours for later; says whether it did.
    /// One that waits already is outdated: the partner expects no answer to it any more.
    pub(crate) fn put_off(
        &mut self,
        xid: Xid,
        update: &BindingUpdate,
        told: &Told,
        cx: &Context<'_>,
    ) -> bool {
        if is_off(Rule::Crossing)
            || !self.settles_crossings()
            || update.status != Some(BindingStatus::Active)
        {
            return false;
        }
        let shared = |address: &_| cx.bindings.relationship_of(*address) == Some(self.id);
        let address = update.address.filter(shared);
        let Some(slot) = address.and_then(|address| cx.bindings.slot(address)) else {
            return false;
        };
        if cx.bindings.at(slot).status == BindingStatus::Active {
            return false;
        }
        let Update::Unacked(ours) = cx.bindings.update(slot) else {
            return false;
        };
        let Some(flight) = self.updates.in_flight.get_mut(&ours) else {
            return false;
        };
        let (update, told) = (update.clone(), told.clone());
        flight.crossing = Some(Box::new(Crossing { xid, update, told }));
        true
    }

    /// The lease that waits for the answer to what is in flight, which is there.
    pub(crate) fn take_crossing(&mut self, slot: Slot, cx: &Context<'_>) -> Option<Box<Crossing>> {
        let Update::Unacked(xid) = cx.bindings.update(slot) else {
            return None;
        };
        self.updates.in_flight.get_mut(&xid)?.crossing.take()
    }

    /// The partner accepted our ending, or we send another: the lease that crossed it is no more, or
    /// the partner will say it again.
    pub(crate) fn refuse_crossing(
        &mut self,
        crossing: Option<Box<Crossing>>,
        cx: &mut Context<'_>,
    ) {
        if let Some(crossing) = crossing {
            let text = "the lease has ended".into();
            let reason = RejectReason::LESS_CRITICAL_BINDING_INFO;
            let address = crossing.update.address;
            self.acknowledge(crossing.xid, address, Some((reason, text)), cx);
        }
    }
}
