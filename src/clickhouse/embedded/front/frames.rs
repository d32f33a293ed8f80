//! ClickHouse's own compressed frames, as `compress=1` asks for and `decompress=1` announces.
//!
//! A frame is a 16-byte checksum (CityHash 1.0.2, 128 bits, halves swapped), a method byte, the length of what follows
//! the checksum, the length of the contents (both `u32`, little-endian), and the compressed contents.

use std::io::{self, Read, Write};

const CHECKSUM_BYTES: usize = 16;
const HEADER_BYTES: usize = 9;
const LZ4: u8 = 0x82;
const PLAIN: u8 = 0x02;
/// A frame's contents are at most this large, in both directions; ClickHouse's limit is 1 GiB, its habit 1 MiB.
const CONTENTS_BYTES_MAX: usize = 64 << 20;
/// What the front puts into one frame.
const FRAME_BYTES: usize = 1 << 20;

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    cityhash_rs::cityhash_102_128(bytes).rotate_right(64).to_le_bytes()
}

/// Reads the contents of frames, checking each.
pub(super) struct FrameReader<R> {
    frames: R,
    contents: Vec<u8>,
    position: usize,
}

impl<R: Read> FrameReader<R> {
    pub fn new(frames: R) -> FrameReader<R> {
        FrameReader { frames, contents: Vec::new(), position: 0 }
    }

    /// `false` at the end of the input.
    fn next_frame(&mut self) -> io::Result<bool> {
        let mut head = [0; CHECKSUM_BYTES + HEADER_BYTES];
        let mut filled = 0;
        while filled < head.len() {
            match self.frames.read(&mut head[filled..])? {
                0 if filled == 0 => return Ok(false),
                0 => return Err(invalid("the last compressed frame is cut off")),
                count => filled += count,
            }
        }
        let length_at = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
        let (compressed, contents) = (length_at(CHECKSUM_BYTES + 1), length_at(CHECKSUM_BYTES + 5));
        if !(HEADER_BYTES..=CONTENTS_BYTES_MAX).contains(&compressed) || contents > CONTENTS_BYTES_MAX {
            return Err(invalid("a compressed frame has an impossible length"));
        }
        let mut frame = head[CHECKSUM_BYTES..].to_vec();
        frame.resize(compressed, 0);
        self.frames
            .read_exact(&mut frame[HEADER_BYTES..])
            .map_err(|_| invalid("the last compressed frame is cut off"))?;
        if checksum(&frame)[..] != head[..CHECKSUM_BYTES] {
            return Err(invalid("a compressed frame does not have the checksum it names"));
        }
        let data = &frame[HEADER_BYTES..];
        match frame[0] {
            LZ4 => {
                self.contents.resize(contents, 0);
                let length = lz4_flex::block::decompress_into(data, &mut self.contents)
                    .map_err(|error| invalid(&error.to_string()))?;
                self.contents.truncate(length);
            }
            PLAIN => {
                self.contents.clear();
                self.contents.extend_from_slice(data);
            }
            method => {
                return Err(invalid(&format!("frames with method 0x{method:02x} are not understood here; use LZ4")));
            }
        }
        self.position = 0;
        Ok(true)
    }
}

impl<R: Read> Read for FrameReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.position == self.contents.len() {
            if !self.next_frame()? {
                return Ok(0);
            }
        }
        let count = buffer.len().min(self.contents.len() - self.position);
        buffer[..count].copy_from_slice(&self.contents[self.position..self.position + count]);
        self.position += count;
        Ok(count)
    }
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.to_owned())
}

/// Writes `contents` as LZ4 frames.
pub(super) fn write_frames(contents: &[u8], output: &mut impl Write) -> io::Result<()> {
    for part in contents.chunks(FRAME_BYTES) {
        let mut frame = vec![0; HEADER_BYTES + lz4_flex::block::get_maximum_output_size(part.len())];
        let compressed = lz4_flex::block::compress_into(part, &mut frame[HEADER_BYTES..]).map_err(io::Error::other)?;
        frame.truncate(HEADER_BYTES + compressed);
        let length = frame.len() as u32;
        frame[0] = LZ4;
        frame[1..5].copy_from_slice(&length.to_le_bytes());
        frame[5..9].copy_from_slice(&(part.len() as u32).to_le_bytes());
        output.write_all(&checksum(&frame))?;
        output.write_all(&frame)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{FrameReader, write_frames};
    use proptest::prelude::*;
    use std::io::Read;

    fn read(frames: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut contents = Vec::new();
        FrameReader::new(frames).read_to_end(&mut contents).map(|_| contents)
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(contents in proptest::collection::vec(any::<u8>(), 0..5_000)) {
            let mut frames = Vec::new();
            write_frames(&contents, &mut frames).unwrap();
            prop_assert_eq!(read(&frames).unwrap(), contents);
        }

        #[test]
        fn a_changed_byte_is_noticed(contents in proptest::collection::vec(any::<u8>(), 1..500), at in any::<prop::sample::Index>()) {
            let mut frames = Vec::new();
            write_frames(&contents, &mut frames).unwrap();
            let at = at.index(frames.len());
            frames[at] ^= 1;
            prop_assert!(read(&frames).is_err());
        }
    }

    #[test]
    fn a_frame_that_is_cut_off_is_an_error() {
        let mut frames = Vec::new();
        write_frames(b"some rows, some rows, some rows", &mut frames).unwrap();
        for length in 1..frames.len() {
            assert!(read(&frames[..length]).is_err(), "cut at {length}");
        }
    }

    /// The frame that the official `clickhouse` crate 0.15.3 makes of these bytes.
    #[test]
    fn the_front_writes_the_frames_that_clients_write() {
        let mut frames = Vec::new();
        write_frames(b"1\n", &mut frames).unwrap();
        let checksum = [222, 121, 207, 8, 127, 182, 53, 4, 157, 184, 22, 223, 25, 91, 1, 107];
        assert_eq!(frames, [&checksum[..], b"\x82\x0c\0\0\0\x02\0\0\0\x201\n"].concat());
    }
}
