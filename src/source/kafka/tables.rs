//! Table topics: read from their beginning at every start, then followed.
//!
//! Each partition has its own queue, because the end of a partition, by which catching up is known, is reported
//! without the name of its topic.

use super::health::Context;
use super::settings::{KafkaSettings, Role, creation_failed};
use super::survey::Survey;
use super::verdict::classify;
use crate::source::bounds::TABLE_BATCH_RECORDS;
use crate::source::{SourceError, Stop, TablePlace, TableRecord};
use bytes::Bytes;
use crossbeam_channel::Receiver;
use highwater_rating::tables::Table;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Message, Offset, TopicPartitionList};
use std::sync::Arc;
use std::time::Duration;

pub(super) struct Tables {
    /// Keeps the queues fed; what concerns no single partition is reported here.
    consumer: Arc<BaseConsumer<Context>>,
    partitions: Vec<TablePartition>,
    /// Gets a token when a queue is no longer empty.
    arrived: Receiver<()>,
}

struct TablePartition {
    table: Table,
    topic: Arc<str>,
    partition: u32,
    queue: PartitionQueue<Context>,
    /// The end of the partition when the source was opened.
    goal: u64,
    next_offset: u64,
    caught_up: bool,
}

impl Tables {
    pub fn open(settings: &KafkaSettings, context: Context, survey: &Survey) -> Result<Tables, SourceError> {
        let config = settings.client(Role::Reader);
        let consumer = BaseConsumer::from_config_and_context(&config, context).map_err(creation_failed)?;
        let consumer = Arc::new(consumer);
        let mut list = TopicPartitionList::new();
        let mut found = Vec::new();
        for (table, topic) in &settings.tables {
            for partition in survey.existing(topic)? {
                let (low, high) = survey.watermarks(topic, partition)?;
                list.add_partition_offset(topic, partition, Offset::Offset(low as i64)).map_err(unassignable)?;
                found.push((*table, Arc::<str>::from(topic.as_str()), partition, low, high));
            }
        }
        let (arrival, arrived) = crossbeam_channel::bounded(1);
        if !found.is_empty() {
            consumer.assign(&list).map_err(unassignable)?;
        }
        let mut partitions = Vec::with_capacity(found.len());
        for (table, topic, partition, low, high) in found {
            let mut queue = consumer.split_partition_queue(&topic, partition).ok_or_else(|| Stop::Unreadable {
                what: format!("{topic}[{partition}]"),
                detail: "the partition has no queue".into(),
            })?;
            let arrival = arrival.clone();
            // A full channel means that the token is there already.
            queue.set_nonempty_callback(move || {
                let _ = arrival.try_send(());
            });
            let partition = partition as u32;
            let caught_up = low >= high;
            partitions.push(TablePartition { table, topic, partition, queue, goal: high, next_offset: low, caught_up });
        }
        Ok(Tables { consumer, partitions, arrived })
    }

    pub fn caught_up(&self) -> bool {
        self.partitions.iter().all(|partition| partition.caught_up)
    }

    pub fn poll(&mut self, wait: Duration) -> Result<Vec<TableRecord>, SourceError> {
        let records = self.take()?;
        if !records.is_empty() || self.partitions.is_empty() {
            return Ok(records);
        }
        // Nothing, or a token of what was taken before: either way the queues are looked at once more.
        let _ = self.arrived.recv_timeout(wait);
        self.take()
    }

    fn take(&mut self) -> Result<Vec<TableRecord>, SourceError> {
        // Serves events of the client; records come by the queues. `Context` heard of errors already.
        let _ = self.consumer.poll(Duration::ZERO);
        let mut records = Vec::new();
        for partition in &mut self.partitions {
            while records.len() < TABLE_BATCH_RECORDS
                && let Some(polled) = partition.queue.poll(Duration::ZERO)
            {
                match polled {
                    Ok(message) => {
                        let offset = message.offset().max(0) as u64;
                        partition.next_offset = offset + 1;
                        partition.caught_up |= partition.next_offset >= partition.goal;
                        records.push(TableRecord {
                            table: partition.table,
                            key: message.key().map(Bytes::copy_from_slice),
                            bytes: message.payload().map(Bytes::copy_from_slice),
                            place: TablePlace {
                                topic: partition.topic.clone(),
                                partition: partition.partition,
                                offset,
                            },
                        });
                    }
                    // Behind the last record there may be transaction markers, which are no records.
                    Err(KafkaError::PartitionEOF(_)) => partition.caught_up = true,
                    Err(error) => return partition.failed(&error, records),
                }
            }
        }
        Ok(records)
    }
}

impl TablePartition {
    /// Offsets that are gone stop the tables: rows may be missing. Everything else passes, and librdkafka tries on.
    fn failed(&self, error: &KafkaError, records: Vec<TableRecord>) -> Result<Vec<TableRecord>, SourceError> {
        let what = format!("{}[{}]", self.topic, self.partition);
        match classify(&what, error) {
            Some(stop) => Err(stop.into()),
            None => Ok(records),
        }
    }
}

fn unassignable(error: KafkaError) -> SourceError {
    Stop::Unreadable { what: "the table topics".into(), detail: error.to_string() }.into()
}
