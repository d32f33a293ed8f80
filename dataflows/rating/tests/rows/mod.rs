//! Short ways to write rows and usage down in a test's table.

#![allow(dead_code, reason = "every test file takes what it needs")]

use highwater_rating::number::Quantity;
use highwater_rating::rate::{PeriodUsage, RateError, RatedPeriod, SpanUsage, rate};
use highwater_rating::tables::{
    Aggregation, Allowance, Billing, Cadence, Charge, ChargeModel, ChargeRules, Interval, Override, Plan, Price, Row,
    Subscription, Table, Tier, read_row,
};
use highwater_rating::terms::{Period, Schedule, Span, SpanOrGap, Terms};
use highwater_rating::time::EventTime;
use std::sync::Arc;

pub const METER: &str = "api_calls";

/// `2026-01-31` and `2026-01-31T12:00` are short for the whole instant in UTC.
pub fn instant(text: &str) -> EventTime {
    let whole = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        16 => format!("{text}:00Z"),
        _ => text.to_owned(),
    };
    EventTime::parse(whole.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub fn quantity(text: &str) -> Quantity {
    Quantity::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub fn price(price: &str, per: &str) -> Price {
    Price { price: price.parse().unwrap(), per: quantity(per) }
}

pub fn per_unit(each: &str, per: &str) -> ChargeModel {
    ChargeModel::PerUnit { price: price(each, per) }
}

/// Tiers as `up_to:price/per+flat`, the last one's `up_to` being `*`; `/per` and `+flat` may be left out.
pub fn graduated(tiers: &str) -> ChargeModel {
    let tier = |text: &str| {
        let (up_to, rest) = text.split_once(':').unwrap();
        let (each, flat) = rest.split_once('+').unwrap_or((rest, "0"));
        let (each, per) = each.split_once('/').unwrap_or((each, "1"));
        let up_to = (up_to != "*").then(|| quantity(up_to));
        Tier { up_to, price: price(each, per), flat: flat.parse().unwrap() }
    };
    ChargeModel::Graduated { tiers: tiers.split_whitespace().map(tier).collect() }
}

pub fn charge(included: &str, allowance: Allowance, model: ChargeModel) -> Charge {
    let rules = ChargeRules::default();
    Charge { meter: METER.into(), included: quantity(included), allowance, model, rules }
}

/// A charge as a row has it, its meter left out.
pub fn charge_of(json: &str) -> Charge {
    let row = format!(
        r#"{{"plan":"p","currency":"USD","effective_from":"2026-01-01T00:00:00Z","charges":[{{"meter":"{METER}",{json}}}]}}"#
    );
    match read_row(Table::Plans, row.as_bytes()) {
        Ok(Row::Plans(plan)) => plan.charges[0].clone(),
        other => panic!("{json}: {other:?}"),
    }
}

pub fn plan(name: &str, effective_from: &str, charges: Vec<Charge>) -> Plan {
    Plan {
        plan: name.into(),
        name: name.into(),
        currency: "USD".into(),
        effective_from: instant(effective_from),
        charges,
        base_price: None,
        grace_hours: None,
        billing: Billing::InAdvance,
        commitment: None,
    }
}

pub fn cadence(anchor: &str, interval: Interval, interval_count: u32, time_zone: &str) -> Cadence {
    Cadence { anchor: anchor.into(), interval, interval_count, time_zone: time_zone.into() }
}

/// Months from the first, in UTC.
pub fn months() -> Cadence {
    cadence("2026-01-01T00:00:00", Interval::Month, 1, "UTC")
}

pub fn subscription(id: &str, plan: &str, from: &str, to: Option<&str>, cadence: Cadence) -> Subscription {
    Subscription {
        id: id.into(),
        organization_id: "acme".into(),
        plan: plan.into(),
        effective_from: instant(from),
        effective_to: to.map(instant),
        cadence,
        quantity: Quantity::ONE,
        add_ons: Vec::new(),
        phases: Vec::new(),
    }
}

/// An override of the allowance alone.
pub fn included(id: &str, from: &str, to: Option<&str>, included: &str) -> Override {
    Override {
        id: id.into(),
        organization_id: "acme".into(),
        meter: Some(METER.into()),
        effective_from: instant(from),
        effective_to: to.map(instant),
        included: Some(quantity(included)),
        allowance: None,
        charge: None,
        base_price: None,
        commitment: None,
    }
}

pub fn schedule(subscriptions: Vec<Subscription>, plans: Vec<Plan>, overrides: Vec<Override>) -> Schedule {
    fn shared<T>(rows: Vec<T>) -> Vec<Arc<T>> {
        rows.into_iter().map(Arc::new).collect()
    }
    Schedule::new(METER.into(), shared(subscriptions), shared(plans), shared(overrides), Vec::new())
}

pub fn span_at(schedule: &Schedule, at: &str) -> Span {
    match schedule.span_at(instant(at)) {
        SpanOrGap::Span(span) => span,
        SpanOrGap::Gap(gap) => panic!("{at} lies in a gap: {gap:?}"),
    }
}

/// A span of January 2026 with a charge of its own, and its usage.
pub fn usage(start: &str, end: &str, currency: &str, charge: Option<Charge>, used: &str) -> SpanUsage {
    let terms = Terms {
        subscription: "s".into(),
        plan: "pro".into(),
        plan_version: instant("2026-01-01"),
        currency: currency.into(),
        overrides: Vec::new(),
        adjustments: Vec::new(),
        apart: None,
        charge,
        price_percent: Terms::FULL_PRICE,
    };
    let span = Span { start: instant(start), end: instant(end), period: january(), terms: Arc::new(terms) };
    SpanUsage { span, events: 1, quantity: quantity(used) }
}

pub fn january() -> Period {
    Period { start: instant("2026-01-01"), end: instant("2026-02-01") }
}

/// Rates spans of January, of which the quantity over the whole is the sum.
pub fn rate_january(aggregation: Aggregation, spans: &[SpanUsage]) -> Result<RatedPeriod, RateError> {
    let total = spans.iter().map(|span| span.quantity.0).fold(0i128, i128::saturating_add);
    rate(&PeriodUsage { aggregation, period: january(), spans, quantity: Quantity(total) })
}
