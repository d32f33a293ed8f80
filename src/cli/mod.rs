//! The command line: arguments, dispatch, exit codes, logs. One file a command.
//!
//! Results go to standard output, everything else to standard error. Does not own what a command does beyond
//! reading its arguments and printing its answer.

pub mod catalog;
pub mod check;
pub mod close;
pub mod completions;
pub mod config;
mod connection;
pub mod dead_letters;
pub mod demo;
pub mod doctor;
pub mod exit;
pub mod explain;
pub mod global;
pub mod logging;
pub mod migrate;
pub mod output;
mod probe;
pub mod quote;
pub mod replay;
pub mod run;
mod send;
pub mod simulate;
pub mod state;
pub mod tap;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use exit::{CommandError, Exit};
use global::GlobalArguments;
use std::process::ExitCode;

/// Turns usage events into money, continuously.
#[derive(Debug, Parser)]
#[command(name = "highwater", version, propagate_version = true, max_term_width = 100)]
#[command(
    after_help = "Settings come from defaults, --config, HIGHWATER_* variables, --set and flags, the later ones \
winning.\nExit codes: 0 done, 1 the answer is no, 2 changes planned, 64 usage, 65 input data, 69 unreachable, \
70 internal, 75 outcome unknown, 78 configuration."
)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArguments,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Run(run::RunArguments),
    Demo(demo::DemoArguments),
    Replay(replay::ReplayArguments),
    Simulate(simulate::SimulateArguments),
    Explain(explain::ExplainArguments),
    Check(check::CheckArguments),
    #[command(subcommand)]
    Config(config::ConfigCommand),
    #[command(subcommand)]
    Catalog(catalog::CatalogCommand),
    Migrate(migrate::MigrateArguments),
    Doctor(doctor::DoctorArguments),
    Tap(tap::TapArguments),
    #[command(subcommand)]
    Quote(quote::QuoteCommand),
    #[command(subcommand)]
    Close(close::CloseCommand),
    #[command(subcommand)]
    DeadLetters(dead_letters::DeadLettersCommand),
    #[command(subcommand)]
    State(state::StateCommand),
    Completions(completions::CompletionsArguments),
}

/// Reads the process's arguments, does what they ask and says how it ended.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(global::gathered(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => {
            let exit = match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
                _ => Exit::Usage,
            };
            // A closed pipe is no reason for another code.
            let _ = error.print();
            return exit.into();
        }
    };
    logging::install_panic_hook();
    match dispatch(&cli.global, cli.command) {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("{error}");
            error.exit.into()
        }
    }
}

fn dispatch(global: &GlobalArguments, command: Command) -> Result<Exit, CommandError> {
    match command {
        Command::Run(arguments) => run::run(global, &arguments),
        Command::Demo(arguments) => demo::run(global, &arguments),
        Command::Replay(arguments) => replay::run(global, &arguments),
        Command::Simulate(arguments) => simulate::run(global, &arguments),
        Command::Explain(arguments) => explain::run(global, &arguments),
        Command::Check(arguments) => check::run(global, &arguments),
        Command::Config(command) => config::run(global, &command),
        Command::Catalog(command) => catalog::run(global, &command),
        Command::Migrate(arguments) => migrate::run(global, &arguments),
        Command::Doctor(arguments) => doctor::run(global, &arguments),
        Command::Tap(arguments) => tap::run(global, &arguments),
        Command::Quote(command) => quote::run(&command),
        Command::Close(command) => close::run(global, &command),
        Command::DeadLetters(command) => dead_letters::run(global, &command),
        Command::State(command) => state::run(global, &command),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}

/// For commands that ask over the network; `run` has its own threads.
fn block_on<T>(asking: impl Future<Output = T>) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CommandError::internal)?;
    Ok(runtime.block_on(asking))
}
