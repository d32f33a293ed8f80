//! The true-up: what all lines of a period stay below the plan's commitment.
//!
//! A commitment that holds for a part of the whole civil period counts with its share. Usage, base prices and add-ons
//! count against it; credits do not, as they pay lines and are none themselves.

use super::line::{LineAmount, RecurringLine};
use super::periods::{BilledPeriod, Stretch};
use super::share::{Share, rounded, share_of};
use crate::number::Exact;
use crate::rate::RateError;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the usage of a period costs over all meters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeriodCharges {
    /// Minor units by currency, where there is at least one line.
    pub by_currency: BTreeMap<Arc<str>, i128>,
    /// The least of the errors that meters of the period have.
    pub error: Option<RateError>,
}

/// `None` where nothing is committed, or the lines come to the commitment. A period with an error anywhere has an error
/// in place of the amount, as have lines of several currencies.
pub(super) fn line(
    billed: &BilledPeriod,
    committed: &[&Stretch],
    lines: &[RecurringLine],
    charges: &PeriodCharges,
) -> Option<RecurringLine> {
    let (first, last) = (committed.first()?, committed.last()?);
    let whole = (billed.whole.start, billed.whole.end);
    let seconds = committed.iter().filter_map(|stretch| Share::of((stretch.start, stretch.end), whole));
    let amount = missing(billed, committed, lines, charges).transpose()?;
    let component = &last.component;
    Some(RecurringLine {
        kind: component.kind,
        name: component.name.clone(),
        period: billed.period,
        start: first.start,
        end: last.end,
        billing: component.billing,
        subscription: component.subscription.clone(),
        plan: component.plan.clone(),
        version: component.version,
        overrides: component.overrides.clone(),
        currency: component.currency.clone(),
        price: component.price,
        quantity: component.quantity,
        charged_seconds: seconds.clone().map(|share| share.charged_seconds).sum(),
        whole_seconds: seconds.map(|share| share.whole_seconds).next().unwrap_or(1),
        amount,
    })
}

/// The commitment's exact share is rounded once, and then compared with what the rounded lines come to.
fn missing(
    billed: &BilledPeriod,
    committed: &[&Stretch],
    lines: &[RecurringLine],
    charges: &PeriodCharges,
) -> Result<Option<LineAmount>, RateError> {
    let errors = lines.iter().filter_map(|line| line.amount.err());
    if let Some(error) = errors.chain(charges.error).min() {
        return Err(error);
    }
    let Some(last) = committed.last() else { return Ok(None) };
    let currency = &last.component.currency;
    let mut currencies = (committed.iter().map(|stretch| &stretch.component.currency))
        .chain(lines.iter().map(|line| &line.currency))
        .chain(charges.by_currency.keys());
    if currencies.any(|other| other != currency) {
        return Err(RateError::MixedCurrencies);
    }
    let whole = (billed.whole.start, billed.whole.end);
    let mut due = Exact::ZERO;
    for stretch in committed {
        let share = Share::of((stretch.start, stretch.end), whole).ok_or(RateError::AmountOverflow)?;
        let part = share_of(stretch.component.price, stretch.component.quantity, share)?;
        due = due.checked_add(part).ok_or(RateError::AmountOverflow)?;
    }
    let due = rounded(due, currency)?;
    let of_lines = lines.iter().filter_map(|line| line.amount.ok()).map(|amount| amount.minor_units);
    let mut all = of_lines.chain(charges.by_currency.values().copied());
    let charged = all.try_fold(0i128, i128::checked_add).ok_or(RateError::AmountOverflow)?;
    let minor_units = due.minor_units.checked_sub(charged).ok_or(RateError::AmountOverflow)?;
    if minor_units <= 0 {
        return Ok(None);
    }
    // The commitment's own rounding is the line's: what is missing to a rounded sum is a whole number of minor units.
    let unrounded = Exact::ratio(minor_units, 1).and_then(|amount| amount.checked_mul(minor_unit(currency)?));
    let unrounded = unrounded.and_then(|amount| amount.round(18)).ok_or(RateError::AmountOverflow)?;
    Ok(Some(LineAmount { unrounded, minor_units }))
}

/// One minor unit in units of the currency.
fn minor_unit(currency: &str) -> Option<Exact> {
    let digits = crate::number::Currency::from_code(currency).ok()?.minor_unit_digits();
    Exact::ratio(1, 10i128.checked_pow(digits)?)
}
