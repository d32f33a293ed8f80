//! What would be silent loss elsewhere stops the source by name; what passes does not.

use super::broker::shared_broker;
use super::{DEADLINE, expected, produce, read, settings, values};
use highwater::source::kafka::KafkaSource;
use highwater::source::{PartitionName, Source, SourceError, Start, Stop};
use highwater_dataflows::feed::{Place, RecallError};
use std::time::{Duration, Instant};

fn stop_of(opened: Result<KafkaSource, SourceError>) -> Stop {
    match opened.err() {
        Some(SourceError::Definite(stop)) => stop,
        other => panic!("not a reason to stop: {other:?}"),
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
