//! What recurs in every billing period of every organization, found by asking each minute that could matter.
//!
//! A period's cells are the stretches between two changes of any row. For each cell and each thing that recurs in it the
//! rows are asked anew; neighbours that agree make one line.

use crate::PeriodKey;
use crate::civil::{Cadence, Micros, Period};
use crate::exact::{self, Fraction};
use crate::rating::{RateError, RatedPeriod, attos, minor_digits};
use crate::tables::{Tables, covers, effective_from, text};
use crate::terms::{Book, changes_within, phase_at, phases};
use num_bigint::BigInt;
use num_traits::Zero;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecurringKey {
    pub organization: String,
    pub period_start: Micros,
    pub kind: &'static str,
    pub name: String,
    pub start: Micros,
}

#[derive(Clone, Debug, PartialEq)]
pub struct RecurringLine {
    pub period: Period,
    pub end: Micros,
    pub terms: Recurs,
    pub charged_seconds: i64,
    pub whole_seconds: i64,
    /// In units of 10^-18 and in minor units.
    pub amount: Result<(BigInt, BigInt), RateError>,
}

/// One thing that recurs, with the rows that say so.
#[derive(Clone, Debug, PartialEq)]
pub struct Recurs {
    pub kind: &'static str,
    pub name: String,
    pub in_arrears: bool,
    pub subscription: String,
    pub plan: String,
    pub version: Micros,
    pub overrides: Vec<String>,
    pub currency: String,
    pub price: Fraction,
    pub quantity: Fraction,
}

type Rated = BTreeMap<PeriodKey, Result<RatedPeriod, RateError>>;

pub fn lines(tables: &Tables, until: Micros, rated: &Rated) -> BTreeMap<RecurringKey, RecurringLine> {
    let organizations: BTreeSet<&str> = tables.table("subscriptions").map(|row| text(row, "organizationId")).collect();
    let mut lines = BTreeMap::new();
    for organization in organizations {
        let book = Book::of(tables, organization, "");
        for (period, whole) in periods(tables, organization, &book, until) {
            for (start, line) in of_period(tables, organization, &book, (period, whole), until, rated) {
                let key = RecurringKey {
                    organization: organization.to_owned(),
                    period_start: period.start,
                    kind: line.terms.kind,
                    name: line.terms.name.clone(),
                    start,
                };
                assert!(lines.insert(key, line).is_none(), "two lines under one key");
            }
        }
    }
    lines
}

/// Every period that has begun, clipped and whole, walked through from the first subscription on.
fn periods(tables: &Tables, organization: &str, book: &Book<'_>, until: Micros) -> Vec<(Period, Period)> {
    let subscriptions: Vec<&Value> =
        tables.table("subscriptions").filter(|row| text(row, "organizationId") == organization).collect();
    let mut starts: Vec<Micros> = subscriptions.iter().map(|row| effective_from(row)).collect();
    starts.sort();
    let mut found = Vec::new();
    let mut at = starts[0];
    while at <= until {
        match book.subscription_at(at) {
            Some(subscription) => {
                let period = book.period_at(at, subscription);
                found.push((period, Cadence::of_row(subscription).period_of(at)));
                at = period.end;
            }
            None => match starts.iter().find(|start| **start > at) {
                Some(start) => at = *start,
                None => break,
            },
        }
    }
    found
}

fn of_period(
    tables: &Tables,
    organization: &str,
    book: &Book<'_>,
    (period, whole): (Period, Period),
    until: Micros,
    rated: &Rated,
) -> Vec<(Micros, RecurringLine)> {
    let all: Vec<&Value> =
        ["subscriptions", "plans", "add_ons", "overrides"].into_iter().flat_map(|table| tables.table(table)).collect();
    let phases: Vec<&Value> = tables.table("subscriptions").flat_map(phases).collect();
    let changes = changes_within(period, all.iter().chain(&phases));
    let mut stretches: Vec<(Micros, Micros, Recurs)> = Vec::new();
    for cell in changes.windows(2) {
        for recurs in at(tables, organization, book, cell[0]) {
            let before = stretches.iter_mut().find(|(_, end, same)| *end == cell[0] && *same == recurs);
            match before {
                Some((_, end, _)) => *end = cell[1],
                None => stretches.push((cell[0], cell[1], recurs)),
            }
        }
    }
    let (committed, charged): (Vec<_>, Vec<_>) = stretches.into_iter().partition(|(.., it)| it.kind == "true_up");
    let whole_seconds = seconds(whole.start, whole.end);
    let mut lines: Vec<(Micros, RecurringLine)> = Vec::new();
    for (start, end, terms) in charged {
        let exact = exact_share(&terms, seconds(start, end), whole_seconds);
        let amount = rounded(&exact, &terms.currency);
        let charged_seconds = seconds(start, end);
        lines.push((start, RecurringLine { period, end, terms, charged_seconds, whole_seconds, amount }));
    }
    if period.end <= until {
        lines.extend(true_up(organization, period, whole_seconds, &committed, &lines, rated));
    }
    lines.retain(|(_, line)| !line.terms.in_arrears || period.end <= until);
    lines
}

