//! The table streams as a command reads and writes them: which rows are in force, and publishing more.
//!
//! With Kafka these are the table topics. With the embedded log it is the running service, which alone may open the
//! log, or the log itself where no service runs.

use crate::cli::block_on;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::send::Door;
use crate::config::{Config, SourceKind};
use crate::source::kafka::{KafkaSettings, KafkaSource, RowWriter};
use crate::source::log::{EventLog, LogSource, OpenError};
use crate::source::{Source, SourceError, Start, TableWrite};
use highwater_rating::tables::{Row, RowChange, RowKey, read_line};
use highwater_rating::time::EventTime;
use reqwest::Method;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long the streams may take to be read to their end.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(100);

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
            TableStreams::Kafka(settings) => read_to_end(&mut kafka(settings)?),
            TableStreams::Log(log) => {
                let mut source = LogSource::new(log.clone(), &Start::first()).map_err(unreadable)?;
                read_to_end(&mut source)
            }
            TableStreams::Service(door) => {
                let (status, text) = block_on(door.request(Method::GET, "/v1/rows", None))??;
                if !status.is_success() {
                    return Err(refused(status, &text));
                }
                let mut rows = InForce::default();
                for line in text.lines().filter(|line| !line.is_empty()) {
                    rows.take(read_line(line.as_bytes()), "the service's answer");
                }
                Ok(rows.into_rows())
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

/// Only its table topics are read; the source looks at the events' topics first, so that a wrong cluster is noticed.
fn kafka(settings: &KafkaSettings) -> Result<KafkaSource, CommandError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match KafkaSource::open(settings, Start::first()) {
            Err(SourceError::Temporary(_)) if Instant::now() < deadline => std::thread::sleep(LOOK),
            opened => return opened.map_err(unreadable),
        }
    }
}

fn writes(changes: &[RowChange]) -> Vec<TableWrite> {
    changes.iter().filter_map(TableWrite::new).collect()
}

fn read_to_end(source: &mut dyn Source) -> Result<Vec<Row>, CommandError> {
    let mut rows = InForce::default();
    let deadline = Instant::now() + PATIENCE;
    while !source.tables_caught_up() {
        match source.poll_tables(LOOK) {
            Ok(records) => {
                for record in records {
                    let change = record.change();
                    rows.take(change, &record.place.to_string());
                }
            }
            Err(SourceError::Temporary(_)) if Instant::now() < deadline => {}
            Err(error) => return Err(unreadable(error)),
        }
        if Instant::now() > deadline {
            return Err(CommandError::unavailable("the table streams could not be read to their end in time"));
        }
    }
    Ok(rows.into_rows())
}

/// The newest row of each key.
#[derive(Default)]
struct InForce(BTreeMap<RowKey, Row>);

impl InForce {
    /// A record that is no row changes nothing, here as in the service.
    fn take<E: std::fmt::Display>(&mut self, change: Result<RowChange, E>, place: &str) {
        match change {
            Ok(RowChange::Upsert(row)) => {
                self.0.insert(row.key(), row);
            }
            Ok(RowChange::Remove(key)) => {
                self.0.remove(&key);
            }
            Ok(RowChange::Nothing) => {}
            Err(mistake) => tracing::warn!(place, %mistake, "a table record is no row"),
        }
    }

    fn into_rows(self) -> Vec<Row> {
        self.0.into_values().collect()
    }
}

fn unreadable(error: SourceError) -> CommandError {
    CommandError::unavailable(error).help("highwater doctor")
}

fn refused(status: reqwest::StatusCode, text: &str) -> CommandError {
    let exit = if status.is_client_error() { Exit::Negative } else { Exit::Unavailable };
    CommandError::new(exit, format_args!("the service answers {status}: {}", text.trim()))
}
