//! Checkpoints in a folder on disk.
//!
//! Owns the order of the system calls that make a file appear whole, durably and only where its name is free. The calls
//! themselves stand behind [`Files`], so that a test can end them at any place and forget what was not synced.

use super::storage::{Created, Determinacy, Storage, StorageError};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Ends the name of a file that is being written. After a crash it may stay; nobody reads it, and pruning removes it.
pub(super) const UNFINISHED: &str = ".new";

/// The system calls of one folder. Only what was synced survives a power cut: a file's bytes by `sync`, its name by
/// `sync_folder`.
pub trait Files: Send {
    fn list(&self) -> io::Result<Vec<String>>;
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;
    /// Begins the file anew.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()>;
    fn sync(&self, name: &str) -> io::Result<()>;
    /// Atomic; `AlreadyExists` where `to` is taken.
    fn rename_new(&self, from: &str, to: &str) -> io::Result<()>;
    fn remove(&self, name: &str) -> io::Result<()>;
    fn sync_folder(&self) -> io::Result<()>;
}

#[derive(Debug)]
pub struct Folder<F>(pub F);

impl<F: Files> Storage for Folder<F> {
    fn list(&self) -> Result<Vec<String>, StorageError> {
        self.0.list().map_err(definite("the folder", "listed"))
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
        match self.0.read(name) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(definite(name, "read")(error)),
        }
    }

    fn create(&self, name: &str, bytes: &[u8]) -> Result<Created, StorageError> {
        let beside = format!("{name}{UNFINISHED}");
        let written = self.0.write(&beside, bytes).and_then(|()| self.0.sync(&beside));
        if let Err(error) = written {
            // What could not be synced is not tried again: it may say yes and have lost the bytes.
            let _ = self.0.remove(&beside);
            return Err(definite(name, "written")(error));
        }
        match self.0.rename_new(&beside, name) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let _ = self.0.remove(&beside);
                return Ok(Created::Exists);
            }
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                let _ = self.0.remove(&beside);
                return Err(definite(name, "given its name")(error));
            }
            Err(error) => return Err(indefinite(name, "given its name")(error)),
        }
        // Without this the name may be lost in a power cut.
        self.0.sync_folder().map_err(indefinite(name, "made durable"))?;
        Ok(Created::New)
    }

    fn remove(&self, names: &[String]) -> Result<(), StorageError> {
        for name in names {
            match self.0.remove(name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(indefinite(name, "removed")(error));
                }
                _ => {}
            }
        }
        self.0.sync_folder().map_err(indefinite("the folder", "synced"))
    }
}

fn definite(name: &str, operation: &'static str) -> impl Fn(io::Error) -> StorageError {
    move |cause| StorageError { name: name.to_owned(), operation, determinacy: Determinacy::Definite, cause }
}

fn indefinite(name: &str, operation: &'static str) -> impl Fn(io::Error) -> StorageError {
    move |cause| StorageError { name: name.to_owned(), operation, determinacy: Determinacy::Indefinite, cause }
}

/// A real folder.
#[derive(Debug)]
pub struct Disk {
    path: PathBuf,
}

impl Disk {
    /// Makes the folder where it is not there yet.
    pub fn open(path: &Path) -> io::Result<Disk> {
        if !path.is_dir() {
            fs::create_dir_all(path)?;
            if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
                File::open(above)?.sync_all()?;
            }
        }
        Ok(Disk { path: path.to_owned() })
    }
}

impl Files for Disk {
    fn list(&self) -> io::Result<Vec<String>> {
        let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
        fs::read_dir(&self.path)?.map(name).collect()
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.path.join(name))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        fs::write(self.path.join(name), bytes)
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        File::open(self.path.join(name))?.sync_all()
    }

    fn rename_new(&self, from: &str, to: &str) -> io::Result<()> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        let (from, to) = (self.path.join(from), self.path.join(to));
        Ok(renameat_with(CWD, &from, CWD, &to, RenameFlags::NOREPLACE)?)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync_folder(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}
