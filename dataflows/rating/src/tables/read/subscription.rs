//! Rows of `subscriptions`.

use super::fields::{Fields, list};
use super::{Reading, numbers, phase, texts, times};
use crate::number::Quantity;
use crate::tables::document::Node;
use crate::tables::mistake::MistakeCode;
use crate::tables::{Cadence, Interval, SubscribedAddOn, Subscription, Table};
use std::sync::Arc;

const FIELDS: &[&str] = &[
    "id",
    "organization_id",
    "plan",
    "effective_from",
    "effective_to",
    "anchor",
    "interval",
    "interval_count",
    "time_zone",
    "quantity",
    "add_ons",
    "phases",
];
const INTERVAL_COUNT_LIMIT: i32 = 1_000;
const ADD_ONS_LIMIT: usize = 100;

const INTERVALS: &[(&str, Interval)] = &[
    ("day", Interval::Day),
    ("week", Interval::Week),
    ("month", Interval::Month),
    ("quarter", Interval::Quarter),
    ("year", Interval::Year),
];

pub(super) fn subscription(node: &Node, reading: &mut Reading) -> Option<Subscription> {
    let fields = Fields::open(node, FIELDS, reading)?;
    let id = fields.required("id", reading, texts::name);
    let organization_id = fields.required("organization_id", reading, texts::name);
    let plan = fields.required("plan", reading, texts::reference(Table::Plans));
    let effective_from = fields.required("effective_from", reading, times::instant);
    let effective_to = times::end(&fields, "effective_to", effective_from, MistakeCode::EmptyValidity, reading);
    let cadence = cadence(&fields, reading);
    let quantity = fields.or("quantity", Quantity::ONE, reading, numbers::quantity);
    let add_ons = fields.or("add_ons", Vec::new(), reading, add_ons);
    let phases = fields.or("phases", Vec::new(), reading, phase::phases);
    Some(Subscription {
        id: id?,
        organization_id: organization_id?,
        plan: plan?,
        effective_from: effective_from?,
        effective_to: effective_to?,
        cadence: cadence?,
        quantity: quantity?,
        add_ons: add_ons?,
        phases: phases?,
    })
}

/// The fields of a cadence, which stand among others.
pub(crate) fn cadence(fields: &Fields<'_>, reading: &mut Reading) -> Option<Cadence> {
    let anchor = fields.required("anchor", reading, times::anchor);
    let interval = fields.or("interval", Interval::Month, reading, texts::one_of(INTERVALS));
    let interval_count = fields.or("interval_count", 1, reading, numbers::whole(1, INTERVAL_COUNT_LIMIT));
    let time_zone = fields.required("time_zone", reading, times::time_zone);
    Some(Cadence {
        anchor: anchor?,
        interval: interval?,
        interval_count: interval_count?.unsigned_abs(),
        time_zone: time_zone?,
    })
}

fn add_ons(node: &Node, reading: &mut Reading) -> Option<Vec<SubscribedAddOn>> {
    let mut seen: Vec<Arc<str>> = Vec::new();
    list(ADD_ONS_LIMIT, |node, reading| {
        let fields = Fields::open(node, &["add_on", "quantity"], reading)?;
        let add_on = fields.required("add_on", reading, |node, reading| {
            let add_on = texts::reference(Table::AddOns)(node, reading)?;
            if seen.contains(&add_on) {
                let message = format!("the subscription holds `{add_on}` already");
                return reading.mistake(MistakeCode::AddOnTwice, node, message, "raise its `quantity`");
            }
            seen.push(add_on.clone());
            Some(add_on)
        });
        let quantity = fields.or("quantity", Quantity::ONE, reading, numbers::quantity);
        Some(SubscribedAddOn { add_on: add_on?, quantity: quantity? })
    })(node, reading)
}
