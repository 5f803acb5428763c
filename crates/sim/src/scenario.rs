//! What a run is about: the configuration of both servers, the clients, the faults, all drawn from the seed.

use core::fmt;
use std::net::Ipv4Addr;

use dhcp4_server::{Interface, ServerConfig};
use dhcpd_text::conf;

use crate::clock::Time;
use crate::event::NodeId;
use crate::fault::{Fault, Faults};
use crate::options::Options;
use crate::random::Stream;
use crate::site::Site;

/// One hour, ms.
pub const HOUR: Time = 3_600_000;
/// Index of each server's only interface.
pub(crate) const INTERFACE: u32 = 1;
/// Addresses of the servers, on the network of the clients that need no relay.
const SERVERS: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2)];
/// Address of the relay agent on the network of the others.
const RELAY: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 1);
/// The relationship.
const NAME: &str = "pair";
/// Most that the wall clocks may differ, ms: less than the 60 s at which the servers refuse each other, since messages
/// are stamped in whole seconds and are on their way for a while.
const MAX_SKEW: u64 = 55_000;
/// Most that a clock runs too fast or too slow, millionths: a bad crystal.
const MAX_DRIFT: u64 = 200;
/// How far a clock that is set is from the truth at most, ms.
pub(crate) const MAX_OFFSET: u64 = MAX_SKEW / 2;

/// Everything that is fixed before a run begins.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Everything else follows from it.
    pub seed: u64,
    /// Length of the part with faults, ms.
    pub duration: Time,
    /// Fault classes of this run.
    pub faults: Faults,
    /// Numbers of clients on the servers' own network and behind the relay.
    pub clients: [u64; 2],
    /// Pool sizes of both networks.
    pub addresses: [u32; 2],
    /// `mclt`, seconds.
    pub mclt: u32,
    /// `default-lease-time`, seconds.
    pub default_lease: u32,
    /// `max-lease-time`, seconds.
    pub max_lease: u32,
    /// `max-response-delay`, seconds.
    pub response_delay: u32,
    /// `max-unacked-updates`
    pub unacked: u32,
    /// `split`
    pub split: u32,
    /// `load balance max seconds`
    pub balance_seconds: u32,
    /// `ping-check`
    pub ping_check: bool,
    /// `dhcp-cache-threshold`, percent.
    pub cache_threshold: u32,
    /// How far each server's wall clock is ahead, ms.
    pub offsets: [i64; 2],
    /// How much too fast each server's monotonic clock runs, millionths.
    pub drifts: [i64; 2],
    /// `auto-partner-down`, seconds; 0 is never.
    pub auto_partner_down: u32,
    /// Pools that each network's addresses are divided into.
    pub pools: u32,
    /// The lease file is written anew at each start, as the daemon does, instead of being appended to.
    pub rewrites: bool,
    /// An operator's own servers, whose configurations hold instead of what is said above.
    pub site: Option<Box<Site>>,
}

impl Scenario {
    /// The scenario of a seed.
    #[must_use]
    pub fn draw(seed: u64, options: &Options) -> Self {
        let mut faults = Faults::draw(seed);
        options
            .without
            .iter()
            .for_each(|fault| faults.set(*fault, false));
        options
            .with
            .iter()
            .for_each(|fault| faults.set(*fault, true));
        let mut knobs = Stream::new(seed, "knobs");
        let drawn_duration = knobs.between(2, 12) * HOUR;
        let drawn_clients = knobs.spread(1, 40);
        let total = options.clients.unwrap_or(drawn_clients);
        let relayed = match knobs.below(3) {
            0 => 0,
            1 => total / 2,
            _ => total,
        };
        let clients = [total - relayed, relayed];
        // From too few addresses to plenty.
        let percent = knobs.spread(60, 400);
        let most = options.addresses.unwrap_or(u32::MAX);
        let addresses = clients.map(|clients| ((clients * percent / 100 + 4) as u32).min(most));
        let mclt = knobs.spread(60, 3600) as u32;
        let max_lease = knobs.spread(120, 8 * u64::from(mclt).max(60)) as u32;
        let half = knobs.chance(500);
        let skew = knobs.below(MAX_SKEW) as i64;
        let early = knobs.below(2) as usize;
        let mut drifts = Stream::new(seed, Fault::ClockDrift.name());
        let mut offsets = [0, 0];
        if faults.has(Fault::ClockOffset) {
            offsets[early] = skew / 2;
            offsets[1 - early] = skew / 2 - skew;
        }
        let drawn = Self {
            seed,
            duration: options.duration.unwrap_or(drawn_duration),
            faults,
            clients,
            addresses,
            mclt,
            default_lease: if half { max_lease / 2 } else { max_lease },
            max_lease,
            response_delay: knobs.spread(6, 60) as u32,
            unacked: knobs.spread(1, 64) as u32,
            split: knobs.pick(&[0, 64, 128, 128, 255, 256]),
            balance_seconds: knobs.pick(&[0, 3, 3, 10]),
            ping_check: knobs.chance(250),
            cache_threshold: knobs.pick(&[0, 25]),
            offsets,
            drifts: match faults.has(Fault::ClockDrift) {
                true => [0, 1].map(|_| drifts.between(0, 2 * MAX_DRIFT) as i64 - MAX_DRIFT as i64),
                false => [0; 2],
            },
            auto_partner_down: match faults.has(Fault::Automatic) {
                true => Stream::new(seed, Fault::Automatic.name()).spread(60, 3600) as u32,
                false => 0,
            },
            pools: match faults.has(Fault::Pools) {
                true => Stream::new(seed, Fault::Pools.name()).between(2, 3) as u32,
                false => 1,
            },
            rewrites: knobs.chance(500),
            site: None,
        };
        if options.reference {
            drawn.reference(options.clients)
        } else {
            drawn
        }
    }

