//! An engine with its source in memory: feeds lines and rows, seals, and keeps the rows as a sink would.

use highwater_dataflows::changes::{
    AcceptedEvent, Epoch, EpochCounts, Outcome, OutcomeCountKey, OutcomeRow, PeriodKey, PeriodValue, RecurringKey,
    WindowKey, WindowSize, WindowValue,
};
use highwater_dataflows::credit_burn::changes::{CreditChanges, CreditRows};
use highwater_dataflows::engine::{Engine, Settings};
use highwater_dataflows::feed::{Batch, Place, Recall, RecallError, Record, Records, TableChange};
use highwater_dataflows::finals::changes::{CorrectionKey, KnownLine, OrganizationPeriod, PendingCorrection};
use highwater_dataflows::snapshot::Section;
use highwater_dataflows::trends::changes::{AnomalyKey, AnomalyValue, BillForecast, BillKey, Trend, TrendKey};
use highwater_rating::finals::FinalPeriod;
use highwater_rating::rate::{RateError, RatedPeriod};
use highwater_rating::recurring::RecurringLine;
use highwater_rating::tables::Row;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long an epoch may take before a test gives up on it.
const DEADLINE: Duration = Duration::from_secs(60);

/// Records by place, as a source would keep them.
#[derive(Default)]
pub struct Shelf(Mutex<BTreeMap<Place, Record>>);

impl Shelf {
    pub fn forget(&self) {
        self.0.lock().unwrap().clear();
    }
}

impl Recall for Shelf {
    fn recall(&self, place: Place) -> Result<Record, RecallError> {
        self.0.lock().unwrap().get(&place).cloned().ok_or(RecallError::Gone)
    }
}

pub struct House {
    pub engine: Engine,
    pub shelf: Arc<Shelf>,
    pub usage: BTreeMap<WindowKey, WindowValue>,
    pub periods: BTreeMap<PeriodKey, PeriodValue>,
    pub recurring: BTreeMap<RecurringKey, RecurringLine>,
    /// The keys of periods that the last epoch changed.
    pub rerated: Vec<PeriodKey>,
    pub credits: CreditRows,
    /// What the last epoch changed of it.
    pub moved: CreditChanges,
    pub outcomes: Vec<OutcomeRow>,
    pub outcome_counts: BTreeMap<OutcomeCountKey, u64>,
    pub archive: BTreeMap<Place, AcceptedEvent>,
    pub counts: Vec<EpochCounts>,
    /// What was closed, in that order.
    pub closed: Vec<Arc<FinalPeriod>>,
    pub corrections: BTreeMap<CorrectionKey, Arc<PendingCorrection>>,
    pub held: BTreeMap<OrganizationPeriod, RateError>,
    pub known: Vec<KnownLine>,
    pub trends: BTreeMap<TrendKey, Arc<Trend>>,
    pub anomalies: BTreeMap<AnomalyKey, AnomalyValue>,
    pub bills: BTreeMap<BillKey, BillForecast>,
    /// The keys of trends that the last epoch changed.
    pub looked_at: Vec<TrendKey>,
    next_offset: u64,
}

pub fn rows(text: &str) -> Vec<TableChange> {
    let row = |line: &str| TableChange::Upsert(serde_json::from_str::<Row>(line).expect(line));
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(row).collect()
}

impl House {
    pub fn new(settings: Settings) -> House {
        let shelf = Arc::new(Shelf::default());
        House::of(Engine::start(settings, shelf.clone()), shelf)
    }

    pub fn of(engine: Engine, shelf: Arc<Shelf>) -> House {
        House {
            engine,
            shelf,
            usage: BTreeMap::new(),
            periods: BTreeMap::new(),
            recurring: BTreeMap::new(),
            rerated: Vec::new(),
            credits: CreditRows::default(),
            moved: CreditChanges::default(),
            outcomes: Vec::new(),
            outcome_counts: BTreeMap::new(),
            archive: BTreeMap::new(),
            counts: Vec::new(),
            closed: Vec::new(),
            corrections: BTreeMap::new(),
            held: BTreeMap::new(),
            known: Vec::new(),
            trends: BTreeMap::new(),
            anomalies: BTreeMap::new(),
            bills: BTreeMap::new(),
            looked_at: Vec::new(),
            next_offset: 0,
        }
    }

