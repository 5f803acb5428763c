//! The owned message.

use crate::code::{Flags, HardwareType, OpCode, OptionCode};
use crate::error::{DecodeError, EncodeError};
use crate::header::Header;
use crate::options::Options;
use crate::packet::Packet;
use crate::writer::{Limits, ReplyWriter};
use core::net::Ipv4Addr;

/// A DHCPv4 or BOOTP message of its own, to be built and written. A server's hot path has
/// [`ReplyWriter`] instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Request or reply.
    pub op: OpCode,
    /// Hardware type.
    pub htype: HardwareType,
    /// Bytes used in `chaddr`, at most 16.
    pub hlen: u8,
    /// Relay agents passed.
    pub hops: u8,
    /// Transaction number.
    pub xid: u32,
    /// Seconds since the client began.
    pub secs: u16,
    /// The broadcast bit, and reserved ones.
    pub flags: Flags,
    /// Address that the client has.
    pub ciaddr: Ipv4Addr,
    /// Address that the client gets.
    pub yiaddr: Ipv4Addr,
    /// Server to use in the next step of booting.
    pub siaddr: Ipv4Addr,
    /// The first relay agent.
    pub giaddr: Ipv4Addr,
    /// The client's hardware address, padded with zero bytes.
    pub chaddr: [u8; 16],
    /// Server name, padded with zero bytes. All zero if the field held options.
    pub sname: [u8; 64],
    /// Boot file name, padded with zero bytes. All zero if the field held options.
    pub file: [u8; 128],
    /// Does the magic cookie follow? Without it the message has no options, and a vendor area of
    /// zero bytes.
    pub magic_cookie: bool,
    /// The options.
    pub options: Options,
}

impl Message {
    /// An empty request of an Ethernet client, broadcast bit clear.
    #[must_use]
    pub fn request(xid: u32, chaddr: [u8; 6]) -> Self {
        let mut field = [0; 16];
        field[..6].copy_from_slice(&chaddr);
        Self {
            op: OpCode::BOOTREQUEST,
            htype: HardwareType::ETHERNET,
            hlen: 6,
            hops: 0,
            xid,
            secs: 0,
            flags: Flags::default(),
            ciaddr: Ipv4Addr::UNSPECIFIED,
            yiaddr: Ipv4Addr::UNSPECIFIED,
            siaddr: Ipv4Addr::UNSPECIFIED,
            giaddr: Ipv4Addr::UNSPECIFIED,
            chaddr: field,
            sname: [0; 64],
            file: [0; 128],
            magic_cookie: true,
            options: Options::new(),
        }
    }

    /// Reads a message from the bytes of a UDP datagram.
    ///
    /// # Errors
    ///
    /// As [`Packet::parse`].
    pub fn decode(buf: &[u8]) -> Result<Self, DecodeError> {
        Packet::parse(buf).map(|packet| Self::from(&packet))
    }

    /// Writes the message to `out`, replacing what is there, laid out as [`ReplyWriter`] does.
    /// `max_len` is the longest it may be, in bytes of DHCP (an IP datagram of 576 bytes holds
    /// 548); option 82 comes last and on top of it. Gives the number of options for which there was
    /// no room.
    ///
    /// # Errors
    ///
    /// `max_len` is less than the fixed fields, or `hlen` more than 16.
    pub fn encode(&self, max_len: usize, out: &mut Vec<u8>) -> Result<usize, EncodeError> {
        let header = self.header();
        if !self.magic_cookie {
            ReplyWriter::without_options(out, &header, &[])?;
            return Ok(0);
        }
        let relay = self
            .options
            .joined(OptionCode::RELAY_AGENT_INFORMATION)
            .unwrap_or_default();
        let limits = Limits {
            max_len,
            max_len_with_relay: usize::MAX,
        };
        let mut writer = ReplyWriter::new(out, &header, limits, &relay)?;
        let mut options = self
            .options
            .iter()
            .filter(|(code, _)| *code != OptionCode::RELAY_AGENT_INFORMATION)
            .peekable();
        let mut left_out = 0;
        while let Some((code, value)) = options.next() {
            let last = options.peek().is_none();
            let stored = if last {
                writer.last_option(code, value)
            } else {
                writer.option(code, value)
            };
            left_out += usize::from(!stored);
        }
        writer.finish();
        Ok(left_out)
    }

    /// The fixed fields.
    fn header(&self) -> Header<'_> {
        Header {
            op: self.op,
            htype: self.htype,
            hlen: self.hlen,
            hops: self.hops,
            xid: self.xid,
            secs: self.secs,
            flags: self.flags,
            ciaddr: self.ciaddr,
            yiaddr: self.yiaddr,
            siaddr: self.siaddr,
            giaddr: self.giaddr,
            chaddr: self.chaddr,
            sname: unless_zero(&self.sname),
            file: unless_zero(&self.file),
        }
    }
}

impl From<&Packet<'_>> for Message {
    fn from(packet: &Packet<'_>) -> Self {
        let overload = packet.overload();
        Self {
            op: packet.op(),
            htype: packet.htype(),
            hlen: packet.hlen(),
            hops: packet.hops(),
            xid: packet.xid(),
            secs: packet.secs(),
            flags: packet.flags(),
            ciaddr: packet.ciaddr(),
            yiaddr: packet.yiaddr(),
            siaddr: packet.siaddr(),
            giaddr: packet.giaddr(),
            chaddr: packet.chaddr_field(),
            sname: if overload & 2 == 0 {
                *packet.sname()
            } else {
                [0; 64]
            },
            file: if overload & 1 == 0 {
                *packet.file()
            } else {
                [0; 128]
            },
            magic_cookie: packet.has_magic_cookie(),
            options: packet.options().collect(),
        }
    }
}

/// The field, or nothing if no byte of it is set: then options may go there.
fn unless_zero<const N: usize>(field: &[u8; N]) -> &[u8] {
    if *field == [0; N] { &[] } else { field }
}
