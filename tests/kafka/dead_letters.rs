//! The dead-letter topic.

use super::broker::shared_broker;
use super::{DEADLINE, settings};
use highwater::source::kafka::{DeadLetter, DeadLetters};
use highwater::source::{PartitionName, SourceError, Stop};
use highwater_dataflows::event::Rejection;
use highwater_dataflows::feed::Place;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Headers;
use rdkafka::{Message, Offset, TopicPartitionList};

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
