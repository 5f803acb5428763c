//! A failover partner that follows a test's script, over TCP.
//!
//! [`Solo`] is a server, of either kind, alone in a namespace; [`Scripted`] is a connection to it from where its partner
//! should be. The script says any message at any time, well-formed or not, and hears what the server says.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddrV4, TcpStream};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use failover_wire::{
    BindingAck, BindingUpdate, Connect, ConnectAck, Frame, Message, ServerFlags, ServerState,
    StateMessage, UnixTime, Xid, decode,
};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, setsockopt, socket, sockopt,
};

mod solo;

pub use solo::{Solo, lease_file};

/// How long a server may take to say what it has to say on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(50);

/// What comes of listening.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// The server said this.
    Frame(Frame),
    /// It has closed the connection, or its process is gone.
    Closed,
    /// It said nothing for as long as it was listened to.
    Silence,
}

/// One connection of the partner's.
#[derive(Debug)]
pub struct Scripted {
    stream: TcpStream,
    received: BytesMut,
    next_xid: u32,
    /// Every message heard so far.
    pub heard: Vec<Frame>,
}

/// What the partner says of itself in CONNECT or CONNECTACK.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terms {
    /// The relationship.
    pub name: String,
    /// It is the primary, and speaks first.
    pub primary: bool,
    /// Updates that the server may leave unanswered (option 14).
    pub max_unacked: Option<u32>,
    /// Seconds of silence that end the link (option 19).
    pub receive_timer: Option<u32>,
    /// A primary's maximum client lead time, seconds (option 15).
    pub mclt: u32,
}

impl Scripted {
    /// Connects, as soon as the server listens. Runs in the caller's network namespace: see
    /// [`Namespace::enter`](crate::Namespace::enter).
    ///
    /// # Panics
    ///
    /// The server doesn't listen for [`PATIENCE`].
    pub fn dial(from: Ipv4Addr, to: SocketAddrV4) -> Self {
        let start = Instant::now();
        let stream = loop {
            match open(from, to) {
                Ok(stream) => break stream,
                Err(error) => assert!(start.elapsed() < PATIENCE, "{to}: {error}"),
            }
            std::thread::sleep(PAUSE);
        };
        stream.set_nodelay(true).expect("a TCP socket has that");
        Self {
            stream,
            received: BytesMut::new(),
            next_xid: 0,
            heard: Vec::new(),
        }
    }

    /// The handshake up to CONNECTACK.
    ///
    /// # Panics
    ///
    /// The server refuses.
    pub fn shake_hands(&mut self, terms: &Terms) {
        let name = Some(Bytes::copy_from_slice(terms.name.as_bytes()));
        let vendor_class = Some(Bytes::from_static(b"scripted"));
        let (max_unacked, receive_timer) = (terms.max_unacked, terms.receive_timer);
        if terms.primary {
            self.say(Message::Connect(Connect {
                relationship_name: name,
                max_unacked,
                receive_timer,
                vendor_class,
                protocol_version: Some(1),
                tls_request: Some(0),
                mclt: Some(terms.mclt),
                hba: Some(Bytes::from([[0xff; 16], [0; 16]].concat())),
            }));
            let frame = self.wait_for("CONNECTACK", |frame| {
                matches!(frame.message, Message::ConnectAck(_))
            });
            let Message::ConnectAck(ack) = frame.message else {
                unreachable!("waited for")
            };
            assert_eq!(ack.reject, None, "the server refuses");
        } else {
            let frame = self.wait_for("CONNECT", |frame| {
                matches!(frame.message, Message::Connect(_))
            });
            self.answer(
                frame.xid,
                Message::ConnectAck(ConnectAck {
                    relationship_name: name,
                    max_unacked,
                    receive_timer,
                    vendor_class,
                    protocol_version: Some(1),
                    tls_reply: Some(0),
                    ..ConnectAck::default()
                }),
            );
        }
    }

    /// Announces a state.
    pub fn say_state(&mut self, state: ServerState, flags: ServerFlags) {
        self.say(Message::State(StateMessage::new(state, flags, now())));
    }

