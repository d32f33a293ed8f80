//! Thousands of bills on a turned clock, with a Stripe that fails at every third call and a process that is killed at
//! every kind of point: no effect twice, none lost, none left unknown without a person being told. Mistakes that are
//! planted on purpose are caught by the same checks.

use super::bills::{customer, undertaking};
use super::double::network::{Fault, Network};
use super::double::stripe::{Arrived, Stripe as Double};
use super::memory::{Disk, Mortal, Process, Turned};
use highwater::close::clock::Clock;
use highwater::close::closer::{BillEnd, Closer, Limits};
use highwater::close::journal::{Changes, Journal, Undertaking};
use highwater::close::stripe::{Answer, Call, NoAnswer, Rates, Stripe, Transport};
use highwater_settlement::drift::InvoiceStatus;
use highwater_settlement::intent::{Bill, INTENT_METADATA, Key, LINE_METADATA};
use highwater_settlement::ledger::LedgerEvent;
use highwater_settlement::moment::{Moment, Span};
use highwater_settlement::policy::Policy;
use highwater_settlement::state::{Jitter, State};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

const FAULTY_PERCENT: u32 = 35;
const AT_ONCE: usize = 40;

/// What went on, to know that everything did.
#[derive(Default)]
struct Seen {
    faults: BTreeMap<&'static str, u64>,
    calls: u64,
    kills: u64,
    pauses: u64,
}

/// Draws what happens to each call; nothing while it is healed.
#[derive(Clone)]
struct Weather {
    chance: Arc<Mutex<StdRng>>,
    seen: Arc<Mutex<Seen>>,
    is_healed: Arc<Mutex<bool>>,
}

impl Weather {
    fn draw(&self) -> Fault {
        let mut seen = self.seen.lock().unwrap();
        seen.calls += 1;
        let mut chance = self.chance.lock().unwrap();
        if *self.is_healed.lock().unwrap() || chance.random_range(0..100) >= FAULTY_PERCENT {
            return Fault::None;
        }
        let (name, fault) = match chance.random_range(0..24) {
            0..4 => ("S-1 before", Fault::LostBefore),
            4..8 => ("S-1 after", Fault::LostAfter),
            8..11 => ("S-1 during", Fault::Later { seconds: chance.random_range(1..400) }),
            11 => ("S-2 nothing done", Fault::ErrorKept),
            12 => ("S-2 all done", Fault::ErrorAfter),
            13..15 => ("unavailable", Fault::Unavailable),
            15..17 => ("S-3 throttled", Fault::Throttled { retry_after_s: None }),
            17 => ("S-3 throttled, told when", Fault::Throttled { retry_after_s: Some(chance.random_range(1..60)) }),
            18..20 => ("S-3 lock timeout", Fault::LockTimeout),
            20 => ("S-3 in progress", Fault::InProgress),
            21 => ("unauthorized", Fault::Unauthorized),
            _ => ("torn", Fault::Torn),
        };
        *seen.faults.entry(name).or_default() += 1;
        fault
    }
}

/// A mistake that somebody could make in the product, made here on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    None,
    /// Another idempotency key on every try.
    NewKeys,
    /// A timeout is taken for a refusal.
    TimeoutIsRefusal,
    /// A clock that does not see the pauses between runs: keys are used after Stripe has forgotten them.
    StandingClock,
    /// Nothing but the bills reaches the disk, and what is there is never found.
    BlindAndForgetful,
}

struct Mistaken<P> {
    of: P,
    mistake: Mistake,
    calls: Mutex<u64>,
}

