//! The books of meters that records were read with, in a snapshot: JSON, each book once.

use crate::meters::MeterBook;
use highwater_rating::tables::Meter;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Of each partition, the book from which offset on.
pub type ByPartition = BTreeMap<u32, Vec<(u64, Arc<MeterBook>)>>;

#[derive(Default)]
pub struct Books {
    pub by_partition: ByPartition,
    /// Every meter that has an index; none counts before its row has come again.
    pub newest: Arc<MeterBook>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    books: Vec<Vec<Entry>>,
    partitions: Vec<Partition>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    meter: Arc<Meter>,
    /// False of a meter that was removed, whose index stays its own.
    counts: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Partition {
    partition: u32,
    /// Offsets, and the numbers of the books from there on.
    from: Vec<(u64, usize)>,
}

pub fn write(by_partition: &ByPartition) -> Vec<u8> {
    let mut different: Vec<Arc<MeterBook>> = Vec::new();
    let mut number = |book: &Arc<MeterBook>| {
        different.iter().position(|known| Arc::ptr_eq(known, book)).unwrap_or_else(|| {
            different.push(book.clone());
            different.len() - 1
        })
    };
    let partition = |(partition, books): (&u32, &Vec<(u64, Arc<MeterBook>)>)| Partition {
        partition: *partition,
        from: books.iter().map(|(offset, book)| (*offset, number(book))).collect(),
    };
    let partitions = by_partition.iter().map(partition).collect();
    let entries =
        |book: &Arc<MeterBook>| book.every().map(|(meter, counts)| Entry { meter: meter.clone(), counts }).collect();
    let document = Document { books: different.iter().map(entries).collect(), partitions };
    // Rows hold nothing that JSON cannot write.
    serde_json::to_vec(&document).unwrap_or_default()
}

pub fn read(payload: &[u8]) -> Result<Books, String> {
    let document: Document = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
    let book = |entries: Vec<Entry>| {
        let meters = entries.into_iter().map(|entry| (Meter::clone(&entry.meter), entry.counts));
        MeterBook::as_it_was(meters).map(Arc::new).map_err(|error| error.to_string())
    };
    let books = document.books.into_iter().map(book).collect::<Result<Vec<_>, _>>()?;
    let mut by_partition = ByPartition::new();
    for Partition { partition, from } in document.partitions {
        let book = |(offset, number): (u64, usize)| books.get(number).map(|book| (offset, book.clone()));
        let listed =
            from.into_iter().map(book).collect::<Option<_>>().ok_or("it names a book that it does not have")?;
        by_partition.insert(partition, listed);
    }
    // Indexes are never given again: the longest book has those of all others.
    let longest = books.into_iter().max_by_key(|book| book.every().count()).unwrap_or_default();
    let silent = longest.every().map(|(meter, _)| (Meter::clone(meter), false));
    let newest = MeterBook::as_it_was(silent).map(Arc::new).map_err(|error| error.to_string())?;
    Ok(Books { by_partition, newest })
}
