//! What an aggregation keeps of the events of a stretch of time, so that each of them can be taken out again.
//!
//! Owns adding, subtracting and merging. Does not own which stretch an event falls into (`window`, `span`).

mod average;
mod count;
mod extreme;
mod latest;
mod sum;
mod unique;

pub use average::Average;
pub use count::Count;
pub use extreme::{Max, Min};
pub use latest::Latest;
pub use sum::Sum;
pub use unique::Unique;

use crate::snapshot::{Malformed, Reader};
use highwater_rating::number::Quantity;
use highwater_rating::time::EventTime;

/// One event as one meter reads it.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    pub value: i128,
    pub event_time: EventTime,
    /// The rest of the order in which `latest` looks at events; empty where no meter asks for it.
    pub source: &'a str,
    pub id: &'a str,
}

/// A quantity that a `Decimal(38, 9)` cannot hold: 10²⁹ units or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

/// Events of one stretch of time, as one aggregation needs them. `subtract` undoes `add` exactly, in any order.
pub trait Accumulator: Clone + Default {
    /// Whether the quantities of two stretches add up to the quantity of both together.
    const ADDITIVE: bool;

    fn add(&mut self, reading: &Reading<'_>);
    /// Takes out what was added before.
    fn subtract(&mut self, reading: &Reading<'_>);
    fn merge(&mut self, other: &Self);
    fn events(&self) -> u64;
    /// Of no events at all it is zero; callers show no row then.
    fn quantity(&self) -> Result<Quantity, Overflow>;
    /// Appends it to a snapshot.
    fn write(&self, out: &mut Vec<u8>);
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed>;
}

/// As many units as there are events, or values.
fn units(count: u64) -> Result<Quantity, Overflow> {
    // 2^64 times 10^9 is less than 10^29.
    Ok(Quantity(i128::from(count) * Quantity::ONE.0))
}

/// Values, each with how often it came.
fn write_times(times: impl ExactSizeIterator<Item = (i128, u64)>, out: &mut Vec<u8>) {
    out.extend_from_slice(&(times.len() as u32).to_le_bytes());
    for (value, times) in times {
        out.extend_from_slice(&value.to_le_bytes());
        out.extend_from_slice(&times.to_le_bytes());
    }
}

fn read_times(reader: &mut Reader<'_>, mut take: impl FnMut(i128, u64)) -> Result<(), Malformed> {
    let (mut events, mut last) = (0u64, None);
    for _ in 0..reader.u32()? {
        let (value, times) = (reader.i128()?, reader.u64()?);
        let together = events.checked_add(times).filter(|_| times > 0 && last < Some(value));
        events = together.ok_or(Malformed::Number(times))?;
        last = Some(value);
        take(value, times);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
