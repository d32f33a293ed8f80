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
}

/// As many units as there are events, or values.
fn units(count: u64) -> Result<Quantity, Overflow> {
    // 2^64 times 10^9 is less than 10^29.
    Ok(Quantity(i128::from(count) * Quantity::ONE.0))
}

#[cfg(test)]
mod tests;
