//! Runs one request on a thread that may block: reads the statement, asks the engine, writes the answer.

use super::super::connection::{Analysis, Class, Connection};
use super::super::engine::Engine;
use super::super::exception::{self, Exception};
use super::super::streams::Counts;
use super::answer::{Answer, Preface};
use super::ask::Ask;
use super::body::{Body, fill};
use super::formats::{self, DEFAULT_FORMAT, Pieces};
use super::results::{streamed, whole};
use super::statement::{self, Statement};
use std::io::Read;
use std::sync::{PoisonError, TryLockError};

/// How much of a body is read to find where its statement ends: ClickHouse's `max_query_size`.
const STATEMENT_BYTES: usize = 256 << 10;
/// A statement that carries its values in its text.
const WHOLE_STATEMENT_BYTES_MAX: usize = 64 << 20;
/// Rows of an INSERT are handed to the engine in pieces of this size.
const ROWS_BYTES: usize = 1 << 20;

/// A statement with what follows it.
struct Work {
    text: Vec<u8>,
    statement: Statement,
    /// What was not read yet of the body.
    rest: Box<dyn Read>,
}

pub(super) fn execute(engine: &Engine, ask: &Ask, body: Body, answer: Answer) {
    let work = match read_statement(ask, body) {
        Ok(work) => work,
        Err(exception) => return answer.fail(&exception),
    };
    let Some(session) = &ask.session else {
        let mut connection = match engine.lend() {
            Ok(connection) => connection,
            Err(exception) => return answer.fail(&exception),
        };
        let unchanged = enter_and_run(&mut connection, ask, work, answer);
        if unchanged && ask.settings.is_empty() {
            engine.give_back(connection);
        }
        return;
    };
    let connection = match engine.session(&session.id, session.timeout, session.must_exist) {
        Ok(connection) => connection,
        Err(exception) => return answer.fail(&exception),
    };
    let mut connection = match connection.try_lock() {
        Ok(connection) => connection,
        Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
        Err(TryLockError::WouldBlock) => {
            let message = format!("Session {} is locked by a concurrent client", session.id);
            return answer.fail(&Exception::new(exception::SESSION_IS_LOCKED, "SESSION_IS_LOCKED", &message));
        }
    };
    enter_and_run(&mut connection, ask, work, answer);
}

/// `true` where the connection is as before.
fn enter_and_run(connection: &mut Connection, ask: &Ask, work: Work, answer: Answer) -> bool {
    match enter(connection, ask) {
        Ok(()) => run(connection, ask, work, answer),
        Err(exception) => {
            answer.fail(&exception);
            false
        }
    }
}

/// Brings a connection to the database and settings that a request names.
fn enter(connection: &mut Connection, ask: &Ask) -> Result<(), Exception> {
    // A session stays where its own `USE` has brought it unless the request names a database.
    let wanted = match ask.database.as_str() {
        "" if ask.session.is_some() => None,
        "" => Some("default"),
        named => Some(named),
    };
    if let Some(database) = wanted.filter(|database| *database != connection.database) {
        let quoted = database.replace('\\', "\\\\").replace('`', "\\`");
        connection.run(format!("USE `{quoted}`").as_bytes(), DEFAULT_FORMAT, &[])?;
        connection.database = database.to_owned();
    }
    for (name, value) in &ask.settings {
        let quoted = value.replace('\\', "\\\\").replace('\'', "\\'");
        connection.run(format!("SET {name} = '{quoted}'").as_bytes(), DEFAULT_FORMAT, &[])?;
    }
    Ok(())
}

