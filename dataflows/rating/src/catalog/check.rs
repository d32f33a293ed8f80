//! Rules between rows: keys, references, currencies, subscriptions that overlap.

use super::collect::{Collected, PlacedRow};
use crate::tables::read::{Reference, nearest};
use crate::tables::{Aggregation, ChargeModel, Found, MistakeCode, Row, RowKey, Subscription, Table};
use crate::time::EventTime;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) fn between_rows(collected: &mut Collected) {
    let mut found = duplicate_keys(&collected.rows);
    found.extend(overlapping_subscriptions(&collected.rows));
    found.extend(versions(&collected.rows));
    found.extend(dynamic_prices(&collected.rows));
    found.extend(unknown_names(collected));
    collected.found.extend(found);
}

fn at(placed: &PlacedRow, code: MistakeCode, message: String, hint: &str) -> (usize, Found) {
    (placed.file, Found::new(code, "", placed.place.clone(), message, hint))
}

fn duplicate_keys(rows: &[PlacedRow]) -> Vec<(usize, Found)> {
    let mut seen: BTreeSet<RowKey> = BTreeSet::new();
    let repeated = rows.iter().filter(|placed| !seen.insert(placed.row.key()));
    repeated
        .map(|placed| {
            let RowKey { table, key } = placed.row.key();
            let message = format!("{table} has a row `{key}` already");
            at(placed, MistakeCode::DuplicateKey, message, "keep one, or give it a name or instant of its own")
        })
        .collect()
}

fn unknown_names(collected: &Collected) -> Vec<(usize, Found)> {
    let unknown = collected.references.iter().filter(|(_, reference)| {
        let name = (reference.table, reference.name.to_string());
        !collected.names.contains(&name) && !collected.unsure.contains(&reference.table)
    });
    unknown
        .map(|(file, Reference { table, name, place, path })| {
            let (code, kind) = match table {
                Table::Plans => (MistakeCode::UnknownPlan, "plan"),
                Table::AddOns => (MistakeCode::UnknownAddOn, "add-on"),
                Table::Grants => (MistakeCode::UnknownGrant, "grant"),
                _ => (MistakeCode::UnknownMeter, "meter"),
            };
            // The names are ordered by table; there may be as many subscriptions as mistakes.
            let from_table = collected.names.range((*table, String::new())..);
            let names = from_table.take_while(|(of, _)| of == table).map(|(_, name)| name.as_str());
            let hint = match nearest(name, names) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("add it to [[{table}]]"),
            };
            (*file, Found::new(code, path, place.clone(), format!("there is no {kind} `{name}`"), hint))
        })
        .collect()
}

/// A dynamic price is the quantity of its meter, which is an amount only where the meter sums amounts up.
fn dynamic_prices(rows: &[PlacedRow]) -> Vec<(usize, Found)> {
    let aggregations: BTreeMap<&str, Aggregation> = rows
        .iter()
        .filter_map(|placed| match &placed.row {
            Row::Meters(meter) => Some((&*meter.name, meter.aggregation)),
            _ => None,
        })
        .collect();
    let no_sum = |meter: &str| aggregations.get(meter).is_some_and(|known| *known != Aggregation::Sum);
    let mut found = Vec::new();
    for placed in rows {
        for (meter, model) in priced_meters(&placed.row) {
            if *model == ChargeModel::Dynamic && no_sum(meter) {
                let message = format!("`{meter}` has a dynamic price, and does not sum amounts up");
                let hint = "give the meter `aggregation = \"sum\"` and the amount as its `value`";
                found.push(at(placed, MistakeCode::NotASum, message, hint));
            }
        }
    }
    found
}

fn priced_meters(row: &Row) -> Vec<(&str, &ChargeModel)> {
    match row {
        Row::Plans(plan) => plan.charges.iter().map(|charge| (&*charge.meter, &charge.model)).collect(),
        Row::Overrides(row) => {
            row.meter.iter().zip(&row.charge).map(|(meter, prices)| (&**meter, &prices.model)).collect()
        }
        Row::Adjustments(row) => row.charge.iter().map(|prices| (&*row.meter, &prices.model)).collect(),
        _ => Vec::new(),
    }
}

