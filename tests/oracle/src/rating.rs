//! One period of one (organization, meter) to its lines, by the rules of ARCHITECTURE.md read one by one.

use crate::civil::Period;
use crate::exact::{self, Fraction};
use crate::fold::{Counted, fold, is_additive};
use crate::terms::{Charge, Span, Tier};
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
    pub tiers: Vec<TierShare>,
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

/// Why a period has no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateError {
    AmountOverflow,
    MixedCurrencies,
}

/// Spans with the events in each, in order of time, none of them empty.
pub fn rate(aggregation: &str, spans: &[(Span, Vec<&Counted>)]) -> Result<RatedPeriod, RateError> {
    let (last, _) = spans.last().expect("a period without usage has no row");
    let mut charged =
        spans.iter().filter(|(span, _)| span.terms.charge.is_some()).map(|(span, _)| &span.terms.currency);
    let currency = charged.next().unwrap_or(&last.terms.currency);
    if charged.any(|other| other != currency) {
        return Err(RateError::MixedCurrencies);
    }
    let mut lines = Vec::new();
    let mut before = exact::zero();
    for (span, events) in spans {
        let quantity = fold(aggregation, events);
        if let Some(charge) = &span.terms.charge {
            let before = if span.terms.apart.is_some() { exact::zero() } else { before.clone() };
            lines.push(line(aggregation, span, charge, events.len() as u64, &before, &quantity)?);
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
    before: &Fraction,
    quantity: &Fraction,
) -> Result<RatedLine, RateError> {
    let length = |start: i64, end: i64| exact::integer(end) - exact::integer(start);
    let share = length(span.start, span.end) / length(span.period.start, span.period.end);
    let additive = is_additive(aggregation);
    // The amount of a level is already a share of the period; its allowance is not cut as well.
    let included = match charge.prorated && additive {
        true => exact::to_nine_digits(&(&charge.included * &share)),
        false => charge.included.clone(),
    };
    let starts_at = if additive && !charge.prorated { before.clone() } else { exact::zero() };
    let multiplier = if additive { exact::integer(1) } else { share } * &span.terms.factor;

    let low = overage(&starts_at, &included);
    let high = overage(&(starts_at + quantity), &included);
    let mut amount = exact::zero();
    let mut tiers = Vec::new();
    for (index, ((units_low, amount_low), (units_high, amount_high))) in
        in_tiers(&charge.tiers, &low).into_iter().zip(in_tiers(&charge.tiers, &high)).enumerate()
    {
        let tier_amount = (amount_high - amount_low) * &multiplier;
        let units = units_high - units_low;
        if !units.is_zero() {
            tiers.push(TierShare { tier: index, quantity: units, amount_unrounded: attos(&tier_amount)? });
        }
        amount += tier_amount;
    }
    Ok(RatedLine {
        span: span.clone(),
        events,
        quantity: quantity.clone(),
        included,
        overage: high - low,
        tiers,
        amount_unrounded: attos(&amount)?,
        amount_minor_units: exact::round(&amount, minor_digits(&span.terms.currency)),
    })
}

fn overage(total: &Fraction, included: &Fraction) -> Fraction {
    exact::larger(total - included, exact::zero())
}

/// For each tier how many of the first `units` above the allowance fall into it, and what those cost.
fn in_tiers(tiers: &[Tier], units: &Fraction) -> Vec<(Fraction, Fraction)> {
    let mut lower = exact::zero();
    let mut shares = Vec::new();
    for tier in tiers {
        let upper = tier.up_to.clone().unwrap_or_else(|| exact::larger(units.clone(), lower.clone()));
        let inside = exact::larger(units.min(&upper) - &lower, exact::zero());
        let flat = if inside.is_zero() { exact::zero() } else { tier.flat.clone() };
        shares.push((inside.clone(), &inside * &tier.price / &tier.per + flat));
        lower = upper;
    }
    shares
}

fn attos(amount: &Fraction) -> Result<BigInt, RateError> {
    if exact::fits(amount, 18) { Ok(exact::round(amount, 18)) } else { Err(RateError::AmountOverflow) }
}

fn minor_digits(currency: &str) -> u32 {
    match currency {
        "JPY" | "KRW" | "CLP" => 0,
        "KWD" | "BHD" | "TND" => 3,
        "USD" | "EUR" | "GBP" | "CHF" => 2,
        other => panic!("the oracle does not know the minor unit of {other}"),
    }
}
