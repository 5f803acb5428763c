//! Updates to the partner: the send queue, the window, acknowledgements, update requests.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use failover_wire::{
    BindingAck, BindingStatus, BindingUpdate, IpFlags, Message, RejectReason, UnixTime, Xid,
};

use crate::binding::Binding;
use crate::bindings::{Slot, Update};
use crate::context::Context;
use crate::crossing::Crossing;
use crate::endpoint::Endpoint;
use crate::event::What;
use crate::mutant::{Rule, is_off};
use crate::timer::Timer;

/// Updates on their way to the partner.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Updates {
    pub(crate) queue: VecDeque<Slot>,
    pub(crate) in_flight: BTreeMap<Xid, InFlight>,
    /// The partner's update request that is being served.
    pub(crate) marker: Option<Marker>,
    /// An update request of ours that isn't answered: whether it is for all, and its xid.
    pub(crate) requested: Option<(bool, Xid)>,
    /// What the partner refused: offered again after a while, since what it minds (a lease that
    /// it thinks is still running) passes. ISC waits for the next connection.
    refused: BTreeSet<Slot>,
    /// What gave way to the partner's own while it was in flight, by its transaction id then.
    pub(crate) outdone: BTreeMap<Slot, Xid>,
    /// Before PARTNER-DOWN is left: what was unanswered when the partner had recovered.
    pub(crate) draining: Option<BTreeSet<Slot>>,
}

/// An update request of the partner's.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Marker {
    /// The update whose answer completes it.
    pub(crate) last: Slot,
    /// Its transaction id.
    pub(crate) xid: Xid,
    /// It asks for every lease.
    pub(crate) all: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct InFlight {
    pub(crate) slot: Slot,
    pub(crate) potential: UnixTime,
    /// A lease of the partner's that crosses it.
    pub(crate) crossing: Option<Box<Crossing>>,
}

impl Updates {
    pub(crate) fn queued(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn unacked(&self) -> usize {
        self.in_flight.len()
    }

    pub(crate) fn refused(&self) -> usize {
        self.refused.len()
    }

    /// Takes the request that an UPDDONE with this xid answers; says whether it was for all.
    pub(crate) fn take_request(&mut self, xid: Xid) -> Option<bool> {
        let (all, _) = self.requested.take_if(|(_, asked)| *asked == xid)?;
        Some(all)
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.is_some()
    }
}

impl Endpoint {
    /// Whether updates can go out: not before the partner's state is known on this link.
    fn can_update(&self) -> bool {
        self.links
            .live
            .as_ref()
            .is_some_and(|live| live.heard_state)
    }

    /// A binding changed: tells the partner as soon as the window allows. Without a link nothing
    /// is queued; what is pending is found again on the next one.
    pub(crate) fn queue_update(&mut self, slot: Slot, cx: &mut Context<'_>) {
        // One that is on its way before the partner's state is known is out of date now.
        if self.can_update() || cx.bindings.update(slot) != Update::Idle {
            self.enqueue(slot, cx);
        }
    }

    pub(crate) fn enqueue(&mut self, slot: Slot, cx: &mut Context<'_>) {
        match cx.bindings.update(slot) {
            Update::Queued => return,
            // What is in flight is out of date: its answer will mean nothing.
            Update::Unacked(xid) => self.end_flight(xid, cx),
            Update::Idle => {}
        }
        cx.bindings.set_update(slot, Update::Queued);
        self.updates.queue.push_back(slot);
    }

    /// Queues every binding that the partner hasn't acknowledged.
    pub(crate) fn queue_pending(&mut self, cx: &mut Context<'_>) -> u32 {
        if !self.can_update() {
            return 0;
        }
        let pending: Vec<Slot> = cx
            .bindings
            .pending(self.id)
            .filter(|slot| cx.bindings.update(*slot) == Update::Idle)
            .collect();
        for slot in &pending {
            self.enqueue(*slot, cx);
        }
        pending.len() as u32
    }

    /// Sends queued updates as far as the partner's window allows.
    pub(crate) fn transmit(&mut self, cx: &mut Context<'_>) {
        if !self.can_update() || self.holds_updates() {
            return;
        }
        while self.updates.in_flight.len() < self.peer_max_unacked as usize {
            let Some(slot) = self.updates.queue.pop_front() else {
                return;
            };
            // One that had to go out at once left its place in the queue behind.
            if cx.bindings.update(slot) == Update::Queued {
                self.send_update(slot, cx);
            }
        }
    }

    /// Sends an update out of turn, whatever the window, unless it is in flight.
    pub(crate) fn send_update_now(&mut self, slot: Slot, cx: &mut Context<'_>) {
        if !matches!(cx.bindings.update(slot), Update::Unacked(_)) {
            self.updates.queue.retain(|queued| *queued != slot);
            self.send_update(slot, cx);
        }
    }

