//! PARTNER-DOWN: when the partner's addresses, and those of its clients, may be used.

use failover_wire::{BindingStatus, ServerState, UnixTime};

use crate::binding::Binding;
use crate::bindings::Slot;
use crate::context::Context;
use crate::endpoint::Endpoint;
use crate::mutant::{Rule, is_off};
use crate::time::{Instant, Now};

impl Endpoint {
    pub(crate) fn begin_partner_down(&mut self, cx: &mut Context<'_>) {
        self.alone_since = cx.now;
        self.reclaim_at = cx.now.mono;
        let waits = |b: &Binding| b.is_ending() || b.status == self.peer_free();
        let slots: Vec<Slot> = cx
            .bindings
            .slots_of(self.id)
            .filter(|slot| waits(cx.bindings.at(*slot)))
            .collect();
        for slot in slots {
            self.wait_for(slot, cx);
        }
        self.reclaim(cx);
    }

    pub(crate) fn end_partner_down(&mut self, cx: &mut Context<'_>) {
        self.waiting.clear();
        self.taken_over.clear();
        let begun: Vec<Slot> = cx
            .bindings
            .slots_of(self.id)
            .filter(|slot| cx.bindings.at(*slot).begun_alone)
            .collect();
        for slot in begun {
            cx.bindings
                .note(slot, |binding| binding.begun_alone = false);
        }
    }

    /// Puts an address on the list of those that have to outwait the partner's promises.
    pub(crate) fn wait_for(&mut self, slot: Slot, cx: &Context<'_>) {
        self.waiting
            .insert((self.reusable_at(cx.bindings.at(slot)), slot));
    }

    /// When an address is free for another client although the partner may have promised it: MCLT
    /// after the latest time that either server can have said, and after PARTNER-DOWN began
    /// (draft §9.4.2, over ISC's rule, which forgets what the partner promised last).
    fn reusable_at(&self, binding: &Binding) -> UnixTime {
        if binding.begun_alone || is_off(Rule::Wait) {
            return binding.ends;
        }
        if is_off(Rule::Expired) && binding.is_ending() {
            return self.stos.saturating_add(self.wait_mclt).max(binding.ends);
        }
        // Resumed after a restart, PARTNER-DOWN began when the record says.
        let promised = binding.horizon().max(self.stos);
        let over = promised
            .saturating_add(self.wait_mclt)
            .saturating_add(self.lag);
        if binding.is_ending() {
            over.max(binding.ends)
        } else {
            over
        }
    }

    /// Whether both clocks are past the wait.
    fn wait_is_over(&self, binding: &Binding, now: Now) -> bool {
        // An abandoned one ends with its quarantine, which binds nobody.
        if now.mono < binding.ends_mono && binding.status != BindingStatus::Abandoned {
            return false;
        }
        let at = self.reusable_at(binding);
        if binding.begun_alone {
            return now.unix >= at;
        }
        now.unix > at && now.mono >= self.mono_of(at)
    }

    /// A wall time on the monotonic clock, as of when PARTNER-DOWN began in this process.
    fn mono_of(&self, at: UnixTime) -> Instant {
        self.alone_since.mono_after(at)
    }

    /// Moves the addresses whose wait is over to where they can be given out.
    pub(crate) fn reclaim(&mut self, cx: &mut Context<'_>) {
        if self.updates.is_draining() {
            return;
        }
        for _ in 0..self.config.timing.expiry_batch {
            let Some(&(at, slot)) = self.waiting.first() else {
                return;
            };
            if at > cx.now.unix || self.mono_of(at) > cx.now.mono {
                // By either clock: after a step of the wall clock they disagree.
                self.reclaim_at = self.mono_of(at).max(cx.now.mono_after(at));
                return;
            }
            self.waiting.pop_first();
            self.reclaim_one(slot, cx);
        }
    }

    fn reclaim_one(&mut self, slot: Slot, cx: &mut Context<'_>) {
        let binding = cx.bindings.at(slot);
        if !(binding.is_ending() || binding.status == self.peer_free()) {
            return;
        }
        if !self.wait_is_over(binding, cx.now) {
            // The partner said something since, or the lease has yet to end by the other clock.
            let at = self.reusable_at(binding).max(cx.now.unix.saturating_add(1));
            self.waiting.insert((at, slot));
        } else if binding.is_ending() {
            let mut binding = binding.clone();
            binding.change_hands(BindingStatus::Free, cx.now.unix);
            cx.bindings.apply(slot, binding, cx.out);
            self.queue_update(slot, cx);
            self.take_over(slot, cx);
        } else {
            self.take_over(slot, cx);
        }
    }

    fn take_over(&mut self, slot: Slot, cx: &Context<'_>) {
        let binding = cx.bindings.at(slot);
        if binding.status == self.peer_free() {
            self.taken_over
                .insert((cx.bindings.pool_at(slot), binding.ends, slot));
        }
    }

    /// Whether an address that is the partner's, or its client's, may be given to anyone now.
    pub(crate) fn may_take_over(&self, binding: &Binding, now: Now) -> bool {
        self.state == ServerState::PartnerDown
            && !self.updates.is_draining()
            && self.wait_is_over(binding, now)
    }

    /// When [`Endpoint::reclaim`] has something to do.
    pub(crate) fn next_reclaim(&self) -> Option<Instant> {
        if self.updates.is_draining() {
            return None;
        }
        let (at, _) = self.waiting.first()?;
        Some(self.mono_of(*at).max(self.reclaim_at))
    }
}
