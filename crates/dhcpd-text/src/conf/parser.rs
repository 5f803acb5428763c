//! What all statements need of the reader: tokens, messages with their place, and getting back on track after an error.

use super::build::Build;
use super::{Location, MAX_DEPTH, MAX_ERRORS};
use crate::diagnostic::{Diagnostic, Severity, is_continuation, source_line};
use crate::lex::{Lexer, Span, Token};

/// An error was reported; what is left of the statement has to be skipped.
#[derive(Debug)]
pub(super) struct Reported;

/// The result of reading something.
pub(super) type Read<T> = Result<T, Reported>;

/// Reads one file; an included file has a parser of its own over the same [`Build`].
pub(super) struct Parser<'b, 'l, 't> {
    pub(super) build: &'b mut Build<'l>,
    file: usize,
    lexer: Lexer<'t>,
    /// The last place asked for, from which the next one is counted.
    place: Place,
    peeked: Option<Token<'t>>,
    /// The last token taken: where the end of the file is reported, as in ISC.
    last: Span,
    ended: bool,
}

/// An offset as people name it.
#[derive(Debug, Clone, Copy)]
struct Place {
    offset: usize,
    /// Offset of the line.
    line_start: usize,
    line: u32,
    column: u32,
}

impl Place {
    const START: Self = Self {
        offset: 0,
        line_start: 0,
        line: 1,
        column: 1,
    };
}

impl<'b, 'l, 't> Parser<'b, 'l, 't> {
    pub(super) fn new(build: &'b mut Build<'l>, file: usize, text: &'t [u8]) -> Self {
        Self {
            build,
            file,
            lexer: Lexer::new(text),
            place: Place::START,
            peeked: None,
            last: Span { start: 0, end: 0 },
            ended: false,
        }
    }

