//! `highwater close apply|resume`: the bills of a plan, and only those, go to Stripe.

use super::desk::{Desk, copy_ledger, stripe};
use super::plan_file::{self, money};
use crate::cli::connection::Connection;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::global::GlobalArguments;
use crate::cli::{block_on, output};
use crate::close::clock::{Clock, SystemClock};
use crate::close::closer::{BillEnd, Closer, Limits, SELF};
use crate::close::journal::Undertaking;
use crate::config::Config;
use clap::Args;
use highwater_settlement::intent::{Bill, Slot};
use highwater_settlement::moment::Span;
use highwater_settlement::plan::{Bucket, ClosePlan};
use highwater_settlement::state::Jitter;
use indicatif::{ProgressBar, ProgressStyle};
use rand::RngExt;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Send the invoices of a plan that are ready
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater close apply close.json
  highwater close apply close.json --json

Refuses a plan that is stale: what would be planned now must be the same. SIGINT and SIGTERM begin
nothing new and let finish what was sent. Ends with 0 when all of the plan is settled, with 1 when
something was refused, differs at Stripe or waits for a person, and with 75 when the outcome of a
call is unknown: then `highwater close resume`.")]
pub struct ApplyArguments {
    /// The plan file
    pub plan: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Go on with every invoice that was begun and is not settled
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  highwater close resume
  highwater close resume --json")]
pub struct ResumeArguments {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

pub fn run(global: &GlobalArguments, arguments: &ApplyArguments) -> Result<Exit, CommandError> {
    let plan = plan_file::read(&arguments.plan)?;
    let settings = global.settings_with_secrets(Vec::new())?;
    let config = &settings.config;
    if plan.account != config.stripe.account || plan.mode != config.stripe.mode.into() {
        let message = "the plan was made for another account or mode than the settings have";
        return Err(CommandError::input(message).help("see stripe.account and stripe.mode, or plan again"));
    }
    let stripe = stripe(config)?;
    let desk = Desk::open(config)?;
    block_on(async {
        let connection = Connection::open(config).await?;
        let done = applied(config, desk, &connection, stripe, &plan, arguments.json).await;
        connection.close().await;
        done
    })?
}

async fn applied(
    config: &Config,
    desk: Desk,
    connection: &Connection,
    stripe: crate::close::stripe::Stripe<crate::close::stripe::Https>,
    plan: &ClosePlan,
    as_json: bool,
) -> Result<Exit, CommandError> {
    let slots: BTreeSet<Slot> = plan.items.iter().map(|item| item.slot()).collect();
    let now = desk.plan(config, connection, |record| slots.contains(&record.slot())).await?;
    let stale = plan.stale(&now);
    if !stale.is_empty() {
        for stale in &stale {
            let lines = output::counted(stale.lines, "line", "lines");
            eprintln!("{}: {lines} changed since {}", stale.organization_id, plan.made_at);
        }
        let count = output::counted(stale.len(), "invoice is", "invoices are");
        return Err(CommandError::new(Exit::Negative, format_args!("the plan is stale: {count} no longer as planned"))
            .help("highwater close plan --out FILE"));
    }
    let at = SystemClock.now();
    let planned: BTreeSet<Slot> = plan.invoices().map(|(item, _)| item.slot()).collect();
    let ready = now.invoices().filter(|(item, _)| item.bucket == Bucket::Ready && planned.contains(&item.slot()));
    let undertakings: Vec<Undertaking> = ready
        .map(|(_, invoice)| Undertaking {
            account: plan.account.clone(),
            invoice: invoice.clone(),
            actor: SELF.into(),
            at,
        })
        .collect();
    let left: Vec<_> = now
        .items
        .iter()
        .filter(|item| !matches!(item.bucket, Bucket::Ready | Bucket::Settled | Bucket::Zero))
        .map(|item| (item.record.organization_id.clone(), item.bucket.name()))
        .collect();
    let mut ends = Ends::new(undertakings.len(), as_json);
    let closer = closer(config, desk.store, stripe)?;
    // Part of it may have been begun before.
    let kept = closer.journal.read().map_err(super::desk::of_store)?;
    let done = closer.apply(kept, undertakings, |bill, end| ends.heard(bill, end)).await;
    copy_ledger(&closer.journal, connection).await?;
    done.map_err(CommandError::unavailable)?;
    for (organization, bucket) in &left {
        eprintln!("{organization}: not sent, {bucket}");
    }
    Ok(match ends.shown()? {
        Exit::Done if !left.is_empty() => Exit::Negative,
        exit => exit,
    })
}

pub fn resume(global: &GlobalArguments, arguments: &ResumeArguments) -> Result<Exit, CommandError> {
    let settings = global.settings_with_secrets(Vec::new())?;
    let config = &settings.config;
    let stripe = stripe(config)?;
    let desk = Desk::open(config)?;
    block_on(async {
        let connection = Connection::open(config).await?;
        let closer = closer(config, desk.store, stripe)?;
        let kept = closer.journal.read().map_err(super::desk::of_store)?;
        let mut ends = Ends::new(0, arguments.json);
        let account = &config.stripe.account;
        let done = closer.resume(kept, account, |bill, end| ends.heard(bill, end)).await;
        let copied = copy_ledger(&closer.journal, &connection).await;
        connection.close().await;
        copied?;
        done.map_err(CommandError::unavailable)?;
        ends.shown()
    })?
}

pub type RealCloser = Closer<crate::close::stripe::Https, crate::close::store::CloseStore, SystemClock>;

pub fn closer(
    config: &Config,
    journal: crate::close::store::CloseStore,
    stripe: crate::close::stripe::Stripe<crate::close::stripe::Https>,
) -> Result<RealCloser, CommandError> {
    let (stop, stopping) = watch::channel(false);
    let mut interrupted = signal(SignalKind::interrupt()).map_err(CommandError::internal)?;
    let mut terminated = signal(SignalKind::terminate()).map_err(CommandError::internal)?;
    tokio::spawn(async move {
        tokio::select! { _ = interrupted.recv() => {}, _ = terminated.recv() => {} }
        eprintln!("stopping: nothing new is begun; what was sent is finished");
        stop.send_replace(true);
        // As long as somebody may wait for it.
        stop.closed().await;
    });
    let patience = i64::try_from(config.close.patience.as_micros()).unwrap_or(i64::MAX);
    Ok(Closer {
        stripe,
        journal,
        clock: SystemClock,
        jitter: || Jitter(rand::rng().random_range(0..=1_000)),
        limits: Limits { in_flight: config.close.in_flight, patience: Span(patience) },
        stopping,
    })
}

/// How the bills of a run ended.
struct Ends {
    ends: BTreeMap<Bill, BillEnd>,
    progress: ProgressBar,
    as_json: bool,
}

impl Ends {
    fn new(bills: usize, as_json: bool) -> Ends {
        // On a terminal only.
        let progress = ProgressBar::new(bills as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} invoices, {eta} left") {
            progress.set_style(style);
        }
        Ends { ends: BTreeMap::new(), progress, as_json }
    }

