//! What is read from and written to a real Apache Kafka: everything, once, or a named reason why not.

#[path = "support/kafka.rs"]
mod broker;

use broker::{Broker, shared_broker};
use highwater::source::kafka::{DeadLetter, DeadLetters, KafkaSettings, KafkaSource, RowWriter};
use highwater::source::{PartitionName, Source, SourceError, Start, Stop, TableRecord, TableWrite};
use highwater_dataflows::event::Rejection;
use highwater_dataflows::feed::{Place, RecallError, Records};
use highwater_rating::tables::{RowKey, Table};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Headers;
use rdkafka::{Message, Offset, TopicPartitionList};
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

fn stop_of(opened: Result<KafkaSource, SourceError>) -> Stop {
    match opened.err() {
        Some(SourceError::Definite(stop)) => stop,
        other => panic!("not a reason to stop: {other:?}"),
    }
}

#[test]
fn every_record_of_every_topic_and_partition_is_read_once_at_its_offset() {
    let Some(broker) = shared_broker() else { return };
    broker.create_topic("exact-a", 2, &[]);
    broker.create_topic("exact-b", 1, &[]);
    let all =
        [("exact-a", 0, values("a0-", 20_000)), ("exact-a", 1, values("a1-", 5)), ("exact-b", 0, values("b0-", 7))];
    for (topic, partition, values) in &all {
        produce(broker, topic, *partition as i32, values);
    }
    broker.produce("exact-b", 0, &[(Some("org-1"), None)]);
    let mut wanted: Read = all.iter().flat_map(|(topic, of, values)| expected(topic, *of, 0, values)).collect();
    wanted.push(("exact-b".into(), 0, 7, None));

    let settings = settings(broker, &["exact-a", "exact-b"]);
    let mut source = KafkaSource::open(&settings, Start::first()).unwrap();
    assert_eq!(read(&mut source, wanted.len()), wanted);
    let positions: Vec<_> =
        source.positions().values().map(|at| (at.name.partition, at.next_offset, at.lag())).collect();
    assert_eq!(positions, [(0, 20_000, Some(0)), (1, 5, Some(0)), (0, 8, Some(0))]);

    let recall = source.recall();
    let third = recall.recall(Place { partition: 0, offset: 3 }).unwrap();
    assert_eq!(third.bytes.as_deref(), Some(&b"a0-3"[..]));
    assert_eq!(recall.recall(Place { partition: 2, offset: 8 }).err(), Some(RecallError::Gone));

    let mut resumed = KafkaSource::open(&settings, Start::resume(source.positions().clone())).unwrap();
    produce(broker, "exact-a", 1, &values("more-", 2));
    assert_eq!(read(&mut resumed, 2), expected("exact-a", 1, 5, &values("more-", 2)));
    let mut replayed = KafkaSource::open(&settings, Start::replay(source.positions().clone())).unwrap();
    assert_eq!(read(&mut replayed, wanted.len() + 2).len(), wanted.len() + 2);
}

#[test]
fn a_partition_that_is_added_while_the_source_runs_is_read_from_its_first_record() {
    let Some(broker) = shared_broker() else { return };
    broker.create_topic("grows", 1, &[]);
    produce(broker, "grows", 0, &values("old-", 3));
    let mut source = KafkaSource::open(&settings(broker, &["grows"]), Start::first()).unwrap();
    assert_eq!(read(&mut source, 3), expected("grows", 0, 0, &values("old-", 3)));
    broker.add_partitions("grows", 2);
    produce(broker, "grows", 1, &values("new-", 4));
    assert_eq!(read(&mut source, 4), expected("grows", 1, 0, &values("new-", 4)));
    assert_eq!(source.positions()[&1].first_offset, 0);
    assert_eq!(
        source.recall().recall(Place { partition: 1, offset: 2 }).unwrap().bytes.as_deref(),
        Some(&b"new-2"[..])
    );
}

#[test]
fn a_broker_that_restarts_costs_time_and_no_record() {
    let Some(mut broker) = Broker::start() else { return };
    broker.create_topic("restarts", 1, &[]);
    let mut source = KafkaSource::open(&settings(&broker, &["restarts"]), Start::first()).unwrap();
    let mut offset = 0;
    for (round, by_force) in [false, true].into_iter().enumerate() {
        let before = values(&format!("before-{round}-"), 500);
        produce(&broker, "restarts", 0, &before);
        assert_eq!(read(&mut source, 500), expected("restarts", 0, offset, &before));
        match by_force {
            true => broker.kill(),
            false => broker.stop(),
        }
        let deadline = Instant::now() + DEADLINE;
        while !matches!(source.poll(Duration::from_millis(100)), Err(SourceError::Temporary(_))) {
            assert!(Instant::now() < deadline, "the outage is not told");
        }
        broker.run();
        let after = values(&format!("after-{round}-"), 500);
        produce(&broker, "restarts", 0, &after);
        assert_eq!(read(&mut source, 500), expected("restarts", 0, offset + 500, &after));
        offset += 1_000;
    }
}

