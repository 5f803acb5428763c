//! DHCP over UDP: whole batches in, whole batches out.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::AsRawFd;
use std::task::{Context, Poll};

use dhcp4_server::{Destination, Ingress, Interface};
use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg,
    setsockopt, sockopt,
};
use nix::{cmsg_space, libc};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::raw::RawSocket;

/// The hardware address of all machines on an Ethernet.
const EVERYONE: [u8; 6] = [0xff; 6];
/// Packets per system call.
const PACKETS: usize = 64;
/// Largest packet taken, bytes; what dhcpd takes too.
const PACKET: usize = 4096;
/// Kernel buffer for received packets, bytes. Bursts wait there while the process isn't scheduled: the default of
/// about 200 KiB loses packets at less than half of the possible rate.
const RECEIVE_BUFFER: usize = 16 << 20;
/// Kernel buffer for replies, bytes.
const SEND_BUFFER: usize = 4 << 20;

/// Which ports and networks.
#[derive(Clone, Debug)]
pub(crate) struct Ports {
    /// Our port; that of relays too.
    pub(crate) server: u16,
    /// The clients' port.
    pub(crate) client: u16,
    /// Where broadcasts go instead, if anywhere.
    pub(crate) reply_to: Option<Ipv4Addr>,
}

/// The sockets as they are opened, before privileges are dropped.
pub(crate) struct Opened {
    sockets: Vec<Socket>,
    raw: Vec<RawSocket>,
    interfaces: Vec<u32>,
    ports: Ports,
    /// Why unicast to clients without an address won't work, if it won't.
    pub(crate) raw_error: Option<io::Error>,
}

/// Opens everything that DHCP needs on these interfaces.
///
/// The port is bound exclusively, so that a second server on it, dhcpd or ours, is found here.
pub(crate) fn open(interfaces: &[Interface], broadcast: bool, ports: Ports) -> io::Result<Opened> {
    // Interfaces without broadcasts (loopback) are bound by address, so that several servers and relays can share them.
    let local: Vec<Ipv4Addr> = if broadcast {
        vec![Ipv4Addr::UNSPECIFIED]
    } else {
        interfaces
            .iter()
            .filter_map(|i| i.addresses.first())
            .map(|(address, _)| *address)
            .collect()
    };
    let sockets = local
        .into_iter()
        .map(|address| open_socket(SocketAddrV4::new(address, ports.server)))
        .collect::<io::Result<_>>()?;
    let mut raw_error = None;
    let mut raw = Vec::new();
    for interface in interfaces.iter().filter(|_| broadcast) {
        match RawSocket::open(interface.index, interface.mac) {
            Ok(socket) => raw.push(socket),
            Err(error) => raw_error = Some(error),
        }
    }
    let interfaces = interfaces.iter().map(|i| i.index).collect();
    Ok(Opened {
        sockets,
        raw,
        interfaces,
        ports,
        raw_error,
    })
}

fn open_socket(local: SocketAddrV4) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_broadcast(true)?;
    setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
    // The forced variants need CAP_NET_ADMIN; without it the system's limit holds.
    if setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER).is_err() {
        socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    }
    if setsockopt(&socket, sockopt::SndBufForce, &SEND_BUFFER).is_err() {
        socket.set_send_buffer_size(SEND_BUFFER)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::V4(local).into())?;
    Ok(socket)
}

/// DHCP's sockets in the runtime.
pub(crate) struct Dhcp {
    sockets: Vec<UdpSocket>,
    raw: Vec<RawSocket>,
    interfaces: Vec<u32>,
    ports: Ports,
    buffers: Vec<u8>,
    received: MultiHeaders<SockaddrIn>,
    sent: MultiHeaders<SockaddrIn>,
    /// Replies to go out, in order, each with how it is addressed.
    queue: Vec<(Route, SocketAddrV4, Vec<u8>)>,
    /// Frames to go out, per raw socket.
    frames: Vec<Vec<Vec<u8>>>,
    /// What could not be sent in the last flush, and how often.
    pub(crate) failures: Vec<(SocketAddrV4, io::Error)>,
    /// Replies dropped because the kernel's buffer was full.
    pub(crate) dropped: u64,
}

