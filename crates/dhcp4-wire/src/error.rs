//! What can be wrong with a packet, and with a message that is to be written.

use crate::code::OptionCode;
use thiserror::Error;

/// A packet that is not read, with the place and the reason.
///
/// These are the packets that ISC dhcpd drops before it looks at their meaning. Lesser faults, such
/// as a known option of a wrong length, do not stop the reading: see
/// [`Packet::check_lengths`](crate::Packet::check_lengths).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[error("at byte {offset}: {reason}")]
pub struct DecodeError {
    /// Where in the packet, in bytes from its first (`op`).
    pub offset: usize,
    /// What is wrong there.
    pub reason: DecodeReason,
}

/// Why a packet is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum DecodeReason {
    /// Shorter than the fixed part of a BOOTP message (RFC 951 §3, without the vendor area).
    #[error("{len} bytes are less than the 236 of the fixed fields")]
    TooShort {
        /// Bytes in the packet.
        len: usize,
    },
    /// Longer than a UDP datagram can be.
    #[error("{len} bytes are more than a UDP datagram holds")]
    TooLong {
        /// Bytes in the packet.
        len: usize,
    },
    /// `hlen` says more than `chaddr` can hold.
    #[error("hardware address length {hlen} is more than the 16 bytes of chaddr")]
    HardwareLength {
        /// The value of `hlen`.
        hlen: u8,
    },
    /// A field ends after an option's code.
    #[error("option {code} has no length")]
    MissingLength {
        /// The option.
        code: OptionCode,
    },
    /// An option says it is longer than what is left of its field.
    #[error("option {code} is {len} bytes long, but only {left} are left")]
    Overrun {
        /// The option.
        code: OptionCode,
        /// What its length byte says.
        len: u8,
        /// Bytes left in the field.
        left: usize,
    },
    /// Option 61 is there and says nothing: no client can be told by it.
    #[error("option 61 (dhcp-client-identifier) is empty")]
    EmptyClientIdentifier,
    /// A known option has a length that its definition rules out. Only
    /// [`Packet::check_lengths`](crate::Packet::check_lengths) says this.
    #[error("option {code} is {len} bytes long, its definition wants {want}")]
    OptionLength {
        /// The option.
        code: OptionCode,
        /// Its length, all fragments together (RFC 3396).
        len: usize,
        /// The lengths its definition allows.
        want: crate::LengthRule,
    },
    /// The sub-options of option 82 do not fill it exactly. Only
    /// [`Packet::check_lengths`](crate::Packet::check_lengths) says this.
    #[error("a sub-option of option 82 (relay-agent-information) runs past its end")]
    RelayAgentInformation,
}

/// A message that cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// Not even the fixed fields and the magic cookie fit.
    #[error("a limit of {max_len} bytes leaves no room for the 240 of the fixed fields")]
    NoRoomForHeader {
        /// The limit asked for, in bytes.
        max_len: usize,
    },
    /// `hlen` says more than `chaddr` can hold.
    #[error("hardware address length {hlen} is more than the 16 bytes of chaddr")]
    HardwareLength {
        /// The value of `hlen`.
        hlen: u8,
    },
    /// The server name is longer than its field of 64 bytes.
    #[error("server name of {len} bytes is more than the 64 of sname")]
    ServerNameTooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// The boot file name is longer than its field of 128 bytes.
    #[error("boot file name of {len} bytes is more than the 128 of file")]
    FileTooLong {
        /// Its length in bytes.
        len: usize,
    },
}
