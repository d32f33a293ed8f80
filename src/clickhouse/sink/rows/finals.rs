//! `close_records`, `final_lines`, `pending_corrections`, `held_periods` and `rated_line_history`.

use crate::finals::ClosedPeriod;
use clickhouse::Row;
use highwater_dataflows::finals::changes::PendingCorrection;
use highwater_rating::finals::{FinalPeriod, Line, LineId};
use highwater_rating::rate::RateError;
use highwater_rating::time::EventTime;
use serde::Serialize;

#[derive(Row, Serialize)]
pub struct RecordRow<'a> {
    organization_id: &'a str,
    period_start: i64,
    revision: u32,
    currency: &'a str,
    period_end: i64,
    lines: u64,
    total_minor_units: i128,
    checksum: String,
    final_at: i64,
    #[serde(rename = "positions.topic")]
    topics: Vec<&'a str>,
    #[serde(rename = "positions.partition")]
    partitions: Vec<u32>,
    #[serde(rename = "positions.next_offset")]
    next_offsets: Vec<u64>,
    version: u64,
}

impl<'a> RecordRow<'a> {
    pub fn new(closed: &'a ClosedPeriod, version: u64) -> RecordRow<'a> {
        let period = &closed.period;
        RecordRow {
            organization_id: &period.organization_id,
            period_start: period.period.start.0,
            revision: period.revision,
            currency: &period.currency,
            period_end: period.period.end.0,
            lines: period.lines.len() as u64,
            total_minor_units: period.total_minor_units,
            checksum: period.checksum.to_string(),
            final_at: period.final_at.0,
            topics: closed.read_to.iter().map(|read_to| read_to.topic.as_str()).collect(),
            partitions: closed.read_to.iter().map(|read_to| read_to.partition).collect(),
            next_offsets: closed.read_to.iter().map(|read_to| read_to.next_offset).collect(),
            version,
        }
    }
}

#[derive(Row, Serialize)]
pub struct FinalLineRow<'a> {
    organization_id: &'a str,
    period_start: i64,
    revision: u32,
    line_id: String,
    kind: &'a str,
    name: &'a str,
    period_end: i64,
    span_start: i64,
    span_end: i64,
    events: u64,
    quantity: i128,
    included_quantity: i128,
    overage: i128,
    currency: &'a str,
    amount_unrounded: i128,
    amount_minor_units: i128,
    #[serde(rename = "tiers.tier")]
    tier: Vec<u32>,
    #[serde(rename = "tiers.quantity")]
    tier_quantity: Vec<i128>,
    #[serde(rename = "tiers.amount_unrounded")]
    tier_amount_unrounded: Vec<i128>,
    #[serde(rename = "steps.step")]
    step: Vec<&'a str>,
    #[serde(rename = "steps.discount")]
    step_discount: Vec<u32>,
    #[serde(rename = "steps.quantity")]
    step_quantity: Vec<i128>,
    #[serde(rename = "steps.amount_unrounded")]
    step_amount_unrounded: Vec<i128>,
    terms: &'a str,
    corrects_line_id: String,
    corrects_period_start: Option<i64>,
    corrects_kind: &'a str,
    version: u64,
}

impl<'a> FinalLineRow<'a> {
    pub fn new(period: &'a FinalPeriod, line: &'a Line, version: u64) -> FinalLineRow<'a> {
        FinalLineRow {
            organization_id: &period.organization_id,
            period_start: period.period.start.0,
            revision: period.revision,
            line_id: line.id.to_string(),
            kind: line.kind.name(),
            name: &line.name,
            period_end: period.period.end.0,
            span_start: line.span_start.0,
            span_end: line.span_end.0,
            events: line.events,
            quantity: line.quantity.0,
            included_quantity: line.included.0,
            overage: line.overage.0,
            currency: &line.currency,
            amount_unrounded: line.amount_unrounded,
            amount_minor_units: line.amount_minor_units,
            tier: line.tiers.iter().map(|share| share.tier).collect(),
            tier_quantity: line.tiers.iter().map(|share| share.quantity.0).collect(),
            tier_amount_unrounded: line.tiers.iter().map(|share| share.amount_unrounded).collect(),
            step: line.steps.iter().map(|step| step.kind.name()).collect(),
            step_discount: line.steps.iter().map(|step| step.index).collect(),
            step_quantity: line.steps.iter().map(|step| step.quantity.0).collect(),
            step_amount_unrounded: line.steps.iter().map(|step| step.amount_unrounded).collect(),
            terms: &line.terms,
            corrects_line_id: line.corrects.map(|corrects| corrects.line_id.to_string()).unwrap_or_default(),
            corrects_period_start: line.corrects.map(|corrects| corrects.period_start.0),
            corrects_kind: line.corrects.map_or("", |corrects| corrects.kind.name()),
            version,
        }
    }
}

