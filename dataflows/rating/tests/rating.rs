//! A period and its lines: carry, shares, levels, rounding, and what has no amount.

mod rows;

use highwater_rating::number::{Currency, Quantity};
use highwater_rating::rate::{RateError, RatedPeriod, SpanUsage};
use highwater_rating::tables::{Aggregation, Allowance, Charge};
use highwater_rating::terms::Terms;
use rows::{charge, graduated, per_unit, quantity, rate_january, usage};

/// `limit overage cost | each line's included, overage, amount`.
fn shown(rated: &RatedPeriod) -> String {
    let currency = Currency::from_code(&rated.currency).unwrap();
    let line = |line: &highwater_rating::rate::RatedLine| {
        format!("{} {} {}", line.included, line.overage, currency.format(line.amount_minor_units))
    };
    let limit = rated.limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string());
    let lines: Vec<String> = rated.lines.iter().map(line).collect();
    format!("{limit} {} {} | {}", rated.overage, currency.format(rated.cost_minor_units), lines.join(", "))
}

fn whole(included: &str, each: &str, per: &str) -> Option<Charge> {
    Some(charge(included, Allowance::Whole, per_unit(each, per)))
}

fn prorated(included: &str, each: &str, per: &str) -> Option<Charge> {
    Some(charge(included, Allowance::Prorated, per_unit(each, per)))
}

fn tiers(included: &str, allowance: Allowance, tiers: &str) -> Option<Charge> {
    Some(charge(included, allowance, graduated(tiers)))
}

/// January cut into as many spans as there are charges, at these days.
fn spans(currency: &str, cuts: &[&str], charges: &[(Option<Charge>, &str)]) -> Vec<SpanUsage> {
    let starts = std::iter::once("2026-01-01").chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain(["2026-02-01"]);
    let spans = starts.zip(ends).zip(charges);
    spans.map(|((start, end), (charge, used))| usage(start, end, currency, charge.clone(), used)).collect()
}

#[test]
fn a_period_costs_what_the_product_document_says() {
    #[rustfmt::skip]
    let cases = [
        (Aggregation::Max, whole("10", "15", "1"),             "15",      "10 5 75.00 | 10 5 75.00"),
        (Aggregation::Sum, whole("1000000", "5", "1000000"),   "1200000", "1000000 200000 1.00 | 1000000 200000 1.00"),
        (Aggregation::Count, whole("100", "0.10", "1"),        "150",     "100 50 5.00 | 100 50 5.00"),
    ];
    for (aggregation, charge, used, expected) in cases {
        let rated = rate_january(aggregation, &spans("USD", &[], &[(charge, used)])).unwrap();
        assert_eq!(shown(&rated), expected, "{used}");
        assert_eq!((rated.quantity, rated.events), (quantity(used), 1));
    }
}

#[test]
fn a_whole_allowance_carries_through_the_segments_of_a_period() {
    const TWO: &str = "10:1+5 *:0.5";
    #[rustfmt::skip]
    let cases = [
        // The first segment uses the allowance up, the second pays for everything.
        (vec![(whole("100", "1", "1"), "100"), (whole("100", "1", "1"), "20")], "100 20 20.00 | 100 0 0.00, 100 20 20.00"),
        // A larger allowance later on frees what it can, and no more.
        (vec![(whole("100", "1", "1"), "120"), (whole("200", "1", "1"), "50")], "200 20 20.00 | 100 20 20.00, 200 0 0.00"),
        (vec![(whole("100", "1", "1"), "120"), (whole("200", "2", "1"), "90")], "200 30 40.00 | 100 20 20.00, 200 10 20.00"),
        // A smaller one does not reach back.
        (vec![(whole("200", "1", "1"), "150"), (whole("100", "1", "1"), "10")], "100 10 10.00 | 200 0 0.00, 100 10 10.00"),
        // Tiers carry, and an entered tier's flat amount is not charged again.
        (vec![(tiers("0", Allowance::Whole, TWO), "8"), (tiers("0", Allowance::Whole, TWO), "4")], "0 12 16.00 | 0 8 13.00, 0 4 3.00"),
        // What a span without a charge has used is carried too.
        (vec![(None, "90"), (whole("100", "1", "1"), "20")], "100 10 10.00 | 100 10 10.00"),
        (vec![(whole("100", "1", "1"), "110"), (None, "20")], "100 10 10.00 | 100 10 10.00"),
        // Usage taken back is paid back at the price of the span that takes it.
        (vec![(whole("100", "1", "1"), "110"), (whole("100", "1", "1"), "-4")], "100 6 6.00 | 100 10 10.00, 100 -4 -4.00"),
        (vec![(whole("100", "1", "1"), "-50"), (whole("100", "1", "1"), "160")], "100 10 10.00 | 100 0 0.00, 100 10 10.00"),
        (vec![(whole("0", "1", "1"), "-50"), (whole("0", "1", "1"), "20")], "0 0 0.00 | 0 0 0.00, 0 0 0.00"),
    ];
    for (charges, expected) in cases {
        let rated = rate_january(Aggregation::Sum, &spans("USD", &["2026-01-11"], &charges)).unwrap();
        assert_eq!(shown(&rated), expected, "{charges:?}");
    }
}

