//! One period of one (organization, meter) to its lines, by the rules of ARCHITECTURE.md read one by one.

use crate::civil::Period;
use crate::exact::{self, Fraction};
use crate::fold::{Counted, fold, is_additive};
use crate::pricing::{Charge, Cost};
use crate::terms::Span;
use num_bigint::BigInt;
use num_traits::Zero;

#[derive(Clone, Debug, PartialEq)]
pub struct RatedPeriod {
    pub period: Period,
    pub plan: String,
    pub currency: String,
    pub events: u64,
    pub quantity: Fraction,
    pub limit: Option<Fraction>,
    pub overage: Fraction,
    pub cost_minor_units: BigInt,
    pub lines: Vec<RatedLine>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct RatedLine {
    pub span: Span,
    pub events: u64,
    pub quantity: Fraction,
    pub included: Fraction,
    pub overage: Fraction,
    /// What each grant of units covers, in the order of burn.
    pub covers: Vec<(String, Fraction)>,
    pub tiers: Vec<TierShare>,
    pub steps: Vec<StepShare>,
    /// In units of 10^-18.
    pub amount_unrounded: BigInt,
    pub amount_minor_units: BigInt,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TierShare {
    pub tier: usize,
    pub quantity: Fraction,
    pub amount_unrounded: BigInt,
}

#[derive(Clone, Debug, PartialEq)]
pub struct StepShare {
    pub kind: &'static str,
    pub index: usize,
    pub quantity: Fraction,
    pub amount_unrounded: BigInt,
}

/// Why a period has no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RateError {
    AmountOverflow,
    MixedCurrencies,
}

/// What unit credits cover at an instant of what is needed.
pub type Covers = Vec<(String, Fraction)>;

/// Spans with the events in each, in order of time, none of them empty. `burn` is asked in that order.
pub fn rate(
    aggregation: &str,
    spans: &[(Span, Vec<&Counted>)],
    mut burn: impl FnMut(i64, Fraction) -> Covers,
) -> Result<RatedPeriod, RateError> {
    let (last, _) = spans.last().expect("a period without usage has no row");
    let mut charged =
        spans.iter().filter(|(span, _)| span.terms.charge.is_some()).map(|(span, _)| &span.terms.currency);
    let currency = charged.next().unwrap_or(&last.terms.currency);
    if charged.any(|other| other != currency) {
        return Err(RateError::MixedCurrencies);
    }
    let mut lines = Vec::new();
    let (mut before, mut covered) = (exact::zero(), exact::zero());
    for (span, events) in spans {
        let quantity = fold(aggregation, events);
        if let Some(charge) = &span.terms.charge {
            let apart = span.terms.apart.is_some();
            let carried = if apart { (exact::zero(), exact::zero()) } else { (before.clone(), covered.clone()) };
            let line = line(aggregation, span, charge, events.len() as u64, carried, &quantity, &mut burn)?;
            if !apart {
                covered += line.covers.iter().map(|(_, covered)| covered.clone()).sum::<Fraction>();
            }
            lines.push(line);
        }
        if span.terms.apart.is_none() {
            before += quantity;
        }
    }
    let cost: BigInt = lines.iter().map(|line| &line.amount_minor_units).sum();
    if i128::try_from(&cost).is_err() {
        return Err(RateError::AmountOverflow);
    }
    let overage = match is_additive(aggregation) {
        true => lines.iter().map(|line| line.overage.clone()).sum(),
        false => lines.last().map_or_else(exact::zero, |line| line.overage.clone()),
    };
    let everything: Vec<&Counted> = spans.iter().flat_map(|(_, events)| events.iter().copied()).collect();
    Ok(RatedPeriod {
        period: last.period,
        plan: last.terms.plan.clone(),
        currency: currency.clone(),
        events: everything.len() as u64,
        quantity: fold(aggregation, &everything),
        limit: limit(aggregation, &lines),
        overage,
        cost_minor_units: cost,
        lines,
    })
}

/// Of the last line when whole; prorated ones add up. A level's allowance is always whole.
fn limit(aggregation: &str, lines: &[RatedLine]) -> Option<Fraction> {
    let last = lines.last()?;
    let prorated = |line: &&RatedLine| line.span.terms.charge.as_ref().is_some_and(|charge| charge.prorated);
    if !prorated(&last) || !is_additive(aggregation) {
        return Some(last.included.clone());
    }
    Some(lines.iter().filter(prorated).map(|line| line.included.clone()).sum())
}

fn line(
    aggregation: &str,
    span: &Span,
    charge: &Charge,
    events: u64,
    (before, covered): (Fraction, Fraction),
    quantity: &Fraction,
    mut burn: impl FnMut(i64, Fraction) -> Covers,
) -> Result<RatedLine, RateError> {
    let length = |start: i64, end: i64| exact::integer(end) - exact::integer(start);
    let share = length(span.start, span.end) / length(span.period.start, span.period.end);
    let additive = is_additive(aggregation);
    // The amount of a level is already a share of the period; what it is given is not cut as well.
    let charge = &if charge.prorated && additive { charge.for_share(&share) } else { charge.clone() };
    let carries = additive && !charge.prorated;
    let (starts_at, covered) = if carries { (before, covered) } else { (exact::zero(), exact::zero()) };
    let due = if additive { exact::integer(1) } else { share };

    let low = charge.cost(&starts_at, &covered, &span.terms.factor);
    let reached = starts_at + quantity;
    let uncovered = charge.cost(&reached, &covered, &span.terms.factor).overage - &low.overage;
    let covers = if additive { burn(span.start, uncovered) } else { Vec::new() };
    let covered = covered + covers.iter().map(|(_, covered)| covered.clone()).sum::<Fraction>();
    let high = charge.cost(&reached, &covered, &span.terms.factor);
    let overage = &high.overage - &low.overage;
    let (tiers, steps) = (tiers_between(&low, &high, &due), steps_between(&low, &high, &due));
    let amount: Fraction = tiers.iter().map(|(_, part)| &part.1).chain(steps.iter().map(|(_, part)| &part.1)).sum();
    let tier = |(tier, (quantity, amount)): (usize, (Fraction, Fraction))| {
        Ok(TierShare { tier, quantity, amount_unrounded: attos(&amount)? })
    };
    let step = |((kind, index), (quantity, amount)): ((&'static str, usize), (Fraction, Fraction))| {
        Ok(StepShare { kind, index, quantity, amount_unrounded: attos(&amount)? })
    };
    Ok(RatedLine {
        span: span.clone(),
        events,
        quantity: quantity.clone(),
        included: charge.included.clone(),
        overage,
        covers,
        tiers: tiers.into_iter().map(tier).collect::<Result<_, _>>()?,
        steps: steps.into_iter().map(step).collect::<Result<_, _>>()?,
        amount_unrounded: attos(&amount)?,
        amount_minor_units: exact::round(&amount, minor_digits(&span.terms.currency)),
    })
}

type Part<K> = (K, (Fraction, Fraction));

fn tiers_between(low: &Cost, high: &Cost, due: &Fraction) -> Vec<Part<usize>> {
    let nothing = (exact::zero(), exact::zero());
    let last = low.tiers.keys().chain(high.tiers.keys()).max().map_or(0, |last| last + 1);
    let parts = (0..last).map(|tier| {
        let ((units_low, low), (units_high, high)) =
            (low.tiers.get(&tier).unwrap_or(&nothing), high.tiers.get(&tier).unwrap_or(&nothing));
        (tier, (units_high - units_low, (high - low) * due))
    });
    parts.filter(is_something).collect()
}

fn steps_between(low: &Cost, high: &Cost, due: &Fraction) -> Vec<Part<(&'static str, usize)>> {
    let of = |cost: &Cost, key: (&str, usize)| {
        let found = cost.steps.iter().find(|(other, _)| *other == key);
        found.map_or_else(|| (exact::zero(), exact::zero()), |(_, part)| part.clone())
    };
    let discounts = low.steps.len().max(high.steps.len());
    let keys = [("free_units", 0)].into_iter().chain((0..discounts).map(|index| ("discount", index)));
    let parts = keys.chain([("minimum", 0), ("maximum", 0)]).map(|key| {
        let ((units_low, low), (units_high, high)) = (of(low, key), of(high, key));
        (key, (units_high - units_low, (high - low) * due))
    });
    parts.filter(is_something).collect()
}

fn is_something<K>((_, (units, amount)): &Part<K>) -> bool {
    !units.is_zero() || !amount.is_zero()
}

pub fn attos(amount: &Fraction) -> Result<BigInt, RateError> {
    if exact::fits(amount, 18) { Ok(exact::round(amount, 18)) } else { Err(RateError::AmountOverflow) }
}

pub fn minor_digits(currency: &str) -> u32 {
    match currency {
        "JPY" | "KRW" | "CLP" => 0,
        "KWD" | "BHD" | "TND" => 3,
        "USD" | "EUR" | "GBP" | "CHF" => 2,
        other => panic!("the oracle does not know the minor unit of {other}"),
    }
}
