//! Writes what an epoch has changed, so that writing it again changes nothing.
//!
//! Every row is absolute and carries the version `generation << 40 | epoch`: whichever way an INSERT ended, sending the
//! identical rows again is right, an older generation's rows never win over a newer one's, and ClickHouse's own
//! deduplication is not relied on. Progress is written last, once every row that it speaks of is there.
//!
//! Owns how changes become rows. Does not own when an epoch may be shown (`service`), nor what its rows mean.

mod insert;
mod lines;
mod names;
mod retry;
mod rows;
mod sweep;

pub use retry::Delay;
pub use rows::line::line_id;

use super::{Store, StoreError};
use crate::finals::ClosedPeriod;
use crate::source::{PartitionName, Positions};
use futures::try_join;
use highwater_dataflows::changes::{EpochChanges, OutcomeRow, WindowSize};
use highwater_dataflows::feed::TableChange;
use highwater_dataflows::meters::MeterBook;
use highwater_dataflows::names::Names;
use lines::StandingLines;
use names::Texts;
use rows::bill_forecast::BillForecastRow;
use rows::credits::{BalanceRow, CreditLineRow, EntryRow, RequestRow};
use rows::events::{EventRow, OutcomeCountRow, OutcomeRecord};
use rows::finals::{CorrectionRow, FinalLineRow, HeldRow, HistoryRow, RecordRow};
use rows::line::LineRow;
use rows::period::{PeriodRow, shown_lines};
use rows::progress::ProgressRow;
use rows::recurring::RecurringRow;
use rows::tables::TableRow;
use rows::trends::{AnomalyRow, TrendRow};
use rows::usage::UsageRow;
use std::collections::BTreeMap;
use std::time::Instant;

/// One write: everything that changed since the last one.
#[derive(Clone, Copy)]
pub struct EpochWrite<'a> {
    /// Counts the starts of the service; fits 24 bits.
    pub generation: u64,
    /// Its epoch fits 40 bits: at one a second, 34,000 years.
    pub changes: &'a EpochChanges,
    /// Rows of meters, plans and so on that came or went.
    pub tables: &'a [TableChange],
    /// Periods that became final; they are durable already.
    pub closed: &'a [ClosedPeriod],
    /// Records of tables that are no rows.
    pub rejected_tables: &'a [OutcomeRow],
    pub names: &'a Names,
    pub meters: &'a MeterBook,
    /// How far each partition of events is read, and what its number means.
    pub positions: &'a Positions,
    /// What the partition numbers of `rejected_tables` mean.
    pub table_partitions: &'a BTreeMap<u32, PartitionName>,
    /// When the epoch was sealed, for `lag_ms`.
    pub sealed_at: Option<Instant>,
}

/// How many rows a write had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub rows: u64,
}

/// The tables that rows of an epoch go to; each has its row in `progress`.
pub const TABLES: &[&str] = &[
    "usage_minute",
    "usage_hour",
    "usage_day",
    "period_usage",
    "rated_lines",
    "recurring_lines",
    "credit_lines",
    "credit_ledger",
    "credit_balances",
    "recharge_requests",
    "usage_events",
    "event_outcomes",
    "event_outcomes_daily",
    "table_rows",
    "close_records",
    "final_lines",
    "pending_corrections",
    "held_periods",
    "rated_line_history",
    "trends",
    "anomalies",
    "bill_forecasts",
];

/// Of rows with one key the one with the greatest version holds. The generation comes first: whatever a process that
/// was replaced still writes, it loses.
pub fn version(generation: u64, epoch: u64) -> u64 {
    debug_assert!(generation < 1 << 24 && epoch < 1 << 40);
    generation << 40 | epoch
}

/// Writes to one [`Store`]. Remembers which rated lines stand, so there is one sink a store and process.
pub struct Sink {
    store: Store,
    texts: Texts,
    lines: StandingLines,
}

