//! The answer to one request: a head that is sent once, and a body that is packed and sent as it comes.

use super::super::exception::Exception;
use super::super::streams::Counts;
use super::ask::AnswerPacking;
use super::frames;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use std::io::{self, Write};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Pieces of at most `PIECE_BYTES` that wait for a slow client; then the engine waits too.
const PIECES_WAITING: usize = 4;
const PIECE_BYTES: usize = 256 << 10;

pub(super) type Head = Response<()>;

/// The sending end of an answer. Blocks the thread that writes to a client that does not read.
pub(super) struct Answer {
    head: Option<oneshot::Sender<Head>>,
    pieces: mpsc::Sender<io::Result<Bytes>>,
    common: Vec<(HeaderName, HeaderValue)>,
}

/// What is known of the answer before its first byte.
pub(super) struct Preface<'a> {
    pub format: &'a str,
    pub content_type: &'static str,
    pub counts: Counts,
    pub packing: AnswerPacking,
}

impl Answer {
    pub fn new(
        common: Vec<(HeaderName, HeaderValue)>,
    ) -> (Answer, oneshot::Receiver<Head>, mpsc::Receiver<io::Result<Bytes>>) {
        let (head, head_receiver) = oneshot::channel();
        let (pieces, piece_receiver) = mpsc::channel(PIECES_WAITING);
        (Answer { head: Some(head), pieces, common }, head_receiver, piece_receiver)
    }

    fn send_head(&mut self, status: StatusCode, headers: Vec<(HeaderName, HeaderValue)>) {
        let mut head = Response::new(());
        *head.status_mut() = status;
        head.headers_mut().extend(self.common.drain(..).chain(headers));
        if let Some(sender) = self.head.take() {
            // The client may have gone; the body's channel tells that as well.
            let _ = sender.send(head);
        }
    }

    /// The whole answer is an exception.
    pub fn fail(mut self, exception: &Exception) {
        let headers = vec![
            (HeaderName::from_static("x-clickhouse-exception-code"), HeaderValue::from(exception.code)),
            (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=UTF-8")),
        ];
        self.send_head(status_of(exception.code), headers);
        let _ = self.pieces.blocking_send(Ok(Bytes::from(format!("{}\n", exception.text))));
    }

    /// Sends the head; the body follows.
    pub fn begin(mut self, preface: &Preface<'_>) -> BodyWriter {
        let tag = uuid::Uuid::new_v4().simple().to_string()[..16].to_owned();
        let Counts { read_rows, read_bytes, written_rows, written_bytes } = preface.counts;
        let summary = format!(
            r#"{{"read_rows":"{read_rows}","read_bytes":"{read_bytes}","written_rows":"{written_rows}","written_bytes":"{written_bytes}","total_rows_to_read":"0","result_rows":"0","result_bytes":"0","elapsed_ns":"0"}}"#
        );
        let text = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
        let mut headers = vec![
            (HeaderName::from_static("x-clickhouse-summary"), text(&summary)),
            (HeaderName::from_static("x-clickhouse-format"), text(preface.format)),
            (HeaderName::from_static("x-clickhouse-exception-tag"), text(&tag)),
            (header::CONTENT_TYPE, HeaderValue::from_static(preface.content_type)),
        ];
        if let Some(encoding) = preface.packing.content_encoding() {
            headers.push((header::CONTENT_ENCODING, HeaderValue::from_static(encoding)));
        }
        self.send_head(StatusCode::OK, headers);
        BodyWriter { packer: Packer::new(preface.packing, Pieces(self.pieces.clone())), pieces: self.pieces, tag }
    }
}

/// Writes the body. Fails once the client has gone.
/// How long the connection has to send an exception's text before it is broken.
const TIME_TO_SEND: Duration = Duration::from_millis(50);

pub(super) struct BodyWriter {
    packer: Packer,
    pieces: mpsc::Sender<io::Result<Bytes>>,
    tag: String,
}

impl BodyWriter {
    /// Sends `bytes` now: a reader sees them before the next piece is computed.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.packer.write(bytes)
    }

    pub fn finish(self) -> io::Result<()> {
        self.packer.finish()
    }

    /// Rows were sent already. ClickHouse's way to say so is a tagged block behind them; and the connection is broken,
    /// so that a client which does not know the tag cannot take the part for the whole.
    pub fn fail(mut self, exception: &Exception) -> io::Result<()> {
        let BodyWriter { tag, .. } = &self;
        let text = format!("{}\n", exception.text);
        let block = format!("\r\n__exception__\r\n{tag}\r\n{text}{} {tag}\r\n__exception__\r\n", text.len());
        self.packer.write(block.as_bytes())?;
        self.packer.finish()?;
        // Breaking the connection drops what it has not written yet, and with it the text that says why.
        std::thread::sleep(TIME_TO_SEND);
        let _ = self.pieces.blocking_send(Err(io::Error::other("the statement failed while its rows were sent")));
        Ok(())
    }
}

enum Packer {
    Plain(Pieces),
    Frames(Pieces),
    Lz4(Box<lz4_flex::frame::FrameEncoder<Pieces>>),
    Gzip(flate2::write::GzEncoder<Pieces>),
}

impl Packer {
    fn new(packing: AnswerPacking, pieces: Pieces) -> Packer {
        match packing {
            AnswerPacking::Plain => Packer::Plain(pieces),
            AnswerPacking::Frames => Packer::Frames(pieces),
            AnswerPacking::Lz4 => Packer::Lz4(Box::new(lz4_flex::frame::FrameEncoder::new(pieces))),
            AnswerPacking::Gzip => Packer::Gzip(flate2::write::GzEncoder::new(pieces, flate2::Compression::fast())),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Packer::Plain(pieces) => pieces.write_all(bytes),
            Packer::Frames(pieces) => frames::write_frames(bytes, pieces),
            Packer::Lz4(encoder) => encoder.write_all(bytes).and_then(|()| encoder.flush()),
            Packer::Gzip(encoder) => encoder.write_all(bytes).and_then(|()| encoder.flush()),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Packer::Plain(_) | Packer::Frames(_) => Ok(()),
            Packer::Lz4(encoder) => encoder.finish().map(drop).map_err(io::Error::other),
            Packer::Gzip(encoder) => encoder.finish().map(drop),
        }
    }
}

/// The channel to the client as something to write to.
struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(PIECE_BYTES);
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the client has gone");
        self.0.blocking_send(Ok(Bytes::copy_from_slice(&bytes[..count]))).map_err(gone)?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// ClickHouse's own table of exception codes and HTTP statuses.
fn status_of(code: u32) -> StatusCode {
    match code {
        194 => StatusCode::UNAUTHORIZED,
        // AUTHENTICATION_FAILED, READONLY, ACCESS_DENIED and their kin
        164 | 192 | 193 | 291 | 497 | 516 => StatusCode::FORBIDDEN,
        // what the statement itself says is wrong
        6 | 26 | 27 | 36 | 38 | 41 | 42 | 43 | 53 | 62 | 69 | 70 | 72 | 117 | 131 | 190 | 215 | 321 | 456 | 457 => {
            StatusCode::BAD_REQUEST
        }
        // something it names does not exist
        16 | 46 | 47 | 50 | 56 | 60 | 63 | 73 | 78 | 81 | 83 | 115 | 372 => StatusCode::NOT_FOUND,
        159 => StatusCode::REQUEST_TIMEOUT,
        223 => StatusCode::PAYLOAD_TOO_LARGE,
        48 => StatusCode::NOT_IMPLEMENTED,
        76 | 209 | 439 => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
