//! What one meter costs: an allowance, a charge model, and the rules around it.
//!
//! Owns what a row says. Does not own what a quantity costs under it (`crate::charge`), which also says the order in
//! which the parts apply.

use crate::number::{Quantity, Rounding, serde_decimal};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Charge {
    pub meter: Arc<str>,
    /// Units that cost nothing in each period, after the conversion of units.
    #[serde(default)]
    pub included: Quantity,
    #[serde(default)]
    pub allowance: Allowance,
    #[serde(flatten)]
    pub model: ChargeModel,
    #[serde(flatten)]
    pub rules: ChargeRules,
}

/// What an override or the terms of an event put in place of a charge's prices: the model with all its rules.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Prices {
    #[serde(flatten)]
    pub model: ChargeModel,
    #[serde(flatten)]
    pub rules: ChargeRules,
}

impl From<ChargeModel> for Prices {
    fn from(model: ChargeModel) -> Prices {
        Prices { model, rules: ChargeRules::default() }
    }
}

/// What becomes of `included` where terms change inside a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allowance {
    /// The usage of earlier segments counts against the allowance and the tiers of the later ones.
    #[default]
    Whole,
    /// Each segment has the share of `included` that its length has of the period, and starts from zero. So it is with
    /// everything else that is given or asked for the period: free units, amounts off, minimum, maximum.
    Prorated,
}

/// How a quantity above the allowance becomes an amount.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case")]
pub enum ChargeModel {
    /// One amount, as soon as anything lies above the allowance.
    Flat {
        #[serde(with = "serde_decimal")]
        price: Decimal,
    },
    PerUnit {
        #[serde(flatten)]
        price: Price,
    },
    /// Each unit at the price of the tier it falls into; tiers begin above the allowance.
    Graduated { tiers: Vec<Tier> },
    /// All units at the price of the tier that the last one falls into.
    Volume { tiers: Vec<Tier> },
    /// Whole packages of `per` units: a package begun is a package paid.
    Package {
        #[serde(flatten)]
        price: Price,
    },
    /// One amount, that of the tier which the last unit falls into.
    Stairstep { tiers: Vec<StairstepTier> },
    /// A part of the quantity, which is an amount of money in the plan's currency.
    Percentage {
        #[serde(with = "serde_decimal")]
        percent: Decimal,
    },
    /// Each part of an amount of money at the percentage of the tier it falls into.
    GraduatedPercentage { tiers: Vec<PercentageTier> },
    /// The amount that the events carry: the quantity of a `sum` meter, in the plan's currency.
    Dynamic,
}

impl ChargeModel {
    pub fn name(&self) -> &'static str {
        match self {
            ChargeModel::Flat { .. } => "flat",
            ChargeModel::PerUnit { .. } => "per_unit",
            ChargeModel::Graduated { .. } => "graduated",
            ChargeModel::Volume { .. } => "volume",
            ChargeModel::Package { .. } => "package",
            ChargeModel::Stairstep { .. } => "stairstep",
            ChargeModel::Percentage { .. } => "percentage",
            ChargeModel::GraduatedPercentage { .. } => "graduated_percentage",
            ChargeModel::Dynamic => "dynamic",
        }
    }
}

/// `price` for each `per` units, at most 12 fractional digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Price {
    #[serde(with = "serde_decimal")]
    pub price: Decimal,
    #[serde(default = "one")]
    pub per: Quantity,
}

fn one() -> Quantity {
    Quantity::ONE
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tier {
    /// The last quantity of the tier, inclusive, counted from the allowance; absent on the last tier only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Quantity>,
    #[serde(flatten)]
    pub price: Price,
    /// Charged once when the tier is entered by a quantity above its lower bound.
    #[serde(default, with = "serde_decimal")]
    pub flat: Decimal,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StairstepTier {
    /// As in [`Tier`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Quantity>,
    #[serde(with = "serde_decimal")]
    pub flat: Decimal,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PercentageTier {
    /// As in [`Tier`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Quantity>,
    #[serde(with = "serde_decimal")]
    pub percent: Decimal,
    #[serde(default, with = "serde_decimal")]
    pub flat: Decimal,
}

/// What is done to a quantity before the model sees it, and to the model's amount afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChargeRules {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversion: Option<UnitConversion>,
    /// Units above the allowance that cost nothing, but take their place in the tiers.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub free_units: Quantity,
    /// In the order in which they are taken off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Discount>,
    /// The least that a period with any usage costs.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "serde_decimal::option")]
    pub minimum: Option<Decimal>,
    /// The most that a period costs.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "serde_decimal::option")]
    pub maximum: Option<Decimal>,
}

fn is_zero(quantity: &Quantity) -> bool {
    *quantity == Quantity::ZERO
}

/// From the units that are counted to those that are charged: `factor` of these for each `per` of those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UnitConversion {
    #[serde(default = "one")]
    pub factor: Quantity,
    #[serde(default = "one")]
    pub per: Quantity,
    #[serde(default)]
    pub rounding: Rounding,
    /// How many fractional digits are left, at most nine.
    #[serde(default = "all_digits")]
    pub digits: u32,
}

fn all_digits() -> u32 {
    Quantity::FRACTIONAL_DIGITS
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Discount {
    /// Of what is left by the discounts before it.
    Percent(#[serde(with = "serde_decimal")] Decimal),
    /// Never more than is left.
    Amount(#[serde(with = "serde_decimal")] Decimal),
}
