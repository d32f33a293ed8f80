//! The embedded log keeps what it acknowledged, whatever happens to the process.

mod crashing;
mod keeping;

use bytes::Bytes;
use highwater::source::log::{EventLog, LogSource};
use highwater::source::{Source, Start};
use highwater_dataflows::feed::{Record, Records};
use highwater_rating::time::EventTime;
use std::time::Duration;

const RECEIVED_AT: EventTime = EventTime(1_790_000_000_000_000);

fn append(log: &EventLog, records: &[&[u8]]) -> u64 {
    let records = records.iter().map(|record| Bytes::copy_from_slice(record)).collect();
    log.append(records, RECEIVED_AT).unwrap().wait().unwrap()
}

fn records(source: &mut LogSource) -> Vec<Record> {
    let mut records = Vec::new();
    while let Some(batch) = source.poll(Duration::ZERO).unwrap() {
        let Records::Framed(framed) = batch.records else { panic!("the log hands out framed records") };
        records.extend(framed);
    }
    records
}

fn whole(log: &EventLog) -> Vec<Record> {
    records(&mut LogSource::new(log.clone(), &Start::first()).unwrap())
}

fn offsets_are_dense(records: &[Record]) -> bool {
    records.iter().zip(0..).all(|(record, offset)| record.offset == offset)
}
