//! The faults of Stripe one by one, where what becomes of them can be told beforehand.

use super::bills::{customer, undertaking};
use super::double::network::{Fault, Network};
use super::double::server;
use super::double::stripe::{Arrived, Stripe as Double};
use super::memory::{Disk, Mortal, Process, Turned};
use highwater::close::clock::{Clock, SystemClock};
use highwater::close::closer::{BillEnd, Closer, Limits, Word, intents};
use highwater::close::journal::{Changes, Journal, Kept, Undertaking};
use highwater::close::store::CloseStore;
use highwater::close::stripe::{ApiKey, Https, Rates, Stripe, Transport};
use highwater_settlement::drift::{DriftClass, InvoiceStatus};
use highwater_settlement::ledger::LedgerEvent;
use highwater_settlement::moment::Span;
use highwater_settlement::plan::Mode;
use highwater_settlement::policy::Policy;
use highwater_settlement::state::{Input, Jitter, Resolution, transition};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

type Direct = Closer<Mortal<Network<Turned>>, Mortal<Disk>, Turned>;

fn rates() -> Rates {
    let rate = NonZeroU32::new(1_000).unwrap();
    Rates { account: rate, endpoint: rate }
}

fn closer(network: &Network<Turned>, disk: &Disk, clock: Turned) -> Direct {
    let process = Process::immortal();
    Closer {
        stripe: Stripe::new(Mortal { of: network.clone(), process: process.clone() }, rates()),
        journal: Mortal { of: disk.clone(), process },
        clock,
        jitter: || Jitter(0),
        limits: Limits { in_flight: 4, patience: Span::minutes(30) },
        stopping: watch::channel(false).1,
    }
}

/// How each bill ended.
async fn ends<T: Transport, J: Journal, C: Clock>(closer: &Closer<T, J, C>, bills: &[Undertaking]) -> Vec<BillEnd> {
    let mut ends = std::collections::BTreeMap::new();
    let heard = |bill: &highwater_settlement::intent::Bill, end: &BillEnd| drop(ends.insert(bill.clone(), end.clone()));
    closer.apply(Kept::default(), bills.to_vec(), heard).await.unwrap();
    bills.iter().map(|bill| ends[&bill.invoice.bill].clone()).collect()
}

/// What befalls the first changing call, what the bill comes to, and how many calls reach Stripe's state with the first key.
#[tokio::test(start_paused = true)]
async fn each_fault_of_one_call_ends_in_one_invoice_or_with_a_person() {
    for (fault, expected) in [
        (Fault::None, "settled"),
        (Fault::LostBefore, "settled"),
        (Fault::LostAfter, "settled"),
        (Fault::Later { seconds: 90 }, "settled"),
        (Fault::ErrorAfter, "settled"),
        // The key brings back the error for a day, and no other key may be used.
        (Fault::ErrorKept, "needs_person"),
        (Fault::Unavailable, "settled"),
        (Fault::Throttled { retry_after_s: Some(7) }, "settled"),
        (Fault::LockTimeout, "settled"),
        (Fault::InProgress, "settled"),
        (Fault::Unauthorized, "settled"),
        (Fault::Torn, "settled"),
    ] {
        for action in ["/v1/invoices", "add_lines", "finalize"] {
            let (clock, once) = (Turned::new(), Arc::new(Mutex::new(true)));
            let faults = move |request: &Arrived| {
                let is_meant = request.method == "POST" && request.path.ends_with(action);
                if is_meant && std::mem::take(&mut *once.lock().unwrap()) { fault } else { Fault::None }
            };
            let network = Network::new(Double::with_customers([customer("acme")]), clock, faults);
            let (disk, bill) = (Disk::default(), undertaking("acme", &[500, 20, -3], &Policy::default()));
            let end = ends(&closer(&network, &disk, clock), std::slice::from_ref(&bill)).await.remove(0);
            assert_eq!(end.name(), expected, "{fault:?} of {action}: {end:?}");
            let stripe = network.stripe();
            let at_most_one = usize::from(fault != Fault::ErrorKept || action != "/v1/invoices");
            assert_eq!(stripe.invoices.len(), at_most_one, "{fault:?} of {action}");
            if expected == "settled" {
                assert_eq!(
                    (stripe.invoices[0].status, stripe.invoices[0].lines.len()),
                    ("open", 3),
                    "{fault:?} of {action}"
                );
            }
        }
    }
}

