//! Finds the event that a retract takes out again: its record is read once more and decoded as it was then.

use super::books::ByPartition;
use crate::event::{DecodeSettings, Decoded, Decoder, Event};
use crate::feed::{Place, Recall, RecallError};
use crate::meters::MeterBook;
use crate::names::Names;
use crate::parcel::Fed;
use std::sync::Arc;

/// How often a record that cannot be read just now is asked for. How long to wait in between is the source's to know.
const ATTEMPTS: usize = 5;

pub struct Originals {
    recall: Arc<dyn Recall>,
    decoder: Decoder,
    /// The book of meters that each partition's records were read with, from which offset on.
    books: ByPartition,
}

/// Why a retract cannot be done, as a code with its hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    Gone(String),
    Unavailable(String),
}

impl Originals {
    pub fn new(recall: Arc<dyn Recall>, names: Arc<Names>, settings: DecodeSettings) -> Originals {
        let decoder = Decoder::new(names, DecodeSettings { archive: true, ..settings });
        Originals { recall, decoder, books: ByPartition::default() }
    }

    pub fn books(&self) -> &ByPartition {
        &self.books
    }

    /// What `books` gave in an earlier process.
    pub fn remember(&mut self, books: ByPartition) {
        self.books = books;
    }

    /// Remembers what a batch is read with. A meter that came later did not count the events before it, so taking one
    /// of them out must not touch it.
    pub fn learn(&mut self, fed: &Fed) {
        let Some(offset) = fed.first_offset() else { return };
        let books = self.books.entry(fed.batch.partition).or_default();
        if books.last().is_none_or(|(_, book)| !Arc::ptr_eq(book, &fed.meters)) {
            books.push((offset, fed.meters.clone()));
        }
    }

    fn book_at(&self, place: Place) -> Option<Arc<MeterBook>> {
        let books = self.books.get(&place.partition)?;
        let after = books.partition_point(|(offset, _)| *offset <= place.offset);
        Some(books.get(after.checked_sub(1)?)?.1.clone())
    }

    /// The event that was accepted from a place, with all its texts and the book that it was counted by.
    pub fn find(&mut self, place: Place, identity: u128) -> Result<(Event, Arc<MeterBook>), Missing> {
        let mut attempts = 0;
        let record = loop {
            attempts += 1;
            match self.recall.recall(place) {
                Ok(record) => break record,
                Err(RecallError::Unavailable(_)) if attempts < ATTEMPTS => {}
                Err(RecallError::Unavailable(reason)) => return Err(Missing::Unavailable(reason)),
                Err(gone @ RecallError::Gone) => return Err(Missing::Gone(gone.to_string())),
            }
        };
        let changed = || Missing::Gone("the source now holds another record at its place".to_owned());
        let book = self.book_at(place).ok_or_else(changed)?;
        match self.decoder.decode_record(place.partition, &record, &book) {
            Decoded::Event(event) if event.identity == identity => Ok((Event { place, ..event }, book)),
            _ => Err(changed()),
        }
    }

    /// Reads a record of a batch again, for its texts.
    pub fn read_again(&mut self, fed: &Fed, event: &Event) -> Decoded {
        self.decoder.decode(fed.raw(event.place.offset), event.place, event.received_at, &fed.meters)
    }
}
