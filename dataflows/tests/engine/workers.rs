//! The number of workers and the cut of the epochs change no row; a worker that fails ends everything.

use crate::house::{House, event, retract, rows};
use highwater_dataflows::engine::{Engine, Settings};
use highwater_dataflows::feed::{Batch, Place, Recall, RecallError, Record, Records};
use std::sync::Arc;

const ROWS: &str = r#"
    {"table": "meters", "row": {"name": "calls", "feature": "f0", "aggregation": "sum"}}
    {"table": "meters", "row": {"name": "peak", "feature": "f1", "aggregation": "max"}}
    {"table": "meters", "row": {"name": "last", "feature": "f2", "aggregation": "latest"}}
    {"table": "plans", "row": {"plan": "basic", "currency": "EUR", "effective_from": "2026-01-01T00:00:00Z", "charges": [{"meter": "calls", "included": "10", "model": "per_unit", "price": "0.5"}, {"meter": "peak", "included": "1", "model": "per_unit", "price": "3"}, {"meter": "last", "model": "per_unit", "price": "1"}]}}
"#;

/// Events of twenty organizations, with repetitions, conflicts, retracts, and rows in between.
fn feed(house: &mut House, seal_after: usize) {
    house.rows(ROWS);
    let mut lines = Vec::new();
    for number in 0..400u32 {
        let organization = format!("org_{}", number * 7 % 20);
        let at = format!("2026-11-{:02}T{:02}:{:02}:00Z", 1 + number * 11 % 30, number % 24, number * 13 % 60);
        let line = match number % 10 {
            8 => retract(&number.saturating_sub(60).to_string()),
            9 => event(&(number - 9).to_string(), "f0", &at, "1"),
            _ => event(&number.to_string(), &format!("f{}", number % 3), &at, &(number % 17).to_string()),
        };
        lines.push(line.replace("org_1\"", &format!("{organization}\"")));
        if number % 25 == 0 {
            house.lines(&std::mem::take(&mut lines));
            let subscription = format!(
                r#"{{"table": "subscriptions", "row": {{"id": "s{number}", "organizationId": "{organization}", "plan": "basic", "effective_from": "2026-10-{:02}T00:00:00Z", "anchor": "2026-01-15T00:00:00", "time_zone": "Europe/Vienna"}}}}"#,
                1 + number % 25
            );
            house.rows(&subscription);
        }
        if (number as usize).is_multiple_of(seal_after) {
            house.seal();
        }
    }
    house.lines(&lines);
    house.seal();
}

#[test]
fn workers_and_epochs_change_no_row() {
    let run = |workers, seal_after| {
        let mut house = House::new(Settings { workers, ..Settings::default() });
        feed(&mut house, seal_after);
        house.check_conservation();
        let names = house.engine.names().clone();
        let outcomes = house.outcome_counts.iter();
        let outcomes: Vec<_> =
            outcomes.map(|(key, count)| (key.clone(), names.organization(key.organization), *count)).collect();
        let archive: Vec<_> = house.archive.into_values().map(|row| (row.place, row.meters, row.retracted)).collect();
        (house.usage, house.periods, outcomes, archive)
    };
    let expected = run(1, 1000);
    assert!(expected.0.len() > 100 && expected.1.len() > 10);
    for (workers, seal_after) in [(1, 1), (1, 37), (2, 1000), (2, 50), (4, 90)] {
        let found = run(workers, seal_after);
        assert!(found == expected, "{workers} workers, an epoch each {seal_after} events");
    }
}

/// A source that breaks when it is asked.
struct Broken;

impl Recall for Broken {
    fn recall(&self, _: Place) -> Result<Record, RecallError> {
        panic!("the shelf fell down")
    }
}

#[test]
fn a_panic_in_one_worker_ends_all_of_them_with_its_message() {
    for workers in [1, 4] {
        let settings = Settings { workers, batches_in_flight: 2, ..Settings::default() };
        let mut engine = Engine::start(settings, Arc::new(Broken));
        assert_eq!(engine.rows(rows(ROWS)), []);
        let lines = [event("1", "f0", "2026-11-01T00:00:00Z", "1"), retract("1")].join("\n");
        // More than may be in flight: feeding must not block for ever either.
        for number in 0..64 {
            let records = Records::Lines { bytes: lines.clone().into(), first_offset: number * 1000 };
            engine.records(Batch { partition: 0, records });
        }
        engine.seal();
        let changes = engine.changes().clone();
        let failed = engine.finish().unwrap_err();
        assert_eq!(failed.message, "the shelf fell down");
        assert!(changes.recv_timeout(std::time::Duration::from_secs(60)).is_err(), "no epoch, and no more to come");
    }
}

#[test]
fn finishing_gives_out_every_sealed_epoch_and_nothing_else() {
    let mut house = House::new(Settings { workers: 2, ..Settings::default() });
    house.rows(ROWS);
    house.lines(&[event("1", "f0", "2026-11-01T00:00:00Z", "1")]);
    house.engine.seal();
    house.engine.seal();
    house.lines(&[event("2", "f0", "2026-11-01T00:00:00Z", "1")]);
    let changes = house.engine.changes().clone();
    house.engine.finish().unwrap();
    let epochs: Vec<(u64, u64)> = changes.iter().map(|changes| (changes.epoch.0, changes.counts.accepted)).collect();
    assert_eq!(epochs, [(1, 1), (2, 0)]);
}
