//! The options in force in one place, ready for the wire.

use std::sync::Arc;

use dhcpd_text::conf::Scope;
use dhcpd_text::eval::OptionList;

/// The options of a chain of scopes, the inner ones before the outer.
#[derive(Clone, Debug, Default)]
pub(crate) struct OptionTable {
    entries: Vec<Entry>,
    /// Codes in the order in which ISC sends them to a client without a parameter request list.
    unasked: Vec<u8>,
}

/// One option: its code and the bytes for the wire.
#[derive(Clone, Debug)]
struct Entry {
    code: u8,
    data: Arc<[u8]>,
}

impl OptionTable {
    /// Merges the options of some scopes, given from the outermost to the innermost.
    pub(crate) fn merge<'a>(scopes: impl IntoIterator<Item = &'a Scope>) -> Self {
        let mut set_order: Vec<Entry> = Vec::new();
        for setting in scopes.into_iter().flat_map(|scope| &scope.options) {
            let data = Arc::clone(&setting.data);
            match set_order
                .iter_mut()
                .find(|entry| entry.code == setting.code)
            {
                Some(entry) => entry.data = data,
                None => set_order.push(Entry {
                    code: setting.code,
                    data,
                }),
            }
        }
        let unasked = unasked_order(set_order.iter().map(|entry| entry.code));
        let mut entries = set_order;
        entries.sort_by_key(|entry| entry.code);
        Self { entries, unasked }
    }

    /// The options that statements came to.
    pub(crate) fn of(list: &OptionList) -> Self {
        let unasked = list.iter().map(|(code, _)| code).collect();
        let mut entries: Vec<Entry> = list
            .iter()
            .map(|(code, data)| Entry {
                code,
                data: data.into(),
            })
            .collect();
        entries.sort_by_key(|entry| entry.code);
        Self { entries, unasked }
    }

    /// The value of an option, if it is set. May be longer than 255 bytes.
    pub(crate) fn get(&self, code: u8) -> Option<&[u8]> {
        let at = self
            .entries
            .binary_search_by_key(&code, |entry| entry.code)
            .ok()?;
        Some(&self.entries[at].data)
    }

    /// The codes set, in the order for a client that doesn't say what it wants.
    pub(crate) fn unasked(&self) -> &[u8] {
        &self.unasked
    }
}

/// ISC walks a hash table of 17 buckets, in each of which the option that was set last stands first.
pub(crate) fn unasked_order(set_order: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut codes: Vec<u8> = set_order.collect();
    codes.reverse();
    codes.sort_by_key(|&code| bucket(code));
    codes
}

/// ISC's hash of an option code.
pub(crate) fn bucket(code: u8) -> u8 {
    ((code & 31) + (code >> 5)) % 17
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_option_of_the_same_bucket_comes_first() {
        // 15 and 32 share bucket 15 (32 hashes to 1), 6 and 23 share bucket 6.
        assert_eq!(unasked_order([6, 23, 3].into_iter()), [3, 23, 6]);
        assert_eq!(unasked_order([23, 6, 3].into_iter()), [3, 6, 23]);
    }

    #[test]
    fn the_order_seen_in_recordings() {
        // Set in this order: 15, 6, 42, 1, 28, 3. Seen: 1, 3, 6 first by rule, then 28, 42, 15.
        let order = unasked_order([15, 6, 42, 1, 28, 3].into_iter());
        let rest: Vec<u8> = order
            .into_iter()
            .filter(|code| ![1, 3, 6].contains(code))
            .collect();
        assert_eq!(rest, [28, 42, 15]);
    }
}
