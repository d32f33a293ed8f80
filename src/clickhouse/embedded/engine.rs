//! The engine's life in this process: its folder, its connections, its sessions.

use super::connection::Connection;
use super::exception::{self, Exception};
use super::library::{self, Library};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Idle connections that are kept; opening one costs about 0.14 ms.
const IDLE_CONNECTIONS_MAX: usize = 16;
/// Sessions that clients opened by `session_id` and that hold a connection each.
const SESSIONS_MAX: usize = 64;
/// ClickHouse's default `session_timeout`.
const SESSION_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(
        "this process has the ClickHouse engine open already, on {data_dir}; the engine takes one folder per process"
    )]
    OpenHere { data_dir: PathBuf },
    #[error("the ClickHouse folder {data_dir} is in use by process {process}")]
    OpenElsewhere { data_dir: PathBuf, process: String },
    #[error("the ClickHouse folder {data_dir} cannot be used: {error}")]
    Folder { data_dir: PathBuf, error: std::io::Error },
    #[error("the ClickHouse engine refused to open {data_dir}; its reason is on standard error")]
    Refused { data_dir: PathBuf },
    #[error("the ClickHouse engine answered its first question with: {0}")]
    FirstQuestion(#[from] Exception),
}

/// The folder that this process has open.
static OPEN: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Nothing that is locked here is left half-changed by a panic.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

pub(super) struct Engine {
    library: &'static Library,
    arguments: Vec<String>,
    pub version: String,
    pub time_zone: String,
    /// Names of all settings, to tell a misspelt url parameter.
    pub settings: HashSet<String>,
    /// The engine shuts down with its last connection: this one is never lent out.
    anchor: Mutex<Option<Connection>>,
    idle: Mutex<Vec<Connection>>,
    sessions: Mutex<HashMap<String, Session>>,
    _folder: Folder,
}

struct Session {
    connection: Arc<Mutex<Connection>>,
    expires_at: Instant,
    timeout: Duration,
}

impl Engine {
    pub fn open(library: &'static Library, data_dir: &Path) -> Result<Engine, EngineError> {
        let folder = Folder::claim(data_dir)?;
        let arguments = vec![format!("--path={}", folder.path.display())];
        let mut anchor = Connection::open(library, &arguments)
            .ok_or_else(|| EngineError::Refused { data_dir: data_dir.to_owned() })?;
        library::exit_without_destructors();
        let mut lines = |sql: &str| -> Result<Vec<String>, Exception> {
            let output = anchor.run(sql.as_bytes(), "TabSeparatedRaw", &[])?;
            Ok(String::from_utf8_lossy(output.bytes()).lines().map(str::to_owned).collect())
        };
        let version = lines("SELECT version()")?.concat();
        let time_zone = lines("SELECT timezone()")?.concat();
        let settings = lines("SELECT name FROM system.settings")?.into_iter().collect();
        Ok(Engine {
            library,
            arguments,
            version,
            time_zone,
            settings,
            anchor: Mutex::new(Some(anchor)),
            idle: Mutex::new(Vec::new()),
            sessions: Mutex::new(HashMap::new()),
            _folder: folder,
        })
    }

    /// A connection nobody else uses, in the state of a new one except for its `database`.
    pub fn lend(&self) -> Result<Connection, Exception> {
        let idle = locked(&self.idle).pop();
        match idle {
            Some(connection) => Ok(connection),
            None => self.open_another(),
        }
    }

    /// Takes a connection back. Give back only what no statement has changed.
    pub fn give_back(&self, connection: Connection) {
        let mut idle = locked(&self.idle);
        if idle.len() < IDLE_CONNECTIONS_MAX && locked(&self.anchor).is_some() {
            idle.push(connection);
        }
    }

    fn open_another(&self) -> Result<Connection, Exception> {
        // Holding the anchor keeps the engine from being closed and started anew in between.
        let anchor = locked(&self.anchor);
        if anchor.is_none() {
            return Err(Exception::from_engine(
                "Code: 236. DB::Exception: The engine is shutting down. (ABORTED)".into(),
            ));
        }
        Connection::open(self.library, &self.arguments)
            .ok_or_else(|| Exception::from_engine("the engine gave no connection".into()))
    }

    /// The connection of a session, opened with it. `must_exist` is ClickHouse's `session_check=1`.
    pub fn session(
        &self,
        id: &str,
        timeout: Option<Duration>,
        must_exist: bool,
    ) -> Result<Arc<Mutex<Connection>>, Exception> {
        let now = Instant::now();
        let mut sessions = locked(&self.sessions);
        sessions.retain(|_, session| session.expires_at > now || Arc::strong_count(&session.connection) > 1);
        if let Some(session) = sessions.get_mut(id) {
            session.timeout = timeout.unwrap_or(session.timeout);
            session.expires_at = now + session.timeout;
            return Ok(session.connection.clone());
        }
        if must_exist {
            return Err(Exception::new(372, "SESSION_NOT_FOUND", &format!("Session {id} not found")));
        }
        if sessions.len() >= SESSIONS_MAX {
            let message = format!("Too many sessions. Maximum: {SESSIONS_MAX}");
            return Err(Exception::new(
                exception::TOO_MANY_SIMULTANEOUS_QUERIES,
                "TOO_MANY_SIMULTANEOUS_QUERIES",
                &message,
            ));
        }
        let timeout = timeout.unwrap_or(SESSION_TIMEOUT);
        let connection = Arc::new(Mutex::new(self.open_another()?));
        sessions.insert(id.to_owned(), Session { connection: connection.clone(), expires_at: now + timeout, timeout });
        Ok(connection)
    }

    /// Closes every connection, and with the last one the engine.
    pub fn close(&self) {
        let anchor = locked(&self.anchor).take();
        locked(&self.idle).clear();
        locked(&self.sessions).clear();
        drop(anchor);
    }
}

/// The data folder, claimed by this process.
struct Folder {
    path: PathBuf,
    /// Its lock is held by the open file and ends with the process, however it ends.
    _lock: File,
}

impl Folder {
    fn claim(data_dir: &Path) -> Result<Folder, EngineError> {
        let failed = |error| EngineError::Folder { data_dir: data_dir.to_owned(), error };
        let mut open = locked(&OPEN);
        if let Some(path) = open.as_ref() {
            return Err(EngineError::OpenHere { data_dir: path.clone() });
        }
        std::fs::create_dir_all(data_dir).map_err(failed)?;
        let path = data_dir.canonicalize().map_err(failed)?;
        let lock_path = path.join("process");
        let mut lock =
            File::options().read(true).write(true).create(true).truncate(false).open(lock_path).map_err(failed)?;
        if let Err(error) = rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            if error != rustix::io::Errno::WOULDBLOCK {
                return Err(failed(error.into()));
            }
            let mut process = String::new();
            lock.read_to_string(&mut process).map_err(failed)?;
            return Err(EngineError::OpenElsewhere { data_dir: path, process: process.trim().to_owned() });
        }
        lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())).map_err(failed)?;
        *open = Some(path.clone());
        Ok(Folder { path, _lock: lock })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        *locked(&OPEN) = None;
    }
}
