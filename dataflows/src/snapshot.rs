//! The state of counting as bytes: sections by kind and shard, as `schemas/state/FORMAT.md` describes them.
//!
//! Owns how numbers and texts are written. Does not own what a section says (`count::snapshot`) or where it is kept.

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Meters,
    Names,
    Identities,
    Accounts,
    Outcomes,
    EventTimes,
}

impl Kind {
    pub const ALL: [Kind; 6] =
        [Kind::Meters, Kind::Names, Kind::Identities, Kind::Accounts, Kind::Outcomes, Kind::EventTimes];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Meters => "meters",
            Kind::Names => "names",
            Kind::Identities => "identities",
            Kind::Accounts => "accounts",
            Kind::Outcomes => "outcomes",
            Kind::EventTimes => "event_times",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Replaces what was said before of its kind and shard.
    Whole,
    /// Comes on top of it.
    Delta,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub kind: Kind,
    pub shard: u8,
    pub form: Form,
    pub payload: Vec<u8>,
}

/// A section that does not say what its kind says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} of shard {shard} cannot be read: {reason}", .kind.name())]
pub struct Unreadable {
    pub kind: Kind,
    pub shard: u8,
    pub reason: String,
}

impl Section {
    pub(crate) fn whole(kind: Kind, shard: u8, payload: Vec<u8>) -> Section {
        Section { kind, shard, form: Form::Whole, payload }
    }

    pub(crate) fn unreadable(&self, reason: impl ToString) -> Unreadable {
        Unreadable { kind: self.kind, shard: self.shard, reason: reason.to_string() }
    }

    /// Reads item after item until the payload ends.
    pub(crate) fn each(
        &self,
        mut item: impl FnMut(&mut Reader<'_>) -> Result<(), Malformed>,
    ) -> Result<(), Unreadable> {
        let mut reader = Reader { rest: &self.payload };
        while !reader.rest.is_empty() {
            item(&mut reader).map_err(|malformed| self.unreadable(malformed))?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("it ends too early")]
    Ends,
    #[error("{0} is no number that stands there")]
    Number(u64),
    #[error("a text is not UTF-8")]
    Text,
    #[error("a name is not taken")]
    Name,
}

pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

macro_rules! numbers {
    ($($number:ident)+) => {$(
        #[inline]
        pub fn $number(&mut self) -> Result<$number, Malformed> {
            let (bytes, rest) = self.rest.split_first_chunk().ok_or(Malformed::Ends)?;
            self.rest = rest;
            Ok($number::from_le_bytes(*bytes))
        }
    )+};
}

impl<'a> Reader<'a> {
    numbers!(u8 u16 u32 u64 u128 i32 i64 i128);

    /// Behind its length.
    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.u32()? as usize;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Malformed::Ends)?;
        self.rest = rest;
        Ok(bytes)
    }

    pub fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed::Text)
    }
}

/// Appends bytes behind their length.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}