    /// Says a message of one's own; its transaction id.
    pub fn say(&mut self, message: Message) -> Xid {
        let xid = Xid(self.next_xid);
        self.next_xid += 1;
        self.answer(xid, message);
        xid
    }

    /// Says a message with this transaction id.
    pub fn answer(&mut self, xid: Xid, message: Message) {
        let mut bytes = BytesMut::new();
        Frame::new(now(), xid, message)
            .encode(&mut bytes)
            .expect("a short message");
        self.say_bytes(&bytes);
    }

    /// Accepts an update.
    pub fn accept(&mut self, xid: Xid, update: &BindingUpdate) {
        let ack = BindingAck {
            address: update.address,
            ..BindingAck::default()
        };
        self.answer(xid, Message::BindingAck(ack));
    }

    /// Says anything. A server that has closed is noticed by the next [`hear`](Self::hear).
    pub fn say_bytes(&mut self, bytes: &[u8]) {
        _ = self.stream.write_all(bytes);
    }

    /// Listens for the next message.
    ///
    /// # Panics
    ///
    /// The server says what is no message.
    pub fn hear(&mut self, patience: Duration) -> Heard {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(frame) =
                decode(&mut self.received).expect("the server's messages are well-formed")
            {
                self.heard.push(frame.clone());
                return Heard::Frame(frame);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Heard::Silence;
            }
            self.stream.set_read_timeout(Some(left)).expect("not zero");
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Heard::Closed,
                Ok(len) => self.received.extend_from_slice(&buffer[..len]),
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(_) => return Heard::Closed,
            }
        }
    }

    /// Listens for a message of one kind, at most [`PATIENCE`] long; CONTACT keeps the link meanwhile.
    ///
    /// # Panics
    ///
    /// It doesn't come.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Frame) -> bool) -> Frame {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.hear(deadline.saturating_duration_since(Instant::now())) {
                Heard::Frame(frame) if wanted(&frame) => return frame,
                Heard::Frame(_) => {}
                other => panic!("waited for {what}: {other:?} after {:#?}", self.heard),
            }
        }
    }

    /// Everything that the server says until it answers a POOLREQ, which it does in every state: so all that came before
    /// has been seen to. False if it has closed instead.
    ///
    /// # Panics
    ///
    /// It does neither.
    pub fn fence(&mut self) -> bool {
        self.say(Message::PoolRequest);
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.hear(deadline.saturating_duration_since(Instant::now())) {
                Heard::Frame(Frame {
                    message: Message::PoolResponse(_),
                    ..
                }) => return true,
                Heard::Frame(_) => {}
                Heard::Closed => return false,
                Heard::Silence => panic!("a POOLREQ isn't answered: {:#?}", self.heard),
            }
        }
    }

    /// Ends the connection with a reset, as a crash does.
    pub fn reset(self) {
        let at_once = nix::libc::linger {
            l_onoff: 1,
            l_linger: 0,
        };
        setsockopt(&self.stream, sockopt::Linger, &at_once).expect("a TCP socket has that");
    }

    /// Ends the connection in order.
    pub fn close(self) {
        _ = self.stream.shutdown(Shutdown::Both);
    }

    /// The states that the server has announced, and whether each with the STARTUP flag.
    pub fn states(&self) -> Vec<(ServerState, bool)> {
        let states = self.heard.iter().filter_map(|frame| match &frame.message {
            Message::State(state) => Some((state.known_state()?, state.is_startup())),
            _ => None,
        });
        states.collect()
    }
}

fn open(from: Ipv4Addr, to: SocketAddrV4) -> nix::Result<TcpStream> {
    let made = socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    use std::os::fd::AsRawFd as _;
    bind(
        made.as_raw_fd(),
        &SockaddrIn::from(SocketAddrV4::new(from, 0)),
    )?;
    connect(made.as_raw_fd(), &SockaddrIn::from(to))?;
    Ok(TcpStream::from(made))
}

/// The wall clock.
pub fn now() -> UnixTime {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    UnixTime(u32::try_from(now.as_secs()).unwrap_or(u32::MAX))
}
