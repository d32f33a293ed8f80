//! The ledger against the oracle, to the last digit, over any grants, policies and usage; and the laws of credits.

mod credit_cases;

use credit_cases::{Case, any_case, as_fraction, entries_text, oracle_of, rows};
use highwater_rating::credits::{Ledger, Statement, balances};
use highwater_rating::number::Quantity;
use highwater_rating::time::EventTime;
use oracle::credits::{self, CreditsExpected};
use oracle::exact::Fraction;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

fn settings(cases: u32) -> ProptestConfig {
    let persistence = FileFailurePersistence::WithSource("seeds");
    ProptestConfig { cases, failure_persistence: Some(Box::new(persistence)), ..ProptestConfig::default() }
}

/// What the ledger says of a case: the statement, and what each usage was covered with.
fn ledger(case: &Case) -> (Statement, Vec<Vec<(String, Quantity)>>) {
    let (grants, policies) = rows(case);
    let mut ledger = Ledger::new(&grants, &policies, Quantity(case.grain), EventTime(case.recurring_until));
    let mut covered = Vec::new();
    for (at, need) in &case.usage {
        let covers = ledger.burn(EventTime(*at), Quantity(*need)).expect("small numbers, in order");
        covered.push(covers.into_iter().map(|cover| (cover.grant.to_string(), cover.quantity)).collect());
    }
    (ledger.close().expect("small numbers"), covered)
}

fn uncovered(case: &Case) -> i128 {
    let (_, covered) = ledger(case);
    let needed: i128 = case.usage.iter().map(|(_, need)| (*need).max(0)).sum();
    needed - covered.iter().flatten().map(|(_, quantity)| quantity.0).sum::<i128>()
}

fn in_fractions(covered: &[Vec<(String, Quantity)>]) -> Vec<Vec<(String, Fraction)>> {
    let of_one = |covers: &Vec<(String, Quantity)>| {
        covers.iter().map(|(grant, quantity)| (grant.clone(), as_fraction(*quantity))).collect()
    };
    covered.iter().map(of_one).collect()
}

fn requests_of_ledger(statement: &Statement) -> Vec<String> {
    let text = |row: &highwater_rating::credits::RechargeRequest| {
        let (balance, pending) = (as_fraction(row.balance), as_fraction(row.pending));
        format!(
            "{} at {} for {} with {balance} and {pending} by {:?}",
            row.id,
            row.at.0,
            as_fraction(row.amount),
            row.answered_by
        )
    };
    statement.requests.iter().map(text).collect()
}

fn requests_of_oracle(expected: &CreditsExpected) -> Vec<String> {
    let text = |row: &credits::CreditRequest| {
        format!(
            "{} at {} for {} with {} and {} by {:?}",
            row.id, row.at, row.amount, row.balance, row.pending, row.answered_by
        )
    };
    expected.requests.iter().map(text).collect()
}

proptest! {
    #![proptest_config(settings(2_000))]

    #[test]
    fn every_entry_cover_balance_and_request_is_the_oracles(case in any_case()) {
        let (statement, covered) = ledger(&case);
        let expected = credits::expect(&oracle_of(&case));
        prop_assert_eq!(in_fractions(&covered), expected.covered.clone());
        prop_assert_eq!(entries_text(&statement.entries), credit_cases::expected_text(&expected));
        prop_assert_eq!(requests_of_ledger(&statement), requests_of_oracle(&expected));
        for (at, _) in &case.usage {
            let left = balances(&statement.entries, EventTime(*at));
            let left: Vec<_> = left.into_iter().map(|(grant, left)| (grant.to_string(), as_fraction(left))).collect();
            prop_assert_eq!(left, credits::balances(&expected, *at).into_iter().collect::<Vec<_>>());
        }
    }
}

proptest! {
    #![proptest_config(settings(500))]

    #[test]
    fn what_is_opened_and_granted_is_burned_expired_refunded_or_left(case in any_case()) {
        let (statement, covered) = ledger(&case);
        let mut left = std::collections::BTreeMap::new();
        for entry in &statement.entries {
            let opening = left.insert(entry.grant.clone(), entry.closing).unwrap_or_default();
            prop_assert_eq!(entry.opening, opening, "{:?}", entry);
            let taken = entry.burned.0 + entry.expired.0 + entry.refunded.0;
            prop_assert_eq!(entry.opening.0 + entry.granted.0 - taken, entry.closing.0, "{:?}", entry);
            prop_assert!(entry.closing >= Quantity::ZERO && entry.rolled_over <= entry.opening, "{:?}", entry);
        }
        let burned: i128 = statement.entries.iter().map(|entry| entry.burned.0).sum();
        prop_assert_eq!(burned, covered.iter().flatten().map(|(_, quantity)| quantity.0).sum::<i128>());
        let never_too_much = covered.iter().zip(&case.usage).all(|(covers, (_, need))| {
            covers.iter().map(|(_, quantity)| quantity.0).sum::<i128>() <= (*need).max(0)
        });
        prop_assert!(never_too_much);
    }

    /// Every credit that is there more is burnt instead of another, which is then there more, or is lost by itself.
    #[test]
    fn more_grants_never_raise_what_is_uncovered(case in any_case(), another in credit_cases::another_grant()) {
        let fewer = Case { policies: Vec::new(), grain: 1, ..case };
        let mut more = fewer.clone();
        more.grants.push(another);
        prop_assert!(uncovered(&more) <= uncovered(&fewer), "{} {}", uncovered(&more), uncovered(&fewer));
    }

    #[test]
    fn the_order_in_which_rows_come_changes_nothing(case in any_case(), turn in 0..7usize) {
        let mut turned = case.clone();
        turned.grants.reverse();
        turned.policies.reverse();
        let grants = turned.grants.len();
        if grants > 0 {
            turned.grants.rotate_left(turn % grants);
        }
        prop_assert_eq!(ledger(&case), ledger(&turned));
    }

    /// Usage that is known late is put where it belongs: by whoever asks, in the order of time. What the ledger must
    /// do is to depend on nothing else: usage that is cut in two at its instant is the same usage.
    #[test]
    fn usage_in_parts_burns_what_the_whole_burns(case in any_case(), part in 0..100i128) {
        let mut parts = case.clone();
        parts.usage = case.usage.iter().flat_map(|(at, need)| {
            let first = need * part / 100 / case.grain * case.grain;
            [(*at, first), (*at, need - first)]
        }).collect();
        prop_assert_eq!(ledger(&case).0, ledger(&parts).0);
    }

    /// Nothing at the edge of the range wraps or panics.
    #[test]
    fn the_edge_of_the_range_is_answered(case in any_case(), needs in prop::collection::vec(any::<i128>(), 1..4)) {
        let (mut grants, policies) = rows(&case);
        grants.iter_mut().for_each(|grant| grant.amount = Quantity(i128::MAX));
        let mut ledger = Ledger::new(&grants, &policies, Quantity(case.grain), EventTime(case.recurring_until));
        for (number, need) in needs.iter().enumerate() {
            let _ = ledger.burn(EventTime(case.recurring_until / 2 + number as i64), Quantity(*need));
        }
        let _ = ledger.close();
    }
}
