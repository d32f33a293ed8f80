//! One recurring line, and its name.

use crate::finals::{LineId, LineKind};
use crate::number::Quantity;
use crate::rate::RateError;
use crate::tables::Billing;
use crate::terms::Period;
use crate::time::EventTime;
use rust_decimal::Decimal;
use serde::Serialize;
use std::sync::Arc;

/// What a stretch of a period costs whatever was used in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecurringLine {
    /// `BasePrice`, `AddOn` or `TrueUp`.
    pub kind: LineKind,
    /// The plan of a base price or true-up, the add-on of an add-on.
    pub name: Arc<str>,
    /// Clipped to where the organization's cadence holds, as the periods of usage are.
    pub period: Period,
    pub start: EventTime,
    pub end: EventTime,
    pub billing: Billing,
    pub subscription: Arc<str>,
    pub plan: Arc<str>,
    /// `effective_from` of the first of an unbroken row of versions that brought this price.
    pub version: EventTime,
    /// Ids of the overrides that apply, in order of application.
    pub overrides: Vec<Arc<str>>,
    pub currency: Arc<str>,
    /// Of a whole period and one unit; of a true-up the commitment.
    pub price: Decimal,
    pub quantity: Quantity,
    /// Of a true-up how long a commitment holds in the period.
    pub charged_seconds: u64,
    /// The length of the whole civil period, which the clipped one may be a part of.
    pub whole_seconds: u64,
    pub amount: Result<LineAmount, RateError>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineAmount {
    /// In units of 10^-18 of the currency, rounded half away from zero where it does not end before.
    pub unrounded: i128,
    /// Rounded once, half away from zero.
    pub minor_units: i128,
}

/// What a recurring line was charged by, as its final line keeps it.
#[derive(Serialize)]
pub(crate) struct RecurringTerms<'a> {
    subscription: &'a str,
    plan: &'a str,
    price_version: EventTime,
    overrides: &'a [Arc<str>],
    billing: Billing,
    price: Decimal,
    charged_seconds: u64,
    whole_seconds: u64,
}

impl RecurringTerms<'_> {
    pub fn of(line: &RecurringLine) -> RecurringTerms<'_> {
        RecurringTerms {
            subscription: &line.subscription,
            plan: &line.plan,
            price_version: line.version,
            overrides: &line.overrides,
            billing: line.billing,
            price: line.price.normalize(),
            charged_seconds: line.charged_seconds,
            whole_seconds: line.whole_seconds,
        }
    }
}

impl RecurringLine {
    /// The 128-bit xxh3 over the length-prefixed names and the two starts: the same whatever the line
    /// costs.
    pub fn id(&self, organization_id: &str) -> LineId {
        let mut bytes = Vec::with_capacity(organization_id.len() + self.name.len() + 64);
        for name in [organization_id, self.kind.name(), &self.name] {
            bytes.extend_from_slice(&(name.len() as u64).to_le_bytes());
            bytes.extend_from_slice(name.as_bytes());
        }
        bytes.extend_from_slice(&self.period.start.0.to_le_bytes());
        bytes.extend_from_slice(&self.start.0.to_le_bytes());
        LineId(xxhash_rust::xxh3::xxh3_128(&bytes))
    }

    /// From when on the line is due, and there.
    pub fn due_at(&self) -> EventTime {
        match self.billing {
            Billing::InAdvance => self.period.start,
            Billing::InArrears => self.period.end,
        }
    }
}
