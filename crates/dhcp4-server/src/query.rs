//! A request as the handlers see it.

use core::net::{Ipv4Addr, SocketAddrV4};

use bytes::Bytes;
use dhcp_failover::Client;
use dhcp4_wire::{MessageType, OpCode, OptionCode, Packet};
use failover_wire::HardwareAddress;

use crate::config::{BoundInterface, NetworkId, ServerConfig};
use crate::event::Via;

/// Longest client identifier that is taken, bytes. An option holds 255; more only comes of repeats (RFC 3396).
pub(crate) const MAX_IDENTIFIER: usize = 1024;
/// Longest option 82 that is taken, bytes: what ISC dhcpd sends back at most.
pub(crate) const MAX_AGENT: usize = 1024;

/// Where a packet came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ingress {
    /// Index of the interface that it came in by.
    pub interface: u32,
    /// Its source address and port.
    pub from: SocketAddrV4,
    /// Whether it was sent to an address of our own, not broadcast.
    pub unicast: bool,
}

/// A checked request with all that is asked about it more than once.
pub(crate) struct Query<'p> {
    pub(crate) packet: Packet<'p>,
    pub(crate) from: Ingress,
    pub(crate) interface: &'p BoundInterface,
    /// Where the client is.
    pub(crate) network: Option<NetworkId>,
    /// `None` is a BOOTP request.
    pub(crate) kind: Option<MessageType>,
    pub(crate) hardware: HardwareAddress,
    /// Option 61; empty if there is none.
    pub(crate) uid: &'p [u8],
    /// Option 50.
    pub(crate) requested: Option<Ipv4Addr>,
    /// Option 54.
    pub(crate) server_id: Option<Ipv4Addr>,
    /// What comes back of option 82; empty if there is none.
    pub(crate) agent: &'p [u8],
}

/// Room for what has to be put together from several options.
#[derive(Debug)]
pub(crate) struct Scratch {
    uid: [u8; MAX_IDENTIFIER],
    agent: [u8; MAX_AGENT],
}

impl Scratch {
    pub(crate) const fn new() -> Self {
        Self {
            uid: [0; MAX_IDENTIFIER],
            agent: [0; MAX_AGENT],
        }
    }
}

impl<'p> Query<'p> {
    /// `None` if the packet has something that no client sends: its hardware address or identifier is too long.
    pub(crate) fn new(
        packet: Packet<'p>,
        from: Ingress,
        interface: &'p BoundInterface,
        config: &ServerConfig,
        scratch: &'p mut Scratch,
    ) -> Option<Self> {
        let uid = match packet.client_identifier() {
            Some(uid) => uid.contiguous(&mut scratch.uid)?,
            None => &[],
        };
        let relay = packet.relay_agent_information();
        let agent = match &relay {
            Some(relay) => relay.echo(&mut scratch.agent)?,
            None => &[],
        };
        Some(Self {
            network: network_of(&packet, interface, config),
            kind: packet
                .has_magic_cookie()
                .then(|| packet.message_type())
                .flatten(),
            hardware: HardwareAddress::new(packet.htype().0, packet.chaddr())?,
            uid,
            requested: requested(&packet),
            server_id: packet.server_identifier(),
            agent,
            packet,
            from,
            interface,
        })
    }

    /// The relay agent that the request came through.
    pub(crate) fn relay(&self) -> Option<Ipv4Addr> {
        Some(self.packet.giaddr()).filter(|giaddr| !giaddr.is_unspecified())
    }

    /// The address that the client says it has.
    pub(crate) fn ciaddr(&self) -> Option<Ipv4Addr> {
        Some(self.packet.ciaddr()).filter(|ciaddr| !ciaddr.is_unspecified())
    }

    pub(crate) fn is(&self, kind: MessageType) -> bool {
        self.kind == Some(kind)
    }

    /// Whether it is a BOOTP request in the sense of the permit lists.
    pub(crate) fn is_bootp(&self) -> bool {
        self.kind.is_none()
    }

    /// Whether its `op` is a client's; ISC only looks at that of BOOTP.
    pub(crate) fn is_boot_request(&self) -> bool {
        self.packet.op() == OpCode::BOOTREQUEST
    }

    /// For the log.
    pub(crate) fn via(&self) -> Via {
        match self.relay() {
            Some(relay) => Via::Relay(relay),
            None => Via::Interface(self.interface.name.clone()),
        }
    }

    /// What the load-balancing hash is taken of (RFC 3074 §6).
    pub(crate) fn hash_key(&self) -> &[u8] {
        if self.uid.is_empty() {
            self.packet.chaddr()
        } else {
            self.uid
        }
    }

    /// The client, as the lease table knows it. `uid` is the identifier if the caller has it in a shared form.
    pub(crate) fn client(&self, uid: Option<Bytes>) -> Client {
        let uid = uid.unwrap_or_else(|| match self.uid {
            [] => Bytes::new(),
            uid => Bytes::copy_from_slice(uid),
        });
        Client {
            hardware: self.hardware,
            uid,
        }
    }

    /// Whether a binding is this client's: by the identifier if the binding has one, else by the hardware address.
    pub(crate) fn is_tenant(&self, client: &Client) -> bool {
        if client.uid.is_empty() {
            client.hardware == self.hardware
        } else {
            *client.uid == *self.uid
        }
    }
}

/// Option 50. As in ISC the first four bytes count, if there are so many.
fn requested(packet: &Packet<'_>) -> Option<Ipv4Addr> {
    let mut bytes = packet.option(OptionCode::DHCP_REQUESTED_ADDRESS)?.bytes();
    let octets = [bytes.next()?, bytes.next()?, bytes.next()?, bytes.next()?];
    Some(octets.into())
}

/// The shared network that a client is on (ISC `locate_network`): as link selection (RFC 3527) or subnet selection
/// (RFC 3011) says, else the relay's, else that of the interface.
fn network_of(
    packet: &Packet<'_>,
    interface: &BoundInterface,
    config: &ServerConfig,
) -> Option<NetworkId> {
    let link = packet
        .relay_agent_information()
        .and_then(|relay| relay.get(dhcp4_wire::SubOptionCode::LINK_SELECTION));
    let selected: Option<[u8; 4]> = match link {
        Some(value) => Some(value.try_into().ok()?),
        None => match packet.option(OptionCode::SUBNET_SELECTION) {
            Some(value) => Some(value.to_array()?),
            None => None,
        },
    };
    let at = match selected {
        Some(address) => address.into(),
        None if packet.giaddr().is_unspecified() => return interface.network,
        None => packet.giaddr(),
    };
    config
        .subnet_of(at)
        .map(|subnet| config.subnets[subnet.0].network)
}
