//! Two servers wired back to back.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod rig;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use dhcp_failover::{BindingStatus, ServerState};
use dhcp4_server::{ConnId, Output};
use dhcp4_wire::{Message, MessageType};
use rig::{Rig, discover, renew, request};

const A: [u8; 4] = [192, 168, 1, 10];
const B: [u8; 4] = [192, 168, 1, 11];

/// The configuration of the article, and its mirror.
fn conf(primary: bool) -> String {
    let (role, own, peer) = if primary {
        (
            "primary; mclt 3600; split 128;",
            "192.168.1.10",
            "192.168.1.11",
        )
    } else {
        ("secondary;", "192.168.1.11", "192.168.1.10")
    };
    format!(
        "ping-check false;
         failover peer \"dhcp-failover\" {{
           {role} address {own}; port 647; peer address {peer}; peer port 647;
           max-response-delay 30; max-unacked-updates 10; load balance max seconds 3;
         }}
         shared-network \"internal-net\" {{
           subnet 192.168.1.0 netmask 255.255.255.0 {{
             option routers 192.168.1.1;
             pool {{ failover peer \"dhcp-failover\"; range 192.168.1.50 192.168.1.150; }}
           }}
         }}"
    )
}

struct Pair {
    servers: [Rig; 2],
    /// The other end of each connection.
    ends: BTreeMap<(usize, ConnId), ConnId>,
    next_conn: u64,
    cut: bool,
    /// What was performed already, per server.
    seen: [usize; 2],
}

impl Pair {
    fn new() -> Self {
        let servers = [Rig::new(&conf(true), A), Rig::new(&conf(false), B)];
        let mut pair = Self {
            servers,
            ends: BTreeMap::new(),
            next_conn: 0,
            cut: false,
            seen: [0; 2],
        };
        pair.deliver();
        pair
    }

    /// Carries what the servers say to each other until both are silent.
    fn deliver(&mut self) {
        loop {
            let mut busy = false;
            for side in 0..2 {
                self.servers[side].perform();
                while let Some(output) = self.servers[side].done.get(self.seen[side]).cloned() {
                    self.seen[side] += 1;
                    busy = true;
                    self.carry(side, output);
                }
            }
            if !busy {
                return;
            }
        }
    }

    fn carry(&mut self, side: usize, output: Output) {
        let now = self.servers[side].now();
        let other = 1 - side;
        match output {
            Output::Dial(id) if self.cut => {
                self.servers[side].server.handle_dial_failed(id, true, now);
            }
            Output::Dial(id) => {
                let (near, far) = (ConnId(self.next_conn), ConnId(self.next_conn + 1));
                self.next_conn += 2;
                self.ends.insert((side, near), far);
                self.ends.insert((other, far), near);
                let from = Ipv4Addr::from([A, B][side]);
                self.servers[other]
                    .server
                    .handle_peer_accepted(far, from, now);
                self.servers[side].server.handle_peer_dialed(id, near, now);
            }
            Output::PeerBytes(conn, bytes) => {
                if let Some(far) = self.ends.get(&(side, conn)).copied() {
                    for byte in bytes.chunks(7) {
                        self.servers[other].server.handle_peer_bytes(far, byte, now);
                    }
                }
            }
            Output::PeerClose(conn) => {
                if let Some(far) = self.ends.remove(&(side, conn)) {
                    self.ends.remove(&(other, far));
                    self.servers[other]
                        .server
                        .handle_peer_disconnected(far, now);
                }
            }
            _ => {}
        }
    }

