//! The connection to ClickHouse, a server or the embedded engine alike.

use super::error::StoreError;
use super::{Databases, Secret};
use clickhouse::{Client, Compression, RowOwned, RowRead};
use std::time::Duration;

/// Where ClickHouse is, and who asks.
#[derive(Clone, Debug)]
pub struct ClickHouseSettings {
    /// `http://127.0.0.1:8123`, or `https://…`
    pub url: String,
    pub user: String,
    pub password: Secret,
    pub databases: Databases,
    /// Beyond it the outcome of a write is unknown.
    pub write_timeout: Duration,
}

/// How long a statement that reads or defines may take.
const STATEMENT_SECONDS: u64 = 60;

/// Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Store {
    pub(super) client: Client,
    pub(super) databases: Databases,
    url: String,
    pub(super) write_timeout: Duration,
}

impl Store {
    /// Asks nothing yet: the first statement tells whether somebody is there.
    pub fn connect(settings: &ClickHouseSettings) -> Store {
        let client = Client::default()
            .with_url(&settings.url)
            .with_user(&settings.user)
            .with_product_info("highwater", env!("CARGO_PKG_VERSION"));
        // On loopback packing costs more than the bytes that it saves.
        let client = if is_this_machine(&settings.url) { client.with_compression(Compression::None) } else { client };
        let client = match settings.password.expose() {
            "" => client,
            password => client.with_password(password),
        };
        let (databases, url) = (settings.databases.clone(), settings.url.clone());
        Store { client, databases, url, write_timeout: settings.write_timeout }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn databases(&self) -> &Databases {
        &self.databases
    }

    /// For statements of one's own. Values go in by `bind` or `param`, never into the text.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The server's version, such as `26.7.2.1`: somebody is there and lets us in.
    pub async fn version(&self) -> Result<String, StoreError> {
        let rows: Vec<String> = self.rows("ask for the version", self.client.query("SELECT version()")).await?;
        Ok(rows.concat())
    }

    pub(super) async fn execute(&self, task: &str, sql: &str) -> Result<(), StoreError> {
        let statement = self.client.query_raw(sql).with_setting("wait_end_of_query", "1");
        within(task, STATEMENT_SECONDS, statement.execute()).await
    }

    /// The rows of a statement, each as the struct has it.
    pub async fn read<R>(&self, task: &str, sql: &str) -> Result<Vec<R>, StoreError>
    where
        R: RowOwned + RowRead,
    {
        self.rows(task, self.client.query(sql)).await
    }

    pub(super) async fn rows<R>(&self, task: &str, query: clickhouse::query::Query) -> Result<Vec<R>, StoreError>
    where
        R: RowOwned + RowRead,
    {
        within(task, STATEMENT_SECONDS, query.fetch_all::<R>()).await
    }
}

fn is_this_machine(url: &str) -> bool {
    let url = reqwest::Url::parse(url).ok();
    match url.as_ref().and_then(reqwest::Url::host_str) {
        Some("localhost") => true,
        Some(host) => {
            host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

/// Every call has an end: a server that says nothing is an indefinite outcome, not a wait.
pub(super) async fn within<T>(
    task: &str,
    seconds: u64,
    call: impl Future<Output = clickhouse::error::Result<T>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(Duration::from_secs(seconds), call).await {
        Ok(outcome) => outcome.map_err(|error| StoreError::new(task, &error)),
        Err(_) => Err(StoreError::timed_out(task, seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::is_this_machine;

    #[test]
    fn only_loopback_is_this_machine() {
        for (url, expected) in [
            ("http://127.0.0.1:8123", true),
            ("http://localhost:8123/", true),
            ("http://[::1]:8123", true),
            ("http://10.0.0.1:8123", false),
            ("https://clickhouse.example", false),
            ("no url", false),
        ] {
            assert_eq!(is_this_machine(url), expected, "{url}");
        }
    }
}
