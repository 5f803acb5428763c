//! One script against one server in one mode.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};

use dhcp_failover::UnixTime;
use dhcp4_server::journal::Reader;
use dhcp4_server::{
    Destination, Ingress, Instant, Interface, Now, Output, Seeds, Server, ServerConfig,
};
use dhcpd_text::conf::{self, PoolFailover};
use serde_json::Value;

use super::packet::{Answers, build, resolve};
use super::reply::{Places, canonical, differences, fields};

/// 2026-11-23, about when the answers were recorded.
const START: u32 = 1_795_400_000;
const INTERFACE: u32 = 2;
/// The machine has been up for longer than the seeded states lie back.
const UPTIME: u64 = 10_000_000_000_000;

pub(crate) fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(path)
}

fn json_of(path: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(data(path)).unwrap()).unwrap()
}

/// How a mode's run came out.
pub(crate) struct Outcome {
    pub(crate) passed: usize,
    /// Exchange, and what differs.
    pub(crate) failed: Vec<(String, Vec<String>)>,
}

/// A server and its clock.
struct World {
    server: Server,
    millis: u64,
    /// Replies since the last look.
    replies: Vec<(Destination, Vec<u8>)>,
    /// Addresses that answer probes.
    alive: BTreeSet<Ipv4Addr>,
    /// Stored since start, so that every ACK of a pool address can be checked to come after its record.
    log: Vec<String>,
}

impl World {
    fn now(&self) -> Now {
        let unix = UnixTime(START + (self.millis / 1000) as u32);
        Now {
            mono: Instant::from_millis(UPTIME + self.millis),
            unix,
        }
    }

    /// Does what the server asks for.
    fn drain(&mut self) {
        while let Some(output) = self.server.poll_output() {
            let now = self.now();
            match output {
                Output::Reply { to, packet } => self.replies.push((to, packet)),
                Output::Probe(address) if self.alive.contains(&address) => {
                    self.server.handle_probe_reply(address, now);
                }
                Output::Dial(id) => self.server.handle_dial_failed(id, true, now),
                Output::Event(event) => self.log.push(event.to_string()),
                Output::Probe(_)
                | Output::Execute { .. }
                | Output::Dns(_)
                | Output::Store(_)
                | Output::PeerBytes(..)
                | Output::PeerClose(_) => {}
            }
        }
    }

    /// Lets time pass, and stops at the first reply.
    fn pass(&mut self, millis: u64, stop_at_reply: bool) {
        let end = self.millis + millis;
        self.drain();
        while !stop_at_reply || self.replies.is_empty() {
            let due = self
                .server
                .poll_timeout()
                .map(|(at, _)| at.as_millis().saturating_sub(UPTIME).max(self.millis));
            match due.filter(|at| *at <= end) {
                Some(at) => {
                    self.millis = at + u64::from(at == self.millis);
                    self.server.handle_timeout(self.now());
                    self.drain();
                }
                None => {
                    self.millis = end;
                    return;
                }
            }
        }
    }
}

/// Reads a configuration of the test data; standalone means without its failover statements.
pub(crate) fn read_conf(name: &str, standalone: bool) -> conf::Config {
    let path = data("confs").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut load = |file: &str| {
        std::fs::read_to_string(data("confs").join(file)).map_err(|error| error.to_string())
    };
    let parsed = conf::parse(name, &text, &mut load).unwrap_or_else(|errors| {
        panic!(
            "{}",
            errors.iter().map(|e| format!("{e}\n")).collect::<String>()
        )
    });
    let mut config = parsed.config;
    if standalone {
        config.failover_peers.clear();
        for network in &mut config.shared_networks {
            network.failover_peer = None;
            let pools = network
                .subnets
                .iter_mut()
                .flat_map(|subnet| &mut subnet.pools);
            pools
                .chain(&mut network.pools)
                .for_each(|pool| pool.failover = PoolFailover::None);
        }
    }
    config
}

fn world(script: &Value, mode: &str, phase: u64) -> (World, Places) {
    let name = script["conf"].as_str().unwrap().rsplit('/').next().unwrap();
    let conf = read_conf(name, mode == "standalone");
    let addresses = script["server"].as_array().unwrap().iter().map(|text| {
        let (address, prefix) = text.as_str().unwrap().split_once('/').unwrap();
        let mask = u32::MAX << (32 - prefix.parse::<u32>().unwrap());
        (address.parse().unwrap(), Ipv4Addr::from(mask))
    });
    let interface = Interface {
        name: "eth0".to_owned(),
        index: INTERFACE,
        addresses: addresses.collect(),
        mac: [2, 0, 0x5e, 0x10, 0, 2],
    };
    let pools = conf.shared_networks.iter().flat_map(|network| {
        network
            .subnets
            .iter()
            .flat_map(|subnet| &subnet.pools)
            .chain(&network.pools)
    });
    let ranges = pools
        .flat_map(|pool| &pool.ranges)
        .map(|range| (range.low, range.high))
        .collect();
    let peers: Vec<String> = conf
        .failover_peers
        .iter()
        .map(|peer| peer.name.clone())
        .collect();
    let (config, _) = ServerConfig::from_conf(&conf, &[interface]).unwrap();
    let file = lease_file(script, mode, &peers);
    let records = Reader::new("dhcpd.leases", file.as_bytes()).map(|entry| entry.unwrap().record);
    let now = Now {
        mono: Instant::from_millis(UPTIME),
        unix: UnixTime(START),
    };
    let server = Server::new(config, records, Seeds { hash_key: [1, 2] }, now).unwrap();
    let mut world = World {
        server,
        millis: 0,
        replies: Vec::new(),
        alive: BTreeSet::new(),
        log: Vec::new(),
    };
    world.pass(16_000 + phase, false);
    (
        world,
        Places {
            ranges,
            owner: BTreeMap::new(),
        },
    )
}

