//! The organizations in which something recurs, with the lines that were given out.
//!
//! Owns which periods are looked at again when time goes on, terms change, or usage costs something else. An
//! organization without anything that recurs costs nothing but the sums of its periods.

use crate::changes::{PeriodValue, RecurringKey};
use crate::event::OrganizationKey;
use crate::schedules::OrganizationTerms;
use highwater_rating::rate::RateError;
use highwater_rating::recurring::{BilledPeriod, PERIODS_MAX, PeriodCharges, Recurring, RecurringLine};
use highwater_rating::time::EventTime;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

pub struct Books {
    /// How far time has come: the greatest event time that was accepted, or the watermark.
    reached: EventTime,
    books: HashMap<OrganizationKey, Book, foldhash::fast::FixedState>,
    /// When a period of an organization begins or ends next.
    next: BTreeSet<(EventTime, OrganizationKey)>,
    costs: HashMap<(OrganizationKey, EventTime), Costs, foldhash::fast::FixedState>,
    /// Terms that changed since the last epoch, and periods whose costs did.
    renewed: BTreeSet<OrganizationKey>,
    recharged: BTreeSet<(OrganizationKey, EventTime)>,
}

#[derive(Default)]
struct Book {
    recurring: Recurring,
    /// What was given out, by the start of the period; none without a line.
    lines: BTreeMap<EventTime, Vec<RecurringLine>>,
    next: Option<EventTime>,
}

/// What the usage of one period costs, over all meters.
#[derive(Default)]
struct Costs {
    /// (currency, minor units, how many meters have lines in it): as differences, so that a zero count is no currency.
    by_currency: Vec<(Arc<str>, i128, i64)>,
    errors: BTreeMap<RateError, i64>,
}

impl Default for Books {
    fn default() -> Books {
        Books {
            reached: EventTime::MIN,
            books: HashMap::default(),
            next: BTreeSet::new(),
            costs: HashMap::default(),
            renewed: BTreeSet::new(),
            recharged: BTreeSet::new(),
        }
    }
}

type Changes = Vec<(RecurringKey, Option<RecurringLine>)>;

impl Books {
    pub fn reach(&mut self, instant: EventTime) {
        self.reached = self.reached.max(instant);
    }

    pub fn put_in_force(&mut self, organization: OrganizationKey, terms: Option<&OrganizationTerms>) {
        let recurring = terms.map(OrganizationTerms::recurring).unwrap_or_default();
        if recurring.is_empty() && !self.books.contains_key(&organization) {
            return;
        }
        self.books.entry(organization).or_default().recurring = recurring;
        self.renewed.insert(organization);
    }

    /// A period's costs came (above zero) or went.
    pub fn charge(
        &mut self,
        organization: OrganizationKey,
        period_start: EventTime,
        value: &PeriodValue,
        difference: isize,
    ) {
        let key = (organization, period_start);
        let costs = self.costs.entry(key).or_default();
        let difference = difference as i64;
        match value {
            PeriodValue::Rated(rated) if rated.lines.is_empty() => {}
            PeriodValue::Rated(rated) => costs.add(&rated.currency, rated.cost_minor_units, difference),
            PeriodValue::Error(error) => {
                let count = costs.errors.entry(*error).or_default();
                *count += difference;
                costs.errors.retain(|_, count| *count != 0);
            }
        }
        if costs.by_currency.is_empty() && costs.errors.is_empty() {
            self.costs.remove(&key);
        }
        self.recharged.insert(key);
    }

    /// Ends the epoch: the lines that came, changed and went.
    pub fn close(&mut self) -> Changes {
        let mut changes = Vec::new();
        let renewed = std::mem::take(&mut self.renewed);
        for organization in &renewed {
            self.renew(*organization, &mut changes);
        }
        for (organization, period_start) in std::mem::take(&mut self.recharged) {
            if !renewed.contains(&organization) {
                self.look_again(organization, period_start, &mut changes);
            }
        }
        while let Some((instant, organization)) = self.next.first().copied()
            && instant <= self.reached
        {
            self.next.remove(&(instant, organization));
            self.go_on(organization, instant, &mut changes);
        }
        changes
    }

    /// All periods of an organization, under new terms.
    fn renew(&mut self, organization: OrganizationKey, changes: &mut Changes) {
        let Some(book) = self.books.get_mut(&organization) else { return };
        let periods: Vec<BilledPeriod> =
            book.recurring.periods(EventTime::MIN, self.reached).take(PERIODS_MAX + 1).collect();
        let starts: BTreeSet<EventTime> = periods.iter().map(|billed| billed.period.start).collect();
        let gone: Vec<EventTime> = book.lines.keys().filter(|start| !starts.contains(start)).copied().collect();
        for start in gone {
            book.replace(organization, start, Vec::new(), changes);
        }
        for (number, billed) in periods.iter().enumerate() {
            let charges = charges_of(&self.costs, organization, billed);
            let lines = match number < PERIODS_MAX {
                true => book.recurring.lines(billed, self.reached, &charges),
                false => book.recurring.too_many(billed),
            };
            book.replace(organization, billed.period.start, lines, changes);
        }
        self.await_next(organization, periods.len() > PERIODS_MAX);
    }

