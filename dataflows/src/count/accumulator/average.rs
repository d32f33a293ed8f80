//! `average`: sum over count, to nine digits, half away from zero.

use super::{Accumulator, Overflow, Reading, Sum};
use crate::snapshot::{Malformed, Reader};
use highwater_rating::number::Quantity;

#[derive(Clone, Copy, Debug, Default)]
pub struct Average(Sum);

impl Accumulator for Average {
    const ADDITIVE: bool = false;

    fn add(&mut self, reading: &Reading<'_>) {
        self.0.add(reading);
    }

    fn subtract(&mut self, reading: &Reading<'_>) {
        self.0.subtract(reading);
    }

    fn merge(&mut self, other: &Average) {
        self.0.merge(&other.0);
    }

    fn events(&self) -> u64 {
        self.0.events()
    }

    fn quantity(&self) -> Result<Quantity, Overflow> {
        let total = self.0.quantity()?.0;
        let events = i128::from(self.0.events().max(1));
        let (quotient, remainder) = (total / events, total % events);
        let away = if remainder.unsigned_abs() * 2 >= events.unsigned_abs() { total.signum() } else { 0 };
        Ok(Quantity(quotient + away))
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Average, Malformed> {
        Sum::read(reader).map(Average)
    }
}
