//! The one spelling of a final period's lines that their checksum is over.
//!
//! It holds what a reader of `highwater.final_lines` has, so that whoever bills can make the checksum anew.

use super::Line;
use xxhash_rust::xxh3::Xxh3;

/// The 128-bit xxh3 over the lines in order of id, in the order of `final_lines`' columns: texts behind their lengths
/// (u64), instants (microseconds, i64), quantities (10^-9) and amounts (10^-18, minor units) as i128, all little-endian.
/// A line that corrects nothing has an empty text and a zero at the end.
pub fn checksum<'a>(lines_by_id: impl IntoIterator<Item = &'a Line>) -> u128 {
    let mut hash = Xxh3::new();
    for line in lines_by_id {
        text(&mut hash, &line.id.to_string());
        text(&mut hash, line.kind.name());
        text(&mut hash, &line.name);
        hash.update(&line.span_start.0.to_le_bytes());
        hash.update(&line.span_end.0.to_le_bytes());
        for number in [line.quantity.0, line.overage.0, line.amount_unrounded, line.amount_minor_units] {
            hash.update(&number.to_le_bytes());
        }
        text(&mut hash, &line.currency);
        text(&mut hash, &line.corrects.map(|corrects| corrects.line_id.to_string()).unwrap_or_default());
        hash.update(&line.corrects.map_or(0, |corrects| corrects.period_start.0).to_le_bytes());
    }
    hash.digest128()
}

fn text(hash: &mut Xxh3, text: &str) {
    hash.update(&(text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
}
