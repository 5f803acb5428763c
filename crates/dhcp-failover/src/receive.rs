//! Updates from the partner: checked in ISC's order, stored, then acknowledged.

use bytes::Bytes;
use dhcp_split::Role;
use failover_wire::{
    BindingStatus, BindingUpdate, IpFlags, RejectReason, ServerState, UnixTime, Xid,
};

use crate::binding::{Binding, Client};
use crate::bindings::{Slot, Update};
use crate::conflict::{self, Incoming, Judge};
use crate::context::Context;
use crate::ending::become_abandoned;
use crate::endpoint::Endpoint;
use crate::event::What;
use crate::names::Told;

/// Longest `chaddr` of a DHCP message (RFC 2131 §2), bytes.
const MAX_CHADDR: usize = 16;
/// Longest client identifier that is believed, bytes: one option holds 255, and several may be
/// joined (RFC 3396). The table holds what is accepted here.
const MAX_IDENTIFIER: usize = 1024;

type Refusal = (RejectReason, String);

fn less_critical() -> Refusal {
    let text = "incoming update is less critical than outgoing update".into();
    (RejectReason::LESS_CRITICAL_BINDING_INFO, text)
}

impl Endpoint {
    /// One BNDUPD: it is accepted and stored, or refused with the reason.
    pub(crate) fn handle_update(
        &mut self,
        xid: Xid,
        update: &BindingUpdate,
        told: Told,
        cx: &mut Context<'_>,
    ) {
        if self.put_off(xid, update, &told, cx) {
            return;
        }
        let refusal = self.check_and_store(update, told, cx).err();
        self.acknowledge(xid, update.address, refusal, cx);
        self.note_backlog(update, cx);
        self.transmit(cx);
    }

    fn check_and_store(
        &mut self,
        update: &BindingUpdate,
        told: Told,
        cx: &mut Context<'_>,
    ) -> Result<(), Refusal> {
        let missing = || {
            (
                RejectReason::MISSING_BINDING_INFO,
                "missing binding information".into(),
            )
        };
        let address = update.address.ok_or_else(missing)?;
        let status = update.status.ok_or_else(missing)?;
        let slot = self.shared_slot(address, cx)?;
        let incoming = incoming_of(update, status)?;
        let stored = cx.bindings.at(slot);

        let in_flight = matches!(cx.bindings.update(slot), Update::Unacked(_));
        let active = stored.status == BindingStatus::Active;
        let crossed = in_flight && active && incoming.status != BindingStatus::Active;
        // Of an ending that crosses a lease of ours, a partner of our kind wants to know whether the
        // lease stands; of all else that crosses, both know.
        let asked = crossed && self.settles_crossings();
        if in_flight && !asked && conflict::ours_wins(stored, &incoming, self.config.role) {
            return Err(less_critical());
        }
        self.check_flags(stored, update)?;
        let judge = Judge {
            role: self.config.role,
            normal: self.state == ServerState::Normal,
            recovering: matches!(
                self.state,
                ServerState::Recover | ServerState::RecoverWait | ServerState::RecoverDone
            ),
            expiry_fudge: self.config.timing.expiry_fudge,
            now: cx.now.unix,
        };
        conflict::accept(stored, &incoming, judge).map_err(|reason| {
            let from = stored.status;
            (
                reason,
                format!("{address}: invalid state transition: {from} to {status}"),
            )
        })?;
        if is_conflict(stored, &incoming, cx.now.unix) {
            self.event(What::LeaseConflict(address), cx);
        }
        let stored = cx.bindings.at(slot);
        let max_skew = self.config.timing.max_skew;
        let newer = conflict::ours_is_newer(stored, &incoming, cx.now.unix, max_skew);
        // dhcpd's went out before it had ours, and it gives way to a lease, whatever its role: so ours
        // has to stay, or each would end with what the other had.
        let stands = newer || crossed && !asked;
        if !stands {
            self.adopt(slot, update, incoming, told, cx);
            return Ok(());
        }
        self.insist(slot, &incoming, cx);
        if self.settles_crossings() && incoming.status != BindingStatus::Active {
            // Or it would take the answer for leave to give the address away.
            return Err(less_critical());
        }
        Ok(())
    }

