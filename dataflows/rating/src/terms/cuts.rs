//! Where credits cut spans: usage before a grant begins must not be covered by it, so that no span has both.
//!
//! Only the spans of meters that add up are cut, under a whole allowance and outside trials and pauses: there a cut
//! changes no amount, but that each part is rounded. Anywhere else a credit that is given would change what usage costs;
//! those spans burn what there is at their first instant.

use super::schedule::Terms;
use crate::credits::Refills;
use crate::tables::{Allowance, CreditPolicy, Grant};
use crate::time::EventTime;
use std::sync::Arc;

/// Instants at which something happens to one grant, or the order of burn changes.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    /// Of money: what is charged in another currency is not cut.
    currency: Option<Arc<str>>,
    /// Ascending.
    instants: Vec<EventTime>,
    refills: Option<Refills>,
}

impl Cut {
    /// `None` for a grant that never holds.
    pub fn of_grant(row: &Grant) -> Option<Cut> {
        let currency = row.currency.clone();
        if row.of.is_some() {
            return Some(Cut { currency, instants: vec![row.effective_from], refills: None });
        }
        let instants = [Some(row.effective_from), row.expires_at].into_iter().flatten().collect();
        Some(Cut { currency, instants, refills: Some(Refills::of(row)?) })
    }

    pub fn of_policy(row: &CreditPolicy) -> Cut {
        let instants = [Some(row.effective_from), row.effective_to].into_iter().flatten().collect();
        Cut { currency: row.currency.clone(), instants, refills: None }
    }

    fn applies(&self, terms: &Terms) -> bool {
        self.currency.as_ref().is_none_or(|currency| *currency == terms.currency)
    }

    fn last_until(&self, instant: EventTime) -> Option<EventTime> {
        let own = self.instants.iter().copied().rfind(|cut| *cut <= instant);
        own.max(self.refills.as_ref().and_then(|refills| refills.last_until(instant)))
    }

    fn next_after(&self, instant: EventTime) -> Option<EventTime> {
        let own = self.instants.iter().copied().find(|cut| *cut > instant);
        let refill = self.refills.as_ref().and_then(|refills| refills.next_after(instant, EventTime::MAX));
        [own, refill].into_iter().flatten().min()
    }
}

/// The part of `start..end` around the instant that no credit cuts.
pub(super) fn around(
    cuts: &[Cut],
    instant: EventTime,
    terms: &Terms,
    (start, end): (EventTime, EventTime),
) -> (EventTime, EventTime) {
    let is_whole = terms.charge.as_ref().is_some_and(|charge| charge.allowance == Allowance::Whole);
    if !is_whole || terms.apart.is_some() {
        return (start, end);
    }
    let cutting = || cuts.iter().filter(|cut| cut.applies(terms));
    let last = cutting().filter_map(|cut| cut.last_until(instant)).max();
    let next = cutting().filter_map(|cut| cut.next_after(instant)).min();
    (last.map_or(start, |last| last.max(start)), next.map_or(end, |next| next.min(end)))
}
