//! Generators of rows that keep every rule.

use super::any_charges::{allowance, prices};
use highwater_rating::number::Quantity;
use highwater_rating::tables::{
    AddOn, Adjustment, AdjustmentKind, Aggregation, Billing, BurnKey, Cadence, Charge, Condition, CreditPolicy, Grant,
    GrantKind, Interval, Meter, NumberToken, Override, PausedUsage, Phase, PhaseKind, Plan, Prices, Recharge,
    RechargeSize, Row, Scalar, SubscribedAddOn, Subscription, TrialLimit, ValueField,
};
use highwater_rating::time::EventTime;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;
use std::sync::Arc;

pub fn row() -> impl Strategy<Value = Row> {
    prop_oneof![
        meter().prop_map(Row::Meters),
        plan().prop_map(Row::Plans),
        add_on().prop_map(Row::AddOns),
        subscription().prop_map(Row::Subscriptions),
        an_override().prop_map(Row::Overrides),
        grant().prop_map(Row::Grants),
        change_of_grant().prop_map(Row::Grants),
        credit_policy().prop_map(Row::CreditPolicies),
        adjustment().prop_map(Row::Adjustments),
    ]
}

/// Names that are few, so that rows meet, and that hold what must be escaped.
fn name() -> impl Strategy<Value = Arc<str>> {
    select(vec!["a", "b", "api_calls", "quo\"te", "back\\slash", "ö/~ü", "{}", "$serde_json::private::Number"])
        .prop_map(Arc::from)
}

fn label() -> impl Strategy<Value = Arc<str>> {
    select(vec!["", "calls", "AI queries — 自然"]).prop_map(Arc::from)
}

fn instant() -> impl Strategy<Value = EventTime> {
    (0..5_000_000i64).prop_map(|minute| EventTime(1_700_000_040_000_000 + minute * 60_000_000))
}

fn after(from: EventTime) -> impl Strategy<Value = EventTime> {
    (1..500_000i64).prop_map(move |minutes| EventTime(from.0 + minutes * 60_000_000))
}

pub fn quantity() -> impl Strategy<Value = Quantity> {
    prop_oneof![(0..10_000i64).prop_map(Quantity::units), (0..=Quantity::LIMIT.0).prop_map(Quantity)]
}

pub fn positive() -> impl Strategy<Value = Quantity> {
    quantity().prop_map(|quantity| quantity.max(Quantity(1)))
}

pub fn decimal() -> impl Strategy<Value = Decimal> {
    (0..1_000_000_000i64, 0..=12u32).prop_map(|(digits, scale)| Decimal::new(digits, scale).normalize())
}

fn whole_price() -> impl Strategy<Value = Decimal> {
    (0..1_000_000i64).prop_map(|cents| Decimal::new(cents, 2).normalize())
}

fn scalar() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        any::<bool>().prop_map(Scalar::Flag),
        select(vec!["0", "-1", "1.50", "12345678901234567890.123456789", "1e400"])
            .prop_map(|token| Scalar::Number(NumberToken(token.into()))),
        name().prop_map(Scalar::Text),
    ]
}

fn meter() -> impl Strategy<Value = Meter> {
    let aggregation = select(vec![
        Aggregation::Count,
        Aggregation::Sum,
        Aggregation::Max,
        Aggregation::Min,
        Aggregation::Latest,
        Aggregation::Unique,
        Aggregation::Average,
    ]);
    let value = prop_oneof![Just(ValueField::Quantity), Just(ValueField::Cost), name().prop_map(ValueField::Metadata)];
    let condition = (name(), vec(scalar(), 1..3)).prop_map(|(key, one_of)| Condition { key, one_of });
    let filter = (name(), vec(condition, 0..3));
    let dimensions = (btree_set(name(), 0..4), 1..10_000_000u32);
    (name(), filter, aggregation, value, dimensions, label(), any::<bool>(), option::of(instant())).prop_map(
        |(name, (feature, conditions), aggregation, value, (dimensions, dimension_limit), unit, negative, from)| {
            Meter {
                name,
                feature,
                conditions,
                aggregation,
                value,
                dimensions: dimensions.into_iter().collect(),
                dimension_limit,
                unit,
                negative_allowed: negative,
                effective_from: from,
            }
        },
    )
}

