//! Where a span's prices change: the quantities at which the allowance ends and at which each tier begins.
//!
//! For whoever asks when something will be reached. What is charged follows from the price curve alone.

use super::RateError;
use super::line::share_of_period;
use crate::charge::Curve;
use crate::number::{Exact, Quantity, Rounding};
use crate::tables::{Allowance, Charge, ChargeModel, UnitConversion};
use crate::terms::Span;

/// In the units that are counted, from where the span's curve begins: the period's start under a whole allowance, the
/// span's own under a prorated one. A conversion that rounds may reach a tier up to one of its steps earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// The end of the allowance.
    pub limit: Quantity,
    /// The end of what credits cover behind it; the same where they cover nothing.
    pub credits_end: Quantity,
    /// The end of each tier that has one, ascending.
    pub tiers: Vec<Quantity>,
}

/// Of an additive meter, of which credits cover so many units; `None` where the span charges nothing.
pub fn thresholds(span: &Span, covered: Quantity) -> Result<Option<Thresholds>, RateError> {
    let Some(charge) = &span.terms.charge else { return Ok(None) };
    let share = match charge.allowance {
        Allowance::Whole => None,
        Allowance::Prorated => Some(share_of_period(span).ok_or(RateError::AmountOverflow)?),
    };
    let included = Curve::of_share(charge, share)?.included();
    let counted = |units: Quantity| counted(units, charge.rules.conversion.as_ref()).ok_or(RateError::QuantityOverflow);
    let paid_from = included.checked_add(covered).ok_or(RateError::QuantityOverflow)?;
    let tiers = tier_ends(charge).into_iter().map(|end| counted(paid_from.checked_add(end)?).ok());
    let tiers: Option<Vec<Quantity>> = tiers.collect();
    Ok(Some(Thresholds {
        limit: counted(included)?,
        credits_end: counted(paid_from)?,
        tiers: tiers.ok_or(RateError::QuantityOverflow)?,
    }))
}

/// Counted from the allowance.
fn tier_ends(charge: &Charge) -> Vec<Quantity> {
    match &charge.model {
        ChargeModel::Graduated { tiers } | ChargeModel::Volume { tiers } => {
            tiers.iter().filter_map(|tier| tier.up_to).collect()
        }
        ChargeModel::Stairstep { tiers } => tiers.iter().filter_map(|tier| tier.up_to).collect(),
        ChargeModel::GraduatedPercentage { tiers } => tiers.iter().filter_map(|tier| tier.up_to).collect(),
        ChargeModel::Flat { .. }
        | ChargeModel::PerUnit { .. }
        | ChargeModel::Package { .. }
        | ChargeModel::Percentage { .. }
        | ChargeModel::Dynamic => Vec::new(),
    }
}

/// The least quantity that a conversion makes so many units of, before it rounds them.
fn counted(units: Quantity, conversion: Option<&UnitConversion>) -> Option<Quantity> {
    let Some(conversion) = conversion else { return Some(units) };
    let back = Exact::ratio(conversion.per.0, conversion.factor.0)?;
    let exact = Exact::ratio(units.0, Quantity::ONE.0)?.checked_mul(back)?;
    exact.round_by(Rounding::Up, Quantity::FRACTIONAL_DIGITS).map(Quantity)
}
