//! What every row must be: brute force, exact, and written beside the engine, not with it.
//!
//! Shares no code with `rating` or `dataflows`: rows and events are JSON trees, numbers are fractions of big integers,
//! time zones are chrono's. Where the engine keeps sums, this filters all events again; where the engine cuts time
//! once, this asks every row at every instant. It is slow, and it has no state to go wrong.
//!
//! [`generate`] makes the catalogs and streams of the property tests from a seed.

mod burning;
pub mod civil;
mod cloud_event;
pub mod credits;
pub mod event;
pub mod exact;
mod fold;
pub mod generate;
mod ledger;
mod meter;
mod pricing;
mod rating;
mod recurring;
mod strict_json;
pub mod tables;
mod terms;

pub use burning::{Burnt, LedgerKey};
pub use event::RawRecord;
pub use ledger::{Identity, Outcome, RecordOutcome};
pub use rating::{RateError, RatedLine, RatedPeriod, StepShare, TierShare};
pub use recurring::{RecurringKey, RecurringLine};
pub use tables::TableChange;
pub use terms::{Span, Terms};

use civil::Micros;
use credits::Credits;
use exact::Fraction;
use fold::{Counted, fold};
use ledger::Ledger;
use std::collections::{BTreeMap, BTreeSet};
use tables::Tables;
use terms::Book;

/// The input in its order. Terms are those of the last tables; meters count what comes after them.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Tables(Vec<TableChange>),
    Record(RawRecord),
}

/// `usage_minute`, `usage_hour` and `usage_day` are told apart by their length.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WindowKey {
    pub length: Micros,
    pub organization: String,
    pub meter: String,
    pub dimensions: Vec<String>,
    pub start: Micros,
}

#[derive(Clone, Debug, PartialEq)]
pub struct WindowUsage {
    pub events: u64,
    pub quantity: Fraction,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeriodKey {
    pub organization: String,
    pub meter: String,
    pub start: Micros,
}

/// Everything that the engine must show in the end.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// One for each record, in their order.
    pub outcomes: Vec<RecordOutcome>,
    /// The accepted events that were not retracted.
    pub standing: BTreeSet<Identity>,
    pub usage: BTreeMap<WindowKey, WindowUsage>,
    pub periods: BTreeMap<PeriodKey, Result<RatedPeriod, RateError>>,
    pub recurring: BTreeMap<RecurringKey, RecurringLine>,
    pub credits: Burnt,
}

pub const MINUTE: Micros = 60_000_000;
pub const HOUR: Micros = 60 * MINUTE;
pub const DAY: Micros = 24 * HOUR;

pub fn expect(steps: &[Step]) -> Expected {
    let mut tables = Tables::default();
    let mut ledger = Ledger::default();
    let mut outcomes = Vec::new();
    for step in steps {
        match step {
            Step::Tables(changes) => changes.iter().for_each(|change| tables.apply(change)),
            Step::Record(record) => outcomes.push(ledger.take(record, &tables)),
        }
    }
    let surviving = ledger.surviving();
    let (usage, periods) = (usage(&tables, &surviving), periods(&tables, &surviving));
    let reached = ledger.reached();
    let recurring = reached.map_or_else(BTreeMap::new, |until| recurring::lines(&tables, until, &periods));
    let credits = reached.map_or_else(Burnt::default, |until| burning::burnt(&tables, until, &periods));
    Expected { outcomes, standing: ledger.standing(), usage, periods, recurring, credits }
}

fn usage(tables: &Tables, surviving: &[&Counted]) -> BTreeMap<WindowKey, WindowUsage> {
    let mut windows: BTreeMap<WindowKey, Vec<&Counted>> = BTreeMap::new();
    for event in surviving {
        for length in [MINUTE, HOUR, DAY] {
            let key = WindowKey {
                length,
                organization: event.organization.clone(),
                meter: event.meter.clone(),
                dimensions: event.dimensions.clone(),
                start: event.instant - event.instant.rem_euclid(length),
            };
            windows.entry(key).or_default().push(event);
        }
    }
    let usage_of = |key: &WindowKey, events: Vec<&Counted>| WindowUsage {
        events: events.len() as u64,
        quantity: fold(meter::aggregation(tables, &key.meter), &events),
    };
    windows.into_iter().map(|(key, events)| (key.clone(), usage_of(&key, events))).collect()
}

fn periods(tables: &Tables, surviving: &[&Counted]) -> BTreeMap<PeriodKey, Result<RatedPeriod, RateError>> {
    let mut meters: BTreeMap<(&str, &str), Vec<&Counted>> = BTreeMap::new();
    for event in surviving {
        meters.entry((&event.organization, &event.meter)).or_default().push(event);
    }
    let mut spans: BTreeMap<PeriodKey, BTreeMap<Micros, (Span, Vec<&Counted>)>> = BTreeMap::new();
    for ((organization, meter), events) in meters {
        let book = Book::of(tables, organization, meter);
        let mut found: Vec<Span> = Vec::new();
        for event in events {
            let known = found.iter().find(|span| (span.start..span.end).contains(&event.instant)).cloned();
            let additive = fold::is_additive(meter::aggregation(tables, meter));
            let Some(span) = known.or_else(|| book.span_at(event.instant, additive)) else { continue };
            found.push(span.clone());
            let key =
                PeriodKey { organization: organization.to_owned(), meter: meter.to_owned(), start: span.period.start };
            spans.entry(key).or_default().entry(span.start).or_insert((span, Vec::new())).1.push(event);
        }
    }
    let mut burns: BTreeMap<(String, String), Burning> = BTreeMap::new();
    let rated = |(key, spans): (PeriodKey, BTreeMap<Micros, (Span, Vec<&Counted>)>)| {
        let in_order: Vec<_> = spans.into_values().collect();
        let burning = burns
            .entry((key.organization.clone(), key.meter.clone()))
            .or_insert_with(|| Burning(Book::of(tables, &key.organization, &key.meter).unit_credits()));
        let before = burning.0.usage.len();
        let burn = |at, need| burning.burn(at, need);
        let rated = rating::rate(meter::aggregation(tables, &key.meter), &in_order, burn);
        if rated.is_err() {
            burning.0.usage.truncate(before);
        }
        (key, rated)
    };
    // Keys are in order of organization, meter and time.
    spans.into_iter().map(rated).collect()
}

