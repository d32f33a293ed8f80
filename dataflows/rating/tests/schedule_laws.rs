//! Laws of schedules that hold for any rows, good ones and bad ones.

mod rows;

use highwater_rating::number::Quantity;
use highwater_rating::tables::Interval::{Month, Week};
use highwater_rating::tables::{Allowance, Override, Plan, Subscription};
use highwater_rating::terms::{Schedule, SpanOrGap};
use highwater_rating::time::EventTime;
use proptest::prelude::*;
use rows::{cadence, charge, included, instant, months, per_unit, plan, schedule, subscription};

fn pro(price: &str) -> Plan {
    plan("pro", "2026-01-01", vec![charge("100", Allowance::Whole, per_unit(price, "1"))])
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let day = |day: i64| EventTime((20_454 + day) * 86_400_000_000);
    let any_subscription = (0..200i64, prop::option::of(1..100i64), 0..4usize, prop::bool::ANY).prop_map(
        move |(from, length, cadence_index, pro)| {
            let cadences = [
                months(),
                cadence("2026-01-31T00:00:00", Month, 1, "Europe/Vienna"),
                cadence("2026-01-01T00:00:00", Week, 2, "UTC"),
                cadence("never", Month, 1, "UTC"),
            ];
            Subscription {
                effective_from: day(from),
                effective_to: length.map(|length| day(from + length)),
                ..subscription(
                    "s",
                    if pro { "pro" } else { "free" },
                    "2026-01-01",
                    None,
                    cadences[cadence_index].clone(),
                )
            }
        },
    );
    let any_plan = (0..200i64, 0..3u32, prop::bool::ANY).prop_map(move |(from, price, is_pro)| Plan {
        plan: if is_pro { "pro".into() } else { "free".into() },
        effective_from: day(from),
        ..pro(&price.to_string())
    });
    let any_override =
        (0..200i64, prop::option::of(0..50i64), 0..3i64).prop_map(move |(from, length, included_units)| Override {
            effective_from: day(from),
            effective_to: length.map(|length| day(from + length)),
            included: Some(Quantity::units(included_units)),
            ..included("o", "2026-01-01", None, "0")
        });
    use prop::collection::vec;
    (vec(any_subscription, 0..5), vec(any_plan, 0..5), vec(any_override, 0..5)).prop_map(
        |(mut subscriptions, plans, mut overrides)| {
            for (number, row) in subscriptions.iter_mut().enumerate() {
                row.id = format!("s{number}").into();
            }
            for (number, row) in overrides.iter_mut().enumerate() {
                row.id = format!("o{number}").into();
            }
            schedule(subscriptions, plans, overrides)
        },
    )
}

proptest! {
    /// Spans and gaps tile time, the answer is the same all through each of them, neighbours of one period differ in
    /// their terms, and every span lies in its period.
    #[test]
    fn spans_and_gaps_tile_time(schedule in any_schedule()) {
        let mut at = instant("2025-12-01");
        let mut before: Option<SpanOrGap> = None;
        while at < instant("2027-01-01") {
            let found = schedule.span_at(at);
            prop_assert!(found.contains(at), "{:?} at {}", found, at);
            prop_assert_eq!(schedule.span_at(EventTime(found.end().0 - 1)), found.clone());
            match (&before, &found) {
                (None, _) => {}
                (Some(SpanOrGap::Span(before)), SpanOrGap::Span(span)) if before.period == span.period => {
                    prop_assert!(before.end == span.start && before.terms != span.terms);
                }
                (Some(SpanOrGap::Gap(before)), SpanOrGap::Gap(gap)) => {
                    prop_assert!(before.end == gap.start && before.cause != gap.cause);
                }
                (Some(before), found) => prop_assert_eq!(before.end(), found.start()),
            }
            if let SpanOrGap::Span(span) = &found {
                prop_assert!(span.period.start <= span.start && span.end <= span.period.end);
            }
            at = found.end();
            before = Some(found);
        }
    }
}
