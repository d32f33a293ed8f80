//! Durations as `"1s"`, sizes as `"64KiB"`: the unit is always written, so no number can be read in the wrong one.

pub mod duration {
    use crate::config::mistake::{code, coded};
    use jiff::{Span, SpanRelativeTo};
    use serde::{Deserializer, Serializer, de};
    use std::fmt;
    use std::time::Duration;

    const HELP: &str = "write a number and a unit: \"100ms\", \"1s\", \"5m\", \"2h\", \"35d\"";

    pub fn parse(text: &str) -> Option<Duration> {
        let span: Span = text.parse().ok()?;
        Duration::try_from(span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?).ok()
    }

    /// The shortest form with one unit: the inverse of [`parse`] for every duration of whole milliseconds.
    pub fn text(duration: Duration) -> String {
        let milliseconds = duration.as_millis();
        let unit = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
        match unit.into_iter().find(|(size, _)| milliseconds > 0 && milliseconds.is_multiple_of(*size)) {
            Some((size, name)) => format!("{}{name}", milliseconds / size),
            None => format!("{milliseconds}ms"),
        }
    }

    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text(*duration))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Duration;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a duration such as \"1s\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
                parse(text).ok_or_else(|| coded(code::UNIT, format_args!("`{text}` is no duration"), HELP))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Duration, E> {
                Err(coded(code::UNIT, format_args!("`{number}` has no unit"), HELP))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Duration, E> {
                Err(coded(code::UNIT, format_args!("`{number}` has no unit"), HELP))
            }
        }
        deserializer.deserialize_any(Text)
    }
}

pub mod size {
    use crate::config::mistake::{code, coded};
    use serde::{Deserializer, Serializer, de};
    use std::fmt;

    const HELP: &str = "write a whole number and a unit: \"512B\", \"64KiB\", \"8MiB\", \"1GiB\"";
    const UNITS: [(&str, usize); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

    /// Bytes.
    pub fn parse(text: &str) -> Option<usize> {
        let (unit, size) = UNITS.into_iter().find(|(unit, _)| text.ends_with(unit))?;
        let digits = text.strip_suffix(unit)?.trim_end();
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        digits.parse::<usize>().ok()?.checked_mul(size)
    }

    pub fn text(bytes: usize) -> String {
        match UNITS.into_iter().find(|(_, size)| bytes > 0 && bytes.is_multiple_of(*size)) {
            Some((unit, size)) => format!("{}{unit}", bytes / size),
            None => format!("{bytes}B"),
        }
    }

    pub fn serialize<S: Serializer>(bytes: &usize, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text(*bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = usize;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a size such as \"64KiB\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<usize, E> {
                parse(text).ok_or_else(|| coded(code::UNIT, format_args!("`{text}` is no size"), HELP))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<usize, E> {
                Err(coded(code::UNIT, format_args!("`{number}` has no unit"), HELP))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<usize, E> {
                Err(coded(code::UNIT, format_args!("`{number}` has no unit"), HELP))
            }
        }
        deserializer.deserialize_any(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::{duration, size};
    use std::time::Duration;

    #[test]
    fn a_duration_reads_with_its_unit_only() {
        let table = [
            ("1s", Some(Duration::from_secs(1))),
            ("100ms", Some(Duration::from_millis(100))),
            ("1m 30s", Some(Duration::from_secs(90))),
            ("35d", Some(Duration::from_secs(35 * 86_400))),
            ("0s", Some(Duration::ZERO)),
            ("-1s", None),
            ("1", None),
            ("1 fortnight", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(duration::parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_size_reads_with_its_unit_only() {
        let table = [
            ("64KiB", Some(65_536)),
            ("8MiB", Some(8 << 20)),
            ("1GiB", Some(1 << 30)),
            ("512B", Some(512)),
            ("8 MiB", Some(8 << 20)),
            ("8MB", None),
            ("8", None),
            ("1.5MiB", None),
            ("-1B", None),
            ("99999999999999999999GiB", None),
            ("B", None),
        ];
        for (text, expected) in table {
            assert_eq!(size::parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_shown_reads_back_as_the_same() {
        for milliseconds in [0, 1, 999, 1_000, 60_000, 90_000, 3_600_000, 35 * 86_400_000] {
            let shown = Duration::from_millis(milliseconds);
            assert_eq!(duration::parse(&duration::text(shown)), Some(shown));
        }
        for bytes in [0, 1, 1023, 1024, 65_536, 8 << 20, (8 << 20) + 1] {
            assert_eq!(size::parse(&size::text(bytes)), Some(bytes));
        }
    }
}
