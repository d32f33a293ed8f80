//! What is charged: plans as versions, their charges, and add-ons.

use crate::number::{Quantity, serde_decimal};
use crate::time::EventTime;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One version of a plan, in force from `effective_from` until the next version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Plan {
    pub plan: Arc<str>,
    pub name: Arc<str>,
    /// ISO 4217, upper case.
    pub currency: Arc<str>,
    pub effective_from: EventTime,
    /// At most one a meter.
    pub charges: Vec<Charge>,
    /// The plan's own price per period; rated from issue of recurring charges on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_price: Option<Decimal>,
    /// How long a period that ends under this version waits for what is late before it is final; 72 where it does not
    /// say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_hours: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Charge {
    pub meter: Arc<str>,
    /// Units that cost nothing in each period.
    #[serde(default)]
    pub included: Quantity,
    #[serde(default)]
    pub allowance: Allowance,
    #[serde(flatten)]
    pub model: ChargeModel,
}

/// What becomes of `included` where terms change inside a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allowance {
    /// The usage of earlier segments counts against the allowance and the tiers of the later ones.
    #[default]
    Whole,
    /// Each segment has the share of `included` that its length has of the period, and starts from zero.
    Prorated,
}

/// How a quantity above the allowance becomes an amount.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case")]
pub enum ChargeModel {
    PerUnit {
        #[serde(flatten)]
        price: Price,
    },
    /// Each unit at the price of the tier it falls into; tiers begin above the allowance.
    Graduated { tiers: Vec<Tier> },
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

/// One version of an add-on that a subscription may hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct AddOn {
    pub add_on: Arc<str>,
    pub name: Arc<str>,
    pub currency: Arc<str>,
    pub effective_from: EventTime,
    /// Per period and per unit of the add-on's quantity.
    pub price: Decimal,
    pub unit: Arc<str>,
}
