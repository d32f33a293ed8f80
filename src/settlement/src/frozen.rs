//! A final period: the close record that the engine wrote and the lines that it speaks of, held against each other.
//!
//! Nothing is billed that was not found whole: count, checksum, total and currency must all agree.

use crate::intent::Slot;
use crate::line::{FinalLine, checksum};
use crate::moment::Moment;
use highwater_rating::time::EventTime;
use serde::{Deserialize, Serialize};

/// What the engine says of a period when it becomes final: a row of `highwater.close_records`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseRecord {
    pub organization_id: String,
    pub period_start: EventTime,
    pub period_end: EventTime,
    /// ISO 4217, in upper case.
    pub currency: String,
    /// 1 when the period is closed. Later ones have only corrections, of an organization without a next period.
    pub revision: u32,
    pub lines: u64,
    pub total_minor_units: i128,
    /// 32 hex digits.
    pub checksum: String,
    pub final_at: Moment,
}

impl CloseRecord {
    pub fn slot(&self) -> Slot {
        (self.organization_id.clone(), self.period_start, self.revision, self.currency.clone())
    }
}

/// A close record whose lines are all there, in order of `line_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrozenPeriod {
    record: CloseRecord,
    lines: Vec<FinalLine>,
}

/// What keeps a period from being billed, although it has a close record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDefinite {
    #[error("{expected} lines are due and {found} are there")]
    Count { expected: u64, found: u64 },
    #[error("the lines come to {found} minor units, the close record says {expected}")]
    Total { expected: i128, found: i128 },
    #[error("the lines' checksum is {found}, the close record says {expected}")]
    Checksum { expected: String, found: String },
    #[error("line {line_id} is in {found}, the close record in {expected}")]
    Currency { line_id: String, expected: String, found: String },
    #[error("line {line_id} is a {kind}, which this version does not know")]
    Kind { line_id: String, kind: String },
    #[error("line {0} is there twice")]
    Twice(String),
    #[error("the sum of the lines leaves the range")]
    OutOfRange,
}

impl FrozenPeriod {
    pub fn check(record: CloseRecord, mut lines: Vec<FinalLine>) -> Result<FrozenPeriod, NotDefinite> {
        lines.sort_by(|one, other| one.line_id.cmp(&other.line_id));
        if let Some(pair) = lines.windows(2).find(|pair| pair[0].line_id == pair[1].line_id) {
            return Err(NotDefinite::Twice(pair[0].line_id.clone()));
        }
        let found = lines.len() as u64;
        if found != record.lines {
            return Err(NotDefinite::Count { expected: record.lines, found });
        }
        if let Some(line) = lines.iter().find(|line| line.currency != record.currency) {
            let (line_id, found) = (line.line_id.clone(), line.currency.clone());
            return Err(NotDefinite::Currency { line_id, expected: record.currency, found });
        }
        let total = lines.iter().try_fold(0i128, |sum, line| sum.checked_add(line.amount_minor_units));
        let found = total.ok_or(NotDefinite::OutOfRange)?;
        if found != record.total_minor_units {
            return Err(NotDefinite::Total { expected: record.total_minor_units, found });
        }
        let found = format!("{:032x}", checksum(&lines));
        if found != record.checksum {
            return Err(NotDefinite::Checksum { expected: record.checksum, found });
        }
        Ok(FrozenPeriod { record, lines })
    }

    pub fn record(&self) -> &CloseRecord {
        &self.record
    }

    pub fn lines(&self) -> &[FinalLine] {
        &self.lines
    }
}
