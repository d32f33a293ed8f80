//! `credit_lines`, `credit_ledger`, `credit_balances` and `recharge_requests`.

use super::amount::Amount;
use clickhouse::Row;
use highwater_dataflows::credit_burn::changes::{CreditLineKey, EntryKey, GrantKey, RequestKey};
use highwater_rating::credits::{Balance, CreditLine, CreditUnit, Entry, RechargeRequest};
use highwater_rating::rate::RateError;
use serde::Serialize;

#[derive(Row, Serialize)]
pub struct CreditLineRow<'a> {
    organization_id: &'a str,
    period_start: i64,
    meter: &'a str,
    span_start: i64,
    grant_id: &'a str,
    line_id: String,
    paid_line_id: String,
    period_end: i64,
    span_end: i64,
    currency: &'a str,
    amount_unrounded: i128,
    amount: i128,
    amount_minor_units: i64,
    version: u64,
    is_deleted: u8,
}

impl<'a> CreditLineRow<'a> {
    pub fn new(key: &'a CreditLineKey, line: Option<&'a CreditLine>, organization_id: &'a str, version: u64) -> Self {
        let gone = CreditLineRow {
            organization_id,
            period_start: key.period_start.0,
            meter: &key.meter,
            span_start: key.span_start.0,
            grant_id: &key.grant,
            line_id: String::new(),
            paid_line_id: String::new(),
            period_end: 0,
            span_end: 0,
            currency: "",
            amount_unrounded: 0,
            amount: 0,
            amount_minor_units: 0,
            version,
            is_deleted: line.is_none().into(),
        };
        let Some(line) = line else { return gone };
        // What leaves a column is no less of the line that is paid: its period is then an error row.
        let amount = Amount::of(line.amount_minor_units, &line.currency).unwrap_or_default();
        CreditLineRow {
            line_id: line.id(organization_id).to_string(),
            paid_line_id: line.paid_line(organization_id).to_string(),
            period_end: line.period.end.0,
            span_end: line.span_end.0,
            currency: &line.currency,
            amount_unrounded: line.amount_unrounded().unwrap_or_default(),
            amount: amount.scaled,
            amount_minor_units: amount.minor_units,
            ..gone
        }
    }
}

#[derive(Row, Serialize)]
pub struct EntryRow<'a> {
    organization_id: &'a str,
    meter: &'a str,
    currency: &'a str,
    grant_id: &'a str,
    at: i64,
    opening: i128,
    granted: i128,
    burned: i128,
    expired: i128,
    rolled_over: i128,
    refunded: i128,
    closing: i128,
    version: u64,
    is_deleted: u8,
}

impl<'a> EntryRow<'a> {
    pub fn new(key: &'a EntryKey, entry: Option<&'a Entry>, organization_id: &'a str, version: u64) -> Self {
        let (meter, currency) = names(&key.of.unit);
        EntryRow {
            organization_id,
            meter,
            currency,
            grant_id: &key.of.grant,
            at: key.at.0,
            opening: entry.map_or(0, |it| it.opening.0),
            granted: entry.map_or(0, |it| it.granted.0),
            burned: entry.map_or(0, |it| it.burned.0),
            expired: entry.map_or(0, |it| it.expired.0),
            rolled_over: entry.map_or(0, |it| it.rolled_over.0),
            refunded: entry.map_or(0, |it| it.refunded.0),
            closing: entry.map_or(0, |it| it.closing.0),
            version,
            is_deleted: entry.is_none().into(),
        }
    }
}

#[derive(Row, Serialize)]
pub struct BalanceRow<'a> {
    organization_id: &'a str,
    meter: &'a str,
    currency: &'a str,
    grant_id: &'a str,
    kind: &'static str,
    priority: i32,
    effective_from: i64,
    expires_at: Option<i64>,
    granted: i128,
    burned: i128,
    expired: i128,
    refunded: i128,
    balance: i128,
    changed_at: i64,
    error: String,
    version: u64,
    is_deleted: u8,
}

impl<'a> BalanceRow<'a> {
    pub fn new(
        key: &'a GrantKey,
        balance: Option<&'a Result<Balance, RateError>>,
        organization_id: &'a str,
        version: u64,
    ) -> Self {
        let (meter, currency) = names(&key.unit);
        let known = balance.and_then(|balance| balance.as_ref().ok());
        BalanceRow {
            organization_id,
            meter,
            currency,
            grant_id: &key.grant,
            kind: known.map_or("", |it| it.kind.name()),
            priority: known.map_or(0, |it| it.priority),
            effective_from: known.map_or(0, |it| it.effective_from.0),
            expires_at: known.and_then(|it| it.expires_at).map(|end| end.0),
            granted: known.map_or(0, |it| it.granted.0),
            burned: known.map_or(0, |it| it.burned.0),
            expired: known.map_or(0, |it| it.expired.0),
            refunded: known.map_or(0, |it| it.refunded.0),
            balance: known.map_or(0, |it| it.balance.0),
            changed_at: known.map_or(0, |it| it.changed_at.0),
            error: match balance {
                Some(Err(error)) => error.to_string(),
                _ => String::new(),
            },
            version,
            is_deleted: balance.is_none().into(),
        }
    }
}

#[derive(Row, Serialize)]
pub struct RequestRow<'a> {
    organization_id: &'a str,
    meter: &'a str,
    currency: &'a str,
    request_id: &'a str,
    policy: &'a str,
    period_start: i64,
    number: u32,
    at: i64,
    amount: i128,
    threshold: i128,
    balance: i128,
    pending: i128,
    lapses_at: i64,
    answered_by: &'a str,
    version: u64,
    is_deleted: u8,
}

impl<'a> RequestRow<'a> {
    pub fn new(
        key: &'a RequestKey,
        request: Option<&'a RechargeRequest>,
        organization_id: &'a str,
        version: u64,
    ) -> Self {
        let (meter, currency) = names(&key.unit);
        RequestRow {
            organization_id,
            meter,
            currency,
            request_id: &key.id,
            policy: request.map_or("", |it| &it.policy),
            period_start: request.map_or(0, |it| it.period_start.0),
            number: request.map_or(0, |it| it.number),
            at: request.map_or(0, |it| it.at.0),
            amount: request.map_or(0, |it| it.amount.0),
            threshold: request.map_or(0, |it| it.threshold.0),
            balance: request.map_or(0, |it| it.balance.0),
            pending: request.map_or(0, |it| it.pending.0),
            lapses_at: request.map_or(0, |it| it.lapses_at.0),
            answered_by: request.and_then(|it| it.answered_by.as_deref()).unwrap_or_default(),
            version,
            is_deleted: request.is_none().into(),
        }
    }
}

/// The meter and the currency: one of them is empty.
fn names(unit: &CreditUnit) -> (&str, &str) {
    match unit {
        CreditUnit::Meter(meter) => (meter, ""),
        CreditUnit::Currency(currency) => ("", currency),
    }
}
