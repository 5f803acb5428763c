//! Random numbers, the same ones for the same seed.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// One stream of random numbers.
#[derive(Debug)]
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// Streams of different numbers have nothing in common.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        Self(random)
    }

    /// A number from 0 to `bound - 1`.
    pub fn below(&mut self, bound: u32) -> u32 {
        (((self.0.next_u64() >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// One of `from` to `to`, both included.
    pub fn between(&mut self, from: u32, to: u32) -> u32 {
        from + self.below(to - from + 1)
    }

    /// That many seconds.
    pub fn seconds(&mut self, from: u32, to: u32) -> Duration {
        Duration::from_secs(self.between(from, to).into())
    }

    /// Milliseconds.
    pub fn millis(&mut self, from: u32, to: u32) -> Duration {
        Duration::from_millis(self.between(from, to).into())
    }

    /// True in `percent` of all cases.
    pub fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of several.
    pub fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize]
    }

    /// Any bytes, this many.
    pub fn bytes(&mut self, count: u32) -> Vec<u8> {
        (0..count).map(|_| self.below(256) as u8).collect()
    }

    /// Printable bytes, this many.
    pub fn printable(&mut self, count: u32) -> Vec<u8> {
        (0..count).map(|_| self.between(32, 126) as u8).collect()
    }

    /// In any order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u32 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_in_their_range_and_come_again() {
        let draw = |stream| {
            let mut chance = Chance::new(7, stream);
            (0..1000).map(|_| chance.between(3, 9)).collect::<Vec<_>>()
        };
        let numbers = draw(0);
        assert!((3..=9).all(|number| numbers.contains(&number)));
        assert!(numbers.iter().all(|number| (3..=9).contains(number)));
        assert_eq!(numbers, draw(0));
        assert_ne!(numbers, draw(1));
    }
}
