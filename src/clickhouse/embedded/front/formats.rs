//! Which result formats can be sent while the statement still runs.
//!
//! The engine hands a running SELECT's rows over in pieces, each a complete document. Where a document is just rows,
//! or a header and rows, the pieces join into one; everything else (JSON, Parquet, tables for the eye) must be made
//! in one go.

/// ClickHouse's own default over HTTP.
pub(super) const DEFAULT_FORMAT: &str = "TabSeparated";

/// How the pieces of a format become one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pieces {
    /// They are put behind one another.
    Join,
    /// Each repeats a header of this many lines.
    HeaderLines(u8),
    /// The same, where line ends inside double quotes do not count.
    HeaderRecords(u8),
    /// Each repeats a count and this many lists of so many length-prefixed texts.
    HeaderLists(u8),
    /// They cannot be joined.
    Whole,
}

pub(super) fn pieces(format: &str) -> Pieces {
    match format {
        "TabSeparated"
        | "TSV"
        | "TabSeparatedRaw"
        | "TSVRaw"
        | "Raw"
        | "CSV"
        | "JSONEachRow"
        | "JSONLines"
        | "NDJSON"
        | "JSONStringsEachRow"
        | "JSONCompactEachRow"
        | "JSONCompactStringsEachRow"
        | "RowBinary"
        | "Native"
        | "TSKV"
        | "LineAsString"
        | "RawBLOB"
        | "MsgPack" => Pieces::Join,
        "TabSeparatedWithNames"
        | "TSVWithNames"
        | "TabSeparatedRawWithNames"
        | "TSVRawWithNames"
        | "RawWithNames"
        | "JSONCompactEachRowWithNames"
        | "JSONCompactStringsEachRowWithNames" => Pieces::HeaderLines(1),
        "TabSeparatedWithNamesAndTypes"
        | "TSVWithNamesAndTypes"
        | "TabSeparatedRawWithNamesAndTypes"
        | "TSVRawWithNamesAndTypes"
        | "RawWithNamesAndTypes"
        | "JSONCompactEachRowWithNamesAndTypes"
        | "JSONCompactStringsEachRowWithNamesAndTypes" => Pieces::HeaderLines(2),
        "RowBinaryWithNames" => Pieces::HeaderLists(1),
        "RowBinaryWithNamesAndTypes" => Pieces::HeaderLists(2),
        "CSVWithNames" => Pieces::HeaderRecords(1),
        "CSVWithNamesAndTypes" => Pieces::HeaderRecords(2),
        _ => Pieces::Whole,
    }
}

impl Pieces {
    /// Length of the header at the start of a piece; `None` where the piece does not have one.
    pub fn header_length(self, piece: &[u8]) -> Option<usize> {
        match self {
            Pieces::Join | Pieces::Whole => Some(0),
            Pieces::HeaderLines(lines) => {
                let mut ends = piece.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
                ends.nth(usize::from(lines) - 1)
            }
            Pieces::HeaderRecords(records) => {
                let mut quoted = false;
                let mut ends = piece.iter().enumerate().filter(|(_, byte)| {
                    quoted ^= **byte == b'"';
                    **byte == b'\n' && !quoted
                });
                ends.nth(usize::from(records) - 1).map(|(at, _)| at + 1)
            }
            Pieces::HeaderLists(lists) => {
                let mut position = 0;
                let count = variable_length(piece, &mut position)?;
                for _ in 0..count.checked_mul(u64::from(lists))? {
                    let length = usize::try_from(variable_length(piece, &mut position)?).ok()?;
                    position = position.checked_add(length).filter(|end| *end <= piece.len())?;
                }
                Some(position)
            }
        }
    }
}

/// An unsigned LEB128 number.
fn variable_length(bytes: &[u8], position: &mut usize) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*position)?;
        *position += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// What ClickHouse names in `Content-Type`.
pub(super) fn content_type(format: &str) -> &'static str {
    if format == "JSON" || format.starts_with("JSONCompact") && !format.contains("EachRow") || format == "JSONStrings" {
        "application/json; charset=UTF-8"
    } else if format.starts_with("JSON") || format == "NDJSON" {
        "application/x-ndjson; charset=UTF-8"
    } else if format.starts_with("CSV") {
        "text/csv; charset=UTF-8"
    } else if format.starts_with("TabSeparated") || format.starts_with("TSV") || format == "TSKV" {
        "text/tab-separated-values; charset=UTF-8"
    } else if format.starts_with("RowBinary")
        || ["Native", "Parquet", "Arrow", "ArrowStream", "ORC", "Avro"].contains(&format)
    {
        "application/octet-stream"
    } else {
        "text/plain; charset=UTF-8"
    }
}

#[cfg(test)]
mod tests {
    use super::{Pieces, content_type, pieces};

    #[test]
    fn a_header_is_found_whatever_the_format() {
        for (format, piece, header) in [
            ("TSV", &b"1\n2\n"[..], Some(0)),
            ("TSVWithNames", b"a\tb\n1\t2\n", Some(4)),
            ("TSVWithNamesAndTypes", b"a\nUInt8\n1\n", Some(8)),
            ("TSVWithNames", b"cut off", None),
            ("CSVWithNames", b"\"a\nb\",\"c\"\n1,2\n", Some(10)),
            ("RowBinaryWithNames", b"\x02\x01a\x01b\x07", Some(5)),
            ("RowBinaryWithNamesAndTypes", b"\x01\x06number\x06UInt64\0\0\0\0\0\0\0\0", Some(15)),
            ("RowBinaryWithNamesAndTypes", b"\x01\x06num", None),
        ] {
            assert_eq!(pieces(format).header_length(piece), header, "{format}");
        }
        assert_eq!(pieces("JSON"), Pieces::Whole);
    }

    #[test]
    fn content_types_are_those_of_clickhouse() {
        assert_eq!(content_type("JSON"), "application/json; charset=UTF-8");
        assert_eq!(content_type("JSONCompactEachRow"), "application/x-ndjson; charset=UTF-8");
        assert_eq!(content_type("PrettyCompact"), "text/plain; charset=UTF-8");
    }
}
