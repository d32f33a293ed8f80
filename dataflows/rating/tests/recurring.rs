//! Base prices, add-ons and true-ups: what recurs, in which share, and when it is due.

mod rows;

use highwater_rating::finals::LineKind;
use highwater_rating::number::{Currency, Exact, Quantity};
use highwater_rating::rate::RateError;
use highwater_rating::recurring::{PeriodCharges, Recurring, RecurringLine, RecurringRows, Share, share_of};
use highwater_rating::tables::{
    AddOn, Billing, Interval, Override, PausedUsage, Phase, PhaseKind, Plan, SubscribedAddOn, Subscription,
};
use highwater_rating::time::EventTime;
use proptest::prelude::*;
use rows::{cadence, included, instant, months, plan, quantity, subscription};
use rust_decimal::Decimal;
use std::sync::Arc;

fn priced(name: &str, from: &str, base_price: Option<i64>, commitment: Option<i64>) -> Plan {
    let decimal = |price: Option<i64>| price.map(Decimal::from);
    Plan { base_price: decimal(base_price), commitment: decimal(commitment), ..plan(name, from, vec![]) }
}

fn add_on(name: &str, from: &str, price: i64) -> AddOn {
    AddOn {
        add_on: name.into(),
        name: name.into(),
        currency: "USD".into(),
        effective_from: instant(from),
        price: price.into(),
        billing: Billing::InAdvance,
        unit: "".into(),
    }
}

fn holding(held: &[(&str, &str)], row: Subscription) -> Subscription {
    let held = held.iter().map(|(name, units)| SubscribedAddOn { add_on: (*name).into(), quantity: quantity(units) });
    Subscription { add_ons: held.collect(), ..row }
}

fn of_plan(id: &str, from: &str, to: Option<&str>, base_price: Option<i64>, commitment: Option<i64>) -> Override {
    let decimal = |price: Option<i64>| price.map(Decimal::from);
    let bare = included(id, from, to, "0");
    Override { meter: None, included: None, base_price: decimal(base_price), commitment: decimal(commitment), ..bare }
}

fn phase(from: &str, to: &str, kind: PhaseKind) -> Phase {
    Phase { effective_from: instant(from), effective_to: Some(instant(to)), kind }
}

fn trial(from: &str, to: &str) -> Phase {
    phase(from, to, PhaseKind::Trial { limits: vec![] })
}

#[derive(Default)]
struct House {
    subscriptions: Vec<Subscription>,
    plans: Vec<Plan>,
    add_ons: Vec<AddOn>,
    overrides: Vec<Override>,
}

impl House {
    fn recurring(&self) -> Recurring {
        fn shared<T: Clone>(rows: &[T]) -> Vec<Arc<T>> {
            rows.iter().cloned().map(Arc::new).collect()
        }
        Recurring::new(RecurringRows {
            subscriptions: shared(&self.subscriptions),
            plans: shared(&self.plans),
            add_ons: shared(&self.add_ons),
            overrides: shared(&self.overrides),
        })
    }

    fn lines(&self, until: &str, usage: &[(&str, i128)]) -> Vec<RecurringLine> {
        let recurring = self.recurring();
        let by_currency = usage.iter().map(|(currency, cost)| ((*currency).into(), *cost)).collect();
        let charges = PeriodCharges { by_currency, error: None };
        let until = instant(until);
        let periods: Vec<_> = recurring.periods(EventTime::MIN, until).collect();
        periods.iter().flat_map(|billed| recurring.lines(billed, until, &charges)).collect()
    }

    /// `kind name from..to share amount` a line; a day of January as its number.
    fn shown(&self, until: &str, usage: &[(&str, i128)]) -> Vec<String> {
        let day = |at: EventTime| at.to_string()[5..10].to_owned();
        let amount = |line: &RecurringLine| match line.amount {
            Ok(amount) => Currency::from_code(&line.currency).unwrap().format(amount.minor_units),
            Err(error) => error.to_string(),
        };
        let shown = |line: &RecurringLine| {
            let days = (line.charged_seconds / 86_400, line.whole_seconds / 86_400);
            let (start, end) = (day(line.start), day(line.end));
            format!("{} {} {start}..{end} {}/{} {}", line.kind.name(), line.name, days.0, days.1, amount(line))
        };
        self.lines(until, usage).iter().map(shown).collect()
    }
}

fn subscribed(from: &str, to: Option<&str>) -> Subscription {
    subscription("s", "pro", from, to, months())
}

