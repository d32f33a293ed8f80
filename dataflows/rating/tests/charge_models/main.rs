//! What a quantity costs under each charge model and rule: one file a model, one line a case.

#[path = "../rows/mod.rs"]
mod rows;

mod conversion;
mod discounts;
mod dynamic;
mod flat;
mod free_units;
mod graduated;
mod graduated_percentage;
mod minimum_and_maximum;
mod numbers;
mod order;
mod package;
mod per_unit;
mod percentage;
mod prorated;
mod refused;
mod stairstep;
mod volume;

use highwater_rating::charge::{Curve, StepAmount, StepKind, TierAmount};
use highwater_rating::number::{Currency, Quantity};
use highwater_rating::tables::Charge;
use rows::quantity;

/// `overage amount` in the currency, the amount rounded as a line rounds it.
fn costs(charge: &Charge, used: &str, currency: &str) -> String {
    let curve = Curve::new(charge).unwrap();
    let currency = Currency::from_code(currency).unwrap();
    let so_far = curve.progress(quantity(used), Quantity::ZERO).unwrap();
    let amount = curve.at(so_far).unwrap().total().unwrap();
    let minor_units = amount.round(currency.minor_unit_digits()).unwrap();
    format!("{} {}", curve.overage(quantity(used)).unwrap(), currency.format(minor_units))
}

/// What a step took of each tier, and what rules changed: `tier: quantity amount, kind quantity amount`.
fn stepped(charge: &Charge, before: &str, after: &str) -> String {
    let curve = Curve::new(charge).unwrap();
    let so_far = |used| curve.progress(quantity(used), Quantity::ZERO).unwrap();
    let cost = curve.between(so_far(before), so_far(after)).unwrap();
    let nine = |amount: highwater_rating::number::Exact| Quantity(amount.round(9).unwrap());
    let tier = |share: &TierAmount| format!("{}: {} {}", share.tier, share.quantity, nine(share.amount));
    let step = |step: &StepAmount| match step.kind {
        StepKind::FreeUnits => format!("{} free {}", step.quantity, nine(step.amount)),
        StepKind::Discount => format!("discount {} {}", step.index, nine(step.amount)),
        kind => format!("{} {}", kind.name(), nine(step.amount)),
    };
    let all = cost.tiers.iter().map(tier).chain(cost.steps.iter().map(step));
    all.collect::<Vec<_>>().join(", ")
}

/// Each case: what the charge says in a row, what is used, the currency | overage and amount.
fn check(cases: &[(&str, &str, &str, &str)]) {
    for (json, used, currency, expected) in cases {
        assert_eq!(costs(&rows::charge_of(json), used, currency), *expected, "{used} under {json}");
    }
}

/// Each case: what the charge says in a row, used before and after | what the step shows.
fn check_steps(cases: &[(&str, &str, &str, &str)]) {
    for (json, before, after, expected) in cases {
        assert_eq!(stepped(&rows::charge_of(json), before, after), *expected, "{before} to {after} under {json}");
    }
}
