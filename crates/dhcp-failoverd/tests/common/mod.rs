//! A server of ours on loopback, and clients behind a relay.
//!
//! Everything is in one directory per test and on ports that were free a moment ago, so that tests run side by side and
//! without root: replies to a relay go to its own address (127.0.0.9) at the server's port.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "test code; each test is a crate and uses its own part"
)]

pub mod pair;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dhcp4_server::journal::{Reader, StoredRecord};
use dhcpd_text::leases::{BindingState, LeaseRecord};

pub const SERVER: Ipv4Addr = Ipv4Addr::LOCALHOST;
pub const RELAY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);
/// How long a server may take to come up or go down on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A configuration that serves 4094 addresses through a relay on loopback.
pub const CONF: &str = "\
ddns-update-style none;
authoritative;
ping-check false;
default-lease-time 3600;
max-lease-time 7200;
subnet 127.0.0.0 netmask 255.0.0.0 {
  range 127.10.0.1 127.10.15.254;
}
";

/// One server's files, and the server if it runs.
pub struct Rig {
    pub dir: PathBuf,
    pub port: u16,
    /// Words in front of the server's own, such as `strace`.
    pub wrapper: Vec<String>,
    pub child: Option<Child>,
}

impl Rig {
    pub fn new(name: &str, conf: &str) -> Self {
        let dir =
            std::env::temp_dir().join(format!("dhcp-failoverd-{name}-{}", std::process::id()));
        _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("dhcpd.conf"), conf).unwrap();
        std::fs::write(dir.join("dhcpd.leases"), "").unwrap();
        Self {
            dir,
            port: free_port(),
            wrapper: Vec::new(),
            child: None,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The server with these files and further words.
    pub fn command(&self, words: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_dhcp-failoverd");
        let mut command = match self.wrapper.split_first() {
            Some((wrapper, rest)) => {
                let mut command = Command::new(wrapper);
                command.args(rest).arg(program);
                command
            }
            None => Command::new(program),
        };
        command
            .args(["-p", &self.port.to_string(), "-cf"])
            .arg(self.path("dhcpd.conf"))
            .arg("-lf")
            .arg(self.path("dhcpd.leases"))
            .arg("-pf")
            .arg(self.path("dhcpd.pid"))
            .args(words)
            .arg("lo");
        command
    }

    /// Starts it in the foreground and waits until it serves.
    pub fn start(&mut self) {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .unwrap();
        let before = self.log().matches(READY).count();
        let child = self
            .command(&["-d"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let deadline = Instant::now() + PATIENCE;
        while self.log().matches(READY).count() == before {
            if let Some(status) = self.child.as_mut().unwrap().try_wait().unwrap() {
                panic!("it ended with {status}:\n{}", self.log());
            }
            assert!(
                Instant::now() < deadline,
                "it doesn't come up:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Sends a signal and waits for the end.
    pub fn stop(&mut self, signal: &str) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        if self.wrapper.is_empty() {
            send_signal(child.id(), signal);
        } else {
            let pid = std::fs::read_to_string(self.path("dhcpd.pid")).unwrap();
            send_signal(pid.trim().parse().unwrap(), signal);
        }
        wait(&mut child)
    }

    pub fn kill9(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    pub fn leases(&self) -> Vec<u8> {
        std::fs::read(self.path("dhcpd.leases")).unwrap()
    }

    /// A subcommand asked of this server.
    pub fn ask(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_dhcp-failoverd"))
            .args(words)
            .arg("--control")
            .arg(self.path("dhcpd.sock"))
            .output()
            .unwrap()
    }

    /// Waits until `status --line PEER` has this in it.
    pub fn wait_for(&self, peer: &str, what: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let line = String::from_utf8(self.ask(&["status", "--line", peer]).stdout).unwrap();
            if line.contains(what) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "no {what:?}: {line}\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn relay(&self) -> Relay {
        let socket = UdpSocket::bind((RELAY, self.port)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        Relay {
            socket,
            server: SocketAddrV4::new(SERVER, self.port),
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            _ = child.kill();
            _ = child.wait();
        }
        if !std::thread::panicking() {
            _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

/// The last line of a start.
const READY: &str = "Server starting service.";

pub fn send_signal(pid: u32, signal: &str) {
    let status = Command::new("kill")
        .args(["-s", signal, &pid.to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

pub fn wait(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < deadline, "it doesn't end");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A port that is free on every loopback address, and so is the next.
pub fn free_port() -> u16 {
    // Below those that the kernel gives to whoever dials: a server may take its port much later.
    static DRAWN: AtomicU32 = AtomicU32::new(0);
    let draw = || {
        let number = std::process::id()
            .wrapping_mul(61)
            .wrapping_add(DRAWN.fetch_add(1, Ordering::Relaxed));
        20_000 + 2 * u16::try_from(number % 6_000).unwrap()
    };
    // Nobody else uses the relay's address, so what is free for it is free for the servers'.
    std::iter::repeat_with(draw)
        .take(1_000)
        .find(|port| {
            UdpSocket::bind((RELAY, *port)).is_ok() && TcpListener::bind((RELAY, *port)).is_ok()
        })
        .unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn unix_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// The last lease record of each address.
pub fn last_leases(text: &[u8]) -> BTreeMap<Ipv4Addr, LeaseRecord> {
    let records = Reader::new("dhcpd.leases", text).map(|entry| entry.expect("no damage").record);
    records
        .filter_map(|record| match record {
            StoredRecord::Lease(lease) => Some((lease.address, lease)),
            _ => None,
        })
        .collect()
}

/// Whether `leases` has this promise.
pub fn is_kept(
    leases: &BTreeMap<Ipv4Addr, LeaseRecord>,
    ack: &Reply,
    mac: [u8; 6],
    at: u64,
) -> bool {
    leases.get(&ack.yiaddr).is_some_and(|lease| {
        lease.binding_state == Some(BindingState::Active)
            && lease
                .hardware
                .as_ref()
                .is_some_and(|hardware| hardware.address() == mac)
            && lease
                .ends
                .is_some_and(|ends| u64::from(ends.seconds()) + 2 >= at + u64::from(ack.lease))
    })
}

/// A relay agent on loopback.
pub struct Relay {
    pub socket: UdpSocket,
    pub server: SocketAddrV4,
}

impl Relay {
    pub fn send(&self, packet: &[u8]) {
        self.socket.send_to(packet, self.server).unwrap();
    }

    pub fn receive(&self) -> Option<Reply> {
        let mut buffer = [0; 1500];
        let len = self.socket.recv(&mut buffer).ok()?;
        Some(Reply::parse(&buffer[..len]))
    }

    /// The answer to a packet.
    pub fn exchange(&self, packet: &[u8]) -> Reply {
        self.send(packet);
        loop {
            let reply = self.receive().expect("an answer");
            if reply.xid == packet[4..8] {
                return reply;
            }
        }
    }

    /// DISCOVER, OFFER, REQUEST, ACK.
    pub fn dora(&self, client: u32) -> Reply {
        let offer = self.exchange(&discover(client));
        assert_eq!(offer.kind, OFFER);
        let ack = self.exchange(&request(client, &offer));
        assert_eq!(ack.kind, ACK);
        assert_eq!(ack.yiaddr, offer.yiaddr);
        ack
    }
}

pub const DISCOVER: u8 = 1;
pub const OFFER: u8 = 2;
pub const REQUEST: u8 = 3;
pub const ACK: u8 = 5;
pub const NAK: u8 = 6;
pub const RELEASE: u8 = 7;

/// What tests look at in a reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reply {
    pub kind: u8,
    pub xid: [u8; 4],
    pub yiaddr: Ipv4Addr,
    pub server: Ipv4Addr,
    pub lease: u32,
}

impl Reply {
    pub fn parse(packet: &[u8]) -> Self {
        let address = |bytes: &[u8]| Ipv4Addr::from(<[u8; 4]>::try_from(bytes).unwrap());
        Self {
            kind: option(packet, 53).unwrap()[0],
            xid: packet[4..8].try_into().unwrap(),
            yiaddr: address(&packet[16..20]),
            server: option(packet, 54).map_or(Ipv4Addr::UNSPECIFIED, address),
            lease: option(packet, 51)
                .map_or(0, |bytes| u32::from_be_bytes(bytes.try_into().unwrap())),
        }
    }

    /// The client's number, which stands in the xid.
    pub fn client(&self) -> u32 {
        u32::from_be_bytes(self.xid)
    }
}

fn option(packet: &[u8], code: u8) -> Option<&[u8]> {
    let mut rest = packet.get(240..)?;
    loop {
        match *rest {
            [255, ..] | [] => return None,
            [0, ..] => rest = &rest[1..],
            [found, len, ..] => {
                let value = rest.get(2..2 + usize::from(len))?;
                if found == code {
                    return Some(value);
                }
                rest = &rest[2 + value.len()..];
            }
            [_] => return None,
        }
    }
}

pub fn mac(client: u32) -> [u8; 6] {
    let [a, b, c, d] = client.to_be_bytes();
    [2, 0x5e, a, b, c, d]
}

pub fn discover(client: u32) -> Vec<u8> {
    packet(client, Ipv4Addr::UNSPECIFIED, &[53, 1, DISCOVER])
}

pub fn request(client: u32, offer: &Reply) -> Vec<u8> {
    let mut options = vec![53, 1, REQUEST, 50, 4];
    options.extend(offer.yiaddr.octets());
    options.extend([54, 4]);
    options.extend(offer.server.octets());
    packet(client, Ipv4Addr::UNSPECIFIED, &options)
}

/// A renewal, as it would come by unicast, but through the relay.
pub fn renew(client: u32, address: Ipv4Addr) -> Vec<u8> {
    packet(client, address, &[53, 1, REQUEST])
}

pub fn release(client: u32, address: Ipv4Addr) -> Vec<u8> {
    packet(client, address, &[53, 1, RELEASE])
}

fn packet(client: u32, ciaddr: Ipv4Addr, options: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; 240];
    packet[..4].copy_from_slice(&[1, 1, 6, 1]);
    packet[4..8].copy_from_slice(&client.to_be_bytes());
    packet[12..16].copy_from_slice(&ciaddr.octets());
    packet[24..28].copy_from_slice(&RELAY.octets());
    packet[28..34].copy_from_slice(&mac(client));
    packet[236..240].copy_from_slice(&[99, 130, 83, 99]);
    packet.extend(options);
    packet.push(255);
    packet.resize(300, 0);
    packet
}
