//! What unit credits change of a period, and where credits cut spans and where they do not: a line a case.

mod rows;

use highwater_rating::credits::{CreditUnit, Ledger};
use highwater_rating::number::Quantity;
use highwater_rating::rate::{PeriodUsage, rate_covered};
use highwater_rating::tables::{Aggregation, CreditPolicy, Grant, Row, Table, read_row};
use highwater_rating::terms::{Schedule, SpanOrGap};
use highwater_rating::time::EventTime;
use rows::{METER, charge_of, january, months, plan, subscription, usage};
use std::sync::Arc;

fn grant(unit: &str, amount: i64, from: &str, more: &str) -> Arc<Grant> {
    let row = format!(
        r#"{{"id":"g","organizationId":"acme",{unit},"amount":{amount},"kind":"paid","effective_from":"{from}T00:00:00Z"{more}}}"#
    );
    match read_row(Table::Grants, row.as_bytes()) {
        Ok(Row::Grants(row)) => Arc::new(row),
        other => panic!("{row}: {other:?}"),
    }
}

fn units() -> String {
    format!(r#""meter":"{METER}""#)
}

/// January in three spans of ten, ten and eleven days under one charge: `covered overage amount` of each line.
fn covered(charge: &str, aggregation: Aggregation, credits: i64, used: [&str; 3]) -> String {
    let days = [("2026-01-01", "2026-01-11"), ("2026-01-11", "2026-01-21"), ("2026-01-21", "2026-02-01")];
    let charge = charge_of(charge);
    let spans: Vec<_> =
        days.iter().zip(used).map(|((from, to), used)| usage(from, to, "USD", Some(charge.clone()), used)).collect();
    let grant = grant(&units(), credits, "2026-01-01", "");
    let mut ledger = Ledger::new([&*grant], [], CreditUnit::Meter(METER.into()).grain(), EventTime::MAX);
    let quantity = Quantity(spans.iter().map(|span| span.quantity.0).sum());
    let usage = PeriodUsage { aggregation, period: january(), spans: &spans, quantity };
    let rated = rate_covered(&usage, Some(&mut ledger)).expect("an amount");
    let lines = rated.lines.iter();
    let lines =
        lines.map(|line| format!("{} {} {}", line.covered().expect("a sum"), line.overage, line.amount_minor_units));
    lines.collect::<Vec<_>>().join(", ")
}

#[test]
fn what_credits_cover_is_not_priced() {
    const EACH: &str = r#""model":"per_unit","price":"1""#;
    let sum = Aggregation::Sum;
    #[rustfmt::skip]
    let cases = [
        // Above the allowance only, in the order of time, until they are used up.
        (format!(r#"{EACH},"included":10"#),                         sum, 5,  ["8", "6", "6"],   "0 0 0, 4 0 0, 1 5 500"),
        (format!(r#"{EACH},"included":10"#),                         sum, 20, ["8", "6", "6"],   "0 0 0, 4 0 0, 6 0 0"),
        // Tiers count what is left to pay.
        (r#""model":"graduated","tiers":[{"up_to":2,"price":1},{"price":3}]"#.into(), sum, 3, ["2", "2", "3"], "2 0 0, 1 1 100, 0 3 700"),
        // Under a prorated allowance each span has its share of it: 10/31 of 31 are 10, and 11 in the last.
        (format!(r#"{EACH},"included":31,"allowance":"prorated""#),  sum, 3,  ["12", "12", "12"], "2 0 0, 1 1 100, 0 1 100"),
        // In converted units, after the conversion has rounded them.
        (format!(r#"{EACH},"conversion":{{"factor":"0.1","rounding":"up","digits":0}}"#), sum, 2, ["11", "9", "10"], "2 0 0, 0 0 0, 0 1 100"),
        // Free units are free of what is left to pay, and a minimum stays due.
        (format!(r#"{EACH},"free_units":2,"minimum":"5""#),          sum, 3,  ["3", "1", "9"],   "3 0 500, 0 1 0, 0 9 300"),
        // What is taken back pays back what was paid, and no credits; what was covered covers what comes instead.
        (EACH.into(),                                                sum, 5,  ["8", "-6", "4"],  "5 3 300, 0 -3 -300, 0 1 100"),
        // A level is not used up.
        (EACH.into(),                                 Aggregation::Max,  50,  ["31", "31", "31"], "0 31 1000, 0 31 1000, 0 31 1100"),
    ];
    for (charge, aggregation, credits, used, expected) in cases {
        assert_eq!(covered(&charge, aggregation, credits, used), expected, "{charge} {used:?}");
    }
}

/// Days on which spans of January begin.
fn cuts(charge: &str, grants: Vec<Arc<Grant>>, policies: Vec<Arc<CreditPolicy>>) -> Vec<String> {
    let charge = charge_of(charge);
    let subscribed = Arc::new(subscription("s", "p", "2026-01-01", None, months()));
    let plans = vec![Arc::new(plan("p", "2026-01-01", vec![charge]))];
    let schedule = Schedule::new(METER.into(), vec![subscribed], plans, vec![], vec![]).with_credits(grants, policies);
    let mut at = january().start;
    let mut starts = Vec::new();
    while at < january().end {
        let SpanOrGap::Span(span) = schedule.span_at(at) else { panic!("a gap") };
        assert_eq!(span.start, at, "spans tile the period");
        starts.push(span.start.to_string()[8..10].to_owned());
        at = span.end;
    }
    starts
}

#[test]
fn spans_are_cut_where_something_happens_to_credits_that_can_pay_for_them() {
    const WHOLE: &str = r#""model":"per_unit","price":"1","included":10"#;
    const PRORATED: &str = r#""model":"per_unit","price":"1","included":10,"allowance":"prorated""#;
    let policy = |unit: &str| {
        let row = format!(
            r#"{{"id":"p","organizationId":"acme",{unit},"effective_from":"2026-01-03T00:00:00Z","burn_order":["kind"]}}"#
        );
        match read_row(Table::CreditPolicies, row.as_bytes()) {
            Ok(Row::CreditPolicies(row)) => vec![Arc::new(row)],
            other => panic!("{row}: {other:?}"),
        }
    };
    let (units, money) = (units(), r#""currency":"USD""#.to_owned());
    let dollars = || grant(&money, 1, "2026-01-05", "");
    #[rustfmt::skip]
    let cases = [
        (WHOLE,    vec![grant(&units, 1, "2026-01-05", r#","expires_at":"2026-01-20T00:00:00Z""#)], vec![],         vec!["01", "05", "20"]),
        (WHOLE,    vec![grant(&units, 1, "2025-12-01", r#","resets":["2026-01-09T00:00:00Z"]"#)],   vec![],         vec!["01", "09"]),
        (WHOLE,    vec![grant(&units, 1, "2025-12-01", r#","recurrence":{"anchor":"2026-01-06T00:00:00","interval":"week","interval_count":2,"time_zone":"UTC"}"#)], vec![], vec!["01", "06", "20"]),
        (WHOLE,    vec![dollars()],                                                                 vec![],         vec!["01", "05"]),
        (WHOLE,    vec![dollars()],                                                                 policy(&money), vec!["01", "03", "05"]),
        (WHOLE,    vec![dollars()],                                                                 policy(&units), vec!["01", "05"]),
        (WHOLE,    vec![],                                                                          policy(&units), vec!["01"]),
        (WHOLE,    vec![grant(r#""currency":"EUR""#, 1, "2026-01-05", "")],                         vec![],         vec!["01"]),
        (WHOLE,    vec![grant(r#""meter":"other""#, 1, "2026-01-05", "")],                          vec![],         vec!["01"]),
        (PRORATED, vec![grant(&units, 1, "2026-01-05", "")],                                        vec![],         vec!["01"]),
    ];
    for (charge, grants, policies, expected) in cases {
        assert_eq!(cuts(charge, grants.clone(), policies), expected, "{charge} {grants:?}");
    }
}
