//! The two clocks of a server, as arguments.

use core::ops::Add;
use std::time::Duration;

use failover_wire::UnixTime;

/// A point on the monotonic clock: milliseconds since an arbitrary origin.
///
/// The clock must keep counting while the machine is suspended (`CLOCK_BOOTTIME`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Instant(u64);

impl Instant {
    /// The point `ms` milliseconds after the origin.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the origin.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The time that has passed since `earlier`; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// This point moved back by `by`, at most to the origin.
    pub const fn earlier_by(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(millis(by)))
    }

    /// This point moved on by whole seconds.
    pub const fn plus_secs(self, secs: u32) -> Self {
        Self(self.0.saturating_add(secs as u64 * 1000))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(millis(by)))
    }
}

const fn millis(d: Duration) -> u64 {
    let ms = d.as_millis();
    if ms > u64::MAX as u128 {
        u64::MAX
    } else {
        ms as u64
    }
}

/// Both clocks, read at the same moment, passed with every input.
///
/// Timers and waits run on `mono`; `unix` is for the wire, the lease file and the log. A lease is
/// over only when both say so, so that a stepped wall clock never frees an address early.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Now {
    /// Monotonic clock.
    pub mono: Instant,
    /// Wall clock, seconds since 1970-01-01 UTC.
    pub unix: UnixTime,
}

impl Now {
    /// The monotonic time by which the wall clock is past the whole second `at`, if neither clock
    /// is stepped; now if it is past already.
    ///
    /// Wall time counts whole seconds: a lease that was granted late in a second ends late in one.
    pub const fn mono_after(&self, at: UnixTime) -> Instant {
        match at.0.checked_sub(self.unix.0) {
            Some(left) => self.mono.plus_secs(left.saturating_add(1)),
            None => self.mono,
        }
    }
}