#[test]
fn offsets_that_retention_removed_stop_the_source_with_the_gap() {
    let Some(broker) = shared_broker() else { return };
    broker.create_topic("gap", 1, &[]);
    produce(broker, "gap", 0, &values("", 10));
    let mut source = KafkaSource::open(&settings(broker, &["gap"]), Start::first()).unwrap();
    read(&mut source, 10);
    let mut positions = source.positions().clone();
    positions.get_mut(&0).unwrap().next_offset = 4;
    broker.delete_records("gap", 0, 7);
    let stop = stop_of(KafkaSource::open(&settings(broker, &["gap"]), Start::resume(positions.clone())));
    assert_eq!(stop.code(), "gap[4,7)");
    let stop = stop_of(KafkaSource::open(&settings(broker, &["gap"]), Start::replay(positions)));
    assert_eq!(stop.code(), "gap[0,7)");
    let mut fresh = KafkaSource::open(&settings(broker, &["gap"]), Start::first()).unwrap();
    assert_eq!(read(&mut fresh, 3), expected("gap", 0, 7, &values("", 10)[7..]));
    assert_eq!(fresh.positions()[&0].first_offset, 7);
    assert_eq!(source.recall().recall(Place { partition: 0, offset: 5 }).err(), Some(RecallError::Gone));
}

#[test]
fn a_topic_that_was_made_anew_stops_the_source() {
    let Some(broker) = shared_broker() else { return };
    broker.create_topic("anew", 2, &[]);
    produce(broker, "anew", 0, &values("", 10));
    let mut source = KafkaSource::open(&settings(broker, &["anew"]), Start::first()).unwrap();
    read(&mut source, 10);
    broker.delete_topic("anew");
    broker.create_topic("anew", 2, &[]);
    produce(broker, "anew", 0, &values("other-", 3));
    let positions = source.positions().clone();
    let stop = stop_of(KafkaSource::open(&settings(broker, &["anew"]), Start::resume(positions.clone())));
    assert!(matches!(stop, Stop::TopicRecreated { expected: 10, end: 3, .. }), "{stop}");
    broker.delete_topic("anew");
    broker.create_topic("anew", 1, &[]);
    produce(broker, "anew", 0, &values("other-", 30));
    let stop = stop_of(KafkaSource::open(&settings(broker, &["anew"]), Start::resume(positions)));
    assert!(matches!(stop, Stop::TopicRecreated { partition: PartitionName { partition: 1, .. }, .. }), "{stop}");
}

#[test]
fn a_topic_that_is_made_anew_while_it_is_read_stops_the_source_and_hands_out_nothing_of_the_other() {
    let Some(broker) = shared_broker() else { return };
    broker.create_topic("anew-live", 1, &[]);
    produce(broker, "anew-live", 0, &values("", 10));
    let mut source = KafkaSource::open(&settings(broker, &["anew-live"]), Start::first()).unwrap();
    read(&mut source, 10);
    broker.delete_topic("anew-live");
    broker.create_topic("anew-live", 1, &[]);
    produce(broker, "anew-live", 0, &values("other-", 3));
    let deadline = Instant::now() + DEADLINE;
    let stop = loop {
        assert!(Instant::now() < deadline, "the source did not stop");
        match source.poll(Duration::from_millis(100)) {
            Err(SourceError::Definite(stop)) => break stop,
            Ok(None) | Err(SourceError::Temporary(_)) => {}
            Ok(Some(batch)) => panic!("{batch:?}"),
        }
    };
    assert_eq!(stop.code(), "topic_recreated");
    assert_eq!(source.poll(Duration::ZERO).err(), Some(stop.into()), "it stays stopped");
}

#[test]
fn a_compacted_topic_is_refused_for_events() {
    let Some(broker) = shared_broker() else { return };
    broker.create_topic("compacted", 1, &[("cleanup.policy", "compact,delete")]);
    let stop = stop_of(KafkaSource::open(&settings(broker, &["compacted"]), Start::first()));
    assert!(matches!(&stop, Stop::CompactedTopic { topic, .. } if topic == "compacted"), "{stop}");
}

