//! Laws that hold for any usage and any terms.

mod any_charge;
#[path = "../rows/mod.rs"]
mod rows;

use any_charge::{any_charge, any_price, any_tiers};
use highwater_rating::charge::{Curve, Progress};
use highwater_rating::number::{Exact, Quantity};
use highwater_rating::rate::SpanUsage;
use highwater_rating::tables::{Aggregation, Allowance, Charge, ChargeModel, ChargeRules, Price, Tier};
use highwater_rating::time::EventTime;
use proptest::prelude::*;
use rows::{METER, january, rate_january, usage};
use rust_decimal::Decimal;

/// Under a volume price one unit more may cost less; under every other one it does not.
fn is_monotone(charge: &Charge) -> bool {
    !matches!(charge.model, ChargeModel::Volume { .. })
}

fn plain(included: i128, model: ChargeModel) -> Charge {
    let rules = ChargeRules::default();
    Charge { meter: METER.into(), included: Quantity(included), allowance: Allowance::Whole, model, rules }
}

fn is_at_most(less: Exact, more: Exact) -> bool {
    !more.checked_sub(less).unwrap().is_negative()
}

fn so_far(curve: &Curve, quantity: i128) -> Progress {
    curve.progress(Quantity(quantity), Quantity::ZERO).unwrap()
}

fn amount_at(curve: &Curve, quantity: i128) -> Exact {
    curve.at(so_far(curve, quantity)).unwrap().total().unwrap()
}

/// Spans of January under one charge, cut at these minutes, with these quantities in the order of time.
fn spans(charge: &Charge, cuts: &[i64], quantities: &[i128]) -> Vec<SpanUsage> {
    let mut bounds: Vec<EventTime> =
        cuts.iter().map(|minute| EventTime(january().start.0 + minute * 60_000_000)).collect();
    bounds.extend([january().start, january().end]);
    bounds.sort_unstable();
    let span = |(bounds, quantity): (&[EventTime], &i128)| {
        let mut span = usage("2026-01-01", "2026-02-01", "USD", Some(charge.clone()), "0");
        (span.span.start, span.span.end, span.quantity) = (bounds[0], bounds[1], Quantity(*quantity));
        span
    };
    bounds.windows(2).zip(quantities).map(span).collect()
}