    fn reference(mut self, clients: Option<u64>) -> Self {
        let clients = clients.unwrap_or(50);
        self.faults.set(Fault::Steady, true);
        Self {
            clients: [clients / 2, clients - clients / 2],
            addresses: [clients as u32; 2],
            mclt: 3600,
            default_lease: 8 * 3600,
            max_lease: 8 * 3600,
            response_delay: 60,
            unacked: 10,
            split: 128,
            balance_seconds: 3,
            ..self
        }
    }

    /// An operator's own pair, without faults; what happens to it is up to a [`Drill`](crate::Drill).
    #[must_use]
    pub(crate) fn of_site(seed: u64, site: Site) -> Self {
        Self {
            seed,
            duration: 0,
            faults: Faults::none(),
            clients: [0, site.relays.len() as u64],
            addresses: [0; 2],
            mclt: site.mclt,
            default_lease: 0,
            max_lease: 0,
            response_delay: 0,
            unacked: 0,
            split: 0,
            balance_seconds: 0,
            ping_check: false,
            cache_threshold: 0,
            offsets: [0; 2],
            drifts: [0; 2],
            auto_partner_down: 0,
            pools: 1,
            rewrites: true,
            site: Some(Box::new(site)),
        }
    }

    /// The address at which clients know a server.
    #[must_use]
    pub(crate) fn server(&self, node: NodeId) -> Ipv4Addr {
        self.site
            .as_ref()
            .map_or(SERVERS[node], |site| site.addresses[node])
    }

    /// Whether what a client sends to this address reaches a server. An identifier that an operator has chosen may be
    /// an address of both.
    #[must_use]
    pub(crate) fn hears(&self, node: NodeId, address: Ipv4Addr) -> bool {
        let own = [0, 1].map(|node| self.server(node));
        address == own[node] || (self.site.is_some() && !own.contains(&address))
    }

    /// The address from which the partner of a server connects to it.
    #[must_use]
    pub(crate) fn partner_of(&self, node: NodeId) -> Ipv4Addr {
        self.site
            .as_ref()
            .map_or(SERVERS[1 - node], |site| site.partners[node])
    }

    /// The relay agent of a client.
    #[must_use]
    pub(crate) fn relay(&self, client: usize) -> Ipv4Addr {
        self.site.as_ref().map_or(RELAY, |site| site.relays[client])
    }

    /// How far one server's wall clock is ahead of the other's, ms.
    #[must_use]
    pub(crate) fn skew(&self) -> u64 {
        self.offsets[0].abs_diff(self.offsets[1])
    }

    /// What clocks excuse: addresses may be held twice for so long, ms.
    #[must_use]
    pub(crate) fn tolerance(&self) -> u64 {
        let stray = [Fault::ClockStep, Fault::ClockDrift];
        match stray.iter().any(|fault| self.faults.has(*fault)) {
            true => MAX_SKEW,
            false => self.skew(),
        }
    }

    /// Network of a client: 0 is the servers' own, 1 the one behind the relay.
    #[must_use]
    pub(crate) fn network_of(&self, client: usize) -> usize {
        usize::from(client as u64 >= self.clients[0])
    }