    /// The next token, left where it is. After too many errors the file seems to end here.
    pub(super) fn peek(&mut self) -> Token<'t> {
        if let Some(token) = self.peeked {
            return token;
        }
        let token = match self.lexer.next_token() {
            _ if self.build.errors() >= MAX_ERRORS => self.end_token(),
            Ok(token) => token,
            Err(error) => {
                // The string ran to the end of the file, which is no news then.
                self.ended = true;
                let quote = Span {
                    start: error.offset,
                    end: error.offset + 1,
                };
                self.error_span(
                    quote,
                    "eof in string constant",
                    "`\"` at the end of the string that starts here",
                );
                self.end_token()
            }
        };
        self.peeked = Some(token);
        token
    }

    /// Takes the next token.
    pub(super) fn next(&mut self) -> Token<'t> {
        let token = self.peek();
        if !token.is_end() {
            self.peeked = None;
            self.last = token.span;
        }
        token
    }

    /// The token after the next one.
    pub(super) fn peek_second(&mut self) -> Option<Token<'t>> {
        self.peek();
        self.lexer.peek().ok()
    }

    /// True if nothing stands between the last token taken and the next one.
    pub(super) fn touches_next(&mut self) -> bool {
        self.peek().span.start == self.last.end
    }

    /// Takes the next token if it is the punctuation `byte`.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek().is(byte);
        if taken {
            self.next();
        }
        taken
    }

    /// Takes the next token if it is the word `word`.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let taken = self.peek().is_word(word);
        if taken {
            self.next();
        }
        taken
    }

    /// Takes the word `word`, or reports `message` at what stands there instead.
    pub(super) fn expect_word(&mut self, word: &str, message: &str) -> Read<()> {
        if self.take_word(word) {
            return Ok(());
        }
        Err(self.error_next(message, &format!("`{word}`")))
    }

    /// Takes the `;` that ends a statement; `what` is what it should stand behind.
    ///
    /// A word at the start of a line there most likely starts the next statement: reading goes on with it.
    pub(super) fn semicolon(&mut self, what: &str) -> Read<()> {
        self.end_statement(&format!("`;` after {what}"))
    }

    /// As [`semicolon`](Self::semicolon), with these words for what is expected.
    pub(super) fn end_statement(&mut self, expected: &str) -> Read<()> {
        if self.take(b';') {
            return Ok(());
        }
        let next = self.peek();
        let reported = self.error_next("semicolon expected.", expected);
        let new_line = self.lexer.source()[self.last.end..next.span.start].contains(&b'\n');
        if new_line && next.word().is_some() {
            Ok(())
        } else {
            Err(reported)
        }
    }

    /// Takes the `{` of a block that `what` names, and counts how deep it is.
    pub(super) fn open_block(&mut self, what: &str) -> Read<()> {
        if !self.peek().is(b'{') {
            return Err(self.error_next("expecting left brace.", &format!("`{{` after {what}")));
        }
        if !self.build.enter() {
            let message = format!("blocks and includes are nested more than {MAX_DEPTH} deep");
            return Err(self.error_next(&message, "a file that is less deep"));
        }
        self.next();
        Ok(())
    }

    /// True at the end of a block: its `}`, which is taken, or the end of the file, which is an error.
    pub(super) fn block_ends(&mut self, what: &str) -> bool {
        let token = self.peek();
        if token.is_end() {
            let expected = format!("`}}` at the end of {what}");
            self.error_at_end("unexpected end of file", &expected);
        } else if !token.is(b'}') {
            return false;
        }
        self.next();
        self.build.leave();
        true
    }

    /// Reports what is missing at the end of the file, once.
    fn error_at_end(&mut self, message: &str, expected: &str) -> Reported {
        if !self.ended {
            self.error_span(self.last, message, expected);
        }
        self.ended = true;
        Reported
    }

    /// Skips the rest of a statement that went wrong: up to its `;` or over its block, but not out of the block around it.
    pub(super) fn recover(&mut self) {
        let mut depth = 0_usize;
        loop {
            let token = self.peek();
            if token.is_end() || depth == 0 && token.is(b'}') {
                return;
            }
            self.next();
            if token.is(b'{') {
                depth += 1;
            } else if token.is(b'}') {
                depth -= 1;
            }
            if depth == 0 && (token.is(b';') || token.is(b'}')) {
                return;
            }
        }
    }

    /// The last token taken.
    pub(super) fn last_span(&self) -> Span {
        self.last
    }

    /// The same source, read anew from this offset on.
    pub(super) fn lexer_at(&self, offset: usize) -> Lexer<'t> {
        self.lexer.at(offset)
    }

    /// Where `token` stands.
    pub(super) fn location(&mut self, token: &Token<'_>) -> Location {
        let place = self.place(token.span.start);
        Location {
            file: self.file,
            line: place.line,
            column: place.column,
        }
    }

    /// Reports an error at `token`.
    pub(super) fn error(&mut self, token: &Token<'_>, message: &str, expected: &str) -> Reported {
        if token.is_end() {
            return self.error_at_end(message, expected);
        }
        self.error_span(token.span, message, expected)
    }

    /// Reports an error at the next token, which is not taken.
    pub(super) fn error_next(&mut self, message: &str, expected: &str) -> Reported {
        let token = self.peek();
        self.error(&token, message, expected)
    }

    /// Reports an error at the next token, for which ISC names the line of the one before it.
    pub(super) fn error_misplaced(
        &mut self,
        token: &Token<'_>,
        message: &str,
        expected: &str,
    ) -> Reported {
        let isc = if self.last.end == 0 {
            0
        } else {
            self.place(self.last.start).line
        };
        let mut expected = expected.to_owned();
        if isc != self.location(token).line {
            expected = format!("{expected} (ISC dhcpd names line {isc})");
        }
        self.error(token, message, &expected)
    }

    /// Reports an error at the last token taken.
    pub(super) fn error_last(&mut self, message: &str, expected: &str) -> Reported {
        self.error_span(self.last, message, expected)
    }

    /// Reports an error at what was taken from `start` on. The line is that of the last token, which ISC names.
    pub(super) fn error_since(&mut self, start: Span, message: &str, expected: &str) -> Reported {
        let whole = start.to(self.last);
        let one_line = !whole.of(self.lexer.source()).contains(&b'\n');
        self.error_span(if one_line { whole } else { self.last }, message, expected)
    }

    /// Reports something that ISC dhcpd does and this server doesn't.
    pub(super) fn unsupported(&mut self, token: &Token<'_>, what: &str) -> Reported {
        self.report(
            Severity::Error,
            token.span,
            &format!("not supported: {what}"),
            None,
        );
        Reported
    }

    /// Reports a warning at `token`.
    pub(super) fn warn(&mut self, token: &Token<'_>, message: &str) {
        self.report(Severity::Warning, token.span, message, None);
    }

    fn error_span(&mut self, span: Span, message: &str, expected: &str) -> Reported {
        let expected = (!expected.is_empty()).then(|| expected.to_owned());
        self.report(Severity::Error, span, message, expected);
        Reported
    }

    fn report(&mut self, severity: Severity, span: Span, message: &str, expected: Option<String>) {
        let source = self.lexer.source();
        let place = self.place(span.start);
        let source_line = source_line(source, place.line_start, place.offset);
        let len = span.of(source).iter().take_while(|byte| **byte != b'\n');
        let len = len.filter(|byte| !is_continuation(**byte)).count();
        let diagnostic = Diagnostic {
            severity,
            file: self.build.config.files[self.file].clone(),
            line: place.line,
            column: place.column,
            len: u32::try_from(len.max(1)).expect("MAX_BYTES fits"),
            source_line,
            message: message.to_owned(),
            expected,
        };
        self.build.push(diagnostic);
    }

    /// Counts on to an offset, from the last one or from the start.
    fn place(&mut self, offset: usize) -> Place {
        if offset < self.place.offset {
            self.place = Place::START;
        }
        let mut place = self.place;
        for byte in &self.lexer.source()[place.offset..offset] {
            place.offset += 1;
            if *byte == b'\n' {
                place.line_start = place.offset;
                place.line += 1;
                place.column = 1;
            } else if !is_continuation(*byte) {
                place.column += 1;
            }
        }
        self.place = place;
        place
    }

    fn end_token(&self) -> Token<'t> {
        self.lexer
            .at(usize::MAX)
            .next_token()
            .expect("the end of a source is a token")
    }
}
