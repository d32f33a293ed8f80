//! A final period: the lines of one organization's period as they were billed, with what proves them whole.

use super::canonical::checksum;
use super::{Line, LineId};
use crate::rate::RateError;
use crate::time::{EventTime, Period};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// `Decimal(38, s)`.
const DECIMAL_DIGITS: u32 = 38;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FinalPeriod {
    pub organization_id: Arc<str>,
    pub period: Period,
    /// Of every line.
    pub currency: Arc<str>,
    /// 1 when the period is closed. A later one has only corrections: of an organization that has no next period to
    /// bill them on.
    pub revision: u32,
    /// The watermark that made the period final.
    pub final_at: EventTime,
    /// The sum of the lines' rounded amounts.
    #[serde(with = "super::line::integer_text")]
    pub total_minor_units: i128,
    /// See [`checksum`]; as 32 hex digits.
    pub checksum: LineChecksum,
    /// In order of id, each once.
    pub lines: Vec<Line>,
}

/// Written as 32 hex digits.
pub type LineChecksum = LineId;

/// In what a final period is not what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    #[error("its lines are not in the order of their ids, or one stands twice")]
    Order,
    #[error("a line has another currency")]
    Currency,
    #[error("its lines do not add up to its total")]
    Total,
    #[error("its lines have another checksum")]
    Checksum,
}

impl FinalPeriod {
    /// What it is told apart by.
    pub fn key(&self) -> (Arc<str>, EventTime, u32, Arc<str>) {
        (self.organization_id.clone(), self.period.start, self.revision, self.currency.clone())
    }

    /// Holds it to its own total and checksum.
    pub fn verify(&self) -> Result<(), Difference> {
        if !self.lines.is_sorted_by(|one, next| one.id < next.id) {
            return Err(Difference::Order);
        }
        if self.lines.iter().any(|line| line.currency != self.currency) {
            return Err(Difference::Currency);
        }
        if total(&self.lines) != Ok(self.total_minor_units) {
            return Err(Difference::Total);
        }
        let same = checksum(&self.lines) == self.checksum.0;
        if same { Ok(()) } else { Err(Difference::Checksum) }
    }
}

/// Freezes an organization's period: one record a currency, which is one for nearly everybody, in order of currency.
/// Without lines there is nothing to freeze.
pub fn freeze(
    organization_id: &Arc<str>,
    period: Period,
    revision: u32,
    final_at: EventTime,
    lines: impl IntoIterator<Item = Line>,
) -> Result<Vec<FinalPeriod>, RateError> {
    let mut by_currency: BTreeMap<Arc<str>, Vec<Line>> = BTreeMap::new();
    for line in lines {
        by_currency.entry(line.currency.clone()).or_default().push(line);
    }
    let of_currency = |(currency, mut lines): (Arc<str>, Vec<Line>)| {
        lines.iter().try_for_each(in_range)?;
        lines.sort_by_key(|line| line.id);
        Ok(FinalPeriod {
            organization_id: organization_id.clone(),
            period,
            currency,
            revision,
            final_at,
            total_minor_units: total(&lines)?,
            checksum: LineId(checksum(&lines)),
            lines,
        })
    };
    by_currency.into_iter().map(of_currency).collect()
}

/// What has more digits than a decimal column holds is not frozen.
fn in_range(line: &Line) -> Result<(), RateError> {
    let fits = |number: i128| number.unsigned_abs() < 10u128.pow(DECIMAL_DIGITS);
    let (tiers, steps) = (|| line.tiers.iter(), || line.steps.iter());
    let quantities = [line.quantity.0, line.included.0, line.overage.0];
    let quantities = quantities.into_iter().chain(tiers().map(|share| share.quantity.0));
    if !quantities.chain(steps().map(|share| share.quantity.0)).all(fits) {
        return Err(RateError::QuantityOverflow);
    }
    let amounts = [line.amount_unrounded, line.amount_minor_units];
    let amounts = amounts.into_iter().chain(tiers().map(|share| share.amount_unrounded));
    let mut amounts = amounts.chain(steps().map(|share| share.amount_unrounded));
    if amounts.all(fits) { Ok(()) } else { Err(RateError::AmountOverflow) }
}

fn total(lines: &[Line]) -> Result<i128, RateError> {
    let mut amounts = lines.iter().map(|line| line.amount_minor_units);
    amounts.try_fold(0i128, i128::checked_add).ok_or(RateError::AmountOverflow)
}
