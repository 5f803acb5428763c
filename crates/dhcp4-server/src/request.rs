//! DHCPREQUEST, in all four states of a client.

use core::net::Ipv4Addr;

use dhcp_failover::Client;
use failover_wire::BindingStatus;

use crate::answer::Kind;
use crate::config::SubnetId;
use crate::event::{Line, Remark};
use crate::exchange::{Exchange, Lease};
use crate::find::Found;

impl Exchange<'_> {
    /// Grants, extends or refuses a lease (RFC 2131 §4.3.2, with ISC's reading of it: a client's server identifier
    /// isn't looked at unless `server-id-check` is on, and one that renews an address that nobody has gets it).
    pub(crate) fn request(&mut self) {
        let query = self.query;
        let asked = query
            .requested
            .or(query.ciaddr())
            .unwrap_or(Ipv4Addr::UNSPECIFIED);
        let client = self.client();
        let subnet = self.config.subnet_of(asked);
        let found = match subnet {
            Some(subnet) => self.find_lease(self.config.subnets[subnet.0].network, &client),
            None => Found::default(),
        };
        let line = Line::Request {
            address: asked,
            server_id: query.server_id,
        };
        let hostname = self.hostname(found.lease.map(Lease::address));
        let mut refused = None;
        if let Some(Lease::Dynamic(address)) = found.lease
            && self.has_partner(address)
        {
            refused = self.refused_by_failover(address, &client);
        }
        if let Some(remark) = refused {
            let reset = remark == Remark::Reset;
            self.log(line, hostname, remark);
            if reset {
                self.nak(asked);
            }
            return;
        }
        if let Some((remark, nak)) = self.refused_by_place(subnet) {
            self.log(line, hostname, remark);
            if nak {
                self.nak(asked);
            }
            return;
        }
        match found.lease {
            Some(lease) => self.answer(Kind::Ack, lease, &client, line, hostname),
            None if found.ours => {
                self.log(line, hostname, Remark::Unavailable(asked));
                self.nak(asked);
            }
            None => self.log(line, hostname, Remark::UnknownLease(asked)),
        }
    }

    /// Why the state of the relationship or of the lease forbids an answer, if so.
    fn refused_by_failover(&self, address: Ipv4Addr, client: &Client) -> Option<Remark> {
        if let Some(reason) = self.not_serving(address) {
            return Some(Remark::NotResponding(reason));
        }
        let binding = self.binding(address)?;
        let mine = || self.is_usable(address, client);
        match binding.status {
            BindingStatus::Free | BindingStatus::Backup if !mine() => {
                return Some(Remark::OwnedByPeer);
            }
            BindingStatus::Released if !mine() => return Some(Remark::InTransition("released")),
            BindingStatus::Expired if !mine() => return Some(Remark::InTransition("expired")),
            BindingStatus::Reset if !mine() => return Some(Remark::Reset),
            _ => {}
        }
        let wants = self.query.server_id.filter(|id| !id.is_unspecified());
        let other = wants.is_some_and(|id| Some(id) != self.server_id_of_network());
        (self.config.server_id_check && other).then_some(Remark::NotOurServerId)
    }

    /// Why the place that the client is at forbids an answer, if so, and whether it must be told.
    fn refused_by_place(&self, subnet: Option<SubnetId>) -> Option<(Remark, bool)> {
        let query = self.query;
        let Some(network) = query.network else {
            // It didn't come from where it says it is.
            let known = subnet.map(|subnet| &self.config.subnets[subnet.0].place);
            return Some(match known {
                Some(place) if place.rules.authoritative => (Remark::WrongNetwork, true),
                Some(_) => (Remark::Ignored("not authoritative"), false),
                None => (Remark::Ignored("unknown subnet"), false),
            });
        };
        let certain = match query.ciaddr() {
            // A renewal that came by unicast says nothing about the network that the client is on.
            Some(_) => query.relay().is_some(),
            None => query.requested.is_some(),
        };
        let here = subnet.is_some_and(|s| self.config.subnets[s.0].network == network);
        if !certain || here {
            return None;
        }
        if self.config.networks[network.0].place.rules.authoritative {
            Some((Remark::WrongNetwork, true))
        } else {
            Some((Remark::Ignored("not authoritative"), false))
        }
    }

    pub(crate) fn client(&self) -> Client {
        let known = match self.query.uid {
            [] => None,
            uid => self.state.core.bindings().of_uid(uid).next(),
        };
        self.query
            .client(known.map(|(_, binding)| binding.client.uid.clone()))
    }
}
