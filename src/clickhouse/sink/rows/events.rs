//! `usage_events`, `event_outcomes`, `event_outcomes_daily`.

use super::bytes;
use crate::source::PartitionName;
use clickhouse::Row;
use highwater_dataflows::changes::{AcceptedEvent, Outcome, OutcomeCountKey, OutcomeRow};
use highwater_dataflows::feed::Place;
use serde::Serialize;
use std::borrow::Cow;

#[derive(Row, Serialize)]
pub struct EventRow<'a> {
    organization_id: &'a str,
    event_time: i64,
    source: &'a str,
    id: &'a str,
    feature: &'a str,
    endpoint: &'a str,
    quantity: i128,
    cost: i128,
    metadata: Vec<(&'a str, Cow<'a, str>)>,
    meters: Vec<&'a str>,
    retracted: u8,
    received_at: Option<i64>,
    place_source: &'a str,
    place_topic: &'a str,
    place_partition: u32,
    place_offset: u64,
    retract_topic: &'a str,
    retract_partition: Option<u32>,
    retract_offset: Option<u64>,
    version: u64,
}

impl<'a> EventRow<'a> {
    pub fn new(
        accepted: &'a AcceptedEvent,
        meters: Vec<&'a str>,
        partition: &'a PartitionName,
        retracted_by: Option<(Place, &'a PartitionName)>,
        version: u64,
    ) -> EventRow<'a> {
        let event = &accepted.event;
        EventRow {
            organization_id: &event.organization_id,
            event_time: accepted.event_time.0,
            source: &event.source,
            id: &event.id,
            feature: &event.feature,
            endpoint: &event.endpoint,
            quantity: event.quantity.0,
            cost: event.cost.0,
            metadata: event.metadata.iter().map(|(key, value)| (key.as_str(), plain_text(value))).collect(),
            meters,
            retracted: accepted.retracted.into(),
            received_at: accepted.received_at.map(|instant| instant.0),
            place_source: &partition.source,
            place_topic: &partition.topic,
            place_partition: partition.partition,
            place_offset: accepted.place.offset,
            retract_topic: retracted_by.map_or("", |(_, name)| &name.topic),
            retract_partition: retracted_by.map(|(_, name)| name.partition),
            retract_offset: retracted_by.map(|(place, _)| place.offset),
            version,
        }
    }
}

/// A JSON scalar as analysts compare it: texts without quotes, everything else as it was written.
fn plain_text(scalar: &str) -> Cow<'_, str> {
    let inner = scalar.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) if !inner.contains('\\') => Cow::Borrowed(inner),
        Some(_) => serde_json::from_str(scalar).map_or(Cow::Borrowed(scalar), Cow::Owned),
        None => Cow::Borrowed(scalar),
    }
}

#[derive(Row, Serialize)]
pub struct OutcomeRecord<'a> {
    organization_id: &'a str,
    source: &'a str,
    id: &'a str,
    day: i32,
    place_source: &'a str,
    place_topic: &'a str,
    place_partition: u32,
    place_offset: u64,
    outcome: i8,
    code: &'a str,
    path: &'a str,
    hint: &'a str,
    #[serde(serialize_with = "bytes")]
    raw: &'a [u8],
    received_at: Option<i64>,
    first_place_topic: &'a str,
    first_place_partition: Option<u32>,
    first_place_offset: Option<u64>,
    version: u64,
}

const MICROSECONDS_A_DAY: i64 = 86_400_000_000;

impl<'a> OutcomeRecord<'a> {
    pub fn new(
        row: &'a OutcomeRow,
        partition: &'a PartitionName,
        first: Option<(Place, &'a PartitionName)>,
        version: u64,
    ) -> OutcomeRecord<'a> {
        let record = &row.record;
        let day = record.received_at.map_or(0, |instant| instant.0.div_euclid(MICROSECONDS_A_DAY));
        OutcomeRecord {
            organization_id: &record.organization_id,
            source: &record.source,
            id: &record.id,
            // Days of an `i64` of microseconds are within ±107 million.
            day: i32::try_from(day).unwrap_or_default(),
            place_source: &partition.source,
            place_topic: &partition.topic,
            place_partition: partition.partition,
            place_offset: record.place.offset,
            outcome: outcome_number(row.outcome),
            code: &record.code,
            path: &record.path,
            hint: &record.hint,
            raw: &record.raw,
            received_at: record.received_at.map(|instant| instant.0),
            first_place_topic: first.map_or("", |(_, partition)| &partition.topic),
            first_place_partition: first.map(|(_, partition)| partition.partition),
            first_place_offset: first.map(|(place, _)| place.offset),
            version,
        }
    }
}

#[derive(Row, Serialize)]
pub struct OutcomeCountRow<'a> {
    day: i32,
    organization_id: &'a str,
    outcome: i8,
    code: &'a str,
    records: u64,
    version: u64,
}

impl<'a> OutcomeCountRow<'a> {
    pub fn new(key: &'a OutcomeCountKey, records: u64, organization_id: &'a str, version: u64) -> OutcomeCountRow<'a> {
        OutcomeCountRow {
            day: key.day,
            organization_id,
            outcome: outcome_number(key.outcome),
            code: &key.code,
            records,
            version,
        }
    }
}

/// As the columns' enumeration numbers them.
fn outcome_number(outcome: Outcome) -> i8 {
    match outcome {
        Outcome::Accepted => 1,
        Outcome::Duplicate => 2,
        Outcome::Conflicting => 3,
        Outcome::Late => 4,
        Outcome::Rejected => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::plain_text;

    #[test]
    fn metadata_is_compared_without_the_quotes_of_json() {
        for (scalar, text) in [
            ("\"high\"", "high"),
            ("\"a \\\"b\\\" \\u00e9\"", "a \"b\" é"),
            ("true", "true"),
            ("12.50", "12.50"),
            ("\"\"", ""),
            ("\"", "\""),
        ] {
            assert_eq!(plain_text(scalar), text, "{scalar}");
        }
    }
}
