//! The closed list of reasons for which a record is no event. Sinks, dashboards and alerts are built on these words:
//! one is never renamed and never changes its meaning.

macro_rules! codes {
    ($($variant:ident $word:literal $meaning:literal;)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $variant,)+
        }

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $word),+ }
            }

            /// One sentence for a reference page.
            pub const fn meaning(self) -> &'static str {
                match self { $(Code::$variant => $meaning),+ }
            }
        }
    };
}

codes! {
    InvalidJson "invalid_json" "The bytes are not JSON; the hint says at which byte.";
    TrailingBytes "trailing_bytes" "Something follows the JSON value.";
    DuplicateKey "duplicate_key" "An object has the same key twice, so what it says depends on who reads it.";
    InvalidUtf8 "invalid_utf8" "The bytes are not UTF-8; the hint says at which byte.";
    ByteOrderMark "byte_order_mark" "The record begins with a byte order mark.";
    TooDeep "too_deep" "Objects and arrays are nested deeper than the limit.";
    TooLarge "too_large" "The record is larger than the limit.";
    NullValue "null_value" "The record has no value (a Kafka tombstone).";
    MissingField "missing_field" "A required field is absent.";
    InvalidField "invalid_field" "A field has the wrong type, is empty, too long, or has characters that it must not have.";
    UnknownField "unknown_field" "A field that events do not have.";
    InvalidTime "invalid_time" "The timestamp is neither RFC 3339 with an offset nor integer milliseconds.";
    Future "future" "The timestamp is further ahead of the time of receipt than the tolerance.";
    InvalidQuantity "invalid_quantity" "The quantity is no plain decimal within its limits, or is negative where a meter forbids it.";
    InvalidCost "invalid_cost" "The cost is no plain decimal within its limits.";
    InvalidValue "invalid_value" "A meter reads its value from a place where the event has no such value.";
    TooManyMetadata "too_many_metadata" "More metadata entries than the limit.";
    InvalidMetadata "invalid_metadata" "Metadata is no flat object of scalars within their limits.";
    KeyCollision "key_collision" "The organization or the dimension values hash like others that are already known.";
    CardinalityExceeded "cardinality_exceeded" "The organization already has as many combinations of dimension values as the meter allows, or the process as many names as it holds.";
    UnknownIdentity "unknown_identity" "A retract names an event that was never accepted, or lies beyond the horizon.";
    OriginalUnavailable "original_unavailable" "A retract names an event whose record could not be read just then: send the retract again.";
    OriginalGone "original_gone" "A retract names an event whose record its source no longer holds.";
}

impl std::fmt::Display for Code {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_used_once() {
        let words: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), Code::ALL.len());
    }

    #[test]
    fn the_published_list_is_this_one() {
        let rows = Code::ALL.iter().map(|code| format!("| `{code}` | {} |\n", code.meaning()));
        let list = format!("{PUBLISHED}\n| code | meaning |\n|---|---|\n{}", rows.collect::<String>());
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/event/rejections.md");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(path, &list).unwrap();
        }
        let published = std::fs::read_to_string(path).unwrap();
        assert_eq!(list, published, "run again with UPDATE_GOLDEN=1 where the change is meant");
    }

    const PUBLISHED: &str = "\
# Why a record is no event

A rejected record is kept whole, with one of these codes, the place in the record as a JSON pointer, and a hint. The same
answer is given at the door (`POST /v1/events`) and for what comes from Kafka or a file. The codes are a closed list: a
code keeps its meaning. `examples/invalid` has records for each; their names begin with the code.
";
}
