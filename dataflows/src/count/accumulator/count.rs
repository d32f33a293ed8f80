//! `count`: how many events.

use super::{Accumulator, Overflow, Reading, units};
use crate::snapshot::{Malformed, Reader};
use highwater_rating::number::Quantity;

#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    events: u64,
}

impl Accumulator for Count {
    const ADDITIVE: bool = true;

    #[inline]
    fn add(&mut self, _: &Reading<'_>) {
        self.events += 1;
    }

    fn subtract(&mut self, _: &Reading<'_>) {
        self.events -= 1;
    }

    fn merge(&mut self, other: &Count) {
        self.events += other.events;
    }

    #[inline]
    fn events(&self) -> u64 {
        self.events
    }

    #[inline]
    fn quantity(&self) -> Result<Quantity, Overflow> {
        units(self.events)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.events.to_le_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Count, Malformed> {
        Ok(Count { events: reader.u64()? })
    }
}
