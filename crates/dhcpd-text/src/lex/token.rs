//! Tokens and where they stand.

use std::borrow::Cow;
use std::fmt;

use super::{LexError, unescape};

/// Where a token stands in its source: byte offsets, `start` inclusive and `end` exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// The span from the start of this one to the end of `last`.
    pub fn to(self, last: Self) -> Self {
        Self {
            start: self.start,
            end: last.end,
        }
    }

    /// The bytes of `source` under the span; empty where the span lies outside of it.
    pub fn of(self, source: &[u8]) -> &[u8] {
        source.get(self.start..self.end).unwrap_or_default()
    }
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Decimal digits, with one `-` before them or none.
    Number,
    /// Hexadecimal digits with a letter among them (`1f`, `dead`), or `0x` and hexadecimal digits.
    NumberOrName,
    /// Any other run of letters, digits, `-` and `_`: keywords and names.
    Name,
    /// A quoted string; the token's text stands between the quotes, escapes not yet decoded.
    String,
    /// One byte of anything else.
    Punctuation(u8),
    /// The end of the source.
    End,
}

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands; a string's quotes are inside the span.
    pub span: Span,
    /// Its bytes; a string's quotes are not among them.
    pub text: &'a [u8],
}

impl<'a> Token<'a> {
    /// Whether this is the unquoted word `word`, in any case (ISC keywords ignore case).
    pub fn is_word(&self, word: &str) -> bool {
        self.is_any_word() && self.text.eq_ignore_ascii_case(word.as_bytes())
    }

    /// Whether this is an unquoted word: a name, or a number that may be one (ISC's `is_identifier`).
    pub fn is_any_word(&self) -> bool {
        matches!(self.kind, TokenKind::Name | TokenKind::NumberOrName)
    }

    /// The text of an unquoted word.
    pub fn word(&self) -> Option<&'a str> {
        if self.is_any_word() {
            std::str::from_utf8(self.text).ok()
        } else {
            None
        }
    }

    /// Whether this is the punctuation byte `byte`.
    pub fn is(&self, byte: u8) -> bool {
        self.kind == TokenKind::Punctuation(byte)
    }

    /// Whether the source ends here.
    pub fn is_end(&self) -> bool {
        self.kind == TokenKind::End
    }

    /// The value of a decimal number; `None` for other tokens and for what no `i64` holds.
    pub fn number(&self) -> Option<i64> {
        match self.kind {
            TokenKind::Number => std::str::from_utf8(self.text).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// The bytes that a string stands for, or `None` if this is no string.
    ///
    /// # Errors
    ///
    /// As [`unescape`]; the error's offset is that in the source.
    pub fn string(&self) -> Option<Result<Cow<'a, [u8]>, LexError>> {
        if self.kind != TokenKind::String {
            return None;
        }
        let base = self.span.start + 1;
        Some(unescape(self.text).map_err(|error| LexError {
            offset: base + error.offset,
            ..error
        }))
    }
}

/// How an error message names the token that it found.
impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TokenKind::End => f.write_str("end of file"),
            TokenKind::String => write!(f, "the string \"{}\"", String::from_utf8_lossy(self.text)),
            TokenKind::Punctuation(byte) if byte.is_ascii_graphic() => {
                write!(f, "'{}'", char::from(byte))
            }
            TokenKind::Punctuation(byte) => write!(f, "the byte {byte:#04x}"),
            _ => write!(f, "'{}'", String::from_utf8_lossy(self.text)),
        }
    }
}
