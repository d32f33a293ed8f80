//! Charges: the meter, the allowance, and the prices that an override may also bring.

use super::charge_model::{MODEL_FIELDS, model};
use super::charge_rules::{RULE_FIELDS, rules};
use super::fields::{Fields, list};
use super::{Reading, numbers, texts};
use crate::number::Quantity;
use crate::tables::document::Node;
use crate::tables::mistake::MistakeCode;
use crate::tables::{Allowance, Charge, Prices, Table};
use std::sync::Arc;

const CHARGES_LIMIT: usize = 1_000;

const ALLOWANCES: &[(&str, Allowance)] = &[("whole", Allowance::Whole), ("prorated", Allowance::Prorated)];

pub(super) fn charges(node: &Node, reading: &mut Reading) -> Option<Vec<Charge>> {
    let mut seen: Vec<Arc<str>> = Vec::new();
    let known = [&["meter", "included", "allowance"], MODEL_FIELDS, RULE_FIELDS].concat();
    list(CHARGES_LIMIT, |node, reading| {
        let fields = Fields::open(node, &known, reading)?;
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
    let known = [&["included", "allowance"], MODEL_FIELDS, RULE_FIELDS].concat();
    let fields = Fields::open(node, &known, reading)?;
    charge(&fields, Some("".into()), reading)
}

/// What a charge says apart from its meter.
fn charge(fields: &Fields<'_>, meter: Option<Arc<str>>, reading: &mut Reading) -> Option<Charge> {
    let included = fields.or("included", Quantity::ZERO, reading, numbers::quantity);
    let allowance = fields.or("allowance", Allowance::Whole, reading, allowance);
    let (model, rules) = (model(fields, reading), rules(fields, reading));
    Some(Charge { meter: meter?, included: included?, allowance: allowance?, model: model?, rules: rules? })
}

pub(super) fn allowance(node: &Node, reading: &mut Reading) -> Option<Allowance> {
    texts::one_of(ALLOWANCES)(node, reading)
}

/// A model and its rules in a table of their own.
pub(super) fn prices(node: &Node, reading: &mut Reading) -> Option<Prices> {
    let fields = Fields::open(node, &[MODEL_FIELDS, RULE_FIELDS].concat(), reading)?;
    let (model, rules) = (model(&fields, reading), rules(&fields, reading));
    Some(Prices { model: model?, rules: rules? })
}