    fn heard(&mut self, bill: &Bill, end: &BillEnd) {
        self.progress.inc(1);
        self.ends.insert(bill.clone(), end.clone());
    }

    fn shown(self) -> Result<Exit, CommandError> {
        self.progress.finish_and_clear();
        let counted = |name: &str| self.ends.values().filter(|end| end.name() == name).count();
        if self.as_json {
            let bills: Vec<_> = self
                .ends
                .iter()
                .map(|(bill, end)| json!({ "bill": bill, "end": end.name(), "detail": detail(end, &bill.currency) }))
                .collect();
            output::json(&json!({ "bills": bills }))?;
        } else {
            let names = ["settled", "refused", "drifted", "needs_person", "unknown", "unread", "stopped"];
            let counts: Vec<String> = names
                .into_iter()
                .filter(|name| *name == "settled" || counted(name) > 0)
                .map(|name| format!("{} {name}", counted(name)))
                .collect();
            output::line(&counts.join(", "))?;
            let mut table = output::table(["organization", "period", "end", "detail"]);
            let mut rows = 0;
            for (bill, end) in self.ends.iter().filter(|(_, end)| !matches!(end, BillEnd::Settled { .. })) {
                rows += 1;
                table.add_row([
                    bill.organization_id.clone(),
                    super::show::date(bill.period_start),
                    end.name().into(),
                    detail(end, &bill.currency),
                ]);
            }
            if rows > 0 {
                output::line(&table.trim_fmt())?;
            }
        }
        Ok(if ["unknown", "unread", "stopped"].into_iter().any(|name| counted(name) > 0) {
            Exit::OutcomeUnknown
        } else if counted("settled") < self.ends.len() {
            Exit::Negative
        } else {
            Exit::Done
        })
    }
}

pub fn detail(end: &BillEnd, currency: &str) -> String {
    match end {
        BillEnd::Settled { invoice, status } => format!("{invoice} {}", status.name()),
        BillEnd::Refused { operation, code, message } => format!("{}: {code}: {message}", operation.name()),
        BillEnd::Drifted { invoice, drifts } => {
            let drifts: Vec<String> = drifts
                .iter()
                .map(|drift| {
                    let amount = money(drift.amount(), currency);
                    format!("{} {} {amount}: {}", drift.class.name(), drift.line, drift.class.repair())
                })
                .collect();
            format!("{invoice}: {}", drifts.join("; "))
        }
        BillEnd::NeedsPerson { operation, reason } => format!("{}: {}", operation.name(), reason.name()),
        BillEnd::Unknown { operation, cause } => format!("{}: {cause}; highwater close resume", operation.name()),
        BillEnd::Unread { invoice, reason } => format!("{invoice}: {reason}; highwater close resume"),
        BillEnd::Stopped => "highwater close resume".into(),
        BillEnd::Voided { invoice } => invoice.clone(),
    }
}
