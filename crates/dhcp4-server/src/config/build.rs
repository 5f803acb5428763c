//! From the file's tree to what the server looks things up in.

use core::net::Ipv4Addr;

use dhcp_failover::{PoolId, RelationshipId};
use dhcpd_text::conf::{self, Config, Location, PoolFailover, ScopeId};
use dhcpd_text::eval::{Nobody, Run};

use super::options::OptionTable;
use super::{
    ABANDON_LEASE_TIME, BoundInterface, CLIENT_PORT, ConfigMessage, DnsConfig, Host, Hosts,
    Interface, Language, Network, NetworkId, Place, Pool, Relationship, Rules, SERVER_PORT,
    ServerConfig, Subnet, SubnetId, SubnetIndex,
};

pub(super) fn build(
    conf: &Config,
    interfaces: &[Interface],
) -> Result<(ServerConfig, Vec<ConfigMessage>), Vec<ConfigMessage>> {
    let mut builder = Builder {
        conf,
        errors: Vec::new(),
        warnings: Vec::new(),
    };
    let config = builder.run(interfaces);
    builder.warnings.extend(
        super::inert::warnings(conf)
            .into_iter()
            .map(ConfigMessage::general),
    );
    if builder.errors.is_empty() {
        Ok((config, builder.warnings))
    } else {
        Err(builder.errors)
    }
}

struct Builder<'a> {
    conf: &'a Config,
    errors: Vec<ConfigMessage>,
    warnings: Vec<ConfigMessage>,
}

