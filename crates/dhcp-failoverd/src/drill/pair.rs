//! The two servers of one relationship, and where their clients are.

use std::net::Ipv4Addr;

use dhcpd_text::conf::{
    AddressOrName, Config, FailoverPeer, Permit, Pool, PoolFailover, Role, SharedNetwork,
};

use super::conf::place;
use super::mirror::mirror;

/// Addresses of servers whose own aren't known, or are the same (RFC 5737: they are nobody's).
const STAND_INS: [Ipv4Addr; 2] = [Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2)];

/// One relationship with the configurations of both sides, each cut down to it.
#[derive(Debug)]
pub(super) struct Pair {
    /// Its name.
    pub(super) name: String,
    /// Where it is declared, `FILE line N`.
    pub(super) place: String,
    /// The configurations of primary and secondary.
    pub(super) confs: [Config; 2],
    /// The addresses at which clients know the two.
    pub(super) addresses: [Ipv4Addr; 2],
    /// Where strangers can get an address.
    pub(super) networks: Vec<Network>,
    /// What the operator should know.
    pub(super) notes: Vec<String>,
}

/// A network with addresses for anybody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Network {
    /// An address on it, where a relay agent may be.
    pub(super) relay: Ipv4Addr,
    /// Addresses in its pools.
    pub(super) size: u32,
}

/// The pairs of a configuration, in the order of the file.
///
/// # Errors
/// There is none that a drill could be held with; the two files don't belong together.
pub(super) fn pairs(ours: &Config, theirs: Option<&Config>) -> Result<Vec<Pair>, String> {
    let file = ours.files.first().map_or("", String::as_str);
    if ours.failover_peers.is_empty() {
        return Err(format!("{file}: there is no `failover peer` in it"));
    }
    let (mut pairs, mut empty) = (Vec::new(), Vec::new());
    for peer in &ours.failover_peers {
        let mut ours = of_one(ours, &peer.name);
        let mut notes = leave_out_closed(&mut ours);
        let networks = networks(&ours);
        if networks.is_empty() {
            empty.push(format!(
                "{}: failover peer \"{}\" has no pool that takes unknown clients",
                place(&ours, peer.at),
                peer.name
            ));
            continue;
        }
        let theirs = match theirs {
            Some(theirs) => partner(&ours, peer, theirs, &mut notes)?,
            None => {
                let (theirs, assumed) = mirror(&ours);
                notes.extend(assumed);
                theirs
            }
        };
        pairs.push(pair(peer, ours, theirs, networks, notes));
    }
    let Some(first) = pairs.first_mut() else {
        return Err(empty.join("\n"));
    };
    first.notes.extend(empty);
    Ok(pairs)
}

fn pair(
    peer: &FailoverPeer,
    ours: Config,
    theirs: Config,
    networks: Vec<Network>,
    notes: Vec<String>,
) -> Pair {
    let (name, place) = (peer.name.clone(), place(&ours, peer.at));
    let mut confs = match peer.role {
        Role::Primary => [ours, theirs],
        Role::Secondary => [theirs, ours],
    };
    let mut addresses = [0, 1].map(|node| {
        let own = confs[node].failover_peers[0].address.as_ref();
        let said = &confs[1 - node].failover_peers[0].peer_address;
        let known = own.and_then(AddressOrName::address).or(said.address());
        known.unwrap_or(STAND_INS[node])
    });
    if addresses[0] == addresses[1] {
        addresses = STAND_INS;
    }
    for (node, conf) in confs.iter_mut().enumerate() {
        let peer = &mut conf.failover_peers[0];
        peer.address = Some(AddressOrName::Address(addresses[node]));
        peer.peer_address = AddressOrName::Address(addresses[1 - node]);
    }
    Pair {
        name,
        place,
        confs,
        addresses,
        networks,
        notes,
    }
}

