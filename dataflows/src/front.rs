//! The tables as they stand, in front of the graph: turns upserts and removals into rows that come and go.

use crate::feed::TableChange;
use crate::meters::{MeterBook, MeterError};
use crate::names::{NameError, Names};
use crate::schedules::TermsRow;
use hashbrown::HashMap;
use highwater_rating::tables::{Row, RowKey};
use std::sync::Arc;

/// A row that was not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    pub key: RowKey,
    pub reason: RefusedBecause,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedBecause {
    #[error(transparent)]
    Meter(#[from] MeterError),
    #[error(transparent)]
    Name(#[from] NameError),
}

#[derive(Default)]
pub struct Front {
    rows: HashMap<RowKey, Row, foldhash::fast::FixedState>,
    meters: Arc<MeterBook>,
}

impl Front {
    /// Before any row is known, with the indexes that meters had.
    pub fn with_meters(meters: Arc<MeterBook>) -> Front {
        Front { meters, ..Front::default() }
    }

    pub fn meters(&self) -> &Arc<MeterBook> {
        &self.meters
    }

    /// The differences that lead from the rows as they were to the rows as they are now.
    pub fn take(&mut self, changes: Vec<TableChange>, names: &Names) -> (Vec<(TermsRow, isize)>, Vec<RefusedRow>) {
        let (mut differences, mut refused) = (Vec::new(), Vec::new());
        for change in changes {
            let key = match &change {
                TableChange::Upsert(row) => row.key(),
                TableChange::Remove(key) => key.clone(),
            };
            if let Err(reason) = self.take_one(&key, change, names, &mut differences) {
                refused.push(RefusedRow { key, reason });
            }
        }
        (differences, refused)
    }

    fn take_one(
        &mut self,
        key: &RowKey,
        change: TableChange,
        names: &Names,
        differences: &mut Vec<(TermsRow, isize)>,
    ) -> Result<(), RefusedBecause> {
        self.meters = match &change {
            TableChange::Upsert(Row::Meters(_)) => Arc::new(self.meters.with(&change)?),
            TableChange::Remove(key) if key.table == highwater_rating::tables::Table::Meters => {
                Arc::new(self.meters.with(&change)?)
            }
            _ => self.meters.clone(),
        };
        names.learn_meters(&self.meters);
        let (new, row) = match change {
            TableChange::Upsert(row) => (terms_row(&row, names)?, Some(row)),
            TableChange::Remove(_) => (None, None),
        };
        let old = match row {
            Some(row) => self.rows.insert(key.clone(), row),
            None => self.rows.remove(key),
        };
        let old = old.map(|row| terms_row(&row, names)).transpose()?.flatten();
        if old != new {
            differences.extend(old.map(|row| (row, -1)));
            differences.extend(new.map(|row| (row, 1)));
        }
        Ok(())
    }
}

/// The part that a row plays in an organization's terms.
fn terms_row(row: &Row, names: &Names) -> Result<Option<TermsRow>, NameError> {
    Ok(match row {
        Row::Plans(plan) => Some(TermsRow::Plan(Arc::new(plan.clone()))),
        Row::Subscriptions(row) => {
            Some(TermsRow::Subscription(names.learn_organization(&row.organization_id)?, Arc::new(row.clone())))
        }
        Row::Overrides(row) => {
            Some(TermsRow::Override(names.learn_organization(&row.organization_id)?, Arc::new(row.clone())))
        }
        Row::Adjustments(row) => {
            let organization = row.organization_id.as_ref().map(|name| names.learn_organization(name)).transpose()?;
            Some(TermsRow::Adjustment(organization, Arc::new(row.clone())))
        }
        Row::AddOns(row) => Some(TermsRow::AddOn(Arc::new(row.clone()))),
        Row::Grants(row) => {
            Some(TermsRow::Grant(names.learn_organization(&row.organization_id)?, Arc::new(row.clone())))
        }
        Row::CreditPolicies(row) => {
            Some(TermsRow::CreditPolicy(names.learn_organization(&row.organization_id)?, Arc::new(row.clone())))
        }
        Row::Meters(_) => None,
    })
}
