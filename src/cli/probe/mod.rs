//! Trying what the settings name, one dependency at a time: reachable, how fast, which version, and what to do.
//!
//! Changes nothing. Shared by `doctor`, which shows every row, and `check --connect`, which reports those that failed.

mod clickhouse;
mod folder;
mod http;
mod kafka;

use crate::config::{Config, SourceKind};
use serde::Serialize;
use std::time::{Duration, Instant};

/// How long one dependency may take to answer.
pub const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, Serialize)]
pub struct Probe {
    /// `clickhouse`, `kafka topic highwater.events.v1`.
    pub dependency: String,
    /// The address, file or folder that was tried.
    pub place: String,
    pub state: State,
    pub latency_ms: Option<u64>,
    pub version: Option<String>,
    /// What was found; empty where there is nothing to say.
    pub message: String,
    /// What to do, where something is to be done.
    pub advice: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Ok,
    /// Works, and something should be done all the same.
    Warning,
    Failed,
}

impl Probe {
    fn new(dependency: impl Into<String>, place: impl Into<String>) -> Probe {
        Probe {
            dependency: dependency.into(),
            place: place.into(),
            state: State::Ok,
            latency_ms: None,
            version: None,
            message: String::new(),
            advice: None,
        }
    }

    fn since(mut self, start: Instant) -> Probe {
        self.latency_ms = Some(u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX));
        self
    }

    fn found(mut self, message: impl Into<String>) -> Probe {
        self.message = message.into();
        self
    }

    fn warning(mut self, message: impl Into<String>, advice: impl Into<String>) -> Probe {
        self.state = State::Warning;
        self.advice = Some(advice.into());
        self.found(message)
    }

    fn failed(mut self, message: impl Into<String>, advice: impl Into<String>) -> Probe {
        self.state = State::Failed;
        self.advice = Some(advice.into());
        self.found(message)
    }
}

/// Everything that `run` would need with these settings.
pub async fn all(config: &Config) -> Vec<Probe> {
    let mut probes = vec![folder::data(&config.service.data_dir)];
    if config.source.kind == SourceKind::Kafka {
        probes.extend(kafka::cluster(&config.kafka).await);
    }
    probes.push(clickhouse::probe(config).await);
    probes.push(http::probe(config.service.listen_http).await);
    probes
}
