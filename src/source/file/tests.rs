use super::*;
use highwater_dataflows::feed::{Place, RecallError};
use std::io::Write;

fn write(directory: &tempfile::TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Everything that is left, as (partition, offset, line).
fn drain(source: &mut FileSource) -> Vec<(u32, u64, Vec<u8>)> {
    let mut lines = Vec::new();
    while let Some(batch) = source.poll(Duration::ZERO).unwrap() {
        let Records::Lines { bytes, first_offset } = batch.records else { panic!("files hand out lines") };
        let mut offset = first_offset;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            lines.push((batch.partition, offset, line.strip_suffix(b"\n").unwrap_or(line).to_vec()));
            offset += line.len() as u64;
        }
    }
    assert!(source.finished());
    lines
}

/// More lines than one batch holds, one of them longer than a batch, the last one without its newline.
fn long_text() -> Vec<u8> {
    let mut text = Vec::new();
    for line in 0..40_000 {
        writeln!(text, "{{\"line\":{line},\"filler\":\"........................................\"}}").unwrap();
        if line == 20_000 {
            text.extend(std::iter::repeat_n(b'x', 3 * crate::source::bounds::LINES_BATCH_BYTES));
            text.push(b'\n');
        }
    }
    text.extend_from_slice(b"last");
    text
}

fn expected(number: u32, text: &[u8]) -> Vec<(u32, u64, Vec<u8>)> {
    let mut offset = 0;
    text.split_inclusive(|byte| *byte == b'\n')
        .map(|line| {
            let row = (number, offset, line.strip_suffix(b"\n").unwrap_or(line).to_vec());
            offset += line.len() as u64;
            row
        })
        .collect()
}

#[test]
fn every_line_is_handed_out_once_at_its_byte_offset_whether_plain_or_compressed() {
    let directory = tempfile::tempdir().unwrap();
    let text = long_text();
    let paths = [write(&directory, "plain.ndjson", &text), write(&directory, "packed.ndjson.gz", &gzip(&text))];
    let mut source = FileSource::open(&paths, &Start::first()).unwrap();
    assert_eq!(drain(&mut source), [expected(0, &text), expected(1, &text)].concat());
    for position in source.positions().values() {
        assert_eq!((position.next_offset, position.lag()), (text.len() as u64, Some(0)));
    }
}

#[test]
fn a_line_can_be_read_again_by_its_place_and_past_the_end_it_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let text = long_text();
    let paths = [write(&directory, "plain.ndjson", &text), write(&directory, "packed.ndjson.gz", &gzip(&text))];
    let source = FileSource::open(&paths, &Start::first()).unwrap();
    let recall = source.recall();
    for partition in [0, 1] {
        for (_, offset, line) in expected(partition, &text).iter().step_by(9_999) {
            let record = recall.recall(Place { partition, offset: *offset }).unwrap();
            assert_eq!((record.offset, record.bytes.as_deref()), (*offset, Some(&line[..])));
        }
        let end = Place { partition, offset: text.len() as u64 };
        assert_eq!(recall.recall(end).unwrap_err(), RecallError::Gone);
    }
}

#[test]
fn reading_resumes_at_the_byte_where_it_was_left() {
    let directory = tempfile::tempdir().unwrap();
    let text = long_text();
    let paths = [write(&directory, "plain.ndjson", &text), write(&directory, "packed.ndjson.gz", &gzip(&text))];
    let mut before = FileSource::open(&paths, &Start::first()).unwrap();
    before.poll(Duration::ZERO).unwrap().unwrap();
    let left_at = before.positions()[&0].next_offset;
    let mut after = FileSource::open(&paths, &Start::resume(before.positions().clone())).unwrap();
    let mut rest = expected(0, &text);
    rest.retain(|(_, offset, _)| *offset >= left_at);
    assert_eq!(drain(&mut after), [rest, expected(1, &text)].concat());
}

#[test]
fn files_that_cannot_be_read_are_named_before_anything_was_read() {
    let directory = tempfile::tempdir().unwrap();
    let missing = FileSource::open(&[directory.path().join("missing.ndjson")], &Start::first()).err().unwrap();
    assert!(
        matches!(&missing, SourceError::Definite(Stop::Unreadable { what, .. }) if what.ends_with("missing.ndjson"))
    );

    let path = write(&directory, "shrunk.ndjson", b"{}\n{}\n");
    let mut whole = FileSource::open(std::slice::from_ref(&path), &Start::first()).unwrap();
    drain(&mut whole);
    std::fs::write(&path, b"{}\n").unwrap();
    let shrunk = FileSource::open(&[path], &Start::resume(whole.positions().clone())).err().unwrap();
    assert!(matches!(shrunk, SourceError::Definite(Stop::FileShrunk { expected: 6, length: 3, .. })));
}

#[test]
fn an_empty_file_ends_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut source = FileSource::open(&[write(&directory, "empty.ndjson", b"")], &Start::first()).unwrap();
    assert_eq!(drain(&mut source), vec![]);
}
