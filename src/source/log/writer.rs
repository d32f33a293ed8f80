//! The thread that writes: everything that waits shares the next fsync.

use super::LogCounts;
use super::block::{BlockWriter, Stored};
use super::error::{AppendError, OpenError};
use super::shared::{Ends, Shared};
use super::store::{Blocks, Stream};
use crate::source::bounds::{LOG_BLOCK_BYTES, LOG_GROUP_BYTES, LOG_QUEUE_APPENDS, LOG_QUEUE_BYTES};
use crossbeam_channel::{Receiver, Sender, TrySendError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// One caller's records, waiting.
pub(super) struct Append {
    pub stream: Stream,
    pub records: Vec<Stored>,
    /// Of keys and values together.
    pub bytes: usize,
    pub answer: oneshot::Sender<Result<u64, AppendError>>,
}

pub(super) struct Writer {
    /// `None` once the writer is closing.
    queue: Option<Sender<Append>>,
    queued_bytes: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub fn start(shared: Arc<Shared>) -> Result<Writer, OpenError> {
        let (sender, receiver) = crossbeam_channel::bounded(LOG_QUEUE_APPENDS);
        let queued_bytes = Arc::new(AtomicUsize::new(0));
        let queued = queued_bytes.clone();
        let directory = shared.directory().to_owned();
        let thread = std::thread::Builder::new()
            .name("log-writer".into())
            .spawn(move || write_all(&shared, &receiver, &queued))
            .map_err(|error| OpenError::Storage { directory, detail: error.to_string() })?;
        Ok(Writer { queue: Some(sender), queued_bytes, thread: Some(thread) })
    }

    pub fn submit(&self, append: Append) -> Result<(), AppendError> {
        let queue = self.queue.as_ref().ok_or(AppendError::Closed)?;
        let bytes = append.bytes;
        // A single append larger than the bound still passes when nothing else waits.
        let before = self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        let sent = match before > 0 && before + bytes > LOG_QUEUE_BYTES {
            true => Err(AppendError::Busy),
            false => queue.try_send(append).map_err(|error| match error {
                TrySendError::Full(_) => AppendError::Busy,
                TrySendError::Disconnected(_) => AppendError::Closed,
            }),
        };
        if sent.is_err() {
            self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        sent
    }
}

impl Drop for Writer {
    /// What was handed over is written before the log closes.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write_all(shared: &Shared, queue: &Receiver<Append>, queued_bytes: &AtomicUsize) {
    let mut failed = false;
    while let Ok(first) = queue.recv() {
        let mut group = vec![first];
        let mut bytes = group[0].bytes;
        while bytes < LOG_GROUP_BYTES
            && let Ok(append) = queue.try_recv()
        {
            bytes += append.bytes;
            group.push(append);
        }
        queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
        if failed && let Err(error) = shared.reopen() {
            tracing::error!(%error, "the log stays closed");
            answer_all(group, &AppendError::Storage(error.to_string()));
            continue;
        }
        failed = write_group(shared, group);
    }
}

/// Writes a group and answers it; whether the store must be opened again.
fn write_group(shared: &Shared, group: Vec<Append>) -> bool {
    let begin = shared.ends();
    let (blocks, ends, grown) = layout(&group, begin);
    match shared.commit(blocks, ends, grown) {
        Ok(()) => {
            let mut next = begin;
            for append in group {
                let end = next.of_mut(append.stream);
                let first_offset = *end;
                *end += append.records.len() as u64;
                // Whoever no longer waits does not need the answer.
                let _ = append.answer.send(Ok(first_offset));
            }
            false
        }
        Err(error) => {
            tracing::error!(%error, appends = group.len(), "an append to the log failed");
            answer_all(group, &error);
            matches!(error, AppendError::Storage(_))
        }
    }
}

fn answer_all(group: Vec<Append>, error: &AppendError) {
    for append in group {
        let _ = append.answer.send(Err(error.clone()));
    }
}

/// Cuts a group into blocks, stream by stream, in the order of arrival.
fn layout(group: &[Append], begin: Ends) -> (Blocks, Ends, LogCounts) {
    let mut blocks = Blocks::new();
    let mut ends = begin;
    let mut grown = LogCounts { appends: group.len() as u64, records: 0, fsyncs: 1 };
    for stream in [Stream::Events, Stream::Rows] {
        let mut block = BlockWriter::new();
        let mut records = group.iter().filter(|append| append.stream == stream).flat_map(|append| &append.records);
        loop {
            let record = records.next();
            let full = block.bytes() >= LOG_BLOCK_BYTES;
            if block.records() > 0 && (full || record.is_none()) {
                let finished = std::mem::replace(&mut block, BlockWriter::new());
                let end = ends.of_mut(stream);
                let first_offset = *end;
                *end += u64::from(finished.records());
                grown.records += u64::from(finished.records());
                blocks.push((stream, first_offset, finished.finish()));
            }
            match record {
                Some(record) => block.push(record),
                None => break,
            }
        }
    }
    (blocks, ends, grown)
}
