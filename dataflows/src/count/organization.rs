//! Organizations with usage: the one lookup an event costs, from which accounts are found by index.

use super::account::Account;
use super::prefetch::{CACHE_LINE, prefetch};
use crate::event::{MeterIndex, OrganizationKey};
use crate::meters::MeterBook;
use crate::schedules::OrganizationTerms;
use hashbrown::HashMap;
use std::sync::Arc;

const NONE: u32 = u32::MAX;

pub struct Organization {
    pub key: OrganizationKey,
    pub terms: Arc<OrganizationTerms>,
    /// The account of each meter, by the meter's index.
    accounts: Vec<u32>,
    /// How many events were accepted, by day, in order of days.
    pub accepted: Vec<AcceptedOfDay>,
}

#[derive(Clone, Copy, Debug)]
pub struct AcceptedOfDay {
    pub day: i32,
    /// In the open epoch.
    pub changed: bool,
    pub count: u64,
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
        self.list.push(Organization { key, terms, accounts: Vec::new(), accepted: Vec::new() });
        self.positions.insert(key, position);
        position
    }

    pub fn at(&mut self, position: u32) -> &mut Organization {
        &mut self.list[position as usize]
    }

    /// Starts to fetch an account, if there is one.
    #[inline]
    pub fn prefetch(&self, position: u32, meter: MeterIndex) {
        if let Some(account) = self.list[position as usize].accounts.get(usize::from(meter.0)) {
            self.prefetch_account(*account);
        }
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

    /// Starts to fetch an account by its index.
    #[inline]
    pub fn prefetch_account(&self, account: u32) {
        let account = self.accounts.as_ptr().wrapping_add(account as usize).cast::<u8>();
        (0..size_of::<Account>()).step_by(CACHE_LINE).for_each(|line| prefetch(account.wrapping_add(line)));
    }

    pub fn accounts_of(&self, position: u32) -> impl Iterator<Item = u32> {
        self.list[position as usize].accounts.iter().copied().filter(|account| *account != NONE)
    }
}