fn true_up(
    organization: &str,
    period: Period,
    whole_seconds: i64,
    committed: &[(Micros, Micros, Recurs)],
    lines: &[(Micros, RecurringLine)],
    rated: &Rated,
) -> Option<(Micros, RecurringLine)> {
    let ((first, ..), (_, end, terms)) = (committed.first()?, committed.last()?);
    let line = |amount| {
        let charged_seconds = committed.iter().map(|(start, end, _)| seconds(*start, *end)).sum();
        let line = RecurringLine { period, end: *end, terms: terms.clone(), charged_seconds, whole_seconds, amount };
        Some((*first, line))
    };
    let usage: Vec<_> = rated
        .iter()
        .filter(|(key, _)| key.organization == organization && key.start == period.start)
        .map(|(_, value)| value)
        .collect();
    let errors = usage.iter().filter_map(|value| value.as_ref().err().copied());
    let errors = errors.chain(lines.iter().filter_map(|(_, line)| line.amount.as_ref().err().copied()));
    if let Some(error) = errors.min() {
        return line(Err(error));
    }
    let with_lines = usage.iter().filter_map(|value| value.as_ref().ok()).filter(|value| !value.lines.is_empty());
    let mut currencies: BTreeSet<&str> = committed.iter().map(|(.., terms)| &*terms.currency).collect();
    currencies.extend(lines.iter().map(|(_, line)| &*line.terms.currency));
    currencies.extend(with_lines.clone().map(|value| &*value.currency));
    if currencies.len() > 1 {
        return line(Err(RateError::MixedCurrencies));
    }
    let due: Fraction =
        committed.iter().map(|(start, end, terms)| exact_share(terms, seconds(*start, *end), whole_seconds)).sum();
    let digits = minor_digits(&terms.currency);
    let of_usage: BigInt = with_lines.map(|value| &value.cost_minor_units).sum();
    let of_lines: BigInt = lines.iter().filter_map(|(_, line)| line.amount.as_ref().ok()).map(|(_, minor)| minor).sum();
    let missing = exact::round(&due, digits) - of_usage - of_lines;
    if missing <= BigInt::zero() {
        return None;
    }
    line(rounded(&Fraction::new(missing, exact::power_of_ten(digits)), &terms.currency))
}

fn seconds(start: Micros, end: Micros) -> i64 {
    (end - start) / 1_000_000
}

fn exact_share(terms: &Recurs, charged_seconds: i64, whole_seconds: i64) -> Fraction {
    &terms.price * &terms.quantity * exact::integer(charged_seconds) / exact::integer(whole_seconds)
}

fn rounded(amount: &Fraction, currency: &str) -> Result<(BigInt, BigInt), RateError> {
    Ok((attos(amount)?, exact::round(amount, minor_digits(currency))))
}

/// What recurs at an instant: nothing without a subscription, in a trial or in a pause.
fn at(tables: &Tables, organization: &str, book: &Book<'_>, instant: Micros) -> Vec<Recurs> {
    let Some(subscription) = book.subscription_at(instant) else { return Vec::new() };
    if phase_at(subscription, instant).is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let common = |kind, row: &Value, name: &str, version, price, quantity| Recurs {
        kind,
        name: text(row, name).to_owned(),
        in_arrears: kind == "true_up" || row.get("billing").is_some_and(|billing| billing == "in_arrears"),
        subscription: text(subscription, "id").to_owned(),
        plan: text(subscription, "plan").to_owned(),
        version,
        overrides: Vec::new(),
        currency: text(row, "currency").to_owned(),
        price,
        quantity,
    };
    for (kind, field) in [("base_price", "base_price"), ("true_up", "commitment")] {
        let says = |row: &Value| {
            let billing = if kind == "base_price" { row.get("billing").cloned() } else { None };
            let billing = billing.filter(|billing| billing == "in_arrears");
            (row.get(field).map(exact::row_decimal), row["currency"].clone(), billing)
        };
        let Some((plan, version)) = in_force(tables, "plans", "plan", &subscription["plan"], instant, says) else {
            continue;
        };
        let mut overrides: Vec<&Value> = tables
            .table("overrides")
            .filter(|row| text(row, "organizationId") == organization && row.get("meter").is_none())
            .filter(|row| row.get(field).is_some() && covers(row, instant))
            .collect();
        overrides.sort_by_key(|row| (effective_from(row), text(row, "id")));
        let price = overrides.last().copied().unwrap_or(plan).get(field).map(exact::row_decimal);
        let seats = subscription.get("quantity").map_or_else(|| exact::integer(1), exact::row_decimal);
        let quantity = if kind == "base_price" { seats } else { exact::integer(1) };
        if let Some(price) = price {
            let ids = overrides.iter().map(|row| text(row, "id").to_owned()).collect();
            found.push(Recurs { overrides: ids, ..common(kind, plan, "plan", version, price, quantity) });
        }
    }
    for held in subscription.get("add_ons").and_then(Value::as_array).into_iter().flatten() {
        let says = |row: &Value| {
            let billing = row.get("billing").cloned().filter(|billing| billing == "in_arrears");
            (Some(exact::row_decimal(&row["price"])), row["currency"].clone(), billing)
        };
        let quantity = held.get("quantity").map_or_else(|| exact::integer(1), exact::row_decimal);
        if let Some((row, version)) = in_force(tables, "add_ons", "add_on", &held["add_on"], instant, says)
            && !quantity.is_zero()
        {
            found.push(common("add_on", row, "add_on", version, exact::row_decimal(&row["price"]), quantity));
        }
    }
    found
}

/// The version that holds, and where the first of the unbroken row began that says the same.
fn in_force<'a, T: PartialEq>(
    tables: &'a Tables,
    table: &'a str,
    name: &str,
    wanted: &Value,
    instant: Micros,
    says: impl Fn(&Value) -> T,
) -> Option<(&'a Value, Micros)> {
    let mut versions: Vec<&Value> =
        tables.table(table).filter(|row| row[name] == *wanted && effective_from(row) <= instant).collect();
    versions.sort_by_key(|row| effective_from(row));
    let newest = *versions.last()?;
    let first = versions.iter().rev().take_while(|row| says(row) == says(newest)).last()?;
    Some((newest, effective_from(first)))
}
