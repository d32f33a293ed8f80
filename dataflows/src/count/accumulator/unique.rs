//! `unique`: how many different values, each with how often it came. Exact: every value's hash is kept.

use super::{Accumulator, Overflow, Reading, read_times, units, write_times};
use crate::snapshot::{Malformed, Reader};
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

    fn write(&self, out: &mut Vec<u8>) {
        let mut times: Vec<(i128, u64)> = self.times.iter().map(|(value, times)| (*value, *times)).collect();
        // The order of a map must not be seen.
        times.sort_unstable();
        write_times(times.into_iter(), out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Unique, Malformed> {
        let mut unique = Unique::default();
        read_times(reader, |value, times| {
            unique.times.insert(value, times);
            unique.events += times;
        })?;
        Ok(unique)
    }
}
