//! `unique`: how many different values, each with how often it came. Exact: every value's hash is kept.

use super::{Accumulator, Overflow, Reading, units};
use hashbrown::HashMap;
use highwater_rating::number::Quantity;

#[derive(Clone, Debug, Default)]
pub struct Unique {
    times: HashMap<i128, u64, foldhash::fast::FixedState>,
    events: u64,
}

impl Accumulator for Unique {
    const ADDITIVE: bool = false;

    fn add(&mut self, reading: &Reading<'_>) {
        *self.times.entry(reading.value).or_default() += 1;
        self.events += 1;
    }

    fn subtract(&mut self, reading: &Reading<'_>) {
        let times = self.times.entry(reading.value).or_default();
        *times -= 1;
        if *times == 0 {
            self.times.remove(&reading.value);
        }
        self.events -= 1;
    }

    fn merge(&mut self, other: &Unique) {
        for (value, times) in &other.times {
            *self.times.entry(*value).or_default() += times;
        }
        self.events += other.events;
    }

    fn events(&self) -> u64 {
        self.events
    }

    fn quantity(&self) -> Result<Quantity, Overflow> {
        units(self.times.len() as u64)
    }
}
