//! `quote price`: what a quantity, or each of several cumulative quantities, costs under a charge.

use super::{CaseError, Refused, answer};
use crate::charge::StepKind;
use crate::number::{Currency, Quantity, unrounded_text};
use crate::rate::{Priced, RateError, price as price_of};
use crate::tables::read::{Fields, Reading, charge, list, numbers, plan};
use crate::tables::{Charge, MistakeCode};
use serde::Serialize;

const FIELDS: &[&str] = &["currency", "charge", "quantity", "quantities"];
const QUANTITIES_LIMIT: usize = 10_000;

struct Case {
    currency: Currency,
    charge: Charge,
    asked: Asked,
}

enum Asked {
    One(Quantity),
    /// What the period had used at each of several instants.
    Cumulative(Vec<Quantity>),
}

#[derive(Serialize)]
struct Prices {
    currency: &'static str,
    /// One a quantity, in the order of the case.
    prices: Vec<Price>,
}

#[derive(Serialize)]
struct Price {
    quantity: Quantity,
    overage: Quantity,
    tiers: Vec<Tier>,
    /// What the charge's rules added to the tiers or took off them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<Step>,
    /// In the currency's major unit, to 18 digits.
    amount_unrounded: String,
    /// In the currency's major unit, with all digits of its minor unit.
    amount: String,
    /// The same as a whole number of minor units.
    amount_minor_units: String,
    /// What this quantity adds to the one before it: the difference of rounded amounts, so that all increments add up
    /// to the last amount. Of cumulative quantities only.
    #[serde(skip_serializing_if = "Option::is_none")]
    increment: Option<Increment>,
}

#[derive(Serialize)]
struct Tier {
    tier: u32,
    quantity: Quantity,
    amount_unrounded: String,
}

#[derive(Serialize)]
struct Step {
    step: StepKind,
    /// Which of the charge's discounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    discount: Option<u32>,
    /// How many units were free.
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<Quantity>,
    amount_unrounded: String,
}

#[derive(Serialize)]
struct Increment {
    amount: String,
    amount_minor_units: String,
}

/// Answers one case of `highwater quote price`.
pub fn price(case: &[u8]) -> Result<String, Refused> {
    answer(case, FIELDS, read, find)
}

fn read(fields: &Fields<'_>, reading: &mut Reading) -> Option<Case> {
    let currency = fields.required("currency", reading, plan::currency);
    let charge = fields.required("charge", reading, charge::charge_alone);
    let asked = match (fields.get("quantity"), fields.get("quantities")) {
        (Some(_), Some(both)) => reading.mistake(
            MistakeCode::ConflictingFields,
            both,
            "a case has one quantity, or a list of cumulative ones",
            "take `quantity` or `quantities` out",
        ),
        (None, Some(_)) => {
            let quantities = list(QUANTITIES_LIMIT, numbers::signed_quantity);
            fields.required("quantities", reading, quantities).map(Asked::Cumulative)
        }
        _ => fields.required("quantity", reading, numbers::signed_quantity).map(Asked::One),
    };
    Some(Case { currency: currency?, charge: charge?, asked: asked? })
}

fn find(case: Case) -> Result<Prices, CaseError> {
    let Case { currency, charge, asked } = case;
    let priced = |quantity: Quantity, field: String| {
        price_of(&charge, quantity, currency).map_err(|error| no_amount(error, field))
    };
    let prices = match asked {
        Asked::One(quantity) => vec![shown(quantity, &priced(quantity, "/quantity".into())?, None, currency)],
        Asked::Cumulative(quantities) => {
            let mut before = 0i128;
            let mut prices = Vec::with_capacity(quantities.len());
            for (index, quantity) in quantities.into_iter().enumerate() {
                let field = format!("/quantities/{index}");
                let priced = priced(quantity, field.clone())?;
                let increment = priced.amount_minor_units.checked_sub(before);
                let increment = increment.ok_or_else(|| no_amount(RateError::AmountOverflow, field))?;
                before = priced.amount_minor_units;
                prices.push(shown(quantity, &priced, Some(increment), currency));
            }
            prices
        }
    };
    Ok(Prices { currency: currency.code(), prices })
}

fn shown(quantity: Quantity, priced: &Priced, increment: Option<i128>, currency: Currency) -> Price {
    Price {
        quantity,
        overage: priced.overage,
        tiers: priced
            .tiers
            .iter()
            .map(|share| Tier {
                tier: share.tier,
                quantity: share.quantity,
                amount_unrounded: unrounded_text(share.amount_unrounded),
            })
            .collect(),
        steps: priced
            .steps
            .iter()
            .map(|step| Step {
                step: step.kind,
                discount: (step.kind == StepKind::Discount).then_some(step.index),
                quantity: (step.kind == StepKind::FreeUnits).then_some(step.quantity),
                amount_unrounded: unrounded_text(step.amount_unrounded),
            })
            .collect(),
        amount_unrounded: unrounded_text(priced.amount_unrounded),
        amount: currency.format(priced.amount_minor_units),
        amount_minor_units: priced.amount_minor_units.to_string(),
        increment: increment.map(|minor_units| Increment {
            amount: currency.format(minor_units),
            amount_minor_units: minor_units.to_string(),
        }),
    }
}

fn no_amount(error: RateError, field: String) -> CaseError {
    let message = match error {
        RateError::QuantityOverflow => "the quantity is out of range",
        RateError::AmountOverflow => "the amount is out of range",
        _ => "the charge gives no amount",
    };
    CaseError { code: error.to_string(), field, message: message.to_owned(), hint: String::new() }
}
