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
    /// Where billing periods begin and end: as instants, and on the clocks of their time zone
    #[command(after_help = "Examples:
  echo '{\"anchor\":\"2026-01-31\",\"time_zone\":\"Europe/Vienna\"}' | highwater quote periods
  highwater quote periods --in cases.ndjson

A case has the cadence of a subscription (anchor, interval, interval_count, time_zone), from (the first period holds it)
and count (12).
Exit codes: 0 whatever the cases were, 65 with --strict when one was wrong, 65 when a file cannot be read.")]
    Periods(QuoteArguments),
    /// What prices that change inside a period come to, line by line
    #[command(after_help = "Examples:
  highwater quote prorate --in cases.ndjson
  highwater quote prorate --strict < cases.ndjson > answers.ndjson

A case has a currency, a period {start, end}, prices [{from, price, quantity}, …], each up to the next one, and to where
the last one ends inside the period.
Exit codes: 0 whatever the cases were, 65 with --strict when one was wrong, 65 when a file cannot be read.")]
    Prorate(QuoteArguments),
    /// What credits cover of usage over time, what is left of them, and when more is asked for
    #[command(after_help = "Examples:
  highwater quote credits --in cases.ndjson
  highwater quote credits --strict < cases.ndjson > answers.ndjson

A case has the rows of one ledger as their tables have them, grants and policies; usage [{at, quantity}, …]; at, the
instants of which balances are asked; and until, how far what happens by itself is worked out.
Exit codes: 0 whatever the cases were, 65 with --strict when one was wrong, 65 when a file cannot be read.")]
    Credits(QuoteArguments),
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
        QuoteCommand::Periods(arguments) => (arguments, quote::periods),
        QuoteCommand::Prorate(arguments) => (arguments, quote::prorate),
        QuoteCommand::Credits(arguments) => (arguments, quote::credits),
    };
    stream::answer(arguments, question)
}