#[test]
fn a_prorated_allowance_starts_anew_with_its_share() {
    const TWO: &str = "10:1+5 *:0.5";
    #[rustfmt::skip]
    let cases = [
        // 10 and 21 of 31 days; the shares to nine digits.
        (vec![(prorated("31", "1", "1"), "15"), (prorated("31", "1", "1"), "15")], "31 5 5.00 | 10 5 5.00, 21 0 0.00"),
        (vec![(prorated("100", "1", "1"), "33"), (prorated("100", "1", "1"), "0")], "100 0.741935484 0.74 | 32.258064516 0.741935484 0.74, 67.741935484 0 0.00"),
        // Both pay the first tier and its flat amount.
        (vec![(tiers("0", Allowance::Prorated, TWO), "8"), (tiers("0", Allowance::Prorated, TWO), "4")], "0 12 22.00 | 0 8 13.00, 0 4 9.00"),
        // A prorated span is alone, but what it used is still carried to a whole one.
        (vec![(prorated("31", "1", "1"), "15"), (whole("20", "1", "1"), "15")], "20 15 15.00 | 10 5 5.00, 20 10 10.00"),
        (vec![(whole("20", "1", "1"), "25"), (prorated("31", "1", "1"), "25")], "21 9 9.00 | 20 5 5.00, 21 4 4.00"),
        // Below zero costs nothing.
        (vec![(prorated("31", "1", "1"), "-5"), (prorated("31", "1", "1"), "22")], "31 1 1.00 | 10 0 0.00, 21 1 1.00"),
    ];
    for (charges, expected) in cases {
        let rated = rate_january(Aggregation::Sum, &spans("USD", &["2026-01-11"], &charges)).unwrap();
        assert_eq!(shown(&rated), expected, "{charges:?}");
    }
}

#[test]
fn levels_pay_for_their_share_of_the_period() {
    #[rustfmt::skip]
    let cases = [
        // 15 users for 10 of 31 days, 20 for 21 of them; the allowance is whole in both, whatever the plan says of it.
        (vec![(whole("10", "31", "1"), "15"), (whole("10", "31", "1"), "20")],       "10 10 260.00 | 10 5 50.00, 10 10 210.00"),
        (vec![(prorated("10", "31", "1"), "15"), (prorated("10", "31", "1"), "20")], "10 10 260.00 | 10 5 50.00, 10 10 210.00"),
        (vec![(whole("10", "15", "1"), "15"), (whole("20", "15", "1"), "15")],       "20 0 24.19 | 10 5 24.19, 20 0 0.00"),
        (vec![(tiers("0", Allowance::Whole, "1:31 *:62+31"), "2"), (None, "9")],     "0 2 40.00 | 0 2 40.00"),
    ];
    for (charges, expected) in cases {
        for aggregation in
            [Aggregation::Max, Aggregation::Min, Aggregation::Latest, Aggregation::Unique, Aggregation::Average]
        {
            let rated = rate_january(aggregation, &spans("USD", &["2026-01-11"], &charges)).unwrap();
            assert_eq!(shown(&rated), expected, "{aggregation:?} {charges:?}");
        }
    }
}

