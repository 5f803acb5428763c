//! A partner that greets one server with a handshake of its own making, and hears what comes back.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use interop::Namespace;

/// For how long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Between two greetings: the server notices that the last one's connection is gone.
const PAUSE: Duration = Duration::from_millis(500);

const CONNECT: u8 = 5;
const CONNECT_ACK: u8 = 6;
const STATE: u8 = 10;
const DISCONNECT: u8 = 12;
const REJECT_REASON: u16 = 21;

/// Length, type, payload offset, time, transaction.
const HEADER: usize = 12;

/// A message to be, and what is to be wrong with it.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) kind: u8,
    pub(crate) options: Vec<(u16, Vec<u8>)>,
    /// Bytes between the header and the options.
    pub(crate) spare: usize,
    /// Its clock, seconds ahead of ours.
    pub(crate) ahead: i64,
    /// In place of its length.
    pub(crate) length: Option<u16>,
    /// In place of its payload offset.
    pub(crate) offset: Option<u8>,
    /// Sent a byte at a time.
    pub(crate) in_pieces: bool,
    /// Sent twice.
    pub(crate) twice: bool,
}

impl Draft {
    fn new(kind: u8, options: &[(u16, &[u8])]) -> Self {
        Self {
            kind,
            options: options
                .iter()
                .map(|(code, data)| (*code, data.to_vec()))
                .collect(),
            spare: 0,
            ahead: 0,
            length: None,
            offset: None,
            in_pieces: false,
            twice: false,
        }
    }

    /// A good CONNECT of relationship `lab`.
    pub(crate) fn connect() -> Self {
        let mut buckets = [0; 32];
        buckets[..16].fill(0xff);
        Self::new(
            CONNECT,
            &[
                (22, b"lab"),
                (14, &[0, 0, 0, 10]),
                (19, &[0, 0, 0, 10]),
                (28, b"probe"),
                (20, &[1]),
                (27, &[0]),
                (15, &[0, 0, 0, 60]),
                (11, &buckets),
            ],
        )
    }

    /// A good CONNECTACK.
    pub(crate) fn connect_ack() -> Self {
        Self::new(
            CONNECT_ACK,
            &[
                (22, b"lab"),
                (14, &[0, 0, 0, 10]),
                (19, &[0, 0, 0, 10]),
                (28, b"probe"),
                (20, &[1]),
                (26, &[0]),
            ],
        )
    }

    pub(crate) fn without(mut self, codes: &[u16]) -> Self {
        self.options.retain(|(code, _)| !codes.contains(code));
        self
    }

    /// With an option more, or in place of the one it has.
    pub(crate) fn with(self, code: u16, data: &[u8]) -> Self {
        self.without(&[code]).and(code, data)
    }

    /// With an option more, whatever it has.
    pub(crate) fn and(mut self, code: u16, data: &[u8]) -> Self {
        self.options.push((code, data.to_vec()));
        self
    }

    fn encode(&self) -> Vec<u8> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let time = now.saturating_add_signed(self.ahead) as u32;
        let mut body = vec![0; self.spare];
        for (code, data) in &self.options {
            body.extend(code.to_be_bytes());
            body.extend((data.len() as u16).to_be_bytes());
            body.extend(data);
        }
        let length = self.length.unwrap_or((HEADER + body.len()) as u16);
        let offset = self.offset.unwrap_or((HEADER + self.spare) as u8);
        let mut bytes = Vec::new();
        bytes.extend(length.to_be_bytes());
        bytes.extend([self.kind, offset]);
        bytes.extend(time.to_be_bytes());
        bytes.extend(1_u32.to_be_bytes());
        bytes.extend(body);
        bytes
    }
}

