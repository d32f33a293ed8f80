//! Why a bill is not the last one: the difference, split without a remainder.

use crate::frozen::FrozenPeriod;
use crate::line::{FinalLine, LineKind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Parts of the difference between two bills in minor units. They add up to it, exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// More or fewer units, at what a unit came to on average before.
    #[serde(with = "crate::invoice::integer_text")]
    pub usage: i128,
    /// What the same units came to: prices, tiers, discounts, minimums.
    #[serde(with = "crate::invoice::integer_text")]
    pub price: i128,
    /// What does not depend on usage: base prices, add-ons, commitments.
    #[serde(with = "crate::invoice::integer_text")]
    pub terms: i128,
    #[serde(with = "crate::invoice::integer_text")]
    pub credits: i128,
    /// Of periods before.
    #[serde(with = "crate::invoice::integer_text")]
    pub corrections: i128,
}

impl Cause {
    pub fn total(self) -> i128 {
        self.usage + self.price + self.terms + self.credits + self.corrections
    }
}

/// Splits `now - before`. Nothing can be said across currencies or where a sum leaves the range.
pub fn split(before: &FrozenPeriod, now: &FrozenPeriod) -> Option<Cause> {
    if before.record().currency != now.record().currency {
        return None;
    }
    let of_kinds = |kinds: &[LineKind]| {
        let sum = |period: &FrozenPeriod| {
            let lines = period.lines().iter().filter(|line| kinds.contains(&line.kind));
            lines.map(|line| line.amount_minor_units).sum::<i128>()
        };
        sum(now) - sum(before)
    };
    let (earlier, later) = (meters(before), meters(now));
    let names: BTreeSet<&str> = earlier.keys().chain(later.keys()).copied().collect();
    let (mut usage, mut price) = (0, 0);
    for name in names {
        let (units, amount) = earlier.get(name).copied().unwrap_or_default();
        let (units_now, amount_now) = later.get(name).copied().unwrap_or_default();
        let by_usage = match units {
            0 => {
                if units_now == 0 {
                    0
                } else {
                    amount_now - amount
                }
            }
            _ => divide(amount.checked_mul(units_now - units)?, units),
        };
        usage += by_usage;
        price += amount_now - amount - by_usage;
    }
    Some(Cause {
        usage,
        price,
        terms: of_kinds(&[LineKind::BasePrice, LineKind::AddOn, LineKind::TrueUp]),
        credits: of_kinds(&[LineKind::Credit]),
        corrections: of_kinds(&[LineKind::Correction, LineKind::Reversal]),
    })
}

/// Quantity and amount of each meter, over its spans.
fn meters(period: &FrozenPeriod) -> BTreeMap<&str, (i128, i128)> {
    let mut meters = BTreeMap::new();
    let usage = |line: &&FinalLine| line.kind == LineKind::Usage;
    for line in period.lines().iter().filter(usage) {
        let (quantity, amount): &mut (i128, i128) = meters.entry(line.name.as_str()).or_default();
        *quantity += line.quantity.0;
        *amount += line.amount_minor_units;
    }
    meters
}

/// Half away from zero.
fn divide(numerator: i128, denominator: i128) -> i128 {
    let (quotient, rest) = (numerator / denominator, numerator % denominator);
    let away = if rest.unsigned_abs() * 2 >= denominator.unsigned_abs() { 1 } else { 0 };
    quotient + if (numerator < 0) == (denominator < 0) { away } else { -away }
}
