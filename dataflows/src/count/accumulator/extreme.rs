//! `max` and `min`: every value with how often it came, so that the next one is known when the first is taken out.

use super::{Accumulator, Overflow, Reading, read_times, write_times};
use crate::snapshot::{Malformed, Reader};
use highwater_rating::number::Quantity;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
struct Values {
    times: BTreeMap<i128, u64>,
    events: u64,
}

impl Values {
    fn add(&mut self, value: i128, times: u64) {
        *self.times.entry(value).or_default() += times;
        self.events += times;
    }

    fn subtract(&mut self, value: i128) {
        let times = self.times.entry(value).or_default();
        *times -= 1;
        if *times == 0 {
            self.times.remove(&value);
        }
        self.events -= 1;
    }

    fn merge(&mut self, other: &Values) {
        other.times.iter().for_each(|(value, times)| self.add(*value, *times));
    }
}

macro_rules! extreme {
    ($name:ident, $end:ident) => {
        #[derive(Clone, Debug, Default)]
        pub struct $name(Values);

        impl Accumulator for $name {
            const ADDITIVE: bool = false;

            fn add(&mut self, reading: &Reading<'_>) {
                self.0.add(reading.value, 1);
            }

            fn subtract(&mut self, reading: &Reading<'_>) {
                self.0.subtract(reading.value);
            }

            fn merge(&mut self, other: &$name) {
                self.0.merge(&other.0);
            }

            fn events(&self) -> u64 {
                self.0.events
            }

            fn quantity(&self) -> Result<Quantity, Overflow> {
                Ok(Quantity(self.0.times.$end().map_or(0, |(value, _)| *value)))
            }

            fn write(&self, out: &mut Vec<u8>) {
                write_times(self.0.times.iter().map(|(value, times)| (*value, *times)), out);
            }

            fn read(reader: &mut Reader<'_>) -> Result<$name, Malformed> {
                let mut values = Values::default();
                read_times(reader, |value, times| values.add(value, times))?;
                Ok($name(values))
            }
        }
    };
}

extreme!(Max, last_key_value);
extreme!(Min, first_key_value);
