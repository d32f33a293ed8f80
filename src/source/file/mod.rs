//! Newline-delimited files as a source: one file is one partition, offsets count bytes of its (decompressed) text.
//!
//! Owns cutting files into runs of whole lines and reading a line again. Plain files are mapped and never copied;
//! names that end in `.gz` and `-` (standard input) are streams. Does not own what a line means.
//!
//! Files are read one after the other in the order in which they were given. They have no table streams: a catalog
//! comes beside them.

mod mapped;
mod recall;
mod stream;

use self::mapped::MappedFile;
use self::recall::{FileRecall, Held};
use self::stream::LineStream;
use super::{PartitionName, PartitionPosition, Positions, Source, SourceError, Start, Stop, TableRecord};
use bytes::Bytes;
use highwater_dataflows::feed::{Batch, Recall, Records};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub struct FileSource {
    positions: Positions,
    /// Files that are not read to their end, in order.
    unread: VecDeque<(u32, Lines)>,
    recall: Arc<FileRecall>,
    /// Why reading ended before the files did.
    stopped: Option<Stop>,
}

/// What both kinds of files offer: the next run of whole lines, with the offset of its first byte.
enum Lines {
    Mapped(MappedFile),
    Stream(LineStream),
}

impl FileSource {
    /// Opens all `paths`, so that a missing file is told before anything was read.
    pub fn open(paths: &[PathBuf], start: &Start) -> Result<FileSource, SourceError> {
        let mut positions = Positions::new();
        let mut unread = VecDeque::new();
        let mut held = BTreeMap::new();
        for path in paths {
            let name = PartitionName { source: "file".into(), topic: path.display().to_string(), partition: 0 };
            let (number, known) = start.number(&name, &positions);
            let (first_offset, next_offset) = known.map_or((0, 0), |known| (known.first_offset, known.next_offset));
            let (lines, keep, length) = open_lines(path, &name, next_offset)?;
            held.insert(number, keep);
            unread.push_back((number, lines));
            positions.insert(number, PartitionPosition { name, first_offset, next_offset, high_watermark: length });
        }
        Ok(FileSource { positions, unread, recall: Arc::new(FileRecall::new(held)), stopped: None })
    }

    fn next_batch(&mut self) -> Result<Option<Batch>, Stop> {
        while let Some((number, lines)) = self.unread.front_mut() {
            let number = *number;
            let run = match lines {
                Lines::Mapped(file) => file.next_lines()?,
                Lines::Stream(stream) => stream.next_lines()?,
            };
            let position = self.positions.get_mut(&number).expect("every unread file has a position");
            match run {
                Some((first_offset, bytes)) => {
                    position.next_offset = first_offset + bytes.len() as u64;
                    let records = Records::Lines { bytes, first_offset };
                    return Ok(Some(Batch { partition: number, records }));
                }
                None => {
                    position.high_watermark = Some(position.next_offset);
                    self.unread.pop_front();
                }
            }
        }
        Ok(None)
    }
}

fn open_lines(path: &Path, name: &PartitionName, from: u64) -> Result<(Lines, Held, Option<u64>), Stop> {
    if path == Path::new("-") {
        let stream = LineStream::new(Box::new(std::io::stdin()), name.clone(), from)?;
        return Ok((Lines::Stream(stream), Held::Nowhere, None));
    }
    if path.extension().is_some_and(|extension| extension == "gz") {
        let stream = LineStream::new(recall::open_gzip(path, name)?, name.clone(), from)?;
        return Ok((Lines::Stream(stream), Held::Gzip(path.to_owned()), None));
    }
    let file = MappedFile::open(path, name.clone(), from)?;
    let (keep, length) = (Held::Plain(file.handle()), file.length());
    Ok((Lines::Mapped(file), keep, Some(length)))
}

fn unreadable(name: &PartitionName, error: &std::io::Error) -> Stop {
    Stop::Unreadable { what: name.to_string(), detail: error.to_string() }
}

/// The length of the longest prefix of `bytes` that ends with a newline.
fn whole_lines(bytes: &[u8]) -> Option<usize> {
    bytes.iter().rposition(|byte| *byte == b'\n').map(|last| last + 1)
}

/// A run of whole lines and the offset of its first byte.
type Run = Option<(u64, Bytes)>;

impl Source for FileSource {
    fn poll(&mut self, _wait: Duration) -> Result<Option<Batch>, SourceError> {
        if let Some(stop) = &self.stopped {
            return Err(stop.clone().into());
        }
        self.next_batch().map_err(|stop| {
            self.stopped = Some(stop.clone());
            stop.into()
        })
    }

    fn positions(&self) -> &Positions {
        &self.positions
    }

    fn poll_tables(&mut self, _wait: Duration) -> Result<Vec<TableRecord>, SourceError> {
        Ok(Vec::new())
    }

    fn tables_caught_up(&self) -> bool {
        true
    }

    fn recall(&self) -> Arc<dyn Recall> {
        self.recall.clone()
    }

    fn is_finite(&self) -> bool {
        true
    }

    fn finished(&self) -> bool {
        self.unread.is_empty()
    }
}

#[cfg(test)]
mod tests;
