//! What a quantity, or a step from one to another, costs: by tier, and by what was done to the amount afterwards.

use super::{StepAmount, TierAmount, Tiers, total};
use crate::number::{Exact, Quantity};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    pub tiers: Tiers,
    /// In the order in which they were taken.
    pub steps: Vec<StepAmount>,
}

impl Cost {
    /// The sum of tiers and steps; `None` where it leaves the range.
    pub fn total(&self) -> Option<Exact> {
        self.steps.iter().try_fold(total(&self.tiers)?, |sum, step| sum.checked_add(step.amount))
    }

    /// Every amount times `factor`.
    pub fn times(mut self, factor: Exact) -> Option<Cost> {
        for tier in &mut self.tiers {
            tier.amount = tier.amount.checked_mul(factor)?;
        }
        for step in &mut self.steps {
            step.amount = step.amount.checked_mul(factor)?;
        }
        Some(self)
    }

    /// What is more here than in `before`, tier by tier and step by step: below zero where a tier was left behind.
    pub(super) fn since(mut self, before: Cost) -> Option<Cost> {
        for earlier in before.tiers {
            match self.tiers.iter_mut().find(|share| share.tier == earlier.tier) {
                Some(share) => {
                    share.quantity = share.quantity.checked_sub(earlier.quantity)?;
                    share.amount = share.amount.checked_sub(earlier.amount)?;
                }
                None => self.tiers.push(TierAmount {
                    quantity: Quantity::ZERO.checked_sub(earlier.quantity)?,
                    amount: earlier.amount.checked_neg()?,
                    ..earlier
                }),
            }
        }
        for earlier in before.steps {
            let same = |step: &&mut StepAmount| (step.kind, step.index) == (earlier.kind, earlier.index);
            match self.steps.iter_mut().find(same) {
                Some(step) => {
                    step.quantity = step.quantity.checked_sub(earlier.quantity)?;
                    step.amount = step.amount.checked_sub(earlier.amount)?;
                }
                None => self.steps.push(StepAmount {
                    quantity: Quantity::ZERO.checked_sub(earlier.quantity)?,
                    amount: earlier.amount.checked_neg()?,
                    ..earlier
                }),
            }
        }
        self.tiers.retain(|share| share.quantity != Quantity::ZERO || !share.amount.is_zero());
        self.tiers.sort_by_key(|share| share.tier);
        self.steps.retain(|step| step.quantity != Quantity::ZERO || !step.amount.is_zero());
        self.steps.sort_by_key(|step| (step.kind, step.index));
        Some(self)
    }
}
