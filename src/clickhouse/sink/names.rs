//! The texts behind the keys of one process, kept beside the sink: rows borrow them, and looking one up takes no lock.

use super::EpochWrite;
use super::rows::usage::Dimensions;
use crate::clickhouse::StoreError;
use crate::source::PartitionName;
use highwater_dataflows::event::{DimensionsKey, MeterIndex, OrganizationKey};
use highwater_dataflows::meters::MeterBook;
use highwater_dataflows::names::{Names, organization_key};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

#[derive(Default)]
pub struct Texts {
    organizations: HashMap<OrganizationKey, Arc<str>, foldhash::fast::FixedState>,
    dimensions: HashMap<(MeterIndex, DimensionsKey), Arc<Dimensions>, foldhash::fast::FixedState>,
    meters: Vec<Arc<str>>,
}

impl Texts {
    /// Looks up everything that `write` speaks of. After this, making its rows cannot fail.
    pub fn learn(&mut self, write: &EpochWrite<'_>) -> Result<(), StoreError> {
        let changes = write.changes;
        let known = self.meters.len();
        self.meters.extend(write.meters.every().skip(known).map(|(meter, _)| meter.name.clone()));
        for (key, _) in &changes.usage {
            self.learn_organization(key.organization, write.names)?;
            self.learn_dimensions(key.meter, key.dimensions, write.names, write.meters)?;
        }
        for (key, _) in &changes.periods {
            self.learn_organization(key.organization, write.names)?;
            self.check_meter(key.meter)?;
        }
        for (key, _) in &changes.recurring {
            self.learn_organization(key.organization, write.names)?;
        }
        for (key, _) in &changes.trends.trends {
            self.learn_organization(key.organization, write.names)?;
            self.check_meter(key.meter)?;
        }
        for (key, _) in &changes.trends.bills {
            self.learn_organization(key.organization, write.names)?;
        }
        for (key, _) in &changes.trends.anomalies {
            self.learn_organization(key.organization, write.names)?;
            self.check_meter(key.meter)?;
        }
        let credits = &changes.credits;
        let of_entries = credits.entries.iter().map(|(key, _)| key.of.organization);
        let of_balances = credits.balances.iter().map(|(key, _)| key.organization);
        let of_requests = credits.requests.iter().map(|(key, _)| key.organization);
        let of_lines = credits.lines.iter().map(|(key, _)| key.organization);
        for organization in of_entries.chain(of_balances).chain(of_requests).chain(of_lines) {
            self.learn_organization(organization, write.names)?;
        }
        for outcome in &changes.outcomes {
            // A record that is no event may name an organization that nobody has heard of, or none at all.
            let organization_id = &outcome.record.organization_id;
            let key = organization_key(organization_id);
            self.organizations.entry(key).or_insert_with(|| organization_id.as_str().into());
            write.partition(outcome.record.place.partition)?;
        }
        for (key, _) in &changes.outcome_counts {
            self.learn_organization(key.organization, write.names)?;
        }
        for (key, _) in &changes.finals.corrections {
            self.learn_organization(key.organization, write.names)?;
        }
        for (period, _) in &changes.finals.held {
            self.learn_organization(period.organization, write.names)?;
        }
        for known in &changes.finals.known {
            self.learn_organization(known.organization, write.names)?;
        }
        for accepted in &changes.archive {
            accepted.meters.iter().try_for_each(|index| self.check_meter(*index))?;
            write.partition(accepted.place.partition)?;
        }
        for outcome in write.rejected_tables {
            write.table_partition(outcome.record.place.partition)?;
        }
        Ok(())
    }

    fn learn_organization(&mut self, key: OrganizationKey, names: &Names) -> Result<(), StoreError> {
        if let Entry::Vacant(entry) = self.organizations.entry(key) {
            let unnamed = || StoreError::unnamed(format_args!("organization {:016x}", key.0));
            entry.insert(names.organization(key).ok_or_else(unnamed)?);
        }
        Ok(())
    }

    fn learn_dimensions(
        &mut self,
        index: MeterIndex,
        key: DimensionsKey,
        names: &Names,
        meters: &MeterBook,
    ) -> Result<(), StoreError> {
        if !self.dimensions.contains_key(&(index, key)) {
            self.check_meter(index)?;
            let meter = meters.get(index).ok_or_else(|| StoreError::unnamed(format_args!("meter {}", index.0)))?;
            let values =
                names.dimensions(key).ok_or_else(|| StoreError::unnamed(format_args!("dimensions {:016x}", key.0)))?;
            let pairs: Arc<Dimensions> = meter.dimensions.iter().cloned().zip(values).collect();
            self.dimensions.insert((index, key), pairs);
        }
        Ok(())
    }

    fn check_meter(&self, index: MeterIndex) -> Result<(), StoreError> {
        let known = usize::from(index.0) < self.meters.len();
        if known { Ok(()) } else { Err(StoreError::unnamed(format_args!("meter {}", index.0))) }
    }

    pub fn organization(&self, key: OrganizationKey) -> &str {
        &self.organizations[&key]
    }

    pub fn meter(&self, index: MeterIndex) -> &str {
        &self.meters[usize::from(index.0)]
    }

    pub fn dimensions(&self, index: MeterIndex, key: DimensionsKey) -> &Dimensions {
        &self.dimensions[&(index, key)]
    }
}

impl EpochWrite<'_> {
    pub(super) fn partition(&self, number: u32) -> Result<&PartitionName, StoreError> {
        let position = self.positions.get(&number);
        position.map(|position| &position.name).ok_or_else(|| StoreError::unnamed(format_args!("partition {number}")))
    }

    pub(super) fn table_partition(&self, number: u32) -> Result<&PartitionName, StoreError> {
        self.table_partitions.get(&number).ok_or_else(|| StoreError::unnamed(format_args!("table partition {number}")))
    }
}