/// S-8: somebody adds a line at Stripe, changes the status, or deletes the draft while the bill is on its way.
#[tokio::test(start_paused = true)]
async fn s_8_what_a_person_changed_at_stripe_is_reported_and_not_overwritten() {
    for (change, class) in [("adds", DriftClass::Extra), ("deletes", DriftClass::Status), ("edits", DriftClass::Amount)]
    {
        let clock = Turned::new();
        let network = Network::new(Double::with_customers([customer("acme")]), clock, |_: &Arrived| Fault::None);
        let stripe = network.stripe.clone();
        tokio::spawn(async move {
            // The lines are there after the third answer, and are read with the fourth.
            tokio::time::sleep(Duration::from_millis(250)).await;
            let mut stripe = stripe.lock().unwrap();
            let invoice = &mut stripe.invoices[0];
            assert_eq!((invoice.status, invoice.lines.len()), ("draft", 2), "the moment was missed");
            match change {
                "adds" => {
                    let mut line = invoice.lines[0].clone();
                    line.id = "il_by_hand".into();
                    line.metadata.clear();
                    invoice.lines.push(line);
                }
                "deletes" => invoice.status = "deleted",
                _ => invoice.lines[0].amount += 1,
            }
        });
        let (disk, bill) = (Disk::default(), undertaking("acme", &[500, 20], &Policy::default()));
        let end = ends(&closer(&network, &disk, clock), &[bill]).await.remove(0);
        let BillEnd::Drifted { drifts, .. } = end else { panic!("{change}: {end:?}") };
        assert_eq!(drifts.iter().map(|drift| drift.class).collect::<Vec<_>>(), [class], "{change}");
        let status = network.stripe().invoices[0].status;
        assert!(status == "draft" || status == "deleted", "{change}: {status}");
        let kept = disk.read().entries;
        assert!(kept.iter().any(|entry| matches!(entry.event, LedgerEvent::Drifted { .. })), "{change}");
    }
}

/// S-9: what Stripe refuses for one customer holds up no other.
#[tokio::test(start_paused = true)]
async fn s_9_a_refusal_is_one_customers_own() {
    let clock = Turned::new();
    let network = Network::new(Double::with_customers([customer("acme")]), clock, |_: &Arrived| Fault::None);
    let bills = ["gone", "acme"].map(|name| undertaking(name, &[500], &Policy::default()));
    let found = ends(&closer(&network, &Disk::default(), clock), &bills).await;
    assert_eq!(found.iter().map(BillEnd::name).collect::<Vec<_>>(), ["refused", "settled"]);
    {
        let mut stripe = network.stripe();
        stripe.is_restricted = true;
        stripe.customers.insert(customer("late"));
    }
    let late = [undertaking("late", &[500], &Policy::default())];
    let found = ends(&closer(&network, &Disk::default(), clock), &late).await;
    assert!(matches!(&found[0], BillEnd::Refused { code, .. } if code == "account_invalid"), "{found:?}");
}

/// Two processes with folders of their own carry out the same plan at the same time.
#[tokio::test(start_paused = true)]
async fn two_instances_at_once_do_no_harm() {
    let clock = Turned::new();
    let network = Network::new(Double::with_customers([customer("acme")]), clock, |_: &Arrived| Fault::None);
    let bill = [undertaking("acme", &[500, 20], &Policy::default())];
    let (one, other) = (Disk::default(), Disk::default());
    let (one, other) = (closer(&network, &one, clock), closer(&network, &other, clock));
    let (first, second) = tokio::join!(ends(&one, &bill), ends(&other, &bill));
    assert_eq!((first[0].name(), second[0].name()), ("settled", "settled"), "{first:?} {second:?}");
    let stripe = network.stripe();
    assert_eq!((stripe.invoices.len(), stripe.invoices[0].lines.len()), (1, 2));
}

/// The folder is lost, and Stripe has forgotten the keys: what is there is found, and nothing is made again.
#[tokio::test(start_paused = true)]
async fn a_lost_folder_makes_no_second_invoice() {
    let clock = Turned::new();
    let network = Network::new(Double::with_customers([customer("acme")]), clock, |_: &Arrived| Fault::None);
    let bill = [undertaking("acme", &[500, 20], &Policy::default())];
    for _ in 0..2 {
        let found = ends(&closer(&network, &Disk::default(), clock), &bill).await;
        assert_eq!(found[0].name(), "settled", "{found:?}");
        tokio::time::sleep(Duration::from_secs(30 * 3_600)).await;
    }
    let stripe = network.stripe();
    assert_eq!((stripe.invoices.len(), stripe.invoices[0].lines.len()), (1, 2));
}

/// The real ways: HTTP, the journal on disk, the system's clock.
#[tokio::test]
async fn bills_go_over_http_and_are_on_disk() {
    let network = Network::new(
        Double::with_customers((0..20).map(|number| customer(&format!("org_{number}")))),
        SystemClock,
        |_: &Arrived| Fault::None,
    );
    let address = server::serve(network.clone(), "sk_test_double").await;
    let folder = tempfile::tempdir().unwrap();
    let key = ApiKey::new("sk_test_double", Mode::Test).unwrap();
    let https = Https::new(&format!("http://{address}"), &key, Duration::from_secs(5)).unwrap();
    let closer = Closer {
        stripe: Stripe::new(https, rates()),
        journal: CloseStore::open(folder.path()).unwrap(),
        clock: SystemClock,
        jitter: || Jitter(500),
        limits: Limits { in_flight: 8, patience: Span::seconds(20) },
        stopping: watch::channel(false).1,
    };
    let policy = Policy { batch_lines: 2, ..Policy::default() };
    let bills: Vec<Undertaking> =
        (0..20).map(|number| undertaking(&format!("org_{number}"), &[number, -7, 1_000], &policy)).collect();
    for (bill, end) in bills.iter().zip(ends(&closer, &bills).await) {
        let BillEnd::Settled { status: InvoiceStatus::Open, invoice } = end else { panic!("{end:?}") };
        let mut stripe = network.stripe();
        let found = stripe.invoice_mut(&invoice).unwrap();
        assert_eq!(found.lines.iter().map(|line| line.amount).sum::<i64>() as i128, bill.invoice.total_minor_units);
        assert_eq!(found.lines.len(), 3);
    }
    let kept = closer.journal.read().unwrap();
    assert_eq!((kept.undertakings.len(), kept.intents.len()), (20, 80));
}

