//! DHCPv4 failover messages to and from bytes, with stream framing.
#![forbid(unsafe_code)]

mod binding;
mod connect;
mod error;
mod frame;
mod hardware;
mod message;
mod option;
mod parse;
mod pool;
mod read;
mod reject;
mod state;
mod time;
mod write;

pub use binding::{BindingAck, BindingStatus, BindingUpdate, IpFlags};
pub use connect::{Connect, ConnectAck, Disconnect};
pub use error::{DecodeError, DecodeErrorReason, EncodeError};
pub use frame::{Frame, HEADER_LEN, MAX_MESSAGE_LEN, PROTOCOL_VERSION, Xid, decode};
pub use hardware::HardwareAddress;
pub use message::{Message, MessageType};
pub use option::{OptionCode, UnknownOption};
pub use pool::PoolResponse;
pub use reject::RejectReason;
pub use state::{ServerFlags, ServerState, ServerStateCode, StateMessage, UnknownServerState};
pub use time::UnixTime;
