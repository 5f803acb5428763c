//! A server that is killed at any moment has forgotten nothing that a client was told.

mod common;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use common::{
    ACK, CONF, OFFER, Relay, Reply, Rig, discover, is_kept, last_leases, mac, request, unix_now,
};

const KILLS: u32 = 200;
/// Clients at one time.
const WINDOW: u32 = 32;
/// Clients that there are: each comes back many times.
const CLIENTS: u32 = 3000;

/// Every ACK that a client has seen: whose, what, when.
type Acked = BTreeMap<Ipv4Addr, (u32, Reply, u64)>;

#[test]
fn two_hundred_kills_under_load() {
    let mut rig = Rig::new("kill9", CONF);
    let relay = rig.relay();
    relay
        .socket
        .set_read_timeout(Some(Duration::from_millis(2)))
        .unwrap();
    let mut acked = Acked::new();
    let mut acks = 0;
    let mut next = 0;
    for kill in 0..KILLS {
        rig.start();
        // Different moments of the first writes, of full load, and of everything between.
        let alive = Duration::from_millis(u64::from(kill * 7 % 61) + 5);
        acks += load(&relay, alive, &mut next, &mut acked);
        rig.kill9();
        acks += drain(&relay, &mut acked);
        let leases = last_leases(&rig.leases());
        for (address, (client, ack, at)) in &acked {
            assert!(
                is_kept(&leases, ack, mac(*client), *at),
                "kill {kill}: {address} of client {client} is lost"
            );
        }
    }
    assert!(acks > KILLS, "there was load: {acks} ACKs");
}

/// Keeps clients coming for so long; returns how many ACKs they saw.
fn load(relay: &Relay, alive: Duration, next: &mut u32, acked: &mut Acked) -> u32 {
    let end = Instant::now() + alive;
    let mut acks = 0;
    for _ in 0..WINDOW {
        begin(relay, next);
    }
    while Instant::now() < end {
        match relay.receive() {
            Some(offer) if offer.kind == OFFER => relay.send(&request(offer.client(), &offer)),
            Some(ack) if ack.kind == ACK => {
                acks += 1;
                note(ack, acked);
                begin(relay, next);
            }
            _ => {}
        }
    }
    acks
}

/// What the server had sent when it was killed counts: a client may have it.
fn drain(relay: &Relay, acked: &mut Acked) -> u32 {
    let mut acks = 0;
    while let Some(reply) = relay.receive() {
        if reply.kind == ACK {
            acks += 1;
            note(reply, acked);
        }
    }
    acks
}

fn begin(relay: &Relay, next: &mut u32) {
    *next = (*next + 1) % CLIENTS;
    relay.send(&discover(*next));
}

fn note(ack: Reply, acked: &mut Acked) {
    acked.insert(ack.yiaddr, (ack.client(), ack, unix_now()));
}
