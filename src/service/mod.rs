//! The service: opens the parts in order, joins them, and ends in order.
//!
//! ```text
//!  HTTP ─► embedded log ─┐
//!  Kafka ────────────────┴► feeder ─batches─► graph ─changes─► committer ─► manifest ─► ClickHouse
//!                             └───────── sealed epochs ──────────►┘                        └─► checkpoint
//! ```
//!
//! Two threads do the work: the feeder reads and seals, the committer releases. What is acknowledged is on disk before
//! either sees it, so both may die at any instruction.

mod checkpoints;
mod clickhouse_writer;
mod committer;
mod event_clock;
mod feeder;
mod held;
mod inquiry;
mod manifest;
mod outcome;
mod parts;
mod start;
mod status;
mod stop;
mod tables;
mod writer;

pub use inquiry::{EventIdentity, Inquirer, MeterBooks};
pub use manifest::{DataFolder, Manifest, ManifestError};
pub use start::{Service, ServiceError};
pub use status::{PartState, Phase, Snapshot, Status};
pub use stop::{Ended, Signals};
pub use writer::{Release, Writer};

use crate::config::Config;

/// Runs until a signal or a finished source ends it.
pub fn run(config: &Config) -> Result<Ended, ServiceError> {
    let signals = Signals::install()?;
    let service = Service::start(config, &signals)?;
    tracing::info!(http = %service.http_address, clickhouse = service.clickhouse_url, "running");
    service.until_end(&signals)
}