    /// We gave the client more than the partner knows, and it may hold it: ours stays, and goes out
    /// ahead of the acknowledgement, so that the partner never acts on the latter alone.
    fn insist(&mut self, slot: Slot, incoming: &Incoming, cx: &mut Context<'_>) {
        let mut binding = cx.bindings.at(slot).clone();
        binding.received = binding.received.max(incoming.potential);
        binding.pending = true;
        binding.tstp = binding.tstp.max(binding.ends);
        if binding != *cx.bindings.at(slot) {
            cx.bindings.apply(slot, binding, cx.out);
        }
        self.send_update_now(slot, cx);
    }

    fn shared_slot(&self, address: core::net::Ipv4Addr, cx: &Context<'_>) -> Result<Slot, Refusal> {
        let illegal = |text: &str| (RejectReason::ILLEGAL_IP, format!("{address} {text}"));
        let slot = cx
            .bindings
            .slot(address)
            .ok_or_else(|| illegal("is in no pool"))?;
        if cx.bindings.relationship(cx.bindings.pool_at(slot)) != Some(self.id) {
            return Err(illegal("is in no pool of this relationship"));
        }
        Ok(slot)
    }

    /// A free address may only be told to be set aside for a client that we set it aside for too.
    fn check_flags(&self, stored: &Binding, update: &BindingUpdate) -> Result<(), Refusal> {
        let flags = update.ip_flags.unwrap_or(IpFlags(0));
        if stored.status != self.own_free() {
            return Ok(());
        }
        if flags.contains(IpFlags::RESERVED) && !stored.reserved {
            return Err((
                RejectReason::IP_NOT_RESERVED,
                "address is not reserved".into(),
            ));
        }
        if flags.contains(IpFlags::BOOTP) && !stored.bootp {
            return Err((
                RejectReason::UNKNOWN_REASON,
                "address is not allocated to BOOTP".into(),
            ));
        }
        Ok(())
    }

    /// Takes over what the partner says, stores it, and draws the conclusions.
    fn adopt(
        &mut self,
        slot: Slot,
        update: &BindingUpdate,
        incoming: Incoming,
        told: Told,
        cx: &mut Context<'_>,
    ) {
        let stored = cx.bindings.at(slot);
        let flight = cx.bindings.update(slot);
        let either = conflict::either_is_newer(stored, &incoming, self.config.timing.max_skew);
        let mut binding = stored.clone();
        let flags = update.ip_flags.unwrap_or(IpFlags(0));
        binding.reserved = flags.contains(IpFlags::RESERVED);
        binding.bootp = flags.contains(IpFlags::BOOTP);
        if incoming.status == BindingStatus::Abandoned {
            become_abandoned(&mut binding, false);
        }
        // A partner's clock gone wrong must not keep us from starting again.
        let starts = update.start_of_state.unwrap_or(binding.starts);
        binding.starts = starts.min(cx.now.unix);
        binding.ends = update
            .lease_expiration
            .unwrap_or(binding.ends)
            .min(UnixTime::NEVER);
        binding.ends_mono = cx.now.mono_after(binding.ends.saturating_add(self.lag));
        binding.status = incoming.status;
        binding.rewind = incoming.status;
        self.adopt_tenancy(stored, &mut binding, &incoming);
        adopt_identity(stored, &mut binding, update, incoming);
        told.adopt(stored, &mut binding);
        if either {
            binding.ends_mono = binding.ends_mono.max(stored.ends_mono);
            binding.tstp = binding.tstp.max(binding.ends);
            binding.pending = true;
        } else {
            // Ours is outdone: nothing of it is pending.
            binding.settle();
        }
        if binding.is_ending() {
            self.free(slot, binding, cx);
        } else {
            if binding.status == BindingStatus::Abandoned {
                self.hold_back(&mut binding, cx);
            }
            cx.bindings.apply(slot, binding, cx.out);
        }
        self.after_membership_change(slot, cx);
        let theirs = cx.bindings.at(slot).status == self.peer_free();
        if self.state == ServerState::PartnerDown && theirs {
            self.wait_for(slot, cx);
        }
        if either {
            self.queue_update(slot, cx);
        }
        if let Update::Unacked(xid) = flight {
            self.updates.outdone.insert(slot, xid);
        }
        // Last, since it may complete what moves us to another state.
        self.settle_flight(slot, flight, cx);
    }

