//! Order, offsets, group commit, back-pressure, refusals.

use super::{RECEIVED_AT, append, offsets_are_dense, records, whole};
use bytes::Bytes;
use highwater::source::log::{AppendError, EventLog, LogSource, OpenError};
use highwater::source::{Source, SourceError, Start, Stop, TableWrite};
use highwater_dataflows::feed::{Place, RecallError};
use highwater_rating::tables::{RowKey, Table};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

#[test]
fn records_come_back_in_order_with_dense_offsets_after_the_log_was_closed() {
    let directory = tempfile::tempdir().unwrap();
    let log = EventLog::open(directory.path()).unwrap();
    assert_eq!(append(&log, &[b"a", b"", b"c"]), 0);
    assert_eq!(append(&log, &[b"d"]), 3);
    drop(log);
    let log = EventLog::open(directory.path()).unwrap();
    assert_eq!(append(&log, &[b"e"]), 4);
    let read: Vec<_> =
        whole(&log).into_iter().map(|record| (record.offset, record.received_at, record.bytes)).collect();
    let expected: Vec<_> = [&b"a"[..], b"", b"c", b"d", b"e"]
        .iter()
        .zip(0..)
        .map(|(bytes, offset)| (offset, Some(RECEIVED_AT), Some(Bytes::from_static(bytes))))
        .collect();
    assert_eq!(read, expected);
}

#[test]
fn concurrent_appends_share_fsyncs_and_each_record_stands_where_its_caller_was_told() {
    let directory = tempfile::tempdir().unwrap();
    let log = EventLog::open(directory.path()).unwrap();
    let told: BTreeMap<u64, Bytes> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|caller| {
                let log = &log;
                scope.spawn(move || {
                    let waiting: Vec<_> = (0..200)
                        .map(|number| {
                            let record = Bytes::from(format!("{caller}/{number}"));
                            (log.append(vec![record.clone()], RECEIVED_AT).unwrap(), record)
                        })
                        .collect();
                    waiting.into_iter().map(|(answer, record)| (answer.wait().unwrap(), record)).collect::<Vec<_>>()
                })
            })
            .collect();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    });
    let read: BTreeMap<u64, Bytes> =
        whole(&log).into_iter().map(|record| (record.offset, record.bytes.unwrap())).collect();
    assert_eq!(read, told);
    assert_eq!(told.keys().copied().collect::<Vec<_>>(), (0..1_600).collect::<Vec<_>>());
    let counts = log.counts();
    assert_eq!((counts.appends, counts.records), (1_600, 1_600));
    assert!(counts.fsyncs < 800, "{} fsyncs for 1,600 appends", counts.fsyncs);
}

#[test]
fn large_logs_are_read_in_batches_and_from_any_offset() {
    let directory = tempfile::tempdir().unwrap();
    let log = EventLog::open(directory.path()).unwrap();
    let filler = [b'x'; 700];
    for round in 0..10 {
        let records = (0..3_000).map(|number| Bytes::from([format!("{round}/{number}").as_bytes(), &filler].concat()));
        let _ = log.append(records.collect(), RECEIVED_AT).unwrap().wait().unwrap();
    }
    let all = whole(&log);
    assert_eq!(all.len(), 30_000);
    assert!(offsets_are_dense(&all));
    let mut source = LogSource::new(log.clone(), &Start::first()).unwrap();
    source.poll(Duration::ZERO).unwrap().unwrap();
    let left_at = source.positions()[&0].next_offset;
    assert!(left_at < 30_000, "one batch is bounded");
    let mut positions = source.positions().clone();
    for offset in [left_at, 1, 2_999, 3_000, 29_999, 30_000] {
        positions.get_mut(&0).unwrap().next_offset = offset;
        let mut resumed = LogSource::new(log.clone(), &Start::resume(positions.clone())).unwrap();
        assert_eq!(records(&mut resumed).first().map(|record| record.offset), (offset < 30_000).then_some(offset));
    }
}

#[test]
fn a_record_can_be_read_again_by_its_place_and_past_the_end_it_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let log = EventLog::open(directory.path()).unwrap();
    append(&log, &[b"a", b"b"]);
    append(&log, &[b"c"]);
    let recall = LogSource::new(log.clone(), &Start::first()).unwrap().recall();
    for (offset, bytes) in [(0, b"a"), (1, b"b"), (2, b"c")] {
        assert_eq!(recall.recall(Place { partition: 0, offset }).unwrap().bytes.as_deref(), Some(&bytes[..]));
    }
    assert_eq!(recall.recall(Place { partition: 0, offset: 3 }).unwrap_err(), RecallError::Gone);
    assert_eq!(recall.recall(Place { partition: 1, offset: 0 }).unwrap_err(), RecallError::Gone);
}

