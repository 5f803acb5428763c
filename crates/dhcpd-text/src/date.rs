//! Times of the lease file: seconds, and the text `W YYYY/MM/DD HH:MM:SS` in UTC.
//!
//! The calendar is the `time` crate's. Records cluster in few days, so both directions keep the last days met:
//! the calendar is asked once for each new day, not once for each date.

use std::num::NonZeroU32;

use time::{Date, Month, OffsetDateTime};

/// A point in time of a lease, in seconds since 1970-01-01 00:00:00 UTC: 1 to [`LeaseTime::NEVER`].
///
/// Zero is no time: dhcpd doesn't write it, and reads a missing time as zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseTime(NonZeroU32);

impl LeaseTime {
    /// The time that doesn't come (ISC's `MAX_TIME`), written `never`.
    pub const NEVER: Self = Self(NonZeroU32::new(NEVER).expect("it is not zero"));

    /// The time at `seconds`: `None` for zero, [`NEVER`](Self::NEVER) for all that lie behind it.
    pub fn new(seconds: u32) -> Option<Self> {
        NonZeroU32::new(seconds.min(NEVER)).map(Self)
    }

    /// Seconds since 1970-01-01 00:00:00 UTC.
    pub fn seconds(self) -> u32 {
        self.0.get()
    }
}

/// Seconds of [`LeaseTime::NEVER`].
pub(crate) const NEVER: u32 = 0x7fff_ffff;

/// The first year that reads as `never`, whatever the rest of the date (as ISC has it).
const NEVER_YEAR: u32 = 2038;

const SECONDS_PER_DAY: u32 = 86_400;

/// Days kept by each cache: more than the days around now that one file speaks of.
const CACHED_DAYS: usize = 8;

/// Fields of a date as they stand in the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DateFields {
    pub(crate) year: u32,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
}

/// Turns dates into seconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct DateReader {
    /// Year, month and day packed in one number, and that day's number since 1970.
    days: [(u32, u32); CACHED_DAYS],
}

impl DateReader {
    /// The seconds of a date, `None` where the calendar has no such date or it lies before 1970.
    ///
    /// A second of 60 is taken, for leap seconds.
    pub(crate) fn seconds(&mut self, date: DateFields) -> Option<u32> {
        if date.year >= NEVER_YEAR {
            return Some(NEVER);
        }
        if date.hour > 23 || date.minute > 59 || date.second > 60 {
            return None;
        }
        let day = self.day(date.year, date.month, date.day)?;
        Some(day * SECONDS_PER_DAY + date.hour * 3600 + date.minute * 60 + date.second)
    }

    /// Reads a date as dhcpd writes it, ` W YYYY/MM/DD HH:MM:SS;` with one blank before it: the seconds, and how many
    /// bytes that took. `None` for every other form, which the lexer must then read.
    pub(crate) fn read_written(&mut self, text: &[u8]) -> Option<(u32, usize)> {
        const LENGTH: usize = " W YYYY/MM/DD HH:MM:SS;".len();
        let text: &[u8; LENGTH] = text.first_chunk()?;
        let [
            b' ',
            b'0'..=b'6',
            b' ',
            y0,
            y1,
            y2,
            y3,
            b'/',
            mo0,
            mo1,
            b'/',
            d0,
            d1,
            b' ',
            time @ ..,
        ] = text
        else {
            return None;
        };
        let [h0, h1, b':', mi0, mi1, b':', s0, s1, b';'] = time else {
            return None;
        };
        let date = DateFields {
            year: two_digits(*y0, *y1)? * 100 + two_digits(*y2, *y3)?,
            month: two_digits(*mo0, *mo1)?,
            day: two_digits(*d0, *d1)?,
            hour: two_digits(*h0, *h1)?,
            minute: two_digits(*mi0, *mi1)?,
            second: two_digits(*s0, *s1)?,
        };
        // Smaller years are years since 1900.
        if date.year <= 1900 {
            return None;
        }
        Some((self.seconds(date)?, LENGTH))
    }

    fn day(&mut self, year: u32, month: u32, day: u32) -> Option<u32> {
        if year < 1970 || month > 12 || day > 31 {
            return None;
        }
        let key = (year * 16 + month) * 32 + day;
        let slot = &mut self.days[day as usize % CACHED_DAYS];
        if slot.0 != key {
            let month = Month::try_from(month as u8).ok()?;
            let date = Date::from_calendar_date(year as i32, month, day as u8).ok()?;
            *slot = (key, (date.to_julian_day() - EPOCH_DAY) as u32);
        }
        Some(slot.1)
    }
}

