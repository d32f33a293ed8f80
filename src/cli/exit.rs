//! How a command ends: the closed list of exit codes, and the error that carries one.

use std::fmt;
use std::process::ExitCode;

/// What the shell is told. The numbers follow sysexits where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, nothing left to do.
    Done = 0,
    /// Ran, and the answer is no.
    Negative = 1,
    /// A plan holds changes; only with `--detailed-exitcode`.
    Changes = 2,
    /// The command line is wrong.
    Usage = 64,
    /// Input data is wrong: an events file, a plan file.
    InputData = 65,
    /// A needed service cannot be reached; nothing was changed.
    Unavailable = 69,
    /// A fault of the program; a panic of a worker too.
    Internal = 70,
    /// What became of a call is not known; `close resume` asks again.
    OutcomeUnknown = 75,
    /// Settings or catalog are invalid.
    Configuration = 78,
    /// Ended by SIGINT; what was acknowledged is safe.
    Interrupted = 130,
    /// Ended by SIGTERM; what was acknowledged is safe.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

impl Exit {
    /// Ends the process at once, from any thread.
    pub fn now(self) -> ! {
        std::process::exit(i32::from(self as u8))
    }
}

/// Why a command ended without doing what it was asked, and what to do about it.
#[derive(Debug)]
pub struct CommandError {
    pub exit: Exit,
    pub message: String,
    pub help: Option<String>,
}

impl CommandError {
    pub fn new(exit: Exit, message: impl fmt::Display) -> CommandError {
        CommandError { exit, message: message.to_string(), help: None }
    }

    pub fn usage(message: impl fmt::Display) -> CommandError {
        CommandError::new(Exit::Usage, message)
    }

    pub fn input(message: impl fmt::Display) -> CommandError {
        CommandError::new(Exit::InputData, message)
    }

    pub fn unavailable(message: impl fmt::Display) -> CommandError {
        CommandError::new(Exit::Unavailable, message)
    }

    pub fn internal(message: impl fmt::Display) -> CommandError {
        CommandError::new(Exit::Internal, message)
    }

    pub fn configuration(message: impl fmt::Display) -> CommandError {
        CommandError::new(Exit::Configuration, message)
    }

    pub fn help(mut self, help: impl fmt::Display) -> CommandError {
        self.help = Some(help.to_string());
        self
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error: {}", self.message)?;
        match &self.help {
            Some(help) => write!(formatter, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CommandError {}

impl From<anyhow::Error> for CommandError {
    fn from(error: anyhow::Error) -> CommandError {
        CommandError::internal(format_args!("{error:#}"))
    }
}