    /// The times that both servers hold each other to. They start anew with a tenancy that we
    /// didn't know, and else only grow.
    fn adopt_tenancy(&self, stored: &Binding, binding: &mut Binding, incoming: &Incoming) {
        let active = incoming.status == BindingStatus::Active;
        let running = stored.status == BindingStatus::Active || stored.is_ending();
        let new_tenant = active && !(running && stored.client.is_same(&incoming.client));
        let handed_over = matches!(incoming.status, BindingStatus::Free | BindingStatus::Backup);
        if new_tenant || handed_over {
            (binding.sent, binding.acked) = (UnixTime(0), UnixTime(0));
            binding.received = incoming.potential;
        } else {
            binding.received = binding.received.max(incoming.potential);
        }
        if new_tenant {
            binding.extra = None;
            binding.repeated = false;
        }
        if active {
            binding.begun_alone = false;
            if self.amnesic && self.state == ServerState::Recover {
                // The partner may still grant MCLT beyond what we acknowledged before we lost it:
                // at most the longest lease that applies. That bounds reuse, never our grants.
                let lost = binding
                    .ends
                    .saturating_add(self.config.timing.max_lease_time);
                binding.sent = binding.sent.max(lost);
            }
        }
    }
}

/// Who the tenant is, by the partner's word. An option of no length takes the identity away (ISC).
fn adopt_identity(
    stored: &Binding,
    binding: &mut Binding,
    update: &BindingUpdate,
    incoming: Incoming,
) {
    let Incoming { status, client, .. } = incoming;
    let keeps = matches!(
        status,
        BindingStatus::Free | BindingStatus::Backup | BindingStatus::Reset
    );
    if status == BindingStatus::Abandoned {
        return;
    }
    if update.hardware.is_some() {
        binding.client.hardware = client.hardware;
    }
    if !client.uid.is_empty() {
        // The message's bytes share the receive buffer; the table keeps its own.
        binding.client.uid = if stored.client.uid == client.uid {
            stored.client.uid.clone()
        } else {
            Bytes::copy_from_slice(&client.uid)
        };
    } else if !keeps || update.client_identifier.is_some() {
        binding.client.uid = Bytes::new();
    }
}

/// The identity that an update carries, checked as ISC does.
fn incoming_of(update: &BindingUpdate, status: BindingStatus) -> Result<Incoming, Refusal> {
    use BindingStatus as B;
    let uid = update.client_identifier.clone().unwrap_or_default();
    let hardware = update.hardware.unwrap_or_default();
    if hardware.is_oversized() || hardware.address().len() > MAX_CHADDR {
        return Err((
            RejectReason::UNKNOWN_REASON,
            "hardware address too long".into(),
        ));
    }
    if uid.len() > MAX_IDENTIFIER {
        return Err((
            RejectReason::UNKNOWN_REASON,
            "client identifier too long".into(),
        ));
    }
    if status == B::Abandoned && (update.hardware.is_some() || update.client_identifier.is_some()) {
        let text = "abandoned lease has a client".into();
        return Err((RejectReason::UNKNOWN_REASON, text));
    }
    if matches!(status, B::Active | B::Expired | B::Released) && hardware.is_empty() {
        let text = "hardware address missing".into();
        return Err((RejectReason::MISSING_BINDING_INFO, text));
    }
    Ok(Incoming {
        status,
        client: Client { hardware, uid },
        ends: update
            .lease_expiration
            .unwrap_or(UnixTime(0))
            .min(UnixTime::NEVER),
        potential: update
            .potential_expiration
            .unwrap_or(UnixTime(0))
            .min(UnixTime::NEVER),
        cltt: update.client_last_transaction.unwrap_or(UnixTime(0)),
        starts: update.start_of_state.unwrap_or(UnixTime(0)),
    })
}

fn is_conflict(stored: &Binding, incoming: &Incoming, now: UnixTime) -> bool {
    let both_active =
        (stored.status, incoming.status) == (BindingStatus::Active, BindingStatus::Active);
    both_active && stored.ends > now && !stored.client.is_same(&incoming.client)
}

impl Endpoint {
    /// The state in which an address is ours to give to anyone.
    pub(crate) fn own_free(&self) -> BindingStatus {
        match self.config.role {
            Role::Primary => BindingStatus::Free,
            Role::Secondary => BindingStatus::Backup,
        }
    }

    /// The state in which an address is the partner's.
    pub(crate) fn peer_free(&self) -> BindingStatus {
        match self.config.role {
            Role::Primary => BindingStatus::Backup,
            Role::Secondary => BindingStatus::Free,
        }
    }
}
