//! The failover links: listening, dialling, reading, writing.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use dhcp4_server::{ConnId, RelationshipId};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

/// Most bytes read from a link before others have their turn.
const READ: usize = 64 << 10;
/// Most bytes that wait for a partner to take them. A partner has at most a few hundred updates in flight, of a
/// quarter of a kilobyte each; one that leaves this much lying is stuck.
const MAX_UNSENT: usize = 1 << 20;
/// How long a dialled partner may take to answer; it is dialled again later.
const DIAL: Duration = Duration::from_secs(5);
/// How long a closed link may take to deliver its last words.
const LINGER: Duration = Duration::from_secs(2);
/// Links from one address per relationship with it: one live, two that may replace it.
const LINKS_PER_RELATIONSHIP: usize = 3;
/// Links from addresses that have no relationship, altogether: they are closed at once.
const STRANGERS: usize = 8;

/// Addresses of one relationship.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ends {
    /// `address` and `port`: where we listen and dial from.
    pub(crate) local: SocketAddrV4,
    /// `peer address` and `peer port`.
    pub(crate) partner: SocketAddrV4,
}

/// Something that happened on the links.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum PeerInput<'a> {
    /// Somebody connected.
    Accepted(ConnId, Ipv4Addr),
    /// Our dialling succeeded.
    Dialed(RelationshipId, ConnId),
    /// It didn't; true if it was refused.
    DialFailed(RelationshipId, bool),
    /// Bytes came in.
    Bytes(ConnId, &'a [u8]),
    /// A link is gone.
    Disconnected(ConnId),
}

type Dialing = Pin<Box<dyn Future<Output = io::Result<TcpStream>>>>;

struct Link {
    conn: ConnId,
    partner: Ipv4Addr,
    stream: TcpStream,
    /// To be written; `written` bytes of it are.
    unsent: Vec<u8>,
    written: usize,
    /// To be closed as soon as it is written, or then.
    closing: Option<Instant>,
    broken: bool,
}

/// All links.
pub(crate) struct Peers {
    ends: Vec<Ends>,
    listeners: Vec<TcpListener>,
    links: Vec<Link>,
    dials: Vec<(RelationshipId, Dialing)>,
    /// Connected or failed since the last [`inputs`](Self::inputs).
    accepted: Vec<(TcpStream, Ipv4Addr)>,
    dialed: Vec<(RelationshipId, io::Result<TcpStream>)>,
    next: u64,
    buffer: Vec<u8>,
}

/// Binds the listening sockets, each address and port once.
pub(crate) fn listen(ends: &[Ends]) -> io::Result<Vec<std::net::TcpListener>> {
    let mut locals: Vec<SocketAddrV4> = ends.iter().map(|ends| ends.local).collect();
    locals.sort_unstable();
    locals.dedup();
    locals
        .into_iter()
        .map(|local| {
            // The standard library sets SO_REUSEADDR: a restarted server isn't kept off its port by old links.
            let listener = std::net::TcpListener::bind(local).map_err(|error| {
                io::Error::new(
                    error.kind(),
                    format!("failover: can't listen on {local}: {error}"),
                )
            })?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        })
        .collect()
}

impl Peers {
    /// Takes the listening sockets into the runtime.
    pub(crate) fn new(ends: Vec<Ends>, listeners: Vec<std::net::TcpListener>) -> io::Result<Self> {
        Ok(Self {
            ends,
            listeners: listeners
                .into_iter()
                .map(TcpListener::from_std)
                .collect::<io::Result<_>>()?,
            links: Vec::new(),
            dials: Vec::new(),
            accepted: Vec::new(),
            dialed: Vec::new(),
            next: 0,
            buffer: vec![0; READ],
        })
    }

