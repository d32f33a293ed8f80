//! `period_usage`, and which lines are shown with a period.

use super::amount::Amount;
use super::decimal;
use clickhouse::Row;
use highwater_dataflows::changes::{PeriodKey, PeriodValue};
use highwater_rating::rate::{RateError, RatedLine, RatedPeriod};
use serde::Serialize;

#[derive(Row, Serialize)]
pub struct PeriodRow<'a> {
    organization_id: &'a str,
    meter: &'a str,
    period_start: i64,
    period_end: i64,
    plan: &'a str,
    currency: &'a str,
    events: u64,
    quantity: i128,
    limit: Option<i128>,
    overage: i128,
    cost: i128,
    cost_minor_units: i64,
    error: String,
    version: u64,
    is_deleted: u8,
}

impl<'a> PeriodRow<'a> {
    pub fn new(
        key: &PeriodKey,
        value: Option<&'a PeriodValue>,
        organization_id: &'a str,
        meter: &'a str,
        version: u64,
    ) -> PeriodRow<'a> {
        let empty = PeriodRow {
            organization_id,
            meter,
            period_start: key.period_start.0,
            period_end: key.period_start.0,
            plan: "",
            currency: "",
            events: 0,
            quantity: 0,
            limit: None,
            overage: 0,
            cost: 0,
            cost_minor_units: 0,
            error: String::new(),
            version,
            is_deleted: value.is_none().into(),
        };
        match value {
            None => empty,
            Some(PeriodValue::Error(error)) => PeriodRow { error: error.to_string(), ..empty },
            Some(PeriodValue::Rated(period)) => match Columns::of(period) {
                Ok(columns) => PeriodRow {
                    period_end: period.period.end.0,
                    plan: &period.plan,
                    currency: &period.currency,
                    events: period.events,
                    quantity: columns.quantity,
                    limit: columns.limit,
                    overage: columns.overage,
                    cost: columns.cost.scaled,
                    cost_minor_units: columns.cost.minor_units,
                    ..empty
                },
                Err(error) => PeriodRow { period_end: period.period.end.0, error: error.to_string(), ..empty },
            },
        }
    }
}

/// The lines that are shown for a period: none where a number of it has a digit too many, as its cost is not shown either.
pub fn shown_lines(value: Option<&PeriodValue>) -> &[RatedLine] {
    match value {
        Some(PeriodValue::Rated(period)) if Columns::of(period).is_ok() => &period.lines,
        _ => &[],
    }
}

/// A period's numbers, each within what its column holds, and those of its lines too.
struct Columns {
    quantity: i128,
    limit: Option<i128>,
    overage: i128,
    cost: Amount,
}

impl Columns {
    fn of(period: &RatedPeriod) -> Result<Columns, RateError> {
        let quantity = |scaled| decimal(scaled).ok_or(RateError::QuantityOverflow);
        for line in &period.lines {
            let (tiers, steps) = (|| line.tiers.iter(), || line.steps.iter());
            let quantities = [line.quantity.0, line.included.0, line.overage.0];
            quantities
                .into_iter()
                .chain(tiers().map(|share| share.quantity.0))
                .chain(steps().map(|step| step.quantity.0))
                .try_for_each(|it| quantity(it).map(drop))?;
            let amounts = std::iter::once(line.amount_unrounded)
                .chain(tiers().map(|share| share.amount_unrounded))
                .chain(steps().map(|step| step.amount_unrounded));
            if amounts.map(decimal).any(|amount| amount.is_none()) {
                return Err(RateError::AmountOverflow);
            }
            Amount::of(line.amount_minor_units, &line.span.terms.currency)?;
        }
        Ok(Columns {
            quantity: quantity(period.quantity.0)?,
            limit: period.limit.map(|limit| quantity(limit.0)).transpose()?,
            overage: quantity(period.overage.0)?,
            cost: Amount::of(period.cost_minor_units, &period.currency)?,
        })
    }
}