/// The partner's own configuration.
fn partner(
    ours: &Config,
    peer: &FailoverPeer,
    theirs: &Config,
    notes: &mut Vec<String>,
) -> Result<Config, String> {
    let here = place(ours, peer.at);
    let file = theirs.files.first().map_or("", String::as_str);
    let named = theirs.failover_peers.iter().find(|p| p.name == peer.name);
    let Some(other) = named else {
        return Err(format!(
            "{file}: failover peer \"{}\" of {here} isn't in it",
            peer.name
        ));
    };
    let there = place(theirs, other.at);
    if peer.role == other.role {
        return Err(format!(
            "{there}: the same role as in {here}: one is `primary`, one `secondary`"
        ));
    }
    let sides = [
        (
            "address",
            other.address.as_ref(),
            "peer address",
            Some(&peer.peer_address),
        ),
        (
            "peer address",
            Some(&other.peer_address),
            "address",
            peer.address.as_ref(),
        ),
    ];
    for (theirs, other, ours, own) in sides {
        if let (Some(other), Some(own)) = (
            other.and_then(AddressOrName::address),
            own.and_then(AddressOrName::address),
        ) && other != own
        {
            return Err(format!(
                "{there}: {theirs} {other}, but {ours} {own} in {here}"
            ));
        }
    }
    for (theirs, other, ours, own) in [
        ("port", other.port, "peer port", peer.peer_port),
        ("peer port", other.peer_port, "port", peer.port),
    ] {
        if other != own {
            return Err(format!(
                "{there}: {theirs} {other}, but {ours} {own} in {here}"
            ));
        }
    }
    let mut theirs = of_one(theirs, &peer.name);
    leave_out_closed(&mut theirs);
    if addresses(ours) != addresses(&theirs) {
        notes.push(format!(
            "the pools of {here} and {there} don't have the same addresses"
        ));
    }
    Ok(theirs)
}

/// A configuration with only the pools of one relationship: the others' clients don't concern it.
fn of_one(conf: &Config, name: &str) -> Config {
    let mut conf = conf.clone();
    conf.failover_peers.retain(|peer| peer.name == name);
    for network in &mut conf.shared_networks {
        let inherited = network.failover_peer.clone();
        let keep = |pool: &Pool| match &pool.failover {
            PoolFailover::Peer(peer) => peer == name,
            PoolFailover::Inherit => inherited.as_deref() == Some(name),
            PoolFailover::None => false,
        };
        network.pools.retain(keep);
        network
            .subnets
            .iter_mut()
            .for_each(|subnet| subnet.pools.retain(keep));
        if inherited.as_deref() != Some(name) {
            network.failover_peer = None;
        }
    }
    conf
}

fn pools(network: &SharedNetwork) -> impl Iterator<Item = &Pool> {
    let inner = network.subnets.iter().flat_map(|subnet| &subnet.pools);
    network.pools.iter().chain(inner)
}

/// First and last addresses of all pools.
fn addresses(conf: &Config) -> Vec<(Ipv4Addr, Ipv4Addr)> {
    let pools = conf.shared_networks.iter().flat_map(pools);
    let ranges = pools.flat_map(|pool| pool.ranges.iter().map(|range| (range.low, range.high)));
    let mut ranges: Vec<_> = ranges.collect();
    ranges.sort_unstable();
    ranges
}

/// Takes out the pools that not every client may use, and says so.
fn leave_out_closed(conf: &mut Config) -> Vec<String> {
    let closed = |pool: &&Pool| !takes_strangers(pool);
    let places: Vec<String> = conf
        .shared_networks
        .iter()
        .flat_map(pools)
        .filter(closed)
        .map(|pool| place(conf, pool.at))
        .collect();
    for network in &mut conf.shared_networks {
        network.pools.retain(takes_strangers);
        let subnets = network.subnets.iter_mut();
        subnets.for_each(|subnet| subnet.pools.retain(takes_strangers));
    }
    let note = |place| format!("{place}: the pool is left out: not every client may use it");
    places.into_iter().map(note).collect()
}

/// Where clients can get an address.
fn networks(conf: &Config) -> Vec<Network> {
    let networks = conf.shared_networks.iter().filter_map(|network| {
        let ranges = pools(network).flat_map(|pool| &pool.ranges);
        let sizes = ranges.map(|range| range.high.to_bits() - range.low.to_bits() + 1);
        let size = sizes.fold(0, u32::saturating_add);
        let relay = Ipv4Addr::from(network.subnets.first()?.network.to_bits() + 1);
        (size > 0).then_some(Network { relay, size })
    });
    networks.collect()
}

/// Whether a client that nothing is known of may have an address of this pool.
fn takes_strangers(pool: &Pool) -> bool {
    let is_stranger = |permit: &Permit| {
        matches!(
            permit,
            Permit::UnknownClients | Permit::UnauthenticatedClients | Permit::AllClients
        )
    };
    (pool.permits.is_empty() || pool.permits.iter().any(is_stranger))
        && !pool.prohibits.iter().any(is_stranger)
}
