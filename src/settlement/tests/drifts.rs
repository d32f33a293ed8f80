//! What Stripe holds and what we say: every way in which they can disagree has a name, and agreement has none.

mod period;

use highwater_settlement::customer::Customer;
use highwater_settlement::drift::{DriftClass, InvoiceStatus, StripeInvoice, StripeLine, drift};
use highwater_settlement::invoice::PlannedInvoice;
use highwater_settlement::line::LineKind;
use highwater_settlement::policy::Policy;
use period::{line, period};

fn ours() -> PlannedInvoice {
    let lines = vec![
        line(1, LineKind::BasePrice, "pro", 1, 5_000),
        line(2, LineKind::Usage, "api_calls", 9, 100),
        line(3, LineKind::Credit, "welcome", 0, -40),
    ];
    let customer = Customer { id: "cus_1".into(), days_until_due: None };
    PlannedInvoice::of(&period("acme", lines), 0, &customer, &Policy::default()).expect("an invoice")
}

fn theirs(ours: &PlannedInvoice) -> StripeInvoice {
    let lines = ours.lines.iter().map(|line| StripeLine {
        id: format!("il_{}", &line.line_id[31..]),
        amount: line.amount,
        currency: "usd".into(),
        line_id: Some(line.line_id.clone()),
    });
    StripeInvoice {
        id: "in_1".into(),
        status: InvoiceStatus::Open,
        currency: "usd".into(),
        customer: "cus_1".into(),
        lines: lines.collect(),
    }
}

type Change = fn(&mut StripeInvoice);
/// What somebody did at Stripe | the class and the minor units of each drift
const CASES: &[(&str, Change, &[(DriftClass, i128)])] = &[
    ("nothing", |_| {}, &[]),
    ("paid", |invoice| invoice.status = InvoiceStatus::Paid, &[]),
    ("still a draft", |invoice| invoice.status = InvoiceStatus::Draft, &[]),
    ("lines in another order", |invoice| invoice.lines.reverse(), &[]),
    ("an amount one cent more", |invoice| invoice.lines[1].amount += 1, &[(DriftClass::Amount, 1)]),
    ("a line removed", |invoice| drop(invoice.lines.remove(0)), &[(DriftClass::Missing, -5_000)]),
    ("a line twice", |invoice| invoice.lines.push(invoice.lines[1].clone()), &[(DriftClass::Twice, 100)]),
    ("another currency", |invoice| invoice.lines[1].currency = "eur".into(), &[(DriftClass::Currency, 0)]),
    (
        "a line of somebody's own",
        |invoice| {
            invoice.lines.push(StripeLine { id: "il_x".into(), amount: 7, currency: "usd".into(), line_id: None });
        },
        &[(DriftClass::Extra, 7)],
    ),
    (
        "a credit without its mark",
        |invoice| invoice.lines[2].line_id = None,
        &[(DriftClass::Missing, 40), (DriftClass::Extra, -40)],
    ),
    ("voided", |invoice| invoice.status = InvoiceStatus::Void, &[(DriftClass::Status, -5_060)]),
    ("written off", |invoice| invoice.status = InvoiceStatus::Uncollectible, &[(DriftClass::Status, -5_060)]),
    ("the draft deleted", |invoice| invoice.status = InvoiceStatus::Deleted, &[(DriftClass::Status, -5_060)]),
    ("another customer", |invoice| invoice.customer = "cus_2".into(), &[(DriftClass::Customer, 0)]),
];

#[test]
fn a_disagreement_is_reported_line_by_line_to_the_minor_unit() {
    let ours = ours();
    for (what, change, expected) in CASES {
        let mut theirs = theirs(&ours);
        change(&mut theirs);
        let found: Vec<_> = drift(&ours, &theirs).iter().map(|drift| (drift.class, drift.amount())).collect();
        assert_eq!(found, *expected, "{what}");
    }
}
