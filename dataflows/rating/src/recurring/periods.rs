//! Which billing periods an organization has, and the recurring lines of each.

use super::component::{Component, components_at};
use super::line::RecurringLine;
use super::share::{Share, rounded, share_of};
use super::true_up::{self, PeriodCharges};
use crate::finals::LineKind;
use crate::rate::RateError;
use crate::tables::{AddOn, Override, Plan, Subscription};
use crate::terms::Period;
use crate::terms::stretch::{Run, runs, subscription_at};
use crate::time::EventTime;
use std::sync::Arc;

/// Periods of one organization at the most; ten years of days. The next one has an error in place of its lines.
pub const PERIODS_MAX: usize = 4_000;

/// Everything that decides what recurs for one organization, in any order: its subscriptions, all versions of the plans
/// and add-ons that they name, its overrides that name no meter. Others do no harm.
#[derive(Clone, Debug, Default)]
pub struct RecurringRows {
    pub subscriptions: Vec<Arc<Subscription>>,
    pub plans: Vec<Arc<Plan>>,
    pub add_ons: Vec<Arc<AddOn>>,
    pub overrides: Vec<Arc<Override>>,
}

/// A billing period with the whole civil period that it is, or is a part of.
#[derive(Clone, Debug)]
pub struct BilledPeriod {
    pub period: Period,
    pub whole: Period,
    run: usize,
}

/// What recurs for one organization.
#[derive(Clone, Debug, Default)]
pub struct Recurring {
    /// Stretches of equal cadence in which anything recurs, ascending.
    runs: Vec<Arc<Run>>,
    stretches: Vec<Stretch>,
}

/// The longest stretch of one run in which a component is the same.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub run: usize,
    pub start: EventTime,
    pub end: EventTime,
    pub component: Component,
}

impl RecurringRows {
    /// Whether there is nothing that could recur, which is quickly seen.
    fn recurs_nowhere(&self) -> bool {
        self.plans.iter().all(|plan| plan.base_price.is_none() && plan.commitment.is_none())
            && self.subscriptions.iter().all(|row| row.add_ons.is_empty())
            && self.overrides.iter().all(|row| row.base_price.is_none() && row.commitment.is_none())
    }

    fn bounds(&self) -> Vec<EventTime> {
        let mut bounds = vec![EventTime::MIN];
        for row in &self.subscriptions {
            bounds.extend([Some(row.effective_from), row.effective_to].into_iter().flatten());
            bounds.extend(row.phases.iter().flat_map(|row| [Some(row.effective_from), row.effective_to]).flatten());
        }
        bounds.extend(self.plans.iter().map(|row| row.effective_from));
        bounds.extend(self.add_ons.iter().map(|row| row.effective_from));
        bounds.extend(self.overrides.iter().flat_map(|row| [Some(row.effective_from), row.effective_to]).flatten());
        bounds.sort_unstable();
        bounds.dedup();
        bounds
    }
}

impl Recurring {
    pub fn new(mut rows: RecurringRows) -> Recurring {
        if rows.recurs_nowhere() {
            return Recurring::default();
        }
        rows.subscriptions.sort_by(|a, b| (a.effective_from, &a.id).cmp(&(b.effective_from, &b.id)));
        rows.overrides.sort_by(|a, b| (a.effective_from, &a.id).cmp(&(b.effective_from, &b.id)));
        let bounds = rows.bounds();
        let subscribed: Vec<Option<&Subscription>> =
            bounds.iter().map(|start| subscription_at(&rows.subscriptions, *start)).collect();
        let all_runs = runs(&bounds, &subscribed);
        let mut recurring = Recurring::default();
        for (index, start) in bounds.iter().enumerate() {
            let (Some(subscription), Some(run)) = (subscribed[index], &all_runs[index]) else { continue };
            let end = bounds.get(index + 1).copied().unwrap_or(EventTime::MAX);
            let components = components_at(&rows, subscription, *start);
            if components.is_empty() {
                continue;
            }
            if recurring.runs.last().is_none_or(|last| !Arc::ptr_eq(last, run)) {
                recurring.runs.push(run.clone());
            }
            components.into_iter().for_each(|component| recurring.lengthen(component, *start, end));
        }
        recurring
    }

