//! From tokens to records: the grammar of ISC `lease_file_subparse`.

use super::ServerState;
use super::damage::Fault;
use super::record::{FailoverStateRecord, LeaseRecord, McltNote, OtherRecord, Record, StateSince};
use crate::checksum::Mark;
use crate::date::DateReader;
use crate::lex::{Lexer, Span, Token, TokenKind};

/// Longest record that is read: dhcpd reads no token over 1500 bytes, and the longest records it writes (host and class
/// declarations) have some dozens of them. The bound keeps a missing brace from making one record of the rest of a file.
pub(super) const MAX_RECORD: usize = 64 * 1024;

/// A record, its place, and what was met beside it.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) record: Record,
    pub(super) span: Span,
    pub(super) mark: Option<Mark>,
    /// The unknown statements of a lease.
    pub(super) unknown: Vec<Span>,
}

/// A statement that is taken whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statement {
    pub(super) span: Span,
    /// Where its first block begins, if it has one.
    brace: Option<usize>,
}

/// Reads records off a lexer.
#[derive(Debug, Clone)]
pub(super) struct Parser<'a> {
    pub(super) lexer: Lexer<'a>,
    pub(super) dates: DateReader,
}

/// What was asked for, or why it isn't there.
pub(super) type Parse<T> = Result<T, Fault>;

impl<'a> Parser<'a> {
    pub(super) fn new(source: &'a [u8]) -> Self {
        Self {
            lexer: Lexer::new(source),
            dates: DateReader::default(),
        }
    }

    /// Reads the record that begins with the lexer's next token; `None` at the end of the source.
    pub(super) fn record(&mut self) -> Parse<Option<Parsed>> {
        let first = self.next()?;
        let start = first.span.start;
        let (mut mark, mut unknown) = (None, Vec::new());
        let record = if first.is_word("lease") {
            Record::Lease(self.lease(start, &mut mark, &mut unknown)?)
        } else if first.is_word("failover") {
            Record::FailoverState(self.failover_state()?)
        } else if first.is_word("authoring-byte-order") {
            self.byte_order()?;
            Record::ByteOrder
        } else if RECORD_WORDS.iter().any(|word| first.is_word(word)) {
            Record::Other(self.other(first)?)
        } else if first.is_end() {
            return Ok(None);
        } else {
            return Err(Fault::unexpected(
                &first,
                "a record: lease, failover peer, host, group, class or server-duid",
            ));
        };
        let span = Span {
            start,
            end: self.lexer.position(),
        };
        Ok(Some(Parsed {
            record,
            span,
            mark,
            unknown,
        }))
    }

    fn lease(
        &mut self,
        start: usize,
        mark: &mut Option<Mark>,
        unknown: &mut Vec<Span>,
    ) -> Parse<LeaseRecord> {
        let mut lease = LeaseRecord::new(self.address()?);
        self.expect(b'{', "'{'")?;
        loop {
            let gap = self.lexer.position();
            let token = self.next()?;
            if token.is(b'}') {
                self.end_of_record(&token)?;
                let record = &self.lexer.source()[start..token.span.start];
                *mark = Mark::read(record, gap - start).map_err(|_| {
                    let span = Span {
                        start,
                        end: token.span.end,
                    };
                    Fault::new(span, "the record is not what its checksum was made of")
                })?;
                if let Some(mark) = mark {
                    (lease.sent, lease.received) = (mark.sent, mark.received);
                }
                return Ok(lease);
            }
            if !token.is_any_word() {
                return Err(Fault::unexpected(
                    &token,
                    "a statement of the lease, or '}'",
                ));
            }
            if !self.lease_statement(&token, &mut lease)? {
                let span = self.skip_statement(token)?.span;
                lease.unknown.push(span.of(self.lexer.source()).to_owned());
                unknown.push(span);
            }
        }
    }

    /// Checks that no word goes on directly behind the brace, but for a record's first where the newline between the two
    /// was never written. One flipped bit makes `}id` of `uid`, and of a lease with a comment line a plain one that has
    /// lost its client.
    fn end_of_record(&self, brace: &Token<'_>) -> Parse<()> {
        let rest = self.lexer.rest();
        match rest.first() {
            None | Some(b'#' | b' ' | b'\t'..=b'\r') => Ok(()),
            Some(_) if begins_record(rest) => Ok(()),
            Some(_) => Err(Fault::new(brace.span, "the brace doesn't end its line")),
        }
    }

