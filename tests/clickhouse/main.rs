//! ClickHouse, shown on the real engine: the HTTP front, the schema, the sink, and what is left after `kill -9`.

mod crash;
mod credits;
mod engine;
mod epochs;
mod front;
mod host;
mod proxy;
mod schema;
mod sink;
