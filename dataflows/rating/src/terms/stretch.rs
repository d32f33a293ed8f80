//! All of time cut where a row begins or ends, before billing periods cut it further.
//!
//! Owns which subscription, plan version, phase, overrides and adjustments hold when. Does not own what they make of a
//! charge (`laid_over`), nor periods, except that a period is clipped to the run of subscriptions of equal cadence.

use super::laid_over::{Priced, priced};
use super::schedule::{GapCause, Rows, Terms};
use crate::tables::{Adjustment, Charge, Override, Phase, Plan, Subscription};
use crate::time::{Calendar, EventTime};
use std::sync::Arc;

/// The longest stretch of time, half-open, with one run and the same terms, or with none for one cause.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub start: EventTime,
    pub end: EventTime,
    pub holding: Holding,
}

#[derive(Clone, Debug)]
pub(super) enum Holding {
    Nothing(GapCause),
    Terms(Running),
}

#[derive(Clone, Debug)]
pub(super) struct Running {
    pub run: Arc<Run>,
    pub terms: Arc<Terms>,
}

/// A stretch covered by subscriptions of equal cadence, one after the other without a gap: periods end where it ends.
#[derive(Debug)]
pub(crate) struct Run {
    pub start: EventTime,
    pub end: EventTime,
    pub calendar: Calendar,
}

impl Holding {
    fn same_as(&self, other: &Holding) -> bool {
        match (self, other) {
            (Holding::Nothing(cause), Holding::Nothing(other)) => cause == other,
            (Holding::Terms(running), Holding::Terms(other)) => {
                Arc::ptr_eq(&running.run, &other.run) && running.terms == other.terms
            }
            _ => false,
        }
    }
}

/// Stretches from `EventTime::MIN` to `MAX`, ascending and contiguous.
pub(super) fn cut(rows: &Rows) -> Vec<Stretch> {
    let bounds = bounds(rows);
    let subscribed: Vec<Option<&Subscription>> =
        bounds.iter().map(|start| subscription_at(&rows.subscriptions, *start)).collect();
    let runs = runs(&bounds, &subscribed);
    let mut stretches: Vec<Stretch> = Vec::new();
    for (index, start) in bounds.iter().enumerate() {
        let end = bounds.get(index + 1).copied().unwrap_or(EventTime::MAX);
        let holding = match (subscribed[index], &runs[index]) {
            (None, _) => Holding::Nothing(GapCause::NoSubscription),
            (Some(_), None) => Holding::Nothing(GapCause::InvalidCadence),
            (Some(subscription), Some(run)) => match terms_at(rows, subscription, *start) {
                Some(terms) => Holding::Terms(Running { run: run.clone(), terms: Arc::new(terms) }),
                None => Holding::Nothing(GapCause::NoPlanVersion),
            },
        };
        match stretches.last_mut() {
            Some(last) if last.holding.same_as(&holding) => last.end = end,
            _ => stretches.push(Stretch { start: *start, end, holding }),
        }
    }
    stretches
}

/// Every instant at which anything begins or ends, ascending, `EventTime::MIN` first.
fn bounds(rows: &Rows) -> Vec<EventTime> {
    let mut bounds = vec![EventTime::MIN];
    bounds.extend(rows.subscriptions.iter().flat_map(|row| [Some(row.effective_from), row.effective_to]).flatten());
    bounds.extend(rows.plans.iter().map(|row| row.effective_from));
    bounds.extend(rows.overrides.iter().flat_map(|row| [Some(row.effective_from), row.effective_to]).flatten());
    bounds.extend(rows.adjustments.iter().flat_map(|row| [row.effective_from, row.effective_to]));
    let phases = rows.subscriptions.iter().flat_map(|row| &row.phases);
    bounds.extend(phases.flat_map(|phase| [Some(phase.effective_from), phase.effective_to]).flatten());
    bounds.sort_unstable();
    bounds.dedup();
    bounds
}

