//! `highwater close report`: the evidence of the close as a folder of CSV files.

use super::desk::{Desk, of_store};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::global::GlobalArguments;
use crate::cli::output;
use crate::close::report::report;
use clap::Args;
use highwater_settlement::intent::Bill;
use std::path::PathBuf;

/// Write what was billed, decided and compared as CSV files
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater close report --out evidence
  highwater close report --organization acme --out evidence

Writes invoices.csv, lines.csv, decisions.csv, reconciliation.csv and ledger.csv, from the journal in
the data folder.")]
pub struct ReportArguments {
    /// The folder; made where it is not there
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Only of this organization; may be repeated
    #[arg(long, value_name = "ID")]
    pub organization: Vec<String>,
}

pub fn run(global: &GlobalArguments, arguments: &ReportArguments) -> Result<Exit, CommandError> {
    let settings = global.settings(Vec::new())?;
    let desk = Desk::open(&settings.config)?;
    let kept = desk.store.read().map_err(of_store)?;
    let wanted = &arguments.organization;
    let is_meant = |bill: &Bill| wanted.is_empty() || wanted.contains(&bill.organization_id);
    let files = report(&kept, &desk.standings, is_meant).map_err(CommandError::internal)?;
    let failed = |error: std::io::Error| CommandError::input(format_args!("{}: {error}", arguments.out.display()));
    std::fs::create_dir_all(&arguments.out).map_err(failed)?;
    for (name, content) in &files {
        std::fs::write(arguments.out.join(name), content).map_err(failed)?;
    }
    output::line(&output::counted(files.len(), "file", "files"))?;
    Ok(Exit::Done)
}
