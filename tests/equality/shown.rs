//! What the engine has shown so far: its epochs of changes, applied one after the other like a sink would.

use super::rows::{self, Rows};
use highwater_dataflows::changes::{
    AcceptedEvent, Epoch, EpochChanges, EpochCounts, Outcome, OutcomeCountKey, OutcomeRow, PeriodKey, PeriodValue,
    RecurringKey, WindowKey, WindowSize, WindowValue,
};
use highwater_dataflows::credit_burn::changes::{CreditRows, EntryKey};
use highwater_dataflows::feed::Place;
use highwater_dataflows::meters::MeterBook;
use highwater_dataflows::names::Names;
use highwater_rating::credits::CreditUnit;
use highwater_rating::number::{Quantity, trillionths};
use highwater_rating::rate::{RatedLine, RatedPeriod};
use highwater_rating::recurring::RecurringLine;
use highwater_rating::terms::Apart;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;

#[derive(Default)]
pub struct Shown {
    pub epoch: Epoch,
    usage: BTreeMap<WindowKey, WindowValue>,
    periods: BTreeMap<PeriodKey, PeriodValue>,
    recurring: BTreeMap<RecurringKey, RecurringLine>,
    credits: CreditRows,
    outcomes: Vec<OutcomeRow>,
    archive: Vec<AcceptedEvent>,
    outcome_counts: BTreeMap<OutcomeCountKey, u64>,
    counts: EpochCounts,
}

impl Shown {
    /// Another process goes on: it shows what stands in its first epoch, and what is not among that is swept away.
    pub fn restart(&mut self) {
        let Shown { outcomes, archive, counts, .. } = std::mem::take(self);
        *self = Shown { outcomes, archive, counts, ..Shown::default() };
    }

    pub fn apply(&mut self, changes: EpochChanges) {
        assert_eq!(changes.epoch.0, self.epoch.0 + 1, "epochs come one after the other");
        self.epoch = changes.epoch;
        upsert(&mut self.usage, changes.usage);
        upsert(&mut self.periods, changes.periods);
        upsert(&mut self.recurring, changes.recurring);
        upsert(&mut self.credits.entries, changes.credits.entries);
        upsert(&mut self.credits.balances, changes.credits.balances);
        upsert(&mut self.credits.requests, changes.credits.requests);
        upsert(&mut self.credits.lines, changes.credits.lines);
        self.outcomes.extend(changes.outcomes);
        self.archive.extend(changes.archive);
        self.outcome_counts.extend(changes.outcome_counts);
        self.counts = sum(self.counts, changes.counts);
        let counts = self.counts;
        let outcomes = counts.accepted + counts.duplicate + counts.conflicting + counts.late + counts.rejected;
        assert_eq!(counts.received, outcomes, "received is the sum of all outcomes at all times");
        let absolute: u64 = self.outcome_counts.values().sum();
        assert_eq!(counts.received, absolute, "every record is counted under a day and an organization");
    }

    /// `places` has the number of each record that was fed.
    pub fn rows(&self, names: &Names, meters: &MeterBook, places: &HashMap<Place, usize>) -> Rows {
        let mut rows = Rows::default();
        let organization = |key| names.organization(key).expect("the name of an organization that was shown");
        for (key, value) in &self.usage {
            let size = match key.size {
                WindowSize::Minute => "minute",
                WindowSize::Hour => "hour",
                WindowSize::Day => "day",
            };
            let dimensions = names.dimensions(key.dimensions).expect("the values of dimensions that were shown");
            let dimensions: Vec<String> = dimensions.iter().map(|value| value.to_string()).collect();
            let meter = &meters.meter(key.meter).name;
            let row_key = rows::window_key(size, &organization(key.organization), meter, &dimensions, key.start.0);
            rows.insert(
                row_key,
                match value {
                    WindowValue::Usage { events, quantity } => format!("events {events} quantity {}", quantity.0),
                    WindowValue::Overflow { events } => format!("events {events} overflow"),
                },
            );
        }
        for (key, value) in &self.periods {
            let meter = &meters.meter(key.meter).name;
            let row_key = rows::period_key(&organization(key.organization), meter, key.period_start.0);
            match value {
                PeriodValue::Error(error) => rows.insert(row_key, format!("error {error}")),
                PeriodValue::Rated(period) => {
                    for (number, line) in period.lines.iter().enumerate() {
                        rows.insert(rows::line_key(&row_key, number), line_text(line));
                    }
                    rows.insert(row_key, period_text(period));
                }
            }
        }
        for (key, line) in &self.recurring {
            let (organization, start) = (organization(key.organization), key.period_start.0);
            let row_key = rows::recurring_key(&organization, start, key.kind.name(), &key.name, key.start.0);
            rows.insert(row_key, recurring_text(line));
        }
        self.credit_rows(names, &mut rows);
        self.outcome_rows(names, places, &mut rows);
        self.archive_rows(&mut rows);
        rows
    }

