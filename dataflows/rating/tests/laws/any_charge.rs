//! Any charge: every model with every rule, in numbers that leave room for any usage.

use super::rows::METER;
use highwater_rating::number::{Quantity, Rounding};
use highwater_rating::tables::{
    Allowance, Charge, ChargeModel, ChargeRules, Discount, PercentageTier, Price, StairstepTier, Tier, UnitConversion,
};
use proptest::prelude::*;
use rust_decimal::Decimal;

pub fn any_price() -> impl Strategy<Value = Price> {
    let per = prop_oneof![Just(1_000_000_000i128), Just(1_000_000_000_000_000), 1..10_000_000_000i128];
    (0..1_000_000i64, 0..13u32, per)
        .prop_map(|(mantissa, scale, per)| Price { price: Decimal::new(mantissa, scale), per: Quantity(per) })
}

pub fn any_tiers() -> impl Strategy<Value = Vec<Tier>> {
    prop::collection::vec((1..100_000_000_000i128, any_price(), 0..10_000i64), 1..5).prop_map(|rows| {
        let last = rows.len() - 1;
        let mut bound = 0;
        let tier = |(index, (width, price, flat))| {
            bound += width;
            let up_to = (index != last).then_some(Quantity(bound));
            Tier { up_to, price, flat: Decimal::new(flat, 2) }
        };
        rows.into_iter().enumerate().map(tier).collect()
    })
}

fn any_model() -> impl Strategy<Value = ChargeModel> {
    let percent = || (0..20_000i64).prop_map(|percent| Decimal::new(percent, 2));
    let steps = any_tiers().prop_map(|tiers| {
        let rising = tiers.iter().scan(Decimal::ZERO, |sum, tier| {
            *sum += tier.flat;
            Some(StairstepTier { up_to: tier.up_to, flat: *sum })
        });
        rising.collect()
    });
    let parts = (any_tiers(), percent()).prop_map(|(tiers, percent)| {
        let part = |tier: Tier| PercentageTier { up_to: tier.up_to, percent: percent + tier.flat, flat: tier.flat };
        tiers.into_iter().map(part).collect()
    });
    prop_oneof![
        (0..10_000i64).prop_map(|price| ChargeModel::Flat { price: Decimal::new(price, 2) }),
        any_price().prop_map(|price| ChargeModel::PerUnit { price }),
        any_tiers().prop_map(|tiers| ChargeModel::Graduated { tiers }),
        any_tiers().prop_map(|tiers| ChargeModel::Volume { tiers }),
        any_price().prop_map(|price| ChargeModel::Package { price }),
        steps.prop_map(|tiers| ChargeModel::Stairstep { tiers }),
        percent().prop_map(|percent| ChargeModel::Percentage { percent }),
        parts.prop_map(|tiers| ChargeModel::GraduatedPercentage { tiers }),
        Just(ChargeModel::Dynamic),
    ]
}

fn any_rules() -> impl Strategy<Value = ChargeRules> {
    let rounding = prop::sample::select(vec![Rounding::HalfAwayFromZero, Rounding::Up, Rounding::Down]);
    let conversion =
        (1..5_000_000_000i128, 1..5_000_000_000i128, rounding, 0..=9u32).prop_map(|(factor, per, rounding, digits)| {
            UnitConversion { factor: Quantity(factor), per: Quantity(per), rounding, digits }
        });
    let discount = prop_oneof![
        (1..=10_000i64).prop_map(|percent| Discount::Percent(Decimal::new(percent, 2))),
        (0..10_000i64).prop_map(|cents| Discount::Amount(Decimal::new(cents, 2))),
    ];
    let free_units = prop_oneof![Just(0i128), 0..100_000_000_000i128];
    let bounds = prop::option::of((0..10_000i64, 0..100_000i64));
    (prop::option::of(conversion), free_units, prop::collection::vec(discount, 0..3), bounds).prop_map(
        |(conversion, free_units, discounts, bounds)| ChargeRules {
            conversion,
            free_units: Quantity(free_units),
            discounts,
            minimum: bounds.map(|(least, _)| Decimal::new(least, 2)),
            maximum: bounds.map(|(least, more)| Decimal::new(least + more, 2)),
        },
    )
}

pub fn any_charge(allowance: Allowance) -> impl Strategy<Value = Charge> {
    (0..100_000_000_000i128, any_model(), any_rules()).prop_map(move |(included, model, rules)| Charge {
        meter: METER.into(),
        included: Quantity(included),
        allowance,
        model,
        rules,
    })
}
