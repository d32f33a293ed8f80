//! What the brokers' answers and errors mean: read on, wait, or stop by name.

use super::survey::Survey;
use crate::source::{PartitionName, PartitionPosition, Positions, SourceError, Start, Stop};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Whether a partition that holds the offsets [low, high) can be read from `next_offset` on.
pub(super) fn judge(partition: &PartitionName, next_offset: u64, low: u64, high: u64) -> Result<(), Stop> {
    if next_offset < low {
        return Err(Stop::Gap { partition: partition.clone(), from: next_offset, to: low });
    }
    if next_offset > high {
        return Err(Stop::TopicRecreated { partition: partition.clone(), expected: next_offset, end: high });
    }
    Ok(())
}

/// An events topic must never be compacted.
pub(super) fn check_cleanup_policy(topic: &str, policy: Option<&str>) -> Result<(), Stop> {
    match policy {
        Some(policy) if policy.contains("compact") => {
            Err(Stop::CompactedTopic { topic: topic.into(), policy: policy.into() })
        }
        _ => Ok(()),
    }
}

/// From where a partition is read that is there when the source is opened.
pub(super) fn first_position(
    survey: &Survey,
    start: &Start,
    taken: &Positions,
    name: PartitionName,
) -> Result<(u32, PartitionPosition), SourceError> {
    let (low, high) = survey.watermarks(&name.topic, name.partition as i32)?;
    let (number, known) = start.number(&name, taken);
    let (first_offset, next_offset) = match known {
        Some(known) => (known.first_offset, known.next_offset),
        None if start.is_first() => (low, low),
        None => (0, 0),
    };
    judge(&name, next_offset, low, high)?;
    Ok((number, PartitionPosition { name, first_offset, next_offset, high_watermark: Some(high) }))
}

/// A topic that has fewer partitions than before is another topic.
pub(super) fn check_no_partition_is_gone(start: &Start, positions: &Positions) -> Result<(), Stop> {
    let topics: Vec<&str> = positions.values().map(|position| position.name.topic.as_str()).collect();
    let gone = start
        .known()
        .iter()
        .find(|(number, known)| topics.contains(&known.name.topic.as_str()) && !positions.contains_key(number));
    match gone {
        Some((_, known)) => {
            Err(Stop::TopicRecreated { partition: known.name.clone(), expected: known.next_offset, end: 0 })
        }
        None => Ok(()),
    }
}

pub(super) fn is_out_of_range(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    matches!(code, Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange))
}

/// The reason to stop that an error of a consumer is, unless librdkafka goes on by itself.
pub(super) fn classify(what: &str, error: &KafkaError) -> Option<Stop> {
    let (what, detail) = (what.to_owned(), error.to_string());
    match error.rdkafka_error_code()? {
        RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::GroupAuthorizationFailed => {
            Some(Stop::AccessDenied { what, detail })
        }
        RDKafkaErrorCode::AutoOffsetReset
        | RDKafkaErrorCode::OffsetOutOfRange
        | RDKafkaErrorCode::BadMessage
        | RDKafkaErrorCode::BadCompression
        | RDKafkaErrorCode::Fatal => Some(Stop::Unreadable { what, detail }),
        _ => {
            tracing::debug!(target: "highwater::kafka", what, "{detail}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_that_are_gone_or_not_there_yet_are_told_apart() {
        let name = PartitionName { source: "kafka".into(), topic: "events".into(), partition: 0 };
        let code = |next_offset, low, high| judge(&name, next_offset, low, high).err().map(|stop| stop.code());
        assert_eq!(code(5, 0, 9), None);
        assert_eq!(code(5, 5, 5), None);
        assert_eq!(code(5, 7, 9).as_deref(), Some("gap[5,7)"));
        assert_eq!(code(5, 0, 4).as_deref(), Some("topic_recreated"));
        assert_eq!(code(0, 3, 3).as_deref(), Some("gap[0,3)"));
    }

    #[test]
    fn every_kind_of_compaction_is_refused() {
        let refused = |policy| check_cleanup_policy("events", policy).is_err();
        assert!(refused(Some("compact")) && refused(Some("compact,delete")) && refused(Some("delete,compact")));
        assert!(!refused(Some("delete")) && !refused(None));
    }
}
