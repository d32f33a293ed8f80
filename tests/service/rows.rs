//! Rows as text, from the views and from the oracle alike, so that a difference can be read.

use crate::house::{House, query};
use oracle::exact::{Fraction, round};
use oracle::{Expected, Outcome, RateError, WindowKey};
use std::collections::{BTreeMap, BTreeSet};

pub type Rows = BTreeSet<String>;

const USAGE: &str = "
    SELECT 'hour', organization_id, meter, arrayStringConcat(mapValues(dimensions), ','),
           toUnixTimestamp64Micro(window_start), events, quantity, error
    FROM highwater.usage_hour FORMAT TSV";
const PERIODS: &str = "
    SELECT 'period', organization_id, meter, toUnixTimestamp64Micro(period_start), toUnixTimestamp64Micro(period_end),
           plan, currency, events, quantity, limit, overage, cost_minor_units, error
    FROM highwater.period_usage FORMAT TSV";
const LINES: &str = "
    SELECT 'line', organization_id, meter, toUnixTimestamp64Micro(span_start), toUnixTimestamp64Micro(span_end),
           subscription, toUnixTimestamp64Micro(plan_version), arrayStringConcat(overrides, ','), events, quantity,
           included_quantity, overage_quantity, amount_unrounded, amount_minor_units
    FROM highwater.rated_lines FORMAT TSV";
/// The day is left out: a test that runs over midnight is right as well.
const OUTCOMES: &str = "
    SELECT 'outcome', if(outcome = 'rejected', '', organization_id), outcome, code, sum(records)
    FROM highwater.event_outcomes_daily GROUP BY 2, 3, 4 FORMAT TSV";

/// What the views of usage and money show.
pub fn shown(port: u16) -> Rows {
    let ask = |sql| query(port, sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    [USAGE, PERIODS, LINES].into_iter().flat_map(|sql| lines(&ask(sql))).collect()
}

/// How many records ended how.
pub fn outcomes(port: u16) -> Rows {
    let answer = query(port, OUTCOMES).unwrap_or_else(|error| panic!("{error}"));
    lines(&answer).into_iter().collect()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(ToOwned::to_owned).collect()
}

/// What the views must show.
pub fn expected(expected: &Expected) -> Rows {
    let hours = expected.usage.iter().filter(|(key, _)| key.length == oracle::HOUR);
    let mut rows: Rows = hours
        .map(|(WindowKey { organization, meter, dimensions, start, .. }, usage)| {
            let (dimensions, quantity) = (dimensions.join(","), quantity(&usage.quantity));
            format!("hour\t{organization}\t{meter}\t{dimensions}\t{start}\t{}\t{quantity}\t", usage.events)
        })
        .collect();
    for (key, period) in &expected.periods {
        let (organization, meter) = (&key.organization, &key.meter);
        let period = match period {
            Ok(period) => period,
            Err(error @ (RateError::AmountOverflow | RateError::MixedCurrencies)) => {
                panic!("{error:?} is not made here")
            }
        };
        rows.insert(format!(
            "period\t{organization}\t{meter}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t",
            key.start,
            period.period.end,
            period.plan,
            period.currency,
            period.events,
            quantity(&period.quantity),
            period.limit.as_ref().map_or("\\N".to_owned(), quantity),
            quantity(&period.overage),
            period.cost_minor_units,
        ));
        for line in &period.lines {
            let (span, terms) = (&line.span, &line.span.terms);
            rows.insert(format!(
                "line\t{organization}\t{meter}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
                span.start,
                span.end,
                terms.subscription,
                terms.plan_version,
                terms.overrides.join(","),
                line.events,
                quantity(&line.quantity),
                quantity(&line.included),
                quantity(&line.overage),
                decimal(&line.amount_unrounded.to_string(), 18),
                line.amount_minor_units,
            ));
        }
    }
    rows
}

pub fn expected_outcomes(expected: &Expected) -> Rows {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for record in &expected.outcomes {
        let organization = record.organization.as_deref().unwrap_or_default();
        let key = match record.outcome {
            Outcome::Accepted => format!("{organization}\taccepted\t"),
            Outcome::Duplicate => format!("{organization}\tduplicate\t"),
            Outcome::Conflicting => format!("{organization}\tconflicting\t"),
            Outcome::Late => format!("{organization}\tlate\t"),
            Outcome::Rejected(code) => format!("\trejected\t{code}"),
        };
        *counts.entry(key).or_default() += 1;
    }
    counts.into_iter().map(|(key, count)| format!("outcome\t{key}\t{count}")).collect()
}

fn quantity(quantity: &Fraction) -> String {
    decimal(&round(quantity, 9).to_string(), 9)
}

/// A whole number of 10^-digits as ClickHouse writes a decimal: without zeros at the end.
fn decimal(whole: &str, digits: usize) -> String {
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let padded = format!("{whole:0>width$}", width = digits + 1);
    let (units, fraction) = padded.split_at(padded.len() - digits);
    match fraction.trim_end_matches('0') {
        "" => format!("{sign}{units}"),
        fraction => format!("{sign}{units}.{fraction}"),
    }
}

/// Fails with the first rows that one side has and the other has not.
pub fn assert_same(shown: &Rows, expected: &Rows) {
    let few = |rows: Vec<&String>| rows.into_iter().take(12).cloned().collect::<Vec<_>>().join("\n");
    let (surplus, missing) = (shown.difference(expected).collect(), expected.difference(shown).collect());
    let (surplus, missing): (Vec<_>, Vec<_>) = (surplus, missing);
    let counts = format!("{} rows are shown, {} expected", shown.len(), expected.len());
    assert!(
        surplus.is_empty() && missing.is_empty(),
        "{counts}; shown and wrong:\n{}\nexpected and missing:\n{}",
        few(surplus),
        few(missing)
    );
}

/// Whether every table's rows contain everything before `next_offset` of the partition.
pub fn reached(port: u16, topic: &str, partition: u32, next_offset: u64) -> bool {
    let sql = format!(
        "SELECT count() > 0 AND min(`positions.next_offset`[indexOf(arrayMap((topic, partition) -> (topic, partition),
             `positions.topic`, `positions.partition`), ('{topic}', {partition}))]) >= {next_offset}
         FROM highwater.progress FORMAT TSV"
    );
    query(port, &sql).is_ok_and(|answer| answer.trim() == "1")
}

/// Sends one more event and waits until it is shown: then everything that was sent before is shown as well. The event
/// is no meter's.
pub fn settle(house: &House, id: &str) {
    let event = serde_json::json!({
        "id": id, "organizationId": "sentinel", "feature": "none", "timestamp": oracle::civil::rfc3339(crate::usage::now()),
    });
    house.until("the last event is taken", || {
        let answer = house.post("/v1/events", "application/json", event.to_string());
        answer.is_ok_and(|answer| answer.status == 200).then_some(())
    });
    let place = format!(
        "SELECT place_topic, place_offset FROM highwater.usage_events WHERE organization_id = 'sentinel' AND id = '{id}'
         FORMAT TSV"
    );
    let place = house.until("the last event is shown", || house.query(&place).ok().filter(|answer| !answer.is_empty()));
    let (topic, offset) = place.trim().split_once('\t').expect("two columns");
    let next_offset = offset.parse::<u64>().expect("an offset") + 1;
    house.until("every table is as far", || reached(house.clickhouse_port, topic, 0, next_offset).then_some(()));
}
