//! `decode --live`: what passes an interface, explained while it passes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use bytes::BytesMut;
use failover_wire::{
    BindingAck, BindingStatus, BindingUpdate, Connect, Frame, HardwareAddress, Message, UnixTime,
    Xid,
};
use interop::{Namespace, binary, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// A loaded machine takes its time.
const PATIENCE: Duration = Duration::from_secs(20);

/// A `decode` that has begun to listen.
struct Decode {
    child: Child,
}

impl Decode {
    /// Starts it in `namespace`, and waits until nothing is missed any more.
    fn start(namespace: &Namespace, words: &[&str]) -> Self {
        let program = binary();
        let program = program.to_str().expect("the folder's name is text");
        let mut child = namespace
            .command(program)
            .arg("decode")
            .args(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("ip is installed");
        let stderr = child.stderr.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(stderr)
            .read_line(&mut line)
            .expect("it can be read");
        assert!(line.starts_with("watching ports 647, 847"), "{line}");
        Self { child }
    }

    /// Its end, and all that it printed.
    fn finish(mut self) -> (ExitStatus, String) {
        let status = until(PATIENCE, || self.child.try_wait().expect("it is our child"));
        let status = status.expect("decode ends");
        let mut text = String::new();
        let mut stdout = self.child.stdout.take().expect("it is piped");
        stdout.read_to_string(&mut text).expect("it prints text");
        (status, text)
    }
}

impl Drop for Decode {
    fn drop(&mut self) {
        // It has ended, unless the test failed.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// A primary at `listens` and a secondary that dials it: CONNECT, one update, and its refusal.
fn converse(primary: &Namespace, secondary: &Namespace, listens: &str) {
    let now = UnixTime(1_795_448_110);
    let connect = Connect {
        relationship_name: Some("lab".into()),
        mclt: Some(3600),
        ..Connect::default()
    };
    let update = BindingUpdate {
        address: Some([10, 77, 0, 101].into()),
        status: Some(BindingStatus::Active),
        hardware: HardwareAddress::new(1, &[0, 0x16, 0x3e, 0, 0, 1]),
        ..BindingUpdate::default()
    };
    let refusal = BindingAck {
        address: update.address,
        reject: Some(failover_wire::RejectReason::FATAL_CONFLICT),
        message: None,
    };
    let listener = primary.enter(|| TcpListener::bind(listens).expect("the address is free"));
    let mut dialling = secondary.enter(|| TcpStream::connect(listens).expect("it is listening"));
    let (mut accepted, _) = listener.accept().expect("it has been dialled");
    let mut bytes = BytesMut::new();
    for (xid, message) in [Message::Connect(connect), Message::BindingUpdate(update)]
        .into_iter()
        .enumerate()
    {
        let frame = Frame::new(now, Xid(xid as u32), message);
        frame.encode(&mut bytes).expect("it is short");
    }
    accepted.write_all(&bytes).expect("the link is up");
    // All of it has arrived before the answer is sent.
    let mut read = vec![0; bytes.len()];
    dialling.read_exact(&mut read).expect("the link is up");
    let mut answer = BytesMut::new();
    let frame = Frame::new(now, Xid(1), Message::BindingAck(refusal));
    frame.encode(&mut answer).expect("it is short");
    dialling.write_all(&answer).expect("the link is up");
    let mut read = vec![0; answer.len()];
    accepted.read_exact(&mut read).expect("the link is up");
}

fn namespace(name: &str) -> Namespace {
    Namespace::new(&format!("dfo{}-{name}", std::process::id()))
}

#[test]
#[ignore = "needs root: scripts/test runs it"]
fn on_loopback_until_there_were_enough() {
    let place = namespace("decode");
    let decode = Decode::start(
        &place,
        &["--live", "lo", "--json", "--count", "3", "--port", "5647"],
    );
    // Another port than these isn't looked at.
    converse(&place, &place, "127.0.0.1:5648");
    converse(&place, &place, "127.0.0.1:5647");
    let (status, text) = decode.finish();
    assert!(status.success(), "{text}");
    let events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("it is JSON"))
        .collect();
    let messages: Vec<_> = events
        .iter()
        .filter(|event| event["event"] == "message")
        .map(|event| event["type"].as_str().expect("it has a type"))
        .collect();
    // Once each, although loopback shows every packet going out and coming in.
    assert_eq!(messages, ["CONNECT", "BNDUPD", "BNDACK"], "{text}");
    assert_eq!(events[0]["to"]["port"], 5647, "{text}");
    let summary = events.last().expect("there are some");
    assert_eq!(summary["event"], "summary", "{text}");
    assert_eq!(summary["sides"][1]["refused"], 1, "{text}");
}

#[test]
#[ignore = "needs root: scripts/test runs it"]
fn between_two_machines_until_interrupted() {
    let (one, other) = (namespace("decode-a"), namespace("decode-b"));
    one.ip(&format!(
        "link add fo0 type veth peer name fo0 netns {}",
        other.name()
    ));
    for (place, address) in [(&one, "10.78.0.1/24"), (&other, "10.78.0.2/24")] {
        place.ip(&format!("addr add {address} dev fo0"));
        place.ip("link set fo0 up");
    }
    let decode = Decode::start(&one, &["--live", "fo0"]);
    converse(&one, &other, "10.78.0.1:647");
    // It prints each line at once: the last is there before it is told to end.
    let mut lines = Vec::new();
    let mut decode = decode;
    let mut stdout = BufReader::new(decode.child.stdout.take().expect("it is piped"));
    while !lines.iter().any(|line: &String| line.contains("BNDACK")) {
        let mut line = String::new();
        let length = stdout.read_line(&mut line).expect("it prints text");
        assert_ne!(length, 0, "{lines:#?}");
        lines.push(line);
    }
    let pid = Pid::from_raw(decode.child.id().try_into().expect("it is a process id"));
    kill(pid, Signal::SIGINT).expect("it runs");
    let status = until(PATIENCE, || {
        decode.child.try_wait().expect("it is our child")
    });
    assert!(status.expect("decode ends").success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("it prints text");
    let text = lines.concat() + &rest;
    for expected in [
        "dials 10.78.0.1:647",
        "primary → secondary  CONNECT #0  let us be \"lab\", MCLT 3600 s",
        "primary → secondary  BNDUPD #1  10.77.0.101 ACTIVE for 00:16:3e:00:00:01",
        "secondary → primary  BNDACK #1  10.77.0.101 ACTIVE refused: fatal conflict exists",
        "SUMMARY \"lab\"",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
#[ignore = "needs root: scripts/test runs it"]
fn without_the_right_to_it_says_so() {
    let output = Command::new("setpriv")
        .args(["--inh-caps", "-net_raw", "--bounding-set", "-net_raw"])
        .arg(binary())
        .args(["decode", "--live", "lo"])
        .output()
        .expect("util-linux is installed");
    assert_eq!(output.status.code(), Some(1));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("CAP_NET_RAW"), "{complaint}");
    assert!(!complaint.contains("no failover messages"), "{complaint}");
}
