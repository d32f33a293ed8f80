//! Reads one record of a topic again.

use super::health::Context;
use super::settings::{KafkaSettings, Role};
use super::verdict::is_out_of_range;
use crate::source::bounds::KAFKA_RECALL_TIMEOUT;
use crate::source::{PartitionName, Positions};
use bytes::Bytes;
use highwater_dataflows::feed::{Place, Recall, RecallError, Record};
use highwater_rating::time::EventTime;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Message, Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// One record at a time; callers wait for each other. Its client is made at the first question, as most processes
/// never ask one.
pub(super) struct KafkaRecall {
    settings: KafkaSettings,
    context: Context,
    names: RwLock<BTreeMap<u32, PartitionName>>,
    consumer: Mutex<Option<BaseConsumer<Context>>>,
}

impl KafkaRecall {
    pub fn new(settings: KafkaSettings, context: Context) -> KafkaRecall {
        KafkaRecall { settings, context, names: RwLock::default(), consumer: Mutex::default() }
    }

    pub fn learn(&self, positions: &Positions) {
        let names = positions.iter().map(|(number, position)| (*number, position.name.clone())).collect();
        *self.names.write().unwrap_or_else(PoisonError::into_inner) = names;
    }

    fn consumer(&self) -> Result<BaseConsumer<Context>, KafkaError> {
        let mut config = self.settings.client(Role::Reader);
        // One record is wanted, not the megabytes behind it.
        config.set("queued.min.messages", "1").set("fetch.message.max.bytes", "65536");
        BaseConsumer::from_config_and_context(&config, self.context.clone())
    }
}

impl Recall for KafkaRecall {
    fn recall(&self, place: Place) -> Result<Record, RecallError> {
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
        let name = names.get(&place.partition).cloned().ok_or(RecallError::Gone)?;
        drop(names);
        let mut consumer = self.consumer.lock().unwrap_or_else(PoisonError::into_inner);
        if consumer.is_none() {
            *consumer = Some(self.consumer().map_err(|error| unavailable(&error))?);
        }
        let consumer = consumer.as_ref().expect("made above");
        read_one(consumer, &name, place.offset)
    }
}

fn read_one(consumer: &BaseConsumer<Context>, name: &PartitionName, offset: u64) -> Result<Record, RecallError> {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&name.topic, name.partition as i32, Offset::Offset(offset as i64))
        .and_then(|()| consumer.assign(&list))
        .map_err(|error| unavailable(&error))?;
    let deadline = Instant::now() + KAFKA_RECALL_TIMEOUT;
    let found = loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match consumer.poll(left) {
            Some(Ok(message)) => {
                let received_at = message.timestamp().to_millis().map(|milliseconds| EventTime(milliseconds * 1_000));
                let bytes = message.payload().map(Bytes::copy_from_slice);
                let at = message.offset().max(0) as u64;
                break (at == offset).then_some(Record { offset, received_at, bytes }).ok_or(RecallError::Gone);
            }
            Some(Err(KafkaError::PartitionEOF(_))) => break Err(RecallError::Gone),
            Some(Err(error)) if is_out_of_range(&error) => break Err(RecallError::Gone),
            // Everything else librdkafka tries again by itself, until the deadline.
            Some(Err(error)) if left == Duration::ZERO => break Err(unavailable(&error)),
            Some(Err(_)) => {}
            None if left == Duration::ZERO => {
                break Err(unavailable(&KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut)));
            }
            None => {}
        }
    };
    consumer.unassign().map_err(|error| unavailable(&error))?;
    found
}

fn unavailable(error: &KafkaError) -> RecallError {
    RecallError::Unavailable(error.to_string())
}