    /// Time has passed a boundary of the organization.
    fn go_on(&mut self, organization: OrganizationKey, since: EventTime, changes: &mut Changes) {
        let Some(book) = self.books.get_mut(&organization) else { return };
        // The period that ends at the boundary is among them.
        let periods: Vec<BilledPeriod> =
            book.recurring.periods(EventTime(since.0.saturating_sub(1)), self.reached).take(PERIODS_MAX + 1).collect();
        if book.lines.len() + periods.len() > PERIODS_MAX {
            return self.renew(organization, changes);
        }
        for billed in &periods {
            let charges = charges_of(&self.costs, organization, billed);
            let lines = book.recurring.lines(billed, self.reached, &charges);
            book.replace(organization, billed.period.start, lines, changes);
        }
        self.await_next(organization, false);
    }

    /// One period of which the usage costs something else: that moves its true-up.
    fn look_again(&mut self, organization: OrganizationKey, start: EventTime, changes: &mut Changes) {
        let Some(book) = self.books.get_mut(&organization) else { return };
        if !book.recurring.has_commitment() || start > self.reached || book.lines.len() > PERIODS_MAX {
            return;
        }
        let period = book.recurring.periods(start, start).find(|billed| billed.period.start == start);
        if let Some(billed) = period {
            let charges = charges_of(&self.costs, organization, &billed);
            let lines = book.recurring.lines(&billed, self.reached, &charges);
            book.replace(organization, start, lines, changes);
        }
    }

    fn await_next(&mut self, organization: OrganizationKey, full: bool) {
        let Some(book) = self.books.get_mut(&organization) else { return };
        if let Some(before) = book.next.take() {
            self.next.remove(&(before, organization));
        }
        book.next = book.recurring.next_after(self.reached).filter(|_| !full);
        if let Some(next) = book.next {
            self.next.insert((next, organization));
        }
        if book.recurring.is_empty() && book.lines.is_empty() {
            self.books.remove(&organization);
        }
    }
}

fn charges_of(
    costs: &HashMap<(OrganizationKey, EventTime), Costs, foldhash::fast::FixedState>,
    organization: OrganizationKey,
    billed: &BilledPeriod,
) -> PeriodCharges {
    costs.get(&(organization, billed.period.start)).map(Costs::charges).unwrap_or_default()
}

impl Costs {
    fn add(&mut self, currency: &Arc<str>, minor_units: i128, difference: i64) {
        let position = self.by_currency.iter().position(|(known, ..)| known == currency).unwrap_or_else(|| {
            self.by_currency.push((currency.clone(), 0, 0));
            self.by_currency.len() - 1
        });
        let (_, sum, meters) = &mut self.by_currency[position];
        // Modulo 2^128, like the quantities that are entered: the sum of what stands is in range, whatever the order.
        *sum = sum.wrapping_add(minor_units.wrapping_mul(i128::from(difference)));
        *meters += difference;
        if (*sum, *meters) == (0, 0) {
            self.by_currency.swap_remove(position);
        }
    }

    fn charges(&self) -> PeriodCharges {
        PeriodCharges {
            by_currency: self.by_currency.iter().map(|(currency, sum, _)| (currency.clone(), *sum)).collect(),
            error: self.errors.keys().next().copied(),
        }
    }
}

impl Book {
    /// Puts a period's lines in place of those that were given out, and says which rows that changes.
    fn replace(
        &mut self,
        organization: OrganizationKey,
        period_start: EventTime,
        lines: Vec<RecurringLine>,
        changes: &mut Changes,
    ) {
        let before = self.lines.remove(&period_start).unwrap_or_default();
        let key = |line: &RecurringLine| RecurringKey {
            organization,
            period_start,
            kind: line.kind,
            name: line.name.clone(),
            start: line.start,
        };
        let same_key = |a: &RecurringLine, b: &RecurringLine| (a.kind, &a.name, a.start) == (b.kind, &b.name, b.start);
        for line in &before {
            if !lines.iter().any(|now| same_key(now, line)) {
                changes.push((key(line), None));
            }
        }
        for line in &lines {
            if !before.contains(line) {
                changes.push((key(line), Some(line.clone())));
            }
        }
        if !lines.is_empty() {
            self.lines.insert(period_start, lines);
        }
    }
}
