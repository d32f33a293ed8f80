//! What a quantity costs under a charge, counted from zero, by the definitions of ARCHITECTURE.md one after the other.
//!
//! Owns charges as rows say them and their cumulative cost. Does not own spans, shares of levels and rounding
//! (`rating`).

use crate::exact::{self, Fraction};
use num_traits::{Signed, Zero};
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq)]
pub struct Charge {
    pub included: Fraction,
    pub prorated: bool,
    /// A graduated charge of one tier is another model than `per_unit`, though it costs the same.
    pub model: String,
    /// One without end where the model has no tiers.
    pub tiers: Vec<Tier>,
    pub conversion: Option<Conversion>,
    pub free_units: Fraction,
    /// `percent` or `amount`, and how much.
    pub discounts: Vec<(String, Fraction)>,
    pub minimum: Option<Fraction>,
    pub maximum: Option<Fraction>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Tier {
    pub up_to: Option<Fraction>,
    pub price: Fraction,
    pub per: Fraction,
    pub percent: Fraction,
    pub flat: Fraction,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Conversion {
    factor: Fraction,
    per: Fraction,
    rounding: String,
    digits: u32,
}

/// Units and an amount, by tier or by step.
pub type Parts<K> = BTreeMap<K, (Fraction, Fraction)>;

/// `free_units`, `discount`, `minimum`, `maximum` and which of its kind, in the order in which they apply.
pub type StepKey = (&'static str, usize);

#[derive(Clone, Debug, Default)]
pub struct Cost {
    /// Above the allowance and not covered, in the units that are charged.
    pub overage: Fraction,
    pub tiers: Parts<usize>,
    pub steps: Vec<(StepKey, (Fraction, Fraction))>,
}

impl Charge {
    /// From the row of a model with its rules; the allowance is said elsewhere where an override replaces it.
    pub fn of_row(row: &Value, included: Fraction, prorated: bool) -> Charge {
        let model = row["model"].as_str().expect("a model").to_owned();
        let tiers = match row.get("tiers") {
            Some(tiers) => tiers.as_array().expect("tiers").iter().map(tier).collect(),
            None => vec![Tier { up_to: None, ..tier(row) }],
        };
        let discount = |row: &Value| {
            let (kind, value) = row.as_object().and_then(|fields| fields.iter().next()).expect("a discount");
            (kind.clone(), exact::row_decimal(value))
        };
        Charge {
            included,
            prorated,
            model,
            tiers,
            conversion: row.get("conversion").map(conversion),
            free_units: number(row, "free_units", 0),
            discounts: row.get("discounts").and_then(Value::as_array).into_iter().flatten().map(discount).collect(),
            minimum: row.get("minimum").map(exact::row_decimal),
            maximum: row.get("maximum").map(exact::row_decimal),
        }
    }

    /// What is given or asked for the period, for a stretch that has this share of it.
    pub fn for_share(&self, share: &Fraction) -> Charge {
        let amount = |amount: &Fraction| amount * share;
        let discount = |(kind, value): &(String, Fraction)| {
            (kind.clone(), if kind == "amount" { amount(value) } else { value.clone() })
        };
        Charge {
            included: exact::to_nine_digits(&(&self.included * share)),
            free_units: exact::to_nine_digits(&(&self.free_units * share)),
            discounts: self.discounts.iter().map(discount).collect(),
            minimum: self.minimum.as_ref().map(amount),
            maximum: self.maximum.as_ref().map(amount),
            ..self.clone()
        }
    }

    /// The cost of `quantity`, of which credits have covered some units, prices being multiplied by `season`.
    pub fn cost(&self, quantity: &Fraction, covered: &Fraction, season: &Fraction) -> Cost {
        let charged = self.conversion.as_ref().map_or_else(|| quantity.clone(), |rule| rule.of(quantity));
        let overage = exact::larger(charged - &self.included - covered, exact::zero());
        let model = |units: &Fraction| -> Parts<usize> {
            let tiers = self.model_tiers(units).into_iter();
            tiers.map(|(tier, units, amount)| (tier, (units, amount * season))).collect()
        };
        let tiers = model(&overage);
        let sum = |tiers: &Parts<usize>| -> Fraction { tiers.values().map(|(_, amount)| amount.clone()).sum() };
        let mut amount = sum(&tiers);
        let mut steps = Vec::new();

        let free = (&self.free_units).min(&overage).clone();
        let saved = sum(&model(&free)).min(amount.clone());
        amount -= &saved;
        steps.push((("free_units", 0), (free, -saved)));
        for (index, (kind, value)) in self.discounts.iter().enumerate() {
            let off = match kind.as_str() {
                "percent" => &amount * value / exact::integer(100),
                _ => value.min(&amount).clone(),
            };
            amount -= &off;
            steps.push((("discount", index), (exact::zero(), -off)));
        }
        if let Some(minimum) = self.minimum.as_ref().filter(|minimum| quantity.is_positive() && **minimum > amount) {
            steps.push((("minimum", 0), (exact::zero(), minimum - &amount)));
            amount = minimum.clone();
        }
        if let Some(maximum) = self.maximum.as_ref().filter(|maximum| **maximum < amount) {
            steps.push((("maximum", 0), (exact::zero(), maximum - &amount)));
        }
        Cost { overage, tiers, steps }
    }

    /// Tier, units, amount.
    fn model_tiers(&self, units: &Fraction) -> Vec<(usize, Fraction, Fraction)> {
        if units.is_zero() {
            return Vec::new();
        }
        let reached = |tier: &Tier| tier.up_to.as_ref().is_none_or(|end| units <= end);
        let last = self.tiers.iter().position(reached).expect("the last tier has no end");
        let hundred = exact::integer(100);
        let one = &self.tiers[last];
        let whole = |amount: Fraction| vec![(last, units.clone(), amount)];
        let by_tier = |cost: &dyn Fn(&Tier, &Fraction) -> Fraction| {
            let mut lower = exact::zero();
            let mut parts = Vec::new();
            for (index, tier) in self.tiers[..=last].iter().enumerate() {
                let end = if index == last { units.clone() } else { tier.up_to.clone().expect("an end") };
                let inside = &end - &lower;
                parts.push((index, inside.clone(), cost(tier, &inside) + &tier.flat));
                lower = end;
            }
            parts
        };
        match self.model.as_str() {
            "flat" => whole(one.price.clone()),
            "per_unit" => whole(units * &one.price / &one.per),
            "package" => whole((units / &one.per).ceil() * &one.price),
            "percentage" => whole(units * &one.percent / hundred),
            "dynamic" => whole(units.clone()),
            "volume" => whole(units * &one.price / &one.per + &one.flat),
            "stairstep" => whole(one.flat.clone()),
            "graduated" => by_tier(&|tier, inside| inside * &tier.price / &tier.per),
            "graduated_percentage" => by_tier(&|tier, inside| inside * &tier.percent / &hundred),
            other => panic!("no such charge model: {other}"),
        }
    }
}

impl Conversion {
    fn of(&self, quantity: &Fraction) -> Fraction {
        let scale = Fraction::from_integer(exact::power_of_ten(self.digits));
        let scaled = quantity * &self.factor / &self.per * &scale;
        let whole = match self.rounding.as_str() {
            "up" => scaled.ceil(),
            "down" => scaled.floor(),
            _ => Fraction::from_integer(exact::round(&scaled, 0)),
        };
        whole / scale
    }
}

fn number(row: &Value, field: &str, default: i64) -> Fraction {
    row.get(field).map_or_else(|| exact::integer(default), exact::row_decimal)
}

fn tier(row: &Value) -> Tier {
    Tier {
        up_to: row.get("up_to").map(exact::row_decimal),
        price: number(row, "price", 0),
        per: number(row, "per", 1),
        percent: number(row, "percent", 0),
        flat: number(row, "flat", 0),
    }
}

fn conversion(row: &Value) -> Conversion {
    let word = row.get("rounding").and_then(Value::as_str).unwrap_or("half_away_from_zero");
    let digits = row.get("digits").and_then(Value::as_u64).unwrap_or(9);
    Conversion {
        factor: number(row, "factor", 1),
        per: number(row, "per", 1),
        rounding: word.to_owned(),
        digits: u32::try_from(digits).expect("digits"),
    }
}