#[test]
fn what_recurs_costs_its_exact_share_of_the_whole_civil_period() {
    let pro = || vec![priced("pro", "2025-01-01", Some(31), None)];
    let in_arrears = || vec![Plan { billing: Billing::InArrears, ..pro().remove(0) }];
    let free = || phase("2026-01-11", "2026-01-21", PhaseKind::Pause { usage: PausedUsage::Free });
    let charged = || phase("2026-01-11", "2026-01-21", PhaseKind::Pause { usage: PausedUsage::Charged });
    #[rustfmt::skip]
    let cases: Vec<(&str, House, &str, &[&str])> = vec![
        ("a whole period", House { subscriptions: vec![subscribed("2026-01-01", None)], plans: pro(), ..House::default() },
            "2026-01-15", &["base_price pro 01-01..02-01 31/31 31.00"]),
        ("the next one comes with its first instant", House { subscriptions: vec![subscribed("2026-01-01", None)], plans: pro(), ..House::default() },
            "2026-02-01", &["base_price pro 01-01..02-01 31/31 31.00", "base_price pro 02-01..03-01 28/28 31.00"]),
        ("in arrears it comes with its end", House { subscriptions: vec![subscribed("2026-01-01", None)], plans: in_arrears(), ..House::default() },
            "2026-01-31T23:59", &[]),
        ("and then it is there", House { subscriptions: vec![subscribed("2026-01-01", None)], plans: in_arrears(), ..House::default() },
            "2026-02-01", &["base_price pro 01-01..02-01 31/31 31.00"]),
        ("a subscription that begins inside pays the rest", House { subscriptions: vec![subscribed("2026-01-11", None)], plans: pro(), ..House::default() },
            "2026-01-15", &["base_price pro 01-11..02-01 21/31 21.00"]),
        ("one that is cancelled inside pays up to there", House { subscriptions: vec![subscribed("2026-01-01", Some("2026-01-11"))], plans: pro(), ..House::default() },
            "2026-03-01", &["base_price pro 01-01..01-11 10/31 10.00"]),
        ("seats multiply", House { subscriptions: vec![Subscription { quantity: quantity("2.5"), ..subscribed("2026-01-01", None) }], plans: pro(), ..House::default() },
            "2026-01-15", &["base_price pro 01-01..02-01 31/31 77.50"]),
        ("an upgrade splits the period", House { subscriptions: vec![subscribed("2026-01-01", None), subscription("t", "max", "2026-01-11", None, months())],
                plans: vec![pro().remove(0), priced("max", "2025-01-01", Some(310), None)], ..House::default() },
            "2026-01-15", &["base_price max 01-11..02-01 21/31 210.00", "base_price pro 01-01..01-11 10/31 10.00"]),
        ("seats that are added too", House { subscriptions: vec![subscribed("2026-01-01", None), Subscription { quantity: quantity("3"), ..subscription("t", "pro", "2026-01-11", None, months()) }], plans: pro(), ..House::default() },
            "2026-01-15", &["base_price pro 01-01..01-11 10/31 10.00", "base_price pro 01-11..02-01 21/31 63.00"]),
        ("a version with the same price cuts nothing", House { subscriptions: vec![subscribed("2026-01-01", None)], plans: vec![pro().remove(0), priced("pro", "2026-01-11", Some(31), Some(0))], ..House::default() },
            "2026-01-15", &["base_price pro 01-01..02-01 31/31 31.00"]),
        ("one with another price does", House { subscriptions: vec![subscribed("2026-01-01", None)], plans: vec![pro().remove(0), priced("pro", "2026-01-11", Some(62), None)], ..House::default() },
            "2026-01-15", &["base_price pro 01-01..01-11 10/31 10.00", "base_price pro 01-11..02-01 21/31 42.00"]),
        ("an override lasts for its window", House { subscriptions: vec![subscribed("2026-01-01", None)], plans: pro(), overrides: vec![of_plan("o", "2026-01-11", Some("2026-01-21"), Some(0), None)], ..House::default() },
            "2026-01-15", &["base_price pro 01-01..01-11 10/31 10.00", "base_price pro 01-11..01-21 10/31 0.00", "base_price pro 01-21..02-01 11/31 11.00"]),
        ("nothing in a trial", House { subscriptions: vec![Subscription { phases: vec![trial("2026-01-01", "2026-01-11")], ..subscribed("2026-01-01", None) }], plans: pro(), ..House::default() },
            "2026-01-15", &["base_price pro 01-11..02-01 21/31 21.00"]),
        ("nothing in a pause", House { subscriptions: vec![Subscription { phases: vec![free()], ..subscribed("2026-01-01", None) }], plans: pro(), ..House::default() },
            "2026-01-15", &["base_price pro 01-01..01-11 10/31 10.00", "base_price pro 01-21..02-01 11/31 11.00"]),
        ("even where usage is charged", House { subscriptions: vec![Subscription { phases: vec![charged()], ..subscribed("2026-01-01", None) }], plans: pro(), ..House::default() },
            "2026-01-15", &["base_price pro 01-01..01-11 10/31 10.00", "base_price pro 01-21..02-01 11/31 11.00"]),
        ("add-ons by quantity and version", House { subscriptions: vec![holding(&[("seo", "2"), ("none", "0"), ("gone", "1")], subscribed("2026-01-01", None))],
                plans: vec![priced("pro", "2025-01-01", None, None)], add_ons: vec![add_on("seo", "2025-01-01", 31), add_on("seo", "2026-01-11", 62), add_on("none", "2025-01-01", 5)], ..House::default() },
            "2026-01-15", &["add_on seo 01-01..01-11 10/31 20.00", "add_on seo 01-11..02-01 21/31 84.00"]),
    ];
    for (name, house, until, expected) in cases {
        assert_eq!(house.shown(until, &[]), expected, "{name}");
    }
}

