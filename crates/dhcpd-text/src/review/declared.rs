//! One file of the two: its pools, subnets and scopes with the places of their statements.

use std::net::Ipv4Addr;

use super::outline::{NodeId, Outline};
use super::{Document, Place};
use crate::conf::{Config, Location, Permit, Pool, PoolFailover, Scope, ScopeId, Subnet};

/// What is looked up of one file.
pub(super) struct Declared<'d> {
    pub(super) config: &'d Config,
    pub(super) outline: &'d Outline,
    pub(super) pools: Vec<DeclaredPool<'d>>,
}

/// A pool.
pub(super) struct DeclaredPool<'d> {
    pub(super) pool: &'d Pool,
    /// The subnet of its first address.
    pub(super) subnet: &'d Subnet,
    /// The relationship that it belongs to.
    pub(super) peer: Option<&'d str>,
    /// Where that is said.
    pub(super) peer_at: Option<Place>,
    pub(super) ranges: Vec<DeclaredRange>,
    /// Its permits in one spelling.
    pub(super) permits: Vec<(String, Option<Place>)>,
    /// Its scope and those around it, from the innermost outwards.
    pub(super) chain: Vec<(Role, ScopeId)>,
}

/// A range.
#[derive(Clone)]
pub(super) struct DeclaredRange {
    pub(super) low: u32,
    pub(super) high: u32,
    pub(super) at: Option<Place>,
}

/// What a scope belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Pool,
    Subnet,
    Network,
    Group,
    Root,
    Host,
    Class,
}

impl<'d> Declared<'d> {
    pub(super) fn new(document: &'d Document) -> Self {
        let mut declared = Self {
            config: &document.config,
            outline: &document.outline,
            pools: Vec::new(),
        };
        for (at, network) in declared.config.shared_networks.iter().enumerate() {
            let in_subnets = network.subnets.iter().flat_map(|subnet| &subnet.pools);
            for pool in in_subnets.chain(&network.pools) {
                declared.pools.extend(declared.pool(at, pool));
            }
        }
        declared
    }