#[test]
fn a_line_is_rounded_once_and_keeps_what_it_was() {
    let thirds = tiers("0", Allowance::Whole, "1:1/3 *:2/3");
    let rated = rate_january(Aggregation::Sum, &spans("USD", &[], &[(thirds, "1.5")])).unwrap();
    let line = &rated.lines[0];
    assert_eq!((line.amount_unrounded, line.amount_minor_units), (666_666_666_666_666_667, 67));
    let of_tiers: Vec<_> =
        line.tiers.iter().map(|share| (share.tier, share.quantity, share.amount_unrounded)).collect();
    let third = 333_333_333_333_333_333;
    assert_eq!(of_tiers, [(0, quantity("1"), third), (1, quantity("0.5"), third)]);
    // Two lines of half a cent are two cents: totals are sums of rounded lines.
    let half = || whole("0", "0.005", "1");
    let rated =
        rate_january(Aggregation::Sum, &spans("USD", &["2026-01-11"], &[(half(), "1"), (half(), "1")])).unwrap();
    assert_eq!(rated.cost_minor_units, 2);
    // Currencies without a minor unit and with three digits of it.
    for (currency, each, expected) in [("JPY", "0.5", 8), ("JPY", "0.49", 7), ("KWD", "0.0005", 8)] {
        let rated = rate_january(Aggregation::Sum, &spans(currency, &[], &[(whole("0", each, "1"), "15")])).unwrap();
        assert_eq!(rated.cost_minor_units, expected, "{currency} {each}");
    }
}

#[test]
fn lines_are_for_spans_with_usage_and_a_charge() {
    let priced = || whole("10", "1", "1");
    let mut all = spans("USD", &["2026-01-11", "2026-01-21"], &[(priced(), "0"), (priced(), "0"), (None, "5")]);
    all[0].events = 0;
    let rated = rate_january(Aggregation::Sum, &all).unwrap();
    // The second has an event of quantity zero.
    assert_eq!(shown(&rated), "10 0 0.00 | 10 0 0.00");
    assert_eq!(rated.lines[0].starts_at(), all[1].span.start);
    assert!(rated.lines[0].tiers.is_empty());
    assert_eq!((rated.events, rated.quantity), (2, quantity("5")));
    let unpriced = rate_january(Aggregation::Sum, &spans("USD", &[], &[(None, "5")])).unwrap();
    assert_eq!((unpriced.limit, unpriced.cost_minor_units, &*unpriced.plan), (None, 0, "pro"));
}

#[test]
fn the_last_span_with_usage_names_the_period_and_what_charges_nothing_has_no_say() {
    let priced = || whole("10", "1", "1");
    // Plan, currency, events and whether it is charged, span by span.
    #[rustfmt::skip]
    let cases: &[(&[(&str, &str, u64, bool)], Result<(&str, &str), RateError>)] = &[
        (&[("early", "EUR", 1, true),  ("late", "EUR", 1, true)],  Ok(("late", "EUR"))),
        (&[("early", "EUR", 1, true),  ("late", "EUR", 0, true)],  Ok(("early", "EUR"))),
        (&[("early", "EUR", 0, true),  ("late", "EUR", 1, true)],  Ok(("late", "EUR"))),
        (&[("early", "EUR", 0, true),  ("late", "JPY", 0, true)],  Ok(("late", "JPY"))),
        (&[("early", "EUR", 1, true),  ("late", "JPY", 0, true)],  Ok(("early", "EUR"))),
        (&[("early", "EUR", 1, true),  ("late", "JPY", 1, false)], Ok(("late", "EUR"))),
        (&[("early", "EUR", 1, false), ("late", "JPY", 1, false)], Ok(("late", "JPY"))),
        (&[("early", "EUR", 1, true),  ("late", "JPY", 1, true)],  Err(RateError::MixedCurrencies)),
    ];
    for (of_spans, expected) in cases {
        let used: Vec<_> = of_spans.iter().map(|(.., charged)| (charged.then(priced).flatten(), "3")).collect();
        let mut all = spans("EUR", &["2026-01-11"], &used);
        for (usage, (plan, currency, events, _)) in all.iter_mut().zip(*of_spans) {
            let terms = Terms { plan: (*plan).into(), currency: (*currency).into(), ..(*usage.span.terms).clone() };
            (usage.span.terms, usage.events) = (terms.into(), *events);
        }
        let rated = rate_january(Aggregation::Sum, &all);
        let named = rated.as_ref().map(|rated| (&*rated.plan, &*rated.currency)).map_err(|error| *error);
        assert_eq!(named, *expected, "{of_spans:?}");
    }
}

