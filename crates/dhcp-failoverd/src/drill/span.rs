//! Spans of time as people write and read them.

use serde::{Serialize, Serializer};
use sim::Time;

/// Reads `24`, `1.5` (hours), `90m`, `45s`, `2h` or `7d`; the answer is in ms.
pub(super) fn parse(text: &str) -> Result<Time, String> {
    let unit = text.chars().last().unwrap_or_default();
    let (number, seconds) = match unit {
        's' => (&text[..text.len() - 1], 1.0),
        'm' => (&text[..text.len() - 1], 60.0),
        'h' => (&text[..text.len() - 1], 3600.0),
        'd' => (&text[..text.len() - 1], 86_400.0),
        _ => (text, 3600.0),
    };
    match number.parse::<f64>() {
        Ok(number) if number >= 0.0 && number.is_finite() => {
            Ok((number * seconds * 1000.0).round().min(1e15) as Time)
        }
        _ => Err("hours, or a number with s, m, h or d behind it".into()),
    }
}

/// A moment or a length of the report, ms; moments count from the failure. Seconds in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Span(pub(super) i64);

impl Span {
    /// `7:05:09`, without a sign.
    pub(super) fn clock(self) -> String {
        let seconds = (self.0.unsigned_abs() + 500) / 1000;
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        format!("{hours}:{minutes:02}:{:02}", seconds % 60)
    }

    /// `+7:05:09` after the failure, `-0:00:30` before it.
    pub(super) fn moment(self) -> String {
        let sign = if self.0 <= -500 { '-' } else { '+' };
        format!("{sign}{}", self.clock())
    }

    /// Seconds.
    pub(super) fn seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.seconds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_unless_it_says_otherwise() {
        assert_eq!(parse("24"), Ok(86_400_000));
        assert_eq!(parse("1.5"), Ok(5_400_000));
        assert_eq!(parse("45s"), Ok(45_000));
        assert_eq!(parse("90m"), Ok(5_400_000));
        assert_eq!(parse("2d"), Ok(172_800_000));
        for wrong in ["", "x", "-1", "nan", "inf", "5w", "é"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn for_people() {
        assert_eq!(Span(25_509_400).moment(), "+7:05:09");
        assert_eq!(Span(-30_000).moment(), "-0:00:30");
        assert_eq!(Span(-400).moment(), "+0:00:00");
        assert_eq!(Span(90_061_000).clock(), "25:01:01");
    }
}
