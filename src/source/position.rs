//! How far each partition was read, and from where reading begins.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What a partition is called outside: it stays the same over restarts, whatever number it has here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PartitionName {
    /// `kafka`, `log` or `file`.
    pub source: String,
    /// The topic, the stream of the log, or the path of the file as it was given.
    pub topic: String,
    pub partition: u32,
}

impl fmt::Display for PartitionName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source.as_str() {
            "file" => formatter.write_str(&self.topic),
            source => write!(formatter, "{source} partition {}[{}]", self.topic, self.partition),
        }
    }
}

/// How far one partition was read. Offsets of files count bytes, all others count records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionPosition {
    pub name: PartitionName,
    /// Where reading began when the partition was met for the first time. A replay starts here again.
    pub first_offset: u64,
    /// The offset after the last record that was handed out.
    pub next_offset: u64,
    /// The end of the partition as it was seen last; lag is the distance to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high_watermark: Option<u64>,
}

impl PartitionPosition {
    /// How much is still to be read, where the end is known.
    pub fn lag(&self) -> Option<u64> {
        self.high_watermark.map(|end| end.saturating_sub(self.next_offset))
    }
}

/// Positions by the number that [`highwater_dataflows::feed::Place`] carries.
pub type Positions = BTreeMap<u32, PartitionPosition>;

/// From where a source reads. Partitions keep the numbers that they have in `known`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    known: Positions,
}

impl Start {
    /// For the first time: each partition from the earliest record that it holds.
    pub fn first() -> Start {
        Start::default()
    }

    /// Everything once more: each known partition from where it began, others from offset 0.
    pub fn replay(mut known: Positions) -> Start {
        for position in known.values_mut() {
            position.next_offset = position.first_offset;
            position.high_watermark = None;
        }
        Start { known }
    }

    /// On from where each known partition was left, others from offset 0.
    pub fn resume(mut known: Positions) -> Start {
        for position in known.values_mut() {
            position.high_watermark = None;
        }
        Start { known }
    }

    pub(super) fn is_first(&self) -> bool {
        self.known.is_empty()
    }

    pub(super) fn known(&self) -> &Positions {
        &self.known
    }

    /// The number of `name`: the one it had, or the smallest that was never given away in `known` or `taken`.
    pub(super) fn number(&self, name: &PartitionName, taken: &Positions) -> (u32, Option<&PartitionPosition>) {
        if let Some((number, position)) = self.known.iter().find(|(_, position)| position.name == *name) {
            return (*number, Some(position));
        }
        let next = |positions: &Positions| positions.keys().next_back().map_or(0, |number| number + 1);
        (next(&self.known).max(next(taken)), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(partition: u32) -> PartitionName {
        PartitionName { source: "kafka".into(), topic: "events".into(), partition }
    }

    fn at(partition: u32, first_offset: u64, next_offset: u64) -> PartitionPosition {
        PartitionPosition { name: named(partition), first_offset, next_offset, high_watermark: Some(99) }
    }

    #[test]
    fn a_known_partition_keeps_its_number_and_a_new_one_gets_a_number_never_used() {
        let known = Positions::from([(3, at(1, 5, 8)), (7, at(0, 0, 2))]);
        let start = Start::resume(known.clone());
        assert_eq!(start.number(&named(1), &Positions::new()).0, 3);
        assert_eq!(start.number(&named(2), &Positions::new()).0, 8);
        assert_eq!(start.number(&named(2), &Positions::from([(8, at(9, 0, 0))])).0, 9);
    }

    #[test]
    fn a_replay_starts_where_the_partition_began_and_not_where_it_was_left() {
        let known = Positions::from([(0, at(0, 5, 8))]);
        assert_eq!(Start::replay(known.clone()).known()[&0].next_offset, 5);
        assert_eq!(Start::resume(known).known()[&0].next_offset, 8);
    }
}
