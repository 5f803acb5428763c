//! Our comment line inside of a lease record: sequence number, expiry times that dhcpd has no field for, checksum.
//!
//! ```text
//!   # s=18 sent=1795448110 received=1795448000 c=89abcdef
//! ```
//!
//! It is the last line before the closing brace, so that a record which is whole has it too: had it stood behind the
//! brace, a file that ends between the two would hold a record that looks plain and has lost its times. dhcpd skips
//! comments anywhere. `c` is the CRC-32C of all from the record's first word to the blank before `c`.

use crate::leases::text::{put_decimal, put_hex_byte};

/// What the comment line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// `s`: number of this record among the marked ones of its file, from 1.
    pub(crate) sequence: u64,
    /// `sent`: as [`LeaseRecord::sent`](crate::leases::LeaseRecord::sent).
    pub(crate) sent: Option<u32>,
    /// `received`: as [`LeaseRecord::received`](crate::leases::LeaseRecord::received).
    pub(crate) received: Option<u32>,
}

/// A comment line that should be a mark and isn't, or whose checksum is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadMark;

impl Mark {
    /// Appends the line to the record that began at `start` in `out` and lacks only its closing brace.
    pub(crate) fn write(&self, start: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\n  # s=");
        put_decimal(self.sequence, out);
        for (name, value) in [
            (b" sent=".as_slice(), self.sent),
            (b" received=", self.received),
        ] {
            if let Some(value) = value {
                out.extend_from_slice(name);
                put_decimal(u64::from(value), out);
            }
        }
        let checksum = crc32c::crc32c(&out[start..]);
        out.extend_from_slice(CHECKSUM);
        for byte in checksum.to_be_bytes() {
            put_hex_byte(byte, out);
        }
    }

    /// Finds and checks the mark of a record.
    ///
    /// `record` runs from its first word to before its closing brace; from `gap` on it holds no statement. A
    /// comment of somebody else's is no mark; but what begins or ends as a mark does must be one, or else one flipped
    /// bit could turn a mark into a mere comment.
    pub(crate) fn read(record: &[u8], gap: usize) -> Result<Option<Self>, BadMark> {
        let Some((start, comment)) = marked_comment(record, gap) else {
            return Ok(None);
        };
        let (fields, checksum) = split_checksum(comment).ok_or(BadMark)?;
        if crc32c::crc32c(&record[..start + fields.len()]) != checksum {
            return Err(BadMark);
        }
        Self::parse(fields).map(Some).ok_or(BadMark)
    }

    fn parse(fields: &[u8]) -> Option<Self> {
        let mut words = fields.split(|&byte| byte == b' ').skip(1);
        let sequence = number(words.next()?.strip_prefix(b"s=")?)?;
        let mut mark = Self {
            sequence,
            sent: None,
            received: None,
        };
        for word in words {
            if let Some(value) = word.strip_prefix(b"sent=") {
                mark.sent = Some(number(value)?.try_into().ok()?);
            } else if let Some(value) = word.strip_prefix(b"received=") {
                mark.received = Some(number(value)?.try_into().ok()?);
            } else {
                return None;
            }
        }
        Some(mark)
    }
}

const SEQUENCE: &[u8] = b"# s=";
const CHECKSUM: &[u8] = b" c=";
const CHECKSUM_DIGITS: usize = 8;

/// The first comment from `gap` on that looks like a mark, and its offset.
fn marked_comment(record: &[u8], gap: usize) -> Option<(usize, &[u8])> {
    let mut start = gap;
    for line in record[gap..].split(|&byte| byte == b'\n') {
        if let Some(hash) = line.iter().position(|&byte| byte == b'#') {
            let comment = line[hash..].trim_ascii_end();
            if comment.starts_with(SEQUENCE) || ends_in_checksum(comment) {
                return Some((start + hash, comment));
            }
        }
        start += line.len() + 1;
    }
    None
}

fn ends_in_checksum(comment: &[u8]) -> bool {
    let at = comment.len().checked_sub(CHECKSUM.len() + CHECKSUM_DIGITS);
    at.is_some_and(|at| comment[at..].starts_with(CHECKSUM))
}

/// All before ` c=`, and the checksum behind it.
fn split_checksum(line: &[u8]) -> Option<(&[u8], u32)> {
    let (fields, checksum) =
        line.split_at_checked(line.len().checked_sub(CHECKSUM_DIGITS + CHECKSUM.len())?)?;
    let digits = checksum.strip_prefix(CHECKSUM)?;
    let mut value = 0;
    for &digit in digits {
        value = value << 4 | char::from(digit).to_digit(16)?;
    }
    Some((fields, value))
}

fn number(digits: &[u8]) -> Option<u64> {
    let all_digits = digits.iter().all(u8::is_ascii_digit);
    all_digits.then(|| std::str::from_utf8(digits).ok()?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &[u8] = b"lease 10.77.0.100 {\n  ends never;";

    fn mark() -> Mark {
        Mark {
            sequence: 18,
            sent: Some(5),
            received: Some(0),
        }
    }

    fn marked() -> Vec<u8> {
        let mut record = b"before".to_vec();
        record.extend_from_slice(RECORD);
        mark().write(6, &mut record);
        record.split_off(6)
    }

    #[test]
    fn the_line_has_the_crc_32c_of_all_before_it() {
        // Check value of CRC-32C, by the catalogue of parametrised CRC algorithms.
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
        let line = b"\n  # s=18 sent=5 received=0";
        let checksum = crc32c::crc32c(&[RECORD, line].concat());
        let expected = [RECORD, line, format!(" c={checksum:08x}").as_bytes()].concat();
        assert_eq!(marked(), expected);
        assert_eq!(
            Mark::read(&[&expected[..], b"\n"].concat(), RECORD.len()),
            Ok(Some(mark()))
        );
    }

    #[test]
    fn other_comments_are_no_marks() {
        for comment in [
            "",
            "\n",
            " # ends c=\n",
            "\n  # a person's words\n",
            "\n# c=0123456",
            "\n #  s=1\n",
        ] {
            let record = [RECORD, comment.as_bytes()].concat();
            assert_eq!(Mark::read(&record, RECORD.len()), Ok(None), "{comment}");
        }
    }

    #[test]
    fn a_damaged_mark_is_never_taken_for_another_comment() {
        let record = marked();
        for offset in 0..record.len() {
            // The gap and the comment sign themselves are the parser's to find.
            if (RECORD.len()..RECORD.len() + 4).contains(&offset) {
                continue;
            }
            for bit in 0..8 {
                let mut record = record.clone();
                record[offset] ^= 1 << bit;
                let read = Mark::read(&record, RECORD.len());
                // Hexadecimal digits in capitals are the same checksum.
                assert!(
                    matches!(read, Err(BadMark)) || read == Ok(Some(mark())),
                    "{offset}.{bit}: {read:?}"
                );
            }
        }
    }

    #[test]
    fn fields_that_are_none_of_ours_are_damage_even_with_their_checksum() {
        for line in [
            "\n  # s=x",
            "\n  # s=1 lost=4",
            "\n  # s=1 sent=4294967296",
            "\n  # s=1 sent=",
            "\n  # t=1",
        ] {
            let mut record = [RECORD, line.as_bytes()].concat();
            let checksum = crc32c::crc32c(&record);
            record.extend_from_slice(format!(" c={checksum:08x}").as_bytes());
            assert_eq!(Mark::read(&record, RECORD.len()), Err(BadMark), "{line}");
        }
    }
}
