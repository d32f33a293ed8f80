//! Reads one line of a file again.

use super::unreadable;
use crate::source::bounds::STREAM_LINE_MAX_BYTES;
use crate::source::{PartitionName, Stop};
use bytes::Bytes;
use highwater_dataflows::feed::{Place, Recall, RecallError, Record};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a file's lines can be found again.
pub(super) enum Held {
    Plain(Arc<File>),
    /// Has no index: a line is found by decompressing everything before it.
    Gzip(PathBuf),
    /// Standard input is gone once it was read.
    Nowhere,
}

pub(super) struct FileRecall {
    files: BTreeMap<u32, Held>,
}

/// A positioned read from a plain file, which leaves alone where the source itself reads.
struct FromOffset<'file> {
    file: &'file File,
    offset: u64,
}

impl Read for FromOffset<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read_at(buffer, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

impl FileRecall {
    pub fn new(files: BTreeMap<u32, Held>) -> FileRecall {
        FileRecall { files }
    }
}

impl Recall for FileRecall {
    fn recall(&self, place: Place) -> Result<Record, RecallError> {
        let line = match self.files.get(&place.partition) {
            Some(Held::Plain(file)) => first_line(FromOffset { file, offset: place.offset }),
            Some(Held::Gzip(path)) => line_of_gzip(path, place.offset),
            Some(Held::Nowhere) | None => return Err(RecallError::Gone),
        };
        let line = line.map_err(|error| RecallError::Unavailable(error.to_string()))?;
        if line.is_empty() {
            return Err(RecallError::Gone);
        }
        Ok(Record { offset: place.offset, received_at: None, bytes: Some(line) })
    }
}

fn line_of_gzip(path: &Path, offset: u64) -> std::io::Result<Bytes> {
    let mut text = flate2::read::MultiGzDecoder::new(BufReader::new(File::open(path)?));
    std::io::copy(&mut (&mut text).take(offset), &mut std::io::sink())?;
    first_line(text)
}

/// Up to the first newline, without it; empty at the end of the file.
fn first_line(text: impl Read) -> std::io::Result<Bytes> {
    let mut line = Vec::new();
    BufReader::new(text).take(STREAM_LINE_MAX_BYTES as u64).read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(line.into())
}

pub(super) fn open_gzip(path: &Path, name: &PartitionName) -> Result<Box<dyn Read + Send>, Stop> {
    let file = File::open(path).map_err(|error| unreadable(name, &error))?;
    Ok(Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file))))
}
