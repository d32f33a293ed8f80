//! A plan puts every due period where it belongs, is carried out only as it was made, and never bills twice.

mod period;

use highwater_rating::time::EventTime;
use highwater_settlement::customer::{Customer, Customers};
use highwater_settlement::flag::Flag;
use highwater_settlement::frozen::FrozenPeriod;
use highwater_settlement::intent::{Bill, Key, Operation, Request};
use highwater_settlement::invoice::Block;
use highwater_settlement::ledger::{Entry, LedgerEvent, Standings, standings};
use highwater_settlement::line::LineKind;
use highwater_settlement::moment::{Moment, Span};
use highwater_settlement::plan::{Bucket, ClosePlan, Due, Mode, PlanError, Sources};
use highwater_settlement::policy::{Approval, Policy};
use period::{line, period, record, time};
use std::collections::{BTreeMap, BTreeSet};

const NOW: Moment = Moment(1_794_000_000_000_000);

fn customers() -> Customers {
    let customer = |id: &str| Customer { id: id.into(), days_until_due: None };
    Customers::from([("acme".to_owned(), customer("cus_1")), ("globex".to_owned(), customer("cus_2"))])
}

fn usage(amount: i128) -> Vec<highwater_settlement::line::FinalLine> {
    vec![line(1, LineKind::Usage, "api_calls", amount, amount)]
}

fn plan_with(due: &[Due], before: &[FrozenPeriod], standings: &Standings, policy: &Policy) -> ClosePlan {
    let before: BTreeMap<_, _> = before.iter().map(|period| (period.record().slot(), period.clone())).collect();
    let sources = Sources { due, before: &before, customers: &customers(), standings };
    ClosePlan::make(&sources, policy, "main", Mode::Test, NOW)
}

/// acme's period, against an equal one before.
fn plan(entries: &[Entry]) -> ClosePlan {
    plan_with(&[Ok(period("acme", usage(700)))], &[period("acme", usage(700))], &standings(entries), &Policy::default())
}

fn bill(plan: &ClosePlan) -> Bill {
    plan.items[0].invoice.as_ref().expect("an invoice").bill.clone()
}

fn entry(bill: &Bill, actor: &str, event: LedgerEvent) -> Entry {
    Entry { at: NOW, bill: bill.clone(), actor: actor.into(), reason: "because".into(), event }
}

fn sent(plan: &ClosePlan) -> Entry {
    let content = plan.items[0].invoice.as_ref().expect("an invoice").content.clone();
    let text = |text: &str| text.to_owned();
    entry(
        &bill(plan),
        "highwater",
        LedgerEvent::Intent {
            key: text("k"),
            operation: text("create_invoice"),
            content,
            state: text("succeeded"),
            detail: text(""),
            object: text("in_1"),
        },
    )
}

fn settled(plan: &ClosePlan) -> Entry {
    let content = plan.items[0].invoice.as_ref().expect("an invoice").content.clone();
    entry(
        &bill(plan),
        "highwater",
        LedgerEvent::Settled {
            content,
            invoice: "in_1".into(),
            status: "open".into(),
            total: 700,
            currency: "USD".into(),
        },
    )
}