#[test]
fn a_topic_that_does_not_exist_is_named_with_the_nearest_one_and_is_not_created() {
    let Some(broker) = shared_broker() else { return };
    broker.create_topic("misspelt.events.v1", 1, &[]);
    for _ in 0..2 {
        let stop = stop_of(KafkaSource::open(&settings(broker, &["mispelt.events.v1"]), Start::first()));
        let nearest = Some("misspelt.events.v1".to_owned());
        assert_eq!(stop, Stop::UnknownTopic { topic: "mispelt.events.v1".into(), nearest });
    }
}

#[test]
fn credentials_pass_through_and_wrong_ones_are_a_reason_to_stop() {
    let Some(broker) = shared_broker() else { return };
    broker.create_topic("secured", 1, &[]);
    produce(broker, "secured", 0, &values("", 2));
    let mut settings = settings(broker, &["secured"]);
    settings.brokers = broker.sasl_bootstrap();
    let sasl = [
        ("security.protocol", "SASL_PLAINTEXT"),
        ("sasl.mechanism", "PLAIN"),
        ("sasl.username", "highwater"),
        ("sasl.password", "secret"),
    ];
    settings.properties.extend(sasl.map(|(key, value)| (key.to_owned(), value.to_owned())));
    let mut source = KafkaSource::open(&settings, Start::first()).unwrap();
    assert_eq!(read(&mut source, 2).len(), 2);
    settings.properties.insert("sasl.password".into(), "wrong-password".into());
    let stop = stop_of(KafkaSource::open(&settings, Start::first()));
    assert_eq!(stop.code(), "authentication_failed");
    assert!(!stop.to_string().contains("wrong-password"), "{stop}");
}

#[test]
fn brokers_that_cannot_be_reached_are_an_outage_and_not_a_reason_to_stop() {
    let Some(broker) = shared_broker() else { return };
    let mut settings = settings(broker, &["unreachable"]);
    settings.brokers = "127.0.0.1:1".into();
    let error = KafkaSource::open(&settings, Start::first()).err();
    assert!(matches!(error, Some(SourceError::Temporary(_))), "{error:?}");
}

#[test]
fn progress_is_shown_to_lag_tools_by_the_consumer_group() {
    let Some(broker) = shared_broker() else { return };
    broker.create_topic("shown", 1, &[]);
    produce(broker, "shown", 0, &values("", 6));
    let settings = settings(broker, &["shown"]);
    let mut source = KafkaSource::open(&settings, Start::first()).unwrap();
    read(&mut source, 6);
    let positions = source.positions().clone();
    source.committed(&positions).unwrap();
    let tool: BaseConsumer = broker.client().set("group.id", &settings.group).create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition("shown", 0);
    let deadline = Instant::now() + DEADLINE;
    loop {
        source.poll(Duration::from_millis(50)).unwrap();
        let shown = tool.committed_offsets(list.clone(), DEADLINE).unwrap();
        if shown.elements()[0].offset() == Offset::Offset(6) {
            return;
        }
        assert!(Instant::now() < deadline, "{shown:?}");
    }
}

#[test]
fn records_of_an_aborted_transaction_were_never_sent() {
    let Some(broker) = shared_broker() else { return };
    broker.create_topic("transactions", 1, &[]);
    broker.produce_in_transaction("transactions", &[(None, Some("aborted"))], false);
    broker.produce_in_transaction("transactions", &[(None, Some("committed"))], true);
    let mut source = KafkaSource::open(&settings(broker, &["transactions"]), Start::first()).unwrap();
    assert_eq!(read(&mut source, 1), [("transactions".to_owned(), 0, 2, Some("committed".to_owned()))]);
}

fn tables(source: &mut KafkaSource, done: impl Fn(&KafkaSource, &[TableRecord]) -> bool) -> Vec<TableRecord> {
    let deadline = Instant::now() + DEADLINE;
    let mut rows = Vec::new();
    while !done(source, &rows) {
        assert!(Instant::now() < deadline, "{} rows came", rows.len());
        rows.extend(source.poll_tables(Duration::from_millis(100)).unwrap());
    }
    rows
}

