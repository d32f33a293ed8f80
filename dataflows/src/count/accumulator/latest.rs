//! `latest`: the value of the last event by (event time, source, id). All are kept, because any may be taken out.

use super::{Accumulator, Overflow, Reading};
use highwater_rating::number::Quantity;
use highwater_rating::time::EventTime;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
pub struct Latest {
    values: BTreeMap<(EventTime, Box<str>, Box<str>), i128>,
}

fn order(reading: &Reading<'_>) -> (EventTime, Box<str>, Box<str>) {
    (reading.event_time, reading.source.into(), reading.id.into())
}

impl Accumulator for Latest {
    const ADDITIVE: bool = false;

    fn add(&mut self, reading: &Reading<'_>) {
        self.values.insert(order(reading), reading.value);
    }

    fn subtract(&mut self, reading: &Reading<'_>) {
        self.values.remove(&order(reading));
    }

    fn merge(&mut self, other: &Latest) {
        self.values.extend(other.values.iter().map(|(order, value)| (order.clone(), *value)));
    }

    fn events(&self) -> u64 {
        self.values.len() as u64
    }

    fn quantity(&self) -> Result<Quantity, Overflow> {
        Ok(Quantity(self.values.last_key_value().map_or(0, |(_, value)| *value)))
    }
}
