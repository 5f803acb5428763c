//! The lexer that `dhcpd.conf` and `dhcpd.leases` share: bytes to tokens with spans.
//!
//! The rules are those of ISC `common/conflex.c`:
//!
//! * White space separates tokens; `#` starts a comment that runs to the end of the line.
//! * A run of letters, digits, `-` and `_` is one token, so `10-20` is a name and `00:11:aa` is a number, a colon,
//!   a number, a colon and a [`TokenKind::NumberOrName`]. A dot is punctuation: `10.77.0.1` is seven tokens.
//! * Strings stand in double quotes, may run over lines, and hold escapes (see [`unescape`]).
//! * Every other byte, NUL and bytes over 127 included, is a token of its own.
//!
//! Nothing is allocated: a token borrows its text from the source.

mod escape;
mod place;
mod token;

pub use escape::{LexError, LexErrorReason, unescape};
pub use place::{LineIndex, Location};
pub use token::{Span, Token, TokenKind};

/// Cuts a source into tokens, in order.
///
/// It is a small value: keep a clone to look ahead or to go back.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    source: &'a [u8],
    position: usize,
}

impl<'a> Lexer<'a> {
    /// A lexer at the start of `source`, which needn't be UTF-8.
    pub fn new<S: AsRef<[u8]> + ?Sized>(source: &'a S) -> Self {
        Self {
            source: source.as_ref(),
            position: 0,
        }
    }

    /// A lexer over the same source at byte `offset` (at the end, where `offset` lies behind it).
    pub fn at(&self, offset: usize) -> Self {
        Self {
            source: self.source,
            position: offset.min(self.source.len()),
        }
    }

