//! Chance, from a seed: the same seed makes the same case on every machine.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub struct Dice(StdRng);

impl Dice {
    pub fn of_seed(seed: u64) -> Dice {
        Dice(StdRng::seed_from_u64(seed))
    }

    /// From `low` to `high`, both possible.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high)
    }

    pub fn percent(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.between(0, items.len() as i64 - 1) as usize]
    }

    /// A number between 0 and `high`, small ones more often: its size is drawn first.
    pub fn mostly_small(&mut self, high: i64) -> i64 {
        let bound = self.between(0, 62).min(63 - i64::from(high.leading_zeros()));
        self.between(0, high.min((1 << bound) - 1).max(0))
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in (1..items.len()).rev() {
            items.swap(index, self.between(0, index as i64) as usize);
        }
    }
}
