//! What a forecast costs: the period's spans with what was used and what is expected of each, through the one pricing
//! function.

use super::changes::{AmountEstimate, Bill, LineEstimate, PATHS, Threshold};
use super::outlook::Counted;
use super::units::{covered, covering};
use highwater_forecast::{Forecast, Path};
use highwater_rating::credits::Ledger;
use highwater_rating::number::Quantity;
use highwater_rating::rate::{RateError, SpanUsage, thresholds};
use highwater_rating::tables::Allowance;
use highwater_rating::terms::{Period, Schedule, Span, SpanOrGap};
use highwater_rating::time::EventTime;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A span of the running period with what it used before the present day.
pub struct SpanSoFar {
    pub span: Span,
    used: Quantity,
}

impl SpanSoFar {
    pub fn usage(&self) -> SpanUsage {
        usage(&self.span, self.used)
    }
}

/// How many events there will be is nobody's price; that there are any is.
fn usage(span: &Span, quantity: Quantity) -> SpanUsage {
    SpanUsage { span: span.clone(), events: u64::from(quantity != Quantity::ZERO), quantity }
}

/// All spans of a period, those ahead too; `None` where a quantity is out of range.
pub fn spans(counted: &dyn Counted, period: Period, present: EventTime) -> Option<Vec<SpanSoFar>> {
    let mut spans = Vec::new();
    let mut at = period.start;
    while at < period.end {
        let held = counted.schedule().span_at(at);
        at = held.end();
        if let SpanOrGap::Span(span) = held {
            let used = counted.between(span.start, span.end.min(present))?;
            spans.push(SpanSoFar { span, used });
        }
    }
    Some(spans)
}

pub fn bill(
    counted: &dyn Counted,
    credits: Option<&Ledger<'_>>,
    spans: &[SpanSoFar],
    present: EventTime,
    forecast: &Forecast,
) -> Result<Bill, RateError> {
    let mut currency: Option<Arc<str>> = None;
    let mut amounts = [0i128; PATHS.len()];
    let mut lines: BTreeMap<EventTime, LineEstimate> = BTreeMap::new();
    for (position, path) in PATHS.into_iter().enumerate() {
        let usage: Option<Vec<SpanUsage>> = spans.iter().map(|it| usage_of(it, present, forecast, path)).collect();
        let usage = usage.ok_or(RateError::QuantityOverflow)?;
        let (rated, _) = covered(counted, &usage, credits.cloned())?;
        amounts[position] = rated.cost_minor_units;
        for line in &rated.lines {
            let (span_start, code) = (line.span.start, &line.span.terms.currency);
            let empty = || LineEstimate { span_start, currency: code.clone(), by_path: Default::default() };
            lines.entry(span_start).or_insert_with(empty).by_path[position] = line.amount_minor_units;
        }
        currency.get_or_insert(rated.currency);
    }
    Ok(Bill {
        currency: currency.unwrap_or_else(|| "".into()),
        minor_units: AmountEstimate::of(amounts),
        lines: lines.into_values().collect(),
    })
}

fn usage_of(so_far: &SpanSoFar, present: EventTime, forecast: &Forecast, path: Path) -> Option<SpanUsage> {
    let SpanSoFar { span, used } = so_far;
    let ahead = match span.end > present {
        true => forecast.used_by(span.end, path).checked_sub(forecast.used_by(span.start.max(present), path))?,
        false => Quantity::ZERO,
    };
    Some(usage(span, used.checked_add(ahead)?))
}

/// Quantities of the running period at which something changes under the charge in force on the present day.
#[derive(Default)]
pub struct Limits {
    pub limit: Option<Threshold>,
    pub credits_end: Option<Threshold>,
    pub next_tier: Option<Threshold>,
}

pub fn limits(
    counted: &dyn Counted,
    credits: Option<&Ledger<'_>>,
    spans: &[SpanSoFar],
    present: EventTime,
    forecast: &Forecast,
) -> Option<Limits> {
    let position = spans.iter().position(|it| present < it.span.end)?;
    let span = &spans[position].span;
    let covering = credits.and_then(|ledger| covering(counted, ledger, spans, position));
    let found = thresholds(span, covering.unwrap_or_default()).ok()??;
    // What the period has used and the span's curve does not count.
    let prorated = span.terms.charge.as_ref().is_some_and(|charge| charge.allowance == Allowance::Prorated);
    let alone = prorated || span.terms.apart.is_some();
    let mut outside = spans[..position].iter().filter(|it| alone || it.span.terms.apart.is_some());
    let outside = outside.try_fold(Quantity::ZERO, |sum, it| sum.checked_add(it.used))?;
    let threshold = |quantity: Quantity| {
        let of_period = quantity.checked_add(outside)?;
        Some(Threshold { quantity: of_period, reaching: forecast.reaching(of_period) })
    };
    let used = forecast.used_by(present.max(span.start), Path::Expected);
    Some(Limits {
        limit: threshold(found.limit),
        credits_end: covering.filter(|units| *units > Quantity::ZERO).and_then(|_| threshold(found.credits_end)),
        next_tier: found.tiers.into_iter().filter_map(threshold).find(|tier| tier.quantity >= used),
    })
}

/// The period that runs when the day begins, or the first that begins in it.
pub fn period_on(schedule: &Schedule, start: EventTime, end: EventTime) -> Option<Period> {
    let mut at = start;
    while at < end {
        match schedule.span_at(at) {
            SpanOrGap::Span(span) => return Some(span.period),
            SpanOrGap::Gap(gap) => at = gap.end,
        }
    }
    None
}