    fn failover_state(&mut self) -> Parse<FailoverStateRecord> {
        self.expect_word("peer", "'peer'")?;
        let name = self.name("the name of the failover peer")?;
        self.expect_word("state", "'state'")?;
        self.expect(b'{', "'{'")?;
        let mut record = FailoverStateRecord {
            name,
            mine: None,
            partner: None,
            mclt: None,
            mclt_note: None,
        };
        loop {
            let gap = self.lexer.position();
            let token = self.next()?;
            if token.is(b'}') {
                record.mclt_note = McltNote::read(&self.lexer.source()[gap..token.span.start]);
                return Ok(record);
            } else if token.is_word("my") {
                record.mine = Some(self.state_since()?);
            } else if token.is_word("partner") {
                record.partner = Some(self.state_since()?);
            } else if token.is_word("mclt") {
                record.mclt = Some(self.number("a number of seconds")?);
                self.semicolon()?;
            } else {
                return Err(Fault::unexpected(
                    &token,
                    "'my state', 'partner state', 'mclt' or '}'",
                ));
            }
        }
    }

    /// `state S at DATE;` or `state S;`
    fn state_since(&mut self) -> Parse<StateSince> {
        self.expect_word("state", "'state'")?;
        let token = self.next()?;
        let state = token
            .word()
            .and_then(|word| ServerState::from_word(word.as_bytes()));
        let state = state.ok_or_else(|| Fault::unexpected(&token, "a failover state"))?;
        let token = self.next()?;
        if token.is(b';') {
            return Ok(StateSince { state, since: None });
        }
        if !token.is_word("at") {
            return Err(Fault::unexpected(&token, "'at' or ';'"));
        }
        Ok(StateSince {
            state,
            since: Some(self.date()?),
        })
    }

    fn byte_order(&mut self) -> Parse<()> {
        let order = self.next()?;
        if !order.is_word("little-endian") && !order.is_word("big-endian") {
            return Err(Fault::unexpected(&order, "'little-endian' or 'big-endian'"));
        }
        self.semicolon()
    }

    fn other(&mut self, first: Token<'a>) -> Parse<OtherRecord> {
        let statement = self.skip_statement(first)?;
        let source = self.lexer.source();
        let key = match statement.brace {
            Some(brace) => source[first.span.start..brace].trim_ascii_end(),
            None => first.text,
        };
        Ok(OtherRecord::new(statement.span.of(source), key.len()))
    }

    /// Takes a statement that begins with `first`: to its semicolon, or to the brace that closes its block.
    pub(super) fn skip_statement(&mut self, first: Token<'a>) -> Parse<Statement> {
        let (mut depth, mut brace) = (0_usize, None);
        loop {
            let token = self.next()?;
            let last = match token.kind {
                TokenKind::Punctuation(b'{') => {
                    brace.get_or_insert(token.span.start);
                    depth += 1;
                    false
                }
                TokenKind::Punctuation(b'}') => {
                    depth = depth
                        .checked_sub(1)
                        .ok_or_else(|| Fault::unexpected(&token, "';'"))?;
                    depth == 0
                }
                TokenKind::Punctuation(b';') => depth == 0,
                TokenKind::End => {
                    return Err(Fault::unexpected(&token, "the end of the statement"));
                }
                _ => false,
            };
            if last {
                return Ok(Statement {
                    span: first.span.to(token.span),
                    brace,
                });
            }
        }
    }

    pub(super) fn semicolon(&mut self) -> Parse<()> {
        self.expect(b';', "';'")
    }

    pub(super) fn expect(&mut self, byte: u8, expected: &'static str) -> Parse<()> {
        if self.lexer.take(byte) {
            return Ok(());
        }
        Err(Fault::unexpected(&self.next()?, expected))
    }

    pub(super) fn expect_word(&mut self, word: &str, expected: &'static str) -> Parse<()> {
        if self.lexer.take_word(word) {
            return Ok(());
        }
        Err(Fault::unexpected(&self.next()?, expected))
    }

    /// Takes the next token. Strings end on their line, as dhcpd writes them: a quote that is lost must not make one
    /// string of the records up to the next quote.
    pub(super) fn next(&mut self) -> Parse<Token<'a>> {
        let token = self.lexer.next_token()?;
        if token.kind == TokenKind::String && token.text.contains(&b'\n') {
            return Err(Fault::new(
                token.span,
                "the string that starts here has no closing quote on its line",
            ));
        }
        Ok(token)
    }
}

/// Whether the text begins as a record does.
pub(super) fn begins_record(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_lowercase)
        && RECORD_WORDS
            .iter()
            .any(|word| text.starts_with(word.as_bytes()))
}

/// What records begin with. Those that have no reader of their own are kept as they stand.
const RECORD_WORDS: [&str; 11] = [
    "lease",
    "failover",
    "authoring-byte-order",
    "server-duid",
    "host",
    "group",
    "class",
    "subclass",
    "ia-na",
    "ia-ta",
    "ia-pd",
];
