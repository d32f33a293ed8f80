//! What was closed, read back from ClickHouse: for a data folder that was lost.

use super::{Closed, ClosedPeriod, HeldPeriod, ReadTo};
use crate::clickhouse::{Store, StoreError};
use clickhouse::Row;
use highwater_rating::charge::StepKind;
use highwater_rating::finals::{Corrects, FinalPeriod, Line, LineId, LineKind};
use highwater_rating::number::Quantity;
use highwater_rating::rate::{StepShare, TierShare};
use highwater_rating::time::{EventTime, Period};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, thiserror::Error)]
pub enum ReadBackError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "the final period of {organization_id} from {period_start} in ClickHouse is not what its close record says ({reason}); nothing is closed until it is mended"
    )]
    Different { organization_id: String, period_start: EventTime, reason: String },
}

#[derive(Row, Deserialize)]
struct RecordRow {
    organization_id: String,
    period_start: i64,
    period_end: i64,
    revision: u32,
    currency: String,
    lines: u64,
    total_minor_units: i128,
    checksum: String,
    final_at: i64,
    topics: Vec<String>,
    partitions: Vec<u32>,
    next_offsets: Vec<u64>,
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
    events: u64,
    quantity: i128,
    included_quantity: i128,
    overage: i128,
    currency: String,
    amount_unrounded: i128,
    amount_minor_units: i128,
    tiers: Vec<u32>,
    tier_quantities: Vec<i128>,
    tier_amounts: Vec<i128>,
    steps: Vec<String>,
    step_discounts: Vec<u32>,
    step_quantities: Vec<i128>,
    step_amounts: Vec<i128>,
    terms: String,
    corrects_line_id: String,
    corrects_period_start: Option<i64>,
    corrects_kind: String,
}

type Key = (String, i64, u32, String);

impl Closed {
    /// Every record with its lines, each held to its count, total and checksum.
    pub async fn read_back(store: &Store) -> Result<Closed, ReadBackError> {
        let database = &store.databases().store;
        let records: Vec<RecordRow> = store
            .read(
                "read close records",
                &format!(
                    "SELECT organization_id, period_start, period_end, revision, toString(currency) AS currency, lines, total_minor_units, checksum, final_at,
                        `positions.topic` AS topics, `positions.partition` AS partitions, `positions.next_offset` AS next_offsets
                     FROM {database}.close_records FINAL ORDER BY final_at, version, organization_id, period_start, revision, currency"
                ),
            )
            .await?;
        let mut lines: BTreeMap<Key, Vec<LineRow>> = BTreeMap::new();
        let rows: Vec<LineRow> = store
            .read(
                "read final lines",
                &format!(
                    "SELECT organization_id, period_start, revision, line_id, toString(kind) AS kind, toString(name) AS name, span_start, span_end, events, quantity,
                        included_quantity, overage, toString(currency) AS currency, amount_unrounded, amount_minor_units,
                        `tiers.tier` AS tiers, `tiers.quantity` AS tier_quantities, `tiers.amount_unrounded` AS tier_amounts,
                        `steps.step` AS steps, `steps.discount` AS step_discounts, `steps.quantity` AS step_quantities,
                        `steps.amount_unrounded` AS step_amounts, terms, corrects_line_id,
                        corrects_period_start, toString(corrects_kind) AS corrects_kind
                     FROM {database}.final_lines FINAL ORDER BY organization_id, period_start, revision, line_id"
                ),
            )
            .await?;
        for row in rows {
            let key = (row.organization_id.clone(), row.period_start, row.revision, row.currency.clone());
            lines.entry(key).or_default().push(row);
        }
        let mut closed = Closed::default();
        for record in records {
            let key = (record.organization_id.clone(), record.period_start, record.revision, record.currency.clone());
            closed.periods.push(record.closed(lines.remove(&key).unwrap_or_default())?);
        }
        let held = format!("SELECT organization_id, period_start FROM {database}.held_periods FINAL");
        let held: Vec<(String, i64)> = store.read("read held periods", &held).await?;
        closed.held.extend(
            held.into_iter()
                .map(|(organization_id, start)| HeldPeriod { organization_id, period_start: EventTime(start) }),
        );
        let watermark = format!("SELECT max(watermark) FROM {database}.progress");
        let watermark: Vec<Option<i64>> = store.read("read the watermark", &watermark).await?;
        closed.watermark = watermark.into_iter().flatten().max().map(EventTime);
        Ok(closed)
    }
}

impl RecordRow {
    fn closed(self, lines: Vec<LineRow>) -> Result<ClosedPeriod, ReadBackError> {
        let (organization_id, period_start) = (self.organization_id.clone(), EventTime(self.period_start));
        let different = |reason: String| ReadBackError::Different {
            organization_id: organization_id.clone(),
            period_start,
            reason,
        };
        if lines.len() as u64 != self.lines {
            return Err(different(format!("it has {} lines of {}", lines.len(), self.lines)));
        }
        let line = |row: LineRow| row.line().ok_or_else(|| different("a line cannot be read".into()));
        let period = FinalPeriod {
            organization_id: self.organization_id.as_str().into(),
            period: Period { start: period_start, end: EventTime(self.period_end) },
            currency: self.currency.as_str().into(),
            revision: self.revision,
            final_at: EventTime(self.final_at),
            total_minor_units: self.total_minor_units,
            checksum: LineId::parse(&self.checksum).ok_or_else(|| different("its checksum is none".into()))?,
            lines: lines.into_iter().map(line).collect::<Result<_, _>>()?,
        };
        period.verify().map_err(|difference| different(difference.to_string()))?;
        let positions = self.topics.into_iter().zip(self.partitions).zip(self.next_offsets);
        let read_to = |((topic, partition), next_offset)| ReadTo { topic, partition, next_offset };
        Ok(ClosedPeriod { period: period.into(), read_to: positions.map(read_to).collect() })
    }
}

impl LineRow {
    fn line(self) -> Option<Line> {
        let corrects = match self.corrects_period_start {
            None => None,
            Some(start) => Some(Corrects {
                line_id: LineId::parse(&self.corrects_line_id)?,
                period_start: EventTime(start),
                kind: LineKind::from_name(&self.corrects_kind)?,
            }),
        };
        let shares = self.tiers.into_iter().zip(self.tier_quantities).zip(self.tier_amounts);
        let share =
            |((tier, quantity), amount_unrounded)| TierShare { tier, quantity: Quantity(quantity), amount_unrounded };
        let tiers = shares.map(share).collect();
        let steps = self.steps.iter().zip(self.step_discounts).zip(self.step_quantities).zip(self.step_amounts);
        let step = |(((kind, index), quantity), amount_unrounded): (((&String, u32), i128), i128)| {
            let kind = StepKind::from_name(kind)?;
            Some(StepShare { kind, index, quantity: Quantity(quantity), amount_unrounded })
        };
        Some(Line {
            id: LineId::parse(&self.line_id)?,
            kind: LineKind::from_name(&self.kind)?,
            name: self.name.into(),
            span_start: EventTime(self.span_start),
            span_end: EventTime(self.span_end),
            events: self.events,
            quantity: Quantity(self.quantity),
            included: Quantity(self.included_quantity),
            overage: Quantity(self.overage),
            currency: self.currency.into(),
            amount_unrounded: self.amount_unrounded,
            amount_minor_units: self.amount_minor_units,
            tiers,
            steps: steps.map(step).collect::<Option<_>>()?,
            terms: self.terms.into(),
            corrects,
        })
    }
}
