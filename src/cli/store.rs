//! ClickHouse as commands ask it: the configured server, the engine of a running service, or the engine itself.
//!
//! Owns finding it and reading rows as JSON. Does not own what the rows are (`schemas/clickhouse`).

use super::exit::CommandError;
use crate::clickhouse::embedded::{EmbeddedEngine, EmbeddedError, Running, Settings};
use crate::config::Config;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

pub struct Store {
    client: reqwest::Client,
    pub url: String,
    pub user: String,
    pub password: Option<String>,
    /// Started by this command, where no service runs.
    engine: Option<Running>,
}

impl Store {
    pub async fn open(config: &Config) -> Result<Store, CommandError> {
        let clickhouse = &config.clickhouse;
        let password = clickhouse.password.as_ref().map(crate::config::Secret::reveal).transpose();
        let password = password.map_err(CommandError::configuration)?;
        let (url, engine) = if !clickhouse.embedded {
            (clickhouse.url.clone(), None)
        } else if tokio::net::TcpStream::connect(clickhouse.listen).await.is_ok() {
            (format!("http://{}", clickhouse.listen), None)
        } else {
            let engine = start(config, password.clone()).await?;
            (engine.url(), Some(engine))
        };
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build();
        let client = client.map_err(CommandError::internal)?;
        Ok(Store { client, url, user: clickhouse.user.clone(), password, engine })
    }

    /// Rows of a query, a JSON object each. Values travel as ClickHouse's own parameters: `{code:String}` in the text.
    /// Decimals and 64-bit integers come as text, exactly.
    pub async fn rows(&self, query: &str, parameters: &[(&str, String)]) -> Result<Vec<Value>, CommandError> {
        let mut request = self
            .client
            .post(&self.url)
            .basic_auth(&self.user, self.password.as_ref())
            .query(&[("output_format_json_quote_decimals", "1"), ("output_format_json_quote_64bit_integers", "1")]);
        for (name, value) in parameters {
            request = request.query(&[(format!("param_{name}"), value)]);
        }
        let answer = request.body(format!("{query}\nFORMAT JSONEachRow")).send().await;
        let answer = answer.map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| self.unreachable(&error))?;
        if !status.is_success() {
            return Err(self.refused(status, &text));
        }
        let rows = text.lines().filter(|line| !line.is_empty()).map(serde_json::from_str);
        rows.collect::<Result<_, _>>()
            .map_err(|error| CommandError::internal(format_args!("ClickHouse's answer: {error}")))
    }

    pub async fn close(self) {
        if let Some(engine) = self.engine {
            engine.stop().await;
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> CommandError {
        CommandError::unavailable(format_args!("ClickHouse at {} does not answer: {error}", self.url))
            .help("highwater doctor")
    }

    fn refused(&self, status: reqwest::StatusCode, text: &str) -> CommandError {
        let line = text.lines().next().unwrap_or_default();
        let error = CommandError::unavailable(format_args!("ClickHouse at {} answers {status}: {line}", self.url));
        // UNKNOWN_TABLE, UNKNOWN_DATABASE
        if line.contains("Code: 60.") || line.contains("Code: 81.") { error.help("highwater migrate") } else { error }
    }
}

/// The engine takes one process a folder, so this fails where a service starts at the same moment.
async fn start(config: &Config, password: Option<String>) -> Result<Running, CommandError> {
    let clickhouse = &config.clickhouse;
    let settings = Settings {
        library: clickhouse.library.clone().unwrap_or_else(Settings::default_library),
        data_dir: clickhouse.data_dir.clone().unwrap_or_else(|| config.service.data_dir.join("clickhouse")),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        user: clickhouse.user.clone(),
        password: crate::clickhouse::Secret::new(password.unwrap_or_default()),
    };
    EmbeddedEngine::start(settings).await.map_err(|error| match error {
        EmbeddedError::Library(error) => CommandError::unavailable(error).help("make engine"),
        other => CommandError::unavailable(other),
    })
}
