//! Commands that ask Kafka, on a real broker.

use super::broker::{Broker, shared_broker};
use super::highwater;
use super::on_the_engine::{Engine, OUTCOME_COLUMNS};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Message, Offset, TopicPartitionList};
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

const TABLES: [&str; 8] =
    ["meters", "plans", "add-ons", "subscriptions", "overrides", "grants", "credit-policies", "adjustments"];

fn on(broker: &Broker, folder: &Path, command: &[&str]) -> Output {
    let brokers = format!("kafka.brokers={}", broker.bootstrap());
    let arguments: Vec<&str> =
        command.iter().copied().chain(["--set", "source.kind=kafka", "--set", &brokers]).collect();
    highwater(&arguments, folder)
}

/// The state of each of Kafka's rows of `doctor`.
fn doctor(broker: &Broker, folder: &Path) -> Vec<(String, String)> {
    let output = on(broker, folder, &["doctor", "--json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |row: &serde_json::Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let kafka = rows.iter().filter(|row| text(row, "dependency").starts_with("kafka"));
    kafka.map(|row| (text(row, "place"), text(row, "state"))).collect()
}

#[test]
fn topics_are_diagnosed_and_catalogs_published() {
    let Some(broker) = shared_broker() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let state = |states: &[(String, String)], name: &str| {
        states.iter().find(|(place, _)| place == name).map(|(_, state)| state.clone()).unwrap_or_default()
    };

    let before = doctor(broker, folder.path());
    assert_eq!(state(&before, &broker.bootstrap()), "ok");
    assert_eq!(state(&before, "highwater.events.v1"), "failed", "a missing topic");
    broker.create_topic("highwater.events.v1", 2, &[("cleanup.policy", "compact")]);
    broker.create_topic("highwater.dead-letters.v1", 1, &[]);
    broker.create_topic("highwater.meters.v1", 1, &[]);
    let states = doctor(broker, folder.path());
    assert_eq!(state(&states, "highwater.events.v1"), "failed", "compaction removes events");
    assert_eq!(state(&states, "highwater.meters.v1"), "warning", "rows grow old without compaction");
    for topic in ["highwater.events.v1", "highwater.meters.v1"] {
        broker.delete_topic(topic);
    }
    broker.create_topic("highwater.events.v1", 2, &[]);
    for table in TABLES {
        broker.create_topic(&format!("highwater.{table}.v1"), 1, &[("cleanup.policy", "compact")]);
    }
    assert!(doctor(broker, folder.path()).iter().all(|(_, state)| state == "ok"));

    a_catalog_is_published_to_the_table_topics(broker, folder.path());
}

fn a_catalog_is_published_to_the_table_topics(broker: &Broker, folder: &Path) {
    let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/catalog.in/catalog");
    let catalog = catalog.to_str().expect("a path of text");
    let plan = ["catalog", "plan", "--catalog", catalog, "--out", "plan.json", "--detailed-exitcode"];
    assert_eq!(on(broker, folder, &plan).status.code(), Some(2));
    let applied = on(broker, folder, &["catalog", "apply", "plan.json"]);
    assert_eq!(String::from_utf8_lossy(&applied.stdout).trim(), "2 rows published", "{applied:?}");
    assert_eq!(on(broker, folder, &plan).status.code(), Some(0), "nothing is left to do");
    let shown = on(broker, folder, &["catalog", "show", "--table", "plans", "--json"]);
    let row: serde_json::Value = serde_json::from_slice(&shown.stdout).expect("one row");
    assert_eq!(row["row"]["plan"], "pro");
}

pub fn a_dead_letter_returns_to_its_topic(engine: &Engine) {
    let Some(broker) = shared_broker() else { return };
    broker.create_topic("usage", 2, &[]);
    let values = "('acme', '', 'e1', '2026-11-01', 'kafka', 'usage', 1, 3, 'rejected', 'invalid_json', '', '', \
                  unhex('FF00FE'), 1, 0)";
    engine.insert("event_outcomes", OUTCOME_COLUMNS, values);
    let brokers = format!("kafka.brokers={}", broker.bootstrap());
    let kafka =
        ["dead-letters", "replay", "--place", "kafka/usage/1/3", "--set", "source.kind=kafka", "--set", &brokers];
    let said = String::from_utf8(engine.answers(&kafka)).expect("text");
    assert_eq!(said.trim(), "kafka/usage/1/3  sent to usage");

    let consumer: BaseConsumer = broker.client().set("group.id", "test").create().expect("a consumer");
    let mut partitions = TopicPartitionList::new();
    for partition in 0..2 {
        partitions.add_partition_offset("usage", partition, Offset::Beginning).expect("a partition");
    }
    consumer.assign(&partitions).expect("an assignment");
    let deadline = Instant::now() + Duration::from_secs(30);
    let message = loop {
        assert!(Instant::now() < deadline, "the record did not arrive");
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(200)) {
            break message;
        }
    };
    assert_eq!((message.key(), message.payload()), (Some(&b"acme"[..]), Some(&[0xff, 0x00, 0xfe][..])));
}
