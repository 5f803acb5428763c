//! Named random streams: one per source of chance, so that leaving one fault out doesn't shift the others.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// Longest name of a stream: what is left of ChaCha's key beside the seed, bytes.
const MAX_NAME: usize = 24;

/// One stream of random numbers. Seed and name are the key, so that no two streams have anything in common.
///
/// Whole numbers only, and its own arithmetic: the same seed gives the same run on any machine, with any release of
/// the crates beneath.
#[derive(Clone, Debug)]
pub(crate) struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of this name.
    ///
    /// # Panics
    /// If the name is longer than 24 bytes.
    #[must_use]
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        assert!(name.len() <= MAX_NAME, "{name} is too long a name");
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..8 + name.len()].copy_from_slice(name.as_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Any number.
    pub(crate) fn any(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from 0 to `bound - 1`; 0 if `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.any()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// A number from `low` to `high`, small ones as likely as big ones: every doubling has the same chance.
    pub(crate) fn spread(&mut self, low: u64, high: u64) -> u64 {
        let low = low.max(1);
        let doublings = u64::from((high.max(low) / low).ilog2());
        let from = low << self.below(doublings + 1);
        self.between(from, (2 * from).min(high))
    }

    /// True in `per_mille` of a thousand cases.
    pub(crate) fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < u64::from(per_mille)
    }

    /// One of some.
    ///
    /// # Panics
    /// If there are none.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_what_seed_and_name_say() {
        let first = |seed, name| Stream::new(seed, name).any();
        assert_eq!(first(1, "net"), first(1, "net"));
        assert_ne!(first(1, "net"), first(2, "net"));
        assert_ne!(first(1, "net"), first(1, "disk"));
        assert_eq!(
            first(1, "net"),
            0xbd95_17e5_dce9_a576,
            "the same on any machine"
        );
    }

    #[test]
    fn numbers_keep_to_their_bounds() {
        let mut stream = Stream::new(7, "bounds");
        for _ in 0..10_000 {
            assert!(stream.below(3) < 3);
            assert!((5..=9).contains(&stream.between(5, 9)));
            assert!((60..=3600).contains(&stream.spread(60, 3600)));
        }
        assert_eq!(stream.below(0), 0);
        assert_eq!(stream.spread(7, 7), 7);
        assert!(!stream.chance(0));
        assert!(stream.chance(1000));
    }

    #[test]
    fn every_doubling_has_its_share() {
        let mut stream = Stream::new(7, "spread");
        let small = (0..10_000)
            .filter(|_| stream.spread(1, 1 << 10) < 32)
            .count();
        assert!((4000..6000).contains(&small), "{small}");
    }
}
