//! The decoded event, small enough to be exchanged between workers by value.

use crate::feed::Place;
use highwater_rating::number::Quantity;
use highwater_rating::time::EventTime;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// xxh3 of the organization id. Stable over processes and restarts, so it may route and be stored; `names` holds the
/// text and refuses a second id with the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrganizationKey(pub u64);

/// A meter's place in the book of meters of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MeterIndex(pub u16);

/// One combination of dimension values, by xxh3 of its length-prefixed parts; 0 is "none declared".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DimensionsKey(pub u64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// 128-bit hash of (organization id, source, id), each length-prefixed.
    pub identity: u128,
    /// Hash of everything else that the event says, after normalisation.
    pub content: u64,
    pub organization: OrganizationKey,
    pub event_time: EventTime,
    /// When the source got it, as the record says; absent for files.
    pub received_at: Option<EventTime>,
    pub place: Place,
    /// Takes the event of this identity out again; has no contributions of its own.
    pub retract: bool,
    pub contributions: SmallVec<[Contribution; 1]>,
    /// Every field as text, for the archive and for outcomes; present when the archive is on, and always on retracts
    /// and where a `latest` meter counts the event.
    pub archived: Option<Box<ArchivedEvent>>,
}

/// What an event adds to one meter. For `unique` the value is a hash of the counted value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contribution {
    pub meter: MeterIndex,
    pub dimensions: DimensionsKey,
    pub value: i128,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedEvent {
    pub organization_id: String,
    pub source: String,
    pub id: String,
    pub feature: String,
    pub endpoint: String,
    pub quantity: Quantity,
    /// Our own cost, up to 9 fractional digits.
    pub cost: Quantity,
    /// Keys in byte order; values as JSON scalars.
    pub metadata: Vec<(String, String)>,
}

/// A record that is no event. It is kept whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// A word from the closed list in `event::code`.
    pub code: String,
    /// Where in the record, as a JSON pointer; empty for the whole.
    pub path: String,
    /// What to do about it, for a person.
    pub hint: String,
    pub place: Place,
    pub received_at: Option<EventTime>,
    /// What could be read of it, empty where nothing could.
    pub organization_id: String,
    pub source: String,
    pub id: String,
    pub raw: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Decoded {
    Event(Event),
    Rejected(Box<Rejection>),
}
