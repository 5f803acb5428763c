//! The server's state for an operator.

use core::net::Ipv4Addr;

use dhcp_failover::{BindingStatus, Now, PoolId, Role, ServerState, UnixTime};

use crate::config::ServerConfig;
use crate::server::State;
use crate::stats::Stats;

/// What `status` shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The wall clock when this was made.
    pub time: UnixTime,
    /// The relationships, in the order of the configuration.
    pub relationships: Vec<RelationshipStatus>,
    /// The pools, in the order of the configuration.
    pub pools: Vec<PoolStatus>,
    /// Counters.
    pub stats: Stats,
    /// Offers held for clients that haven't requested yet.
    pub offers: usize,
    /// Probes under way.
    pub probes: usize,
}

/// One relationship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationshipStatus {
    /// Its name.
    pub name: String,
    /// Our role.
    pub role: Role,
    /// Our state.
    pub state: ServerState,
    /// Since when.
    pub since: UnixTime,
    /// The partner's state as last heard; `None` if never.
    pub partner_state: Option<ServerState>,
    /// Since when, by our clock.
    pub partner_since: UnixTime,
    /// The partner's address.
    pub partner_address: Ipv4Addr,
    /// Whether the link is up.
    pub connected: bool,
    /// MCLT in force, seconds.
    pub mclt: u32,
    /// Updates waiting to be sent.
    pub queued: usize,
    /// Updates sent and not yet acknowledged.
    pub unacked: usize,
    /// When the partner was last heard; 0 if never on this link.
    pub last_contact: UnixTime,
}

/// One pool: how many of its addresses are in each state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolStatus {
    /// The shared network that it is in.
    pub network: String,
    /// Its ranges, first and last address.
    pub ranges: Vec<(Ipv4Addr, Ipv4Addr)>,
    /// Its relationship, if it has one.
    pub relationship: Option<String>,
    /// Addresses.
    pub size: u32,
    /// FREE: the primary's to give.
    pub free: u32,
    /// BACKUP: the secondary's to give.
    pub backup: u32,
    /// ACTIVE.
    pub active: u32,
    /// EXPIRED.
    pub expired: u32,
    /// RELEASED.
    pub released: u32,
    /// ABANDONED.
    pub abandoned: u32,
    /// RESET.
    pub reset: u32,
}

impl Status {
    pub(crate) fn of(config: &ServerConfig, state: &State, now: Now) -> Self {
        let core = &state.core;
        let relationships = core.endpoints().iter().map(|endpoint| RelationshipStatus {
            name: endpoint.name().to_owned(),
            role: endpoint.config().role,
            state: endpoint.state(),
            since: endpoint.state_since(),
            partner_state: endpoint.partner_state(),
            partner_since: endpoint.partner_state_since(),
            partner_address: endpoint.config().peer_address,
            connected: endpoint.is_connected(),
            mclt: endpoint.mclt(),
            queued: endpoint.queued_updates(),
            unacked: endpoint.unacked_updates(),
            last_contact: endpoint.last_heard().unwrap_or_default(),
        });
        let pools = config.pools.iter().enumerate().map(|(i, pool)| {
            let id = PoolId(i as u32);
            let count = |status| core.bindings().count(id, status);
            let relationship = pool
                .relationship
                .map(|id| config.relationships[usize::from(id.0)].name.to_string());
            PoolStatus {
                network: config.networks[pool.network.0].name.to_string(),
                ranges: pool.ranges.clone(),
                relationship,
                size: core.bindings().size(id),
                free: count(BindingStatus::Free),
                backup: count(BindingStatus::Backup),
                active: count(BindingStatus::Active),
                expired: count(BindingStatus::Expired),
                released: count(BindingStatus::Released),
                abandoned: count(BindingStatus::Abandoned),
                reset: count(BindingStatus::Reset),
            }
        });
        Self {
            time: now.unix,
            relationships: relationships.collect(),
            pools: pools.collect(),
            stats: state.stats.clone(),
            offers: state.offers.len(),
            probes: state.probes.len(),
        }
    }
}
