//! The thread that keeps asking while the source reads: new partitions, ends, and whether our offsets still exist.
//!
//! Owns asking at intervals. Does not own what is done about an answer: the source takes the findings when it is
//! polled, so that partitions and positions change on one thread only.

use super::health::Context;
use super::settings::KafkaSettings;
use super::survey::{Survey, Topic};
use super::verdict::judge;
use crate::source::bounds::{KAFKA_MISSING_LOOKS, KAFKA_TOPICS_INTERVAL, KAFKA_WATERMARKS_INTERVAL};
use crate::source::{PartitionName, Positions, SourceError, Stop};
use crossbeam_channel::{RecvTimeoutError, Sender};
use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

#[derive(Default)]
pub(super) struct Findings {
    /// Partitions of event topics that had not been there.
    pub new: BTreeSet<PartitionName>,
    pub ends: BTreeMap<u32, u64>,
    pub stop: Option<Stop>,
}

struct Shared {
    findings: Findings,
    /// What the source reads and how far it has come.
    positions: Positions,
}

pub(super) struct Lookout {
    shared: Arc<Mutex<Shared>>,
    /// Dropped to end the thread, which is not waited for: it may be in the middle of a question.
    _quit: Sender<()>,
}

impl Lookout {
    pub fn start(
        settings: &KafkaSettings,
        context: Context,
        survey: Survey,
        positions: Positions,
    ) -> Result<Lookout, SourceError> {
        let shared = Arc::new(Mutex::new(Shared { positions, findings: Findings::default() }));
        let (quit, quitting) = crossbeam_channel::bounded(0);
        let mut watch = Watch {
            topics: settings.events.iter().map(|topic| (topic.clone(), 0)).collect(),
            survey,
            context,
            shared: shared.clone(),
        };
        let spawned = std::thread::Builder::new().name("kafka-lookout".into()).spawn(move || {
            let mut watermarks_asked = None::<Instant>;
            loop {
                watch.survey.serve();
                // An outage is put down in `Health`, where the source finds it.
                let _ = watch.look_at_topics();
                if watermarks_asked.is_none_or(|asked| asked.elapsed() >= KAFKA_WATERMARKS_INTERVAL) {
                    watermarks_asked = Some(Instant::now());
                    let _ = watch.look_at_watermarks();
                }
                if quitting.recv_timeout(KAFKA_TOPICS_INTERVAL) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        });
        spawned.map_err(|error| Stop::Unreadable { what: "Kafka".into(), detail: error.to_string() })?;
        Ok(Lookout { shared, _quit: quit })
    }

    /// What was found since the last time. Tells the lookout how far the source has come.
    pub fn exchange(&self, positions: &Positions) -> Findings {
        let mut shared = lock(&self.shared);
        shared.positions.clone_from(positions);
        take(&mut shared.findings)
    }
}

struct Watch {
    /// With how often in a row each was missing.
    topics: Vec<(String, u32)>,
    survey: Survey,
    context: Context,
    shared: Arc<Mutex<Shared>>,
}

impl Watch {
    fn look_at_topics(&mut self) -> Result<(), SourceError> {
        for (topic, missing) in &mut self.topics {
            match self.survey.topic(topic)? {
                Topic::Partitions(partitions) => {
                    *missing = 0;
                    let mut shared = lock(&self.shared);
                    let known = |name: &PartitionName| shared.positions.values().any(|position| position.name == *name);
                    let names = partitions.into_iter().map(|partition| partition_name(topic, partition));
                    let new: BTreeSet<_> = names.filter(|name| !known(name)).collect();
                    shared.findings.new.extend(new);
                }
                Topic::Missing => {
                    *missing += 1;
                    self.context.health.failed("the brokers", format!("topic `{topic}` is missing at the moment"));
                    if *missing >= KAFKA_MISSING_LOOKS {
                        let stop = Stop::UnknownTopic { topic: topic.clone(), nearest: None };
                        lock(&self.shared).findings.stop = Some(stop);
                    }
                }
            }
        }
        Ok(())
    }

    /// Positions are taken before the ends are asked for, as they only grow: an end before such a position is never
    /// one that was merely asked for too early.
    fn look_at_watermarks(&self) -> Result<(), SourceError> {
        let positions = lock(&self.shared).positions.clone();
        for (number, position) in positions {
            let partition = position.name.partition as i32;
            let (low, high) = self.survey.watermarks(&position.name.topic, partition)?;
            let mut shared = lock(&self.shared);
            shared.findings.ends.insert(number, high);
            let verdict = judge(&position.name, position.next_offset, low, high);
            let moved_on = shared.positions.get(&number).is_some_and(|now| now.next_offset != position.next_offset);
            match verdict {
                // What was fetched ahead may still be handed out; it is judged again next time.
                Err(Stop::Gap { .. }) if moved_on => {}
                Err(stop) => shared.findings.stop = Some(stop),
                Ok(()) => {}
            }
        }
        Ok(())
    }
}

pub(super) fn partition_name(topic: &str, partition: i32) -> PartitionName {
    PartitionName { source: "kafka".into(), topic: topic.into(), partition: partition.max(0) as u32 }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
