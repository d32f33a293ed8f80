//! The C interface of `libchdb`, loaded while running so that the product builds and starts without it.
//!
//! Owns the symbols and nothing else; what they mean together is in `connection`. The signatures are those of
//! `chdb.h` of chDB 26.7.3 (npm `@chdb/lib-linux-x64-gnu@26.7.3-stable.1`), which ships without its header.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::{Path, PathBuf};

pub(super) type RawConnection = *mut c_void;
pub(super) type RawResult = *mut c_void;
pub(super) type RawInsert = *mut c_void;

/// `chdb_query_analysis_v1`: the engine fills as much as `struct_size` has room for.
#[repr(C)]
pub(super) struct RawAnalysis {
    pub struct_size: u32,
    pub statement_count: u32,
    pub flags: u32,
    pub query_class: u32,
}

/// `(connection, sql, sql length, format, format length, names, name lengths, values, value lengths, count)`.
type WithParameters<Answer> = unsafe extern "C" fn(
    RawConnection,
    *const c_char,
    usize,
    *const c_char,
    usize,
    *const *const c_char,
    *const usize,
    *const *const c_char,
    *const usize,
    usize,
) -> Answer;

pub(super) struct Library {
    pub connect: unsafe extern "C" fn(c_int, *const *const c_char) -> *mut RawConnection,
    pub close: unsafe extern "C" fn(*mut RawConnection),
    pub query: WithParameters<RawResult>,
    pub stream_query: WithParameters<RawResult>,
    pub stream_fetch: unsafe extern "C" fn(RawConnection, RawResult) -> RawResult,
    pub stream_cancel: unsafe extern "C" fn(RawConnection, RawResult),
    pub stream_insert: WithParameters<RawInsert>,
    pub insert_append: unsafe extern "C" fn(RawInsert, *const c_void, usize) -> c_int,
    pub insert_done: unsafe extern "C" fn(RawInsert) -> RawResult,
    pub insert_cancel: unsafe extern "C" fn(RawInsert),
    pub insert_error: unsafe extern "C" fn(RawInsert) -> *const c_char,
    pub insert_destroy: unsafe extern "C" fn(RawInsert),
    pub result_destroy: unsafe extern "C" fn(RawResult),
    pub result_buffer: unsafe extern "C" fn(RawResult) -> *const u8,
    pub result_length: unsafe extern "C" fn(RawResult) -> usize,
    pub result_rows_read: unsafe extern "C" fn(RawResult) -> u64,
    pub result_bytes_read: unsafe extern "C" fn(RawResult) -> u64,
    pub result_rows_written: unsafe extern "C" fn(RawResult) -> u64,
    pub result_bytes_written: unsafe extern "C" fn(RawResult) -> u64,
    pub result_error: unsafe extern "C" fn(RawResult) -> *const c_char,
    pub classify:
        unsafe extern "C" fn(RawConnection, *const c_char, usize, *const c_char, usize, *mut RawAnalysis) -> c_int,
    /// Keeps the symbols above valid.
    _library: libloading::Library,
}

#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    #[error("the ClickHouse engine is not installed: {path} does not exist. `make engine` installs it")]
    Missing { path: PathBuf },
    #[error("the ClickHouse engine in {path} cannot be loaded: {reason}. `make engine` installs the right one")]
    Unusable { path: PathBuf, reason: String },
}

impl Library {
    /// Loads the library for the rest of the process: unloading an engine that has threads is not safe.
    pub(super) fn load(path: &Path) -> Result<&'static Library, LibraryError> {
        if !path.exists() {
            return Err(LibraryError::Missing { path: path.to_owned() });
        }
        let unusable =
            |error: libloading::Error| LibraryError::Unusable { path: path.to_owned(), reason: error.to_string() };
        // SAFETY: loading runs the initialisers of the file that the configuration names as the engine.
        let library = unsafe { libloading::Library::new(path) }.map_err(unusable)?;
        // SAFETY: each symbol has the type that `chdb.h` declares for it.
        let loaded = unsafe {
            let disable_signal_handlers: unsafe extern "C" fn(c_int) =
                *library.get(b"chdb_set_signal_handlers_enabled\0").map_err(unusable)?;
            // The process handles its own signals: SIGTERM must drain, not reach the engine's handler.
            disable_signal_handlers(0);
            Library {
                connect: *library.get(b"chdb_connect\0").map_err(unusable)?,
                close: *library.get(b"chdb_close_conn\0").map_err(unusable)?,
                query: *library.get(b"chdb_query_with_params_n\0").map_err(unusable)?,
                stream_query: *library.get(b"chdb_stream_query_with_params_n\0").map_err(unusable)?,
                stream_fetch: *library.get(b"chdb_stream_fetch_result\0").map_err(unusable)?,
                stream_cancel: *library.get(b"chdb_stream_cancel_query\0").map_err(unusable)?,
                stream_insert: *library.get(b"chdb_stream_insert_with_params_n\0").map_err(unusable)?,
                insert_append: *library.get(b"chdb_stream_append\0").map_err(unusable)?,
                insert_done: *library.get(b"chdb_stream_done\0").map_err(unusable)?,
                insert_cancel: *library.get(b"chdb_stream_cancel_insert\0").map_err(unusable)?,
                insert_error: *library.get(b"chdb_stream_insert_error\0").map_err(unusable)?,
                insert_destroy: *library.get(b"chdb_destroy_insert_stream\0").map_err(unusable)?,
                result_destroy: *library.get(b"chdb_destroy_query_result\0").map_err(unusable)?,
                result_buffer: *library.get(b"chdb_result_buffer\0").map_err(unusable)?,
                result_length: *library.get(b"chdb_result_length\0").map_err(unusable)?,
                result_rows_read: *library.get(b"chdb_result_rows_read\0").map_err(unusable)?,
                result_bytes_read: *library.get(b"chdb_result_bytes_read\0").map_err(unusable)?,
                result_rows_written: *library.get(b"chdb_result_rows_written\0").map_err(unusable)?,
                result_bytes_written: *library.get(b"chdb_result_bytes_written\0").map_err(unusable)?,
                result_error: *library.get(b"chdb_result_error\0").map_err(unusable)?,
                classify: *library.get(b"chdb_classify_query_n\0").map_err(unusable)?,
                _library: library,
            }
        };
        Ok(Box::leak(Box::new(loaded)))
    }
}

/// Ends a process that exits with the engine open before the library's destructors run: the engine's threads still do
/// then, and the two race to a segmentation fault that would take the place of the exit code. What was acknowledged is
/// in files by then. Handlers run in the reverse order of registration, so that this one, registered once the engine is
/// open, precedes what the library registered until then; `Running::stop` is the way that leaves nothing to chance.
pub(super) fn exit_without_destructors() {
    unsafe extern "C" {
        // Both are glibc's, as is the library: its package is for `linux-x64-gnu` only.
        fn on_exit(handler: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
        fn _exit(status: c_int) -> !;
    }
    extern "C" fn leave(status: c_int, _: *mut c_void) {
        // SAFETY: ends the process, whatever state it is in.
        unsafe { _exit(status) }
    }
    static REGISTERED: std::sync::Once = std::sync::Once::new();
    // SAFETY: the handler is a function of this program, which is never unloaded.
    REGISTERED.call_once(|| unsafe {
        on_exit(leave, std::ptr::null_mut());
    });
}

/// A text that the engine owns; `None` where it has none.
///
/// # Safety
/// `text` is null or a NUL-terminated string that stays valid for the call.
pub(super) unsafe fn text_of(text: *const c_char) -> Option<String> {
    // SAFETY: the caller's promise.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
