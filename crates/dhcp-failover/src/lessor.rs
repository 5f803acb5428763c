//! What the allocator may do: one facade over pools with a partner and pools without.

use core::net::Ipv4Addr;

use failover_wire::BindingStatus;

use crate::binding::{Binding, Client};
use crate::bindings::{PoolId, Slot};
use crate::context::Context;
use crate::core::Core;
use crate::deadlines::Ending;
use crate::ending::{abandon, next_ended};
use crate::grant::{Grant, Granted, Refused, lease};
use crate::output::Output;
use crate::state::Service;
use crate::time::Now;

/// Leases of pools without a partner that one expiry run ends; the next run follows at once.
const EXPIRY_BATCH: usize = 1024;

impl Core {
    /// What this server does for clients of a pool.
    pub fn service(&self, pool: PoolId) -> Service {
        match self.bindings.relationship(pool) {
            Some(id) => self.endpoint(id).service(),
            None => Service::NotCooperating,
        }
    }

    /// Whether an address may be given to this client in its present state.
    pub fn may_give(&self, address: Ipv4Addr, client: &Client, now: Now) -> bool {
        let Some(binding) = self.bindings.get(address) else {
            return false;
        };
        match self.bindings.relationship_of(address) {
            Some(id) => self.endpoint(id).may_give(binding, client, now),
            None => may_give_alone(binding, client, now),
        }
    }

    /// The next address of a pool to give to a client that has none, oldest first; `skip` says
    /// which not to take.
    pub fn next_free(
        &mut self,
        pool: PoolId,
        now: Now,
        mut skip: impl FnMut(Ipv4Addr) -> bool,
    ) -> Option<Ipv4Addr> {
        use failover_wire::BindingStatus::{Abandoned, Free};
        if let Some(id) = self.bindings.relationship(pool) {
            let endpoint = &mut self.endpoints[usize::from(id.0)];
            return endpoint.next_free(pool, now, &self.bindings, skip);
        }
        let nobody = Client::default();
        [Free, Abandoned].into_iter().find_map(|status| {
            self.bindings
                .in_reuse_order(pool, status)
                .take_while(|(_, binding)| may_give_alone(binding, &nobody, now))
                .map(|(address, _)| address)
                .find(|address| !skip(*address))
        })
    }

    /// The length of lease that a client would get on an address now, seconds; `desired` if the
    /// address is in no pool.
    pub fn lease_length(&self, address: Ipv4Addr, client: &Client, desired: u32, now: Now) -> u32 {
        match (
            self.bindings.get(address),
            self.bindings.relationship_of(address),
        ) {
            (Some(binding), Some(id)) => self
                .endpoint(id)
                .lease_length(binding, client, desired, now),
            _ => desired,
        }
    }

    /// Grants or renews a lease.
    ///
    /// # Errors
    ///
    /// Says why not; nothing has changed then.
    pub fn grant(
        &mut self,
        grant: Grant,
        now: Now,
        out: &mut Vec<Output>,
    ) -> Result<Granted, Refused> {
        self.observe(now, out);
        let slot = self
            .bindings
            .slot(grant.address)
            .ok_or(Refused::NotInPool)?;
        if let Some(id) = self.bindings.relationship_of(grant.address) {
            let (endpoint, mut cx) = self.split(usize::from(id.0), now, out);
            return endpoint.grant(slot, grant, &mut cx);
        }
        let stored = self.bindings.at(slot);
        if !may_give_alone(stored, &grant.client, now) {
            return Err(Refused::OtherClient);
        }
        let length = grant.desired;
        let mut binding = stored.clone();
        lease(&mut binding, grant, length, now);
        binding.rewind = binding.status;
        let ends = binding.ends;
        self.bindings.apply(slot, binding, out);
        Ok(Granted { length, ends })
    }

