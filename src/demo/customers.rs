//! The demo's customers: their names, sizes, plans and time zones.

use super::traffic::Customer;
use highwater_rating::number::Quantity;
use highwater_rating::tables::{Cadence, Grant, GrantKind, Interval, Row, Subscription};
use highwater_rating::time::EventTime;

const NAMES: [&str; 20] = [
    "acme",
    "birch-labs",
    "cobalt",
    "dune-analytics",
    "elm-health",
    "fjord-shipping",
    "granite",
    "harbor-bank",
    "iris-media",
    "juniper-school",
    "kestrel-air",
    "lumen-energy",
    "maple-retail",
    "northwind",
    "opal-travel",
    "prairie-foods",
    "quartz-games",
    "river-insurance",
    "sable-security",
    "tundra-logistics",
];
const TIME_ZONES: [(&str, i64); 5] =
    [("Europe/Vienna", 1), ("America/New_York", -5), ("Asia/Tokyo", 9), ("Asia/Kathmandu", 6), ("UTC", 0)];
const PLANS: [&str; 3] = ["starter", "professional", "enterprise"];

/// `count` customers, the first the largest, each half as frequent as its neighbour three places before.
pub fn customers(count: usize) -> Vec<Customer> {
    let name = |nth: usize| match NAMES.get(nth) {
        Some(name) => (*name).to_owned(),
        None => format!("{}-{}", NAMES[nth % NAMES.len()], nth / NAMES.len()),
    };
    let customer = |nth: usize| Customer {
        organization_id: name(nth),
        weight: (400u32 >> (nth / 3).min(9)).max(1),
        hours_ahead: TIME_ZONES[nth % TIME_ZONES.len()].1,
    };
    (0..count).map(customer).collect()
}

fn monthly(nth: usize) -> Cadence {
    Cadence {
        anchor: "2026-01-01T00:00:00".into(),
        interval: Interval::Month,
        interval_count: 1,
        time_zone: TIME_ZONES[nth % TIME_ZONES.len()].0.into(),
    }
}

/// Their subscriptions since `from`, a whole minute: periods begin on the first of the month in each one's own zone.
pub fn subscriptions(customers: &[Customer], from: EventTime) -> Vec<Row> {
    let subscription = |(nth, customer): (usize, &Customer)| {
        Row::Subscriptions(Subscription {
            id: format!("demo-{}", customer.organization_id).into(),
            organization_id: customer.organization_id.as_str().into(),
            plan: PLANS[nth % PLANS.len()].into(),
            effective_from: from,
            effective_to: None,
            cadence: monthly(nth),
            quantity: Quantity::ONE,
            add_ons: Vec::new(),
            phases: Vec::new(),
        })
    };
    customers.iter().enumerate().map(subscription).collect()
}

/// Credits since `from`: a sum of money for every third customer, AI queries anew each month for the next one.
pub fn grants(customers: &[Customer], from: EventTime) -> Vec<Row> {
    let grant = |(nth, customer): (usize, &Customer)| {
        let money = match nth % 3 {
            0 => true,
            1 => false,
            _ => return None,
        };
        Some(Row::Grants(Grant {
            id: format!("{}-{}", if money { "welcome" } else { "monthly" }, customer.organization_id).into(),
            organization_id: customer.organization_id.as_str().into(),
            meter: (!money).then(|| "ai_queries".into()),
            currency: money.then(|| "USD".into()),
            amount: Quantity::units(if money { 250 } else { 500 }),
            kind: if money { GrantKind::Promotional } else { GrantKind::Free },
            of: None,
            recharge_request: None,
            priority: 0,
            effective_from: from,
            expires_at: None,
            recurrence: (!money).then(|| monthly(nth)),
            resets: Vec::new(),
            rollover: (!money).then(|| Quantity::units(100)),
        }))
    };
    customers.iter().enumerate().filter_map(grant).collect()
}
