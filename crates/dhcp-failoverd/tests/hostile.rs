//! A hostile failover partner against the real process: sockets, deadlines, floods, bounds.
//!
//! What a partner can say is tried without sockets, line by line, in `dhcp4-server/tests/hostile`; here are the lines that
//! sockets have a part in.
//!
//! | line | the partner | test |
//! |---|---|---|
//! | 2 | promised bytes withheld, one byte a second | `promised_bytes_withheld` |
//! | 9 | connections from other addresses | `a_thousand_links` |
//! | 24 | floods of requests, and no answer read | `floods_and_nothing_read` |
//! | 27 | RST in mid-BNDUPD | `reset_in_the_middle_of_an_update` |
//! | 28 | 1 000 links | `a_thousand_links` |
//! | all | noise | `noise` |
#![allow(clippy::unwrap_used, reason = "test code")]

mod common;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use common::{ACK, OFFER, PATIENCE, Relay, Reply, Rig, discover, free_port, request, unix_now};
use failover_wire::{
    BindingStatus, BindingUpdate, ConnectAck, Frame, HardwareAddress, Message, ServerFlags,
    ServerState, StateMessage, UnixTime, Xid, decode,
};
use socket2::{Domain, Socket, Type};

/// The relationship's name.
const PEER: &str = "pair";
/// Where the partner is, and where a stranger is.
const PARTNER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 66);
/// How long a new connection may take, by the protocol.
const HANDSHAKE: Duration = Duration::from_secs(15);
/// File descriptors that links may add: one live and two pending, eight strangers, and some being accepted.
const MAX_NEW_FILES: usize = 40;
/// Memory that a partner may make the server take, KiB: what answers to 64 KiB, the most that is read at once, take before
/// they are written, and what may wait to be read by the partner. Without a bound a flood makes it many times that.
const MAX_NEW_MEMORY: u64 = 64 << 10;
/// How long each flood lasts.
const FLOOD: Duration = Duration::from_secs(1);

/// A primary that was NORMAL, and its partner.
struct Attacked {
    rig: Rig,
    port: u16,
    relay: Relay,
    next_client: u32,
    files: usize,
    memory: u64,
}

impl Attacked {
    /// Starts it, and has it NORMAL with an honest partner, which then goes away: no STARTUP to wait for.
    fn new(name: &str) -> Self {
        let (port, partner_port) = (free_port(), free_port());
        let mut rig = Rig::new(&format!("hostile-{name}"), &conf(port, partner_port));
        let since = unix_now() - 1000;
        let file = format!(
            "failover peer \"{PEER}\" state {{ my state normal at epoch {since}; partner state normal at epoch {since}; }}\n"
        );
        std::fs::write(rig.path("dhcpd.leases"), file).unwrap();
        rig.start();
        let relay = rig.relay();
        let mut attacked = Self {
            rig,
            port,
            relay,
            next_client: 0,
            files: 0,
            memory: 0,
        };
        drop(attacked.link());
        attacked
            .rig
            .wait_for(PEER, "local=communications-interrupted");
        attacked.serve();
        attacked.files = attacked.count_files();
        attacked.memory = attacked.resident();
        attacked
    }

    fn connect(&self, from: Ipv4Addr) -> TcpStream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddrV4::new(from, 0).into()).unwrap();
        socket
            .connect(&SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.port).into())
            .unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// A link with an honest partner, NORMAL on both sides.
    fn link(&self) -> Link {
        // What was attacked may be closing others still, and takes no more for a moment.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut link = Link {
                stream: self.connect(PARTNER),
                received: BytesMut::new(),
                next_xid: 1,
            };
            if link.shake_hands() {
                self.rig.wait_for(PEER, "local=normal");
                return link;
            }
            assert!(Instant::now() < deadline, "no link:\n{}", self.rig.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// A new client gets a lease, if need be on asking again as clients do.
    fn serve(&mut self) {
        self.next_client += 1;
        let client = self.next_client;
        // A client that has waited long is served whoever's it is.
        let mut packet = discover(client);
        packet[8..10].copy_from_slice(&60u16.to_be_bytes());
        let offer = self.exchange(&packet, OFFER);
        assert_eq!(self.exchange(&request(client, &offer), ACK).kind, ACK);
    }

    /// The answer of this kind to a packet.
    fn exchange(&self, packet: &[u8], kind: u8) -> Reply {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            self.relay.send(packet);
            while let Some(reply) = self.relay.receive() {
                if reply.xid == packet[4..8] && reply.kind == kind {
                    return reply;
                }
            }
        }
        panic!("a client isn't served:\n{}", self.rig.log());
    }

    fn count_files(&self) -> usize {
        let pid = self.rig.child.as_ref().unwrap().id();
        std::fs::read_dir(format!("/proc/{pid}/fd"))
            .unwrap()
            .count()
    }

    /// Most memory ever resident, KiB.
    fn resident(&self) -> u64 {
        let pid = self.rig.child.as_ref().unwrap().id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[track_caller]
    fn assert_bounded(&self) {
        let (files, memory) = (self.count_files(), self.resident());
        assert!(
            files <= self.files + MAX_NEW_FILES,
            "{files} files open, {} before",
            self.files
        );
        assert!(
            memory <= self.memory + MAX_NEW_MEMORY,
            "{memory} KiB, {} before",
            self.memory
        );
    }

    /// It runs, is bounded, serves, is where a server without a partner should be, and has an honest partner again.
    #[track_caller]
    fn assert_unharmed(&mut self) {
        let ended = self.rig.child.as_mut().unwrap().try_wait().unwrap();
        assert!(ended.is_none(), "it ended: {ended:?}\n{}", self.rig.log());
        self.serve();
        self.rig.wait_for(PEER, "local=communications-interrupted");
        self.assert_bounded();
        let link = self.link();
        self.serve();
        drop(link);
        assert!(
            !self.rig.log().contains("to shutdown"),
            "{}",
            self.rig.log()
        );
        assert!(self.rig.stop("TERM").success());
    }
}