    /// A client was told again what it has, without a renewal (`dhcp-cache-threshold`): remembered,
    /// so that older news from the partner doesn't end its lease. Nothing is sent to the partner.
    ///
    /// `started_over`: the client asked as if it had no lease, so it may have given this one up to
    /// the partner. Then it is stored too, or a crash would bring back the time that the partner's
    /// RELEASED is newer than.
    pub fn touch(
        &mut self,
        address: Ipv4Addr,
        started_over: bool,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let Some(slot) = self.bindings.slot(address) else {
            return;
        };
        if started_over {
            let mut binding = self.bindings.at(slot).clone();
            tell_again(&mut binding, now);
            self.bindings.apply(slot, binding, out);
        } else {
            self.bindings.note(slot, |binding| tell_again(binding, now));
        }
    }

    /// A client gave back the address that it holds. Nothing happens when the address isn't leased,
    /// or this server serves nobody in its pool.
    pub fn release(&mut self, address: Ipv4Addr, now: Now, out: &mut Vec<Output>) {
        self.observe(now, out);
        let Some(slot) = self.served_slot(address) else {
            return;
        };
        if self.bindings.at(slot).status != BindingStatus::Active {
            return;
        }
        if let Some(id) = self.bindings.relationship_of(address) {
            let (endpoint, mut cx) = self.split(usize::from(id.0), now, out);
            endpoint.release(slot, &mut cx);
            return;
        }
        let mut binding = self.bindings.at(slot).clone();
        binding.ends = now.unix;
        binding.ends_mono = now.mono;
        binding.cltt = now.unix;
        become_free(&mut binding);
        self.bindings.apply(slot, binding, out);
    }

    /// Someone unknown uses an address: a probe was answered, or the client `by` declined it. Nothing
    /// happens when this server serves nobody in its pool.
    pub fn abandon(
        &mut self,
        address: Ipv4Addr,
        by: Option<&Client>,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        self.observe(now, out);
        let Some(slot) = self.served_slot(address) else {
            return;
        };
        if let Some(id) = self.bindings.relationship_of(address) {
            let (endpoint, mut cx) = self.split(usize::from(id.0), now, out);
            endpoint.abandon(slot, by, &mut cx);
            return;
        }
        let mut binding = self.bindings.at(slot).clone();
        abandon(&mut binding, by, self.abandon_time, now);
        binding.rewind = binding.status;
        self.bindings.apply(slot, binding, out);
    }

    fn served_slot(&self, address: Ipv4Addr) -> Option<Slot> {
        let pool = self.bindings.pool_of(address)?;
        let served = !matches!(self.service(pool), Service::None(_));
        served.then(|| self.bindings.slot(address)).flatten()
    }

    pub(crate) fn expire_alone(&mut self, now: Now, out: &mut Vec<Output>) {
        for _ in 0..EXPIRY_BATCH {
            let mut cx = Context {
                bindings: &mut self.bindings,
                now,
                out,
            };
            let ended = Ending::ALL
                .into_iter()
                .find_map(|ending| next_ended(None, ending, &mut cx));
            let Some(slot) = ended else {
                return;
            };
            let mut binding = cx.bindings.at(slot).clone();
            if binding.status == BindingStatus::Abandoned && binding.received >= now.unix {
                // The lease that was running when another client declined the address still is.
                binding.ends = binding.received;
                binding.ends_mono = now.mono_after(binding.ends);
                cx.bindings.apply(slot, binding, cx.out);
                continue;
            }
            become_free(&mut binding);
            cx.bindings.apply(slot, binding, cx.out);
        }
    }
}

fn tell_again(binding: &mut Binding, now: Now) {
    binding.cltt = now.unix;
    binding.repeated = true;
}

/// Whether an address of a pool without a partner may be given to this client.
fn may_give_alone(binding: &Binding, client: &Client, now: Now) -> bool {
    use failover_wire::BindingStatus::{Abandoned, Active};
    match binding.status {
        Active => binding.client.is_same(client),
        Abandoned => binding.horizon() < now.unix,
        _ => {
            let over = binding.ends <= now.unix && binding.ends_mono <= now.mono;
            over || binding.client.is_same(client)
        }
    }
}

/// In a pool without a partner a tenancy that ends leaves the address free at once.
fn become_free(binding: &mut Binding) {
    binding.status = BindingStatus::Free;
    binding.rewind = binding.status;
}