    fn credit_rows(&self, names: &Names, rows: &mut Rows) {
        let name = |key| names.organization(key).expect("the name of an organization that was shown");
        let key = |what: &str, organization, unit: &CreditUnit, name_of: &str| {
            let of = match unit {
                CreditUnit::Meter(meter) => ("meter", &**meter),
                CreditUnit::Currency(currency) => ("currency", &**currency),
            };
            rows::credit_key(what, &name(organization), of, name_of)
        };
        for (EntryKey { of, at }, entry) in &self.credits.entries {
            let amounts =
                [entry.opening, entry.granted, entry.burned, entry.expired, entry.rolled_over, entry.refunded];
            let value = format!("{:?} closing {}", amounts.map(nanos), nanos(entry.closing));
            rows.insert(format!("{} {}", key("entry", of.organization, &of.unit, &of.grant), at.0), value);
        }
        for (of, balance) in &self.credits.balances {
            let value = match balance {
                Ok(it) => format!("{:?}", [it.granted, it.burned, it.expired, it.refunded, it.balance].map(nanos)),
                Err(error) => format!("error {error}"),
            };
            rows.insert(key("balance", of.organization, &of.unit, &of.grant), value);
        }
        for (of, request) in &self.credits.requests {
            let amounts = [request.amount, request.balance, request.pending].map(nanos);
            let value = format!(
                "at {} {amounts:?} lapses {} answered by {:?}",
                request.at.0, request.lapses_at.0, request.answered_by
            );
            rows.insert(key("request", of.organization, &of.unit, &of.id), value);
        }
        for (of, line) in &self.credits.lines {
            let (start, end) = (line.period.start.0, line.period.end.0);
            let value = format!("of {start} to {end} pays {}", line.amount_minor_units);
            rows.insert(rows::credit_line_key(&name(of.organization), &of.meter, of.span_start.0, &of.grant), value);
        }
    }

    fn outcome_rows(&self, names: &Names, places: &HashMap<Place, usize>, rows: &mut Rows) {
        // What could be read of a rejected record is the decoder's to show: here they are counted together.
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for (key, count) in &self.outcome_counts {
            let organization = match key.outcome {
                Outcome::Rejected => None,
                _ => Some(names.organization(key.organization).expect("a name")),
            };
            let row_key = rows::count_key(
                i64::from(key.day),
                organization.as_deref(),
                &format!("{:?} {}", key.outcome, key.code),
            );
            *counts.entry(row_key).or_default() += count;
        }
        counts.into_iter().for_each(|(key, count)| rows.insert(key, count.to_string()));
        for row in &self.outcomes {
            let number = places[&row.record.place];
            let first = row.first_place.map(|place| places[&place]);
            rows.insert(rows::outcome_key(number), outcome_text(row.outcome, &row.record.code, first));
        }
        for number in 0..places.len() {
            rows.0.entry(rows::outcome_key(number)).or_insert_with(|| outcome_text(Outcome::Accepted, "", None));
        }
    }

