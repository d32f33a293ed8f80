//! `sum`: the values added up, exactly.

use super::{Accumulator, Overflow, Reading};
use highwater_rating::number::Quantity;

/// Ten to the 38th billionths: the first magnitude that `Decimal(38, 9)` cannot hold.
const BOUND: u128 = 10u128.pow(38);

/// The sum is kept as two halves, because an `i128` field would cost eight bytes of padding in every window.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    events: u64,
    high: i64,
    low: u64,
}

impl Sum {
    #[inline]
    pub fn total(&self) -> i128 {
        (i128::from(self.high) << 64) | i128::from(self.low)
    }

    /// Between the bound and the end of `i128` there is room for 7 × 10^10 more events of the greatest quantity. What
    /// would leave even that stays at the far end for good, which is an overflow, rather than come back as a number.
    #[inline]
    fn set(&mut self, total: Option<i128>) {
        let total = if self.total() == i128::MIN { i128::MIN } else { total.unwrap_or(i128::MIN) };
        self.high = (total >> 64) as i64;
        self.low = total as u64;
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
}
