//! Why the log cannot be opened, and why an append was not taken.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the log in {} is in use by another process", .0.display())]
    InUse(PathBuf),
    #[error("the log in {} cannot be opened: {detail}", directory.display())]
    Storage { directory: PathBuf, detail: String },
}

/// The records of a refused append were not acknowledged. After `Storage` they may or may not be there; sending them
/// again is safe, as an event that arrived twice counts once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    #[error("busy: too much is waiting to be written; try again in a moment")]
    Busy,
    #[error("too_large: a record of {bytes} bytes; at most {limit_bytes} are taken")]
    TooLarge { bytes: u64, limit_bytes: u64 },
    #[error("disk_full: {free_bytes} bytes are free where the log stands, and {reserve_bytes} are kept in reserve")]
    DiskFull { free_bytes: u64, reserve_bytes: u64 },
    #[error("storage: {0}")]
    Storage(String),
    #[error("closed: the log is shutting down")]
    Closed,
}

impl AppendError {
    /// The word for logs, metrics and HTTP answers.
    pub fn code(&self) -> &'static str {
        match self {
            AppendError::Busy => "busy",
            AppendError::TooLarge { .. } => "too_large",
            AppendError::DiskFull { .. } => "disk_full",
            AppendError::Storage(_) => "storage",
            AppendError::Closed => "closed",
        }
    }
}
