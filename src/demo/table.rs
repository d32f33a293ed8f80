//! Who is over what: the table that the demo keeps on the screen.

use comfy_table::{Cell, CellAlignment, Color, Table, presets};

/// One row of the view `current_usage`, as the demo reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    pub organization_id: String,
    pub meter: String,
    pub quantity: String,
    /// Empty where the plan does not charge the meter.
    pub limit: String,
    pub overage: String,
    pub cost: String,
    pub currency: String,
    /// Whole percent of the limit that is used; absent without a limit.
    pub used_percent: Option<u64>,
    /// What the whole period will cost, in 80 % of cases; empty without a forecast.
    pub forecast: String,
}

/// One row of the view `credit_balances`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceRow {
    pub organization_id: String,
    /// The meter or the currency.
    pub unit: String,
    pub grant: String,
    pub left: String,
    pub granted: String,
    pub burned: String,
}

const BAR_WIDTH: u64 = 20;

/// Ten hundredths a character; full and red from the limit on.
fn bar(percent: Option<u64>) -> String {
    let Some(percent) = percent else { return String::new() };
    let filled = (percent * BAR_WIDTH / 100).min(BAR_WIDTH);
    format!("{}{} {percent:>4} %", "█".repeat(filled as usize), "░".repeat((BAR_WIDTH - filled) as usize))
}

pub fn render(rows: &[UsageRow], colour: bool) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["organization", "meter", "used", "limit", "", "overage", "cost", "period's cost, 80 %"]);
    let right = |text: &str| Cell::new(text).set_alignment(CellAlignment::Right);
    for row in rows {
        let over = row.overage != "0" && !row.overage.is_empty();
        let mut gauge = Cell::new(bar(row.used_percent));
        if colour {
            gauge = gauge.fg(if over { Color::Red } else { Color::Green });
        }
        let cost = if row.cost.is_empty() { String::new() } else { format!("{} {}", row.cost, row.currency) };
        table.add_row([
            Cell::new(&row.organization_id),
            Cell::new(&row.meter),
            right(&row.quantity),
            right(&row.limit),
            gauge,
            right(&row.overage),
            right(&cost),
            right(&row.forecast),
        ]);
    }
    table.to_string()
}

/// Whose credits are used up, or will be first.
pub fn render_balances(rows: &[BalanceRow]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["organization", "credits", "grant", "granted", "burned", "left"]);
    let right = |text: &str| Cell::new(text).set_alignment(CellAlignment::Right);
    for row in rows {
        table.add_row([
            Cell::new(&row.organization_id),
            Cell::new(&row.unit),
            Cell::new(&row.grant),
            right(&row.granted),
            right(&row.burned),
            right(&row.left),
        ]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_full_at_the_limit_and_stays_full_beyond() {
        assert_eq!(bar(Some(0)), "░░░░░░░░░░░░░░░░░░░░    0 %");
        assert_eq!(bar(Some(50)), "██████████░░░░░░░░░░   50 %");
        assert_eq!(bar(Some(250)), "████████████████████  250 %");
        assert_eq!(bar(None), "");
    }

    #[test]
    fn whoever_is_over_is_shown_with_the_cost() {
        let row = UsageRow {
            organization_id: "acme".into(),
            meter: "api_calls".into(),
            quantity: "1200000".into(),
            limit: "1000000".into(),
            overage: "200000".into(),
            cost: "1.00".into(),
            currency: "USD".into(),
            used_percent: Some(120),
            forecast: "4.10 to 6.30".into(),
        };
        let text = render(&[row], false);
        assert!(text.contains("200000") && text.contains("1.00 USD") && text.contains("4.10 to 6.30"), "{text}");
    }
}
