//! The two ways in which a result reaches its client: while the statement runs, or whole.

use super::super::connection::{Class, Connection};
use super::super::exception::Exception;
use super::super::streams::Output;
use super::answer::{Answer, BodyWriter, Preface};
use super::ask::Ask;
use super::formats::{self, DEFAULT_FORMAT, Pieces};

/// A result whose format must be made in one go is held in memory; this bounds it.
const WHOLE_RESULT_BYTES_MAX: u64 = 512 << 20;

/// Holds the result, then sends it. `true` where the connection is as before.
pub(super) fn whole(
    connection: &mut Connection,
    ask: &Ask,
    sql: &[u8],
    format: &str,
    class: Class,
    answer: Answer,
) -> bool {
    let bounded = class == Class::ReadOnly
        && ask.session.is_none()
        && !ask.settings.iter().any(|(name, _)| name == "max_result_bytes");
    if bounded {
        let set = format!("SET max_result_bytes = {WHOLE_RESULT_BYTES_MAX}, result_overflow_mode = 'throw'");
        if let Err(exception) = connection.run(set.as_bytes(), DEFAULT_FORMAT, &[]) {
            answer.fail(&exception);
            return false;
        }
    }
    match connection.run(sql, format, &ask.parameters) {
        Ok(output) => {
            let preface = Preface {
                format,
                content_type: formats::content_type(format),
                counts: output.counts(),
                packing: ask.answer,
            };
            let mut body = answer.begin(&preface);
            let sent = if output.bytes().is_empty() { Ok(()) } else { body.write(output.bytes()) };
            let _ = sent.and_then(|()| body.finish());
            !bounded
        }
        Err(exception) => {
            answer.fail(&exception);
            false
        }
    }
}

/// Sends rows while the statement runs. `true` where the connection is as before.
pub(super) fn streamed(
    connection: &mut Connection,
    ask: &Ask,
    sql: &[u8],
    format: &str,
    pieces: Pieces,
    answer: Answer,
) -> bool {
    let mut rows = match connection.stream(sql, format, &ask.parameters) {
        Ok(rows) => rows,
        Err(exception) => {
            answer.fail(&exception);
            return false;
        }
    };
    let first = match rows.next() {
        Ok(first) => first,
        Err(exception) => {
            answer.fail(&exception);
            return false;
        }
    };
    let counts = first.as_ref().map(Output::counts).unwrap_or_default();
    let preface = Preface { format, content_type: formats::content_type(format), counts, packing: ask.answer };
    let mut body = answer.begin(&preface);
    let header = first
        .as_ref()
        .and_then(|first| pieces.header_length(first.bytes()).map(|length| first.bytes()[..length].to_vec()));
    let header = header.unwrap_or_default();
    if first.is_some_and(|first| body.write(first.bytes()).is_err()) {
        return false;
    }
    loop {
        match rows.next() {
            Ok(Some(piece)) => {
                let Some(more) = piece.bytes().strip_prefix(header.as_slice()) else {
                    let exception =
                        Exception::from_engine("the engine changed the header of its result on the way".into());
                    let _ = body.fail(&exception);
                    return false;
                };
                if send(&mut body, more).is_err() {
                    return false;
                }
            }
            Ok(None) => return body.finish().is_ok(),
            Err(exception) => {
                let _ = body.fail(&exception);
                return false;
            }
        }
    }
}

fn send(body: &mut BodyWriter, bytes: &[u8]) -> std::io::Result<()> {
    if bytes.is_empty() { Ok(()) } else { body.write(bytes) }
}
