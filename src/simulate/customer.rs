//! One customer's bill under both terms, and who pays more.

use super::bill::{Bill, ItemKey};
use highwater_rating::finals::LineKind;
use highwater_rating::time::EventTime;
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A customer in one currency. Amounts are minor units, as text in JSON; absent where that side charges nothing at all
/// in the currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Customer {
    #[serde(rename = "organizationId")]
    pub organization_id: Arc<str>,
    /// ISO 4217; empty where neither side has an amount.
    pub currency: Arc<str>,
    #[serde(rename = "today_minor_units", serialize_with = "integer_text")]
    pub today: Option<i128>,
    #[serde(rename = "tomorrow_minor_units", serialize_with = "integer_text")]
    pub tomorrow: Option<i128>,
    /// Tomorrow less today; absent where they cannot be compared.
    #[serde(rename = "difference_minor_units", serialize_with = "integer_text")]
    pub difference: Option<i128>,
    pub pays: Pays,
    pub items: Vec<Item>,
    pub failures: Vec<SidedFailure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pays {
    More,
    Less,
    Same,
    /// In another currency: the two amounts cannot be subtracted.
    OtherCurrency,
    /// Tomorrow no terms charge what was used.
    NoTermsTomorrow,
    /// Today no terms charge what was used.
    NoTermsToday,
    /// A period has no amount on one side: see `failures`.
    NoAmount,
}

impl Pays {
    pub fn name(self) -> &'static str {
        match self {
            Pays::More => "more",
            Pays::Less => "less",
            Pays::Same => "same",
            Pays::OtherCurrency => "other currency",
            Pays::NoTermsTomorrow => "no terms tomorrow",
            Pays::NoTermsToday => "no terms today",
            Pays::NoAmount => "no amount",
        }
    }
}

/// What a customer is charged for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    pub kind: LineKind,
    /// Of the meter, plan or add-on.
    pub name: Arc<str>,
    #[serde(rename = "today_minor_units", serialize_with = "integer_text")]
    pub today: Option<i128>,
    #[serde(rename = "tomorrow_minor_units", serialize_with = "integer_text")]
    pub tomorrow: Option<i128>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Today,
    Tomorrow,
}

/// A period without an amount.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Failure {
    /// Of the meter.
    pub name: Arc<str>,
    pub period_start: EventTime,
    /// A word: see `error` in `highwater.period_usage`.
    pub error: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SidedFailure {
    pub side: Side,
    #[serde(flatten)]
    pub failure: Failure,
}

type Bills = BTreeMap<Arc<str>, Bill>;

/// In the order of name and currency.
pub fn compare(today: &Bills, tomorrow: &Bills) -> Vec<Customer> {
    let nothing = Bill::default();
    let names: BTreeSet<&Arc<str>> = today.keys().chain(tomorrow.keys()).collect();
    let of_name = |name: &Arc<str>| {
        let (today, tomorrow) = (today.get(name).unwrap_or(&nothing), tomorrow.get(name).unwrap_or(&nothing));
        let mut currencies: BTreeSet<Arc<str>> =
            today.currencies.keys().chain(tomorrow.currencies.keys()).cloned().collect();
        if currencies.is_empty() {
            currencies.insert("".into());
        }
        currencies.into_iter().map(|currency| customer(name, currency, today, tomorrow)).collect::<Vec<_>>()
    };
    names.into_iter().flat_map(of_name).collect()
}

