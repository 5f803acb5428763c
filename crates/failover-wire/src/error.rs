//! What is wrong with a message, and where.

use thiserror::Error;

use crate::{MAX_MESSAGE_LEN, MessageType, OptionCode};

/// A message that must not be accepted: drop the link, as ISC dhcpd does.
///
/// After an error the byte stream has no trustworthy message boundary left.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Error)]
#[error("failover message refused at byte {offset}: {reason}")]
pub struct DecodeError {
    /// Where, counted from the first byte of the message (its length field).
    /// In a batch, from 12 bytes before the option that opened the binding: see [`crate::decode`].
    pub offset: usize,
    /// What is wrong there.
    pub reason: DecodeErrorReason,
}

/// The reason in a [`DecodeError`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Error)]
#[non_exhaustive]
pub enum DecodeErrorReason {
    /// The length field is shorter than a header or longer than [`MAX_MESSAGE_LEN`].
    #[error("message length {0} is outside 12..={MAX_MESSAGE_LEN}")]
    MessageLength(u16),
    /// The payload offset points into the header or behind the message.
    #[error("payload offset {payload_offset} is outside 12..={length}")]
    PayloadOffset {
        /// The offset received.
        payload_offset: u8,
        /// The message's length.
        length: usize,
    },
    /// Options in a message of a type above 12, whose meaning nobody knows.
    #[error("options in a message of unknown {0}")]
    UnknownTypeWithOptions(MessageType),
    /// One to three bytes are left: too few for an option's code and length.
    #[error("{0} stray bytes after the last option")]
    StrayBytes(usize),
    /// An option's length reaches past the end of the message.
    #[error("{code} declares {declared} bytes, but {left} are left")]
    OptionOverrun {
        /// The option.
        code: OptionCode,
        /// Its length field.
        declared: u16,
        /// The bytes left in the message.
        left: usize,
    },
    /// An option of fixed size has another length.
    #[error("{code} must be {expected} bytes long, not {actual}")]
    OptionLength {
        /// The option.
        code: OptionCode,
        /// Its size as draft-12 §12 has it.
        expected: usize,
        /// Its size as received.
        actual: usize,
    },
    /// An option that this message keeps appears again.
    #[error("{0} is repeated")]
    RepeatedOption(OptionCode),
    /// A binding-status outside 1..=7. ISC dhcpd exits when it is told one.
    #[error("binding-status {0} is outside 1..=7")]
    BindingStatus(u8),
}

/// A frame that cannot be put on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Error)]
#[error("{message_type} of {length} bytes exceeds the protocol's {MAX_MESSAGE_LEN}")]
pub struct EncodeError {
    /// The message's type.
    pub message_type: MessageType,
    /// How long the message would be.
    pub length: usize,
}
