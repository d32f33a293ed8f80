//! What the engine says when a statement fails: ClickHouse's error code and text.

/// `Code: 60. DB::Exception: Unknown table … (UNKNOWN_TABLE)`, as every ClickHouse client expects to read it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Exception {
    /// ClickHouse's number; 1002 (`UNKNOWN_EXCEPTION`) where the engine gave none.
    pub code: u32,
    pub text: String,
}

pub(super) const SYNTAX_ERROR: u32 = 62;
pub(super) const UNKNOWN_SETTING: u32 = 115;
pub(super) const READONLY: u32 = 164;
pub(super) const TOO_MANY_SIMULTANEOUS_QUERIES: u32 = 202;
pub(super) const NETWORK_ERROR: u32 = 210;
pub(super) const CANNOT_DECOMPRESS: u32 = 271;
pub(super) const SESSION_IS_LOCKED: u32 = 373;
pub(super) const TOO_MANY_BYTES: u32 = 307;
pub(super) const AUTHENTICATION_FAILED: u32 = 516;
const UNKNOWN_EXCEPTION: u32 = 1002;

impl Exception {
    /// From a text of the engine, which begins with `Code: N.`
    pub(super) fn from_engine(text: String) -> Exception {
        let code = text
            .strip_prefix("Code: ")
            .and_then(|rest| rest.split_once('.'))
            .and_then(|(number, _)| number.parse().ok())
            .unwrap_or(UNKNOWN_EXCEPTION);
        Exception { code, text }
    }

    /// One of the front's own, written as the engine writes its own.
    pub(super) fn new(code: u32, name: &str, message: &str) -> Exception {
        Exception { code, text: format!("Code: {code}. DB::Exception: {message} ({name})") }
    }
}

#[cfg(test)]
mod tests {
    use super::Exception;

    #[test]
    fn the_code_is_read_from_the_text() {
        for (text, code) in [
            ("Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE)", 60),
            ("Code: 516. DB::Exception: no.", 516),
            ("Unexpected null connection", 1002),
            ("Code: many. DB::Exception", 1002),
        ] {
            assert_eq!(Exception::from_engine(text.into()).code, code, "{text}");
        }
    }
}
