//! What statements may ask about a client.

use core::net::Ipv4Addr;

use bytes::Bytes;
use dhcp4_wire::OptionCode;
use dhcpd_text::eval::Client;

use crate::query::Query;

/// A client and its lease, as far as they are known.
pub(crate) struct Facts<'q> {
    pub(crate) query: &'q Query<'q>,
    /// What the relay agent said of the client earlier, where it says nothing now: raw sub-options.
    pub(crate) stashed: Option<Bytes>,
    pub(crate) known: bool,
    pub(crate) fixed: bool,
    pub(crate) address: Option<Ipv4Addr>,
    pub(crate) lease_time: Option<u32>,
    pub(crate) host: Option<&'q str>,
    pub(crate) machine: &'q [u8],
}

impl Client for Facts<'_> {
    fn option(&self, code: u8) -> Option<Vec<u8>> {
        let code = OptionCode(code);
        if code == OptionCode::RELAY_AGENT_INFORMATION {
            let said = Some(self.query.agent).filter(|agent| !agent.is_empty());
            return said.or(self.stashed.as_deref()).map(<[u8]>::to_vec);
        }
        let value = self.query.packet.option(code)?.to_vec();
        // An empty host name is none, as in ISC.
        (code != OptionCode::HOST_NAME || !value.is_empty()).then_some(value)
    }

    fn message(&self) -> Option<&[u8]> {
        Some(self.query.packet.as_bytes())
    }

    fn hardware(&self) -> Option<(u8, &[u8])> {
        let packet = &self.query.packet;
        Some((packet.htype().0, packet.chaddr()))
    }

    fn is_known(&self) -> Option<bool> {
        Some(self.known)
    }

    fn is_static(&self) -> bool {
        self.fixed
    }

    fn leased_address(&self) -> Option<Ipv4Addr> {
        self.address
    }

    fn lease_time(&self) -> Option<u32> {
        self.lease_time
    }

    fn host_decl_name(&self) -> Option<&str> {
        self.host
    }

    fn host_name(&self) -> Option<&[u8]> {
        Some(self.machine).filter(|name| !name.is_empty())
    }
}
