//! What only shows when the whole configuration is known.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::build::Build;
use super::{FailoverPeer, Location, Pool, PoolFailover, Role, Subnet};
use crate::diagnostic::Severity;

/// The addresses that ranges have taken: disjoint runs, the first address of each with its last.
#[derive(Default)]
pub(super) struct Claimed(BTreeMap<u32, u32>);

impl Claimed {
    /// Takes the addresses from `low` to `high`; answers the runs among them that were taken before, in order.
    pub(super) fn claim(&mut self, low: Ipv4Addr, high: Ipv4Addr) -> Vec<(Ipv4Addr, Ipv4Addr)> {
        let (mut low, mut high) = (low.to_bits(), high.to_bits());
        let mut runs: Vec<(u32, u32)> = self
            .0
            .range(..=high)
            .rev()
            .take_while(|(_, last)| **last >= low)
            .map(|(first, last)| (*first, *last))
            .collect();
        runs.reverse();
        let shared = runs
            .iter()
            .map(|(first, last)| ((*first).max(low).into(), (*last).min(high).into()))
            .collect();
        for (first, last) in runs {
            self.0.remove(&first);
            (low, high) = (low.min(first), high.max(last));
        }
        self.0.insert(low, high);
        shared
    }
}

impl Build<'_> {
    /// Reports what is wrong or doubtful in the configuration as a whole.
    pub(super) fn check(&mut self) {
        self.check_peers();
        self.check_overlaps();
        self.check_omapi_key();
    }

    fn check_peers(&mut self) {
        for peer in self.config.failover_peers.clone() {
            self.check_use(&peer);
            for message in doubts(&peer) {
                self.report_at(Severity::Warning, peer.at, message, None);
            }
        }
    }

    fn check_use(&mut self, peer: &FailoverPeer) {
        let named =
            |pool: &Pool| matches!(&pool.failover, PoolFailover::Peer(name) if *name == peer.name);
        // As in ISC, pools that inherit the peer from a shared network do not count.
        if self.pools().any(named) {
            return;
        }
        let name = &peer.name;
        let message = format!(
            "ERROR: Failover peer, {name}, has no referring pools. You must refer to each peer in at least one pool declaration."
        );
        let expected = format!("`failover peer \"{name}\";` in a pool");
        self.report_at(Severity::Error, peer.at, message, Some(expected));
    }

    fn pools(&self) -> impl Iterator<Item = &Pool> {
        self.config.shared_networks.iter().flat_map(|network| {
            network
                .pools
                .iter()
                .chain(network.subnets.iter().flat_map(|subnet| &subnet.pools))
        })
    }

    /// A subnet inside another one; ISC warns of it and takes the narrower one for an address.
    fn check_overlaps(&mut self) {
        let mut subnets: Vec<(u32, u32, Location, String)> = self
            .config
            .shared_networks
            .iter()
            .flat_map(|network| &network.subnets)
            .map(|subnet| {
                (
                    subnet.network.to_bits(),
                    last(subnet),
                    subnet.at,
                    shown(subnet),
                )
            })
            .collect();
        // The wider one first: the one above an overlap on the stack holds it whole.
        subnets.sort_by_key(|(first, last, ..)| (*first, std::cmp::Reverse(*last)));
        let mut around: Vec<(u32, String)> = Vec::new();
        for (first, last, at, name) in subnets {
            while around.pop_if(|(outer, _)| *outer < first).is_some() {}
            if let Some((_, outer)) = around.last() {
                self.report_at(
                    Severity::Warning,
                    at,
                    format!("subnet {name} overlaps subnet {outer}"),
                    None,
                );
            }
            around.push((last, name));
        }
    }

    fn check_omapi_key(&mut self) {
        let server = &self.config.server;
        let Some(name) = &server.omapi_key else {
            return;
        };
        if server.keys.iter().any(|key| key.name == *name) {
            return;
        }
        let message = format!("OMAPI key {name}: not found");
        let expected = format!("a key {name} that is declared in the file");
        let at = self.omapi_key_at;
        self.report_at(Severity::Error, at, message, Some(expected));
    }
}

fn last(subnet: &Subnet) -> u32 {
    subnet.network.to_bits() | !subnet.netmask.to_bits()
}

fn shown(subnet: &Subnet) -> String {
    format!(
        "{}/{}",
        subnet.network,
        subnet.netmask.to_bits().leading_ones()
    )
}

/// What ISC accepts in silence, or with a line in its log, and a good deal of its users did not mean.
fn doubts(peer: &FailoverPeer) -> Vec<String> {
    let name = &peer.name;
    let mut doubts = Vec::new();
    if peer.load_balance_max_seconds == 0 {
        doubts.push(format!("load balancing will be disabled for failover peer {name}, because its load balance max seconds is 0"));
    }
    if peer.role == Role::Secondary && peer.mclt.is_some() {
        doubts.push(format!("mclt on the secondary of failover peer {name} has no effect once the primary was met: the primary's counts"));
    }
    if peer.address.is_none() {
        doubts.push(format!("failover peer {name} has no address of its own: ISC dhcpd accepts the file and stops at start-up"));
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(claimed: &mut Claimed, low: u8, high: u8) -> Vec<(u8, u8)> {
        let address = |last| Ipv4Addr::new(10, 0, 0, last);
        claimed
            .claim(address(low), address(high))
            .into_iter()
            .map(|(low, high)| (low.octets()[3], high.octets()[3]))
            .collect()
    }

    #[test]
    fn overlaps_are_found_wherever_they_are() {
        let mut claimed = Claimed::default();
        assert!(claim(&mut claimed, 10, 20).is_empty());
        assert!(claim(&mut claimed, 30, 40).is_empty());
        assert!(claim(&mut claimed, 21, 29).is_empty());
        assert_eq!(claim(&mut claimed, 15, 15), [(15, 15)]);
        assert_eq!(claim(&mut claimed, 5, 50), [(10, 20), (21, 29), (30, 40)]);
        assert_eq!(claim(&mut claimed, 0, 6), [(5, 6)]);
        assert_eq!(claim(&mut claimed, 50, 255), [(50, 50)]);
    }
}
