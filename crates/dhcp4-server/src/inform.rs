//! DHCPINFORM.

use core::net::{Ipv4Addr, SocketAddrV4};

use dhcp4_wire::{Header, Limits, MessageType, OptionCode, SubOptionCode};

use crate::config::{HostId, Place, SubnetId};
use crate::event::{Line, Remark};
use crate::exchange::Exchange;
use crate::output::Destination;
use crate::reply::{Computed, cut};

impl<'a> Exchange<'a> {
    /// Tells a client that has its address the rest (RFC 2131 §4.3.5), if we are authoritative for its subnet.
    pub(crate) fn inform(&mut self) {
        let query = self.query;
        let source = *query.from.from.ip();
        let client = query.ciaddr().unwrap_or(source);
        let line = Line::Inform { address: client };
        if client.is_unspecified() {
            return self.log_about(line, Remark::NullSource);
        }
        let (kind, at) = match self.whereabouts(client) {
            Ok(at) => at,
            Err(remark) => return self.log_about(line, remark),
        };
        let Some(subnet) = self.config.subnet_of(at) else {
            return self.log_about(line, Remark::UnknownSubnet { kind, address: at });
        };
        let declared = &self.config.subnets[subnet.0];
        if !declared.place.rules.authoritative {
            return self.log_about(line, Remark::NotAuthoritative(declared.address));
        }
        self.log_about(line, Remark::None);
        self.tell(client, subnet);
    }

    /// The address by which the client's subnet is found, and what it is.
    fn whereabouts(&self, client: Ipv4Addr) -> Result<(&'static str, Ipv4Addr), Remark> {
        let packet = &self.query.packet;
        let relayed = self.query.relay().filter(|_| self.query.ciaddr().is_none());
        let link = packet
            .relay_agent_information()
            .and_then(|relay| relay.get(SubOptionCode::LINK_SELECTION));
        let selected = match link {
            Some(value) => Some(value.try_into().ok()),
            None => packet
                .option(OptionCode::SUBNET_SELECTION)
                .map(|value| value.to_array::<4>()),
        };
        match (selected, relayed) {
            (Some(None), _) => Err(Remark::Ignored("invalid subnet selection option")),
            (Some(Some(octets)), Some(_)) => Ok(("relay link select", octets.into())),
            (Some(Some(octets)), None) => Ok(("selected", octets.into())),
            (None, Some(relay)) => Ok(("relay", relay)),
            (None, None) if self.query.ciaddr().is_some() => Ok(("client", client)),
            (None, None) => Ok(("source", client)),
        }
    }

    fn tell(&mut self, client: Ipv4Addr, subnet: SubnetId) {
        let config = self.config;
        let query = self.query;
        let packet = &query.packet;
        let place = self.place_for_inform(subnet);
        let host = self.host_for_inform(client);
        let view = self.view(place, host, None, false);
        let via_relay = query.relay().filter(|_| query.ciaddr().is_none());
        let broadcast = packet.flags().broadcast() || via_relay.is_some();
        let header = Header {
            flags: packet.flags().with_broadcast(broadcast),
            ciaddr: packet.ciaddr(),
            siaddr: view.rules.next_server.unwrap_or(Ipv4Addr::UNSPECIFIED),
            file: cut(view.rules.filename.as_deref(), 128),
            sname: cut(view.rules.server_name.as_deref(), 64),
            ..Header::reply_to(packet)
        };
        let server_id = self.server_id(&view).octets();
        let mask = config.subnets[subnet.0].netmask.octets();
        let mut computed = Computed::new();
        computed.push(OptionCode::DHCP_MESSAGE_TYPE, &[MessageType::ACK.0]);
        computed.push(OptionCode::DHCP_SERVER_IDENTIFIER, &server_id);
        for time in [
            OptionCode::DHCP_LEASE_TIME,
            OptionCode::DHCP_RENEWAL_TIME,
            OptionCode::DHCP_REBINDING_TIME,
        ] {
            computed.push(time, &[]);
        }
        let selection = packet.subnet_selection().map(|subnet| subnet.octets());
        if let Some(selection) = &selection {
            computed.push(OptionCode::SUBNET_SELECTION, selection);
        }
        if view.option(OptionCode::SUBNET_MASK).is_none() {
            computed.push(OptionCode::SUBNET_MASK, &mask);
        }
        let mut buffer = self.state.out.buffer();
        let limits = Limits::dhcp(packet.max_message_size());
        self.write(
            &mut buffer,
            &header,
            limits,
            &view,
            computed.as_slice(),
            false,
        );
        self.log_about(Line::InformAck { address: client }, Remark::None);
        let to = match via_relay {
            Some(relay) => self.to_relay(relay),
            None => Destination::Unicast {
                interface: query.interface.index,
                source: self.source(),
                to: SocketAddrV4::new(client, config.client_port),
            },
        };
        self.state.stats.ack += 1;
        self.state.out.reply(to, buffer);
    }

    /// The pool of the client's address, if it has one, else the subnet.
    fn place_for_inform(&self, subnet: SubnetId) -> &'a Place {
        let config = self.config;
        let pool = self.query.ciaddr().and_then(|ciaddr| self.pool_of(ciaddr));
        let places = pool.map_or(&[][..], |pool| &config.pools[pool.0 as usize].places);
        match places.iter().find(|(id, _)| *id == subnet) {
            Some((_, place)) => place,
            None => &config.subnets[subnet.0].place,
        }
    }

    /// The host whose fixed address is the client's, else one without: each time by identifier before by hardware.
    fn host_for_inform(&self, client: Ipv4Addr) -> Option<HostId> {
        let hosts = &self.config.hosts;
        let by_uid = match self.query.uid {
            [] => &[],
            uid => hosts.of_identifier(uid),
        };
        let by_hardware = hosts.of_hardware(&self.query.hardware);
        let both = || by_uid.iter().chain(by_hardware).copied();
        let has = |id: &HostId| {
            hosts
                .get(*id)
                .addresses
                .iter()
                .any(|(a, _, _)| *a == client)
        };
        both()
            .find(has)
            .or_else(|| both().find(|id| !hosts.get(*id).fixed))
    }
}
