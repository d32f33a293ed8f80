//! Random charges: every model, with every rule.

use super::dice::Dice;
use serde_json::{Value, json};

const MODELS: [&str; 9] = [
    "flat",
    "per_unit",
    "graduated",
    "volume",
    "package",
    "stairstep",
    "percentage",
    "graduated_percentage",
    "dynamic",
];

pub fn included(dice: &mut Dice) -> Value {
    (*dice.pick(&["0", "1", "3", "7.5", "10", "100", "0.000000001", "33.333333333"])).into()
}

/// A model with its rules, as an override or a plan's charge has it.
pub fn prices(dice: &mut Dice) -> Value {
    let mut row = model(dice);
    if dice.percent(40) {
        rules(dice, &mut row);
    }
    row
}

fn model(dice: &mut Dice) -> Value {
    // Half of all charges are of the two models that most plans have.
    let model = if dice.percent(50) { *dice.pick(&["per_unit", "graduated"]) } else { *dice.pick(&MODELS) };
    let mut row = match model {
        "flat" => json!({"price": *dice.pick(&["49", "0.005", "0"])}),
        "per_unit" | "package" => price(dice),
        "percentage" => json!({"percent": percent(dice)}),
        "dynamic" => json!({}),
        _ => json!({"tiers": tiers(dice, model)}),
    };
    row["model"] = model.into();
    row
}

fn tiers(dice: &mut Dice, model: &str) -> Vec<Value> {
    let mut tiers = Vec::new();
    let mut bound = 0;
    for _ in 0..dice.between(0, 3) {
        bound += dice.between(1, 20);
        let mut tier = tier(dice, model);
        let fraction = *dice.pick(&["", ".5", ".000000001"]);
        tier["up_to"] = format!("{bound}{fraction}").into();
        // The next bound is above this one whatever their fractions are.
        bound += 1;
        tiers.push(tier);
    }
    tiers.push(tier(dice, model));
    tiers
}

fn tier(dice: &mut Dice, model: &str) -> Value {
    let mut tier = match model {
        "stairstep" => json!({}),
        "graduated_percentage" => json!({"percent": percent(dice)}),
        _ => price(dice),
    };
    if model == "stairstep" || dice.percent(30) {
        tier["flat"] = (*dice.pick(&["5", "0.005", "12.345678901234", "0"])).into();
    }
    tier
}

fn percent(dice: &mut Dice) -> Value {
    (*dice.pick(&["2.9", "0.5", "100", "0", "33.333333333333", "0.000000000001"])).into()
}

fn rules(dice: &mut Dice, row: &mut Value) {
    if dice.percent(40) {
        let mut conversion = json!({"per": *dice.pick(&["1", "3", "60", "0.001"])});
        if dice.percent(50) {
            conversion["factor"] = (*dice.pick(&["1", "2.5", "1000"])).into();
        }
        if dice.percent(60) {
            conversion["rounding"] = (*dice.pick(&["up", "down", "half_away_from_zero"])).into();
        }
        if dice.percent(60) {
            conversion["digits"] = (*dice.pick(&[0, 1, 9])).into();
        }
        row["conversion"] = conversion;
    }
    if dice.percent(40) {
        row["free_units"] = included(dice);
    }
    if dice.percent(40) {
        let discounts = (0..dice.between(1, 3)).map(|_| match dice.percent(50) {
            true => json!({"percent": *dice.pick(&["10", "100", "33.333333333333"])}),
            false => json!({"amount": *dice.pick(&["1", "0.005", "1000"])}),
        });
        row["discounts"] = discounts.collect();
    }
    // Any of the first is below any of the second.
    if dice.percent(40) {
        row["minimum"] = (*dice.pick(&["0.005", "2", "10.333333333333"])).into();
    }
    if dice.percent(40) {
        row["maximum"] = (*dice.pick(&["11", "50.0005", "100000"])).into();
    }
}

/// Prices that end between minor units, and divisors that never come out even.
fn price(dice: &mut Dice) -> Value {
    let price = *dice.pick(&[
        "0.10",
        "5",
        "0.005",
        "0.000001",
        "0.000000000001",
        "1.333333333333",
        "0",
        "15",
        "0.5",
        "1000000",
    ]);
    match dice.between(0, 2) {
        0 => json!({"price": price, "per": *dice.pick(&["1000000", "1000", "3", "7", "0.5", "60"])}),
        _ => json!({"price": price}),
    }
}
