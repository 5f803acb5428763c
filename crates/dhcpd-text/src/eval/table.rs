//! The options that statements have set.

use crate::conf::code::{Operation, OptionAction, OptionValue};
use crate::conf::{Location, OptionId, SpaceId};

/// Options in the order in which they were first set.
#[derive(Clone, Default)]
pub(super) struct Table {
    entries: Vec<Entry>,
}

#[derive(Clone)]
struct Entry {
    option: OptionId,
    /// What its value is made of, one after the other; never empty.
    parts: Vec<OptionValue>,
    /// The statement that set it last.
    at: Location,
}

impl Table {
    pub(super) fn set(&mut self, action: &OptionAction, at: Location) {
        let former = self.entries.iter_mut().find(|e| e.option == action.option);
        let value = action.value.clone();
        match (former, action.operation) {
            (None, _) => self.entries.push(Entry {
                option: action.option,
                parts: vec![value],
                at,
            }),
            (Some(former), Operation::Supersede) => {
                former.parts.clear();
                former.parts.push(value);
                former.at = at;
            }
            (Some(former), Operation::Append) => {
                former.parts.push(value);
                former.at = at;
            }
            (Some(former), Operation::Prepend) => {
                former.parts.insert(0, value);
                former.at = at;
            }
            (Some(_), Operation::Default) => {}
        }
    }

    /// The statement that set each option last.
    pub(super) fn origins(&self) -> impl Iterator<Item = (OptionId, Location)> {
        self.entries.iter().map(|entry| (entry.option, entry.at))
    }

    /// What the value of an option is made of; empty if it isn't set.
    pub(super) fn parts(&self, option: OptionId) -> Vec<OptionValue> {
        let entry = self.entries.iter().find(|entry| entry.option == option);
        entry.map(|entry| entry.parts.clone()).unwrap_or_default()
    }

    pub(super) fn has(&self, option: OptionId) -> bool {
        self.entries.iter().any(|entry| entry.option == option)
    }

    /// The codes that are set in a space.
    pub(super) fn codes(&self, space: SpaceId) -> Vec<u32> {
        let of_space = self.entries.iter().filter(|e| e.option.space == space);
        of_space.map(|entry| entry.option.code).collect()
    }
}

/// The options of DHCP itself as they go on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OptionList {
    /// Code and value, in the order in which ISC dhcpd sends them to a client that doesn't say what it wants.
    entries: Vec<(u8, Vec<u8>)>,
}

impl OptionList {
    pub(super) fn push(&mut self, code: u8, value: Vec<u8>) {
        if self.get(code).is_none() {
            self.entries.push((code, value));
        }
    }

    /// The value of an option, which may be longer than 255 bytes.
    #[must_use]
    pub fn get(&self, code: u8) -> Option<&[u8]> {
        let found = self.entries.iter().find(|(other, _)| *other == code);
        found.map(|(_, value)| value.as_slice())
    }

    /// All of them, in the order in which ISC dhcpd sends them to a client that doesn't say what it wants.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &[u8])> {
        self.entries
            .iter()
            .map(|(code, value)| (*code, value.as_slice()))
    }
}

/// ISC keeps the options of a space in 17 buckets.
const BUCKETS: u32 = 17;

/// Puts codes, given in the order in which they were set, into the order in which ISC walks over them: bucket by
/// bucket, and in each the one that was set last first.
pub(super) fn walk_order(codes: &mut [u32]) {
    codes.reverse();
    codes.sort_by_key(|code| bucket(*code));
}

/// ISC's hash of an option code.
fn bucket(code: u32) -> u32 {
    ((code & 31).wrapping_add(code >> 5)) % BUCKETS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_option_of_the_same_bucket_comes_first() {
        let order = |mut codes: Vec<u32>| {
            walk_order(&mut codes);
            codes
        };
        assert_eq!(order(vec![6, 23, 3]), [3, 23, 6]);
        assert_eq!(order(vec![23, 6, 3]), [3, 6, 23]);
        assert_eq!(order(vec![258, 5]), [5, 258]);
    }
}
