//! The hash bucket assignment: which server serves which bucket.

use core::fmt;

use crate::{Bucket, Role};

/// 256 bits, one a bucket: **set, the primary serves it; clear, the secondary does.**
///
/// Bit `k` is bit `k & 7`, least significant first, of byte `k >> 3`. That is what ISC dhcpd sends and
/// reads; the draft gives the bit the opposite meaning \[draft-12 §12.11\].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hba([u8; 32]);

impl Hba {
    /// Bytes on the wire.
    pub const LEN: usize = 32;

    /// `split N` of `dhcpd.conf`: the primary serves buckets 0 to `split - 1`. 256 gives it all of them, 0 none;
    /// more than 256 counts as 256.
    #[must_use]
    pub const fn from_split(split: u16) -> Self {
        let mut bytes = [0; Self::LEN];
        let mut k = 0;
        while k < split && k < 256 {
            bytes[(k >> 3) as usize] |= 1 << (k & 7);
            k += 1;
        }
        Self(bytes)
    }

    /// From the bytes of the option or of the `hba` statement, in the same order.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes for the option.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Whether the primary serves the bucket.
    #[must_use]
    pub const fn serves(&self, bucket: Bucket) -> bool {
        self.0[(bucket.0 >> 3) as usize] & (1 << (bucket.0 & 7)) != 0
    }

    /// The server that serves the bucket.
    #[must_use]
    pub const fn server_of(&self, bucket: Bucket) -> Role {
        if self.serves(bucket) {
            Role::Primary
        } else {
            Role::Secondary
        }
    }

    /// How many buckets the primary serves, 0 to 256.
    #[must_use]
    pub fn primary_buckets(&self) -> u16 {
        self.0.iter().map(|byte| byte.count_ones() as u16).sum()
    }
}

/// Bytes that are not [`Hba::LEN`] long: refuse the CONNECT with reason 18.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct WrongHbaLength(pub usize);

impl fmt::Display for WrongHbaLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a hash bucket assignment is 32 bytes long, not {}",
            self.0
        )
    }
}

impl core::error::Error for WrongHbaLength {}

impl TryFrom<&[u8]> for Hba {
    type Error = WrongHbaLength;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| WrongHbaLength(bytes.len()))
    }
}

impl fmt::Debug for Hba {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hba({self})")
    }
}

impl fmt::Display for Hba {
    /// 32 hex octets between colons, as `dhcpd.conf` takes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            let colon = if i == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02x}")?;
        }
        Ok(())
    }
}