#[test]
fn a_period_is_in_the_bucket_where_it_belongs() {
    let usual = plan(&[]);
    assert_eq!(usual.items[0].bucket, Bucket::Ready, "as the last one");
    let policy = Policy::default();
    let none = Standings::new();
    let bucket = |plan: ClosePlan| (plan.items[0].bucket, plan.items[0].block.as_ref().map(Block::name));
    let one = |due: Due| bucket(plan_with(&[due], &[], &none, &policy));
    assert_eq!(one(Ok(period("acme", usage(700)))), (Bucket::Flagged, None), "a first bill");
    assert_eq!(one(Ok(period("nobody", usage(700)))), (Bucket::Blocked, Some("no_customer")));
    let many = (0..251).map(|id| line(id, LineKind::Usage, "m", 1, 1)).collect();
    assert_eq!(one(Ok(period("acme", many))), (Bucket::Blocked, Some("too_many_lines")));
    let mut dinar = line(1, LineKind::Usage, "m", 1, 1_234);
    dinar.currency = "KWD".into();
    assert_eq!(one(Ok(period("acme", vec![dinar]))), (Bucket::Blocked, Some("amount")));
    let short = FrozenPeriod::check(record("acme", &usage(700)), Vec::new()).unwrap_err();
    assert_eq!(one(Err(Box::new((record("acme", &usage(700)), short)))), (Bucket::Blocked, Some("not_definite")));

    let zero = |amounts: [i128; 2]| {
        let lines = vec![line(1, LineKind::Usage, "a", 1, amounts[0]), line(2, LineKind::Credit, "c", 1, amounts[1])];
        bucket(plan_with(&[Ok(period("acme", lines))], &[period("acme", usage(0))], &none, &policy))
    };
    assert_eq!(zero([0, 0]), (Bucket::Zero, None));
    assert_eq!(zero([5, -5]), (Bucket::Ready, None), "lines that make up for each other are shown to the customer");

    let held = |until| entry(&bill(&usual), "ana", LedgerEvent::Held { until });
    assert_eq!(plan(&[held(None)]).items[0].bucket, Bucket::Held);
    assert_eq!(plan(&[held(Some(NOW))]).items[0].bucket, Bucket::Ready, "until then");
    let released = entry(&bill(&usual), "ana", LedgerEvent::Released);
    assert_eq!(plan(&[held(None), released]).items[0].bucket, Bucket::Ready);
    assert_eq!(plan(&[sent(&usual)]).items[0].bucket, Bucket::Ready, "under way, and resumed");
    assert_eq!(plan(&[sent(&usual), settled(&usual)]).items[0].bucket, Bucket::Settled);
}

#[test]
fn what_was_sent_is_never_planned_as_another_invoice() {
    let first = plan(&[]);
    let history = [sent(&first)];
    let changed = |lines| {
        let due = [Ok(period("acme", lines))];
        let plan = plan_with(&due, &[], &standings(&history), &Policy::default());
        plan.items[0].block.as_ref().map(Block::name)
    };
    assert_eq!(changed(usage(700)), None);
    assert_eq!(changed(usage(701)), Some("changed_since_sent"));
    // A later revision has only corrections, and is a bill of its own.
    let mut later = record("acme", &usage(700));
    later.revision = 2;
    let due = [Ok(FrozenPeriod::check(later, usage(700)).expect("they agree"))];
    let other = plan_with(&due, &[], &standings(&history), &Policy::default());
    assert_eq!((other.items[0].bucket, other.items[0].flags.len()), (Bucket::Ready, 0));
    // On a person's word it is billed anew, under other keys.
    let voided = entry(&bill(&first), "ana", LedgerEvent::Voided { invoice: "in_1".into() });
    let anew =
        plan_with(&[Ok(period("acme", usage(701)))], &[], &standings(&[sent(&first), voided]), &Policy::default());
    assert_eq!(bill(&anew).reissue, 1);
}

#[test]
fn only_what_changed_returns_to_review() {
    let policy = Policy { approval: Approval::All, ..Policy::default() };
    let both = |acme: i128| [Ok(period("acme", usage(acme))), Ok(period("globex", usage(5)))];
    let first = plan_with(&both(700), &[], &Standings::new(), &policy);
    let approvals: Vec<Entry> = first
        .invoices()
        .map(|(_, invoice)| {
            let approved = LedgerEvent::Approved { content: invoice.content.clone(), plan: first.hash.clone() };
            entry(&invoice.bill, "ana", approved)
        })
        .collect();
    let buckets = |plan: &ClosePlan| plan.items.iter().map(|item| item.bucket).collect::<Vec<_>>();
    assert_eq!(buckets(&first), [Bucket::Flagged, Bucket::Flagged]);
    assert_eq!(buckets(&plan_with(&both(700), &[], &standings(&approvals), &policy)), [Bucket::Ready, Bucket::Ready]);
    assert_eq!(buckets(&plan_with(&both(701), &[], &standings(&approvals), &policy)), [Bucket::Changed, Bucket::Ready]);
}