fn billing() -> impl Strategy<Value = Billing> {
    select(vec![Billing::InAdvance, Billing::InArrears])
}

fn plan() -> impl Strategy<Value = Plan> {
    let charges = btree_map(name(), (quantity(), allowance(), prices()), 0..4);
    let recurring = (option::of(whole_price()), billing(), option::of(whole_price()));
    (name(), label(), instant(), charges, recurring, option::of(0u32..=8_784)).prop_map(
        |(plan, name, effective_from, charges, (base_price, billing, commitment), grace_hours)| Plan {
            plan,
            name,
            currency: "USD".into(),
            effective_from,
            charges: charges
                .into_iter()
                .map(|(meter, (included, allowance, Prices { model, rules }))| Charge {
                    meter,
                    included,
                    allowance,
                    model,
                    rules,
                })
                .collect(),
            base_price,
            grace_hours,
            billing,
            commitment,
        },
    )
}

fn add_on() -> impl Strategy<Value = AddOn> {
    (name(), label(), instant(), whole_price(), billing(), label()).prop_map(
        |(add_on, name, effective_from, price, billing, unit)| AddOn {
            add_on,
            name,
            currency: "EUR".into(),
            effective_from,
            price,
            billing,
            unit,
        },
    )
}

fn cadence() -> impl Strategy<Value = Cadence> {
    let interval = select(vec![Interval::Day, Interval::Week, Interval::Month, Interval::Quarter, Interval::Year]);
    let anchor = select(vec!["2026-01-31T00:00:00", "2024-02-29T23:59:00"]);
    let zone = select(vec!["UTC", "Europe/Vienna", "Asia/Kolkata"]);
    (anchor, interval, 1..=1_000u32, zone).prop_map(|(anchor, interval, interval_count, zone)| Cadence {
        anchor: anchor.into(),
        interval,
        interval_count,
        time_zone: zone.into(),
    })
}

fn subscription() -> impl Strategy<Value = Subscription> {
    let held = btree_map(name(), quantity(), 0..3);
    let validity = instant().prop_flat_map(|from| (Just(from), option::of(after(from))));
    (name(), name(), name(), validity, cadence(), quantity(), held, vec(phase(), 0..3)).prop_map(
        |(id, organization_id, plan, (effective_from, effective_to), cadence, quantity, held, phases)| Subscription {
            id,
            organization_id,
            plan,
            effective_from,
            effective_to,
            cadence,
            quantity,
            add_ons: held.into_iter().map(|(add_on, quantity)| SubscribedAddOn { add_on, quantity }).collect(),
            phases,
        },
    )
}

fn phase() -> impl Strategy<Value = Phase> {
    let limits = vec((name(), quantity()).prop_map(|(meter, included)| TrialLimit { meter, included }), 0..3);
    let usage = select(vec![PausedUsage::Free, PausedUsage::Charged]);
    let validity = instant().prop_flat_map(|from| (Just(from), after(from)));
    (validity, any::<bool>(), limits, option::of(usage)).prop_map(|((from, to), ends, limits, usage)| match usage {
        Some(usage) => {
            Phase { effective_from: from, effective_to: ends.then_some(to), kind: PhaseKind::Pause { usage } }
        }
        None => Phase { effective_from: from, effective_to: Some(to), kind: PhaseKind::Trial { limits } },
    })
}

fn an_override() -> impl Strategy<Value = Override> {
    let validity = instant().prop_flat_map(|from| (Just(from), option::of(after(from))));
    let of_a_meter = (name(), quantity(), option::of(allowance()), option::of(prices()));
    let of_the_plan = (whole_price(), option::of(whole_price()));
    (name(), name(), validity, option::of(of_a_meter), of_the_plan).prop_map(
        |(id, organization_id, (effective_from, effective_to), of_a_meter, (base_price, commitment))| {
            let bare = Override {
                id,
                organization_id,
                meter: None,
                effective_from,
                effective_to,
                included: None,
                allowance: None,
                charge: None,
                base_price: None,
                commitment: None,
            };
            match of_a_meter {
                Some((meter, included, allowance, charge)) => {
                    Override { meter: Some(meter), included: Some(included), allowance, charge, ..bare }
                }
                None => Override { base_price: Some(base_price), commitment, ..bare },
            }
        },
    )
}

