//! Walking a message's options: what it keeps goes to its fields, the rest is carried.

use std::net::Ipv4Addr;

use bytes::Bytes;

use crate::error::DecodeErrorReason;
use crate::parse::{self, OPTION_HEADER_LEN};
use crate::{DecodeError, MessageType, OptionCode, UnixTime, UnknownOption};

/// The options of one message, in wire order.
pub(crate) struct OptionReader<'a> {
    message: &'a Bytes,
    message_type: MessageType,
    /// Where the next option starts.
    at: usize,
    /// Bit `n` is set once kept option `n` was seen.
    seen: u64,
    unknown: Vec<UnknownOption>,
}

/// An option that the message keeps, its size checked.
pub(crate) struct KeptOption<'a> {
    pub(crate) code: OptionCode,
    at: usize,
    value: &'a [u8],
    message: &'a Bytes,
}

impl<'a> OptionReader<'a> {
    pub(crate) const fn new(
        message: &'a Bytes,
        message_type: MessageType,
        payload_offset: usize,
    ) -> Self {
        Self {
            message,
            message_type,
            at: payload_offset,
            seen: 0,
            unknown: Vec::new(),
        }
    }

    /// The next option that this message keeps; carries those before it that it does not.
    pub(crate) fn next_kept(&mut self) -> Result<Option<KeptOption<'a>>, DecodeError> {
        while let Some(option) = self.next()? {
            let Some(info) = option
                .code
                .info()
                .filter(|info| info.kept_in(self.message_type))
            else {
                self.carry(&option);
                continue;
            };
            let bit = 1u64 << option.code.0;
            if self.seen & bit != 0 {
                return Err(option.error(DecodeErrorReason::RepeatedOption(option.code)));
            }
            self.seen |= bit;
            let actual = option.value.len();
            if let Some(expected) = info.size.filter(|&expected| expected != actual) {
                let code = option.code;
                return Err(option.error(DecodeErrorReason::OptionLength {
                    code,
                    expected,
                    actual,
                }));
            }
            return Ok(Some(option));
        }
        Ok(None)
    }

    /// Puts an option that the message has no field for behind those carried so far.
    pub(crate) fn carry(&mut self, option: &KeptOption<'_>) {
        self.unknown.push(UnknownOption {
            code: option.code,
            data: option.bytes(),
        });
    }

    /// The carried options, once the last option was read.
    pub(crate) fn into_unknown(self) -> Vec<UnknownOption> {
        self.unknown
    }

    fn next(&mut self) -> Result<Option<KeptOption<'a>>, DecodeError> {
        let at = self.at;
        let rest = &self.message[at..];
        if rest.is_empty() {
            return Ok(None);
        }
        if self.message_type > MessageType::DISCONNECT {
            let reason = DecodeErrorReason::UnknownTypeWithOptions(self.message_type);
            return Err(DecodeError { offset: at, reason });
        }
        let option = parse::option(rest).map_err(|reason| DecodeError { offset: at, reason })?;
        self.at += OPTION_HEADER_LEN + option.value.len();
        Ok(Some(KeptOption {
            code: option.code,
            at,
            value: option.value,
            message: self.message,
        }))
    }
}

impl KeptOption<'_> {
    pub(crate) fn u8(&self) -> u8 {
        u8::from_be_bytes(self.array())
    }

    pub(crate) fn u16(&self) -> u16 {
        u16::from_be_bytes(self.array())
    }

    pub(crate) fn u32(&self) -> u32 {
        u32::from_be_bytes(self.array())
    }

    pub(crate) fn time(&self) -> UnixTime {
        UnixTime(self.u32())
    }

    pub(crate) fn address(&self) -> Ipv4Addr {
        Ipv4Addr::from(self.array())
    }

    pub(crate) const fn value(&self) -> &[u8] {
        self.value
    }

    /// The value as a slice that shares the message's buffer.
    pub(crate) fn bytes(&self) -> Bytes {
        self.message.slice_ref(self.value)
    }

    pub(crate) const fn error(&self, reason: DecodeErrorReason) -> DecodeError {
        DecodeError {
            offset: self.at,
            reason,
        }
    }

    fn array<const N: usize>(&self) -> [u8; N] {
        self.value
            .try_into()
            .expect("the reader has checked the size against the option table")
    }
}
