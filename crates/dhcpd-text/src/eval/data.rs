//! Expressions whose value is bytes.

use super::variables::Value;
use super::{MAX_VALUE, Run};
use crate::conf::expr::{Data, Number};

/// Digits of the numbers that `binary-to-ascii` writes.
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Where the fields of a DHCP message are (RFC 2131 §2).
const SNAME: core::ops::Range<usize> = 44..108;
/// See [`SNAME`].
const FILE: core::ops::Range<usize> = 108..236;

impl Run<'_> {
    /// The bytes that an expression comes to, or null.
    pub(super) fn data(&mut self, data: &Data) -> Option<Vec<u8>> {
        if !self.enter() {
            return None;
        }
        let value = self.any_data(data);
        self.leave();
        value.filter(|value| value.len() <= MAX_VALUE)
    }

    fn any_data(&mut self, data: &Data) -> Option<Vec<u8>> {
        match data {
            Data::Constant(bytes) => Some(bytes.clone()),
            Data::Option(option) => self.received_option(*option),
            Data::ConfigOption(option) => self.configured(*option),
            Data::Hardware => {
                let (htype, address) = self.client.hardware()?;
                Some([&[htype], address].concat())
            }
            Data::LeasedAddress => Some(self.client.leased_address()?.octets().into()),
            Data::HostDeclName => Some(self.client.host_decl_name()?.as_bytes().into()),
            Data::HostName => self.client.host_name().map(<[u8]>::to_vec),
            Data::Filename => self.field(FILE),
            Data::ServerName => self.field(SNAME),
            Data::Null => None,
            Data::Variable(name) => match self.variables.get(name) {
                Some(Value::Data(bytes)) => Some(bytes.clone()),
                _ => None,
            },
            // As in ISC, what a function returns is bytes or else nothing.
            Data::Call(call) => match self.call(call) {
                Some(Value::Data(bytes)) => Some(bytes),
                _ => None,
            },
            Data::PickFirstValue(parts) => parts.iter().find_map(|part| self.data(part)),
            Data::Concat(parts) => parts.iter().try_fold(Vec::new(), |whole, part| {
                let part = self.data(part)?;
                joined(whole, &part)
            }),
            Data::Lowercase(of) => Some(self.data(of)?.to_ascii_lowercase()),
            Data::Uppercase(of) => Some(self.data(of)?.to_ascii_uppercase()),
            Data::Substring { of, offset, length } => {
                let of = self.data(of);
                let (offset, length) = (self.length(offset), self.length(length));
                Some(part(&of?, offset?, length?).to_vec())
            }
            Data::Suffix { of, length } => {
                let (of, length) = (self.data(of), self.length(length));
                let (of, length) = (of?, length?);
                Some(of[of.len().saturating_sub(length)..].to_vec())
            }
            Data::Packet { offset, length } => {
                let (offset, length) = (self.length(offset), self.length(length));
                let (offset, length) = (offset?, length?);
                let message = self.client.message()?;
                (offset < message.len()).then(|| part(message, offset, length).to_vec())
            }
            Data::EncodeInt { of, bytes } => {
                let number = self.number(of)?.to_be_bytes();
                Some(number[8 - usize::from(*bytes)..].to_vec())
            }
            Data::Reverse { width, of } => self.reversed(width, of),
            Data::BinaryToAscii {
                base,
                width,
                separator,
                of,
            } => {
                let (base, width) = (self.number(base), self.number(width));
                let (separator, of) = (self.data(separator), self.data(of));
                ascii(base?, width?, &separator?, &of?)
            }
            Data::V6Relay { relay, of } => match self.number(relay)? {
                0 => self.data(of),
                _ => None,
            },
        }
    }

    /// A number that says how many bytes; more than a value can have is as good as all.
    fn length(&mut self, number: &Number) -> Option<usize> {
        let number = self.number(number)?;
        Some(usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// A field of the client's message that holds a string; null if it is empty.
    fn field(&self, at: core::ops::Range<usize>) -> Option<Vec<u8>> {
        let field = self.client.message()?.get(at)?;
        let end = field.iter().position(|byte| *byte == 0);
        let text = &field[..end.unwrap_or(field.len())];
        (!text.is_empty()).then(|| text.to_vec())
    }

    fn reversed(&mut self, width: &Number, of: &Data) -> Option<Vec<u8>> {
        let (width, of) = (self.length(width), self.data(of));
        let (width, of) = (width.filter(|width| *width > 0)?, of?);
        if !of.len().is_multiple_of(width) {
            return None;
        }
        Some(of.chunks(width).rev().flatten().copied().collect())
    }
}

/// Both together, unless that is too long.
pub(super) fn joined(mut first: Vec<u8>, second: &[u8]) -> Option<Vec<u8>> {
    if first.len() + second.len() > MAX_VALUE {
        return None;
    }
    first.extend_from_slice(second);
    Some(first)
}

/// A part of some bytes; what lies behind their end is left out.
fn part(of: &[u8], offset: usize, length: usize) -> &[u8] {
    let rest = of.get(offset..).unwrap_or_default();
    &rest[..rest.len().min(length)]
}

/// Numbers of `width` bits, written in a base.
fn ascii(base: u64, width: u64, separator: &[u8], of: &[u8]) -> Option<Vec<u8>> {
    let bytes = match width {
        8 | 16 | 32 => usize::try_from(width / 8).ok()?,
        _ => return None,
    };
    if !(2..=36).contains(&base) || !of.len().is_multiple_of(bytes) {
        return None;
    }
    let mut out = Vec::new();
    for (index, group) in of.chunks(bytes).enumerate() {
        if index > 0 {
            out.extend_from_slice(separator);
        }
        let value = group
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let start = out.len();
        let mut rest = value;
        loop {
            out.push(DIGITS[usize::try_from(rest % base).ok()?]);
            rest /= base;
            if rest == 0 {
                break;
            }
        }
        out[start..].reverse();
        if out.len() > MAX_VALUE {
            return None;
        }
    }
    Some(out)
}