    fn send_update(&mut self, slot: Slot, cx: &mut Context<'_>) {
        let Some(live) = &mut self.links.live else {
            return;
        };
        let xid = live.update_xid();
        let mut binding = cx.bindings.at(slot).clone();
        let potential = self.announced(&binding);
        let mut update = update_of(cx.bindings.address(slot), &binding, potential);
        let names = self.tell(&binding, &mut update);
        binding.sent = binding.sent.max(potential);
        if binding.rewind == binding.status {
            cx.bindings.note(slot, |b| b.sent = binding.sent);
        } else {
            // From here on the partner may know: this tenancy can't be taken back.
            binding.rewind = binding.status;
            cx.bindings.apply(slot, binding, cx.out);
        }
        cx.bindings.set_update(slot, Update::Unacked(xid));
        let flight = InFlight {
            slot,
            potential,
            crossing: None,
        };
        self.updates.in_flight.insert(xid, flight);
        self.transmit_with(xid, Message::BindingUpdate(update), names, cx);
    }

    /// The potential expiry to announce: never less than was announced or received in this tenancy.
    /// Of a lease that is over too: a partner that lost its lease file learns what it may have
    /// promised.
    fn announced(&self, binding: &Binding) -> UnixTime {
        let known = match binding.status {
            _ if is_off(Rule::NeverLower) => UnixTime(0),
            BindingStatus::Active => binding.sent.max(binding.received),
            BindingStatus::Expired => self.promised(binding),
            BindingStatus::Abandoned if self.predates_loss(binding) => self.promised(binding),
            _ => UnixTime(0),
        };
        binding.tstp.max(known)
    }

    /// The partner's answer to an update.
    pub(crate) fn handle_ack(&mut self, xid: Xid, ack: &BindingAck, cx: &mut Context<'_>) {
        let shared = |address: &_| cx.bindings.relationship_of(*address) == Some(self.id);
        let address = ack.address.filter(shared);
        let Some(slot) = address.and_then(|address| cx.bindings.slot(address)) else {
            return;
        };
        let address = cx.bindings.address(slot);
        if self.updates.outdone.get(&slot) == Some(&xid) {
            self.updates.outdone.remove(&slot);
            if ack.reject.is_none() && cx.bindings.update(slot) == Update::Idle {
                self.tell_again(slot, cx);
            }
            return;
        }
        let Update::Unacked(expected) = cx.bindings.update(slot) else {
            return;
        };
        if xid != expected {
            self.event(What::StaleAck(address), cx);
        } else if let Some(reason) = ack.reject {
            self.refused(slot, reason, ack.message.as_deref(), cx);
        } else {
            self.acknowledged(slot, xid, cx);
        }
        self.transmit(cx);
    }

    /// The partner refused what is in flight.
    fn refused(
        &mut self,
        slot: Slot,
        reason: RejectReason,
        message: Option<&[u8]>,
        cx: &mut Context<'_>,
    ) {
        let text = message.map(String::from_utf8_lossy).unwrap_or_default();
        let text = text.chars().filter(|c| !c.is_control()).collect();
        let address = cx.bindings.address(slot);
        self.event(
            What::UpdateRejected {
                address,
                reason,
                text,
            },
            cx,
        );
        let crossing = self.take_crossing(slot, cx);
        self.withdraw(slot, cx);
        if let Some(crossing) = crossing {
            self.handle_update(crossing.xid, &crossing.update, crossing.told, cx);
            return;
        }
        let again = self.try_again_later(slot, cx);
        let ours_stands = cx.bindings.at(slot).status == BindingStatus::Active;
        // Its own update stood against ours, and it has our answer to that by now. Against an ending
        // a partner of our kind has a lease, which is on its way.
        if reason == RejectReason::LESS_CRITICAL_BINDING_INFO
            && again
            && (ours_stands || !self.settles_crossings())
        {
            self.queue_update(slot, cx);
        }
    }

    /// The partner took what gave way here to its own, and may have given that up in turn: it is told
    /// what holds.
    fn tell_again(&mut self, slot: Slot, cx: &mut Context<'_>) {
        let mut binding = cx.bindings.at(slot).clone();
        binding.pending = true;
        binding.tstp = binding.tstp.max(binding.tsfp()).max(UnixTime(1));
        cx.bindings.apply(slot, binding, cx.out);
        self.queue_update(slot, cx);
        self.transmit(cx);
    }

    fn acknowledged(&mut self, slot: Slot, xid: Xid, cx: &mut Context<'_>) {
        let Some(flight) = self.updates.in_flight.get(&xid) else {
            return;
        };
        let mut binding = cx.bindings.at(slot).clone();
        binding.acked = binding.acked.max(flight.potential);
        if binding.status == BindingStatus::Abandoned {
            if binding.pending {
                self.hold_back(&mut binding, cx);
            }
            // The partner has given up the tenancy too, and with it what it was told of it.
            binding.sent = binding.acked;
        }
        self.updates.refused.remove(&slot);
        let crossing = self.take_crossing(slot, cx);
        self.refuse_crossing(crossing, cx);
        if binding.is_ending() {
            self.free(slot, binding, cx);
        } else {
            binding.settle();
            cx.bindings.apply(slot, binding, cx.out);
        }
        self.settle_flight(slot, Update::Unacked(xid), cx);
    }

