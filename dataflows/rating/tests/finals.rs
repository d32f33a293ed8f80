//! What was frozen and all corrections of it add up to what is known now, whatever came in between.

use highwater_rating::charge::StepKind;
use highwater_rating::finals::{
    Cause, Correction, DEFAULT_GRACE_HOURS, Difference, FinalPeriod, Line, LineId, LineKind, Settled, correct, freeze,
};
use highwater_rating::number::Quantity;
use highwater_rating::rate::StepShare;
use highwater_rating::time::{EventTime, Period};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const MONTH: i64 = 30 * 86_400_000_000;

fn period(number: i64) -> Period {
    Period { start: EventTime(number * MONTH), end: EventTime((number + 1) * MONTH) }
}

fn line(period_number: i64, meter: &str, amount: i128, currency: &str, terms: &str) -> Line {
    let Period { start, end } = period(period_number);
    let meter: Arc<str> = meter.into();
    Line {
        id: LineId::of_usage("org_1", &meter, start, start),
        kind: LineKind::Usage,
        name: meter,
        span_start: start,
        span_end: end,
        events: amount.unsigned_abs() as u64,
        quantity: Quantity(amount * 7),
        included: Quantity::ZERO,
        overage: Quantity(amount * 3),
        currency: currency.into(),
        amount_unrounded: amount * 10i128.pow(16) + 3,
        amount_minor_units: amount,
        tiers: Vec::new(),
        steps: vec![StepShare {
            kind: StepKind::Discount,
            index: 0,
            quantity: Quantity(amount),
            amount_unrounded: -amount,
        }],
        terms: terms.into(),
        corrects: None,
    }
}

/// Everything that was known and billed of one organization.
#[derive(Default)]
struct Ledger {
    now: BTreeMap<i64, BTreeMap<LineId, Line>>,
    records: Vec<FinalPeriod>,
    settled: Settled,
    /// The next period to be closed; all before it are final.
    open: i64,
}

impl Ledger {
    fn know(&mut self, period_number: i64, line: Line) {
        self.now.entry(period_number).or_default().insert(line.id, line);
    }

    fn pending(&self) -> Vec<Correction> {
        let empty = BTreeMap::new();
        let of = |number: i64| {
            let now = self.now.get(&number).unwrap_or(&empty);
            let start = period(number).start;
            correct(start, self.settled.of(start), now, period(self.open).start, 1).unwrap()
        };
        (0..self.open).flat_map(of).collect()
    }

    fn close(&mut self) {
        let own = self.now.get(&self.open).cloned().unwrap_or_default().into_values();
        let pending = self.pending().into_iter().flat_map(|pair| [pair.reversal, pair.correction]).flatten();
        let closed = freeze(&"org_1".into(), period(self.open), 1, EventTime(0), own.chain(pending)).unwrap();
        for record in closed {
            assert_eq!(record.verify(), Ok(()));
            self.settled.settle(&record);
            self.records.push(record);
        }
        self.open += 1;
    }

    /// Quantity, overage, both amounts and what the steps say of a period's lines in one currency: as billed with what is pending, and as
    /// known now.
    fn sums(&self, number: i64, currency: &str) -> ([i128; 6], [i128; 6]) {
        let numbers = |line: &Line| {
            let steps = |of: fn(&StepShare) -> i128| line.steps.iter().map(of).sum();
            let (free, steps) = (steps(|step| step.quantity.0), steps(|step| step.amount_unrounded));
            [line.quantity.0, line.overage.0, line.amount_unrounded, line.amount_minor_units, free, steps]
        };
        let sum = |lines: Vec<&Line>| {
            lines.iter().filter(|line| &*line.currency == currency).fold([0; 6], |mut sum, line| {
                sum.iter_mut().zip(numbers(line)).for_each(|(sum, number)| *sum += number);
                sum
            })
        };
        let start = period(number).start;
        let about = |line: &&Line| line.corrects.is_some_and(|corrects| corrects.period_start == start);
        let pending = self.pending();
        let mut billed: Vec<&Line> = Vec::new();
        for record in &self.records {
            let own = record.period.start == start;
            billed.extend(record.lines.iter().filter(|line| if line.corrects.is_none() { own } else { about(line) }));
        }
        let pairs = pending.iter().flat_map(|pair| pair.reversal.iter().chain(&pair.correction));
        billed.extend(pairs.filter(about));
        (sum(billed), sum(self.now.get(&number).into_iter().flat_map(BTreeMap::values).collect()))
    }
}

