//! The client-hardware-address option's value.

use std::fmt;

/// A client's hardware address: the hardware type byte and up to 20 bytes of address, held inline.
///
/// The limit is ISC's (21 bytes in all); it refuses a longer one with reject reason 6. Such an option decodes
/// to [`HardwareAddress::OVERSIZED`], which knows only that. A zero-length option is legal on the wire
/// and *clears* the address at the receiver: [`HardwareAddress::EMPTY`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HardwareAddress {
    /// Bytes in use; `OVERSIZED_LEN` when there were too many to hold.
    len: u8,
    /// Type and address, zero after `len` so that equality and hash see one form only.
    bytes: [u8; Self::MAX_LEN],
}

const OVERSIZED_LEN: u8 = u8::MAX;

impl Default for HardwareAddress {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl HardwareAddress {
    /// Longest value in bytes, the type byte included.
    pub const MAX_LEN: usize = 21;
    /// No type, no address: a zero-length option.
    pub const EMPTY: Self = Self {
        len: 0,
        bytes: [0; Self::MAX_LEN],
    };
    /// Stands for a received option longer than [`Self::MAX_LEN`]; its bytes are not kept here.
    pub const OVERSIZED: Self = Self {
        len: OVERSIZED_LEN,
        bytes: [0; Self::MAX_LEN],
    };

    /// An address of hardware type `htype` (RFC 2131 `htype`: 1 is Ethernet); `None` over 20 bytes.
    #[must_use]
    pub fn new(htype: u8, address: &[u8]) -> Option<Self> {
        let len = 1 + address.len();
        if len > Self::MAX_LEN {
            return None;
        }
        let mut bytes = [0; Self::MAX_LEN];
        bytes[0] = htype;
        bytes[1..len].copy_from_slice(address);
        Some(Self {
            len: len as u8,
            bytes,
        })
    }

    /// From an option's value: type byte first, then the address.
    #[must_use]
    pub fn from_wire(value: &[u8]) -> Self {
        match value {
            [] => Self::EMPTY,
            [htype, address @ ..] => Self::new(*htype, address).unwrap_or(Self::OVERSIZED),
        }
    }

    /// The option's value: type byte first, then the address. Empty when [`Self::EMPTY`] or [`Self::OVERSIZED`].
    #[must_use]
    pub fn as_wire(&self) -> &[u8] {
        if self.is_oversized() {
            &[]
        } else {
            &self.bytes[..usize::from(self.len)]
        }
    }

    /// The hardware type; 0 when there is none.
    #[must_use]
    pub const fn htype(&self) -> u8 {
        self.bytes[0]
    }

    /// The address without its type byte, 0 to 20 bytes.
    #[must_use]
    pub fn address(&self) -> &[u8] {
        self.as_wire().get(1..).unwrap_or_default()
    }

    /// Whether this is a zero-length option.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the option was longer than [`Self::MAX_LEN`].
    #[must_use]
    pub const fn is_oversized(&self) -> bool {
        self.len == OVERSIZED_LEN
    }
}

impl fmt::Debug for HardwareAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_oversized() {
            return f.write_str("HardwareAddress(oversized)");
        }
        write!(f, "HardwareAddress({:02x?})", self.as_wire())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_byte_comes_first() {
        let ethernet = HardwareAddress::new(1, &[2, 0, 0, 0, 0, 7]).unwrap();
        assert_eq!(ethernet.as_wire(), [1, 2, 0, 0, 0, 0, 7]);
        assert_eq!(ethernet.htype(), 1);
        assert_eq!(ethernet.address(), [2, 0, 0, 0, 0, 7]);
        assert_eq!(HardwareAddress::from_wire(ethernet.as_wire()), ethernet);
    }

    #[test]
    fn twenty_one_bytes_fit_and_twenty_two_do_not() {
        assert_eq!(HardwareAddress::from_wire(&[7; 21]).as_wire(), [7; 21]);
        assert!(HardwareAddress::from_wire(&[7; 22]).is_oversized());
        assert_eq!(HardwareAddress::new(7, &[7; 21]), None);
    }

    #[test]
    fn empty_is_neither_a_type_nor_oversized() {
        let empty = HardwareAddress::from_wire(&[]);
        assert!(empty.is_empty() && !empty.is_oversized());
        assert_eq!((empty.htype(), empty.address()), (0, &[][..]));
        assert_ne!(empty, HardwareAddress::new(0, &[]).unwrap());
        assert!(HardwareAddress::OVERSIZED.address().is_empty());
    }
}
