//! What Highwater writes to Kafka: dead letters, and table rows when a catalog is applied.
//!
//! Both wait until every record is acknowledged by all replicas. The producer is idempotent, so that its own retries
//! neither double nor reorder; a call that failed as a whole may be repeated, and then doubles what had arrived.

use super::health::Context;
use super::settings::{KafkaSettings, Role, creation_failed};
use super::survey::Survey;
use crate::source::bounds::KAFKA_WRITE_RECORDS;
use crate::source::{Outage, PartitionName, SourceError, Stop, TableWrite};
use highwater_dataflows::event::Rejection;
use highwater_rating::tables::Table;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A record that was rejected, and where it came from.
#[derive(Clone, Copy, Debug)]
pub struct DeadLetter<'a> {
    pub rejection: &'a Rejection,
    /// The partition that `rejection.place` is in.
    pub origin: &'a PartitionName,
}

/// The dead-letter topic: raw bytes as value, the organization as key, and the headers that Kafka Connect writes, so
/// that tools which know those can show them.
pub struct DeadLetters {
    writer: Writer,
    topic: String,
}

impl DeadLetters {
    pub fn new(settings: &KafkaSettings, topic: &str) -> Result<DeadLetters, SourceError> {
        Ok(DeadLetters { writer: Writer::new(settings)?, topic: topic.into() })
    }

    /// Writes all `letters`, and returns when every one is durable.
    pub fn send(&self, letters: &[DeadLetter<'_>]) -> Result<(), SourceError> {
        self.writer.write(&self.topic, letters.len(), |number| {
            let DeadLetter { rejection, .. } = letters[number];
            let key = (!rejection.organization_id.is_empty()).then_some(rejection.organization_id.as_bytes());
            (key, Some(rejection.raw.as_slice()), Some(headers(&letters[number])))
        })
    }
}

fn headers(letter: &DeadLetter<'_>) -> OwnedHeaders {
    let DeadLetter { rejection, origin } = letter;
    let received_at = rejection.received_at.map(|at| at.to_string()).unwrap_or_default();
    [
        ("__connect.errors.topic", origin.topic.as_str()),
        ("__connect.errors.partition", &origin.partition.to_string()),
        ("__connect.errors.offset", &rejection.place.offset.to_string()),
        ("__connect.errors.connector.name", "highwater"),
        ("__connect.errors.task.id", "0"),
        ("__connect.errors.stage", "VALUE_CONVERTER"),
        ("__connect.errors.exception.class.name", &rejection.code),
        ("__connect.errors.exception.message", &rejection.hint),
        ("highwater.code", &rejection.code),
        ("highwater.path", &rejection.path),
        ("highwater.received_at", &received_at),
    ]
    .into_iter()
    .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}

/// The table topics, for `catalog apply`.
pub struct RowWriter {
    writer: Writer,
    tables: Vec<(Table, String)>,
}

impl RowWriter {
    pub fn new(settings: &KafkaSettings) -> Result<RowWriter, SourceError> {
        Ok(RowWriter { writer: Writer::new(settings)?, tables: settings.tables.clone() })
    }

    /// Writes `rows` in order, each to the topic of its table, and returns when every one is durable.
    pub fn publish(&self, rows: &[TableWrite]) -> Result<(), SourceError> {
        // One table after the other: there is no order between topics anyway.
        for (table, topic) in &self.tables {
            let rows: Vec<_> = rows.iter().filter(|row| row.key.table == *table).collect();
            self.writer.write(topic, rows.len(), |number| {
                (Some(rows[number].key.key.as_bytes()), rows[number].row.as_deref(), None)
            })?;
        }
        match rows.iter().find(|row| self.tables.iter().all(|(table, _)| *table != row.key.table)) {
            Some(row) => {
                let detail = format!("no topic is named for the table {:?}", row.key.table);
                Err(Stop::InvalidSettings { detail }.into())
            }
            None => Ok(()),
        }
    }
}

type Content<'a> = (Option<&'a [u8]>, Option<&'a [u8]>, Option<OwnedHeaders>);

struct Writer {
    settings: KafkaSettings,
    producer: BaseProducer<Context>,
    context: Context,
    /// Topics that were there when they were written to for the first time.
    existing: Mutex<BTreeSet<String>>,
}

impl Writer {
    fn new(settings: &KafkaSettings) -> Result<Writer, SourceError> {
        settings.check()?;
        let context = Context::default();
        let config = settings.client(Role::Writer);
        let producer = BaseProducer::from_config_and_context(&config, context.clone()).map_err(creation_failed)?;
        Ok(Writer { settings: settings.clone(), producer, context, existing: Mutex::default() })
    }

    fn write<'a>(&self, topic: &str, count: usize, content: impl Fn(usize) -> Content<'a>) -> Result<(), SourceError> {
        if count > 0 {
            self.check_topic(topic)?;
        }
        for begin in (0..count).step_by(KAFKA_WRITE_RECORDS) {
            let failures = Arc::new(Mutex::new(Vec::new()));
            for number in begin..count.min(begin + KAFKA_WRITE_RECORDS) {
                let (key, value, headers) = content(number);
                let mut record = BaseRecord::<[u8], [u8], _>::with_opaque_to(topic, failures.clone());
                record.key = key;
                record.payload = value;
                record.headers = headers;
                self.enqueue(topic, record)?;
            }
            // Each record ends within `message.timeout.ms`, delivered or not.
            while Arc::strong_count(&failures) > 1 {
                self.producer.poll(Duration::from_millis(100));
            }
            let failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(code) = failures.first() {
                return Err(self.failed(topic, *code, failures.len()));
            }
        }
        self.context.health.answered();
        Ok(())
    }

    /// A topic that is not there would be waited for until the records time out.
    fn check_topic(&self, topic: &str) -> Result<(), SourceError> {
        let mut existing = self.existing.lock().unwrap_or_else(PoisonError::into_inner);
        if !existing.contains(topic) {
            Survey::new(&self.settings, self.context.clone())?.existing(topic)?;
            existing.insert(topic.to_owned());
        }
        Ok(())
    }

    fn enqueue(
        &self,
        topic: &str,
        mut record: BaseRecord<'_, [u8], [u8], Arc<Mutex<Vec<RDKafkaErrorCode>>>>,
    ) -> Result<(), SourceError> {
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), refused)) => {
                    record = refused;
                    self.producer.poll(Duration::from_millis(100));
                }
                Err((error, _)) => {
                    let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
                    return Err(self.failed(topic, code, 1));
                }
            }
        }
    }

    fn failed(&self, topic: &str, code: RDKafkaErrorCode, records: usize) -> SourceError {
        if let Err(refused @ SourceError::Definite(_)) = self.context.health.check() {
            return refused;
        }
        match code {
            RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic => {
                Stop::UnknownTopic { topic: topic.into(), nearest: None }.into()
            }
            RDKafkaErrorCode::TopicAuthorizationFailed => {
                Stop::AccessDenied { what: topic.into(), detail: code.to_string() }.into()
            }
            code => {
                let detail = format!("{records} records were not delivered: {code}");
                SourceError::Temporary(Outage { what: format!("topic `{topic}`"), detail })
            }
        }
    }
}

impl Drop for Writer {
    /// Records of a call that gave up are let go.
    fn drop(&mut self) {
        self.producer.purge(rdkafka::producer::PurgeConfig::default().queue().inflight());
    }
}
