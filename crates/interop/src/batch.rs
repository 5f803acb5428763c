//! A UDP socket that sends and receives many datagrams in one system call.

use std::io::{IoSlice, IoSliceMut};
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg, setsockopt, sockopt,
};

use crate::netns::Namespace;

/// Datagrams in one call.
const BATCH: usize = 64;

/// Longest datagram; DHCP over Ethernet has no longer one.
const LENGTH: usize = 1500;

/// What a server may answer while this process isn't running.
const SOCKET_BUFFER: usize = 16 << 20;

pub(crate) struct Batch {
    socket: UdpSocket,
    outgoing: Vec<(Vec<u8>, Option<SockaddrIn>)>,
    /// Buffers that were sent, to be filled again.
    spare: Vec<Vec<u8>>,
    incoming: Vec<[u8; LENGTH]>,
    send_headers: MultiHeaders<SockaddrIn>,
    receive_headers: MultiHeaders<SockaddrIn>,
}

impl Batch {
    /// A socket in `namespace`, bound to `local`.
    ///
    /// # Panics
    ///
    /// The address is taken, or not there.
    pub(crate) fn new(namespace: &Namespace, local: SocketAddrV4) -> Self {
        let socket = namespace
            .enter(|| UdpSocket::bind(local))
            .unwrap_or_else(|error| panic!("{local}: {error}"));
        let set = |result: nix::Result<()>| {
            result.unwrap_or_else(|error| panic!("socket buffer: {error}"))
        };
        set(setsockopt(&socket, sockopt::RcvBufForce, &SOCKET_BUFFER));
        set(setsockopt(&socket, sockopt::SndBufForce, &SOCKET_BUFFER));
        set(setsockopt(&socket, sockopt::Broadcast, &true));
        Self {
            socket,
            outgoing: Vec::new(),
            spare: Vec::new(),
            incoming: vec![[0; LENGTH]; BATCH],
            send_headers: MultiHeaders::preallocate(BATCH, None),
            receive_headers: MultiHeaders::preallocate(BATCH, None),
        }
    }

    /// Queues what `fill` writes, for `to`.
    pub(crate) fn push(&mut self, to: SocketAddrV4, fill: impl FnOnce(&mut Vec<u8>)) {
        let mut buffer = self.spare.pop().unwrap_or_default();
        buffer.clear();
        fill(&mut buffer);
        self.outgoing.push((buffer, Some(to.into())));
        if self.outgoing.len() == BATCH {
            self.flush();
        }
    }

    /// Sends what is queued. What can't be sent is lost, as on any network.
    pub(crate) fn flush(&mut self) {
        let slices: Vec<[IoSlice<'_>; 1]> = self
            .outgoing
            .iter()
            .map(|(bytes, _)| [IoSlice::new(bytes)])
            .collect();
        let addresses: Vec<Option<SockaddrIn>> = self.outgoing.iter().map(|(_, to)| *to).collect();
        let mut sent = 0;
        while sent < slices.len() {
            let (headers, rest) = (&mut self.send_headers, &slices[sent..]);
            match sendmmsg(
                self.socket.as_raw_fd(),
                headers,
                rest,
                &addresses[sent..],
                [],
                MsgFlags::empty(),
            ) {
                Ok(results) => sent += results.count().max(1),
                Err(Errno::EINTR) => {}
                Err(_) => sent += 1,
            }
        }
        drop(slices);
        self.spare
            .extend(self.outgoing.drain(..).map(|(buffer, _)| buffer));
    }

    /// Hands every datagram that has arrived by now to `take`, at most one batch; waits up to `patience` for the first.
    pub(crate) fn receive(&mut self, patience: Duration, mut take: impl FnMut(&[u8])) {
        let timeout = PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX);
        let mut ready = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        if !patience.is_zero() && !matches!(poll(&mut ready, timeout), Ok(1..)) {
            return;
        }
        let mut slices: Vec<[IoSliceMut<'_>; 1]> = self
            .incoming
            .iter_mut()
            .map(|bytes| [IoSliceMut::new(bytes)])
            .collect();
        let (socket, headers) = (self.socket.as_raw_fd(), &mut self.receive_headers);
        if let Ok(results) = recvmmsg(
            socket,
            headers,
            slices.iter_mut(),
            MsgFlags::MSG_DONTWAIT,
            None,
        ) {
            for datagram in results {
                datagram.iovs().for_each(&mut take);
            }
        }
    }
}
