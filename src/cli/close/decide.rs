//! `highwater close approve|hold|release`: what a person decides about the bills of a plan, with a name and a reason.

use super::desk::Desk;
use super::plan_file;
use crate::cli::connection::Connection;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::global::GlobalArguments;
use crate::cli::{block_on, output};
use crate::close::clock::{Clock, SystemClock};
use clap::Args;
use highwater_rating::time::EventTime;
use highwater_settlement::intent::Bill;
use highwater_settlement::ledger::{Entry, LedgerEvent};
use highwater_settlement::moment::Moment;
use highwater_settlement::plan::{Bucket, ClosePlan, Item};
use std::path::PathBuf;

/// Let invoices of a plan be sent that wait for a person
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater close approve close.json --all --by ana --reason 'looked at each'
  highwater close approve close.json --organization acme --by ana --reason 'new plan'

An approval names the invoice's content: where that changes, the invoice waits again.")]
pub struct ApproveArguments {
    /// The plan file
    pub plan: PathBuf,
    /// The invoices of this organization; may be repeated
    #[arg(long, value_name = "ID", required_unless_present = "all")]
    pub organization: Vec<String>,
    /// Every invoice of the plan that waits
    #[arg(long, conflicts_with = "organization")]
    pub all: bool,
    #[command(flatten)]
    pub word: Word,
}

/// Keep invoices of a plan from being sent
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater close hold close.json --organization acme --by ana --reason 'late events'")]
pub struct HoldArguments {
    /// The plan file
    pub plan: PathBuf,
    /// The invoices of this organization; may be repeated
    #[arg(long, value_name = "ID", required = true)]
    pub organization: Vec<String>,
    /// Until when; else until it is released
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub until: Option<Moment>,
    #[command(flatten)]
    pub word: Word,
}

/// Let invoices be sent again that were held
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater close release close.json --organization acme --by ana --reason 'answered'")]
pub struct ReleaseArguments {
    /// The plan file
    pub plan: PathBuf,
    /// The invoices of this organization; may be repeated
    #[arg(long, value_name = "ID", required = true)]
    pub organization: Vec<String>,
    #[command(flatten)]
    pub word: Word,
}

#[derive(Args, Clone, Debug)]
pub struct Word {
    /// Who decides
    #[arg(long, value_name = "NAME")]
    pub by: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

impl Word {
    pub fn check(&self) -> Result<(), CommandError> {
        if self.by.trim().is_empty() || self.reason.trim().is_empty() {
            return Err(CommandError::usage("a decision has a name and a reason").help("--by NAME --reason TEXT"));
        }
        Ok(())
    }
}

pub fn approve(global: &GlobalArguments, arguments: &ApproveArguments) -> Result<Exit, CommandError> {
    let plan = plan_file::read(&arguments.plan)?;
    let waits = |item: &&Item| matches!(item.bucket, Bucket::Flagged | Bucket::Changed);
    let items: Vec<&Item> = match arguments.all {
        true => plan.items.iter().filter(waits).collect(),
        false => plan_file::chosen(&plan, &arguments.organization)?,
    };
    let event = |item: &Item| {
        let invoice = item.invoice.as_ref()?;
        Some(LedgerEvent::Approved { content: invoice.content.clone(), plan: plan.hash.clone() })
    };
    enter(global, &plan, &items, &arguments.word, "approved", event)
}

pub fn hold(global: &GlobalArguments, arguments: &HoldArguments) -> Result<Exit, CommandError> {
    let plan = plan_file::read(&arguments.plan)?;
    let items = plan_file::chosen(&plan, &arguments.organization)?;
    enter(global, &plan, &items, &arguments.word, "held", |_| Some(LedgerEvent::Held { until: arguments.until }))
}

pub fn release(global: &GlobalArguments, arguments: &ReleaseArguments) -> Result<Exit, CommandError> {
    let plan = plan_file::read(&arguments.plan)?;
    let items = plan_file::chosen(&plan, &arguments.organization)?;
    enter(global, &plan, &items, &arguments.word, "released", |_| Some(LedgerEvent::Released))
}

fn enter(
    global: &GlobalArguments,
    plan: &ClosePlan,
    items: &[&Item],
    word: &Word,
    done: &str,
    event: impl Fn(&Item) -> Option<LedgerEvent>,
) -> Result<Exit, CommandError> {
    word.check()?;
    let settings = global.settings(Vec::new())?;
    if plan.account != settings.config.stripe.account {
        return Err(CommandError::input(format_args!("the plan is for account {}", plan.account)));
    }
    let desk = Desk::open(&settings.config)?;
    let entry = |item: &&Item| {
        let event = event(item)?;
        let (at, actor, reason) = (SystemClock.now(), word.by.clone(), word.reason.clone());
        Some(Entry { at, bill: bill(item), actor, reason, event })
    };
    let entries: Vec<Entry> = items.iter().filter_map(entry).collect();
    let count = entries.len();
    block_on(async {
        desk.enter(entries).await?;
        // The decision holds; its copy may follow.
        match Connection::open(&settings.config).await {
            Ok(connection) => {
                let copied = desk.copy_ledger(&connection).await;
                connection.close().await;
                copied
            }
            Err(error) => {
                eprintln!("the ledger in ClickHouse is behind: {}", error.message);
                Ok(())
            }
        }
    })??;
    output::line(&format!("{} {done}", output::counted(count, "invoice", "invoices")))?;
    Ok(if count == 0 { Exit::Negative } else { Exit::Done })
}

fn bill(item: &Item) -> Bill {
    let record = &item.record;
    item.invoice.as_ref().map_or_else(
        || Bill {
            organization_id: record.organization_id.clone(),
            period_start: record.period_start,
            currency: record.currency.clone(),
            revision: record.revision,
            reissue: 0,
        },
        |invoice| invoice.bill.clone(),
    )
}

fn instant(text: &str) -> Result<Moment, String> {
    EventTime::parse(text.as_bytes()).map(|time| Moment(time.0)).map_err(|error| error.to_string())
}
