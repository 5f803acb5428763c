//! `failover peer "NAME" { … }`: the model.

use std::net::Ipv4Addr;

use super::Location;

/// One failover relationship, with ISC's defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailoverPeer {
    /// The relationship's name, the same on both servers.
    pub name: String,
    /// `primary;` or `secondary;`. Neither means primary, as in ISC.
    pub role: Role,
    /// `address A;`: our own. ISC accepts a file without it.
    pub address: Option<AddressOrName>,
    /// `peer address A;`
    pub peer_address: AddressOrName,
    /// `port N;`: where we listen.
    pub port: u16,
    /// `peer port N;`: where the partner listens.
    pub peer_port: u16,
    /// `max-response-delay N;` in seconds.
    pub max_response_delay: u32,
    /// `max-unacked-updates N;` in messages.
    pub max_unacked_updates: u32,
    /// `peer max-response-delay N;`: what to assume of the partner until its CONNECT says.
    pub peer_max_response_delay: Option<u32>,
    /// `peer max-unacked-updates N;`: likewise.
    pub peer_max_unacked_updates: Option<u32>,
    /// `mclt N;` in seconds. Always present on a primary; on a secondary the primary's CONNECT replaces it.
    pub mclt: Option<u32>,
    /// `split N;`, 0 to 256: the buckets of 256 that the primary serves.
    pub split: Option<u16>,
    /// The hash bucket assignment of the primary from `hba` or `split`, whichever came last: bucket `n` is bit `n % 8`
    /// (least significant first) of byte `n / 8`. Always present on a primary, never on a secondary.
    pub hba: Option<[u8; 32]>,
    /// `load balance max seconds N;`. 0, the default, means no load balancing.
    pub load_balance_max_seconds: u32,
    /// `max-lease-misbalance N;` in percent.
    pub max_lease_misbalance: u32,
    /// `max-lease-ownership N;` in percent.
    pub max_lease_ownership: u32,
    /// `min-balance N;` in seconds.
    pub min_balance: u32,
    /// `max-balance N;` in seconds.
    pub max_balance: u32,
    /// `auto-partner-down N;` in seconds; 0 means never.
    pub auto_partner_down: u32,
    /// Where it is declared.
    pub at: Location,
}

/// Which side of a relationship this server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// `primary;`
    Primary,
    /// `secondary;`
    Secondary,
}

/// An address, or a host name that whoever uses it has to look up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AddressOrName {
    /// A literal address.
    Address(Ipv4Addr),
    /// A host name.
    Name(String),
}

impl AddressOrName {
    /// The address, if it is one.
    #[must_use]
    pub fn address(&self) -> Option<Ipv4Addr> {
        match self {
            Self::Address(address) => Some(*address),
            Self::Name(_) => None,
        }
    }
}

/// The port of both sides when the file names none (ISC `DEFAULT_FAILOVER_PORT`; IANA has assigned 647 to it).
pub const DEFAULT_FAILOVER_PORT: u16 = 647;

/// The primary's buckets for `split N`: the first `N` of 256.
#[must_use]
pub fn hba_from_split(split: u16) -> [u8; 32] {
    let mut hba = [0; 32];
    for bucket in 0..usize::from(split.min(256)) {
        hba[bucket / 8] |= 1 << (bucket % 8);
    }
    hba
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn split_fills_buckets_from_the_least_significant_bit() {
        assert_eq!(hba_from_split(0), [0; 32]);
        assert_eq!(hba_from_split(256), [0xff; 32]);
        let half = hba_from_split(128);
        assert_eq!((half[15], half[16]), (0xff, 0x00));
        let odd = hba_from_split(11);
        assert_eq!(odd[..3], [0xff, 0x07, 0x00]);
    }
}
