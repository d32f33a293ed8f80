//! Final periods outside the graph: how far time has come, and what was closed as a durable fact.
//!
//! Owns the watermark's policy, the records in the data folder, and their way back from ClickHouse. Does not own when a
//! period is final or what is frozen of it (`highwater_dataflows::finals`).

mod read_back;
mod store;
mod watermark;

pub use read_back::ReadBackError;
pub use store::{ClosedPeriods, ClosedPeriodsError};
pub use watermark::{Partition, Watermark, watermark_of};

use crate::source::Positions;
use highwater_rating::finals::FinalPeriod;
use highwater_rating::time::EventTime;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A final period, and how far the partitions were read when it was frozen: events beyond are none of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedPeriod {
    pub period: Arc<FinalPeriod>,
    pub read_to: Vec<ReadTo>,
}

/// Everything of the partition below `next_offset` was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadTo {
    pub topic: String,
    pub partition: u32,
    pub next_offset: u64,
}

impl ReadTo {
    pub fn all(positions: &Positions) -> Vec<ReadTo> {
        let read_to = |position: &crate::source::PartitionPosition| ReadTo {
            topic: position.name.topic.clone(),
            partition: position.name.partition,
            next_offset: position.next_offset,
        };
        positions.values().map(read_to).collect()
    }
}

/// A period that should be final and has no amount.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HeldPeriod {
    pub organization_id: String,
    pub period_start: EventTime,
}

/// What was closed before, in the order of closing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    pub watermark: Option<EventTime>,
    pub periods: Vec<ClosedPeriod>,
    pub held: Vec<HeldPeriod>,
}

impl Closed {
    pub fn is_empty(&self) -> bool {
        self.watermark.is_none() && self.periods.is_empty() && self.held.is_empty()
    }
}
