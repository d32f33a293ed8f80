//! A request's body as the engine's threads read it: piece by piece, decoded, with the sender held back when they lag.

use super::frames::FrameReader;
use bytes::{Buf, Bytes};
use std::io::{self, Read};
use tokio::sync::mpsc;

/// Pieces that wait between the network and the engine; hyper's are at most some hundred KiB.
const PIECES_WAITING: usize = 4;

/// The receiving end of a body. Blocks the thread that reads it.
pub(super) struct Body {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    current: Bytes,
}

impl Body {
    /// Forwards `body` for as long as it is read.
    pub fn receive(body: axum::body::Body) -> Body {
        use futures::StreamExt;
        let (sender, pieces) = mpsc::channel(PIECES_WAITING);
        let mut stream = body.into_data_stream();
        tokio::spawn(async move {
            while let Some(piece) = stream.next().await {
                if sender.send(piece.map_err(io::Error::other)).await.is_err() {
                    break;
                }
            }
        });
        Body { pieces, current: Bytes::new() }
    }

    pub fn empty() -> Body {
        Body { pieces: mpsc::channel(1).1, current: Bytes::new() }
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.current = piece?,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.current.len());
        self.current.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

/// How a body is packed: the outer packing by `Content-Encoding`, ClickHouse's own inside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Packing {
    pub content_encoding: Option<String>,
    /// `decompress=1`
    pub frames: bool,
}

impl Packing {
    /// `Err` names an encoding that is not understood.
    pub fn unpack(&self, body: Body) -> Result<Box<dyn Read>, String> {
        let outer: Box<dyn Read> = match self.content_encoding.as_deref() {
            None | Some("" | "identity") => Box::new(body),
            Some("gzip" | "x-gzip") => Box::new(flate2::read::MultiGzDecoder::new(body)),
            Some("deflate") => Box::new(flate2::read::ZlibDecoder::new(body)),
            Some("lz4") => Box::new(lz4_flex::frame::FrameDecoder::new(body)),
            Some(other) => return Err(other.to_owned()),
        };
        Ok(if self.frames { Box::new(FrameReader::new(outer)) } else { outer })
    }
}

/// Reads until `buffer` is full or the input ends.
pub(super) fn fill(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
