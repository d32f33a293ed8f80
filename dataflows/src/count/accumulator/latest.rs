//! `latest`: the value of the last event by (event time, source, id). All are kept, because any may be taken out.

use super::{Accumulator, Overflow, Reading};
use crate::snapshot::{Malformed, Reader, put_bytes};
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

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.values.len() as u32).to_le_bytes());
        for ((event_time, source, id), value) in &self.values {
            out.extend_from_slice(&event_time.0.to_le_bytes());
            put_bytes(out, source.as_bytes());
            put_bytes(out, id.as_bytes());
            out.extend_from_slice(&value.to_le_bytes());
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Latest, Malformed> {
        let one = |reader: &mut Reader<'_>| {
            let order = (EventTime(reader.i64()?), reader.text()?.into(), reader.text()?.into());
            Ok((order, reader.i128()?))
        };
        let values = (0..reader.u32()?).map(|_| one(reader)).collect::<Result<_, Malformed>>()?;
        Ok(Latest { values })
    }
}
