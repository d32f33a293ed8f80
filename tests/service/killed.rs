//! Whatever was acknowledged is counted once, however often the process is killed.

use crate::house::House;
use crate::usage::{FICKLE, STEADY, Sent};
use crate::{rows, usage, watch};
use oracle::generate::Dice;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const KILLS: usize = 8;
const RECORDS_OF_ONE: usize = 700;
const BATCH_RECORDS: usize = 25;

/// How far the senders may go and have come, in batches.
#[derive(Default)]
struct Pace {
    allowed: AtomicUsize,
    begun: AtomicUsize,
    acknowledged: AtomicUsize,
}

impl Pace {
    fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::SeqCst)
    }
}

/// When the process is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// After so many batches of this run were acknowledged, while others are on their way.
    Acknowledged(usize),
    /// As soon as the door is open: what an earlier run showed is being read again.
    DoorOpen,
    /// As soon as more was released: the manifest says so, the rows are on their way.
    Released,
    /// When rows of this run are shown.
    Shown,
}

#[test]
fn nothing_acknowledged_is_missing_or_counted_twice_after_kill_9() {
    let Some(house) = House::new() else { return };
    let now = usage::now();
    let catalog = usage::catalog(now);
    let records = usage::records(20_261_122, RECORDS_OF_ONE, now);
    let pace = Pace::default();
    let done = AtomicBool::new(false);
    let first = house.start();
    house.wait_until_ready();
    house.publish(&catalog);
    let _process = std::thread::scope(|scope| {
        // Also where a wait below gives up: else the scope would wait for a reader and senders that never end.
        let _ends = watch::Ends(&done);
        let mut process = first;
        let senders: Vec<_> = [STEADY[0], STEADY[1], STEADY[2], FICKLE]
            .into_iter()
            .map(|organization| {
                let mine: Vec<&Sent> = records.iter().filter(|sent| sent.organization == organization).collect();
                let (house, pace) = (&house, &pace);
                scope.spawn(move || send_all(house, &mine, pace))
            })
            .collect();
        let reader = scope.spawn(|| watch::quantities(&house, &done));
        let mut dice = Dice::of_seed(7);
        for nth in 0..KILLS {
            let moment = match nth % 4 {
                0 => Moment::Acknowledged(dice.between(1, 9) as usize),
                1 => Moment::Released,
                2 => Moment::DoorOpen,
                _ => Moment::Shown,
            };
            wait_for(&house, &pace, moment);
            process.kill();
            process = house.start();
        }
        pace.allowed.store(usize::MAX, Ordering::SeqCst);
        senders.into_iter().for_each(|sender| sender.join().expect("everything was acknowledged"));
        house.wait_until_ready();
        rows::settle(&house, "last");
        done.store(true, Ordering::SeqCst);
        assert!(reader.join().expect("no quantity went back") > 0, "somebody read while this happened");
        process
    });

    // An organization's records were sent in order, and those of different ones have nothing to do with each other.
    let steps: Vec<_> = [usage::catalog_step(&catalog)].into_iter().chain(records.iter().map(Sent::step)).collect();
    let expected = oracle::expect(&steps);
    rows::assert_same(&rows::shown(house.clickhouse_port), &rows::expected(&expected));
    outcomes_add_up(&house, &expected);
}

/// What was sent again is a duplicate more; nothing else may differ.
fn outcomes_add_up(house: &House, expected: &oracle::Expected) {
    let wanted = rows::expected_outcomes(expected);
    let shown = rows::outcomes(house.clickhouse_port);
    let accepted = |rows: &rows::Rows| -> rows::Rows {
        rows.iter().filter(|row| row.contains("\taccepted\t") && !row.contains("sentinel")).cloned().collect()
    };
    rows::assert_same(&accepted(&shown), &accepted(&wanted));
    let records = |rows: &rows::Rows, outcome: &str| -> u64 {
        let counts = rows.iter().filter(|row| row.contains(outcome)).map(|row| row.rsplit('\t').next());
        counts.map(|count| count.and_then(|count| count.parse::<u64>().ok()).expect("a count")).sum()
    };
    for outcome in ["\tduplicate\t", "\tconflicting\t", "\tlate\t", "\trejected\t"] {
        assert!(records(&shown, outcome) >= records(&wanted, outcome), "{outcome} {shown:?}");
    }
    let received =
        house.query("SELECT max(place_offset) + 1 FROM highwater.event_outcomes FORMAT TSV").expect("offsets");
    assert_eq!(received.trim(), records(&shown, "").to_string(), "received = the sum of all outcomes");
}

fn wait_for(house: &House, pace: &Pace, moment: Moment) {
    let before = pace.acknowledged();
    let manifest = || std::fs::read(house.path("data/manifest.json")).unwrap_or_default();
    pace.allowed.store(pace.begun.load(Ordering::SeqCst) + 12, Ordering::SeqCst);
    match moment {
        Moment::Acknowledged(count) => {
            house.until("batches are acknowledged", || (pace.acknowledged() >= before + count).then_some(()));
        }
        Moment::DoorOpen => house.until("the door opens", || house.get("/healthz").ok().map(drop)),
        Moment::Released => {
            house.until("the first batch is acknowledged", || (pace.acknowledged() > before).then_some(()));
            let first = manifest();
            house.until("more is released", || (manifest() != first).then_some(()));
        }
        Moment::Shown => {
            house.until("rows are shown", || {
                let status = house.get("/readyz").ok()?.json();
                (status["status"]["epoch_written"].as_u64()? >= 1).then_some(())
            });
        }
    }
}

/// Sends batch after batch, each again until it is acknowledged.
fn send_all(house: &House, records: &[&Sent], pace: &Pace) {
    for batch in records.chunks(BATCH_RECORDS) {
        house.until("leave to send", || {
            (pace.begun.load(Ordering::SeqCst) < pace.allowed.load(Ordering::SeqCst)).then_some(())
        });
        pace.begun.fetch_add(1, Ordering::SeqCst);
        let body = batch.iter().map(|sent| sent.text.as_str()).collect::<Vec<_>>().join("\n");
        house.until("a batch is acknowledged", || {
            let answer = house.post("/v1/events", "application/x-ndjson", body.clone()).ok()?;
            match answer.status {
                200 => Some(()),
                429 | 503 => None,
                status => panic!("{status}: {}", answer.body),
            }
        });
        pace.acknowledged.fetch_add(1, Ordering::SeqCst);
    }
}
