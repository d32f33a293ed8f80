//! HTTP as the tests speak it: one request at a time, each with its answer.

use serde_json::Value;
use std::sync::OnceLock;
use std::time::Duration;

/// Longer than any request may take on a busy machine, short enough that a hanging one is noticed.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    /// The body as JSON; what is none reads as null.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// Sends what `build` makes of the client. `Err` means that no whole answer came: what was asked may have been done.
pub fn send(build: impl FnOnce(&reqwest::Client) -> reqwest::RequestBuilder) -> Result<Answer, String> {
    static RUNTIME: OnceLock<(tokio::runtime::Runtime, reqwest::Client)> = OnceLock::new();
    let (runtime, client) = RUNTIME.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        // Without a pool, so that no test meets the connection of a process that was killed.
        let client = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).pool_max_idle_per_host(0).build();
        (runtime.expect("a runtime"), client.expect("a client"))
    });
    let request = build(client);
    runtime.block_on(async {
        let response = request.send().await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let body = response.text().await.map_err(|error| error.to_string())?;
        Ok(Answer { status, body })
    })
}
