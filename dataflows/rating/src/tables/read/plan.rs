//! Rows of `plans` and `add_ons`: charges, their models and tiers.

use super::fields::{Fields, list};
use super::{Reading, numbers, texts, times};
use crate::number::{Currency, Quantity};
use crate::tables::document::Node;
use crate::tables::mistake::{Found, MistakeCode};
use crate::tables::{AddOn, Allowance, Charge, ChargeModel, Plan, Price, Table, Tier};
use rust_decimal::Decimal;
use std::sync::Arc;

const PLAN_FIELDS: &[&str] = &["plan", "name", "currency", "effective_from", "charges", "base_price", "grace_hours"];
const ADD_ON_FIELDS: &[&str] = &["add_on", "name", "currency", "effective_from", "price", "unit"];
/// The meter first: it is what a charge that stands alone lacks.
const CHARGE_FIELDS: &[&str] = &["meter", "included", "allowance", "model", "price", "per", "tiers"];
const MODEL_FIELDS: &[&str] = &["model", "price", "per", "tiers"];
const CHARGES_LIMIT: usize = 1_000;
const TIERS_LIMIT: usize = 100;
/// A year: longer than any period waits.
const GRACE_HOURS_LIMIT: i32 = 8_784;

const ALLOWANCES: &[(&str, Allowance)] = &[("whole", Allowance::Whole), ("prorated", Allowance::Prorated)];

#[derive(Clone, Copy)]
enum Model {
    PerUnit,
    Graduated,
}

const MODELS: &[(&str, Model)] = &[("per_unit", Model::PerUnit), ("graduated", Model::Graduated)];

pub(super) fn plan(node: &Node, reading: &mut Reading) -> Option<Plan> {
    let fields = Fields::open(node, PLAN_FIELDS, reading)?;
    let plan = fields.required("plan", reading, texts::versioned_name);
    let name = fields.or("name", "".into(), reading, texts::label);
    let currency = fields.required("currency", reading, currency);
    let effective_from = fields.required("effective_from", reading, times::instant);
    let charges = fields.or("charges", Vec::new(), reading, charges);
    let base_price = fields.optional("base_price", reading, |node, reading| whole_price(node, currency, reading));
    let grace_hours = fields.optional("grace_hours", reading, numbers::whole(0, GRACE_HOURS_LIMIT));
    Some(Plan {
        plan: plan?,
        name: name?,
        currency: currency?.code().into(),
        effective_from: effective_from?,
        charges: charges?,
        base_price: base_price?,
        grace_hours: grace_hours?.map(i32::unsigned_abs),
    })
}

