//! The data folder: can it be written, and how much is free.

use super::Probe;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Less than this is worth a word before it runs out.
const FREE_LOW_BYTES: u64 = 2 << 30;

/// A folder that is not there yet is tried through the nearest one above it that is.
pub fn data(folder: &Path) -> Probe {
    let start = Instant::now();
    let probe = Probe::new("data folder", folder.display().to_string());
    let Some(existing) = nearest_existing(folder) else {
        return probe.failed("no folder above it exists", "set service.data_dir");
    };
    let advice = "give this user the right to write there, or set service.data_dir";
    if !existing.is_dir() {
        return probe.failed(format!("{} is no folder", existing.display()), "set service.data_dir");
    }
    if let Err(error) = rustix::fs::access(&existing, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK) {
        return probe.failed(format!("{} cannot be written: {error}", existing.display()), advice);
    }
    let probe = probe.since(start);
    match rustix::fs::statvfs(&existing) {
        Ok(disk) => {
            let free_bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
            let message =
                format!("{} MiB free{}", free_bytes >> 20, if folder.exists() { "" } else { ", made at start" });
            if free_bytes < FREE_LOW_BYTES {
                return probe.warning(message, "make room: a full disk stops what comes in");
            }
            probe.found(message)
        }
        Err(error) => probe.failed(format!("its disk cannot be asked: {error}"), advice),
    }
}

fn nearest_existing(folder: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(folder).ok()?;
    absolute.ancestors().find(|above| above.exists()).map(Path::to_owned)
}
