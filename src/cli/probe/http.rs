//! Where the HTTP API listens: free, or answered by Highwater already.

use super::{PATIENCE, Probe};
use std::net::SocketAddr;
use std::time::Instant;

pub async fn probe(address: SocketAddr) -> Probe {
    let start = Instant::now();
    let probe = Probe::new("http api", address.to_string());
    if address.port() == 0 {
        return probe.found("takes any free port");
    }
    match tokio::net::TcpListener::bind(address).await {
        Ok(_) => probe.since(start).found("free: no service is running here"),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => answered(probe, address, start).await,
        Err(error) => probe.failed(error.to_string(), "set service.listen_http to an address of this machine"),
    }
}

async fn answered(probe: Probe, address: SocketAddr, start: Instant) -> Probe {
    let taken = "something else answers there";
    let advice = "end it, or set service.listen_http";
    let Ok(client) = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build() else {
        return probe.failed(taken, advice);
    };
    // `0.0.0.0` is no address to connect to.
    let host = if address.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], address.port())) } else { address };
    let version = match client.get(format!("http://{host}/version")).send().await {
        Ok(answer) => answer.json::<serde_json::Value>().await.ok(),
        Err(_) => None,
    };
    let Some(version) = version.as_ref().and_then(|version| version["version"].as_str()) else {
        return probe.failed(taken, advice);
    };
    let mut probe = probe.since(start);
    probe.version = Some(version.to_owned());
    match client.get(format!("http://{host}/readyz")).send().await {
        Ok(answer) if answer.status().is_success() => probe.found("the service runs and is ready"),
        Ok(answer) => {
            let reasons = answer.text().await.unwrap_or_default();
            probe.warning("the service runs and is not ready", format!("see /readyz: {}", reasons.trim()))
        }
        Err(error) => probe.failed(error.to_string(), advice),
    }
}