pub(super) fn add_on(node: &Node, reading: &mut Reading) -> Option<AddOn> {
    let fields = Fields::open(node, ADD_ON_FIELDS, reading)?;
    let add_on = fields.required("add_on", reading, texts::versioned_name);
    let name = fields.or("name", "".into(), reading, texts::label);
    let currency = fields.required("currency", reading, currency);
    let effective_from = fields.required("effective_from", reading, times::instant);
    let price = fields.required("price", reading, |node, reading| whole_price(node, currency, reading));
    let unit = fields.or("unit", "".into(), reading, texts::label);
    Some(AddOn {
        add_on: add_on?,
        name: name?,
        currency: currency?.code().into(),
        effective_from: effective_from?,
        price: price?,
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

fn charges(node: &Node, reading: &mut Reading) -> Option<Vec<Charge>> {
    let mut seen: Vec<Arc<str>> = Vec::new();
    list(CHARGES_LIMIT, |node, reading| {
        let fields = Fields::open(node, CHARGE_FIELDS, reading)?;
        let meter = fields.required("meter", reading, |node, reading| {
            let meter = texts::reference(Table::Meters)(node, reading)?;
            if let Some(first) = seen.iter().position(|earlier| *earlier == meter) {
                let message = format!("the plan charges `{meter}` already, in charge {first}");
                return reading.mistake(MistakeCode::MeterChargedTwice, node, message, "use tiers for several prices");
            }
            Some(meter)
        });
        // Its place counts even where the name is wrong, so that the index above is the one in the file.
        seen.push(meter.clone().unwrap_or_default());
        charge(&fields, meter, reading)
    })(node, reading)
}

/// A charge that stands alone, without the meter that a plan charges by it.
pub(crate) fn charge_alone(node: &Node, reading: &mut Reading) -> Option<Charge> {
    let fields = Fields::open(node, &CHARGE_FIELDS[1..], reading)?;
    charge(&fields, Some("".into()), reading)
}

/// What a charge says apart from its meter.
fn charge(fields: &Fields<'_>, meter: Option<Arc<str>>, reading: &mut Reading) -> Option<Charge> {
    let included = fields.or("included", Quantity::ZERO, reading, numbers::quantity);
    let allowance = fields.or("allowance", Allowance::Whole, reading, allowance);
    let model = model(fields, reading);
    Some(Charge { meter: meter?, included: included?, allowance: allowance?, model: model? })
}

pub(super) fn allowance(node: &Node, reading: &mut Reading) -> Option<Allowance> {
    texts::one_of(ALLOWANCES)(node, reading)
}

/// A charge model that stands in a table of its own.
pub(super) fn charge_model(node: &Node, reading: &mut Reading) -> Option<ChargeModel> {
    let fields = Fields::open(node, MODEL_FIELDS, reading)?;
    model(&fields, reading)
}

fn model(fields: &Fields<'_>, reading: &mut Reading) -> Option<ChargeModel> {
    match fields.required("model", reading, texts::one_of(MODELS))? {
        Model::PerUnit => {
            let alone = fields.refuse(&["tiers"], "a per_unit charge has one price", reading);
            let price = price(fields, reading);
            alone.and(Some(ChargeModel::PerUnit { price: price? }))
        }
        Model::Graduated => {
            let alone = fields.refuse(&["price", "per"], "a graduated charge has its prices in its tiers", reading);
            let tiers = match fields.get("tiers") {
                Some(node) => tiers(node, reading),
                None => reading.mistake(
                    MistakeCode::TierMissing,
                    fields.node(),
                    "a graduated charge needs `tiers`",
                    "give at least one tier, the last one without `up_to`",
                ),
            };
            alone.and(Some(ChargeModel::Graduated { tiers: tiers? }))
        }
    }
}

fn price(fields: &Fields<'_>, reading: &mut Reading) -> Option<Price> {
    let price = fields.required("price", reading, numbers::price);
    let per = fields.or("per", Quantity::ONE, reading, numbers::positive_quantity);
    Some(Price { price: price?, per: per? })
}

fn tier(node: &Node, reading: &mut Reading) -> Option<Tier> {
    let fields = Fields::open(node, &["up_to", "price", "per", "flat"], reading)?;
    let up_to = fields.optional("up_to", reading, numbers::quantity);
    let price = price(&fields, reading);
    let flat = fields.or("flat", Decimal::ZERO, reading, numbers::price);
    Some(Tier { up_to: up_to?, price: price?, flat: flat? })
}

/// Tiers that meet without gap or overlap by construction: each begins where the one before it ends, so that only the
/// ends can be wrong.
fn tiers(node: &Node, reading: &mut Reading) -> Option<Vec<Tier>> {
    let before = reading.mistakes.len();
    let tiers = list(usize::MAX, tier)(node, reading)?;
    let crate::tables::document::Value::List(nodes) = &node.value else { return None };
    if tiers.len() > TIERS_LIMIT {
        let message = format!("{} tiers are more than {TIERS_LIMIT}", tiers.len());
        return reading.mistake(MistakeCode::TierTooMany, node, message, "");
    }
    let Some(last) = tiers.len().checked_sub(1) else {
        return reading.mistake(MistakeCode::TierMissing, node, "there is no tier", "the last tier has no `up_to`");
    };
    let mut start = Quantity::ZERO;
    for (index, tier) in tiers.iter().enumerate() {
        let found = match tier.up_to {
            None if index == last => None,
            None => Some((
                MistakeCode::TierUnboundedBeforeLast,
                format!("tier {index} has no end, so tier {} is never reached", index + 1),
                "give it `up_to`",
            )),
            Some(up_to) if up_to == start => Some((
                MistakeCode::TierZeroWidth,
                format!("tier {index} ends at {up_to}, where it begins"),
                "raise `up_to`, or take the tier out",
            )),
            Some(up_to) if up_to < start => Some((
                MistakeCode::TierNotIncreasing,
                format!("tier {index} ends at {up_to}, before it begins at {start}"),
                "write the tiers in increasing order of `up_to`",
            )),
            Some(up_to) if index == last => Some((
                MistakeCode::TierLastBounded,
                format!("tier {index} is the last one and ends at {up_to}: larger quantities have no price"),
                "leave `up_to` out of the last tier",
            )),
            Some(_) => None,
        };
        if let Some((code, message, hint)) = found {
            let tier = &nodes[index];
            let at = tier.field("up_to").unwrap_or(tier);
            reading.mistakes.push(Found::new(code, &at.path, at.place.clone(), message, hint));
        }
        start = tier.up_to.unwrap_or(start).max(start);
    }
    (reading.mistakes.len() == before).then_some(tiers)
}
