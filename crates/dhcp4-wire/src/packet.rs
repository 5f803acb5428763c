//! The checked view over the bytes of a packet.

use crate::code::{Flags, HardwareType, OpCode, OptionCode};
use crate::error::{DecodeError, DecodeReason};
use crate::index::{Index, Known};
use crate::joined::Joined;
use crate::options_iter::OptionIter;
use crate::parse::{self, FILE_AT, HEADER_LEN, SNAME_AT};
use core::fmt;
use core::net::Ipv4Addr;

/// A DHCPv4 or BOOTP packet that has been checked, over the bytes as they came.
///
/// [`parse`](Self::parse) goes over the packet once and checks the bounds of every option in every
/// field; after that no getter can fail for lack of bytes, and none allocates. What is wrong with
/// the packet as a whole is an error; a known option whose length is wrong is only left out by its
/// typed getter, as ISC dhcpd does, and [`check_lengths`](Self::check_lengths) tells.
#[derive(Clone, Copy)]
pub struct Packet<'a> {
    buf: &'a [u8],
    header: &'a [u8; HEADER_LEN],
    index: Index,
}

impl<'a> Packet<'a> {
    /// Checks the bytes of a UDP datagram.
    ///
    /// A packet without the magic cookie (RFC 2131 §3) has no options, whatever follows the fixed
    /// fields. A missing END is fine, and what stands behind one is not read.
    ///
    /// # Errors
    ///
    /// Fewer than 236 bytes, `hlen` over 16, an option that runs past the end of its field, an
    /// empty option 61: the packets that ISC dhcpd drops.
    // Inlined: see `parse::index`.
    #[inline(always)]
    pub fn parse(buf: &'a [u8]) -> Result<Self, DecodeError> {
        let parse::Fixed { header, cookie } = parse::fixed(buf)?;
        let index = parse::index(buf, cookie)?;
        Ok(Self { buf, header, index })
    }