#[test]
fn what_has_no_amount_is_named() {
    let (limit, most) = (Quantity::LIMIT.to_string(), "79228162514264337593543950.335");
    let sum = |spans: &[SpanUsage]| rate_january(Aggregation::Sum, spans).map(|rated| shown(&rated));
    let at_bound = |charge| {
        let mut spans = spans("USD", &["2026-01-11"], &[(charge, "1"), (whole("0", "1", "1"), "1")]);
        spans[0].quantity = Quantity(i128::MAX);
        spans
    };
    let mut mixed = spans("USD", &["2026-01-11"], &[(whole("0", "1", "1"), "1"), (None, "1")]);
    mixed.extend(spans("EUR", &[], &[(whole("0", "1", "1"), "1")]));
    #[rustfmt::skip]
    let cases = [
        (at_bound(None),                                                   RateError::QuantityOverflow),
        (spans("USD", &[], &[(whole("0", most, "0.000000001"), &*limit)]), RateError::AmountOverflow),
        // 1.7 × 10^20 is the most that eighteen digits leave room for.
        (spans("USD", &[], &[(whole("0", "1000", "1"), &*limit)]),         RateError::AmountOverflow),
        (mixed,                                                            RateError::MixedCurrencies),
        (spans("usd", &[], &[(whole("0", "1", "1"), "1")]),                RateError::UnknownCurrency),
        (spans("XAU", &[], &[(whole("0", "1", "1"), "1")]),                RateError::UnknownCurrency),
        (spans("USD", &[], &[(whole("0", "1", "0"), "1")]),                RateError::InvalidCharge),
        (spans("USD", &[], &[(tiers("0", Allowance::Whole, "10:1"), "1")]), RateError::InvalidCharge),
    ];
    for (spans, expected) in cases {
        assert_eq!(sum(&spans), Err(expected), "{spans:?}");
    }
    let largest = spans("USD", &[], &[(whole("0", "100", "1"), &*limit)]);
    assert_eq!(
        sum(&largest),
        Ok("0 1000000000000000000 100000000000000000000.00 | 0 1000000000000000000 100000000000000000000.00".into())
    );
    // A currency that nothing is charged in is no mistake.
    let free = spans("EUR", &["2026-01-11"], &[(None, "1"), (None, "1")]);
    assert!(rate_january(Aggregation::Sum, &free).is_ok());
}

#[test]
fn a_line_keeps_its_id_whatever_is_charged() {
    let rated = |charge, used| {
        rate_january(Aggregation::Sum, &spans("USD", &["2026-01-11"], &[(charge, used), (None, "1")])).unwrap()
    };
    let id = |rated: &RatedPeriod, organization: &str, meter: &str| rated.lines[0].id(organization, meter);
    let one = rated(whole("0", "1", "1"), "1");
    assert_eq!(id(&one, "acme", "api_calls"), id(&rated(whole("5", "2", "1"), "70"), "acme", "api_calls"));
    assert_ne!(id(&one, "acme", "api_calls"), id(&one, "acmea", "pi_calls"));
    let second =
        rate_january(Aggregation::Sum, &spans("USD", &["2026-01-11"], &[(None, "1"), (whole("0", "1", "1"), "1")]))
            .unwrap();
    assert_ne!(id(&one, "acme", "api_calls"), id(&second, "acme", "api_calls"));
    // Stored in the analysts' tables: it may never change.
    assert_eq!(id(&one, "acme", "api_calls"), "30ad7ef2a97a6fbae64f0028f316bf84");
}
