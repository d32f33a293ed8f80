//! What the demo asks ClickHouse, and what it suggests to ask.

use super::table::UsageRow;
use crate::config::ClickHouse;
use serde::Deserialize;
use std::net::SocketAddr;

/// Reads the view that an analyst would read.
pub struct Reader {
    client: clickhouse::Client,
    url: String,
}

#[derive(Deserialize, clickhouse::Row)]
struct CurrentUsage {
    organization_id: String,
    meter_name: String,
    used: String,
    limit_text: String,
    overage_text: String,
    cost_text: String,
    currency_code: String,
    percent: i64,
}

const CURRENT_USAGE: &str = "
    SELECT organization_id, toString(meter) AS meter_name, toString(current) AS used, ifNull(toString(limit), '') AS limit_text,
           toString(overage) AS overage_text, toDecimalString(cost, 2) AS cost_text, toString(currency) AS currency_code,
           toInt64(ifNull(floor(used_percent), -1)) AS percent
    FROM highwater.current_usage
    WHERE limit IS NOT NULL
    ORDER BY overage > 0 DESC, cost DESC, percent DESC, organization_id, meter
    LIMIT 18";

impl Reader {
    pub fn new(url: &str, settings: &ClickHouse) -> anyhow::Result<Reader> {
        let mut client = clickhouse::Client::default().with_url(url).with_user(&settings.user);
        if let Some(password) = &settings.password {
            client = client.with_password(password.reveal()?);
        }
        Ok(Reader { client, url: url.to_owned() })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub async fn current_usage(&self) -> anyhow::Result<Vec<UsageRow>> {
        let rows: Vec<CurrentUsage> = self.client.query(CURRENT_USAGE).fetch_all().await?;
        let row = |row: CurrentUsage| UsageRow {
            organization_id: row.organization_id,
            meter: row.meter_name,
            quantity: row.used,
            limit: row.limit_text,
            overage: row.overage_text,
            cost: row.cost_text,
            currency: row.currency_code,
            used_percent: u64::try_from(row.percent).ok(),
        };
        Ok(rows.into_iter().map(row).collect())
    }
}

/// Where to look, and three queries worth pasting.
pub fn pasteable(url: &str, http: SocketAddr) -> String {
    let ask = |query: &str| format!("  curl -s {url} --data-binary \"{query}\"\n");
    [
        format!("\nClickHouse: {url}   events: http://{http}/v1/events   state: http://{http}/readyz\n"),
        ask("SELECT organization_id, meter, overage, cost FROM highwater.current_usage WHERE overage > 0 ORDER BY cost DESC FORMAT Pretty"),
        ask("SELECT window_start, sum(quantity) FROM highwater.usage_hour WHERE meter = 'api_calls' GROUP BY 1 ORDER BY 1 DESC LIMIT 24 FORMAT Pretty"),
        ask("SELECT outcome, code, count() FROM highwater.rejected_events GROUP BY ALL FORMAT Pretty"),
    ]
    .concat()
}
