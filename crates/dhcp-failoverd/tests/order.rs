//! Nothing is said before it is on disk: the order of the system calls, as strace saw it.
//!
//! A killed process loses nothing that it has written, synced or not, so killing proves little about power cuts. Here a
//! pair runs under strace, and each ACK, BNDACK and STATE that leaves must have its record in text that a *finished*
//! sync covers. That this would be noticed is proved in the same way: strace makes the sync calls do nothing, and then
//! the check has to find what was said too early.

mod common;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::process::Command;

use bytes::BytesMut;
use common::pair::{Pair, dora};
use common::{ACK, Reply, mac};
use dhcp4_server::journal::{Reader, StoredRecord};
use dhcpd_text::leases::LeaseRecord;
use failover_wire::{BindingStatus, BindingUpdate, Frame, Message};

const TRACED: &str = "trace=write,fsync,fdatasync,sendto,sendmsg,sendmmsg,recvfrom";

#[test]
fn nothing_is_said_before_it_is_synced() {
    let Some(traces) = run("order", &[]) else {
        return;
    };
    let mut said = Said::default();
    for trace in &traces {
        let checked = check(trace);
        assert_eq!(checked.early, Vec::<String>::new());
        said = Said {
            acks: said.acks + checked.acks,
            binding_acks: said.binding_acks + checked.binding_acks,
            states: said.states + checked.states,
            early: Vec::new(),
        };
    }
    assert!(
        said.acks >= 60 && said.binding_acks >= 60 && said.states >= 4,
        "there was something to see: {said:?}"
    );
}

#[test]
fn the_check_finds_a_sync_that_is_left_out() {
    let Some(traces) = run("no-sync", &["-e", "inject=fsync,fdatasync:retval=0"]) else {
        return;
    };
    let early: Vec<String> = traces.iter().flat_map(|trace| check(trace).early).collect();
    for kind in ["ACK of", "BNDACK of", "STATE"] {
        assert!(
            early.iter().any(|line| line.starts_with(kind)),
            "no early {kind} found"
        );
    }
}

#[test]
fn a_failed_sync_is_the_end() {
    let mut rig = common::Rig::new("failed-sync", common::CONF);
    if !has_strace() {
        return;
    }
    // strace counts by thread: the second batch fails, and nothing of the rewrite at the start.
    rig.wrapper = strace(
        &rig.path("trace"),
        &["-e", "inject=fdatasync:error=EIO:when=2+"],
    );
    rig.start();
    let relay = rig.relay();
    relay.dora(1);
    let offer = relay.exchange(&common::discover(2));
    relay.send(&common::request(2, &offer));
    let status = common::wait(rig.child.as_mut().expect("it was started"));
    assert_eq!(status.code(), Some(1));
    assert!(
        rig.log().contains("can't write the lease database"),
        "{}",
        rig.log()
    );
    relay
        .socket
        .set_read_timeout(Some(std::time::Duration::from_millis(50)))
        .expect("not zero");
    assert_eq!(relay.receive(), None, "no ACK");
}

/// Runs a pair under strace with some clients; `None` where there is no strace.
fn run(name: &str, extra: &[&str]) -> Option<[String; 2]> {
    if !has_strace() {
        return None;
    }
    let mut pair = Pair::new(name, 3600);
    for rig in [&mut pair.primary, &mut pair.secondary] {
        rig.wrapper = strace(&rig.path("trace"), extra);
    }
    pair.start();
    let relays = pair.relays();
    for client in 1..=60 {
        dora(&relays, client);
    }
    pair.wait_quiet();
    let traces = [&mut pair.primary, &mut pair.secondary].map(|rig| {
        assert!(rig.stop("TERM").success());
        std::fs::read_to_string(rig.path("trace")).expect("strace wrote it")
    });
    Some(traces)
}

fn strace(to: &std::path::Path, extra: &[&str]) -> Vec<String> {
    let mut words: Vec<String> = [
        "strace", "-f", "-ttt", "-yy", "-xx", "-s", "65536", "-e", TRACED,
    ]
    .map(String::from)
    .into();
    words.extend(extra.iter().map(|word| (*word).to_owned()));
    words.extend(["-o".to_owned(), to.display().to_string()]);
    words
}

