//! DHCPv4 and BOOTP messages to and from bytes (RFC 2131, RFC 2132, RFC 951).
//!
//! * [`Packet`] is a checked view over received bytes: one pass checks everything, nothing is
//!   copied or allocated.
//! * [`ReplyWriter`] writes a reply straight from borrowed values into a buffer that is kept, laid
//!   out byte for byte as ISC dhcpd does: option overload, RFC 3396 fragments, option 82 last.
//! * [`Message`] is an owned message, for everything that is not a hot path.
//!
//! What is done with malformed input follows ISC dhcpd 4.4.3, as observed: what it drops is a
//! [`DecodeError`], what it ignores is `None`.
//!
//! ```
//! use dhcp4_wire::{Header, Limits, Message, MessageType, OptionCode, Packet, ReplyWriter};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A client's side: an owned message.
//! let mut discover = Message::request(0x3d1d_8a7c, [2, 0, 0x5e, 0x10, 0x20, 0x30]);
//! discover.options.set_message_type(MessageType::DISCOVER);
//! discover.options.set_parameter_request_list(&[OptionCode::ROUTERS]);
//! let mut datagram = Vec::new();
//! discover.encode(548, &mut datagram)?;
//!
//! // A server's side: read in place, answer into a buffer that is kept.
//! let request = Packet::parse(&datagram)?;
//! assert_eq!(request.message_type(), Some(MessageType::DISCOVER));
//! let header = Header { yiaddr: [192, 0, 2, 7].into(), ..Header::reply_to(&request) };
//! let mut reply = Vec::with_capacity(1500);
//! let limits = Limits::dhcp(request.max_message_size());
//! let mut writer = ReplyWriter::new(&mut reply, &header, limits, &[])?;
//! writer.option(OptionCode::DHCP_MESSAGE_TYPE, &[MessageType::OFFER.0]);
//! writer.last_option(OptionCode::ROUTERS, &[192, 0, 2, 1]);
//! writer.finish();
//!
//! let offer = Packet::parse(&reply)?;
//! assert_eq!(offer.xid(), request.xid());
//! let routers = offer.option(OptionCode::ROUTERS).ok_or("no routers")?;
//! assert_eq!(routers.to_array(), Some([192, 0, 2, 1]));
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod code;
mod error;
mod getters;
mod header;
mod index;
mod joined;
mod message;
mod option_table;
mod options;
mod options_iter;
mod packet;
mod parse;
mod relay;
mod rules;
mod writer;

#[cfg(any(test, fuzzing))]
pub mod checks;

pub use code::{Flags, HardwareType, MessageType, OpCode, OptionCode};
pub use error::{DecodeError, DecodeReason, EncodeError};
pub use header::Header;
pub use joined::Joined;
pub use message::Message;
pub use option_table::LengthRule;
pub use options::Options;
pub use options_iter::OptionIter;
pub use packet::Packet;
pub use relay::{RelayAgentInformation, SubOptionCode};
pub use writer::{Limits, ReplyWriter};
