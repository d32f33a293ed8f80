//! The API key: whose it is can be seen by its beginning, its text by nobody.

use highwater_settlement::plan::Mode;
use std::fmt;

#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    text: String,
    mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error(
        "is no secret or restricted key of Stripe: it begins with none of sk_test_, sk_live_, rk_test_ and rk_live_"
    )]
    NoKey,
    #[error("is a test-mode key, and stripe.mode is live: nothing would be billed")]
    TestInLive,
    #[error("is a live-mode key, and stripe.mode is test: real customers would be billed")]
    LiveInTest,
}

impl ApiKey {
    /// Refuses a key of the other mode.
    pub fn new(text: &str, mode: Mode) -> Result<ApiKey, KeyError> {
        let rest = text.strip_prefix("sk_").or_else(|| text.strip_prefix("rk_")).ok_or(KeyError::NoKey)?;
        let of = match rest {
            rest if rest.starts_with("test_") => Mode::Test,
            rest if rest.starts_with("live_") => Mode::Live,
            _ => return Err(KeyError::NoKey),
        };
        match (of, mode) {
            (Mode::Test, Mode::Live) => Err(KeyError::TestInLive),
            (Mode::Live, Mode::Test) => Err(KeyError::LiveInTest),
            _ => Ok(ApiKey { text: text.to_owned(), mode }),
        }
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    pub(super) fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiKey, KeyError, Mode};

    #[test]
    fn s_11_a_key_of_the_other_mode_is_refused() {
        for (text, mode, expected) in [
            ("sk_test_1", Mode::Test, None),
            ("rk_test_1", Mode::Test, None),
            ("sk_live_1", Mode::Live, None),
            ("sk_test_1", Mode::Live, Some(KeyError::TestInLive)),
            ("rk_test_1", Mode::Live, Some(KeyError::TestInLive)),
            ("sk_live_1", Mode::Test, Some(KeyError::LiveInTest)),
            ("rk_live_1", Mode::Test, Some(KeyError::LiveInTest)),
            ("pk_test_1", Mode::Test, Some(KeyError::NoKey)),
            ("sk_1", Mode::Test, Some(KeyError::NoKey)),
            ("", Mode::Live, Some(KeyError::NoKey)),
        ] {
            let key = ApiKey::new(text, mode);
            assert_eq!(key.as_ref().err().copied(), expected, "{text} {mode:?}");
            assert!(key.is_err() || !format!("{key:?}").contains(text), "{text} is shown");
        }
    }
}
