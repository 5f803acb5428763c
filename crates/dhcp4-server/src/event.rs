//! What happened, in the words of ISC's log.

use core::fmt;
use core::net::Ipv4Addr;
use std::sync::Arc;

use bytes::Bytes;
use failover_wire::HardwareAddress;

/// Something that an operator may want to know.
///
/// `Display` gives ISC's log line word for word. An event is small and holds no text of its own, so that one that
/// nobody wants to read costs next to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message from or to a client.
    Client(ClientEvent),
    /// An address changed hands in an unusual way, or something is odd about it.
    Lease(Ipv4Addr, LeaseNote),
    /// A client has two leases on one network: `uid lease A for client M is duplicate on N`.
    Duplicate {
        /// The lease that it doesn't get.
        address: Ipv4Addr,
        /// The client.
        client: HardwareAddress,
        /// Name of the shared network.
        network: Arc<str>,
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
    /// It is both in a pool and some host's `fixed-address`.
    DynamicAndStatic,
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
            Self::Failover(_) => Level::Info,
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

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(event) => event.fmt(f),
            Self::Lease(address, note) => note.write(*address, f),
            Self::Duplicate {
                address,
                client,
                network,
            } => {
                write!(
                    f,
                    "uid lease {address} for client {} is duplicate on {network}",
                    Mac(client)
                )
            }
            Self::Failover(event) => event.fmt(f),
        }
    }
}

impl fmt::Display for ClientEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mac, via) = (Mac(&self.client), &self.via);
        let name = Name(self.hostname.as_deref());
        match &self.message {
            Line::Discover => write!(f, "DHCPDISCOVER from {mac} {name}via {via}")?,
            Line::Request { address, server_id } => {
                write!(f, "DHCPREQUEST for {address}")?;
                if let Some(server_id) = server_id {
                    write!(f, " ({server_id})")?;
                }
                write!(f, " from {mac} {name}via {via}")?;
            }
            Line::Release { address, found } => {
                let not = if *found { "" } else { "not " };
                write!(
                    f,
                    "DHCPRELEASE of {address} from {mac} {name}via {via} ({not}found)"
                )?;
            }
            Line::ReleaseWithAddress => {
                write!(f, "DHCPRELEASE from {mac} specified requested-address.")?;
            }
            Line::Decline { address } => {
                write!(f, "DHCPDECLINE of {address} from {mac} {name}via {via}")?;
            }
            Line::Inform { address } => write!(f, "DHCPINFORM from {address} via {via}")?,
            Line::BootRequest => write!(f, "BOOTREQUEST from {mac} via {via}")?,
            Line::Other { message_type } => {
                write!(f, "{} from {mac} via {via}", TypeName(*message_type))?;
            }
            Line::Offer { address } => {
                write!(f, "DHCPOFFER on {address} to {mac} {name}via {via}")?
            }
            Line::Ack { address } => write!(f, "DHCPACK on {address} to {mac} {name}via {via}")?,
            Line::InformAck { address } => write!(f, "DHCPACK to {address} ({mac}) via {via}")?,
            Line::Nak { address } => write!(f, "DHCPNAK on {address} to {mac} via {via}")?,
            Line::BootReply { address } => {
                write!(f, "BOOTREPLY on {address} to {mac} {name}via {via}")?;
            }
            Line::BootReplyFor { address, host } => {
                write!(f, "BOOTREPLY for {address} to {host} ({mac}) via {via}")?;
            }
        }
        self.remark.fmt(f)
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::NoFreeLeases(network) => write!(f, ": network {network}: no free leases"),
            Self::PeerHoldsAll => f.write_str(": peer holds all free leases"),
            Self::NotResponding(reason) => write!(f, ": not responding ({reason})"),
            Self::LoadBalance(peer) => write!(f, ": load balance to peer {peer}"),
            Self::CancelLoadBalance(peer) => {
                write!(f, ": cancel load balance to peer {peer} - no free leases")
            }
            Self::OwnedByPeer => f.write_str(": lease owned by peer"),
            Self::InTransition(state) => write!(f, ": lease in transition state {state}"),
            Self::Reset => f.write_str(": lease reset by administrator"),
            Self::NotOurServerId => f.write_str(": not our server id"),
            Self::WrongNetwork => f.write_str(": wrong network."),
            Self::Ignored(why) => write!(f, ": ignored ({why})."),
            Self::Unavailable(address) => write!(f, ": lease {address} unavailable."),
            Self::UnknownLease(address) => write!(f, ": unknown lease {address}."),
            Self::MinSecs { min, secs } => write!(
                f,
                ": configured min-secs value ({min}) is greater than secs field ({secs}).  message dropped."
            ),
            Self::UnknownClient => f.write_str(": unknown client"),
            Self::BootpDisallowed => f.write_str(": bootp disallowed"),
            Self::BootingDisallowed => f.write_str(": booting disallowed"),
            Self::UnknownSegment => f.write_str(": unknown network segment"),
            Self::NetworkUnknown => f.write_str(": network unknown"),
            Self::UnknownType => f.write_str(": unknown packet type"),
            Self::UnknownSubnet { kind, address } => {
                write!(f, ": unknown subnet for {kind} address {address}")
            }
            Self::NotAuthoritative(subnet) => {
                write!(f, ": not authoritative for subnet {subnet}")
            }
            Self::NullSource => f.write_str(": ignored (null source address)."),
            Self::Status(status) => write!(f, ": {status}"),
            Self::NoDynamicBootp => {
                f.write_str(": BOOTP from dynamic client and no dynamic leases")
            }
        }
    }
}

