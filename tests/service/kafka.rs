//! From a real Apache Kafka to rows in ClickHouse: exact, whatever restarts in between.

use crate::broker::Broker;
use crate::house::{House, until};
use crate::rows;
use crate::usage::{self, FICKLE, STEADY, Sent};
use oracle::{Expected, Outcome, Step};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Headers;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Message, Offset, TopicPartitionList};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const EVENTS: &str = "highwater.events.v1";
const DEAD_LETTERS: &str = "highwater.dead-letters.v1";
const TABLES: [&str; 8] =
    ["meters", "plans", "add-ons", "subscriptions", "overrides", "grants", "credit-policies", "adjustments"];
const RECORDS_OF_ONE: usize = 800;

/// (partition, offset)
type Place = (u32, u64);

/// What was produced, by partition, in its order.
#[derive(Default)]
struct Produced(BTreeMap<i32, Vec<Sent>>);

impl Produced {
    fn send(&mut self, broker: &Broker, partition: i32, records: &[&Sent]) {
        let producer: BaseProducer = broker.client().set("acks", "all").create().expect("a producer");
        for sent in records {
            let record = BaseRecord::to(EVENTS)
                .partition(partition)
                .key(sent.organization)
                .payload(&sent.text)
                .timestamp(sent.received_at / 1_000);
            producer.send(record).map_err(|(error, _)| error).expect("room in the queue");
        }
        producer.flush(Duration::from_secs(30)).expect("durable");
        self.0.entry(partition).or_default().extend(records.iter().map(|sent| (*sent).clone()));
    }

    fn ends(&self) -> BTreeMap<u32, u64> {
        self.0.iter().map(|(partition, records)| (*partition as u32, records.len() as u64)).collect()
    }

    /// Organizations keep to their partition, so that the order of the partitions among each other does not matter.
    fn in_order(&self) -> impl Iterator<Item = (Place, &Sent)> {
        self.0.iter().flat_map(|(partition, records)| {
            records.iter().enumerate().map(|(offset, sent)| ((*partition as u32, offset as u64), sent))
        })
    }
}

fn wait_for(house: &House, produced: &Produced) {
    for (partition, end) in produced.ends() {
        let what = format!("partition {partition} is shown up to {end}");
        house.until(&what, || rows::reached(house.clickhouse_port, EVENTS, partition, end).then_some(()));
    }
}

