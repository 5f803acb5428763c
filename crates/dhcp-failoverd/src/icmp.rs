//! Pings, for `ping-check`: is anybody already at this address?

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::task::{Context, Poll};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use crate::raw::{fold, sum};

const ECHO_REPLY: u8 = 0;
const ECHO_REQUEST: u8 = 8;
/// Content of our requests; a reply repeats it.
const COOKIE: &[u8; 8] = b"ping-chk";

/// An open raw ICMP socket. Of its type only the name has to do with UDP: receiving and sending are the same calls.
pub(crate) struct Pinger {
    socket: UdpSocket,
}

impl Pinger {
    /// Opens the socket. Needs `CAP_NET_RAW`.
    pub(crate) fn open() -> io::Result<std::net::UdpSocket> {
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))?;
        socket.set_nonblocking(true)?;
        Ok(socket.into())
    }

    /// Takes an open socket into the runtime.
    pub(crate) fn new(socket: std::net::UdpSocket) -> io::Result<Self> {
        Ok(Self {
            socket: UdpSocket::from_std(socket)?,
        })
    }

    /// Sends an echo request.
    pub(crate) fn probe(&self, address: Ipv4Addr) -> io::Result<()> {
        let to = SocketAddrV4::new(address, 0).into();
        self.socket
            .try_send_to(&echo_request(address), to)
            .map(drop)
    }

    /// Ready when something may have come in.
    pub(crate) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.socket.poll_recv_ready(cx).map(drop)
    }

    /// The address that a waiting echo reply comes from; `None` when nothing waits.
    pub(crate) fn receive(&self) -> Option<Ipv4Addr> {
        let mut buffer = [0; 1500];
        loop {
            let len = self.socket.try_recv(&mut buffer).ok()?;
            if let Some(address) = echo_reply(&buffer[..len]) {
                return Some(address);
            }
        }
    }
}

/// The address goes along as identifier and sequence number: a reply tells whether it answers us.
fn echo_request(address: Ipv4Addr) -> [u8; 16] {
    let mut packet = [0; 16];
    packet[0] = ECHO_REQUEST;
    packet[4..8].copy_from_slice(&address.octets());
    packet[8..].copy_from_slice(COOKIE);
    let checksum = fold(sum(&packet));
    packet[2..4].copy_from_slice(&checksum.to_be_bytes());
    packet
}

/// Reads an IPv4 packet: the sender's address if it is a reply to one of our requests to it.
fn echo_reply(packet: &[u8]) -> Option<Ipv4Addr> {
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let source: [u8; 4] = packet.get(12..16)?.try_into().ok()?;
    let icmp = packet.get(header.max(20)..)?;
    let ours =
        *icmp.first()? == ECHO_REPLY && icmp.get(4..8)? == source && icmp.get(8..16)? == COOKIE;
    ours.then(|| Ipv4Addr::from(source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_replies_to_our_requests_count() {
        let address = Ipv4Addr::new(10, 0, 0, 7);
        let mut packet = vec![0; 20];
        packet[0] = 0x45;
        packet[12..16].copy_from_slice(&address.octets());
        packet.extend_from_slice(&echo_request(address));
        assert_eq!(echo_reply(&packet), None, "a request is no reply");
        packet[20] = ECHO_REPLY;
        assert_eq!(echo_reply(&packet), Some(address));
        packet[27] ^= 1;
        assert_eq!(echo_reply(&packet), None, "the answer of another host");
        for len in 0..packet.len() {
            assert_eq!(echo_reply(&packet[..len]), None);
        }
    }

    #[test]
    fn a_request_has_a_right_checksum() {
        assert_eq!(fold(sum(&echo_request(Ipv4Addr::new(10, 0, 0, 7)))), 0);
    }
}
