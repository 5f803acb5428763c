//! Lease files as tokens. A lexer of its own: the comparison mustn't share a mistake with the reader that it judges.

/// A word, number or address part; a string; or a single character.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Token {
    Word(String),
    Text(Vec<u8>),
    Sign(u8),
}

impl Token {
    pub(crate) fn is(&self, sign: u8) -> bool {
        *self == Self::Sign(sign)
    }

    /// A word in small letters; empty for anything else.
    pub(crate) fn word(&self) -> String {
        match self {
            Self::Word(word) => word.to_ascii_lowercase(),
            _ => String::new(),
        }
    }
}

/// All tokens of a file, comments left out.
///
/// # Panics
///
/// A string has no end.
pub(crate) fn tokens(source: &[u8]) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let [first, more @ ..] = rest {
        rest = match first {
            b'#' => {
                let end = rest.iter().position(|&byte| byte == b'\n');
                &rest[end.unwrap_or(rest.len())..]
            }
            b'"' => {
                let (text, behind) = text(more);
                tokens.push(Token::Text(text));
                behind
            }
            byte if is_word(*byte) => {
                let end = rest.iter().position(|&byte| !is_word(byte));
                let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
                tokens.push(Token::Word(String::from_utf8_lossy(word).into_owned()));
                behind
            }
            byte if byte.is_ascii_whitespace() => more,
            byte => {
                tokens.push(Token::Sign(*byte));
                more
            }
        };
    }
    tokens
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// A string behind its first quote, and what is behind its last.
fn text(mut rest: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut text = Vec::new();
    loop {
        rest = match rest {
            [b'"', more @ ..] => return (text, more),
            [
                b'\\',
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                more @ ..,
            ] => {
                text.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                more
            }
            [b'\\', escaped, more @ ..] => {
                text.push(match escaped {
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'n' => b'\n',
                    b'b' => 8,
                    other => *other,
                });
                more
            }
            [byte, more @ ..] => {
                text.push(*byte);
                more
            }
            [] => panic!("a string has no end"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_of_tokens() {
        let found = tokens(b"uid \"a\\001\\\"\\\\\"; # not this\n1:aF -3");
        let word = |word: &str| Token::Word(word.into());
        assert_eq!(
            found,
            [
                word("uid"),
                Token::Text(b"a\x01\"\\".to_vec()),
                Token::Sign(b';'),
                word("1"),
                Token::Sign(b':'),
                word("aF"),
                word("-3"),
            ]
        );
    }
}
