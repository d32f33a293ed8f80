//! Seasonal adjustments, trials and pauses: what they make of terms, and what a period then costs.

mod rows;

use highwater_rating::number::{Currency, Quantity};
use highwater_rating::rate::{PeriodUsage, RatedPeriod, SpanUsage, rate};
use highwater_rating::tables::{
    Adjustment, AdjustmentKind, Aggregation, Allowance, ChargeModel, PausedUsage, Phase, PhaseKind, Plan, Subscription,
    TrialLimit,
};
use highwater_rating::terms::{Schedule, SpanOrGap};
use rows::{METER, charge, graduated, instant, january, months, per_unit, plan, quantity, subscription};
use std::sync::Arc;

/// `id kind[:percent or price] from..to`, days of January only.
fn season(text: &str) -> Adjustment {
    let [id, what, window] = text.split(' ').collect::<Vec<_>>()[..] else { panic!("{text}") };
    let (kind, number) = what.split_once(':').unwrap_or((what, ""));
    let (from, to) = window.split_once("..").unwrap();
    let (kind, percent, charge) = match kind {
        "temporary" => (AdjustmentKind::TemporaryUsers, Some(number), None),
        "scaling" => (AdjustmentKind::AutomaticLimitScaling, Some(number), None),
        "event" => (AdjustmentKind::EventBased, None, Some(per_unit(number, "1").into())),
        other => panic!("{other}"),
    };
    Adjustment {
        id: id.into(),
        organization_id: None,
        meter: METER.into(),
        kind,
        percent: percent.map(|percent| percent.parse().unwrap()),
        charge,
        effective_from: instant(&format!("2026-01-{from}")),
        effective_to: instant(&if to == "32" { "2026-02-01".to_owned() } else { format!("2026-01-{to}") }),
    }
}

/// `trial from..to [limit]`, `free from..to`, `charged from..to`.
fn phase(text: &str) -> Phase {
    let words: Vec<&str> = text.split(' ').collect();
    let (from, to) = words[1].split_once("..").unwrap();
    let limit = |included: &&str| TrialLimit { meter: METER.into(), included: quantity(included) };
    Phase {
        effective_from: instant(&format!("2026-01-{from}")),
        effective_to: Some(instant(&if to == "32" { "2026-02-01".to_owned() } else { format!("2026-01-{to}") })),
        kind: match words[0] {
            "trial" => PhaseKind::Trial { limits: words.get(2).iter().copied().map(limit).collect() },
            "free" => PhaseKind::Pause { usage: PausedUsage::Free },
            "charged" => PhaseKind::Pause { usage: PausedUsage::Charged },
            other => panic!("{other}"),
        },
    }
}

fn schedule_of(plan: Plan, phases: &[&str], seasons: &[&str]) -> Schedule {
    let subscribed = Subscription {
        phases: phases.iter().map(|text| phase(text)).collect(),
        ..subscription("s", "pro", "2025-06-01", None, months())
    };
    let seasons = seasons.iter().map(|text| Arc::new(season(text))).collect();
    Schedule::new(METER.into(), vec![Arc::new(subscribed)], vec![Arc::new(plan)], vec![], seasons)
}

/// Usage by day of January, rated under the schedule.
fn rated(aggregation: Aggregation, schedule: &Schedule, used: &[(&str, &str)]) -> RatedPeriod {
    let mut spans: Vec<SpanUsage> = Vec::new();
    for (day, amount) in used {
        let SpanOrGap::Span(span) = schedule.span_at(instant(&format!("2026-01-{day}"))) else { panic!("a gap") };
        match spans.last_mut().filter(|last| last.span == span) {
            Some(last) => last.quantity = last.quantity.checked_add(quantity(amount)).unwrap(),
            None => spans.push(SpanUsage { span, events: 1, quantity: quantity(amount) }),
        }
    }
    let total = spans.iter().map(|span| span.quantity.0).sum();
    rate(&PeriodUsage { aggregation, period: january(), spans: &spans, quantity: Quantity(total) }).unwrap()
}

/// `cost | included overage amount [seasons], …` a line.
fn shown(rated: &RatedPeriod) -> String {
    let currency = Currency::from_code("USD").unwrap();
    let lines = rated.lines.iter().map(|line| {
        let seasons = line.span.terms.adjustments.join(" ");
        format!("{} {} {} [{seasons}]", line.included, line.overage, currency.format(line.amount_minor_units))
    });
    format!("{} | {}", currency.format(rated.cost_minor_units), lines.collect::<Vec<_>>().join(", "))
}

fn pro(included: &str, model: ChargeModel) -> Plan {
    plan("pro", "2025-01-01", vec![charge(included, Allowance::Whole, model)])
}

