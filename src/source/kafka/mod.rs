//! Apache Kafka as a source, and as the place of dead letters and table rows.
//!
//! Partitions are assigned by us and offsets are ours: the broker's consumer group neither moves partitions nor
//! remembers positions, it only shows them. What librdkafka would settle silently stops the source by name instead:
//! an offset that retention removed (`gap[a,b)`), a topic that was made anew (`topic_recreated`), an events topic
//! that is compacted (`compacted_topic`). Partitions that are added while the source runs are read from their offset
//! 0. A broker that is down is waited for.
//!
//! Does not own what records mean, nor when progress is durable.

mod health;
mod lookout;
mod reader;
mod recall;
mod settings;
mod survey;
mod tables;
mod verdict;
mod writer;

pub(crate) use settings::Role;
pub use settings::{KafkaSettings, owned};
pub use writer::{DeadLetter, DeadLetters, RowWriter};

use self::health::Context;
use self::lookout::{Lookout, partition_name};
use self::reader::Reader;
use self::recall::KafkaRecall;
use self::survey::Survey;
use self::tables::Tables;
use self::verdict::{
    check_cleanup_policy, check_no_partition_is_gone, classify, first_position, is_out_of_range, judge,
};
use super::{PartitionName, PartitionPosition, Positions, Source, SourceError, Start, Stop, TableRecord};
use highwater_dataflows::feed::{Batch, Recall, Records};
use rdkafka::error::KafkaError;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub struct KafkaSource {
    reader: Reader,
    tables: Tables,
    lookout: Lookout,
    /// Asks where the lookout is too slow: when an offset turned out to be out of range.
    survey: Survey,
    recall: Arc<KafkaRecall>,
    context: Context,
    start: Start,
    positions: Positions,
    /// Read and not handed out.
    pending: VecDeque<Batch>,
    stopped: Option<Stop>,
}

impl KafkaSource {
    /// Looks at every topic before the first record is read. While the brokers cannot be reached this is
    /// [`SourceError::Temporary`]: try again.
    pub fn open(settings: &KafkaSettings, start: Start) -> Result<KafkaSource, SourceError> {
        settings.check()?;
        let context = Context::default();
        let survey = Survey::new(settings, context.clone())?;
        let mut positions = Positions::new();
        for topic in &settings.events {
            for partition in survey.existing(topic)? {
                let name = partition_name(topic, partition);
                let (number, position) = first_position(&survey, &start, &positions, name)?;
                positions.insert(number, position);
            }
        }
        check_no_partition_is_gone(&start, &positions)?;
        let topics: Vec<&str> = settings.events.iter().map(String::as_str).collect();
        for (topic, policy) in topics.iter().zip(survey.cleanup_policies(settings, &topics)?) {
            check_cleanup_policy(topic, policy.as_deref())?;
        }
        warn_of_tables_that_lose_rows(settings, &survey)?;
        let tables = Tables::open(settings, context.clone(), &survey)?;
        let mut reader = Reader::new(settings, context.clone())?;
        for (number, position) in &positions {
            reader.assign(&positions, *number).map_err(|error| unassignable(&position.name, &error))?;
        }
        let recall = Arc::new(KafkaRecall::new(settings.clone(), context.clone()));
        recall.learn(&positions);
        let second = Survey::new(settings, context.clone())?;
        let lookout = Lookout::start(settings, context.clone(), second, positions.clone())?;
        let (pending, stopped) = (VecDeque::new(), None);
        Ok(KafkaSource { reader, tables, lookout, survey, recall, context, start, positions, pending, stopped })
    }

    /// A broker that is down at the start is waited for, like one that goes down later.
    pub fn open_within(settings: &KafkaSettings, start: Start, patience: Duration) -> Result<KafkaSource, SourceError> {
        let until = Instant::now() + patience;
        loop {
            match KafkaSource::open(settings, start.clone()) {
                Err(SourceError::Temporary(outage)) if Instant::now() < until => {
                    tracing::warn!(%outage, "Kafka cannot be reached yet");
                    std::thread::sleep(Duration::from_secs(1));
                }
                other => return other,
            }
        }
    }

    /// Takes what the lookout found since the last time.
    fn follow_lookout(&mut self) -> Result<(), Stop> {
        let findings = self.lookout.exchange(&self.positions);
        if let Some(stop) = findings.stop {
            return Err(stop);
        }
        for (number, end) in findings.ends {
            if let Some(position) = self.positions.get_mut(&number) {
                position.high_watermark = Some(end.max(position.next_offset));
            }
        }
        for name in findings.new {
            if self.positions.values().any(|position| position.name == name) {
                continue;
            }
            let (number, _) = self.start.number(&name, &self.positions);
            tracing::info!(target: "highwater::kafka", partition = %name, "a new partition is read from offset 0");
            let position = PartitionPosition { name, first_offset: 0, next_offset: 0, high_watermark: None };
            self.positions.insert(number, position);
            let name = &self.positions[&number].name;
            self.reader.assign(&self.positions, number).map_err(|error| unassignable(name, &error))?;
            self.recall.learn(&self.positions);
        }
        Ok(())
    }

