//! What a reader of these formats has to say about a text: errors and warnings with their place.

use std::fmt;

/// How bad a [`Diagnostic`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The text is accepted, but its author should know about this.
    Warning,
    /// The text is rejected.
    Error,
}

/// One message about a place in a text.
///
/// [`Display`](fmt::Display) gives ISC's layout, which operators and their tools know:
///
/// ```text
/// dhcpd.conf line 22: semicolon expected.
///   option domain-name-servers 10.77.60.53;
///   ^^^^^^
/// expected `;` after the value of option domain-name
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// The file as it was named to the parser or in the `include` statement.
    pub file: String,
    /// Line of the token that did not fit, from 1; 0 when the message has no place.
    pub line: u32,
    /// Column of that token in characters, from 1.
    pub column: u32,
    /// Length of that token in characters, at least 1.
    pub len: u32,
    /// The text of that line, without its newline. A long line may end some way behind the token, and one in which the token stands very
    /// far behind may be left out: then this is empty.
    pub source_line: String,
    /// What is wrong: ISC's own words where ISC has a message for it.
    pub message: String,
    /// What would have been right, where that can be said.
    pub expected: Option<String>,
}

/// How far behind in its line a token may stand for the line to be kept, in bytes: a file that is one line of many megabytes
/// must not be kept once for each message.
const MAX_BEFORE: usize = 4096;

/// How much of a line is kept from its token on, in bytes.
const MAX_AFTER: usize = 200;

/// The line that starts at `line_start`, for a message about the token at `offset`.
pub(crate) fn source_line(source: &[u8], line_start: usize, offset: usize) -> String {
    if offset - line_start > MAX_BEFORE {
        return String::new();
    }
    let rest = &source[offset..source.len().min(offset + MAX_AFTER)];
    let end = rest
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(rest.len());
    let line = String::from_utf8_lossy(&source[line_start..offset + end]);
    line.trim_end_matches('\r').to_owned()
}

/// True for the bytes of a character in UTF-8 behind its first one.
pub(crate) fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// Longest part of a source line that is shown, in characters: a terminal's width, twice.
const MAX_SHOWN: usize = 160;

impl Diagnostic {
    /// True if the text is rejected for this.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, " line {}", self.line)?;
        }
        f.write_str(": ")?;
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        f.write_str(&self.message)?;
        if self.line > 0 && !self.source_line.is_empty() {
            write_source(f, self)?;
        }
        match &self.expected {
            Some(expected) => write!(f, "\nexpected {expected}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostic {}

/// The source line and a marker under the token; tabs stay tabs, so that the two line up.
fn write_source(f: &mut fmt::Formatter<'_>, d: &Diagnostic) -> fmt::Result {
    let column = (d.column.max(1) - 1) as usize;
    // A long line is shown from somewhere before the token.
    let skip = if column < MAX_SHOWN {
        0
    } else {
        column - MAX_SHOWN / 2
    };
    let shown: String = d
        .source_line
        .chars()
        .skip(skip)
        .take(MAX_SHOWN)
        .map(printable)
        .collect();
    let blank: String = shown
        .chars()
        .take(column - skip)
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let room = shown.chars().count().saturating_sub(column - skip).max(1);
    let marker = "^".repeat((d.len.max(1) as usize).min(room));
    write!(f, "\n{shown}\n{blank}{marker}")
}

/// Control characters other than a tab could do things to a terminal.
fn printable(c: char) -> char {
    if c.is_control() && c != '\t' {
        '\u{fffd}'
    } else {
        c
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            file: "dhcpd.conf".into(),
            line: 3,
            column: 2,
            len: 4,
            source_line: "\tpool 5;".into(),
            message: "semicolon expected.".into(),
            expected: Some("`;`".into()),
        }
    }

    #[test]
    fn marker_stands_under_the_token_behind_a_tab() {
        assert_eq!(
            sample().to_string(),
            "dhcpd.conf line 3: semicolon expected.\n\tpool 5;\n\t^^^^\nexpected `;`"
        );
    }

    #[test]
    fn a_message_without_a_place_has_no_line() {
        let d = Diagnostic {
            line: 0,
            expected: None,
            severity: Severity::Warning,
            ..sample()
        };
        assert_eq!(d.to_string(), "dhcpd.conf: warning: semicolon expected.");
    }

    #[test]
    fn a_long_line_is_cut_around_the_token() {
        let d = Diagnostic {
            column: 1001,
            source_line: "x".repeat(5000),
            ..sample()
        };
        let text = d.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1].len(), MAX_SHOWN);
        assert_eq!(lines[2], format!("{}^^^^", " ".repeat(MAX_SHOWN / 2)));
    }

    #[test]
    fn a_huge_line_is_not_kept() {
        let source = b"one\ntwo three\r\nfour";
        assert_eq!(source_line(source, 4, 8), "two three");
        assert_eq!(source_line(source, 15, 19), "four");
        assert_eq!(source_line(&[b'x'; 9000], 0, 100).len(), 100 + MAX_AFTER);
        assert_eq!(source_line(&[b'x'; 9000], 0, 4097), "");
        let text = Diagnostic {
            source_line: String::new(),
            ..sample()
        }
        .to_string();
        assert_eq!(text, "dhcpd.conf line 3: semicolon expected.\nexpected `;`");
    }

    #[test]
    fn control_characters_are_not_shown() {
        let d = Diagnostic {
            source_line: "a\x1b[2Jb".into(),
            ..sample()
        };
        assert!(!d.to_string().contains('\x1b'));
    }
}
