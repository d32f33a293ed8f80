//! One connection to the engine, and what can be asked of it.
//!
//! Everything unsafe about calling the engine is here, in `streams` and in `library`. A connection runs one statement
//! at a time, which the borrow checker enforces: a stream borrows its connection mutably.

use super::exception::Exception;
use super::library::{Library, RawAnalysis, RawConnection};
use super::streams::{Insert, Output, Rows};
use std::ffi::{CString, c_char, c_int};

pub(super) struct Connection {
    pub(super) library: &'static Library,
    handle: *mut RawConnection,
    /// What `USE` was last said for; a new connection stands in `default`.
    pub database: String,
}

// SAFETY: the engine's calls may come from any thread, one at a time per connection; the type is not `Sync`.
unsafe impl Send for Connection {}

/// Values of `{name:Type}` in a statement, as text that the engine converts.
pub(super) type Parameters = [(String, String)];

/// What a statement is, by the engine's own parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Analysis {
    pub statements: u32,
    pub class: Class,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Leaves no trace.
    ReadOnly,
    /// Changes data or definitions.
    Changing,
    /// Changes the session, the engine or something outside of it.
    Control,
    Unknown,
}

impl Connection {
    /// `None` where the engine refuses; its reason went to standard error.
    pub fn open(library: &'static Library, arguments: &[String]) -> Option<Connection> {
        let arguments: Vec<CString> = std::iter::once("highwater")
            .chain(arguments.iter().map(String::as_str))
            .map(CString::new)
            .collect::<Result<_, _>>()
            .ok()?;
        let pointers: Vec<*const c_char> = arguments.iter().map(|argument| argument.as_ptr()).collect();
        // SAFETY: the arguments live until the call returns.
        let handle = unsafe { (library.connect)(pointers.len() as c_int, pointers.as_ptr()) };
        // SAFETY: a handle that is not null points to the connection.
        if handle.is_null() || unsafe { (*handle).is_null() } {
            return None;
        }
        Some(Connection { library, handle, database: "default".into() })
    }

    pub(super) fn raw(&self) -> RawConnection {
        // SAFETY: the handle is valid until `drop`.
        unsafe { *self.handle }
    }

    /// Runs a statement and holds the whole result.
    pub fn run(&mut self, sql: &[u8], format: &str, parameters: &Parameters) -> Result<Output, Exception> {
        let arguments = Arguments::new(parameters);
        // SAFETY: all buffers live until the call returns.
        let result = unsafe {
            (self.library.query)(
                self.raw(),
                sql.as_ptr().cast(),
                sql.len(),
                format.as_ptr().cast(),
                format.len(),
                arguments.names.as_ptr(),
                arguments.name_lengths.as_ptr(),
                arguments.values.as_ptr(),
                arguments.value_lengths.as_ptr(),
                parameters.len(),
            )
        };
        Output::take(self.library, result)
    }

    /// Starts a SELECT whose rows are fetched piece by piece.
    pub fn stream(&mut self, sql: &[u8], format: &str, parameters: &Parameters) -> Result<Rows<'_>, Exception> {
        let arguments = Arguments::new(parameters);
        // SAFETY: all buffers live until the call returns.
        let result = unsafe {
            (self.library.stream_query)(
                self.raw(),
                sql.as_ptr().cast(),
                sql.len(),
                format.as_ptr().cast(),
                format.len(),
                arguments.names.as_ptr(),
                arguments.name_lengths.as_ptr(),
                arguments.values.as_ptr(),
                arguments.value_lengths.as_ptr(),
                parameters.len(),
            )
        };
        Ok(Rows::new(Output::take(self.library, result)?, self))
    }

    /// Starts an INSERT, given without its FORMAT clause; rows follow in `format`.
    pub fn insert(&mut self, sql: &[u8], format: &str, parameters: &Parameters) -> Result<Insert<'_>, Exception> {
        let arguments = Arguments::new(parameters);
        // SAFETY: all buffers live until the call returns.
        let handle = unsafe {
            (self.library.stream_insert)(
                self.raw(),
                sql.as_ptr().cast(),
                sql.len(),
                format.as_ptr().cast(),
                format.len(),
                arguments.names.as_ptr(),
                arguments.name_lengths.as_ptr(),
                arguments.values.as_ptr(),
                arguments.value_lengths.as_ptr(),
                parameters.len(),
            )
        };
        Insert::new(handle, self)
    }

    pub fn classify(&mut self, sql: &[u8]) -> Analysis {
        let mut analysis = RawAnalysis {
            struct_size: size_of::<RawAnalysis>() as u32,
            statement_count: 0,
            flags: 0,
            query_class: u32::MAX,
        };
        // SAFETY: the text and the analysis live until the call returns; no target database is named.
        unsafe {
            (self.library.classify)(self.raw(), sql.as_ptr().cast(), sql.len(), std::ptr::null(), 0, &mut analysis);
        }
        let class = match analysis.query_class {
            0 => Class::ReadOnly,
            1 | 2 => Class::Changing,
            3 => Class::Control,
            _ => Class::Unknown,
        };
        Analysis { statements: analysis.statement_count, class }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: the handle came from `connect` and is not used again.
        unsafe { (self.library.close)(self.handle) }
    }
}

/// Parameter names and values as the four parallel arrays that the engine reads.
struct Arguments {
    names: Vec<*const c_char>,
    name_lengths: Vec<usize>,
    values: Vec<*const c_char>,
    value_lengths: Vec<usize>,
}

impl Arguments {
    fn new(parameters: &Parameters) -> Arguments {
        Arguments {
            names: parameters.iter().map(|(name, _)| name.as_ptr().cast()).collect(),
            name_lengths: parameters.iter().map(|(name, _)| name.len()).collect(),
            values: parameters.iter().map(|(_, value)| value.as_ptr().cast()).collect(),
            value_lengths: parameters.iter().map(|(_, value)| value.len()).collect(),
        }
    }
}
