//! Everything is read, once, at its offset.

use super::broker::{Broker, shared_broker};
use super::{DEADLINE, Read, expected, produce, read, settings, values};
use highwater::source::kafka::KafkaSource;
use highwater::source::{Source, SourceError, Start};
use highwater_dataflows::feed::{Place, RecallError};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use std::time::{Duration, Instant};

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