#[test]
fn a_big_invoice_needs_two_persons() {
    let policy = Policy { four_eyes_minor_units: Some(700), ..Policy::default() };
    let with = |actors: &[&str]| {
        let content = plan(&[]).items[0].invoice.as_ref().expect("an invoice").content.clone();
        let approved = LedgerEvent::Approved { content, plan: "p".into() };
        let entries: Vec<Entry> =
            actors.iter().map(|actor| entry(&bill(&plan(&[])), actor, approved.clone())).collect();
        let due = [Ok(period("acme", usage(700)))];
        plan_with(&due, &[period("acme", usage(700))], &standings(&entries), &policy).items[0].bucket
    };
    assert_eq!(with(&[]), Bucket::Flagged);
    assert_eq!(with(&["ana", "ana"]), Bucket::Changed);
    assert_eq!(with(&["ana", "ben"]), Bucket::Ready);
}

#[test]
fn flags_stand_where_a_person_must_look() {
    let names = |now: i128, before: Option<i128>| {
        let before: Vec<_> = before.map(|amount| period("acme", usage(amount))).into_iter().collect();
        let plan = plan_with(&[Ok(period("acme", usage(now)))], &before, &Standings::new(), &Policy::default());
        plan.items[0].flags.iter().map(Flag::name).collect::<Vec<_>>()
    };
    for (now, before, expected) in [
        (700, None, &["first_bill"][..]),
        (700, Some(700), &[]),
        (30_000, Some(10_000), &["amount_variance"]),
        (15_001, Some(10_000), &[]),
        (25_000, Some(100_000), &["amount_variance"]),
        (0, Some(100), &["zero_after_nonzero"]),
        (100, Some(0), &["nonzero_after_zero"]),
        (-100, Some(-100), &["negative_total"]),
        (49, Some(49), &["below_least"]),
        (50, Some(50), &[]),
    ] {
        assert_eq!(names(now, before), expected, "{before:?} then {now}");
    }
}

#[test]
fn a_plan_file_is_taken_only_as_it_was_made() {
    let made = plan(&[]);
    let text = made.to_json().expect("JSON");
    assert_eq!(ClosePlan::from_json(&text), Ok(made));
    for (from, to) in [("\"700\"", "\"701\""), ("cus_1", "cus_2"), ("\"test\"", "\"live\""), ("true", "false")] {
        assert!(text.contains(from), "{from}");
        assert_eq!(ClosePlan::from_json(&text.replacen(from, to, 1)), Err(PlanError::Edited), "{from} to {to}");
    }
    assert_eq!(ClosePlan::from_json(&text.replace("\"format\": 1", "\"format\": 2")), Err(PlanError::Format(2)));
    for cut in [0, 1, text.len() / 2, text.len() - 1] {
        assert!(matches!(ClosePlan::from_json(&text[..cut]), Err(PlanError::NoPlan(_))), "{cut}");
    }
}

#[test]
fn a_stale_plan_says_how_many_lines_have_changed() {
    let made = plan(&[]);
    assert_eq!(made.stale(&plan(&[])), []);
    assert_eq!(made.stale(&plan(&[sent(&made), settled(&made)])), [], "done by this very plan");
    let due =
        [Ok(period("acme", vec![line(1, LineKind::Usage, "api_calls", 7, 7), line(2, LineKind::AddOn, "x", 1, 1)]))];
    let now = plan_with(&due, &[], &Standings::new(), &Policy::default());
    let stale = made.stale(&now);
    assert_eq!((stale[0].organization_id.as_str(), stale[0].lines), ("acme", 2));
    let gone = plan_with(&[], &[], &Standings::new(), &Policy::default());
    assert_eq!(made.stale(&gone)[0].lines, 1);
}

#[test]
fn a_key_is_what_is_meant_and_nothing_else() {
    let bill = Bill {
        organization_id: "acme".into(),
        period_start: EventTime(5),
        currency: "USD".into(),
        revision: 1,
        reissue: 0,
    };
    let mut keys = BTreeSet::new();
    let others = [
        ("main", bill.clone(), Operation::CreateInvoice),
        ("other", bill.clone(), Operation::CreateInvoice),
        ("main", bill.clone(), Operation::AddLines(0)),
        ("main", bill.clone(), Operation::AddLines(1)),
        ("main", bill.clone(), Operation::FinalizeInvoice),
        ("main", bill.clone(), Operation::VoidInvoice),
        ("main", Bill { organization_id: "acm".into(), ..bill.clone() }, Operation::CreateInvoice),
        ("main", Bill { period_start: EventTime(6), ..bill.clone() }, Operation::CreateInvoice),
        ("main", Bill { currency: "EUR".into(), ..bill.clone() }, Operation::CreateInvoice),
        ("main", Bill { revision: 2, ..bill.clone() }, Operation::CreateInvoice),
        ("main", Bill { reissue: 1, ..bill.clone() }, Operation::CreateInvoice),
    ];
    for (account, bill, operation) in &others {
        assert!(keys.insert(Key::of(account, bill, *operation)), "{account} {bill:?} {operation:?} collides");
        assert_eq!(Key::of(account, bill, *operation), Key::of(account, bill, *operation));
    }
    assert_eq!(
        Key::of("main", &bill, Operation::CreateInvoice).as_str(),
        "hw_f45e868df318931eb976dd92972a3c9cf1ea8f5a"
    );
}

