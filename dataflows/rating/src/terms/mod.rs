//! Terms in force for one organization and meter, as spans of time: plan version → subscription → overrides →
//! adjustments, later ones winning.
//!
//! Owns which terms hold at an instant, where they change and where credits cut them. Does not own what they cost
//! (`rate`), nor what credits cover (`credits`).

mod cuts;
mod laid_over;
mod schedule;
pub(crate) mod stretch;

pub use crate::time::Period;
pub use schedule::{Apart, Gap, GapCause, Schedule, Span, SpanOrGap, Terms};
