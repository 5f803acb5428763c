//! Lines and columns.

/// Turns byte offsets into lines and columns.
///
/// Counts onward from the last place asked for, so that places asked in order cost one pass over the source in all.
#[derive(Debug, Clone)]
pub struct LineIndex<'a> {
    source: &'a [u8],
    line: usize,
    line_start: usize,
}

/// A place in a source, as people name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location<'a> {
    /// Line, from 1.
    pub line: usize,
    /// Byte in the line, from 1.
    pub column: usize,
    /// The whole line, without its newline.
    pub text: &'a [u8],
}

impl<'a> LineIndex<'a> {
    /// An index of `source`.
    pub fn new<S: AsRef<[u8]> + ?Sized>(source: &'a S) -> Self {
        Self {
            source: source.as_ref(),
            line: 1,
            line_start: 0,
        }
    }

    /// Where byte `offset` stands; an offset behind the end stands at the end.
    pub fn locate(&mut self, offset: usize) -> Location<'a> {
        let offset = offset.min(self.source.len());
        if offset < self.line_start {
            (self.line, self.line_start) = (1, 0);
        }
        let passed = &self.source[self.line_start..offset];
        if let Some(last) = passed.iter().rposition(|&byte| byte == b'\n') {
            self.line += passed.iter().filter(|&&byte| byte == b'\n').count();
            self.line_start += last + 1;
        }
        let rest = &self.source[self.line_start..];
        let length = rest
            .iter()
            .position(|&byte| byte == b'\n')
            .unwrap_or(rest.len());
        Location {
            line: self.line,
            column: offset - self.line_start + 1,
            text: &rest[..length],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_in_any_order() {
        let source = "one\ntwo\n\nfour";
        let mut lines = LineIndex::new(source);
        let mut at = |offset| {
            let place = lines.locate(offset);
            (
                place.line,
                place.column,
                std::str::from_utf8(place.text).unwrap(),
            )
        };
        assert_eq!(at(0), (1, 1, "one"));
        assert_eq!(at(3), (1, 4, "one"));
        assert_eq!(at(4), (2, 1, "two"));
        assert_eq!(at(9), (4, 1, "four"));
        assert_eq!(at(8), (3, 1, ""));
        assert_eq!(at(99), (4, 5, "four"));
        assert_eq!(at(1), (1, 2, "one"));
    }
}
