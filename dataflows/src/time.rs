//! The graph's own time: epochs, and ticks within them. Nothing to do with event time or clocks.
//!
//! An epoch has many ticks. Table rows move to the next tick before the next records are fed, so that the records
//! wait for the terms. Whatever is rated happens at the epoch's last tick, once.

use crate::changes::Epoch;

pub type Time = u64;

const TICK_BITS: u32 = 24;
const TICKS: u64 = (1 << TICK_BITS) - 1;

pub fn first_tick(epoch: Epoch) -> Time {
    epoch.0 << TICK_BITS
}

pub fn last_tick(epoch: Epoch) -> Time {
    first_tick(epoch) | TICKS
}

/// The tick after this one, in the same epoch. After sixteen million changes between rows and records in one epoch the
/// last ones share a tick: their rows then move spans by recounting, to the same result.
pub fn next_tick(time: Time) -> Time {
    if time & TICKS >= TICKS - 1 { time } else { time + 1 }
}