impl LeaseNote {
    fn write(&self, address: Ipv4Addr, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Abandoning(why) => write!(f, "Abandoning IP address {address}: {why}"),
            Self::ReclaimingAbandoned => write!(f, "Reclaiming abandoned lease {address}."),
            Self::ReclaimingRequested => {
                write!(f, "Reclaiming REQUESTed abandoned IP address {address}.")
            }
            Self::Reused { age, threshold } => write!(
                f,
                "reuse_lease: lease age {age} (secs) under {threshold}% threshold, \
                 reply with unaltered, existing lease for {address}"
            ),
            Self::OverThreshold { from, to } => write!(
                f,
                "Pool over threshold, time for {address} reduced from {from} to {to}."
            ),
            Self::DynamicAndStatic => {
                write!(f, "Dynamic and static leases present for {address}.")
            }
            Self::InNoPool => {
                write!(
                    f,
                    "lease {address} is in no pool; its record is kept as it is"
                )
            }
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface(name) => f.write_str(name),
            Self::Relay(address) => address.fmt(f),
        }
    }
}

/// A hardware address with colons, as ISC prints it.
struct Mac<'a>(&'a HardwareAddress);

impl fmt::Display for Mac<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.htype() == 0 {
            return f.write_str("<no identifier>");
        }
        for (i, byte) in self.0.address().iter().enumerate() {
            let colon = if i == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02x}")?;
        }
        Ok(())
    }
}

/// Longest host name that is put into a log line (ISC's limit).
const MAX_LOGGED_NAME: usize = 64;

/// A host name in parentheses with a blank behind it, or nothing.
struct Name<'a>(Option<&'a [u8]>);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(name) = self.0 else { return Ok(()) };
        match core::str::from_utf8(name) {
            Ok(text) if name.len() <= MAX_LOGGED_NAME && name.iter().all(is_printable) => {
                write!(f, "({text}) ")
            }
            _ => f.write_str("(Hostname Unsuitable for Printing) "),
        }
    }
}

fn is_printable(byte: &u8) -> bool {
    byte.is_ascii_graphic() || *byte == b' '
}

/// The name of a message type, as ISC prints it.
struct TypeName(u8);

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 13] = [
            "DHCPDISCOVER",
            "DHCPOFFER",
            "DHCPREQUEST",
            "DHCPDECLINE",
            "DHCPACK",
            "DHCPNAK",
            "DHCPRELEASE",
            "DHCPINFORM",
            "type 9",
            "DHCPLEASEQUERY",
            "DHCPLEASEUNASSIGNED",
            "DHCPLEASEUNKNOWN",
            "DHCPLEASEACTIVE",
        ];
        match NAMES.get(usize::from(self.0).wrapping_sub(1)) {
            Some(name) => f.write_str(name),
            None => write!(f, "type {}", self.0),
        }
    }
}
