//! What all statements need of the reader: tokens, messages with their place, and getting back on track after an error.

use std::collections::BTreeSet;

use super::check::Claimed;
use super::{
    Config, LoadInclude, Location, MAX_DEPTH, MAX_ERRORS, Scope, ScopeId, ServerSettings, Settings,
};
use crate::diagnostic::{Diagnostic, Severity};
use crate::lex::{Lexer, LineIndex, Span, Token};

/// An error was reported; what is left of the statement has to be skipped.
#[derive(Debug)]
pub(super) struct Reported;

/// The result of reading something.
pub(super) type Read<T> = Result<T, Reported>;

/// What grows while the files are read.
pub(super) struct Build<'l> {
    pub(super) config: Config,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The text of each of [`Config::files`].
    pub(super) sources: Vec<String>,
    pub(super) load: &'l mut LoadInclude<'l>,
    /// Names whose declaration has been refused as not supported, so that each use is not an error of its own.
    pub(super) refused: BTreeSet<(Refused, String)>,
    /// Named groups and their scopes.
    pub(super) groups: Vec<(String, ScopeId)>,
    /// The names of failover peers, also of those with errors in them.
    pub(super) peers: Vec<String>,
    /// The addresses of all ranges.
    pub(super) claimed: Claimed,
    /// Where `omapi-key` stands.
    pub(super) omapi_key_at: Location,
    errors: usize,
    depth: usize,
}

/// What kind of name was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Refused {
    Class,
    Option,
    Space,
}

impl<'l> Build<'l> {
    pub(super) fn new(load: &'l mut LoadInclude<'l>) -> Self {
        Self {
            config: Config {
                scopes: vec![Scope::default()],
                failover_peers: Vec::new(),
                shared_networks: Vec::new(),
                hosts: Vec::new(),
                server: ServerSettings::default(),
                files: Vec::new(),
            },
            diagnostics: Vec::new(),
            sources: Vec::new(),
            load,
            refused: BTreeSet::new(),
            groups: Vec::new(),
            peers: Vec::new(),
            claimed: Claimed::default(),
            omapi_key_at: Location::default(),
            errors: 0,
            depth: 0,
        }
    }

    /// How many errors have been reported.
    pub(super) fn errors(&self) -> usize {
        self.errors
    }

    /// Adds a file; answers its index.
    pub(super) fn add_file(&mut self, name: &str, text: &str) -> usize {
        self.config.files.push(name.to_owned());
        self.sources.push(text.to_owned());
        self.config.files.len() - 1
    }

    /// Opens a scope within `parent`.
    pub(super) fn open_scope(&mut self, parent: ScopeId) -> ScopeId {
        let authoritative = self.settings(parent).authoritative.unwrap_or(false);
        self.config.scopes.push(Scope {
            parent: Some(parent),
            settings: Settings {
                authoritative: Some(authoritative),
                ..Settings::default()
            },
            ..Scope::default()
        });
        ScopeId(self.config.scopes.len() - 1)
    }

    pub(super) fn scope(&mut self, id: ScopeId) -> &mut Scope {
        &mut self.config.scopes[id.0]
    }

    pub(super) fn settings(&mut self, id: ScopeId) -> &mut Settings {
        &mut self.scope(id).settings
    }

    /// A message about a declaration that was read earlier.
    pub(super) fn report_at(
        &mut self,
        severity: Severity,
        at: Location,
        message: String,
        expected: Option<String>,
    ) {
        let source = self.sources.get(at.file).map_or("", String::as_str);
        let line = (at.line as usize)
            .checked_sub(1)
            .and_then(|skip| source.lines().nth(skip))
            .unwrap_or_default();
        let word = line
            .chars()
            .skip(at.column.saturating_sub(1) as usize)
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            .count();
        self.push(Diagnostic {
            severity,
            file: self.config.files[at.file].clone(),
            line: at.line,
            column: at.column,
            len: u32::try_from(word.max(1)).unwrap_or(u32::MAX),
            source_line: line.to_owned(),
            message,
            expected,
        });
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        if self.errors >= MAX_ERRORS
            || self.diagnostics.len() >= 2 * MAX_ERRORS && !diagnostic.is_error()
        {
            return;
        }
        self.errors += usize::from(diagnostic.is_error());
        self.diagnostics.push(diagnostic);
    }
}

