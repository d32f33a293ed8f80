//! `sum`: the values added up, exactly.

use super::{Accumulator, Overflow, Reading};
use crate::count::wide::Wide;
use crate::snapshot::{Malformed, Reader};
use highwater_rating::number::Quantity;

/// Ten to the 38th billionths: the first magnitude that `Decimal(38, 9)` cannot hold.
const BOUND: u128 = 10u128.pow(38);

#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    events: u64,
    total: Wide,
}

impl Sum {
    #[inline]
    pub fn total(&self) -> i128 {
        self.total.into()
    }

    /// Between the bound and the end of `i128` there is room for 7 × 10^10 more events of the greatest quantity. What
    /// would leave even that stays at the far end for good, which is an overflow, rather than come back as a number.
    #[inline]
    fn set(&mut self, total: Option<i128>) {
        if self.total() != i128::MIN {
            self.total = total.unwrap_or(i128::MIN).into();
        }
    }
}

impl Accumulator for Sum {
    const ADDITIVE: bool = true;

    #[inline]
    fn add(&mut self, reading: &Reading<'_>) {
        self.events += 1;
        self.set(self.total().checked_add(reading.value));
    }

    fn subtract(&mut self, reading: &Reading<'_>) {
        self.events -= 1;
        self.set(self.total().checked_sub(reading.value));
    }

    fn merge(&mut self, other: &Sum) {
        self.events += other.events;
        self.set(if other.total() == i128::MIN { None } else { self.total().checked_add(other.total()) });
    }

    #[inline]
    fn events(&self) -> u64 {
        self.events
    }

    #[inline]
    fn quantity(&self) -> Result<Quantity, Overflow> {
        if self.total().unsigned_abs() < BOUND { Ok(Quantity(self.total())) } else { Err(Overflow) }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.events.to_le_bytes());
        out.extend_from_slice(&self.total().to_le_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Sum, Malformed> {
        Ok(Sum { events: reader.u64()?, total: reader.i128()?.into() })
    }
}
