//! `rated_lines`.

use super::amount::Amount;
use clickhouse::Row;
use highwater_dataflows::changes::PeriodKey;
use highwater_rating::number::trillionths;
use highwater_rating::rate::RatedLine;
use highwater_rating::terms::Apart;
use highwater_rating::time::EventTime;
use serde::Serialize;
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3;

#[derive(Row, Serialize)]
pub struct LineRow<'a> {
    organization_id: &'a str,
    meter: &'a str,
    period_start: i64,
    span_start: i64,
    line_id: String,
    kind: &'a str,
    period_end: i64,
    span_end: i64,
    subscription: &'a str,
    plan: &'a str,
    plan_version: i64,
    overrides: &'a [Arc<str>],
    adjustments: &'a [Arc<str>],
    price_percent: i128,
    apart: &'a str,
    terms: String,
    events: u64,
    quantity: i128,
    included_quantity: i128,
    overage_quantity: i128,
    #[serde(rename = "covers.grant_id")]
    cover_grant_id: Vec<&'a str>,
    #[serde(rename = "covers.quantity")]
    cover_quantity: Vec<i128>,
    #[serde(rename = "tiers.tier")]
    tier: Vec<u32>,
    #[serde(rename = "tiers.quantity")]
    tier_quantity: Vec<i128>,
    #[serde(rename = "tiers.amount_unrounded")]
    tier_amount_unrounded: Vec<i128>,
    #[serde(rename = "steps.step")]
    step: Vec<&'static str>,
    #[serde(rename = "steps.discount")]
    step_discount: Vec<u32>,
    #[serde(rename = "steps.quantity")]
    step_quantity: Vec<i128>,
    #[serde(rename = "steps.amount_unrounded")]
    step_amount_unrounded: Vec<i128>,
    currency: &'a str,
    amount_unrounded: i128,
    amount: i128,
    amount_minor_units: i64,
    version: u64,
    is_deleted: u8,
}

const USAGE: &str = "usage";

impl<'a> LineRow<'a> {
    /// Of one of [`super::period::shown_lines`].
    pub fn new(
        key: &PeriodKey,
        line: &'a RatedLine,
        organization_id: &'a str,
        meter: &'a str,
        version: u64,
    ) -> LineRow<'a> {
        let terms = &line.span.terms;
        let amount = Amount::of(line.amount_minor_units, &terms.currency).unwrap_or_default();
        LineRow {
            line_id: line_id(organization_id, meter, key.period_start, line.span.start),
            kind: USAGE,
            period_end: line.span.period.end.0,
            span_end: line.span.end.0,
            subscription: &terms.subscription,
            plan: &terms.plan,
            plan_version: terms.plan_version.0,
            overrides: &terms.overrides,
            adjustments: &terms.adjustments,
            // Rows have at most twelve digits.
            price_percent: trillionths(terms.price_percent).unwrap_or_default(),
            apart: terms.apart.map_or("", |apart| match apart {
                Apart::Trial => "trial",
                Apart::Pause => "pause",
            }),
            // Charges hold nothing that JSON cannot write.
            terms: terms.charge.as_ref().and_then(|charge| serde_json::to_string(charge).ok()).unwrap_or_default(),
            events: line.events,
            quantity: line.quantity.0,
            included_quantity: line.included.0,
            overage_quantity: line.overage.0,
            cover_grant_id: line.covers.iter().map(|cover| &*cover.grant).collect(),
            cover_quantity: line.covers.iter().map(|cover| cover.quantity.0).collect(),
            tier: line.tiers.iter().map(|share| share.tier).collect(),
            tier_quantity: line.tiers.iter().map(|share| share.quantity.0).collect(),
            tier_amount_unrounded: line.tiers.iter().map(|share| share.amount_unrounded).collect(),
            step: line.steps.iter().map(|step| step.kind.name()).collect(),
            step_discount: line.steps.iter().map(|step| step.index).collect(),
            step_quantity: line.steps.iter().map(|step| step.quantity.0).collect(),
            step_amount_unrounded: line.steps.iter().map(|step| step.amount_unrounded).collect(),
            currency: &terms.currency,
            amount_unrounded: line.amount_unrounded,
            amount: amount.scaled,
            amount_minor_units: amount.minor_units,
            ..LineRow::gone(key, line.span.start, organization_id, meter, version, 0)
        }
    }

    /// A line that is no longer there.
    pub fn tombstone(
        key: &PeriodKey,
        span_start: EventTime,
        organization_id: &'a str,
        meter: &'a str,
        version: u64,
    ) -> LineRow<'a> {
        LineRow::gone(key, span_start, organization_id, meter, version, 1)
    }

    fn gone(
        key: &PeriodKey,
        span_start: EventTime,
        organization_id: &'a str,
        meter: &'a str,
        version: u64,
        is_deleted: u8,
    ) -> LineRow<'a> {
        LineRow {
            organization_id,
            meter,
            period_start: key.period_start.0,
            span_start: span_start.0,
            line_id: String::new(),
            kind: USAGE,
            period_end: 0,
            span_end: 0,
            subscription: "",
            plan: "",
            plan_version: 0,
            overrides: &[],
            adjustments: &[],
            price_percent: 0,
            apart: "",
            terms: String::new(),
            events: 0,
            quantity: 0,
            included_quantity: 0,
            overage_quantity: 0,
            cover_grant_id: Vec::new(),
            cover_quantity: Vec::new(),
            tier: Vec::new(),
            tier_quantity: Vec::new(),
            tier_amount_unrounded: Vec::new(),
            step: Vec::new(),
            step_discount: Vec::new(),
            step_quantity: Vec::new(),
            step_amount_unrounded: Vec::new(),
            currency: "",
            amount_unrounded: 0,
            amount: 0,
            amount_minor_units: 0,
            version,
            is_deleted,
        }
    }
}

/// A line's name is made of what identifies it, so that it is the same over restarts and corrections.
pub fn line_id(organization_id: &str, meter: &str, period_start: EventTime, span_start: EventTime) -> String {
    let mut hash = Xxh3::new();
    for text in [organization_id, meter] {
        hash.update(&(text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.update(&period_start.0.to_le_bytes());
    hash.update(&span_start.0.to_le_bytes());
    format!("{:032x}", hash.digest128())
}

#[cfg(test)]
mod tests {
    use super::line_id;
    use highwater_rating::time::EventTime;

    #[test]
    fn a_line_has_the_same_name_in_every_process_and_no_other_line_has_it() {
        let name = |organization: &str, meter: &str, period, span| {
            line_id(organization, meter, EventTime(period), EventTime(span))
        };
        assert_eq!(name("acme", "api_calls", 1, 2), name("acme", "api_calls", 1, 2));
        for other in [name("acmea", "pi_calls", 1, 2), name("acme", "api_calls", 2, 1), name("acme", "api_calls", 1, 3)]
        {
            assert_ne!(name("acme", "api_calls", 1, 2), other);
        }
    }
}
