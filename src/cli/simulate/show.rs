//! The comparison as text: a table with the sums below it, or NDJSON.

use super::super::exit::CommandError;
use super::super::output;
use crate::simulate::{Customer, Pays};
use comfy_table::{Cell, CellAlignment};
use highwater_rating::number::Currency;
use std::collections::BTreeMap;

pub fn lines(customers: &[Customer]) -> Result<(), CommandError> {
    for customer in customers {
        output::line(&serde_json::to_string(customer).map_err(CommandError::internal)?)?;
    }
    Ok(())
}

pub fn text(customers: &[Customer]) -> String {
    if customers.is_empty() {
        return "nobody used anything in the periods that were asked for".to_owned();
    }
    let mut table = output::table(["organization", "currency", "today", "tomorrow", "difference", "%", "pays"]);
    for customer in customers {
        let amount = |minor_units: Option<i128>| money(minor_units, &customer.currency);
        let numbers = [
            amount(customer.today),
            amount(customer.tomorrow),
            signed(customer.difference, &customer.currency),
            percent(customer),
        ];
        let mut cells = vec![Cell::new(&customer.organization_id), Cell::new(&customer.currency)];
        cells.extend(numbers.map(|text| Cell::new(text).set_alignment(CellAlignment::Right)));
        cells.push(Cell::new(customer.pays.name()));
        table.add_row(cells);
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    for customer in customers {
        for sided in &customer.failures {
            let (name, error) = (&sided.failure.name, &sided.failure.error);
            let side = format!("{:?}", sided.side).to_lowercase();
            text += &format!(
                "\n{}: {name} from {} has no amount {side}: {error}",
                customer.organization_id, sided.failure.period_start
            );
        }
    }
    for (currency, sums) in sums(customers) {
        text += &format!("\n{currency}: {}", sums.text(&currency));
    }
    text
}

/// Of the customers that can be compared.
#[derive(Default)]
struct Sums {
    /// How many, and their differences; `None` beyond what can be said.
    of: BTreeMap<Pays, (usize, Option<i128>)>,
    today: Option<i128>,
    tomorrow: Option<i128>,
}

fn sums(customers: &[Customer]) -> BTreeMap<String, Sums> {
    let mut sums: BTreeMap<String, Sums> = BTreeMap::new();
    for customer in customers.iter().filter(|customer| !customer.currency.is_empty()) {
        let new = || Sums { today: Some(0), tomorrow: Some(0), ..Sums::default() };
        let sum = sums.entry(customer.currency.to_string()).or_insert_with(new);
        let (count, difference) = sum.of.entry(customer.pays).or_insert((0, Some(0)));
        *count += 1;
        if let (Some(apart), Some(today), Some(tomorrow)) = (customer.difference, customer.today, customer.tomorrow) {
            *difference = difference.and_then(|it| it.checked_add(apart));
            sum.today = sum.today.and_then(|it| it.checked_add(today));
            sum.tomorrow = sum.tomorrow.and_then(|it| it.checked_add(tomorrow));
        }
    }
    sums
}

impl Sums {
    fn text(&self, currency: &str) -> String {
        let of = |(pays, (count, difference)): (&Pays, &(usize, Option<i128>))| match pays {
            Pays::More | Pays::Less => {
                let verb = if *count == 1 { "pays" } else { "pay" };
                format!("{count} {verb} {} ({})", pays.name(), signed(*difference, currency))
            }
            Pays::Same => format!("{count} the same"),
            other => format!("{count} not compared ({})", other.name()),
        };
        let parts: Vec<String> = self.of.iter().map(of).collect();
        let (today, tomorrow) = (money(self.today, currency), money(self.tomorrow, currency));
        format!("{}; together {today} today, {tomorrow} tomorrow", parts.join(", "))
    }
}

fn money(minor_units: Option<i128>, currency: &str) -> String {
    match (minor_units, Currency::from_code(currency)) {
        (None, _) => "–".to_owned(),
        (Some(minor_units), Ok(known)) => known.format(minor_units),
        (Some(minor_units), Err(_)) => minor_units.to_string(),
    }
}

fn signed(minor_units: Option<i128>, currency: &str) -> String {
    let sign = if minor_units.is_some_and(|it| it > 0) { "+" } else { "" };
    format!("{sign}{}", money(minor_units, currency))
}

/// Of today's amount, to one digit, half away from zero; nothing where today is nothing.
fn percent(customer: &Customer) -> String {
    let (Some(today), Some(difference)) = (customer.today.filter(|it| *it != 0), customer.difference) else {
        return "–".to_owned();
    };
    let Some(scaled) = difference.checked_mul(1_000) else { return "–".to_owned() };
    let (scaled, today) = (scaled.unsigned_abs(), today.unsigned_abs());
    let tenths = scaled / today + u128::from(scaled % today >= today.div_ceil(2));
    let sign = match difference.signum() {
        1 => "+",
        -1 => "-",
        _ => "",
    };
    format!("{sign}{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_of_todays_amount_and_exact_to_one_digit() {
        for (today, tomorrow, expected) in [
            (100, 150, "+50.0"),
            (100, 100, "0.0"),
            (3, 2, "-33.3"),
            (3, 1, "-66.7"),
            (2000, 2001, "+0.1"),
            (0, 5, "–"),
            (-4, -2, "+50.0"),
        ] {
            let customer = Customer {
                organization_id: "acme".into(),
                currency: "EUR".into(),
                today: Some(today),
                tomorrow: Some(tomorrow),
                difference: Some(tomorrow - today),
                pays: Pays::Same,
                items: Vec::new(),
                failures: Vec::new(),
            };
            assert_eq!(percent(&customer), expected, "{today} {tomorrow}");
        }
    }
}