    /// The dhcpd.conf of a server.
    #[must_use]
    pub(crate) fn conf(&self, node: NodeId) -> String {
        let role = match node {
            0 => format!("primary; mclt {}; split {};", self.mclt, self.split),
            _ => "secondary;".to_owned(),
        };
        let mut text = format!(
            "authoritative;\nddns-update-style none;\nmin-lease-time 30;\n\
             default-lease-time {};\nmax-lease-time {};\nping-check {};\ndhcp-cache-threshold {};\n\
             failover peer \"{NAME}\" {{\n  {role}\n  address {}; port 647;\n  peer address {}; peer port 647;\n  \
             max-response-delay {};\n  max-unacked-updates {};\n  load balance max seconds {};\n{}}}\n",
            self.default_lease,
            self.max_lease,
            self.ping_check,
            self.cache_threshold,
            SERVERS[node],
            SERVERS[1 - node],
            self.response_delay,
            self.unacked,
            self.balance_seconds,
            match self.auto_partner_down {
                0 => String::new(),
                seconds => format!("  auto-partner-down {seconds};\n"),
            },
        );
        for (network, addresses) in self.addresses.iter().enumerate() {
            text += &format!(
                "subnet 10.{network}.0.0 netmask 255.255.0.0 {{\n  option routers 10.{network}.0.1;\n"
            );
            let pools = self.pools.min(*addresses);
            for pool in 0..pools {
                let (first, behind) = (addresses * pool / pools, addresses * (pool + 1) / pools);
                text += &format!(
                    "  pool {{\n    failover peer \"{NAME}\";\n    range {} {};\n  }}\n",
                    address(network, first),
                    address(network, behind - 1),
                );
            }
            text += "}\n";
        }
        text
    }

    /// The configuration of a server, read from its dhcpd.conf.
    ///
    /// # Panics
    /// If the file isn't accepted: it was written for that.
    #[must_use]
    pub(crate) fn config(&self, node: NodeId) -> ServerConfig {
        if let Some(site) = &self.site {
            return site.servers[node].clone();
        }
        let text = self.conf(node);
        let parsed = conf::parse("dhcpd.conf", &text, &mut |_| {
            Err::<String, _>("no includes".into())
        })
        .unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
        let interface = Interface {
            name: "eth0".into(),
            index: INTERFACE,
            addresses: vec![(SERVERS[node], Ipv4Addr::new(255, 255, 0, 0))],
            mac: [2, 0, 0, 0, 0, node as u8 + 1],
        };
        let (config, _) = ServerConfig::from_conf(&parsed.config, &[interface])
            .unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
        config
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} h; {}+{} clients; {}+{} addresses; mclt {}; lease {}..{}; max-response-delay {}; \
             max-unacked-updates {}; split {}; load balance max seconds {}; ping-check {}; \
             dhcp-cache-threshold {}; clocks {:+.1} s {:+.1} s; faults: {}",
            self.duration / HOUR,
            self.clients[0],
            self.clients[1],
            self.addresses[0],
            self.addresses[1],
            self.mclt,
            self.default_lease,
            self.max_lease,
            self.response_delay,
            self.unacked,
            self.split,
            self.balance_seconds,
            self.ping_check,
            self.cache_threshold,
            self.offsets[0] as f64 / 1000.0,
            self.offsets[1] as f64 / 1000.0,
            self.faults,
        )
    }
}

fn address(network: usize, number: u32) -> Ipv4Addr {
    let first = u32::from(Ipv4Addr::new(10, network as u8, 1, 0));
    Ipv4Addr::from(first + number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_configuration_is_accepted() {
        for seed in 0..200 {
            let scenario = Scenario::draw(seed, &Options::default());
            for node in [0, 1] {
                let config = scenario.config(node);
                assert_eq!(config.relationships().count(), 1);
                assert!(config.serves_interface(INTERFACE));
            }
            assert!(scenario.skew() < 60_000);
        }
    }

    #[test]
    fn leaving_a_fault_out_leaves_the_rest_alone() {
        let with = Scenario::draw(3, &Options::default());
        let options = Options {
            without: vec![Fault::Crash],
            ..Options::default()
        };
        let without = Scenario::draw(3, &options);
        assert_eq!(with.conf(0), without.conf(0));
        assert_eq!(with.offsets, without.offsets);
        assert!(!without.faults.has(Fault::Crash));
    }
}
