//! The graph: usage joined with terms, continuously.
//!
//! Raw records go in, with the place each stands at; rows that changed come out, once per epoch. Everything between
//! is a function of the order of the input alone.
//!
//! Does not know: Kafka, ClickHouse, HTTP, files, clocks. What it must fetch (the record behind a retract) it asks
//! of [`feed::Recall`], which the service implements.

pub mod changes;
pub mod event;
pub mod feed;
pub mod meters;
pub mod names;
