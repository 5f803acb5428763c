//! Pools and subnets.

use super::Place;
use super::compare::Both;
use super::declared::{Declared, DeclaredPool, DeclaredRange, run};
use super::peers::Pairs;
use crate::conf::{SpaceId, Subnet};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

impl Both<'_> {
    pub(super) fn pools(&mut self, pairs: &Pairs<'_>) {
        let (a, b) = (self.a, self.b);
        let (mut met_a, mut met_b) = (BTreeSet::new(), BTreeSet::new());
        for (i, mine) in a.pools.iter().enumerate() {
            for (j, theirs) in b.pools.iter().enumerate() {
                if (mine.peer.is_some() || theirs.peer.is_some()) && mine.overlaps(theirs) {
                    met_a.insert(i);
                    met_b.insert(j);
                    self.pool_pair(mine, theirs, pairs);
                }
            }
        }
        let lonely = |pools: &[DeclaredPool<'_>], met: &BTreeSet<usize>| -> Vec<usize> {
            let shared = (0..pools.len()).filter(|at| pools[*at].peer.is_some());
            shared.filter(|at| !met.contains(at)).collect()
        };
        let left = lonely(&a.pools, &met_a);
        let mut right = lonely(&b.pools, &met_b);
        for mine in left {
            let mine = &a.pools[mine];
            // A pool of the same subnet that has no other side either is this one with other addresses.
            let other = right.iter().position(|theirs| {
                let theirs = &b.pools[*theirs];
                theirs.subnet.network == mine.subnet.network
            });
            match other {
                Some(at) => {
                    let theirs = &b.pools[right.remove(at)];
                    let text =
                        format!("the pool is {} on a, {} on b", mine.shown(), theirs.shown());
                    self.error("range-differs", text, first_at(mine), first_at(theirs));
                    self.pool_pair(mine, theirs, pairs);
                }
                None => {
                    let text = format!("pool {} is not on b", mine.shown());
                    self.error("pool-missing", text, first_at(mine), None);
                }
            }
        }
        for theirs in right {
            let theirs = &b.pools[theirs];
            let text = format!("pool {} is not on a", theirs.shown());
            self.error("pool-missing", text, None, first_at(theirs));
        }
        self.ranges();
        self.covered();
    }

    /// Two pools that are one.
    fn pool_pair(&mut self, a: &DeclaredPool<'_>, b: &DeclaredPool<'_>, pairs: &Pairs<'_>) {
        let (at_a, at_b) = (a.peer_at.clone(), b.peer_at.clone());
        match (a.peer, b.peer) {
            (Some(x), Some(y)) if !pairs.are_one(x, y) => {
                let text = format!("pool {} belongs to {x:?} on a, to {y:?} on b", a.shown());
                self.error("pool-peer-differs", text, at_a, at_b);
            }
            (Some(_), Some(_)) | (None, None) => {}
            (x, _) => {
                let (with, without) = if x.is_some() { ("a", "b") } else { ("b", "a") };
                let text = format!(
                    "pool {} is shared with the partner on {with}; {without} gives its addresses away by itself",
                    a.shown()
                );
                self.error("pool-failover-differs", text, at_a, at_b);
            }
        }
        self.permits(a, b);
    }

    fn permits(&mut self, a: &DeclaredPool<'_>, b: &DeclaredPool<'_>) {
        let only = |mine: &DeclaredPool<'_>,
                    theirs: &DeclaredPool<'_>|
         -> Vec<(String, Option<Place>)> {
            let mut rest: Vec<&String> = theirs.permits.iter().map(|(permit, _)| permit).collect();
            let unmatched = mine.permits.iter().filter(|(permit, _)| {
                match rest.iter().position(|other| *other == permit) {
                    Some(at) => {
                        rest.remove(at);
                        false
                    }
                    None => true,
                }
            });
            unmatched.cloned().collect()
        };
        let mut on_b = only(b, a).into_iter();
        let mut on_a = only(a, b).into_iter();
        loop {
            let (x, y) = (on_a.next(), on_b.next());
            if x.is_none() && y.is_none() {
                return;
            }
            let (x, at_a) = x.map_or((None, None), |(permit, at)| (Some(permit), at));
            let (y, at_b) = y.map_or((None, None), |(permit, at)| (Some(permit), at));
            if self.is_known("pool-permit-differs", at_a.as_ref(), at_b.as_ref()) {
                continue;
            }
            let nothing = || "nothing of the kind".to_owned();
            let text = format!(
                "pool {}: {} on a, {} on b",
                a.shown(),
                x.unwrap_or_else(nothing),
                y.unwrap_or_else(nothing)
            );
            self.error("pool-permit-differs", text, at_a, at_b);
        }
    }

    /// Addresses that are in a pool on one side only, of pools that are on both.
    fn ranges(&mut self) {
        let (a, b) = (self.a, self.b);
        let mut differences: Vec<(Option<Place>, Option<Place>, Vec<String>)> = Vec::new();
        let mut note = |at_a: Option<Place>, at_b: Option<Place>, text: String| match differences
            .iter_mut()
            .find(|d| d.0 == at_a && d.1 == at_b)
        {
            Some(difference) => difference.2.push(text),
            None => differences.push((at_a, at_b, vec![text])),
        };
        for (range, others, rest) in uncovered(a, b) {
            note(
                range,
                others,
                format!("addresses {rest} are in a failover pool only on a"),
            );
        }
        for (range, others, rest) in uncovered(b, a) {
            note(
                others,
                range,
                format!("addresses {rest} are in a failover pool only on b"),
            );
        }
        for (at_a, at_b, texts) in differences {
            self.error("range-differs", texts.join("; "), at_a, at_b);
        }
    }

    /// Addresses in pools that somebody else has for good.
    fn covered(&mut self) {
        let (a, b) = (self.a, self.b);
        for (address, owner) in servers(a, "a").into_iter().chain(servers(b, "b")) {
            let (at_a, at_b) = (covering(a, address), covering(b, address));
            if at_a.is_some() || at_b.is_some() {
                let text = format!(
                    "{address} ({owner}) is in the pool: a client will get the server's own address"
                );
                self.error("pool-covers-server", text, at_a, at_b);
            }
        }
        let mut routers = routers(a);
        routers.extend(self::routers(b));
        for address in routers {
            let (at_a, at_b) = (covering(a, address), covering(b, address));
            if at_a.is_some() || at_b.is_some() {
                let text = format!("{address} (option routers) is in the pool");
                self.warning("pool-covers-router", text, at_a, at_b);
            }
        }
    }

    pub(super) fn subnets(&mut self) {
        let (a, b) = (self.a, self.b);
        let mut met = BTreeSet::new();
        for mine in a.subnets() {
            match counterpart(mine, b) {
                Some(theirs) => {
                    met.insert(theirs.network);
                    if (mine.network, mine.netmask) != (theirs.network, theirs.netmask) {
                        let text = format!("subnet {} on a, {} on b", shown(mine), shown(theirs));
                        self.error(
                            "subnet-differs",
                            text,
                            a.place_at(mine.at),
                            b.place_at(theirs.at),
                        );
                    }
                }
                None if !is_local(a, mine) => {
                    let text = format!("subnet {} is not on b", shown(mine));
                    self.error("subnet-differs", text, a.place_at(mine.at), None);
                }
                None => {}
            }
        }
        for theirs in b.subnets() {
            if !met.contains(&theirs.network)
                && counterpart(theirs, a).is_none()
                && !is_local(b, theirs)
            {
                let text = format!("subnet {} is not on a", shown(theirs));
                self.error("subnet-differs", text, None, b.place_at(theirs.at));
            }
        }
        self.shared_networks();
    }

    /// Subnets that share a network on one side only.
    fn shared_networks(&mut self) {
        let (a, b) = (self.a, self.b);
        for network in &a.config.shared_networks {
            let mut theirs: BTreeMap<usize, Vec<(&Subnet, &Subnet)>> = BTreeMap::new();
            for mine in &network.subnets {
                if let Some(other) = counterpart(mine, b)
                    && let Some(at) = network_of(b, other)
                {
                    theirs.entry(at).or_default().push((mine, other));
                }
            }
            for (mine, other) in theirs.values().skip(1).filter_map(|group| group.first()) {
                let text = format!(
                    "subnet {} shares a network with others on a only",
                    shown(mine)
                );
                self.error(
                    "subnet-differs",
                    text,
                    a.place_at(mine.at),
                    b.place_at(other.at),
                );
            }
        }
        for network in &b.config.shared_networks {
            let mut ours: BTreeMap<usize, Vec<(&Subnet, &Subnet)>> = BTreeMap::new();
            for theirs in &network.subnets {
                if let Some(mine) = counterpart(theirs, a)
                    && let Some(at) = network_of(a, mine)
                {
                    ours.entry(at).or_default().push((mine, theirs));
                }
            }
            for (mine, theirs) in ours.values().skip(1).filter_map(|group| group.first()) {
                let text = format!(
                    "subnet {} shares a network with others on b only",
                    shown(theirs)
                );
                self.error(
                    "subnet-differs",
                    text,
                    a.place_at(mine.at),
                    b.place_at(theirs.at),
                );
            }
        }
    }
}

