//! What counting knows between two epochs, as sections, and the way back.
//!
//! Spans, schedules and what differential holds are not in them: they follow from the windows and the rows of tables,
//! which are fed anew. After a way back every window and count is shown once more, as one that changed.

use super::account::{Account, with_account};
use super::books;
use super::organization::Organizations;
use super::{Count, CountSettings};
use crate::changes::Outcome;
use crate::event::{DecodeSettings, DimensionsKey, MeterIndex, OrganizationKey};
use crate::feed::Recall;
use crate::meters::MeterBook;
use crate::names::{Names, organization_key};
use crate::shard::{SHARDS, shard_of, worker_of};
use crate::snapshot::{Kind, Malformed, Reader, Section, Unreadable, put_bytes};
use highwater_rating::time::EventTime;
use std::collections::BTreeSet;
use std::sync::Arc;

const OUTCOMES: [Outcome; 5] =
    [Outcome::Accepted, Outcome::Duplicate, Outcome::Conflicting, Outcome::Late, Outcome::Rejected];

impl Count {
    /// What changed since the last snapshot. To be asked right after an epoch was closed.
    pub fn snapshot(&mut self, worker: usize) -> Vec<Section> {
        let mut sections = Vec::new();
        if worker == 0 {
            sections.push(Section::whole(Kind::Meters, 0, books::write(self.originals.books())));
        }
        // By worker: the greatest of all is what counts.
        sections.push(Section::whole(Kind::EventTimes, worker as u8, self.event_times_written()));
        let mut by_shard: Vec<Vec<u32>> = vec![Vec::new(); SHARDS];
        for (position, organization) in (0..).zip(self.organizations.all()) {
            by_shard[usize::from(shard_of(organization.key))].push(position);
        }
        for shard in 0..=u8::MAX {
            if let Some((form, payload)) = self.identities.snapshot(shard) {
                sections.push(Section { kind: Kind::Identities, shard, form, payload });
            }
        }
        let outcomes = self.outcomes.by_shard(&self.organizations);
        for (shard, (organizations, outcomes)) in (0..=u8::MAX).zip(by_shard.into_iter().zip(outcomes)) {
            let changed = std::mem::take(&mut self.changed_shards[usize::from(shard)]);
            if changed {
                let mut names = Written::default();
                let accounts = write_accounts(&mut self.organizations, &organizations, &mut names);
                sections.push(Section::whole(Kind::Accounts, shard, accounts));
                sections.push(Section::whole(Kind::Outcomes, shard, write_outcomes(&outcomes, &mut names)));
                sections.push(Section::whole(Kind::Names, shard, names.write(&self.names)));
            }
        }
        sections
    }

    fn event_times_written(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (partition, latest) in &self.event_times {
            out.extend_from_slice(&partition.to_le_bytes());
            out.extend_from_slice(&latest.0.to_le_bytes());
        }
        out
    }
}

fn write_accounts(organizations: &mut Organizations, positions: &[u32], names: &mut Written) -> Vec<u8> {
    let mut out = Vec::new();
    for position in positions {
        let organization = organizations.at(*position);
        names.organizations.insert((organization.key, String::new()));
        for account in organization.accounts.clone() {
            let account = organizations.account_at(account);
            let aggregation = account.aggregation();
            with_account!(account, inner => {
                out.extend_from_slice(&inner.organization.0.to_le_bytes());
                out.extend_from_slice(&inner.meter.0.to_le_bytes());
                out.push(aggregation as u8);
                names.dimensions.extend(inner.dimensions());
                inner.write(&mut out);
            });
        }
    }
    out
}

fn write_outcomes(outcomes: &[Counted<'_>], names: &mut Written) -> Vec<u8> {
    let mut out = Vec::new();
    for counted in outcomes {
        names.organizations.insert((counted.organization, counted.organization_id.to_owned()));
        out.extend_from_slice(&counted.organization.0.to_le_bytes());
        out.extend_from_slice(&counted.day.to_le_bytes());
        out.push(counted.outcome as u8);
        put_bytes(&mut out, counted.code.as_bytes());
        out.extend_from_slice(&counted.count.to_le_bytes());
    }
    out
}

/// Records of one (day, organization, outcome, code).
pub struct Counted<'a> {
    pub organization: OrganizationKey,
    /// As the record said it; of no matter where the name is known otherwise.
    pub organization_id: &'a str,
    pub day: i32,
    pub outcome: Outcome,
    pub code: &'a str,
    pub count: u64,
}

/// What the sections of a shard speak of, whose texts must go with them.
#[derive(Default)]
struct Written {
    organizations: BTreeSet<(OrganizationKey, String)>,
    dimensions: BTreeSet<DimensionsKey>,
}