    /// The whole source.
    pub fn source(&self) -> &'a [u8] {
        self.source
    }

    /// Offset of the first byte that no token has taken yet.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The bytes that no token has taken yet.
    pub fn rest(&self) -> &'a [u8] {
        self.source.get(self.position..).unwrap_or_default()
    }

    /// The next token, left where it is.
    ///
    /// # Errors
    ///
    /// As [`next_token`](Self::next_token).
    pub fn peek(&self) -> Result<Token<'a>, LexError> {
        self.clone().next_token()
    }

    /// Takes the next token if it is the punctuation byte `byte`, which must be none that a comment, a string or a
    /// number begins with. Answers whether it was.
    #[inline]
    pub fn take(&mut self, byte: u8) -> bool {
        debug_assert!(!matches!(byte, b'#' | b'"' | b'-'));
        self.skip_blanks();
        let taken = self.source.get(self.position) == Some(&byte);
        self.position += usize::from(taken);
        taken
    }

    /// Takes the next token if it is the unquoted word `word`, in any case. Answers whether it was.
    #[inline]
    pub fn take_word(&mut self, word: &str) -> bool {
        self.skip_blanks();
        let rest = self.rest();
        let taken = rest
            .get(..word.len())
            .is_some_and(|text| text.eq_ignore_ascii_case(word.as_bytes()))
            && rest
                .get(word.len())
                .is_none_or(|&next| CLASS[usize::from(next)] & WORD == 0);
        self.position += if taken { word.len() } else { 0 };
        taken
    }

    /// Takes the next token. At the end of the source it is [`TokenKind::End`], as often as asked.
    ///
    /// # Errors
    ///
    /// [`LexErrorReason::UnterminatedString`]; the lexer then stands at the end of the source.
    // Inlined, or else each token is copied twice on its way into a caller's own error type.
    #[inline(always)]
    pub fn next_token(&mut self) -> Result<Token<'a>, LexError> {
        self.skip_blanks();
        let start = self.position;
        let Some(&first) = self.source.get(start) else {
            return Ok(self.token(TokenKind::End, start));
        };
        let class = CLASS[usize::from(first)];
        if class & ALPHA != 0 {
            let all = self.take_run(class);
            let kind = if all & HEX != 0 {
                TokenKind::NumberOrName
            } else {
                TokenKind::Name
            };
            return Ok(self.token(kind, start));
        }
        if class & (DIGIT | MINUS) != 0 {
            return Ok(self.number_token(start, class));
        }
        if first == b'"' {
            return self.string_token(start);
        }
        self.position += 1;
        Ok(self.token(TokenKind::Punctuation(first), start))
    }

    /// Passes white space and comments: then the next token begins at the position.
    #[inline]
    pub(crate) fn skip_blanks(&mut self) {
        while let Some(&byte) = self.source.get(self.position) {
            if CLASS[usize::from(byte)] & SPACE != 0 {
                self.position += 1;
            } else if byte == b'#' {
                let rest = &self.source[self.position..];
                self.position += rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
            } else {
                return;
            }
        }
    }

    /// Takes the rest of a run of word bytes; answers the classes that all of them share.
    fn take_run(&mut self, first: u8) -> u8 {
        let mut all = first;
        self.position += 1;
        while let Some(&byte) = self.source.get(self.position) {
            let class = CLASS[usize::from(byte)];
            if class & WORD == 0 {
                break;
            }
            all &= class;
            self.position += 1;
        }
        all
    }

    fn number_token(&mut self, start: usize, class: u8) -> Token<'a> {
        // A leading minus keeps a number a number.
        let first = if class & MINUS != 0 {
            DIGIT | HEX | WORD
        } else {
            class
        };
        let all = self.take_run(first);
        let kind = match &self.source[start..self.position] {
            [b'-'] => TokenKind::Punctuation(b'-'),
            _ if all & DIGIT != 0 => TokenKind::Number,
            _ if all & HEX != 0 => TokenKind::NumberOrName,
            [b'0', b'x' | b'X', digits @ ..]
                if !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit) =>
            {
                TokenKind::NumberOrName
            }
            _ => TokenKind::Name,
        };
        self.token(kind, start)
    }

    fn string_token(&mut self, start: usize) -> Result<Token<'a>, LexError> {
        let mut at = start + 1;
        loop {
            match self.source.get(at) {
                Some(b'"') => break,
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
                None => {
                    self.position = self.source.len();
                    return Err(LexError {
                        offset: start,
                        reason: LexErrorReason::UnterminatedString,
                    });
                }
            }
        }
        self.position = at + 1;
        let span = Span {
            start,
            end: self.position,
        };
        Ok(Token {
            kind: TokenKind::String,
            span,
            text: &self.source[start + 1..at],
        })
    }

    fn token(&self, kind: TokenKind, start: usize) -> Token<'a> {
        let span = Span {
            start,
            end: self.position,
        };
        Token {
            kind,
            span,
            text: &self.source[start..self.position],
        }
    }
}

const SPACE: u8 = 1;
const ALPHA: u8 = 2;
const DIGIT: u8 = 4;
const HEX: u8 = 8;
const WORD: u8 = 16;
const MINUS: u8 = 32;

