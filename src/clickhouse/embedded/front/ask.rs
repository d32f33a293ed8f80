//! What a request asks for, from its url, headers and form fields: ClickHouse's HTTP interface, parameter by parameter.

use super::super::exception::{Exception, UNKNOWN_SETTING};
use super::body::Packing;
use axum::http::{HeaderMap, header};
use std::collections::HashSet;
use std::time::Duration;

/// A request without its body.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ask {
    /// From the url or the form; the body comes behind it.
    pub query: String,
    pub query_id: String,
    /// Empty for `default`.
    pub database: String,
    pub format: Option<String>,
    pub parameters: Vec<(String, String)>,
    pub settings: Vec<(String, String)>,
    pub session: Option<SessionAsk>,
    pub packing: Packing,
    pub answer: AnswerPacking,
    /// GET and HEAD may not change anything.
    pub read_only: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct SessionAsk {
    pub id: String,
    pub timeout: Option<Duration>,
    pub must_exist: bool,
}

/// How the answer's body is to be packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum AnswerPacking {
    #[default]
    Plain,
    /// `compress=1`: ClickHouse's own frames.
    Frames,
    /// `Accept-Encoding: lz4`
    Lz4,
    /// `Accept-Encoding: gzip`
    Gzip,
}

impl AnswerPacking {
    pub fn content_encoding(self) -> Option<&'static str> {
        match self {
            AnswerPacking::Plain | AnswerPacking::Frames => None,
            AnswerPacking::Lz4 => Some("lz4"),
            AnswerPacking::Gzip => Some("gzip"),
        }
    }

    /// Of what a client accepts, LZ4 before gzip: it costs a tenth of the time.
    fn accepted(header: &str) -> AnswerPacking {
        let accepts = |name: &str| {
            header.split(',').any(|entry| {
                let mut parts = entry.split(';').map(str::trim);
                let refused = |part: &str| matches!(part.strip_prefix("q="), Some("0" | "0.0" | "0.00" | "0.000"));
                parts.next().is_some_and(|entry| entry.eq_ignore_ascii_case(name)) && !parts.any(refused)
            })
        };
        match () {
            () if accepts("lz4") => AnswerPacking::Lz4,
            () if accepts("gzip") => AnswerPacking::Gzip,
            () => AnswerPacking::Plain,
        }
    }
}

/// Parameters that clients send and that change nothing here.
const IGNORED: &[&str] = &[
    "user",
    "password",
    "role",
    "quota_key",
    "client_protocol_version",
    "buffer_size",
    "wait_end_of_query",
    "stacktrace",
    "close_session",
];

impl Ask {
    /// `settings` are the names of all that the engine knows.
    pub fn read(url: Vec<(String, String)>, headers: &HeaderMap, settings: &HashSet<String>) -> Result<Ask, Exception> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut ask = Ask { query_id: uuid::Uuid::new_v4().to_string(), ..Ask::default() };
        let mut session: Option<String> = None;
        let (mut timeout, mut must_exist, mut frames) = (None, false, false);
        for (name, value) in url {
            match name.as_str() {
                "query" => ask.query.push_str(&value),
                "query_id" if value.is_empty() => {}
                "query_id" => ask.query_id = value,
                "database" => ask.database = value,
                "default_format" => ask.format = Some(value),
                "session_id" => session = Some(value),
                "session_timeout" => timeout = value.parse().ok().map(Duration::from_secs),
                "session_check" => must_exist = value == "1",
                "decompress" => ask.packing.frames = is_true(&value),
                "compress" => frames = is_true(&value),
                ignored if IGNORED.contains(&ignored) => {}
                parameter if parameter.starts_with("param_") => {
                    ask.parameters.push((parameter["param_".len()..].to_owned(), value));
                }
                setting if settings.contains(setting) => ask.settings.push((name, value)),
                unknown => return Err(unknown_setting(unknown, settings)),
            }
        }
        ask.session = session.map(|id| SessionAsk { id, timeout, must_exist });
        ask.database = header("x-clickhouse-database").unwrap_or(ask.database);
        ask.format = header("x-clickhouse-format").or(ask.format);
        ask.packing.content_encoding =
            header(header::CONTENT_ENCODING.as_str()).map(|name| name.trim().to_ascii_lowercase());
        ask.answer = match header(header::ACCEPT_ENCODING.as_str()) {
            _ if frames => AnswerPacking::Frames,
            Some(accepted) => AnswerPacking::accepted(&accepted),
            None => AnswerPacking::Plain,
        };
        Ok(ask)
    }
}

fn is_true(value: &str) -> bool {
    matches!(value, "1" | "true")
}

fn unknown_setting(name: &str, settings: &HashSet<String>) -> Exception {
    let nearest = settings
        .iter()
        .map(|setting| (strsim::damerau_levenshtein(setting, name), setting))
        .filter(|(distance, _)| *distance <= 3)
        .min();
    let maybe = nearest.map(|(_, setting)| format!(". Maybe you meant {setting}")).unwrap_or_default();
    Exception::new(UNKNOWN_SETTING, "UNKNOWN_SETTING", &format!("Unknown setting '{name}'{maybe}"))
}

#[cfg(test)]
mod tests {
    use super::{AnswerPacking, Ask};
    use axum::http::HeaderMap;
    use std::collections::HashSet;

    fn read(url: &str) -> Result<Ask, super::Exception> {
        let settings = HashSet::from(["max_threads".to_owned(), "max_block_size".to_owned()]);
        Ask::read(form_urlencoded::parse(url.as_bytes()).into_owned().collect(), &HeaderMap::new(), &settings)
    }

    #[test]
    fn parameters_settings_and_sessions_are_told_apart() {
        let ask = read("query=SELECT+1&param_x=a%26b&max_threads=2&session_id=s&session_timeout=5&database=d&role=r")
            .unwrap();
        assert_eq!(ask.query, "SELECT 1");
        assert_eq!(ask.parameters, [("x".to_owned(), "a&b".to_owned())]);
        assert_eq!(ask.settings, [("max_threads".to_owned(), "2".to_owned())]);
        assert_eq!(ask.session.unwrap().timeout, Some(std::time::Duration::from_secs(5)));
        assert_eq!(ask.database, "d");
    }

    #[test]
    fn a_misspelt_setting_is_refused_with_the_nearest_name() {
        let exception = read("max_thread=2").unwrap_err();
        assert_eq!(exception.code, 115);
        assert!(exception.text.contains("Maybe you meant max_threads"), "{exception}");
    }

    #[test]
    fn the_answer_is_packed_as_the_client_accepts() {
        for (header, packing) in [
            ("lz4", AnswerPacking::Lz4),
            ("gzip, deflate, br", AnswerPacking::Gzip),
            ("gzip;q=1.0, lz4;q=0.5", AnswerPacking::Lz4),
            ("gzip;q=0, br", AnswerPacking::Plain),
            ("identity", AnswerPacking::Plain),
        ] {
            assert_eq!(AnswerPacking::accepted(header), packing, "{header}");
        }
    }
}
