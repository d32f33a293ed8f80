//! `period_usage.ndjson` and `rated_lines.ndjson`.

use super::order::Ranks;
use super::tables::FinalTables;
use highwater_dataflows::changes::{PeriodKey, PeriodValue};
use highwater_dataflows::event::DimensionsKey;
use highwater_dataflows::meters::MeterBook;
use highwater_rating::number::{Currency, unrounded_text};
use highwater_rating::rate::{RatedLine, RatedPeriod};
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Writes both files in the order of (organization, meter, period); answers with the number of rows of each.
pub fn write(folder: &Path, tables: &FinalTables, ranks: &Ranks, meters: &MeterBook) -> io::Result<(usize, usize)> {
    let mut rows: Vec<_> = tables
        .periods
        .iter()
        .map(|(key, value)| (ranks.rank(key.organization, key.meter, DimensionsKey(0)), key, value))
        .collect();
    rows.sort_unstable_by_key(|(series, key, _)| (*series, key.period_start));
    let mut periods = BufWriter::new(File::create(folder.join("period_usage.ndjson"))?);
    let mut lines = BufWriter::new(File::create(folder.join("rated_lines.ndjson"))?);
    let mut line_count = 0;
    for (series, key, value) in &rows {
        let head = format!(r#"{{"organizationId":{},"meter":{}"#, ranks.organization(*series), ranks.meter(*series));
        write_row(&mut periods, &head, period_row(key, value))?;
        let PeriodValue::Rated(rated) = value else { continue };
        let organization_id = unquoted(ranks.organization(*series));
        for line in &rated.lines {
            let id = line.id(&organization_id, &meters.meter(key.meter).name);
            write_row(&mut lines, &head, line_row(&id, rated, line))?;
            line_count += 1;
        }
    }
    periods.flush()?;
    lines.flush()?;
    Ok((rows.len(), line_count))
}

/// `head` is the open object with the names; `fields` close it.
fn write_row(file: &mut impl Write, head: &str, fields: Value) -> io::Result<()> {
    let fields = fields.to_string();
    file.write_all(head.as_bytes())?;
    file.write_all(b",")?;
    // Without its opening brace.
    file.write_all(&fields.as_bytes()[1..])?;
    file.write_all(b"\n")
}

fn unquoted(text: &str) -> String {
    serde_json::from_str(text).unwrap_or_default()
}

fn period_row(key: &PeriodKey, value: &PeriodValue) -> Value {
    match value {
        PeriodValue::Rated(rated) => json!({
            "period_start": rated.period.start,
            "period_end": rated.period.end,
            "plan": rated.plan,
            "currency": rated.currency,
            "events": rated.events,
            "quantity": rated.quantity,
            "limit": rated.limit,
            "overage": rated.overage,
            "cost": money(&rated.currency, rated.cost_minor_units),
            "cost_minor_units": rated.cost_minor_units.to_string(),
        }),
        PeriodValue::Error(error) => json!({ "period_start": key.period_start, "error": error.to_string() }),
    }
}

fn line_row(id: &str, rated: &RatedPeriod, line: &RatedLine) -> Value {
    let terms = &line.span.terms;
    let mut row = Map::new();
    let mut put = |name: &str, value: Value| drop(row.insert(name.into(), value));
    put("line_id", id.into());
    put("period_start", json!(rated.period.start));
    put("period_end", json!(rated.period.end));
    put("span_start", json!(line.span.start));
    put("span_end", json!(line.span.end));
    put("plan", json!(terms.plan));
    put("plan_version", json!(terms.plan_version));
    put("kind", "usage".into());
    put("overrides", json!(terms.overrides));
    put("adjustments", json!(terms.adjustments));
    put("price_percent", terms.price_percent.normalize().to_string().into());
    put("apart", json!(terms.apart));
    put("currency", json!(terms.currency));
    put("events", json!(line.events));
    put("quantity", json!(line.quantity));
    put("included", json!(line.included));
    put("overage", json!(line.overage));
    let covers = line.covers.iter().map(|cover| json!({"grant": cover.grant, "quantity": cover.quantity}));
    put("covers", Value::Array(covers.collect()));
    let tiers = line.tiers.iter().map(|share| {
        json!({
            "tier": share.tier,
            "quantity": share.quantity,
            "amount_unrounded": unrounded_text(share.amount_unrounded),
        })
    });
    put("tiers", Value::Array(tiers.collect()));
    let steps = line.steps.iter().map(|step| {
        json!({
            "step": step.kind,
            "discount": step.index,
            "quantity": step.quantity,
            "amount_unrounded": unrounded_text(step.amount_unrounded),
        })
    });
    put("steps", Value::Array(steps.collect()));
    put("amount_unrounded", unrounded_text(line.amount_unrounded).into());
    put("amount", money(&terms.currency, line.amount_minor_units));
    put("amount_minor_units", line.amount_minor_units.to_string().into());
    Value::Object(row)
}

/// In the currency's own digits: `75.00`, `1200`, `3.500`.
pub(super) fn money(currency: &str, minor_units: i128) -> Value {
    Currency::from_code(currency).map_or(Value::Null, |currency| currency.format(minor_units).into())
}
