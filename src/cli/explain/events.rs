//! The query that returns a line's events, and whether they come to what the line says.

use super::super::connection::Connection;
use super::super::exit::CommandError;
use super::line::{Explained, State};
use highwater_rating::number::Quantity;
use serde::Serialize;
use serde_json::Value;

/// The events of a line, counted again.
#[derive(Debug, Serialize)]
pub struct Check {
    /// Returns the events, one a row; to be pasted behind `parameters`.
    pub sql: String,
    /// `SET param_… = …` for the query.
    pub parameters: Vec<String>,
    pub aggregation: String,
    /// The value that the aggregation is over.
    pub value: String,
    pub expected_events: String,
    pub found_events: String,
    pub expected_quantity: String,
    /// `None` where the values cannot be read as decimals.
    pub found_quantity: Option<String>,
    pub equal: bool,
    /// Found less expected.
    pub events_apart: i64,
    pub quantity_apart: Option<String>,
}

/// What a meter counts.
struct Meter {
    aggregation: String,
    value: String,
}

type Parameters = Vec<(&'static str, String)>;

/// `None` for a line that no meter makes.
pub async fn check(connection: &Connection, line: &Explained) -> Result<Option<Check>, CommandError> {
    if line.charges_for != "usage" {
        return Ok(None);
    }
    let meter = meter(connection, &line.name).await?;
    let mut parameters: Parameters = vec![
        ("organization", line.organization_id.clone()),
        ("meter", line.name.clone()),
        ("span_start", line.span_start_us.clone()),
        ("span_end", line.span_end_us.clone()),
    ];
    let standing = standing(connection, line, &mut parameters).await?;
    let value = match meter.value.strip_prefix("metadata.") {
        Some(key) => {
            parameters.push(("key", key.to_owned()));
            "metadata[{key:String}]"
        }
        None if meter.value == "cost" => "toString(cost)",
        None => "toString(quantity)",
    };
    let events = format!(
        "SELECT event_time, source, id, {value} AS value, received_at, place_topic, place_partition, place_offset\n\
         FROM highwater.usage_events\n\
         WHERE organization_id = {{organization:String}} AND has(meters, {{meter:String}})\n  \
           AND event_time >= fromUnixTimestamp64Micro({{span_start:Int64}}) AND event_time < fromUnixTimestamp64Micro({{span_end:Int64}})\n  \
           AND {standing}"
    );
    let decimal = "toDecimal128OrNull(value, 9)";
    let quantity = match meter.aggregation.as_str() {
        "count" => "toDecimal128(count(), 9)".to_owned(),
        "max" | "min" => format!("{}({decimal})", meter.aggregation),
        "latest" => format!("argMax({decimal}, (event_time, source, id))"),
        "unique" => "toDecimal128(uniqExact(value), 9)".to_owned(),
        // An average is divided here, exactly.
        _ => format!("sum({decimal})"),
    };
    let aggregate = format!("SELECT toString(count()) AS events, toString({quantity}) AS quantity FROM ({events})");
    let rows = connection.rows(&aggregate, &parameters).await?;
    let found = |field: &str| rows.first().and_then(|row| row[field].as_str()).unwrap_or_default().to_owned();
    Ok(Some(compare(line, &meter, events, &parameters, (found("events"), found("quantity")))))
}

async fn meter(connection: &Connection, name: &str) -> Result<Meter, CommandError> {
    let sql = "SELECT toString(aggregation) AS aggregation, value FROM highwater.meters WHERE meter = {meter:String}";
    let rows = connection.rows(sql, &[("meter", name.to_owned())]).await?;
    let text = |field: &str| rows.first().and_then(|row| row[field].as_str()).map(str::to_owned);
    match (text("aggregation"), text("value")) {
        (Some(aggregation), value) => Ok(Meter { aggregation, value: value.unwrap_or_default() }),
        (None, _) => Err(CommandError::input(format_args!("the meter `{name}` is not in highwater.meters any more"))),
    }
}

/// Which events stand: now, or when the record was made that the line's quantity is from.
async fn standing(
    connection: &Connection,
    line: &Explained,
    parameters: &mut Parameters,
) -> Result<String, CommandError> {
    let record = match (line.state, line.kind.as_str()) {
        (State::Final, "reversal") | (State::Pending, "reversal") => billed_before(connection, line).await?,
        (State::Final, _) => Some((line.period_start_us.clone(), line.revision.to_string(), line.currency.clone())),
        (State::KnownNow | State::Pending, _) => None,
    };
    let Some((period_start, revision, currency)) = record else { return Ok("NOT retracted".into()) };
    parameters.push(("record_start", period_start));
    parameters.push(("record_revision", revision));
    parameters.push(("record_currency", currency));
    let record = "organization_id = {organization:String} AND period_start = fromUnixTimestamp64Micro({record_start:Int64}) \
                  AND revision = {record_revision:UInt32} AND currency = {record_currency:String}";
    let read = |topic: &str, partition: &str, offset: &str| {
        let read_to =
            |column: &str| format!("(SELECT `positions.{column}` FROM highwater.close_records WHERE {record})");
        format!(
            "arrayExists((topic, partition, next_offset) -> topic = {topic} AND partition = {partition} AND {offset} < next_offset,\n    \
             {}, {}, {})",
            read_to("topic"),
            read_to("partition"),
            read_to("next_offset")
        )
    };
    let placed = read("place_topic", "place_partition", "place_offset");
    let taken = read("retract_topic", "ifNull(retract_partition, 0)", "ifNull(retract_offset, 0)");
    Ok(format!("{placed}\n  AND NOT (retracted AND {taken})"))
}

/// The record that billed last what a reversal takes back: the start of its period, its revision and its currency.
async fn billed_before(
    connection: &Connection,
    line: &Explained,
) -> Result<Option<(String, String, String)>, CommandError> {
    let sql = "SELECT toString(toUnixTimestamp64Micro(period_start)) AS record_start, toString(revision) AS record_revision, toString(currency) AS record_currency
        FROM highwater.final_lines
        WHERE organization_id = {organization:String} AND (line_id = {line:String} OR (corrects_line_id = {line:String} AND kind = 'correction'))
          AND (toUnixTimestamp64Micro(period_start), revision) < ({start:Int64}, {revision:UInt32})
        ORDER BY period_start DESC, revision DESC LIMIT 1";
    let parameters = [
        ("organization", line.organization_id.clone()),
        ("line", line.original().to_owned()),
        ("start", line.period_start_us.clone()),
        ("revision", line.revision.to_string()),
    ];
    let rows = connection.rows(sql, &parameters).await?;
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    Ok(rows.first().map(|row| (text(row, "record_start"), text(row, "record_revision"), text(row, "record_currency"))))
}

fn compare(line: &Explained, meter: &Meter, sql: String, parameters: &Parameters, found: (String, String)) -> Check {
    let (found_events, found_quantity) = found;
    let events = found_events.parse::<i64>().unwrap_or_default();
    let parsed = |text: &str| Quantity::parse(text.as_bytes()).ok();
    // Nothing comes to nothing, whatever the aggregation.
    let quantity = if events == 0 { Some(Quantity::ZERO) } else { parsed(&found_quantity) };
    let quantity = quantity.map(|it| if meter.aggregation == "average" { average(it, events) } else { it });
    // A reversal takes back what the events came to.
    let sign = if line.kind == "reversal" { -1 } else { 1 };
    let quantity = quantity.map(|it| Quantity(it.0 * sign));
    let expected = parsed(&line.quantity);
    let expected_events = line.events.parse::<i64>().unwrap_or_default();
    let apart = quantity.zip(expected).map(|(found, expected)| Quantity(found.0 - expected.0));
    Check {
        sql,
        parameters: parameters.iter().map(|(name, value)| set_parameter(name, value)).collect(),
        aggregation: meter.aggregation.clone(),
        value: meter.value.clone(),
        expected_events: line.events.clone(),
        found_events,
        expected_quantity: line.quantity.clone(),
        found_quantity: quantity.map(|it| it.to_string()),
        equal: events == expected_events && apart == Some(Quantity::ZERO),
        events_apart: events - expected_events,
        quantity_apart: apart.map(|it| it.to_string()),
    }
}

/// To nine digits, half away from zero, as the meter has it.
fn average(sum: Quantity, events: i64) -> Quantity {
    let events = i128::from(events.max(1));
    let (quotient, remainder) = (sum.0 / events, sum.0 % events);
    let away = if remainder.abs() * 2 >= events { sum.0.signum() } else { 0 };
    Quantity(quotient + away)
}

/// As `clickhouse-client` takes it; a text with a quote or a backslash stays one text.
fn set_parameter(name: &str, value: &str) -> String {
    format!("SET param_{name} = '{}';", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_is_rounded_as_the_meter_rounds_it() {
        for (sum, events, expected) in [(10, 4, 3), (-10, 4, -3), (9, 4, 2), (0, 0, 0)] {
            assert_eq!(average(Quantity(sum), events), Quantity(expected), "{sum} / {events}");
        }
    }

    #[test]
    fn a_name_with_a_quote_stays_one_text() {
        assert_eq!(set_parameter("meter", r"a'; \"), r"SET param_meter = 'a\'; \\';");
    }
}
