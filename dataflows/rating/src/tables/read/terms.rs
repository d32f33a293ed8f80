//! Rows of `overrides` and `adjustments`: what changes an organization's terms.

use super::fields::Fields;
use super::{Reading, charge, numbers, texts, times};
use crate::tables::document::Node;
use crate::tables::mistake::MistakeCode;
use crate::tables::{Adjustment, AdjustmentKind, Override, Table};

const OVERRIDE_FIELDS: &[&str] = &[
    "id",
    "organization_id",
    "meter",
    "effective_from",
    "effective_to",
    "included",
    "allowance",
    "charge",
    "base_price",
    "commitment",
];
const OF_A_METER: &[&str] = &["included", "allowance", "charge"];
const OF_THE_PLAN: &[&str] = &["base_price", "commitment"];
const ADJUSTMENT_FIELDS: &[&str] =
    &["id", "organization_id", "meter", "kind", "percent", "charge", "effective_from", "effective_to"];

const ADJUSTMENT_KINDS: &[(&str, AdjustmentKind)] = &[
    ("temporary_users", AdjustmentKind::TemporaryUsers),
    ("automatic_limit_scaling", AdjustmentKind::AutomaticLimitScaling),
    ("event_based", AdjustmentKind::EventBased),
];

pub(super) fn an_override(node: &Node, reading: &mut Reading) -> Option<Override> {
    let fields = Fields::open(node, OVERRIDE_FIELDS, reading)?;
    let id = fields.required("id", reading, texts::name);
    let organization_id = fields.required("organization_id", reading, texts::name);
    let meter = fields.optional("meter", reading, texts::reference(Table::Meters));
    let effective_from = fields.required("effective_from", reading, times::instant);
    let effective_to = times::end(&fields, "effective_to", effective_from, MistakeCode::EmptyValidity, reading);
    let alone = match fields.get("meter") {
        Some(_) => fields.refuse(OF_THE_PLAN, "an override of a meter replaces that meter's terms", reading),
        None => fields.refuse(OF_A_METER, "without a `meter` an override replaces the plan's own prices", reading),
    };
    let included = fields.optional("included", reading, numbers::quantity);
    let allowance = fields.optional("allowance", reading, charge::allowance);
    let charge = fields.optional("charge", reading, charge::prices);
    let base_price = fields.optional("base_price", reading, numbers::price);
    let commitment = fields.optional("commitment", reading, numbers::price);
    let fields_given = OF_A_METER.iter().chain(OF_THE_PLAN).any(|name| fields.get(name).is_some());
    if !fields_given {
        let message = "the override replaces nothing";
        let hint = "give `included`, `allowance` or `charge`, or without a meter `base_price` or `commitment`";
        return reading.mistake(MistakeCode::EmptyOverride, node, message, hint);
    }
    alone?;
    Some(Override {
        id: id?,
        organization_id: organization_id?,
        meter: meter?,
        effective_from: effective_from?,
        effective_to: effective_to?,
        included: included?,
        allowance: allowance?,
        charge: charge?,
        base_price: base_price?,
        commitment: commitment?,
    })
}

pub(super) fn adjustment(node: &Node, reading: &mut Reading) -> Option<Adjustment> {
    let fields = Fields::open(node, ADJUSTMENT_FIELDS, reading)?;
    let id = fields.required("id", reading, texts::name);
    let organization_id = fields.optional("organization_id", reading, texts::name);
    let meter = fields.required("meter", reading, texts::reference(Table::Meters));
    let kind = fields.required("kind", reading, texts::one_of(ADJUSTMENT_KINDS));
    let effective_from = fields.required("effective_from", reading, times::instant);
    let effective_to = match fields.get("effective_to") {
        Some(_) => times::end(&fields, "effective_to", effective_from, MistakeCode::EmptyValidity, reading).flatten(),
        // Seasonal means that it ends.
        None => fields.required("effective_to", reading, times::instant),
    };
    let terms = kind.and_then(|kind| match kind {
        AdjustmentKind::TemporaryUsers | AdjustmentKind::AutomaticLimitScaling => {
            let alone = fields.refuse(&["charge"], "this kind changes the plan's prices by `percent`", reading);
            let most = if kind == AdjustmentKind::TemporaryUsers { 100 } else { numbers::PREMIUM_LIMIT };
            let percent = fields.required("percent", reading, numbers::percent(most));
            alone.and(Some((Some(percent?), None)))
        }
        AdjustmentKind::EventBased => {
            let alone = fields.refuse(&["percent"], "event-based terms have prices of their own", reading);
            let charge = fields.required("charge", reading, charge::prices);
            alone.and(Some((None, Some(charge?))))
        }
    });
    let (percent, charge) = terms?;
    Some(Adjustment {
        id: id?,
        organization_id: organization_id?,
        meter: meter?,
        kind: kind?,
        percent,
        charge,
        effective_from: effective_from?,
        effective_to: effective_to?,
    })
}