#[derive(Clone, Debug)]
enum Step {
    Know { back: i64, meter: u8, amount: i128, currency: bool, terms: u8 },
    Gone { back: i64, meter: u8 },
    Close,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let know = (0i64..4, 0u8..3, -5i128..200, any::<bool>(), 0u8..2)
        .prop_map(|(back, meter, amount, currency, terms)| Step::Know { back, meter, amount, currency, terms });
    let gone = (0i64..4, 0u8..3).prop_map(|(back, meter)| Step::Gone { back, meter });
    prop::collection::vec(prop_oneof![6 => know, 1 => gone, 2 => Just(Step::Close)], 0..40)
}

proptest! {
    #[test]
    fn frozen_lines_and_their_corrections_add_up_to_what_is_known_now(steps in steps()) {
        let mut ledger = Ledger::default();
        for step in steps {
            match step {
                Step::Know { back, meter, amount, currency, terms } => {
                    let number = (ledger.open - back).max(0);
                    let currency = if currency { "EUR" } else { "JPY" };
                    ledger.know(number, line(number, &meter.to_string(), amount, currency, &terms.to_string()));
                }
                Step::Gone { back, meter } => {
                    let number = (ledger.open - back).max(0);
                    let id = line(number, &meter.to_string(), 0, "EUR", "").id;
                    ledger.now.entry(number).or_default().remove(&id);
                }
                Step::Close => {
                    ledger.close();
                    prop_assert_eq!(ledger.pending(), [], "a closed period has taken every correction up");
                }
            }
            for number in 0..ledger.open {
                for currency in ["EUR", "JPY"] {
                    let (billed, known) = ledger.sums(number, currency);
                    prop_assert_eq!(billed, known, "period {}", number);
                }
            }
        }
        let ids: std::collections::BTreeSet<LineId> =
            ledger.records.iter().flat_map(|record| &record.lines).map(|line| line.id).collect();
        let lines: usize = ledger.records.iter().map(|record| record.lines.len()).sum();
        prop_assert_eq!(ids.len(), lines, "a line is billed once");
    }

    #[test]
    fn a_final_period_is_the_same_in_whatever_order_its_lines_come(
        amounts in prop::collection::vec(-9i128..99, 1..8),
        shift in 0usize..8,
    ) {
        let lines: Vec<Line> = amounts
            .iter()
            .enumerate()
            .map(|(meter, amount)| line(1, &meter.to_string(), *amount, "EUR", "{}"))
            .collect();
        let mut moved = lines.clone();
        moved.rotate_left(shift % lines.len());
        let close = |lines| freeze(&"org_1".into(), period(1), 1, EventTime(9), lines).unwrap();
        prop_assert_eq!(close(lines), close(moved));
    }
}

