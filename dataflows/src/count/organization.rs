//! Organizations with usage: the one lookup an event costs, from which accounts are found by index.

use super::account::Account;
use crate::event::{MeterIndex, OrganizationKey};
use crate::meters::MeterBook;
use crate::schedules::OrganizationTerms;
use hashbrown::HashMap;
use std::sync::Arc;

const NONE: u32 = u32::MAX;

pub struct Organization {
    pub terms: Arc<OrganizationTerms>,
    /// The account of each meter, by the meter's index.
    accounts: Vec<u32>,
    /// The count of accepted events of the day that came last, by its place among the outcome counts.
    pub recent_day: (i32, u32),
}

#[derive(Default)]
pub struct Organizations {
    positions: HashMap<OrganizationKey, u32, foldhash::fast::FixedState>,
    list: Vec<Organization>,
    accounts: Vec<Account>,
}

impl Organizations {
    /// The organization's position, for the calls below.
    #[inline]
    pub fn position(&mut self, key: OrganizationKey) -> u32 {
        match self.positions.get(&key) {
            Some(position) => *position,
            None => self.begin(key),
        }
    }

    #[cold]
    fn begin(&mut self, key: OrganizationKey) -> u32 {
        let position = self.list.len() as u32;
        let terms = Arc::default();
        self.list.push(Organization { terms, accounts: Vec::new(), recent_day: (0, NONE) });
        self.positions.insert(key, position);
        position
    }

    pub fn at(&mut self, position: u32) -> &mut Organization {
        &mut self.list[position as usize]
    }

    /// The account of an (organization, meter), opened where there was none.
    #[inline]
    pub fn account(&mut self, position: u32, key: OrganizationKey, meter: MeterIndex, meters: &MeterBook) -> u32 {
        let known = self.list[position as usize].accounts.get(usize::from(meter.0));
        match known {
            Some(account) if *account != NONE => *account,
            _ => self.open(position, key, meter, meters),
        }
    }

    #[cold]
    fn open(&mut self, position: u32, key: OrganizationKey, meter: MeterIndex, meters: &MeterBook) -> u32 {
        let account = self.accounts.len() as u32;
        let organization = &mut self.list[position as usize];
        let index = usize::from(meter.0);
        if organization.accounts.len() <= index {
            organization.accounts.resize(index + 1, NONE);
        }
        organization.accounts[index] = account;
        let row = meters.meter(meter);
        let schedule = organization.terms.schedule(&row.name);
        self.accounts.push(Account::new(row.aggregation, key, meter, schedule));
        account
    }

    #[inline]
    pub fn account_at(&mut self, account: u32) -> &mut Account {
        &mut self.accounts[account as usize]
    }

    #[inline]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    pub fn accounts_of(&self, position: u32) -> impl Iterator<Item = u32> {
        self.list[position as usize].accounts.iter().copied().filter(|account| *account != NONE)
    }
}
