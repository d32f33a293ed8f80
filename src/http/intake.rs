//! The door: decides what it can, and keeps every record before it answers.
//!
//! What the door says of a record (`duplicate`, `conflicting`, `late`, `rejected`) is what it can know: of the records
//! it has seen lately, and of the record itself. Every record goes to the log all the same, and the graph gives the
//! outcome that counts.

use super::Problem;
use super::outcome::Recent;
use crate::catalog::rows_in_force;
use crate::service::MeterBooks;
use crate::source::log::{AppendError, EventLog, LogSource};
use crate::source::{SourceError, Start, TableWrite};
use axum::http::StatusCode;
use bytes::Bytes;
use highwater_dataflows::event::{DecodeSettings, Decoder, Event, Rejection};
use highwater_dataflows::names::Names;
use highwater_rating::catalog::{Refusal, settle_beginnings};
use highwater_rating::tables::{Row, RowChange};
use highwater_rating::time::EventTime;
use serde::Serialize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long reading all rows of the log may take.
const ROWS_PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum DoorResult {
    /// On disk; a crash cannot lose it.
    Acknowledged,
    /// Same identity, same content as one that was acknowledged. A success.
    Duplicate,
    /// Same identity, other content: the first one counts.
    Conflicting,
    /// Further behind than events are held for.
    Late,
    Rejected {
        code: String,
        path: String,
        hint: String,
    },
}

impl DoorResult {
    pub fn name(&self) -> &'static str {
        match self {
            DoorResult::Acknowledged => "acknowledged",
            DoorResult::Duplicate => "duplicate",
            DoorResult::Conflicting => "conflicting",
            DoorResult::Late => "late",
            DoorResult::Rejected { .. } => "rejected",
        }
    }
}

#[derive(Debug)]
pub enum IntakeError {
    Busy,
    /// Nothing was acknowledged.
    Storage(String),
    /// Rows that must not be published; none was.
    Refused(Vec<Refusal>),
}

impl From<AppendError> for IntakeError {
    fn from(error: AppendError) -> IntakeError {
        match error {
            AppendError::Busy => IntakeError::Busy,
            other => IntakeError::Storage(other.to_string()),
        }
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Problem {
        match error {
            IntakeError::Busy => {
                let message = "more is waiting for the disk than may; send again after the time in Retry-After";
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "busy", message).retry_after(1)
            }
            IntakeError::Storage(reason) => {
                let message = format!("nothing of this request was taken: {reason}");
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "storage_unavailable", message).retry_after(5)
            }
            IntakeError::Refused(refusals) => {
                let reasons: Vec<String> = refusals.iter().map(Refusal::to_string).collect();
                let message = format!("no row was taken: {}", reasons.join("; "));
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "refused_rows", message)
            }
        }
    }
}

pub struct IntakeSettings {
    pub decode: DecodeSettings,
    pub horizon_us: i64,
}

pub struct Intake {
    log: EventLog,
    names: Arc<Names>,
    meters: MeterBooks,
    settings: IntakeSettings,
    /// Decoders keep caches; they are lent to one request at a time.
    decoders: Mutex<Vec<Decoder>>,
    recent: Arc<Recent>,
}

impl Intake {
    pub fn new(
        log: EventLog,
        names: Arc<Names>,
        meters: MeterBooks,
        settings: IntakeSettings,
        recent: Arc<Recent>,
    ) -> Intake {
        Intake { log, names, meters, settings, decoders: Mutex::new(Vec::new()), recent }
    }

    /// One result a record, after all of them are on disk.
    pub async fn take_in(&self, records: Vec<Bytes>) -> Result<Vec<DoorResult>, IntakeError> {
        let received_at = EventTime(jiff::Timestamp::now().as_microsecond());
        let looked_at: Vec<Look> = self.look(&records, received_at);
        self.log.append(records, received_at)?.acknowledged().await?;
        // Only what is on disk is remembered: a refused request may be sent again.
        Ok(looked_at.into_iter().map(|look| self.settle(look)).collect())
    }

    /// The newest row of each key. Blocks.
    pub fn rows_in_force(&self) -> Result<Vec<Row>, IntakeError> {
        let storage = |error: SourceError| IntakeError::Storage(error.to_string());
        let mut source = LogSource::new(self.log.clone(), &Start::first()).map_err(storage)?;
        rows_in_force(&mut source, ROWS_PATIENCE).map_err(storage)
    }

    /// The changes as they may be published: meters beside others begin ahead. Blocks.
    pub fn settle_rows(&self, changes: Vec<RowChange>) -> Result<Vec<RowChange>, IntakeError> {
        let new_meters = changes.iter().any(|change| matches!(change, RowChange::Upsert(Row::Meters(_))));
        if !new_meters {
            return Ok(changes);
        }
        let now = EventTime(jiff::Timestamp::now().as_microsecond());
        let in_force = self.rows_in_force()?;
        let settle = |change| match change {
            RowChange::Upsert(row) => {
                let settled = settle_beginnings(&in_force, &[row], now).map_err(IntakeError::Refused)?;
                Ok(settled.into_iter().map(RowChange::Upsert).collect())
            }
            other => Ok(vec![other]),
        };
        let settled: Result<Vec<Vec<RowChange>>, IntakeError> = changes.into_iter().map(settle).collect();
        Ok(settled?.into_iter().flatten().collect())
    }

    /// Durable on return, all of them or none.
    pub async fn take_rows(&self, changes: Vec<RowChange>) -> Result<(), IntakeError> {
        let written_at = EventTime(jiff::Timestamp::now().as_microsecond());
        let rows = changes.iter().filter_map(TableWrite::new).collect();
        self.log.append_rows(rows, written_at)?.acknowledged().await?;
        Ok(())
    }

    fn look(&self, records: &[Bytes], received_at: EventTime) -> Vec<Look> {
        let lent = self.lock_decoders().pop();
        let mut decoder = lent.unwrap_or_else(|| Decoder::new(self.names.clone(), self.settings.decode.clone()));
        let meters = self.meters.current();
        let looks = records
            .iter()
            .map(|record| match decoder.check(record, Some(received_at), &meters) {
                Ok(event) => self.look_at(&event, received_at),
                Err(rejection) => Look::Rejected(rejection),
            })
            .collect();
        self.lock_decoders().push(decoder);
        looks
    }

    fn look_at(&self, event: &Event, received_at: EventTime) -> Look {
        if event.retract {
            return Look::Retract;
        }
        if event.event_time.0 < received_at.0.saturating_sub(self.settings.horizon_us) {
            return Look::Late;
        }
        Look::Event { identity: event.identity, content: event.content }
    }

    fn settle(&self, look: Look) -> DoorResult {
        match look {
            Look::Retract => DoorResult::Acknowledged,
            Look::Late => DoorResult::Late,
            Look::Rejected(rejection) => {
                DoorResult::Rejected { code: rejection.code, path: rejection.path, hint: rejection.hint }
            }
            Look::Event { identity, content } => match self.recent.remember(identity, content) {
                None => DoorResult::Acknowledged,
                Some(first) if first == content => DoorResult::Duplicate,
                Some(_) => DoorResult::Conflicting,
            },
        }
    }

    fn lock_decoders(&self) -> std::sync::MutexGuard<'_, Vec<Decoder>> {
        self.decoders.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What the door made of one record before it was kept.
enum Look {
    Event { identity: u128, content: u64 },
    Retract,
    Late,
    Rejected(Box<Rejection>),
}
