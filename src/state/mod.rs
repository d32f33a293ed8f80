//! Checkpoints: what counting knew at the end of a sealed epoch, kept so that reading can go on behind it.
//!
//! ```text
//!  sections by kind and shard ─► segments ─► manifest (the commit: numbered, created only where its number is free)
//!                                               │
//!  the newest sound manifest ◄── verified ──────┘
//! ```
//!
//! The files are described in `schemas/state/FORMAT.md`. Owns their bytes, their commit, and the fence between two
//! writers. Does not own what a section says: its payload is bytes here.

mod error;
mod folder;
mod manifest;
mod prune;
mod read;
mod segment;
mod storage;
mod store;
mod survey;
#[cfg(test)]
mod tests;

pub use error::StateError;
pub use folder::{Disk, Files, Folder};
pub use manifest::{Cut, Manifest, SegmentRef};
pub use prune::{Kept, Removable, removable, remove};
pub use read::{Checkpoint, Found, find};
pub use storage::{Created, Determinacy, Storage, StorageError};
pub use store::Store;
pub use survey::{CheckpointSurvey, KindTotal, survey};

use std::path::{Path, PathBuf};

/// The format that is written, and the greatest that is read.
pub const FORMAT_VERSION: u32 = 1;
/// Manifests that are kept, each with its segments.
pub const KEPT_MANIFESTS: usize = 3;

/// Where the checkpoints of a data folder lie.
pub fn folder_in(data_dir: &Path) -> PathBuf {
    data_dir.join("state")
}
