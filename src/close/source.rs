//! What is to be billed: close records and their lines out of ClickHouse, held against each other.

use crate::clickhouse::{Store, StoreError};
use clickhouse::Row;
use highwater_rating::finals::LineKind;
use highwater_rating::number::Quantity;
use highwater_rating::time::EventTime;
use highwater_settlement::frozen::{CloseRecord, FrozenPeriod, NotDefinite};
use highwater_settlement::intent::Slot;
use highwater_settlement::line::FinalLine;
use highwater_settlement::moment::Moment;
use highwater_settlement::plan::Due;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Due periods, and for each the period before it.
#[derive(Debug, Default)]
pub struct Finals {
    pub due: Vec<Due>,
    pub before: BTreeMap<Slot, FrozenPeriod>,
}

#[derive(Row, Deserialize)]
struct RecordRow {
    organization_id: String,
    period_start: i64,
    period_end: i64,
    currency: String,
    revision: u32,
    lines: u64,
    total_minor_units: i128,
    checksum: String,
    final_at: i64,
}

#[derive(Row, Deserialize)]
struct LineRow {
    organization_id: String,
    period_start: i64,
    revision: u32,
    line_id: String,
    kind: String,
    name: String,
    span_start: i64,
    span_end: i64,
    quantity: i128,
    overage: i128,
    amount_unrounded: i128,
    amount_minor_units: i128,
    currency: String,
    corrects_line_id: String,
    corrects_period_start: Option<i64>,
}

/// Reads every close record, and the lines of those that are wanted and of those before them.
pub async fn finals(store: &Store, wanted: impl Fn(&CloseRecord) -> bool) -> Result<Finals, StoreError> {
    let records = records(store).await?;
    let due: Vec<&CloseRecord> = records.iter().filter(|record| wanted(record)).collect();
    let before: BTreeMap<Slot, &CloseRecord> =
        due.iter().filter_map(|record| Some((record.slot(), before(&records, record)?))).collect();
    let starts = due.iter().copied().chain(before.values().copied()).map(|record| record.period_start.0);
    let (Some(first), Some(last)) = (starts.clone().min(), starts.max()) else { return Ok(Finals::default()) };
    let lines = lines(store, first, last).await?;
    let frozen = |record: &CloseRecord| {
        let lines = lines.get(&record.slot()).cloned().unwrap_or_default();
        let lines = lines.into_iter().collect::<Result<Vec<_>, _>>();
        let checked = lines.and_then(|lines| FrozenPeriod::check(record.clone(), lines));
        checked.map_err(|reason| Box::new((record.clone(), reason)))
    };
    let before = before.into_iter().filter_map(|(slot, record)| Some((slot, frozen(record).ok()?))).collect();
    Ok(Finals { due: due.into_iter().map(frozen).collect(), before })
}

/// The organization's last period that began earlier, in the same currency where it has one.
fn before<'a>(records: &'a [CloseRecord], due: &CloseRecord) -> Option<&'a CloseRecord> {
    // They are in order of organization: a search, not a walk for each.
    let from = records.partition_point(|record| record.organization_id < due.organization_id);
    let own = records.iter().skip(from).take_while(|record| record.organization_id == due.organization_id);
    let earlier = own.filter(|record| record.revision == 1 && record.period_start < due.period_start);
    earlier.max_by_key(|record| (record.period_start, record.currency == due.currency))
}

async fn records(store: &Store) -> Result<Vec<CloseRecord>, StoreError> {
    let views = &store.databases().views;
    let rows: Vec<RecordRow> = store
        .read(
            "read close records",
            &format!(
                "SELECT organization_id, period_start, period_end, toString(currency) AS currency, revision, lines,
                    total_minor_units, checksum, final_at
                FROM {views}.close_records ORDER BY organization_id, period_start, revision, currency"
            ),
        )
        .await?;
    Ok(rows.into_iter().map(RecordRow::record).collect())
}

/// The lines of the periods that begin from `first` to `last`; a line that cannot be read is its period's own trouble.
async fn lines(
    store: &Store,
    first: i64,
    last: i64,
) -> Result<BTreeMap<Slot, Vec<Result<FinalLine, NotDefinite>>>, StoreError> {
    let views = &store.databases().views;
    let rows: Vec<LineRow> = store
        .read(
            "read final lines",
            &format!(
                "SELECT organization_id, period_start, revision, line_id, toString(kind) AS kind, toString(name) AS name,
                    span_start, span_end, quantity, overage, amount_unrounded, amount_minor_units,
                    toString(currency) AS currency, corrects_line_id, corrects_period_start
                FROM {views}.final_lines
                WHERE period_start BETWEEN fromUnixTimestamp64Micro({first}) AND fromUnixTimestamp64Micro({last})"
            ),
        )
        .await?;
    let mut lines: BTreeMap<Slot, Vec<_>> = BTreeMap::new();
    for row in rows {
        let slot = (row.organization_id.clone(), EventTime(row.period_start), row.revision, row.currency.clone());
        lines.entry(slot).or_default().push(row.line());
    }
    Ok(lines)
}

impl RecordRow {
    fn record(self) -> CloseRecord {
        CloseRecord {
            organization_id: self.organization_id,
            period_start: EventTime(self.period_start),
            period_end: EventTime(self.period_end),
            currency: self.currency,
            revision: self.revision,
            lines: self.lines,
            total_minor_units: self.total_minor_units,
            checksum: self.checksum,
            final_at: Moment(self.final_at),
        }
    }
}

impl LineRow {
    fn line(self) -> Result<FinalLine, NotDefinite> {
        let Some(kind) = LineKind::from_name(&self.kind) else {
            return Err(NotDefinite::Kind { line_id: self.line_id, kind: self.kind });
        };
        Ok(FinalLine {
            line_id: self.line_id,
            kind,
            name: self.name,
            span_start: EventTime(self.span_start),
            span_end: EventTime(self.span_end),
            quantity: Quantity(self.quantity),
            overage: Quantity(self.overage),
            amount_unrounded: self.amount_unrounded,
            amount_minor_units: self.amount_minor_units,
            currency: self.currency,
            corrects_line_id: self.corrects_line_id,
            corrects_period_start: self.corrects_period_start.map(EventTime),
        })
    }
}
