//! What the oracle expects, written as the engine's rows are written.

use super::rows::{self, Rows};
use oracle::exact::{Fraction, round};
use oracle::{Burnt, Expected, LedgerKey, Outcome, RateError, RatedLine, RatedPeriod, RecurringLine};
use std::collections::BTreeMap;

pub fn rows(expected: &Expected) -> Rows {
    let mut rows = Rows::default();
    for (key, usage) in &expected.usage {
        let size = match key.length {
            oracle::MINUTE => "minute",
            oracle::HOUR => "hour",
            _ => "day",
        };
        let row_key = rows::window_key(size, &key.organization, &key.meter, &key.dimensions, key.start);
        rows.insert(row_key, format!("events {} quantity {}", usage.events, nanos(&usage.quantity)));
    }
    for (key, period) in &expected.periods {
        let row_key = rows::period_key(&key.organization, &key.meter, key.start);
        match period {
            Err(RateError::AmountOverflow) => rows.insert(row_key, "error amount_overflow".into()),
            Err(RateError::MixedCurrencies) => rows.insert(row_key, "error mixed_currencies".into()),
            Ok(period) => {
                for (number, line) in period.lines.iter().enumerate() {
                    rows.insert(rows::line_key(&row_key, number), line_text(line));
                }
                rows.insert(row_key, period_text(period));
            }
        }
    }
    for (key, line) in &expected.recurring {
        let row_key = rows::recurring_key(&key.organization, key.period_start, key.kind, &key.name, key.start);
        rows.insert(row_key, recurring_text(line));
    }
    credit_rows(&expected.credits, &mut rows);
    outcome_rows(expected, &mut rows);
    for (organization, source, id) in &expected.standing {
        rows.insert(rows::archive_key(organization, source, id), "stands".into());
    }
    rows
}

fn credit_rows(burnt: &Burnt, rows: &mut Rows) {
    let key = |what: &str, (organization, unit, of): &LedgerKey, name: &str| {
        rows::credit_key(what, organization, (unit, of), name)
    };
    for ((ledger, grant, at), entry) in &burnt.entries {
        let amounts =
            [&entry.opening, &entry.granted, &entry.burned, &entry.expired, &entry.rolled_over, &entry.refunded];
        let value = format!("{:?} closing {}", amounts.map(nanos), nanos(&entry.closing));
        rows.insert(format!("{} {at}", key("entry", ledger, grant)), value);
    }
    for ((ledger, grant), sums) in &burnt.balances {
        rows.insert(key("balance", ledger, grant), format!("{:?}", sums.each_ref().map(nanos)));
    }
    for ((ledger, id), request) in &burnt.requests {
        let amounts = [&request.amount, &request.balance, &request.pending].map(nanos);
        let value =
            format!("at {} {amounts:?} lapses {} answered by {:?}", request.at, request.lapses_at, request.answered_by);
        rows.insert(key("request", ledger, id), value);
    }
    for ((organization, meter, start, grant), (period, minor_units)) in &burnt.lines {
        let value = format!("of {} to {} pays {minor_units}", period.start, period.end);
        rows.insert(rows::credit_line_key(organization, meter, *start, grant), value);
    }
}

fn outcome_rows(expected: &Expected, rows: &mut Rows) {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (number, record) in expected.outcomes.iter().enumerate() {
        let (outcome, code) = match record.outcome {
            Outcome::Accepted => ("Accepted", ""),
            Outcome::Duplicate => ("Duplicate", ""),
            Outcome::Conflicting => ("Conflicting", ""),
            Outcome::Late => ("Late", ""),
            Outcome::Rejected(code) => ("Rejected", code),
        };
        let outcome_text = format!("{outcome} {code}");
        let organization = record.organization.as_deref().filter(|_| outcome != "Rejected");
        *counts.entry(rows::count_key(record.day, organization, &outcome_text)).or_default() += 1;
        rows.insert(
            rows::outcome_key(number),
            match record.first {
                Some(first) => format!("{outcome_text} first {first}"),
                None => outcome_text,
            },
        );
    }
    counts.into_iter().for_each(|(key, count)| rows.insert(key, count.to_string()));
}

fn recurring_text(line: &RecurringLine) -> String {
    let terms = &line.terms;
    let amount = match &line.amount {
        Ok((unrounded, minor_units)) => format!("unrounded {unrounded} rounded {minor_units}"),
        Err(RateError::AmountOverflow) => "error amount_overflow".to_owned(),
        Err(RateError::MixedCurrencies) => "error mixed_currencies".to_owned(),
    };
    format!(
        "of {} to {} until {} billing {} subscription {:?} plan {} version {} overrides {:?} price {} {} quantity {} share {}/{} {amount}",
        line.period.start,
        line.period.end,
        line.end,
        if terms.in_arrears { "in_arrears" } else { "in_advance" },
        terms.subscription,
        terms.plan,
        terms.version,
        terms.overrides,
        round(&terms.price, 12),
        terms.currency,
        nanos(&terms.quantity),
        line.charged_seconds,
        line.whole_seconds,
    )
}

/// In units of 10^-9, of which a quantity is always a whole number.
fn nanos(quantity: &Fraction) -> String {
    let nanos = round(quantity, 9);
    assert_eq!(Fraction::new(nanos.clone(), oracle::exact::power_of_ten(9)), *quantity, "nine digits");
    nanos.to_string()
}

/// As the shortest decimal, of at most 12 digits.
fn percent(factor: &Fraction) -> String {
    let trillionths = round(&(factor * oracle::exact::integer(100)), 12).to_string();
    let padded = format!("{trillionths:0>13}");
    let (whole, fraction) = padded.split_at(padded.len() - 12);
    format!("{whole}.{fraction}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn period_text(period: &RatedPeriod) -> String {
    format!(
        "end {} plan {} currency {} events {} quantity {} limit {:?} overage {} cost {} lines {}",
        period.period.end,
        period.plan,
        period.currency,
        period.events,
        nanos(&period.quantity),
        period.limit.as_ref().map(|limit| round(limit, 9)),
        nanos(&period.overage),
        period.cost_minor_units,
        period.lines.len(),
    )
}

fn line_text(line: &RatedLine) -> String {
    let terms = &line.span.terms;
    let tiers: Vec<String> = line
        .tiers
        .iter()
        .map(|tier| format!("{}: {} {}", tier.tier, nanos(&tier.quantity), tier.amount_unrounded))
        .collect();
    let covers: Vec<String> =
        line.covers.iter().map(|(grant, covered)| format!("{grant}: {}", nanos(covered))).collect();
    let steps: Vec<String> = line
        .steps
        .iter()
        .map(|step| format!("{} {}: {} {}", step.kind, step.index, nanos(&step.quantity), step.amount_unrounded))
        .collect();
    format!(
        "from {} to {} subscription {:?} plan {} version {} overrides {:?} adjustments {:?} apart {} percent {} events {} quantity {} included {} overage {} covers {covers:?} tiers {tiers:?} steps {steps:?} unrounded {} rounded {}",
        line.span.start,
        line.span.end,
        terms.subscription,
        terms.plan,
        terms.plan_version,
        terms.overrides,
        terms.adjustments,
        terms.apart.as_deref().unwrap_or("no"),
        percent(&terms.factor),
        line.events,
        nanos(&line.quantity),
        nanos(&line.included),
        nanos(&line.overage),
        line.amount_unrounded,
        line.amount_minor_units,
    )
}