    pub fn rows(&mut self, text: &str) {
        assert_eq!(self.engine.rows(rows(text)), []);
    }

    /// Feeds lines as one batch of framed records, all received at the same time.
    pub fn lines_received(&mut self, received_at: Option<&str>, lines: &[String]) {
        let received_at = received_at.map(|text| serde_json::from_str(&format!("\"{text}\"")).unwrap());
        let mut records = Vec::new();
        for line in lines {
            let record = Record { offset: self.next_offset, received_at, bytes: Some(line.clone().into()) };
            let place = Place { partition: 0, offset: self.next_offset };
            self.shelf.0.lock().unwrap().insert(place, record.clone());
            records.push(record);
            self.next_offset += 1;
        }
        self.engine.records(Batch { partition: 0, records: Records::Framed(records) });
    }

    pub fn lines(&mut self, lines: &[String]) {
        self.lines_received(None, lines);
    }

    /// Seals and takes the epoch's changes in.
    pub fn seal(&mut self) {
        let epoch = self.engine.seal();
        self.take_in(epoch);
    }

    /// The same, with the state at the epoch's end.
    pub fn seal_with_snapshot(&mut self) -> Vec<Section> {
        let epoch = self.engine.seal_with_snapshot();
        self.take_in(epoch)
    }

    fn take_in(&mut self, epoch: Epoch) -> Vec<Section> {
        let changes = self.engine.changes().recv_timeout(DEADLINE).expect("an epoch's changes");
        assert_eq!(changes.epoch, epoch);
        for (key, value) in changes.usage {
            match value {
                Some(value) => drop(self.usage.insert(key, value)),
                None => assert!(self.usage.remove(&key).is_some(), "a tombstone for what was never there: {key:?}"),
            }
        }
        self.rerated = changes.periods.iter().map(|(key, _)| *key).collect();
        for (key, value) in changes.periods {
            match value {
                Some(value) => drop(self.periods.insert(key, value)),
                None => assert!(self.periods.remove(&key).is_some(), "a tombstone for what was never there: {key:?}"),
            }
        }
        let credits = &mut self.credits;
        apply(&mut credits.entries, &changes.credits.entries);
        apply(&mut credits.balances, &changes.credits.balances);
        apply(&mut credits.requests, &changes.credits.requests);
        apply(&mut credits.lines, &changes.credits.lines);
        self.moved = changes.credits;
        for (key, line) in changes.recurring {
            match line {
                Some(line) => drop(self.recurring.insert(key, line)),
                None => assert!(self.recurring.remove(&key).is_some(), "a tombstone for what was never there: {key:?}"),
            }
        }
        self.outcomes.extend(changes.outcomes);
        self.outcome_counts.extend(changes.outcome_counts);
        self.archive.extend(changes.archive.into_iter().map(|accepted| (accepted.place, accepted)));
        self.counts.push(changes.counts);
        let mut closed = changes.finals.closed;
        closed.sort_by_key(|it| (it.period.start, it.revision, it.organization_id.clone()));
        self.closed.extend(closed);
        for (key, value) in changes.finals.corrections {
            match value {
                Some(value) => drop(self.corrections.insert(key, value)),
                None => assert!(self.corrections.remove(&key).is_some(), "nothing was pending: {key:?}"),
            }
        }
        for (key, reason) in changes.finals.held {
            match reason {
                Some(reason) => drop(self.held.insert(key, reason)),
                None => assert!(self.held.remove(&key).is_some(), "it was not held: {key:?}"),
            }
        }
        self.known.extend(changes.finals.known);
        self.looked_at = changes.trends.trends.iter().map(|(key, _)| *key).collect();
        for (key, trend) in changes.trends.trends {
            match trend {
                Some(trend) => drop(self.trends.insert(key, trend)),
                None => assert!(self.trends.remove(&key).is_some(), "a tombstone for what was never there: {key:?}"),
            }
        }
        for (key, bill) in changes.trends.bills {
            match bill {
                Some(bill) => drop(self.bills.insert(key, bill)),
                None => assert!(self.bills.remove(&key).is_some(), "a tombstone for what was never there: {key:?}"),
            }
        }
        for (key, anomaly) in changes.trends.anomalies {
            match anomaly {
                Some(anomaly) => drop(self.anomalies.insert(key, anomaly)),
                None => assert!(self.anomalies.remove(&key).is_some(), "a tombstone for what was never there: {key:?}"),
            }
        }
        changes.snapshot
    }

