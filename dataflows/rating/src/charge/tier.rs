//! Where tiers begin and end: each begins where the one before it ends, and the last one has no end.

use super::{ChargeError, TierAmount, Tiers};
use crate::number::{Exact, Quantity};

/// Counted from the allowance: with 100 included and a first tier up to 50, the units 101 to 150 are in it, the 150th
/// inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Exclusive.
    pub lower: Quantity,
    /// Inclusive; absent on the last tier only.
    pub upper: Option<Quantity>,
}

impl Bounds {
    /// How much of `units` lies in the tier; nothing where they end below it.
    pub fn inside(&self, units: Quantity) -> Option<Quantity> {
        let end = self.upper.map_or(units, |upper| upper.min(units));
        end.max(self.lower).checked_sub(self.lower)
    }
}

/// The bounds of tiers with these ends.
pub(super) fn ascending(ends: impl Iterator<Item = Option<Quantity>>) -> Result<Vec<Bounds>, ChargeError> {
    let mut bounds = Vec::new();
    let mut next = Some(Quantity::ZERO);
    for upper in ends {
        let lower = next.ok_or(ChargeError::InvalidTiers)?;
        if upper.is_some_and(|upper| upper <= lower) {
            return Err(ChargeError::InvalidTiers);
        }
        bounds.push(Bounds { lower, upper });
        next = upper;
    }
    // What is left is the upper bound of the last tier, or that there is none.
    if next.is_some() { Err(ChargeError::InvalidTiers) } else { Ok(bounds) }
}

/// What each tier costs for the part of `units` that lies in it, the tiers above `units` left out.
pub(super) fn each_part<T>(
    tiers: &[(Bounds, T)],
    units: Quantity,
    cost: impl Fn(&T, Quantity) -> Option<Exact>,
) -> Result<Tiers, ChargeError> {
    let entered = tiers.iter().zip(0..).take_while(|((bounds, _), _)| units > bounds.lower);
    let share = |((bounds, tier), index): (&(Bounds, T), u32)| {
        let quantity = bounds.inside(units)?;
        Some(TierAmount { tier: index, quantity, amount: cost(tier, quantity)? })
    };
    entered.map(|entry| share(entry).ok_or(ChargeError::AmountOverflow)).collect()
}

/// What all of `units` costs in the tier that the last of them lies in.
pub(super) fn one_tier<T>(
    tiers: &[(Bounds, T)],
    units: Quantity,
    cost: impl Fn(&T, Quantity) -> Option<Exact>,
) -> Result<Tiers, ChargeError> {
    // The first tier begins at zero and `units` is above it.
    let reached = tiers.iter().zip(0..).take_while(|((bounds, _), _)| units > bounds.lower).last();
    let Some(((_, tier), index)) = reached else { return Ok(Vec::new()) };
    let amount = cost(tier, units).ok_or(ChargeError::AmountOverflow)?;
    Ok(vec![TierAmount { tier: index, quantity: units, amount }])
}
