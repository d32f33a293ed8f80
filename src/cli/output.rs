//! How answers are printed: JSON for machines, aligned text for people, to standard output.

use super::exit::CommandError;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use std::io::{self, Write};

/// Prints one JSON document.
pub fn json(answer: &impl Serialize) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(answer).map_err(CommandError::internal)?;
    line(&text)
}

/// Prints a line to standard output; a reader that went away ends the answer and is no fault.
pub fn line(text: &str) -> Result<(), CommandError> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CommandError::internal(error)),
        _ => Ok(()),
    }
}

/// Prints bytes as they are.
pub fn bytes(bytes: &[u8]) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CommandError::internal(error)),
        _ => Ok(()),
    }
}

/// A table without frames or colours: it can be cut and grepped.
pub fn table<const COLUMNS: usize>(header: [&str; COLUMNS]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(header);
    table
}

/// `1 mistake`, `2 mistakes`.
pub fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}