    /// What the archive holds in the end: an event that was retracted is marked as such, and no longer stands.
    fn archive_rows(&self, rows: &mut Rows) {
        let mut standing = BTreeSet::new();
        for accepted in &self.archive {
            let event = &accepted.event;
            let key = rows::archive_key(&event.organization_id, &event.source, &event.id);
            if accepted.retracted {
                standing.remove(&key)
            } else {
                standing.insert(key)
            };
        }
        standing.into_iter().for_each(|key| rows.insert(key, "stands".to_owned()));
    }
}

fn upsert<K: Ord + Debug + Clone, V>(rows: &mut BTreeMap<K, V>, changes: Vec<(K, Option<V>)>) {
    let mut seen = BTreeSet::new();
    for (key, value) in changes {
        assert!(seen.insert(key.clone()), "twice in one epoch: {key:?}");
        match value {
            Some(value) => drop(rows.insert(key, value)),
            None => drop(rows.remove(&key)),
        }
    }
}

fn nanos(quantity: Quantity) -> String {
    quantity.0.to_string()
}

fn sum(one: EpochCounts, other: EpochCounts) -> EpochCounts {
    EpochCounts {
        received: one.received + other.received,
        accepted: one.accepted + other.accepted,
        duplicate: one.duplicate + other.duplicate,
        conflicting: one.conflicting + other.conflicting,
        late: one.late + other.late,
        rejected: one.rejected + other.rejected,
        unattributed: one.unattributed + other.unattributed,
        event_time_max: one.event_time_max.max(other.event_time_max),
    }
}

fn outcome_text(outcome: Outcome, code: &str, first: Option<usize>) -> String {
    match first {
        Some(first) => format!("{outcome:?} {code} first {first}"),
        None => format!("{outcome:?} {code}"),
    }
}

fn period_text(period: &RatedPeriod) -> String {
    format!(
        "end {} plan {} currency {} events {} quantity {} limit {:?} overage {} cost {} lines {}",
        period.period.end.0,
        period.plan,
        period.currency,
        period.events,
        period.quantity.0,
        period.limit.map(|limit| limit.0),
        period.overage.0,
        period.cost_minor_units,
        period.lines.len(),
    )
}

fn recurring_text(line: &RecurringLine) -> String {
    let amount = match line.amount {
        Ok(amount) => format!("unrounded {} rounded {}", amount.unrounded, amount.minor_units),
        Err(error) => format!("error {error}"),
    };
    format!(
        "of {} to {} until {} billing {} subscription {:?} plan {} version {} overrides {:?} price {} {} quantity {} share {}/{} {amount}",
        line.period.start.0,
        line.period.end.0,
        line.end.0,
        line.billing.name(),
        line.subscription,
        line.plan,
        line.version.0,
        line.overrides,
        trillionths(line.price).expect("a price of at most twelve digits"),
        line.currency,
        line.quantity.0,
        line.charged_seconds,
        line.whole_seconds,
    )
}

fn line_text(line: &RatedLine) -> String {
    let terms = &line.span.terms;
    let tiers: Vec<String> =
        line.tiers.iter().map(|tier| format!("{}: {} {}", tier.tier, tier.quantity.0, tier.amount_unrounded)).collect();
    let covers: Vec<String> =
        line.covers.iter().map(|cover| format!("{}: {}", cover.grant, cover.quantity.0)).collect();
    let steps: Vec<String> = line
        .steps
        .iter()
        .map(|step| format!("{} {}: {} {}", step.kind.name(), step.index, step.quantity.0, step.amount_unrounded))
        .collect();
    format!(
        "from {} to {} subscription {:?} plan {} version {} overrides {:?} adjustments {:?} apart {} percent {} events {} quantity {} included {} overage {} covers {covers:?} tiers {tiers:?} steps {steps:?} unrounded {} rounded {}",
        line.span.start.0,
        line.span.end.0,
        terms.subscription,
        terms.plan,
        terms.plan_version.0,
        terms.overrides,
        terms.adjustments,
        terms.apart.map_or("no", |apart| if apart == Apart::Trial { "trial" } else { "pause" }),
        terms.price_percent.normalize(),
        line.events,
        line.quantity.0,
        line.included.0,
        line.overage.0,
        line.amount_unrounded,
        line.amount_minor_units,
    )
}
