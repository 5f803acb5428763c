//! What happened, in the words of ISC's log.

mod display;

pub(crate) use display::Mac;

use core::net::Ipv4Addr;
use std::sync::Arc;

use bytes::Bytes;
use failover_wire::HardwareAddress;

/// Something that an operator may want to know.
///
/// `Display` gives ISC's log line word for word. An event of a client is small and holds no text of its own, so that one
/// that nobody wants to read costs next to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message from or to a client.
    Client(ClientEvent),
    /// An address changed hands in an unusual way, or something is odd about it.
    Lease(Ipv4Addr, LeaseNote),
    /// A client has two leases on one network.
    Duplicate {
        /// The lease that it doesn't get; `None` where ISC's line names none.
        address: Option<Ipv4Addr>,
        /// The client.
        client: HardwareAddress,
        /// Name of the shared network.
        network: Arc<str>,
    },
    /// A DHCPRELEASE or DHCPDECLINE came while the relationship doesn't serve.
    Ignored {
        /// Name of the relationship.
        relationship: Arc<str>,
        /// Why it doesn't serve.
        reason: &'static str,
    },
    /// What a `log` statement of the configuration says.
    Said {
        /// How urgent the statement says that it is.
        level: Level,
        /// The text, as the client may have made it: control characters are shown as `\\ooo`.
        text: Box<str>,
    },
    /// A name in DNS was changed, or couldn't be.
    Dns {
        /// How urgent it is.
        level: Level,
        /// The line; names in it may come from clients.
        text: Box<str>,
    },
    /// Of the failover protocol.
    Failover(dhcp_failover::Event),
}

/// How urgent an event is: ISC's syslog priority for its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// `LOG_DEBUG`
    Debug,
    /// `LOG_INFO`
    Info,
    /// `LOG_ERR`
    Error,
}

/// One line about one DHCP or BOOTP message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientEvent {
    /// Which message, received or sent.
    pub message: Line,
    /// The client's hardware type and address.
    pub client: HardwareAddress,
    /// Its name as the lease has it.
    pub hostname: Option<Bytes>,
    /// Where the message came from, or goes.
    pub via: Via,
    /// What became of it, if that is worth a word.
    pub remark: Remark,
}

/// The message that a line is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// `DHCPDISCOVER from …`
    Discover,
    /// `DHCPREQUEST for A (S) from …`
    Request {
        /// The requested address, or `ciaddr`.
        address: Ipv4Addr,
        /// Option 54, if the client sent it.
        server_id: Option<Ipv4Addr>,
    },
    /// `DHCPRELEASE of A from … (found)`
    Release {
        /// `ciaddr`.
        address: Ipv4Addr,
        /// Whether there is such a lease of this client.
        found: bool,
    },
    /// `DHCPRELEASE from M specified requested-address.`
    ReleaseWithAddress,
    /// `DHCPDECLINE of A from …`
    Decline {
        /// The requested address.
        address: Ipv4Addr,
    },
    /// `DHCPINFORM from A via …`
    Inform {
        /// `ciaddr`, or where the message came from.
        address: Ipv4Addr,
    },
    /// `BOOTREQUEST from …`
    BootRequest,
    /// A message of a type that can't be served.
    Other {
        /// Option 53.
        message_type: u8,
    },
    /// `DHCPOFFER on A to …`
    Offer {
        /// `yiaddr`.
        address: Ipv4Addr,
    },
    /// `DHCPACK on A to …`
    Ack {
        /// `yiaddr`.
        address: Ipv4Addr,
    },
    /// `DHCPACK to A (M) via …`, the answer to DHCPINFORM.
    InformAck {
        /// `ciaddr`, or where the message came from.
        address: Ipv4Addr,
    },
    /// `DHCPNAK on A to …`
    Nak {
        /// The address that it may not have.
        address: Ipv4Addr,
    },
    /// `BOOTREPLY on A to …`
    BootReply {
        /// `yiaddr`.
        address: Ipv4Addr,
    },
    /// `BOOTREPLY for A to H (M) via …`, with a fixed address.
    BootReplyFor {
        /// `yiaddr`.
        address: Ipv4Addr,
        /// Name of the host declaration.
        host: Arc<str>,
    },
}

/// Where a message came from, or goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// This interface.
    Interface(Arc<str>),
    /// This relay agent.
    Relay(Ipv4Addr),
}

