//! The two servers of a relationship.

use core::fmt;

/// Which server of the pair one is. Fixed by configuration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Owns FREE addresses, configures the split and the MCLT, sends CONNECT.
    Primary,
    /// Owns BACKUP addresses.
    Secondary,
}

impl Role {
    /// The partner's role.
    #[must_use]
    pub const fn partner(self) -> Self {
        match self {
            Self::Primary => Self::Secondary,
            Self::Secondary => Self::Primary,
        }
    }
}

impl fmt::Display for Role {
    /// `primary` or `secondary`, as in `dhcpd.conf`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        })
    }
}
