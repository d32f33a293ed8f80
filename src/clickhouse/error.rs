//! What can go wrong between us and ClickHouse, and whether we know what came of it.

use std::error::Error as _;

/// Whether a statement that failed may have taken effect all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Determinacy {
    /// It was refused before it began: nothing of it took effect.
    Definite,
    /// It may have taken effect, in whole or in part, or may yet: an answer was lost, or an INSERT broke off between
    /// two partitions. Our rows are absolute and versioned, so that writing them again is always right.
    Indefinite,
}

#[derive(Debug, thiserror::Error)]
#[error("ClickHouse: {task}: {text}")]
pub struct StoreError {
    /// What was being done: `insert into usage_minute`.
    pub task: String,
    pub determinacy: Determinacy,
    /// ClickHouse's exception code, where it answered with one.
    pub code: Option<u32>,
    /// Trying again will not help until somebody changes something.
    pub needs_a_person: bool,
    text: String,
}

/// Exceptions that ClickHouse throws before an INSERT has written its first block: the statement, its table, its
/// columns or its user are not what they should be, or too much runs at once.
const BEFORE_THE_FIRST_BLOCK: &[u32] =
    &[8, 16, 20, 47, 53, 60, 62, 81, 115, 117, 164, 192, 193, 194, 201, 202, 236, 242, 291, 452, 497, 516];

/// Of these the ones that go away by themselves.
const PASSING: &[u32] = &[201, 202, 236, 242];

impl StoreError {
    pub(super) fn new(task: impl Into<String>, error: &clickhouse::error::Error) -> StoreError {
        use clickhouse::error::Error;
        let code = match error {
            Error::BadResponse(text) => exception_code(text),
            _ => None,
        };
        let determinacy = match error {
            Error::BadResponse(_) if code.is_some_and(|code| BEFORE_THE_FIRST_BLOCK.contains(&code)) => {
                Determinacy::Definite
            }
            Error::InvalidParams(_)
            | Error::SchemaMismatch(_)
            | Error::Unsupported(_)
            | Error::InvalidColumnsHeader(_) => Determinacy::Definite,
            Error::Network(_) if was_refused(error) => Determinacy::Definite,
            _ => Determinacy::Indefinite,
        };
        let needs_a_person = match error {
            Error::BadResponse(_) => {
                code.is_some_and(|code| BEFORE_THE_FIRST_BLOCK.contains(&code) && !PASSING.contains(&code))
            }
            Error::InvalidParams(_) | Error::SchemaMismatch(_) | Error::Unsupported(_) => true,
            _ => false,
        };
        StoreError { task: task.into(), determinacy, code, needs_a_person, text: with_causes(error) }
    }

    pub(super) fn timed_out(task: impl Into<String>, seconds: u64) -> StoreError {
        StoreError {
            task: task.into(),
            determinacy: Determinacy::Indefinite,
            code: None,
            needs_a_person: false,
            text: format!("no answer within {seconds} s"),
        }
    }

    /// Rows speak of something that has no name here: a defect, told before anything was sent.
    pub(super) fn unnamed(what: impl std::fmt::Display) -> StoreError {
        let text = format!("{what} has no name");
        StoreError {
            task: "make rows".into(),
            determinacy: Determinacy::Definite,
            code: None,
            needs_a_person: true,
            text,
        }
    }

    /// Nothing of what was tried took effect.
    pub fn is_definite(&self) -> bool {
        self.determinacy == Determinacy::Definite
    }

    pub(crate) fn is_unknown_table_or_database(&self) -> bool {
        matches!(self.code, Some(60 | 81))
    }
}

fn exception_code(text: &str) -> Option<u32> {
    let digits = text.split("Code: ").nth(1)?;
    let end = digits.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

fn was_refused(error: &clickhouse::error::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return error.kind() == std::io::ErrorKind::ConnectionRefused;
        }
        cause = error.source();
    }
    false
}

/// `error` with what lies behind it, each said once.
fn with_causes(error: &clickhouse::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Determinacy, StoreError};
    use clickhouse::error::Error;

    #[test]
    fn a_timeout_is_not_taken_for_a_failure() {
        for (error, determinacy, needs_a_person) in [
            (Error::TimedOut, Determinacy::Indefinite, false),
            (Error::Network("connection reset".into()), Determinacy::Indefinite, false),
            (
                Error::Network(std::io::Error::from(std::io::ErrorKind::ConnectionReset).into()),
                Determinacy::Indefinite,
                false,
            ),
            (
                Error::Network(std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into()),
                Determinacy::Definite,
                false,
            ),
            (Error::BadResponse("502 Bad Gateway".into()), Determinacy::Indefinite, false),
            (Error::BadResponse("Code: 241. DB::Exception: Memory limit".into()), Determinacy::Indefinite, false),
            (Error::BadResponse("Code: 252. DB::Exception: Too many parts".into()), Determinacy::Indefinite, false),
            (Error::BadResponse("Code: 159. DB::Exception: Timeout exceeded".into()), Determinacy::Indefinite, false),
            (
                Error::BadResponse("Code: 202. DB::Exception: Too many simultaneous queries".into()),
                Determinacy::Definite,
                false,
            ),
            (Error::BadResponse("Code: 516. DB::Exception: no.".into()), Determinacy::Definite, true),
            (Error::BadResponse("Code: 60. DB::Exception: Table".into()), Determinacy::Definite, true),
            (Error::SchemaMismatch("column x".into()), Determinacy::Definite, true),
        ] {
            let text = error.to_string();
            let error = StoreError::new("insert into usage_minute", &error);
            assert_eq!((error.determinacy, error.needs_a_person), (determinacy, needs_a_person), "{text}");
        }
    }
}
