//! Which terms hold when: spans, gaps, precedence, and where a change does not cut.

mod rows;

use highwater_rating::tables::Interval::{Month, Week};
use highwater_rating::tables::{Allowance, Override, Plan};
use highwater_rating::terms::{Gap, GapCause, Schedule, SpanOrGap};
use highwater_rating::time::{CadenceError, EventTime};
use rows::{cadence, charge, included, instant, months, per_unit, plan, schedule, span_at, subscription};

fn pro(from: &str, price: &str) -> Plan {
    plan("pro", from, vec![charge("100", Allowance::Whole, per_unit(price, "1"))])
}

/// `start..end of period plan@version [overrides] included`, days only.
fn shown(schedule: &Schedule, at: &str) -> String {
    let day = |instant: EventTime| match instant {
        EventTime::MIN | EventTime::MAX => instant.to_string(),
        _ => instant.to_string()[..10].to_owned(),
    };
    match schedule.span_at(instant(at)) {
        SpanOrGap::Gap(gap) => format!("{}..{} {:?}", day(gap.start), day(gap.end), gap.cause),
        SpanOrGap::Span(span) => {
            let terms = &span.terms;
            let included = terms.charge.as_ref().map(|charge| charge.included.to_string());
            format!(
                "{}..{} of {}..{} {}:{}@{} [{}] {}",
                day(span.start),
                day(span.end),
                day(span.period.start),
                day(span.period.end),
                terms.subscription,
                terms.plan,
                day(terms.plan_version),
                terms.overrides.join(" "),
                included.unwrap_or_else(|| "unpriced".into()),
            )
        }
    }
}

fn assert_shown(schedule: &Schedule, cases: &[(&str, &str)]) {
    for (at, expected) in cases {
        assert_eq!(shown(schedule, at), *expected, "at {at}");
    }
}

#[test]
fn one_subscription_is_cut_by_its_periods_and_ends_in_gaps() {
    let schedule = schedule(
        vec![subscription("s", "pro", "2026-01-10", Some("2026-03-20"), months())],
        vec![pro("2025-01-01", "1")],
        vec![],
    );
    assert_shown(
        &schedule,
        &[
            ("1970-01-01", "-inf..2026-01-10 NoSubscription"),
            ("2026-01-09T23:59", "-inf..2026-01-10 NoSubscription"),
            // A period is clipped to where the subscription runs.
            ("2026-01-10", "2026-01-10..2026-02-01 of 2026-01-10..2026-02-01 s:pro@2025-01-01 [] 100"),
            ("2026-02-28", "2026-02-01..2026-03-01 of 2026-02-01..2026-03-01 s:pro@2025-01-01 [] 100"),
            ("2026-03-19", "2026-03-01..2026-03-20 of 2026-03-01..2026-03-20 s:pro@2025-01-01 [] 100"),
            ("2026-03-20", "2026-03-20..+inf NoSubscription"),
        ],
    );
}

#[test]
fn the_latest_subscription_that_covers_an_instant_holds() {
    let schedule = schedule(
        vec![
            subscription("b", "pro", "2026-01-01", None, months()),
            subscription("a", "free", "2026-01-01", None, months()),
            // A trial laid over the other two for a while.
            subscription("trial", "free", "2026-02-10", Some("2026-02-20"), months()),
        ],
        vec![pro("2025-01-01", "1"), plan("free", "2025-01-01", vec![])],
        vec![],
    );
    assert_shown(
        &schedule,
        &[
            ("2026-01-01", "2026-01-01..2026-02-01 of 2026-01-01..2026-02-01 b:pro@2025-01-01 [] 100"),
            ("2026-02-09", "2026-02-01..2026-02-10 of 2026-02-01..2026-03-01 b:pro@2025-01-01 [] 100"),
            ("2026-02-10", "2026-02-10..2026-02-20 of 2026-02-01..2026-03-01 trial:free@2025-01-01 [] unpriced"),
            ("2026-02-20", "2026-02-20..2026-03-01 of 2026-02-01..2026-03-01 b:pro@2025-01-01 [] 100"),
        ],
    );
}