#[test]
fn what_is_missing_to_the_commitment_is_one_line_when_the_period_is_over() {
    let committed = |base: Option<i64>, commitment: i64| House {
        subscriptions: vec![subscribed("2026-01-01", Some("2026-02-01"))],
        plans: vec![priced("pro", "2025-01-01", base, Some(commitment))],
        ..House::default()
    };
    #[rustfmt::skip]
    let cases: Vec<(&str, House, &str, &[(&str, i128)], &[&str])> = vec![
        ("not before the end",           committed(None, 100), "2026-01-31T23:59", &[("USD", 30_00)], &[]),
        ("what is missing",              committed(None, 100), "2026-02-01", &[("USD", 30_00)], &["true_up pro 01-01..02-01 31/31 70.00"]),
        ("all of it without usage",      committed(None, 100), "2026-02-01", &[], &["true_up pro 01-01..02-01 31/31 100.00"]),
        ("nothing when it is reached",   committed(None, 100), "2026-02-01", &[("USD", 10_000)], &[]),
        ("nothing when it is passed",    committed(None, 100), "2026-02-01", &[("USD", 10_001)], &[]),
        ("a base price counts",          committed(Some(60), 100), "2026-02-01", &[("USD", 30_00)], &["base_price pro 01-01..02-01 31/31 60.00", "true_up pro 01-01..02-01 31/31 10.00"]),
        ("usage of another currency",    committed(None, 100), "2026-02-01", &[("JPY", 30)], &["true_up pro 01-01..02-01 31/31 mixed_currencies"]),
        ("a share of the commitment",    House { subscriptions: vec![subscribed("2026-01-01", Some("2026-01-11"))], ..committed(None, 310) }, "2026-02-01", &[("USD", 30_00)], &["true_up pro 01-01..01-11 10/31 70.00"]),
        ("a trial commits to nothing",   House { subscriptions: vec![Subscription { phases: vec![trial("2026-01-01", "2026-01-11")], ..subscribed("2026-01-01", Some("2026-02-01")) }], ..committed(None, 31) }, "2026-02-01", &[], &["true_up pro 01-11..02-01 21/31 21.00"]),
        ("an override commits to more",  House { overrides: vec![of_plan("o", "2025-01-01", None, None, Some(500))], ..committed(None, 100) }, "2026-02-01", &[("USD", 30_00)], &["true_up pro 01-01..02-01 31/31 470.00"]),
    ];
    for (name, house, until, usage, expected) in cases {
        assert_eq!(house.shown(until, usage), expected, "{name}");
    }
}

#[test]
fn an_amount_out_of_range_is_an_error_in_its_line_and_in_the_true_up() {
    let seats = Subscription { quantity: Quantity::LIMIT, ..subscribed("2026-01-01", Some("2026-02-01")) };
    let house = House {
        subscriptions: vec![seats],
        plans: vec![priced("pro", "2025-01-01", Some(1_000_000_000), Some(1))],
        ..House::default()
    };
    let amounts: Vec<_> = house.lines("2026-02-01", &[]).iter().map(|line| (line.kind, line.amount)).collect();
    let error = Err(RateError::AmountOverflow);
    assert_eq!(amounts, [(LineKind::BasePrice, error), (LineKind::TrueUp, error)]);
}

