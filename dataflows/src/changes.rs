//! What the graph hands back: for each epoch the rows that changed, whole.
//!
//! Rows are absolute. A value of `None` says that the key is no longer there. Within an epoch a key appears once.

use crate::credit_burn::changes::CreditChanges;
use crate::event::{ArchivedEvent, DimensionsKey, MeterIndex, OrganizationKey, Rejection};
use crate::feed::Place;
use crate::finals::changes::FinalChanges;
use crate::snapshot::Section;
use crate::trends::changes::TrendChanges;
use highwater_rating::finals::LineKind;
use highwater_rating::number::Quantity;
use highwater_rating::rate::{RateError, RatedPeriod};
use highwater_rating::recurring::RecurringLine;
use highwater_rating::time::EventTime;
use std::sync::Arc;

/// Counts the seals since the graph was started, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// Everything that epoch `epoch` changed, over all workers. Order within the lists carries no meaning.
#[derive(Debug, Default)]
pub struct EpochChanges {
    pub epoch: Epoch,
    pub usage: Vec<(WindowKey, Option<WindowValue>)>,
    pub periods: Vec<(PeriodKey, Option<PeriodValue>)>,
    /// Lines that no meter makes.
    pub recurring: Vec<(RecurringKey, Option<RecurringLine>)>,
    pub credits: CreditChanges,
    /// Accepted events, when the archive is on; a retract appears with `retracted` set.
    pub archive: Vec<AcceptedEvent>,
    /// Every record that did not end as `accepted`.
    pub outcomes: Vec<OutcomeRow>,
    /// Absolute counts that changed.
    pub outcome_counts: Vec<(OutcomeCountKey, u64)>,
    pub counts: EpochCounts,
    /// The greatest event time accepted so far, by the partition that it came from.
    pub event_times: Vec<(u32, EventTime)>,
    pub finals: FinalChanges,
    pub trends: TrendChanges,
    /// The state at the end of the epoch, as far as it changed since the last snapshot; where one was asked for.
    pub snapshot: Vec<Section>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WindowSize {
    Minute,
    Hour,
    Day,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowKey {
    pub size: WindowSize,
    pub organization: OrganizationKey,
    pub meter: MeterIndex,
    pub dimensions: DimensionsKey,
    pub start: EventTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowValue {
    Usage {
        events: u64,
        quantity: Quantity,
    },
    /// The quantity left the range that can be held exactly. Mended by retracting what is too large.
    Overflow {
        events: u64,
    },
}

/// A billing period of one (organization, meter).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeriodKey {
    pub organization: OrganizationKey,
    pub meter: MeterIndex,
    pub period_start: EventTime,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeriodValue {
    /// Shared with the graph, which must know what it gave out to take it back.
    Rated(Arc<RatedPeriod>),
    Error(RateError),
}

impl PeriodValue {
    /// How many lines it has.
    pub fn lines(&self) -> usize {
        match self {
            PeriodValue::Rated(period) => period.lines.len(),
            PeriodValue::Error(_) => 0,
        }
    }
}

/// A recurring line of one organization.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecurringKey {
    pub organization: OrganizationKey,
    pub period_start: EventTime,
    pub kind: LineKind,
    pub name: Arc<str>,
    pub start: EventTime,
}

#[derive(Clone, Debug, PartialEq)]
pub struct AcceptedEvent {
    pub event: Box<ArchivedEvent>,
    pub event_time: EventTime,
    pub received_at: Option<EventTime>,
    pub place: Place,
    /// Names of no meter at all make the event `unattributed`: kept, visible, charged to nothing.
    pub meters: Vec<MeterIndex>,
    pub retracted: bool,
    /// Where the record stands that took it out.
    pub retracted_by: Option<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    Accepted,
    Duplicate,
    Conflicting,
    Late,
    Rejected,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeRow {
    pub outcome: Outcome,
    /// Empty code, path and hint for duplicates.
    pub record: Box<Rejection>,
    /// Of a conflicting or duplicate event: where the first one stands.
    pub first_place: Option<Place>,
}

/// Day of receipt, or of the event where the source gives none (and 1970-01-01 where neither is known).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutcomeCountKey {
    /// Days since 1970-01-01 in UTC.
    pub day: i32,
    pub organization: OrganizationKey,
    pub outcome: Outcome,
    pub code: String,
}

/// What became of the epoch's own records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EpochCounts {
    pub received: u64,
    pub accepted: u64,
    pub duplicate: u64,
    pub conflicting: u64,
    pub late: u64,
    pub rejected: u64,
    /// Accepted, and matched no meter.
    pub unattributed: u64,
    /// The greatest event time that was accepted so far, in any epoch.
    pub event_time_max: Option<EventTime>,
}

impl EpochCounts {
    /// The counts of this epoch and of a newer one together.
    pub fn add(&mut self, newer: &EpochCounts) {
        self.received += newer.received;
        self.accepted += newer.accepted;
        self.duplicate += newer.duplicate;
        self.conflicting += newer.conflicting;
        self.late += newer.late;
        self.rejected += newer.rejected;
        self.unattributed += newer.unattributed;
        self.event_time_max = self.event_time_max.max(newer.event_time_max);
    }
}
