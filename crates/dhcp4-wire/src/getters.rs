//! What servers read from the options, typed.
//!
//! A getter gives `None` where the option is missing and where its length is wrong: ISC dhcpd takes
//! both alike. Repeated options are joined first (RFC 3396), so a requested address sent twice is 8
//! bytes long and wrong.

use crate::code::{MessageType, OptionCode};
use crate::joined::Joined;
use crate::packet::Packet;
use crate::relay::RelayAgentInformation;
use core::net::Ipv4Addr;

impl<'a> Packet<'a> {
    /// Option 53. As in ISC dhcpd the first byte counts, if there is one; a packet without is a
    /// BOOTP packet.
    #[must_use]
    #[inline]
    pub fn message_type(&self) -> Option<MessageType> {
        self.option(OptionCode::DHCP_MESSAGE_TYPE)?
            .bytes()
            .next()
            .map(MessageType)
    }

    /// Option 50: the address the client would like, or had.
    #[must_use]
    pub fn requested_address(&self) -> Option<Ipv4Addr> {
        self.address_option(OptionCode::DHCP_REQUESTED_ADDRESS)
    }

    /// Option 54: the server the client speaks to.
    #[must_use]
    pub fn server_identifier(&self) -> Option<Ipv4Addr> {
        self.address_option(OptionCode::DHCP_SERVER_IDENTIFIER)
    }

    /// Option 118 (RFC 3011): the subnet the client wants an address in.
    #[must_use]
    pub fn subnet_selection(&self) -> Option<Ipv4Addr> {
        self.address_option(OptionCode::SUBNET_SELECTION)
    }

    /// Option 51, in seconds.
    #[must_use]
    pub fn lease_time(&self) -> Option<u32> {
        self.option(OptionCode::DHCP_LEASE_TIME)?
            .to_array()
            .map(u32::from_be_bytes)
    }

    /// Option 57: the longest IP datagram the client takes, in bytes, IP and UDP headers included.
    /// As in ISC dhcpd the first two bytes count, if there are so many.
    #[must_use]
    pub fn max_message_size(&self) -> Option<u16> {
        let mut bytes = self.option(OptionCode::DHCP_MAX_MESSAGE_SIZE)?.bytes();
        Some(u16::from_be_bytes([bytes.next()?, bytes.next()?]))
    }

    /// Option 61. Never empty: such a packet does not parse.
    #[must_use]
    pub fn client_identifier(&self) -> Option<Joined<'a>> {
        self.option(OptionCode::DHCP_CLIENT_IDENTIFIER)
    }

    /// Option 55: codes of the options the client asks for, in its order. `None` if it is empty.
    #[must_use]
    pub fn parameter_request_list(&self) -> Option<Joined<'a>> {
        self.bytes_option(OptionCode::DHCP_PARAMETER_REQUEST_LIST)
    }

    /// Option 60: what kind of client this is. `None` if it is empty.
    #[must_use]
    pub fn vendor_class_identifier(&self) -> Option<Joined<'a>> {
        self.bytes_option(OptionCode::VENDOR_CLASS_IDENTIFIER)
    }

    /// Option 77, as it is: many clients do not keep to the form of RFC 3004. `None` if it is
    /// empty.
    #[must_use]
    pub fn user_class(&self) -> Option<Joined<'a>> {
        self.text_option(OptionCode::USER_CLASS)
    }

    /// Option 12. `None` if it is empty.
    #[must_use]
    pub fn host_name(&self) -> Option<Joined<'a>> {
        self.text_option(OptionCode::HOST_NAME)
    }

    /// Option 81 (RFC 4702), raw: flags, two codes of no use, the name. `None` if it is shorter
    /// than three bytes.
    #[must_use]
    pub fn client_fqdn(&self) -> Option<Joined<'a>> {
        self.option(OptionCode::FQDN)
            .filter(|value| value.len() >= 3)
    }

    /// Option 56: text for a human. `None` if it is empty.
    #[must_use]
    pub fn message(&self) -> Option<Joined<'a>> {
        self.text_option(OptionCode::DHCP_MESSAGE)
    }

    /// Option 93 (RFC 4578 §2.1): the first of the client's architectures.
    #[must_use]
    pub fn client_architecture(&self) -> Option<u16> {
        let value = self
            .option(OptionCode::PXE_SYSTEM_TYPE)
            .filter(|value| value.len() % 2 == 0)?;
        let mut bytes = value.bytes();
        Some(u16::from_be_bytes([bytes.next()?, bytes.next()?]))
    }

    /// Option 52, as it was sent; [`overload`](Self::overload) has the bits that count.
    #[must_use]
    pub fn option_overload(&self) -> Option<u8> {
        self.option(OptionCode::DHCP_OPTION_OVERLOAD)?
            .to_array()
            .map(|[value]| value)
    }

    /// Option 82 (RFC 3046). `None` if it holds no sub-option that can be read.
    #[must_use]
    pub fn relay_agent_information(&self) -> Option<RelayAgentInformation<'a>> {
        let value = self
            .option(OptionCode::RELAY_AGENT_INFORMATION)
            .map(RelayAgentInformation::new)?;
        value.sub_options().next().is_some().then_some(value)
    }

    fn address_option(&self, code: OptionCode) -> Option<Ipv4Addr> {
        self.option(code)?.to_array::<4>().map(Ipv4Addr::from)
    }

    fn bytes_option(&self, code: OptionCode) -> Option<Joined<'a>> {
        self.option(code).filter(|value| !value.is_empty())
    }

    fn text_option(&self, code: OptionCode) -> Option<Joined<'a>> {
        let text = self.option(code)?.without_trailing_nuls();
        (!text.is_empty()).then_some(text)
    }
}
