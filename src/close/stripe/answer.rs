//! From an HTTP answer to one of three outcomes. What is not surely one of the first two is the third.

use super::{Answer, NoAnswer};
use highwater_settlement::outcome::{Outcome, UnknownCause};
use serde::Deserialize;

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Failure {
    error: Detail,
}

/// <https://docs.stripe.com/api/errors>
#[derive(Default, Deserialize)]
pub(super) struct Detail {
    #[serde(default)]
    r#type: String,
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
}

pub(super) fn outcome(answer: Result<Answer, NoAnswer>) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(NoAnswer(reason)) => {
            tracing::debug!(reason, "no answer from Stripe");
            return unknown(UnknownCause::NoAnswer, None);
        }
    };
    let after = answer.retry_after;
    match answer.status {
        // A success whose body is not whole is a success that we do not know the name of.
        200..=299 => match serde_json::from_slice::<Named>(&answer.body) {
            Ok(Named { id }) => Outcome::Succeeded { object: id },
            Err(_) => unknown(UnknownCause::NoAnswer, after),
        },
        401 => unknown(UnknownCause::Unauthorized, after),
        409 => unknown(UnknownCause::InProgress, after),
        424 | 500..=599 => unknown(UnknownCause::ServerError, after),
        status @ 400..=499 => {
            let detail = detail(&answer.body);
            match (status, detail.r#type.as_str(), detail.code.as_deref()) {
                (429, _, Some("lock_timeout")) => unknown(UnknownCause::LockTimeout, after),
                (429, _, _) => unknown(UnknownCause::Throttled, after),
                (_, "idempotency_error", _) => unknown(UnknownCause::KeyConflict, after),
                // Something between us and Stripe said no; of Stripe nothing is known.
                (_, "", None) => unknown(UnknownCause::NoAnswer, after),
                (status, kind, code) => Outcome::Refused {
                    code: code.map_or_else(|| format!("{kind} {status}"), str::to_owned),
                    message: detail.message.unwrap_or_default(),
                },
            }
        }
        _ => unknown(UnknownCause::NoAnswer, after),
    }
}

pub(super) fn detail(body: &[u8]) -> Detail {
    serde_json::from_slice::<Failure>(body).map_or_else(|_| Detail::default(), |failure| failure.error)
}

fn unknown(cause: UnknownCause, retry_after: Option<highwater_settlement::moment::Span>) -> Outcome {
    Outcome::Unknown { cause, retry_after }
}

#[cfg(test)]
mod tests {
    use super::{Answer, NoAnswer, Outcome, outcome};
    use highwater_settlement::moment::Span;

    /// status, body, what it means.
    const CASES: &[(u16, &str, &str)] = &[
        (200, r#"{"id":"in_1","object":"invoice"}"#, "succeeded in_1"),
        (200, r#"{"object":"invoice"}"#, "no_answer"),
        (200, r#"{"id":"in_1","obj"#, "no_answer"),
        (204, "", "no_answer"),
        (302, "", "no_answer"),
        (
            400,
            r#"{"error":{"type":"invalid_request_error","code":"resource_missing","message":"No such customer"}}"#,
            "refused resource_missing",
        ),
        (
            400,
            r#"{"error":{"type":"invalid_request_error","message":"Too many"}}"#,
            "refused invalid_request_error 400",
        ),
        (400, r#"{"error":{"type":"idempotency_error","message":"other parameters"}}"#, "key_conflict"),
        (400, "<html>a proxy</html>", "no_answer"),
        (401, r#"{"error":{"type":"invalid_request_error","message":"Invalid API Key"}}"#, "unauthorized"),
        (402, r#"{"error":{"type":"card_error","code":"card_declined"}}"#, "refused card_declined"),
        (403, r#"{"error":{"type":"invalid_request_error","code":"account_invalid"}}"#, "refused account_invalid"),
        (404, r#"{"error":{"type":"invalid_request_error","code":"resource_missing"}}"#, "refused resource_missing"),
        (404, "no such page", "no_answer"),
        (409, r#"{"error":{"type":"idempotency_error","code":"idempotency_key_in_use"}}"#, "in_progress"),
        (424, "{}", "server_error"),
        (429, r#"{"error":{"type":"invalid_request_error","code":"rate_limit"}}"#, "throttled"),
        (429, r#"{"error":{"type":"invalid_request_error","code":"lock_timeout"}}"#, "lock_timeout"),
        (429, "", "throttled"),
        (500, r#"{"error":{"type":"api_error"}}"#, "server_error"),
        (503, "", "server_error"),
    ];

    #[test]
    fn an_answer_is_success_or_refusal_only_where_it_surely_is() {
        for &(status, body, expected) in CASES {
            let retry_after = Some(Span::seconds(3));
            let found = outcome(Ok(Answer { status, retry_after, body: body.into() }));
            let shown = match found {
                Outcome::Succeeded { object } => format!("succeeded {object}"),
                Outcome::Refused { code, .. } => format!("refused {code}"),
                Outcome::Unknown { cause, retry_after: after } => {
                    assert_eq!(after, retry_after, "{status} {body}");
                    cause.name().to_owned()
                }
            };
            assert_eq!(shown, expected, "{status} {body}");
        }
        assert!(matches!(outcome(Err(NoAnswer("reset".into()))), Outcome::Unknown { .. }));
    }
}