    fn lengthen(&mut self, component: Component, start: EventTime, end: EventTime) {
        let run = self.runs.len() - 1;
        let same = |last: &&mut Stretch| last.run == run && last.end == start && last.component == component;
        match self.stretches.iter_mut().rev().find(same) {
            Some(last) => last.end = end,
            None => self.stretches.push(Stretch { run, start, end, component }),
        }
    }

    /// Whether nothing ever recurs.
    pub fn is_empty(&self) -> bool {
        self.stretches.is_empty()
    }

    /// Whether the usage of any period matters here.
    pub fn has_commitment(&self) -> bool {
        self.stretches.iter().any(|stretch| stretch.component.kind == LineKind::TrueUp)
    }

    /// The periods that have begun by `until` and end after `since`: those of which lines may have become due between
    /// the two, or all with [`EventTime::MIN`].
    pub fn periods(&self, since: EventTime, until: EventTime) -> impl Iterator<Item = BilledPeriod> + '_ {
        self.runs.iter().enumerate().flat_map(move |(run_index, run)| {
            let mut at = run.start.max(since);
            std::iter::from_fn(move || {
                if at >= run.end || at > until {
                    return None;
                }
                let whole = run.calendar.period_at(at);
                let period = Period { start: whole.start.max(run.start), end: whole.end.min(run.end) };
                at = period.end;
                (period.start <= until).then_some(BilledPeriod { period, whole, run: run_index })
            })
        })
    }

    /// The first instant after `instant` at which a period begins or ends.
    pub fn next_after(&self, instant: EventTime) -> Option<EventTime> {
        let next = |run: &Arc<Run>| {
            if instant < run.start {
                return Some(run.start);
            }
            let next = run.calendar.period_at(instant).end.min(run.end);
            (instant < run.end && next > instant).then_some(next)
        };
        self.runs.iter().filter_map(next).min()
    }

    /// The lines of a period that are due by `until`, given what else the period costs: by kind, name and start.
    pub fn lines(&self, billed: &BilledPeriod, until: EventTime, charges: &PeriodCharges) -> Vec<RecurringLine> {
        let inside: Vec<Stretch> = self.inside(billed).collect();
        let (committed, charged): (Vec<_>, Vec<_>) =
            inside.iter().partition(|stretch| stretch.component.kind == LineKind::TrueUp);
        let mut lines: Vec<RecurringLine> = charged.into_iter().map(|stretch| line(billed, stretch)).collect();
        if billed.period.end <= until {
            let true_up = true_up::line(billed, &committed, &lines, charges);
            lines.extend(true_up);
        }
        lines.retain(|line| line.due_at() <= until);
        lines.sort_unstable_by(|a, b| (a.kind, &a.name, a.start).cmp(&(b.kind, &b.name, b.start)));
        lines
    }

    /// In place of the lines of a period that is one too many.
    pub fn too_many(&self, billed: &BilledPeriod) -> Vec<RecurringLine> {
        let first = self.inside(billed).next().map(|stretch| line(billed, &stretch));
        first.map(|line| RecurringLine { amount: Err(RateError::TooManyPeriods), ..line }).into_iter().collect()
    }

    fn inside(&self, billed: &BilledPeriod) -> impl Iterator<Item = Stretch> + '_ {
        let (run, Period { start, end }) = (billed.run, billed.period);
        let clipped = move |stretch: &Stretch| Stretch {
            start: stretch.start.max(start),
            end: stretch.end.min(end),
            ..stretch.clone()
        };
        self.stretches.iter().filter(move |it| it.run == run && it.start < end && it.end > start).map(clipped)
    }
}

fn line(billed: &BilledPeriod, stretch: &Stretch) -> RecurringLine {
    let component = &stretch.component;
    let share = Share::of((stretch.start, stretch.end), (billed.whole.start, billed.whole.end));
    let amount = share
        .ok_or(RateError::AmountOverflow)
        .and_then(|share| rounded(share_of(component.price, component.quantity, share)?, &component.currency));
    let share = share.unwrap_or(Share { charged_seconds: 0, whole_seconds: 1 });
    RecurringLine {
        kind: component.kind,
        name: component.name.clone(),
        period: billed.period,
        start: stretch.start,
        end: stretch.end,
        billing: component.billing,
        subscription: component.subscription.clone(),
        plan: component.plan.clone(),
        version: component.version,
        overrides: component.overrides.clone(),
        currency: component.currency.clone(),
        price: component.price,
        quantity: component.quantity,
        charged_seconds: share.charged_seconds,
        whole_seconds: share.whole_seconds,
        amount,
    }
}