#[test]
fn table_topics_are_read_to_the_end_with_removals_and_then_followed() {
    let Some(broker) = shared_broker() else { return };
    let compact = [("cleanup.policy", "compact")];
    for topic in ["tables.events", "tables.plans", "tables.meters", "tables.grants"] {
        broker.create_topic(topic, 1, if topic == "tables.events" { &[] } else { &compact });
    }
    let mut settings = settings(broker, &["tables.events"]);
    let topics = [(Table::Plans, "tables.plans"), (Table::Meters, "tables.meters"), (Table::Grants, "tables.grants")];
    settings.tables = topics.map(|(table, topic)| (table, topic.to_owned())).to_vec();
    let writer = RowWriter::new(&settings).unwrap();
    let row = |table, key: &str, row: Option<&str>| TableWrite {
        key: RowKey { table, key: key.into() },
        row: row.map(|row| bytes::Bytes::copy_from_slice(row.as_bytes())),
    };
    let published = [
        row(Table::Plans, "team@2026", Some("{\"plan\":1}")),
        row(Table::Meters, "calls", Some("{\"meter\":1}")),
        row(Table::Plans, "team@2026", None),
    ];
    writer.publish(&published).unwrap();
    // The end of this topic is a transaction marker, behind which no record comes.
    broker.produce_in_transaction("tables.grants", &[(Some("g-1"), Some("{\"grant\":1}"))], true);

    let mut source = KafkaSource::open(&settings, Start::first()).unwrap();
    assert!(!source.tables_caught_up());
    let mut rows: Vec<_> = tables(&mut source, |source, _| source.tables_caught_up())
        .into_iter()
        .map(|row| (row.place.topic.to_string(), row.place.offset, row.table, row.key.unwrap(), row.bytes))
        .collect();
    rows.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    let wanted = |topic: &str, offset, table, key: &'static str, bytes: Option<&'static str>| {
        (topic.to_owned(), offset, table, key.into(), bytes.map(bytes::Bytes::from))
    };
    assert_eq!(
        rows,
        [
            wanted("tables.grants", 0, Table::Grants, "g-1", Some("{\"grant\":1}")),
            wanted("tables.meters", 0, Table::Meters, "calls", Some("{\"meter\":1}")),
            wanted("tables.plans", 0, Table::Plans, "team@2026", Some("{\"plan\":1}")),
            wanted("tables.plans", 1, Table::Plans, "team@2026", None),
        ]
    );
    writer.publish(&[row(Table::Meters, "calls", Some("{\"meter\":2}"))]).unwrap();
    let followed = tables(&mut source, |_, rows| !rows.is_empty());
    assert_eq!(followed.len(), 1);
    assert_eq!((followed[0].table, followed[0].bytes.as_deref()), (Table::Meters, Some(&b"{\"meter\":2}"[..])));

    let unplaced = writer.publish(&[row(Table::Overrides, "o-1", None)]).unwrap_err();
    assert!(matches!(unplaced, SourceError::Definite(Stop::InvalidSettings { .. })), "{unplaced}");
}

#[test]
fn a_dead_letter_carries_its_raw_bytes_and_the_headers_that_kafka_connect_writes() {
    let Some(broker) = shared_broker() else { return };
    broker.create_topic("dead", 1, &[]);
    let settings = settings(broker, &["source-of-dead"]);
    let rejection = Rejection {
        code: "quantity_not_a_number".into(),
        path: "/quantity".into(),
        hint: "write the quantity as a number: é".into(),
        place: Place { partition: 4, offset: 17 },
        received_at: None,
        organization_id: "org-1".into(),
        source: String::new(),
        id: "e-1".into(),
        raw: b"{\"quantity\":\xff}".to_vec(),
    };
    let unreadable = Rejection { organization_id: String::new(), ..rejection.clone() };
    let origin = PartitionName { source: "kafka".into(), topic: "source-of-dead".into(), partition: 3 };
    let letters = [&rejection, &unreadable].map(|rejection| DeadLetter { rejection, origin: &origin });
    DeadLetters::new(&settings, "dead").unwrap().send(&letters).unwrap();

    let reader: BaseConsumer = broker.client().set("group.id", "dead-reader").create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset("dead", 0, Offset::Beginning).unwrap();
    reader.assign(&list).unwrap();
    let message = reader.poll(DEADLINE).unwrap().unwrap();
    assert_eq!((message.key(), message.payload()), (Some(&b"org-1"[..]), Some(rejection.raw.as_slice())));
    let headers = message.headers().unwrap();
    let header = |key: &str| {
        let found = headers.iter().find(|header| header.key == key);
        found.and_then(|header| header.value).map(|value| std::str::from_utf8(value).unwrap())
    };
    for (key, value) in [
        ("__connect.errors.topic", "source-of-dead"),
        ("__connect.errors.partition", "3"),
        ("__connect.errors.offset", "17"),
        ("__connect.errors.exception.class.name", "quantity_not_a_number"),
        ("__connect.errors.exception.message", "write the quantity as a number: é"),
        ("highwater.path", "/quantity"),
    ] {
        assert_eq!(header(key), Some(value), "{key}");
    }
    assert_eq!(reader.poll(DEADLINE).unwrap().unwrap().key(), None);

    let missing = DeadLetters::new(&settings, "no-such-topic").unwrap().send(&letters).unwrap_err();
    assert!(matches!(missing, SourceError::Definite(Stop::UnknownTopic { .. })), "{missing}");
}
