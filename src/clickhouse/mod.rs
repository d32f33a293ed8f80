//! ClickHouse: what analysts read.
//!
//! Owns the schema, the client, the sink that writes each epoch's rows, and the engine that is used where no server is
//! configured. Does not own what the rows mean (`dataflows`) nor when they may be shown (`service`).

pub mod embedded;
mod error;
mod schema;
mod secret;
pub mod sink;
mod store;

pub use error::{Determinacy, StoreError};
pub use schema::{Databases, Difference, Drift, MigrateError, Migration, Step};
pub use secret::Secret;
pub use sink::{Delay, EpochWrite, Sink, TABLES, Written};
pub use store::{ClickHouseSettings, Store};
