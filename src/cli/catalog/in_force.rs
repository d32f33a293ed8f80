//! The table streams as a command reads and writes them: which rows are in force, and publishing more.
//!
//! With Kafka these are the table topics. With the embedded log it is the running service, which alone may open the
//! log, or the log itself where no service runs.

use crate::catalog::rows_in_force;
use crate::cli::block_on;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::send::Door;
use crate::config::{Config, SourceKind};
use crate::source::kafka::{KafkaSettings, KafkaSource, RowWriter};
use crate::source::log::{EventLog, LogSource, OpenError};
use crate::source::{SourceError, Start, TableWrite};
use highwater_rating::tables::{Row, RowChange};
use highwater_rating::time::EventTime;
use reqwest::Method;
use std::time::Duration;

/// How long the streams may take to be read to their end.
const PATIENCE: Duration = Duration::from_secs(20);

pub enum TableStreams {
    Kafka(KafkaSettings),
    Log(EventLog),
    Service(Door),
}

impl TableStreams {
    pub fn open(config: &Config) -> Result<TableStreams, CommandError> {
        if config.source.kind == SourceKind::Kafka {
            return Ok(TableStreams::Kafka(config.kafka.revealed().map_err(CommandError::configuration)?));
        }
        match EventLog::open(&config.service.data_dir.join("log")) {
            Ok(log) => Ok(TableStreams::Log(log)),
            Err(OpenError::InUse(_)) => Ok(TableStreams::Service(Door::open(config)?)),
            Err(error) => Err(CommandError::unavailable(error)),
        }
    }

    /// Ordered by table and key.
    pub fn rows(&mut self) -> Result<Vec<Row>, CommandError> {
        match self {
            TableStreams::Kafka(settings) => {
                let mut source = KafkaSource::open_within(settings, Start::first(), PATIENCE).map_err(unreadable)?;
                rows_in_force(&mut source, PATIENCE).map_err(unreadable)
            }
            TableStreams::Log(log) => {
                let mut source = LogSource::new(log.clone(), &Start::first()).map_err(unreadable)?;
                rows_in_force(&mut source, PATIENCE).map_err(unreadable)
            }
            TableStreams::Service(door) => {
                let (status, text) = block_on(door.request(Method::GET, "/v1/rows", None))??;
                if !status.is_success() {
                    return Err(refused(status, &text));
                }
                let lines = text.lines().filter(|line| !line.is_empty());
                lines.map(|line| serde_json::from_str(line).map_err(CommandError::internal)).collect()
            }
        }
    }

    /// Durable on return, in this order.
    pub fn publish(&mut self, changes: &[RowChange]) -> Result<(), CommandError> {
        match self {
            TableStreams::Kafka(settings) => {
                RowWriter::new(settings).and_then(|writer| writer.publish(&writes(changes))).map_err(unreadable)
            }
            TableStreams::Log(log) => {
                let now = EventTime(jiff::Timestamp::now().as_microsecond());
                let append = log.append_rows(writes(changes), now).map_err(CommandError::unavailable)?;
                append.wait().map_err(CommandError::unavailable)?;
                Ok(())
            }
            TableStreams::Service(door) => {
                let lines: Vec<String> = changes.iter().filter_map(RowChange::to_line).collect();
                let body = lines.join("\n").into_bytes();
                let (status, text) = block_on(door.request(Method::POST, "/v1/rows", Some(body)))??;
                if status.is_success() { Ok(()) } else { Err(refused(status, &text)) }
            }
        }
    }
}

fn writes(changes: &[RowChange]) -> Vec<TableWrite> {
    changes.iter().filter_map(TableWrite::new).collect()
}

fn unreadable(error: SourceError) -> CommandError {
    CommandError::unavailable(error).help("highwater doctor")
}

fn refused(status: reqwest::StatusCode, text: &str) -> CommandError {
    let exit = if status.is_client_error() { Exit::Negative } else { Exit::Unavailable };
    CommandError::new(exit, format_args!("the service answers {status}: {}", text.trim()))
}
