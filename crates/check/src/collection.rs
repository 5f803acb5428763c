//! Things seen, each kept once and known by a number.

use core::hash::{BuildHasher, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};

/// A set whose members are known by the order in which they came.
#[derive(Clone, Debug)]
pub(crate) struct Collection<T> {
    items: Vec<T>,
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl<T> Default for Collection<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl<T: Hash + Eq> Collection<T> {
    /// The number of a thing, and whether it is new.
    pub(crate) fn insert(&mut self, item: T) -> (u32, bool) {
        let Self {
            items,
            index,
            hasher,
        } = self;
        let hash = hasher.hash_one(&item);
        let entry = index.entry(
            hash,
            |known| items[*known as usize] == item,
            |known| hasher.hash_one(&items[*known as usize]),
        );
        match entry {
            hashbrown::hash_table::Entry::Occupied(known) => (*known.get(), false),
            hashbrown::hash_table::Entry::Vacant(vacant) => {
                let number = items.len() as u32;
                vacant.insert(number);
                items.push(item);
                (number, true)
            }
        }
    }

    /// The number of a thing that was seen before.
    pub(crate) fn number(&self, item: &T) -> Option<u32> {
        let known = |known: &u32| self.items[*known as usize] == *item;
        self.index.find(self.hasher.hash_one(item), known).copied()
    }

    pub(crate) fn get(&self, number: u32) -> &T {
        &self.items[number as usize]
    }

    pub(crate) fn len(&self) -> u32 {
        self.items.len() as u32
    }
}
