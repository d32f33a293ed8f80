//! A plain file, mapped window by window and handed out without a copy.

use super::{Run, unreadable, whole_lines};
use crate::source::bounds::{FILE_WINDOW_BYTES, LINES_BATCH_BYTES};
use crate::source::{PartitionName, Stop};
use bytes::{Buf, Bytes};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

pub(super) struct MappedFile {
    name: PartitionName,
    file: Arc<File>,
    length: u64,
    /// Mapped and not handed out; its first byte is at `offset`.
    window: Bytes,
    offset: u64,
}

impl MappedFile {
    pub fn open(path: &Path, name: PartitionName, from: u64) -> Result<MappedFile, Stop> {
        let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
        let length = file.metadata().map_err(|error| unreadable(&name, &error))?.len();
        if length < from {
            return Err(Stop::FileShrunk { partition: name, expected: from, length });
        }
        Ok(MappedFile { name, file: Arc::new(file), length, window: Bytes::new(), offset: from })
    }

    /// Bytes of the file when it was opened; what is appended later is not read.
    pub fn length(&self) -> u64 {
        self.length
    }

    pub fn handle(&self) -> Arc<File> {
        self.file.clone()
    }

    pub fn next_lines(&mut self) -> Result<Run, Stop> {
        let mut wanted = LINES_BATCH_BYTES;
        loop {
            if self.offset == self.length {
                return Ok(None);
            }
            let left_in_file = usize::try_from(self.length - self.offset).unwrap_or(usize::MAX);
            let at_hand = wanted.min(left_in_file);
            if self.window.len() < at_hand {
                self.window = self.map(at_hand.max(FILE_WINDOW_BYTES.min(left_in_file)))?;
            }
            // The last line of a file may lack its newline.
            let run = whole_lines(&self.window[..at_hand]).or((at_hand == left_in_file).then_some(at_hand));
            if let Some(length) = run {
                let first_offset = self.offset;
                self.offset += length as u64;
                let bytes = self.window.slice(..length);
                self.window.advance(length);
                return Ok(Some((first_offset, bytes)));
            }
            wanted = wanted.saturating_mul(2);
        }
    }

    /// Maps `length` bytes from the current offset on.
    fn map(&self, length: usize) -> Result<Bytes, Stop> {
        let mut options = memmap2::MmapOptions::new();
        options.offset(self.offset).len(length).populate();
        // SAFETY: the bytes are only read. Should another process cut the file off meanwhile, reading past its end
        // ends this process by SIGBUS; should it overwrite them, lines change, which no check here relies on. Both
        // are the price of not copying, and input files are not written to while they are read.
        let window = unsafe { options.map(&*self.file) }.map_err(|error| unreadable(&self.name, &error))?;
        Ok(Bytes::from_owner(window))
    }
}
