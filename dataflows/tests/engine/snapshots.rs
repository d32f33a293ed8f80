//! snapshots are the bytes that `schemas/state/FORMAT.md` describes, and damage in them is an error.

use crate::house::House;
use highwater_dataflows::engine::{Engine, Settings};
use highwater_dataflows::snapshot::{Form, Kind, Section};
use serde_json::json;
use std::path::{Path, PathBuf};

const AGGREGATIONS: [&str; 7] = ["count", "sum", "max", "min", "latest", "unique", "average"];

fn settings() -> Settings {
    Settings { snapshots: true, ..Settings::default() }
}

/// Every aggregation, dimensions, a retract, a duplicate and what is no event, of one organization.
fn sections() -> (House, Vec<Section>) {
    let mut house = House::new(settings());
    let meter = |name: &&str| {
        json!({"table": "meters", "row": {"name": name, "feature": "call", "aggregation": name, "dimensions": ["region"]}})
            .to_string()
    };
    house.rows(&AGGREGATIONS.iter().map(meter).collect::<Vec<_>>().join("\n"));
    let event = |id: &str, minute: u32, quantity: &str, region: &str| {
        json!({"id": id, "source": "s", "organizationId": "acme", "feature": "call", "quantity": quantity,
            "timestamp": format!("2026-11-01T10:{minute:02}:00Z"), "metadata": {"region": region}})
        .to_string()
    };
    let retract = json!({"id": "c", "source": "s", "organizationId": "acme", "retract": true}).to_string();
    house.lines(&[
        event("a", 1, "2.5", "eu"),
        event("b", 1, "2.5", "eu"),
        event("c", 59, "7", "us"),
        event("a", 1, "2.5", "eu"),
        "no event".to_owned(),
    ]);
    house.lines(&[retract]);
    let sections = house.seal_with_snapshot();
    (house, sections)
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/state/payloads")
}

/// With `GOLDEN=write` the files are made anew: only for a new format version.
#[test]
fn a_snapshot_has_the_golden_bytes_and_golden_bytes_are_read() {
    let (house, sections) = sections();
    let file = |section: &Section| golden().join(format!("{}-{:03}", section.kind.name(), section.shard));
    if std::env::var("GOLDEN").is_ok_and(|value| value == "write") {
        sections.iter().for_each(|section| std::fs::write(file(section), &section.payload).unwrap());
    }
    assert_eq!(sections.len(), std::fs::read_dir(golden()).unwrap().count());
    let mut read = Vec::new();
    for section in &sections {
        let payload = std::fs::read(file(section)).unwrap();
        assert_eq!(section.payload, payload, "{}", section.kind.name());
        read.push(Section { payload, ..section.clone() });
    }
    let mut resumed = House::of(Engine::resume(settings(), house.shelf.clone(), &read).unwrap(), house.shelf.clone());
    resumed.seal();
    assert_eq!((&resumed.usage, &resumed.outcome_counts), (&house.usage, &house.outcome_counts));
}

#[test]
fn a_damaged_snapshot_is_an_error_and_never_a_panic() {
    let (house, sections) = sections();
    let mut refused = 0;
    for (position, section) in sections.iter().enumerate() {
        let cuts = (0..section.payload.len()).map(|length| section.payload[..length].to_vec());
        let flips = (0..section.payload.len() * 8).step_by(5).map(|bit| {
            let mut flipped = section.payload.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            flipped
        });
        for payload in cuts.chain(flips) {
            let mut damaged = sections.clone();
            damaged[position].payload = payload;
            // Some flips only say another number.
            let resumed = Engine::resume(settings(), house.shelf.clone(), &damaged);
            refused += u32::from(resumed.is_err());
            drop(resumed.map(|engine| engine.finish().expect("no panic")));
        }
    }
    assert!(refused > 1_000, "{refused} were refused");
}

#[test]
fn a_snapshot_says_what_changed_since_the_last_one() {
    let (mut house, first) = sections();
    assert!(first.iter().any(|section| section.kind == Kind::Accounts));
    let kinds = |sections: &[Section]| sections.iter().map(|section| (section.kind, section.form)).collect::<Vec<_>>();
    let (meters, times) = ((Kind::Meters, Form::Whole), (Kind::EventTimes, Form::Whole));
    assert_eq!(kinds(&house.seal_with_snapshot()), [meters, times]);
    let event = json!({"id": "d", "organizationId": "acme", "feature": "other", "timestamp": "2026-11-01T10:00:00Z"});
    house.lines(&[event.to_string()]);
    let changed = kinds(&house.seal_with_snapshot());
    assert!(changed.contains(&(Kind::Identities, Form::Delta)), "{changed:?}");
}
