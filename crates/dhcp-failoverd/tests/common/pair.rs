//! Two servers of ours that are partners, on loopback.

use std::time::{Duration, Instant};

use super::{ACK, OFFER, PATIENCE, Relay, Reply, Rig, discover, free_port, request};

/// The relationship's name.
pub const PEER: &str = "pair";

pub struct Pair {
    pub primary: Rig,
    pub secondary: Rig,
    /// Where the primary listens for its partner.
    pub primary_port: u16,
}

impl Pair {
    /// Both configured, neither running. They share 1022 addresses; MCLT is `mclt` seconds.
    pub fn new(name: &str, mclt: u32) -> Self {
        let (first, second) = (free_port(), free_port());
        let lead = format!("mclt {mclt}; split 128;");
        let primary = conf("primary", 1, first, 2, second, &lead);
        let secondary = conf("secondary", 2, second, 1, first, "");
        Self {
            primary: Rig::new(&format!("{name}-primary"), &primary),
            secondary: Rig::new(&format!("{name}-secondary"), &secondary),
            primary_port: first,
        }
    }

    /// Starts both and waits until both are NORMAL.
    pub fn start(&mut self) {
        self.primary.start();
        self.secondary.start();
        self.wait_normal();
    }

    pub fn wait_normal(&self) {
        for rig in [&self.primary, &self.secondary] {
            rig.wait_for(PEER, "local=normal partner=normal");
        }
    }

    /// Waits until neither has an update left to send.
    pub fn wait_quiet(&self) {
        for rig in [&self.primary, &self.secondary] {
            rig.wait_for(PEER, "queued=0 unacked=0");
        }
    }

    pub fn relays(&self) -> [Relay; 2] {
        [&self.primary, &self.secondary].map(|rig| {
            let relay = rig.relay();
            relay
                .socket
                .set_read_timeout(Some(Duration::from_millis(5)))
                .unwrap();
            relay
        })
    }
}

fn conf(role: &str, me: u8, port: u16, partner: u8, partner_port: u16, lead: &str) -> String {
    format!(
        "ddns-update-style none;
authoritative;
ping-check false;
default-lease-time 600;
max-lease-time 600;
failover peer \"{PEER}\" {{
  {role};
  address 127.0.0.{me};
  port {port};
  peer address 127.0.0.{partner};
  peer port {partner_port};
  max-response-delay 10;
  max-unacked-updates 10;
  load balance max seconds 3;
  {lead}
}}
subnet 127.0.0.0 netmask 255.0.0.0 {{
  pool {{
    failover peer \"{PEER}\";
    range 127.10.0.1 127.10.3.254;
  }}
}}
"
    )
}

/// A client that speaks to all servers and takes the first offer.
pub fn dora(relays: &[Relay], client: u32) -> Reply {
    let packet = discover(client);
    relays.iter().for_each(|relay| relay.send(&packet));
    let (relay, offer) = answer(relays, client, OFFER);
    relay.send(&request(client, &offer));
    answer(relays, client, ACK).1
}

fn answer(relays: &[Relay], client: u32, kind: u8) -> (&Relay, Reply) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        for relay in relays {
            if let Some(reply) = relay.receive()
                && (reply.client(), reply.kind) == (client, kind)
            {
                return (relay, reply);
            }
        }
        assert!(
            Instant::now() < deadline,
            "client {client} gets no answer of type {kind}"
        );
    }
}
