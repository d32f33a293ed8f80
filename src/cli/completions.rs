//! `highwater completions`: for the shell.

use super::Cli;
use super::exit::{CommandError, Exit};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Print completions for a shell
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater completions bash > /etc/bash_completion.d/highwater
  highwater completions zsh > ~/.zfunc/_highwater")]
pub struct CompletionsArguments {
    pub shell: Shell,
}

pub fn run(arguments: &CompletionsArguments) -> Result<Exit, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "highwater", &mut script);
    super::output::line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Done)
}
