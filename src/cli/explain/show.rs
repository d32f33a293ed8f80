//! An explanation as text for people.

use super::line::State;
use super::{Explanation, output};
use highwater_rating::number::Currency;
use serde_json::Value;

pub fn text(explanation: &Explanation) -> String {
    let line = &explanation.line;
    let mut text = String::new();
    let mut say = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    let state = match line.state {
        State::Final => format!("frozen, revision {}", line.revision),
        State::KnownNow => "as known now".to_owned(),
        State::Pending => format!("to be billed, because of {}", line.cause),
    };
    say(format!("{} {} of {}, {state}", line.kind, line.name, line.organization_id));
    say(format!("period from {}", line.period_start));
    say(format!("span   from {} to {}", line.span_start, line.span_end));
    if !line.corrects_line_id.is_empty() {
        say(format!("corrects {}", line.corrects_line_id));
    }
    say(String::new());
    say(format!("events    {}", line.events));
    say(format!("quantity  {}", line.quantity));
    say(format!("included  {}", line.included_quantity));
    say(format!("charged   {}", line.overage));
    for (grant, quantity) in &line.covers {
        say(format!("  grant {grant} covers {quantity} more"));
    }
    for (tier, quantity, amount) in &line.tiers {
        say(format!("  tier {tier}: {quantity} cost {amount}"));
    }
    for (step, discount, quantity, amount) in &line.steps {
        say(match step.as_str() {
            "free_units" => format!("  free units: {quantity} are {amount}"),
            "discount" => format!("  discount {discount}: {amount}"),
            bound => format!("  {bound}: {amount}"),
        });
    }
    say(format!("unrounded {} {}", line.amount_unrounded, line.currency));
    say(format!("rounded   {}", money(&line.amount_minor_units, &line.currency)));
    for credit in &explanation.credits {
        let paid = money(&of(credit, "amount_minor_units"), &of(credit, "currency"));
        say(format!("  grant {} pays {paid}: line {}", of(credit, "grant_id"), of(credit, "line_id")));
    }
    say(format!("terms     {}", line.terms()));
    table(&mut say, "known", &explanation.history, &["known_from", "at_close", "events", "quantity"], history_amount);
    table(&mut say, "billed", &explanation.billed, &["period_start", "revision", "kind", "quantity"], |row| {
        money(&of(row, "amount_minor_units"), &of(row, "currency"))
    });
    let columns = ["billed_period_start", "cause", "quantity_before", "quantity_after"];
    table(&mut say, "to be billed", &explanation.pending, &columns, |row| {
        let before = money(&of(row, "amount_minor_units_before"), &of(row, "currency_before"));
        format!("{before} → {}", money(&of(row, "amount_minor_units_after"), &of(row, "currency_after")))
    });
    let Some(check) = &explanation.events_check else {
        say("\nno events: the line is not made by a meter".to_owned());
        return text;
    };
    say("\nits events".to_owned());
    check.parameters.iter().for_each(|parameter| say(parameter.clone()));
    say(check.sql.clone());
    let quantity = check.found_quantity.as_deref().unwrap_or("no decimal");
    let found = format!("{} events, {} of {}: {quantity}", check.found_events, check.aggregation, check.value);
    if check.equal {
        say(format!("\n{found}: equal to the line"));
    } else {
        let (events, apart) = (check.events_apart, check.quantity_apart.as_deref().unwrap_or("unknown"));
        say(format!("\n{found}: NOT equal to the line, apart by {events} events and {apart}"));
        if check.events_apart < 0 {
            say("events are kept 13 months, and only where [events] archive is on".to_owned());
        }
    }
    text
}

fn table(
    say: &mut impl FnMut(String),
    title: &str,
    rows: &[Value],
    columns: &[&str; 4],
    amount: impl Fn(&Value) -> String,
) {
    if rows.is_empty() {
        return;
    }
    let [first, second, third, fourth] = *columns;
    let mut table = output::table([first, second, third, fourth, "amount"]);
    for row in rows {
        table.add_row(columns.iter().map(|column| of(row, column)).chain([amount(row)]));
    }
    say(format!("\n{title}\n{}", table.trim_fmt()));
}

fn history_amount(row: &Value) -> String {
    if of(row, "is_gone") == "true" {
        return "gone".to_owned();
    }
    money(&of(row, "amount_minor_units"), &of(row, "currency"))
}

fn of(row: &Value, column: &str) -> String {
    match &row[column] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Minor units as a person reads them: `1.00 USD`.
fn money(minor_units: &str, currency: &str) -> String {
    match (minor_units.parse::<i128>(), Currency::from_code(currency)) {
        (Ok(minor_units), Ok(known)) => format!("{} {currency}", known.format(minor_units)),
        _ => format!("{minor_units} {currency}").trim().to_owned(),
    }
}
