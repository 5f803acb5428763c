//! What is wrong with a lease file, and where.

use crate::diagnostic::{Diagnostic, Severity, source_line};
use crate::lex::{LexError, LineIndex, Span, Token};

/// A place in a lease file that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{diagnostic}")]
pub struct Damage {
    /// Offset of the damaged record's first byte.
    pub offset: usize,
    /// What is wrong: file, line, column, the line itself, and what was expected.
    pub diagnostic: Box<Diagnostic>,
}

/// What the parser found wrong, before anyone asks for its line. Boxed, so that what goes right is not moved about with room
/// for it.
#[derive(Debug)]
pub(super) struct Fault(Box<Wrong>);

#[derive(Debug)]
struct Wrong {
    span: Span,
    message: String,
    expected: Option<&'static str>,
}

impl Fault {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self(Box::new(Wrong {
            span,
            message: message.into(),
            expected: None,
        }))
    }

    /// `token` stands where `expected` should.
    pub(super) fn unexpected(token: &Token<'_>, expected: &'static str) -> Self {
        let message = format!("unexpected {token}");
        Self(Box::new(Wrong {
            span: token.span,
            message,
            expected: Some(expected),
        }))
    }

    pub(super) fn diagnostic(
        &self,
        file: &str,
        severity: Severity,
        lines: &mut LineIndex<'_>,
    ) -> Diagnostic {
        let place = lines.locate(self.0.span.start);
        let (before, rest) = place
            .text
            .split_at_checked(place.column - 1)
            .unwrap_or((place.text, b""));
        // A token that runs over lines is marked on its first.
        let token = &rest[..rest.len().min(self.0.span.end - self.0.span.start)];
        let characters = |bytes| String::from_utf8_lossy(bytes).chars().count();
        let to_u32 = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Diagnostic {
            severity,
            file: file.to_owned(),
            line: to_u32(place.line),
            column: to_u32(characters(before) + 1),
            len: to_u32(characters(token).max(1)),
            source_line: source_line(place.text, 0, before.len()),
            message: self.0.message.clone(),
            expected: self.0.expected.map(str::to_owned),
        }
    }
}

impl From<LexError> for Fault {
    fn from(error: LexError) -> Self {
        let span = Span {
            start: error.offset,
            end: error.offset + 1,
        };
        Self::new(span, error.reason.to_string())
    }
}
