//! A set of counted events to one quantity, by the definition of each aggregation over the whole set.

use crate::civil::Micros;
use crate::exact::{self, Fraction};

/// One event as one meter sees it.
#[derive(Clone, Debug)]
pub struct Counted {
    pub organization: String,
    pub meter: String,
    /// The values of the meter's dimensions, in declaration order.
    pub dimensions: Vec<String>,
    pub instant: Micros,
    pub source: String,
    pub id: String,
    pub value: Counting,
}

/// What is folded: a number, or for `unique` the value as it compares.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counting {
    Number(Fraction),
    Word(String),
}

/// At least one event; an empty set has no row.
pub fn fold(aggregation: &str, events: &[&Counted]) -> Fraction {
    let count = exact::integer(events.len() as i64);
    match aggregation {
        "count" => count,
        "sum" => events.iter().map(|event| number(event)).sum(),
        "max" => events.iter().map(|event| number(event)).max().expect("an event"),
        "min" => events.iter().map(|event| number(event)).min().expect("an event"),
        "latest" => {
            let last = events.iter().max_by_key(|event| (event.instant, &event.source, &event.id));
            number(last.expect("an event"))
        }
        "unique" => {
            let mut values: Vec<&Counting> = events.iter().map(|event| &event.value).collect();
            values.sort();
            values.dedup();
            exact::integer(values.len() as i64)
        }
        "average" => {
            let sum: Fraction = events.iter().map(|event| number(event)).sum();
            exact::to_nine_digits(&(sum / count))
        }
        other => panic!("no such aggregation: {other}"),
    }
}

/// Whether the quantities of two stretches of time add up to the quantity of both.
pub fn is_additive(aggregation: &str) -> bool {
    matches!(aggregation, "count" | "sum")
}

fn number(event: &Counted) -> Fraction {
    match &event.value {
        Counting::Number(number) => number.clone(),
        Counting::Word(word) => panic!("only unique counts words: {word}"),
    }
}
