//! What travels from the worker that decoded a batch to the worker that counts.
//!
//! Every batch sends one parcel to every worker, also an empty one: the counting operator then knows that a sequence
//! number is complete, and can count in the order of the numbers without waiting for the epoch to end.

use crate::event::{Event, Rejection};
use crate::feed::{Batch, Records};
use crate::meters::MeterBook;
use crate::time::Time;
use crossbeam_channel::Receiver;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// A batch with what decides how it is read.
#[derive(Debug)]
pub struct Fed {
    pub sequence: u64,
    pub batch: Batch,
    pub meters: Arc<MeterBook>,
    /// Held, not read.
    pub _permit: Permit,
}

/// One of the bounded number of batches in flight; dropped when the last worker has counted its parcel.
#[derive(Debug)]
pub struct Permit(pub Receiver<()>);

impl Drop for Permit {
    fn drop(&mut self) {
        let _ = self.0.try_recv();
    }
}

#[derive(Clone, Debug)]
pub struct Parcel {
    pub fed: Arc<Fed>,
    pub time: Time,
    pub destination: usize,
    pub events: Vec<Event>,
    /// Boxed as the decoder gives them and as outcome rows keep them.
    #[expect(clippy::vec_box)]
    pub rejections: Vec<Box<Rejection>>,
}

/// Emptied lists of events of one worker, to be filled again: a list is some hundred kilobytes, which an allocator
/// would give back to the system and fetch anew with every batch.
#[derive(Clone, Debug, Default)]
pub struct Spare(Rc<RefCell<Vec<Vec<Event>>>>);

impl Spare {
    /// More are not kept: batches in flight are counted one after the other.
    const KEPT: usize = 8;

    pub fn take(&self) -> Vec<Event> {
        self.0.borrow_mut().pop().unwrap_or_default()
    }

    pub fn give(&self, events: Vec<Event>) {
        let mut lists = self.0.borrow_mut();
        if lists.len() < Spare::KEPT {
            lists.push(events);
        }
    }
}

impl Fed {
    /// The bytes of the record at an offset, as they came.
    pub fn raw(&self, offset: u64) -> &[u8] {
        match &self.batch.records {
            Records::Lines { bytes, first_offset } => {
                let rest = offset.checked_sub(*first_offset).and_then(|start| bytes.get(start as usize..));
                let rest = rest.unwrap_or_default();
                &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())]
            }
            Records::Framed(records) => {
                let found = records.binary_search_by_key(&offset, |record| record.offset);
                found.ok().and_then(|position| records[position].bytes.as_deref()).unwrap_or_default()
            }
        }
    }

    /// Where the batch begins in its partition.
    pub fn first_offset(&self) -> Option<u64> {
        match &self.batch.records {
            Records::Lines { first_offset, .. } => Some(*first_offset),
            Records::Framed(records) => records.first().map(|record| record.offset),
        }
    }
}

/// Exchange asks for this of every type. Parcels hold a share of the process's memory and never leave it.
impl Serialize for Parcel {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("parcels do not leave the process"))
    }
}

impl<'de> Deserialize<'de> for Parcel {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Parcel, D::Error> {
        Err(serde::de::Error::custom("parcels do not leave the process"))
    }
}