/// The kernel's routing hints for one datagram: datagrams that share them share a system call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Route {
    interface: u32,
    source: Ipv4Addr,
}

impl Dhcp {
    /// Takes the open sockets into the runtime.
    pub(crate) fn new(opened: Opened) -> io::Result<Self> {
        let sockets = opened
            .sockets
            .into_iter()
            .map(|socket| UdpSocket::from_std(socket.into()))
            .collect::<io::Result<Vec<_>>>()?;
        let space = || Some(cmsg_space!(libc::in_pktinfo));
        Ok(Self {
            sockets,
            frames: opened.raw.iter().map(|_| Vec::new()).collect(),
            raw: opened.raw,
            interfaces: opened.interfaces,
            ports: opened.ports,
            buffers: vec![0; PACKETS * PACKET],
            received: MultiHeaders::preallocate(PACKETS, space()),
            sent: MultiHeaders::preallocate(PACKETS, space()),
            queue: Vec::new(),
            failures: Vec::new(),
            dropped: 0,
        })
    }

    /// Ready when packets may be waiting.
    pub(crate) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut ready = Poll::Pending;
        for socket in &self.sockets {
            if socket.poll_recv_ready(cx).is_ready() {
                ready = Poll::Ready(());
            }
        }
        ready
    }

    /// Receives up to 64 packets per socket and shows each that came in by a served interface; returns how many it
    /// received.
    pub(crate) fn receive(&mut self, mut each: impl FnMut(&[u8], Ingress)) -> io::Result<usize> {
        let Self {
            sockets,
            buffers,
            received,
            interfaces,
            ..
        } = self;
        let mut count = 0;
        for socket in &*sockets {
            let taken = socket.try_io(Interest::READABLE, || {
                let n = receive_batch(socket, buffers, received, interfaces, &mut each)?;
                count += n;
                // Fewer than asked for: the socket is empty, and the next packet makes it ready again.
                if n < PACKETS {
                    Err(io::ErrorKind::WouldBlock.into())
                } else {
                    Ok(())
                }
            });
            match taken {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
        }
        Ok(count)
    }

    /// Queues a reply for [`flush`](Self::flush); the packet comes back in `spent` when it isn't needed any more.
    pub(crate) fn reply(
        &mut self,
        to: &Destination,
        packet: Vec<u8>,
        spent: &mut impl FnMut(Vec<u8>),
    ) {
        let port = match to {
            Destination::Relay { .. } => self.ports.server,
            Destination::Broadcast { .. }
            | Destination::Client { .. }
            | Destination::Unicast { .. } => self.ports.client,
        };
        let mut address = SocketAddrV4::new(*to.to().ip(), port);
        let route = match *to {
            Destination::Broadcast {
                interface, source, ..
            } => {
                // As a frame where that works, since the source may be configured to be no address of ours.
                if self.ports.reply_to.is_none()
                    && self.frame(interface, EVERYONE, source, address, &packet)
                {
                    return spent(packet);
                }
                address.set_ip(self.ports.reply_to.unwrap_or(*address.ip()));
                Route { interface, source }
            }
            Destination::Client {
                interface,
                source,
                mac,
                ..
            } => {
                if !self.frame(interface, mac, source, address, &packet) {
                    self.failures
                        .push((address, io::ErrorKind::PermissionDenied.into()));
                }
                return spent(packet);
            }
            Destination::Unicast { source, .. } | Destination::Relay { source, .. } => Route {
                interface: 0,
                source,
            },
        };
        self.queue.push((route, address, packet));
    }

    /// Queues a reply as a frame; `false` if the interface has no socket for these.
    fn frame(
        &mut self,
        interface: u32,
        mac: [u8; 6],
        source: Ipv4Addr,
        to: SocketAddrV4,
        packet: &[u8],
    ) -> bool {
        let Some(i) = self.raw.iter().position(|raw| raw.interface == interface) else {
            return false;
        };
        let source = SocketAddrV4::new(source, self.ports.server);
        self.frames[i].push(self.raw[i].frame(mac, source, to, packet));
        true
    }

    /// Sends what is queued. What the kernel doesn't take is dropped and counted: the client asks again.
    pub(crate) fn flush(&mut self, spent: &mut impl FnMut(Vec<u8>)) {
        let mut queue = std::mem::take(&mut self.queue);
        let mut rest = &queue[..];
        while let Some(&(route, ..)) = rest.first() {
            let run = rest
                .iter()
                .take(PACKETS)
                .take_while(|(other, ..)| *other == route)
                .count();
            let sent = self.send(route, &rest[..run]);
            rest = &rest[sent..];
        }
        queue.drain(..).for_each(|(_, _, packet)| spent(packet));
        self.queue = queue;
        for (raw, frames) in self.raw.iter_mut().zip(&mut self.frames) {
            let (sent, error) = raw.send(frames);
            if let Some(error) = error {
                self.dropped += (frames.len() - sent) as u64;
                self.failures
                    .push((SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0), error));
            }
            frames.clear();
        }
    }

    /// Sends a run of replies with the same route; returns how many are done with.
    fn send(&mut self, route: Route, run: &[(Route, SocketAddrV4, Vec<u8>)]) -> usize {
        let slices: Vec<_> = run
            .iter()
            .map(|(_, _, packet)| [IoSlice::new(packet)])
            .collect();
        let addresses: Vec<_> = run
            .iter()
            .map(|(_, to, _)| Some(SockaddrIn::from(*to)))
            .collect();
        let info = libc::in_pktinfo {
            ipi_ifindex: route.interface as i32, // the kernel's own index
            ipi_spec_dst: libc::in_addr {
                s_addr: u32::from_ne_bytes(route.source.octets()),
            },
            ipi_addr: libc::in_addr { s_addr: 0 },
        };
        let control = [ControlMessage::Ipv4PacketInfo(&info)];
        let fd = self.sockets[self.socket_for(route)].as_raw_fd();
        match sendmmsg(
            fd,
            &mut self.sent,
            &slices,
            &addresses,
            control,
            MsgFlags::MSG_DONTWAIT,
        ) {
            Ok(results) => results.count(),
            Err(Errno::EINTR) => 0,
            Err(Errno::EAGAIN | Errno::ENOBUFS) => {
                self.dropped += run.len() as u64;
                run.len()
            }
            // The error is that of the first one.
            Err(error) => {
                self.failures.push((run[0].1, error.into()));
                1
            }
        }
    }

    /// With sockets bound by address, that of the source; else the only one.
    fn socket_for(&self, route: Route) -> usize {
        let is_bound = |socket: &UdpSocket| {
            socket
                .local_addr()
                .is_ok_and(|local| local.ip() == route.source)
        };
        match self.sockets.len() {
            1 => 0,
            _ => self.sockets.iter().position(is_bound).unwrap_or(0),
        }
    }
}

