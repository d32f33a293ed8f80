//! What the commands of the close share: the journal in the data folder, the standings, a plan of now, and the copy of
//! the ledger for ClickHouse.

use crate::cli::connection::Connection;
use crate::cli::exit::{CommandError, Exit};
use crate::close::billing_ledger;
use crate::close::clock::{Clock, SystemClock};
use crate::close::customers::{self, CustomersError};
use crate::close::journal::{Changes, Journal};
use crate::close::source::{self, Finals};
use crate::close::store::{CloseStore, CloseStoreError};
use crate::close::stripe::{ApiKey, Https, Rates, Stripe};
use crate::config::Config;
use highwater_settlement::customer::Customers;
use highwater_settlement::frozen::CloseRecord;
use highwater_settlement::ledger::{Entry, Standings, standings};
use highwater_settlement::plan::{ClosePlan, Sources};
use std::num::NonZeroU32;

pub struct Desk {
    pub store: CloseStore,
    pub standings: Standings,
}

impl Desk {
    pub fn open(config: &Config) -> Result<Desk, CommandError> {
        std::fs::create_dir_all(&config.service.data_dir).map_err(|error| {
            CommandError::unavailable(format_args!("{}: {error}", config.service.data_dir.display()))
        })?;
        let store = CloseStore::open(&config.service.data_dir).map_err(of_store)?;
        let kept = store.read().map_err(of_store)?;
        Ok(Desk { store, standings: standings(&kept.entries) })
    }

    /// What would be planned now for the wanted records.
    pub async fn plan(
        &self,
        config: &Config,
        connection: &Connection,
        wanted: impl Fn(&CloseRecord) -> bool,
    ) -> Result<ClosePlan, CommandError> {
        let Finals { due, before } = source::finals(&connection.store, wanted).await.map_err(of_clickhouse)?;
        let customers = customers_of(config)?;
        let sources = Sources { due: &due, before: &before, customers: &customers, standings: &self.standings };
        let (account, mode) = (&config.stripe.account, config.stripe.mode.into());
        Ok(ClosePlan::make(&sources, &config.close.policy(), account, mode, SystemClock.now()))
    }

    pub async fn enter(&self, entries: Vec<Entry>) -> Result<(), CommandError> {
        self.store.keep(Changes { entries, ..Changes::default() }).await.map_err(CommandError::unavailable)
    }

    /// ClickHouse's copy of the ledger. The journal has it all: where ClickHouse is away, the next command copies.
    pub async fn copy_ledger(&self, connection: &Connection) -> Result<(), CommandError> {
        copy_ledger(&self.store, connection).await
    }
}

pub async fn copy_ledger(store: &CloseStore, connection: &Connection) -> Result<(), CommandError> {
    let (entries, end) = store.unshown().map_err(of_store)?;
    if entries.is_empty() {
        return Ok(());
    }
    match billing_ledger::show(&connection.store, &entries).await {
        Ok(()) => store.shown(end).map_err(of_store),
        Err(error) => {
            eprintln!("the ledger in ClickHouse is behind: {error}");
            Ok(())
        }
    }
}

/// Stripe as the settings name it.
pub fn stripe(config: &Config) -> Result<Stripe<Https>, CommandError> {
    let stripe = &config.stripe;
    let secret = stripe.api_key.as_ref().ok_or_else(|| {
        CommandError::configuration("stripe.api_key is not set")
            .help("set stripe.api_key = { env = \"STRIPE_API_KEY\" }; a test-mode key begins with sk_test_")
    })?;
    let text = secret.reveal().map_err(CommandError::configuration)?;
    let key = ApiKey::new(&text, stripe.mode.into())
        .map_err(|error| CommandError::configuration(format_args!("`stripe.api_key` {error}")))?;
    let https = Https::new(&stripe.url, &key, stripe.timeout).map_err(CommandError::configuration)?;
    // The settings' bounds begin at 1.
    let rate = |calls| NonZeroU32::new(calls).unwrap_or(NonZeroU32::MIN);
    let rates = Rates { account: rate(stripe.calls_per_second), endpoint: rate(stripe.calls_per_second_per_endpoint) };
    Ok(Stripe::new(https, rates))
}

fn customers_of(config: &Config) -> Result<Customers, CommandError> {
    let Some(path) = &config.close.customers else { return Ok(Customers::new()) };
    customers::read(path).map_err(|error| match error {
        CustomersError::Unreadable { .. } => CommandError::configuration(error).help("see close.customers"),
        CustomersError::Line { .. } => CommandError::input(error),
    })
}

pub fn of_store(error: CloseStoreError) -> CommandError {
    match error {
        CloseStoreError::InUse { .. } => CommandError::unavailable(error).help("wait until it has ended"),
        CloseStoreError::Storage { .. } => CommandError::unavailable(error),
        CloseStoreError::Damaged { .. } => CommandError::new(Exit::Internal, error),
    }
}

fn of_clickhouse(error: crate::clickhouse::StoreError) -> CommandError {
    let help = if error.is_unknown_table_or_database() { "highwater migrate" } else { "highwater doctor" };
    CommandError::unavailable(error).help(help)
}