fn grant() -> impl Strategy<Value = Grant> {
    let kind = select(vec![GrantKind::Free, GrantKind::Promotional, GrantKind::Paid, GrantKind::Adjustment]);
    let validity = instant().prop_flat_map(|from| (Just(from), option::of(after(from))));
    let again = (option::of(cadence()), btree_set(instant(), 0..3), option::of(whole()), option::of(name()));
    (name(), name(), option::of(name()), whole(), kind, -1_000_000..=1_000_000i32, validity, again).prop_map(
        |(id, organization_id, meter, amount, kind, priority, (effective_from, expires_at), again)| {
            let (recurrence, resets, rollover, recharge_request) = again;
            Grant {
                id,
                organization_id,
                currency: meter.is_none().then(|| "JPY".into()),
                meter,
                amount,
                kind,
                of: None,
                recharge_request,
                priority,
                effective_from,
                expires_at,
                recurrence,
                resets: resets.into_iter().collect(),
                rollover,
            }
        },
    )
}

/// A refund or an adjustment of another grant.
fn change_of_grant() -> impl Strategy<Value = Grant> {
    (name(), name(), name(), whole(), any::<bool>(), any::<bool>(), instant()).prop_map(
        |(id, organization_id, of, amount, refund, less, effective_from)| Grant {
            id,
            organization_id,
            meter: None,
            currency: Some("JPY".into()),
            amount: if less && !refund { Quantity(-amount.0) } else { amount },
            kind: if refund { GrantKind::Refund } else { GrantKind::Adjustment },
            of: Some(of),
            recharge_request: None,
            priority: 0,
            effective_from,
            expires_at: None,
            recurrence: None,
            resets: Vec::new(),
            rollover: None,
        },
    )
}

fn credit_policy() -> impl Strategy<Value = CreditPolicy> {
    let validity = instant().prop_flat_map(|from| (Just(from), option::of(after(from))));
    let order = select(vec![vec![], vec![BurnKey::Kind], BurnKey::ALL.to_vec()]);
    let recharge = (whole(), whole(), any::<bool>(), option::of(whole()), cadence(), 1..8_784u32).prop_map(
        |(threshold, more, by_target, cap, cadence, pending_hours)| {
            let target = Quantity(threshold.0.max(more.0));
            let size = if by_target { RechargeSize::Target(target) } else { RechargeSize::Amount(more) };
            Recharge { threshold, size, cap, cadence, pending_hours }
        },
    );
    (name(), name(), option::of(name()), validity, order, option::of(recharge)).prop_map(
        |(id, organization_id, meter, (effective_from, effective_to), burn_order, recharge)| CreditPolicy {
            id,
            organization_id,
            currency: meter.is_none().then(|| "JPY".into()),
            meter,
            effective_from,
            effective_to,
            burn_order,
            recharge,
        },
    )
}

/// Whole units, as money of a currency without a minor unit has them.
fn whole() -> impl Strategy<Value = Quantity> {
    (1..1_000_000i64).prop_map(Quantity::units)
}

fn adjustment() -> impl Strategy<Value = Adjustment> {
    let percent = (1..100i64).prop_map(|percent| Some(Decimal::from(percent)));
    let terms = prop_oneof![
        (Just(AdjustmentKind::TemporaryUsers), percent.clone(), Just(None)),
        (Just(AdjustmentKind::AutomaticLimitScaling), percent, Just(None)),
        (Just(AdjustmentKind::EventBased), Just(None), prices().prop_map(Some)),
    ];
    let validity = instant().prop_flat_map(|from| (Just(from), after(from)));
    (name(), option::of(name()), name(), terms, validity).prop_map(
        |(id, organization_id, meter, (kind, percent, charge), (effective_from, effective_to))| Adjustment {
            id,
            organization_id,
            meter,
            kind,
            percent,
            charge,
            effective_from,
            effective_to,
        },
    )
}
