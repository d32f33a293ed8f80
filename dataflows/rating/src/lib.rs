//! What the numbers mean.
//!
//! Quantities, money, civil periods, table rows, terms in force and charge models: everything that decides an
//! amount, and nothing else. No clock, no randomness, no I/O, no floating point. The dataflow, `replay`, and every
//! later caller price through [`rate::rate`]; there is no second pricing function.
//!
//! Does not know: timely, Kafka, ClickHouse, HTTP, files, threads.

pub mod catalog;
pub mod charge;
pub mod credits;
pub mod finals;
pub mod number;
pub mod quote;
pub mod rate;
pub mod recurring;
pub mod tables;
pub mod terms;
pub mod time;