    /// The update that was `before` is answered, or outdone by the partner's own, and the binding
    /// says so by now. Freeing may have queued a new update; then the old one is out of flight
    /// already.
    pub(crate) fn settle_flight(&mut self, slot: Slot, before: Update, cx: &mut Context<'_>) {
        if !matches!(before, Update::Unacked(_)) {
            return;
        }
        if cx.bindings.update(slot) == before {
            self.withdraw(slot, cx);
        } else {
            self.answered(slot, cx);
        }
    }

    /// Takes an update out of flight. One that
    /// waits in the queue stays there: it will say what the binding says by then.
    fn withdraw(&mut self, slot: Slot, cx: &mut Context<'_>) {
        if let Update::Unacked(xid) = cx.bindings.update(slot) {
            self.end_flight(xid, cx);
            cx.bindings.set_update(slot, Update::Idle);
            self.answered(slot, cx);
        }
    }

    /// What is in flight has its answer, or is out of date.
    fn end_flight(&mut self, xid: Xid, cx: &mut Context<'_>) {
        let flight = self.updates.in_flight.remove(&xid);
        self.refuse_crossing(flight.and_then(|flight| flight.crossing), cx);
    }

    /// Notes a refused update; says whether it stands and is refused for the first time.
    fn try_again_later(&mut self, slot: Slot, cx: &mut Context<'_>) -> bool {
        let pending = cx.bindings.at(slot).is_pending();
        let at = cx.now.mono.plus_secs(self.config.timing.retry);
        self.timers.bring_forward(Timer::Retry, at);
        self.updates.refused.insert(slot) && pending
    }

    /// Offers again what the partner refused, if it still stands.
    pub(crate) fn retry_refused(&mut self, cx: &mut Context<'_>) {
        for slot in std::mem::take(&mut self.updates.refused) {
            if cx.bindings.at(slot).is_pending() {
                self.queue_update(slot, cx);
            }
        }
        self.transmit(cx);
    }

    /// An update found its answer: that may complete an update request, or a drain.
    fn answered(&mut self, slot: Slot, cx: &mut Context<'_>) {
        if let Some(marker) = self.updates.marker.take_if(|marker| marker.last == slot) {
            self.update_done(marker.xid, cx);
        }
        if let Some(draining) = &mut self.updates.draining {
            draining.remove(&slot);
            self.end_drain(cx);
        }
    }

    /// The link is gone: nothing is in flight any more. What is pending shows in the bindings.
    pub(crate) fn forget_updates(&mut self, cx: &mut Context<'_>) {
        let updates = std::mem::take(&mut self.updates);
        let in_flight = updates.in_flight.values().map(|flight| flight.slot);
        for slot in updates.queue.iter().copied().chain(in_flight) {
            cx.bindings.set_update(slot, Update::Idle);
        }
    }

    /// What is unanswered goes to the head of the queue again.
    pub(crate) fn requeue_unacked(&mut self, cx: &mut Context<'_>) {
        let in_flight = std::mem::take(&mut self.updates.in_flight);
        for flight in in_flight.into_values().rev() {
            cx.bindings.set_update(flight.slot, Update::Queued);
            self.updates.queue.push_front(flight.slot);
            self.refuse_crossing(flight.crossing, cx);
        }
    }

    /// Tells the partner what became of its update.
    pub(crate) fn acknowledge(
        &mut self,
        xid: Xid,
        address: Option<core::net::Ipv4Addr>,
        refusal: Option<(RejectReason, String)>,
        cx: &mut Context<'_>,
    ) {
        let mut ack = BindingAck {
            address,
            ..BindingAck::default()
        };
        if let Some((reason, text)) = refusal {
            ack.reject = Some(reason);
            ack.message = Some(Bytes::from(text.clone()));
            self.event(
                What::UpdateRefused {
                    address,
                    reason,
                    text,
                },
                cx,
            );
        }
        if let Some(address) = address {
            self.note_answer(address, xid, ack.reject);
        }
        self.reply(xid, Message::BindingAck(ack), cx);
    }
}

/// The update in ISC's form: 13, 18 and 25 always, identity wherever it is known but for ABANDONED.
fn update_of(
    address: core::net::Ipv4Addr,
    binding: &Binding,
    potential: UnixTime,
) -> BindingUpdate {
    let known = binding.status != BindingStatus::Abandoned;
    let client = &binding.client;
    let mut flags = 0;
    if binding.reserved {
        flags |= IpFlags::RESERVED.0;
    }
    if binding.bootp {
        flags |= IpFlags::BOOTP.0;
    }
    BindingUpdate {
        address: Some(address),
        status: Some(binding.status),
        client_identifier: (known && !client.uid.is_empty()).then(|| client.uid.clone()),
        hardware: (known && !client.hardware.is_empty()).then_some(client.hardware),
        lease_expiration: Some(binding.ends),
        potential_expiration: Some(potential),
        start_of_state: Some(binding.starts),
        client_last_transaction: (binding.cltt.0 != 0).then_some(binding.cltt),
        ip_flags: (flags != 0).then_some(IpFlags(flags)),
        ..BindingUpdate::default()
    }
}