    fn cut(&mut self) {
        self.cut = true;
        for ((side, conn), _) in std::mem::take(&mut self.ends) {
            let now = self.servers[side].now();
            self.servers[side]
                .server
                .handle_peer_disconnected(conn, now);
        }
        self.deliver();
    }

    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds * 2 {
            for side in 0..2 {
                self.servers[side].pass(500);
            }
            self.deliver();
        }
    }

    fn states(&self) -> [ServerState; 2] {
        [0, 1].map(|side| self.servers[side].server.core().endpoints()[0].state())
    }

    /// Puts a packet to both, as a broadcast reaches both; the replies, each with its server.
    fn broadcast(&mut self, message: &Message) -> Vec<(usize, rig::Reply)> {
        let mut replies = Vec::new();
        for side in 0..2 {
            replies.extend(
                self.servers[side]
                    .send(message)
                    .into_iter()
                    .map(|r| (side, r)),
            );
        }
        self.deliver();
        replies
    }

    fn dora(&mut self, client: u32) -> (usize, rig::Reply) {
        let offers = self.broadcast(&discover(client));
        let [(side, offer)] = &offers[..] else {
            panic!("{offers:?}")
        };
        let ack = self.servers[*side].ask(&request(client, offer.yiaddr));
        assert_eq!(ack.kind, Some(MessageType::ACK));
        self.deliver();
        (*side, ack)
    }

    /// Both tables: address, state, and for leases the client and the end.
    fn tables(&self) -> [Vec<String>; 2] {
        [0, 1].map(|side| {
            let table = self.servers[side].server.core().bindings().iter();
            let lines = table.map(|(address, b)| match b.status {
                BindingStatus::Active => format!("{address} {:?} {:?}", b.client, b.ends),
                status => format!("{address} {status:?}"),
            });
            lines.collect()
        })
    }
}

fn normal() -> Pair {
    let mut pair = Pair::new();
    pair.pass(60);
    assert_eq!(pair.states(), [ServerState::Normal; 2]);
    pair
}

#[test]
fn a_new_pair_becomes_normal_and_each_serves_its_half() {
    let mut pair = normal();
    let mut served = [0; 2];
    for client in 1..=40 {
        let (side, ack) = pair.dora(client);
        served[side] += 1;
        assert_eq!(ack.lease_time(), 3600, "MCLT");
    }
    assert!(served[0] > 10 && served[1] > 10, "{served:?}");
    pair.pass(60);
    let [a, b] = pair.tables();
    assert_eq!(a, b);
    let left = pair.servers[0]
        .log
        .iter()
        .filter(|l| l.ends_with("load balance to peer dhcp-failover"));
    assert_eq!(left.count(), served[1]);
}

#[test]
fn a_renewal_gets_the_whole_lease_once_the_partner_knows() {
    let mut pair = normal();
    let (side, ack) = pair.dora(1);
    pair.pass(1800);
    let again = pair.servers[side].ask(&renew(1, ack.yiaddr));
    assert_eq!(again.lease_time(), 43_200);
}

#[test]
fn cut_off_each_serves_everyone_from_its_own_and_they_meet_again() {
    let mut pair = normal();
    (1..=10).for_each(|client| _ = pair.dora(client));
    pair.cut();
    assert_eq!(pair.states(), [ServerState::CommunicationsInterrupted; 2]);
    let offers = pair.broadcast(&discover(100));
    assert_eq!(offers.len(), 2, "both answer");
    assert_ne!(
        offers[0].1.yiaddr, offers[1].1.yiaddr,
        "each from its own addresses"
    );
    pair.servers[0].ask(&request(100, offers[0].1.yiaddr));
    pair.cut = false;
    pair.pass(60);
    assert_eq!(pair.states(), [ServerState::Normal; 2]);
    let [a, b] = pair.tables();
    assert_eq!(a, b);
}

#[test]
fn while_starting_nobody_is_served() {
    let mut pair = Pair::new();
    pair.cut();
    let mut alone = Rig::new(&conf(true), A);
    alone.send(&discover(1));
    let line = alone.log.last().unwrap();
    assert!(line.ends_with("not responding (startup)"), "{line}");
}

#[test]
fn status_shows_the_pair() {
    let mut pair = normal();
    pair.dora(1);
    let status = pair.servers[0].server.status(pair.servers[0].now());
    let relationship = &status.relationships[0];
    assert_eq!(relationship.name, "dhcp-failover");
    assert!(relationship.connected);
    assert_eq!(relationship.mclt, 3600);
    let pool = &status.pools[0];
    assert_eq!(
        (pool.network.as_str(), pool.size, pool.active),
        ("internal-net", 101, 1)
    );
    assert_eq!(pool.free + pool.backup, 100);
    assert_eq!(pool.relationship.as_deref(), Some("dhcp-failover"));
}