/// The rows as a catalog file, published by the commands that a person would use.
fn apply(house: &House, catalog: &[Value]) {
    let mut file: BTreeMap<String, Vec<Map<String, Value>>> = BTreeMap::new();
    for line in catalog {
        let table = line["table"].as_str().expect("a table").to_owned();
        file.entry(table).or_default().push(line["row"].as_object().cloned().expect("a row"));
    }
    let folder = house.path("catalog");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("all.toml"), toml::to_string(&file).expect("TOML")).expect("a file");
    let (folder, plan) = (folder.display().to_string(), house.path("plan.json").display().to_string());
    for arguments in [&["catalog", "plan", "--catalog", &folder, "--out", &plan][..], &["catalog", "apply", &plan]] {
        let output = house.command(arguments).output().expect("it runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn create_topics(broker: &Broker, partitions: i32) {
    broker.create_topic(EVENTS, partitions, &[]);
    broker.create_topic(DEAD_LETTERS, 1, &[]);
    for table in TABLES {
        broker.create_topic(&format!("highwater.{table}.v1"), 1, &[("cleanup.policy", "compact")]);
    }
}

fn reading(house: House, broker: &Broker) -> House {
    let house = house.set("source.kind=kafka").set(format!("kafka.brokers={}", broker.bootstrap()));
    house.set("kafka.properties.reconnect.backoff.max.ms=200")
}

#[test]
fn a_stream_from_kafka_is_rated_to_the_last_digit_over_restarts_of_everything() {
    let Some(house) = House::new() else { return };
    let Some(mut broker) = Broker::start() else { return };
    create_topics(&broker, 3);
    let house = reading(house, &broker);
    // Kafka keeps milliseconds.
    let now = usage::now() / 1_000 * 1_000;
    let (catalog, records) = (usage::catalog(now), usage::records(11, RECORDS_OF_ONE, now));
    apply(&house, &catalog);

    let of = |organization: &str| -> Vec<&Sent> {
        records.iter().filter(|sent| sent.organization == organization).collect()
    };
    let steady: Vec<(i32, Vec<&Sent>)> = (0..).zip(STEADY.map(of)).collect();
    let mut produced = Produced::default();
    let third = RECORDS_OF_ONE / 3;
    for (partition, records) in &steady {
        produced.send(&broker, *partition, &records[..third]);
    }
    let process = house.start();
    wait_for(&house, &produced);

    // The broker ends and comes back; a partition is added for a customer that was not there before.
    broker.stop();
    broker.run();
    broker.add_partitions(EVENTS, 4);
    produced.send(&broker, 3, &of(FICKLE)[..third]);
    for (partition, records) in &steady {
        produced.send(&broker, *partition, &records[third..2 * third]);
    }
    wait_for(&house, &produced);

    // The service is killed, more comes meanwhile, and it starts again.
    process.kill();
    for (partition, records) in &steady {
        produced.send(&broker, *partition, &records[2 * third..]);
    }
    produced.send(&broker, 3, &of(FICKLE)[third..]);
    let process = house.start();
    wait_for(&house, &produced);

    let steps = produced.in_order().map(|(_, sent)| sent.step());
    let steps: Vec<Step> = [usage::catalog_step(&catalog)].into_iter().chain(steps).collect();
    let expected = oracle::expect(&steps);
    rows::assert_same(&rows::shown(house.clickhouse_port), &rows::expected(&expected));
    rows::assert_same(&rows::outcomes(house.clickhouse_port), &rows::expected_outcomes(&expected));
    assert_eq!(dead_letters(&broker), rejected(&expected, &produced));
    assert_eq!(process.terminate().code(), Some(0), "{}", house.said());
}

#[test]
fn a_retract_of_what_kafka_no_longer_holds_is_named_and_changes_nothing() {
    let Some(house) = House::new() else { return };
    let Some(broker) = Broker::start() else { return };
    create_topics(&broker, 1);
    let house = reading(house, &broker);
    let now = usage::now() / 1_000 * 1_000;
    apply(&house, &usage::catalog(now));
    let timestamp = oracle::civil::rfc3339(now - oracle::HOUR);
    let record = |text: Value| Sent { organization: FICKLE, text: text.to_string(), received_at: now };
    let mut produced = Produced::default();
    let event = json!({"organizationId": FICKLE, "id": "e-1", "feature": "ai_query", "timestamp": timestamp,
        "metadata": {"user": "u-1"}});
    produced.send(&broker, 0, &[&record(event)]);
    let process = house.start();
    wait_for(&house, &produced);
    broker.delete_records(EVENTS, 0, 1);
    produced.send(&broker, 0, &[&record(json!({"organizationId": FICKLE, "id": "e-1", "retract": true}))]);
    wait_for(&house, &produced);
    let rejected = "SELECT id, code FROM highwater.rejected_events FORMAT TSV";
    assert_eq!(house.query(rejected).as_deref(), Ok("e-1\toriginal_gone\n"), "{}", house.said());
    let counted = "SELECT toUInt64(sum(events)) FROM highwater.usage_hour WHERE meter = 'queries' FORMAT TSV";
    assert_eq!(house.query(counted).as_deref(), Ok("1\n"));
    assert_eq!(process.terminate().code(), Some(0), "{}", house.said());
}

/// Place to (code, raw bytes).
type Rejected = BTreeMap<Place, (String, String)>;

fn rejected(expected: &Expected, produced: &Produced) -> Rejected {
    let records = expected.outcomes.iter().zip(produced.in_order());
    let rejected = records.filter_map(|(outcome, (place, sent))| match outcome.outcome {
        Outcome::Rejected(code) => Some((place, (code.to_owned(), sent.text.clone()))),
        _ => None,
    });
    rejected.collect()
}

/// What the dead-letter topic holds. A letter may be there again after a kill, and then says the same.
fn dead_letters(broker: &Broker) -> Rejected {
    let reader: BaseConsumer = broker.client().set("group.id", "reader").create().expect("a consumer");
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(DEAD_LETTERS, 0, Offset::Beginning).expect("a place");
    reader.assign(&list).expect("assigned");
    let (_, end) = reader.fetch_watermarks(DEAD_LETTERS, 0, Duration::from_secs(20)).expect("watermarks");
    let mut letters = Rejected::new();
    let mut next = 0;
    until(
        || format!("dead letters up to offset {end}"),
        || {
            while let Some(message) = reader.poll(Duration::from_millis(20)) {
                let message = message.expect("a message");
                let headers = message.headers().expect("headers");
                let header = |key: &str| {
                    let found = headers.iter().find(|header| header.key == key).and_then(|header| header.value);
                    String::from_utf8(found.unwrap_or_else(|| panic!("{key}")).to_vec()).expect("text")
                };
                assert_eq!(header("__connect.errors.topic"), EVENTS);
                let place = (header("__connect.errors.partition"), header("__connect.errors.offset"));
                let place = (place.0.parse().expect("a partition"), place.1.parse().expect("an offset"));
                let raw = String::from_utf8(message.payload().expect("bytes").to_vec()).expect("text");
                let letter = (header("highwater.code"), raw);
                let before = letters.insert(place, letter.clone());
                assert!(before.is_none_or(|before| before == letter), "{place:?}");
                next = message.offset() + 1;
            }
            (next >= end).then_some(())
        },
    );
    letters
}