/// Dials `server` from `namespace` and says `draft`, behind the server's CONNECT if `awaited`. Answers in words what the
/// server does.
///
/// # Panics
///
/// It can't be dialled, or doesn't send the CONNECT.
pub(crate) fn greet(
    namespace: &Namespace,
    server: SocketAddr,
    draft: &Draft,
    awaited: bool,
) -> String {
    let mut link = Link::dial(namespace, server);
    if awaited {
        let first = link.hear();
        assert!(
            matches!(&first, Heard::Message(message) if message[2] == CONNECT),
            "no CONNECT to be answered: {first:?}"
        );
    }
    let bytes = draft.encode();
    let answer = if link.say(&bytes, draft.in_pieces) {
        let answer = link.answer();
        match draft.twice {
            true if link.say(&bytes, false) => format!("{answer}; {}", link.answer()),
            _ => answer,
        }
    } else {
        "closes".into()
    };
    drop(link);
    std::thread::sleep(PAUSE);
    answer
}

struct Link {
    stream: TcpStream,
    received: Vec<u8>,
}

#[derive(Debug)]
enum Heard {
    Message(Vec<u8>),
    Closed,
    Nothing,
}

impl Link {
    fn dial(namespace: &Namespace, server: SocketAddr) -> Self {
        let stream = namespace
            .enter(|| TcpStream::connect_timeout(&server, PATIENCE))
            .unwrap_or_else(|error| panic!("{server}: {error}"));
        stream.set_nodelay(true).expect("a TCP socket has that");
        Self {
            stream,
            received: Vec::new(),
        }
    }

    /// Says something; no if the server has closed the connection.
    fn say(&mut self, bytes: &[u8], in_pieces: bool) -> bool {
        let size = if in_pieces { 1 } else { bytes.len() };
        bytes
            .chunks(size)
            .all(|piece| self.stream.write_all(piece).is_ok())
    }

    /// The next message.
    fn hear(&mut self) -> Heard {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(length) = self.received.first_chunk::<2>() {
                let length = usize::from(u16::from_be_bytes(*length)).max(HEADER);
                if self.received.len() >= length {
                    return Heard::Message(self.received.drain(..length).collect());
                }
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Heard::Nothing;
            }
            self.stream
                .set_read_timeout(Some(left))
                .expect("it isn't zero");
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Heard::Closed,
                Ok(length) => self.received.extend(&buffer[..length]),
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Heard::Nothing;
                }
                Err(_) => return Heard::Closed,
            }
        }
    }

    /// What the server makes of the last thing said.
    fn answer(&mut self) -> String {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let message = match self.hear() {
                Heard::Message(message) => message,
                Heard::Closed => return "closes".into(),
                Heard::Nothing => break,
            };
            let reason = reject_reason(&message);
            match (message[2], reason) {
                (CONNECT_ACK | STATE, None) => return "accepts".into(),
                (CONNECT_ACK | DISCONNECT, Some(reason)) => return format!("refuses, {reason}"),
                (DISCONNECT, None) => return "disconnects".into(),
                _ => {}
            }
        }
        "says nothing".into()
    }
}

/// The value of option 21.
fn reject_reason(message: &[u8]) -> Option<u8> {
    let mut options = message.get(usize::from(message[3])..)?;
    while let Some((head, rest)) = options.split_first_chunk::<4>() {
        let code = u16::from_be_bytes([head[0], head[1]]);
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let (data, next) = rest.split_at_checked(length)?;
        if code == REJECT_REASON {
            return data.first().copied();
        }
        options = next;
    }
    None
}

/// Where `address` listens.
pub(crate) fn socket(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse::<IpAddr>().expect("an address"), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_what_it_says() {
        let good = Draft::connect_ack().encode();
        assert_eq!(
            usize::from(u16::from_be_bytes([good[0], good[1]])),
            good.len()
        );
        assert_eq!(good[2..4], [CONNECT_ACK, 12]);
        assert_eq!(reject_reason(&good), None);
        let refusal = Draft::connect_ack().with(21, &[8]).encode();
        assert_eq!(reject_reason(&refusal), Some(8));
        assert_eq!(
            Draft::connect().with(15, b"x").options.len(),
            Draft::connect().options.len()
        );
        let twice = Draft::connect().and(15, b"x");
        assert_eq!(twice.options.len(), Draft::connect().options.len() + 1);
    }
}
