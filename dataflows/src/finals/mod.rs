//! Final periods: which periods the watermark has closed, what was frozen of them, and what is to be corrected.
//!
//! ```text
//!  rated periods ──┐
//!  recurring lines ┤
//!  credit lines ───┤
//!  terms ──────────┼─ by organization ─► Finals ─► closed, corrections, known lines
//!  told ───────────┘                     (watermark with the seal; what was frozen before, at the start)
//! ```
//!
//! Owns when a period is final. Does not own what a correction is (`rating::finals`), nor that what was closed stays
//! so over a restart: it is told.

pub mod changes;
mod known;
pub mod operator;
mod organization;

use crate::changes::{PeriodValue, RecurringKey};
use crate::credit_burn::changes::PeriodCredits;
use crate::event::{MeterIndex, OrganizationKey};
use crate::names::Names;
use crate::schedules::OrganizationTerms;
use changes::{FinalChanges, Restored};
use highwater_rating::recurring::RecurringLine;
use highwater_rating::time::EventTime;
use organization::Organization;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the service says about final periods, to the worker that has to know it.
#[derive(Debug)]
pub enum Told {
    Watermark(EventTime),
    Restored(Restored),
}

/// One period of one meter, as rating gave it; `None` when it is gone.
pub type RatedChange = ((OrganizationKey, MeterIndex), EventTime, Option<PeriodValue>);

/// A line that no meter makes, as it is there by now; `None` when it is gone.
pub type RecurringChange = (RecurringKey, Option<RecurringLine>);

/// Of the organizations of one worker.
pub struct Finals {
    names: Arc<Names>,
    watermark: Option<EventTime>,
    organizations: BTreeMap<OrganizationKey, Organization>,
}

/// What one epoch brings.
#[derive(Debug, Default)]
pub struct Brought {
    pub told: Vec<Told>,
    pub terms: Vec<(OrganizationKey, Arc<OrganizationTerms>)>,
    pub rated: Vec<RatedChange>,
    pub recurring: Vec<RecurringChange>,
    /// Of each period of which a credit line has changed all of them.
    pub credited: Vec<PeriodCredits>,
}

impl Finals {
    pub fn new(names: Arc<Names>) -> Finals {
        Finals { names, watermark: None, organizations: BTreeMap::new() }
    }

    /// Takes an epoch up, and says what it has changed.
    pub fn take(&mut self, brought: Brought) -> FinalChanges {
        let mut changes = FinalChanges::default();
        let mut touched: BTreeSet<OrganizationKey> = BTreeSet::new();
        for (key, terms) in brought.terms {
            self.organization(key).put_in_force(terms);
            touched.insert(key);
        }
        // Before it is told what was closed: that is then held against all that is known.
        let passed = self.watermark;
        for ((key, meter), period_start, value) in brought.rated {
            let name = value.as_ref().and_then(|_| self.names.meter(meter)).unwrap_or_default();
            self.organization(key).know(meter, name, period_start, value, passed, &mut changes.known);
            touched.insert(key);
        }
        for (key, line) in brought.recurring {
            touched.insert(key.organization);
            self.organization(key.organization).know_recurring(key, line, passed, &mut changes.known);
        }
        for (key, period_start, lines) in brought.credited {
            self.organization(key).know_credits(period_start, lines, &mut changes.known);
            touched.insert(key);
        }
        let mut reached = None;
        for told in brought.told {
            match told {
                Told::Watermark(watermark) => reached = reached.max(Some(watermark)),
                Told::Restored(restored) => self.restore(restored, &mut touched, &mut changes),
            }
        }
        let before = self.watermark;
        // Nothing is closed until it is said how far time has come: after a start what is known is not yet whole.
        let may_close = reached.is_some();
        if may_close {
            self.watermark = self.watermark.max(reached);
            touched
                .extend(self.organizations.iter().filter(|(_, it)| it.may_be_due(self.watermark)).map(|(key, _)| *key));
        }
        changes.watermark = self.watermark;
        for key in touched {
            if let Some(organization) = self.organizations.get_mut(&key) {
                organization.settle(may_close.then_some(before), self.watermark, &mut changes);
            }
        }
        changes
    }

    fn restore(&mut self, restored: Restored, touched: &mut BTreeSet<OrganizationKey>, changes: &mut FinalChanges) {
        self.watermark = self.watermark.max(restored.watermark);
        for closed in restored.closed {
            // An organization that was closed and cannot be named now was refused its name by another.
            let Ok(key) = self.names.learn_organization(&closed.organization_id) else { continue };
            self.organization(key).restore(&closed);
            touched.insert(key);
        }
        for period in restored.held {
            self.organization(period.organization).hold(period.period_start);
        }
        // Those that were known before it was told what they had been closed with.
        let watermark = self.watermark;
        for (key, organization) in &mut self.organizations {
            organization.close_empty(watermark);
            organization.tell_what_differs(&mut changes.known);
            touched.insert(*key);
        }
    }

    fn organization(&mut self, key: OrganizationKey) -> &mut Organization {
        let names = &self.names;
        self.organizations
            .entry(key)
            .or_insert_with(|| Organization::new(key, names.organization(key).unwrap_or_else(|| "".into())))
    }
}
