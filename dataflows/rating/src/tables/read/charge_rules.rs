//! What a charge does before and after its model: conversion of units, free units, discounts, minimum, maximum.

use super::fields::{Fields, list};
use super::{Reading, numbers, texts};
use crate::number::{Quantity, Rounding};
use crate::tables::document::Node;
use crate::tables::mistake::MistakeCode;
use crate::tables::{ChargeRules, Discount, UnitConversion};

pub(super) const RULE_FIELDS: &[&str] = &["conversion", "free_units", "discounts", "minimum", "maximum"];
const CONVERSION_FIELDS: &[&str] = &["factor", "per", "rounding", "digits"];
const DISCOUNTS_LIMIT: usize = 20;

const ROUNDINGS: &[(&str, Rounding)] =
    &[("half_away_from_zero", Rounding::HalfAwayFromZero), ("up", Rounding::Up), ("down", Rounding::Down)];

pub(super) fn rules(fields: &Fields<'_>, reading: &mut Reading) -> Option<ChargeRules> {
    let conversion = fields.optional("conversion", reading, conversion);
    let free_units = fields.or("free_units", Quantity::ZERO, reading, numbers::quantity);
    let discounts = fields.or("discounts", Vec::new(), reading, list(DISCOUNTS_LIMIT, discount));
    let minimum = fields.optional("minimum", reading, numbers::price);
    let maximum = fields.optional("maximum", reading, numbers::price);
    if let (Some(Some(minimum)), Some(Some(maximum)), Some(node)) = (minimum, maximum, fields.get("minimum"))
        && minimum > maximum
    {
        let message = format!("the minimum of {minimum} is above the maximum of {maximum}");
        return reading.mistake(MistakeCode::MinimumAboveMaximum, node, message, "lower one or raise the other");
    }
    Some(ChargeRules {
        conversion: conversion?,
        free_units: free_units?,
        discounts: discounts?,
        minimum: minimum?,
        maximum: maximum?,
    })
}

fn conversion(node: &Node, reading: &mut Reading) -> Option<UnitConversion> {
    let fields = Fields::open(node, CONVERSION_FIELDS, reading)?;
    let factor = fields.or("factor", Quantity::ONE, reading, numbers::positive_quantity);
    let per = fields.or("per", Quantity::ONE, reading, numbers::positive_quantity);
    let rounding = fields.or("rounding", Rounding::HalfAwayFromZero, reading, texts::one_of(ROUNDINGS));
    let most = Quantity::FRACTIONAL_DIGITS.cast_signed();
    let digits = fields.or("digits", most, reading, numbers::whole(0, most));
    Some(UnitConversion { factor: factor?, per: per?, rounding: rounding?, digits: digits?.unsigned_abs() })
}

fn discount(node: &Node, reading: &mut Reading) -> Option<Discount> {
    let fields = Fields::open(node, &["percent", "amount"], reading)?;
    match (fields.get("percent"), fields.get("amount")) {
        (Some(_), Some(amount)) => reading.mistake(
            MistakeCode::ConflictingFields,
            amount,
            "a discount takes off a part or an amount, not both",
            "write two discounts, in the order in which they are taken off",
        ),
        (None, Some(_)) => fields.required("amount", reading, numbers::price).map(Discount::Amount),
        _ => fields.required("percent", reading, numbers::percent(100)).map(Discount::Percent),
    }
}
