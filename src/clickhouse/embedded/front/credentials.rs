//! Who may ask: one user, shown in any of the ways that ClickHouse's clients use.

use super::super::exception::{AUTHENTICATION_FAILED, Exception};
use crate::clickhouse::Secret;
use axum::http::{HeaderMap, header};
use base64::Engine;
use std::net::IpAddr;

pub(in crate::clickhouse::embedded) struct Credentials {
    user: String,
    password: Secret,
}

/// What a request showed; `None` where it showed nothing.
#[derive(Default)]
struct Shown {
    user: Option<String>,
    password: Option<String>,
}

/// Why a request is not let in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nothing was shown: a browser may ask its user.
    Ask,
    Wrong(Exception),
}

impl Credentials {
    pub fn new(user: String, password: Secret) -> Credentials {
        Credentials { user, password }
    }

    /// `X-ClickHouse-User` and `-Key`, else HTTP Basic, else the url's `user` and `password`.
    pub(super) fn check(&self, headers: &HeaderMap, url: &[(String, String)]) -> Result<(), Refusal> {
        if self.password.expose().is_empty() && asks_for_a_web_page(headers) {
            let message =
                "Without a password only programs of this machine may ask, not web pages: set clickhouse.password";
            return Err(Refusal::Wrong(Exception::new(AUTHENTICATION_FAILED, "AUTHENTICATION_FAILED", message)));
        }
        let shown = Shown::read(headers, url);
        if shown.user.is_none() && shown.password.is_none() && !self.password.expose().is_empty() {
            return Err(Refusal::Ask);
        }
        let user = shown.user.unwrap_or_else(|| self.user.clone());
        // Both are compared before either decides, so that the time taken tells nothing about the user's name.
        let user_is_right = Secret::new(self.user.as_str()).is(user.as_bytes());
        let password_is_right = self.password.is(shown.password.unwrap_or_default().as_bytes());
        if user_is_right & password_is_right {
            return Ok(());
        }
        let message =
            format!("{user}: Authentication failed: password is incorrect, or there is no user with such name.");
        Err(Refusal::Wrong(Exception::new(AUTHENTICATION_FAILED, "AUTHENTICATION_FAILED", &message)))
    }
}

/// Any page in a browser on this machine can send a POST to a port of it, or have its own name point there; either would
/// be let in where no password is asked for. Browsers name the page in `Origin`, and the name they were given in `Host`.
fn asks_for_a_web_page(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = if host.ends_with(']') { host } else { host.rsplit_once(':').map_or(host, |(name, _)| name) };
    let name = name.trim_matches(['[', ']']);
    let is_this_machine = name == "localhost" || name.parse::<IpAddr>().is_ok() || name.is_empty();
    headers.contains_key(header::ORIGIN) || !is_this_machine
}

impl Shown {
    fn read(headers: &HeaderMap, url: &[(String, String)]) -> Shown {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let by_header = Shown { user: header("x-clickhouse-user"), password: header("x-clickhouse-key") };
        if by_header.user.is_some() || by_header.password.is_some() {
            return by_header;
        }
        let basic = header(header::AUTHORIZATION.as_str()).and_then(|value| {
            let (scheme, encoded) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("basic").then_some(())?;
            let decoded = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
            let text = String::from_utf8(decoded).ok()?;
            let (user, password) = text.split_once(':')?;
            Some(Shown { user: Some(user.to_owned()), password: Some(password.to_owned()) })
        });
        if let Some(basic) = basic {
            return basic;
        }
        let parameter = |name: &str| url.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        Shown { user: parameter("user"), password: parameter("password") }
    }
}

#[cfg(test)]
mod tests {
    use super::{Credentials, Refusal};
    use crate::clickhouse::Secret;
    use axum::http::{HeaderMap, HeaderValue};

    fn check(headers: &[(&'static str, &str)], url: &[(&str, &str)]) -> &'static str {
        let credentials = Credentials::new("analyst".into(), Secret::new("s3cret"));
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (axum::http::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect();
        let url: Vec<_> = url.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        match credentials.check(&headers, &url) {
            Ok(()) => "in",
            Err(Refusal::Ask) => "asked",
            Err(Refusal::Wrong(exception)) => {
                assert!(!exception.text.contains("s3cret"));
                "refused"
            }
        }
    }

    #[test]
    fn every_way_that_clients_use_is_understood() {
        // analyst:s3cret, analyst:wrong
        let (right, wrong) = ("Basic YW5hbHlzdDpzM2NyZXQ=", "Basic YW5hbHlzdDp3cm9uZw==");
        assert_eq!(check(&[("authorization", right)], &[]), "in");
        assert_eq!(check(&[("authorization", wrong)], &[]), "refused");
        assert_eq!(check(&[("authorization", "Basic !")], &[]), "asked");
        assert_eq!(check(&[("x-clickhouse-user", "analyst"), ("x-clickhouse-key", "s3cret")], &[]), "in");
        assert_eq!(check(&[("x-clickhouse-user", "analyst"), ("x-clickhouse-key", "S3cret")], &[]), "refused");
        assert_eq!(check(&[("x-clickhouse-user", "other"), ("x-clickhouse-key", "s3cret")], &[]), "refused");
        assert_eq!(check(&[], &[("user", "analyst"), ("password", "s3cret")]), "in");
        assert_eq!(check(&[], &[("user", "analyst")]), "refused");
        assert_eq!(check(&[], &[]), "asked");
    }

    #[test]
    fn without_a_password_a_web_page_is_not_let_in() {
        let open = Credentials::new("default".into(), Secret::default());
        for (name, value, let_in) in [
            ("host", "127.0.0.1:8123", true),
            ("host", "localhost:8123", true),
            ("host", "[::1]:8123", true),
            ("host", "[::1]", true),
            ("host", "10.0.0.7", true),
            ("host", "rebound.example:8123", false),
            ("origin", "https://somewhere.example", false),
            ("origin", "null", false),
            ("user-agent", "curl", true),
        ] {
            let headers =
                HeaderMap::from_iter([(axum::http::HeaderName::from_static(name), HeaderValue::from_static(value))]);
            assert_eq!(open.check(&headers, &[]).is_ok(), let_in, "{name}: {value}");
        }
    }
}
