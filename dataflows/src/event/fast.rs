//! The fast reader: plain events as producers write them, in one pass and without allocating.
//!
//! It knows a part of JSON only: no escapes, nothing nested but flat metadata, no unknown or repeated names. Whatever
//! it does not know it leaves to the strict reader, which then accepts or names the mistake; so it may give up at any
//! time, but what it does take must be exactly what the strict reader would take (`tests::agreement`).

use super::fields::{Fields, Metadata, PLAIN, sort_metadata};
use super::scalar::JsonScalar;
use std::borrow::Cow;

/// The fields of a plain event, or `None` where the record is anything else.
#[inline]
pub(crate) fn read(bytes: &[u8]) -> Option<Fields<'_>> {
    let mut cursor = Cursor { text: std::str::from_utf8(bytes).ok()?, at: 0 };
    let mut fields = Fields::empty(&PLAIN);
    let (mut has_metadata, mut has_retract) = (false, false);
    cursor.skip_white_space();
    cursor.expect(b'{')?;
    loop {
        match cursor.key()? {
            "id" => set(&mut fields.id, cursor.text()?)?,
            "organizationId" => set(&mut fields.organization_id, cursor.text()?)?,
            "feature" => set(&mut fields.feature, cursor.text()?)?,
            "timestamp" => set(&mut fields.timestamp, cursor.text_or_number()?)?,
            "quantity" => set(&mut fields.quantity, cursor.text_or_number()?)?,
            "endpoint" => set(&mut fields.endpoint, cursor.text()?)?,
            "metadata" if !has_metadata => {
                has_metadata = true;
                cursor.metadata(&mut fields.metadata)?;
            }
            "source" => set(&mut fields.source, cursor.text()?)?,
            "cost" => set(&mut fields.cost, cursor.text_or_number()?)?,
            "retract" if !has_retract => {
                has_retract = true;
                fields.retract = cursor.flag()?;
            }
            _ => return None,
        }
        if cursor.ends_object()? {
            break;
        }
    }
    cursor.skip_white_space();
    (cursor.at == bytes.len()).then_some(fields)
}

/// A name that comes twice is left to the strict reader.
#[inline]
fn set<T>(field: &mut Option<T>, value: T) -> Option<()> {
    match field {
        Some(_) => None,
        None => {
            *field = Some(value);
            Some(())
        }
    }
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn skip_white_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Option<()> {
        if self.peek()? != byte {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// A name and its colon, up to the value.
    #[inline]
    fn key(&mut self) -> Option<&'a str> {
        self.skip_white_space();
        self.expect(b'"')?;
        let key = self.rest_of_string()?;
        self.skip_white_space();
        self.expect(b':')?;
        self.skip_white_space();
        Some(key)
    }

    /// What follows a value: a comma, or the end of the object.
    #[inline]
    fn ends_object(&mut self) -> Option<bool> {
        self.skip_white_space();
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b',' => Some(false),
            b'}' => Some(true),
            _ => None,
        }
    }

    #[inline]
    fn text(&mut self) -> Option<Cow<'a, str>> {
        self.expect(b'"')?;
        self.rest_of_string().map(Cow::Borrowed)
    }

    #[inline]
    fn text_or_number(&mut self) -> Option<JsonScalar<'a>> {
        match self.peek()? {
            b'"' => self.text().map(JsonScalar::Text),
            _ => self.number(),
        }
    }

    #[inline]
    fn flag(&mut self) -> Option<bool> {
        let rest = &self.text.as_bytes()[self.at..];
        let (flag, length) = if rest.starts_with(b"true") {
            (true, 4)
        } else if rest.starts_with(b"false") {
            (false, 5)
        } else {
            return None;
        };
        self.at += length;
        Some(flag)
    }

    #[inline]
    fn scalar(&mut self) -> Option<JsonScalar<'a>> {
        match self.peek()? {
            b'"' => self.text().map(JsonScalar::Text),
            b't' | b'f' => self.flag().map(JsonScalar::Flag),
            b'n' if self.text.as_bytes()[self.at..].starts_with(b"null") => {
                self.at += 4;
                Some(JsonScalar::Null)
            }
            _ => self.number(),
        }
    }

    #[inline]
    fn metadata(&mut self, metadata: &mut Metadata<'a>) -> Option<()> {
        self.expect(b'{')?;
        self.skip_white_space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let key = self.key()?;
            metadata.push((Cow::Borrowed(key), self.scalar()?));
            if self.ends_object()? {
                break;
            }
        }
        sort_metadata(metadata);
        let repeated = metadata.windows(2).any(|pair| pair[0].0 == pair[1].0);
        (!repeated).then_some(())
    }

    /// From behind the opening quote to behind the closing one. Escapes and control characters are left alone.
    #[inline]
    fn rest_of_string(&mut self) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut at = start;
        while let Some(chunk) = bytes[at..].first_chunk::<8>() {
            match first_special(u64::from_le_bytes(*chunk)) {
                Some(index) => return self.close(start, at + index),
                None => at += 8,
            }
        }
        let index = bytes[at..].iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        self.close(start, at + index)
    }

    #[inline]
    fn close(&mut self, start: usize, end: usize) -> Option<&'a str> {
        self.at = end;
        self.expect(b'"')?;
        self.text.get(start..end)
    }

    /// A token of JSON's number grammar, unread.
    #[inline]
    fn number(&mut self) -> Option<JsonScalar<'a>> {
        let start = self.at;
        if self.peek()? == b'-' {
            self.at += 1;
        }
        match self.peek()? {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits()?,
            _ => return None,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        self.text.get(start..self.at).map(JsonScalar::Number)
    }

    /// One digit or more.
    #[inline]
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }
}

/// Which of eight bytes (the first in the lowest place) is the first quote, backslash or control character.
///
/// Each subtraction below borrows from a place only if the place before it was a hit, so the lowest mark is always
/// right (S. E. Anderson, "Bit Twiddling Hacks": determine if a word has a byte less than n).
#[inline]
fn first_special(chunk: u64) -> Option<usize> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let below = |word: u64, limit: u64| word.wrapping_sub(EACH * limit) & !word;
    let quote = below(chunk ^ (EACH * 0x22), 1);
    let backslash = below(chunk ^ (EACH * 0x5c), 1);
    let marks = (quote | backslash | below(chunk, 0x20)) & HIGH;
    (marks != 0).then(|| marks.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use super::first_special;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn eight_bytes_at_once_are_seen_as_one_by_one(bytes in proptest::array::uniform8(prop_oneof![any::<u8>(), 0x1f..0x24u8, 0x5b..0x5eu8])) {
            let one_by_one = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
            prop_assert_eq!(first_special(u64::from_le_bytes(bytes)), one_by_one);
        }
    }
}