/// The classes of each byte.
static CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 128 {
        let byte = index as u8;
        let mut class = 0;
        if matches!(byte, b' ' | b'\t'..=b'\r') {
            class |= SPACE;
        }
        if byte.is_ascii_alphabetic() {
            class |= ALPHA | WORD;
        }
        if byte.is_ascii_digit() {
            class |= DIGIT | WORD;
        }
        if byte.is_ascii_hexdigit() {
            class |= HEX;
        }
        if byte == b'-' {
            class |= MINUS | WORD;
        }
        if byte == b'_' {
            class |= WORD;
        }
        table[index] = class;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::TokenKind::{End, Name, Number, NumberOrName, Punctuation};
    use super::*;
    use proptest::prelude::*;

    fn kinds(source: &str) -> Vec<(TokenKind, &str)> {
        let mut lexer = Lexer::new(source);
        let mut tokens = Vec::new();
        loop {
            let token = lexer.next_token().unwrap();
            assert_eq!(lexer.source()[..lexer.position()].len(), token.span.end);
            if token.is_end() {
                return tokens;
            }
            tokens.push((token.kind, std::str::from_utf8(token.text).unwrap()));
        }
    }

    #[test]
    fn words_are_classed_as_isc_classes_them() {
        for (text, kind) in [
            ("1234", Number),
            ("-7", Number),
            ("1f", NumberOrName),
            ("dead", NumberOrName),
            ("0x1F", NumberOrName),
            ("-f", NumberOrName),
            ("0x", Name),
            ("0x1g", Name),
            ("10-20", Name),
            ("--", Name),
            ("-", Punctuation(b'-')),
            ("client-hostname", Name),
            ("a_b", Name),
            ("lease", Name),
        ] {
            assert_eq!(kinds(text), [(kind, text)], "{text}");
        }
        assert_eq!(kinds("_"), [(Punctuation(b'_'), "_")]);
    }

    #[test]
    fn addresses_and_hardware_addresses_fall_apart() {
        let texts = |source| {
            kinds(source)
                .iter()
                .map(|&(_, text)| text.to_owned())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(
            texts("10.77.0.1;00:11:aA"),
            "10 . 77 . 0 . 1 ; 00 : 11 : aA"
        );
        assert_eq!(texts("a{b}# c ; d\n#\n e#f"), "a { b } e");
    }

    #[test]
    fn strings_keep_their_quotes_out_and_their_span_whole() {
        let source = br#"x "a\"b\\" y"#;
        let mut lexer = Lexer::new(source);
        lexer.next_token().unwrap();
        assert_eq!(lexer.peek(), lexer.clone().next_token());
        let token = lexer.next_token().unwrap();
        assert_eq!(
            (token.kind, token.text),
            (TokenKind::String, &br#"a\"b\\"#[..])
        );
        assert_eq!(token.span.of(source), br#""a\"b\\""#);
        assert_eq!(token.string().unwrap().unwrap().as_ref(), br#"a"b\"#);
        assert!(lexer.next_token().unwrap().is_word("Y"));
        assert_eq!(lexer.next_token().unwrap().kind, End);
    }

    #[test]
    fn a_token_is_taken_only_if_it_is_the_one_asked_for() {
        let mut lexer = Lexer::new(" # c\n State states ;x");
        assert!(!lexer.take(b';') && !lexer.take_word("stat") && !lexer.take_word("states"));
        assert!(lexer.take_word("state") && !lexer.take_word("state") && lexer.take_word("STATES"));
        assert!(lexer.take(b';') && !lexer.take(b';') && lexer.take_word("x"));
        assert!(!lexer.take(b';') && !lexer.take_word("x") && lexer.next_token().unwrap().is_end());
    }

    #[test]
    fn a_bad_escape_is_an_error_at_its_backslash() {
        let token = Lexer::new("  \"a\\x\"").next_token().unwrap();
        assert_eq!(token.string().unwrap().unwrap_err().offset, 4);
        assert_eq!(Lexer::new("a").next_token().unwrap().string(), None);
    }

    #[test]
    fn an_open_string_is_an_error_at_its_quote() {
        for source in ["ab \"cd", "ab \"cd\\", "ab \"cd\\\""] {
            let mut lexer = Lexer::new(source);
            lexer.next_token().unwrap();
            let error = lexer.next_token().unwrap_err();
            assert_eq!(
                error,
                LexError {
                    offset: 3,
                    reason: LexErrorReason::UnterminatedString
                }
            );
            assert!(lexer.next_token().unwrap().is_end());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_lex_in_order_and_to_the_end(source: Vec<u8>) {
            let mut lexer = Lexer::new(&source);
            let mut last = 0;
            while let Ok(token) = lexer.next_token() {
                prop_assert!(token.span.start >= last && token.span.end <= source.len());
                last = token.span.end;
                if token.is_end() {
                    break;
                }
                prop_assert!(token.span.end > token.span.start);
            }
            prop_assert_eq!(lexer.position(), source.len());
        }
    }
}
