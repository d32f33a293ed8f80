//! Lines that no meter makes: base prices, add-ons, and true-ups to a commitment.
//!
//! Owns what recurs when ([`Recurring`]), what a share of a period costs ([`share_of`]), and what is missing to a
//! commitment. Does not own which instants have come: the caller says up to where, and asks again later.

mod component;
mod line;
mod periods;
mod share;
mod true_up;

pub(crate) use line::RecurringTerms;
pub use line::{LineAmount, RecurringLine};
pub use periods::{BilledPeriod, PERIODS_MAX, Recurring, RecurringRows};
pub(crate) use share::rounded;
pub use share::{Share, share_of};
pub use true_up::PeriodCharges;
