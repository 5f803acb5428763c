//! Framing: messages back to back on one TCP stream, cut at the length that opens each.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};

use crate::error::DecodeErrorReason;
use crate::parse::{self, Header, OPTION_HEADER_LEN};
use crate::read::OptionReader;
use crate::write::MessageWriter;
use crate::{DecodeError, EncodeError, Message, MessageType, OptionCode, UnixTime, UnknownOption};

/// Bytes of the header, and so of the shortest message \[draft-12 §6.1\].
pub const HEADER_LEN: usize = 12;
/// Longest message in bytes. ISC dhcpd drops the link on a longer one, and so do we: it bounds what a
/// peer can make us buffer.
pub const MAX_MESSAGE_LEN: usize = 2048;
/// The protocol version that CONNECT and CONNECTACK carry.
pub const PROTOCOL_VERSION: u8 = 1;

/// A transaction id: requests count up from 0 on each connection, answers copy the request's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Xid(pub u32);

impl fmt::Display for Xid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One message with its header.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Frame {
    /// The sender's clock.
    pub time: UnixTime,
    /// The transaction.
    pub xid: Xid,
    /// What is said.
    pub message: Message,
    /// Options that the message has no field for, in wire order; encoded last. ISC sends none and skips them.
    pub unknown: Vec<UnknownOption>,
}

impl Frame {
    /// A frame without options beyond the message's own.
    #[must_use]
    pub const fn new(time: UnixTime, xid: Xid, message: Message) -> Self {
        Self {
            time,
            xid,
            message,
            unknown: Vec::new(),
        }
    }

    /// Appends the frame's bytes to `dst`, options in the order in which ISC dhcpd sends them.
    ///
    /// # Errors
    ///
    /// When the message would be longer than [`MAX_MESSAGE_LEN`], which only its texts, identifiers and
    /// carried options can make it. `dst` is then left as it was.
    pub fn encode(&self, dst: &mut BytesMut) -> Result<(), EncodeError> {
        let message_type = self.message.message_type();
        let mut out = MessageWriter::new(dst, message_type, self.time, self.xid);
        self.message.encode(&mut out);
        out.unknown(&self.unknown);
        out.finish()
    }
}

/// Takes the next message off the front of `src`; `None` when more bytes are needed.
///
/// Bytes may arrive in any segmentation: append them to `src` and call until `None`. At most
/// [`MAX_MESSAGE_LEN`] bytes are ever waited for. Header bytes between 12 and the payload offset are
/// skipped, as ISC does.
///
/// A BNDUPD or BNDACK may hold several bindings, each opened by an assigned-IP-address
/// \[draft-12 §6.3\]. ISC neither sends that nor survives it; here each binding comes out as a frame of its
/// own with the same header, one per call. So each is answered by a BNDACK of its own, where the draft wants
/// one for the whole batch; no implementation that batches is known.
///
/// # Errors
///
/// A message that ISC dhcpd drops the link for, or dies of. The caller must close: there is no way to
/// resume the stream.
pub fn decode(src: &mut BytesMut) -> Result<Option<Frame>, DecodeError> {
    let Some(&[high, low]) = src.first_chunk() else {
        return Ok(None);
    };
    let declared = u16::from_be_bytes([high, low]);
    let length = usize::from(declared);
    if !(HEADER_LEN..=MAX_MESSAGE_LEN).contains(&length) {
        let reason = DecodeErrorReason::MessageLength(declared);
        return Err(DecodeError { offset: 0, reason });
    }
    let Some((bytes, _)) = src.split_at_checked(length) else {
        return Ok(None);
    };
    let header = parse::header(bytes.first_chunk().expect("length is at least a header"));
    let payload_offset = usize::from(header.payload_offset);
    if !(HEADER_LEN..=length).contains(&payload_offset) {
        let payload_offset = header.payload_offset;
        let reason = DecodeErrorReason::PayloadOffset {
            payload_offset,
            length,
        };
        return Err(DecodeError { offset: 3, reason });
    }
    let message = match second_binding(&bytes[payload_offset..], header.message_type) {
        None => src.split_to(length).freeze(),
        Some(at) => split_batch(src, &header, payload_offset + at),
    };
    let mut options = OptionReader::new(&message, header.message_type, payload_offset);
    let message = Message::decode(header.message_type, &mut options)?;
    let unknown = options.into_unknown();
    Ok(Some(Frame {
        time: header.time,
        xid: header.xid,
        message,
        unknown,
    }))
}

/// Where the second binding of a batch starts in a message's options.
fn second_binding(options: &[u8], message_type: MessageType) -> Option<usize> {
    if !matches!(
        message_type,
        MessageType::BINDING_UPDATE | MessageType::BINDING_ACK
    ) {
        return None;
    }
    let mut seen = false;
    let mut at = 0;
    while let Ok(option) = parse::option(&options[at..]) {
        if option.code == OptionCode::ASSIGNED_IP_ADDRESS && std::mem::replace(&mut seen, true) {
            return Some(at);
        }
        at += OPTION_HEADER_LEN + option.value.len();
    }
    None
}

/// Takes the bytes before `at` off `src` and puts a header of its own before the rest of the message.
fn split_batch(src: &mut BytesMut, header: &Header, at: usize) -> Bytes {
    let first = Bytes::copy_from_slice(&src[..at]);
    // The first binding is at least 8 bytes behind a header of at least 12: there is room.
    src.advance(at - HEADER_LEN);
    let rest = usize::from(header.length) - at;
    let mut out = [0; HEADER_LEN];
    out.copy_from_slice(&first[..HEADER_LEN]);
    out[..2].copy_from_slice(&((HEADER_LEN + rest) as u16).to_be_bytes());
    out[3] = HEADER_LEN as u8;
    src[..HEADER_LEN].copy_from_slice(&out);
    first
}
