//! Logs to standard error, and what a panic does.

use super::exit::Exit;
use crate::config::{Log, LogFormat};
use std::io::{self, IsTerminal};
use tracing_subscriber::EnvFilter;

/// Starts the logs once; later calls change nothing.
pub fn start(log: &Log) {
    // One word is about Highwater: what it stands on speaks up only when something is wrong.
    let one_word = log.level.bytes().all(|byte| byte.is_ascii_alphabetic());
    let filter = EnvFilter::new(if one_word { format!("warn,highwater={}", log.level) } else { log.level.clone() });
    let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // The error is "already started".
    let _ = match log.format {
        LogFormat::Pretty => logs.with_ansi(colours).with_target(false).try_init(),
        LogFormat::Json => logs.json().flatten_event(true).with_current_span(false).try_init(),
    };
}

/// A panic on any thread ends the process with 70: a worker that is gone would leave its peers waiting for ever.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let payload = panic.payload();
        let message = payload.downcast_ref::<&str>().copied();
        let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        if tracing::event_enabled!(tracing::Level::ERROR) {
            tracing::error!(thread = thread.name().unwrap_or_default(), place, "internal error: {message}");
        } else {
            eprintln!("internal error: {message} ({place})");
        }
        Exit::Internal.now()
    }));
}
