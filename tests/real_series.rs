//! Real usage, month by month, against a plain sum over the file: taxi rides, mentions and requests as four customers'
//! usage, from the folder that `HIGHWATER_SERIES` names, or `../shared/series` beside the repository.

use bytes::Bytes;
use highwater_dataflows::changes::{PeriodValue, WindowSize, WindowValue};
use highwater_dataflows::engine::{Engine, Settings};
use highwater_dataflows::feed::{Batch, Place, Recall, RecallError, Record, Records, TableChange};
use highwater_rating::tables::Row;
use oracle::exact::{Fraction, decimal, integer};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

const SERIES: [&str; 5] =
    ["nyc_taxi", "Twitter_volume_AAPL", "Twitter_volume_CRM", "Twitter_volume_IBM", "elb_request_count_8c0756"];

/// Nothing is retracted here.
struct Nothing;

impl Recall for Nothing {
    fn recall(&self, _: Place) -> Result<Record, RecallError> {
        Err(RecallError::Gone)
    }
}

fn folder() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/series");
    std::env::var_os("HIGHWATER_SERIES").map_or_else(beside, PathBuf::from)
}

/// The rows of a series as (month, timestamp, value).
fn read(text: &str) -> impl Iterator<Item = (&str, String, &str)> {
    text.lines().skip(1).filter(|line| !line.trim().is_empty()).map(|line| {
        let (timestamp, value) = line.trim().split_once(',').expect("timestamp,value");
        (&timestamp[..7], format!("{}Z", timestamp.replace(' ', "T")), value)
    })
}

fn table(name: &str, row: serde_json::Value) -> TableChange {
    let envelope = json!({"table": name, "row": row}).to_string();
    TableChange::Upsert(serde_json::from_str::<Row>(&envelope).unwrap_or_else(|error| panic!("{error}: {envelope}")))
}

#[test]
fn monthly_totals_of_real_series_are_the_plain_sums() {
    let folder = folder();
    if !folder.is_dir() {
        println!("skipped: there are no series in {} (HIGHWATER_SERIES names another folder)", folder.display());
        return;
    }
    let mut engine = Engine::start(Settings { workers: 2, archive: false, ..Settings::default() }, Arc::new(Nothing));
    let mut rows = vec![
        table("meters", json!({"name": "usage", "feature": "usage", "aggregation": "sum"})),
        table(
            "plans",
            json!({
                "plan": "measured", "currency": "USD", "effective_from": "2010-01-01T00:00:00Z",
                "charges": [{"meter": "usage", "model": "per_unit", "price": "1"}],
            }),
        ),
    ];
    let mut sums: BTreeMap<(String, String), Fraction> = BTreeMap::new();
    let mut batches = Vec::new();
    for (partition, series) in SERIES.into_iter().enumerate() {
        rows.push(table(
            "subscriptions",
            json!({
                "id": series, "organizationId": series, "plan": "measured", "effective_from": "2010-01-01T00:00:00Z",
                "anchor": "2010-01-01T00:00:00", "time_zone": "UTC",
            }),
        ));
        let text = std::fs::read_to_string(folder.join(format!("{series}.csv"))).expect("the series");
        let mut lines = String::new();
        for (number, (month, timestamp, value)) in read(&text).enumerate() {
            *sums.entry((series.to_owned(), month.to_owned())).or_insert_with(|| integer(0)) +=
                decimal(value).expect("a number");
            let event = format!(
                r#"{{"id":"{number}","organizationId":"{series}","feature":"usage","timestamp":"{timestamp}","quantity":{value}}}"#
            );
            lines.push_str(&event);
            lines.push('\n');
        }
        let records = Records::Lines { bytes: Bytes::from(lines), first_offset: 0 };
        batches.push(Batch { partition: partition as u32, records });
    }
    assert!(engine.rows(rows).is_empty(), "every row is taken");
    batches.into_iter().for_each(|batch| engine.records(batch));
    engine.seal();
    let changes = engine.changes().recv().expect("the epoch's changes");
    assert_eq!(changes.counts.accepted, changes.counts.received, "every measurement is taken");

    let mut by_period = BTreeMap::new();
    for (key, value) in &changes.periods {
        let Some(PeriodValue::Rated(period)) = value else { panic!("no amount for {key:?}: {value:?}") };
        let organization = engine.names().organization(key.organization).expect("a name").to_string();
        let month = key.period_start.to_string()[..7].to_owned();
        by_period.insert((organization, month), nanos(period.quantity.0));
    }
    assert_eq!(by_period, sums, "by billing period");

    let mut by_day = BTreeMap::new();
    for (key, value) in changes.usage.iter().filter(|(key, _)| key.size == WindowSize::Day) {
        let Some(WindowValue::Usage { quantity, .. }) = value else { panic!("no usage for {key:?}: {value:?}") };
        let organization = engine.names().organization(key.organization).expect("a name").to_string();
        let month = key.start.to_string()[..7].to_owned();
        *by_day.entry((organization, month)).or_insert_with(|| integer(0)) += nanos(quantity.0);
    }
    assert_eq!(by_day, sums, "by the days of each month");
    engine.finish().expect("no worker panicked");
}

fn nanos(quantity: i128) -> Fraction {
    Fraction::new(quantity.into(), oracle::exact::power_of_ten(9))
}
