//! What the server asks its driver to do, in order.

use core::net::{Ipv4Addr, SocketAddrV4};

use dhcp_failover::{ConnId, Record, RelationshipId};

use crate::ddns::DnsUpdate;
use crate::event::Event;

/// One thing for the driver to do.
///
/// Outputs are performed in order, and a [`Store`](Self::Store) is on disk before anything behind it is performed:
/// drain the queue, write every `Store`, sync once, perform the rest. If the sync fails nothing of the batch is
/// said and the process ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Write to the lease file.
    Store(Record),
    /// Send a reply. The buffer may come back through [`Server::recycle`](crate::Server::recycle).
    Reply {
        /// Where it goes.
        to: Destination,
        /// The whole DHCP message (the UDP payload).
        packet: Vec<u8>,
    },
    /// Send to the failover partner on this connection.
    PeerBytes(ConnId, Vec<u8>),
    /// Close the connection, after what was sent on it.
    PeerClose(ConnId),
    /// Open a connection to the partner of this relationship.
    Dial(RelationshipId),
    /// Send an ICMP echo request; an answer comes back as
    /// [`Server::handle_probe_reply`](crate::Server::handle_probe_reply), no answer as nothing.
    Probe(Ipv4Addr),
    /// Run a program, as an `execute` statement of the configuration says: without a shell, and without waiting for it.
    Execute {
        /// A path, or a name to be looked for in the usual places.
        program: Vec<u8>,
        /// Its arguments, without the program itself.
        arguments: Vec<Vec<u8>>,
    },
    /// Send an update to a name server; what becomes of it comes back as
    /// [`Server::handle_dns_answer`](crate::Server::handle_dns_answer), always.
    Dns(DnsUpdate),
    /// Something an operator may want to know.
    Event(Event),
}

/// Where a reply goes, and from where.
///
/// `source` is the server's address on the network the request came from: the source address of the datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// To the limited broadcast address on one network.
    Broadcast {
        /// Index of the interface.
        interface: u32,
        /// Source address.
        source: Ipv4Addr,
        /// Usually 255.255.255.255, port 68.
        to: SocketAddrV4,
    },
    /// To a client that has no address yet, so that ARP can't find it: the frame is addressed by hand.
    Client {
        /// Index of the interface.
        interface: u32,
        /// Source address.
        source: Ipv4Addr,
        /// The address that it is getting (`yiaddr`), port 68.
        to: SocketAddrV4,
        /// Where the frame goes: the client's hardware address, or ff:ff:ff:ff:ff:ff if it has none of six bytes.
        mac: [u8; 6],
    },
    /// To a client that has its address, by an ordinary socket.
    Unicast {
        /// Index of the interface that the request came in by; a hint, since routing decides.
        interface: u32,
        /// Source address.
        source: Ipv4Addr,
        /// The client's address, port 68.
        to: SocketAddrV4,
    },
    /// To a relay agent, by an ordinary socket.
    Relay {
        /// Source address.
        source: Ipv4Addr,
        /// The relay's address (`giaddr`), port 67.
        to: SocketAddrV4,
    },
}

impl Destination {
    /// The address and port of the datagram.
    pub fn to(&self) -> SocketAddrV4 {
        match *self {
            Self::Broadcast { to, .. }
            | Self::Client { to, .. }
            | Self::Unicast { to, .. }
            | Self::Relay { to, .. } => to,
        }
    }

    /// The source address of the datagram.
    pub fn source(&self) -> Ipv4Addr {
        match *self {
            Self::Broadcast { source, .. }
            | Self::Client { source, .. }
            | Self::Unicast { source, .. }
            | Self::Relay { source, .. } => source,
        }
    }
}
