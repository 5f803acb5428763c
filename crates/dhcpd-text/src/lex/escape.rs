//! Escapes in quoted strings, and what can be wrong with a string.

use std::borrow::Cow;

/// Decodes the escapes of a string's text: `\t`, `\r`, `\n`, `\b` (backspace), `\ooo` in octal with a first digit of
/// 0 to 3, `\xhh` in hexadecimal; any other byte after a backslash stands for itself.
///
/// Borrows where there is no backslash.
///
/// # Errors
///
/// [`LexErrorReason::HexEscape`] and [`LexErrorReason::OctalEscape`], with the offset of the backslash in `text`.
/// (ISC warns of them and reads on with a damaged string.)
pub fn unescape(text: &[u8]) -> Result<Cow<'_, [u8]>, LexError> {
    if !text.contains(&b'\\') {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if byte != b'\\' {
            bytes.push(byte);
            at += 1;
            continue;
        }
        let (value, taken) =
            escape(&text[at + 1..]).map_err(|reason| LexError { offset: at, reason })?;
        bytes.push(value);
        at += 1 + taken;
    }
    Ok(Cow::Owned(bytes))
}

/// Text that is no token, or no string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct LexError {
    /// Offset of the first byte that is wrong.
    pub offset: usize,
    /// What is wrong.
    pub reason: LexErrorReason,
}

/// What is wrong with a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LexErrorReason {
    /// The source ends inside it. The offset is that of its opening quote.
    #[error("the string that starts here has no closing quote")]
    UnterminatedString,
    /// `\x` without two hexadecimal digits.
    #[error("expected two hexadecimal digits after \\x")]
    HexEscape,
    /// `\0` to `\3` without two more octal digits.
    #[error("expected three octal digits after the backslash")]
    OctalEscape,
}

/// The byte that an escape stands for, and how many bytes after the backslash it takes.
fn escape(rest: &[u8]) -> Result<(u8, usize), LexErrorReason> {
    let digit = |at: usize, radix| {
        rest.get(at)
            .and_then(|&byte| char::from(byte).to_digit(radix))
    };
    match rest.first() {
        Some(b't') => Ok((b'\t', 1)),
        Some(b'r') => Ok((b'\r', 1)),
        Some(b'n') => Ok((b'\n', 1)),
        Some(b'b') => Ok((0x08, 1)),
        Some(first @ b'0'..=b'3') => match (digit(1, 8), digit(2, 8)) {
            (Some(middle), Some(last)) => {
                Ok(((first - b'0') << 6 | (middle as u8) << 3 | last as u8, 3))
            }
            _ => Err(LexErrorReason::OctalEscape),
        },
        Some(b'x') => match (digit(1, 16), digit(2, 16)) {
            (Some(high), Some(low)) => Ok(((high as u8) << 4 | low as u8, 3)),
            _ => Err(LexErrorReason::HexEscape),
        },
        Some(&other) => Ok((other, 1)),
        None => Ok((b'\\', 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(
            unescape(br"\t\r\n\b\q\4").unwrap().as_ref(),
            b"\t\r\n\x08q4"
        );
        assert_eq!(
            unescape(br"\000\377\x0a\xFf1").unwrap().as_ref(),
            b"\0\xff\x0a\xff1"
        );
        assert!(matches!(unescape(b"plain"), Ok(Cow::Borrowed(b"plain"))));
        assert_eq!(
            unescape(br"ab\01").unwrap_err(),
            LexError {
                offset: 2,
                reason: LexErrorReason::OctalEscape
            }
        );
        assert_eq!(
            unescape(br"ab\xg0").unwrap_err(),
            LexError {
                offset: 2,
                reason: LexErrorReason::HexEscape
            }
        );
    }
}
