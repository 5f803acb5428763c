//! Lists of names and values.

/// A list of names and values as it stands in a message, already checked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Values<'a>(&'a [u8]);

impl<'a> Values<'a> {
    /// `list` is whole: names of at least one byte, each with its value, without the empty name at the end.
    pub(crate) fn new(list: &'a [u8]) -> Self {
        Self(list)
    }

    /// Whether there is no name in it.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The pairs as they stand. An empty value is none: it takes the name's value away.
    pub fn iter(self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let mut rest = self.0;
        std::iter::from_fn(move || next(&mut rest))
    }

    /// The pairs, without those that a later one of the same name replaces.
    pub fn last_of_each(self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            loop {
                let pair = next(&mut rest)?;
                if Self(rest).iter().all(|(later, _)| later != pair.0) {
                    return Some(pair);
                }
            }
        })
    }

    /// The value of `name`: the last one if it stands there more than once, `None` if that is empty.
    pub fn get(self, name: &str) -> Option<&'a [u8]> {
        let (_, value) = self.iter().filter(|(n, _)| *n == name.as_bytes()).last()?;
        (!value.is_empty()).then_some(value)
    }
}

/// The pair that the list begins with.
fn next<'a>(list: &mut &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let (len, rest) = list.split_first_chunk()?;
    let (name, rest) = rest.split_at_checked(u16::from_be_bytes(*len).into())?;
    let (len, rest) = rest.split_first_chunk()?;
    let (value, rest) = rest.split_at_checked(u32::from_be_bytes(*len) as usize)?;
    *list = rest;
    Some((name, value))
}

/// A value to be sent.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Value {
    /// A number, 4 bytes.
    Number(u32),
    /// Text, an address, or other bytes.
    Bytes(Vec<u8>),
}

impl Value {
    /// Appends its length and itself.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Number(number) => {
                out.extend_from_slice(&4_u32.to_be_bytes());
                out.extend_from_slice(&number.to_be_bytes());
            }
            Self::Bytes(bytes) => {
                out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
                out.extend_from_slice(bytes);
            }
        }
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Bytes(text.into())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}

/// A number, as 4 bytes carry it; anything else is none.
pub(crate) fn number(value: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(value.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[u8] = b"\0\x01a\0\0\0\x01x\0\x02bb\0\0\0\0\0\x01a\0\0\0\x02yz";

    #[test]
    fn the_last_of_a_name_counts() {
        let values = Values::new(LIST);
        assert_eq!(values.get("a"), Some(&b"yz"[..]));
        assert_eq!(values.get("bb"), None, "an empty value is none");
        assert_eq!(values.get("c"), None);
        assert_eq!(values.iter().count(), 3);
        let last: Vec<_> = values.last_of_each().collect();
        assert_eq!(last, [(&b"bb"[..], &b""[..]), (b"a", b"yz")]);
        assert!(!values.is_empty() && Values::default().is_empty());
    }

    #[test]
    fn numbers_have_four_bytes() {
        assert_eq!(number(&[0, 0, 1, 2]), Some(258));
        assert_eq!(number(&[1]), None);
        assert_eq!(number(&[0; 5]), None);
    }
}
