//! `highwater catalog plan|apply|show`: from catalog files to the rows in force.

mod apply;
mod in_force;
mod plan;
mod show;

pub use apply::ApplyArguments;
pub use plan::PlanArguments;
pub use show::ShowArguments;

pub(super) use in_force::TableStreams;

use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use clap::Subcommand;

/// See what a changed catalog would do, then do exactly that
#[derive(Clone, Debug, Subcommand)]
pub enum CatalogCommand {
    Plan(PlanArguments),
    Apply(ApplyArguments),
    Show(ShowArguments),
}

pub fn run(global: &GlobalArguments, command: &CatalogCommand) -> Result<Exit, CommandError> {
    match command {
        CatalogCommand::Plan(arguments) => plan::run(global, arguments),
        CatalogCommand::Apply(arguments) => apply::run(global, arguments),
        CatalogCommand::Show(arguments) => show::run(global, arguments),
    }
}
