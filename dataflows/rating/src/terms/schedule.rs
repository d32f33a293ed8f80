//! The schedule of one (organization, meter): every instant's period and terms.

use super::cuts::{self, Cut};
use super::stretch::{self, Holding, Stretch};
use crate::credits::Ledger;
use crate::number::Quantity;
use crate::tables::{Adjustment, Charge, CreditPolicy, Grant, Override, Plan, Subscription};
use crate::time::{CadenceError, EventTime, Period};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What holds for one meter during a span. Two stretches of time have the same terms when all of this is equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Terms {
    pub subscription: Arc<str>,
    pub plan: Arc<str>,
    /// `effective_from` of the plan version that brought these terms: a later version that leaves the currency and
    /// this meter's charge as they were changes nothing here, so it does not cut a span.
    pub plan_version: EventTime,
    pub currency: Arc<str>,
    /// Ids of the overrides that apply, in order of application.
    pub overrides: Vec<Arc<str>>,
    /// Ids of the seasonal adjustments that apply, in order of application.
    pub adjustments: Vec<Arc<str>>,
    /// In a trial, or in a pause in which usage is free.
    pub apart: Option<Apart>,
    /// The plan's charge with overrides and adjustments applied; absent where none of them gives the meter a price, and
    /// where usage is free.
    pub charge: Option<Charge>,
    /// What the charge's prices are multiplied with, in percent: 50 for half the price, 125 for a quarter more.
    pub price_percent: Decimal,
}

impl Terms {
    /// Prices as they stand in the charge.
    pub const FULL_PRICE: Decimal = Decimal::ONE_HUNDRED;
}

/// Why the usage of a span is none of its period's: it neither takes from the allowance nor from the tiers of the
/// spans around it, nor do they take from its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Apart {
    Trial,
    Pause,
}

/// The longest stretch of one period in which the same terms hold and nothing happens to credits, half-open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    pub start: EventTime,
    pub end: EventTime,
    pub period: Period,
    pub terms: Arc<Terms>,
}

/// A stretch of time without terms, half-open, `EventTime::MIN` and `MAX` being open ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Gap {
    pub start: EventTime,
    pub end: EventTime,
    pub cause: GapCause,
}

/// Why no terms hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapCause {
    NoSubscription,
    /// The subscription's plan has no version in force yet, or is not there at all.
    NoPlanVersion,
    /// The subscription's anchor, interval or time zone gives no periods; validation names the mistake.
    InvalidCadence,
}

/// The answer to "what holds at this instant?". It holds for the whole of its `start..end`, so it may be kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SpanOrGap {
    Span(Span),
    Gap(Gap),
}

impl SpanOrGap {
    pub fn start(&self) -> EventTime {
        match self {
            SpanOrGap::Span(span) => span.start,
            SpanOrGap::Gap(gap) => gap.start,
        }
    }

    pub fn end(&self) -> EventTime {
        match self {
            SpanOrGap::Span(span) => span.end,
            SpanOrGap::Gap(gap) => gap.end,
        }
    }

    pub fn contains(&self, instant: EventTime) -> bool {
        self.start() <= instant && instant < self.end()
    }
}

/// Everything that decides the terms of one (organization, meter), and where they change. Cheap to clone.
///
/// Two schedules are equal when their rows are. Whether one gives a span that the other gave is asked by comparing
/// `span_at(span.start)`: spans and gaps tile all of time, so those that compare equal need not be counted anew.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Rows", into = "Rows")]
pub struct Schedule {
    rows: Arc<Rows>,
    /// Ascending, contiguous, from `EventTime::MIN` to `MAX`.
    stretches: Arc<[Stretch]>,
    cuts: Arc<[Cut]>,
}

/// What a schedule is made of; the rest follows from it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Rows {
    pub meter: Arc<str>,
    /// Ordered by (effective_from, id).
    pub subscriptions: Vec<Arc<Subscription>>,
    /// Ordered by (plan, effective_from).
    pub plans: Vec<Arc<Plan>>,
    /// Ordered by (effective_from, id).
    pub overrides: Vec<Arc<Override>>,
    /// Ordered by (effective_from, id).
    pub adjustments: Vec<Arc<Adjustment>>,
    /// Ordered by id.
    pub grants: Vec<Arc<Grant>>,
    /// Ordered by id.
    pub policies: Vec<Arc<CreditPolicy>>,
}

