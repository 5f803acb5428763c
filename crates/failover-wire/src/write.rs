//! Writing a message: options one after the other, the length last, by the code that counted it.

use std::net::Ipv4Addr;

use bytes::{BufMut, BytesMut};

use crate::parse::OPTION_HEADER_LEN;
use crate::{
    EncodeError, HEADER_LEN, MAX_MESSAGE_LEN, MessageType, OptionCode, UnixTime, UnknownOption, Xid,
};

/// A message being written at the end of a buffer.
pub(crate) struct MessageWriter<'a> {
    dst: &'a mut BytesMut,
    start: usize,
    message_type: MessageType,
    /// The message's length so far; may pass the limit, from where on nothing is written.
    length: usize,
}

impl<'a> MessageWriter<'a> {
    pub(crate) fn new(
        dst: &'a mut BytesMut,
        message_type: MessageType,
        time: UnixTime,
        xid: Xid,
    ) -> Self {
        let start = dst.len();
        let mut header = [0; HEADER_LEN];
        header[2] = message_type.0;
        header[3] = HEADER_LEN as u8;
        header[4..8].copy_from_slice(&time.0.to_be_bytes());
        header[8..].copy_from_slice(&xid.0.to_be_bytes());
        dst.put_slice(&header);
        Self {
            dst,
            start,
            message_type,
            length: HEADER_LEN,
        }
    }

    /// Fills in the length; a message over the limit is taken back.
    pub(crate) fn finish(self) -> Result<(), EncodeError> {
        match u16::try_from(self.length) {
            Ok(length) if self.length <= MAX_MESSAGE_LEN => {
                self.dst[self.start..self.start + 2].copy_from_slice(&length.to_be_bytes());
                Ok(())
            }
            _ => {
                self.dst.truncate(self.start);
                Err(EncodeError {
                    message_type: self.message_type,
                    length: self.length,
                })
            }
        }
    }

    pub(crate) fn u8(&mut self, code: OptionCode, value: Option<u8>) {
        if let Some(value) = value {
            self.option(code, &[value]);
        }
    }

    pub(crate) fn u16(&mut self, code: OptionCode, value: Option<u16>) {
        if let Some(value) = value {
            self.option(code, &value.to_be_bytes());
        }
    }

    pub(crate) fn u32(&mut self, code: OptionCode, value: Option<u32>) {
        if let Some(value) = value {
            self.option(code, &value.to_be_bytes());
        }
    }

    pub(crate) fn time(&mut self, code: OptionCode, value: Option<UnixTime>) {
        self.u32(code, value.map(|time| time.0));
    }

    pub(crate) fn address(&mut self, code: OptionCode, value: Option<Ipv4Addr>) {
        if let Some(value) = value {
            self.option(code, &value.octets());
        }
    }

    pub(crate) fn bytes(&mut self, code: OptionCode, value: Option<&[u8]>) {
        if let Some(value) = value {
            self.option(code, value);
        }
    }

    pub(crate) fn unknown(&mut self, options: &[UnknownOption]) {
        for option in options {
            self.option(option.code, &option.data);
        }
    }

    fn option(&mut self, code: OptionCode, value: &[u8]) {
        self.length = self.length.saturating_add(OPTION_HEADER_LEN + value.len());
        if self.length > MAX_MESSAGE_LEN {
            return;
        }
        let mut header = [0; OPTION_HEADER_LEN];
        header[..2].copy_from_slice(&code.0.to_be_bytes());
        // The message's limit is far below 65536, so the value's length fits too.
        header[2..].copy_from_slice(&(value.len() as u16).to_be_bytes());
        self.dst.put_slice(&header);
        self.dst.put_slice(value);
    }
}
