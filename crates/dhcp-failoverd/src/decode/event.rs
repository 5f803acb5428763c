//! What is seen, one line each.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use bytes::Bytes;
use dhcp_split::Role;
use failover_wire::{BindingStatus, Frame, MessageType};

use super::stamp::Stamp;

/// Something that was seen.
#[derive(Debug)]
pub(crate) struct Event {
    /// When the packet that showed it was captured.
    pub(crate) time: Stamp,
    /// The connection, counted from 1; 0 for none.
    pub(crate) connection: u64,
    /// What it is.
    pub(crate) kind: Kind,
}

/// One end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Party {
    /// Its address and port.
    pub(crate) address: SocketAddrV4,
    /// Its role, known once exactly one end has sent CONNECT.
    pub(crate) role: Option<Role>,
}

/// What was seen.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A connection is asked for.
    Opened {
        /// Who dials.
        from: Party,
        /// Who is dialled.
        to: Party,
    },
    /// The capture begins in the middle of a connection.
    Joined {
        /// Who was seen first.
        from: Party,
        /// The other end.
        to: Party,
    },
    /// The dialled end has nobody listening.
    Refused {
        /// It.
        by: Party,
    },
    /// An end will send no more.
    Closed {
        /// It.
        by: Party,
    },
    /// An end has broken the connection.
    Reset {
        /// It.
        by: Party,
    },
    /// A message.
    Message(Box<Seen>),
    /// A message that can't be decoded: the receiver drops the link.
    Undecodable(Undecodable),
    /// Bytes up to the next message.
    Skipped(Bad),
    /// The stream ends, or a gap begins, inside a message.
    Partial(Bad),
    /// Bytes that were not captured.
    Gap {
        /// Who sent them.
        from: Party,
        /// To whom.
        to: Party,
        /// How many.
        missing: u64,
    },
    /// A piece of a segment: pieces aren't put together.
    Fragment {
        /// Who sent it.
        from: Ipv4Addr,
        /// To whom.
        to: Ipv4Addr,
    },
    /// All that was seen of a connection.
    Summary(Box<Summary>),
}

/// A message that was decoded.
#[derive(Debug)]
pub(crate) struct Seen {
    /// The sender.
    pub(crate) from: Party,
    /// The receiver.
    pub(crate) to: Party,
    /// What it says.
    pub(crate) frame: Frame,
    /// All bytes of the message. Several bindings in one message are as many events with the same bytes.
    pub(crate) bytes: Bytes,
    /// What a BNDACK answers.
    pub(crate) answers: Answers,
}

/// What a BNDACK answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answers {
    /// It is no BNDACK, or the update may have come before the capture began.
    Unknown,
    /// An update of the address to this status, so long ago.
    Update(Option<BindingStatus>, Duration),
    /// Nothing: no update with its transaction id and address waits on this connection.
    Nothing,
}

/// A message that can't be decoded.
#[derive(Debug)]
pub(crate) struct Undecodable {
    /// Where it is.
    pub(crate) bad: Bad,
    /// What is wrong, and at which byte of the message.
    pub(crate) error: failover_wire::DecodeError,
}

/// Bytes that aren't a message.
#[derive(Debug)]
pub(crate) struct Bad {
    /// Who sent them.
    pub(crate) from: Party,
    /// To whom.
    pub(crate) to: Party,
    /// Where they begin in the sender's stream.
    pub(crate) offset: u64,
    /// How many they are.
    pub(crate) length: u64,
    /// The first of them.
    pub(crate) bytes: Bytes,
}

/// All that was seen of a connection.
#[derive(Debug)]
pub(crate) struct Summary {
    /// The relationship's name, once CONNECT was seen.
    pub(crate) relationship: Option<Bytes>,
    /// Both ends, first the one that dialled or was seen first.
    pub(crate) sides: [SideSummary; 2],
}

/// All that one end sent.
#[derive(Debug)]
pub(crate) struct SideSummary {
    /// It.
    pub(crate) party: Party,
    /// Messages by type.
    pub(crate) messages: BTreeMap<MessageType, u64>,
    /// Messages that couldn't be decoded.
    pub(crate) undecodable: u64,
    /// Its updates that were accepted.
    pub(crate) accepted: u64,
    /// Its updates that were refused.
    pub(crate) refused: u64,
    /// Its updates without an answer.
    pub(crate) unanswered: u64,
    /// Transaction id and address of the last of these.
    pub(crate) waiting: Vec<(u32, Option<Ipv4Addr>)>,
}
