//! Domain names as RFC 1035 puts them on the wire, for the options that hold them.

/// Longest name on the wire, with its length bytes and the root (RFC 1035 §2.3.4).
const MAX_NAME: usize = 255;

/// Longest label (RFC 1035 §2.3.4).
const MAX_LABEL: usize = 63;

/// Offsets that a compression pointer can hold: 14 bits (RFC 1035 §4.1.4).
const MAX_POINTER: usize = 0x3fff;

/// Names one after the other; with `compressed`, the tail of a name that has been written before is a pointer to it
/// (RFC 3397), as offsets from the start of the option.
pub(crate) struct DomainWriter {
    bytes: Vec<u8>,
    compressed: bool,
    /// Where each written tail of labels starts.
    tails: Vec<(Vec<Vec<u8>>, usize)>,
}

impl DomainWriter {
    pub(crate) fn new(compressed: bool) -> Self {
        Self {
            bytes: Vec::new(),
            compressed,
            tails: Vec::new(),
        }
    }

    /// Appends a name.
    ///
    /// # Errors
    /// What is wrong with the name.
    pub(super) fn push(&mut self, name: &[u8]) -> Result<(), &'static str> {
        self.push_labels(&labels(name)?);
        Ok(())
    }

    /// Appends a name in parts, each of 1 to 63 bytes.
    pub(crate) fn push_labels(&mut self, labels: &[Vec<u8>]) {
        if self.compressed {
            self.push_compressed(labels);
        } else {
            labels
                .iter()
                .for_each(|label| push_label(&mut self.bytes, label));
            self.bytes.push(0);
        }
    }

    fn push_compressed(&mut self, labels: &[Vec<u8>]) {
        for (skip, label) in labels.iter().enumerate() {
            let tail = &labels[skip..];
            if let Some((_, offset)) = self.tails.iter().find(|(known, _)| same_names(known, tail))
            {
                let pointer =
                    0xc000 | u16::try_from(*offset).expect("only offsets of 14 bits are kept");
                self.bytes.extend(pointer.to_be_bytes());
                return;
            }
            if self.bytes.len() <= MAX_POINTER {
                self.tails.push((tail.to_vec(), self.bytes.len()));
            }
            push_label(&mut self.bytes, label);
        }
        self.bytes.push(0);
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads names as they stand on the wire, pointers included; `None` where they make no sense.
pub(crate) fn read_names(bytes: &[u8]) -> Option<Vec<Vec<Vec<u8>>>> {
    let mut names = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let mut name = Vec::new();
        let mut from = at;
        let mut length = 1;
        // Where the next name begins: behind the first pointer or the end of this one.
        let mut behind = None;
        loop {
            let len = usize::from(*bytes.get(from)?);
            if len > MAX_LABEL {
                let low = usize::from(*bytes.get(from + 1)?);
                behind = behind.or(Some(from + 2));
                let target = (len & 0x3f) << 8 | low;
                // A pointer leads back: none can go round.
                if len < 0xc0 || target >= from {
                    return None;
                }
                from = target;
                continue;
            }
            from += 1;
            if len == 0 {
                break;
            }
            name.push(bytes.get(from..from + len)?.to_vec());
            from += len;
            length += len + 1;
            if length > MAX_NAME {
                return None;
            }
        }
        at = behind.unwrap_or(from);
        names.push(name);
    }
    Some(names)
}

fn push_label(bytes: &mut Vec<u8>, label: &[u8]) {
    bytes.push(u8::try_from(label.len()).expect("a label has at most 63 bytes"));
    bytes.extend(label);
}

fn same_names(a: &[Vec<u8>], b: &[Vec<u8>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

/// Cuts a name into labels. Nothing is the root, as in ISC. A dot at the end is allowed; `\.` is a dot in a label and `\DDD` the byte of that number.
fn labels(name: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    let mut labels = Vec::new();
    let mut label = Vec::new();
    let mut rest = name;
    if rest.is_empty() || rest == b"." {
        return Ok(labels);
    }
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'.' => {
                labels.push(checked_label(std::mem::take(&mut label))?);
                if rest.is_empty() {
                    return checked_name(labels);
                }
            }
            b'\\' => {
                let (byte, after) = escaped(rest)?;
                label.push(byte);
                rest = after;
            }
            _ => label.push(*byte),
        }
    }
    labels.push(checked_label(label)?);
    checked_name(labels)
}

fn escaped(rest: &[u8]) -> Result<(u8, &[u8]), &'static str> {
    match rest {
        [
            a @ b'0'..=b'9',
            b @ b'0'..=b'9',
            c @ b'0'..=b'9',
            after @ ..,
        ] => {
            let value = [a, b, c]
                .iter()
                .fold(0_u32, |sum, digit| sum * 10 + u32::from(**digit - b'0'));
            let byte = u8::try_from(value).map_err(|_| "an escape over \\255")?;
            Ok((byte, after))
        }
        [byte, after @ ..] => Ok((*byte, after)),
        [] => Err("a backslash at the end"),
    }
}

fn checked_label(label: Vec<u8>) -> Result<Vec<u8>, &'static str> {
    match label.len() {
        0 => Err("an empty label"),
        1..=MAX_LABEL => Ok(label),
        _ => Err("a label of more than 63 bytes"),
    }
}

fn checked_name(labels: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, &'static str> {
    let length = labels.iter().map(|label| label.len() + 1).sum::<usize>() + 1;
    if length > MAX_NAME {
        return Err("a name of more than 255 bytes");
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(compressed: bool, names: &[&str]) -> Vec<u8> {
        let mut writer = DomainWriter::new(compressed);
        for name in names {
            writer.push(name.as_bytes()).unwrap();
        }
        writer.finish()
    }

    #[test]
    fn plain_names_stand_in_full() {
        assert_eq!(write(false, &["a.bc", "bc."]), b"\x01a\x02bc\0\x02bc\0");
        assert_eq!(write(false, &[".", ""]), b"\0\0");
        assert_eq!(write(false, &[r"a\.b\046c"]), b"\x05a.b.c\0");
    }

    #[test]
    fn tails_become_pointers_in_any_case() {
        assert_eq!(
            write(
                true,
                &["example.org", "sub.Example.org", "org", "example.com"]
            ),
            b"\x07example\x03org\0\x03sub\xc0\x00\xc0\x08\x07example\x03com\0"
        );
    }

    #[test]
    fn names_are_read_as_they_were_written() {
        let names = ["example.org", "sub.example.org", "org", "other"];
        for compressed in [false, true] {
            let read = read_names(&write(compressed, &names)).unwrap();
            let shown: Vec<Vec<u8>> = read.iter().map(|labels| labels.join(&b'.')).collect();
            assert_eq!(shown, names.map(str::as_bytes));
        }
        for bad in [
            &b"\x03ab"[..],
            b"\xc0\x00",
            b"\x01a\xc0\x09",
            b"\x40a",
            b"\x01a",
        ] {
            assert_eq!(read_names(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn limits() {
        let long = "x".repeat(64);
        let many = "abcdefg.".repeat(32);
        for (name, error) in [
            ("a..b", "an empty label"),
            (".a", "an empty label"),
            (long.as_str(), "a label of more than 63 bytes"),
            (many.as_str(), "a name of more than 255 bytes"),
            ("a\\", "a backslash at the end"),
            ("\\256", "an escape over \\255"),
        ] {
            assert_eq!(
                DomainWriter::new(false).push(name.as_bytes()),
                Err(error),
                "{name}"
            );
        }
        assert!(DomainWriter::new(true).push(&[b'a'; 63]).is_ok());
    }
}
