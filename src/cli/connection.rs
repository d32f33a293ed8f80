//! ClickHouse as commands reach it: the configured server, the engine of a running service, or the engine itself.
//!
//! Owns finding it and reading rows as JSON. Does not own what the rows are (`schemas/clickhouse`).

use super::exit::CommandError;
use crate::clickhouse::embedded::{EmbeddedEngine, EmbeddedError, Running, Settings};
use crate::clickhouse::{ClickHouseSettings, Databases, Secret, Store};
use crate::config::Config;
use serde_json::Value;
use std::net::SocketAddr;

pub struct Connection {
    pub store: Store,
    /// Started by this command, where no service runs.
    engine: Option<Running>,
}

impl Connection {
    pub async fn open(config: &Config) -> Result<Connection, CommandError> {
        let clickhouse = &config.clickhouse;
        let password = clickhouse.password.as_ref().map(crate::config::Secret::reveal).transpose();
        let password = Secret::new(password.map_err(CommandError::configuration)?.unwrap_or_default());
        let (url, engine) = if !clickhouse.embedded {
            (clickhouse.url.clone(), None)
        } else if tokio::net::TcpStream::connect(clickhouse.listen).await.is_ok() {
            (format!("http://{}", clickhouse.listen), None)
        } else {
            let engine = start(config, password.clone()).await?;
            (engine.url(), Some(engine))
        };
        let user = clickhouse.user.clone();
        let (databases, write_timeout) = (Databases::default(), clickhouse.write_timeout);
        let store = Store::connect(&ClickHouseSettings { url, user, password, databases, write_timeout });
        Ok(Connection { store, engine })
    }

    /// Rows of a query, a JSON object each. Values travel as ClickHouse's own parameters: `{code:String}` in the text.
    /// Decimals and 64-bit integers come as text, exactly.
    pub async fn rows(&self, query: &str, parameters: &[(&str, String)]) -> Result<Vec<Value>, CommandError> {
        let query = self.store.client().query(query);
        let query = query.with_setting("output_format_json_quote_decimals", "1");
        let query = query.with_setting("output_format_json_quote_64bit_integers", "1");
        let query = parameters.iter().fold(query, |query, (name, value)| query.param(name, value));
        let answer = match query.fetch_bytes("JSONEachRow") {
            Ok(mut answer) => answer.collect().await,
            Err(error) => Err(error),
        };
        let answer = answer.map_err(|error| self.failed(&error))?;
        let lines = answer.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let rows: Result<_, _> = lines.map(serde_json::from_slice).collect();
        rows.map_err(|error| CommandError::internal(format_args!("ClickHouse's answer: {error}")))
    }

    /// Hands out the rows of a query as they come, a JSON object each, written as in `rows`.
    pub async fn each_row(
        &self,
        query: &str,
        mut take: impl FnMut(&[u8]) -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        let query = self.store.client().query(query);
        let query = query.with_setting("output_format_json_quote_decimals", "1");
        let mut answer = query.fetch_bytes("JSONEachRow").map_err(|error| self.failed(&error))?;
        let mut open: Vec<u8> = Vec::new();
        while let Some(bytes) = answer.next().await.map_err(|error| self.failed(&error))? {
            open.extend_from_slice(&bytes);
            let Some(end) = open.iter().rposition(|byte| *byte == b'\n') else { continue };
            open[..end].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).try_for_each(&mut take)?;
            open.drain(..=end);
        }
        if open.is_empty() { Ok(()) } else { take(&open) }
    }

    pub async fn close(self) {
        if let Some(engine) = self.engine {
            engine.stop().await;
        }
    }

    fn failed(&self, error: &clickhouse::error::Error) -> CommandError {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        let failed = CommandError::unavailable(format_args!("ClickHouse at {}: {line}", self.store.url()));
        // No such table, no such database.
        let unmigrated = line.contains("Code: 60.") || line.contains("Code: 81.");
        failed.help(if unmigrated { "highwater migrate" } else { "highwater doctor" })
    }
}

/// The engine takes one process a folder, so this fails where a service starts at the same moment.
async fn start(config: &Config, password: Secret) -> Result<Running, CommandError> {
    let clickhouse = &config.clickhouse;
    let settings = Settings {
        library: clickhouse.library.clone().unwrap_or_else(Settings::default_library),
        data_dir: clickhouse.data_dir.clone().unwrap_or_else(|| config.service.data_dir.join("clickhouse")),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        user: clickhouse.user.clone(),
        password,
    };
    EmbeddedEngine::start(settings).await.map_err(|error| match error {
        EmbeddedError::Library(error) => CommandError::unavailable(error).help("make engine"),
        other => CommandError::unavailable(other),
    })
}