impl<T: Transport> Transport for Mistaken<T> {
    async fn exchange(&self, call: &Call) -> Result<Answer, NoAnswer> {
        let number = {
            let mut calls = self.calls.lock().unwrap();
            *calls += 1;
            *calls
        };
        let mut call = call.clone();
        if self.mistake == Mistake::NewKeys {
            call.idempotency_key = call.idempotency_key.map(|key| format!("{key}{number}"));
        }
        let answer = self.of.exchange(&call).await;
        let is_list = call.endpoint == "GET /v1/invoices" || call.endpoint == "GET /v1/invoices/lines";
        match (self.mistake, answer) {
            (Mistake::TimeoutIsRefusal, Err(_)) => {
                let body = br#"{"error":{"type":"invalid_request_error","code":"timeout"}}"#.to_vec();
                Ok(Answer { status: 400, retry_after: None, body })
            }
            (Mistake::BlindAndForgetful, Ok(Answer { status: 200, .. })) if is_list => {
                Ok(Answer { status: 200, retry_after: None, body: br#"{"data":[],"has_more":false}"#.to_vec() })
            }
            (_, answer) => answer,
        }
    }
}

impl<J: Journal> Journal for Mistaken<J> {
    async fn keep(&self, mut changes: Changes) -> Result<(), highwater::close::journal::JournalError> {
        if self.mistake == Mistake::BlindAndForgetful {
            changes.intents.clear();
            changes.entries.clear();
        }
        self.of.keep(changes).await
    }
}

#[derive(Clone)]
struct Told {
    turned: Turned,
    /// How long the pauses were that a mistaken clock does not see.
    unseen: Arc<Mutex<Span>>,
}

impl Clock for Told {
    fn now(&self) -> Moment {
        Moment(self.turned.now().0 - self.unseen.lock().unwrap().0)
    }
}

/// What a simulation ends with.
struct Ended {
    network: Network<Turned>,
    disk: Disk,
    ends: BTreeMap<Bill, BillEnd>,
    undertakings: Vec<Undertaking>,
    seen: Arc<Mutex<Seen>>,
}

async fn simulate(seed: u64, bills: usize, mistake: Mistake) -> Ended {
    let mut chance = StdRng::seed_from_u64(seed);
    let turned = Turned::new();
    let policy = Policy { batch_lines: 3, ..Policy::default() };
    let undertakings: Vec<Undertaking> = (0..bills)
        .map(|number| {
            let amounts: Vec<i128> = (0..chance.random_range(1..8)).map(|_| chance.random_range(-500..9_000)).collect();
            undertaking(&format!("org_{number}"), &amounts, &policy)
        })
        .collect();
    // S-9: a customer in fifty is not there any more.
    let customers = undertakings.iter().enumerate().filter(|(number, _)| number % 50 != 7);
    let double = Double::with_customers(customers.map(|(_, bill)| bill.invoice.customer.id.clone()));
    let weather = Weather {
        chance: Arc::new(Mutex::new(StdRng::seed_from_u64(seed ^ 1))),
        seen: Arc::default(),
        is_healed: Arc::default(),
    };
    let drawn = weather.clone();
    let network = Network::new(double, turned, move |_: &Arrived| drawn.draw());
    let (disk, unseen) = (Disk::default(), Arc::new(Mutex::new(Span(0))));
    let told = Told { turned, unseen: unseen.clone() };
    let ends: Arc<Mutex<BTreeMap<Bill, BillEnd>>> = Arc::default();
    // A mistaken one may never end, and need not.
    let runs = if mistake == Mistake::None { 200 } else { 25 };
    for run in 0..runs {
        let is_healed = run + 10 >= runs;
        *weather.is_healed.lock().unwrap() = is_healed;
        let process =
            if is_healed { Process::immortal() } else { Process::dying_in(chance.random_range(1..4 * bills as u64)) };
        let mistaken = |of| Mistaken { of, mistake, calls: Mutex::default() };
        let transport = mistaken(Mortal { of: network.clone(), process: process.clone() });
        let closer = Closer {
            stripe: Stripe::new(transport, fast()),
            journal: Mistaken {
                of: Mortal { of: disk.clone(), process: process.clone() },
                mistake,
                calls: Mutex::default(),
            },
            clock: told.clone(),
            jitter: || Jitter(500),
            limits: Limits { in_flight: AT_ONCE, patience: Span::minutes(15) },
            stopping: watch::channel(false).1,
        };
        let heard = ends.clone();
        let ended = move |bill: &Bill, end: &BillEnd| drop(heard.lock().unwrap().insert(bill.clone(), end.clone()));
        let kept = disk.read();
        let all = undertakings.clone();
        let is_begun = !kept.undertakings.is_empty();
        let work = async {
            match is_begun {
                false => closer.apply(kept, all, ended).await,
                true => closer.resume(kept, "main", ended).await,
            }
        };
        let was_killed = tokio::select! {
            done = work => { done.unwrap(); false }
            () = process.died() => true,
        };
        weather.seen.lock().unwrap().kills += u64::from(was_killed);
        let resting =
            |end: &BillEnd| !matches!(end, BillEnd::Unknown { .. } | BillEnd::Unread { .. } | BillEnd::Stopped);
        let is_over = {
            let mut ended = ends.lock().unwrap();
            // Of what was settled right before the end nobody heard; it is in the ledger.
            for entry in disk.read().entries {
                if let LedgerEvent::Settled { invoice, .. } = entry.event {
                    ended.insert(entry.bill, BillEnd::Settled { invoice, status: InvoiceStatus::Open });
                }
            }
            !was_killed && ended.len() == bills && ended.values().all(resting)
        };
        if is_over {
            break;
        }
        // S-4: one pause in ten is longer than Stripe holds a key.
        let pause = if chance.random_range(0..10) == 0 { 90_000 } else { chance.random_range(0..1_800) };
        weather.seen.lock().unwrap().pauses += u64::from(pause == 90_000);
        tokio::time::sleep(Duration::from_secs(pause)).await;
        if mistake == Mistake::StandingClock {
            unseen.lock().unwrap().0 += Span::seconds(pause as i64).0;
        }
    }
    let ends = ends.lock().unwrap().clone();
    Ended { network, disk, ends, undertakings, seen: weather.seen }
}

fn fast() -> Rates {
    let rate = NonZeroU32::new(1_000).unwrap();
    Rates { account: rate, endpoint: rate }
}

impl Ended {
    /// Everything that is not as it must be.
    fn wrongs(&self) -> Vec<String> {
        let mut wrongs = Vec::new();
        let stripe = self.network.stripe();
        let mut by_intent: BTreeMap<&str, usize> = BTreeMap::new();
        let mut by_line: BTreeMap<&str, usize> = BTreeMap::new();
        for invoice in &stripe.invoices {
            *by_intent.entry(&invoice.metadata[INTENT_METADATA]).or_default() += 1;
            for line in &invoice.lines {
                *by_line.entry(&line.metadata[LINE_METADATA]).or_default() += 1;
            }
        }
        let doubled = |counts: &BTreeMap<&str, usize>| counts.values().filter(|count| **count > 1).count();
        wrongs.extend((doubled(&by_intent) > 0).then(|| format!("{} invoices made twice", doubled(&by_intent))));
        wrongs.extend((doubled(&by_line) > 0).then(|| format!("{} lines made twice", doubled(&by_line))));
        let kept = self.disk.read();
        let settled: BTreeSet<Bill> = kept
            .entries
            .iter()
            .filter(|entry| matches!(entry.event, LedgerEvent::Settled { .. }))
            .map(|entry| entry.bill.clone())
            .collect();
        let states: BTreeMap<Key, State> =
            kept.intents.iter().map(|intent| (intent.key.clone(), intent.state.clone())).collect();
        for undertaking in &self.undertakings {
            let (invoice, name) = (&undertaking.invoice, &undertaking.invoice.bill.organization_id);
            let found = stripe.invoices.iter().find(|found| found.customer == invoice.customer.id);
            let is_there = stripe.customers.contains(&customer(name));
            let mut wrong = |what: &str| wrongs.push(format!("{name}: {what}"));
            match self.ends.get(&invoice.bill) {
                None => wrong("nobody heard of it"),
                Some(BillEnd::Settled { .. }) => {
                    let Some(found) = found else {
                        wrong("settled, and not at Stripe");
                        continue;
                    };
                    let lines = |ids: Vec<(String, i64)>| ids.into_iter().collect::<BTreeSet<_>>();
                    let theirs = found.lines.iter().map(|line| (line.metadata[LINE_METADATA].clone(), line.amount));
                    let ours = invoice.lines.iter().map(|line| (line.line_id.clone(), line.amount));
                    if lines(theirs.collect()) != lines(ours.collect()) || found.lines.len() != invoice.lines.len() {
                        wrong("settled with other lines");
                    }
                    if !matches!(found.status, "open" | "paid") || !settled.contains(&invoice.bill) {
                        wrong("settled, and not finalised or not in the ledger");
                    }
                }
                Some(BillEnd::Refused { .. }) if is_there => wrong("refused, and nothing spoke against it"),
                Some(BillEnd::Refused { .. }) if found.is_some() => wrong("refused, and at Stripe all the same"),
                Some(BillEnd::Refused { .. }) => {}
                Some(BillEnd::NeedsPerson { .. }) => {
                    let keys = kept.intents.iter().filter(|intent| intent.bill == invoice.bill);
                    if !keys.into_iter().any(|intent| matches!(states[&intent.key], State::NeedsPerson { .. })) {
                        wrong("a person is needed, and no intent says so");
                    }
                }
                Some(end) => wrong(&format!("left {}", end.name())),
            }
        }
        wrongs
    }

    fn count(&self, name: &str) -> usize {
        self.ends.values().filter(|end| end.name() == name).count()
    }
}

fn run(seed: u64, bills: usize, mistake: Mistake) -> Ended {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(simulate(seed, bills, mistake))
}

/// S-1, S-2, S-3, S-4, S-7 and S-9, all at once.
#[test]
fn s_nothing_is_done_twice_lost_or_left_unknown_whatever_fails_and_whoever_is_killed() {
    let ended = run(1, 6_000, Mistake::None);
    let wrongs = ended.wrongs();
    assert!(wrongs.is_empty(), "{} wrongs: {:#?}", wrongs.len(), &wrongs[..wrongs.len().min(10)]);
    let seen = ended.seen.lock().unwrap();
    let (intents, faults) = (ended.disk.read().intents.len(), seen.faults.values().sum::<u64>());
    println!(
        "{intents} intents, {} calls, {faults} faults, {} kills, {} long pauses; {} settled, {} refused, {} for a person\n{:?}",
        seen.calls,
        seen.kills,
        seen.pauses,
        ended.count("settled"),
        ended.count("refused"),
        ended.count("needs_person"),
        seen.faults
    );
    assert!(intents >= 20_000, "{intents} intents");
    assert!(faults * 100 >= seen.calls * 30, "{faults} faults of {} calls", seen.calls);
    assert!(seen.kills >= 20 && seen.pauses >= 1, "{} kills, {} pauses", seen.kills, seen.pauses);
    assert!(seen.faults.len() == 12 && seen.faults.values().all(|count| *count >= 20), "{:?}", seen.faults);
    assert!(ended.count("settled") * 10 >= ended.undertakings.len() * 7, "{} settled", ended.count("settled"));
}

#[test]
fn mistakes_that_were_planted_are_caught() {
    for (mistake, sign) in [
        (Mistake::NewKeys, "made twice"),
        (Mistake::TimeoutIsRefusal, "refused"),
        (Mistake::StandingClock, "made twice"),
        (Mistake::BlindAndForgetful, "made twice"),
    ] {
        let wrongs = run(2, 400, mistake).wrongs();
        assert!(wrongs.iter().any(|wrong| wrong.contains(sign)), "{mistake:?} goes by unseen: {wrongs:?}");
    }
}