#[derive(Row, Serialize)]
pub struct CorrectionRow<'a> {
    organization_id: &'a str,
    period_start: i64,
    line_id: String,
    kind: &'a str,
    name: &'a str,
    span_start: i64,
    span_end: i64,
    cause: &'a str,
    billed_period_start: i64,
    billed_period_end: i64,
    billed_revision: u32,
    reversal_line_id: String,
    correction_line_id: String,
    quantity_before: i128,
    quantity_after: i128,
    events_before: u64,
    events_after: u64,
    currency_before: &'a str,
    currency_after: &'a str,
    amount_unrounded_before: i128,
    amount_unrounded_after: i128,
    amount_minor_units_before: i128,
    amount_minor_units_after: i128,
    terms_before: &'a str,
    terms_after: &'a str,
    version: u64,
    is_deleted: u8,
}

impl<'a> CorrectionRow<'a> {
    pub fn new(
        organization_id: &'a str,
        period_start: EventTime,
        line_id: LineId,
        pending: Option<&'a PendingCorrection>,
        version: u64,
    ) -> CorrectionRow<'a> {
        let pair = pending.map(|pending| &pending.correction);
        let (before, after) = (pair.and_then(|it| it.reversal.as_ref()), pair.and_then(|it| it.correction.as_ref()));
        let either = after.or(before);
        let id = |line: Option<&Line>| line.map(|line| line.id.to_string()).unwrap_or_default();
        CorrectionRow {
            organization_id,
            period_start: period_start.0,
            line_id: line_id.to_string(),
            kind: pair.map_or("", |pair| pair.corrects.kind.name()),
            name: either.map_or("", |line| &line.name),
            span_start: either.map_or(0, |line| line.span_start.0),
            span_end: either.map_or(0, |line| line.span_end.0),
            cause: pair.map_or("", |pair| pair.cause.name()),
            billed_period_start: pending.map_or(0, |pending| pending.period.start.0),
            billed_period_end: pending.map_or(0, |pending| pending.period.end.0),
            billed_revision: pending.map_or(0, |pending| pending.revision),
            reversal_line_id: id(before),
            correction_line_id: id(after),
            // A reversal is what was billed, below zero.
            quantity_before: before.map_or(0, |line| -line.quantity.0),
            quantity_after: after.map_or(0, |line| line.quantity.0),
            events_before: before.map_or(0, |line| line.events),
            events_after: after.map_or(0, |line| line.events),
            currency_before: before.map_or("", |line| &line.currency),
            currency_after: after.map_or("", |line| &line.currency),
            amount_unrounded_before: before.map_or(0, |line| -line.amount_unrounded),
            amount_unrounded_after: after.map_or(0, |line| line.amount_unrounded),
            amount_minor_units_before: before.map_or(0, |line| -line.amount_minor_units),
            amount_minor_units_after: after.map_or(0, |line| line.amount_minor_units),
            terms_before: before.map_or("", |line| &line.terms),
            terms_after: after.map_or("", |line| &line.terms),
            version,
            is_deleted: pending.is_none().into(),
        }
    }
}

#[derive(Row, Serialize)]
pub struct HeldRow<'a> {
    organization_id: &'a str,
    period_start: i64,
    reason: String,
    version: u64,
    is_deleted: u8,
}

impl<'a> HeldRow<'a> {
    pub fn new(organization_id: &'a str, start: EventTime, reason: Option<RateError>, version: u64) -> HeldRow<'a> {
        HeldRow {
            organization_id,
            period_start: start.0,
            reason: reason.map(|reason| reason.to_string()).unwrap_or_default(),
            version,
            is_deleted: reason.is_none().into(),
        }
    }
}

#[derive(Row, Serialize)]
pub struct HistoryRow<'a> {
    organization_id: &'a str,
    period_start: i64,
    line_id: String,
    version: u64,
    at_close: u8,
    is_gone: u8,
    kind: &'a str,
    name: &'a str,
    span_start: i64,
    span_end: i64,
    events: u64,
    quantity: i128,
    included_quantity: i128,
    overage: i128,
    currency: &'a str,
    amount_unrounded: i128,
    amount_minor_units: i128,
    terms: &'a str,
}

impl<'a> HistoryRow<'a> {
    /// `None` where the line is gone.
    pub fn new(
        organization_id: &'a str,
        period_start: EventTime,
        line_id: LineId,
        line: Option<&'a Line>,
        at_close: bool,
        version: u64,
    ) -> HistoryRow<'a> {
        let number = |of: fn(&Line) -> i128| line.map_or(0, of);
        HistoryRow {
            organization_id,
            period_start: period_start.0,
            line_id: line_id.to_string(),
            version,
            at_close: at_close.into(),
            is_gone: line.is_none().into(),
            kind: line.map_or("", |line| line.kind.name()),
            name: line.map_or("", |line| &line.name),
            span_start: line.map_or(0, |line| line.span_start.0),
            span_end: line.map_or(0, |line| line.span_end.0),
            events: line.map_or(0, |line| line.events),
            quantity: number(|line| line.quantity.0),
            included_quantity: number(|line| line.included.0),
            overage: number(|line| line.overage.0),
            currency: line.map_or("", |line| &line.currency),
            amount_unrounded: number(|line| line.amount_unrounded),
            amount_minor_units: number(|line| line.amount_minor_units),
            terms: line.map_or("", |line| &line.terms),
        }
    }
}
