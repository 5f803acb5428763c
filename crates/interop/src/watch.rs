//! All DHCP messages that pass an interface.

use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dhcp4_wire::{MessageType, Packet};
use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{
    AddressFamily, LinkAddr, SockFlag, SockProtocol, SockType, recvfrom, setsockopt, socket,
    sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike as _};

use crate::netns::Namespace;

/// Room for a burst while the machine does something else.
const RECEIVE_BUFFER: usize = 16 << 20;

/// How often the watching thread looks whether it is over.
const LOOK: i64 = 100;

/// One message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// When, since 1970.
    pub at: Duration,
    /// Source of the IP packet.
    pub from: Ipv4Addr,
    /// Its message type.
    pub kind: MessageType,
    /// Transaction number.
    pub xid: u32,
    /// The client's hardware address.
    pub client: Vec<u8>,
    /// `ciaddr`.
    pub ciaddr: Ipv4Addr,
    /// `yiaddr`.
    pub yiaddr: Ipv4Addr,
    /// Option 50.
    pub requested: Option<Ipv4Addr>,
    /// Option 51, seconds.
    pub lease: Option<u32>,
}

/// Sees the messages of one interface until it is dropped.
#[derive(Debug)]
pub struct Watch {
    seen: Arc<Mutex<Vec<Seen>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Begins to watch `interface` of `namespace`.
    ///
    /// # Panics
    ///
    /// There is no such interface.
    pub fn new(namespace: &Namespace, interface: &str) -> Self {
        let (socket, index) = namespace.enter(|| open(interface));
        let (seen, over) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let thread = std::thread::spawn({
            let (seen, over) = (Arc::clone(&seen), Arc::clone(&over));
            move || watch(&socket, index, &seen, &over)
        });
        Self {
            seen,
            over,
            thread: Some(thread),
        }
    }

    /// All that was seen so far, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How many messages were seen so far: a mark for later.
    pub fn mark(&self) -> usize {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

/// A packet socket, and the index of `interface`. It can't be bound to the interface without unsafe code (`LinkAddr` has no
/// constructor), so it hears all interfaces of the namespace and the reader picks.
fn open(interface: &str) -> (OwnedFd, usize) {
    let index = if_nametoindex(interface).unwrap_or_else(|error| panic!("{interface}: {error}"));
    let socket = socket(
        AddressFamily::Packet,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::EthAll,
    )
    .unwrap_or_else(|error| panic!("packet socket: {error}"));
    setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER)
        .unwrap_or_else(|error| panic!("SO_RCVBUFFORCE: {error}"));
    setsockopt(
        &socket,
        sockopt::ReceiveTimeout,
        &TimeVal::milliseconds(LOOK),
    )
    .unwrap_or_else(|error| panic!("SO_RCVTIMEO: {error}"));
    (socket, index as usize)
}

fn watch(socket: &OwnedFd, index: usize, seen: &Mutex<Vec<Seen>>, over: &AtomicBool) {
    let mut frame = vec![0; 2048];
    while !over.load(Ordering::Relaxed) {
        let length = match recvfrom::<LinkAddr>(socket.as_raw_fd(), &mut frame) {
            Ok((length, Some(from))) if from.ifindex() == index => length,
            Ok(_) | Err(Errno::EAGAIN | Errno::EINTR) => continue,
            Err(error) => panic!("packet socket: {error}"),
        };
        if let Some(message) = frame.get(..length).and_then(read) {
            seen.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(message);
        }
    }
}

/// The DHCP message in an Ethernet frame.
fn read(frame: &[u8]) -> Option<Seen> {
    let (ethernet, ip) = frame.split_at_checked(14)?;
    if ethernet[12..] != [8, 0] || ip.first()? >> 4 != 4 {
        return None;
    }
    let header = usize::from(ip[0] & 15) * 4;
    let (ip, udp) = ip.split_at_checked(header)?;
    let (ip, udp) = (ip.get(..20)?, udp.get(8..).map(|payload| (udp, payload))?);
    let port = |at: usize| u16::from_be_bytes([udp.0[at], udp.0[at + 1]]);
    let dhcp = |port| port == 67 || port == 68;
    // A fragment has no ports; none of these messages is that long.
    if ip[9] != 17 || !dhcp(port(0)) || !dhcp(port(2)) {
        return None;
    }
    let packet = Packet::parse(udp.1).ok()?;
    Some(Seen {
        at: SystemTime::now().duration_since(UNIX_EPOCH).ok()?,
        from: Ipv4Addr::new(ip[12], ip[13], ip[14], ip[15]),
        kind: packet.message_type()?,
        xid: packet.xid(),
        client: packet.chaddr().to_vec(),
        ciaddr: packet.ciaddr(),
        yiaddr: packet.yiaddr(),
        requested: packet.requested_address(),
        lease: packet.lease_time(),
    })
}
