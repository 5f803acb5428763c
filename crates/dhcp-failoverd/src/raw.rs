//! Frames addressed by hand, for clients that have no address yet.
//!
//! A client that is getting an address can't answer ARP for it, so an ordinary socket can't reach it by unicast.
//! The datagram is put into an Ethernet frame to the client's hardware address instead, as dhcpd does (TTL 128,
//! type of service "low delay"). This is the one module with `unsafe`: no safe binding makes a `sockaddr_ll`.
#![allow(unsafe_code)]

use std::io::{self, IoSlice};
use std::mem::size_of;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::AsRawFd;

use nix::libc;
use nix::sys::socket::{LinkAddr, MsgFlags, MultiHeaders, sendmmsg};
use socket2::{Domain, SockAddr, Socket, Type};

/// Ethernet, IPv4 and UDP headers.
const HEADERS: usize = 14 + 20 + 8;
/// Frames per system call.
const FRAMES: usize = 64;

/// An open packet socket on one interface.
pub(crate) struct RawSocket {
    socket: Socket,
    /// Index of the interface.
    pub(crate) interface: u32,
    mac: [u8; 6],
    headers: MultiHeaders<LinkAddr>,
}

impl RawSocket {
    /// Opens a packet socket that sends on `interface` and receives nothing. Needs `CAP_NET_RAW`.
    pub(crate) fn open(interface: u32, mac: [u8; 6]) -> io::Result<Self> {
        // Protocol 0: the kernel delivers no frame to this socket.
        let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
        socket.bind(&link_address(interface)?)?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            interface,
            mac,
            headers: MultiHeaders::preallocate(FRAMES, None),
        })
    }

    /// Sends frames in order; returns how many the kernel took and, if not all, why not the next.
    pub(crate) fn send(&mut self, frames: &[Vec<u8>]) -> (usize, Option<io::Error>) {
        let mut sent = 0;
        while sent < frames.len() {
            let chunk = &frames[sent..frames.len().min(sent + FRAMES)];
            let slices: Vec<_> = chunk.iter().map(|frame| [IoSlice::new(frame)]).collect();
            let addresses = [None; FRAMES];
            let fd = self.socket.as_raw_fd();
            match sendmmsg(
                fd,
                &mut self.headers,
                &slices,
                &addresses[..chunk.len()],
                [],
                MsgFlags::empty(),
            ) {
                Ok(results) => sent += results.count(),
                Err(error) => return (sent, Some(error.into())),
            }
        }
        (sent, None)
    }

    /// Builds the frame that carries `payload` from `source` to `to` at the hardware address `mac`.
    pub(crate) fn frame(
        &self,
        mac: [u8; 6],
        source: SocketAddrV4,
        to: SocketAddrV4,
        payload: &[u8],
    ) -> Vec<u8> {
        frame(self.mac, mac, source, to, payload)
    }
}

/// The address of an interface, to bind a packet socket to; the socket keeps its protocol.
pub(crate) fn link_address(interface: u32) -> io::Result<SockAddr> {
    let index = i32::try_from(interface).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: `try_init` hands out zeroed storage that is larger than a `sockaddr_ll` and aligned for every
    // kind of address; all-zero is a valid `sockaddr_ll`, and `len` is set to the size of what was written.
    let ((), address) = unsafe {
        SockAddr::try_init(|storage, len| {
            let link = storage.cast::<libc::sockaddr_ll>();
            (*link).sll_family = libc::AF_PACKET as libc::sa_family_t;
            (*link).sll_ifindex = index;
            *len = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
            Ok(())
        })?
    };
    Ok(address)
}

fn frame(
    from: [u8; 6],
    mac: [u8; 6],
    source: SocketAddrV4,
    to: SocketAddrV4,
    payload: &[u8],
) -> Vec<u8> {
    let udp_len = (8 + payload.len()) as u16; // a DHCP reply is at most 1500 bytes
    let mut frame = Vec::with_capacity(HEADERS + payload.len());
    frame.extend_from_slice(&mac);
    frame.extend_from_slice(&from);
    frame.extend_from_slice(&[0x08, 0x00]); // IPv4
    frame.extend_from_slice(&[0x45, 0x10]); // version 4, 5 words; type of service: low delay
    frame.extend_from_slice(&(20 + udp_len).to_be_bytes());
    frame.extend_from_slice(&[0, 0, 0, 0]); // identification, flags, fragment offset
    frame.extend_from_slice(&[128, 17, 0, 0]); // TTL, UDP, checksum to come
    frame.extend_from_slice(&source.ip().octets());
    frame.extend_from_slice(&to.ip().octets());
    let checksum = fold(sum(&frame[14..34]));
    frame[24..26].copy_from_slice(&checksum.to_be_bytes());
    frame.extend_from_slice(&source.port().to_be_bytes());
    frame.extend_from_slice(&to.port().to_be_bytes());
    frame.extend_from_slice(&udp_len.to_be_bytes());
    frame.extend_from_slice(&[0, 0]);
    frame.extend_from_slice(payload);
    let checksum = udp_checksum(*source.ip(), *to.ip(), &frame[34..]);
    frame[40..42].copy_from_slice(&checksum.to_be_bytes());
    frame
}

/// RFC 768: over the pseudo header and the datagram; 0 means "none", so that it is sent as all ones.
fn udp_checksum(source: Ipv4Addr, to: Ipv4Addr, datagram: &[u8]) -> u16 {
    let pseudo = sum(&source.octets()) + sum(&to.octets()) + 17 + datagram.len() as u32;
    match fold(pseudo + sum(datagram)) {
        0 => 0xffff,
        checksum => checksum,
    }
}

/// Sum of the 16-bit words, the last padded with zero; at most 64 KiB, so that it can't overflow.
pub(crate) fn sum(bytes: &[u8]) -> u32 {
    bytes
        .chunks(2)
        .map(|pair| {
            u32::from(u16::from_be_bytes([
                pair[0],
                pair.get(1).copied().unwrap_or(0),
            ]))
        })
        .sum()
}

/// The Internet checksum (RFC 1071) of a sum.
pub(crate) fn fold(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A receiver adds all words, checksum included, and must get all ones.
    fn adds_up(sum: u32) -> bool {
        fold(sum) == 0
    }

    #[test]
    fn headers_and_checksums() {
        let source = SocketAddrV4::new(Ipv4Addr::new(192, 168, 1, 10), 67);
        let to = SocketAddrV4::new(Ipv4Addr::new(192, 168, 1, 50), 68);
        for payload in [&b"odd"[..], b"even"] {
            let f = frame([1; 6], [2; 6], source, to, payload);
            assert_eq!(f.len(), HEADERS + payload.len());
            assert_eq!(f[..14], [2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 8, 0]);
            assert_eq!((f[15], f[22], f[23]), (0x10, 128, 17));
            assert_eq!(f[34..38], [0, 67, 0, 68]);
            assert_eq!(&f[42..], payload);
            assert!(adds_up(sum(&f[14..34])));
            let pseudo = sum(&f[26..34]) + 17 + (8 + payload.len()) as u32;
            assert!(adds_up(pseudo + sum(&f[34..])));
        }
    }

    #[test]
    fn checksum_of_rfc_1071() {
        // Section 3's example: words 0001 f203 f4f5 f6f7, sum ddf2 after folding.
        let example = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(!fold(sum(&example)), 0xddf2);
    }
}
