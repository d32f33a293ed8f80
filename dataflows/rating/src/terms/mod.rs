//! Terms in force: plan version ⊕ overrides for one organization and meter, as spans of time.
//!
//! Owns which terms hold at an instant and where they change. Does not own what they cost (`rate`).

mod schedule;
mod stretch;

pub use crate::time::Period;
pub use schedule::{Gap, GapCause, Schedule, Span, SpanOrGap, Terms};
