//! Why a checkpoint could not be written or read.

use super::FORMAT_VERSION;
use super::storage::{Determinacy, StorageError};
use std::io;
use std::path::Path;

#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("{file} is damaged: {reason}")]
    Torn { file: String, reason: String },
    #[error("{file} is missing, and {listed_by} lists it")]
    Missing { file: String, listed_by: String },
    #[error("{file} was written by a newer version (format {found}, this one reads up to {FORMAT_VERSION})")]
    WrongVersion { file: String, found: u32 },
    #[error("another instance has taken over under generation {newer}; this one has {own} and must not write")]
    Fenced { own: u64, newer: u64 },
    /// The write was acknowledged, and what is read back is something else.
    #[error("{file} reads back otherwise than it was written: {reason}")]
    Unverified { file: String, reason: String },
    #[error("no room for {file}")]
    Full { file: String },
    #[error(transparent)]
    Storage(StorageError),
}

impl From<StorageError> for StateError {
    fn from(error: StorageError) -> StateError {
        match error.is_full() && error.determinacy == Determinacy::Definite {
            true => StateError::Full { file: error.name },
            false => StateError::Storage(error),
        }
    }
}

impl StateError {
    /// A folder that cannot be opened.
    pub fn unusable(folder: &Path, cause: io::Error) -> StateError {
        let name = folder.display().to_string();
        StateError::Storage(StorageError { name, operation: "opened", determinacy: Determinacy::Definite, cause })
    }

    pub(super) fn torn(file: &str, reason: impl ToString) -> StateError {
        StateError::Torn { file: file.to_owned(), reason: reason.to_string() }
    }

    /// After a definite error a commit has not happened and will not; after any other it may be there.
    pub fn is_definite(&self) -> bool {
        match self {
            StateError::Storage(error) => error.determinacy == Determinacy::Definite,
            StateError::Unverified { .. } => false,
            _ => true,
        }
    }
}
