//! The clocks of one node, made of the one true time.

use dhcp_failover::UnixTime;
use dhcp4_server::{Instant, Now};

/// True time: milliseconds since the run began.
pub type Time = u64;

const MILLION: i128 = 1_000_000;
/// What the wall clock shows when the run begins, if it is right: 2027-01-15.
const START: i64 = 1_800_000_000;

/// A monotonic clock that starts with the machine, and a wall clock that may be wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// How far the wall clock is ahead of the truth, ms.
    pub(crate) offset: i64,
    /// How much too fast the monotonic clock runs, millionths.
    drift: i64,
    booted: Time,
}

impl Clock {
    /// The clocks of a machine that is switched on at true time 0.
    #[must_use]
    pub(crate) fn new(offset: i64, drift: i64) -> Self {
        Self {
            offset,
            drift,
            booted: 0,
        }
    }

    /// The machine is switched on again.
    pub(crate) fn boot(&mut self, time: Time) {
        self.booted = time;
    }

    /// What both clocks show.
    #[must_use]
    pub(crate) fn now(&self, time: Time) -> Now {
        let wall = START * 1000 + time as i64 + self.offset;
        Now {
            mono: Instant::from_millis(self.mono(time - self.booted)),
            unix: UnixTime(wall.div_euclid(1000) as u32),
        }
    }

    /// The true time at which the monotonic clock shows `at`.
    #[must_use]
    pub(crate) fn time_of(&self, at: Instant) -> Time {
        let millis = at.as_millis();
        // The clock shows whole milliseconds: the first moment at which it has come so far.
        let mut after = (i128::from(millis) * MILLION / (MILLION + i128::from(self.drift))) as Time;
        while self.mono(after) < millis {
            after += 1;
        }
        after.saturating_add(self.booted)
    }

    fn mono(&self, after: Time) -> u64 {
        (i128::from(after) * (MILLION + i128::from(self.drift)) / MILLION) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reboot_resets_one_clock_only() {
        let mut clock = Clock::new(-1500, 0);
        let early = clock.now(10_000);
        assert_eq!(early.mono, Instant::from_millis(10_000));
        assert_eq!(early.unix, UnixTime(1_800_000_008), "seconds are cut off");
        clock.boot(20_000);
        let late = clock.now(21_000);
        assert_eq!(late.mono, Instant::from_millis(1000));
        assert_eq!(late.unix, UnixTime(1_800_000_019));
        assert_eq!(clock.time_of(late.mono), 21_000);
    }

    #[test]
    fn a_clock_that_drifts_still_comes_to_every_time() {
        for drift in [-200, -1, 0, 1, 200] {
            let mut clock = Clock::new(0, drift);
            clock.boot(1234);
            for millis in [0, 1, 999, 5_000, 5_001, 4_999_999, 86_400_000] {
                let at = Instant::from_millis(millis);
                let time = clock.time_of(at);
                assert!(clock.now(time).mono >= at, "{drift} {millis}");
                assert!(
                    time == 1234 || clock.now(time - 1).mono < at,
                    "{drift} {millis}"
                );
            }
        }
        let clock = Clock::new(0, 200);
        assert_eq!(clock.now(10_000_000).mono, Instant::from_millis(10_002_000));
    }
}
