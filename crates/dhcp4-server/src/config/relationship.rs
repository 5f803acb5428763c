//! `failover peer` declarations as the protocol takes them.

use core::net::Ipv4Addr;
use std::sync::Arc;

use dhcp_failover::{Config, Timing};
use dhcp_split::{BalanceParams, Hba, Role};
use dhcpd_text::conf::{self, FailoverPeer};

use super::RelationshipLink;

/// One relationship.
#[derive(Clone, Debug)]
pub(crate) struct Relationship {
    /// Its name, shared with the events.
    pub(crate) name: Arc<str>,
    /// For the protocol.
    pub(crate) config: Config,
    address: Option<Ipv4Addr>,
    port: u16,
    peer_port: u16,
}

impl Relationship {
    /// `max_lease_time` is the largest that applies in the relationship's pools, `abandon_time` the server's
    /// `abandon-lease-time`.
    pub(crate) fn new(
        peer: &FailoverPeer,
        check_secs_byte_order: bool,
        max_lease_time: u32,
        abandon_time: u32,
    ) -> Result<Self, String> {
        let peer_address = literal(&peer.peer_address)
            .ok_or_else(|| format!("failover peer {}: peer address isn't looked up", peer.name))?;
        let address =
            match &peer.address {
                None => None,
                Some(address) => Some(literal(address).ok_or_else(|| {
                    format!("failover peer {}: address isn't looked up", peer.name)
                })?),
            };
        let timing = Timing {
            abandon_time,
            max_lease_time,
            ..Timing::default()
        };
        let config = Config {
            name: peer.name.clone(),
            role: role(peer.role),
            peer_address,
            max_response_delay: peer.max_response_delay,
            max_unacked_updates: peer.max_unacked_updates,
            peer_max_response_delay: peer.peer_max_response_delay,
            peer_max_unacked_updates: peer.peer_max_unacked_updates,
            mclt: peer.mclt,
            hba: peer.hba.map(Hba::from_bytes),
            load_balance_max_seconds: peer.load_balance_max_seconds,
            check_secs_byte_order,
            balance: BalanceParams {
                max_lease_misbalance: peer.max_lease_misbalance,
                max_lease_ownership: peer.max_lease_ownership,
                min_balance: peer.min_balance,
                max_balance: peer.max_balance,
            },
            auto_partner_down: peer.auto_partner_down,
            wait_for_contact: false,
            trust_clock: false,
            timing,
        };
        Ok(Self {
            name: peer.name.as_str().into(),
            config,
            address,
            port: peer.port,
            peer_port: peer.peer_port,
        })
    }

    pub(crate) fn link(&self) -> RelationshipLink<'_> {
        RelationshipLink {
            name: &self.name,
            address: self.address,
            port: self.port,
            peer_address: self.config.peer_address,
            peer_port: self.peer_port,
        }
    }
}

fn literal(address: &conf::AddressOrName) -> Option<Ipv4Addr> {
    address.address()
}

fn role(role: conf::Role) -> Role {
    match role {
        conf::Role::Primary => Role::Primary,
        conf::Role::Secondary => Role::Secondary,
    }
}
