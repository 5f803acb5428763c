//! DHCPDISCOVER.

use dhcp_failover::{Decision, Service};

use crate::answer::Kind;
use crate::event::{Line, Remark};
use crate::exchange::{Exchange, Lease};

impl Exchange<'_> {
    /// Offers an address (RFC 2131 §4.3.1), unless the partner should.
    pub(crate) fn discover(&mut self) {
        let Some(network) = self.query.network else {
            return;
        };
        let client = self.client();
        let found = self.find_lease(network, &client);
        let hostname = self.hostname(found.lease.map(Lease::address));
        let log =
            |exchange: &mut Self, remark| exchange.log(Line::Discover, hostname.clone(), remark);
        let peer_has_free = self.peer_has_free(network);
        // A lease that ended isn't ours to give again before the partner knows.
        let usable = found.lease.filter(|lease| match *lease {
            Lease::Fixed { .. } => true,
            Lease::Dynamic(address) => {
                !self.has_partner(address) || self.is_usable(address, &client)
            }
        });
        let lease = usable.or_else(|| self.allocate(network, found.known).map(Lease::Dynamic));
        let Some(lease) = lease else {
            self.state.stats.no_free_lease += 1;
            let remark = if peer_has_free {
                Remark::PeerHoldsAll
            } else {
                Remark::NoFreeLeases(self.config.networks[network.0].name.clone())
            };
            return log(self, remark);
        };
        if let Lease::Dynamic(address) = lease
            && let Some(id) = self.state.core.bindings().relationship_of(address)
            && let Some(pool) = self.pool_of(address)
        {
            let name = || self.config.relationships[id.0 as usize].name.clone();
            match self.state.core.service(pool) {
                Service::None(reason) => return log(self, Remark::NotResponding(reason)),
                Service::Cooperating => {
                    let (key, secs) = (self.query.hash_key(), self.query.packet.secs());
                    match self
                        .state
                        .core
                        .endpoint(id)
                        .decide(key, secs, peer_has_free)
                    {
                        Decision::Peers(_) | Decision::NoAssignment => {
                            self.state.stats.load_balanced += 1;
                            return log(self, Remark::LoadBalance(name()));
                        }
                        Decision::PeerExhausted => log(self, Remark::CancelLoadBalance(name())),
                        Decision::Unbalanced | Decision::WaitedTooLong | Decision::Ours(_) => {}
                    }
                }
                Service::NotCooperating | Service::PartnerDown => {}
            }
        }
        if self.state.probes.contains(lease.address()) {
            return;
        }
        self.answer(Kind::Offer, lease, &client, Line::Discover, hostname);
    }
}
