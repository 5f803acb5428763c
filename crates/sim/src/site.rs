//! An operator's own pair of servers.

use std::net::Ipv4Addr;

use dhcp4_server::{ConfigMessage, Interface, ServerConfig};
use dhcpd_text::conf::Config;

use crate::scenario::INTERFACE;

/// Two servers as configured, and where their clients are.
#[derive(Clone, Debug)]
pub struct Site {
    pub(crate) servers: [ServerConfig; 2],
    pub(crate) addresses: [Ipv4Addr; 2],
    pub(crate) partners: [Ipv4Addr; 2],
    pub(crate) mclt: u32,
    pub(crate) relays: Vec<Ipv4Addr>,
}

/// Why there can't be such a site.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SiteError {
    /// Whose configuration it is about: 0 is the primary's, 1 the secondary's.
    pub node: usize,
    /// What is the matter with it, at least one.
    pub messages: Vec<ConfigMessage>,
}

impl Site {
    /// The configurations of primary and secondary, with one relationship each; the addresses at which clients know the
    /// two; and for each client the address of its relay agent, which says what network it is on.
    ///
    /// # Errors
    /// What keeps a server from running with its configuration; the relationships don't belong together.
    pub fn new(
        confs: [&Config; 2],
        addresses: [Ipv4Addr; 2],
        relays: Vec<Ipv4Addr>,
    ) -> Result<Self, SiteError> {
        let failed = |node, text: &str| SiteError {
            node,
            messages: vec![ConfigMessage {
                file: confs[node].files.first().cloned().unwrap_or_default(),
                line: confs[node].failover_peers.first().map_or(0, |p| p.at.line),
                message: text.to_owned(),
            }],
        };
        let make = |node: usize| {
            let interface = Interface {
                name: "eth0".into(),
                index: INTERFACE,
                addresses: vec![(addresses[node], Ipv4Addr::new(255, 255, 255, 0))],
                mac: [2, 0, 0, 0, 0, node as u8 + 1],
            };
            let (config, _) = ServerConfig::from_conf(confs[node], &[interface])
                .map_err(|messages| SiteError { node, messages })?;
            let partner = config.relationships().next().map(|link| link.peer_address);
            let partner = partner.ok_or_else(|| failed(node, "no failover peer"))?;
            Ok((config, partner))
        };
        let ((primary, of_primary), (secondary, of_secondary)) = (make(0)?, make(1)?);
        let mclt = confs[0].failover_peers.first().and_then(|peer| peer.mclt);
        let mclt = mclt.ok_or_else(|| failed(0, "primary failover server must have mclt."))?;
        Ok(Self {
            servers: [primary, secondary],
            addresses,
            partners: [of_primary, of_secondary],
            mclt,
            relays,
        })
    }
}