    /// Ready when [`inputs`](Self::inputs) has something to tell or [`flush`](Self::flush) something to write.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut is_ready = false;
        for listener in &self.listeners {
            while let Poll::Ready(Ok((stream, from))) = listener.poll_accept(cx) {
                is_ready = true;
                if let IpAddr::V4(from) = from.ip() {
                    self.accepted.push((stream, from));
                }
                if self.accepted.len() > STRANGERS {
                    break;
                }
            }
        }
        let mut i = 0;
        while i < self.dials.len() {
            match self.dials[i].1.as_mut().poll(cx) {
                Poll::Ready(result) => {
                    let (id, _) = self.dials.swap_remove(i);
                    self.dialed.push((id, result));
                    is_ready = true;
                }
                Poll::Pending => i += 1,
            }
        }
        for link in &self.links {
            is_ready |= link.broken || link.poll_ready(cx).is_ready();
        }
        if is_ready {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Tells what happened, without waiting; reads at most 64 KiB of each link.
    pub(crate) fn inputs(&mut self, mut each: impl FnMut(PeerInput<'_>)) {
        for (stream, from) in std::mem::take(&mut self.accepted) {
            if self.may_connect(from) {
                let conn = self.add(stream, from);
                each(PeerInput::Accepted(conn, from));
            }
        }
        for (id, result) in std::mem::take(&mut self.dialed) {
            match result {
                Ok(stream) => {
                    let conn = self.add(stream, *self.ends[usize::from(id.0)].partner.ip());
                    each(PeerInput::Dialed(id, conn));
                }
                Err(error) => each(PeerInput::DialFailed(
                    id,
                    error.kind() == io::ErrorKind::ConnectionRefused,
                )),
            }
        }
        let Self { links, buffer, .. } = self;
        for link in &mut *links {
            match link.read(buffer) {
                Some(0) => link.broken = true,
                Some(len) => each(PeerInput::Bytes(link.conn, &buffer[..len])),
                None => {}
            }
        }
        for link in links.extract_if(.., |link| link.is_over()) {
            if link.closing.is_none() {
                each(PeerInput::Disconnected(link.conn));
            }
        }
    }

    /// Opens a connection to the partner; the outcome is told by [`inputs`](Self::inputs).
    pub(crate) fn dial(&mut self, id: RelationshipId) {
        if self.dials.iter().any(|(other, _)| *other == id) {
            return;
        }
        let ends = self.ends[usize::from(id.0)];
        let dialing = async move {
            let socket = TcpSocket::new_v4()?;
            socket.bind(SocketAddrV4::new(*ends.local.ip(), 0).into())?;
            match timeout(DIAL, socket.connect(SocketAddr::V4(ends.partner))).await {
                Ok(result) => result,
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
            }
        };
        self.dials.push((id, Box::pin(dialing)));
    }

    /// Adds bytes to be written at the next [`flush`](Self::flush). A link that is gone takes them silently.
    pub(crate) fn send(&mut self, conn: ConnId, bytes: &[u8]) {
        if let Some(link) = self.links.iter_mut().find(|link| link.conn == conn) {
            link.unsent.extend_from_slice(bytes);
        }
    }

    /// Closes a link once what was sent on it is written.
    pub(crate) fn close(&mut self, conn: ConnId) {
        if let Some(link) = self.links.iter_mut().find(|link| link.conn == conn) {
            link.closing.get_or_insert_with(|| Instant::now() + LINGER);
        }
    }

    /// Writes what the links take.
    pub(crate) fn flush(&mut self) {
        self.links.iter_mut().for_each(Link::write);
        self.links
            .retain(|link| link.closing.is_none() || !link.is_over());
    }

    fn may_connect(&self, from: Ipv4Addr) -> bool {
        let relationships = self
            .ends
            .iter()
            .filter(|ends| *ends.partner.ip() == from)
            .count();
        if relationships > 0 {
            let links = self
                .links
                .iter()
                .filter(|link| link.partner == from)
                .count();
            return links < relationships * LINKS_PER_RELATIONSHIP;
        }
        let known = |link: &Link| {
            self.ends
                .iter()
                .any(|ends| *ends.partner.ip() == link.partner)
        };
        self.links.iter().filter(|link| !known(link)).count() < STRANGERS
    }

    fn add(&mut self, stream: TcpStream, partner: Ipv4Addr) -> ConnId {
        _ = stream.set_nodelay(true); // only speed is lost without it
        let conn = ConnId(self.next);
        self.next += 1;
        self.links.push(Link {
            conn,
            partner,
            stream,
            unsent: Vec::new(),
            written: 0,
            closing: None,
            broken: false,
        });
        conn
    }
}

impl Link {
    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.written < self.unsent.len() && self.stream.poll_write_ready(cx).is_ready() {
            return Poll::Ready(());
        }
        if self.closing.is_some() {
            return Poll::Pending;
        }
        ready!(self.stream.poll_read_ready(cx)).ok();
        Poll::Ready(())
    }

    /// How many bytes came in; 0 at the end or after an error, `None` when nothing waits.
    fn read(&self, buffer: &mut [u8]) -> Option<usize> {
        if self.closing.is_some() || self.broken {
            return None;
        }
        match self.stream.try_read(buffer) {
            Ok(len) => Some(len),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(_) => Some(0),
        }
    }

    fn write(&mut self) {
        while self.written < self.unsent.len() && !self.broken {
            match self.stream.try_write(&self.unsent[self.written..]) {
                Ok(len) => self.written += len,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => self.broken = true,
            }
        }
        self.unsent.drain(..self.written);
        self.written = 0;
        self.broken |= self.unsent.len() > MAX_UNSENT;
    }

    fn is_over(&self) -> bool {
        let closed = self
            .closing
            .is_some_and(|at| self.unsent.is_empty() || at <= Instant::now());
        self.broken || closed
    }
}