/// Reads one file; an included file has a parser of its own over the same [`Build`].
pub(super) struct Parser<'b, 'l, 't> {
    pub(super) build: &'b mut Build<'l>,
    file: usize,
    lexer: Lexer<'t>,
    lines: LineIndex<'t>,
    peeked: Option<Token<'t>>,
    /// The last token taken: where the end of the file is reported, as in ISC.
    last: Span,
    ended: bool,
}

impl<'b, 'l, 't> Parser<'b, 'l, 't> {
    pub(super) fn new(build: &'b mut Build<'l>, file: usize, text: &'t str) -> Self {
        Self {
            build,
            file,
            lexer: Lexer::new(text),
            lines: LineIndex::new(text),
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
            _ if self.build.errors >= MAX_ERRORS => self.end_token(),
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
        if self.take(b';') {
            return Ok(());
        }
        let next = self.peek();
        let reported = self.error_next("semicolon expected.", &format!("`;` after {what}"));
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
        if self.build.depth >= MAX_DEPTH {
            let message = format!("blocks and includes are nested more than {MAX_DEPTH} deep");
            return Err(self.error_next(&message, "a file that is less deep"));
        }
        self.build.depth += 1;
        self.next();
        Ok(())
    }

    /// True at the end of a block: its `}`, which is taken, or the end of the file, which is an error.
    pub(super) fn block_ends(&mut self, what: &str) -> bool {
        let token = self.peek();
        if token.is_end() {
            self.unexpected_end(&format!("`}}` at the end of {what}"));
        } else if !token.is(b'}') {
            return false;
        }
        self.next();
        self.build.depth -= 1;
        true
    }

    /// Reports the end of the file, once.
    pub(super) fn unexpected_end(&mut self, expected: &str) -> Reported {
        if !self.ended {
            self.error_span(self.last, "unexpected end of file", expected);
        }
        self.ended = true;
        Reported
    }

    /// Counts an include as deep as a block.
    pub(super) fn enter_include(&mut self) -> bool {
        let room = self.build.depth < MAX_DEPTH;
        self.build.depth += usize::from(room);
        room
    }

    pub(super) fn leave_include(&mut self) {
        self.build.depth -= 1;
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

    /// Where `token` stands.
    pub(super) fn location(&mut self, token: &Token<'_>) -> Location {
        let (line, column, _) = self.place(token.span);
        Location {
            file: self.file,
            line,
            column,
        }
    }

    /// Reports an error at `token`.
    pub(super) fn error(&mut self, token: &Token<'_>, message: &str, expected: &str) -> Reported {
        if token.is_end() {
            return self.unexpected_end(expected);
        }
        self.error_span(token.span, message, expected)
    }

    /// Reports an error at the next token, which is not taken.
    pub(super) fn error_next(&mut self, message: &str, expected: &str) -> Reported {
        let token = self.peek();
        self.error(&token, message, expected)
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

    /// Reports a statement that ISC dhcpd knows and this reader doesn't yet.
    pub(super) fn unsupported(&mut self, token: &Token<'_>, what: &str) -> Reported {
        self.report(
            Severity::Error,
            token.span,
            &format!("not supported yet: {what}"),
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
        let (line, column, source_line) = self.place(span);
        let text = String::from_utf8_lossy(span.of(self.lexer.source()));
        let len = text.lines().next().unwrap_or_default().chars().count();
        let diagnostic = Diagnostic {
            severity,
            file: self.build.config.files[self.file].clone(),
            line,
            column,
            len: count(len.max(1)),
            source_line,
            message: message.to_owned(),
            expected,
        };
        self.build.push(diagnostic);
    }

    /// Line, column in characters, and text of the line.
    fn place(&mut self, span: Span) -> (u32, u32, String) {
        let place = self.lines.locate(span.start);
        let before = String::from_utf8_lossy(&place.text[..place.column - 1]);
        let text = String::from_utf8_lossy(place.text);
        (
            count(place.line),
            count(before.chars().count() + 1),
            text.trim_end_matches('\r').to_owned(),
        )
    }

    fn end_token(&self) -> Token<'t> {
        self.lexer
            .at(usize::MAX)
            .next_token()
            .expect("the end of a source is a token")
    }
}

/// Lines and columns of a file that fits in memory as configurations do.
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
