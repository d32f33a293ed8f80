//! The ClickHouse engine inside this process, behind ClickHouse's own HTTP interface.
//!
//! One client path serves both: what the service and an analyst's tool send to a server, they send here. Owns the
//! engine's life; does not own the schema. The engine takes one data folder per process, and a folder one process.

mod connection;
mod engine;
mod exception;
mod front;
mod library;
mod streams;

pub use engine::EngineError;
pub use exception::Exception;
pub use library::LibraryError;

use super::Secret;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;

/// How the engine is started.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file `libchdb.so`.
    pub library: PathBuf,
    /// Where the tables are kept; created where it does not exist.
    pub data_dir: PathBuf,
    /// Port 0 takes any free one; [`Running::url`] tells which.
    pub listen: SocketAddr,
    pub user: String,
    /// Empty means that none is asked for.
    pub password: Secret,
}

impl Settings {
    /// Where `make engine` puts the library, relative to the project's folder.
    pub const LIBRARY: &'static str = ".parts/clickhouse/libchdb.so";
    /// Names another file.
    pub const LIBRARY_VARIABLE: &'static str = "HIGHWATER_CLICKHOUSE_LIBRARY";

    /// The library that the environment names, or the one that `make engine` installs.
    pub fn default_library() -> PathBuf {
        std::env::var_os(Self::LIBRARY_VARIABLE).map(PathBuf::from).unwrap_or_else(|| Self::LIBRARY.into())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error(transparent)]
    Library(#[from] LibraryError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("ClickHouse's HTTP front cannot listen on {listen}: {error}")]
    Listen { listen: SocketAddr, error: std::io::Error },
}

/// Starts engines.
pub struct EmbeddedEngine;

impl EmbeddedEngine {
    /// Loads the library, opens the data folder and serves on `settings.listen` until [`Running::stop`].
    pub async fn start(settings: Settings) -> Result<Running, EmbeddedError> {
        let listen = settings.listen;
        // Bound first: a port in use is told before the engine has touched its folder.
        let listener =
            tokio::net::TcpListener::bind(listen).await.map_err(|error| EmbeddedError::Listen { listen, error })?;
        let address = listener.local_addr().map_err(|error| EmbeddedError::Listen { listen, error })?;
        let (library, data_dir) = (settings.library.clone(), settings.data_dir.clone());
        let engine = tokio::task::spawn_blocking(move || -> Result<engine::Engine, EmbeddedError> {
            Ok(engine::Engine::open(library::Library::load(&library)?, &data_dir)?)
        });
        let engine = Arc::new(match engine.await {
            Ok(opened) => opened?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        });
        let (stop, stopped) = watch::channel(false);
        let front =
            front::serve(listener, engine.clone(), front::Credentials::new(settings.user, settings.password), stopped);
        Ok(Running { address, version: engine.version.clone(), engine, stop, front: tokio::spawn(front) })
    }
}

/// An engine that serves.
pub struct Running {
    address: SocketAddr,
    version: String,
    engine: Arc<engine::Engine>,
    stop: watch::Sender<bool>,
    front: tokio::task::JoinHandle<()>,
}

impl Running {
    /// For any ClickHouse client: `http://127.0.0.1:8123`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// ClickHouse's version: `26.7.2.1`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Takes no more statements, lets those under way end, and closes the data folder.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.front.await {
            tracing::warn!(%error, "the ClickHouse front ended badly");
        }
        let engine = self.engine;
        // Closing the last connection shuts the engine down, which waits for its threads.
        tokio::task::spawn_blocking(move || engine.close()).await.ok();
    }
}
