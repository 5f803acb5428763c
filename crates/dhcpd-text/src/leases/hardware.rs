//! Hardware types and addresses.

use std::fmt;

/// A client's hardware type and address (`htype`, `hlen` and `chaddr` of RFC 2131).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hardware {
    /// Hardware type (RFC 2131 `htype`): 1 is Ethernet.
    pub htype: u8,
    length: u8,
    bytes: [u8; Self::MAX_LENGTH],
}

impl Hardware {
    /// Longest address that dhcpd reads (its `HARDWARE_ADDR_LEN`); `chaddr` holds 16.
    pub const MAX_LENGTH: usize = 20;

    /// Type and address, unless the address is too long.
    pub fn new(htype: u8, address: &[u8]) -> Option<Self> {
        let mut bytes = [0; Self::MAX_LENGTH];
        bytes.get_mut(..address.len())?.copy_from_slice(address);
        Some(Self {
            htype,
            length: address.len() as u8,
            bytes,
        })
    }

    /// The address, 0 to [`MAX_LENGTH`](Self::MAX_LENGTH) bytes.
    pub fn address(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// The type that `word` names: four have names of their own, the others are `unknown-N`.
    pub(super) fn type_from_word(word: &str) -> Option<u8> {
        for (htype, name) in NAMED_TYPES {
            if word.eq_ignore_ascii_case(name) {
                return Some(htype);
            }
        }
        word.strip_prefix(UNKNOWN)?.parse().ok()
    }

    /// Appends the word for the type.
    pub(super) fn write_type(&self, out: &mut Vec<u8>) {
        match NAMED_TYPES.iter().find(|(htype, _)| *htype == self.htype) {
            Some((_, name)) => out.extend_from_slice(name.as_bytes()),
            None => out.extend_from_slice(format!("{UNKNOWN}{}", self.htype).as_bytes()),
        }
    }
}

impl fmt::Debug for Hardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hardware")
            .field("htype", &self.htype)
            .field("address", &self.address())
            .finish()
    }
}

/// ISC `hardware_types`.
const NAMED_TYPES: [(u8, &str); 4] = [
    (1, "ethernet"),
    (6, "token-ring"),
    (8, "fddi"),
    (32, "infiniband"),
];

const UNKNOWN: &str = "unknown-";
