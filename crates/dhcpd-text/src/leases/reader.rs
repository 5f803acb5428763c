//! The reader: records one after the other, and what to do where there is none.

use super::Record;
use super::damage::{Damage, Fault};
use super::parse::{MAX_RECORD, Parsed, Parser, begins_record};
use crate::diagnostic::{Diagnostic, Severity};
use crate::lex::{Lexer, LineIndex, Span};

/// Reads the records of a lease file, in file order.
///
/// It yields each record that is whole, and a [`Damage`] for each place that can't be read *and has a good record behind
/// it*. A server must not serve from a file with such a place: something that it once knew is lost, and only the partner
/// can give it back. Where nothing good comes behind the damage, it is the torn end of a file whose server died while
/// writing; nobody was told of what was lost, the iteration ends there, and [`tail`](Self::tail) says so.
#[derive(Debug)]
pub struct Reader<'a> {
    file: String,
    source: &'a [u8],
    parser: Parser<'a>,
    lines: LineIndex<'a>,
    /// The good record found behind the damage that was just yielded.
    pending: Option<Parsed>,
    /// End of the last good record.
    end: usize,
    last_sequence: u64,
    finished: bool,
    tail: Tail,
}

/// A record as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The record.
    pub record: Record,
    /// Where it stands in the file.
    pub span: Span,
    /// Its number, if its comment line has one (see the [module](super)).
    pub sequence: Option<u64>,
    /// Statements that aren't known; they are kept in the record.
    pub warnings: Vec<Diagnostic>,
}

/// How a lease file ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tail {
    /// With a whole record, white space or comments.
    Whole,
    /// With something that is no record: to be cut off at [`Reader::end`] before anything is appended.
    Torn(Damage),
}

impl<'a> Reader<'a> {
    /// A reader of `source`, the bytes of the file that messages are to call `file`.
    pub fn new<S: AsRef<[u8]> + ?Sized>(file: &str, source: &'a S) -> Self {
        let source = source.as_ref();
        Self {
            file: file.to_owned(),
            source,
            parser: Parser::new(source),
            lines: LineIndex::new(source),
            pending: None,
            end: 0,
            last_sequence: 0,
            finished: false,
            tail: Tail::Whole,
        }
    }

    /// How the file ends: known once the iteration is over, [`Tail::Whole`] until then.
    pub fn tail(&self) -> &Tail {
        &self.tail
    }

    /// Offset behind the last record yielded and its newline: where the next record belongs once the iteration is over.
    /// Behind it come only padding and a torn tail.
    pub fn end(&self) -> usize {
        self.end
    }

    /// The number of the next marked record: one more than that of the last one yielded, 1 in a file that has none.
    pub fn next_sequence(&self) -> u64 {
        self.last_sequence.saturating_add(1)
    }

    /// Reads the record at `offset`, or behind the blanks and comments there. Answers the record's offset in any case.
    fn parse_at(&mut self, offset: usize) -> (usize, Result<Option<Parsed>, Fault>) {
        let mut lexer = Lexer::new(self.source).at(offset);
        lexer.skip_blanks();
        let start = lexer.position();
        let bound = start.saturating_add(MAX_RECORD).min(self.source.len());
        self.parser.lexer = Lexer::new(&self.source[..bound]).at(start);
        let result = self.parser.record();
        if result.is_err() && bound < self.source.len() && self.parser.lexer.position() == bound {
            let span = Span { start, end: bound };
            return (
                start,
                Err(Fault::new(
                    span,
                    "the record that starts here doesn't end within 64 KiB",
                )),
            );
        }
        (start, result)
    }

    fn accept(&mut self, parsed: Parsed) -> Entry {
        self.end = parsed.span.end + usize::from(self.source.get(parsed.span.end) == Some(&b'\n'));
        let sequence = parsed.mark.map(|mark| mark.sequence);
        self.last_sequence = sequence.unwrap_or(self.last_sequence);
        let warn = |&span| {
            Fault::new(span, "unknown statement, kept as it is").diagnostic(
                &self.file,
                Severity::Warning,
                &mut self.lines,
            )
        };
        let warnings = parsed.unknown.iter().map(warn).collect();
        Entry {
            record: parsed.record,
            span: parsed.span,
            sequence,
            warnings,
        }
    }

    /// Looks for a good record behind the fault at `offset`.
    fn step_over(&mut self, offset: usize, fault: &Fault) -> Option<Result<Entry, Damage>> {
        let damage = self.damage(offset, fault);
        let mut line = offset;
        while let Some(start) = next_record_line(self.source, line) {
            if let (_, Ok(Some(parsed))) = self.parse_at(start)
                && parsed
                    .mark
                    .is_none_or(|mark| mark.sequence > self.last_sequence)
            {
                self.pending = Some(parsed);
                return Some(Err(damage));
            }
            line = start;
        }
        self.finished = true;
        self.tail = Tail::Torn(damage);
        None
    }

    fn damage(&mut self, offset: usize, fault: &Fault) -> Damage {
        let diagnostic = fault.diagnostic(&self.file, Severity::Error, &mut self.lines);
        Damage {
            offset,
            diagnostic: Box::new(diagnostic),
        }
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Entry, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(parsed) = self.pending.take() {
            return Some(Ok(self.accept(parsed)));
        }
        if self.finished {
            return None;
        }
        let (offset, result) = self.parse_at(self.end);
        let parsed = match result {
            Ok(Some(parsed)) => parsed,
            Ok(None) => {
                self.finished = true;
                return None;
            }
            Err(fault) => return self.step_over(offset, &fault),
        };
        let expected = self.next_sequence();
        match parsed.mark {
            Some(mark) if mark.sequence < expected => {
                let message = format!(
                    "record number {}, of an older file or twice in this one",
                    mark.sequence
                );
                self.step_over(offset, &Fault::new(parsed.span, message))
            }
            Some(mark) if mark.sequence > expected => {
                let missing = mark.sequence - expected;
                let fault = Fault::new(
                    parsed.span,
                    format!("{missing} records are missing before this one"),
                );
                self.pending = Some(parsed);
                Some(Err(self.damage(offset, &fault)))
            }
            _ => Some(Ok(self.accept(parsed))),
        }
    }
}

/// Start of the first line behind `offset` that begins as a record does. A lost block ends where its zeros end, which is
/// as good as a line's end.
fn next_record_line(source: &[u8], offset: usize) -> Option<usize> {
    let mut start = offset;
    loop {
        start += source[start..]
            .iter()
            .position(|byte| matches!(byte, b'\n' | 0))?
            + 1;
        if begins_record(&source[start..]) {
            return Some(start);
        }
    }
}
