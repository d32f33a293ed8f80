//! `recurring_lines`.

use super::amount::Amount;
use super::decimal;
use clickhouse::Row;
use highwater_dataflows::changes::RecurringKey;
use highwater_rating::number::trillionths;
use highwater_rating::rate::RateError;
use highwater_rating::recurring::RecurringLine;
use serde::Serialize;
use std::sync::Arc;

#[derive(Row, Serialize)]
pub struct RecurringRow<'a> {
    organization_id: &'a str,
    period_start: i64,
    kind: &'a str,
    name: &'a str,
    span_start: i64,
    line_id: String,
    period_end: i64,
    span_end: i64,
    billing: &'a str,
    subscription: &'a str,
    plan: &'a str,
    price_version: i64,
    overrides: &'a [Arc<str>],
    price: i128,
    quantity: i128,
    charged_seconds: u64,
    whole_seconds: u64,
    currency: &'a str,
    amount_unrounded: i128,
    amount: i128,
    amount_minor_units: i64,
    error: String,
    version: u64,
    is_deleted: u8,
}

impl<'a> RecurringRow<'a> {
    pub fn new(
        key: &'a RecurringKey,
        line: Option<&'a RecurringLine>,
        organization_id: &'a str,
        version: u64,
    ) -> RecurringRow<'a> {
        let gone = RecurringRow {
            organization_id,
            period_start: key.period_start.0,
            kind: key.kind.name(),
            name: &key.name,
            span_start: key.start.0,
            line_id: String::new(),
            period_end: 0,
            span_end: 0,
            billing: "",
            subscription: "",
            plan: "",
            price_version: 0,
            overrides: &[],
            price: 0,
            quantity: 0,
            charged_seconds: 0,
            whole_seconds: 0,
            currency: "",
            amount_unrounded: 0,
            amount: 0,
            amount_minor_units: 0,
            error: String::new(),
            version,
            is_deleted: line.is_none().into(),
        };
        let Some(line) = line else { return gone };
        let (amount_unrounded, amount, error) = match amounts(line) {
            Ok((unrounded, amount)) => (unrounded, amount, String::new()),
            Err(error) => (0, Amount::default(), error.to_string()),
        };
        RecurringRow {
            line_id: line.id(organization_id).to_string(),
            period_end: line.period.end.0,
            span_end: line.end.0,
            billing: line.billing.name(),
            subscription: &line.subscription,
            plan: &line.plan,
            price_version: line.version.0,
            overrides: &line.overrides,
            // Rows have at most twelve digits.
            price: trillionths(line.price).unwrap_or_default(),
            quantity: line.quantity.0,
            charged_seconds: line.charged_seconds,
            whole_seconds: line.whole_seconds,
            currency: &line.currency,
            amount_unrounded,
            amount: amount.scaled,
            amount_minor_units: amount.minor_units,
            error,
            ..gone
        }
    }
}

/// Each within what its column holds.
fn amounts(line: &RecurringLine) -> Result<(i128, Amount), RateError> {
    let amount = line.amount?;
    let unrounded = decimal(amount.unrounded).ok_or(RateError::AmountOverflow)?;
    Ok((unrounded, Amount::of(amount.minor_units, &line.currency)?))
}
