//! Prices, quantities and whole numbers, exactly as they were written.

use super::Reading;
use crate::number::{Quantity, QuantityError};
use crate::tables::document::{Node, Value};
use crate::tables::mistake::MistakeCode;
use rust_decimal::Decimal;

/// The most that one unit, one tier or one period may cost, in the currency's major unit. With it the product of any
/// price and any quantity is bounded, and the bound is far above every price that was meant.
pub(crate) const PRICE_LIMIT: i64 = 1_000_000_000;
/// Fractional digits of a price, as Stripe's `unit_amount_decimal` in minor units.
pub(crate) const PRICE_FRACTIONAL_DIGITS: usize = 12;
const PERCENT_LIMIT: i64 = 1_000;

/// The token of a number that may stand in quotes or not.
fn token<'n>(node: &'n Node, float: MistakeCode, reading: &mut Reading) -> Option<&'n str> {
    match &node.value {
        Value::Text(token) | Value::Number(token) => Some(token),
        Value::Float(token) => {
            let message = format!("{token} is a float, which is not exact");
            reading.mistake(float, node, message, format!("put it in quotes: \"{token}\""))
        }
        _ => reading.wrong_type(node, "a number, in quotes where it has a fraction,"),
    }
}

/// Digits, then optionally a point and digits: the whole grammar, so that there is one reading of every number.
fn is_plain_decimal(digits: &str) -> bool {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(fraction) && (whole == "0" || !whole.starts_with('0'))
}

fn decimal(node: &Node, limit: i64, reading: &mut Reading) -> Option<Decimal> {
    let token = token(node, MistakeCode::FloatPrice, reading)?;
    let magnitude = token.strip_prefix('-').unwrap_or(token);
    if !is_plain_decimal(magnitude) {
        let message = format!("`{token}` is not a plain decimal");
        return reading.mistake(MistakeCode::InvalidPrice, node, message, "write it like \"0.10\"");
    }
    let fraction_digits = magnitude.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if fraction_digits > PRICE_FRACTIONAL_DIGITS {
        let message = format!("{fraction_digits} fractional digits are more than {PRICE_FRACTIONAL_DIGITS}");
        return reading.mistake(MistakeCode::PriceTooFine, node, message, "charge `per` a larger number of units");
    }
    // More than 28 digits do not fit a decimal; so many are above the limit as well.
    match Decimal::from_str_exact(token) {
        Ok(value) if value.abs() <= Decimal::from(limit) => Some(value.normalize()),
        _ => reading.mistake(MistakeCode::PriceTooLarge, node, format!("{token} is above the limit of {limit}"), ""),
    }
}

/// A price of zero or more with at most 12 fractional digits, in the currency's major unit.
pub(crate) fn price(node: &Node, reading: &mut Reading) -> Option<Decimal> {
    let price = decimal(node, PRICE_LIMIT, reading)?;
    if price.is_sign_negative() && !price.is_zero() {
        let hint = "what lowers an amount is a tier, a grant or an adjustment";
        return reading.mistake(MistakeCode::NegativePrice, node, format!("the price {price} is below zero"), hint);
    }
    Some(price)
}

/// Above zero, and not above `most`.
pub(super) fn percent(most: u32) -> impl FnOnce(&Node, &mut Reading) -> Option<Decimal> {
    move |node, reading| {
        let percent = decimal(node, PERCENT_LIMIT, reading)?;
        if percent <= Decimal::ZERO || percent > Decimal::from(most) {
            let message = format!("{percent} is not a percentage above 0 and up to {most}");
            return reading.mistake(MistakeCode::OutOfRange, node, message, "");
        }
        Some(percent)
    }
}

/// A part of an amount in percent: zero or more.
pub(super) fn rate_in_percent(node: &Node, reading: &mut Reading) -> Option<Decimal> {
    let percent = decimal(node, PERCENT_LIMIT, reading)?;
    if percent < Decimal::ZERO {
        let message = format!("{percent} is not a percentage from 0 to {PERCENT_LIMIT}");
        return reading.mistake(MistakeCode::OutOfRange, node, message, "");
    }
    Some(percent)
}

/// The most percent that an adjustment may put on top.
pub(super) const PREMIUM_LIMIT: u32 = PERCENT_LIMIT as u32;

/// Above or below zero.
pub(super) fn nonzero_quantity(node: &Node, reading: &mut Reading) -> Option<Quantity> {
    let quantity = signed_quantity(node, reading)?;
    if quantity == Quantity::ZERO {
        return reading.mistake(MistakeCode::ZeroQuantity, node, "the quantity must not be zero", "");
    }
    Some(quantity)
}

/// Of either sign.
pub(crate) fn signed_quantity(node: &Node, reading: &mut Reading) -> Option<Quantity> {
    let token = token(node, MistakeCode::FloatQuantity, reading)?;
    match Quantity::parse(token.as_bytes()) {
        Ok(quantity) => Some(quantity),
        Err(error) => {
            let hint = match error {
                QuantityError::NotADecimal => "write it like 1000000 or \"0.5\"",
                QuantityError::TooManyFractionalDigits => "quantities have 9 fractional digits",
                QuantityError::OutOfRange => "the largest quantity is 10^18 units",
            };
            let message = format!("`{token}` is no quantity: {error}");
            reading.mistake(MistakeCode::InvalidQuantity, node, message, hint)
        }
    }
}

/// Zero or more.
pub(crate) fn quantity(node: &Node, reading: &mut Reading) -> Option<Quantity> {
    let quantity = signed_quantity(node, reading)?;
    if quantity < Quantity::ZERO {
        let message = format!("the quantity {quantity} is below zero");
        return reading.mistake(MistakeCode::NegativeQuantity, node, message, "");
    }
    Some(quantity)
}

/// Above zero.
pub(super) fn positive_quantity(node: &Node, reading: &mut Reading) -> Option<Quantity> {
    let quantity = quantity(node, reading)?;
    if quantity == Quantity::ZERO {
        return reading.mistake(MistakeCode::ZeroQuantity, node, "the quantity must be above zero", "");
    }
    Some(quantity)
}

/// A whole number between the two, both included.
pub(crate) fn whole(least: i32, most: i32) -> impl FnOnce(&Node, &mut Reading) -> Option<i32> {
    move |node, reading| {
        let Value::Number(token) = &node.value else {
            return reading.wrong_type(node, "a whole number");
        };
        match token.parse::<i32>() {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                let message = format!("{token} is not a whole number from {least} to {most}");
                reading.mistake(MistakeCode::OutOfRange, node, message, "")
            }
        }
    }
}
