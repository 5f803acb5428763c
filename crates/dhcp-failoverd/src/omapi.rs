//! OMAPI: the TCP port for `omshell`, where the configuration asks for it (`omapi-port`).
//!
//! One request a connection is worked on at a time, and the next is read when its answer has been taken: whatever a client
//! does, the packets of others wait for one request of each connection at most.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use dhcp4_server::Instant;
use dhcpd_text::conf::ServerSettings;
use omapi::{Keyring, Session, SessionError};
use tokio::net::{TcpListener, TcpStream};

use crate::log::Log;
use crate::omapi_key::keyring;

/// Connections at one time: a handful of operators and monitors. A further one takes the place of that which has been
/// silent for the longest time, so that nobody can keep operators out by holding all of them.
const MAX_CONNECTIONS: usize = 16;
/// New connections in one turn of the loop: the rest waits in the kernel.
const MAX_ACCEPTED: usize = 4;
/// Most bytes read at a time: some requests.
const READ: usize = 4096;
/// How often a port that is taken is tried again, as dhcpd does.
const AGAIN: Duration = Duration::from_secs(5);

/// One client.
struct Connection {
    id: u64,
    session: Session,
    stream: TcpStream,
    /// To be written; `written` bytes of it are.
    unsent: Vec<u8>,
    written: usize,
    /// Its answer waits for the disk.
    busy: bool,
    broken: bool,
    /// When it last said anything: a count of the turns.
    heard: u64,
}

/// The port, and all who are connected to it.
pub(crate) struct Omapi {
    keys: Rc<Keyring>,
    port: Option<u16>,
    listener: Option<TcpListener>,
    next_try: Instant,
    connections: Vec<Connection>,
    accepted: Vec<TcpStream>,
    next: u64,
    turn: u64,
    buffer: Box<[u8; READ]>,
}

/// What the configuration asks for, opened while the server still has its privileges.
pub(crate) struct Opened {
    port: Option<u16>,
    listener: Option<StdListener>,
    keys: Keyring,
}

impl Opened {
    /// Opens the port if there is one. As with dhcpd, the server runs without it if that fails, and tries again.
    pub(crate) fn new(server: &ServerSettings, log: &mut Log) -> Self {
        let mut opened = Self {
            port: server.omapi_port,
            listener: None,
            keys: Keyring::open(),
        };
        let Some(port) = opened.port else {
            return opened;
        };
        match keyring(server) {
            Ok(keys) => opened.keys = keys,
            Err(error) => {
                // Without its key the port would be open to everybody.
                log.error(format_args!("Can't start OMAPI protocol: {error}"));
                opened.port = None;
                return opened;
            }
        }
        opened.listener = listen(port)
            .map_err(|error| log.error(format_args!("Can't start OMAPI protocol: {error}")))
            .ok();
        opened
    }
}

/// Opens the port at all addresses, as dhcpd does.
fn listen(port: u16) -> io::Result<StdListener> {
    // The standard library sets SO_REUSEADDR: a restarted server isn't kept off its port by old connections.
    let listener = StdListener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

impl Omapi {
    /// Takes the port into the runtime.
    pub(crate) fn new(opened: Opened, now: Instant) -> io::Result<Self> {
        let Opened {
            port,
            listener,
            keys,
        } = opened;
        Ok(Self {
            keys: Rc::new(keys),
            port,
            listener: listener.map(TcpListener::from_std).transpose()?,
            next_try: now + AGAIN,
            connections: Vec::new(),
            accepted: Vec::new(),
            next: 0,
            turn: 0,
            buffer: Box::new([0; READ]),
        })
    }

    /// Tries to open the port if it could not be opened before.
    pub(crate) fn tend(&mut self, now: Instant, log: &mut Log) {
        let Some(port) = self.port else { return };
        if self.listener.is_some() || now < self.next_try {
            return;
        }
        self.next_try = now + AGAIN;
        match listen(port).and_then(TcpListener::from_std) {
            Ok(listener) => {
                log.info(format_args!("OMAPI listens on port {port}."));
                self.listener = Some(listener);
            }
            Err(error) => log.error(format_args!("Can't start OMAPI protocol: {error}")),
        }
    }

    /// Ready when [`requests`](Self::requests) or [`flush`](Self::flush) has something to do.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(listener) = &self.listener {
            while self.accepted.len() < MAX_ACCEPTED
                && let Poll::Ready(Ok((stream, _))) = listener.poll_accept(cx)
            {
                self.accepted.push(stream);
            }
        }
        let mut is_ready = !self.accepted.is_empty();
        for connection in &self.connections {
            is_ready |= connection.poll_ready(cx).is_ready();
        }
        if is_ready {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Lets `handle` work on the next request of each connection that has one. What it returns is sent by
    /// [`answer`](Self::answer), once that may be.
    pub(crate) fn requests(
        &mut self,
        mut handle: impl FnMut(u64, &mut Session) -> Result<(), SessionError>,
    ) {
        self.turn += 1;
        for stream in std::mem::take(&mut self.accepted) {
            self.add(stream);
        }
        for connection in &mut self.connections {
            if connection.is_free() && !connection.session.is_ready() {
                connection.read(&mut self.buffer[..], self.turn);
            }
            if connection.is_free() && connection.session.is_ready() {
                connection.busy = true;
                connection.broken = handle(connection.id, &mut connection.session).is_err();
            }
        }
        self.connections.retain(|connection| !connection.broken);
    }

    /// The answer to the last request of this connection, perhaps empty; it is written at the next
    /// [`flush`](Self::flush). A client that has gone needs none.
    pub(crate) fn answer(&mut self, id: u64, bytes: &[u8]) {
        if let Some(connection) = self.connections.iter_mut().find(|c| c.id == id) {
            connection.busy = false;
            connection.unsent.extend_from_slice(bytes);
        }
    }

    /// Writes what the clients take.
    pub(crate) fn flush(&mut self) {
        self.connections.iter_mut().for_each(Connection::write);
        self.connections.retain(|connection| !connection.broken);
    }

    fn add(&mut self, stream: TcpStream) {
        if self.connections.len() >= MAX_CONNECTIONS {
            let silent = self.connections.iter().enumerate();
            if let Some((index, _)) = silent.min_by_key(|(_, connection)| connection.heard) {
                self.connections.remove(index);
            }
        }
        _ = stream.set_nodelay(true); // only speed is lost without it
        let mut unsent = Vec::new();
        let session = Session::new(Rc::clone(&self.keys), &mut unsent);
        let mut connection = Connection {
            id: self.next,
            session,
            stream,
            unsent,
            written: 0,
            busy: false,
            broken: false,
            heard: self.turn,
        };
        connection.write();
        self.next += 1;
        self.connections.push(connection);
    }
}

impl Connection {
    /// Whether its next request may be worked on.
    fn is_free(&self) -> bool {
        !self.busy && !self.broken && self.unsent.is_empty()
    }

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        let is_ready = if !self.unsent.is_empty() {
            self.stream.poll_write_ready(cx).is_ready()
        } else if self.busy {
            false
        } else {
            self.session.is_ready() || self.stream.poll_read_ready(cx).is_ready()
        };
        if is_ready {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn read(&mut self, buffer: &mut [u8], turn: u64) {
        let room = self.session.room().min(buffer.len());
        match self.stream.try_read(&mut buffer[..room]) {
            Ok(0) => self.broken = true,
            Ok(len) => {
                self.session.receive(&buffer[..len]);
                self.heard = turn;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => self.broken = true,
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
    }
}

#[cfg(test)]
mod tests;
