//! Absolute times as the protocol carries them.

use std::fmt;

/// Seconds since 1970-01-01 00:00:00 UTC, unsigned and 32 bits wide: the only form of time on the wire.
///
/// The header's time and every time option are absolute and unsigned \[draft-12 §6.1, §12\]. ISC dhcpd keeps
/// them as signed `time_t` and caps the ones it computes at [`UnixTime::NEVER`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct UnixTime(pub u32);

impl UnixTime {
    /// The epoch. ISC sends it for the times of an address that was never used.
    pub const ZERO: Self = Self(0);
    /// The end of a lease that does not end: `0x7fff_ffff`, as ISC caps its own times.
    pub const NEVER: Self = Self(0x7fff_ffff);

    /// This time `seconds` later, at most [`UnixTime::NEVER`].
    ///
    /// A time already past `NEVER` (2038 and later) is capped at `u32::MAX` instead, so that sums go on
    /// counting after that day.
    #[must_use]
    pub const fn saturating_add(self, seconds: u32) -> Self {
        let cap = if self.0 <= Self::NEVER.0 {
            Self::NEVER.0
        } else {
            u32::MAX
        };
        let sum = self.0.saturating_add(seconds);
        Self(if sum < cap { sum } else { cap })
    }

    /// Seconds from `earlier` to this time; 0 when `earlier` is not earlier.
    #[must_use]
    pub const fn saturating_sub(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_stops_at_never() {
        assert_eq!(UnixTime(10).saturating_add(5), UnixTime(15));
        assert_eq!(UnixTime(10).saturating_add(u32::MAX), UnixTime::NEVER);
        assert_eq!(UnixTime::NEVER.saturating_add(1), UnixTime::NEVER);
    }

    #[test]
    fn after_2038_sums_still_count() {
        assert_eq!(
            UnixTime(0x8000_0000).saturating_add(3600),
            UnixTime(0x8000_0e10)
        );
        assert_eq!(
            UnixTime(0x8000_0000).saturating_add(u32::MAX),
            UnixTime(u32::MAX)
        );
    }

    #[test]
    fn a_difference_stops_at_zero() {
        assert_eq!(UnixTime(15).saturating_sub(UnixTime(10)), 5);
        assert_eq!(UnixTime(10).saturating_sub(UnixTime(15)), 0);
    }
}
