//! What a forecast costs: the period's spans with what was used and what is expected of each, through the one pricing
//! function.

use super::changes::{AmountEstimate, Bill, Threshold};
use super::outlook::Counted;
use highwater_forecast::{Forecast, Path};
use highwater_rating::number::Quantity;
use highwater_rating::rate::{PeriodUsage, RateError, SpanUsage, rate, thresholds};
use highwater_rating::tables::Allowance;
use highwater_rating::terms::{Period, Schedule, Span, SpanOrGap};
use highwater_rating::time::EventTime;

const PATHS: [Path; 5] = [Path::Expected, Path::Low80, Path::High80, Path::Low95, Path::High95];

/// A span of the running period with what it used before the present day.
pub struct SpanSoFar {
    span: Span,
    used: Quantity,
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
    spans: &[SpanSoFar],
    period: Period,
    present: EventTime,
    forecast: &Forecast,
) -> Result<Bill, RateError> {
    let mut currency = None;
    let mut amounts = [0i128; PATHS.len()];
    for (amount, path) in amounts.iter_mut().zip(PATHS) {
        let usage: Option<Vec<SpanUsage>> = spans.iter().map(|it| usage_of(it, present, forecast, path)).collect();
        let usage = usage.ok_or(RateError::QuantityOverflow)?;
        let sum = usage.iter().try_fold(Quantity::ZERO, |sum, span| sum.checked_add(span.quantity));
        let quantity = sum.ok_or(RateError::QuantityOverflow)?;
        let rated = rate(&PeriodUsage { aggregation: counted.aggregation(), period, spans: &usage, quantity })?;
        *amount = rated.cost_minor_units;
        currency.get_or_insert(rated.currency);
    }
    let [expected, low_80, high_80, low_95, high_95] = amounts;
    let least = |amounts: &[i128]| amounts.iter().copied().min().unwrap_or(expected);
    let most = |amounts: &[i128]| amounts.iter().copied().max().unwrap_or(expected);
    let minor_units = AmountEstimate {
        expected,
        low_80: least(&[expected, low_80, high_80]),
        high_80: most(&[expected, low_80, high_80]),
        low_95: least(&[expected, low_80, high_80, low_95, high_95]),
        high_95: most(&[expected, low_80, high_80, low_95, high_95]),
    };
    Ok(Bill { currency: currency.unwrap_or_else(|| "".into()), minor_units })
}

fn usage_of(so_far: &SpanSoFar, present: EventTime, forecast: &Forecast, path: Path) -> Option<SpanUsage> {
    let SpanSoFar { span, used } = so_far;
    let ahead = match span.end > present {
        true => forecast.used_by(span.end, path).checked_sub(forecast.used_by(span.start.max(present), path))?,
        false => Quantity::ZERO,
    };
    let quantity = used.checked_add(ahead)?;
    // How many events there will be is nobody's price; that there are any is.
    Some(SpanUsage { span: span.clone(), events: u64::from(quantity != Quantity::ZERO), quantity })
}

/// When the charge in force on the present day ends its allowance, and when its next tier begins.
pub fn limits(spans: &[SpanSoFar], present: EventTime, forecast: &Forecast) -> (Option<Threshold>, Option<Threshold>) {
    let position = spans.iter().position(|it| present < it.span.end);
    let Some((position, so_far)) = position.map(|position| (position, &spans[position])) else { return (None, None) };
    let Ok(Some(found)) = thresholds(&so_far.span) else { return (None, None) };
    // What the period has used and the span's curve does not count.
    let prorated = so_far.span.terms.charge.as_ref().is_some_and(|charge| charge.allowance == Allowance::Prorated);
    let alone = prorated || so_far.span.terms.apart.is_some();
    let mut outside = spans[..position].iter().filter(|it| alone || it.span.terms.apart.is_some());
    let outside = outside.try_fold(Quantity::ZERO, |sum, it| sum.checked_add(it.used));
    let threshold = |quantity: Quantity| {
        let of_period = quantity.checked_add(outside?)?;
        Some(Threshold { quantity: of_period, reaching: forecast.reaching(of_period) })
    };
    let used = forecast.used_by(present.max(so_far.span.start), Path::Expected);
    let next = found.tiers.into_iter().filter_map(threshold).find(|tier| tier.quantity >= used);
    (threshold(found.limit), next)
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
