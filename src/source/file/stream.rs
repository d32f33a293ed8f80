//! Lines of a reader whose length is unknown: gzip and standard input.

use super::{Run, unreadable, whole_lines};
use crate::source::bounds::{LINES_BATCH_BYTES, STREAM_LINE_MAX_BYTES};
use crate::source::{PartitionName, Stop};
use bytes::Bytes;
use std::io::Read;

pub(super) struct LineStream {
    name: PartitionName,
    reader: Box<dyn Read + Send>,
    /// Read and not handed out; its first byte is at `offset`.
    buffer: Vec<u8>,
    offset: u64,
    ended: bool,
}

impl LineStream {
    pub fn new(reader: Box<dyn Read + Send>, name: PartitionName, from: u64) -> Result<LineStream, Stop> {
        let mut stream = LineStream { name, reader, buffer: Vec::new(), offset: from, ended: false };
        let skipped = std::io::copy(&mut (&mut stream.reader).take(from), &mut std::io::sink())
            .map_err(|error| unreadable(&stream.name, &error))?;
        if skipped < from {
            return Err(Stop::FileShrunk { partition: stream.name, expected: from, length: skipped });
        }
        Ok(stream)
    }

    pub fn next_lines(&mut self) -> Result<Run, Stop> {
        let mut wanted = LINES_BATCH_BYTES;
        loop {
            self.fill(wanted)?;
            if self.buffer.is_empty() {
                return Ok(None);
            }
            if let Some(length) = whole_lines(&self.buffer).or(self.ended.then_some(self.buffer.len())) {
                let first_offset = self.offset;
                self.offset += length as u64;
                return Ok(Some((first_offset, self.take(length))));
            }
            if self.buffer.len() >= STREAM_LINE_MAX_BYTES {
                return Err(Stop::LineTooLong {
                    partition: self.name.clone(),
                    offset: self.offset,
                    limit_bytes: STREAM_LINE_MAX_BYTES as u64,
                });
            }
            wanted = (wanted * 2).min(STREAM_LINE_MAX_BYTES);
        }
    }

    /// Reads until `wanted` bytes are at hand or the stream has ended.
    fn fill(&mut self, wanted: usize) -> Result<(), Stop> {
        let missing = wanted.saturating_sub(self.buffer.len()) as u64;
        if !self.ended && missing > 0 {
            let read = (&mut self.reader).take(missing).read_to_end(&mut self.buffer);
            self.ended = read.map_err(|error| unreadable(&self.name, &error))? < missing as usize;
        }
        Ok(())
    }

    fn take(&mut self, length: usize) -> Bytes {
        let rest = self.buffer.split_off(length);
        Bytes::from(std::mem::replace(&mut self.buffer, rest))
    }
}
