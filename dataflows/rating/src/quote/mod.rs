//! Questions about prices, periods and credits, answered by the functions that the dataflow calls.
//!
//! Owns what a case may ask and what its answer looks like: one JSON object each, one kind of question a file. Does
//! not own where cases come from (`src/cli/quote`) or what the numbers mean.

mod credits;
mod periods;
mod price;
mod prorate;

pub use credits::credits;
pub use periods::periods;
pub use price::price;
pub use prorate::prorate;

use crate::tables::json;
use crate::tables::read::{Fields, Reading, texts};
use crate::tables::{Found, MistakeCode};
use serde::Serialize;

/// One kind of question: the text of a case to the text of its answer, each one JSON object on one line.
pub type Question = fn(&[u8]) -> Result<String, Refused>;

/// Why a case has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The case's `id`, where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_id: Option<String>,
    pub error: CaseError,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseError {
    /// A word from the list of mistakes in rows, or why `rate` gives no amount. It never changes its meaning.
    pub code: String,
    /// Where in the case, as a JSON pointer; empty for the whole.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub hint: String,
}

impl From<Found> for CaseError {
    fn from(found: Found) -> CaseError {
        let Found { code, path, message, hint, .. } = found;
        CaseError { code: code.as_str().to_owned(), field: path, message, hint }
    }
}

#[derive(Serialize)]
struct Answer<A> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(flatten)]
    found: A,
}

/// Reads a case strictly, with `fields` and `id` as its only fields, and answers it. Of several mistakes a mistyped
/// name is told, or else the one that stands first in the text.
fn answer<C, A: Serialize>(
    bytes: &[u8],
    fields: &[&str],
    read: impl FnOnce(&Fields<'_>, &mut Reading) -> Option<C>,
    find: impl FnOnce(C) -> Result<A, CaseError>,
) -> Result<String, Refused> {
    let node = json::parse(bytes).map_err(|found| Refused { case_id: None, error: found.into() })?;
    let mut reading = Reading::default();
    let known = [&["id"], fields].concat();
    let (id, case) = match Fields::open(&node, &known, &mut reading) {
        Some(opened) => {
            let id = opened.optional("id", &mut reading, texts::name).flatten();
            (id.map(|id| id.to_string()), read(&opened, &mut reading))
        }
        None => (None, None),
    };
    let refused = |error: CaseError| Refused { case_id: id.clone(), error };
    // A mistyped name before what is missing because of it.
    let rank = |found: &Found| (found.code != MistakeCode::UnknownField, found.place.start, found.code);
    let first = reading.mistakes.into_iter().min_by_key(rank);
    let case = match (case, first) {
        (Some(case), None) => case,
        (_, Some(found)) => return Err(refused(found.into())),
        (None, None) => {
            let found = Found::new(MistakeCode::WrongType, "", 0..0, "this is no case", "");
            return Err(refused(found.into()));
        }
    };
    let found = find(case).map_err(&refused)?;
    serde_json::to_string(&Answer { id: id.clone(), found }).map_err(|error| {
        // Answers hold nothing that JSON cannot write.
        let found = Found::new(MistakeCode::InvalidJson, "", 0..0, error.to_string(), "");
        refused(found.into())
    })
}
