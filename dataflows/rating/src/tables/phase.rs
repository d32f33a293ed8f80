//! Stretches of a subscription in which it is not charged as usual: trials and pauses.
//!
//! Owns their shape. What they do to terms is in `terms`, to recurring prices in `recurring`.

use crate::number::Quantity;
use crate::time::EventTime;
use serde::Serialize;
use std::sync::Arc;

/// A trial or a pause of one subscription. Of several that cover an instant the one that began last holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Phase {
    pub effective_from: EventTime,
    /// A trial always ends; a pause lasts until further notice unless it says when it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_to: Option<EventTime>,
    #[serde(flatten)]
    pub kind: PhaseKind,
}

impl Phase {
    /// The meters that it names.
    pub fn meters(&self) -> impl Iterator<Item = &Arc<str>> {
        let limits = match &self.kind {
            PhaseKind::Trial { limits } => limits.as_slice(),
            PhaseKind::Pause { .. } => &[],
        };
        limits.iter().map(|limit| &limit.meter)
    }
}

/// In both, neither the base price nor any add-on is charged, and no commitment accrues.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum PhaseKind {
    /// Usage is free, and what is used does not count against the allowance of the time after it.
    Trial {
        /// Meters that are free only up to here; what lies above costs the plan's price.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        limits: Vec<TrialLimit>,
    },
    Pause {
        usage: PausedUsage,
    },
}

/// How much of one meter a trial gives away in each period.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TrialLimit {
    pub meter: Arc<str>,
    pub included: Quantity,
}

/// What becomes of usage during a pause. It is counted either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PausedUsage {
    /// Free, and apart: it does not count against the allowance of the time around it.
    Free,
    /// Charged as if there were no pause.
    Charged,
}
