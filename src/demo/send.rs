//! Sends the demo's traffic the way a customer's gateway would: NDJSON over HTTP, tried again when asked to.

use highwater_rating::time::EventTime;
use std::time::Duration;

/// Events of one request.
const BATCH_EVENTS: usize = 2_000;
/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Clone)]
pub struct Sender {
    client: reqwest::Client,
    events_url: String,
    rows_url: String,
}

impl Sender {
    pub fn new(address: std::net::SocketAddr) -> Result<Sender, reqwest::Error> {
        let client = reqwest::Client::builder().timeout(REQUEST_TIMEOUT).no_proxy().build()?;
        let events_url = format!("http://{address}/v1/events?results=exceptions");
        Ok(Sender { client, events_url, rows_url: format!("http://{address}/v1/rows") })
    }

    /// Returns when all of them are acknowledged, calling `sent` with how many after each request.
    pub async fn events(&self, events: &[String], mut sent: impl FnMut(usize)) -> anyhow::Result<()> {
        for batch in events.chunks(BATCH_EVENTS) {
            self.post(&self.events_url, batch.join("\n")).await?;
            sent(batch.len());
        }
        Ok(())
    }

    /// Puts table rows in force, one line each.
    pub async fn rows(&self, lines: &[String]) -> anyhow::Result<()> {
        self.post(&self.rows_url, lines.join("\n")).await
    }

    async fn post(&self, url: &str, body: String) -> anyhow::Result<()> {
        loop {
            let request = self.client.post(url).header("content-type", "application/x-ndjson").body(body.clone());
            let answer = request.send().await?;
            if answer.status() == reqwest::StatusCode::TOO_MANY_REQUESTS {
                // The same body again is harmless: identities are in the events.
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
            let status = answer.status();
            anyhow::ensure!(
                status.is_success(),
                "{url} answered {status}: {}",
                answer.text().await.unwrap_or_default()
            );
            return Ok(());
        }
    }
}

pub fn now() -> EventTime {
    EventTime(jiff::Timestamp::now().as_microsecond())
}
