//! What both sides say first.

use crate::SessionError;

/// The version of the protocol, 1.00.
pub const VERSION: u32 = 100;
/// Bytes of a message's header: six numbers.
pub const HEADER_LEN: usize = 24;
/// The longest header that a client may announce. What is behind the first 24 bytes has no meaning; there has never been
/// a version with more.
pub const MAX_HEADER_LEN: u32 = 256;

/// The startup message: each side sends it as soon as the connection is open, without waiting for the other's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Startup {
    /// Bytes of the headers that its sender will send.
    pub header_len: usize,
}

impl Startup {
    /// Bytes on the wire.
    pub const LEN: usize = 8;
    /// Ours.
    pub const OURS: Self = Self {
        header_len: HEADER_LEN,
    };

    /// Appends the message.
    pub fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&VERSION.to_be_bytes());
        out.extend_from_slice(&(self.header_len as u32).to_be_bytes());
    }

    /// Reads the first [`LEN`](Self::LEN) bytes of a connection.
    ///
    /// # Errors
    ///
    /// Another version, or a header length outside [`HEADER_LEN`]..=[`MAX_HEADER_LEN`].
    pub fn decode(bytes: [u8; Self::LEN]) -> Result<Self, SessionError> {
        let [a, b, c, d, e, f, g, h] = bytes;
        let version = u32::from_be_bytes([a, b, c, d]);
        if version != VERSION {
            return Err(SessionError::Version(version));
        }
        let header_len = u32::from_be_bytes([e, f, g, h]);
        if !(HEADER_LEN as u32..=MAX_HEADER_LEN).contains(&header_len) {
            return Err(SessionError::HeaderLength(header_len));
        }
        Ok(Self {
            header_len: header_len as usize,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_omshell_and_dhcpd_send_it() {
        let mut out = Vec::new();
        Startup::OURS.encode(&mut out);
        assert_eq!(out, [0, 0, 0, 100, 0, 0, 0, 24]);
        assert_eq!(
            Startup::decode([0, 0, 0, 100, 0, 0, 0, 24]),
            Ok(Startup::OURS)
        );
    }

    #[test]
    fn others_are_refused() {
        let decode = |version: u8, len: [u8; 4]| {
            Startup::decode([0, 0, 0, version, len[0], len[1], len[2], len[3]])
        };
        assert_eq!(decode(99, [0, 0, 0, 24]), Err(SessionError::Version(99)));
        for (len, number) in [
            ([0, 0, 0, 23], 23),
            ([0, 0, 1, 1], 257),
            ([255; 4], u32::MAX),
        ] {
            assert_eq!(decode(100, len), Err(SessionError::HeaderLength(number)));
        }
        assert_eq!(decode(100, [0, 0, 1, 0]), Ok(Startup { header_len: 256 }));
    }
}
