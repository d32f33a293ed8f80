//! The book of meters: which meters count a feature, each under an index that this process never reuses.
//!
//! Owns indexes and immutability. Does not own how an event's value is read (`event::contributions`).

use crate::event::MeterIndex;
use crate::event::scalar::canonical_number;
use crate::feed::TableChange;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use highwater_rating::tables::{Meter, Row, Scalar, Table};
use smallvec::SmallVec;
use std::sync::Arc;

/// An immutable snapshot: a change makes a new book, which is swapped in as a whole.
#[derive(Clone, Debug, Default)]
pub struct MeterBook {
    /// By index. A removed meter stays, so that its index is never given to another.
    entries: Vec<Entry>,
    by_name: HashMap<Arc<str>, MeterIndex, FixedState>,
    /// Of the meters that count, in order of index.
    by_feature: HashMap<Arc<str>, SmallVec<[MeterIndex; 2]>, FixedState>,
}

#[derive(Clone, Debug)]
struct Entry {
    meter: Arc<Meter>,
    /// The meter with the numbers of its conditions in the form in which events' numbers are compared.
    compared: Arc<Meter>,
    counts: bool,
}

/// Why a change of a meter is not taken. The book stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeterError {
    /// What was already counted would mean something else: a changed meaning is a new meter.
    #[error("meter `{meter}` is immutable: `{field}` cannot change; declare a new meter")]
    Immutable { meter: Arc<str>, field: &'static str },
    #[error("there are {} meters already", usize::from(u16::MAX) + 1)]
    TooMany,
}

impl MeterBook {
    pub fn new() -> MeterBook {
        MeterBook::default()
    }

    /// A book of these meters, indexed in their order.
    pub fn of(meters: impl IntoIterator<Item = Meter>) -> Result<MeterBook, MeterError> {
        let mut book = MeterBook::default();
        meters.into_iter().try_for_each(|meter| book.upsert(meter))?;
        Ok(book)
    }

    /// A book as an earlier one was, each meter with whether it counts.
    pub(crate) fn as_it_was(meters: impl IntoIterator<Item = (Meter, bool)>) -> Result<MeterBook, MeterError> {
        let mut book = MeterBook::default();
        for (meter, counts) in meters {
            let name = meter.name.clone();
            book.upsert(meter)?;
            if !counts {
                book.remove(&name);
            }
        }
        Ok(book)
    }

    /// Every meter that has an index, in order of index, with whether it counts.
    pub fn every(&self) -> impl Iterator<Item = (&Arc<Meter>, bool)> {
        self.entries.iter().map(|entry| (&entry.meter, entry.counts))
    }

    /// The book after a change of a table row. Rows of other tables change nothing.
    pub fn with(&self, change: &TableChange) -> Result<MeterBook, MeterError> {
        let mut book = self.clone();
        match change {
            TableChange::Upsert(Row::Meters(meter)) => book.upsert(meter.clone())?,
            TableChange::Remove(key) if key.table == Table::Meters => book.remove(&key.key),
            _ => {}
        }
        Ok(book)
    }

    /// The meter of an index that this book or an earlier one gave out, removed or not.
    ///
    /// Panics on an index of a later book: that is a defect of the caller, not an input.
    pub fn meter(&self, index: MeterIndex) -> &Arc<Meter> {
        &self.entries[usize::from(index.0)].meter
    }

    pub fn get(&self, index: MeterIndex) -> Option<&Arc<Meter>> {
        self.entries.get(usize::from(index.0)).map(|entry| &entry.meter)
    }

    /// Also of a removed meter.
    pub fn index_of(&self, name: &str) -> Option<MeterIndex> {
        self.by_name.get(name).copied()
    }

    /// Whether the meter still counts.
    pub fn counts(&self, index: MeterIndex) -> bool {
        self.entries.get(usize::from(index.0)).is_some_and(|entry| entry.counts)
    }

    /// The meters that count, in order of index.
    pub fn meters(&self) -> impl Iterator<Item = (MeterIndex, &Arc<Meter>)> {
        let indexed = self.entries.iter().enumerate();
        indexed.filter(|(_, entry)| entry.counts).map(|(index, entry)| (MeterIndex(index as u16), &entry.meter))
    }

    /// The meters that count a feature, in order of index, their conditions' numbers in canonical form.
    pub(crate) fn of_feature(&self, feature: &str) -> impl Iterator<Item = (MeterIndex, &Meter)> {
        let indexes = self.by_feature.get(feature).map(SmallVec::as_slice).unwrap_or_default();
        indexes.iter().map(|index| (*index, &*self.entries[usize::from(index.0)].compared))
    }

