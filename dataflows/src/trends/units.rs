//! Unit credits ahead: what earlier periods have left of them, and how many units they cover in the running one.

use super::bill::SpanSoFar;
use super::outlook::Counted;
use highwater_rating::credits::Ledger;
use highwater_rating::number::Quantity;
use highwater_rating::rate::{PeriodUsage, RateError, RatedPeriod, SpanUsage, rate_covered};
use highwater_rating::terms::{Period, SpanOrGap};
use highwater_rating::time::EventTime;

/// The meter's ledger as it is when the period begins; `None` without a grant. As in rating, a period without an amount
/// burns nothing.
pub fn before_period(counted: &dyn Counted, period: Period) -> Option<Ledger<'_>> {
    let mut ledger = counted.schedule().unit_credits()?;
    let earlier = counted.spans().into_iter().take_while(|(start, ..)| *start < period.start);
    let usage: Vec<(SpanUsage, bool)> = earlier
        .filter_map(|(start, events, quantity)| match counted.schedule().span_at(start) {
            SpanOrGap::Span(span) => {
                let known = quantity.is_some();
                Some((SpanUsage { span, events, quantity: quantity.unwrap_or_default() }, known))
            }
            SpanOrGap::Gap(_) => None,
        })
        .collect();
    for of_period in usage.chunk_by(|(one, _), (other, _)| one.span.period == other.span.period) {
        if of_period.iter().all(|(_, known)| *known) {
            let spans: Vec<SpanUsage> = of_period.iter().map(|(span, _)| span.clone()).collect();
            if let Ok((_, Some(after))) = covered(counted, &spans, Some(ledger.clone())) {
                ledger = after;
            }
        }
    }
    Some(ledger)
}

/// How many units of the running period credits have covered before the span at `position`, with those that are left
/// when it begins.
pub fn covering(counted: &dyn Counted, ledger: &Ledger<'_>, spans: &[SpanSoFar], position: usize) -> Option<Quantity> {
    let before: Vec<SpanUsage> = spans[..position].iter().map(SpanSoFar::usage).collect();
    let (rated, ledger) = covered(counted, &before, Some(ledger.clone())).ok()?;
    let mut ledger = ledger?;
    // Asking for nothing lets everything happen that happens by then.
    ledger.burn(spans[position].span.start, Quantity::ZERO).ok()?;
    let left = ledger.balance().ok()?;
    rated.lines.iter().try_fold(left, |sum, line| sum.checked_add(line.covered().ok()?))
}

/// Spans of one period, rated, and the ledger after them.
pub fn covered<'a>(
    counted: &dyn Counted,
    spans: &[SpanUsage],
    mut ledger: Option<Ledger<'a>>,
) -> Result<(RatedPeriod, Option<Ledger<'a>>), RateError> {
    let sum = spans.iter().try_fold(Quantity::ZERO, |sum, span| sum.checked_add(span.quantity));
    let quantity = sum.ok_or(RateError::QuantityOverflow)?;
    let period = spans.first().map_or(Period { start: EventTime(0), end: EventTime(0) }, |it| it.span.period);
    let usage = PeriodUsage { aggregation: counted.aggregation(), period, spans, quantity };
    let rated = rate_covered(&usage, ledger.as_mut())?;
    Ok((rated, ledger))
}
