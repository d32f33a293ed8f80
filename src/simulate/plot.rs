//! The comparison as a picture: two bars a customer, one panel a currency, as SVG.
//!
//! `plotters` draws. Amounts go in as integers of minor units; what becomes of them there are pixels.

use super::Customer;
use highwater_rating::number::Currency;
use plotters::coord::ranged1d::SegmentValue;
use plotters::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Of one currency; those with the greatest differences.
const CUSTOMERS_MAX: usize = 40;
const WIDTH_PX: u32 = 900;
const ROW_PX: u32 = 30;
/// Title, legend and axis.
const PANEL_PX: u32 = 110;
const NAMES_PX: u32 = 180;
const NAME_CHARACTERS_MAX: usize = 24;
const TODAY: RGBColor = RGBColor(148, 156, 168);
const TOMORROW: RGBColor = RGBColor(32, 108, 180);

#[derive(Debug, thiserror::Error)]
#[error("the plot cannot be drawn: {0}")]
pub struct PlotError(String);

/// An SVG document. Customers without a difference to show are left out.
pub fn plot(customers: &[Customer]) -> Result<String, PlotError> {
    let mut panels: BTreeMap<&Arc<str>, Vec<&Customer>> = BTreeMap::new();
    for customer in customers.iter().filter(|customer| customer.difference.is_some()) {
        panels.entry(&customer.currency).or_default().push(customer);
    }
    for panel in panels.values_mut() {
        panel.sort_by_key(|it| (std::cmp::Reverse(it.difference.map(i128::unsigned_abs)), it.organization_id.clone()));
    }
    let height = |panel: &Vec<&Customer>| PANEL_PX + ROW_PX * panel.len().min(CUSTOMERS_MAX) as u32;
    let total = panels.values().map(height).sum::<u32>().max(PANEL_PX);
    let mut svg = String::new();
    let failed = |error: &dyn std::fmt::Display| PlotError(error.to_string());
    {
        let mut area = SVGBackend::with_string(&mut svg, (WIDTH_PX, total)).into_drawing_area();
        area.fill(&WHITE).map_err(|error| failed(&error))?;
        for (currency, customers) in &panels {
            let (panel, rest) = area.split_vertically(height(customers));
            draw(&panel, currency, customers).map_err(|error| failed(&error))?;
            area = rest;
        }
        area.present().map_err(|error| failed(&error))?;
    }
    Ok(svg)
}

type Panel<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw(panel: &Panel<'_>, currency: &str, customers: &[&Customer]) -> Result<(), Box<dyn std::error::Error>> {
    let shown = &customers[..customers.len().min(CUSTOMERS_MAX)];
    let amounts = || shown.iter().flat_map(|customer| [customer.today, customer.tomorrow]).flatten();
    let (least, most) = (amounts().min().unwrap_or(0).min(0), amounts().max().unwrap_or(0).max(1));
    let of_all = if shown.len() < customers.len() {
        format!(", {} of {} customers", shown.len(), customers.len())
    } else {
        String::new()
    };
    let mut chart = ChartBuilder::on(panel)
        .caption(format!("Today beside tomorrow, {currency}{of_all}"), ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(28)
        .y_label_area_size(NAMES_PX)
        // The first row on top.
        .build_cartesian_2d(least..most, (0..shown.len()).into_segmented())?;
    let known = Currency::from_code(currency);
    let amount = |minor_units: &i128| known.as_ref().map_or(minor_units.to_string(), |it| it.format(*minor_units));
    let from_top = |row: usize| shown.len() - 1 - row;
    let name = |place: &SegmentValue<usize>| match place {
        SegmentValue::CenterOf(row) if *row < shown.len() => shortened(&shown[from_top(*row)].organization_id),
        _ => String::new(),
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        // None at all makes the axis look for ever greater steps.
        .max_light_lines(1)
        .light_line_style(TRANSPARENT)
        .x_labels(6)
        .y_labels(shown.len())
        .x_label_formatter(&amount)
        .y_label_formatter(&name)
        .label_style(("sans-serif", 12))
        .draw()?;
    let bars = |colour: RGBColor, of: fn(&Customer) -> Option<i128>, above: u32, below: u32| {
        shown.iter().enumerate().filter_map(move |(number, customer)| {
            let row = from_top(number);
            let corners = [(0, SegmentValue::Exact(row)), (of(customer)?, SegmentValue::Exact(row + 1))];
            let mut bar = Rectangle::new(corners, colour.filled());
            bar.set_margin(above, below, 0, 0);
            Some(bar)
        })
    };
    let legend = |colour: RGBColor| move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled());
    let half = ROW_PX / 2;
    chart.draw_series(bars(TODAY, |it| it.today, 3, half))?.label("today").legend(legend(TODAY));
    chart.draw_series(bars(TOMORROW, |it| it.tomorrow, half, 3))?.label("tomorrow").legend(legend(TOMORROW));
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.8))
        .label_font(("sans-serif", 12))
        .draw()?;
    Ok(())
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME_CHARACTERS_MAX {
        return name.to_owned();
    }
    name.chars().take(NAME_CHARACTERS_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::Pays;

    fn customer(name: &str, amounts: Option<(i128, i128)>) -> Customer {
        Customer {
            organization_id: name.into(),
            currency: "EUR".into(),
            today: amounts.map(|it| it.0),
            tomorrow: amounts.map(|it| it.1),
            difference: amounts.map(|it| it.1 - it.0),
            pays: Pays::Same,
            items: Vec::new(),
            failures: Vec::new(),
        }
    }

    #[test]
    fn the_greatest_differences_are_drawn_by_name_and_what_is_not_compared_is_left_out() {
        let mut customers: Vec<Customer> =
            (0..50).map(|number| customer(&format!("c{number:02}"), Some((0, number)))).collect();
        customers.push(customer("<b>&", Some((-5, 999))));
        customers.push(customer("nobody", None));
        let svg = plot(&customers).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
        assert!(svg.contains("40 of 51 customers") && svg.contains("&lt;b&gt;&amp;") && svg.contains("c49"), "{svg}");
        assert!(!svg.contains("c10") && !svg.contains("nobody"), "{svg}");
    }

    #[test]
    fn nobody_to_compare_is_an_empty_picture() {
        assert!(plot(&[]).unwrap().starts_with("<svg"));
    }
}
