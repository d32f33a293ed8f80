//! What is done to the model's amount, in this order: free units, discounts one by one, minimum, maximum.
//!
//! Each is a step with the amount that it adds or takes, so that the tiers and the steps of a cost add up to it.

use super::{ChargeError, Tiers, total};
use crate::number::{Exact, Quantity, flat_amount};
use crate::tables::{ChargeRules, Discount};
use serde::{Deserialize, Serialize};

/// What changed an amount after the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    FreeUnits,
    Discount,
    Minimum,
    Maximum,
}

impl StepKind {
    pub const ALL: [StepKind; 4] = [StepKind::FreeUnits, StepKind::Discount, StepKind::Minimum, StepKind::Maximum];

    pub fn name(self) -> &'static str {
        match self {
            StepKind::FreeUnits => "free_units",
            StepKind::Discount => "discount",
            StepKind::Minimum => "minimum",
            StepKind::Maximum => "maximum",
        }
    }

    pub fn from_name(name: &str) -> Option<StepKind> {
        StepKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepAmount {
    pub kind: StepKind,
    /// Which of the charge's discounts; zero for every other kind.
    pub index: u32,
    /// How many units were free; zero for every other kind.
    pub quantity: Quantity,
    /// Below zero where it was taken off.
    pub amount: Exact,
}

#[derive(Clone, Debug)]
pub(super) struct Rules {
    free_units: Quantity,
    discounts: Vec<Off>,
    minimum: Option<Exact>,
    maximum: Option<Exact>,
}

#[derive(Clone, Copy, Debug)]
enum Off {
    /// What part of the amount, at most one.
    Part(Exact),
    Amount(Exact),
}

impl Rules {
    /// `share` is the part of the period that amounts and free units are given for; the whole of it where absent.
    /// `None` where there are no rules.
    pub fn new(row: &ChargeRules, share: Option<Exact>) -> Result<Option<Rules>, ChargeError> {
        if row.free_units <= Quantity::ZERO && row.discounts.is_empty() && row.minimum.or(row.maximum).is_none() {
            return Ok(None);
        }
        let due = |amount: Exact| match share {
            Some(share) => amount.checked_mul(share).ok_or(ChargeError::AmountOverflow),
            None => Ok(amount),
        };
        let off = |discount: &Discount| match discount {
            Discount::Percent(percent) => {
                let hundredth = Exact::ratio(1, 100).ok_or(ChargeError::AmountOverflow)?;
                let part = flat_amount(*percent)?.checked_mul(hundredth).ok_or(ChargeError::AmountOverflow)?;
                Ok(Off::Part(part.reduced()))
            }
            Discount::Amount(amount) => Ok(Off::Amount(due(flat_amount(*amount)?)?)),
        };
        let free_units = row.free_units.max(Quantity::ZERO);
        Ok(Some(Rules {
            free_units: share.map_or(Ok(free_units), |share| super::units::part(free_units, share))?,
            discounts: row.discounts.iter().map(off).collect::<Result<_, ChargeError>>()?,
            minimum: row.minimum.map(|amount| due(flat_amount(amount)?)).transpose()?,
            maximum: row.maximum.map(|amount| due(flat_amount(amount)?)).transpose()?,
        }))
    }

    /// The steps from the model's tiers of `units` to what they cost. `is_used` says whether the period has any usage,
    /// be it within the allowance: only then is the minimum due. `model` gives the tiers of fewer units.
    pub fn steps(
        &self,
        tiers: &Tiers,
        units: Quantity,
        is_used: bool,
        model: impl FnOnce(Quantity) -> Result<Tiers, ChargeError>,
    ) -> Result<Vec<StepAmount>, ChargeError> {
        let mut running = Running { amount: sum(tiers)?, steps: Vec::new() };
        let free = self.free_units.min(units);
        if free > Quantity::ZERO {
            // A volume price may make fewer units dearer than more: never more than all of them is free.
            let without = at_most(sum(&model(free)?)?, running.amount)?;
            running.add(StepKind::FreeUnits, 0, free, without.checked_neg())?;
        }
        for (index, off) in (0..).zip(&self.discounts) {
            let taken = match off {
                Off::Part(part) => running.amount.checked_mul(*part),
                Off::Amount(amount) => Some(at_most(*amount, running.amount)?),
            };
            running.add(StepKind::Discount, index, Quantity::ZERO, taken.and_then(Exact::checked_neg))?;
        }
        if let Some(minimum) = self.minimum.filter(|_| is_used) {
            running.add(StepKind::Minimum, 0, Quantity::ZERO, Some(positive(minimum, running.amount)?))?;
        }
        if let Some(maximum) = self.maximum {
            let above = positive(running.amount, maximum)?;
            running.add(StepKind::Maximum, 0, Quantity::ZERO, above.checked_neg())?;
        }
        Ok(running.steps)
    }
}

struct Running {
    amount: Exact,
    steps: Vec<StepAmount>,
}

impl Running {
    /// A step that changes nothing is none.
    fn add(
        &mut self,
        kind: StepKind,
        index: u32,
        quantity: Quantity,
        amount: Option<Exact>,
    ) -> Result<(), ChargeError> {
        let amount = amount.ok_or(ChargeError::AmountOverflow)?;
        self.amount = self.amount.checked_add(amount).ok_or(ChargeError::AmountOverflow)?;
        if !amount.is_zero() || quantity != Quantity::ZERO {
            self.steps.push(StepAmount { kind, index, quantity, amount });
        }
        Ok(())
    }
}

fn sum(tiers: &Tiers) -> Result<Exact, ChargeError> {
    total(tiers).ok_or(ChargeError::AmountOverflow)
}

/// What `amount` lies above `other`, or nothing.
fn positive(amount: Exact, other: Exact) -> Result<Exact, ChargeError> {
    let above = amount.checked_sub(other).ok_or(ChargeError::AmountOverflow)?;
    Ok(if above.is_negative() { Exact::ZERO } else { above })
}

fn at_most(amount: Exact, most: Exact) -> Result<Exact, ChargeError> {
    let above = amount.checked_sub(most).ok_or(ChargeError::AmountOverflow)?;
    Ok(if above.is_negative() { amount } else { most })
}
