//! An address for a client that has none (ISC `allocate_lease`).

use core::net::Ipv4Addr;

use dhcp_failover::{BindingStatus, PoolId, Role};

use crate::config::NetworkId;
use crate::event::LeaseNote;
use crate::exchange::Exchange;
use crate::server::State;

impl Exchange<'_> {
    /// The address of a shared network that was idle for longest, of a pool that the client may use. Addresses that
    /// were never used come first, abandoned ones last.
    pub(crate) fn allocate(&mut self, network: NetworkId, known: bool) -> Option<Ipv4Addr> {
        let config = self.config;
        let mut best: Option<(_, Ipv4Addr)> = None;
        for &pool in &config.networks[network.0].pools {
            if !config.pools[pool.0 as usize].admits(self.applicant(known)) {
                continue;
            }
            let candidate = self
                .next_free(pool)
                .map(|address| (self.rank(address), address));
            best = match (best, candidate) {
                (Some(best), Some(other)) if other.0 < best.0 => Some(other),
                (best, other) => best.or(other),
            };
        }
        let (_, address) = best?;
        if self.status(address) == Some(BindingStatus::Abandoned) {
            self.note(address, LeaseNote::ReclaimingAbandoned);
        }
        Some(address)
    }

    fn next_free(&mut self, pool: PoolId) -> Option<Ipv4Addr> {
        let State { core, offers, .. } = &mut *self.state;
        let now = self.now;
        let address = core.next_free(pool, now, |address| offers.is_held(address, now.mono))?;
        // An address that someone may be using isn't given out while others only wait for their request.
        let bindings = core.bindings();
        let abandoned = bindings.get(address).map(|b| b.status) == Some(BindingStatus::Abandoned);
        let own_free = match bindings
            .relationship(pool)
            .map(|id| core.endpoint(id).config().role)
        {
            Some(Role::Secondary) => BindingStatus::Backup,
            Some(Role::Primary) | None => BindingStatus::Free,
        };
        (!abandoned || bindings.count(pool, own_free) == 0).then_some(address)
    }

    /// What is taken first, lowest first.
    fn rank(&self, address: Ipv4Addr) -> (bool, bool, u32) {
        match self.binding(address) {
            Some(binding) => {
                let abandoned = binding.status == BindingStatus::Abandoned;
                (abandoned, !binding.client.is_empty(), binding.ends.0)
            }
            None => (true, true, u32::MAX),
        }
    }

    /// Whether the partner could serve a client of this shared network: some free address is the partner's.
    pub(crate) fn peer_has_free(&self, network: NetworkId) -> bool {
        let core = &self.state.core;
        let pools = &self.config.networks[network.0].pools;
        core.endpoints()
            .iter()
            .any(|endpoint| endpoint.peer_has_free(core.bindings(), pools))
    }
}