    fn pool(&self, network: usize, pool: &'d Pool) -> Option<DeclaredPool<'d>> {
        let network = &self.config.shared_networks[network];
        let first = pool.ranges.first()?.low;
        let subnet = network.subnets.iter().find(|s| s.contains(first))?;
        let node = self.outline.at(pool.at);
        // Ranges directly in a subnet are a pool without a block of their own.
        let bare = node.is_some_and(|node| self.outline.word(node) == "range");
        let block = if bare {
            node.and_then(|node| self.outline.parent(node))
        } else {
            node
        };
        let (peer, peer_at) = match &pool.failover {
            PoolFailover::None => (None, None),
            PoolFailover::Peer(name) => {
                let said = self.outline.named(block, &["failover"]).last();
                (Some(name.as_str()), said)
            }
            PoolFailover::Inherit => {
                let around = self.outline.at(network.at);
                let said = self.outline.named(around, &["failover"]).last();
                (network.failover_peer.as_deref(), said)
            }
        };
        Some(DeclaredPool {
            pool,
            subnet,
            peer,
            peer_at: peer_at.map(|node| self.outline.place(node)),
            ranges: self.ranges(pool, block, bare),
            permits: if bare {
                Vec::new()
            } else {
                self.permits(pool, block)
            },
            chain: self.chain_of_pool(pool, subnet),
        })
    }

    fn ranges(&self, pool: &Pool, block: Option<NodeId>, bare: bool) -> Vec<DeclaredRange> {
        let bootp = |node: &NodeId| {
            let tokens = self.outline.tokens(*node);
            tokens.get(1).is_some_and(|word| word == "dynamic-bootp")
        };
        let statements: Vec<NodeId> = self
            .outline
            .named(block, &["range"])
            .filter(|node| !bare || bootp(node) == pool.ranges[0].dynamic_bootp)
            .collect();
        let statement = |index| statements.get(index).copied();
        pool.ranges
            .iter()
            .enumerate()
            .map(|(index, range)| DeclaredRange {
                low: range.low.to_bits(),
                high: range.high.to_bits(),
                at: statement(index).map(|node| self.outline.place(node)),
            })
            .collect()
    }

    fn permits(&self, pool: &Pool, block: Option<NodeId>) -> Vec<(String, Option<Place>)> {
        let mut permits = Vec::new();
        for (word, list) in [("allow", &pool.permits), ("deny", &pool.prohibits)] {
            let words = [word];
            let statements: Vec<NodeId> = self.outline.named(block, &words).collect();
            for (index, permit) in list.iter().enumerate() {
                let at = statements.get(index).map(|node| self.outline.place(*node));
                permits.push((format!("{word} {}", self.permit(permit)), at));
            }
        }
        permits
    }

    fn permit(&self, permit: &Permit) -> String {
        match permit {
            Permit::Members(class) => format!("members of {:?}", self.config.classes[*class].name),
            Permit::After(time) => format!("after {time}"),
            other => format!("{other:?}"),
        }
    }

    /// The scopes that a client of a pool meets.
    fn chain_of_pool(&self, pool: &Pool, subnet: &Subnet) -> Vec<(Role, ScopeId)> {
        let outer = self.chain(subnet.scope, Role::Subnet);
        let mut chain = self.chain(pool.scope, Role::Pool);
        chain.retain(|(_, scope)| outer.iter().all(|(_, other)| other != scope));
        chain.extend(outer);
        chain
    }

    /// A scope of this role and those around it.
    pub(super) fn chain(&self, scope: ScopeId, role: Role) -> Vec<(Role, ScopeId)> {
        let outward = std::iter::successors(Some(scope), |at| self.scope(*at).parent);
        outward
            .enumerate()
            .map(|(depth, at)| {
                let role = match depth {
                    _ if at == ScopeId::ROOT => Role::Root,
                    0 => role,
                    _ => self.role(at),
                };
                (role, at)
            })
            .collect()
    }

    /// What a scope around another one belongs to.
    fn role(&self, scope: ScopeId) -> Role {
        let networks = &self.config.shared_networks;
        let mut subnets = networks.iter().flat_map(|network| &network.subnets);
        if subnets.any(|subnet| subnet.scope == scope) {
            Role::Subnet
        } else if networks.iter().any(|network| network.scope == scope) {
            Role::Network
        } else {
            Role::Group
        }
    }

    pub(super) fn scope(&self, scope: ScopeId) -> &'d Scope {
        &self.config.scopes[scope.0]
    }

    pub(super) fn subnets(&self) -> impl Iterator<Item = &'d Subnet> + use<'d> {
        let config = self.config;
        config
            .shared_networks
            .iter()
            .flat_map(|network| &network.subnets)
    }

    pub(super) fn place_at(&self, at: Location) -> Option<Place> {
        self.outline.place_at(at)
    }

    /// The range that holds an address, of any pool.
    pub(super) fn range_of(&self, address: Ipv4Addr) -> Option<&DeclaredRange> {
        let bits = address.to_bits();
        let mut ranges = self.pools.iter().flat_map(|pool| &pool.ranges);
        ranges.find(|range| (range.low..=range.high).contains(&bits))
    }
}

impl DeclaredPool<'_> {
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let mut mine = self.ranges.iter();
        mine.any(|range| other.ranges.iter().any(|theirs| range.overlaps(theirs)))
    }

    /// Addresses in it.
    pub(super) fn size(&self) -> u64 {
        let sizes = self.ranges.iter().map(|r| u64::from(r.high - r.low) + 1);
        sizes.sum()
    }

    /// Its ranges in words.
    pub(super) fn shown(&self) -> String {
        let ranges: Vec<String> = self.ranges.iter().map(|r| run(r.low, r.high)).collect();
        ranges.join(", ")
    }
}

impl DeclaredRange {
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }
}

/// Addresses in words: `10.0.0.1-10.0.0.9`.
pub(super) fn run(low: u32, high: u32) -> String {
    let (low, high) = (Ipv4Addr::from_bits(low), Ipv4Addr::from_bits(high));
    if low == high {
        low.to_string()
    } else {
        format!("{low}-{high}")
    }
}
