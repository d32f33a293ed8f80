//! Cases of credits: rows as JSON, which the readers read for the ledger and the oracle reads by itself.

use highwater_rating::credits::Entry;
use highwater_rating::number::Quantity;
use highwater_rating::tables::{CreditPolicy, Grant, Row, Table, read_row};
use oracle::civil::rfc3339;
use oracle::credits::{Credits, CreditsExpected};
use oracle::exact::{Fraction, power_of_ten};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// 2026-10-01T00:00:00Z, some weeks before clocks change in Vienna and New York.
const START: i64 = 1_790_812_800_000_000;
const HOUR: i64 = 3_600_000_000;
const ONE: i128 = 1_000_000_000;

#[derive(Clone, Debug)]
pub struct Case {
    pub grants: Vec<Value>,
    pub policies: Vec<Value>,
    /// By instant; in billionths.
    pub usage: Vec<(i64, i128)>,
    /// In billionths.
    pub grain: i128,
    pub recurring_until: i64,
}

/// Few instants, so that many things happen at one.
fn instant() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => (0..40i64).prop_map(|days| START + days * 24 * HOUR),
        2 => (0..80i64).prop_map(|halves| START + halves * 12 * HOUR - 2 * HOUR),
        1 => (0..960i64).prop_map(|hours| START + hours * HOUR),
    ]
}

fn quantity() -> impl Strategy<Value = i128> {
    prop_oneof![3 => (1..20i128).prop_map(|units| units * ONE), 1 => 1..5 * ONE, 1 => Just(1)]
}

fn text(billionths: i128) -> String {
    Quantity(billionths).to_string()
}

fn cadence() -> impl Strategy<Value = Map<String, Value>> {
    let anchor = select(vec!["2026-09-30T00:00:00", "2026-10-31T00:00:00", "2026-01-05T12:00:00"]);
    let interval = select(vec![("day", 3), ("day", 1), ("week", 1), ("month", 1)]);
    let zone = select(vec!["UTC", "Europe/Vienna", "America/New_York"]);
    (anchor, interval, zone).prop_map(|(anchor, (interval, count), zone)| {
        let row = json!({"anchor": anchor, "interval": interval, "interval_count": count, "time_zone": zone});
        row.as_object().cloned().unwrap_or_default()
    })
}

fn grant() -> impl Strategy<Value = Value> {
    let kind = select(vec!["free", "promotional", "paid", "adjustment"]);
    let ends = option::of(1..1_500i64);
    let recurring = (option::weighted(0.3, cadence()), vec(instant(), 0..2), option::of(quantity()));
    (quantity(), kind, select(vec![0, 0, 0, -1, 2]), instant(), ends, recurring).prop_map(
        |(amount, kind, priority, from, ends, (recurrence, resets, rollover))| {
            let mut row = json!({"meter": "m", "amount": text(amount), "kind": kind, "priority": priority,
                "effective_from": rfc3339(from)});
            if let Some(hours) = ends {
                row["expires_at"] = rfc3339(from + hours * HOUR).into();
            }
            if let Some(recurrence) = recurrence {
                row["recurrence"] = recurrence.into();
            }
            if !resets.is_empty() {
                row["resets"] = resets.into_iter().map(rfc3339).collect::<Vec<_>>().into();
            }
            if let Some(rollover) = rollover {
                row["rollover"] = text(rollover).into();
            }
            row
        },
    )
}

/// A refund or an adjustment of one of the first grants.
fn change() -> impl Strategy<Value = Value> {
    (quantity(), any::<bool>(), any::<bool>(), 0..4, instant()).prop_map(|(amount, refund, less, of, at)| {
        let amount = if less && !refund { -amount } else { amount };
        json!({"meter": "m", "amount": text(amount), "kind": if refund { "refund" } else { "adjustment" },
            "of": format!("g{of}"), "effective_from": rfc3339(at)})
    })
}

fn policy() -> impl Strategy<Value = Value> {
    let orders = vec![
        None,
        Some(json!(["priority"])),
        Some(json!(["kind", "expires_at"])),
        Some(json!(["effective_from", "priority", "kind", "expires_at"])),
    ];
    let recharge = (quantity(), any::<bool>(), quantity(), option::of(quantity()), cadence(), 1..200i64).prop_map(
        |(threshold, by_target, size, cap, cadence, hours)| {
            let mut row = Value::from(cadence);
            row["threshold"] = text(threshold).into();
            match by_target {
                true => row["target"] = text(threshold + size).into(),
                false => row["amount"] = text(size).into(),
            }
            if let Some(cap) = cap {
                row["cap"] = text(cap + 3 * ONE).into();
            }
            row["pending_hours"] = hours.into();
            row
        },
    );
    (select(orders), option::weighted(0.8, recharge), instant(), option::weighted(0.3, 1..900i64)).prop_map(
        |(order, recharge, from, ends)| {
            let mut row = json!({"meter": "m", "effective_from": rfc3339(from)});
            if let Some(order) = order {
                row["burn_order"] = order;
            }
            if let Some(recharge) = recharge {
                row["recharge"] = recharge;
            }
            if let Some(hours) = ends {
                row["effective_to"] = rfc3339(from + hours * HOUR).into();
            }
            row
        },
    )
}

