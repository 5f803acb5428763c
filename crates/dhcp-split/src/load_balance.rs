//! Which server answers a DHCPDISCOVER or BOOTREQUEST while both are up.

use crate::{Bucket, Hba, Role, bucket};

/// The load balancing of one relationship.
///
/// It applies only to DHCPDISCOVER and BOOTREQUEST, and only while a server is in NORMAL and its
/// partner serves too; DHCPREQUEST, DHCPRELEASE, DHCPDECLINE and DHCPINFORM are never balanced.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LoadBalance {
    /// Who serves which bucket. The primary configures it; the secondary has none until the first CONNECT.
    pub hba: Option<Hba>,
    /// `load balance max seconds`: a client whose `secs` is above it is answered by both. 0 turns balancing off.
    pub max_seconds: u32,
    /// `check-secs-byte-order`: take a `secs` above 255 whose low byte is 0 for one in the wrong byte order.
    pub check_secs_byte_order: bool,
}

/// A client's message, as far as load balancing looks at it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Request<'a> {
    /// What the client is hashed by: [`client_key`](crate::client_key).
    pub key: &'a [u8],
    /// `secs`, as read from the packet in network byte order.
    pub secs: u16,
    /// Whether the partner has free addresses on the client's shared network. For a BOOTREQUEST, which ISC
    /// leaves to the partner regardless, say `true`.
    pub peer_has_leases: bool,
}

/// Who answers, and why. [`Decision::serves`] is the short answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Decision {
    /// Serve: load balancing is off.
    Unbalanced,
    /// Serve: the client has waited longer than the maximum.
    WaitedTooLong,
    /// Serve: the bucket is ours.
    Ours(Bucket),
    /// Serve: the client is the partner's, but the partner has no free address for it.
    PeerExhausted,
    /// Leave it to the partner: the bucket is its.
    Peers(Bucket),
    /// Leave it to the partner: no hash bucket assignment is known, so the client is taken for the partner's.
    NoAssignment,
}

impl Decision {
    /// Whether to answer the client.
    #[must_use]
    pub const fn serves(self) -> bool {
        match self {
            Self::Unbalanced | Self::WaitedTooLong | Self::Ours(_) | Self::PeerExhausted => true,
            Self::Peers(_) | Self::NoAssignment => false,
        }
    }
}

impl LoadBalance {
    /// Whether the server of this role answers, by the tests of ISC dhcpd in their order.
    #[must_use]
    pub fn decide(&self, role: Role, request: &Request<'_>) -> Decision {
        if self.max_seconds == 0 {
            return Decision::Unbalanced;
        }
        if u32::from(self.secs(request.secs)) > self.max_seconds {
            return Decision::WaitedTooLong;
        }
        let theirs = match self.hba {
            None => Decision::NoAssignment,
            Some(hba) => {
                let bucket = bucket(request.key);
                if hba.server_of(bucket) == role {
                    return Decision::Ours(bucket);
                }
                Decision::Peers(bucket)
            }
        };
        if request.peer_has_leases {
            theirs
        } else {
            Decision::PeerExhausted
        }
    }

    /// Whether the partner of the server of this role would serve a lease's last client: the test for
    /// affinity and for the first pass of pool balancing.
    ///
    /// Unlike [`LoadBalance::decide`] it looks at nothing but the bucket. A lease without a client, or an unknown
    /// assignment, is not the partner's.
    #[must_use]
    pub fn is_peers_client(&self, role: Role, key: Option<&[u8]>) -> bool {
        match (self.hba, key) {
            (Some(hba), Some(key)) => hba.server_of(bucket(key)) != role,
            _ => false,
        }
    }

    /// `secs` in host order, with the byte order mended if that is asked for.
    pub(crate) const fn secs(&self, secs: u16) -> u16 {
        if self.check_secs_byte_order && secs > 255 && secs & 0xff == 0 {
            secs.swap_bytes()
        } else {
            secs
        }
    }
}