/// How the bill stands on this disk, voided with a person's word.
async fn void(closer: &Direct, disk: &Disk, bill: &Undertaking) -> BillEnd {
    let mut intents = intents(disk.read().intents, closer.clock.now(), closer.jitter);
    let own = intents.remove(&bill.invoice.bill).unwrap_or_default();
    let word = Word { by: "ana".into(), reason: "wrong".into() };
    closer.void(bill, own, &word).await.unwrap()
}

/// what is at Stripe | what voiding comes to | what is there then
#[tokio::test(start_paused = true)]
async fn a_bill_is_undone_as_far_as_it_has_come_and_a_paid_one_is_not() {
    for (status, expected, then) in [
        ("draft", "voided", "deleted"),
        ("open", "voided", "void"),
        ("void", "voided", "void"),
        ("deleted", "voided", "deleted"),
        ("paid", "refused", "paid"),
    ] {
        let clock = Turned::new();
        let network = Network::new(Double::with_customers([customer("acme")]), clock, |_: &Arrived| Fault::None);
        let (disk, bill) = (Disk::default(), undertaking("acme", &[500], &Policy::default()));
        let closer = closer(&network, &disk, clock);
        assert_eq!(ends(&closer, std::slice::from_ref(&bill)).await[0].name(), "settled");
        network.stripe().invoices[0].status = status;
        assert_eq!(void(&closer, &disk, &bill).await.name(), expected, "{status}");
        assert_eq!(network.stripe().invoices[0].status, then, "{status}");
    }
}

/// A key that brings back an error for ever: a person says that nothing was done, undoes the bill, and it is sent under
/// the next key.
#[tokio::test(start_paused = true)]
async fn what_needs_a_person_is_billed_anew_on_a_persons_word_and_never_before() {
    let (clock, once) = (Turned::new(), Arc::new(Mutex::new(true)));
    let faults = move |request: &Arrived| {
        let is_first = request.method == "POST" && std::mem::take(&mut *once.lock().unwrap());
        if is_first { Fault::ErrorKept } else { Fault::None }
    };
    let network = Network::new(Double::with_customers([customer("acme")]), clock, faults);
    let (disk, mut bill) = (Disk::default(), undertaking("acme", &[500], &Policy::default()));
    let closer = closer(&network, &disk, clock);
    assert_eq!(ends(&closer, std::slice::from_ref(&bill)).await[0].name(), "needs_person");
    assert_eq!(void(&closer, &disk, &bill).await.name(), "needs_person", "it is not known yet what was done");
    let mut intent = disk.read().intents.remove(0);
    intent.state = transition(&intent.state, &Input::Resolved(Resolution::NotDone), clock.now(), Jitter(0));
    closer.journal.keep(Changes { intents: vec![intent], ..Changes::default() }).await.unwrap();
    assert_eq!(void(&closer, &disk, &bill).await, BillEnd::Voided { invoice: String::new() });
    assert!(network.stripe().invoices.is_empty());
    bill.invoice.bill.reissue = 1;
    bill.invoice.content = bill.invoice.hash();
    assert_eq!(ends(&closer, &[bill]).await[0].name(), "settled");
    assert_eq!(network.stripe().invoices.len(), 1);
}

/// Ten thousand customers with twenty lines each, at Stripe's published limits.
#[tokio::test(start_paused = true)]
async fn ten_thousand_bills_are_closed_within_twelve_minutes() {
    let clock = Turned::new();
    let names: Vec<String> = (0..10_000).map(|number| format!("org_{number}")).collect();
    let double = Double::with_customers(names.iter().map(|name| customer(name)));
    let network = Network::new(double, clock, |_: &Arrived| Fault::None);
    let mut closer = closer(&network, &Disk::default(), clock);
    let rate = |calls| NonZeroU32::new(calls).unwrap();
    let transport = Mortal { of: network.clone(), process: Process::immortal() };
    closer.stripe = Stripe::new(transport, Rates { account: rate(100), endpoint: rate(25) });
    closer.limits.in_flight = 32;
    let amounts: Vec<i128> = (1..=20).collect();
    let bills: Vec<Undertaking> = names.iter().map(|name| undertaking(name, &amounts, &Policy::default())).collect();
    let began = clock.now();
    let found = ends(&closer, &bills).await;
    let took = clock.now().since(began);
    assert!(found.iter().all(|end| end.name() == "settled"));
    println!("10,000 bills in {} s", took.0 / 1_000_000);
    assert!(took.0 <= Span::minutes(12).0, "{} s", took.0 / 1_000_000);
}
