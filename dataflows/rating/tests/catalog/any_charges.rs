//! Generators of charges of every model, with every rule.

use super::any_rows::{decimal, positive, quantity};
use highwater_rating::number::{Quantity, Rounding};
use highwater_rating::tables::{
    Allowance, ChargeModel, ChargeRules, Discount, PercentageTier, Price, Prices, StairstepTier, Tier, UnitConversion,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;

fn price() -> impl Strategy<Value = Price> {
    (decimal(), positive()).prop_map(|(price, per)| Price { price, per })
}

/// Tiers of any kind: ends that ascend, the last one open.
fn tiers<T: std::fmt::Debug + Clone>(
    tier: impl Strategy<Value = T> + Clone,
    with_end: fn(Option<Quantity>, T) -> T,
) -> impl Strategy<Value = Vec<T>> {
    (btree_map(1..1_000_000i64, tier.clone(), 0..4), tier).prop_map(move |(bounded, last)| {
        let bounded = bounded.into_iter().map(|(end, tier)| with_end(Some(Quantity::units(end)), tier));
        bounded.chain([with_end(None, last)]).collect()
    })
}

fn charge_model() -> impl Strategy<Value = ChargeModel> {
    let tier = || (price(), decimal()).prop_map(|(price, flat)| Tier { up_to: None, price, flat }).boxed();
    let priced = || tiers(tier(), |up_to, tier| Tier { up_to, ..tier });
    let step = decimal().prop_map(|flat| StairstepTier { up_to: None, flat }).boxed();
    let part = (0..100_000i64, decimal())
        .prop_map(|(percent, flat)| PercentageTier { up_to: None, percent: Decimal::new(percent, 2).normalize(), flat })
        .boxed();
    prop_oneof![
        decimal().prop_map(|price| ChargeModel::Flat { price }),
        price().prop_map(|price| ChargeModel::PerUnit { price }),
        priced().prop_map(|tiers| ChargeModel::Graduated { tiers }),
        priced().prop_map(|tiers| ChargeModel::Volume { tiers }),
        price().prop_map(|price| ChargeModel::Package { price }),
        tiers(step, |up_to, tier| StairstepTier { up_to, ..tier }).prop_map(|tiers| ChargeModel::Stairstep { tiers }),
        (0..100_000i64).prop_map(|percent| ChargeModel::Percentage { percent: Decimal::new(percent, 2).normalize() }),
        tiers(part, |up_to, tier| PercentageTier { up_to, ..tier })
            .prop_map(|tiers| ChargeModel::GraduatedPercentage { tiers }),
        Just(ChargeModel::Dynamic),
    ]
}

fn charge_rules() -> impl Strategy<Value = ChargeRules> {
    let rounding = select(vec![Rounding::HalfAwayFromZero, Rounding::Up, Rounding::Down]);
    let conversion = (positive(), positive(), rounding, 0..=9u32)
        .prop_map(|(factor, per, rounding, digits)| UnitConversion { factor, per, rounding, digits });
    let discount = prop_oneof![
        (1..=10_000i64).prop_map(|percent| Discount::Percent(Decimal::new(percent, 2).normalize())),
        decimal().prop_map(Discount::Amount),
    ];
    let bounds = (option::of(decimal()), option::of(decimal()));
    (option::of(conversion), quantity(), vec(discount, 0..3), bounds).prop_map(
        |(conversion, free_units, discounts, (minimum, more))| ChargeRules {
            conversion,
            free_units,
            discounts,
            minimum,
            maximum: more.map(|more| minimum.unwrap_or_default().max(more)),
        },
    )
}

pub fn prices() -> impl Strategy<Value = Prices> {
    (charge_model(), charge_rules()).prop_map(|(model, rules)| Prices { model, rules })
}

pub fn allowance() -> impl Strategy<Value = Allowance> {
    select(vec![Allowance::Whole, Allowance::Prorated])
}
