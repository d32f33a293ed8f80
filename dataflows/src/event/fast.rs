//! The fast reader: plain events as producers write them, in one pass and without allocating.
//!
//! It knows a part of JSON only: no escapes, nothing nested but flat metadata, no unknown or repeated names. Whatever
//! it does not know it leaves to the strict reader, which then accepts or names the mistake; so it may give up at any
//! time, but what it does take must be exactly what the strict reader would take (`tests::agreement`).

use super::fields::{Fields, Metadata, sort_metadata};
use super::scalar::JsonScalar;
use super::scan::{next_quote, survey};
use std::borrow::Cow;

/// What is known of a record that was read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// No text in it has a character outside printable ASCII.
    pub printable: bool,
}

/// Reads a plain event into `fields`, or says `None` where the record is anything else.
#[inline]
pub(crate) fn read<'a>(bytes: &'a [u8], fields: &mut Fields<'a>) -> Option<Taken> {
    let survey = survey(bytes);
    if survey.has_escapes {
        return None;
    }
    let mut cursor = Cursor { text: std::str::from_utf8(bytes).ok()?, at: 0, has_controls: survey.has_controls };
    let (mut has_metadata, mut has_retract) = (false, false);
    cursor.skip_white_space();
    cursor.expect(b'{')?;
    loop {
        cursor.skip_white_space();
        // The names of an event's fields all begin with a letter of their own.
        match cursor.text.as_bytes().get(cursor.at + 1)? {
            b'i' => set(&mut fields.id, cursor.name(b"\"id\"")?.text()?)?,
            b'o' => set(&mut fields.organization_id, cursor.name(b"\"organizationId\"")?.text()?)?,
            b'f' => set(&mut fields.feature, cursor.name(b"\"feature\"")?.text()?)?,
            b't' => set(&mut fields.timestamp, cursor.name(b"\"timestamp\"")?.text_or_number()?)?,
            b'q' => set(&mut fields.quantity, cursor.name(b"\"quantity\"")?.text_or_number()?)?,
            b'e' => set(&mut fields.endpoint, cursor.name(b"\"endpoint\"")?.text()?)?,
            b'm' if !has_metadata => {
                has_metadata = true;
                cursor.name(b"\"metadata\"")?.metadata(&mut fields.metadata)?;
            }
            b's' => set(&mut fields.source, cursor.name(b"\"source\"")?.text()?)?,
            b'c' => set(&mut fields.cost, cursor.name(b"\"cost\"")?.text_or_number()?)?,
            b'r' if !has_retract => {
                has_retract = true;
                fields.retract = cursor.name(b"\"retract\"")?.flag()?;
            }
            _ => return None,
        }
        if cursor.ends_object()? {
            break;
        }
    }
    cursor.skip_white_space();
    (cursor.at == bytes.len()).then_some(Taken { printable: survey.is_printable })
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
    has_controls: bool,
}

impl<'a> Cursor<'a> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn skip_white_space(&mut self) {
        while self.peek().is_some_and(|byte| byte <= b' ' && matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
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

    /// A known name in its quotes, up to the value.
    #[inline]
    fn name<const LENGTH: usize>(&mut self, quoted: &[u8; LENGTH]) -> Option<&mut Self> {
        if self.text.as_bytes().get(self.at..)?.first_chunk::<LENGTH>()? != quoted {
            return None;
        }
        self.at += LENGTH;
        self.colon()?;
        Some(self)
    }

    #[inline]
    fn colon(&mut self) -> Option<()> {
        self.skip_white_space();
        self.expect(b':')?;
        self.skip_white_space();
        Some(())
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
            self.skip_white_space();
            let key = self.text()?;
            self.colon()?;
            metadata.push((key, self.scalar()?));
            if self.ends_object()? {
                break;
            }
        }
        sort_metadata(metadata);
        let repeated = metadata.windows(2).any(|pair| pair[0].0 == pair[1].0);
        (!repeated).then_some(())
    }

    /// A string. The record has no escapes, so it ends at the next quote.
    #[inline]
    fn text(&mut self) -> Option<Cow<'a, str>> {
        self.expect(b'"')?;
        let rest = self.text.as_bytes().get(self.at..)?;
        let start = self.at;
        let end = start + next_quote(rest)?;
        self.at = end + 1;
        let text = self.text.get(start..end)?;
        if self.has_controls && text.bytes().any(|byte| byte < b' ') {
            return None;
        }
        Some(Cow::Borrowed(text))
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