proptest! {
    /// However a whole is cut, the exact parts add up to it before anything is rounded.
    #[test]
    fn the_prorated_parts_of_a_whole_sum_to_the_whole(
        price in 0..1_000_000_000_000i64,
        units in 0..1_000_000i64,
        cuts in prop::collection::btree_set(1..44_640i64, 0..6),
    ) {
        let minute = |number: i64| EventTime(number * 60_000_000);
        let whole = (minute(0), minute(44_640));
        let price = Decimal::new(price, 4);
        let bounds: Vec<i64> = [0].into_iter().chain(cuts).chain([44_640]).collect();
        let mut sum = Exact::ZERO;
        for stretch in bounds.windows(2) {
            let share = Share::of((minute(stretch[0]), minute(stretch[1])), whole).unwrap();
            sum = sum.checked_add(share_of(price, Quantity::units(units), share).unwrap()).unwrap();
        }
        let all = share_of(price, Quantity::units(units), Share::of(whole, whole).unwrap()).unwrap();
        prop_assert_eq!(sum, all);
    }

    /// Lines that become due as time goes on, taken together, are the lines of the end; and what was there stays.
    #[test]
    fn asking_step_by_step_finds_the_same_lines(
        starts in prop::collection::vec((0..90i64, prop::option::of(1..60i64), 0..3usize, 1..4i64), 1..4),
        steps in prop::collection::btree_set(0..150i64, 1..8),
    ) {
        let day = |day: i64| EventTime((20_454 + day) * 86_400_000_000);
        let cadences =
            [months(), cadence("2026-01-31T00:00:00", Interval::Month, 1, "Europe/Vienna"),
             cadence("2026-01-05T00:00:00", Interval::Week, 1, "UTC")];
        let subscriptions = starts.iter().enumerate().map(|(number, (from, length, index, seats))| Subscription {
            effective_from: day(*from),
            effective_to: length.map(|length| day(from + length)),
            quantity: Quantity::units(*seats),
            ..subscription(&format!("s{number}"), "pro", "2026-01-01", None, cadences[*index].clone())
        });
        let in_arrears = Plan { billing: Billing::InArrears, ..priced("pro", "2026-02-01", Some(50), Some(80)) };
        let plans = vec![priced("pro", "2025-01-01", Some(31), Some(70)), in_arrears];
        let house = House { subscriptions: subscriptions.collect(), plans, ..House::default() };
        let recurring = house.recurring();
        let lines = |since: EventTime, until: EventTime| -> Vec<RecurringLine> {
            let periods: Vec<_> = recurring.periods(since, until).collect();
            periods.iter().flat_map(|billed| recurring.lines(billed, until, &PeriodCharges::default())).collect()
        };
        let mut reached = EventTime::MIN;
        let mut known: Vec<RecurringLine> = Vec::new();
        for step in steps {
            // As the graph does: nothing changes before the next boundary.
            let next = recurring.next_after(reached);
            let until = day(step);
            if next.is_some_and(|next| next <= until) {
                let since = EventTime(next.unwrap().0 - 1);
                let found = lines(since, until);
                known.retain(|line| !found.iter().any(|other| other.period == line.period));
                known.extend(found);
            }
            reached = until;
            let mut all = lines(EventTime::MIN, until);
            all.sort();
            known.sort();
            prop_assert_eq!(&known, &all, "until {}", until);
        }
    }

    /// Recurring lines of one kind and name tile their part of the period without overlap.
    #[test]
    fn lines_of_one_thing_never_overlap(days in prop::collection::vec((0..60i64, 1..4i64), 1..5)) {
        let day = |day: i64| EventTime((20_454 + day) * 86_400_000_000);
        let subscriptions = days.iter().enumerate().map(|(number, (from, seats))| Subscription {
            effective_from: day(*from),
            quantity: Quantity::units(*seats),
            ..subscription(&format!("s{number}"), "pro", "2026-01-01", None, months())
        });
        let plans = vec![priced("pro", "2025-01-01", Some(31), None)];
        let house = House { subscriptions: subscriptions.collect(), plans, ..House::default() };
        let mut lines = house.lines("2026-05-01", &[]);
        lines.sort_by_key(|line| line.start);
        for pair in lines.windows(2) {
            prop_assert_eq!(pair[0].end, pair[1].start);
        }
        let total: u64 = lines.iter().map(|line| line.charged_seconds).sum();
        let covered = lines.last().unwrap().end.0 - lines[0].start.0;
        prop_assert_eq!(i128::from(total) * 1_000_000, i128::from(covered));
    }
}
