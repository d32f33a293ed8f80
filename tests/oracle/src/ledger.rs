//! What becomes of each record, in the order in which they are read.

use crate::civil::{self, Micros};
use crate::event::{self, Code, Content, Event, RawRecord};
use crate::exact;
use crate::fold::Counted;
use crate::meter;
use crate::tables::{Tables, text};
use num_traits::ToPrimitive;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Accepted,
    Duplicate,
    Conflicting,
    Late,
    Rejected(Code),
}

/// What becomes of one record, and under which day and organization it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordOutcome {
    pub outcome: Outcome,
    /// Of receipt, or of the event where that is not known, or 0; in days since 1970.
    pub day: i64,
    /// Absent where the record is no event.
    pub organization: Option<String>,
    /// Of a duplicate or conflicting event: the number of the record that was accepted.
    pub first: Option<usize>,
}

const HORIZON: Micros = 35 * 86_400_000_000;
const DIMENSION_LIMIT: usize = 1_000;

/// Every identity that was ever accepted, with what it said and what it still adds.
#[derive(Default)]
pub struct Ledger {
    identities: BTreeMap<Identity, Known>,
    /// The combinations of dimension values that an (organization, meter) has had.
    combinations: BTreeMap<(String, String), BTreeSet<Vec<String>>>,
    records: usize,
    /// The greatest event time that was ever accepted.
    reached: Option<Micros>,
}

/// Organization, source, id.
pub type Identity = (String, String, String);

struct Known {
    record: usize,
    content: Content,
    retracted: bool,
    counted: Vec<Counted>,
}

impl Ledger {
    pub fn reached(&self) -> Option<Micros> {
        self.reached
    }

    /// `tables` as they stand when the record is read: only meters matter here.
    pub fn take(&mut self, record: &RawRecord, tables: &Tables) -> RecordOutcome {
        let number = self.records;
        self.records += 1;
        let read = event::read(record).and_then(|event| {
            let counted = if event.retract { Vec::new() } else { meter::count(tables, &event)? };
            Ok((event, counted))
        });
        match read {
            Err(code) => RecordOutcome {
                outcome: Outcome::Rejected(code),
                day: civil::day_number(record.received_at.unwrap_or(0)),
                organization: None,
                first: None,
            },
            Ok((event, counted)) => {
                let day = civil::day_number(event.received_at.unwrap_or(event.instant));
                let organization = Some(event.organization.clone());
                let (outcome, first) = self.judge(number, event, counted, tables);
                RecordOutcome { outcome, day, organization, first }
            }
        }
    }

    fn judge(
        &mut self,
        number: usize,
        event: Event,
        counted: Vec<Counted>,
        tables: &Tables,
    ) -> (Outcome, Option<usize>) {
        if event.received_at.is_some_and(|received_at| received_at - event.instant > HORIZON) {
            return (Outcome::Late, None);
        }
        let identity = (event.organization.clone(), event.source.clone(), event.id.clone());
        let room = self.has_room(&counted, tables);
        match (event.retract, self.identities.get_mut(&identity)) {
            (true, None) => (Outcome::Rejected("unknown_identity"), None),
            (true, Some(known)) if known.retracted => (Outcome::Duplicate, Some(known.record)),
            (true, Some(known)) => {
                known.retracted = true;
                (Outcome::Accepted, None)
            }
            (false, Some(known)) if known.content == event.content => (Outcome::Duplicate, Some(known.record)),
            (false, Some(known)) => (Outcome::Conflicting, Some(known.record)),
            (false, None) if !room => (Outcome::Rejected("cardinality_exceeded"), None),
            (false, None) => {
                self.reached = self.reached.max(Some(event.instant));
                for one in &counted {
                    let key = (one.organization.clone(), one.meter.clone());
                    self.combinations.entry(key).or_default().insert(one.dimensions.clone());
                }
                let known = Known { record: number, content: event.content, retracted: false, counted };
                self.identities.insert(identity, known);
                (Outcome::Accepted, None)
            }
        }
    }

    /// Whether every meter can take the event's combination of dimension values.
    fn has_room(&self, counted: &[Counted], tables: &Tables) -> bool {
        counted.iter().all(|one| {
            let meter = tables.table("meters").find(|row| text(row, "name") == one.meter);
            let limit = meter.and_then(|row| row.get("dimension_limit"));
            let limit = limit.map(|limit| exact::row_decimal(limit).to_usize().expect("a count"));
            let had = self.combinations.get(&(one.organization.clone(), one.meter.clone()));
            let known = had.is_some_and(|had| had.contains(&one.dimensions));
            known || had.map_or(0, BTreeSet::len) < limit.unwrap_or(DIMENSION_LIMIT)
        })
    }

    /// What every meter counts in the end.
    pub fn surviving(&self) -> Vec<&Counted> {
        let standing = self.identities.values().filter(|known| !known.retracted);
        standing.flat_map(|known| &known.counted).collect()
    }

    /// The events that were accepted and not taken out again.
    pub fn standing(&self) -> BTreeSet<Identity> {
        let standing = self.identities.iter().filter(|(_, known)| !known.retracted);
        standing.map(|(identity, _)| identity.clone()).collect()
    }
}