    /// The whole packet as it came.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.buf
    }

    /// Is it a request or a reply?
    #[must_use]
    pub const fn op(&self) -> OpCode {
        OpCode(self.header[0])
    }

    /// Hardware type.
    #[must_use]
    pub const fn htype(&self) -> HardwareType {
        HardwareType(self.header[1])
    }

    /// Bytes used in `chaddr`, at most 16. Zero is legal (RFC 4390).
    #[must_use]
    pub const fn hlen(&self) -> u8 {
        self.header[2]
    }

    /// Relay agents passed.
    #[must_use]
    pub const fn hops(&self) -> u8 {
        self.header[3]
    }

    /// Transaction number, chosen by the client.
    #[must_use]
    pub const fn xid(&self) -> u32 {
        u32::from_be_bytes(self.field(4))
    }

    /// Seconds since the client began.
    #[must_use]
    pub const fn secs(&self) -> u16 {
        u16::from_be_bytes(self.field(8))
    }

    /// The broadcast bit, and reserved ones.
    #[must_use]
    pub const fn flags(&self) -> Flags {
        Flags(u16::from_be_bytes(self.field(10)))
    }

    /// Address that the client has and answers for.
    #[must_use]
    pub const fn ciaddr(&self) -> Ipv4Addr {
        self.address(12)
    }

    /// "Your" address: what the server gives the client.
    #[must_use]
    pub const fn yiaddr(&self) -> Ipv4Addr {
        self.address(16)
    }

    /// Server to use in the next step of booting.
    #[must_use]
    pub const fn siaddr(&self) -> Ipv4Addr {
        self.address(20)
    }

    /// The first relay agent; 0.0.0.0 without one.
    #[must_use]
    pub const fn giaddr(&self) -> Ipv4Addr {
        self.address(24)
    }

    /// The client's hardware address: the first [`hlen`](Self::hlen) bytes of the field.
    #[must_use]
    pub fn chaddr(&self) -> &'a [u8] {
        let field = &self.header[28..SNAME_AT];
        &field[..usize::from(self.hlen()).min(field.len())]
    }

    /// All 16 bytes of `chaddr`.
    #[must_use]
    pub const fn chaddr_field(&self) -> [u8; 16] {
        self.field(28)
    }

    /// The field `sname`, all 64 bytes: a server name that ends with a zero byte, or options
    /// (option 52).
    #[must_use]
    pub fn sname(&self) -> &'a [u8; 64] {
        self.header[SNAME_AT..]
            .first_chunk()
            .expect("sname lies within the header")
    }

    /// The field `file`, all 128 bytes: a boot file name that ends with a zero byte, or options
    /// (option 52).
    #[must_use]
    pub fn file(&self) -> &'a [u8; 128] {
        self.header[FILE_AT..]
            .first_chunk()
            .expect("file lies within the header")
    }

    /// Does the magic cookie follow the fixed fields? Without it this is a BOOTP packet of before
    /// RFC 1048, without options.
    #[must_use]
    pub const fn has_magic_cookie(&self) -> bool {
        self.index.any(Index::COOKIE)
    }

    /// Everything behind the fixed fields, cookie included: BOOTP's vendor area.
    #[must_use]
    pub fn vendor_area(&self) -> &'a [u8] {
        &self.buf[HEADER_LEN..]
    }

    /// The options in wire order, repeats and unknown ones kept: those of the options field, then
    /// those that option 52 finds in `file`, then in `sname`.
    #[must_use]
    #[inline]
    pub fn options(&self) -> OptionIter<'a> {
        if self.index.any(Index::COOKIE) {
            OptionIter::new(self.buf, self.index.overload)
        } else {
            OptionIter::empty()
        }
    }

    /// Is an option of this code there?
    #[must_use]
    pub fn has_option(&self, code: OptionCode) -> bool {
        match self.index.find(code) {
            Known::Absent => false,
            Known::Once(_) => true,
            Known::Walk => self.options().any(|(other, _)| other == code),
        }
    }

    /// The value of an option, its fragments joined (RFC 3396).
    #[must_use]
    #[inline]
    pub fn option(&self, code: OptionCode) -> Option<Joined<'a>> {
        match self.index.find(code) {
            Known::Absent => None,
            Known::Once(at) => Some(Joined::whole(parse::value_at(self.buf, at))),
            Known::Walk => self.joined(code),
        }
    }

    /// The fragments of a code, by walking.
    fn joined(&self, code: OptionCode) -> Option<Joined<'a>> {
        let mut walk = self.options();
        let (_, first) = walk.find(|(other, _)| *other == code)?;
        let more = walk.clone().any(|(other, _)| other == code);
        Some(if more {
            Joined::fragmented(first, code, walk)
        } else {
            Joined::whole(first)
        })
    }

    /// Which of the fields `file` (1) and `sname` (2) hold options: the bits of option 52 that
    /// count.
    #[must_use]
    pub const fn overload(&self) -> u8 {
        self.index.overload as u8
    }

    /// Are the lengths of all known options those that their definitions allow, and the sub-options
    /// of option 82 whole?
    ///
    /// # Errors
    ///
    /// The first option, in wire order, of which that is not true.
    pub fn check_lengths(&self) -> Result<(), DecodeError> {
        if !self.index.any(Index::SUSPICIOUS | Index::RELAY_CUT) {
            return Ok(());
        }
        self.find_wrong_length()
    }

    #[cold]
    fn find_wrong_length(&self) -> Result<(), DecodeError> {
        let mut options = self.options();
        while let Some((code, data)) = options.next() {
            let offset = options.place() - data.len() - 2;
            let len = self.option(code).map_or(0, |value| value.len());
            let want = code.length_rule();
            if !want.allows(len) {
                return Err(DecodeError {
                    offset,
                    reason: DecodeReason::OptionLength { code, len, want },
                });
            }
            if code == OptionCode::RELAY_AGENT_INFORMATION
                && crate::relay::well_formed(data) < data.len()
            {
                return Err(DecodeError {
                    offset,
                    reason: DecodeReason::RelayAgentInformation,
                });
            }
        }
        Ok(())
    }

    const fn address(&self, at: usize) -> Ipv4Addr {
        let [a, b, c, d] = self.field(at);
        Ipv4Addr::new(a, b, c, d)
    }

    const fn field<const N: usize>(&self, at: usize) -> [u8; N] {
        *self
            .header
            .split_at(at)
            .1
            .first_chunk()
            .expect("the place is within the header")
    }
}

impl fmt::Debug for Packet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("op", &self.op())
            .field("htype", &self.htype())
            .field("hops", &self.hops())
            .field("xid", &format_args!("{:#010x}", self.xid()))
            .field("secs", &self.secs())
            .field("flags", &self.flags())
            .field("ciaddr", &self.ciaddr())
            .field("yiaddr", &self.yiaddr())
            .field("siaddr", &self.siaddr())
            .field("giaddr", &self.giaddr())
            .field("chaddr", &self.chaddr())
            .field("options", &self.options().collect::<Vec<_>>())
            .finish()
    }
}
