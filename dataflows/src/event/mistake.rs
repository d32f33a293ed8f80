//! What is wrong with a record, before it is tied to the record.

use super::code::Code;
use crate::names::NameError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub code: Code,
    /// A JSON pointer.
    pub path: String,
    pub hint: String,
}

impl Mistake {
    #[cold]
    pub fn new(code: Code, path: impl Into<String>, hint: impl Into<String>) -> Mistake {
        Mistake { code, path: path.into(), hint: hint.into() }
    }

    /// `whose` is what the name was to be used for.
    #[cold]
    pub fn of_name(error: NameError, path: &str, whose: &str) -> Mistake {
        let code = match error {
            NameError::OrganizationKeyTaken(_) | NameError::DimensionsKeyTaken(_) => Code::KeyCollision,
            NameError::TooMany => Code::CardinalityExceeded,
        };
        Mistake::new(code, path, format!("{whose}: {error}"))
    }
}

/// `path` extended by an object key or an array index, as RFC 6901 escapes it.
pub(crate) fn pointer(path: &str, key: &str) -> String {
    format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"))
}
