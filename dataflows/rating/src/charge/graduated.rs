//! Graduated: each unit above the allowance at the price of the tier it falls into.
//!
//! Tiers are counted from the allowance: with 100 included and a first tier up to 50, the units 101 to 150 are in it,
//! the 150th inclusive. A tier's flat amount is due once as soon as anything lies above its lower bound.

use super::{ChargeError, TierAmount, Tiers};
use crate::number::{Exact, Quantity, UnitPrice, flat_amount};
use crate::tables;

#[derive(Clone, Debug)]
pub(super) struct Graduated {
    tiers: Vec<Tier>,
}

#[derive(Clone, Copy, Debug)]
struct Tier {
    lower: Quantity,
    /// Inclusive; absent on the last tier only.
    upper: Option<Quantity>,
    price: UnitPrice,
    flat: Exact,
}

impl Graduated {
    pub fn new(rows: &[tables::Tier]) -> Result<Graduated, ChargeError> {
        let mut tiers = Vec::with_capacity(rows.len());
        let mut lower = Some(Quantity::ZERO);
        for row in rows {
            let start = lower.ok_or(ChargeError::InvalidTiers)?;
            if row.up_to.is_some_and(|upper| upper <= start) {
                return Err(ChargeError::InvalidTiers);
            }
            let price = UnitPrice::new(row.price.price, row.price.per)?;
            tiers.push(Tier { lower: start, upper: row.up_to, price, flat: flat_amount(row.flat)? });
            lower = row.up_to;
        }
        // What is left is the upper bound of the last tier, or that there is none.
        if lower.is_some() { Err(ChargeError::InvalidTiers) } else { Ok(Graduated { tiers }) }
    }

    pub fn at(&self, overage: Quantity) -> Result<Tiers, ChargeError> {
        let entered = self.tiers.iter().zip(0..).take_while(|(tier, _)| overage > tier.lower);
        let share = |(tier, index): (&Tier, u32)| {
            let upper = tier.upper.map_or(overage, |upper| upper.min(overage));
            let quantity = upper.checked_sub(tier.lower)?;
            let amount = tier.price.amount(quantity)?.checked_add(tier.flat)?;
            Some(TierAmount { tier: index, quantity, amount })
        };
        entered.map(|entry| share(entry).ok_or(ChargeError::AmountOverflow)).collect()
    }
}
