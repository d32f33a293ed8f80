//! What credits are counted in.

use crate::number::{Currency, Quantity};
use crate::tables::{CreditPolicy, Grant};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the grants of one ledger are counted in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditUnit {
    /// Units of a meter.
    Meter(Arc<str>),
    /// Money, in the currency's major unit.
    Currency(Arc<str>),
}

impl CreditUnit {
    pub fn of_grant(row: &Grant) -> Option<CreditUnit> {
        CreditUnit::of(&row.meter, &row.currency)
    }

    pub fn of_policy(row: &CreditPolicy) -> Option<CreditUnit> {
        CreditUnit::of(&row.meter, &row.currency)
    }

    fn of(meter: &Option<Arc<str>>, currency: &Option<Arc<str>>) -> Option<CreditUnit> {
        let money = || currency.clone().map(CreditUnit::Currency);
        meter.clone().map(CreditUnit::Meter).or_else(money)
    }

    pub fn meter(&self) -> Option<&Arc<str>> {
        match self {
            CreditUnit::Meter(meter) => Some(meter),
            CreditUnit::Currency(_) => None,
        }
    }

    pub fn currency(&self) -> Option<&Arc<str>> {
        match self {
            CreditUnit::Meter(_) => None,
            CreditUnit::Currency(currency) => Some(currency),
        }
    }

    /// What usage is covered in whole multiples of.
    pub fn grain(&self) -> Quantity {
        let currency = self.currency().and_then(|code| Currency::from_code(code).ok());
        currency.map_or(Quantity::SMALLEST, Currency::minor_unit)
    }
}

/// An amount of minor units as credits count it. No balance is larger than the largest of them, so that it does for
/// every amount beyond.
pub(super) fn money(minor_units: i128, currency: Currency) -> Quantity {
    let minor_unit = currency.minor_unit().0;
    Quantity(minor_units.min(i128::MAX / minor_unit) * minor_unit)
}