fn two_digits(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

/// Turns seconds into dates.
#[derive(Debug, Clone)]
pub(crate) struct DateWriter {
    /// A day's number since 1970, and its text.
    days: [(u32, [u8; DAY_LENGTH]); CACHED_DAYS],
}

const DAY_LENGTH: usize = "W YYYY/MM/DD".len();

impl DateWriter {
    pub(crate) fn new() -> Self {
        // No day has this number, so that each slot is filled before it is used.
        Self {
            days: [(u32::MAX, [0; DAY_LENGTH]); CACHED_DAYS],
        }
    }

    /// Appends the date at `seconds`, with the semicolon that ends it.
    pub(crate) fn write(&mut self, seconds: u32, out: &mut Vec<u8>) {
        if seconds >= NEVER {
            out.extend_from_slice(b"never;");
            return;
        }
        let (day, second) = (seconds / SECONDS_PER_DAY, seconds % SECONDS_PER_DAY);
        let slot = &mut self.days[day as usize % CACHED_DAYS];
        if slot.0 != day {
            *slot = (day, day_text(day));
        }
        let mut text = *b"W YYYY/MM/DD HH:MM:SS;";
        text[..DAY_LENGTH].copy_from_slice(&slot.1);
        put_two_digits(&mut text[13..15], second / 3600);
        put_two_digits(&mut text[16..18], second / 60 % 60);
        put_two_digits(&mut text[19..21], second % 60);
        out.extend_from_slice(&text);
    }
}

fn day_text(day: u32) -> [u8; DAY_LENGTH] {
    let date =
        Date::from_julian_day(EPOCH_DAY + day as i32).expect("a u32 of seconds ends in 2106");
    let year = date.year() as u32;
    let mut text = *b"W YYYY/MM/DD";
    text[0] = b'0' + date.weekday().number_days_from_sunday();
    put_two_digits(&mut text[2..4], year / 100);
    put_two_digits(&mut text[4..6], year % 100);
    put_two_digits(&mut text[7..9], u32::from(u8::from(date.month())));
    put_two_digits(&mut text[10..12], u32::from(date.day()));
    text
}

/// Writes a number under 100.
fn put_two_digits(text: &mut [u8], number: u32) {
    text[0] = b'0' + (number / 10) as u8;
    text[1] = b'0' + (number % 10) as u8;
}

/// The Julian day of 1970-01-01.
const EPOCH_DAY: i32 = OffsetDateTime::UNIX_EPOCH.to_julian_day();

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(seconds: u32) -> String {
        let mut out = Vec::new();
        DateWriter::new().write(seconds, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn read(text: &str) -> Option<u32> {
        DateReader::default()
            .read_written(text.as_bytes())
            .map(|(seconds, _)| seconds)
    }

    #[test]
    fn known_dates() {
        for (seconds, text) in [
            (0, "4 1970/01/01 00:00:00;"),
            (1_795_448_110, "1 2026/11/23 15:35:10;"),
            (951_782_400, "2 2000/02/29 00:00:00;"),
            (0x7fff_ffff, "never;"),
            (u32::MAX, "never;"),
        ] {
            assert_eq!(written(seconds), text);
            if seconds < NEVER {
                assert_eq!(read(&format!(" {text}")), Some(seconds), "{text}");
            }
        }
        assert_eq!(read(" 1 2026/11/23 23:59:60;"), Some(1_795_478_400));
        assert_eq!(read(" 5 2038/01/01 00:00:00;"), Some(NEVER));
    }

    #[test]
    fn impossible_dates_and_other_forms_are_not_read() {
        for text in [
            " 1 2026/02/29 00:00:00;",
            " 1 2026/13/01 00:00:00;",
            " 1 2026/00/10 00:00:00;",
            " 1 2026/01/00 00:00:00;",
            " 1 2026/01/32 00:00:00;",
            " 1 1969/12/31 00:00:00;",
            " 1 2026/01/01 24:00:00;",
            " 1 2026/01/01 00:60:00;",
            " 1 2026/01/01 00:00:61;",
            " 1 2026/01/01 00:00:00 ;",
            " 7 2026/01/01 00:00:00;",
            " 1 2026/01/01 00:00:0/;",
            " 1 2026/01/01 00:00:00",
            " 1 0126/01/01 00:00:00;",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn times_have_no_zero_and_end_at_never() {
        assert_eq!(LeaseTime::new(0), None);
        assert_eq!(LeaseTime::new(7).map(LeaseTime::seconds), Some(7));
        assert_eq!(LeaseTime::new(u32::MAX), Some(LeaseTime::NEVER));
    }

    proptest! {
        #[test]
        fn every_second_before_2038_reads_back(many in prop::collection::vec(0..2_145_916_800_u32, 1..40)) {
            let (mut writer, mut reader) = (DateWriter::new(), DateReader::default());
            for seconds in many {
                let mut text = vec![b' '];
                writer.write(seconds, &mut text);
                prop_assert_eq!(reader.read_written(&text), Some((seconds, text.len())));
            }
        }
    }
}
