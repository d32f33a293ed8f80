//! Faults between the service and what it needs, each with the id of its row in the fault matrix (ARCHITECTURE.md).
//!
//! Every run harms for a while, heals, and must then show the oracle's rows.

mod clickhouse;
mod proxy;
