//! `progress`.

use crate::source::Positions;
use clickhouse::Row;
use highwater_rating::time::EventTime;
use serde::Serialize;

#[derive(Row, Serialize)]
pub struct ProgressRow<'a> {
    table: &'a str,
    generation: u64,
    epoch: u64,
    event_time_max: Option<i64>,
    watermark: Option<i64>,
    lag_ms: Option<u64>,
    #[serde(rename = "positions.source")]
    sources: Vec<&'a str>,
    #[serde(rename = "positions.topic")]
    topics: Vec<&'a str>,
    #[serde(rename = "positions.partition")]
    partitions: Vec<u32>,
    #[serde(rename = "positions.next_offset")]
    next_offsets: Vec<u64>,
    version: u64,
}

impl<'a> ProgressRow<'a> {
    pub fn new(
        table: &'a str,
        generation: u64,
        epoch: u64,
        (event_time_max, watermark): (Option<EventTime>, Option<EventTime>),
        lag_ms: Option<u64>,
        positions: &'a Positions,
        version: u64,
    ) -> ProgressRow<'a> {
        let names = || positions.values().map(|position| &position.name);
        ProgressRow {
            table,
            generation,
            epoch,
            event_time_max: event_time_max.map(|instant| instant.0),
            watermark: watermark.map(|instant| instant.0),
            lag_ms,
            sources: names().map(|name| name.source.as_str()).collect(),
            topics: names().map(|name| name.topic.as_str()).collect(),
            partitions: names().map(|name| name.partition).collect(),
            next_offsets: positions.values().map(|position| position.next_offset).collect(),
            version,
        }
    }
}
