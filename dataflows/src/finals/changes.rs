//! What becoming final gives out: frozen periods, corrections that are still to be billed, and what is known of lines
//! that were billed.

use crate::event::OrganizationKey;
use highwater_rating::finals::{Correction, FinalPeriod, Line, LineId};
use highwater_rating::rate::RateError;
use highwater_rating::time::{EventTime, Period};
use std::sync::Arc;

/// What an epoch changed about final periods. Order within the lists carries no meaning.
#[derive(Debug, Default)]
pub struct FinalChanges {
    /// The newest watermark that was passed, once there is one.
    pub watermark: Option<EventTime>,
    /// Closed in this epoch. To be made durable before anything of the epoch is shown.
    pub closed: Vec<Arc<FinalPeriod>>,
    /// Periods that should be final and have no amount, with the reason; `None` once they are held no longer.
    pub held: Vec<(OrganizationPeriod, Option<RateError>)>,
    /// What is to be billed on a period that is not final yet. State: `None` says that there is nothing any more.
    pub corrections: Vec<(CorrectionKey, Option<Arc<PendingCorrection>>)>,
    /// Lines of final periods whose state as known now has changed.
    pub known: Vec<KnownLine>,
}

impl FinalChanges {
    pub fn append(&mut self, mut newer: FinalChanges) {
        self.watermark = self.watermark.max(newer.watermark);
        self.closed.append(&mut newer.closed);
        self.held.append(&mut newer.held);
        self.corrections.append(&mut newer.corrections);
        self.known.append(&mut newer.known);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrganizationPeriod {
    pub organization: OrganizationKey,
    pub period_start: EventTime,
}

/// The line of a final period that is to be corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CorrectionKey {
    pub organization: OrganizationKey,
    pub period_start: EventTime,
    pub line: LineId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingCorrection {
    /// The period that will bill it, with the revision that it will have.
    pub period: Period,
    pub revision: u32,
    pub correction: Correction,
}

/// A line of a final period as it is known from this epoch on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownLine {
    pub organization: OrganizationKey,
    pub period_start: EventTime,
    pub line_id: LineId,
    /// `None` when the line is no longer there.
    pub line: Option<Line>,
}

/// What was made durable before this process: fed to the graph before its first watermark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    pub watermark: Option<EventTime>,
    /// In the order of their closing.
    pub closed: Vec<Arc<FinalPeriod>>,
    /// Periods that were held.
    pub held: Vec<OrganizationPeriod>,
}
