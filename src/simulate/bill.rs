//! What one side charges: the rounded lines of the periods that are looked at, added up.

use super::Months;
use super::customer::Failure;
use crate::replay::Rated;
use highwater_dataflows::changes::PeriodValue;
use highwater_rating::finals::LineKind;
use highwater_rating::rate::RateError;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Of one organization.
#[derive(Debug, Default)]
pub struct Bill {
    /// Minor units by currency, and by what they are charged for.
    pub currencies: BTreeMap<Arc<str>, BTreeMap<ItemKey, i128>>,
    /// Periods without an amount.
    pub failures: Vec<Failure>,
}

pub type ItemKey = (LineKind, Arc<str>);

pub fn bills(rated: &Rated, months: Option<Months>) -> BTreeMap<Arc<str>, Bill> {
    let mut bills: BTreeMap<Arc<str>, Bill> = BTreeMap::new();
    for (key, value) in &rated.tables.periods {
        let bill = bills.entry(rated.names.organization(key.organization).unwrap_or_default()).or_default();
        let name: Arc<str> = rated.meters.meter(key.meter).name.as_ref().into();
        match value {
            // Its end is unknown: it is told whatever is looked at.
            PeriodValue::Error(error) => {
                bill.failures.push(Failure { name, period_start: key.period_start, error: error.to_string() });
            }
            PeriodValue::Rated(period) if months.is_none_or(|months| months.holds(period.period)) => {
                for line in &period.lines {
                    let item = (LineKind::Usage, name.clone());
                    if !bill.add(&line.span.terms.currency, item, line.amount_minor_units) {
                        let error = RateError::AmountOverflow.to_string();
                        bill.failures.push(Failure { name: name.clone(), period_start: key.period_start, error });
                    }
                }
            }
            PeriodValue::Rated(_) => {}
        }
    }
    for bill in bills.values_mut() {
        bill.failures.sort();
    }
    bills.retain(|_, bill| !bill.currencies.is_empty() || !bill.failures.is_empty());
    bills
}

impl Bill {
    /// Whether the sum has room.
    fn add(&mut self, currency: &Arc<str>, item: ItemKey, minor_units: i128) -> bool {
        let sum = self.currencies.entry(currency.clone()).or_default().entry(item).or_default();
        let added = sum.checked_add(minor_units);
        *sum = added.unwrap_or(*sum);
        added.is_some()
    }

    /// `None` where it has no charge in the currency, or a sum without room.
    pub fn total(&self, currency: &str) -> Option<i128> {
        self.currencies.get(currency)?.values().try_fold(0, |sum: i128, amount| sum.checked_add(*amount))
    }
}
