//! Table topics: written by the catalog, read to their end, followed.

use super::broker::shared_broker;
use super::{DEADLINE, settings};
use highwater::source::kafka::{KafkaSource, RowWriter};
use highwater::source::{Source, SourceError, Start, Stop, TableRecord, TableWrite};
use highwater_rating::tables::{RowKey, Table};
use std::time::{Duration, Instant};

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
