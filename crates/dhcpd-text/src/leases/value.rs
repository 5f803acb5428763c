//! The values that statements have: dates, addresses, bytes, names.

use std::net::Ipv4Addr;

use super::damage::Fault;
use super::parse::{Parse, Parser};
use crate::date::{DateFields, NEVER};
use crate::lex::{Span, Token, TokenKind};

impl<'a> Parser<'a> {
    /// A date and its semicolon, as seconds since 1970.
    pub(super) fn date(&mut self) -> Parse<u32> {
        if let Some((seconds, length)) = self.dates.read_written(self.lexer.rest()) {
            self.lexer = self.lexer.at(self.lexer.position() + length);
            return Ok(seconds);
        }
        let first = self.next()?;
        if first.is_word("never") {
            self.semicolon()?;
            return Ok(NEVER);
        }
        if first.is_word("epoch") {
            let seconds = self.number("seconds since 1970")?;
            self.semicolon()?;
            return Ok(seconds.min(NEVER));
        }
        if first.kind != TokenKind::Number {
            return Err(Fault::unexpected(
                &first,
                "a date: day of the week, 'epoch' or 'never'",
            ));
        }
        self.calendar_date()
    }

    /// `YYYY/MM/DD HH:MM:SS` with an offset behind it or none, and the semicolon.
    fn calendar_date(&mut self) -> Parse<u32> {
        let start = self.lexer.peek()?.span;
        let year = self.number("a year")?;
        self.expect(b'/', "'/'")?;
        let month = self.number("a month")?;
        self.expect(b'/', "'/'")?;
        let day = self.number("a day")?;
        let hour = self.number("an hour")?;
        self.expect(b':', "':'")?;
        let minute = self.number("a minute")?;
        self.expect(b':', "':'")?;
        let second = self.number("a second")?;
        // As dhcpd has it, a small year counts from 1900.
        let year = if year > 1900 {
            year
        } else {
            year.saturating_add(1900)
        };
        let span = Span {
            start: start.start,
            end: self.lexer.position(),
        };
        let impossible = || Fault::new(span, "the calendar has no such date from 1970 on");
        let fields = DateFields {
            year,
            month,
            day,
            hour,
            minute,
            second,
        };
        let seconds = self.dates.seconds(fields).ok_or_else(impossible)?;
        let token = self.next()?;
        if token.is(b';') {
            return Ok(seconds);
        }
        let offset = token
            .number()
            .ok_or_else(|| Fault::unexpected(&token, "a time zone offset or ';'"))?;
        self.semicolon()?;
        if seconds == NEVER {
            return Ok(NEVER);
        }
        let shifted = i64::from(seconds)
            .checked_add(offset)
            .filter(|shifted| *shifted >= 0)
            .ok_or_else(impossible)?;
        Ok(u32::try_from(shifted).unwrap_or(NEVER).min(NEVER))
    }

    /// `A.B.C.D`
    pub(super) fn address(&mut self) -> Parse<Ipv4Addr> {
        let mut octets = [0; 4];
        for (index, octet) in octets.iter_mut().enumerate() {
            if index > 0 {
                self.expect(b'.', "'.' in an address")?;
            }
            let token = self.next()?;
            let number = token.number().and_then(|number| u8::try_from(number).ok());
            *octet = number.ok_or_else(|| Fault::unexpected(&token, "an address, as 10.0.0.1"))?;
        }
        Ok(Ipv4Addr::from(octets))
    }

    /// Bytes in hexadecimal with colons between them, of which `first` is the first token.
    pub(super) fn hex_bytes(&mut self, first: Token<'a>) -> Parse<Vec<u8>> {
        // Most are hardware addresses.
        let mut bytes = Vec::with_capacity(8);
        bytes.push(hex_byte(&first)?);
        while self.lexer.take(b':') {
            let token = self.next()?;
            bytes.push(hex_byte(&token)?);
        }
        Ok(bytes)
    }

    /// A string, or bytes in hexadecimal.
    pub(super) fn bytes(&mut self) -> Parse<Vec<u8>> {
        let token = self.next()?;
        match token.string() {
            Some(text) => Ok(text?.into_owned()),
            None => self.hex_bytes(token),
        }
    }

    /// A string or a word.
    pub(super) fn name(&mut self, expected: &'static str) -> Parse<Vec<u8>> {
        let token = self.next()?;
        match (token.string(), token.word()) {
            (Some(text), _) => Ok(text?.into_owned()),
            (None, Some(word)) => Ok(word.as_bytes().to_owned()),
            (None, None) => Err(Fault::unexpected(&token, expected)),
        }
    }

    pub(super) fn number(&mut self, expected: &'static str) -> Parse<u32> {
        let token = self.next()?;
        let number = token.number().and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| Fault::unexpected(&token, expected))
    }
}

fn hex_byte(token: &Token<'_>) -> Parse<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
    let value = match *token.text {
        [low] => digit(low),
        [high, low] => digit(high)
            .zip(digit(low))
            .map(|(high, low)| high << 4 | low),
        _ => None,
    };
    let value = value.filter(|_| matches!(token.kind, TokenKind::Number | TokenKind::NumberOrName));
    value.ok_or_else(|| Fault::unexpected(token, "a byte in hexadecimal"))
}