#[test]
fn both_amounts_and_the_cause_of_a_correction_are_told() {
    let mut ledger = Ledger::default();
    ledger.know(0, line(0, "calls", 100, "EUR", "price 1"));
    ledger.know(0, line(0, "seats", 50, "EUR", "price 1"));
    ledger.close();
    let told = |ledger: &Ledger| -> Vec<(String, Option<i128>, Option<i128>)> {
        let amount = |line: &Option<Line>| line.as_ref().map(|line| line.amount_minor_units);
        let told = |pair: &Correction| (pair.cause.name().to_owned(), amount(&pair.reversal), amount(&pair.correction));
        ledger.pending().iter().map(told).collect()
    };
    assert_eq!(told(&ledger), []);
    ledger.know(0, line(0, "calls", 130, "EUR", "price 1"));
    assert_eq!(told(&ledger), [("events".into(), Some(-100), Some(130))]);
    ledger.know(0, line(0, "calls", 130, "EUR", "price 2"));
    assert_eq!(told(&ledger), [("events_and_terms".into(), Some(-100), Some(130))]);
    ledger.close();
    // A correction of a correction takes back the corrected amount, not the first one.
    let dearer = Line { amount_minor_units: 140, ..line(0, "calls", 130, "EUR", "price 3") };
    ledger.know(0, dearer);
    assert_eq!(told(&ledger), [("terms".into(), Some(-130), Some(140))]);
    let seats = line(0, "seats", 50, "EUR", "price 1").id;
    ledger.now.get_mut(&0).unwrap().remove(&seats);
    assert!(told(&ledger).contains(&("events".into(), Some(-50), None)), "a line that is gone is only taken back");
    ledger.know(0, line(0, "new", 7, "EUR", "price 1"));
    assert!(told(&ledger).contains(&("events".into(), None, Some(7))), "a line that is new is only charged");
}

#[test]
fn a_change_that_bills_the_same_is_no_correction() {
    let mut ledger = Ledger::default();
    ledger.know(0, line(0, "calls", 100, "EUR", "version 1"));
    ledger.close();
    ledger.know(0, line(0, "calls", 100, "EUR", "version 2"));
    assert_eq!(ledger.pending(), []);
    assert_eq!(Cause::between(None, None), Cause::Terms);
}

#[test]
fn what_was_changed_in_a_final_period_is_noticed() {
    let lines = [line(0, "calls", 100, "EUR", "{}"), line(0, "seats", 5, "EUR", "{}")];
    let [record] = &freeze(&"org_1".into(), period(0), 1, EventTime(1), lines).unwrap()[..] else { panic!() };
    assert_eq!(record.verify(), Ok(()));
    let with = |change: &dyn Fn(&mut FinalPeriod)| {
        let mut changed = record.clone();
        change(&mut changed);
        changed.verify()
    };
    type Change = fn(&mut FinalPeriod);
    let cases: [(Difference, Change); 9] = [
        (Difference::Total, |record| record.total_minor_units += 1),
        (Difference::Total, |record| drop(record.lines.pop())),
        (Difference::Order, |record| record.lines.reverse()),
        (Difference::Order, |record| record.lines.push(record.lines[1].clone())),
        (Difference::Currency, |record| record.lines[0].currency = "JPY".into()),
        (Difference::Checksum, |record| record.lines[0].quantity = Quantity::ONE),
        (Difference::Checksum, |record| record.lines[0].name = "call".into()),
        (Difference::Checksum, |record| record.lines[0].amount_unrounded += 1),
        (Difference::Checksum, |record| record.lines[0].span_end = EventTime(1)),
    ];
    for (number, (difference, change)) in cases.into_iter().enumerate() {
        assert_eq!(with(&change), Err(difference), "case {number}");
    }
    let text = serde_json::to_string(record).unwrap();
    assert_eq!(serde_json::from_str::<FinalPeriod>(&text).unwrap(), *record, "and it is read back as it was");
}

#[test]
fn a_total_out_of_range_is_named() {
    let lines = [line(0, "calls", 1, "EUR", ""), line(0, "seats", 1, "EUR", "")];
    let lines = lines.map(|line| Line { amount_minor_units: i128::MAX, ..line });
    assert_eq!(freeze(&"org_1".into(), period(0), 1, EventTime(1), lines).unwrap_err().to_string(), "amount_overflow");
    assert_eq!(DEFAULT_GRACE_HOURS, 72);
}

#[test]
fn every_kind_has_one_name() {
    for kind in LineKind::ALL {
        assert_eq!(LineKind::from_name(kind.name()), Some(kind));
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.name()));
    }
    assert_eq!(LineKind::from_name("flat"), None);
    let id = LineId(0xab);
    assert_eq!((LineId::parse(&id.to_string()), LineId::parse("ab")), (Some(id), None));
}
