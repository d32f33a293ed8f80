//! A mistake in a catalog file, with the place that an editor jumps to.

use crate::tables::{Found, MistakeCode};
use serde::Serialize;

/// One thing that is wrong, where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mistake {
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    pub code: MistakeCode,
    /// What is wrong.
    pub message: String,
    /// What would be right; empty where the message says it.
    pub hint: String,
}

impl std::fmt::Display for Mistake {
    /// `plans.toml:12:9: unknown_meter: there is no meter `api_cals`; did you mean `api_calls`?`
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Mistake { file, line, column, code, message, hint } = self;
        write!(formatter, "{file}:{line}:{column}: {code}: {message}")?;
        if hint.is_empty() { Ok(()) } else { write!(formatter, "; {hint}") }
    }
}

/// Where the lines of a text begin, so that many mistakes are placed without reading it again for each.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub fn of(text: &'a str) -> Lines<'a> {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Lines { text, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// Line and column of a byte, both from 1. The end of the text is a place too.
    pub fn place(&self, offset: usize) -> (u32, u32) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset);
        let column = self.text[self.starts[line - 1]..offset].chars().count() + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }

    pub fn mistake(&self, file: &str, found: Found) -> Mistake {
        let (line, column) = self.place(found.place.start);
        let Found { code, message, hint, .. } = found;
        Mistake { file: file.to_string(), line, column, code, message, hint }
    }
}