impl Builder<'_> {
    fn run(&mut self, interfaces: &[Interface]) -> ServerConfig {
        let conf = self.conf;
        let (mut networks, subnets) = self.networks();
        let subnet_index = SubnetIndex::new(&subnets);
        let pools = self.pools(&mut networks);
        let hosts = self.hosts(&subnets, &subnet_index);
        let relationships = self.relationships(&pools);
        let root = &conf.scopes[ScopeId::ROOT.0].settings;
        let interfaces = self.interfaces(interfaces, &networks, &subnets, &subnet_index);
        ServerConfig {
            interfaces,
            networks,
            subnets,
            subnet_index,
            pools,
            hosts,
            relationships,
            scopes: conf.scopes.clone(),
            language: Language::new(conf),
            dns: DnsConfig::new(conf),
            server_port: conf.server.local_port.unwrap_or(SERVER_PORT),
            client_port: conf.server.remote_port.unwrap_or(CLIENT_PORT),
            broadcast_address: conf
                .server
                .limited_broadcast_address
                .unwrap_or(Ipv4Addr::BROADCAST),
            server_id_check: root.server_id_check.unwrap_or(false),
            abandon_time: root.abandon_lease_time.unwrap_or(ABANDON_LEASE_TIME),
        }
    }

    fn networks(&self) -> (Vec<Network>, Vec<Subnet>) {
        let mut networks = Vec::new();
        let mut subnets = Vec::new();
        for declared in &self.conf.shared_networks {
            let id = NetworkId(networks.len());
            networks.push(Network {
                name: declared.name.as_str().into(),
                place: self.place(self.outward(declared.scope)),
                pools: Vec::new(),
            });
            subnets.extend(declared.subnets.iter().map(|subnet| Subnet {
                address: subnet.network,
                netmask: subnet.netmask,
                network: id,
                place: self.place(self.outward(subnet.scope)),
            }));
        }
        (networks, subnets)
    }

    fn pools(&mut self, networks: &mut [Network]) -> Vec<Pool> {
        let mut pools = Vec::new();
        let mut first_subnet = 0;
        for (n, declared) in self.conf.shared_networks.iter().enumerate() {
            let in_subnets = declared.subnets.iter().flat_map(|subnet| &subnet.pools);
            for pool in in_subnets.chain(&declared.pools) {
                networks[n].pools.push(PoolId(pools.len() as u32));
                let relationship = self.relationship_of(pool, declared);
                pools.push(Pool {
                    network: NetworkId(n),
                    relationship,
                    ranges: pool
                        .ranges
                        .iter()
                        .map(|range| (range.low, range.high))
                        .collect(),
                    places: self.places(pool, declared, first_subnet),
                    permits: pool.permits.clone(),
                    prohibits: pool.prohibits.clone(),
                });
            }
            first_subnet += declared.subnets.len();
        }
        pools
    }

    fn relationship_of(
        &mut self,
        pool: &conf::Pool,
        network: &conf::SharedNetwork,
    ) -> Option<RelationshipId> {
        let name = match &pool.failover {
            PoolFailover::Inherit => network.failover_peer.as_deref()?,
            PoolFailover::None => return None,
            PoolFailover::Peer(name) => name,
        };
        let found = self
            .conf
            .failover_peers
            .iter()
            .position(|peer| peer.name == name);
        if found.is_none() {
            self.error(pool.at, format!("unknown failover peer: {name}"));
        }
        found.map(|at| RelationshipId(at as u16))
    }

    /// The subnets that a pool's addresses are in. A pool that stands in a shared network may reach into several, and
    /// its addresses then take the rest from the subnet that each is in.
    fn places(
        &self,
        pool: &conf::Pool,
        network: &conf::SharedNetwork,
        first_subnet: usize,
    ) -> Vec<(SubnetId, Place)> {
        let inner = self.outward(pool.scope);
        let within = |subnet: &&conf::Subnet| {
            pool.ranges.iter().any(|range| {
                subnet.contains(range.low)
                    || subnet.contains(range.high)
                    || (range.low..=range.high).contains(&subnet.network)
            })
        };
        let numbered = network.subnets.iter().enumerate();
        numbered
            .filter(|(_, subnet)| within(subnet))
            .map(|(i, subnet)| {
                let outer = self.outward(subnet.scope);
                let mut chain: Vec<usize> = inner
                    .iter()
                    .copied()
                    .filter(|scope| !outer.contains(scope))
                    .collect();
                chain.extend(outer);
                (SubnetId(first_subnet + i), self.place(chain))
            })
            .collect()
    }

    fn hosts(&self, subnets: &[Subnet], index: &SubnetIndex) -> Hosts {
        let mut hosts = Hosts::default();
        for declared in &self.conf.hosts {
            let known = declared.fixed_addresses.iter().filter_map(|&address| {
                let subnet = index.find(address)?;
                Some((address, subnet, subnets[subnet.0].network))
            });
            let mut scopes = self.outward(declared.scope);
            scopes.retain(|&scope| scope != ScopeId::ROOT.0);
            let host = Host {
                name: declared.name.as_str().into(),
                has_identifier: declared.client_identifier.is_some(),
                addresses: known.collect(),
                fixed: !declared.fixed_addresses.is_empty(),
                plain: scopes.iter().all(|&at| self.conf.scopes[at].is_plain()),
                scopes,
            };
            hosts.push(host, declared);
        }
        hosts
    }

    fn relationships(&mut self, pools: &[Pool]) -> Vec<Relationship> {
        let root = &self.conf.scopes[ScopeId::ROOT.0].settings;
        // A host may raise its own maximum, whatever pool it gets an address of.
        let hosts = self
            .conf
            .scopes
            .iter()
            .filter_map(|scope| scope.settings.max_lease_time);
        let host_max = hosts.max().unwrap_or(0);
        let mut list = Vec::new();
        for (i, peer) in self.conf.failover_peers.iter().enumerate() {
            let mine = pools
                .iter()
                .filter(|p| p.relationship == Some(RelationshipId(i as u16)));
            let longest = mine
                .flat_map(|p| &p.places)
                .map(|(_, place)| place.rules.max_lease_time)
                .max();
            let made = Relationship::new(
                peer,
                root.check_secs_byte_order.unwrap_or(false),
                longest.unwrap_or(super::MAX_LEASE_TIME).max(host_max),
                root.abandon_lease_time.unwrap_or(ABANDON_LEASE_TIME),
            );
            match made {
                Ok(relationship) => list.push(relationship),
                Err(message) => self.error(peer.at, message),
            }
        }
        list
    }

    fn interfaces(
        &mut self,
        interfaces: &[Interface],
        networks: &[Network],
        subnets: &[Subnet],
        index: &SubnetIndex,
    ) -> Vec<BoundInterface> {
        let mut bound = Vec::new();
        for interface in interfaces {
            let by_address = interface
                .addresses
                .iter()
                .filter_map(|(a, _)| index.find(*a));
            let declared = self.conf.shared_networks.iter().enumerate();
            let by_name = declared
                .filter(|(_, network)| network.interface.as_deref() == Some(&interface.name))
                .map(|(i, _)| NetworkId(i));
            let by_address = by_address.map(|subnet| subnets[subnet.0].network);
            let mut found: Vec<NetworkId> = by_address.chain(by_name).collect();
            found.sort_unstable();
            found.dedup();
            if let [first, second, ..] = found[..] {
                let (a, b) = (&networks[first.0].name, &networks[second.0].name);
                self.errors.push(ConfigMessage::general(format!(
                    "Interface {} matches multiple shared networks: {a} and {b}",
                    interface.name
                )));
            }
            if found.is_empty() {
                self.warnings.push(unserved(interface));
            }
            bound.push(BoundInterface {
                index: interface.index,
                name: interface.name.as_str().into(),
                address: interface.addresses.first().map(|(address, _)| *address),
                network: found.first().copied(),
            });
        }
        bound
    }

    /// A scope and those around it, from the innermost outwards.
    fn outward(&self, scope: ScopeId) -> Vec<usize> {
        let scopes = &self.conf.scopes;
        core::iter::successors(Some(scope), |at| scopes[at.0].parent)
            .map(|at| at.0)
            .collect()
    }

    fn place(&self, scopes: Vec<usize>) -> Place {
        let all = &self.conf.scopes;
        let plain = scopes.iter().all(|&at| all[at].is_plain());
        let mut options = OptionTable::merge(scopes.iter().rev().map(|&at| &all[at]));
        let mut rules = Rules::resolve(scopes.iter().map(|&at| &all[at].settings));
        let dynamic = !scopes.iter().all(|&at| all[at].is_constant());
        if !plain && !dynamic {
            // The same for everyone, but not to be had by looking: option spaces, parts put together.
            let mut run = Run::new(&self.conf.spaces, &Nobody);
            for &at in scopes.iter().rev() {
                run.execute(&all[at].statements);
            }
            let mut settings = run.settings();
            settings.authoritative = Some(rules.authoritative);
            rules = Rules::resolve([&settings].into_iter());
            options = OptionTable::of(&run.options());
        }
        Place {
            options,
            rules,
            scopes,
            plain,
            dynamic,
        }
    }

    fn error(&mut self, at: Location, message: String) {
        let file = self.conf.files.get(at.file).cloned().unwrap_or_default();
        self.errors.push(ConfigMessage {
            file,
            line: at.line,
            message,
        });
    }
}

impl ConfigMessage {
    fn general(message: String) -> Self {
        Self {
            file: String::new(),
            line: 0,
            message,
        }
    }
}

/// ISC's words for an interface that nothing is declared for.
fn unserved(interface: &Interface) -> ConfigMessage {
    let name = &interface.name;
    let address = match interface.addresses.first() {
        Some((address, _)) => address.to_string(),
        None => "no IPv4 addresses".to_owned(),
    };
    ConfigMessage::general(format!(
        "No subnet declaration for {name} ({address}).\n\
         ** Ignoring requests on {name}.  If this is not what\n   \
         you want, please write a subnet declaration\n   \
         in your dhcpd.conf file for the network segment\n   \
         to which interface {name} is attached. **"
    ))
}
