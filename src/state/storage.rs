//! Where the files of checkpoints lie: the four questions that a folder and an object store both answer.

use std::io;

/// Files are created whole and never changed. A name that is listed has all of its bytes.
pub trait Storage: Send {
    /// Every name, in no order.
    fn list(&self) -> Result<Vec<String>, StorageError>;

    /// `None` where there is no such file.
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError>;

    /// Durable on return; only where the name is free. The fence of two writers rests on it.
    fn create(&self, name: &str, bytes: &[u8]) -> Result<Created, StorageError>;

    /// Durable on return. A name that is not there is no error.
    fn remove(&self, names: &[String]) -> Result<(), StorageError>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Created {
    New,
    /// The name was taken, and nothing was changed.
    Exists,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Determinacy {
    /// It was not done.
    Definite,
    /// It may have been done.
    Indefinite,
}

#[derive(Debug, thiserror::Error)]
#[error("{name} could not be {operation}: {cause}")]
pub struct StorageError {
    pub name: String,
    /// A participle: `read`, `written`.
    pub operation: &'static str,
    pub determinacy: Determinacy,
    pub cause: io::Error,
}

impl StorageError {
    pub fn is_full(&self) -> bool {
        matches!(self.cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}
