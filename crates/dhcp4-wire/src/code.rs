//! The numbers of the fixed fields and of the options, as open newtypes: any value is legal, the
//! well-known ones have names.

use core::fmt;

/// The code of a DHCP option (RFC 2132). Names are those of ISC dhcpd's `dhcp` option space; see
/// [`name`](Self::name) and [`from_name`](Self::from_name). The well-known codes are constants of
/// this type.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OptionCode(pub u8);

impl fmt::Debug for OptionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "OptionCode({}, {name})", self.0),
            None => write!(f, "OptionCode({})", self.0),
        }
    }
}

/// The number, and the name in parentheses if there is one.
impl fmt::Display for OptionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} ({name})", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

/// Value of option 53 (RFC 2132 §9.6).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageType(pub u8);

impl MessageType {
    /// A client looks for servers.
    pub const DISCOVER: Self = Self(1);
    /// A server offers an address.
    pub const OFFER: Self = Self(2);
    /// A client takes an offer, checks or extends a lease.
    pub const REQUEST: Self = Self(3);
    /// A client says that the address is in use.
    pub const DECLINE: Self = Self(4);
    /// A server commits a lease.
    pub const ACK: Self = Self(5);
    /// A server refuses a request.
    pub const NAK: Self = Self(6);
    /// A client gives its lease back.
    pub const RELEASE: Self = Self(7);
    /// A client with an address of its own asks for parameters.
    pub const INFORM: Self = Self(8);
    /// RFC 3203: a server asks a client to renew.
    pub const FORCERENEW: Self = Self(9);
    /// RFC 4388: an access device asks about a lease.
    pub const LEASEQUERY: Self = Self(10);
    /// RFC 4388: nobody holds the address, but it is ours.
    pub const LEASEUNASSIGNED: Self = Self(11);
    /// RFC 4388: not our address.
    pub const LEASEUNKNOWN: Self = Self(12);
    /// RFC 4388: the lease is active.
    pub const LEASEACTIVE: Self = Self(13);

    /// The name, as it is written in ISC dhcpd's log: `DHCPDISCOVER`.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::DISCOVER => "DHCPDISCOVER",
            Self::OFFER => "DHCPOFFER",
            Self::REQUEST => "DHCPREQUEST",
            Self::DECLINE => "DHCPDECLINE",
            Self::ACK => "DHCPACK",
            Self::NAK => "DHCPNAK",
            Self::RELEASE => "DHCPRELEASE",
            Self::INFORM => "DHCPINFORM",
            Self::FORCERENEW => "DHCPFORCERENEW",
            Self::LEASEQUERY => "DHCPLEASEQUERY",
            Self::LEASEUNASSIGNED => "DHCPLEASEUNASSIGNED",
            Self::LEASEUNKNOWN => "DHCPLEASEUNKNOWN",
            Self::LEASEACTIVE => "DHCPLEASEACTIVE",
            _ => return None,
        })
    }
}

impl fmt::Debug for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The name, or the number where there is none.
impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "DHCP message type {}", self.0),
        }
    }
}

/// Field `op` (RFC 2131 §2). ISC dhcpd does not look at it in what it receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpCode(pub u8);

impl OpCode {
    /// From a client.
    pub const BOOTREQUEST: Self = Self(1);
    /// From a server.
    pub const BOOTREPLY: Self = Self(2);
}

/// Field `htype`: the hardware types of ARP (RFC 1700 "Assigned Numbers", kept by IANA).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HardwareType(pub u8);

impl HardwareType {
    /// Ethernet, addresses of 6 bytes.
    pub const ETHERNET: Self = Self(1);
    /// IEEE 802 (token ring), addresses of 6 bytes.
    pub const TOKEN_RING: Self = Self(6);
    /// FDDI, as ISC dhcpd numbers it.
    pub const FDDI: Self = Self(8);
    /// InfiniBand (RFC 4390): `hlen` is 0.
    pub const INFINIBAND: Self = Self(32);

    /// The word that ISC dhcpd's `hardware` statement has for it.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::ETHERNET => "ethernet",
            Self::TOKEN_RING => "token-ring",
            Self::FDDI => "fddi",
            Self::INFINIBAND => "infiniband",
            _ => return None,
        })
    }
}

/// Field `flags` (RFC 2131 §2, figure 2). Bits other than the first are reserved; a server echoes
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(pub u16);

impl Flags {
    /// The broadcast bit: the client cannot take unicast before it has an address.
    pub const BROADCAST: Self = Self(0x8000);

    /// Is the broadcast bit set?
    #[must_use]
    pub const fn broadcast(self) -> bool {
        self.0 & Self::BROADCAST.0 != 0
    }

    /// The same flags with the broadcast bit set or cleared.
    #[must_use]
    pub const fn with_broadcast(self, on: bool) -> Self {
        if on {
            Self(self.0 | Self::BROADCAST.0)
        } else {
            Self(self.0 & !Self::BROADCAST.0)
        }
    }
}
