//! Marks: kinds of behaviour that a batch of runs has to show.

use core::fmt;

use dhcp_failover::ServerState;
use dhcp4_wire::MessageType;

use crate::fault::Fault;

/// A kind of behaviour that was seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Mark {
    /// Both servers' states at once, the primary's first.
    Pair(ServerState, ServerState),
    /// A server, 0 or 1, went from one state to another.
    Transition(usize, ServerState, ServerState),
    /// An update or a connection was refused, with this reason (failover-wire's number).
    Reject(u8),
    /// A server ended in this way, with this as what it would have done next.
    Point(Fault, Step),
    /// A client was answered so.
    Reply(MessageType),
}

/// What a server does with the outside world.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Step {
    /// Records that were written are synced.
    Sync,
    /// A client is answered.
    Reply,
    /// The partner is told something.
    PeerBytes,
    /// A connection is closed.
    PeerClose,
    /// A connection is opened.
    Dial,
    /// An address is probed.
    Probe,
    /// Something is logged.
    Log,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pair(primary, secondary) => write!(f, "pair {primary} {secondary}"),
            Self::Transition(node, from, to) => {
                let who = ["primary", "secondary"][*node];
                write!(f, "transition {who} {from} {to}")
            }
            Self::Reject(reason) => write!(f, "reject {reason}"),
            Self::Point(fault, step) => write!(f, "point {fault} {step}"),
            Self::Reply(kind) => write!(f, "reply {kind}"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sync => "sync",
            Self::Reply => "reply",
            Self::PeerBytes => "peer-bytes",
            Self::PeerClose => "peer-close",
            Self::Dial => "dial",
            Self::Probe => "probe",
            Self::Log => "log",
        })
    }
}