/// One meter's unit credits with all that they were asked for so far.
struct Burning(Credits);

impl Burning {
    /// What each grant covers of the usage at an instant. Everything before is worked out anew.
    fn burn(&mut self, at: Micros, need: Fraction) -> Vec<(String, Fraction)> {
        if self.0.grants.is_empty() || need <= exact::zero() {
            return Vec::new();
        }
        self.0.usage.push((at, need));
        self.0.recurring_until = at;
        credits::expect(&self.0).covered.pop().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 56] = [
        "units are covered",
        "several grants cover",
        "money pays",
        "expired",
        "rolled over",
        "refunded",
        "a recharge",
        "Accepted",
        "Duplicate",
        "Conflicting",
        "Late",
        "AmountOverflow",
        "MixedCurrencies",
        "several lines",
        "several tiers",
        "flat",
        "per_unit",
        "graduated",
        "volume",
        "package",
        "stairstep",
        "percentage",
        "graduated_percentage",
        "dynamic",
        "free_units",
        "discount",
        "minimum",
        "maximum",
        "a conversion",
        "a tier left behind",
        "trial",
        "temporary_users",
        "automatic_limit_scaling",
        "event_based",
        "base_price",
        "add_on",
        "true_up",
        "error in a true-up",
        "a share of a period",
        "byte_order_mark",
        "cardinality_exceeded",
        "duplicate_key",
        "future",
        "invalid_cost",
        "invalid_field",
        "invalid_json",
        "invalid_metadata",
        "invalid_quantity",
        "invalid_time",
        "invalid_utf8",
        "invalid_value",
        "missing_field",
        "too_deep",
        "trailing_bytes",
        "unknown_field",
        "unknown_identity",
    ];

    /// A generator that never makes a case would leave a rule unproven without anybody noticing.
    #[test]
    fn cases_reach_every_rule() {
        let mut missing = BTreeSet::from(WORDS);
        for seed in 0..500 {
            let expected = expect(&generate::case(seed, 200));
            let mut seen: BTreeSet<String> = BTreeSet::new();
            seen.extend(expected.outcomes.iter().map(|record| match record.outcome {
                Outcome::Rejected(code) => code.to_owned(),
                outcome => format!("{outcome:?}"),
            }));
            for period in expected.periods.values() {
                match period {
                    Err(error) => drop(seen.insert(format!("{error:?}"))),
                    Ok(period) => {
                        let seasons = period.lines.iter().flat_map(|line| &line.span.terms.adjustments);
                        seen.extend(seasons.map(|id| id.split('/').next().unwrap_or_default().to_owned()));
                        seen.extend((period.lines.len() > 1).then(|| "several lines".to_owned()));
                        seen.extend(period.lines.iter().filter_map(|line| line.span.terms.apart.clone()));
                        let several_tiers = period.lines.iter().any(|line| line.tiers.len() > 1);
                        seen.extend(several_tiers.then(|| "several tiers".to_owned()));
                        for line in &period.lines {
                            let charge = line.span.terms.charge.as_ref().expect("a line has a charge");
                            seen.insert(charge.model.clone());
                            seen.extend(line.steps.iter().map(|step| step.kind.to_owned()));
                            seen.extend((!line.covers.is_empty()).then(|| "units are covered".to_owned()));
                            seen.extend((line.covers.len() > 1).then(|| "several grants cover".to_owned()));
                            seen.extend(charge.conversion.is_some().then(|| "a conversion".to_owned()));
                            let behind = line.quantity > exact::zero()
                                && line.tiers.iter().any(|tier| tier.quantity < exact::zero());
                            seen.extend(behind.then(|| "a tier left behind".to_owned()));
                        }
                    }
                }
            }
            for (key, line) in &expected.recurring {
                seen.insert(key.kind.to_owned());
                seen.extend(line.amount.is_err().then(|| "error in a true-up".to_owned()));
                seen.extend((line.charged_seconds < line.whole_seconds).then(|| "a share of a period".to_owned()));
            }
            for entry in expected.credits.entries.values() {
                let zero = exact::zero();
                seen.extend((entry.expired > zero).then(|| "expired".to_owned()));
                seen.extend((entry.rolled_over > zero).then(|| "rolled over".to_owned()));
                seen.extend((entry.refunded > zero).then(|| "refunded".to_owned()));
            }
            seen.extend((!expected.credits.lines.is_empty()).then(|| "money pays".to_owned()));
            seen.extend((!expected.credits.requests.is_empty()).then(|| "a recharge".to_owned()));
            missing.retain(|word| !seen.contains(*word));
            if missing.is_empty() {
                return;
            }
        }
        panic!("no case shows {missing:?}");
    }

    #[test]
    fn the_same_seed_makes_the_same_case() {
        assert_eq!(generate::case(7, 100), generate::case(7, 100));
        assert_ne!(generate::case(7, 100), generate::case(8, 100));
    }
}