fn first_at(pool: &DeclaredPool<'_>) -> Option<Place> {
    pool.ranges.first().and_then(|range| range.at.clone())
}

/// What is left of the ranges of `mine` without those of `theirs`, where the pool as a whole is on both sides: the
/// range, the other side's that it meets, the addresses in words.
fn uncovered(
    mine: &Declared<'_>,
    theirs: &Declared<'_>,
) -> Vec<(Option<Place>, Option<Place>, String)> {
    let mut found = Vec::new();
    for pool in mine.pools.iter().filter(|pool| pool.peer.is_some()) {
        let others: Vec<&DeclaredPool<'_>> =
            theirs.pools.iter().filter(|o| pool.overlaps(o)).collect();
        if others.is_empty() {
            continue;
        }
        let ranges: Vec<&DeclaredRange> = others.iter().flat_map(|other| &other.ranges).collect();
        for range in &pool.ranges {
            let rest = without(range, &ranges);
            if rest.is_empty() {
                continue;
            }
            let words: Vec<String> = rest.iter().map(|(low, high)| run(*low, *high)).collect();
            let other = ranges.iter().find(|other| range.overlaps(other));
            // One statement on each side can only be meant for the other.
            let other = other.or_else(|| match (&pool.ranges[..], &ranges[..]) {
                ([_], [only]) => Some(only),
                _ => None,
            });
            let other = other.and_then(|other| other.at.clone());
            found.push((range.at.clone(), other, words.join(", ")));
        }
    }
    found
}