/// The test needs strace; `REQUIRE_STRACE` makes its absence a failure rather than a test less.
fn has_strace() -> bool {
    let found = Command::new("strace")
        .arg("-V")
        .output()
        .is_ok_and(|output| output.status.success());
    assert!(
        found || std::env::var_os("REQUIRE_STRACE").is_none(),
        "there is no strace"
    );
    if !found {
        eprintln!("skipped: there is no strace");
    }
    found
}

/// What was said, and what of it too early.
#[derive(Default, Debug)]
struct Said {
    acks: usize,
    binding_acks: usize,
    states: usize,
    early: Vec<String>,
}

/// What is on disk at one moment of a trace.
#[derive(Default)]
struct Disk {
    /// Written to each file and not covered by a finished sync.
    written: BTreeMap<String, Vec<u8>>,
    leases: BTreeMap<Ipv4Addr, LeaseRecord>,
    /// Our states that were recorded, from the one last said on: a batch may hold several.
    my_states: Vec<String>,
}

impl Disk {
    /// Whether the state is recorded, and not before the one said last.
    fn may_say(&mut self, state: &str) -> bool {
        let found = self.my_states.iter().position(|recorded| recorded == state);
        found.map(|at| self.my_states.drain(..at)).is_some()
    }

    fn sync(&mut self, file: &str) {
        let text = self.written.remove(file).unwrap_or_default();
        for record in Reader::new("trace", &text)
            .filter_map(Result::ok)
            .map(|entry| entry.record)
        {
            match record {
                StoredRecord::Lease(lease) => {
                    self.leases.insert(lease.address, lease);
                }
                StoredRecord::FailoverState(state) => {
                    self.my_states
                        .extend(state.mine.map(|mine| mine.state.word().to_owned()));
                }
                _ => {}
            }
        }
    }
}

/// Follows one server's trace.
fn check(trace: &str) -> Said {
    let mut said = Said::default();
    let mut disk = Disk::default();
    let mut syncing: BTreeMap<&str, String> = BTreeMap::new();
    let mut receiving: BTreeMap<&str, &str> = BTreeMap::new();
    let mut sending: BTreeMap<&str, (f64, BTreeMap<Ipv4Addr, LeaseRecord>)> = BTreeMap::new();
    let mut streams: BTreeMap<String, BytesMut> = BTreeMap::new();
    let mut updates: BTreeMap<u32, BindingUpdate> = BTreeMap::new();
    for line in trace.lines() {
        let Some((thread, rest)) = line.split_once(' ') else {
            continue;
        };
        let (time, call) = rest
            .trim_start()
            .split_once(' ')
            .expect("-ttt puts the time first");
        let time: f64 = time.parse().expect("seconds");
        if call.starts_with("write(") && is_lease_file(call) {
            let text = content(call);
            disk.written.entry(path(call)).or_default().extend(text);
        } else if call.starts_with("fdatasync(") || call.starts_with("fsync(") {
            if call.ends_with("= 0") {
                disk.sync(&path(call)); // not so if strace made it up: that ends in (INJECTED)
            } else if call.ends_with("<unfinished ...>") {
                syncing.insert(thread, path(call));
            }
        } else if call.contains("sync resumed>") && call.ends_with("= 0") {
            if let Some(file) = syncing.remove(thread) {
                disk.sync(&file);
            }
        } else if call.starts_with("sendmmsg(") && call.ends_with("<unfinished ...>") {
            // What it sends is only told at its end; what counts is what was on disk when it began.
            sending.insert(thread, (time, disk.leases.clone()));
        } else if call.starts_with("sendmmsg(") || call.contains("sendmmsg resumed>") {
            let begun = sending.remove(thread);
            let (time, leases) = begun
                .as_ref()
                .map_or((time, &disk.leases), |(time, leases)| (*time, leases));
            for packet in packets(call) {
                client_reply(&packet, time, leases, &mut said);
            }
        } else if call.starts_with("sendto(") && call.contains("<TCP:") {
            for frame in frames(call, "out", &mut streams) {
                peer_message(&frame, &mut disk, &updates, &mut said);
            }
        } else if call.starts_with("recvfrom(") && call.ends_with("<unfinished ...>") {
            receiving.insert(thread, call);
        } else if call.starts_with("recvfrom(") || call.contains("recvfrom resumed>") {
            let call = match receiving.remove(thread) {
                Some(begun) => format!("{begun}{call}"),
                None => call.to_owned(),
            };
            if !call.contains("<TCP:") {
                continue;
            }
            let call = call.as_str();
            for frame in frames(call, "in", &mut streams) {
                if let Message::BindingUpdate(update) = frame.message {
                    updates.insert(frame.xid.0, update);
                }
            }
        }
    }
    said
}