/// The product document's three, and what the later one of two makes of the earlier.
#[test]
fn a_season_changes_what_lies_above_the_limit_and_the_later_one_wins() {
    let ten = || pro("10", per_unit("15", "1"));
    #[rustfmt::skip]
    let cases: &[(&str, Plan, &[&str], &[(&str, &str)], &str)] = &[
        ("half price above the base limit",      ten(), &["s temporary:50 01..32"], &[("05", "15")], "37.50 | 10 5 37.50 [s]"),
        ("a quarter more above the base limit",  ten(), &["s scaling:25 01..32"],   &[("05", "15")], "93.75 | 10 5 93.75 [s]"),
        ("nothing above, nothing changes",       ten(), &["s scaling:25 01..32"],   &[("05", "10")], "0.00 | 10 0 0.00 [s]"),
        ("an event has prices of its own",       ten(), &["s event:2 10..13"],      &[("05", "12"), ("11", "4"), ("20", "1")],
            "53.00 | 10 2 30.00 [], 10 4 8.00 [s], 10 1 15.00 []"),
        ("percentages replace each other",       ten(), &["a temporary:50 01..32", "b scaling:25 02..32"], &[("05", "12")], "37.50 | 10 2 37.50 [a b]"),
        ("an event takes a percentage away",     ten(), &["a temporary:50 01..32", "b event:2 02..32"],    &[("05", "12")], "4.00 | 10 2 4.00 [a b]"),
        ("a percentage after an event holds",    ten(), &["a event:2 01..32", "b temporary:50 02..32"],    &[("05", "12")], "2.00 | 10 2 2.00 [a b]"),
        ("of two at once the greater id wins",   ten(), &["b scaling:100 01..32", "a temporary:50 01..32"], &[("05", "11")], "30.00 | 10 1 30.00 [a b]"),
        ("free is possible",                     ten(), &["s temporary:100 01..32"], &[("05", "15")], "0.00 | 10 5 0.00 [s]"),
        ("tiers go on across a season", pro("0", graduated("10:1 *:0.5")), &["s temporary:50 10..20"], &[("05", "8"), ("15", "4"), ("25", "2")],
            "10.50 | 0 8 8.00 [], 0 4 1.50 [s], 0 2 1.00 []"),
        ("one rounding, after the percentage", pro("0", per_unit("0.01", "1")), &["s temporary:33.333 01..32"], &[("05", "1")], "0.01 | 0 1 0.01 [s]"),
    ];
    for (name, plan, seasons, used, expected) in cases {
        let schedule = schedule_of(plan.clone(), &[], seasons);
        assert_eq!(shown(&rated(Aggregation::Sum, &schedule, used)), *expected, "{name}");
    }
}

/// Users are a level: 15 of 10 for half of January at half price, then at the whole one.
#[test]
fn temporary_users_are_paid_for_their_share_of_the_period() {
    let schedule = schedule_of(pro("10", per_unit("15", "1")), &[], &["s temporary:50 01..17"]);
    let rated = rated(Aggregation::Max, &schedule, &[("05", "15"), ("20", "15")]);
    // 16 and 15 of 31 days: 37.50 × 16/31 = 19.354…, 75 × 15/31 = 36.290…
    assert_eq!(shown(&rated), "55.64 | 10 5 19.35 [s], 10 5 36.29 []");
}

#[test]
fn what_is_used_in_a_trial_or_free_pause_is_free_and_takes_nothing_from_the_rest() {
    let ten = || pro("10", per_unit("1", "1"));
    #[rustfmt::skip]
    let cases: &[(&str, &[&str], &[&str], &[(&str, &str)], &str)] = &[
        ("a trial is free",                       &["trial 01..15"],    &[], &[("05", "500")],                               "0.00 | "),
        ("and leaves the allowance whole",        &["trial 01..15"],    &[], &[("05", "500"), ("20", "12")],                 "2.00 | 10 2 2.00 []"),
        ("a limited trial costs above its limit", &["trial 01..15 100"], &[], &[("05", "103"), ("20", "12")],                "5.00 | 100 3 3.00 [], 10 2 2.00 []"),
        ("at the plan's price in season",         &["trial 01..15 100"], &["s temporary:50 01..32"], &[("05", "104")],       "2.00 | 100 4 2.00 [s]"),
        ("a free pause is set apart",             &["free 10..20"],     &[], &[("05", "6"), ("15", "500"), ("25", "6")],     "2.00 | 10 0 0.00 [], 10 2 2.00 []"),
        ("a charged pause changes nothing",       &["charged 10..20"],  &[], &[("05", "6"), ("15", "5"), ("25", "6")],       "7.00 | 10 7 7.00 []"),
        ("the phase that began last holds",       &["trial 01..32", "charged 10..20"], &[], &[("05", "9"), ("15", "11")],   "1.00 | 10 1 1.00 []"),
        ("of two at once the later in the row",   &["charged 01..32", "trial 01..32"], &[], &[("05", "11")],                 "0.00 | "),
    ];
    for (name, phases, seasons, used, expected) in cases {
        let schedule = schedule_of(ten(), phases, seasons);
        assert_eq!(shown(&rated(Aggregation::Sum, &schedule, used)), *expected, "{name}");
    }
}

/// Terms that come out equal cut nothing, and so move no row.
#[test]
fn a_charged_pause_and_a_season_of_another_meter_cut_no_span() {
    let elsewhere = Adjustment { meter: "ai_queries".into(), ..season("s scaling:25 10..20") };
    let subscribed = Subscription {
        phases: vec![phase("charged 05..25")],
        ..subscription("s", "pro", "2025-06-01", None, months())
    };
    let plans = vec![Arc::new(pro("10", per_unit("1", "1")))];
    let schedule = Schedule::new(METER.into(), vec![Arc::new(subscribed)], plans, vec![], vec![Arc::new(elsewhere)]);
    let SpanOrGap::Span(span) = schedule.span_at(instant("2026-01-15")) else { panic!("a gap") };
    assert_eq!((span.start, span.end), (january().start, january().end));
}