fn customer(name: &Arc<str>, currency: Arc<str>, today: &Bill, tomorrow: &Bill) -> Customer {
    let (before, after) = (today.total(&currency), tomorrow.total(&currency));
    let sides = [(today, Side::Today), (tomorrow, Side::Tomorrow)];
    let failures: Vec<SidedFailure> = sides
        .into_iter()
        .flat_map(|(bill, side)| bill.failures.iter().cloned().map(move |failure| SidedFailure { side, failure }))
        .collect();
    let difference = before.zip(after).and_then(|(before, after)| after.checked_sub(before));
    let pays = match (before, after, difference) {
        _ if !failures.is_empty() => Pays::NoAmount,
        (_, _, Some(difference)) => match difference.cmp(&0) {
            std::cmp::Ordering::Greater => Pays::More,
            std::cmp::Ordering::Less => Pays::Less,
            std::cmp::Ordering::Equal => Pays::Same,
        },
        (Some(_), None, _) if tomorrow.currencies.is_empty() => Pays::NoTermsTomorrow,
        (None, Some(_), _) if today.currencies.is_empty() => Pays::NoTermsToday,
        (Some(_), Some(_), None) => Pays::NoAmount,
        _ => Pays::OtherCurrency,
    };
    Customer {
        organization_id: name.clone(),
        items: items(&currency, today, tomorrow),
        currency,
        today: before,
        tomorrow: after,
        difference: difference.filter(|_| pays != Pays::NoAmount),
        pays,
        failures,
    }
}

fn items(currency: &str, today: &Bill, tomorrow: &Bill) -> Vec<Item> {
    let of = |bill: &Bill| bill.currencies.get(currency).cloned().unwrap_or_default();
    let (today, tomorrow) = (of(today), of(tomorrow));
    let keys: BTreeSet<&ItemKey> = today.keys().chain(tomorrow.keys()).collect();
    let item = |key: &ItemKey| Item {
        kind: key.0,
        name: key.1.clone(),
        today: today.get(key).copied(),
        tomorrow: tomorrow.get(key).copied(),
    };
    keys.into_iter().map(item).collect()
}

fn integer_text<S: Serializer>(value: &Option<i128>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bill(amounts: &[(&str, i128)], failures: usize) -> Bill {
        let mut bill = Bill::default();
        for (currency, amount) in amounts {
            let item = (LineKind::Usage, Arc::from("calls"));
            bill.currencies.entry((*currency).into()).or_default().insert(item, *amount);
        }
        let failure = Failure { name: "calls".into(), period_start: EventTime(0), error: "amount_overflow".into() };
        bill.failures = vec![failure; failures];
        bill
    }

    #[test]
    fn who_pays_more_is_said_and_what_cannot_be_compared_has_a_name() {
        type Amounts = &'static [(&'static str, i128)];
        let cases: [(Amounts, usize, Amounts, usize, &[(&str, Option<i128>, Pays)]); 9] = [
            (&[("EUR", 5)], 0, &[("EUR", 7)], 0, &[("EUR", Some(2), Pays::More)]),
            (&[("EUR", 5)], 0, &[("EUR", 4)], 0, &[("EUR", Some(-1), Pays::Less)]),
            (&[("EUR", 0)], 0, &[("EUR", 0)], 0, &[("EUR", Some(0), Pays::Same)]),
            (&[("EUR", 0)], 0, &[], 0, &[("EUR", None, Pays::NoTermsTomorrow)]),
            (&[], 0, &[("EUR", 1)], 0, &[("EUR", None, Pays::NoTermsToday)]),
            (
                &[("EUR", 5)],
                0,
                &[("USD", 5)],
                0,
                &[("EUR", None, Pays::OtherCurrency), ("USD", None, Pays::OtherCurrency)],
            ),
            (&[("EUR", 5)], 0, &[("EUR", 5)], 1, &[("EUR", None, Pays::NoAmount)]),
            (&[], 1, &[], 0, &[("", None, Pays::NoAmount)]),
            (&[("EUR", i128::MIN)], 0, &[("EUR", 1)], 0, &[("EUR", None, Pays::NoAmount)]),
        ];
        for (number, (today, today_failures, tomorrow, tomorrow_failures, expected)) in cases.into_iter().enumerate() {
            let bills = |amounts, failures| Bills::from([("acme".into(), bill(amounts, failures))]);
            let customers = compare(&bills(today, today_failures), &bills(tomorrow, tomorrow_failures));
            let found: Vec<_> = customers.iter().map(|it| (&*it.currency, it.difference, it.pays)).collect();
            assert_eq!(found, expected, "case {number}");
        }
    }
}