/// The runs of a range that are in none of the others.
fn without(range: &DeclaredRange, others: &[&DeclaredRange]) -> Vec<(u32, u32)> {
    let mut taken: Vec<(u32, u32)> = others.iter().map(|other| (other.low, other.high)).collect();
    taken.sort_unstable();
    let mut rest = Vec::new();
    let mut low = u64::from(range.low);
    let high = u64::from(range.high);
    for (first, last) in taken {
        let (first, last) = (u64::from(first), u64::from(last));
        if last < low || first > high {
            continue;
        }
        if first > low {
            rest.push((low, first - 1));
        }
        low = low.max(last + 1);
    }
    if low <= high {
        rest.push((low, high));
    }
    let narrow = |bits: u64| u32::try_from(bits).expect("between two addresses");
    rest.into_iter()
        .map(|(low, high)| (narrow(low), narrow(high)))
        .collect()
}

fn covering(side: &Declared<'_>, address: Ipv4Addr) -> Option<Place> {
    side.range_of(address).and_then(|range| range.at.clone())
}

/// The addresses that a server has by its own file.
fn servers(side: &Declared<'_>, name: &'static str) -> Vec<(Ipv4Addr, &'static str)> {
    let own = side.config.failover_peers.iter();
    let own: BTreeSet<Ipv4Addr> = own.filter_map(|p| p.address.as_ref()?.address()).collect();
    own.into_iter().map(|address| (address, name)).collect()
}

