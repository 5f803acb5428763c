//! How a tenancy ends: expiry, release, decline, and the partner's word for it.

use failover_wire::{BindingStatus, ServerState, UnixTime};

use crate::binding::{Binding, Client};
use crate::bindings::{Bindings, Slot};
use crate::context::Context;
use crate::deadlines::{Ending, Owner};
use crate::endpoint::Endpoint;
use crate::event::What;
use crate::mutant::{Rule, is_off};
use crate::names::names_only;
use crate::state::Service;
use crate::time::{Instant, Now};

impl Endpoint {
    /// Ends what has ended by both clocks, a batch at a time.
    pub(crate) fn expire(&mut self, cx: &mut Context<'_>) {
        for ending in Ending::ALL {
            for _ in 0..self.config.timing.expiry_batch {
                if ending == Ending::Lease && !self.expires_leases() {
                    break;
                }
                let Some(slot) = next_ended(Some(self.id), ending, cx) else {
                    break;
                };
                match ending {
                    Ending::Lease if self.awaits_renewal(slot, cx) => self.ask_again(slot, cx),
                    Ending::Lease => self.expire_lease(slot, cx),
                    Ending::Quarantine => self.reinstate(slot, cx),
                }
            }
        }
        if self.state == ServerState::PartnerDown {
            self.reclaim(cx);
        }
        self.transmit(cx);
    }

    /// A secondary in NORMAL leaves expiry to the primary.
    fn expires_leases(&self) -> bool {
        self.state != ServerState::Normal || self.config.role == dhcp_split::Role::Primary
    }

    /// When [`Endpoint::expire`] has something to do.
    pub(crate) fn next_expiry(&self, bindings: &Bindings) -> Option<Instant> {
        let leases = next_end(bindings, Some(self.id), self.expires_leases());
        leases.into_iter().chain(self.next_reclaim()).min()
    }

    fn expire_lease(&mut self, slot: Slot, cx: &mut Context<'_>) {
        self.end_tenancy(slot, BindingStatus::Expired, cx);
        let status = cx.bindings.at(slot).status;
        self.event(What::LeaseExpired(cx.bindings.address(slot), status), cx);
    }

    /// The client gave its address back.
    pub(crate) fn release(&mut self, slot: Slot, cx: &mut Context<'_>) {
        cx.bindings.note(slot, |binding| {
            binding.ends = cx.now.unix;
            binding.ends_mono = cx.now.mono;
            binding.cltt = cx.now.unix;
        });
        self.end_tenancy(slot, BindingStatus::Released, cx);
        self.transmit(cx);
    }

    fn end_tenancy(&mut self, slot: Slot, status: BindingStatus, cx: &mut Context<'_>) {
        let mut binding = cx.bindings.at(slot).clone();
        let unknown_to_partner = self.state == ServerState::CommunicationsInterrupted
            && binding.rewind == self.own_free();
        if unknown_to_partner {
            // For the partner this address was ours all along: so it is again (ISC's rewind).
            binding.status = binding.rewind;
            binding.settle();
        } else {
            binding.status = status;
            binding.pending = true;
        }
        if is_off(Rule::Acknowledged) {
            binding.status = self.own_free();
        }
        self.settle_rewind(&mut binding);
        cx.bindings.apply(slot, binding, cx.out);
        self.queue_update(slot, cx);
        if self.state == ServerState::PartnerDown {
            self.wait_for(slot, cx);
        }
    }

    /// While the servers cooperate, what is committed can't be taken back.
    pub(crate) fn settle_rewind(&self, binding: &mut Binding) {
        if matches!(self.service(), Service::Cooperating | Service::None(_)) {
            binding.rewind = binding.status;
        }
    }

    /// The partner knows that the tenancy is over: the address is free. `binding` is the address
    /// as it stands, ending.
    pub(crate) fn free(&mut self, slot: Slot, mut binding: Binding, cx: &mut Context<'_>) {
        self.hold_back(&mut binding, cx);
        binding.status = if binding.reserved {
            self.own_free()
        } else {
            BindingStatus::Free
        };
        binding.rewind = binding.status;
        binding.settle();
        cx.bindings.apply(slot, binding, cx.out);
        self.offer_affinity(slot, cx);
        self.after_membership_change(slot, cx);
    }

    /// A lease that ran out by its time, or was declined, from before a server lost its lease file:
    /// that one may have renewed it, by MCLT beyond what the other knows at most. So long nobody else
    /// gets the address.
    pub(crate) fn hold_back(&self, binding: &mut Binding, cx: &Context<'_>) {
        use BindingStatus::{Abandoned, Expired};
        let concerned = matches!(binding.status, Abandoned | Expired) && !is_off(Rule::Loss);
        if !concerned || !self.predates_loss(binding) {
            return;
        }
        // And it may have given it back to its client after that, until the file was lost.
        let promised = self.promised(binding).max(self.lost_at);
        let until = promised.saturating_add(self.wait_mclt).min(UnixTime::NEVER);
        if binding.status == Abandoned {
            binding.received = binding.received.max(until);
        } else if until > binding.ends {
            binding.ends = until;
            binding.ends_mono = cx.now.mono_after(until);
        }
    }