#[test]
fn lines_go_out_in_batches_that_carry_their_intent() {
    let lines = (0..7).map(|id| line(id, LineKind::Usage, "m", 1, i128::from(id))).collect();
    let policy = Policy { batch_lines: 3, ..Policy::default() };
    let plan = plan_with(&[Ok(period("acme", lines))], &[], &Standings::new(), &policy);
    let invoice = plan.items[0].invoice.as_ref().expect("an invoice");
    let sizes: Vec<_> = invoice.batches().map(|(batch, lines)| (batch, lines.len())).collect();
    assert_eq!(sizes, [(0, 3), (1, 3), (2, 1)]);
    let mut sent = Vec::new();
    for (batch, _) in invoice.batches() {
        let Request::AddLines { invoice: id, lines } = invoice.lines_request("main", batch, "in_1") else { panic!() };
        assert_eq!(id, "in_1");
        let key = invoice.key("main", Operation::AddLines(batch));
        assert!(lines.iter().all(|line| line.metadata["highwater_intent"] == key.as_str()));
        sent.extend(lines.into_iter().map(|line| line.amount));
    }
    assert_eq!(sent.iter().sum::<i64>(), 21);
    let Request::CreateInvoice(new) = invoice.create_request("main") else { panic!() };
    assert_eq!(new.metadata["highwater_intent"], invoice.key("main", Operation::CreateInvoice).as_str());
    assert_eq!((new.customer.as_str(), new.currency.as_str()), ("cus_1", "usd"));
    assert_eq!(new.description, "Usage from 2026-10-01 to 2026-11-01");
}

#[test]
fn ages_of_a_clock_that_was_set_back_are_nothing() {
    assert_eq!(Moment(5).since(Moment(9)), Span(0));
    assert_eq!(Moment(-1).unix_seconds(), -1);
    assert_eq!(time("1970-01-01T00:00:01Z").0, 1_000_000);
}

/// The checksum that a close record is held to is the one that the engine writes.
#[test]
fn the_engines_checksum_is_ours() {
    use highwater_rating::finals::{Corrects, Line, LineId};
    use highwater_settlement::line::checksum;
    let mut ours = line(7, LineKind::Correction, "api_calls", 3, -5);
    (ours.overage.0, ours.amount_unrounded) = (11, -49);
    ours.corrects_line_id = format!("{:032x}", 9);
    ours.corrects_period_start = Some(time("2026-09-01T00:00:00Z"));
    let plain = line(8, LineKind::Usage, "api_calls", 3, 5);
    let theirs = |line: &highwater_settlement::line::FinalLine| Line {
        id: LineId::parse(&line.line_id).expect("an id"),
        kind: line.kind,
        name: line.name.as_str().into(),
        span_start: line.span_start,
        span_end: line.span_end,
        events: 1,
        quantity: line.quantity,
        included: line.quantity,
        overage: line.overage,
        currency: line.currency.as_str().into(),
        amount_unrounded: line.amount_unrounded,
        amount_minor_units: line.amount_minor_units,
        tiers: Vec::new(),
        steps: Vec::new(),
        terms: "{}".into(),
        corrects: line.corrects_period_start.map(|period_start| Corrects {
            line_id: LineId::parse(&line.corrects_line_id).expect("an id"),
            period_start,
            kind: LineKind::Usage,
        }),
    };
    let engine = highwater_rating::finals::checksum([&theirs(&ours), &theirs(&plain)]);
    assert_eq!(checksum(&[ours, plain]), engine);
}
