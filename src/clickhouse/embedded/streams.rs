//! Results and inserts under way: memory and handles of the engine, released exactly once.

use super::connection::Connection;
use super::exception::Exception;
use super::library::{Library, RawInsert, RawResult, text_of};

/// A result, or a piece of one, in the engine's memory.
pub(super) struct Output {
    library: &'static Library,
    result: RawResult,
}

impl Output {
    pub(super) fn take(library: &'static Library, result: RawResult) -> Result<Output, Exception> {
        if result.is_null() {
            return Err(Exception::from_engine("the engine gave no result".into()));
        }
        let output = Output { library, result };
        // SAFETY: the result is valid until `drop`.
        match unsafe { text_of((library.result_error)(result)) } {
            Some(text) => Err(Exception::from_engine(text)),
            None => Ok(output),
        }
    }

    pub fn bytes(&self) -> &[u8] {
        // SAFETY: buffer and length belong together and live as long as the result.
        unsafe {
            let (buffer, length) =
                ((self.library.result_buffer)(self.result), (self.library.result_length)(self.result));
            if buffer.is_null() || length == 0 { &[] } else { std::slice::from_raw_parts(buffer, length) }
        }
    }

    pub fn counts(&self) -> Counts {
        // SAFETY: the result is valid until `drop`.
        unsafe {
            Counts {
                read_rows: (self.library.result_rows_read)(self.result),
                read_bytes: (self.library.result_bytes_read)(self.result),
                written_rows: (self.library.result_rows_written)(self.result),
                written_bytes: (self.library.result_bytes_written)(self.result),
            }
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // SAFETY: the result is not used again.
        unsafe { (self.library.result_destroy)(self.result) }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub read_rows: u64,
    pub read_bytes: u64,
    pub written_rows: u64,
    pub written_bytes: u64,
}

/// A running SELECT. Dropping it before the end cancels the statement.
pub(super) struct Rows<'a> {
    handle: Output,
    connection: &'a mut Connection,
    finished: bool,
}

impl<'a> Rows<'a> {
    pub(super) fn new(handle: Output, connection: &'a mut Connection) -> Rows<'a> {
        Rows { handle, connection, finished: false }
    }

    /// The next piece: a document of its own in the asked format. `None` at the end.
    pub fn next(&mut self) -> Result<Option<Output>, Exception> {
        if self.finished {
            return Ok(None);
        }
        let library = self.connection.library;
        // SAFETY: connection and handle are valid and used by this thread alone.
        let piece = unsafe { (library.stream_fetch)(self.connection.raw(), self.handle.result) };
        match Output::take(library, piece) {
            Ok(output) if output.bytes().is_empty() => {
                self.finished = true;
                Ok(None)
            }
            Ok(output) => Ok(Some(output)),
            Err(exception) => {
                self.finished = true;
                Err(exception)
            }
        }
    }
}

impl Drop for Rows<'_> {
    fn drop(&mut self) {
        if !self.finished {
            // SAFETY: as in `next`.
            unsafe { (self.connection.library.stream_cancel)(self.connection.raw(), self.handle.result) }
        }
    }
}

/// A running INSERT. Dropping it before [`Insert::finish`] cancels it: blocks that were formed already may stay.
pub(super) struct Insert<'a> {
    connection: &'a mut Connection,
    handle: RawInsert,
    finished: bool,
}

impl<'a> Insert<'a> {
    pub(super) fn new(handle: RawInsert, connection: &'a mut Connection) -> Result<Insert<'a>, Exception> {
        let insert = Insert { connection, handle, finished: false };
        match insert.error() {
            Some(exception) => Err(exception),
            None => Ok(insert),
        }
    }

    fn error(&self) -> Option<Exception> {
        // SAFETY: the handle is valid until `drop`.
        unsafe { text_of((self.connection.library.insert_error)(self.handle)) }.map(Exception::from_engine)
    }

    /// May block until the engine has taken earlier bytes.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Exception> {
        if bytes.is_empty() {
            return Ok(());
        }
        // SAFETY: the engine copies the bytes before it returns.
        let state = unsafe { (self.connection.library.insert_append)(self.handle, bytes.as_ptr().cast(), bytes.len()) };
        if state == 0 {
            return Ok(());
        }
        Err(self
            .error()
            .unwrap_or_else(|| Exception::from_engine("the engine refused the rows without a reason".into())))
    }

    /// Returns once all rows are in.
    pub fn finish(mut self) -> Result<Counts, Exception> {
        self.finished = true;
        // SAFETY: called once, before the handle is destroyed.
        let result = unsafe { (self.connection.library.insert_done)(self.handle) };
        Output::take(self.connection.library, result).map(|output| output.counts())
    }
}

impl Drop for Insert<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is destroyed once, here.
        unsafe {
            if !self.finished {
                (self.connection.library.insert_cancel)(self.handle);
            }
            (self.connection.library.insert_destroy)(self.handle);
        }
    }
}