fn receive_batch(
    socket: &UdpSocket,
    buffers: &mut [u8],
    headers: &mut MultiHeaders<SockaddrIn>,
    interfaces: &[u32],
    each: &mut impl FnMut(&[u8], Ingress),
) -> io::Result<usize> {
    let mut slices: Vec<_> = buffers
        .chunks_mut(PACKET)
        .map(|buffer| [IoSliceMut::new(buffer)])
        .collect();
    let results = recvmmsg(
        socket.as_raw_fd(),
        headers,
        &mut slices,
        MsgFlags::MSG_DONTWAIT,
        None,
    )?;
    let mut count = 0;
    for message in results {
        count += 1;
        let Some(from) = message.address else {
            continue;
        };
        let info = message.cmsgs()?.find_map(|control| match control {
            ControlMessageOwned::Ipv4PacketInfo(info) => Some(info),
            _ => None,
        });
        let Some(info) = info else { continue };
        let interface = info.ipi_ifindex as u32; // never negative
        if message.flags.contains(MsgFlags::MSG_TRUNC) || !interfaces.contains(&interface) {
            continue;
        }
        let ingress = Ingress {
            interface,
            from: from.into(),
            unicast: info.ipi_addr.s_addr == info.ipi_spec_dst.s_addr,
        };
        if let Some(packet) = message.iovs().next() {
            each(packet, ingress);
        }
    }
    Ok(count)
}
