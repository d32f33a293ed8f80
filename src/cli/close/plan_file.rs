//! Plan files on the command line, and how their amounts are shown.

use crate::cli::exit::{CommandError, Exit};
use highwater_rating::number::Currency;
use highwater_settlement::plan::{ClosePlan, Item};
use std::collections::BTreeMap;
use std::path::Path;

pub fn read(path: &Path) -> Result<ClosePlan, CommandError> {
    let wrong = |error: &dyn std::fmt::Display| CommandError::input(format_args!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error).help("highwater close plan --out FILE"))?;
    ClosePlan::from_json(&text).map_err(|error| wrong(&error).help("highwater close plan --out FILE"))
}

/// `12.34 EUR`; minor units where the currency is unknown.
pub fn money(minor_units: i128, currency: &str) -> String {
    match Currency::from_code(currency) {
        Ok(known) => format!("{} {currency}", known.format(minor_units)),
        Err(_) => format!("{minor_units} {currency} (minor units)"),
    }
}

/// Totals of items by currency, `12.34 EUR + 5 JPY`.
pub fn total<'a>(items: impl Iterator<Item = &'a Item>) -> String {
    let mut totals: BTreeMap<&str, i128> = BTreeMap::new();
    for item in items {
        let total = totals.entry(&item.record.currency).or_default();
        *total = total.saturating_add(item.record.total_minor_units);
    }
    let totals: Vec<String> = totals.into_iter().map(|(currency, total)| money(total, currency)).collect();
    if totals.is_empty() { "0".into() } else { totals.join(" + ") }
}

/// The items of the named organizations; a name that is not in the plan is refused.
pub fn chosen<'a>(plan: &'a ClosePlan, organizations: &[String]) -> Result<Vec<&'a Item>, CommandError> {
    for name in organizations {
        if plan.items.iter().all(|item| item.record.organization_id != *name) {
            return Err(CommandError::new(Exit::Negative, format_args!("the plan has no period of {name}")));
        }
    }
    Ok(plan.items.iter().filter(|item| organizations.contains(&item.record.organization_id)).collect())
}
