//! The terms of each organization, out of the table rows that decide them.
//!
//! ```text
//!  subscriptions ──by plan──┐
//!                           ├─ join ─► plan versions ──┐
//!  plans ─────────by plan───┘                          │
//!  add-ons ⋈ subscriptions that hold them ─────────────┤
//!  subscriptions ──────────────────────────────────────┼─ by organization ─► reduce ─► OrganizationTerms
//!  overrides, adjustments, credits of one organization ┤
//!  adjustments of everybody ⋈ organizations ───────────┘
//! ```
//!
//! Owns which rows belong to which organization. Does not own which of them hold when (`rating::terms`), nor which
//! meters an organization uses: the counting operator makes a schedule of these terms for each meter with usage.

use crate::event::OrganizationKey;
use crate::time::Time;
use differential_dataflow::{AsCollection, VecCollection};
use highwater_rating::finals::DEFAULT_GRACE_HOURS;
use highwater_rating::recurring::{Recurring, RecurringRows};
use highwater_rating::tables::{AddOn, Adjustment, Aggregation, CreditPolicy, Grant, Override, Plan, Subscription};
use highwater_rating::terms::Schedule;
use highwater_rating::time::EventTime;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use timely::dataflow::StreamVec;

/// A row of a table on its way into the graph.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TermsRow {
    Plan(Arc<Plan>),
    AddOn(Arc<AddOn>),
    Subscription(OrganizationKey, Arc<Subscription>),
    Override(OrganizationKey, Arc<Override>),
    /// Of one organization, or of everybody.
    Adjustment(Option<OrganizationKey>, Arc<Adjustment>),
    Grant(OrganizationKey, Arc<Grant>),
    CreditPolicy(OrganizationKey, Arc<CreditPolicy>),
}

/// One row that is part of an organization's terms.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Part {
    Plan(Arc<Plan>),
    AddOn(Arc<AddOn>),
    Subscription(Arc<Subscription>),
    Override(Arc<Override>),
    Adjustment(Arc<Adjustment>),
    Grant(Arc<Grant>),
    CreditPolicy(Arc<CreditPolicy>),
}

/// Everything that decides what an organization pays for any meter.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrganizationTerms {
    subscriptions: Vec<Arc<Subscription>>,
    plans: Vec<Arc<Plan>>,
    add_ons: Vec<Arc<AddOn>>,
    overrides: Vec<Arc<Override>>,
    adjustments: Vec<Arc<Adjustment>>,
    grants: Vec<Arc<Grant>>,
    policies: Vec<Arc<CreditPolicy>>,
}

impl OrganizationTerms {
    fn of<'a>(parts: impl Iterator<Item = &'a Part>) -> OrganizationTerms {
        let mut terms = OrganizationTerms::default();
        for part in parts {
            match part {
                Part::Plan(row) => terms.plans.push(row.clone()),
                Part::AddOn(row) => terms.add_ons.push(row.clone()),
                Part::Subscription(row) => terms.subscriptions.push(row.clone()),
                Part::Override(row) => terms.overrides.push(row.clone()),
                Part::Adjustment(row) => terms.adjustments.push(row.clone()),
                Part::Grant(row) => terms.grants.push(row.clone()),
                Part::CreditPolicy(row) => terms.policies.push(row.clone()),
            }
        }
        terms
    }

    /// How long a period that ends under this plan waits for what is late: as the version in force at `instant` says.
    pub fn grace_hours(&self, plan: Option<&str>, instant: EventTime) -> u32 {
        let in_force = self.plans.iter().filter(|row| Some(&*row.plan) == plan && row.effective_from <= instant);
        let version = in_force.max_by_key(|row| row.effective_from);
        version.and_then(|row| row.grace_hours).unwrap_or(DEFAULT_GRACE_HOURS)
    }

    /// The schedule of one meter, with the credits that cover it where it is used up.
    pub fn schedule(&self, meter: &Arc<str>, aggregation: Aggregation) -> Schedule {
        let schedule = self.calendar(meter);
        match aggregation.is_additive() && !self.grants.is_empty() {
            true => schedule.with_credits(self.grants.clone(), self.policies.clone()),
            false => schedule,
        }
    }

    /// The periods and terms of one meter, or of none in particular, whatever credits there are.
    pub fn calendar(&self, meter: &Arc<str>) -> Schedule {
        let overrides = self.overrides.iter().filter(|row| row.meter.as_ref() == Some(meter)).cloned().collect();
        let adjustments = self.adjustments.iter().filter(|row| row.meter == *meter).cloned().collect();
        Schedule::new(meter.clone(), self.subscriptions.clone(), self.plans.clone(), overrides, adjustments)
    }

    /// What the organization was given, in any unit, and how it is burnt.
    pub fn credits(&self) -> (&[Arc<Grant>], &[Arc<CreditPolicy>]) {
        (&self.grants, &self.policies)
    }

    /// What recurs whatever is used.
    pub fn recurring(&self) -> Recurring {
        Recurring::new(RecurringRows {
            subscriptions: self.subscriptions.clone(),
            plans: self.plans.clone(),
            add_ons: self.add_ons.clone(),
            overrides: self.overrides.iter().filter(|row| row.meter.is_none()).cloned().collect(),
        })
    }
}