#[test]
fn a_changed_cadence_ends_the_period_and_an_equal_one_does_not() {
    let weeks = cadence("2026-01-05T00:00:00", Week, 1, "UTC");
    let schedule = schedule(
        vec![
            subscription("one", "pro", "2026-01-01", Some("2026-01-15"), months()),
            subscription("two", "pro", "2026-01-15", Some("2026-02-11"), months()),
            subscription("three", "pro", "2026-02-11", Some("2026-02-13"), weeks.clone()),
            subscription("four", "pro", "2026-02-14", None, weeks),
        ],
        vec![pro("2025-01-01", "1")],
        vec![],
    );
    assert_shown(
        &schedule,
        &[
            ("2026-01-14", "2026-01-01..2026-01-15 of 2026-01-01..2026-02-01 one:pro@2025-01-01 [] 100"),
            ("2026-01-15", "2026-01-15..2026-02-01 of 2026-01-01..2026-02-01 two:pro@2025-01-01 [] 100"),
            ("2026-02-10", "2026-02-01..2026-02-11 of 2026-02-01..2026-02-11 two:pro@2025-01-01 [] 100"),
            ("2026-02-11", "2026-02-11..2026-02-13 of 2026-02-11..2026-02-13 three:pro@2025-01-01 [] 100"),
            // The same cadence after a day without: no longer the same period.
            ("2026-02-13", "2026-02-13..2026-02-14 NoSubscription"),
            ("2026-02-14", "2026-02-14..2026-02-16 of 2026-02-14..2026-02-16 four:pro@2025-01-01 [] 100"),
            ("2026-02-16", "2026-02-16..2026-02-23 of 2026-02-16..2026-02-23 four:pro@2025-01-01 [] 100"),
        ],
    );
}

#[test]
fn a_new_plan_version_cuts_only_where_it_touches_this_meter() {
    let other = |price: &str| {
        let mut charge = charge("0", Allowance::Whole, per_unit(price, "1"));
        charge.meter = "ai_queries".into();
        charge
    };
    let mut second = pro("2026-01-12", "1");
    second.charges.push(other("7"));
    let schedule = schedule(
        vec![subscription("s", "pro", "2026-01-01", None, months())],
        // Out of order: the schedule sorts.
        vec![pro("2026-01-20", "2"), second, pro("2026-01-05", "1"), pro("2026-02-01", "1")],
        vec![],
    );
    assert_shown(
        &schedule,
        &[
            // The plan has no version yet; the period begins nevertheless.
            ("2026-01-04", "2026-01-01..2026-01-05 NoPlanVersion"),
            ("2026-01-05", "2026-01-05..2026-01-20 of 2026-01-01..2026-02-01 s:pro@2026-01-05 [] 100"),
            ("2026-01-19", "2026-01-05..2026-01-20 of 2026-01-01..2026-02-01 s:pro@2026-01-05 [] 100"),
            ("2026-01-20", "2026-01-20..2026-02-01 of 2026-01-01..2026-02-01 s:pro@2026-01-20 [] 100"),
            // Back to an earlier price is a change nevertheless.
            ("2026-02-01", "2026-02-01..2026-03-01 of 2026-02-01..2026-03-01 s:pro@2026-02-01 [] 100"),
        ],
    );
    assert_eq!(
        shown(
            &self::schedule(vec![subscription("s", "gone", "2026-01-01", None, months())], vec![], vec![]),
            "2026-01-01"
        ),
        "2026-01-01..+inf NoPlanVersion"
    );
}

