//! The one engine that the tests share, and clients of it.

use crate::host::Host;
use highwater::clickhouse::embedded::Settings;
use highwater::clickhouse::{ClickHouseSettings, Databases, Secret};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub const USER: &str = "highwater";
pub const PASSWORD: &str = "correct horse";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The library, installed if need be. `None`, and a line that says so, where this machine cannot have it.
pub fn library() -> Option<PathBuf> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let find = || {
        if let Some(named) = std::env::var_os(Settings::LIBRARY_VARIABLE) {
            return Some(named.into());
        }
        let library = root().join(Settings::LIBRARY);
        let installed = Command::new(root().join("tests/parts/install-clickhouse")).status();
        if library.exists() {
            return Some(library);
        }
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs the ClickHouse engine: {installed:?}");
        eprintln!("SKIPPED: this machine cannot install the ClickHouse engine ({installed:?})");
        None
    };
    LIBRARY.get_or_init(find).clone()
}

/// A folder that is new for this process, and gone with a later run.
pub fn fresh_folder(name: &str) -> PathBuf {
    let base = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clickhouse");
    for entry in std::fs::read_dir(&base).into_iter().flatten().flatten() {
        let process = entry.file_name().to_string_lossy().rsplit('-').next().unwrap_or_default().to_owned();
        if !Path::new("/proc").join(process).exists() {
            // Two test processes may clean up at once; either may be first.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    base.join(format!("{name}-{}", std::process::id()))
}

pub fn settings(library: PathBuf, data_dir: PathBuf) -> Settings {
    let listen = "127.0.0.1:0".parse().expect("a literal address");
    Settings { library, data_dir, listen, user: USER.into(), password: Secret::new(PASSWORD) }
}

/// The address of the engine that all tests share, started by the first one that asks; `None` where there is none.
pub fn url() -> Option<&'static str> {
    static HOST: OnceLock<Option<Host>> = OnceLock::new();
    let host = HOST.get_or_init(|| {
        library()?;
        Some(Host::start(&fresh_folder("shared")).expect("the engine starts"))
    });
    host.as_ref().map(|host| host.url.as_str())
}

/// The official client.
pub fn client(url: &str) -> clickhouse::Client {
    clickhouse::Client::default().with_url(url).with_user(USER).with_password(PASSWORD)
}

/// Asks over plain HTTP with the right credentials; gives status and body.
pub async fn ask(request: reqwest::RequestBuilder) -> (u16, String) {
    let response =
        request.header("X-ClickHouse-User", USER).header("X-ClickHouse-Key", PASSWORD).send().await.expect("an answer");
    let status = response.status().as_u16();
    (status, response.text().await.expect("a text"))
}

/// The product's own client, on databases of this name.
pub fn clickhouse_settings(url: &str, databases: Databases) -> ClickHouseSettings {
    let (url, user, password) = (url.to_owned(), USER.to_owned(), Secret::new(PASSWORD));
    ClickHouseSettings { url, user, password, databases, write_timeout: std::time::Duration::from_secs(120) }
}