impl Written {
    fn write(self, names: &Names) -> Vec<u8> {
        let known = |(key, said): (OrganizationKey, String)| {
            let known = names.organization(key);
            known.or_else(|| (organization_key(&said) == key).then(|| said.into()))
        };
        let organizations: BTreeSet<Arc<str>> = self.organizations.into_iter().filter_map(known).collect();
        let dimensions: Vec<_> = self.dimensions.into_iter().filter_map(|key| names.encoded_dimensions(key)).collect();
        let mut out = Vec::new();
        let organizations = organizations.iter().map(|text| (0u8, text.as_bytes()));
        for (what, text) in organizations.chain(dimensions.iter().map(|encoded| (1u8, &**encoded))) {
            out.push(what);
            put_bytes(&mut out, text);
        }
        out
    }
}

/// The counting of every worker as it was, and the book of meters whose indexes it uses.
pub struct Restored {
    pub workers: Vec<Count>,
    pub meters: Arc<MeterBook>,
}

/// What all workers count by.
pub struct Common {
    pub settings: CountSettings,
    pub decode: DecodeSettings,
    pub names: Arc<Names>,
    pub recall: Arc<dyn Recall>,
}

impl Common {
    pub fn count(&self) -> Count {
        Count::new(self.settings.clone(), self.decode.clone(), self.names.clone(), self.recall.clone())
    }

    /// Takes a snapshot up with another number of workers, or the same.
    pub fn restore(&self, workers: usize, sections: &[Section]) -> Result<Restored, Unreadable> {
        let mut counts: Vec<Count> = std::iter::repeat_with(|| self.count()).take(workers).collect();
        let of = |kind| sections.iter().filter(move |section| section.kind == kind);
        let mut books = books::Books::default();
        for section in of(Kind::Meters) {
            books = books::read(&section.payload).map_err(|reason| section.unreadable(reason))?;
        }
        counts.iter_mut().for_each(|count| count.originals.remember(books.by_partition.clone()));
        for section in of(Kind::Names) {
            section.each(|reader| self.read_name(reader))?;
        }
        for section in of(Kind::EventTimes) {
            section.each(|reader| {
                let (partition, latest) = (reader.u32()?, EventTime(reader.i64()?));
                counts.iter_mut().for_each(|count| count.reached(partition, latest));
                Ok(())
            })?;
        }
        for section in of(Kind::Identities) {
            let count = &mut counts[usize::from(section.shard) % workers];
            section.each(|reader| count.identities.read(section.shard, reader))?;
        }
        for section in of(Kind::Accounts) {
            section.each(|reader| read_account(reader, &mut counts, &books.newest))?;
        }
        for section in of(Kind::Outcomes) {
            section.each(|reader| read_outcome(reader, &mut counts))?;
        }
        Ok(Restored { workers: counts, meters: books.newest })
    }

    fn read_name(&self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        let learned = match reader.u8()? {
            0 => self.names.learn_organization(reader.text()?).map(drop),
            1 => self.names.learn_encoded(reader.bytes()?),
            other => return Err(Malformed::Number(other.into())),
        };
        learned.map_err(|_| Malformed::Name)
    }
}

fn read_account(reader: &mut Reader<'_>, counts: &mut [Count], meters: &MeterBook) -> Result<(), Malformed> {
    let (organization, meter) = (OrganizationKey(reader.u64()?), MeterIndex(reader.u16()?));
    let aggregation = reader.u8()?;
    let known = meters.get(meter).ok_or(Malformed::Number(meter.0.into()))?;
    if known.aggregation as u8 != aggregation {
        return Err(Malformed::Number(aggregation.into()));
    }
    let worker = worker_of(organization, counts.len());
    let count = &mut counts[worker];
    // Where an account comes twice, the second would be lost in the first.
    let position = count.organizations.position(organization);
    if count.organizations.find(position, meter).is_some() {
        return Err(Malformed::Number(organization.0));
    }
    let account = count.organizations.account(position, meter, meters);
    let finest = count.settings.windows.finest().ok_or(Malformed::Ends)?;
    let read: &mut Account = count.organizations.account_at(account);
    with_account!(read, inner => {
        inner.read(reader, finest, account, &mut count.touched)?;
        if inner.list() {
            count.changed.push(account);
        }
    });
    Ok(())
}

fn read_outcome(reader: &mut Reader<'_>, counts: &mut [Count]) -> Result<(), Malformed> {
    let (organization, day) = (OrganizationKey(reader.u64()?), reader.i32()?);
    let number = reader.u8()?;
    let outcome = *OUTCOMES.get(usize::from(number)).ok_or(Malformed::Number(number.into()))?;
    let code = reader.text()?;
    let counted = Counted { organization, organization_id: "", day, outcome, code, count: reader.u64()? };
    let worker = worker_of(organization, counts.len());
    let Count { outcomes, organizations, .. } = &mut counts[worker];
    outcomes.restore(organizations, &counted);
    Ok(())
}