proptest! {
    #[test]
    fn a_quantity_is_read_back_as_it_was_written(billionths in -Quantity::LIMIT.0..=Quantity::LIMIT.0) {
        let written = Quantity(billionths).to_string();
        prop_assert_eq!(Quantity::parse(written.as_bytes()), Ok(Quantity(billionths)), "{}", written);
    }

    #[test]
    fn more_usage_never_costs_less(
        charge in any_charge(Allowance::Whole).prop_filter("monotone", is_monotone),
        used in -1_000_000_000..1_000_000_000_000i128,
        more in 0..1_000_000_000_000i128,
    ) {
        let curve = Curve::new(&charge).unwrap();
        let step = amount_at(&curve, used + more).checked_sub(amount_at(&curve, used)).unwrap();
        prop_assert!(!step.to_string().starts_with('-'), "{}", step);
        let period = |used| rate_january(Aggregation::Sum, &spans(&charge, &[], &[used])).unwrap().cost_minor_units;
        prop_assert!(period(used) <= period(used + more));
    }

    /// Up to the rounding of each line: what the lines were before it adds up to what one line is.
    #[test]
    fn cutting_a_period_changes_nothing_under_a_whole_allowance(
        charge in any_charge(Allowance::Whole),
        cuts in prop::collection::vec(0..44_640i64, 3),
        quantities in prop::collection::vec(-10_000_000_000..300_000_000_000i128, 4),
    ) {
        let whole = rate_january(Aggregation::Sum, &spans(&charge, &[], &[quantities.iter().sum()])).unwrap();
        let cut = rate_january(Aggregation::Sum, &spans(&charge, &cuts, &quantities)).unwrap();
        prop_assert_eq!(cut.lines.len(), 4);
        prop_assert_eq!((cut.overage, cut.limit, cut.quantity), (whole.overage, whole.limit, whole.quantity));
        let unrounded: i128 = cut.lines.iter().map(|line| line.amount_unrounded).sum();
        // Four lines, each at most half of 10^-18 away.
        prop_assert!((unrounded - whole.lines[0].amount_unrounded).abs() <= 2);
        prop_assert!((cut.cost_minor_units - whole.cost_minor_units).abs() <= 2);
    }

    #[test]
    fn tiers_and_steps_add_up_to_the_amount(
        charge in any_charge(Allowance::Whole),
        before in 0..300_000_000_000i128,
        after in 0..300_000_000_000i128,
    ) {
        let curve = Curve::new(&charge).unwrap();
        let step = curve.between(so_far(&curve, before), so_far(&curve, after)).unwrap();
        let difference = amount_at(&curve, after).checked_sub(amount_at(&curve, before)).unwrap();
        prop_assert_eq!(step.total().unwrap(), difference);
    }

    #[test]
    fn a_charge_costs_nothing_below_zero_and_stays_within_its_bounds(
        charge in any_charge(Allowance::Whole),
        used in -1_000_000_000..300_000_000_000i128,
    ) {
        let amount = amount_at(&Curve::new(&charge).unwrap(), used);
        prop_assert!(!amount.is_negative());
        prop_assert!(used > 0 || amount.is_zero());
        let bound = |bound: Decimal| Exact::ratio(bound.mantissa(), 10i128.pow(bound.scale())).unwrap();
        if let (Some(minimum), Some(maximum)) = (charge.rules.minimum, charge.rules.maximum) {
            prop_assert!(is_at_most(amount, bound(maximum)));
            prop_assert!(used <= 0 || is_at_most(bound(minimum), amount));
        }
    }

    #[test]
    fn graduated_equals_volume_inside_the_first_tier(
        tiers in any_tiers(),
        included in 0..1_000_000_000i128,
        used in 0..200_000_000_000i128,
    ) {
        let end = tiers[0].up_to.map_or(used, |end| end.0 + included);
        let used = used.min(end);
        let graduated = Curve::new(&plain(included, ChargeModel::Graduated { tiers: tiers.clone() })).unwrap();
        let volume = Curve::new(&plain(included, ChargeModel::Volume { tiers })).unwrap();
        prop_assert_eq!(graduated.at(so_far(&graduated, used)).unwrap(), volume.at(so_far(&volume, used)).unwrap());
    }

    /// A package costs no less than its units do one by one, and less than one package more.
    #[test]
    fn a_package_costs_at_least_what_its_units_do(
        price in any_price(),
        included in 0..100_000_000_000i128,
        used in 0..300_000_000_000i128,
    ) {
        let of = |model| amount_at(&Curve::new(&plain(included, model)).unwrap(), used);
        let (package, units) = (of(ChargeModel::Package { price: price.clone() }), of(ChargeModel::PerUnit { price: price.clone() }));
        prop_assert!(is_at_most(units, package));
        let one = Exact::ratio(price.price.mantissa(), 10i128.pow(price.price.scale())).unwrap();
        prop_assert!(is_at_most(package, units.checked_add(one).unwrap()));
    }

    #[test]
    fn free_units_and_discounts_never_make_dearer(
        charge in any_charge(Allowance::Whole),
        used in 0..300_000_000_000i128,
    ) {
        let rules = ChargeRules { free_units: Quantity::ZERO, discounts: Vec::new(), ..charge.rules.clone() };
        let dear = Charge { rules, ..charge.clone() };
        let of = |charge: &Charge| amount_at(&Curve::new(charge).unwrap(), used);
        prop_assert!(is_at_most(of(&charge), of(&dear)));
    }

    #[test]
    fn a_hundred_percent_is_a_dynamic_price(included in 0..100_000_000_000i128, used in 0..300_000_000_000i128) {
        let of = |model| amount_at(&Curve::new(&plain(included, model)).unwrap(), used);
        prop_assert_eq!(of(ChargeModel::Percentage { percent: Decimal::ONE_HUNDRED }), of(ChargeModel::Dynamic));
    }

    #[test]
    fn one_tier_is_the_same_as_per_unit(
        price in any_price(),
        included in 0..1_000_000_000_000i128,
        used in 0..2_000_000_000_000i128,
        allowance in prop::sample::select(vec![Allowance::Whole, Allowance::Prorated]),
    ) {
        let tier = Tier { up_to: None, price: price.clone(), flat: Decimal::ZERO };
        let rated = |model| {
            let rules = ChargeRules::default();
            let charge = Charge { meter: METER.into(), included: Quantity(included), allowance, model, rules };
            let rated = rate_january(Aggregation::Sum, &spans(&charge, &[1_000], &[used / 3, used])).unwrap();
            let of_line = |line: highwater_rating::rate::RatedLine| {
                (line.included, line.overage, line.tiers, line.amount_unrounded, line.amount_minor_units)
            };
            rated.lines.into_iter().map(of_line).collect::<Vec<_>>()
        };
        prop_assert_eq!(rated(ChargeModel::PerUnit { price }), rated(ChargeModel::Graduated { tiers: vec![tier] }));
    }

    #[test]
    fn a_level_that_stays_the_same_costs_the_same_however_the_period_is_cut(
        charge in any_charge(Allowance::Whole),
        cuts in prop::collection::vec(0..44_640i64, 3),
        level in 0..300_000_000_000i128,
    ) {
        let whole = rate_january(Aggregation::Max, &spans(&charge, &[], &[level])).unwrap();
        let cut = rate_january(Aggregation::Max, &spans(&charge, &cuts, &[level; 4])).unwrap();
        let unrounded: i128 = cut.lines.iter().map(|line| line.amount_unrounded).sum();
        prop_assert!((unrounded - whole.lines[0].amount_unrounded).abs() <= 2);
    }

    /// Each share is rounded to nine digits once, so that four of them are at most two billionths away.
    #[test]
    fn the_shares_of_a_prorated_allowance_add_up_to_it(
        charge in any_charge(Allowance::Prorated),
        cuts in prop::collection::vec(0..44_640i64, 3),
    ) {
        let cut = rate_january(Aggregation::Sum, &spans(&charge, &cuts, &[0; 4])).unwrap();
        prop_assert!((cut.limit.unwrap().0 - charge.included.0).abs() <= 2);
    }

    #[test]
    fn tiers_hold_the_whole_overage(
        charge in any_charge(Allowance::Whole),
        before in 0..300_000_000_000i128,
        after in 0..300_000_000_000i128,
    ) {
        let curve = Curve::new(&charge).unwrap();
        let step = curve.between(so_far(&curve, before), so_far(&curve, after)).unwrap();
        let overage = curve.overage(Quantity(after)).unwrap().0 - curve.overage(Quantity(before)).unwrap().0;
        prop_assert_eq!(step.tiers.iter().map(|share| share.quantity.0).sum::<i128>(), overage);
    }

    /// Nothing at the edge of the range wraps or panics: there is an amount, or a name for why not.
    #[test]
    fn the_edge_of_the_range_is_answered(
        charge in any_charge(Allowance::Whole),
        quantity in prop_oneof![Just(i128::MAX), Just(i128::MIN), Just(Quantity::LIMIT.0), any::<i128>()],
        aggregation in prop::sample::select(vec![Aggregation::Sum, Aggregation::Max]),
        included in prop_oneof![Just(i128::MAX), Just(i128::MIN), Just(0)],
        mantissa in any::<i64>(),
    ) {
        let model = match charge.model {
            ChargeModel::PerUnit { price } => {
                ChargeModel::PerUnit { price: Price { price: Decimal::new(mantissa, 0), ..price } }
            }
            graduated => graduated,
        };
        let charge = Charge { included: Quantity(included), model, ..charge };
        let _ = rate_january(aggregation, &spans(&charge, &[10], &[quantity, quantity]));
    }
}
