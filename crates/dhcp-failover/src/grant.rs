//! What the allocator may do with the addresses of a relationship.

use core::net::Ipv4Addr;
use std::sync::Arc;

use dhcp_split::{Decision, LoadBalance, Request};
use failover_wire::{BindingStatus, ServerState, UnixTime};

use crate::binding::{Binding, Client, Extra};
use crate::bindings::{Bindings, PoolId, Slot};
use crate::context::Context;
use crate::endpoint::Endpoint;
use crate::mutant::{Rule, is_off};
use crate::promise;
use crate::state::Service;
use crate::time::Now;

/// MCLT of a secondary that has never met its primary, nor has one configured or on file: short
/// enough for any primary. ISC takes 0 and grants leases of no length.
const UNKNOWN_MCLT: u32 = 60;

/// Addresses of the partner's that one look-up examines: those that turn out to have been given
/// out are taken off the list, so that a look-up stays cheap and the next one starts further on.
const TAKE_OVER_SCAN: usize = 64;
/// ABANDONED addresses that one look-up examines: some may not be given out yet, and every
/// DISCOVER to an empty pool comes here.
const ABANDONED_SCAN: usize = 64;

/// A lease to be granted or renewed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    /// The address.
    pub address: Ipv4Addr,
    /// Who gets it.
    pub client: Client,
    /// What the client should get by configuration, seconds; `u32::MAX` is endless.
    pub desired: u32,
    /// The client speaks BOOTP, and doesn't renew.
    pub bootp: bool,
    /// What the lease file keeps beside.
    pub extra: Option<Arc<Extra>>,
}

/// A lease granted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Granted {
    /// Its length, seconds: what the client may be told.
    pub length: u32,
    /// Its end.
    pub ends: UnixTime,
}

/// Why a lease was not granted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// The address is in no pool.
    #[error("not in any pool")]
    NotInPool,
    /// This server serves nobody in its state.
    #[error("not serving: {0}")]
    NotServing(&'static str),
    /// The address is another client's.
    #[error("leased to another client")]
    OtherClient,
    /// The address is the partner's, or the partner has yet to hear that it is free.
    #[error("not this server's to give")]
    NotOurs,
}

impl Endpoint {
    /// Who answers a client that hashes by `key` and has waited `secs`. Meaningful for DISCOVER and
    /// BOOTREQUEST while [`Service::Cooperating`].
    pub fn decide(&self, key: &[u8], secs: u16, peer_has_leases: bool) -> Decision {
        let balance = LoadBalance {
            hba: self.hba,
            max_seconds: self.config.load_balance_max_seconds,
            check_secs_byte_order: self.config.check_secs_byte_order,
        };
        balance.decide(
            self.config.role,
            &Request {
                key,
                secs,
                peer_has_leases,
            },
        )
    }

    /// Whether the partner has free addresses in any of the pools.
    pub fn peer_has_free(&self, bindings: &Bindings, pools: &[PoolId]) -> bool {
        pools
            .iter()
            .filter(|pool| bindings.relationship(**pool) == Some(self.id))
            .any(|pool| bindings.count(*pool, self.peer_free()) > 0)
    }

    /// Whether an address may be given to this client in its present state: ISC's
    /// `lease_mine_to_reallocate`, and the client's own lease.
    pub(crate) fn may_give(&self, binding: &Binding, client: &Client, now: Now) -> bool {
        let same = binding.client.is_same(client);
        let over = binding.ends <= now.unix && binding.ends_mono <= now.mono;
        match binding.status {
            BindingStatus::Active => same,
            status if status == self.own_free() => same || over,
            BindingStatus::Expired | BindingStatus::Released
                if same
                    && (Self::can_return(binding)
                        || binding.begun_alone
                        || self.is_lone_primary()) =>
            {
                true
            }
            // Once the partner knows: it may have a tenant for it until then.
            BindingStatus::Abandoned
                if self.own_free() == BindingStatus::Free
                    && (!binding.pending || binding.begun_alone) =>
            {
                binding.received < now.unix
            }
            _ => self.may_take_over(binding, now),
        }
    }

    /// Whether this is a primary whose partner is down. What ends is the primary's to give, whoever knows of the end, so
    /// that the partner can have given it to nobody else: its last tenant may come back at once, as in ISC. Others wait.
    fn is_lone_primary(&self) -> bool {
        self.state == ServerState::PartnerDown && self.own_free() == BindingStatus::Free
    }

    /// Whether a client may have the lease back that ended: as long as the partner wasn't told.
    fn can_return(binding: &Binding) -> bool {
        binding.rewind == BindingStatus::Active
    }

