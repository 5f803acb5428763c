//! The fixed fields of a message that is to be written.

use crate::code::{Flags, HardwareType, OpCode};
use crate::error::EncodeError;
use crate::packet::Packet;
use crate::parse::{CHADDR_LEN, FILE_AT, HEADER_LEN, SNAME_AT};
use core::net::Ipv4Addr;

/// The fixed fields of a message (RFC 2131 §2), the two names borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
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
    /// Server name, at most 64 bytes. Empty: options may go there when there is no room elsewhere.
    pub sname: &'a [u8],
    /// Boot file name, at most 128 bytes. Empty: options may go there when there is no room
    /// elsewhere.
    pub file: &'a [u8],
}

impl Header<'static> {
    /// What a server's reply takes over from the packet it answers (RFC 2131 §4.3.1, table 3;
    /// `hops` and `secs` as ISC dhcpd has them): all of `htype`, `hlen`, `hops`, `xid`, `secs`,
    /// `flags`, `giaddr`, `chaddr`. The rest is zero.
    #[must_use]
    pub fn reply_to(request: &Packet<'_>) -> Self {
        Self {
            op: OpCode::BOOTREPLY,
            htype: request.htype(),
            hlen: request.hlen(),
            hops: request.hops(),
            xid: request.xid(),
            secs: request.secs(),
            flags: request.flags(),
            ciaddr: Ipv4Addr::UNSPECIFIED,
            yiaddr: Ipv4Addr::UNSPECIFIED,
            siaddr: Ipv4Addr::UNSPECIFIED,
            giaddr: request.giaddr(),
            chaddr: request.chaddr_field(),
            sname: &[],
            file: &[],
        }
    }
}

impl Header<'_> {
    /// Writes the fixed fields to `out`, replacing what is there.
    pub(crate) fn write(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if usize::from(self.hlen) > CHADDR_LEN {
            return Err(EncodeError::HardwareLength { hlen: self.hlen });
        }
        if self.sname.len() > FILE_AT - SNAME_AT {
            return Err(EncodeError::ServerNameTooLong {
                len: self.sname.len(),
            });
        }
        if self.file.len() > HEADER_LEN - FILE_AT {
            return Err(EncodeError::FileTooLong {
                len: self.file.len(),
            });
        }
        out.clear();
        out.resize(HEADER_LEN, 0);
        let fixed: &mut [u8; HEADER_LEN] = out.first_chunk_mut().expect("it was just made as long");
        fixed[..4].copy_from_slice(&[self.op.0, self.htype.0, self.hlen, self.hops]);
        fixed[4..8].copy_from_slice(&self.xid.to_be_bytes());
        fixed[8..10].copy_from_slice(&self.secs.to_be_bytes());
        fixed[10..12].copy_from_slice(&self.flags.0.to_be_bytes());
        fixed[12..16].copy_from_slice(&self.ciaddr.octets());
        fixed[16..20].copy_from_slice(&self.yiaddr.octets());
        fixed[20..24].copy_from_slice(&self.siaddr.octets());
        fixed[24..28].copy_from_slice(&self.giaddr.octets());
        fixed[28..SNAME_AT].copy_from_slice(&self.chaddr);
        fixed[SNAME_AT..][..self.sname.len()].copy_from_slice(self.sname);
        fixed[FILE_AT..][..self.file.len()].copy_from_slice(self.file);
        Ok(())
    }
}
