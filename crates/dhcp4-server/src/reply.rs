//! The bytes of a reply, and where it goes (ISC `dhcp_reply`).

use core::net::{Ipv4Addr, SocketAddrV4};

use dhcp4_wire::{Header, Limits, MessageType, OptionCode, ReplyWriter};

use crate::answer::Kind;
use crate::config::SubnetId;
use crate::exchange::{Exchange, Lease};
use crate::output::Destination;
use crate::view::{View, Wanted, write_options};

/// Longest parameter request list that is read; the codes are 254.
const MAX_LIST: usize = 512;

/// Computed options of a reply: no more than the codes that can be computed.
pub(crate) struct Computed<'a> {
    list: [(OptionCode, &'a [u8]); 12],
    len: usize,
}

impl<'a> Computed<'a> {
    pub(crate) fn new() -> Self {
        Self {
            list: [(OptionCode::PAD, &[]); 12],
            len: 0,
        }
    }

    pub(crate) fn push(&mut self, code: OptionCode, value: &'a [u8]) {
        self.list[self.len] = (code, value);
        self.len += 1;
    }

    pub(crate) fn as_slice(&self) -> &[(OptionCode, &'a [u8])] {
        &self.list[..self.len]
    }
}

impl Exchange<'_> {
    /// The reply that gives a lease of so many seconds. `fqdn` is option 81 in answer to the client's.
    pub(crate) fn compose(
        &mut self,
        kind: Kind,
        lease: Lease,
        subnet: SubnetId,
        view: &View<'_>,
        seconds: u32,
        fqdn: Option<&[u8]>,
    ) -> (Destination, Vec<u8>) {
        let mut buffer = self.state.out.buffer();
        let query = self.query;
        let packet = &query.packet;
        let rules = &view.rules;
        let address = lease.address();
        let server_id = self.server_id(view);
        let broadcast = packet.flags().broadcast() || rules.always_broadcast;
        let header = Header {
            flags: packet.flags().with_broadcast(broadcast),
            ciaddr: packet.ciaddr(),
            yiaddr: address,
            siaddr: rules.next_server.unwrap_or(Ipv4Addr::UNSPECIFIED),
            file: cut(rules.filename.as_deref(), 128),
            sname: cut(rules.server_name.as_deref(), 64),
            ..Header::reply_to(packet)
        };
        let message_type = match kind {
            Kind::Offer => [MessageType::OFFER.0],
            Kind::Ack | Kind::Boot => [MessageType::ACK.0],
        };
        let (id, lease_time) = (server_id.octets(), seconds.to_be_bytes());
        let (mask, router) = (
            self.config.subnets[subnet.0].netmask.octets(),
            address.octets(),
        );
        let mut computed = Computed::new();
        if kind != Kind::Boot {
            computed.push(OptionCode::DHCP_MESSAGE_TYPE, &message_type);
            computed.push(OptionCode::DHCP_SERVER_IDENTIFIER, &id);
            computed.push(OptionCode::DHCP_LEASE_TIME, &lease_time);
            drop_late_times(view, seconds, &mut computed);
        }
        let selection = packet.subnet_selection().map(|subnet| subnet.octets());
        if let Some(selection) = &selection {
            computed.push(OptionCode::SUBNET_SELECTION, selection);
        }
        add_defaults(view, &mask, &mut computed);
        if rules.echo_client_id && !query.uid.is_empty() {
            computed.push(OptionCode::DHCP_CLIENT_IDENTIFIER, query.uid);
        }
        if rules.use_lease_addr_for_default_route && view.option(OptionCode::ROUTERS).is_none() {
            computed.push(OptionCode::ROUTERS, &router);
        }
        if let Some(fqdn) = fqdn {
            computed.push(OptionCode::FQDN, fqdn);
        }
        let limits = self.limits(kind, view);
        self.write(
            &mut buffer,
            &header,
            limits,
            view,
            computed.as_slice(),
            false,
        );
        (self.destination(kind, lease, server_id, broadcast), buffer)
    }

    /// Writes header and options into the buffer. A parameter request list of the configuration's replaces the client's.
    /// `to_fixed_bootp`: it is for a BOOTP client with a fixed address: its reply is never overloaded, has what is
    /// configured, whatever the client asks for, and doesn't repeat what the relay agent said (ISC `bootp`).
    pub(crate) fn write(
        &self,
        buffer: &mut Vec<u8>,
        header: &Header<'_>,
        limits: Limits,
        view: &View<'_>,
        computed: &[(OptionCode, &[u8])],
        to_fixed_bootp: bool,
    ) {
        let query = self.query;
        let mut joined = [0; MAX_LIST];
        let asked = query.packet.parameter_request_list();
        let asked = asked.as_ref().and_then(|list| list.contiguous(&mut joined));
        let configured = view.option(OptionCode::DHCP_PARAMETER_REQUEST_LIST);
        let (list, agent) = if to_fixed_bootp {
            (None, &[][..])
        } else {
            (configured.or(asked), query.agent)
        };
        let wanted = Wanted {
            list: list.unwrap_or_default(),
            add_mask: query.is(MessageType::DISCOVER) || query.is(MessageType::REQUEST),
            add_fqdn: query.packet.has_option(OptionCode::FQDN),
        };
        let writer = ReplyWriter::new(buffer, header, limits, agent);
        let mut writer =
            writer.expect("the limit is above 300 and all fields are cut to their size");
        if to_fixed_bootp {
            writer = writer.without_overload();
        }
        write_options(view, computed, &wanted, &mut writer);
        if writer.has_options() {
            return writer.finish();
        }
        // To a BOOTP client that gets no option at all, as dhcpd: not even the magic cookie.
        ReplyWriter::without_options(buffer, header, &[]).expect("all fields were written already");
    }

    /// Where a reply that gives a lease goes.
    pub(crate) fn destination(
        &self,
        kind: Kind,
        lease: Lease,
        server_id: Ipv4Addr,
        broadcast: bool,
    ) -> Destination {
        let query = self.query;
        let interface = query.interface.index;
        let client_port = self.config.client_port;
        if let Some(relay) = query.relay() {
            return self.to_relay(relay);
        }
        if let Some(ciaddr) = query.ciaddr()
            && kind == Kind::Ack
            && !((query.server_id.is_some() || broadcast) && self.is_here(lease))
        {
            let to = SocketAddrV4::new(ciaddr, client_port);
            return Destination::Unicast {
                interface,
                source: self.source(),
                to,
            };
        }
        if broadcast {
            return self.to_everyone(server_id);
        }
        let mac = <[u8; 6]>::try_from(query.packet.chaddr()).unwrap_or([0xff; 6]);
        let to = SocketAddrV4::new(lease.address(), client_port);
        Destination::Client {
            interface,
            source: server_id,
            to,
            mac,
        }
    }

    /// Whether the lease is in the network that the request seems to come from.
    fn is_here(&self, lease: Lease) -> bool {
        let network = match lease {
            Lease::Fixed { subnet, .. } => Some(self.config.subnets[subnet.0].network),
            Lease::Dynamic(address) => self.network_of(address),
        };
        network == self.query.network
    }

    /// To a relay agent: always to the port of servers, whatever port it sent from. (To ourselves, for tests, to the
    /// port of clients, as in ISC.)
    pub(crate) fn to_relay(&self, relay: Ipv4Addr) -> Destination {
        let loopback = relay == Ipv4Addr::LOCALHOST;
        let port = if loopback {
            self.config.client_port
        } else {
            self.config.server_port
        };
        Destination::Relay {
            source: self.source(),
            to: SocketAddrV4::new(relay, port),
        }
    }

    pub(crate) fn to_everyone(&self, source: Ipv4Addr) -> Destination {
        let to = SocketAddrV4::new(self.config.broadcast_address, self.config.client_port);
        Destination::Broadcast {
            interface: self.query.interface.index,
            source,
            to,
        }
    }

    /// How long the reply may be.
    fn limits(&self, kind: Kind, view: &View<'_>) -> Limits {
        let packet = &self.query.packet;
        let configured = || {
            let value = view.option(OptionCode::DHCP_MAX_MESSAGE_SIZE)?;
            Some(u16::from_be_bytes(value.try_into().ok()?))
        };
        match packet.max_message_size().or_else(configured) {
            None if kind == Kind::Boot => Limits::bootp(packet.as_bytes().len()),
            size => Limits::dhcp(size),
        }
    }

    /// What option 54 says: as configured, else the first address of the interface.
    pub(crate) fn server_id(&self, view: &View<'_>) -> Ipv4Addr {
        let configured = view.option(OptionCode::DHCP_SERVER_IDENTIFIER);
        match configured.and_then(|value| <[u8; 4]>::try_from(value).ok()) {
            Some(octets) => octets.into(),
            None => self.source(),
        }
    }

    /// The first address of the interface that the request came by.
    pub(crate) fn source(&self) -> Ipv4Addr {
        self.query
            .interface
            .address
            .unwrap_or(Ipv4Addr::UNSPECIFIED)
    }
}

/// What the subnet and the host declaration give where no option says otherwise.
pub(crate) fn add_defaults<'a>(view: &View<'a>, mask: &'a [u8; 4], computed: &mut Computed<'a>) {
    if view.option(OptionCode::SUBNET_MASK).is_none() {
        computed.push(OptionCode::SUBNET_MASK, mask);
    }
    if let Some(host) = view.host
        && view.rules.use_host_decl_names
        && view.option(OptionCode::HOST_NAME).is_none()
    {
        computed.push(OptionCode::HOST_NAME, host.name.as_bytes());
    }
}

/// T1 and T2 are sent if they are configured, and only where they make sense: T2 before the end of the lease, T1
/// before T2.
fn drop_late_times(view: &View<'_>, seconds: u32, computed: &mut Computed<'_>) {
    let configured = |code| {
        let value = view.option(code)?;
        Some(u32::from_be_bytes(*value.first_chunk()?))
    };
    let mut limit = seconds;
    match configured(OptionCode::DHCP_REBINDING_TIME) {
        Some(t2) if t2 >= limit => computed.push(OptionCode::DHCP_REBINDING_TIME, &[]),
        Some(t2) => limit = t2,
        None => {}
    }
    if configured(OptionCode::DHCP_RENEWAL_TIME).is_some_and(|t1| t1 >= limit) {
        computed.push(OptionCode::DHCP_RENEWAL_TIME, &[]);
    }
}

/// A name as far as its field holds it.
pub(crate) fn cut(name: Option<&[u8]>, len: usize) -> &[u8] {
    let name = name.unwrap_or_default();
    &name[..name.len().min(len)]
}