    fn upsert(&mut self, meter: Meter) -> Result<(), MeterError> {
        let compared = Arc::new(with_canonical_conditions(&meter));
        match self.by_name.get(&meter.name) {
            Some(index) => {
                let entry = &mut self.entries[usize::from(index.0)];
                if let Some(field) = changed_meaning(&entry.meter, &meter) {
                    return Err(MeterError::Immutable { meter: meter.name, field });
                }
                *entry = Entry { meter: Arc::new(meter), compared, counts: true };
            }
            None => {
                let index = MeterIndex(u16::try_from(self.entries.len()).map_err(|_| MeterError::TooMany)?);
                self.by_name.insert(meter.name.clone(), index);
                self.entries.push(Entry { meter: Arc::new(meter), compared, counts: true });
            }
        }
        self.index_features();
        Ok(())
    }

    fn remove(&mut self, name: &str) {
        if let Some(index) = self.by_name.get(name) {
            self.entries[usize::from(index.0)].counts = false;
            self.index_features();
        }
    }

    fn index_features(&mut self) {
        self.by_feature.clear();
        for (index, entry) in self.entries.iter().enumerate().filter(|(_, entry)| entry.counts) {
            self.by_feature.entry(entry.meter.feature.clone()).or_default().push(MeterIndex(index as u16));
        }
    }
}

/// The first field that decides what is counted and differs. `unit` is a word for people and `dimension_limit` a bound.
fn changed_meaning(old: &Meter, new: &Meter) -> Option<&'static str> {
    let differs = [
        ("feature", old.feature != new.feature),
        ("conditions", old.conditions != new.conditions),
        ("aggregation", old.aggregation != new.aggregation),
        ("value", old.value != new.value),
        ("dimensions", old.dimensions != new.dimensions),
        ("negative_allowed", old.negative_allowed != new.negative_allowed),
        ("effective_from", old.effective_from != new.effective_from),
    ];
    differs.into_iter().find(|(_, differs)| *differs).map(|(field, _)| field)
}

fn with_canonical_conditions(meter: &Meter) -> Meter {
    let mut meter = meter.clone();
    for scalar in meter.conditions.iter_mut().flat_map(|condition| &mut condition.one_of) {
        if let Scalar::Number(token) = scalar {
            token.0 = canonical_number(&token.0).into();
        }
    }
    meter
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_rating::tables::{Aggregation, RowKey, ValueField};

    fn meter(name: &str, aggregation: Aggregation) -> Meter {
        Meter {
            name: name.into(),
            feature: "api_call".into(),
            conditions: Vec::new(),
            aggregation,
            value: ValueField::Quantity,
            dimensions: Vec::new(),
            dimension_limit: 1_000,
            unit: "".into(),
            negative_allowed: false,
            effective_from: None,
        }
    }

    fn calls() -> Meter {
        meter("calls", Aggregation::Count)
    }

    fn latency() -> Meter {
        meter("latency", Aggregation::Max)
    }

    fn removal(name: &str) -> TableChange {
        TableChange::Remove(RowKey { table: Table::Meters, key: name.into() })
    }

    fn counting(book: &MeterBook, feature: &str) -> Vec<u16> {
        book.of_feature(feature).map(|(index, _)| index.0).collect()
    }

    #[test]
    fn a_removed_meter_keeps_its_index_and_stops_counting() {
        let book = MeterBook::of([calls(), latency()]).unwrap();
        assert_eq!(counting(&book, "api_call"), [0, 1]);
        let without = book.with(&removal("calls")).unwrap();
        assert_eq!(counting(&without, "api_call"), [1]);
        assert_eq!(&*without.meter(MeterIndex(0)).name, "calls");
        assert!(!without.counts(MeterIndex(0)));
        let third = meter("third", Aggregation::Count);
        let with_third = without.with(&TableChange::Upsert(Row::Meters(third))).unwrap();
        assert_eq!(with_third.index_of("third"), Some(MeterIndex(2)));
        let again = with_third.with(&TableChange::Upsert(Row::Meters(calls()))).unwrap();
        assert_eq!(counting(&again, "api_call"), [0, 1, 2]);
        assert_eq!(counting(&book, "api_call"), [0, 1], "a snapshot does not change");
    }

    #[test]
    fn a_changed_meaning_is_refused_and_a_changed_bound_is_not() {
        let book = MeterBook::of([calls()]).unwrap();
        let changed = meter("calls", Aggregation::Sum);
        let refused = book.with(&TableChange::Upsert(Row::Meters(changed))).unwrap_err();
        assert_eq!(refused, MeterError::Immutable { meter: "calls".into(), field: "aggregation" });
        let wider = Meter { dimension_limit: 5, ..calls() };
        let book = book.with(&TableChange::Upsert(Row::Meters(wider))).unwrap();
        assert_eq!(book.meter(MeterIndex(0)).dimension_limit, 5);
    }

    #[test]
    fn rows_of_other_tables_change_nothing() {
        let book = MeterBook::of([calls()]).unwrap();
        let other = TableChange::Remove(RowKey { table: Table::Plans, key: "calls".into() });
        assert_eq!(counting(&book.with(&other).unwrap(), "api_call"), [0]);
        assert_eq!(counting(&book.with(&removal("unheard_of")).unwrap(), "api_call"), [0]);
    }
}
