//! Rows of `plans` and `add_ons`.

use super::charge::charges;
use super::fields::Fields;
use super::{Reading, numbers, texts, times};
use crate::number::Currency;
use crate::tables::document::Node;
use crate::tables::mistake::MistakeCode;
use crate::tables::{AddOn, Billing, Plan};
use rust_decimal::Decimal;
use std::sync::Arc;

const PLAN_FIELDS: &[&str] =
    &["plan", "name", "currency", "effective_from", "charges", "base_price", "billing", "commitment", "grace_hours"];
const ADD_ON_FIELDS: &[&str] = &["add_on", "name", "currency", "effective_from", "price", "billing", "unit"];
/// A year: longer than any period waits.
const GRACE_HOURS_LIMIT: i32 = 8_784;

const BILLINGS: &[(&str, Billing)] = &[("in_advance", Billing::InAdvance), ("in_arrears", Billing::InArrears)];

pub(super) fn plan(node: &Node, reading: &mut Reading) -> Option<Plan> {
    let fields = Fields::open(node, PLAN_FIELDS, reading)?;
    let plan = fields.required("plan", reading, texts::versioned_name);
    let name = fields.or("name", "".into(), reading, texts::label);
    let currency = fields.required("currency", reading, currency);
    let effective_from = fields.required("effective_from", reading, times::instant);
    let charges = fields.or("charges", Vec::new(), reading, charges);
    let base_price = fields.optional("base_price", reading, |node, reading| whole_price(node, currency, reading));
    let grace_hours = fields.optional("grace_hours", reading, numbers::whole(0, GRACE_HOURS_LIMIT));
    let billing = fields.or("billing", Billing::InAdvance, reading, texts::one_of(BILLINGS));
    let commitment = fields.optional("commitment", reading, |node, reading| whole_price(node, currency, reading));
    Some(Plan {
        plan: plan?,
        name: name?,
        currency: currency?.code().into(),
        effective_from: effective_from?,
        charges: charges?,
        base_price: base_price?,
        grace_hours: grace_hours?.map(i32::unsigned_abs),
        billing: billing?,
        commitment: commitment?,
    })
}

pub(super) fn add_on(node: &Node, reading: &mut Reading) -> Option<AddOn> {
    let fields = Fields::open(node, ADD_ON_FIELDS, reading)?;
    let add_on = fields.required("add_on", reading, texts::versioned_name);
    let name = fields.or("name", "".into(), reading, texts::label);
    let currency = fields.required("currency", reading, currency);
    let effective_from = fields.required("effective_from", reading, times::instant);
    let price = fields.required("price", reading, |node, reading| whole_price(node, currency, reading));
    let billing = fields.or("billing", Billing::InAdvance, reading, texts::one_of(BILLINGS));
    let unit = fields.or("unit", "".into(), reading, texts::label);
    Some(AddOn {
        add_on: add_on?,
        name: name?,
        currency: currency?.code().into(),
        effective_from: effective_from?,
        price: price?,
        billing: billing?,
        unit: unit?,
    })
}

/// An upper-case ISO 4217 code of a currency that has a minor unit.
pub(crate) fn currency(node: &Node, reading: &mut Reading) -> Option<Currency> {
    let code = texts::name(node, reading)?;
    match Currency::from_code(&code) {
        Ok(currency) => Some(currency),
        Err(error) => {
            let hint = match Currency::from_code(&code.to_uppercase()) {
                Ok(currency) => format!("did you mean `{}`?", currency.code()),
                Err(_) => "use a code such as USD, EUR or JPY".to_string(),
            };
            reading.mistake(MistakeCode::UnknownCurrency, node, error.to_string(), hint)
        }
    }
}

pub(super) fn currency_code(node: &Node, reading: &mut Reading) -> Option<Arc<str>> {
    currency(node, reading).map(|currency| currency.code().into())
}

/// A price that appears on an invoice as it stands, and therefore ends at the currency's minor unit.
fn whole_price(node: &Node, currency: Option<Currency>, reading: &mut Reading) -> Option<Decimal> {
    let price = numbers::price(node, reading)?;
    // Without a valid currency that mistake is reported, and this question has no answer yet.
    let Some(currency) = currency else { return Some(price) };
    let digits = currency.minor_unit_digits();
    if price.scale() > digits {
        let message = format!("{price} is finer than {} with its {digits} fractional digits", currency.code());
        return reading.mistake(MistakeCode::PriceFinerThanCurrency, node, message, "");
    }
    Some(price)
}
