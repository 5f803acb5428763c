//! What the client sent, option spaces within options included.

use super::Run;
use crate::conf::{OptionId, Space, SpaceId};

/// Option 43: vendor-encapsulated-options.
const VENDOR_OPTIONS: u8 = 43;
/// Option 81 (RFC 4702).
const FQDN: u8 = 81;
/// Option spaces within option spaces that are looked through.
const MAX_NESTED: u32 = 8;

impl Run<'_> {
    /// The value of an option that the client sent.
    pub(super) fn received_option(&mut self, option: OptionId) -> Option<Vec<u8>> {
        let mut value = self.received_within(option, 0)?;
        if self.spaces.is_text(option) {
            let end = value.iter().rposition(|byte| *byte != 0);
            value.truncate(end.map_or(0, |last| last + 1));
        }
        Some(value)
    }

    fn received_within(&mut self, option: OptionId, depth: u32) -> Option<Vec<u8>> {
        if depth > MAX_NESTED {
            return None;
        }
        match option.space {
            SpaceId::DHCP => self.client.option(u8::try_from(option.code).ok()?),
            SpaceId::SERVER => None,
            SpaceId::FQDN => fqdn_part(&self.client.option(FQDN)?, option.code),
            space => {
                if self.vendor_space == Some(space)
                    && let Some(whole) = self.client.option(VENDOR_OPTIONS)
                    && let Some(found) = find(self.spaces.get(space), &whole, option.code)
                {
                    return Some(found);
                }
                let outer = self.spaces.get(space).within?;
                let whole = self.received_within(outer, depth + 1)?;
                find(self.spaces.get(space), &whole, option.code)
            }
        }
    }
}

/// The value of a code among options that stand one after the other. What runs over the end is none.
fn find(space: &Space, mut bytes: &[u8], code: u32) -> Option<Vec<u8>> {
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
    };
    loop {
        let (tag, rest) = bytes.split_at_checked(space.code_width.into())?;
        let tag = number(tag);
        // As in ISC, 255 ends the options of DHCP itself only.
        if tag == 0 {
            return None;
        }
        let (length, rest) = rest.split_at_checked(space.length_width.into())?;
        let (value, rest) = rest.split_at_checked(number(length) as usize)?;
        if tag == code {
            return Some(value.to_vec());
        }
        bytes = rest;
    }
}

/// A part of option 81 (RFC 4702), by its code in the option space `fqdn`; `None` where the option doesn't have it, or is
/// none. Flags are 0 or 1.
pub fn fqdn_part(option: &[u8], code: u32) -> Option<Vec<u8>> {
    let [flags, rcode1, rcode2, name @ ..] = option else {
        return None;
    };
    let flag = |bit: u8| Some(vec![u8::from(flags & bit != 0)]);
    let encoded = flags & 4 != 0;
    match code {
        // As in ISC a zero byte at the end of the name counts as this flag.
        1 if !encoded && name.last() == Some(&0) => return Some(vec![1]),
        1 => return flag(2),
        2 => return flag(1),
        3 => return flag(4),
        4 => return Some(vec![*rcode1]),
        5 => return Some(vec![*rcode2]),
        _ => {}
    }
    // To ISC an encoded name without an end is one label, and an encoded domain keeps the dot before it.
    let (name, whole) = match encoded {
        true => decoded(name)?,
        false => (name.strip_suffix(&[0]).unwrap_or(name).to_vec(), true),
    };
    let host = name.iter().position(|byte| *byte == b'.');
    let part = match (code, host.filter(|_| whole)) {
        (6, Some(host)) => &name[..host],
        (6 | 8, _) => &name[..],
        (7, Some(host)) => &name[host + usize::from(!encoded)..],
        _ => &[],
    };
    (!part.is_empty()).then(|| part.to_vec())
}

/// A name in the form of RFC 1035, with dots, and whether it has an end.
fn decoded(mut labels: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut name = Vec::new();
    while let [len, rest @ ..] = labels {
        if *len == 0 {
            return Some((name, true));
        }
        let (label, rest) = rest.split_at_checked(usize::from(*len).min(64))?;
        if label.len() == 64 {
            return None;
        }
        if !name.is_empty() {
            name.push(b'.');
        }
        name.extend_from_slice(label);
        labels = rest;
    }
    Some((name, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(option: &[u8]) -> Vec<Option<Vec<u8>>> {
        (1..=8).map(|code| fqdn_part(option, code)).collect()
    }

    #[test]
    fn parts_of_option_81() {
        let text = |text: &str| Some(text.as_bytes().to_vec());
        let plain = parts(b"\x01\x00\x00pc9.ddns.example.org");
        assert_eq!(plain[..3], [Some(vec![0]), Some(vec![1]), Some(vec![0])]);
        assert_eq!(
            plain[5..],
            [
                text("pc9"),
                text("ddns.example.org"),
                text("pc9.ddns.example.org")
            ]
        );
        let encoded = parts(b"\x05\x00\x00\x03pc9\x07example\x00");
        assert_eq!(
            encoded[5..],
            [text("pc9"), text(".example"), text("pc9.example")]
        );
        let single = parts(b"\x00\xff\xffpc9\0");
        assert_eq!(single[..3], [Some(vec![1]), Some(vec![0]), Some(vec![0])]);
        assert_eq!(single[3..5], [Some(vec![255]), Some(vec![255])]);
        assert_eq!(single[5..], [text("pc9"), None, text("pc9")]);
        assert_eq!(parts(b"\x00\x00"), vec![None; 8]);
        assert_eq!(parts(b"\x04\x00\x00\xc0\x0c")[5..], [None, None, None]);
    }
}
