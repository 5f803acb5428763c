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
    /// The text of that line, without its newline.
    pub source_line: String,
    /// What is wrong: ISC's own words where ISC has a message for it.
    pub message: String,
    /// What would have been right, where that can be said.
    pub expected: Option<String>,
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
        if self.line > 0 {
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
    fn control_characters_are_not_shown() {
        let d = Diagnostic {
            source_line: "a\x1b[2Jb".into(),
            ..sample()
        };
        assert!(!d.to_string().contains('\x1b'));
    }
}
