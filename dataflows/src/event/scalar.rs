//! A JSON scalar as it stands in a record, and the one way in which numbers are written for comparison.

use std::borrow::Cow;

/// Borrowed from the record wherever its text needs no unescaping. Numbers are the token itself: never a float.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JsonScalar<'a> {
    Null,
    Flag(bool),
    Number(&'a str),
    Text(Cow<'a, str>),
}

impl JsonScalar<'_> {
    /// The scalar as a text without quotes: how dimensions and hashes see it. Null is nothing, as if it were absent.
    pub fn canonical_text(&self) -> &str {
        match self {
            JsonScalar::Null => "",
            JsonScalar::Flag(true) => "true",
            JsonScalar::Flag(false) => "false",
            JsonScalar::Number(token) => canonical_number(token),
            JsonScalar::Text(text) => text,
        }
    }

    /// Keeps the number 1 and the text "1" apart wherever scalars are hashed.
    pub fn kind(&self) -> u8 {
        match self {
            JsonScalar::Null => 0,
            JsonScalar::Flag(_) => 1,
            JsonScalar::Number(_) => 2,
            JsonScalar::Text(_) => 3,
        }
    }

    pub fn to_json(&self) -> String {
        match self {
            JsonScalar::Null => "null".into(),
            JsonScalar::Flag(flag) => flag.to_string(),
            JsonScalar::Number(token) => (*token).into(),
            JsonScalar::Text(text) => serde_json::Value::from(&**text).to_string(),
        }
    }
}

/// `1.50` and `1.5`, `-0.0` and `0` are the same number and get the same text. A number with an exponent stays as it
/// is written: comparing it with plain ones would need unbounded digits.
pub(crate) fn canonical_number(token: &str) -> &str {
    let bytes = token.as_bytes();
    let plain_integer = bytes.first() != Some(&b'-') && bytes.iter().all(u8::is_ascii_digit);
    if plain_integer || bytes.iter().any(|byte| matches!(byte, b'e' | b'E')) {
        return token;
    }
    let trimmed = if token.contains('.') { token.trim_end_matches('0').trim_end_matches('.') } else { token };
    if trimmed == "-0" { "0" } else { trimmed }
}

#[cfg(test)]
mod tests {
    use super::canonical_number;

    #[test]
    fn equal_plain_numbers_have_one_text() {
        let cases = [
            ("0", "0"),
            ("10", "10"),
            ("100", "100"),
            ("-0", "0"),
            ("-0.00", "0"),
            ("0.0", "0"),
            ("1.50", "1.5"),
            ("10.0", "10"),
            ("-10.010", "-10.01"),
            ("-7", "-7"),
            ("1e3", "1e3"),
            ("1.0E-3", "1.0E-3"),
        ];
        for (token, text) in cases {
            assert_eq!(canonical_number(token), text, "{token}");
        }
    }
}