/// The honest partner's end of a link.
struct Link {
    stream: TcpStream,
    received: BytesMut,
    next_xid: u32,
}

impl Link {
    fn shake_hands(&mut self) -> bool {
        let Some(Frame {
            message: Message::Connect(_),
            xid,
            ..
        }) = self.hear()
        else {
            return false;
        };
        let ack = ConnectAck {
            relationship_name: Some(Bytes::from_static(PEER.as_bytes())),
            max_unacked: Some(10),
            receive_timer: Some(60),
            protocol_version: Some(1),
            tls_reply: Some(0),
            ..ConnectAck::default()
        };
        self.say_as(xid, Message::ConnectAck(ack));
        let since = UnixTime(unix_now() as u32);
        self.say(Message::State(StateMessage::new(
            ServerState::Normal,
            ServerFlags(0),
            since,
        )));
        true
    }

    fn say(&mut self, message: Message) -> Xid {
        let xid = Xid(self.next_xid);
        self.next_xid += 1;
        self.say_as(xid, message);
        xid
    }

    fn say_as(&mut self, xid: Xid, message: Message) {
        // A server that closes meanwhile is noticed at the next hearing.
        _ = self.stream.write_all(&encode(xid, message));
    }

    /// The next message; none when the server has closed.
    fn hear(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = decode(&mut self.received).unwrap() {
                return Some(frame);
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(len) => self.received.extend_from_slice(&buffer[..len]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

fn encode(xid: Xid, message: Message) -> BytesMut {
    let mut bytes = BytesMut::new();
    Frame::new(UnixTime(unix_now() as u32), xid, message)
        .encode(&mut bytes)
        .unwrap();
    bytes
}

/// Waits for the server to close; what it said before is of no interest.
fn wait_closed(stream: &mut TcpStream) {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return,
            Err(error) => panic!("it isn't closed: {error}"),
        }
    }
}

fn conf(port: u16, partner_port: u16) -> String {
    format!(
        "ddns-update-style none;
authoritative;
ping-check false;
default-lease-time 600;
max-lease-time 600;
failover peer \"{PEER}\" {{
  primary;
  address 127.0.0.1;
  port {port};
  peer address {PARTNER};
  peer port {partner_port};
  max-response-delay 60;
  max-unacked-updates 10;
  load balance max seconds 3;
  mclt 600;
  split 128;
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

#[test]
fn promised_bytes_withheld() {
    let mut attacked = Attacked::new("slow");
    // Both places that the partner has for a new link.
    let mut slow = [attacked.connect(PARTNER), attacked.connect(PARTNER)];
    let start = Instant::now();
    for stream in &mut slow {
        stream.write_all(&[0, 200, 6]).unwrap();
    }
    while start.elapsed() < HANDSHAKE - Duration::from_secs(2) {
        std::thread::sleep(Duration::from_secs(1));
        for stream in &mut slow {
            stream.write_all(&[12]).unwrap();
        }
        attacked.serve();
    }
    slow.iter_mut().for_each(wait_closed);
    assert!(
        start.elapsed() >= HANDSHAKE - Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    attacked.assert_unharmed();
}

#[test]
fn a_thousand_links() {
    let mut attacked = Attacked::new("links");
    for round in 0..10 {
        let from = |n: u32| {
            if n.is_multiple_of(2) {
                PARTNER
            } else {
                STRANGER
            }
        };
        let mut streams: Vec<TcpStream> = (0..100).map(|n| attacked.connect(from(n))).collect();
        attacked.serve();
        attacked.assert_bounded();
        // All but the two that may become the link are closed at once, and not a word is said to a stranger.
        let mut open = 0;
        for stream in &mut streams {
            let stranger = stream.local_addr().unwrap().ip() == STRANGER;
            let timeout = if stranger {
                PATIENCE
            } else {
                Duration::from_millis(20)
            };
            stream.set_read_timeout(Some(timeout)).unwrap();
            let mut said = Vec::new();
            match stream.read_to_end(&mut said) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock && !stranger => open += 1,
                Err(error) => panic!("{error}"),
            }
            assert!(!stranger || said.is_empty(), "closed unread");
        }
        assert!(open <= 3, "round {round}: {open} links");
    }
    attacked.assert_unharmed();
}

#[test]
fn floods_and_nothing_read() {
    let mut attacked = Attacked::new("flood");
    let refused = BindingUpdate {
        address: Some(Ipv4Addr::new(10, 9, 9, 9)),
        status: Some(BindingStatus::Free),
        ..BindingUpdate::default()
    };
    let floods = [
        Message::UpdateRequestAll,
        Message::UpdateRequest,
        Message::PoolRequest,
        Message::BindingUpdate(refused),
        Message::Contact,
    ];
    for message in floods {
        let mut link = attacked.link();
        link.stream
            .set_write_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        let many: Vec<u8> = (0..1000)
            .flat_map(|n| encode(Xid(n), message.clone()))
            .collect();
        let start = Instant::now();
        let mut written = 0;
        // Until the server has dropped the link or takes no more, or has borne it for long enough.
        while start.elapsed() < FLOOD {
            match link.stream.write(&many) {
                Ok(len) => written += len,
                Err(_) => break,
            }
        }
        assert!(written > 100_000, "{message:?}: {written} bytes");
        attacked.serve();
        drop(link);
        attacked
            .rig
            .wait_for(PEER, "local=communications-interrupted");
    }
    attacked.assert_unharmed();
}

#[test]
fn reset_in_the_middle_of_an_update() {
    let mut attacked = Attacked::new("reset");
    let address = Ipv4Addr::new(127, 10, 0, 77);
    let ends = UnixTime(unix_now() as u32 + 300);
    let update = Message::BindingUpdate(BindingUpdate {
        address: Some(address),
        status: Some(BindingStatus::Active),
        hardware: HardwareAddress::new(1, &[2, 0, 0, 0, 0, 77]),
        lease_expiration: Some(ends),
        potential_expiration: Some(ends),
        start_of_state: Some(UnixTime(unix_now() as u32)),
        ..BindingUpdate::default()
    });
    let mut link = attacked.link();
    let bytes = encode(Xid(100), update.clone());
    link.stream.write_all(&bytes[..bytes.len() / 2]).unwrap();
    let socket = Socket::from(link.stream);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
    drop(socket);
    attacked
        .rig
        .wait_for(PEER, "local=communications-interrupted");
    let leases = common::last_leases(&attacked.rig.leases());
    assert!(
        leases
            .get(&address)
            .is_none_or(|lease| lease.hardware.is_none()),
        "half a message says nothing"
    );
    for _ in 0..2 {
        let mut link = attacked.link();
        let xid = link.say(update.clone());
        let ack = loop {
            let frame = link.hear().expect("the link stands");
            if let Message::BindingAck(ack) = frame.message {
                assert_eq!(frame.xid, xid);
                break ack;
            }
        };
        assert_eq!((ack.address, ack.reject), (Some(address), None));
        let leases = common::last_leases(&attacked.rig.leases());
        assert_eq!(leases[&address].ends.unwrap().seconds(), ends.0);
        drop(link);
        attacked
            .rig
            .wait_for(PEER, "local=communications-interrupted");
    }
    attacked.assert_unharmed();
}

#[test]
fn noise() {
    let mut attacked = Attacked::new("noise");
    // A fixed sequence: what fails, fails again.
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for round in 0..200 {
        let mut bytes: Vec<u8> = (0..next() % 4096).map(|_| next() as u8).collect();
        if round % 4 == 0 {
            let mut link = attacked.link();
            _ = link.stream.write_all(&bytes);
            // Of two lengths in 65 536 most are none; the others have to wait for more.
            continue;
        }
        if round % 2 == 0 && bytes.len() >= 4 {
            // A believable header.
            let len = (bytes.len().min(2048) as u16).to_be_bytes();
            bytes[..4].copy_from_slice(&[len[0], len[1], 1 + (next() % 12) as u8, 12]);
        }
        let mut stream = attacked.connect(PARTNER);
        _ = stream.write_all(&bytes);
        if round % 50 == 1 {
            attacked.serve();
            attacked.assert_bounded();
        }
    }
    attacked.assert_unharmed();
}