/// What became of a message; ISC's words behind the colon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// It was answered, or done.
    None,
    /// No address is free in this shared network.
    NoFreeLeases(Arc<str>),
    /// Every class of the client that has a limit has all the leases that it may have; the last of them.
    LeaseLimit(Box<str>),
    /// All free addresses are the partner's.
    PeerHoldsAll,
    /// The relationship doesn't serve now, for this reason.
    NotResponding(&'static str),
    /// Left to the partner of this relationship.
    LoadBalance(Arc<str>),
    /// The partner of this relationship should answer, but it has no free addresses.
    CancelLoadBalance(Arc<str>),
    /// The address is the partner's to give.
    OwnedByPeer,
    /// The end of the lease isn't acknowledged by the partner yet.
    InTransition(&'static str),
    /// An operator reset the lease.
    Reset,
    /// `server-id-check`: the client wants another server.
    NotOurServerId,
    /// The address doesn't belong to the network that the client is on.
    WrongNetwork,
    /// Not ours to say anything about, for this reason.
    Ignored(&'static str),
    /// The address isn't available to the client.
    Unavailable(Ipv4Addr),
    /// The address is in no pool, or nobody's.
    UnknownLease(Ipv4Addr),
    /// `secs` is below `min-secs`.
    MinSecs {
        /// The configured value.
        min: u8,
        /// The client's.
        secs: u16,
    },
    /// `deny unknown-clients`
    UnknownClient,
    /// `deny bootp`
    BootpDisallowed,
    /// `deny booting`
    BootingDisallowed,
    /// No network is configured for where the message came from.
    UnknownSegment,
    /// As before, of a BOOTP request.
    NetworkUnknown,
    /// The message type is not one of a client's.
    UnknownType,
    /// A DHCPINFORM for an address that is in no subnet.
    UnknownSubnet {
        /// Whose address was looked at.
        kind: &'static str,
        /// The address.
        address: Ipv4Addr,
    },
    /// A DHCPINFORM from a subnet that we are not authoritative for.
    NotAuthoritative(Ipv4Addr),
    /// A DHCPINFORM that names no address.
    NullSource,
    /// What a DHCPDECLINE led to: `abandoned`, `not found` or `ignored`.
    Status(&'static str),
    /// No address for a BOOTP client.
    NoDynamicBootp,
}

/// What is odd about an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseNote {
    /// It is put out of use, for this reason.
    Abandoning(&'static str),
    /// It was out of use, and nothing else is left.
    ReclaimingAbandoned,
    /// It was out of use, and a client asks for it.
    ReclaimingRequested,
    /// The client keeps its lease as it is (`dhcp-cache-threshold`).
    Reused {
        /// Seconds since it was granted.
        age: u32,
        /// The threshold in percent.
        threshold: u8,
    },
    /// `adaptive-lease-time-threshold` cut the lease.
    OverThreshold {
        /// From so many seconds.
        from: u32,
        /// To so many.
        to: u32,
    },
    /// It is both in a pool and a host's `fixed-address`.
    DynamicAndStatic,
    /// What to do about that: the host declaration.
    RemoveHost(Arc<str>),
    /// What to do about that: the shared network of the pool.
    RemoveFromPool(Arc<str>),
    /// The lease file has a record for it, but it is in no pool; the record is kept.
    InNoPool,
}

impl Event {
    /// How urgent it is.
    pub fn level(&self) -> Level {
        match self {
            Self::Client(event) => event.level(),
            Self::Lease(_, LeaseNote::Reused { .. }) => Level::Debug,
            Self::Lease(_, LeaseNote::OverThreshold { .. }) => Level::Info,
            Self::Lease(..) | Self::Duplicate { .. } => Level::Error,
            Self::Ignored { .. } | Self::Failover(_) => Level::Info,
            Self::Said { level, .. } | Self::Dns { level, .. } => *level,
        }
    }
}

impl ClientEvent {
    fn level(&self) -> Level {
        match self.remark {
            Remark::NoFreeLeases(_) | Remark::PeerHoldsAll => Level::Error,
            Remark::LoadBalance(_)
            | Remark::CancelLoadBalance(_)
            | Remark::OwnedByPeer
            | Remark::InTransition(_)
            | Remark::Reset
            | Remark::NotOurServerId => Level::Debug,
            _ => Level::Info,
        }
    }
}
