//! Option 82, relay agent information (RFC 3046).

use crate::joined::Joined;
use core::fmt;
use core::net::Ipv4Addr;

/// The code of a sub-option of option 82.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubOptionCode(pub u8);

impl SubOptionCode {
    /// RFC 3046 §3.1: the port the client is on.
    pub const CIRCUIT_ID: Self = Self(1);
    /// RFC 3046 §3.2: the client's end of that line.
    pub const REMOTE_ID: Self = Self(2);
    /// RFC 3256: DOCSIS device class.
    pub const DOCSIS_DEVICE_CLASS: Self = Self(4);
    /// RFC 3527: the subnet the client is on, where `giaddr` cannot say it.
    pub const LINK_SELECTION: Self = Self(5);
    /// RFC 3993: who subscribes to the line.
    pub const SUBSCRIBER_ID: Self = Self(6);
    /// RFC 5107: the address the client shall take for the server's.
    pub const SERVER_ID_OVERRIDE: Self = Self(11);
    /// RFC 8357: the relay wants the answer at the port it sent from.
    pub const RELAY_PORT: Self = Self(19);
}

/// The sub-options that relay agents added.
///
/// As ISC dhcpd does, each option 82 of a packet is read by itself, and one whose sub-options run
/// past its end counts only up to there. Code 0 ends a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayAgentInformation<'a> {
    value: Joined<'a>,
}

impl<'a> RelayAgentInformation<'a> {
    pub(crate) fn new(value: Joined<'a>) -> Self {
        Self { value }
    }

    /// The sub-options in wire order, repeats kept.
    pub fn sub_options(&self) -> impl Iterator<Item = (SubOptionCode, &'a [u8])> + use<'a> {
        self.value
            .fragments()
            .flat_map(|data| SubOptionIter { data })
    }

    /// The first sub-option of a code.
    #[must_use]
    pub fn get(&self, code: SubOptionCode) -> Option<&'a [u8]> {
        self.sub_options()
            .find(|(other, _)| *other == code)
            .map(|(_, data)| data)
    }

    /// Sub-option 1.
    #[must_use]
    pub fn circuit_id(&self) -> Option<&'a [u8]> {
        self.get(SubOptionCode::CIRCUIT_ID)
    }

    /// Sub-option 2.
    #[must_use]
    pub fn remote_id(&self) -> Option<&'a [u8]> {
        self.get(SubOptionCode::REMOTE_ID)
    }

    /// Sub-option 5; `None` too if it is not four bytes long.
    #[must_use]
    pub fn link_selection(&self) -> Option<Ipv4Addr> {
        self.address(SubOptionCode::LINK_SELECTION)
    }

    /// Sub-option 11; `None` too if it is not four bytes long.
    #[must_use]
    pub fn server_id_override(&self) -> Option<Ipv4Addr> {
        self.address(SubOptionCode::SERVER_ID_OVERRIDE)
    }

    /// What a server sends back (RFC 3046 §2.2), as ISC dhcpd does: of the sub-options it could
    /// read, the first of each code, if it is not empty. Written to the front of `scratch`; `None`
    /// if that is too short, which it never is if it has the length of the packet.
    #[must_use]
    pub fn echo<'b>(&self, scratch: &'b mut [u8]) -> Option<&'b [u8]> {
        let (mut seen, mut len) = ([0u128; 2], 0);
        for (code, data) in self.sub_options() {
            let (word, bit) = (usize::from(code.0 >> 7), 1 << (code.0 & 0x7f));
            let again = seen[word] & bit != 0;
            seen[word] |= bit;
            if again || data.is_empty() {
                continue;
            }
            let to = scratch.get_mut(len..len + 2 + data.len())?;
            (to[0], to[1]) = (code.0, data.len() as u8);
            to[2..].copy_from_slice(data);
            len += to.len();
        }
        Some(&scratch[..len])
    }

    fn address(&self, code: SubOptionCode) -> Option<Ipv4Addr> {
        let octets: [u8; 4] = self.get(code)?.try_into().ok()?;
        Some(octets.into())
    }
}

/// How many bytes from the front are well-formed sub-options.
pub(crate) fn well_formed(data: &[u8]) -> usize {
    let mut rest = SubOptionIter { data };
    while rest.next().is_some() {}
    data.len() - rest.data.len()
}

#[derive(Clone)]
struct SubOptionIter<'a> {
    data: &'a [u8],
}

impl<'a> Iterator for SubOptionIter<'a> {
    type Item = (SubOptionCode, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let [code, len, rest @ ..] = self.data else {
            return None;
        };
        if *code == 0 {
            return None;
        }
        let (data, rest) = rest.split_at_checked(usize::from(*len))?;
        self.data = rest;
        Some((SubOptionCode(*code), data))
    }
}

impl fmt::Display for SubOptionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