fn client_reply(
    packet: &[u8],
    time: f64,
    leases: &BTreeMap<Ipv4Addr, LeaseRecord>,
    said: &mut Said,
) {
    let reply = Reply::parse(packet);
    if reply.kind != ACK {
        return;
    }
    said.acks += 1;
    if !common::is_kept(leases, &reply, mac(reply.client()), time as u64) {
        said.early
            .push(format!("ACK of {} at {time}", reply.yiaddr));
    }
}

fn peer_message(
    frame: &Frame,
    disk: &mut Disk,
    updates: &BTreeMap<u32, BindingUpdate>,
    said: &mut Said,
) {
    match &frame.message {
        Message::State(state) => {
            said.states += 1;
            let state = state
                .state
                .and_then(|code| code.known())
                .expect("we only send states");
            if !disk.may_say(state.as_str()) {
                said.early
                    .push(format!("STATE {state}, on disk {:?}", disk.my_states));
            }
        }
        Message::BindingAck(ack) if ack.reject.is_none() => {
            said.binding_acks += 1;
            let update = &updates[&frame.xid.0];
            let address = update.address.expect("an accepted update has one");
            let lease = disk.leases.get(&address);
            let is_there = match update.status.expect("an accepted update has one") {
                // An address that was never used needs no record: it is what a file without one says.
                BindingStatus::Free if lease.is_none() => true,
                status => lease.is_some_and(|lease| is_recorded(lease, status, update)),
            };
            if !is_there {
                said.early.push(format!("BNDACK of {address}"));
            }
        }
        _ => {}
    }
}

fn is_recorded(lease: &LeaseRecord, status: BindingStatus, update: &BindingUpdate) -> bool {
    let word = lease.binding_state.map(|state| state.word());
    let ends = lease.ends.map(|ends| ends.seconds());
    word == Some(status.as_str())
        && (status != BindingStatus::Active || ends == update.lease_expiration.map(|time| time.0))
}

/// The frames that a call completes; a stream is cut anywhere.
fn frames(call: &str, way: &str, streams: &mut BTreeMap<String, BytesMut>) -> Vec<Frame> {
    let stream = streams.entry(format!("{way} {}", path(call))).or_default();
    stream.extend_from_slice(&content(call));
    std::iter::from_fn(|| failover_wire::decode(stream).expect("our own frames")).collect()
}

fn is_lease_file(call: &str) -> bool {
    path(call).contains("dhcpd.leases")
}

/// What a call's file descriptor is: strace writes `4<…>`.
fn path(call: &str) -> String {
    let start = call.find('<').expect("-yy names descriptors") + 1;
    let end = start
        + call[start..]
            .find(">,")
            .or_else(|| call[start..].find(">)"))
            .or_else(|| call[start..].find('>'))
            .expect("it is closed");
    let text = &call[start..end];
    if text.starts_with("\\x") {
        String::from_utf8(unhex(text)).expect("a path")
    } else {
        text.to_owned()
    }
}

/// The bytes that were read or written: the first string, which strace writes as `"\x00\x01"`.
fn content(call: &str) -> Vec<u8> {
    unhex(call.split('"').nth(1).unwrap_or_default())
}

/// The packets of a call that sends several.
fn packets(call: &str) -> impl Iterator<Item = Vec<u8>> {
    call.split("iov_base=").skip(1).map(content)
}

fn unhex(text: &str) -> Vec<u8> {
    text.split("\\x")
        .skip(1)
        .map(|byte| u8::from_str_radix(&byte[..2], 16).expect("two digits"))
        .collect()
}
