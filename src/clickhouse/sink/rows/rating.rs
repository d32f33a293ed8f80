//! `period_usage` and `rated_lines`.

use super::decimal;
use clickhouse::Row;
use highwater_dataflows::changes::{PeriodKey, PeriodValue};
use highwater_rating::number::Currency;
use highwater_rating::rate::{RateError, RatedLine, RatedPeriod};
use highwater_rating::time::EventTime;
use serde::Serialize;
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3;

/// Fractional digits of `cost` and `amount`.
const AMOUNT_DIGITS: u32 = 12;

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
            let tiers = || line.tiers.iter();
            let quantities = [line.quantity.0, line.included.0, line.overage.0];
            quantities
                .into_iter()
                .chain(tiers().map(|share| share.quantity.0))
                .try_for_each(|it| quantity(it).map(drop))?;
            let amounts = std::iter::once(line.amount_unrounded).chain(tiers().map(|share| share.amount_unrounded));
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

#[derive(Default)]
struct Amount {
    /// In units of 10^-12 of the currency.
    scaled: i128,
    minor_units: i64,
}

impl Amount {
    fn of(minor_units: i128, currency: &str) -> Result<Amount, RateError> {
        // A period without a charge has no currency, and no cost.
        let digits = match Currency::from_code(currency) {
            Ok(currency) => currency.minor_unit_digits(),
            Err(_) if minor_units == 0 => 0,
            Err(_) => return Err(RateError::UnknownCurrency),
        };
        let scale = AMOUNT_DIGITS.checked_sub(digits).map(|zeros| 10i128.pow(zeros));
        let scaled = scale.and_then(|scale| minor_units.checked_mul(scale)).and_then(decimal);
        match (scaled, i64::try_from(minor_units)) {
            (Some(scaled), Ok(minor_units)) => Ok(Amount { scaled, minor_units }),
            _ => Err(RateError::AmountOverflow),
        }
    }
}

#[derive(Row, Serialize)]
pub struct LineRow<'a> {
    organization_id: &'a str,
    meter: &'a str,
    period_start: i64,
    span_start: i64,
    line_id: String,
    line_kind: i8,
    period_end: i64,
    span_end: i64,
    subscription: &'a str,
    plan: &'a str,
    plan_version: i64,
    overrides: &'a [Arc<str>],
    terms: String,
    events: u64,
    quantity: i128,
    included_quantity: i128,
    overage_quantity: i128,
    #[serde(rename = "tiers.tier")]
    tier: Vec<u32>,
    #[serde(rename = "tiers.quantity")]
    tier_quantity: Vec<i128>,
    #[serde(rename = "tiers.amount_unrounded")]
    tier_amount_unrounded: Vec<i128>,
    currency: &'a str,
    amount_unrounded: i128,
    amount: i128,
    amount_minor_units: i64,
    version: u64,
    is_deleted: u8,
}

/// `'usage' = 1` of the column's enumeration.
const USAGE_LINE: i8 = 1;

impl<'a> LineRow<'a> {
    /// Of one of [`shown_lines`].
    pub fn new(
        key: &PeriodKey,
        line: &'a RatedLine,
        organization_id: &'a str,
        meter: &'a str,
        version: u64,
    ) -> LineRow<'a> {
        let terms = &line.span.terms;
        let amount = Amount::of(line.amount_minor_units, &terms.currency).unwrap_or_default();
        LineRow {
            line_id: line_id(organization_id, meter, key.period_start, line.span.start),
            line_kind: USAGE_LINE,
            period_end: line.span.period.end.0,
            span_end: line.span.end.0,
            subscription: &terms.subscription,
            plan: &terms.plan,
            plan_version: terms.plan_version.0,
            overrides: &terms.overrides,
            // Charges hold nothing that JSON cannot write.
            terms: terms.charge.as_ref().and_then(|charge| serde_json::to_string(charge).ok()).unwrap_or_default(),
            events: line.events,
            quantity: line.quantity.0,
            included_quantity: line.included.0,
            overage_quantity: line.overage.0,
            tier: line.tiers.iter().map(|share| share.tier).collect(),
            tier_quantity: line.tiers.iter().map(|share| share.quantity.0).collect(),
            tier_amount_unrounded: line.tiers.iter().map(|share| share.amount_unrounded).collect(),
            currency: &terms.currency,
            amount_unrounded: line.amount_unrounded,
            amount: amount.scaled,
            amount_minor_units: amount.minor_units,
            ..LineRow::gone(key, line.span.start, organization_id, meter, version, 0)
        }
    }

    /// A line that is no longer there.
    pub fn tombstone(
        key: &PeriodKey,
        span_start: EventTime,
        organization_id: &'a str,
        meter: &'a str,
        version: u64,
    ) -> LineRow<'a> {
        LineRow::gone(key, span_start, organization_id, meter, version, 1)
    }

    fn gone(
        key: &PeriodKey,
        span_start: EventTime,
        organization_id: &'a str,
        meter: &'a str,
        version: u64,
        is_deleted: u8,
    ) -> LineRow<'a> {
        LineRow {
            organization_id,
            meter,
            period_start: key.period_start.0,
            span_start: span_start.0,
            line_id: String::new(),
            line_kind: USAGE_LINE,
            period_end: 0,
            span_end: 0,
            subscription: "",
            plan: "",
            plan_version: 0,
            overrides: &[],
            terms: String::new(),
            events: 0,
            quantity: 0,
            included_quantity: 0,
            overage_quantity: 0,
            tier: Vec::new(),
            tier_quantity: Vec::new(),
            tier_amount_unrounded: Vec::new(),
            currency: "",
            amount_unrounded: 0,
            amount: 0,
            amount_minor_units: 0,
            version,
            is_deleted,
        }
    }
}

/// A line's name is made of what identifies it, so that it is the same over restarts and corrections.
pub fn line_id(organization_id: &str, meter: &str, period_start: EventTime, span_start: EventTime) -> String {
    let mut hash = Xxh3::new();
    for text in [organization_id, meter] {
        hash.update(&(text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.update(&period_start.0.to_le_bytes());
    hash.update(&span_start.0.to_le_bytes());
    format!("{:032x}", hash.digest128())
}

#[cfg(test)]
mod tests {
    use super::{Amount, line_id};
    use highwater_rating::time::EventTime;

    #[test]
    fn minor_units_become_an_exact_amount() {
        for (minor_units, currency, scaled) in [
            (1234, "EUR", Some(12_340_000_000_000)),
            (-1, "JPY", Some(-1_000_000_000_000)),
            (5, "KWD", Some(5_000_000_000)),
            (0, "", Some(0)),
            (1, "", None),
            (i128::from(i64::MAX), "USD", Some(i128::from(i64::MAX) * 10_000_000_000)),
            (i128::from(i64::MAX) + 1, "USD", None),
            (i128::MIN, "USD", None),
        ] {
            assert_eq!(
                Amount::of(minor_units, currency).ok().map(|amount| amount.scaled),
                scaled,
                "{minor_units} {currency}"
            );
        }
    }

    #[test]
    fn a_line_has_the_same_name_in_every_process_and_no_other_line_has_it() {
        let name = |organization: &str, meter: &str, period, span| {
            line_id(organization, meter, EventTime(period), EventTime(span))
        };
        assert_eq!(name("acme", "api_calls", 1, 2), name("acme", "api_calls", 1, 2));
        for other in [name("acmea", "pi_calls", 1, 2), name("acme", "api_calls", 2, 1), name("acme", "api_calls", 1, 3)]
        {
            assert_ne!(name("acme", "api_calls", 1, 2), other);
        }
    }
}
