//! `trends.ndjson`, `anomalies.ndjson` and `bill_forecasts.ndjson`: what running periods will most likely come to, on the
//! day of the watermark.

use super::rated_files::money;
use super::tables::FinalTables;
use highwater_dataflows::changes::WindowSize;
use highwater_dataflows::event::{MeterIndex, OrganizationKey};
use highwater_dataflows::meters::MeterBook;
use highwater_dataflows::names::Names;
use highwater_dataflows::trends::changes::{AmountEstimate, AnomalyKey, AnomalyValue, BillForecast, Threshold, Trend};
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

/// In the order of (organization, meter) and then of time; answers with the number of rows of each.
pub fn write(folder: &Path, tables: &FinalTables, names: &Names, meters: &MeterBook) -> io::Result<(usize, usize)> {
    let named = |organization: OrganizationKey, meter: MeterIndex| {
        (names.organization(organization).unwrap_or_default(), meters.meter(meter).name.clone())
    };
    let trends = tables.trends.iter().map(|(key, trend)| (named(key.organization, key.meter), (), trend_row(trend)));
    let anomalies = tables
        .anomalies
        .iter()
        .map(|(key, value)| (named(key.organization, key.meter), (key.start, key.size), anomaly_row(key, value)));
    Ok((
        write_rows(&folder.join("trends.ndjson"), trends.collect())?,
        write_rows(&folder.join("anomalies.ndjson"), anomalies.collect())?,
    ))
}

type Named<K> = ((Arc<str>, Arc<str>), K, Map<String, Value>);

fn write_rows<K: Ord>(path: &Path, mut rows: Vec<Named<K>>) -> io::Result<usize> {
    rows.sort_by(|(a, a_key, _), (b, b_key, _)| (a, a_key).cmp(&(b, b_key)));
    let mut file = BufWriter::new(File::create(path)?);
    let count = rows.len();
    for ((organization, meter), _, fields) in rows {
        let mut row = Map::from_iter([("organizationId".into(), json!(organization)), ("meter".into(), json!(meter))]);
        row.extend(fields);
        serde_json::to_writer(&mut file, &row)?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    Ok(count)
}

/// In the order of (organization, currency); answers with the number of rows.
pub fn write_bills(folder: &Path, tables: &FinalTables, names: &Names) -> io::Result<usize> {
    let mut rows: Vec<_> = tables
        .bills
        .iter()
        .map(|(key, bill)| (names.organization(key.organization).unwrap_or_default(), &*key.currency, bill))
        .collect();
    rows.sort_by_key(|(organization, currency, _)| (organization.clone(), *currency));
    let mut file = BufWriter::new(File::create(folder.join("bill_forecasts.ndjson"))?);
    for (organization, currency, bill) in &rows {
        serde_json::to_writer(&mut file, &bill_row(organization, currency, bill))?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    Ok(rows.len())
}

fn bill_row(organization: &str, currency: &str, bill: &BillForecast) -> Value {
    let mut row = Map::new();
    let mut put = |name: &str, value: Value| drop(row.insert(name.into(), value));
    put("organizationId", organization.into());
    put("currency", currency.into());
    put("present_day", json!(bill.present_day));
    put("period_start", json!(bill.period.start));
    put("period_end", json!(bill.period.end));
    put("meters_forecast", bill.meters_forecast.into());
    match &bill.amounts {
        Ok(amounts) => {
            put("usage", estimate_json(currency, &amounts.usage));
            put("recurring", money(currency, amounts.recurring));
            put("true_up", estimate_json(currency, &amounts.true_up));
            put("credits", estimate_json(currency, &amounts.credits));
            put("total", estimate_json(currency, &amounts.total));
            let left = amounts.credits_left.as_ref().map(|left| estimate_json(currency, left));
            put("credits_left", left.unwrap_or_default());
        }
        Err(error) => put("error", error.to_string().into()),
    }
    Value::Object(row)
}

fn trend_row(trend: &Trend) -> Map<String, Value> {
    let mut row = Map::new();
    let mut put = |name: &str, value: Value| drop(row.insert(name.into(), value));
    put("present_day", json!(trend.present_day));
    put("period_start", json!(trend.period.start));
    put("period_end", json!(trend.period.end));
    put("used", json!(trend.used));
    put("usage", json!(trend.usage));
    put("departs", trend.departs.into());
    match &trend.bill {
        Ok(bill) => {
            put("currency", json!(bill.currency));
            put("bill", estimate_json(&bill.currency, &bill.minor_units));
        }
        Err(error) => put("error", error.to_string().into()),
    }
    put("limit", trend.limit.as_ref().map_or(Value::Null, threshold_json));
    put("credits_end", trend.credits_end.as_ref().map_or(Value::Null, threshold_json));
    put("next_tier", trend.next_tier.as_ref().map_or(Value::Null, threshold_json));
    put("level", json!(trend.level));
    put("trend", json!(trend.trend));
    put("week", json!(trend.week));
    put("history_days", json!(trend.history_days));
    put("pattern", json!(trend.pattern));
    row
}

fn estimate_json(currency: &str, estimate: &AmountEstimate) -> Value {
    let AmountEstimate { expected, low_80, high_80, low_95, high_95 } = *estimate;
    let amount = |minor_units| money(currency, minor_units);
    json!({
        "expected": amount(expected),
        "low_80": amount(low_80),
        "high_80": amount(high_80),
        "low_95": amount(low_95),
        "high_95": amount(high_95),
    })
}

fn threshold_json(threshold: &Threshold) -> Value {
    let reaching = &threshold.reaching;
    json!({
        "quantity": threshold.quantity,
        "reached_at": reaching.expected,
        "earliest_80": reaching.earliest_80,
        "latest_80": reaching.latest_80,
        "earliest_95": reaching.earliest_95,
        "latest_95": reaching.latest_95,
    })
}

fn anomaly_row(key: &AnomalyKey, value: &AnomalyValue) -> Map<String, Value> {
    let window_size = if key.size == WindowSize::Day { "day" } else { "hour" };
    Map::from_iter([
        ("window_size".into(), window_size.into()),
        ("window_start".into(), json!(key.start)),
        ("quantity".into(), json!(value.quantity)),
        ("expected".into(), json!(value.expected)),
        ("score".into(), json!(value.score)),
    ])
}
