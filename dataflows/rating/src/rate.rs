//! The one pricing function: the usage of one period of one (organization, meter), and its lines.

use crate::number::Quantity;
use crate::tables::Aggregation;
use crate::terms::{Period, Span};
use crate::time::EventTime;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Usage of one span: how many events, and the meter's quantity over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanUsage {
    pub span: Span,
    pub events: u64,
    pub quantity: Quantity,
}

/// A period's usage with everything that was charged for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RatedPeriod {
    pub period: Period,
    /// The plan in force in the last span that has usage.
    pub plan: Arc<str>,
    pub currency: Arc<str>,
    pub events: u64,
    pub quantity: Quantity,
    /// The allowance: of the last span when whole, the sum of the spans' shares when prorated. Absent without a charge.
    pub limit: Option<Quantity>,
    pub overage: Quantity,
    /// The sum of the lines' rounded amounts.
    pub cost_minor_units: i128,
    /// One line a span with a charge, in order of time.
    pub lines: Vec<RatedLine>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RatedLine {
    pub span: Span,
    pub events: u64,
    pub quantity: Quantity,
    pub included: Quantity,
    /// What is charged for: the part of `quantity` above the allowance.
    pub overage: Quantity,
    /// Which tiers the overage fell into; one entry for a per-unit charge, empty without overage.
    pub tiers: Vec<TierShare>,
    /// Exact amount in units of 10^-18 of the currency, rounded half away from zero where it does not end before.
    pub amount_unrounded: i128,
    /// Rounded once, half away from zero, to the currency's minor unit.
    pub amount_minor_units: i128,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TierShare {
    /// Index of the tier in the charge.
    pub tier: u32,
    pub quantity: Quantity,
    /// In units of 10^-18.
    pub amount_unrounded: i128,
}

/// Why a period has no amount. It becomes an error row under the period's key, never a wrapped number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum RateError {
    #[error("quantity_overflow")]
    QuantityOverflow,
    #[error("amount_overflow")]
    AmountOverflow,
    #[error("mixed_currencies")]
    MixedCurrencies,
}

/// What `rate` is asked: spans in order of time, all of the same period.
#[derive(Clone, Debug)]
pub struct PeriodUsage<'a> {
    pub aggregation: Aggregation,
    pub period: Period,
    pub spans: &'a [SpanUsage],
    /// The meter's quantity over the whole period. For additive meters it is the sum of the spans.
    pub quantity: Quantity,
}

impl RatedLine {
    pub fn starts_at(&self) -> EventTime {
        self.span.start
    }
}