/// What the lease file says at the start of a run.
fn lease_file(script: &Value, mode: &str, peers: &[String]) -> String {
    let states = match mode {
        "standalone" => None,
        "failover" => Some(("partner-down", "communications-interrupted")),
        "interrupted" => Some(("communications-interrupted", "normal")),
        other => panic!("unknown mode {other}"),
    };
    let mut file = String::new();
    for name in peers {
        let (mine, partner) = states.unwrap();
        file += &format!(
            "failover peer \"{name}\" state {{\n  my state {mine} at epoch 1700000000;\n  \
             partner state {partner} at epoch 1700000000;\n}}\n"
        );
    }
    for line in script
        .get("leases")
        .map_or(&[][..], |v| v.as_array().unwrap())
    {
        let mut rest = line.as_str().unwrap();
        while let Some((before, after)) = rest.split_once("@now") {
            let (offset, after) = after.split_once('@').unwrap();
            let offset: i64 = if offset.is_empty() {
                0
            } else {
                offset.parse().unwrap()
            };
            file += &format!("{before}epoch {}", i64::from(START) + offset);
            rest = after;
        }
        file += &format!("{rest}\n");
    }
    file
}

/// Runs a script in a mode and compares with the recording. The first packet comes `phase` milliseconds into a second.
pub(crate) fn run(name: &str, mode: &str, phase: u64) -> Outcome {
    let script = json_of(&format!("scripts/{name}.json"));
    let recorded = json_of(&format!("recorded/{name}.json"));
    let recorded = recorded["modes"][mode].as_array().unwrap();
    let (mut world, mut places) = world(&script, mode, phase);
    let mut answers = Answers::new();
    let mut outcome = Outcome {
        passed: 0,
        failed: Vec::new(),
    };
    for e in script["exchanges"].as_array().unwrap() {
        let modes = e.get("modes").and_then(Value::as_array);
        if modes.is_some_and(|modes| !modes.iter().any(|m| m == mode)) {
            continue;
        }
        let id = e["id"].as_str().unwrap();
        let want = recorded.iter().find(|r| r["id"] == id).unwrap();
        let got = exchange(&mut world, e, &script, &mut answers, &mut places);
        let tolerance = e
            .get("tol")
            .or(script.get("tol"))
            .map_or(2, |v| v.as_u64().unwrap());
        let mut problems = compare(want, got, tolerance as u32);
        // Where ISC is known to be wrong, nobody has to be so too.
        let wrong = [&e["isc_bugs"], &script["isc_bugs"][mode]];
        let wrong = |problem: &String| {
            let fields = wrong
                .iter()
                .filter_map(|bugs| bugs.as_object())
                .flat_map(|bugs| bugs.keys());
            let mut codes = fields.filter_map(|field| field.split(' ').nth(1)?.parse::<u8>().ok());
            codes.any(|code| problem.starts_with(&format!("option {code}:")))
        };
        problems.retain(|problem| !wrong(problem));
        if problems.is_empty() {
            outcome.passed += 1;
        } else {
            problems.extend(world.log.iter().map(|line| format!("  log: {line}")));
            outcome
                .failed
                .push((format!("{name} {mode} {id}"), problems));
        }
        world.log.clear();
    }
    outcome
}

fn exchange(
    world: &mut World,
    e: &Value,
    script: &Value,
    answers: &mut Answers,
    places: &mut Places,
) -> Option<Vec<Value>> {
    let alive = e.get("alive").map_or(&[][..], |v| v.as_array().unwrap());
    world.alive = alive
        .iter()
        .filter_map(|v| resolve(v.as_str().unwrap(), answers))
        .collect();
    let seconds = |v: &Value| (v.as_f64().unwrap() * 1000.0) as u64;
    world.pass(e.get("sleep").map_or(0, seconds), false);
    world.replies.clear();
    let request = build(e, answers)?;
    let from = Ingress {
        interface: INTERFACE,
        from: SocketAddrV4::new(request.source, request.source_port),
        unicast: request.unicast,
    };
    let now = world.now();
    world.server.handle_packet(&request.payload, &from, now);
    world.pass(
        e.get("wait").or(script.get("wait")).map_or(700, seconds),
        true,
    );
    // The recorder waits a little for a second answer.
    world.pass(60, false);
    let unix = world.now().unix.0;
    let replies = core::mem::take(&mut world.replies);
    let mut canonical_replies = Vec::new();
    for (to, packet) in &replies {
        canonical_replies.push(canonical(packet, to, &request, e, answers, places, unix));
    }
    if let Some((_, first)) = replies.first() {
        answers.insert(e["id"].as_str().unwrap().to_owned(), fields(first));
    }
    Some(canonical_replies)
}

fn compare(want: &Value, got: Option<Vec<Value>>, tolerance: u32) -> Vec<String> {
    let skipped = want.get("skipped").is_some();
    let want = want["replies"].as_array().unwrap();
    let Some(got) = got else {
        return if skipped {
            Vec::new()
        } else {
            vec!["needs an answer that never came".to_owned()]
        };
    };
    if want.len() != got.len() {
        let kinds = |list: &[Value]| list.iter().map(|r| r["type"].clone()).collect::<Vec<_>>();
        return vec![format!("replies {:?}, not {:?}", kinds(&got), kinds(want))];
    }
    want.iter()
        .zip(&got)
        .flat_map(|(want, got)| differences(want, got, tolerance))
        .collect()
}