    /// Whether this began before a server lost its lease file, or in the same second.
    pub(crate) fn predates_loss(&self, binding: &Binding) -> bool {
        binding.starts <= self.lost_at
    }

    /// The latest time that either server may have told the other about this tenancy. If it was us who
    /// lost the lease file, what we are said to have sent is a guess that bounds PARTNER-DOWN alone.
    pub(crate) fn promised(&self, binding: &Binding) -> UnixTime {
        if self.amnesic && binding.status != BindingStatus::Abandoned {
            binding.tsfp()
        } else {
            binding.horizon()
        }
    }

    /// The address is in use by someone we don't know (DECLINE, ping-check).
    pub(crate) fn abandon(&mut self, slot: Slot, by: Option<&Client>, cx: &mut Context<'_>) {
        let mut binding = cx.bindings.at(slot).clone();
        // Until the partner knows, it may renew the lease by what it was told of it.
        let promised = self.promised(&binding);
        abandon(&mut binding, by, self.config.timing.abandon_time, cx.now);
        binding.sent = promised;
        binding.pending = true;
        binding.tstp = cx.now.unix;
        self.settle_rewind(&mut binding);
        cx.bindings.apply(slot, binding, cx.out);
        self.queue_update(slot, cx);
        self.transmit(cx);
    }

    /// An abandoned address gets another chance; not before the partner knows that it is abandoned,
    /// since it may have a tenant for it.
    fn reinstate(&mut self, slot: Slot, cx: &mut Context<'_>) {
        let mut binding = cx.bindings.at(slot).clone();
        let unheard = binding.pending && !self.may_take_over(&binding, cx.now);
        let held = binding.received >= cx.now.unix;
        if unheard || held {
            let later = cx.now.unix.saturating_add(self.config.timing.retry);
            binding.ends = if held {
                later.max(binding.received)
            } else {
                later
            };
            binding.ends_mono = cx.now.mono_after(binding.ends);
            cx.bindings.apply(slot, binding, cx.out);
            return;
        }
        binding.change_hands(BindingStatus::Free, cx.now.unix);
        self.settle_rewind(&mut binding);
        cx.bindings.apply(slot, binding, cx.out);
        self.queue_update(slot, cx);
        self.after_membership_change(slot, cx);
        if self.state == ServerState::PartnerDown && self.peer_free() == BindingStatus::Free {
            self.wait_for(slot, cx);
        }
    }
}

/// Marks an address as in use by nobody we know, for `secs`. `by` is who says so, if a client does.
pub(crate) fn abandon(binding: &mut Binding, by: Option<&Client>, secs: u32, now: Now) {
    let declined = by.is_some_and(|by| by.is_same(&binding.client));
    become_abandoned(binding, declined);
    binding.starts = now.unix;
    binding.ends = now.unix.saturating_add(secs);
    binding.ends_mono = now.mono_after(binding.ends);
}

/// Forgets the tenant. Unless it gave the address up itself it may still hold it, until its lease
/// ends, as far as either server can have promised: so long the address isn't given to another,
/// however short of addresses we are, and however often it is declined.
pub(crate) fn become_abandoned(binding: &mut Binding, declined: bool) {
    let held = match binding.status {
        BindingStatus::Active if !declined => binding.ends.max(binding.horizon()),
        BindingStatus::Abandoned => binding.received,
        _ => UnixTime(0),
    };
    (binding.sent, binding.acked, binding.received) = (UnixTime(0), UnixTime(0), held);
    binding.status = BindingStatus::Abandoned;
    binding.client = Client::default();
    // Somebody has to remove the names.
    binding.extra = names_only(binding.extra.as_deref());
}

/// An address of the owner's pools whose lease or quarantine is over by both clocks.
pub(crate) fn next_ended(owner: Owner, ending: Ending, cx: &mut Context<'_>) -> Option<Slot> {
    loop {
        let (at, pool) = cx.bindings.next_end(owner, ending)?;
        if at > cx.now.mono {
            return None;
        }
        let slot = cx.bindings.in_order(pool, ending.status()).next()?;
        let ends = cx.bindings.at(slot).ends;
        if ends <= cx.now.unix {
            return Some(slot);
        }
        // The wall clock was set back: wait for it too, without asking all the time.
        let later = cx.now.mono_after(ends);
        cx.bindings.note(slot, |binding| binding.ends_mono = later);
    }
}

/// When [`next_ended`] may find something.
pub(crate) fn next_end(bindings: &Bindings, owner: Owner, leases: bool) -> Option<Instant> {
    let next = |ending| bindings.next_end(owner, ending).map(|(at, _)| at);
    let lease = leases.then(|| next(Ending::Lease)).flatten();
    lease.into_iter().chain(next(Ending::Quarantine)).min()
}