pub type TermsByOrganization<'scope> = VecCollection<'scope, Time, (OrganizationKey, Arc<OrganizationTerms>), isize>;

pub fn schedules<'scope>(rows: StreamVec<'scope, Time, (TermsRow, Time, isize)>) -> TermsByOrganization<'scope> {
    let rows = rows.as_collection();
    let plans = rows.clone().flat_map(|row| match row {
        TermsRow::Plan(plan) => Some((plan.plan.clone(), plan)),
        _ => None,
    });
    let subscribers = rows.clone().flat_map(|row| match row {
        TermsRow::Subscription(organization, row) => Some((row.plan.clone(), organization)),
        _ => None,
    });
    let add_ons = rows.clone().flat_map(|row| match row {
        TermsRow::AddOn(row) => Some((row.add_on.clone(), row)),
        _ => None,
    });
    let holders = rows.clone().flat_map(|row| match row {
        TermsRow::Subscription(organization, row) => {
            row.add_ons.iter().map(|held| (held.add_on.clone(), organization)).collect()
        }
        _ => Vec::new(),
    });
    let held = holders.join_map(add_ons, |_, organization, row| (*organization, Part::AddOn(row.clone())));
    let everybodys = rows.clone().flat_map(|row| match row {
        TermsRow::Adjustment(None, row) => Some(((), row)),
        _ => None,
    });
    let organizations = subscribers.clone().map(|(_, organization)| organization).distinct();
    let own_rows = rows.flat_map(|row| match row {
        TermsRow::Subscription(organization, row) => Some((organization, Part::Subscription(row))),
        TermsRow::Override(organization, row) => Some((organization, Part::Override(row))),
        TermsRow::Adjustment(Some(organization), row) => Some((organization, Part::Adjustment(row))),
        TermsRow::Grant(organization, row) => Some((organization, Part::Grant(row))),
        TermsRow::CreditPolicy(organization, row) => Some((organization, Part::CreditPolicy(row))),
        TermsRow::Plan(_) | TermsRow::AddOn(_) | TermsRow::Adjustment(None, _) => None,
    });
    // Everybody's adjustments are few and seldom change, so that one key for all organizations is no burden.
    let seasons = organizations.map(|organization| ((), organization));
    let seasons = seasons.join_map(everybodys, |(), organization, row| (*organization, Part::Adjustment(row.clone())));
    subscribers
        .join_map(plans, |_, organization, plan| (*organization, Part::Plan(plan.clone())))
        .concat(own_rows)
        .concat(held)
        .concat(seasons)
        .reduce(|_, parts, output| {
            output.push((Arc::new(OrganizationTerms::of(parts.iter().map(|(part, _)| *part))), 1));
        })
}