    /// Passes the watermark and seals.
    pub fn reach(&mut self, watermark: &str) {
        self.engine.watermark(serde_json::from_str(&format!("\"{watermark}\"")).unwrap());
        self.seal();
    }

    pub fn feed(&mut self, lines: &[String]) {
        self.lines(lines);
        self.seal();
    }

    /// Windows of a meter, as `start quantity` in order of time.
    pub fn windows(&self, size: WindowSize, meter: &str) -> Vec<String> {
        let meter = self.engine.meters().index_of(meter).unwrap();
        let of = self.usage.iter().filter(|(key, _)| key.size == size && key.meter == meter);
        of.map(|(key, value)| match value {
            WindowValue::Usage { quantity, .. } => format!("{} {quantity}", key.start),
            WindowValue::Overflow { .. } => format!("{} overflow", key.start),
        })
        .collect()
    }

    /// The rated periods of a meter in order of time.
    pub fn rated(&self, meter: &str) -> Vec<&RatedPeriod> {
        let meter = self.engine.meters().index_of(meter).unwrap();
        let of = self.periods.iter().filter(|(key, _)| key.meter == meter);
        of.map(|(_, value)| match value {
            PeriodValue::Rated(rated) => &**rated,
            PeriodValue::Error(error) => panic!("{error}"),
        })
        .collect()
    }

    pub fn outcomes_as_text(&self) -> Vec<String> {
        let text = |row: &OutcomeRow| format!("{:?} {} {}", row.outcome, row.record.code, row.record.id);
        self.outcomes.iter().map(text).collect()
    }

    /// Received is the sum of what became of it, epoch by epoch, and the absolute counts add up to the same.
    pub fn check_conservation(&self) {
        for counts in &self.counts {
            let sum = counts.accepted + counts.duplicate + counts.conflicting + counts.late + counts.rejected;
            assert_eq!(counts.received, sum);
        }
        for outcome in [Outcome::Accepted, Outcome::Duplicate, Outcome::Conflicting, Outcome::Late, Outcome::Rejected] {
            let absolute = self.outcome_counts.iter().filter(|(key, _)| key.outcome == outcome);
            let absolute: u64 = absolute.map(|(_, count)| count).sum();
            let summed: u64 = self.counts.iter().map(|counts| of_outcome(counts, outcome)).sum();
            assert_eq!(absolute, summed, "{outcome:?}");
        }
    }
}

fn apply<K: Ord + Clone, V: Clone>(rows: &mut BTreeMap<K, V>, changes: &[(K, Option<V>)]) {
    for (key, value) in changes {
        match value {
            Some(value) => drop(rows.insert(key.clone(), value.clone())),
            None => assert!(rows.remove(key).is_some(), "a tombstone for what was never there"),
        }
    }
}

fn of_outcome(counts: &EpochCounts, outcome: Outcome) -> u64 {
    match outcome {
        Outcome::Accepted => counts.accepted,
        Outcome::Duplicate => counts.duplicate,
        Outcome::Conflicting => counts.conflicting,
        Outcome::Late => counts.late,
        Outcome::Rejected => counts.rejected,
    }
}

/// An event of `org_1` as JSON.
pub fn event(id: &str, feature: &str, timestamp: &str, quantity: &str) -> String {
    format!(
        r#"{{"id":"{id}","organizationId":"org_1","feature":"{feature}","timestamp":"{timestamp}","quantity":"{quantity}"}}"#
    )
}

pub fn retract(id: &str) -> String {
    format!(r#"{{"id":"{id}","organizationId":"org_1","retract":true}}"#)
}
