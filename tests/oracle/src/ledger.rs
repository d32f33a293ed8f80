//! What becomes of each record, in the order in which they are read.

use crate::civil::Micros;
use crate::event::{self, Code, Content, Event, RawRecord};
use crate::fold::Counted;
use crate::meter;
use crate::tables::Tables;
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Accepted,
    Duplicate,
    Conflicting,
    Late,
    Rejected(Code),
}

const HORIZON: Micros = 35 * 86_400_000_000;

/// Every identity that was ever accepted, with what it said and what it still adds.
#[derive(Default)]
pub struct Ledger {
    identities: BTreeMap<(String, String, String), Known>,
}

struct Known {
    content: Content,
    retracted: bool,
    counted: Vec<Counted>,
}

impl Ledger {
    /// `tables` as they stand when the record is read: only meters matter here.
    pub fn take(&mut self, record: &RawRecord, tables: &Tables) -> Outcome {
        self.take_event(record, tables).unwrap_or_else(Outcome::Rejected)
    }

    fn take_event(&mut self, record: &RawRecord, tables: &Tables) -> Result<Outcome, Code> {
        let event = event::read(record)?;
        if event.retract {
            return self.retract(&event);
        }
        let counted = meter::count(tables, &event)?;
        if event.received_at.is_some_and(|received_at| received_at - event.instant > HORIZON) {
            return Ok(Outcome::Late);
        }
        match self.identities.get(&identity(&event)) {
            Some(known) if known.content == event.content => Ok(Outcome::Duplicate),
            Some(_) => Ok(Outcome::Conflicting),
            None => {
                let key = identity(&event);
                self.identities.insert(key, Known { content: event.content, retracted: false, counted });
                Ok(Outcome::Accepted)
            }
        }
    }

    fn retract(&mut self, event: &Event) -> Result<Outcome, Code> {
        let known = self.identities.get_mut(&identity(event)).ok_or("unknown_identity")?;
        if known.retracted {
            return Ok(Outcome::Duplicate);
        }
        known.retracted = true;
        Ok(Outcome::Accepted)
    }

    /// What every meter counts in the end.
    pub fn surviving(&self) -> Vec<&Counted> {
        let standing = self.identities.values().filter(|known| !known.retracted);
        standing.flat_map(|known| &known.counted).collect()
    }
}

fn identity(event: &Event) -> (String, String, String) {
    (event.organization.clone(), event.source.clone(), event.id.clone())
}
