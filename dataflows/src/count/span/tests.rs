use super::*;
use crate::count::accumulator::{Max, Sum};
use crate::count::usage::Known;
use differential_dataflow::difference::{IsZero, Semigroup};
use highwater_rating::tables::Row;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const MINUTE_US: i64 = 60_000_000;
/// 2026-11-01T00:00:00Z.
const FIRST_MINUTE: i64 = 29_891_520;

/// What differential would hold.
type Ledger = BTreeMap<SpanFigure, Amount>;

#[derive(Clone, Debug)]
enum Step {
    Add {
        minute: i64,
        value: i128,
    },
    /// Of those that were added and are still there, by position.
    Subtract(usize),
    /// A subscription from one minute to another, an override likewise.
    Reschedule {
        subscribed: (i64, i64),
        overridden: (i64, i64),
    },
    Enter,
}

fn instant(minute: i64) -> EventTime {
    EventTime((FIRST_MINUTE + minute) * MINUTE_US)
}

fn schedule(subscribed: (i64, i64), overridden: (i64, i64)) -> Schedule {
    let window = |(from, length): (i64, i64)| {
        format!(r#""effective_from": "{}", "effective_to": "{}""#, instant(from), instant(from + length))
    };
    let rows = format!(
        r#"{{"table": "subscriptions", "row": {{"id": "s", "organizationId": "o", "plan": "p", {}, "anchor": "2026-01-01T00:07:00", "interval": "day", "time_zone": "UTC"}}}}
        {{"table": "overrides", "row": {{"id": "v", "organizationId": "o", "meter": "m", {}, "included": "5"}}}}
        {{"table": "plans", "row": {{"plan": "p", "currency": "EUR", "effective_from": "2026-01-01T00:00:00Z", "charges": [{{"meter": "m", "model": "per_unit", "price": "1"}}]}}}}"#,
        window(subscribed),
        window(overridden)
    );
    let (mut subscriptions, mut plans, mut overrides) = (Vec::new(), Vec::new(), Vec::new());
    for line in rows.lines() {
        match serde_json::from_str(line).unwrap() {
            Row::Subscriptions(row) => subscriptions.push(Arc::new(row)),
            Row::Plans(row) => plans.push(Arc::new(row)),
            Row::Overrides(row) => overrides.push(Arc::new(row)),
            _ => unreachable!(),
        }
    }
    Schedule::new("m".into(), subscriptions, plans, overrides, Vec::new())
}

fn reading(minute: i64, value: i128) -> Reading<'static> {
    Reading { value, event_time: EventTime(instant(minute).0 + 17), source: "", id: "" }
}

fn enter<A: Accumulator>(spans: &mut Spans<A>, ledger: &mut Ledger) {
    spans.enter(|figure, amount| ledger.entry(figure).or_default().plus_equals(&amount));
    ledger.retain(|_, amount| !amount.is_zero());
}

/// However the terms moved while events came and went, the spans are those of the last terms and the events that stayed.
fn spans_forget_how_they_came_about<A: Accumulator>(steps: &[Step]) {
    let mut terms = schedule((0, 1), (0, 1));
    let (mut spans, mut ledger) = (Spans::<A>::default(), Ledger::new());
    let mut events: Vec<(i64, i128)> = Vec::new();
    for step in steps {
        match step {
            Step::Add { minute, value } => {
                spans.add(&terms, &reading(*minute, *value));
                events.push((*minute, *value));
            }
            Step::Subtract(position) if !events.is_empty() => {
                let (minute, value) = events.swap_remove(position % events.len());
                spans.subtract(&terms, &reading(minute, value));
            }
            Step::Subtract(_) => {}
            Step::Reschedule { subscribed, overridden } => {
                terms = schedule(*subscribed, *overridden);
                let mut windows: BTreeMap<i64, A> = BTreeMap::new();
                events.iter().for_each(|(minute, value)| {
                    windows.entry(*minute).or_default().add(&reading(*minute, *value));
                });
                spans.reschedule(&terms, MINUTE_US, windows.iter().map(|(minute, total)| (instant(*minute), total)));
            }
            Step::Enter => enter(&mut spans, &mut ledger),
        }
    }
    enter(&mut spans, &mut ledger);
    let (mut fresh, mut expected) = (Spans::<A>::default(), Ledger::new());
    events.iter().for_each(|(minute, value)| fresh.add(&terms, &reading(*minute, *value)));
    enter(&mut fresh, &mut expected);
    assert_eq!(ledger, expected);
    let exact =
        |figure: &SpanFigure| matches!(figure, SpanFigure::Span(_, Known::Exact) | SpanFigure::Period(_, Known::Exact));
    assert!(ledger.keys().all(exact));
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Three days in steps of two hours and a minute, so that boundaries and events meet often.
    let minute = || (0i64..36).prop_map(|step| step * 121);
    let stretch = || (minute(), minute().prop_map(|length| length + 1));
    let step = prop_oneof![
        6 => (minute(), -9i128..10).prop_map(|(minute, value)| Step::Add { minute, value }),
        2 => any::<usize>().prop_map(Step::Subtract),
        2 => (stretch(), stretch()).prop_map(|(subscribed, overridden)| Step::Reschedule { subscribed, overridden }),
        1 => Just(Step::Enter),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #[test]
    fn spans_forget_how_they_came_about_in_sums(steps in steps()) {
        spans_forget_how_they_came_about::<Sum>(&steps);
    }

    #[test]
    fn spans_forget_how_they_came_about_in_levels(steps in steps()) {
        spans_forget_how_they_came_about::<Max>(&steps);
    }
}
