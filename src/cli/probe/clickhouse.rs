//! ClickHouse: the embedded engine's library, or the server's answer.

use super::{PATIENCE, Probe};
use crate::clickhouse::embedded::Settings;
use crate::config::Config;
use std::time::Instant;

pub async fn probe(config: &Config) -> Probe {
    if config.clickhouse.embedded { embedded(config).await } else { server(config).await }
}

async fn server(config: &Config) -> Probe {
    let clickhouse = &config.clickhouse;
    answer(Probe::new("clickhouse", clickhouse.url.clone()), &clickhouse.url, config).await
}

/// The engine takes one process a folder: where a service runs, it is asked; else its library is looked for.
async fn embedded(config: &Config) -> Probe {
    let listen = config.clickhouse.listen;
    if listen.port() != 0 && tokio::net::TcpStream::connect(listen).await.is_ok() {
        return answer(Probe::new("clickhouse, embedded", listen.to_string()), &format!("http://{listen}"), config)
            .await;
    }
    let library = config.clickhouse.library.clone().unwrap_or_else(Settings::default_library);
    let probe = Probe::new("clickhouse, embedded", library.display().to_string());
    match std::fs::metadata(&library) {
        Ok(file) if file.is_file() => probe.found(format!("{} MiB, not running", file.len() >> 20)),
        Ok(_) => probe.failed("it is no file", "set clickhouse.library to libchdb.so"),
        Err(error) => {
            let advice = "make engine, or set clickhouse.library, or clickhouse.embedded = false with a url";
            probe.failed(error.to_string(), advice)
        }
    }
}

async fn answer(probe: Probe, url: &str, config: &Config) -> Probe {
    let password = match config.clickhouse.password.as_ref().map(crate::config::Secret::reveal).transpose() {
        Ok(password) => password,
        Err(error) => return probe.failed(error.to_string(), "see clickhouse.password"),
    };
    let start = Instant::now();
    let Ok(client) = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build() else {
        return probe.failed("no HTTP client can be made", "report this");
    };
    let asked = client
        .get(url)
        .query(&[("query", "SELECT version()")])
        .basic_auth(&config.clickhouse.user, password)
        .send()
        .await;
    match asked {
        Ok(answer) if answer.status().is_success() => {
            let version = answer.text().await.unwrap_or_default();
            let mut probe = probe.since(start);
            probe.version = Some(version.trim().to_owned());
            probe
        }
        Ok(answer) if matches!(answer.status().as_u16(), 401 | 403) => {
            let message = format!("it refuses the user {}", config.clickhouse.user);
            probe.failed(message, "see clickhouse.user and clickhouse.password")
        }
        Ok(answer) => {
            let status = answer.status();
            let text = answer.text().await.unwrap_or_default();
            let line = text.lines().next().unwrap_or_default();
            probe.failed(format!("{status}: {line}"), "see ClickHouse's own log")
        }
        Err(error) if error.is_timeout() => probe.failed(
            format!("no answer within {} s", PATIENCE.as_secs()),
            "check clickhouse.url, the network and the server",
        ),
        Err(error) => {
            let mut cause: &dyn std::error::Error = &error;
            while let Some(deeper) = cause.source() {
                cause = deeper;
            }
            probe.failed(cause.to_string(), "check clickhouse.url, the network and the server")
        }
    }
}