    fn fill(&mut self, wait: Duration) -> Result<(), Stop> {
        let (runs, ended) = self.reader.read(wait);
        for run in runs {
            self.context.health.answered();
            self.pending.push_back(Batch { partition: run.number, records: Records::Framed(run.records) });
        }
        match ended {
            Ok(()) | Err(KafkaError::PartitionEOF(_)) => Ok(()),
            Err(error) => self.settle(&error),
        }
    }

    /// What an error of the reader means. Most pass by themselves.
    fn settle(&self, error: &KafkaError) -> Result<(), Stop> {
        if is_out_of_range(error) {
            for position in self.positions.values() {
                let partition = position.name.partition as i32;
                if let Ok((low, high)) = self.survey.watermarks(&position.name.topic, partition) {
                    judge(&position.name, self.read_up_to(&position.name), low, high)?;
                }
            }
        }
        match classify("the event topics", error) {
            Some(stop) => Err(stop),
            None => Ok(()),
        }
    }

    /// The offset after the last record that was read of a partition, whether it was handed out or not.
    fn read_up_to(&self, name: &PartitionName) -> u64 {
        let last = |batch: &Batch| match &batch.records {
            Records::Framed(records) => records.last().map(|record| record.offset + 1),
            Records::Lines { .. } => None,
        };
        let (number, position) = self.positions.iter().find(|(_, at)| at.name == *name).expect("a name of positions");
        let pending = self.pending.iter().filter(|batch| batch.partition == *number).filter_map(last).last();
        pending.unwrap_or(position.next_offset)
    }

    fn hand_out(&mut self, batch: Batch) -> Result<Batch, Stop> {
        let position = self.positions.get_mut(&batch.partition).expect("assigned partitions have positions");
        if let Records::Framed(records) = &batch.records
            && let [first, .., last] | [first @ last] = records.as_slice()
        {
            if first.offset < position.next_offset {
                let (expected, end) = (position.next_offset, first.offset);
                return Err(Stop::TopicRecreated { partition: position.name.clone(), expected, end });
            }
            position.next_offset = last.offset + 1;
            position.high_watermark = position.high_watermark.max(Some(position.next_offset));
        }
        Ok(batch)
    }

    fn next_batch(&mut self, wait: Duration) -> Result<Option<Batch>, Stop> {
        if self.pending.is_empty() {
            self.follow_lookout()?;
            self.fill(wait)?;
        }
        match self.pending.pop_front() {
            Some(batch) => self.hand_out(batch).map(Some),
            None => Ok(None),
        }
    }
}

/// A table topic without compaction forgets rows after its retention, unless that is endless.
fn warn_of_tables_that_lose_rows(settings: &KafkaSettings, survey: &Survey) -> Result<(), SourceError> {
    let topics: Vec<&str> = settings.tables.iter().map(|(_, topic)| topic.as_str()).collect();
    if topics.is_empty() {
        return Ok(());
    }
    for (topic, policy) in topics.iter().zip(survey.cleanup_policies(settings, &topics)?) {
        if policy.is_some_and(|policy| !policy.contains("compact")) {
            tracing::warn!(target: "highwater::kafka", topic, "a table topic without cleanup.policy=compact loses rows");
        }
    }
    Ok(())
}

fn unassignable(name: &PartitionName, error: &KafkaError) -> Stop {
    Stop::Unreadable { what: name.to_string(), detail: error.to_string() }
}

impl Source for KafkaSource {
    fn poll(&mut self, wait: Duration) -> Result<Option<Batch>, SourceError> {
        if let Some(stop) = &self.stopped {
            return Err(stop.clone().into());
        }
        match self.next_batch(wait) {
            Ok(Some(batch)) => Ok(Some(batch)),
            Ok(None) => self.context.health.check().map(|()| None),
            Err(stop) => {
                self.stopped = Some(stop.clone());
                Err(stop.into())
            }
        }
    }

    fn positions(&self) -> &Positions {
        &self.positions
    }

    fn committed(&mut self, positions: &Positions) -> Result<(), SourceError> {
        if let Err(error) = self.reader.commit(positions) {
            tracing::warn!(target: "highwater::kafka", %error, "lag tools do not see the progress");
        }
        Ok(())
    }

    fn poll_tables(&mut self, wait: Duration) -> Result<Vec<TableRecord>, SourceError> {
        let records = self.tables.poll(wait)?;
        if records.is_empty() {
            self.context.health.check()?;
        }
        Ok(records)
    }

    fn tables_caught_up(&self) -> bool {
        self.tables.caught_up()
    }

    fn recall(&self) -> Arc<dyn Recall> {
        self.recall.clone()
    }
}
