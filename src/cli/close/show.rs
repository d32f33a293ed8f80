//! `highwater close show`: a plan file for people.

use super::plan_file::{self, money, total};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::output;
use clap::Args;
use highwater_settlement::flag::Flag;
use highwater_settlement::plan::{Bucket, ClosePlan, Item, Mode};
use std::path::PathBuf;

/// Print a plan file: all of it, what stands out, or one organization line by line
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater close show close.json
  highwater close show close.json --flagged
  highwater close show close.json --organization acme")]
pub struct ShowArguments {
    /// The plan file
    pub plan: PathBuf,
    /// Only what is not simply ready
    #[arg(long)]
    pub flagged: bool,
    /// This organization's invoices, line by line; may be repeated
    #[arg(long, value_name = "ID")]
    pub organization: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

pub fn run(arguments: &ShowArguments) -> Result<Exit, CommandError> {
    let plan = plan_file::read(&arguments.plan)?;
    if !arguments.organization.is_empty() {
        let items = plan_file::chosen(&plan, &arguments.organization)?;
        match arguments.json {
            true => output::json(&items)?,
            false => items.into_iter().try_for_each(lines)?,
        }
        return Ok(Exit::Done);
    }
    if arguments.json {
        output::json(&plan)?;
        return Ok(Exit::Done);
    }
    if !arguments.flagged {
        summary(&plan)?;
        output::line("")?;
    }
    let shown = plan.items.iter().filter(|item| !arguments.flagged || item.bucket < Bucket::Ready);
    items(shown)?;
    Ok(Exit::Done)
}

/// Buckets, worst first, and the plan's name.
pub fn summary(plan: &ClosePlan) -> Result<(), CommandError> {
    let mode = match plan.mode {
        Mode::Test => "TEST mode",
        Mode::Live => "LIVE mode",
    };
    output::line(&format!("plan {} for account {} in {mode}, made {}", plan.hash, plan.account, plan.made_at))?;
    if plan.items.is_empty() {
        return output::line("no final period is to be billed");
    }
    let mut table = output::table(["bucket", "periods", "total"]);
    for bucket in Bucket::ALL {
        let items = || plan.items.iter().filter(|item| item.bucket == bucket);
        if items().next().is_some() {
            table.add_row([bucket.name().to_owned(), items().count().to_string(), total(items())]);
        }
    }
    output::line(&table.trim_fmt())
}

fn items<'a>(items: impl Iterator<Item = &'a Item>) -> Result<(), CommandError> {
    let mut items: Vec<&Item> = items.collect();
    items.sort_by_key(|item| item.bucket);
    let mut table = output::table(["bucket", "organization", "period", "total", "why"]);
    for item in &items {
        let record = &item.record;
        table.add_row([
            item.bucket.name().to_owned(),
            record.organization_id.clone(),
            date(record.period_start),
            money(record.total_minor_units, &record.currency),
            why(item),
        ]);
    }
    output::line(&table.trim_fmt())
}

/// What blocks it, who holds it, or what stands out.
fn why(item: &Item) -> String {
    let block = item.block.as_ref().map(|block| format!("{}: {}", block.name(), block.fix()));
    let held = item.held.as_ref().map(|reason| format!("held: {reason}"));
    let flags = item.flags.iter().map(|flag| flagged(flag, &item.record.currency));
    block.into_iter().chain(held).chain(flags).collect::<Vec<_>>().join("; ")
}

fn flagged(flag: &Flag, currency: &str) -> String {
    let detail = match flag {
        Flag::AmountVariance { difference_minor_units, cause } => {
            let cause = cause.map_or(String::new(), |cause| {
                let parts = [
                    ("usage", cause.usage),
                    ("price", cause.price),
                    ("terms", cause.terms),
                    ("credits", cause.credits),
                    ("corrections", cause.corrections),
                ];
                let parts = parts.into_iter().filter(|(_, amount)| *amount != 0);
                let parts: Vec<String> =
                    parts.map(|(name, amount)| format!("{name} {}", money(amount, currency))).collect();
                format!(" = {}", parts.join(" + "))
            });
            format!(" {}{cause}", money(*difference_minor_units, currency))
        }
        Flag::BigCorrection { corrections_minor_units } => format!(" {}", money(*corrections_minor_units, currency)),
        Flag::OtherCurrency { before } => format!(" {before} before"),
        _ => String::new(),
    };
    format!("{}{detail}", flag.name())
}

fn lines(item: &Item) -> Result<(), CommandError> {
    let record = &item.record;
    let (from, to) = (date(record.period_start), date(record.period_end));
    let total = money(record.total_minor_units, &record.currency);
    output::line(&format!("{} from {from} to {to}: {total}, {}", record.organization_id, item.bucket.name()))?;
    let why = why(item);
    if !why.is_empty() {
        output::line(&format!("  {why}"))?;
    }
    let Some(invoice) = &item.invoice else { return Ok(()) };
    output::line(&format!("  to {} as \"{}\", content {}", invoice.customer.id, invoice.description, invoice.content))?;
    let mut table = output::table(["  line", "kind", "amount", "description"]);
    for line in &invoice.lines {
        let amount = money(line.amount_minor_units, &record.currency);
        table.add_row([format!("  {}", line.line_id), line.kind.name().into(), amount, line.description.clone()]);
    }
    output::line(table.trim_fmt().trim_end())
}

/// The day in UTC.
pub fn date(time: highwater_rating::time::EventTime) -> String {
    time.to_string().chars().take(10).collect()
}
