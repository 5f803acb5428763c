//! The walk over the options of a packet that has been checked.

use crate::code::OptionCode;
use crate::parse::{FILE_AT, HEADER_LEN, OPTIONS_AT, SNAME_AT};
use core::iter::FusedIterator;

/// The options of a packet in wire order, repeats kept: those of the options field, then, if option
/// 52 says so, those of `file`, then those of `sname` (RFC 2131 §4.1). Pads and what stands behind
/// an END are left out.
#[derive(Debug, Clone)]
pub struct OptionIter<'a> {
    buf: &'a [u8],
    /// Place of the next code byte.
    at: usize,
    /// End of the field being walked.
    end: usize,
    /// Fields still to be walked: bits of option 52.
    pending: u32,
}

impl<'a> OptionIter<'a> {
    /// Walks a packet whose bounds have been checked, with the given bits of option 52.
    pub(crate) fn new(buf: &'a [u8], overload: u32) -> Self {
        Self {
            buf,
            at: OPTIONS_AT,
            end: buf.len(),
            pending: overload,
        }
    }

    /// The walk over no options.
    pub(crate) fn empty() -> Self {
        Self {
            buf: &[],
            at: 0,
            end: 0,
            pending: 0,
        }
    }

    /// Place in the packet where the walk stands: behind the option given last.
    pub(crate) fn place(&self) -> usize {
        self.at
    }

    /// Goes to the next field that holds options.
    fn next_field(&mut self) -> bool {
        (self.at, self.end) = match self.pending {
            0 => return false,
            pending if pending & 1 != 0 => (FILE_AT, HEADER_LEN),
            _ => (SNAME_AT, FILE_AT),
        };
        self.pending &= self.pending - 1;
        true
    }
}

impl<'a> Iterator for OptionIter<'a> {
    type Item = (OptionCode, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.buf.get(self.at..self.end) {
                Some([0, ..]) => self.at += 1,
                Some([code, len, rest @ ..]) if *code != OptionCode::END.0 => {
                    let data = rest.get(..usize::from(*len))?;
                    self.at += 2 + data.len();
                    return Some((OptionCode(*code), data));
                }
                _ => {
                    if !self.next_field() {
                        (self.at, self.end) = (0, 0);
                        return None;
                    }
                }
            }
        }
    }
}

impl FusedIterator for OptionIter<'_> {}