#[test]
fn rows_are_a_stream_of_their_own_with_removals_and_the_end_at_opening_is_known() {
    let directory = tempfile::tempdir().unwrap();
    let log = EventLog::open(directory.path()).unwrap();
    let row = |key: &str, row: Option<&str>| TableWrite {
        key: RowKey { table: Table::Plans, key: key.into() },
        row: row.map(|row| Bytes::copy_from_slice(row.as_bytes())),
    };
    let rows = vec![row("team", Some("{}")), row("team", None)];
    assert_eq!(log.append_rows(rows, RECEIVED_AT).unwrap().wait(), Ok(0));
    append(&log, &[b"an event between them"]);

    let mut source = LogSource::new(log.clone(), &Start::first()).unwrap();
    assert!(!source.tables_caught_up());
    assert_eq!(log.append_rows(vec![row("free", Some("{}"))], RECEIVED_AT).unwrap().wait(), Ok(2));
    let read: Vec<_> = std::iter::from_fn(|| {
        let rows = source.poll_tables(Duration::ZERO).unwrap();
        (!rows.is_empty()).then_some(rows)
    })
    .flatten()
    .map(|row| (row.place.offset, row.table, row.key.unwrap(), row.bytes))
    .collect();
    let plan = |offset, key: &'static str, bytes: Option<&'static str>| {
        (
            offset,
            Table::Plans,
            Bytes::from_static(key.as_bytes()),
            bytes.map(|text| Bytes::from_static(text.as_bytes())),
        )
    };
    assert_eq!(read, [plan(0, "team", Some("{}")), plan(1, "team", None), plan(2, "free", Some("{}"))]);
    assert!(source.tables_caught_up());
    assert_eq!(records(&mut source).len(), 1);
}

#[test]
fn a_reader_that_waits_is_woken_by_an_append() {
    let directory = tempfile::tempdir().unwrap();
    let log = EventLog::open(directory.path()).unwrap();
    let mut source = LogSource::new(log.clone(), &Start::first()).unwrap();
    let reader = std::thread::spawn(move || {
        let asked = Instant::now();
        (source.poll(Duration::from_secs(60)).unwrap().is_some(), asked.elapsed())
    });
    append(&log, &[b"a"]);
    let (came, waited) = reader.join().unwrap();
    assert!(came && waited < Duration::from_secs(50), "waited {waited:?}");
}

#[test]
fn too_much_waiting_is_answered_busy_and_what_was_taken_on_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let log = EventLog::open(directory.path()).unwrap();
    let record = Bytes::from(vec![b'x'; 4 << 20]);
    let mut waiting = Vec::new();
    let refused = loop {
        match log.append(vec![record.clone()], RECEIVED_AT) {
            Ok(answer) => waiting.push(answer),
            Err(error) => break error,
        }
        assert!(waiting.len() < 1_000, "the queue has no bound");
    };
    assert_eq!(refused, AppendError::Busy);
    let taken = waiting.len() as u64;
    let offsets: Vec<_> = waiting.into_iter().map(|answer| answer.wait().unwrap()).collect();
    assert_eq!(offsets, (0..taken).collect::<Vec<_>>());
    assert_eq!(append(&log, &[b"room again"]), taken);
}

#[test]
fn a_second_opening_of_the_directory_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let _log = EventLog::open(directory.path()).unwrap();
    let second = EventLog::open(directory.path()).err().unwrap();
    assert!(matches!(second, OpenError::InUse(path) if path == directory.path()));
}

#[test]
fn a_disk_that_is_nearly_full_refuses_appends_and_keeps_what_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let log = EventLog::open(directory.path()).unwrap();
    append(&log, &[b"a"]);
    drop(log);
    let log = EventLog::open_with_reserve(directory.path(), u64::MAX).unwrap();
    let refused = log.append(vec![Bytes::from_static(b"b")], RECEIVED_AT).unwrap().wait().unwrap_err();
    assert!(matches!(refused, AppendError::DiskFull { .. }), "{refused}");
    assert_eq!((log.end(), whole(&log).len()), (1, 1));
}

#[test]
fn a_log_that_is_shorter_than_what_was_read_of_it_stops_the_source() {
    let directory = tempfile::tempdir().unwrap();
    let log = EventLog::open(directory.path()).unwrap();
    append(&log, &[b"a"]);
    let mut source = LogSource::new(log.clone(), &Start::first()).unwrap();
    records(&mut source);
    let other_directory = tempfile::tempdir().unwrap();
    let other = EventLog::open(other_directory.path()).unwrap();
    let stopped = LogSource::new(other, &Start::resume(source.positions().clone())).err().unwrap();
    assert!(matches!(stopped, SourceError::Definite(Stop::TopicRecreated { expected: 1, end: 0, .. })));
}
