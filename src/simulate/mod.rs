//! `highwater simulate`: the past under other terms, customer by customer, today beside tomorrow.
//!
//! ```text
//!  rows of today ────┐                  ┌─ bills ─┐
//!                    ├─ replay::rate ───┤         ├─ compare ─► customers ─► table, NDJSON, plot
//!  rows of tomorrow ─┘  (the graph,     └─ bills ─┘
//!  events ───────────┘   once each)
//! ```
//!
//! Owns which rows stand for tomorrow, which periods count, and the comparison. Prices nothing: both sides are what the
//! graph makes of the events.

mod bill;
mod customer;
mod months;
mod plot;
mod terms;

pub use customer::{Customer, Failure, Item, Pays, Side};
pub use months::Months;
pub use plot::{PlotError, plot};
pub use terms::{backdate, tomorrow};

use crate::replay::{self, Pace, ReplayError};
use highwater_rating::tables::Row;
use indicatif::ProgressBar;
use std::path::PathBuf;

pub struct Simulation {
    pub today: Vec<Row>,
    pub tomorrow: Vec<Row>,
    /// NDJSON files of events, read in this order.
    pub events: Vec<PathBuf>,
    /// Which billing periods are compared; all without it.
    pub months: Option<Months>,
    pub workers: usize,
}

/// Everybody whom either side charges or could not charge, in the order of their names.
pub fn run(simulation: Simulation, progress: &ProgressBar) -> Result<Vec<Customer>, ReplayError> {
    let Simulation { today, tomorrow, events, months, workers } = simulation;
    let bills = |rows: Vec<Row>, side: &'static str| {
        progress.set_position(0);
        progress.set_message(side);
        let pace = Pace { workers, epoch_events: None, watermark: None };
        let rated = replay::rate(rows, &events, pace, progress)?;
        Ok::<_, ReplayError>(bill::bills(&rated, months))
    };
    let (today, tomorrow) = (bills(today, "today")?, bills(tomorrow, "tomorrow")?);
    progress.finish_and_clear();
    Ok(customer::compare(&today, &tomorrow))
}