    /// The next address of a pool to give to a client that has none: oldest first, then the
    /// partner's if it is down for long enough, abandoned ones last.
    pub(crate) fn next_free(
        &mut self,
        pool: PoolId,
        now: Now,
        bindings: &Bindings,
        mut skip: impl FnMut(Ipv4Addr) -> bool,
    ) -> Option<Ipv4Addr> {
        let nobody = Client::default();
        let own = bindings
            .in_reuse_order(pool, self.own_free())
            .take_while(|(_, binding)| self.may_give(binding, &nobody, now))
            .map(|(address, _)| address)
            .find(|address| !skip(*address));
        if own.is_some() {
            return own;
        }
        if self.state == ServerState::PartnerDown
            && let Some(address) = self.next_taken_over(pool, now, bindings, &mut skip)
        {
            return Some(address);
        }
        bindings
            .in_reuse_order(pool, BindingStatus::Abandoned)
            .take(ABANDONED_SCAN)
            .filter(|(_, binding)| self.may_give(binding, &nobody, now))
            .map(|(address, _)| address)
            .find(|address| !skip(*address))
    }

    fn next_taken_over(
        &mut self,
        pool: PoolId,
        now: Now,
        bindings: &Bindings,
        skip: &mut impl FnMut(Ipv4Addr) -> bool,
    ) -> Option<Ipv4Addr> {
        let mut stale = Vec::new();
        let mut found = None;
        let range = (pool, UnixTime(0), Slot(0))..=(pool, UnixTime(u32::MAX), Slot(u32::MAX));
        for &(_, ends, slot) in self.taken_over.range(range).take(TAKE_OVER_SCAN) {
            let binding = bindings.at(slot);
            let free = binding.status == self.peer_free() && binding.ends == ends;
            if !free {
                stale.push((pool, ends, slot));
            } else if bindings.pool_at(slot) == pool
                && self.may_take_over(binding, now)
                && !skip(bindings.address(slot))
            {
                found = Some(bindings.address(slot));
                break;
            }
        }
        for entry in stale {
            self.taken_over.remove(&entry);
        }
        found
    }

    /// The length of lease that this client would get now, for the OFFER.
    pub(crate) fn lease_length(
        &self,
        binding: &Binding,
        client: &Client,
        desired: u32,
        now: Now,
    ) -> u32 {
        let known = if self.continues(binding, client) {
            binding.tsfp()
        } else {
            UnixTime(0)
        };
        promise::lease_length(desired, self.effective_mclt(), known, now.unix)
    }

    fn effective_mclt(&self) -> u32 {
        if self.mclt == 0 {
            UNKNOWN_MCLT
        } else {
            self.mclt
        }
    }

    /// Whether a lease to this client goes on with the tenancy that the times speak of.
    fn continues(&self, binding: &Binding, client: &Client) -> bool {
        let tenancy = binding.status == BindingStatus::Active
            || (binding.is_ending() && Self::can_return(binding));
        tenancy && binding.client.is_same(client)
    }

    /// Grants or renews: the record, then the update, go out before anything said later.
    pub(crate) fn grant(
        &mut self,
        slot: Slot,
        grant: Grant,
        cx: &mut Context<'_>,
    ) -> Result<Granted, Refused> {
        if let Service::None(reason) = self.service() {
            return Err(Refused::NotServing(reason));
        }
        let stored = cx.bindings.at(slot);
        if !self.may_give(stored, &grant.client, cx.now) {
            let taken = stored.status == BindingStatus::Active;
            return Err(if taken {
                Refused::OtherClient
            } else {
                Refused::NotOurs
            });
        }
        let length = self.lease_length(stored, &grant.client, grant.desired, cx.now);
        let mut binding = stored.clone();
        if !self.continues(stored, &grant.client) {
            // The partner may have promised the former tenancy to this client for longer than the new one lasts.
            let returns = stored.is_ending() && stored.client.is_same(&grant.client);
            binding.change_hands(BindingStatus::Active, UnixTime(0));
            binding.begun_alone =
                self.state == ServerState::PartnerDown && (stored.begun_alone || !returns);
        }
        let tsfp = binding.tsfp();
        let potential = promise::potential_expiry(grant.desired, length, cx.now.unix);
        binding.tstp = potential;
        binding.pending = true;
        lease(&mut binding, grant, length, cx.now);
        self.settle_rewind(&mut binding);
        let ends = binding.ends;
        let bound = tsfp.max(cx.now.unix).saturating_add(self.effective_mclt());
        assert!(
            ends <= bound || is_off(Rule::Mclt),
            "a lease ends within MCLT of what the partner knows"
        );
        self.last_grant = self.last_grant.max(cx.now.unix);
        cx.bindings.apply(slot, binding, cx.out);
        self.after_membership_change(slot, cx);
        self.queue_update(slot, cx);
        self.transmit(cx);
        Ok(Granted { length, ends })
    }
}

/// Writes a lease of `length` from now into the binding.
pub(crate) fn lease(binding: &mut Binding, grant: Grant, length: u32, now: Now) {
    binding.status = BindingStatus::Active;
    binding.client = grant.client;
    binding.bootp = grant.bootp;
    binding.extra = grant.extra;
    binding.starts = now.unix;
    binding.cltt = now.unix;
    binding.repeated = false;
    binding.ends = promise::lease_end(length, now.unix);
    binding.ends_mono = now.mono_after(binding.ends);
}
