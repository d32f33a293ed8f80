//! The difference between two bills is explained without a remainder.

mod period;

use highwater_settlement::cause::{Cause, split};
use highwater_settlement::line::{FinalLine, LineKind};
use period::{line, period};
use proptest::prelude::*;

/// before | now | usage, price, terms, credits, corrections. A line is kind, name, units, minor units.
type Lines = &'static [(LineKind, &'static str, i128, i128)];
const CASES: &[(&str, Lines, Lines, [i128; 5])] = &[
    ("the same", &[(LineKind::Usage, "a", 10, 100)], &[(LineKind::Usage, "a", 10, 100)], [0, 0, 0, 0, 0]),
    (
        "more units at one price",
        &[(LineKind::Usage, "a", 10, 100)],
        &[(LineKind::Usage, "a", 15, 150)],
        [50, 0, 0, 0, 0],
    ),
    ("a dearer unit", &[(LineKind::Usage, "a", 10, 100)], &[(LineKind::Usage, "a", 10, 130)], [0, 30, 0, 0, 0]),
    ("both", &[(LineKind::Usage, "a", 10, 100)], &[(LineKind::Usage, "a", 20, 260)], [100, 60, 0, 0, 0]),
    (
        "half a unit is rounded away from zero",
        &[(LineKind::Usage, "a", 2, 1)],
        &[(LineKind::Usage, "a", 3, 1)],
        [1, -1, 0, 0, 0],
    ),
    ("a meter that is new", &[], &[(LineKind::Usage, "a", 5, 70)], [70, 0, 0, 0, 0]),
    ("a meter that is gone", &[(LineKind::Usage, "a", 5, 70)], &[], [-70, 0, 0, 0, 0]),
    ("usage from nothing", &[(LineKind::Usage, "a", 0, 20)], &[(LineKind::Usage, "a", 5, 70)], [50, 0, 0, 0, 0]),
    (
        "spans of one meter are one",
        &[(LineKind::Usage, "a", 5, 50), (LineKind::Usage, "a", 5, 50)],
        &[(LineKind::Usage, "a", 11, 110)],
        [10, 0, 0, 0, 0],
    ),
    (
        "another plan",
        &[(LineKind::BasePrice, "pro", 1, 500)],
        &[(LineKind::BasePrice, "team", 1, 900), (LineKind::AddOn, "x", 1, 9)],
        [0, 0, 409, 0, 0],
    ),
    (
        "credits and corrections",
        &[(LineKind::Credit, "c", 0, -10)],
        &[(LineKind::Reversal, "a", 0, -7), (LineKind::Correction, "a", 0, 9)],
        [0, 0, 0, 10, 2],
    ),
];

fn lines(lines: &[(LineKind, &str, i128, i128)]) -> Vec<FinalLine> {
    (0..).zip(lines).map(|(id, &(kind, name, units, amount))| line(id, kind, name, units, amount)).collect()
}

#[test]
fn a_difference_has_the_causes_of_the_table() {
    for (what, before, now, expected) in CASES {
        let cause = split(&period("acme", lines(before)), &period("acme", lines(now))).expect("one currency");
        let Cause { usage, price, terms, credits, corrections } = cause;
        assert_eq!([usage, price, terms, credits, corrections], *expected, "{what}");
    }
}

#[test]
fn nothing_is_said_across_currencies() {
    let mut euro = line(1, LineKind::Usage, "a", 1, 1);
    euro.currency = "EUR".into();
    assert_eq!(split(&period("acme", vec![line(1, LineKind::Usage, "a", 1, 1)]), &period("acme", vec![euro])), None);
}

fn any_lines() -> impl Strategy<Value = Vec<FinalLine>> {
    let any_line = (0usize..7, 0u8..3, 0i128..1_000_000, -1_000_000i128..1_000_000);
    proptest::collection::vec(any_line, 0..12).prop_map(|lines| {
        let lines = (0..).zip(lines);
        lines
            .map(|(id, (kind, name, units, amount))| line(id, LineKind::ALL[kind], &format!("m{name}"), units, amount))
            .collect()
    })
}

proptest! {
    #[test]
    fn the_causes_of_any_two_bills_add_up_to_their_difference(before in any_lines(), now in any_lines()) {
        let (before, now) = (period("acme", before), period("acme", now));
        let cause = split(&before, &now).expect("one currency");
        prop_assert_eq!(cause.total(), now.record().total_minor_units - before.record().total_minor_units);
    }
}
