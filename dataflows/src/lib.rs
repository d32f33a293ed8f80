//! The graph: usage joined with terms, continuously.
//!
//! Raw records go in, with the place each stands at; rows that changed come out, once per epoch. Everything between
//! is a function of the order of the input alone.
//!
//! Does not know: Kafka, ClickHouse, HTTP, files, clocks. What it must fetch (the record behind a retract) it asks
//! of [`feed::Recall`], which the service implements.

pub mod changes;
mod collect;
mod count;
pub mod credit_burn;
mod decode;
pub mod engine;
pub mod event;
pub mod feed;
pub mod finals;
mod front;
mod graph;
pub mod meters;
pub mod names;
mod overage;
mod panic;
mod parcel;
mod recurring;
mod schedules;
pub mod shard;
pub mod snapshot;
mod time;
mod told;
pub mod trends;
mod waiting;

pub use front::{RefusedBecause, RefusedRow};
