//! The byte grammar: a header, then options. The only file that sees nom.

use nom::number::complete::{be_u8, be_u16, be_u32};
use nom::{IResult, Parser};

use crate::error::DecodeErrorReason;
use crate::{HEADER_LEN, MessageType, OptionCode, UnixTime, Xid};

/// The 12 fixed bytes that open a message.
pub(crate) struct Header {
    pub(crate) length: u16,
    pub(crate) message_type: MessageType,
    pub(crate) payload_offset: u8,
    pub(crate) time: UnixTime,
    pub(crate) xid: Xid,
}

/// One option, still in the message's bytes.
pub(crate) struct RawOption<'a> {
    pub(crate) code: OptionCode,
    pub(crate) value: &'a [u8],
}

/// Bytes of an option before its value: code and length.
pub(crate) const OPTION_HEADER_LEN: usize = 4;

pub(crate) fn header(message: &[u8; HEADER_LEN]) -> Header {
    let parsed: IResult<&[u8], _> =
        (be_u16, be_u8, be_u8, be_u32, be_u32).parse(message.as_slice());
    let (_, (length, message_type, payload_offset, time, xid)) =
        parsed.expect("the fields add up to the header's 12 bytes");
    Header {
        length,
        message_type: MessageType(message_type),
        payload_offset,
        time: UnixTime(time),
        xid: Xid(xid),
    }
}

/// The option at the start of `input`, which is not empty.
pub(crate) fn option(input: &[u8]) -> Result<RawOption<'_>, DecodeErrorReason> {
    let head: IResult<&[u8], _> = (be_u16, be_u16).parse(input);
    let (rest, (code, length)) = head.map_err(|_| DecodeErrorReason::StrayBytes(input.len()))?;
    let code = OptionCode(code);
    match rest.get(..usize::from(length)) {
        Some(value) => Ok(RawOption { code, value }),
        None => Err(DecodeErrorReason::OptionOverrun {
            code,
            declared: length,
            left: rest.len(),
        }),
    }
}
