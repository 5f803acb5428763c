//! What happened, for the log and the counters.

use core::fmt;
use core::net::Ipv4Addr;

use failover_wire::{BindingStatus, RejectReason, ServerState};

/// Something that an operator may want to know. `Display` gives ISC's own log line where ISC has
/// one; `{relationship}` is the name of the relationship.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Event {
    /// Name of the relationship it happened in.
    pub relationship: std::sync::Arc<str>,
    /// What happened.
    pub what: What,
}

/// Kinds of events.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum What {
    /// Our state changed.
    IMove {
        /// The state left.
        from: ServerState,
        /// The state entered.
        to: ServerState,
    },
    /// The partner's state changed, as it told us.
    PeerMoves {
        /// Its former state, if known.
        from: Option<ServerState>,
        /// Its new state.
        to: ServerState,
    },
    /// Our state and the partner's, after either changed.
    States {
        /// Our state.
        mine: ServerState,
        /// The partner's, if known.
        partner: Option<ServerState>,
    },
    /// Both servers are NORMAL.
    BothNormal,
    /// Bytes that are no message; the connection is closed.
    BadMessage(String),
    /// The link is gone.
    Disconnected,
    /// Nothing was heard from the partner for max-response-delay.
    ContactTimeout,
    /// A connection did not complete its handshake in time.
    LinkStartupTimeout,
    /// We refused the partner's CONNECT.
    ConnectRefused(RejectReason),
    /// The partner refused our CONNECT.
    ConnectRejected(RejectReason),
    /// The partner's CONNECTACK is not acceptable.
    ConnectAckBad(RejectReason),
    /// The partner said DISCONNECT.
    DisconnectReceived(RejectReason),
    /// The partner announced a state that makes no sense beside ours; the link is closed.
    IllegalPeerState {
        /// Our state.
        mine: ServerState,
        /// What it announced, as on the wire.
        peer: u8,
    },
    /// An update request was sent.
    UpdateRequestSent {
        /// For all leases (UPDREQALL).
        all: bool,
    },
    /// An update request was received.
    UpdateRequestReceived {
        /// For all leases (UPDREQALL).
        all: bool,
        /// How many updates are queued for it.
        queued: u32,
    },
    /// An update request came while one for all leases was being served, and takes its place.
    UpdateRequestRepeated,
    /// All updates that the partner asked for are acknowledged.
    UpdateDoneSent,
    /// The partner has sent all that we asked for.
    PeerUpdateCompleted,
    /// A balance run.
    Balancing {
        /// Pool's number in order of configuration.
        pool: u32,
        /// Leases in the pool.
        total: u32,
        /// FREE.
        free: u32,
        /// BACKUP.
        backup: u32,
        /// Leases to send.
        lts: i64,
        /// Allowed surplus.
        hold: i64,
        /// POOLREQ was sent.
        requesting: bool,
    },
    /// Result of a balance run.
    Balanced {
        /// Pool's number in order of configuration.
        pool: u32,
        /// Leases in the pool.
        total: u32,
        /// FREE.
        free: u32,
        /// BACKUP.
        backup: u32,
        /// Leases still to send.
        lts: i64,
        /// Threshold of imbalance.
        thresh: i64,
        /// `lts` exceeds it.
        imbalanced: bool,
    },
    /// POOLRESP received.
    PoolResponse(u32),
    /// We could give nothing for a POOLREQ.
    PoolRequestRefused,
    /// The partner refused an update of ours.
    UpdateRejected {
        /// The address.
        address: Ipv4Addr,
        /// Why.
        reason: RejectReason,
        /// Its text, if it sent one.
        text: String,
    },
    /// We refused an update of the partner's.
    UpdateRefused {
        /// The address; none if the update named none.
        address: Option<Ipv4Addr>,
        /// Why.
        reason: RejectReason,
        /// Our text.
        text: String,
    },
    /// An acknowledgement that fits no update in flight.
    StaleAck(Ipv4Addr),
    /// Both servers leased the address to different clients.
    LeaseConflict(Ipv4Addr),
    /// A lease ended.
    LeaseExpired(Ipv4Addr, BindingStatus),
    /// The wall clock was stepped; seconds, negative is backwards.
    ClockStepped(i64),
    /// The machine was suspended for longer than MCLT, seconds.
    Suspended(u64),
    /// STARTUP goes on since the clock is behind the lease file, by so many seconds.
    ClockBehindLeases(u32),
    /// We start out of contact and serve; the partner could be serving in PARTNER-DOWN.
    ServingWithoutContact,
}

/// A state as the lease file and the log spell it.
struct Spelled(Option<ServerState>);

