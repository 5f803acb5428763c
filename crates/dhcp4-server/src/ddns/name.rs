//! Names in the form that they have on the wire.

/// Longest name, bytes (RFC 1035 §3.1).
const MAX_NAME: usize = 255;
/// Longest label, bytes.
const MAX_LABEL: usize = 63;

/// A domain name: labels of 1 to 63 bytes each, 255 bytes with their lengths and the root's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DnsName(Vec<u8>);

impl DnsName {
    /// The name that a text with dots stands for, whether it ends with one or not. `None` if it is none, or has a
    /// backslash: what dhcpd would read as an escape no client means so.
    pub fn from_text(text: &[u8]) -> Option<Self> {
        let text = text.strip_suffix(b".").unwrap_or(text);
        let mut wire = Vec::with_capacity(text.len() + 2);
        for label in text.split(|byte| *byte == b'.') {
            let is_label = (1..=MAX_LABEL).contains(&label.len()) && !label.contains(&b'\\');
            let length = u8::try_from(label.len()).ok().filter(|_| is_label)?;
            wire.push(length);
            wire.extend_from_slice(label);
        }
        wire.push(0);
        (wire.len() <= MAX_NAME).then_some(Self(wire))
    }

    /// The name without compression, root label included (RFC 1035 §3.1).
    pub fn as_wire(&self) -> &[u8] {
        &self.0
    }

    /// The labels, without the root's.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.0[..];
        core::iter::from_fn(move || {
            let (length, after) = rest.split_first()?;
            let (label, after) = after.split_at_checked(usize::from(*length))?;
            rest = after;
            (!label.is_empty()).then_some(label)
        })
    }

    /// Whether this name is the other one or stands below it. Case doesn't count.
    pub(crate) fn is_within(&self, zone: &Self) -> bool {
        let mut at = 0;
        while let Some(rest) = self.0.get(at..) {
            if rest.eq_ignore_ascii_case(&zone.0) {
                return true;
            }
            match rest.first() {
                Some(0) | None => return false,
                Some(length) => at += 1 + usize::from(*length),
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DnsName {
        DnsName::from_text(text.as_bytes()).unwrap()
    }

    #[test]
    fn labels_and_back() {
        let wire = b"\x03pc1\x07example\x03org\0";
        assert_eq!(name("pc1.example.org").as_wire(), wire);
        assert_eq!(name("pc1.example.org.").as_wire(), wire);
        let labels: Vec<_> = name("a.bc").labels().map(<[u8]>::to_vec).collect();
        assert_eq!(labels, [b"a".to_vec(), b"bc".to_vec()]);
    }

    #[test]
    fn what_is_no_name() {
        let long = ["x".repeat(63).as_str(); 4].join(".");
        for text in ["", ".", "a..b", ".a", "a\\.b", &"x".repeat(64), &long] {
            assert_eq!(DnsName::from_text(text.as_bytes()), None, "{text}");
        }
        assert_eq!(name(&long[2..]).as_wire().len(), 255);
    }

    #[test]
    fn names_within_zones() {
        for (zone, within) in [
            ("example.org", true),
            ("EXAMPLE.org", true),
            ("org", true),
            ("pc1.example.org", true),
            ("ample.org", false),
            ("x.pc1.example.org", false),
        ] {
            assert_eq!(
                name("pc1.example.org").is_within(&name(zone)),
                within,
                "{zone}"
            );
        }
    }
}
