//! The program as a whole, run as customers run it: a process of its own, with the real ClickHouse engine inside it
//! and, where a test says so, a real Apache Kafka beside it. One file a promise.

#[path = "../support/kafka.rs"]
mod broker;
/// Its faults are drawn by `tests/close`.
#[path = "../close/double/mod.rs"]
#[allow(dead_code)]
mod double;

mod checkpoints;
mod client;
mod close;
mod credits;
mod demo;
mod door;
mod faults;
mod finals;
mod house;
mod kafka;
mod killed;
mod rows;
mod secrets;
mod stopping;
mod terms;
mod usage;
mod watch;
