//! The decoder: one a thread, for every record that comes in, at the door and in the graph alike.

use super::code::Code;
use super::fields::{Fields, PLAIN};
use super::interpret::{Circumstances, interpret};
use super::json::{self, Node};
use super::mistake::Mistake;
use super::types::{Decoded, Event, Rejection};
use super::{cloud_event, fast, limits, plain, salvage};
use crate::feed::{Place, Record};
use crate::meters::MeterBook;
use crate::names::{NameCache, Names};
use highwater_rating::time::EventTime;
use std::sync::Arc;

/// What an event without a timestamp is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingTimestamp {
    /// A `missing_field`.
    #[default]
    Reject,
    /// An event of its time of receipt, where that is known. The assigned time is no part of the content, so a
    /// repetition received later is a duplicate.
    ReceivedAt,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeSettings {
    /// Whether events carry all their texts. Retracts do in any case.
    pub archive: bool,
    /// How far an event may lie ahead of its time of receipt, in microseconds.
    pub future_tolerance_us: i64,
    pub missing_timestamp: MissingTimestamp,
    /// The largest record, in bytes.
    pub record_bytes: usize,
}

impl Default for DecodeSettings {
    fn default() -> DecodeSettings {
        DecodeSettings {
            archive: false,
            future_tolerance_us: limits::FUTURE_TOLERANCE_US,
            missing_timestamp: MissingTimestamp::Reject,
            record_bytes: limits::RECORD_BYTES,
        }
    }
}

#[derive(Debug)]
pub struct Decoder {
    names: NameCache,
    settings: DecodeSettings,
    scratch: Vec<u8>,
}

impl Decoder {
    pub fn new(names: Arc<Names>, settings: DecodeSettings) -> Decoder {
        Decoder { names: NameCache::new(names), settings, scratch: Vec::new() }
    }

    /// Never panics, whatever the bytes are. The same bytes under the same circumstances decode the same everywhere.
    #[inline]
    pub fn decode(
        &mut self,
        bytes: &[u8],
        place: Place,
        received_at: Option<EventTime>,
        meters: &MeterBook,
    ) -> Decoded {
        match self.event(bytes, place, received_at, meters) {
            Ok(event) => Decoded::Event(event),
            Err(mistake) => Decoded::Rejected(self.reject(bytes, place, received_at, mistake)),
        }
    }

    /// A framed record of partition `partition`; without a value it is a `null_value`.
    pub fn decode_record(&mut self, partition: u32, record: &Record, meters: &MeterBook) -> Decoded {
        let place = Place { partition, offset: record.offset };
        match &record.bytes {
            Some(bytes) => self.decode(bytes, place, record.received_at, meters),
            None => {
                let mistake = Mistake::new(
                    Code::NullValue,
                    "",
                    "a record without a value is no event; to undo one, send it again with `\"retract\": true`",
                );
                Decoded::Rejected(self.reject(&[], place, record.received_at, mistake))
            }
        }
    }

    /// What the door answers before the event has a place: the very code path that the graph takes afterwards.
    pub fn check(
        &mut self,
        bytes: &[u8],
        received_at: Option<EventTime>,
        meters: &MeterBook,
    ) -> Result<Event, Box<Rejection>> {
        match self.decode(bytes, Place::default(), received_at, meters) {
            Decoded::Event(event) => Ok(event),
            Decoded::Rejected(rejection) => Err(rejection),
        }
    }

    #[inline]
    fn event(
        &mut self,
        bytes: &[u8],
        place: Place,
        received_at: Option<EventTime>,
        meters: &MeterBook,
    ) -> Result<Event, Mistake> {
        if bytes.len() > self.settings.record_bytes {
            let hint = format!("{} bytes, {} are allowed", bytes.len(), self.settings.record_bytes);
            return Err(Mistake::new(Code::TooLarge, "", hint));
        }
        let mut circumstances =
            Circumstances { settings: &self.settings, meters, place, received_at, printable: false };
        let mut fields = Fields::empty(&PLAIN);
        match fast::read(bytes, &mut fields) {
            Some(taken) => circumstances.printable = taken.printable,
            None => fields = read_strictly(bytes)?,
        }
        interpret(&fields, &circumstances, &mut self.names, &mut self.scratch)
    }

    #[cold]
    fn reject(
        &mut self,
        bytes: &[u8],
        place: Place,
        received_at: Option<EventTime>,
        mistake: Mistake,
    ) -> Box<Rejection> {
        let salvaged = salvage::read(bytes);
        // So that counts by organization can show its name; a collision changes nothing about the rejection.
        let _ = self.names.organization(&salvaged.organization_id);
        Box::new(Rejection {
            code: mistake.code.as_str().to_owned(),
            path: mistake.path,
            hint: mistake.hint,
            place,
            received_at,
            organization_id: salvaged.organization_id,
            source: salvaged.source,
            id: salvaged.id,
            raw: bytes.to_owned(),
        })
    }
}

/// Every record that the fast reader leaves, and by the same rules every one that it takes.
#[cold]
pub(crate) fn read_strictly(bytes: &[u8]) -> Result<Fields<'_>, Mistake> {
    match json::read(bytes, limits::DEPTH)? {
        Node::Object(entries) if cloud_event::is_one(&entries) => cloud_event::fields(entries),
        Node::Object(entries) => plain::fields(entries),
        _ => Err(Mistake::new(Code::InvalidField, "", "an event is a JSON object")),
    }
}
