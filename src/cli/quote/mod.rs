//! `highwater quote`: questions as NDJSON in, answers as NDJSON out. One file a question's arguments and help.
//!
//! Does not own what a case means (`highwater_rating::quote`).

mod stream;

use super::exit::{CommandError, Exit};
use clap::{Args, Subcommand};
use highwater_rating::quote;
use std::path::PathBuf;

/// Ask what something would cost, by the rules that bills are made with
#[derive(Clone, Debug, Subcommand)]
pub enum QuoteCommand {
    /// What a quantity costs under a charge: exact and rounded, tier by tier
    #[command(after_help = "Examples:
  highwater quote price --in cases.ndjson
  highwater quote price < cases.ndjson > answers.ndjson

A case that is wrong gives a line {\"line\": …, \"error\": {\"code\": …, \"field\": …}}, and the next one is read.
Exit codes: 0 whatever the cases were, 65 with --strict when one was wrong, 65 when a file cannot be read.")]
    Price(QuoteArguments),
}

#[derive(Args, Clone, Debug)]
pub struct QuoteArguments {
    /// NDJSON files of cases, read in this order; standard input without it
    #[arg(long = "in", value_name = "FILE", num_args = 1..)]
    pub files: Vec<PathBuf>,
    /// End with exit code 65 when any case was wrong
    #[arg(long)]
    pub strict: bool,
}

pub fn run(command: &QuoteCommand) -> Result<Exit, CommandError> {
    let (arguments, question): (_, quote::Question) = match command {
        QuoteCommand::Price(arguments) => (arguments, quote::price),
    };
    stream::answer(arguments, question)
}
