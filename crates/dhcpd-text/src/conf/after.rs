//! Dates, as `allow after` and `deny after` of a pool have them.

use super::number::Number;
use super::parser::{Parser, Read};
use crate::date::{DateFields, DateReader, NEVER};
use crate::lex::TokenKind;

/// What a date looks like.
const EXPECTED: &str =
    "`W YYYY/MM/DD HH:MM:SS` with W any number and the time in UTC, `epoch SECONDS` or `never`";

impl Parser<'_, '_, '_> {
    /// Reads a date; answers seconds since 1970.
    pub(super) fn date(&mut self) -> Read<u64> {
        if self.take_word("never") {
            return Ok(NEVER.into());
        }
        if self.take_word("epoch") {
            return Ok(self.date_number("Seconds since epoch expected.")?.into());
        }
        let start = self.peek().span;
        self.date_number("numeric day of week expected.")?;
        let year = self.date_number("numeric year expected.")?;
        self.date_mark(b'/', "expected slash separating year from month.")?;
        let month = self.date_number("numeric month expected.")?;
        self.date_mark(b'/', "expected slash separating month from day.")?;
        let day = self.date_number("numeric day of month expected.")?;
        let hour = self.date_number("numeric hour expected.")?;
        self.date_mark(b':', "expected colon separating hour from minute.")?;
        let minute = self.date_number("numeric minute expected.")?;
        self.date_mark(b':', "expected colon separating minute from second.")?;
        let second = self.date_number("numeric second expected.")?;
        let offset = match self.peek().kind {
            TokenKind::Number => self.date_number("numeric offset expected.")?.cast_signed(),
            _ => 0,
        };
        let fields = DateFields {
            // As in ISC, a small year counts from 1900.
            year: if year > 1900 { year } else { year + 1900 },
            month,
            day,
            hour,
            minute,
            second,
        };
        DateReader::default()
            .seconds(fields)
            .and_then(|seconds| u64::from(seconds).checked_add_signed(offset.into()))
            .ok_or_else(|| self.error_since(start, "there is no such date", EXPECTED))
    }

    fn date_number(&mut self, message: &str) -> Read<u32> {
        let token = self.peek();
        if token.kind != TokenKind::Number {
            return Err(self.error_next(message, EXPECTED));
        }
        self.next();
        Ok(Number::atoi(token.text).value)
    }

    fn date_mark(&mut self, mark: u8, message: &str) -> Read<()> {
        if self.take(mark) {
            return Ok(());
        }
        Err(self.error_next(message, EXPECTED))
    }
}
