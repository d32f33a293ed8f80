//! The final tables of a replay: what is left when all epochs are over.

use highwater_dataflows::changes::{
    EpochChanges, EpochCounts, OutcomeRow, PeriodKey, PeriodValue, RecurringKey, WindowKey, WindowSize, WindowValue,
};
use highwater_dataflows::credit_burn::changes::CreditRows;
use highwater_dataflows::trends::changes::{AnomalyKey, AnomalyValue, BillForecast, BillKey, Trend, TrendKey};
use highwater_rating::finals::FinalPeriod;
use highwater_rating::recurring::RecurringLine;
use std::collections::HashMap;
use std::sync::Arc;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

#[derive(Default)]
pub struct FinalTables {
    usage: Usage,
    pub periods: Map<PeriodKey, PeriodValue>,
    pub recurring: Map<RecurringKey, RecurringLine>,
    pub credits: CreditRows,
    /// Everything that did not end as `accepted`, in the order of its place.
    pub outcomes: Vec<OutcomeRow>,
    pub counts: EpochCounts,
    /// What the one watermark has made final.
    pub closed: Vec<Arc<FinalPeriod>>,
    /// As of its day.
    pub trends: Map<TrendKey, Arc<Trend>>,
    pub anomalies: Map<AnomalyKey, AnomalyValue>,
    pub bills: Map<BillKey, BillForecast>,
}

/// Hours of usage. Within an epoch a key appears once, so one epoch alone needs no map, which for millions of rows is
/// most of the memory.
#[derive(Default)]
enum Usage {
    #[default]
    None,
    OneEpoch(Vec<(WindowKey, Option<WindowValue>)>),
    Several(Map<WindowKey, Option<WindowValue>>),
}

impl FinalTables {
    pub fn absorb(&mut self, mut changes: EpochChanges) {
        changes.usage.retain(|(key, _)| key.size == WindowSize::Hour);
        self.usage = match std::mem::take(&mut self.usage) {
            Usage::None => Usage::OneEpoch(changes.usage),
            Usage::OneEpoch(rows) => Usage::Several(rows.into_iter().chain(changes.usage).collect()),
            Usage::Several(mut rows) => {
                rows.extend(changes.usage);
                Usage::Several(rows)
            }
        };
        for (key, value) in changes.periods {
            match value {
                Some(value) => drop(self.periods.insert(key, value)),
                None => drop(self.periods.remove(&key)),
            }
        }
        for (key, line) in changes.recurring {
            match line {
                Some(line) => drop(self.recurring.insert(key, line)),
                None => drop(self.recurring.remove(&key)),
            }
        }
        self.credits.apply(changes.credits);
        for (key, trend) in changes.trends.trends {
            match trend {
                Some(trend) => drop(self.trends.insert(key, trend)),
                None => drop(self.trends.remove(&key)),
            }
        }
        for (key, bill) in changes.trends.bills {
            match bill {
                Some(bill) => drop(self.bills.insert(key, bill)),
                None => drop(self.bills.remove(&key)),
            }
        }
        for (key, anomaly) in changes.trends.anomalies {
            match anomaly {
                Some(anomaly) => drop(self.anomalies.insert(key, anomaly)),
                None => drop(self.anomalies.remove(&key)),
            }
        }
        self.outcomes.extend(changes.outcomes);
        self.counts.add(&changes.counts);
        self.closed.extend(changes.finals.closed);
    }

    /// Puts what has no order into one that does not depend on workers or epochs, and hands out the hours of usage, in
    /// no order.
    pub fn settle(&mut self) -> Vec<(WindowKey, WindowValue)> {
        self.outcomes.sort_by_key(|outcome| outcome.record.place);
        self.closed.sort_by_key(|closed| closed.key());
        let still_there = |(key, value): (WindowKey, Option<WindowValue>)| Some((key, value?));
        match std::mem::take(&mut self.usage) {
            Usage::None => Vec::new(),
            Usage::OneEpoch(rows) => rows.into_iter().filter_map(still_there).collect(),
            Usage::Several(rows) => rows.into_iter().filter_map(still_there).collect(),
        }
    }
}
