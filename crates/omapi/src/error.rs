//! Why a session ends.

use thiserror::Error;

use crate::message::{MAX_MESSAGE_LEN, MAX_SIGNATURE_LEN, MAX_VALUES};
use crate::startup::{HEADER_LEN, MAX_HEADER_LEN, VERSION};

/// What the client sent makes no sense, or is not to be borne: the connection has to be closed.
///
/// dhcpd closes without a word in all these cases, but for the bounds, which it lacks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// Another version of the protocol.
    #[error("protocol version {0}, not {VERSION}")]
    Version(u32),
    /// Headers that are too short for their fields, or absurdly long.
    #[error("header length {0} is outside {HEADER_LEN}..={MAX_HEADER_LEN}")]
    HeaderLength(u32),
    /// A message, or a name or value in it, reaches beyond the longest message.
    #[error("a message of more than {MAX_MESSAGE_LEN} bytes")]
    MessageLength,
    /// A list of more values than any object has.
    #[error("more than {MAX_VALUES} values in one list")]
    ValueCount,
    /// A signature longer than that of any algorithm.
    #[error("a signature of {0} bytes, more than {MAX_SIGNATURE_LEN}")]
    SignatureLength(u32),
    /// An operation that there is not.
    #[error("operation {0} is unknown, or no request")]
    Operation(u32),
    /// An answer to a request that was never made: a server makes none.
    #[error("an answer to a request {0:#x} that was never made")]
    Unasked(u32),
    /// The message names an authenticator that wasn't opened on this connection.
    #[error("authenticator {0} is not open here")]
    Authenticator(u32),
    /// The message gives a field of its header a second time, as a value.
    #[error("a value named as a field of the header")]
    ReservedName,
}