impl fmt::Display for Spelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(state) => state.fmt(f),
            None => f.write_str("unknown-state"),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.relationship;
        match &self.what {
            What::IMove { from, to } => {
                write!(f, "failover peer {name}: I move from {from} to {to}")
            }
            What::PeerMoves { from, to } => {
                write!(
                    f,
                    "failover peer {name}: peer moves from {} to {to}",
                    Spelled(*from)
                )
            }
            What::States { mine, partner } => {
                let (mine, partner) = (Upper(Some(*mine)), Upper(*partner));
                write!(f, "Failover: My state: {mine} Partner state: {partner}")
            }
            What::BothNormal => write!(f, "failover peer {name}: Both servers normal"),
            What::Disconnected => write!(f, "peer {name}: disconnected"),
            What::ContactTimeout => write!(f, "timeout waiting for failover peer {name}"),
            What::LinkStartupTimeout => f.write_str("failover: link startup timeout"),
            What::PeerUpdateCompleted => {
                write!(f, "failover peer {name}: peer update completed.")
            }
            What::UpdateDoneSent => write!(f, "Sent update done message to {name}"),
            What::PoolResponse(count) => write!(f, "pool response: {count} leases"),
            What::PoolRequestRefused => write!(
                f,
                "peer {name}: Got POOLREQ, answering negatively!  Peer may be out of leases or \
                 database inconsistent."
            ),
            What::LeaseConflict(address) => write!(f, "Lease conflict at {address}"),
            What::LeaseExpired(address, status) => {
                write!(f, "lease {address} ended: {status}")
            }
            other => other.link(name, f).and_then(|()| other.update(name, f)),
        }
    }
}

impl What {
    /// The lines about connections and clocks.
    fn link(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConnectRefused(reason) => write!(f, "Failover CONNECT from {name}: {reason}"),
            Self::ConnectRejected(reason) => {
                write!(f, "Failover CONNECT to {name} rejected: {reason}")
            }
            Self::ConnectAckBad(reason) => write!(f, "Failover CONNECTACK from {name}: {reason}"),
            Self::DisconnectReceived(reason) => {
                write!(f, "Failover DISCONNECT from {name}: {reason}")
            }
            Self::BadMessage(error) => write!(f, "failover peer {name}: {error}"),
            Self::IllegalPeerState { mine, peer } => write!(
                f,
                "failover peer {name}: partner announced state {peer} while I am in {mine}: \
                 closing the link"
            ),
            Self::ClockStepped(seconds) => {
                write!(
                    f,
                    "the clock was set by {seconds} seconds: closing failover link {name}"
                )
            }
            Self::Suspended(seconds) => write!(
                f,
                "failover peer {name}: slept for {seconds} seconds, longer than mclt: starting anew"
            ),
            Self::ClockBehindLeases(seconds) => write!(
                f,
                "failover peer {name}: the clock is {seconds} seconds behind the lease file: \
                 staying in startup until it has caught up"
            ),
            Self::ServingWithoutContact => write!(
                f,
                "failover peer {name}: serving without contact with the partner, which could be \
                 serving in partner-down"
            ),
            _ => Ok(()),
        }
    }

    /// The lines about updates and balance.
    fn update(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UpdateRequestSent { all } => {
                write!(
                    f,
                    "Sent update request{} message to {name}",
                    all_suffix(*all)
                )
            }
            Self::UpdateRequestReceived { all, queued } => {
                let what = if *queued == 0 {
                    "nothing pending"
                } else {
                    "sending update"
                };
                write!(f, "Update request{} from {name}: {what}", all_suffix(*all))
            }
            Self::UpdateRequestRepeated => write!(
                f,
                "failover peer {name}: Received update request while old update still flying!"
            ),
            Self::Balancing {
                pool,
                total,
                free,
                backup,
                lts,
                hold,
                requesting,
            } => write!(
                f,
                "balancing pool {pool} {name}  total {total}  free {free}  backup {backup}  \
                 lts {lts}  max-own (+/-){hold}{}",
                if *requesting {
                    "  (requesting peer rebalance!)"
                } else {
                    ""
                }
            ),
            Self::Balanced {
                pool,
                total,
                free,
                backup,
                lts,
                thresh,
                imbalanced,
            } => write!(
                f,
                "{} pool {pool} {name}  total {total}  free {free}  backup {backup}  lts {lts}  \
                 max-misbal {thresh}",
                if *imbalanced {
                    "IMBALANCED"
                } else {
                    "balanced"
                }
            ),
            Self::UpdateRejected {
                address,
                reason,
                text,
            } => {
                let text: &dyn fmt::Display = if text.is_empty() { reason } else { text };
                write!(f, "bind update on {address} from {name} rejected: {text}")
            }
            Self::UpdateRefused { address, text, .. } => match address {
                Some(address) => {
                    write!(f, "bind update on {address} from {name} refused: {text}")
                }
                None => write!(f, "bind update from {name} refused: {text}"),
            },
            Self::StaleAck(address) => {
                write!(
                    f,
                    "bind update on {address} got ack from {name}: xid mismatch."
                )
            }
            _ => Ok(()),
        }
    }
}

fn all_suffix(all: bool) -> &'static str {
    if all { " all" } else { "" }
}

/// A state in capitals.
struct Upper(Option<ServerState>);

impl fmt::Display for Upper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Spelled(self.0).to_string().to_uppercase())
    }
}
