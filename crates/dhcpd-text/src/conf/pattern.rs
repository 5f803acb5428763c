//! Regular expressions of `~=` and `~~`.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};

/// Longest pattern, bytes: far more than anyone writes.
const MAX_LEN: usize = 4096;

/// Room for a compiled pattern, bytes: what any sensible one takes, and little memory.
const MAX_COMPILED: usize = 256 << 10;

/// A compiled regular expression. Searching takes time linear in what is searched, whatever the pattern.
///
/// ISC dhcpd takes POSIX's extended regular expressions. Here more is understood (`\d`, `(?i)`), and what POSIX has and
/// this hasn't, such as `[[.x.]]`, is no pattern.
#[derive(Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles a pattern; `any_case` lets letters stand for themselves in any case.
    ///
    /// As in ISC dhcpd the pattern ends at its first zero byte. `None` if it is no regular expression, or too long.
    #[must_use]
    pub fn new(pattern: &[u8], any_case: bool) -> Option<Self> {
        let pattern = until_nul(pattern);
        if pattern.len() > MAX_LEN {
            return None;
        }
        // Bytes over 127 stand for themselves, in whatever encoding.
        let mut text = String::with_capacity(pattern.len());
        for &byte in pattern {
            match byte.is_ascii() {
                true => text.push(char::from(byte)),
                false => text.push_str(&format!("\\x{byte:02x}")),
            }
        }
        let mut builder = RegexBuilder::new(&text);
        builder.unicode(false).case_insensitive(any_case);
        builder.dot_matches_new_line(true).nest_limit(50);
        builder
            .size_limit(MAX_COMPILED)
            .dfa_size_limit(MAX_COMPILED);
        builder.build().ok().map(Self)
    }

    /// Whether it is found anywhere in `subject`, up to its first zero byte.
    #[must_use]
    pub fn is_match(&self, subject: &[u8]) -> bool {
        self.0.is_match(until_nul(subject))
    }
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| *byte == 0);
    &bytes[..end.unwrap_or(bytes.len())]
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_posix_has_it() {
        let matches = |pattern: &str, subject: &str| {
            Pattern::new(pattern.as_bytes(), false).is_some_and(|p| p.is_match(subject.as_bytes()))
        };
        assert!(matches("^MSFT [0-9]", "MSFT 5.0"));
        assert!(!matches("^MSFT [0-9]", "xMSFT 5.0"));
        assert!(matches("a|b", "xbx") && matches("", "anything"));
        assert!(matches("^[[:alpha:]]+$", "abc") && matches("a.c", "a\nc"));
        assert!(!matches("(", "("), "no pattern matches nothing");
    }

    #[test]
    fn zero_bytes_end_both() {
        let pattern = Pattern::new(b"abc\0(", false).unwrap();
        assert!(pattern.is_match(b"abc") && !pattern.is_match(b"x\0abc"));
        assert!(Pattern::new(b"\xff", false).unwrap().is_match(b"a\xff"));
    }

    #[test]
    fn any_case() {
        assert!(Pattern::new(b"^msft", true).unwrap().is_match(b"MSFT"));
    }

    #[test]
    fn patterns_that_cost_too_much_are_none() {
        assert!(Pattern::new(b"((a{100}){100}){100}", false).is_none());
        assert!(Pattern::new(&[b'a'; MAX_LEN + 1], false).is_none());
    }
}
