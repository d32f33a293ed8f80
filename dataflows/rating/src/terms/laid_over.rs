//! Precedence: the plan's charge, with what is laid over it in order.
//!
//! plan version → subscription (its trials and pauses) → overrides by (`effective_from`, `id`) → adjustments by
//! (`effective_from`, `id`); field by field, the later one winning. Owns what a charge becomes. Does not own which rows
//! cover an instant (`stretch`).

use super::schedule::{Apart, Terms};
use crate::number::Quantity;
use crate::tables::{
    Adjustment, AdjustmentKind, Allowance, Charge, ChargeRules, Override, PausedUsage, Phase, PhaseKind, Prices,
};
use rust_decimal::Decimal;
use std::sync::Arc;

/// What a meter costs at an instant.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Priced {
    pub apart: Option<Apart>,
    pub charge: Option<Charge>,
    pub price_percent: Decimal,
}

/// An override or an adjustment can price a meter that the plan does not charge; an allowance or a percentage alone
/// cannot.
pub(super) fn priced(
    meter: &Arc<str>,
    base: Option<&Charge>,
    overrides: &[&Override],
    adjustments: &[&Adjustment],
    phase: Option<&Phase>,
) -> Priced {
    let mut included = base.map(|charge| charge.included);
    let mut allowance = base.map(|charge| charge.allowance);
    let mut prices = base.map(|charge| Prices { model: charge.model.clone(), rules: charge.rules.clone() });
    for row in overrides {
        included = row.included.or(included);
        allowance = row.allowance.or(allowance);
        prices = row.charge.clone().or(prices);
    }
    let mut price_percent = Terms::FULL_PRICE;
    for row in adjustments {
        adjust(row, &mut prices, &mut price_percent);
    }
    let charge = prices.map(|Prices { model, rules }| Charge {
        meter: meter.clone(),
        included: included.unwrap_or_default(),
        allowance: allowance.unwrap_or_default(),
        model,
        rules,
    });
    match phase.and_then(|phase| apart(phase, meter)) {
        None => Priced { apart: None, charge, price_percent },
        Some((apart, limit)) => {
            let charge = charge.zip(limit).map(|(charge, included)| within_limit(charge, included));
            Priced { apart: Some(apart), charge, price_percent }
        }
    }
}

/// Prices of an event stand as they are: a percentage that began before them does not touch them.
fn adjust(row: &Adjustment, prices: &mut Option<Prices>, price_percent: &mut Decimal) {
    let percent = row.percent.unwrap_or_default();
    match row.kind {
        AdjustmentKind::TemporaryUsers => *price_percent = Terms::FULL_PRICE - percent,
        AdjustmentKind::AutomaticLimitScaling => *price_percent = Terms::FULL_PRICE + percent,
        AdjustmentKind::EventBased => {
            if row.charge.is_some() {
                prices.clone_from(&row.charge);
            }
            *price_percent = Terms::FULL_PRICE;
        }
    }
}

/// Whether usage is set apart, and up to where it is then free; without a limit all of it is.
fn apart(phase: &Phase, meter: &str) -> Option<(Apart, Option<Quantity>)> {
    match &phase.kind {
        PhaseKind::Trial { limits } => {
            let limit = limits.iter().find(|limit| &*limit.meter == meter);
            Some((Apart::Trial, limit.map(|limit| limit.included)))
        }
        PhaseKind::Pause { usage: PausedUsage::Free } => Some((Apart::Pause, None)),
        PhaseKind::Pause { usage: PausedUsage::Charged } => None,
    }
}

/// A trial's limit takes the place of the allowance, whole: it is given for the trial, however long that is. A minimum
/// would make usage below the limit cost something.
fn within_limit(charge: Charge, included: Quantity) -> Charge {
    let rules = ChargeRules { minimum: None, ..charge.rules };
    Charge { included, allowance: Allowance::Whole, rules, ..charge }
}
