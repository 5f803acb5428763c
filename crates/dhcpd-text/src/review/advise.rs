//! What is doubtful in one file.

use std::net::Ipv4Addr;

use super::declared::{Declared, DeclaredPool};
use super::peers::said;
use super::pools::routers;
use super::{Document, Level, Place, Remark};
use crate::conf::{AddressOrName, FailoverPeer, Role, Settings};

/// Lease times below this make clients come back so often that a server's short outage is felt, seconds.
const HOUR: u32 = 3600;
/// ISC's default lease time and its limit, seconds.
const DEFAULT_LEASE_TIME: u32 = 43_200;
const MAX_LEASE_TIME: u32 = 86_400;

/// Looks at one file for what is legal and seldom meant. Places are in [`Remark::a`].
#[must_use]
pub fn advise(document: &Document) -> Vec<Remark> {
    let side = Declared::new(document);
    let mut advice = Advice {
        side: &side,
        found: Vec::new(),
    };
    for peer in &side.config.failover_peers {
        advice.peer(peer);
    }
    for pool in &side.pools {
        advice.pool(pool);
    }
    advice.addresses();
    advice.hosts();
    advice.found
}

struct Advice<'d> {
    side: &'d Declared<'d>,
    found: Vec<Remark>,
}

impl Advice<'_> {
    fn push(&mut self, level: Level, what: &'static str, text: String, at: Option<Place>) {
        let known = self
            .found
            .iter()
            .any(|other| other.what == what && other.a == at && other.text == text);
        if !known {
            self.found.push(Remark {
                level,
                what,
                text,
                a: at,
                b: None,
            });
        }
    }

    fn said(&self, peer: &FailoverPeer, words: &[&str]) -> Option<Place> {
        said(self.side, peer, words).or_else(|| self.side.place_at(peer.at))
    }

    fn peer(&mut self, peer: &FailoverPeer) {
        let balance = peer.load_balance_max_seconds;
        if balance >= peer.max_response_delay {
            let text = format!(
                "load balance max seconds {balance} is not below max-response-delay {}: when the partner hangs, its clients are without an answer for as long as it takes to notice",
                peer.max_response_delay
            );
            let at = self.said(peer, &["load balance max seconds"]);
            self.push(Level::Warning, "response-delay", text, at);
        }
        if peer.role == Role::Secondary && peer.mclt.is_some() {
            let text =
                "mclt belongs on the primary: the primary's counts as soon as the two have met"
                    .to_owned();
            let at = self.said(peer, &["mclt"]);
            self.push(Level::Warning, "mclt-on-secondary", text, at);
        }
        if peer.split == Some(0) || peer.split == Some(256) {
            let text = format!(
                "split {} gives all clients to one server: the other one is only a spare",
                peer.split.unwrap_or(0)
            );
            let at = self.said(peer, &["split"]);
            self.push(Level::Note, "split-one-sided", text, at);
        }
        self.names(peer);
        self.ports(peer);
    }

    fn names(&mut self, peer: &FailoverPeer) {
        let sides = [
            ("peer address", Some(&peer.peer_address)),
            ("address", peer.address.as_ref()),
        ];
        for (statement, address) in sides {
            if let Some(AddressOrName::Name(name)) = address {
                let text = format!(
                    "{name} is looked up when the server starts: without DNS, which may need this very server, it does not start; write the address"
                );
                let at = self.said(peer, &[statement]);
                self.push(Level::Warning, "address-by-name", text, at);
            }
        }
        if peer.address.is_some() && peer.address.as_ref() == Some(&peer.peer_address) {
            let text = "this server's address and its partner's are the same".to_owned();
            let at = self.said(peer, &["peer address"]);
            self.push(Level::Error, "same-address", text, at);
        }
    }

    fn ports(&mut self, peer: &FailoverPeer) {
        let shown = |address: Option<&AddressOrName>| match address {
            Some(AddressOrName::Address(address)) => address.to_string(),
            Some(AddressOrName::Name(name)) => name.clone(),
            None => "this server".to_owned(),
        };
        let own = shown(peer.address.as_ref());
        let partner = shown(Some(&peer.peer_address));
        let text = format!(
            "firewalls must let TCP through from {partner} to {own} port {}, and from {own} to {partner} port {}",
            peer.port, peer.peer_port
        );
        let at = self.said(peer, &["port"]);
        self.push(Level::Note, "firewall", text, at);
    }

    fn pool(&mut self, pool: &DeclaredPool<'_>) {
        let at = pool.ranges.first().and_then(|range| range.at.clone());
        let Some(peer) = pool.peer else {
            return;
        };
        if pool.size() < 2 {
            let text = format!(
                "pool {} has one address: one of the two servers will have none to give",
                pool.shown()
            );
            self.push(Level::Warning, "pool-too-small", text, at);
        }
        let peers = &self.side.config.failover_peers;
        let mclt = peers.iter().find(|p| p.name == peer).and_then(|p| p.mclt);
        self.lease_time(pool, mclt);
    }

    fn lease_time(&mut self, pool: &DeclaredPool<'_>, mclt: Option<u32>) {
        type Get = fn(&Settings) -> Option<u32>;
        let scopes = || pool.chain.iter().map(|(_, scope)| *scope);
        let find = |get: Get| scopes().find_map(|scope| get(&self.side.scope(scope).settings));
        let default = find(|s| s.default_lease_time);
        let max = find(|s| s.max_lease_time).unwrap_or(MAX_LEASE_TIME);
        let usual = default.unwrap_or(DEFAULT_LEASE_TIME).min(max);
        let statement = if max < default.unwrap_or(DEFAULT_LEASE_TIME) {
            "max-lease-time"
        } else {
            "default-lease-time"
        };
        let at = self.parameter(pool, statement);
        if let Some(mclt) = mclt.filter(|mclt| usual < *mclt) {
            let text = format!(
                "leases of {usual} s are shorter than the MCLT of {mclt} s: a server alone holds every address back for longer than its lease, and clients renew more often than the protocol asks for"
            );
            self.push(Level::Warning, "lease-time-under-mclt", text, at.clone());
        }
        if usual < HOUR {
            let text = format!(
                "leases of {usual} s make each client come back every {} s; clients whose server is away for {usual} s lose their address",
                usual / 2
            );
            self.push(Level::Warning, "lease-time-short", text, at);
        }
    }

    /// The statement of a parameter that is in force in a pool.
    fn parameter(&self, pool: &DeclaredPool<'_>, name: &str) -> Option<Place> {
        let outline = self.side.outline;
        let found = pool.chain.iter().find_map(|(_, scope)| {
            let statements = self.side.scope(*scope).statements.iter().rev();
            let mut nodes = statements.filter_map(|statement| outline.at(statement.at));
            nodes.find(|node| outline.word(*node) == name)
        });
        found.map(|node| outline.place(node))
    }

    /// Addresses in pools that somebody else has for good.
    fn addresses(&mut self) {
        let side = self.side;
        for peer in &side.config.failover_peers {
            let both = [
                (peer.address.as_ref(), "this server's"),
                (Some(&peer.peer_address), "the partner's"),
            ];
            for (address, whose) in both {
                if let Some(address) = address.and_then(AddressOrName::address) {
                    let text = format!(
                        "{address}, {whose} own address, is in the pool: a client will get it"
                    );
                    self.covered(Level::Error, "pool-covers-server", address, text);
                }
            }
        }
        for router in routers(side) {
            let text = format!(
                "{router} (option routers) is in the pool: a client will get the router's address"
            );
            self.covered(Level::Warning, "pool-covers-router", router, text);
        }
    }

    fn covered(&mut self, level: Level, what: &'static str, address: Ipv4Addr, text: String) {
        if let Some(range) = self.side.range_of(address) {
            let at = range.at.clone();
            self.push(level, what, text, at);
        }
    }

    fn hosts(&mut self) {
        for host in &self.side.config.hosts {
            for address in &host.fixed_addresses {
                if self.side.range_of(*address).is_some() {
                    let text = format!(
                        "the fixed address {address} of host {} is in a pool too: another client may get it",
                        host.name
                    );
                    let at = self.side.place_at(host.at);
                    self.push(Level::Warning, "fixed-address-in-pool", text, at);
                }
            }
        }
    }
}
