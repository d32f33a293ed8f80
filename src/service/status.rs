//! What the service knows about itself, for `/readyz`, `/metrics` and the person who watches.
//!
//! Written by the threads of the service, read by HTTP. Holds no customer's name.

use highwater_rating::time::EventTime;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Opening the parts: ClickHouse, sources, the engine.
    Starting,
    /// Reading again what an earlier run had shown, before anything new is shown.
    CatchingUp,
    Running,
    /// No new input; what was accepted is being written.
    Draining,
    Stopped,
}

/// One part that the service needs, and how it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PartState {
    Ok,
    /// Tried again and again; nothing is lost meanwhile.
    Delayed {
        reason: String,
    },
}

#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    pub phase: Phase,
    pub generation: u64,
    /// The newest epoch that was sealed.
    pub epoch_sealed: u64,
    /// The newest epoch whose rows are in ClickHouse.
    pub epoch_written: u64,
    pub events_received: u64,
    pub events_accepted: u64,
    pub event_time_max: Option<EventTime>,
    pub parts: BTreeMap<&'static str, PartState>,
}

pub struct Status {
    inner: Mutex<Snapshot>,
    /// When the oldest epoch that is sealed and not yet written was sealed.
    waiting_since: Mutex<Option<Instant>>,
}

impl Default for Status {
    fn default() -> Status {
        Status {
            inner: Mutex::new(Snapshot {
                phase: Phase::Starting,
                generation: 0,
                epoch_sealed: 0,
                epoch_written: 0,
                events_received: 0,
                events_accepted: 0,
                event_time_max: None,
                parts: BTreeMap::new(),
            }),
            waiting_since: Mutex::new(None),
        }
    }
}

impl Status {
    pub fn snapshot(&self) -> Snapshot {
        self.lock().clone()
    }

    pub fn update(&self, change: impl FnOnce(&mut Snapshot)) {
        let mut snapshot = self.lock();
        change(&mut snapshot);
        let waiting = snapshot.epoch_sealed > snapshot.epoch_written;
        drop(snapshot);
        let mut since = self.waiting_since.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match (waiting, *since) {
            (true, None) => *since = Some(Instant::now()),
            (false, Some(_)) => *since = None,
            _ => {}
        }
    }

    pub fn part(&self, name: &'static str, state: PartState) {
        let gauge = metrics::gauge!("highwater_part_up", "part" => name);
        gauge.set(if state == PartState::Ok { 1.0 } else { 0.0 });
        self.update(|snapshot| {
            snapshot.parts.insert(name, state);
        });
    }

    /// Seconds for which something sealed has been waiting to be written; 0 when nothing waits.
    pub fn freshness_seconds(&self) -> f64 {
        let since = self.waiting_since.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        since.map_or(0.0, |since| since.elapsed().as_secs_f64())
    }

    /// Why the service is not ready; empty when it is.
    pub fn not_ready(&self) -> Vec<String> {
        let snapshot = self.lock();
        let mut reasons = Vec::new();
        if snapshot.phase != Phase::Running {
            reasons.push(format!("phase is {}", name_of(snapshot.phase)));
        }
        for (part, state) in &snapshot.parts {
            if let PartState::Delayed { reason } = state {
                reasons.push(format!("{part}: {reason}"));
            }
        }
        reasons
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Snapshot> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn name_of(phase: Phase) -> &'static str {
    match phase {
        Phase::Starting => "starting",
        Phase::CatchingUp => "catching_up",
        Phase::Running => "running",
        Phase::Draining => "draining",
        Phase::Stopped => "stopped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_means_running_with_every_part_well() {
        let status = Status::default();
        assert_eq!(status.not_ready(), ["phase is starting"]);
        status.update(|snapshot| snapshot.phase = Phase::Running);
        status.part("clickhouse", PartState::Delayed { reason: "connection refused".into() });
        assert_eq!(status.not_ready(), ["clickhouse: connection refused"]);
        status.part("clickhouse", PartState::Ok);
        assert!(status.not_ready().is_empty());
    }
}