#[test]
fn overrides_apply_field_by_field_the_later_one_winning() {
    let priced = Override { charge: Some(per_unit("9", "1").into()), ..included("price", "2026-01-10", None, "0") };
    let priced = Override { included: None, allowance: Some(Allowance::Prorated), ..priced };
    let elsewhere = Override { meter: Some("ai_queries".into()), ..included("elsewhere", "2026-01-03", None, "1") };
    let schedule = schedule(
        vec![subscription("s", "pro", "2026-01-01", None, months())],
        vec![pro("2025-01-01", "1")],
        vec![
            included("b", "2026-01-20", Some("2026-01-25"), "500"),
            included("a", "2026-01-20", Some("2026-01-25"), "400"),
            included("wide", "2026-01-05", Some("2026-01-28"), "200"),
            included("never", "2026-01-15", Some("2026-01-15"), "1"),
            priced,
            elsewhere,
        ],
    );
    assert_shown(
        &schedule,
        &[
            ("2026-01-04", "2026-01-01..2026-01-05 of 2026-01-01..2026-02-01 s:pro@2025-01-01 [] 100"),
            ("2026-01-05", "2026-01-05..2026-01-10 of 2026-01-01..2026-02-01 s:pro@2025-01-01 [wide] 200"),
            ("2026-01-15", "2026-01-10..2026-01-20 of 2026-01-01..2026-02-01 s:pro@2025-01-01 [wide price] 200"),
            ("2026-01-20", "2026-01-20..2026-01-25 of 2026-01-01..2026-02-01 s:pro@2025-01-01 [wide price a b] 500"),
            ("2026-01-25", "2026-01-25..2026-01-28 of 2026-01-01..2026-02-01 s:pro@2025-01-01 [wide price] 200"),
            ("2026-01-28", "2026-01-28..2026-02-01 of 2026-01-01..2026-02-01 s:pro@2025-01-01 [price] 100"),
        ],
    );
    let charged = |at: &str| span_at(&schedule, at).terms.charge.clone().unwrap();
    assert_eq!(charged("2026-01-05"), charge("200", Allowance::Whole, per_unit("1", "1")));
    assert_eq!(charged("2026-01-20"), charge("500", Allowance::Prorated, per_unit("9", "1")));
}

#[test]
fn an_override_prices_what_the_plan_does_not_but_an_allowance_alone_cannot() {
    let unpriced = || vec![plan("free", "2025-01-01", vec![])];
    let subscribed = || vec![subscription("s", "free", "2026-01-01", None, months())];
    let allowed = included("a", "2026-01-01", None, "5");
    let priced = Override { charge: Some(per_unit("9", "1").into()), ..allowed.clone() };
    let charge_with =
        |row: Override| span_at(&schedule(subscribed(), unpriced(), vec![row]), "2026-01-01").terms.charge.clone();
    assert_eq!(charge_with(allowed), None);
    assert_eq!(charge_with(priced), Some(charge("5", Allowance::Whole, per_unit("9", "1"))));
}

#[test]
fn a_row_that_is_no_good_leaves_a_named_gap() {
    let nowhere = cadence("2026-01-01T00:00:00", Month, 1, "Mars/Olympus");
    let schedule = schedule(
        vec![
            subscription("bad", "pro", "2026-01-01", Some("2026-02-01"), nowhere),
            subscription("backwards", "pro", "2026-03-01", Some("2026-02-01"), months()),
        ],
        vec![pro("2025-01-01", "1")],
        vec![],
    );
    let gap = Gap { start: instant("2026-01-01"), end: instant("2026-02-01"), cause: GapCause::InvalidCadence };
    assert_eq!(schedule.span_at(instant("2026-01-15")), SpanOrGap::Gap(gap));
    assert_eq!(shown(&schedule, "2026-02-15"), "2026-02-01..+inf NoSubscription");
    let expected = vec![("bad".into(), CadenceError::UnknownTimeZone("Mars/Olympus".into()))];
    assert_eq!(schedule.cadence_errors(), expected);
}

#[test]
fn a_schedule_survives_being_written_and_is_equal_by_its_rows() {
    let rows = || {
        schedule(
            vec![subscription("s", "pro", "2026-01-01", None, months())],
            vec![pro("2025-01-01", "1")],
            vec![included("a", "2026-01-01", None, "5")],
        )
    };
    let written = serde_json::to_string(&rows()).unwrap();
    let read: Schedule = serde_json::from_str(&written).unwrap();
    assert_eq!(read, rows());
    assert_eq!(read.span_at(instant("2026-01-05")), rows().span_at(instant("2026-01-05")));
    assert_ne!(rows(), schedule(vec![], vec![], vec![]));
}