impl Schedule {
    /// `subscriptions` are one organization's, `plans` all versions of the plans that they name (others do no harm),
    /// `overrides` the organization's for this meter, `adjustments` the organization's own and everybody's for it. In any
    /// order. A row that is no good (a cadence without periods, a window that ends before it begins) never holds: it
    /// leaves a gap.
    pub fn new(
        meter: Arc<str>,
        mut subscriptions: Vec<Arc<Subscription>>,
        mut plans: Vec<Arc<Plan>>,
        mut overrides: Vec<Arc<Override>>,
        mut adjustments: Vec<Arc<Adjustment>>,
    ) -> Schedule {
        subscriptions.sort_by(|a, b| (a.effective_from, &a.id).cmp(&(b.effective_from, &b.id)));
        plans.sort_by(|a, b| (&a.plan, a.effective_from).cmp(&(&b.plan, b.effective_from)));
        overrides.retain(|row| row.meter.as_ref() == Some(&meter));
        overrides.sort_by(|a, b| (a.effective_from, &a.id).cmp(&(b.effective_from, &b.id)));
        adjustments.retain(|row| row.meter == meter);
        adjustments.sort_by(|a, b| (a.effective_from, &a.id).cmp(&(b.effective_from, &b.id)));
        let (grants, policies) = (Vec::new(), Vec::new());
        Rows { meter, subscriptions, plans, overrides, adjustments, grants, policies }.into()
    }

    /// The same with the organization's credits: money, and units of this meter (others do no harm). To be left out
    /// for a meter that does not add up: nothing of it is used up.
    pub fn with_credits(self, mut grants: Vec<Arc<Grant>>, mut policies: Vec<Arc<CreditPolicy>>) -> Schedule {
        let mut rows: Rows = self.into();
        grants.retain(|row| row.meter.as_ref().is_none_or(|meter| *meter == rows.meter));
        grants.sort_by(|a, b| a.id.cmp(&b.id));
        // How credits burn means nothing where there are none of them.
        policies
            .retain(|row| grants.iter().any(|grant| (&grant.meter, &grant.currency) == (&row.meter, &row.currency)));
        policies.sort_by(|a, b| a.id.cmp(&b.id));
        (rows.grants, rows.policies) = (grants, policies);
        rows.into()
    }

    /// The ledger of the meter's units, as it is before any usage; `None` without a grant of them.
    pub fn unit_credits(&self) -> Option<Ledger<'_>> {
        let units = |meter: &Option<Arc<str>>| meter.as_ref() == Some(&self.rows.meter);
        let grants = || self.rows.grants.iter().map(|row| &**row).filter(|row| units(&row.meter));
        let policies = self.rows.policies.iter().map(|row| &**row).filter(|row| units(&row.meter));
        grants().next()?;
        // Usage finds whatever was given up to it.
        Some(Ledger::new(grants(), policies, Quantity::SMALLEST, EventTime::MAX))
    }

    pub fn meter(&self) -> &Arc<str> {
        &self.rows.meter
    }

    /// The span or gap that the instant lies in, as long as it can be.
    pub fn span_at(&self, instant: EventTime) -> SpanOrGap {
        let after = self.stretches.partition_point(|stretch| stretch.start <= instant);
        let stretch = &self.stretches[after.saturating_sub(1)];
        let running = match &stretch.holding {
            Holding::Nothing(cause) => {
                return SpanOrGap::Gap(Gap { start: stretch.start, end: stretch.end, cause: *cause });
            }
            Holding::Terms(running) => running,
        };
        let whole = running.run.calendar.period_at(instant);
        let period = Period { start: whole.start.max(running.run.start), end: whole.end.min(running.run.end) };
        let whole = (period.start.max(stretch.start), period.end.min(stretch.end));
        let (start, end) = cuts::around(&self.cuts, instant, &running.terms, whole);
        SpanOrGap::Span(Span { start, end, period, terms: running.terms.clone() })
    }

    /// Every cadence that gives no periods, with the id of its subscription.
    pub fn cadence_errors(&self) -> Vec<(Arc<str>, CadenceError)> {
        let error = |row: &Arc<Subscription>| Some((row.id.clone(), crate::time::Calendar::new(&row.cadence).err()?));
        self.rows.subscriptions.iter().filter_map(error).collect()
    }
}

impl From<Rows> for Schedule {
    fn from(rows: Rows) -> Schedule {
        let stretches = stretch::cut(&rows).into();
        let of_grants = rows.grants.iter().filter_map(|row| Cut::of_grant(row));
        let cuts = of_grants.chain(rows.policies.iter().map(|row| Cut::of_policy(row))).collect();
        Schedule { rows: Arc::new(rows), stretches, cuts }
    }
}

impl From<Schedule> for Rows {
    fn from(schedule: Schedule) -> Rows {
        Arc::unwrap_or_clone(schedule.rows)
    }
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Schedule) -> bool {
        Arc::ptr_eq(&self.rows, &other.rows) || self.rows == other.rows
    }
}

impl Eq for Schedule {}

impl PartialOrd for Schedule {
    fn partial_cmp(&self, other: &Schedule) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Schedule {
    fn cmp(&self, other: &Schedule) -> std::cmp::Ordering {
        if Arc::ptr_eq(&self.rows, &other.rows) {
            return std::cmp::Ordering::Equal;
        }
        self.rows.cmp(&other.rows)
    }
}

impl std::hash::Hash for Schedule {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.rows.hash(state);
    }
}
