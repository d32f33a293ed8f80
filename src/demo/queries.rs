//! What the demo asks ClickHouse, and what it suggests to ask.

use super::table::{BalanceRow, UsageRow};
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
    forecast_text: String,
}

const CURRENT_USAGE: &str = "
    SELECT usage.organization_id AS organization_id, toString(usage.meter) AS meter_name, toString(usage.current) AS used,
           ifNull(toString(usage.limit), '') AS limit_text, toString(usage.overage) AS overage_text,
           toDecimalString(usage.cost, 2) AS cost_text, toString(usage.currency) AS currency_code,
           toInt64(ifNull(floor(usage.used_percent), -1)) AS percent,
           if(ifNull(trend.bill_high_80, 0) = 0, '',
              concat(toDecimalString(trend.bill_low_80, 2), ' to ', toDecimalString(trend.bill_high_80, 2))) AS forecast_text
    FROM highwater.current_usage AS usage
    LEFT JOIN highwater.trends AS trend ON trend.organization_id = usage.organization_id AND trend.meter = usage.meter
    WHERE usage.limit IS NOT NULL
    ORDER BY usage.overage > 0 DESC, usage.cost DESC, percent DESC, organization_id, meter_name
    LIMIT 18";

#[derive(Deserialize, clickhouse::Row)]
struct Balance {
    organization_id: String,
    unit: String,
    grant_id: String,
    left: String,
    granted_text: String,
    burned_text: String,
}

const BALANCES: &str = "
    SELECT organization_id, toString(if(meter = '', currency, meter)) AS unit, grant_id, toString(balance) AS left,
           toString(granted) AS granted_text, toString(burned) AS burned_text
    FROM highwater.credit_balances
    ORDER BY balance = 0 DESC, burned / granted DESC, grant_id
    LIMIT 6";

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
            forecast: row.forecast_text,
        };
        Ok(rows.into_iter().map(row).collect())
    }

    pub async fn balances(&self) -> anyhow::Result<Vec<BalanceRow>> {
        let rows: Vec<Balance> = self.client.query(BALANCES).fetch_all().await?;
        let row = |row: Balance| BalanceRow {
            organization_id: row.organization_id,
            unit: row.unit,
            grant: row.grant_id,
            left: row.left,
            granted: row.granted_text,
            burned: row.burned_text,
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
        ask("SELECT organization_id, meter, usage_expected, limit_reached_at, bill_low_80, bill_expected, bill_high_80 FROM highwater.trends ORDER BY bill_expected DESC LIMIT 12 FORMAT Pretty"),
        ask("SELECT outcome, code, count() FROM highwater.rejected_events GROUP BY ALL FORMAT Pretty"),
    ]
    .concat()
}