fn named(rows: Vec<Value>, prefix: &str) -> Vec<Value> {
    let name = |(number, mut row): (usize, Value)| {
        row["id"] = format!("{prefix}{number}").into();
        row["organizationId"] = "o".into();
        row
    };
    rows.into_iter().enumerate().map(name).collect()
}

pub fn any_case() -> impl Strategy<Value = Case> {
    let usage = vec((instant(), prop_oneof![5 => quantity(), 1 => Just(0), 1 => Just(-ONE)]), 0..10);
    let rows = (vec(grant(), 0..5), vec(change(), 0..3), vec(policy(), 0..3));
    // Which grants answer a request: the number of the grant, of the policy, of the period's start and of the request.
    let answers = vec((0..4usize, 0..2usize, 1..4u32), 0..3);
    (rows, usage, select(vec![1i128, ONE / 100]), (10..45i64), answers).prop_map(
        |((grants, changes, policies), mut usage, grain, days, answers)| {
            usage.sort();
            let (mut grants, changes) = (named(grants, "g"), named(changes, "h"));
            let policies = named(policies, "p");
            let count = grants.len();
            for (grant, policy, number) in answers {
                let period =
                    policies.get(policy).and_then(|row| row.get("recharge")).map(oracle::civil::Cadence::of_row);
                if let (Some(cadence), true) = (period, grant < count) {
                    let from = oracle::civil::instant(grants[grant]["effective_from"].as_str().unwrap_or_default());
                    let start = cadence.period_of(from.unwrap_or(START)).start;
                    grants[grant]["recharge_request"] = format!("p{policy}/{}/{number}", rfc3339(start)).into();
                }
            }
            grants.extend(changes);
            let usage = usage.into_iter().map(|(at, need)| (at, need - need % grain)).collect();
            Case { grants, policies, usage, grain, recurring_until: START + days * 24 * HOUR }
        },
    )
}

pub fn another_grant() -> impl Strategy<Value = Value> {
    grant().prop_map(|row| named(vec![row], "z").remove(0))
}

/// As the readers read them.
pub fn rows(case: &Case) -> (Vec<Grant>, Vec<CreditPolicy>) {
    let read = |table, row: &Value| {
        read_row(table, row.to_string().as_bytes()).unwrap_or_else(|mistake| panic!("{mistake}: {row}"))
    };
    let grant = |row: &Value| match read(Table::Grants, row) {
        Row::Grants(row) => row,
        other => panic!("{other:?}"),
    };
    let policy = |row: &Value| match read(Table::CreditPolicies, row) {
        Row::CreditPolicies(row) => row,
        other => panic!("{other:?}"),
    };
    (case.grants.iter().map(grant).collect(), case.policies.iter().map(policy).collect())
}

pub fn as_fraction(quantity: Quantity) -> Fraction {
    Fraction::new(quantity.0.into(), power_of_ten(9))
}

pub fn oracle_of(case: &Case) -> Credits {
    Credits {
        grants: case.grants.clone(),
        policies: case.policies.clone(),
        usage: case.usage.iter().map(|(at, need)| (*at, as_fraction(Quantity(*need)))).collect(),
        grain: Some(as_fraction(Quantity(case.grain))),
        recurring_until: case.recurring_until,
    }
}

pub fn entries_text(entries: &[Entry]) -> Vec<String> {
    let text = |entry: &Entry| {
        let amounts = [entry.opening, entry.granted, entry.burned, entry.expired, entry.rolled_over, entry.refunded];
        let amounts = amounts.map(as_fraction);
        line(entry.at.0, &entry.grant, &amounts.each_ref(), &as_fraction(entry.closing))
    };
    entries.iter().map(text).collect()
}

pub fn expected_text(expected: &CreditsExpected) -> Vec<String> {
    let entries = expected.entries.iter().map(|((at, grant), entry)| {
        let amounts =
            [&entry.opening, &entry.granted, &entry.burned, &entry.expired, &entry.rolled_over, &entry.refunded];
        line(*at, grant, &amounts, &entry.closing)
    });
    entries.collect()
}

fn line(
    at: i64,
    grant: &str,
    [opening, granted, burned, expired, rolled_over, refunded]: &[&Fraction; 6],
    closing: &Fraction,
) -> String {
    format!("{at} {grant}: {opening} +{granted} -{burned} -{expired} ={rolled_over}= -{refunded} {closing}")
}
