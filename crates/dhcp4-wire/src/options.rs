//! The options of a message that is to be written.

use crate::code::{MessageType, OptionCode};
use core::net::Ipv4Addr;
use std::borrow::Cow;

/// Options in wire order, repeats kept.
///
/// Option 52 has no place here: it belongs to how a message is laid out, and
/// [`Message::encode`](crate::Message::encode) writes it where it is needed. Pads and END have none
/// either.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Options {
    list: Vec<(OptionCode, Vec<u8>)>,
}

impl Options {
    /// No options.
    #[must_use]
    pub const fn new() -> Self {
        Self { list: Vec::new() }
    }

    /// Adds an option at the end. Values over 255 bytes are legal: they are cut when written (RFC
    /// 3396). Options 0, 52 and 255 are not taken, since they are not data.
    pub fn push(&mut self, code: OptionCode, value: impl Into<Vec<u8>>) {
        if !matches!(
            code,
            OptionCode::PAD | OptionCode::DHCP_OPTION_OVERLOAD | OptionCode::END
        ) {
            self.list.push((code, value.into()));
        }
    }

    /// Replaces the first option of this code and takes out the others; adds it at the end if there
    /// is none.
    pub fn set(&mut self, code: OptionCode, value: impl Into<Vec<u8>>) {
        let Some(first) = self.list.iter().position(|(other, _)| *other == code) else {
            return self.push(code, value);
        };
        self.list[first].1 = value.into();
        let mut index = 0;
        self.list.retain(|(other, _)| {
            index += 1;
            *other != code || index - 1 == first
        });
    }

    /// Takes out all options of this code.
    pub fn remove(&mut self, code: OptionCode) {
        self.list.retain(|(other, _)| *other != code);
    }

    /// The value of an option, repeats joined (RFC 3396).
    #[must_use]
    pub fn get(&self, code: OptionCode) -> Option<Vec<u8>> {
        self.joined(code).map(Cow::into_owned)
    }

    /// [`get`](Self::get) without a copy, where there is but one.
    pub(crate) fn joined(&self, code: OptionCode) -> Option<Cow<'_, [u8]>> {
        let mut values = self
            .iter()
            .filter(|(other, _)| *other == code)
            .map(|(_, value)| value);
        let first = values.next().map(Cow::Borrowed);
        values.fold(first, |joined, value| {
            joined.map(|joined| Cow::Owned([&joined[..], value].concat()))
        })
    }

    /// The options as they are, in order.
    pub fn iter(
        &self,
    ) -> impl ExactSizeIterator<Item = (OptionCode, &[u8])> + DoubleEndedIterator + Clone {
        self.list
            .iter()
            .map(|(code, value)| (*code, value.as_slice()))
    }

    /// How many there are, repeats counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Sets option 53.
    pub fn set_message_type(&mut self, value: MessageType) {
        self.set(OptionCode::DHCP_MESSAGE_TYPE, [value.0]);
    }

    /// Sets option 50.
    pub fn set_requested_address(&mut self, value: Ipv4Addr) {
        self.set(OptionCode::DHCP_REQUESTED_ADDRESS, value.octets());
    }

    /// Sets option 54.
    pub fn set_server_identifier(&mut self, value: Ipv4Addr) {
        self.set(OptionCode::DHCP_SERVER_IDENTIFIER, value.octets());
    }

    /// Sets option 51, in seconds.
    pub fn set_lease_time(&mut self, seconds: u32) {
        self.set(OptionCode::DHCP_LEASE_TIME, seconds.to_be_bytes());
    }

    /// Sets option 57, in bytes of IP datagram.
    pub fn set_max_message_size(&mut self, size: u16) {
        self.set(OptionCode::DHCP_MAX_MESSAGE_SIZE, size.to_be_bytes());
    }

    /// Sets option 61.
    pub fn set_client_identifier(&mut self, value: &[u8]) {
        self.set(OptionCode::DHCP_CLIENT_IDENTIFIER, value);
    }

    /// Sets option 55.
    pub fn set_parameter_request_list(&mut self, codes: &[OptionCode]) {
        self.set(
            OptionCode::DHCP_PARAMETER_REQUEST_LIST,
            codes.iter().map(|code| code.0).collect::<Vec<_>>(),
        );
    }

    /// Sets option 12.
    pub fn set_host_name(&mut self, name: &str) {
        self.set(OptionCode::HOST_NAME, name);
    }
}

impl<V: Into<Vec<u8>>> FromIterator<(OptionCode, V)> for Options {
    fn from_iter<I: IntoIterator<Item = (OptionCode, V)>>(iter: I) -> Self {
        let mut options = Self::new();
        options.extend(iter);
        options
    }
}

impl<V: Into<Vec<u8>>> Extend<(OptionCode, V)> for Options {
    fn extend<I: IntoIterator<Item = (OptionCode, V)>>(&mut self, iter: I) {
        iter.into_iter()
            .for_each(|(code, value)| self.push(code, value));
    }
}
