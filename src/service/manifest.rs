//! The manifest: how far rows may be shown, under which generation.
//!
//! One small file in the data folder. It is replaced as a whole (write beside, sync, rename, sync the folder) and
//! carries a checksum, so that a crash leaves the old one or the new one. Owns the claim on the folder: while a
//! process holds it no other may write there. Does not own any usage: that is in checkpoints and in the sources.

use crate::source::Positions;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const FORMAT_VERSION: u32 = 1;
const FILE_NAME: &str = "manifest.json";
const LOCK_NAME: &str = "lock";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Grows by one at every start; the high bits of every row's version.
    pub generation: u64,
    /// Rows of events before these positions may be in ClickHouse. Durable before the first of them is sent.
    pub released: Positions,
    /// Rows of events before these positions are known to be in ClickHouse.
    pub written: Positions,
}

#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error(
        "the data folder {folder} is in use by another process; stop that one first, or choose another [service] data_dir"
    )]
    InUse { folder: PathBuf },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} is damaged ({reason}); move it away to go on from the newest checkpoint under a new generation")]
    Damaged { path: PathBuf, reason: String },
    #[error("{path} was written by a newer version (format {found}, this one reads up to {FORMAT_VERSION})")]
    Newer { path: PathBuf, found: u32 },
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    format_version: u32,
    /// xxh3-64 of the manifest's JSON text, in hex.
    checksum: String,
    manifest: String,
}

/// The claimed data folder. Dropping it gives the claim up.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Creates the folder if needed and claims it for this process.
    pub fn claim(path: &Path) -> Result<DataFolder, ManifestError> {
        let io = |at: PathBuf| move |source| ManifestError::Io { path: at, source };
        fs::create_dir_all(path).map_err(io(path.into()))?;
        let lock_path = path.join(LOCK_NAME);
        let lock =
            File::options().create(true).truncate(false).write(true).open(&lock_path).map_err(io(lock_path.clone()))?;
        match lock.try_lock() {
            Ok(()) => Ok(DataFolder { path: path.into(), _lock: lock }),
            Err(fs::TryLockError::WouldBlock) => Err(ManifestError::InUse { folder: path.into() }),
            Err(fs::TryLockError::Error(source)) => Err(ManifestError::Io { path: lock_path, source }),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The manifest as it was last written; the default one where there is none yet.
    pub fn read(&self) -> Result<Manifest, ManifestError> {
        let path = self.path.join(FILE_NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Manifest::default()),
            Err(source) => return Err(ManifestError::Io { path, source }),
        };
        let damaged = |reason: String| ManifestError::Damaged { path: path.clone(), reason };
        let envelope: Envelope = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        if envelope.format_version > FORMAT_VERSION {
            return Err(ManifestError::Newer { path, found: envelope.format_version });
        }
        if checksum(&envelope.manifest) != envelope.checksum {
            return Err(damaged("its checksum does not match".into()));
        }
        serde_json::from_str(&envelope.manifest).map_err(|error| damaged(error.to_string()))
    }

    /// Durable on return.
    pub fn write(&self, manifest: &Manifest) -> Result<(), ManifestError> {
        let path = self.path.join(FILE_NAME);
        let beside = self.path.join("manifest.json.new");
        let io = |source| ManifestError::Io { path: path.clone(), source };
        let manifest = serde_json::to_string(manifest).map_err(|error| io(error.into()))?;
        let envelope = Envelope { format_version: FORMAT_VERSION, checksum: checksum(&manifest), manifest };
        let text = serde_json::to_string_pretty(&envelope).map_err(|error| io(error.into()))?;
        let mut file = File::create(&beside).map_err(io)?;
        file.write_all(text.as_bytes()).map_err(io)?;
        file.sync_all().map_err(io)?;
        fs::rename(&beside, &path).map_err(io)?;
        // Without this the new name may be lost in a power cut, and the old manifest be back.
        File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(io)
    }
}

fn checksum(text: &str) -> String {
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{PartitionName, PartitionPosition};

    fn read_to(next_offset: u64) -> Positions {
        let name = PartitionName { source: "log".into(), topic: "events".into(), partition: 0 };
        Positions::from([(0, PartitionPosition { name, first_offset: 0, next_offset, high_watermark: None })])
    }

    #[test]
    fn what_was_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::claim(folder.path()).unwrap();
        assert_eq!(data.read().unwrap(), Manifest::default());
        let manifest = Manifest { generation: 7, released: read_to(12), written: read_to(9) };
        data.write(&manifest).unwrap();
        assert_eq!(data.read().unwrap(), manifest);
    }

    #[test]
    fn a_second_process_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let _first = DataFolder::claim(folder.path()).unwrap();
        assert!(matches!(DataFolder::claim(folder.path()), Err(ManifestError::InUse { .. })));
    }

    #[test]
    fn any_flipped_byte_or_cut_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::claim(folder.path()).unwrap();
        let manifest = Manifest { generation: 7, released: read_to(12), written: read_to(9) };
        data.write(&manifest).unwrap();
        let path = folder.path().join(FILE_NAME);
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            fs::write(&path, &whole[..at]).unwrap();
            assert!(data.read().is_err(), "cut at {at}");
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            fs::write(&path, &flipped).unwrap();
            if let Ok(read) = data.read() {
                assert_eq!(read, manifest, "flipped at {at}");
            }
        }
    }
}
