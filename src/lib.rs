//! Highwater's service: everything that can fail. Sources, sinks, HTTP, settings and commands.

pub mod catalog;
pub mod cli;
pub mod clickhouse;
pub mod close;
pub mod config;
pub mod demo;
pub mod finals;
pub mod http;
pub mod replay;
pub mod service;
pub mod simulate;
pub mod source;
pub mod state;
