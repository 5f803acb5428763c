//! DHCPv4 failover messages to and from bytes, with stream framing.
//!
//! The protocol two ISC dhcpd speak to each other over TCP (draft-ietf-dhc-failover-12 as ISC dhcpd
//! 4.4.3-P1 implements it): [`decode`] takes [`Frame`]s off a stream in any segmentation,
//! [`Frame::encode`] writes them as ISC does, option by option in its order.
//!
//! Pure: no sockets, no clock. Nothing a peer sends can panic, and a peer can make us buffer at most
//! [`MAX_MESSAGE_LEN`] bytes.
//!
//! # Tolerant and strict
//!
//! * Any option may be missing: fields are `Option`, and what a message needs is its receiver's to say, often by a
//!   [`RejectReason`] rather than by closing.
//! * Options that a message has no field for are carried in [`Frame::unknown`], whatever their size and however often,
//!   and encoded behind the message's own. That includes DDNS, on which ISC drops the link: never send it.
//! * A [`DecodeError`] is what ISC closes the link for, or exits at: bad lengths, a repeated or wrongly sized option of
//!   the message's own, stray bytes, options in an unknown message, an unknown binding-status.
//! * Several bindings in one message come out one by one, though ISC closes on them: see [`decode`].
//!
//! # Memory
//!
//! Times, addresses and hardware addresses are held inline. Texts and identifiers are [`Bytes`](bytes::Bytes) that
//! share the receive buffer and keep it alive: copy what is stored for long.
//!
//! # Example
//!
//! ```
//! use bytes::BytesMut;
//! use failover_wire::{
//!     BindingAck, BindingStatus, BindingUpdate, Frame, HardwareAddress, Message, UnixTime, Xid, decode,
//! };
//!
//! let now = UnixTime(1_795_447_826);
//! let update = BindingUpdate {
//!     address: Some([192, 168, 1, 50].into()),
//!     status: Some(BindingStatus::Active),
//!     hardware: HardwareAddress::new(1, &[0x02, 0, 0, 0, 0, 0x07]),
//!     lease_expiration: Some(now.saturating_add(3600)),
//!     potential_expiration: Some(now.saturating_add(5400)),
//!     start_of_state: Some(now),
//!     client_last_transaction: Some(now),
//!     ..BindingUpdate::default()
//! };
//! let mut sent = BytesMut::new();
//! Frame::new(now, Xid(1), Message::BindingUpdate(update)).encode(&mut sent)?;
//!
//! // The peer's end of the stream: bytes come in pieces.
//! let mut received = sent.split_to(30);
//! assert_eq!(decode(&mut received)?, None);
//! received.unsplit(sent);
//! let frame = decode(&mut received)?.expect("the message is complete");
//! let Message::BindingUpdate(update) = frame.message else { panic!("a BNDUPD") };
//!
//! // Accepted: the answer has the update's transaction id and the address, nothing else.
//! let ack = BindingAck { address: update.address, ..BindingAck::default() };
//! let mut answer = BytesMut::new();
//! Frame::new(now, frame.xid, Message::BindingAck(ack)).encode(&mut answer)?;
//! assert_eq!(answer.len(), 20);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

#[cfg(any(test, fuzzing))]
pub mod checks;

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
