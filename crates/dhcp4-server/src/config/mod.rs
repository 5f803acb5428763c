//! The configuration as the server uses it: everything looked up beforehand, options as bytes for the wire.

mod build;
mod dns;
mod hosts;
mod inert;
mod language;
mod network;
mod options;
mod relationship;
mod rules;

use core::fmt;
use core::net::Ipv4Addr;
use std::sync::Arc;

use dhcp_failover::{PoolSpec, RelationshipId};
use dhcpd_text::conf;

pub use dns::DnsZone;
pub(crate) use dns::{Detection, DnsConfig};
pub(crate) use hosts::{Host, HostId, Hosts};
pub(crate) use language::Language;
pub(crate) use network::{
    Applicant, Network, NetworkId, Place, Pool, Subnet, SubnetId, SubnetIndex,
};
pub(crate) use options::{OptionTable, bucket};
pub(crate) use relationship::Relationship;
pub(crate) use rules::{MAX_LEASE_TIME, Rules};

/// Port that servers listen on (RFC 2131 §4.1).
const SERVER_PORT: u16 = 67;
/// Port that clients listen on (RFC 2131 §4.1).
const CLIENT_PORT: u16 = 68;
/// ISC's `DEFAULT_ABANDON_LEASE_TIME`, seconds.
const ABANDON_LEASE_TIME: u32 = 86_400;

/// A network interface of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name, such as `eth0`.
    pub name: String,
    /// Its index, as the kernel counts.
    pub index: u32,
    /// Its addresses with their netmasks; the first is the server identifier that its clients see.
    pub addresses: Vec<(Ipv4Addr, Ipv4Addr)>,
    /// Its hardware address.
    pub mac: [u8; 6],
}

/// What a server needs to know to begin.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    pub(crate) interfaces: Vec<BoundInterface>,
    pub(crate) networks: Vec<Network>,
    pub(crate) subnets: Vec<Subnet>,
    pub(crate) subnet_index: SubnetIndex,
    /// In the order of the file: an index is a [`PoolId`](dhcp_failover::PoolId).
    pub(crate) pools: Vec<Pool>,
    pub(crate) hosts: Hosts,
    /// In the order of the file: an index is a [`RelationshipId`].
    pub(crate) relationships: Vec<Relationship>,
    pub(crate) scopes: Vec<conf::Scope>,
    pub(crate) language: Language,
    /// `None` without DNS updates.
    pub(crate) dns: Option<DnsConfig>,
    pub(crate) server_port: u16,
    pub(crate) client_port: u16,
    pub(crate) broadcast_address: Ipv4Addr,
    pub(crate) server_id_check: bool,
    /// `abandon-lease-time`, seconds.
    pub(crate) abandon_time: u32,
}

/// An interface and the network that is on it.
#[derive(Clone, Debug)]
pub(crate) struct BoundInterface {
    pub(crate) index: u32,
    pub(crate) name: Arc<str>,
    /// The server identifier and source address.
    pub(crate) address: Option<Ipv4Addr>,
    pub(crate) network: Option<NetworkId>,
}

/// Something about a configuration that keeps a server from running, or that its author should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigMessage {
    /// The file, as it was named to the parser; empty if the message is about no place in a file.
    pub file: String,
    /// Line, from 1; 0 if the message is about no place in a file.
    pub line: u32,
    /// What is the matter, in ISC's words where ISC has a message for it.
    pub message: String,
}

impl fmt::Display for ConfigMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "{} line {}: ", self.file, self.line)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigMessage {}

impl ServerConfig {
    /// Makes a server's configuration of a file that was read, for a machine with these interfaces.
    ///
    /// With the configuration come warnings, such as ISC's `No subnet declaration for eth1`. Without interfaces (to
    /// test a file) only relayed clients could be served, and nothing is said about that.
    ///
    /// # Errors
    /// All that keeps the server from running: an interface with two shared networks, a host name as a failover
    /// address (whoever reads the file looks those up), pools that overlap.
    pub fn from_conf(
        conf: &conf::Config,
        interfaces: &[Interface],
    ) -> Result<(Self, Vec<ConfigMessage>), Vec<ConfigMessage>> {
        build::build(conf, interfaces)
    }

    /// Whether clients on this interface are served; false if no subnet is declared for it.
    pub fn serves_interface(&self, index: u32) -> bool {
        self.interfaces
            .iter()
            .any(|i| i.index == index && i.network.is_some())
    }

    /// The failover relationships, in the order of the file: name, our address, our port, the partner's address and
    /// port. An index is a [`RelationshipId`].
    pub fn relationships(&self) -> impl Iterator<Item = RelationshipLink<'_>> {
        self.relationships.iter().map(Relationship::link)
    }

    /// How relationships start: `wait_for_contact` keeps a server that is restarted out of contact from serving
    /// before its partner or the operator speaks; `trust_clock` lets it serve although its lease file is newer than
    /// the clock. Both are off by default.
    pub fn start_with(&mut self, wait_for_contact: bool, trust_clock: bool) {
        for relationship in &mut self.relationships {
            relationship.config.wait_for_contact = wait_for_contact;
            relationship.config.trust_clock = trust_clock;
        }
    }

    /// The zones whose names this server changes, in the order of the file: an index is [`DnsUpdate::zone`](crate::DnsUpdate).
    /// None if it makes no DNS updates.
    pub fn dns_zones(&self) -> &[DnsZone] {
        self.dns.as_ref().map_or(&[], |dns| &dns.zones)
    }

    /// `ddns-local-address4`: the address that DNS updates are sent from.
    pub fn dns_source(&self) -> Option<Ipv4Addr> {
        self.dns.as_ref()?.source
    }

    /// The port that the server listens on: 67, or `local-port`.
    pub fn server_port(&self) -> u16 {
        self.server_port
    }

    /// The port that clients listen on: 68, or `remote-port`.
    pub fn client_port(&self) -> u16 {
        self.client_port
    }

    /// The relationship of this name.
    pub fn relationship_named(&self, name: &str) -> Option<RelationshipId> {
        let at = self
            .relationships
            .iter()
            .position(|r| r.config.name == name)?;
        Some(RelationshipId(at as u16))
    }

    pub(crate) fn pool_specs(&self) -> Vec<PoolSpec> {
        self.pools
            .iter()
            .map(|pool| PoolSpec {
                ranges: pool.ranges.clone(),
                relationship: pool.relationship,
            })
            .collect()
    }

    pub(crate) fn subnet_of(&self, address: Ipv4Addr) -> Option<SubnetId> {
        self.subnet_index.find(address)
    }

    pub(crate) fn interface(&self, index: u32) -> Option<&BoundInterface> {
        self.interfaces
            .iter()
            .find(|interface| interface.index == index)
    }
}

/// Where the two ends of a relationship are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelationshipLink<'a> {
    /// Its name.
    pub name: &'a str,
    /// Our address; `None` if the file has none: any.
    pub address: Option<Ipv4Addr>,
    /// The port that we listen on.
    pub port: u16,
    /// The partner's address.
    pub peer_address: Ipv4Addr,
    /// The port that the partner listens on.
    pub peer_port: u16,
}
