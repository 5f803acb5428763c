//! Packets as they pass an interface.
//!
//! A packet socket of the kernel, with a filter that lets only failover's TCP through. Only the known ports are seen:
//! looking into every connection of a busy server for one that begins with CONNECT is left to capture files.

use std::io::{self, IoSliceMut, Write};
use std::os::fd::{AsFd as _, AsRawFd as _};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::libc::ETH_P_ALL;
use nix::net::if_::if_nametoindex;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::SignalFd;
use nix::sys::socket::{ControlMessageOwned, LinkAddr, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use socket2::{Domain, Protocol, Socket, Type};

use super::filter::filter;
use super::packet::LinkLayer;
use super::printer::Printer;
use super::stamp::Stamp;
use super::tracker::{PORTS, Tracker};
use crate::raw::link_address;

/// The longest packet: the kernel hands out what it will cut into segments, or has joined, in one piece.
const LONGEST_PACKET: usize = 64 << 10;
/// What the kernel keeps while we print; a lease table of ten thousand is sent in about 1 MB.
const KERNEL_BUFFER: usize = 4 << 20;
/// Packets between two looks at the signals.
const BATCH: usize = 64;

/// Why there is nothing to be seen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LiveError {
    /// No interface of that name.
    #[error("{0}: no such interface")]
    NoInterface(String),
    /// Not allowed.
    #[error("capturing needs the capability CAP_NET_RAW: run this as root")]
    NotAllowed,
    /// Anything else.
    #[error("{0}: {1}")]
    Failed(String, io::Error),
}

/// Decodes what passes `interface` until there were enough messages, or SIGINT or SIGTERM comes.
pub(crate) fn run(
    interface: &str,
    ports: &[u16],
    tracker: &mut Tracker,
    printer: &mut Printer<impl Write>,
) -> Result<(), LiveError> {
    let index =
        if_nametoindex(interface).map_err(|_| LiveError::NoInterface(interface.to_owned()))?;
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied => LiveError::NotAllowed,
        _ => LiveError::Failed(interface.to_owned(), error),
    };
    let ports: Vec<u16> = PORTS.iter().chain(ports).copied().collect();
    let socket = open(index, &ports).map_err(failed)?;
    let list: Vec<_> = ports.iter().map(u16::to_string).collect();
    eprintln!("watching ports {} on {interface}", list.join(", "));
    printer.be_prompt();
    watch(&socket, index, tracker, printer).map_err(failed)
}

fn open(index: u32, ports: &[u16]) -> io::Result<Socket> {
    // Without its link-layer header a packet begins with IP on every interface.
    let all = Protocol::from(i32::from((ETH_P_ALL as u16).to_be()));
    let socket = Socket::new(Domain::PACKET, Type::DGRAM, Some(all))?;
    socket.attach_filter(&filter(ports, LONGEST_PACKET as u32))?;
    socket.bind(&link_address(index)?)?;
    socket.set_nonblocking(true)?;
    // As much of it as the system allows.
    socket.set_recv_buffer_size(KERNEL_BUFFER)?;
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
    Ok(socket)
}

/// Hands on what comes until it is enough.
fn watch(
    socket: &Socket,
    index: u32,
    tracker: &mut Tracker,
    printer: &mut Printer<impl Write>,
) -> io::Result<()> {
    // They are read instead of ending the process, so that the summaries are printed.
    let ends: SigSet = [Signal::SIGINT, Signal::SIGTERM].into_iter().collect();
    ends.thread_block()?;
    let signals = SignalFd::new(&ends)?;
    let mut buffer = vec![0; LONGEST_PACKET];
    let mut events = Vec::new();
    loop {
        let mut sources =
            [socket.as_fd(), signals.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        match poll(&mut sources, PollTimeout::NONE) {
            Ok(_) => {}
            Err(Errno::EINTR) => continue,
            Err(error) => return Err(error.into()),
        }
        if sources[1].any().unwrap_or(true) {
            return Ok(());
        }
        for _ in 0..BATCH {
            match receive(socket, &mut buffer) {
                Ok((time, from, bytes)) => {
                    // What came before the socket was bound may be another interface's.
                    if from == Some(index as usize) {
                        tracker.packet(time, LinkLayer::Ip, bytes, &mut events);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            if printer.print(events.drain(..)).is_break() {
                return Ok(());
            }
        }
    }
}

/// The next packet, when it was seen, and on which interface.
fn receive<'a>(
    socket: &Socket,
    buffer: &'a mut [u8],
) -> io::Result<(Stamp, Option<usize>, &'a [u8])> {
    let mut control = cmsg_space!(TimeSpec);
    let mut slices = [IoSliceMut::new(buffer)];
    let message = recvmsg::<LinkAddr>(
        socket.as_raw_fd(),
        &mut slices,
        Some(&mut control),
        MsgFlags::empty(),
    )?;
    let time = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::ScmTimestampns(time) => Some(Stamp::new(
            time.tv_sec().unsigned_abs(),
            time.tv_nsec().unsigned_abs(),
        )),
        _ => None,
    });
    let from = message.address.map(|address| address.ifindex());
    let length = message.bytes;
    // The kernel stamps every packet once it was asked to.
    Ok((time.unwrap_or_default(), from, &buffer[..length]))
}