impl Sink {
    /// `store` must have been migrated.
    pub fn new(store: Store) -> Sink {
        Sink { store, texts: Texts::default(), lines: StandingLines::default() }
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Tries once. When this returns `Ok`, every row is readable; after an error any of them may be, and the same
    /// `write` is to be tried again. See [`Sink::write_until_done`].
    pub async fn write(&mut self, write: &EpochWrite<'_>) -> Result<Written, StoreError> {
        self.texts.learn(write)?;
        let version = version(write.generation, write.changes.epoch.0);
        let began = Instant::now();
        let written = try_join!(
            self.write_usage(write, WindowSize::Minute, "usage_minute", version),
            self.write_usage(write, WindowSize::Hour, "usage_hour", version),
            self.write_usage(write, WindowSize::Day, "usage_day", version),
            self.write_periods(write, version),
            self.write_lines(write, version),
            self.write_recurring(write, version),
            self.write_credits(write, version),
            self.write_archive(write, version),
            self.write_outcomes(write, version),
            self.write_outcome_counts(write, version),
            self.store
                .insert::<TableRow<'_>>("table_rows", write.tables.iter().map(|change| TableRow::new(change, version))),
        )?;
        let (minute, hour, day, periods, lines, recurring, credits, archive, outcomes, outcome_counts, tables) =
            written;
        let finals = self.write_finals(write, version).await?;
        let trends = self.write_trends(write, version).await?;
        self.write_progress(write, version).await?;
        for (key, value) in &write.changes.periods {
            self.lines.remember(key, value.as_ref());
        }
        metrics::histogram!("highwater_clickhouse_write_duration_seconds").record(began.elapsed().as_secs_f64());
        let of_periods = periods + lines + recurring + credits + finals + trends;
        Ok(Written { rows: minute + hour + day + of_periods + archive + outcomes + outcome_counts + tables })
    }

    async fn write_usage(
        &self,
        write: &EpochWrite<'_>,
        size: WindowSize,
        table: &str,
        version: u64,
    ) -> Result<u64, StoreError> {
        let changed = write.changes.usage.iter().filter(|(key, _)| key.size == size);
        let rows = changed.map(|(key, value)| {
            let (organization, meter) = (self.texts.organization(key.organization), self.texts.meter(key.meter));
            let dimensions = self.texts.dimensions(key.meter, key.dimensions);
            UsageRow::new(key, value.as_ref(), organization, meter, dimensions, version)
        });
        self.store.insert::<UsageRow<'_>>(table, rows).await
    }

    async fn write_periods(&self, write: &EpochWrite<'_>, version: u64) -> Result<u64, StoreError> {
        let rows = write.changes.periods.iter().map(|(key, value)| {
            let (organization, meter) = (self.texts.organization(key.organization), self.texts.meter(key.meter));
            PeriodRow::new(key, value.as_ref(), organization, meter, version)
        });
        self.store.insert::<PeriodRow<'_>>("period_usage", rows).await
    }

    async fn write_lines(&self, write: &EpochWrite<'_>, version: u64) -> Result<u64, StoreError> {
        let rows = write.changes.periods.iter().flat_map(|(key, value)| {
            let (organization, meter) = (self.texts.organization(key.organization), self.texts.meter(key.meter));
            let lines = shown_lines(value.as_ref());
            let gone = self.lines.gone(key, lines);
            let gone = gone.map(move |start| LineRow::tombstone(key, start, organization, meter, version));
            lines.iter().map(move |line| LineRow::new(key, line, organization, meter, version)).chain(gone)
        });
        self.store.insert::<LineRow<'_>>("rated_lines", rows).await
    }

    async fn write_recurring(&self, write: &EpochWrite<'_>, version: u64) -> Result<u64, StoreError> {
        let rows = write.changes.recurring.iter().map(|(key, line)| {
            RecurringRow::new(key, line.as_ref(), self.texts.organization(key.organization), version)
        });
        self.store.insert::<RecurringRow<'_>>("recurring_lines", rows).await
    }

    async fn write_trends(&self, write: &EpochWrite<'_>, version: u64) -> Result<u64, StoreError> {
        let changes = &write.changes.trends;
        let trends = changes.trends.iter().map(|(key, trend)| {
            let (organization, meter) = (self.texts.organization(key.organization), self.texts.meter(key.meter));
            TrendRow::new(trend.as_deref(), organization, meter, version)
        });
        let anomalies = changes.anomalies.iter().map(|(key, value)| {
            let (organization, meter) = (self.texts.organization(key.organization), self.texts.meter(key.meter));
            AnomalyRow::new(key, value.as_ref(), organization, meter, version)
        });
        let bills = changes.bills.iter().map(|(key, bill)| {
            BillForecastRow::new(key, bill.as_ref(), self.texts.organization(key.organization), version)
        });
        let (trends, anomalies, bills) = try_join!(
            self.store.insert::<TrendRow<'_>>("trends", trends),
            self.store.insert::<AnomalyRow<'_>>("anomalies", anomalies),
            self.store.insert::<BillForecastRow<'_>>("bill_forecasts", bills),
        )?;
        Ok(trends + anomalies + bills)
    }

    async fn write_credits(&self, write: &EpochWrite<'_>, version: u64) -> Result<u64, StoreError> {
        let credits = &write.changes.credits;
        let lines = credits.lines.iter().map(|(key, line)| {
            CreditLineRow::new(key, line.as_ref(), self.texts.organization(key.organization), version)
        });
        let entries = credits.entries.iter().map(|(key, entry)| {
            EntryRow::new(key, entry.as_ref(), self.texts.organization(key.of.organization), version)
        });
        let balances = credits.balances.iter().map(|(key, balance)| {
            BalanceRow::new(key, balance.as_ref(), self.texts.organization(key.organization), version)
        });
        let requests = credits.requests.iter().map(|(key, request)| {
            RequestRow::new(key, request.as_ref(), self.texts.organization(key.organization), version)
        });
        let (lines, entries, balances, requests) = try_join!(
            self.store.insert::<CreditLineRow<'_>>("credit_lines", lines),
            self.store.insert::<EntryRow<'_>>("credit_ledger", entries),
            self.store.insert::<BalanceRow<'_>>("credit_balances", balances),
            self.store.insert::<RequestRow<'_>>("recharge_requests", requests),
        )?;
        Ok(lines + entries + balances + requests)
    }

    async fn write_archive(&self, write: &EpochWrite<'_>, version: u64) -> Result<u64, StoreError> {
        let rows = write.changes.archive.iter().filter_map(|accepted| {
            let meters = accepted.meters.iter().map(|index| self.texts.meter(*index)).collect();
            // `learn` has seen every partition.
            let retract = accepted.retracted_by.and_then(|place| Some((place, write.partition(place.partition).ok()?)));
            Some(EventRow::new(accepted, meters, write.partition(accepted.place.partition).ok()?, retract, version))
        });
        self.store.insert::<EventRow<'_>>("usage_events", rows).await
    }

    async fn write_outcomes(&self, write: &EpochWrite<'_>, version: u64) -> Result<u64, StoreError> {
        let of_events = write.changes.outcomes.iter().filter_map(|row| {
            let first = row.first_place.and_then(|place| Some((place, write.partition(place.partition).ok()?)));
            Some(OutcomeRecord::new(row, write.partition(row.record.place.partition).ok()?, first, version))
        });
        let of_tables = write.rejected_tables.iter().filter_map(|row| {
            Some(OutcomeRecord::new(row, write.table_partition(row.record.place.partition).ok()?, None, version))
        });
        self.store.insert::<OutcomeRecord<'_>>("event_outcomes", of_events.chain(of_tables)).await
    }

    async fn write_outcome_counts(&self, write: &EpochWrite<'_>, version: u64) -> Result<u64, StoreError> {
        let rows = write.changes.outcome_counts.iter().map(|(key, records)| {
            OutcomeCountRow::new(key, *records, self.texts.organization(key.organization), version)
        });
        self.store.insert::<OutcomeCountRow<'_>>("event_outcomes_daily", rows).await
    }

    /// The lines of a record go before it: who reads the record finds them.
    async fn write_finals(&self, write: &EpochWrite<'_>, version: u64) -> Result<u64, StoreError> {
        let finals = &write.changes.finals;
        let lines = || write.closed.iter().flat_map(|it| it.period.lines.iter().map(move |line| (&*it.period, line)));
        let frozen = lines().map(|(period, line)| FinalLineRow::new(period, line, version));
        let at_close = lines().filter(|(_, line)| line.corrects.is_none()).map(|(period, line)| {
            HistoryRow::new(&period.organization_id, period.period.start, line.id, Some(line), true, version)
        });
        let later = finals.known.iter().map(|known| {
            let organization_id = self.texts.organization(known.organization);
            HistoryRow::new(organization_id, known.period_start, known.line_id, known.line.as_ref(), false, version)
        });
        let corrections = finals.corrections.iter().map(|(key, pending)| {
            let organization_id = self.texts.organization(key.organization);
            CorrectionRow::new(organization_id, key.period_start, key.line, pending.as_deref(), version)
        });
        let held = finals.held.iter().map(|(key, reason)| {
            HeldRow::new(self.texts.organization(key.organization), key.period_start, *reason, version)
        });
        let (frozen, history, corrections, held) = try_join!(
            self.store.insert::<FinalLineRow<'_>>("final_lines", frozen),
            self.store.insert::<HistoryRow<'_>>("rated_line_history", at_close.chain(later)),
            self.store.insert::<CorrectionRow<'_>>("pending_corrections", corrections),
            self.store.insert::<HeldRow<'_>>("held_periods", held),
        )?;
        let records = write.closed.iter().map(|closed| RecordRow::new(closed, version));
        let records = self.store.insert::<RecordRow<'_>>("close_records", records).await?;
        Ok(frozen + history + corrections + held + records)
    }

    async fn write_progress(&self, write: &EpochWrite<'_>, version: u64) -> Result<u64, StoreError> {
        let changes = write.changes;
        let lag_ms =
            write.sealed_at.map(|sealed_at| u64::try_from(sealed_at.elapsed().as_millis()).unwrap_or(u64::MAX));
        let rows = TABLES.iter().map(|table| {
            let times = (changes.counts.event_time_max, changes.finals.watermark);
            ProgressRow::new(table, write.generation, changes.epoch.0, times, lag_ms, write.positions, version)
        });
        self.store.insert::<ProgressRow<'_>>("progress", rows).await
    }
}
