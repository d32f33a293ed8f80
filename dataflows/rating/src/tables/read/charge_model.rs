//! Charge models and their tiers: which fields go with which.

use super::fields::{Fields, list};
use super::{Reading, numbers, texts};
use crate::number::Quantity;
use crate::tables::document::{Node, Value};
use crate::tables::mistake::{Found, MistakeCode};
use crate::tables::{ChargeModel, PercentageTier, Price, StairstepTier, Tier};
use rust_decimal::Decimal;

pub(super) const MODEL_FIELDS: &[&str] = &["model", "price", "per", "tiers", "percent"];
const TIER_FIELDS: &[&str] = &["up_to", "price", "per", "flat", "percent"];
const TIERS_LIMIT: usize = 100;

#[derive(Clone, Copy)]
enum Model {
    Flat,
    PerUnit,
    Graduated,
    Volume,
    Package,
    Stairstep,
    Percentage,
    GraduatedPercentage,
    Dynamic,
}

const MODELS: &[(&str, Model)] = &[
    ("flat", Model::Flat),
    ("per_unit", Model::PerUnit),
    ("graduated", Model::Graduated),
    ("volume", Model::Volume),
    ("package", Model::Package),
    ("stairstep", Model::Stairstep),
    ("percentage", Model::Percentage),
    ("graduated_percentage", Model::GraduatedPercentage),
    ("dynamic", Model::Dynamic),
];

pub(super) fn model(fields: &Fields<'_>, reading: &mut Reading) -> Option<ChargeModel> {
    let model = fields.required("model", reading, texts::one_of(MODELS))?;
    let (others, because): (&[&str], &str) = match model {
        Model::Flat => (&["per", "tiers", "percent"], "a flat charge has one price for the period"),
        Model::PerUnit => (&["tiers", "percent"], "a per_unit charge has one price"),
        Model::Package => (&["tiers", "percent"], "a package charge has one price"),
        Model::Graduated => (&["price", "per", "percent"], "a graduated charge has its prices in its tiers"),
        Model::Volume => (&["price", "per", "percent"], "a volume charge has its prices in its tiers"),
        Model::Stairstep => (&["price", "per", "percent"], "a stairstep charge has its amounts in its tiers"),
        Model::Percentage => (&["price", "per", "tiers"], "a percentage charge has one percentage"),
        Model::GraduatedPercentage => {
            (&["price", "per", "percent"], "a graduated_percentage charge has its percentages in its tiers")
        }
        Model::Dynamic => (&["price", "per", "tiers", "percent"], "a dynamic price comes with the events"),
    };
    let alone = fields.refuse(others, because, reading);
    let model = match model {
        Model::Flat => ChargeModel::Flat { price: fields.required("price", reading, numbers::price)? },
        Model::PerUnit => ChargeModel::PerUnit { price: price(fields, reading)? },
        Model::Graduated => ChargeModel::Graduated { tiers: tiers(fields, reading, tier)? },
        Model::Volume => ChargeModel::Volume { tiers: tiers(fields, reading, tier)? },
        Model::Package => ChargeModel::Package { price: price(fields, reading)? },
        Model::Stairstep => ChargeModel::Stairstep { tiers: tiers(fields, reading, stairstep_tier)? },
        Model::Percentage => {
            ChargeModel::Percentage { percent: fields.required("percent", reading, numbers::rate_in_percent)? }
        }
        Model::GraduatedPercentage => {
            ChargeModel::GraduatedPercentage { tiers: tiers(fields, reading, percentage_tier)? }
        }
        Model::Dynamic => ChargeModel::Dynamic,
    };
    alone.and(Some(model))
}

fn price(fields: &Fields<'_>, reading: &mut Reading) -> Option<Price> {
    let price = fields.required("price", reading, numbers::price);
    let per = fields.or("per", Quantity::ONE, reading, numbers::positive_quantity);
    Some(Price { price: price?, per: per? })
}

fn tier(fields: &Fields<'_>, up_to: Option<Quantity>, reading: &mut Reading) -> Option<Tier> {
    let alone = fields.refuse(&["percent"], "these tiers have prices", reading);
    let price = price(fields, reading);
    let flat = fields.or("flat", Decimal::ZERO, reading, numbers::price);
    alone.and(Some(Tier { up_to, price: price?, flat: flat? }))
}

fn stairstep_tier(fields: &Fields<'_>, up_to: Option<Quantity>, reading: &mut Reading) -> Option<StairstepTier> {
    let alone = fields.refuse(&["price", "per", "percent"], "a step has one amount, `flat`", reading);
    let flat = fields.required("flat", reading, numbers::price);
    alone.and(Some(StairstepTier { up_to, flat: flat? }))
}

fn percentage_tier(fields: &Fields<'_>, up_to: Option<Quantity>, reading: &mut Reading) -> Option<PercentageTier> {
    let alone = fields.refuse(&["price", "per"], "these tiers have percentages", reading);
    let percent = fields.required("percent", reading, numbers::rate_in_percent);
    let flat = fields.or("flat", Decimal::ZERO, reading, numbers::price);
    alone.and(Some(PercentageTier { up_to, percent: percent?, flat: flat? }))
}

/// Tiers that meet without gap or overlap by construction: each begins where the one before it ends, so that only the
/// ends can be wrong.
fn tiers<T>(
    fields: &Fields<'_>,
    reading: &mut Reading,
    tier: impl Fn(&Fields<'_>, Option<Quantity>, &mut Reading) -> Option<T>,
) -> Option<Vec<T>> {
    let Some(node) = fields.get("tiers") else {
        let hint = "give at least one tier, the last one without `up_to`";
        return reading.mistake(MistakeCode::TierMissing, fields.node(), "a charge by tiers needs `tiers`", hint);
    };
    let before = reading.mistakes.len();
    let read = list(usize::MAX, |node, reading| {
        let fields = Fields::open(node, TIER_FIELDS, reading)?;
        let up_to = fields.optional("up_to", reading, numbers::quantity);
        let tier = tier(&fields, up_to.flatten(), reading);
        Some((up_to?, tier?))
    })(node, reading)?;
    let (ends, tiers): (Vec<Option<Quantity>>, Vec<T>) = read.into_iter().unzip();
    let Value::List(nodes) = &node.value else { return None };
    if ends.len() > TIERS_LIMIT {
        let message = format!("{} tiers are more than {TIERS_LIMIT}", ends.len());
        return reading.mistake(MistakeCode::TierTooMany, node, message, "");
    }
    if ends.is_empty() {
        return reading.mistake(MistakeCode::TierMissing, node, "there is no tier", "the last tier has no `up_to`");
    }
    wrong_ends(&ends, nodes, reading);
    (reading.mistakes.len() == before).then_some(tiers)
}

/// Names each tier whose end is wrong.
fn wrong_ends(ends: &[Option<Quantity>], nodes: &[Node], reading: &mut Reading) {
    let mut start = Quantity::ZERO;
    for (index, end) in ends.iter().enumerate() {
        let is_last = index + 1 == ends.len();
        let found = match *end {
            None if is_last => None,
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
            Some(up_to) if is_last => Some((
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
        start = end.unwrap_or(start).max(start);
    }
}