fn read_statement(ask: &Ask, body: Body) -> Result<Work, Exception> {
    let mut rest = ask.packing.unpack(body).map_err(|encoding| {
        Exception::new(
            48,
            "NOT_IMPLEMENTED",
            &format!("Content-Encoding {encoding} is not understood here: use gzip, deflate or lz4"),
        )
    })?;
    let mut text = ask.query.clone().into_bytes();
    if !text.is_empty() {
        text.push(b'\n');
        let statement = statement::read(&text);
        if matches!(statement, Statement::Insert { .. }) {
            return Ok(Work { text, statement, rest });
        }
    }
    let begin = text.len();
    text.resize(begin + STATEMENT_BYTES, 0);
    let count = fill(&mut rest, &mut text[begin..]).map_err(unreadable)?;
    text.truncate(begin + count);
    let statement = statement::read(&text);
    if matches!(statement, Statement::Whole { .. }) && count == STATEMENT_BYTES {
        let mut limited = rest.take((WHOLE_STATEMENT_BYTES_MAX - count) as u64 + 1);
        limited.read_to_end(&mut text).map_err(unreadable)?;
        if text.len() > WHOLE_STATEMENT_BYTES_MAX {
            let message = format!("The statement is longer than {WHOLE_STATEMENT_BYTES_MAX} bytes");
            return Err(Exception::new(exception::TOO_MANY_BYTES, "TOO_MANY_BYTES", &message));
        }
        return Ok(Work { statement: statement::read(&text), text, rest: Box::new(std::io::empty()) });
    }
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(Exception::new(exception::SYNTAX_ERROR, "SYNTAX_ERROR", "Syntax error: the query is empty"));
    }
    Ok(Work { text, statement, rest })
}

fn unreadable(error: std::io::Error) -> Exception {
    match error.kind() {
        std::io::ErrorKind::InvalidData => {
            Exception::new(exception::CANNOT_DECOMPRESS, "CANNOT_DECOMPRESS", &error.to_string())
        }
        _ => Exception::new(
            exception::NETWORK_ERROR,
            "NETWORK_ERROR",
            &format!("The request's body ended early: {error}"),
        ),
    }
}

fn run(connection: &mut Connection, ask: &Ask, mut work: Work, answer: Answer) -> bool {
    let (format, query) = match &work.statement {
        Statement::Whole { format, query } => {
            (format.as_deref().or(ask.format.as_deref()).unwrap_or(DEFAULT_FORMAT), *query)
        }
        Statement::Insert { .. } if ask.read_only => return refuse(answer, &read_only()),
        Statement::Insert { sql_length, format, rows_at } => {
            let (sql, rows) = (&work.text[..*sql_length], &work.text[*rows_at..]);
            return match insert(connection, ask, sql, format, rows, &mut work.rest) {
                Ok(counts) => finish_empty(answer, ask, counts),
                Err(exception) => refuse(answer, &exception),
            };
        }
    };
    let sql = work.text.trim_ascii_end();
    let Analysis { statements, class } = connection.classify(sql);
    if statements > 1 {
        let message = "Syntax error (Multi-statements are not allowed)";
        return refuse(answer, &Exception::new(exception::SYNTAX_ERROR, "SYNTAX_ERROR", message));
    }
    if ask.read_only && matches!(class, Class::Changing | Class::Control) {
        return refuse(answer, &read_only());
    }
    match formats::pieces(format) {
        pieces if query && class == Class::ReadOnly && pieces != Pieces::Whole => {
            streamed(connection, ask, sql, format, pieces, answer)
        }
        _ => whole(connection, ask, sql, format, class, answer) && class != Class::Control,
    }
}

/// A connection on which a statement failed is not used again: what it left behind is the engine's secret.
fn refuse(answer: Answer, exception: &Exception) -> bool {
    answer.fail(exception);
    false
}

fn read_only() -> Exception {
    let message = "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. You should use method POST for modifying queries";
    Exception::new(exception::READONLY, "READONLY", message)
}

fn insert(
    connection: &mut Connection,
    ask: &Ask,
    sql: &[u8],
    format: &str,
    rows: &[u8],
    rest: &mut dyn Read,
) -> Result<Counts, Exception> {
    let mut insert = connection.insert(sql, format, &ask.parameters)?;
    insert.append(rows)?;
    let mut buffer = vec![0; ROWS_BYTES];
    loop {
        // A body that breaks off cancels the statement: half a batch must not look like a whole one.
        match fill(rest, &mut buffer).map_err(unreadable)? {
            0 => return insert.finish(),
            count => insert.append(&buffer[..count])?,
        }
    }
}

fn finish_empty(answer: Answer, ask: &Ask, counts: Counts) -> bool {
    let preface = Preface {
        format: DEFAULT_FORMAT,
        content_type: formats::content_type(DEFAULT_FORMAT),
        counts,
        packing: ask.answer,
    };
    // A client that went away has no use for the end of its answer.
    let _ = answer.begin(&preface).finish();
    true
}
