//! DHCPNAK.

use core::net::Ipv4Addr;

use dhcp4_wire::{Header, Limits, MessageType, OptionCode, ReplyWriter};

use crate::event::{Line, Remark};
use crate::exchange::Exchange;
use crate::view::View;

impl Exchange<'_> {
    /// Tells the client that it can't have the address: to everyone on the wire, or to the relay agent, with the
    /// broadcast bit set, whatever the request had (RFC 2131 §4.3.2, as ISC has it).
    pub(crate) fn nak(&mut self, address: Ipv4Addr) {
        self.log_about(Line::Nak { address }, Remark::None);
        let echoes = self.echoes_identifier();
        let text = self.state.refusal;
        let query = self.query;
        let mut buffer = self.state.out.buffer();
        let flags = query.packet.flags().with_broadcast(true);
        let header = Header {
            flags,
            ..Header::reply_to(&query.packet)
        };
        let limits = Limits::dhcp(query.packet.max_message_size());
        let source = self.source();
        let writer = ReplyWriter::new(&mut buffer, &header, limits, query.agent);
        let mut writer = writer.expect("the limit is above 300 and all fields are the request's");
        writer.option(OptionCode::DHCP_MESSAGE_TYPE, &[MessageType::NAK.0]);
        writer.option(OptionCode::DHCP_SERVER_IDENTIFIER, &source.octets());
        if !text.is_empty() {
            writer.option(OptionCode::DHCP_MESSAGE, text.as_bytes());
        }
        if echoes && !query.uid.is_empty() {
            writer.option(OptionCode::DHCP_CLIENT_IDENTIFIER, query.uid);
        }
        writer.finish();
        let to = match query.relay() {
            Some(relay) => self.to_relay(relay),
            None => self.to_everyone(source),
        };
        self.state.stats.nak += 1;
        self.state.out.reply(to, buffer);
    }

    fn echoes_identifier(&mut self) -> bool {
        let Some(network) = self.query.network else {
            return false;
        };
        let place = &self.config.networks[network.0].place;
        self.view(place, None, None, false).rules.echo_client_id
    }

    /// The server identifier of the client's network, for `server-id-check`.
    pub(crate) fn server_id_of_network(&self) -> Option<Ipv4Addr> {
        let network = &self.config.networks[self.query.network?.0];
        Some(self.server_id(&View::new(self.config, &network.place, None)))
    }
}
