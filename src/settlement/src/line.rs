//! A final line, as `highwater.final_lines` has it, and the one spelling that its period's checksum is over.

pub use highwater_rating::finals::LineKind;
use highwater_rating::number::Quantity;
use highwater_rating::time::EventTime;
use xxhash_rust::xxh3::Xxh3;

/// A frozen line. Nothing here is computed anew: it is what the engine wrote when the period became final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalLine {
    /// 32 hex digits.
    pub line_id: String,
    pub kind: LineKind,
    /// Of the meter, plan or add-on.
    pub name: String,
    pub span_start: EventTime,
    pub span_end: EventTime,
    pub quantity: Quantity,
    pub overage: Quantity,
    /// In units of 10^-18 of the currency.
    pub amount_unrounded: i128,
    pub amount_minor_units: i128,
    /// ISO 4217, in upper case.
    pub currency: String,
    /// Empty for a line that corrects nothing.
    pub corrects_line_id: String,
    pub corrects_period_start: Option<EventTime>,
}

/// The 128-bit xxh3 over lines in order of `line_id`: texts behind their lengths (u64), instants (microseconds, i64),
/// quantities (10^-9) and amounts (10^-18, minor units) as i128, all little-endian. A line that corrects nothing has
/// an empty text and a zero at its end. The engine writes the same into the close record.
pub fn checksum(lines_by_id: &[FinalLine]) -> u128 {
    let mut hash = Xxh3::new();
    for line in lines_by_id {
        text(&mut hash, &line.line_id);
        text(&mut hash, line.kind.name());
        text(&mut hash, &line.name);
        hash.update(&line.span_start.0.to_le_bytes());
        hash.update(&line.span_end.0.to_le_bytes());
        for number in [line.quantity.0, line.overage.0, line.amount_unrounded, line.amount_minor_units] {
            hash.update(&number.to_le_bytes());
        }
        text(&mut hash, &line.currency);
        text(&mut hash, &line.corrects_line_id);
        hash.update(&line.corrects_period_start.map_or(0, |start| start.0).to_le_bytes());
    }
    hash.digest128()
}

fn text(hash: &mut Xxh3, text: &str) {
    hash.update(&(text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
}
