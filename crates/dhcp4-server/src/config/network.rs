//! Where clients are: shared networks, subnets, pools.

use core::net::Ipv4Addr;
use std::sync::Arc;

use dhcp_failover::{PoolId, RelationshipId};
use dhcpd_text::conf::Permit;

use super::options::OptionTable;
use super::rules::Rules;
use crate::eval::Member;

/// Index into [`ServerConfig::networks`](super::ServerConfig).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NetworkId(pub(crate) usize);

/// Index into [`ServerConfig::subnets`](super::ServerConfig).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SubnetId(pub(crate) usize);

/// A shared network: the subnets on one wire.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) name: Arc<str>,
    /// What holds in the network as a whole.
    pub(crate) place: Place,
    /// Its pools, in the order in which ISC tries them.
    pub(crate) pools: Vec<PoolId>,
}

/// A subnet.
#[derive(Clone, Debug)]
pub(crate) struct Subnet {
    pub(crate) address: Ipv4Addr,
    pub(crate) netmask: Ipv4Addr,
    pub(crate) network: NetworkId,
    pub(crate) place: Place,
}

/// A pool.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(crate) network: NetworkId,
    pub(crate) relationship: Option<RelationshipId>,
    pub(crate) ranges: Vec<(Ipv4Addr, Ipv4Addr)>,
    /// The subnets that its addresses are in, and what holds for addresses of both.
    pub(crate) places: Vec<(SubnetId, Place)>,
    pub(crate) permits: Vec<Permit>,
    pub(crate) prohibits: Vec<Permit>,
}

/// What is in force for a client at one place: the merged scopes around it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) options: OptionTable,
    pub(crate) rules: Rules,
    /// The scopes merged, from the innermost to the outermost.
    pub(crate) scopes: Vec<usize>,
    /// Whether options and rules are all that its scopes hold, so that a host's can be laid over them.
    pub(crate) plain: bool,
    /// Whether what holds depends on the client: then options and rules are what holds for everyone.
    pub(crate) dynamic: bool,
}

/// What the permit lists of a pool look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Applicant<'a> {
    /// The classes that the client is in.
    pub(crate) classes: &'a [Member],
    /// A host declaration matches the client.
    pub(crate) known: bool,
    /// The request is a BOOTP one.
    pub(crate) bootp: bool,
    /// The wall clock, seconds.
    pub(crate) now: u64,
}

impl Pool {
    /// Whether the client may have an address of this pool.
    pub(crate) fn admits(&self, who: Applicant<'_>) -> bool {
        !self.prohibits.iter().any(|permit| matches(permit, who))
            && (self.permits.is_empty() || self.permits.iter().any(|permit| matches(permit, who)))
    }
}

fn matches(permit: &Permit, who: Applicant<'_>) -> bool {
    match permit {
        Permit::KnownClients => who.known,
        Permit::UnknownClients => !who.known,
        Permit::AuthenticatedClients => false,
        Permit::UnauthenticatedClients | Permit::AllClients => true,
        Permit::DynamicBootpClients => who.bootp,
        Permit::Members(class) => who.classes.iter().any(|member| member.class == *class),
        Permit::After(time) => who.now > *time,
    }
}

/// Finds the subnet of an address; the narrowest if several fit.
#[derive(Clone, Debug, Default)]
pub(crate) struct SubnetIndex {
    /// The masks in use, narrowest subnet first.
    masks: Vec<u32>,
    /// Mask, network number, subnet: sorted.
    subnets: Vec<(u32, u32, SubnetId)>,
}

impl SubnetIndex {
    pub(crate) fn new(subnets: &[Subnet]) -> Self {
        let mut index = Self::default();
        for (id, subnet) in subnets.iter().enumerate() {
            let mask = subnet.netmask.to_bits();
            index
                .subnets
                .push((mask, subnet.address.to_bits(), SubnetId(id)));
            index.masks.push(mask);
        }
        index.subnets.sort_unstable();
        index
            .masks
            .sort_unstable_by_key(|mask| core::cmp::Reverse((mask.count_ones(), *mask)));
        index.masks.dedup();
        index
    }

    pub(crate) fn find(&self, address: Ipv4Addr) -> Option<SubnetId> {
        self.masks.iter().find_map(|&mask| {
            let key = (mask, address.to_bits() & mask);
            let at = self.subnets.partition_point(|&(m, n, _)| (m, n) < key);
            self.subnets
                .get(at)
                .filter(|&&(m, n, _)| (m, n) == key)
                .map(|&(_, _, id)| id)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(address: [u8; 4], prefix: u32) -> Subnet {
        Subnet {
            address: address.into(),
            netmask: Ipv4Addr::from(u32::MAX << (32 - prefix)),
            network: NetworkId(0),
            place: Place {
                options: OptionTable::default(),
                rules: Rules::resolve([].iter()),
                scopes: Vec::new(),
                plain: true,
                dynamic: false,
            },
        }
    }

    #[test]
    fn the_narrowest_subnet_is_found() {
        let subnets = [
            subnet([10, 0, 0, 0], 8),
            subnet([10, 1, 2, 0], 24),
            subnet([10, 9, 9, 0], 24),
        ];
        let index = SubnetIndex::new(&subnets);
        assert_eq!(index.find([10, 1, 2, 3].into()), Some(SubnetId(1)));
        assert_eq!(index.find([10, 1, 3, 3].into()), Some(SubnetId(0)));
        assert_eq!(index.find([10, 9, 9, 255].into()), Some(SubnetId(2)));
        assert_eq!(index.find([11, 0, 0, 1].into()), None);
    }
}
