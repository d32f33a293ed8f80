//! Several epochs as one: what is shown after a catch-up, or after ClickHouse kept us waiting.
//!
//! Rows are absolute, so the newest value of a key is the value; accepted events and outcomes add up.

use highwater_dataflows::changes::{
    AcceptedEvent, Epoch, EpochChanges, EpochCounts, OutcomeCountKey, OutcomeRow, PeriodKey, PeriodValue, RecurringKey,
    WindowKey, WindowValue,
};
use highwater_dataflows::credit_burn::changes::{CreditChanges, CreditLineKey, EntryKey, GrantKey, RequestKey};
use highwater_dataflows::event::OrganizationKey;
use highwater_dataflows::feed::Place;
use highwater_dataflows::finals::changes::{
    CorrectionKey, FinalChanges, KnownLine, OrganizationPeriod, PendingCorrection,
};
use highwater_dataflows::trends::changes::{
    AnomalyKey, AnomalyValue, BillForecast, BillKey, Trend, TrendChanges, TrendKey,
};
use highwater_rating::credits::{Balance, CreditLine, Entry, RechargeRequest};
use highwater_rating::finals::{FinalPeriod, LineId};
use highwater_rating::rate::RateError;
use highwater_rating::recurring::RecurringLine;
use highwater_rating::time::EventTime;
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Default)]
pub struct Held {
    epoch: Epoch,
    usage: HashMap<WindowKey, Option<WindowValue>>,
    periods: HashMap<PeriodKey, Option<PeriodValue>>,
    recurring: HashMap<RecurringKey, Option<RecurringLine>>,
    credits: HeldCredits,
    outcome_counts: HashMap<OutcomeCountKey, u64>,
    archive: Vec<AcceptedEvent>,
    outcomes: Vec<OutcomeRow>,
    counts: EpochCounts,
    finals: HeldFinals,
    trends: HashMap<TrendKey, Option<Arc<Trend>>>,
    anomalies: HashMap<AnomalyKey, Option<AnomalyValue>>,
    bills: HashMap<BillKey, Option<BillForecast>>,
}

#[derive(Default)]
struct HeldCredits {
    entries: HashMap<EntryKey, Option<Entry>>,
    balances: HashMap<GrantKey, Option<Result<Balance, RateError>>>,
    requests: HashMap<RequestKey, Option<RechargeRequest>>,
    lines: HashMap<CreditLineKey, Option<CreditLine>>,
}

/// What was closed adds up; the rest is state.
#[derive(Default)]
struct HeldFinals {
    watermark: Option<EventTime>,
    closed: Vec<Arc<FinalPeriod>>,
    held: HashMap<OrganizationPeriod, Option<RateError>>,
    corrections: HashMap<CorrectionKey, Option<Arc<PendingCorrection>>>,
    known: HashMap<(OrganizationKey, EventTime, LineId), KnownLine>,
}

impl Held {
    /// `changes` is newer than all that was absorbed before. Events and outcomes at places for which `already_written`
    /// holds are left out: their rows never change, and are in ClickHouse.
    pub fn absorb(&mut self, changes: EpochChanges, already_written: impl Fn(Place) -> bool) {
        self.epoch = changes.epoch;
        self.usage.extend(changes.usage);
        self.periods.extend(changes.periods);
        self.recurring.extend(changes.recurring);
        self.credits.absorb(changes.credits);
        self.outcome_counts.extend(changes.outcome_counts);
        // A retract changes the archived row of an event that may stand before the mark, so it is always sent.
        self.archive
            .extend(changes.archive.into_iter().filter(|event| event.retracted || !already_written(event.place)));
        self.outcomes.extend(changes.outcomes.into_iter().filter(|outcome| !already_written(outcome.record.place)));
        self.counts.add(&changes.counts);
        self.finals.absorb(changes.finals);
        self.trends.extend(changes.trends.trends);
        self.anomalies.extend(changes.trends.anomalies);
        self.bills.extend(changes.trends.bills);
    }

    /// How many rows are held: what bounds a merge.
    pub fn rows(&self) -> usize {
        let of_periods = self.periods.len() + self.recurring.len() + self.credits.rows() + self.finals.rows();
        let of_trends = self.trends.len() + self.anomalies.len() + self.bills.len();
        self.usage.len() + of_periods + of_trends + self.archive.len() + self.outcomes.len()
    }

    pub fn take(&mut self) -> EpochChanges {
        let held = std::mem::take(self);
        EpochChanges {
            epoch: held.epoch,
            usage: held.usage.into_iter().collect(),
            periods: held.periods.into_iter().collect(),
            recurring: held.recurring.into_iter().collect(),
            credits: held.credits.take(),
            archive: held.archive,
            outcomes: held.outcomes,
            outcome_counts: held.outcome_counts.into_iter().collect(),
            counts: held.counts,
            finals: held.finals.take(),
            trends: TrendChanges {
                trends: held.trends.into_iter().collect(),
                anomalies: held.anomalies.into_iter().collect(),
                bills: held.bills.into_iter().collect(),
            },
            ..EpochChanges::default()
        }
    }
}

impl HeldCredits {
    fn absorb(&mut self, newer: CreditChanges) {
        self.entries.extend(newer.entries);
        self.balances.extend(newer.balances);
        self.requests.extend(newer.requests);
        self.lines.extend(newer.lines);
    }

    fn rows(&self) -> usize {
        self.entries.len() + self.balances.len() + self.requests.len() + self.lines.len()
    }

    fn take(self) -> CreditChanges {
        CreditChanges {
            entries: self.entries.into_iter().collect(),
            balances: self.balances.into_iter().collect(),
            requests: self.requests.into_iter().collect(),
            lines: self.lines.into_iter().collect(),
        }
    }
}

impl HeldFinals {
    fn absorb(&mut self, newer: FinalChanges) {
        self.watermark = self.watermark.max(newer.watermark);
        self.closed.extend(newer.closed);
        self.held.extend(newer.held);
        self.corrections.extend(newer.corrections);
        let key = |known: &KnownLine| (known.organization, known.period_start, known.line_id);
        self.known.extend(newer.known.into_iter().map(|known| (key(&known), known)));
    }

    fn rows(&self) -> usize {
        self.closed.iter().map(|closed| closed.lines.len()).sum::<usize>() + self.corrections.len() + self.known.len()
    }

    fn take(self) -> FinalChanges {
        FinalChanges {
            watermark: self.watermark,
            closed: self.closed,
            held: self.held.into_iter().collect(),
            corrections: self.corrections.into_iter().collect(),
            known: self.known.into_values().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_dataflows::changes::WindowSize;
    use highwater_dataflows::event::{DimensionsKey, MeterIndex};
    use highwater_rating::number::Quantity;

    #[test]
    fn the_newest_value_of_a_key_is_the_one_that_is_shown() {
        let key = WindowKey {
            size: WindowSize::Hour,
            organization: OrganizationKey(1),
            meter: MeterIndex(0),
            dimensions: DimensionsKey(0),
            start: EventTime(0),
        };
        let usage = |events| Some(WindowValue::Usage { events, quantity: Quantity::units(events as i64) });
        let mut held = Held::default();
        for (epoch, value) in [(1, usage(1)), (2, usage(2)), (3, None)] {
            let changes = EpochChanges { epoch: Epoch(epoch), usage: vec![(key, value)], ..EpochChanges::default() };
            held.absorb(changes, |_| false);
        }
        let merged = held.take();
        assert_eq!(merged.epoch, Epoch(3));
        assert_eq!(merged.usage, [(key, None)]);
        assert!(held.take().usage.is_empty());
    }
}