/// A subscription may follow another one, or lie inside it (a trial of a larger plan, after which the old one holds
/// again). Everything else is a date that was mistyped, or one organization that was entered twice.
fn overlapping_subscriptions(rows: &[PlacedRow]) -> Vec<(usize, Found)> {
    let mut by_organization: BTreeMap<&Arc<str>, Vec<(&Subscription, &PlacedRow)>> = BTreeMap::new();
    for placed in rows {
        if let Row::Subscriptions(subscription) = &placed.row {
            by_organization.entry(&subscription.organization_id).or_default().push((subscription, placed));
        }
    }
    let mut found = Vec::new();
    for subscriptions in by_organization.values_mut() {
        subscriptions
            .sort_by(|(left, _), (right, _)| (left.effective_from, &left.id).cmp(&(right.effective_from, &right.id)));
        for (index, (later, placed)) in subscriptions.iter().enumerate() {
            let clash = subscriptions[..index].iter().find(|(earlier, _)| clash(earlier, later));
            if let Some((earlier, _)) = clash {
                let message = format!(
                    "`{}` overlaps `{}` of the same organization ({})",
                    later.id, earlier.id, later.organization_id
                );
                let hint = "let it begin where the other ends, or lie inside the other";
                found.push(at(placed, MistakeCode::OverlappingSubscriptions, message, hint));
            }
        }
    }
    found
}

/// Whether the second, which begins no earlier, neither follows the first nor lies inside it. An open end is followed
/// by whatever begins later.
fn clash(earlier: &Subscription, later: &Subscription) -> bool {
    if earlier.effective_from == later.effective_from {
        return true;
    }
    match (earlier.effective_to, later.effective_to) {
        (Some(end), _) if end <= later.effective_from => false,
        (Some(end), Some(later_end)) => later_end > end,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// The first version and the currencies of everything that has versions.
#[derive(Default)]
struct Versions<'r> {
    first: BTreeMap<(Table, &'r str), EventTime>,
    currency: BTreeMap<(Table, &'r str), &'r str>,
}

fn versions(rows: &[PlacedRow]) -> Vec<(usize, Found)> {
    let mut versions = Versions::default();
    let mut found = Vec::new();
    for placed in rows {
        let (name, from, currency) = match &placed.row {
            Row::Plans(plan) => ((Table::Plans, &*plan.plan), plan.effective_from, &*plan.currency),
            Row::AddOns(add_on) => ((Table::AddOns, &*add_on.add_on), add_on.effective_from, &*add_on.currency),
            _ => continue,
        };
        let first = versions.first.entry(name).or_insert(from);
        *first = from.min(*first);
        let one = *versions.currency.entry(name).or_insert(currency);
        if one != currency {
            let message = format!("the versions of `{}` are in {one} and in {currency}", name.1);
            let hint = "a period has one currency: give the other its own name";
            found.push(at(placed, MistakeCode::CurrencyMismatch, message, hint));
        }
    }
    let mut billed_in: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for placed in rows {
        if let Row::Subscriptions(subscription) = &placed.row {
            found.extend(subscribed(placed, subscription, &versions));
            if let Some(currency) = versions.currency.get(&(Table::Plans, &*subscription.plan)) {
                billed_in.entry(&subscription.organization_id).or_default().insert(currency);
            }
        }
    }
    found.extend(rows.iter().filter_map(|placed| granted_in_vain(placed, &billed_in)));
    found
}

/// Money of a currency in which the organization is never billed. Where its subscriptions come from elsewhere, nothing
/// is known about that.
fn granted_in_vain(placed: &PlacedRow, billed_in: &BTreeMap<&str, BTreeSet<&str>>) -> Option<(usize, Found)> {
    let Row::Grants(grant) = &placed.row else { return None };
    let granted = grant.currency.as_deref()?;
    let billed = billed_in.get(&*grant.organization_id).filter(|billed| !billed.contains(granted))?;
    let billed: Vec<&str> = billed.iter().copied().collect();
    let message =
        format!("`{}` grants {granted}, and {} is billed in {}", grant.id, grant.organization_id, billed.join(", "));
    Some(at(placed, MistakeCode::CurrencyMismatch, message, "grant money of the plan's currency"))
}

fn subscribed(placed: &PlacedRow, subscription: &Subscription, versions: &Versions<'_>) -> Vec<(usize, Found)> {
    let plan = (Table::Plans, &*subscription.plan);
    let add_ons = subscription.add_ons.iter().map(|held| (Table::AddOns, &*held.add_on));
    let mut found = Vec::new();
    for name in std::iter::once(plan).chain(add_ons) {
        match versions.first.get(&name) {
            Some(first) if *first > subscription.effective_from => {
                let message = format!(
                    "`{}` begins at {}, before the first version of `{}` at {first}",
                    subscription.id, subscription.effective_from, name.1
                );
                let hint = "usage before then would have no terms: move one of the two";
                found.push(at(placed, MistakeCode::NotYetInForce, message, hint));
            }
            _ => {}
        }
        if let (Some(of_plan), Some(currency)) = (versions.currency.get(&plan), versions.currency.get(&name))
            && of_plan != currency
        {
            let message = format!("`{}` is in {currency} and the plan `{}` in {of_plan}", name.1, plan.1);
            found.push(at(placed, MistakeCode::CurrencyMismatch, message, "an invoice has one currency"));
        }
    }
    found
}
