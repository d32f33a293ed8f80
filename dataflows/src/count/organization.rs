//! Organizations with usage: the one lookup an event costs, from which accounts are found by index.

use super::account::Account;
use super::prefetch::{CACHE_LINE, prefetch};
use crate::event::{MeterIndex, OrganizationKey};
use crate::meters::MeterBook;
use crate::schedules::OrganizationTerms;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::sync::Arc;

const NONE: u32 = u32::MAX;

/// Accounts of meters up to this index stand in a table, one row an organization; those of later meters, of which few
/// organizations use many, in a map.
const TABLED_METERS: usize = 64;

/// How much of an account an event touches, from its beginning.
const HOT_BYTES: usize = 3 * CACHE_LINE;

pub struct Organization {
    pub key: OrganizationKey,
    pub terms: Arc<OrganizationTerms>,
    pub accounts: Vec<u32>,
}

#[derive(Default)]
pub struct Organizations {
    positions: HashMap<OrganizationKey, u32, FixedState>,
    list: Vec<Organization>,
    /// By organization and meter, `tabled` meters a row.
    table: Vec<u32>,
    tabled: usize,
    untabled: HashMap<(u32, MeterIndex), u32, FixedState>,
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
        self.list.push(Organization { key, terms: Arc::default(), accounts: Vec::new() });
        self.table.resize(self.table.len() + self.tabled, NONE);
        self.positions.insert(key, position);
        position
    }

    /// In the order of their positions.
    pub fn all(&self) -> &[Organization] {
        &self.list
    }

    pub fn at(&mut self, position: u32) -> &mut Organization {
        &mut self.list[position as usize]
    }

    /// The account of an (organization, meter), if it was opened.
    #[inline]
    pub fn find(&self, position: u32, meter: MeterIndex) -> Option<u32> {
        let index = usize::from(meter.0);
        let account = match index < self.tabled {
            true => self.table[position as usize * self.tabled + index],
            false if index < TABLED_METERS => NONE,
            false => self.untabled.get(&(position, meter)).copied().unwrap_or(NONE),
        };
        (account != NONE).then_some(account)
    }

    /// The same, opened where it was not.
    #[inline]
    pub fn account(&mut self, position: u32, meter: MeterIndex, meters: &MeterBook) -> u32 {
        self.find(position, meter).unwrap_or_else(|| self.open(position, meter, meters))
    }

    #[cold]
    fn open(&mut self, position: u32, meter: MeterIndex, meters: &MeterBook) -> u32 {
        let account = self.accounts.len() as u32;
        let organization = &mut self.list[position as usize];
        let row = meters.meter(meter);
        let schedule = organization.terms.schedule(&row.name, row.aggregation);
        self.accounts.push(Account::new(row.aggregation, organization.key, meter, schedule));
        organization.accounts.push(account);
        let index = usize::from(meter.0);
        if index >= TABLED_METERS {
            self.untabled.insert((position, meter), account);
        } else {
            self.table_at_least(index + 1);
            self.table[position as usize * self.tabled + index] = account;
        }
        account
    }

    /// Makes the table's rows wide enough.
    fn table_at_least(&mut self, meters: usize) {
        if meters <= self.tabled {
            return;
        }
        let wide = meters.next_power_of_two();
        let mut table = vec![NONE; self.list.len() * wide];
        if self.tabled > 0 {
            for (row, old) in table.chunks_exact_mut(wide).zip(self.table.chunks_exact(self.tabled)) {
                row[..self.tabled].copy_from_slice(old);
            }
        }
        (self.table, self.tabled) = (table, wide);
    }

    pub fn accounts(&self) -> usize {
        self.accounts.len()
    }

    #[inline]
    pub fn account_at(&mut self, account: u32) -> &mut Account {
        &mut self.accounts[account as usize]
    }

    /// Starts to fetch what an event touches of an account.
    #[inline]
    pub fn prefetch(&self, account: u32) {
        let account = self.accounts.as_ptr().wrapping_add(account as usize).cast::<u8>();
        (0..HOT_BYTES).step_by(CACHE_LINE).for_each(|line| prefetch(account.wrapping_add(line)));
    }
}
