//! Which addresses a client identity stands on: one keyed index, chains in place.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use siphasher::sip::SipHasher13;

use crate::bindings::Slot;

/// Addresses of one client that a look-up sees, latest first. A client that changes its identifier
/// with every request makes the chain of its hardware address as long as the pool, and each of its
/// packets would walk it.
const LONGEST_WALK: usize = 256;

/// Ends a chain.
const NONE: u32 = u32::MAX;

/// Maps keys that clients choose to the slots that carry them.
///
/// Keys are hashed with a secret, so that clients can't make them collide; equal hashes are told
/// apart by the caller, who compares the identity in the slot. Look-ups cost the same however
/// many addresses there are.
#[derive(Clone, Debug)]
pub(crate) struct ClientIndex {
    key: [u64; 2],
    heads: HashMap<u64, u32, BuildHasherDefault<AlreadyHashed>>,
    links: Vec<Link>,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    previous: u32,
    next: u32,
}

impl ClientIndex {
    pub(crate) fn new(key: [u64; 2], slots: usize) -> Self {
        let unlinked = Link {
            previous: NONE,
            next: NONE,
        };
        Self {
            key,
            heads: HashMap::default(),
            links: vec![unlinked; slots],
        }
    }

    /// Puts the slot at the head of its key's chain.
    pub(crate) fn insert(&mut self, key: &[u8], slot: Slot) {
        let head = self.heads.insert(self.hash(key), slot.0);
        let next = head.unwrap_or(NONE);
        self.links[slot.0 as usize] = Link {
            previous: NONE,
            next,
        };
        if next != NONE {
            self.links[next as usize].previous = slot.0;
        }
    }

    /// Takes the slot, which was inserted under `key`, out of its chain.
    pub(crate) fn remove(&mut self, key: &[u8], slot: Slot) {
        let Link { previous, next } = self.links[slot.0 as usize];
        if next != NONE {
            self.links[next as usize].previous = previous;
        }
        if previous != NONE {
            self.links[previous as usize].next = next;
        } else if next != NONE {
            self.heads.insert(self.hash(key), next);
        } else {
            self.heads.remove(&self.hash(key));
        }
    }

    /// The slots whose key has the hash of `key`, latest first, [`LONGEST_WALK`] at most.
    pub(crate) fn chain(&self, key: &[u8]) -> impl Iterator<Item = Slot> + '_ {
        let head = self.heads.get(&self.hash(key)).copied().unwrap_or(NONE);
        std::iter::successors(some(head), |at| some(self.links[*at as usize].next))
            .take(LONGEST_WALK)
            .map(Slot)
    }

    fn hash(&self, key: &[u8]) -> u64 {
        SipHasher13::new_with_keys(self.key[0], self.key[1]).hash(key)
    }
}

fn some(slot: u32) -> Option<u32> {
    (slot != NONE).then_some(slot)
}

/// Passes a number that is a hash already through.
#[derive(Clone, Default, Debug)]
pub(crate) struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only u64 keys are used");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(index: &ClientIndex, key: &[u8]) -> Vec<u32> {
        index.chain(key).map(|s| s.0).collect()
    }

    #[test]
    fn a_chain_survives_removal_at_head_middle_and_tail() {
        let mut index = ClientIndex::new([1, 2], 5);
        for slot in 0..5 {
            index.insert(b"a", Slot(slot));
        }
        assert_eq!(chain(&index, b"a"), [4, 3, 2, 1, 0]);
        index.remove(b"a", Slot(4));
        index.remove(b"a", Slot(2));
        index.remove(b"a", Slot(0));
        assert_eq!(chain(&index, b"a"), [3, 1]);
        index.remove(b"a", Slot(1));
        index.remove(b"a", Slot(3));
        assert_eq!(chain(&index, b"a"), []);
        index.insert(b"a", Slot(2));
        assert_eq!(chain(&index, b"a"), [2]);
    }

    #[test]
    fn a_long_chain_is_walked_so_far_and_kept_whole() {
        let count = LONGEST_WALK as u32 + 10;
        let mut index = ClientIndex::new([1, 2], count as usize);
        for slot in 0..count {
            index.insert(b"a", Slot(slot));
        }
        let seen = chain(&index, b"a");
        assert_eq!((seen.len(), seen[0]), (LONGEST_WALK, count - 1));
        for slot in 10..count {
            index.remove(b"a", Slot(slot));
        }
        assert_eq!(chain(&index, b"a").len(), 10);
    }

    #[test]
    fn keys_do_not_share_chains() {
        let mut index = ClientIndex::new([7, 7], 2);
        index.insert(b"a", Slot(0));
        index.insert(b"b", Slot(1));
        assert_eq!(chain(&index, b"a"), [0]);
        assert_eq!(chain(&index, b"b"), [1]);
    }
}
