//! Nothing is billed that was not found whole.

mod period;

use highwater_settlement::frozen::{CloseRecord, FrozenPeriod, NotDefinite};
use highwater_settlement::line::{FinalLine, LineKind};
use period::{line, record};

fn lines() -> Vec<FinalLine> {
    vec![
        line(2, LineKind::Usage, "api_calls", 1_200_000, 100),
        line(1, LineKind::BasePrice, "pro", 1, 5_000),
        line(3, LineKind::Credit, "welcome", 0, -40),
    ]
}

#[test]
fn lines_that_agree_with_their_record_are_taken_in_order_of_id() {
    let taken = FrozenPeriod::check(record("acme", &lines()), lines()).expect("they agree");
    let ids: Vec<_> = taken.lines().iter().map(|line| line.name.as_str()).collect();
    assert_eq!(ids, ["pro", "api_calls", "welcome"]);
}

/// What was done to the record or the lines, and by which name it is refused.
type Damage = (&'static str, fn(&mut CloseRecord, &mut Vec<FinalLine>), &'static str);

const DAMAGE: &[Damage] = &[
    ("a line is missing", |_, lines| drop(lines.pop()), "count"),
    ("a line is there twice", |_, lines| lines.push(lines[0].clone()), "twice"),
    ("a line more", |_, lines| lines.push(line(9, LineKind::Usage, "x", 1, 0)), "count"),
    ("an amount is another", |_, lines| lines[0].amount_minor_units += 1, "total"),
    (
        "two amounts make up for each other",
        |_, lines| {
            lines[0].amount_minor_units += 1;
            lines[1].amount_minor_units -= 1;
        },
        "checksum",
    ),
    ("a quantity is another", |_, lines| lines[0].quantity.0 += 1, "checksum"),
    ("a name is another", |_, lines| lines[0].name = "api_call".into(), "checksum"),
    ("a kind is another", |_, lines| lines[0].kind = LineKind::TrueUp, "checksum"),
    ("what is corrected is another", |_, lines| lines[0].corrects_line_id = "1".into(), "checksum"),
    ("a line is in another currency", |_, lines| lines[0].currency = "EUR".into(), "currency"),
    ("the total is another", |record, _| record.total_minor_units += 1, "total"),
    ("the checksum is another", |record, _| record.checksum = format!("{:032x}", 7), "checksum"),
    (
        "sums leave the range",
        |_, lines| {
            lines[0].amount_minor_units = i128::MAX;
            lines[1].amount_minor_units = i128::MAX;
        },
        "range",
    ),
];

#[test]
fn what_does_not_agree_is_refused_by_name() {
    for (what, damage, expected) in DAMAGE {
        let (mut record, mut lines) = (record("acme", &lines()), lines());
        damage(&mut record, &mut lines);
        let name = match FrozenPeriod::check(record, lines) {
            Ok(_) => "taken",
            Err(NotDefinite::Count { .. }) => "count",
            Err(NotDefinite::Total { .. }) => "total",
            Err(NotDefinite::Checksum { .. }) => "checksum",
            Err(NotDefinite::Currency { .. }) => "currency",
            Err(NotDefinite::Twice(_)) => "twice",
            Err(NotDefinite::OutOfRange) => "range",
            Err(NotDefinite::Kind { .. }) => "kind",
        };
        assert_eq!(name, *expected, "{what}");
    }
}