/// The routers that clients of the pools are told of.
pub(super) fn routers(side: &Declared<'_>) -> BTreeSet<Ipv4Addr> {
    const ROUTERS: u8 = 3;
    let mut found = BTreeSet::new();
    for pool in &side.pools {
        let mut scopes = pool.chain.iter().map(|(_, scope)| side.scope(*scope));
        let setting = scopes.find_map(|scope| scope.options.iter().find(|o| o.code == ROUTERS));
        let data = setting.map_or(&[][..], |setting| &setting.data);
        let addresses = data
            .chunks_exact(4)
            .filter_map(|octets| octets.first_chunk::<4>());
        found.extend(addresses.map(|octets| Ipv4Addr::from(*octets)));
    }
    found
}

/// The subnet of the other file that is this one: of the same number, or else one that shares addresses with it.
pub(super) fn counterpart<'d>(subnet: &Subnet, other: &Declared<'d>) -> Option<&'d Subnet> {
    let last = |subnet: &Subnet| subnet.network.to_bits() | !subnet.netmask.to_bits();
    let same = |theirs: &&Subnet| theirs.network == subnet.network;
    let overlaps = |theirs: &&Subnet| {
        theirs.network.to_bits() <= last(subnet) && subnet.network.to_bits() <= last(theirs)
    };
    other
        .subnets()
        .find(same)
        .or_else(|| other.subnets().find(overlaps))
}

fn network_of(side: &Declared<'_>, subnet: &Subnet) -> Option<usize> {
    let mut networks = side.config.shared_networks.iter();
    networks.position(|network| network.subnets.iter().any(|s| std::ptr::eq(s, subnet)))
}

/// Whether nobody but the server itself has to do with a subnet: no client gets anything by it, as of one that is
/// declared for the sake of an interface. One with pools is seen to with the pools.
fn is_local(side: &Declared<'_>, subnet: &Subnet) -> bool {
    let pools = side
        .pools
        .iter()
        .any(|p| p.subnet.network == subnet.network);
    let mut hosts = side
        .config
        .hosts
        .iter()
        .flat_map(|host| &host.fixed_addresses);
    let options = side.scope(subnet.scope).statements.iter().any(|statement| {
        !matches!(&statement.action, crate::conf::code::Action::Option(option) if option.option.space == SpaceId::SERVER)
    });
    pools || !options && !hosts.any(|address| subnet.contains(*address))
}

fn shown(subnet: &Subnet) -> String {
    format!(
        "{}/{}",
        subnet.network,
        subnet.netmask.to_bits().leading_ones()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_range() {
        let range = |low, high| DeclaredRange {
            low,
            high,
            at: None,
        };
        let rest =
            |others: &[DeclaredRange]| without(&range(10, 20), &others.iter().collect::<Vec<_>>());
        assert_eq!(rest(&[]), [(10, 20)]);
        assert_eq!(rest(&[range(0, 9), range(21, 30)]), [(10, 20)]);
        assert_eq!(rest(&[range(16, 20), range(5, 12)]), [(13, 15)]);
        assert_eq!(rest(&[range(10, 15), range(16, 25)]), []);
        let all = range(0, u32::MAX);
        assert_eq!(without(&all, &[&range(0, u32::MAX)]), []);
    }
}
