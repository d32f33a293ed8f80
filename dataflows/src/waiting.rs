//! What comes to an operator of terms, rated periods and the time reached, until the epoch that it belongs to is whole.

use crate::changes::Epoch;
use crate::event::OrganizationKey;
use crate::overage::{AccountKey, Rated};
use crate::schedules::OrganizationTerms;
use crate::time::{Time, first_tick, last_tick};
use highwater_rating::time::EventTime;
use std::collections::BTreeMap;
use std::sync::Arc;

pub type TermsChange = ((OrganizationKey, Arc<OrganizationTerms>), Time, isize);
pub type RatedChange = ((AccountKey, Rated), Time, isize);

/// What has arrived, by the tick it belongs to.
#[derive(Default)]
pub struct Waiting {
    terms: BTreeMap<Time, BTreeMap<OrganizationKey, Option<Arc<OrganizationTerms>>>>,
    rated: BTreeMap<Time, Vec<(AccountKey, Rated, isize)>>,
    reached: BTreeMap<Time, EventTime>,
}

/// What one epoch brings.
pub struct Brought {
    /// The greatest event time accepted of anybody, where it has grown.
    pub reached: Option<EventTime>,
    /// Periods that came and went, in any order.
    pub rated: Vec<(AccountKey, Rated, isize)>,
    /// In the order in which they are put in force.
    pub terms: Vec<(OrganizationKey, Option<Arc<OrganizationTerms>>)>,
}

impl Waiting {
    /// Within one tick an organization's old terms and its new ones come in any order.
    pub fn add_terms(&mut self, ((organization, terms), time, difference): TermsChange) {
        let entry = self.terms.entry(time).or_default().entry(organization).or_default();
        if difference > 0 {
            *entry = Some(terms);
        }
    }

    pub fn add_rated(&mut self, ((account, rated), time, difference): RatedChange) {
        self.rated.entry(time).or_default().push((account, rated, difference));
    }

    pub fn add_reached(&mut self, (epoch, instant): (u64, i64)) {
        let known = self.reached.entry(last_tick(Epoch(epoch))).or_insert(EventTime::MIN);
        *known = EventTime(instant).max(*known);
    }

    /// Hands over everything up to the end of the epoch.
    pub fn take(&mut self, epoch: Epoch) -> Brought {
        let next = first_tick(Epoch(epoch.0 + 1));
        let later = self.reached.split_off(&next);
        let reached = std::mem::replace(&mut self.reached, later).into_values().max();
        let later = self.rated.split_off(&next);
        let rated = std::mem::replace(&mut self.rated, later).into_values().flatten().collect();
        let later = self.terms.split_off(&next);
        let terms = std::mem::replace(&mut self.terms, later).into_values().flatten().collect();
        Brought { reached, rated, terms }
    }
}
