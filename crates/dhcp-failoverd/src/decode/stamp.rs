//! When a packet was captured.

use std::fmt;
use std::time::Duration;

use failover_wire::UnixTime;
use time::OffsetDateTime;

const NANOSECONDS: u64 = 1_000_000_000;

/// Nanoseconds since 1970-01-01 00:00:00 UTC, up to the year 2554.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Stamp(u64);

impl Stamp {
    /// A capture file may have any numbers: what doesn't fit is the latest time there is.
    pub(crate) const fn new(seconds: u64, nanoseconds: u64) -> Self {
        Self(
            seconds
                .saturating_mul(NANOSECONDS)
                .saturating_add(nanoseconds),
        )
    }

    /// Whole seconds since 1970.
    pub(crate) const fn seconds(self) -> u64 {
        self.0 / NANOSECONDS
    }

    /// Seconds since 1970 for programs: microseconds are as exact as a double is.
    pub(crate) fn as_f64(self) -> f64 {
        (self.0 / 1000) as f64 / 1e6
    }

    /// How long after `earlier`; 0 if it isn't.
    pub(crate) const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// `2026-11-23`, in UTC.
    pub(crate) fn date(self) -> String {
        date(self.seconds())
    }

    /// `12:03:04.512`, in UTC.
    pub(crate) fn clock(self) -> String {
        let milliseconds = self.0 / 1_000_000 % 1000;
        format!("{}.{milliseconds:03}", clock(self.seconds()))
    }
}

impl fmt::Display for Stamp {
    /// RFC 3339 in UTC, with microseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let microseconds = self.0 / 1000 % 1_000_000;
        let seconds = self.seconds();
        write!(f, "{}T{}.{microseconds:06}Z", date(seconds), clock(seconds))
    }
}

/// A time that a message names, as short as can be beside `stamp`: `12:05:04`, with the date if it is another day.
pub(crate) fn beside(time: UnixTime, stamp: Stamp) -> String {
    let seconds = u64::from(time.0);
    if time == UnixTime::NEVER {
        "never".into()
    } else if date(seconds) == stamp.date() {
        clock(seconds)
    } else {
        format!("{} {}", date(seconds), clock(seconds))
    }
}

fn date(seconds: u64) -> String {
    let t = moment(seconds);
    format!("{:04}-{:02}-{:02}", t.year(), u8::from(t.month()), t.day())
}

fn clock(seconds: u64) -> String {
    let t = moment(seconds);
    format!("{:02}:{:02}:{:02}", t.hour(), t.minute(), t.second())
}

fn moment(seconds: u64) -> OffsetDateTime {
    let seconds = i64::try_from(seconds).expect("a stamp ends in 2554, an option's time in 2106");
    OffsetDateTime::from_unix_timestamp(seconds).expect("years up to 9999 are dates")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let stamp = Stamp::new(1_795_448_110, 469_428_999);
        assert_eq!(stamp.to_string(), "2026-11-23T15:35:10.469428Z");
        assert_eq!(stamp.clock(), "15:35:10.469");
        assert_eq!(stamp.date(), "2026-11-23");
        assert_eq!(stamp.as_f64().to_string(), "1795448110.469428");
    }

    #[test]
    fn a_time_of_another_day_has_its_date() {
        let stamp = Stamp::new(1_795_448_110, 0);
        assert_eq!(beside(UnixTime(1_795_448_170), stamp), "15:36:10");
        assert_eq!(
            beside(UnixTime(1_795_534_510), stamp),
            "2026-11-24 15:35:10"
        );
        assert_eq!(beside(UnixTime::NEVER, stamp), "never");
    }

    #[test]
    fn any_numbers_are_a_time() {
        let last = Stamp::new(u64::MAX, u64::MAX);
        assert_eq!(last.date(), "2554-07-21");
        assert_eq!(last.since(Stamp::default()), Duration::from_nanos(u64::MAX));
        assert_eq!(Stamp::default().since(last), Duration::ZERO);
    }
}