/// The run of each stretch between two bounds; `None` without a subscription or with a cadence that gives no periods.
pub(crate) fn runs(bounds: &[EventTime], subscribed: &[Option<&Subscription>]) -> Vec<Option<Arc<Run>>> {
    let mut runs = Vec::with_capacity(bounds.len());
    while runs.len() < bounds.len() {
        let first = runs.len();
        let cadence = subscribed[first].map(|row| &row.cadence);
        let same = |row: &&Option<&Subscription>| row.map(|row| &row.cadence) == cadence;
        let next = first + subscribed[first..].iter().take_while(same).count();
        let calendar = cadence.and_then(|cadence| Calendar::new(cadence).ok());
        let end = bounds.get(next).copied().unwrap_or(EventTime::MAX);
        let run = calendar.map(|calendar| Arc::new(Run { start: bounds[first], end, calendar }));
        runs.resize(next, run);
    }
    runs
}

/// Of the rows that cover the instant the one with the greatest (`effective_from`, `id`).
pub(crate) fn subscription_at(subscriptions: &[Arc<Subscription>], instant: EventTime) -> Option<&Subscription> {
    let covering = |row: &&Arc<Subscription>| covers(row.effective_from, row.effective_to, instant);
    subscriptions.iter().rev().find(covering).map(|row| &**row)
}

pub(crate) fn covers(from: EventTime, to: Option<EventTime>, instant: EventTime) -> bool {
    from <= instant && to.is_none_or(|to| instant < to)
}

fn terms_at(rows: &Rows, subscription: &Subscription, instant: EventTime) -> Option<Terms> {
    let plan = plan_at(rows, &subscription.plan, instant)?;
    let overrides = rows.overrides.iter().filter(|row| covers(row.effective_from, row.effective_to, instant));
    let overrides: Vec<&Override> = overrides.map(|row| &**row).collect();
    let adjustments = rows.adjustments.iter().filter(|row| covers(row.effective_from, Some(row.effective_to), instant));
    let adjustments: Vec<&Adjustment> = adjustments.map(|row| &**row).collect();
    let base = plan_charge(plan, &rows.meter);
    let Priced { apart, charge, price_percent } =
        priced(&rows.meter, base, &overrides, &adjustments, phase_at(subscription, instant));
    Some(Terms {
        subscription: subscription.id.clone(),
        plan: plan.plan.clone(),
        plan_version: plan.effective_from,
        currency: plan.currency.clone(),
        overrides: overrides.iter().map(|row| row.id.clone()).collect(),
        adjustments: adjustments.iter().map(|row| row.id.clone()).collect(),
        apart,
        charge,
        price_percent,
    })
}

/// Of the phases that cover the instant the one that began last; of two that began together the later in the row.
pub(crate) fn phase_at(subscription: &Subscription, instant: EventTime) -> Option<&Phase> {
    let covering = subscription.phases.iter().filter(|phase| covers(phase.effective_from, phase.effective_to, instant));
    covering.max_by_key(|phase| phase.effective_from)
}

/// The earliest version of an unbroken row of versions, up to the one in force, that treat this meter alike.
fn plan_at<'a>(rows: &'a Rows, plan: &str, instant: EventTime) -> Option<&'a Plan> {
    let mut versions =
        rows.plans.iter().rev().filter(|version| &*version.plan == plan && version.effective_from <= instant);
    let mut brought = versions.next()?;
    for earlier in versions {
        let alike = earlier.currency == brought.currency
            && plan_charge(earlier, &rows.meter) == plan_charge(brought, &rows.meter);
        if !alike {
            break;
        }
        brought = earlier;
    }
    Some(brought)
}

fn plan_charge<'a>(plan: &'a Plan, meter: &str) -> Option<&'a Charge> {
    plan.charges.iter().find(|charge| &*charge.meter == meter)
}
