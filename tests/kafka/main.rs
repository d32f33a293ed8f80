//! What is read from and written to a real Apache Kafka: everything, once, or a named reason why not.

#[path = "../support/kafka.rs"]
mod broker;

mod dead_letters;
mod reading;
mod stopping;
mod tables;

use broker::Broker;
use highwater::source::kafka::{KafkaSettings, KafkaSource};
use highwater::source::{Source, SourceError};
use highwater_dataflows::feed::Records;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(60);

fn settings(broker: &Broker, events: &[&str]) -> KafkaSettings {
    KafkaSettings {
        brokers: broker.bootstrap(),
        events: events.iter().map(|topic| (*topic).to_owned()).collect(),
        tables: Vec::new(),
        group: format!("highwater-{}", events[0]),
        properties: BTreeMap::from([("reconnect.backoff.max.ms".into(), "200".into())]),
    }
}

/// (topic, partition, offset, value) of what was read.
type Read = Vec<(String, u32, u64, Option<String>)>;

/// Reads until `count` more records came. Outages are waited out.
fn read(source: &mut KafkaSource, count: usize) -> Read {
    let deadline = Instant::now() + DEADLINE;
    let mut read = Read::new();
    while read.len() < count {
        assert!(Instant::now() < deadline, "{} of {count} records came", read.len());
        let batch = match source.poll(Duration::from_millis(100)) {
            Ok(Some(batch)) => batch,
            Ok(None) | Err(SourceError::Temporary(_)) => continue,
            Err(stop) => panic!("{stop}"),
        };
        let name = source.positions()[&batch.partition].name.clone();
        let Records::Framed(records) = batch.records else { panic!("Kafka hands out framed records") };
        for record in records {
            let value = record.bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
            assert!(record.received_at.is_some());
            read.push((name.topic.clone(), name.partition, record.offset, value));
        }
    }
    assert!(source.poll(Duration::from_millis(300)).unwrap().is_none(), "nothing comes twice");
    read.sort();
    read
}

fn values(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{prefix}{number}")).collect()
}

fn produce(broker: &Broker, topic: &str, partition: i32, values: &[String]) {
    let records: Vec<_> = values.iter().map(|value| (Some("org-1"), Some(value.as_str()))).collect();
    broker.produce(topic, partition, &records);
}

fn expected(topic: &str, partition: u32, from: u64, values: &[String]) -> Read {
    (from..).zip(values).map(|(offset, value)| (topic.to_owned(), partition, offset, Some(value.clone()))).collect()
}
