//! `highwater close …`: final periods become invoices at Stripe, in steps that a person can look at between.

mod apply;
mod decide;
mod desk;
mod plan;
mod plan_file;
mod report;
mod resolve;
mod show;
mod status;
mod verify;
mod void;

use super::exit::{CommandError, Exit};
use super::global::GlobalArguments;
use clap::Subcommand;

/// Turn final periods into Stripe invoices: plan, look, approve, apply, verify
#[derive(Clone, Debug, Subcommand)]
pub enum CloseCommand {
    Plan(plan::PlanArguments),
    Show(show::ShowArguments),
    Approve(decide::ApproveArguments),
    Hold(decide::HoldArguments),
    Release(decide::ReleaseArguments),
    Apply(apply::ApplyArguments),
    Resume(apply::ResumeArguments),
    Verify(verify::VerifyArguments),
    Status(status::StatusArguments),
    Report(report::ReportArguments),
    Resolve(resolve::ResolveArguments),
    Void(void::VoidArguments),
}

pub fn run(global: &GlobalArguments, command: &CloseCommand) -> Result<Exit, CommandError> {
    match command {
        CloseCommand::Plan(arguments) => plan::run(global, arguments),
        CloseCommand::Show(arguments) => show::run(arguments),
        CloseCommand::Approve(arguments) => decide::approve(global, arguments),
        CloseCommand::Hold(arguments) => decide::hold(global, arguments),
        CloseCommand::Release(arguments) => decide::release(global, arguments),
        CloseCommand::Apply(arguments) => apply::run(global, arguments),
        CloseCommand::Resume(arguments) => apply::resume(global, arguments),
        CloseCommand::Verify(arguments) => verify::run(global, arguments),
        CloseCommand::Status(arguments) => status::run(global, arguments),
        CloseCommand::Report(arguments) => report::run(global, arguments),
        CloseCommand::Resolve(arguments) => resolve::run(global, arguments),
        CloseCommand::Void(arguments) => void::run(global, arguments),
    }
}
