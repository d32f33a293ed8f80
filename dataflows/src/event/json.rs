//! The strict reader: a record as a tree, or the exact reason why its bytes are not one JSON value.
//!
//! Stricter than JSON itself where readers disagree: duplicate keys (after unescaping), lone surrogates, a byte order
//! mark and deep nesting are refused. Slow, and only asked about records that the fast reader does not take.

use super::code::Code;
use super::mistake::{Mistake, pointer};
use super::scalar::JsonScalar;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashSet;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node<'a> {
    Scalar(JsonScalar<'a>),
    /// Nothing in an event is an array, so its items are checked and not kept.
    Array,
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// Reads `bytes` as exactly one JSON value with at most `depth_limit` nested objects and arrays.
pub(crate) fn read(bytes: &[u8], depth_limit: usize) -> Result<Node<'_>, Mistake> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(Mistake::new(Code::ByteOrderMark, "", "remove the byte order mark (EF BB BF) at the beginning"));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Mistake::new(Code::InvalidUtf8, "", format!("at byte {}: not UTF-8", error.valid_up_to())))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = <&RawValue>::deserialize(&mut deserializer).map_err(|error| not_json(text, 0, "", &error))?;
    let end = offset_in(text, value.get()) + value.get().len();
    let rest = text[end..].trim_start_matches([' ', '\t', '\r', '\n']);
    if !rest.is_empty() {
        let offset = text.len() - rest.len();
        return Err(Mistake::new(
            Code::TrailingBytes,
            "",
            format!("at byte {offset}: the record ended before; one record holds one event"),
        ));
    }
    Reader { text, depth_limit }.node(value.get(), "", 0)
}

struct Reader<'a> {
    text: &'a str,
    depth_limit: usize,
}

impl<'a> Reader<'a> {
    /// `raw` has JSON's syntax throughout; what is inside its strings is only checked here.
    fn node(&self, raw: &'a str, path: &str, depth: usize) -> Result<Node<'a>, Mistake> {
        let not_json = |error| not_json(self.text, offset_in(self.text, raw), path, &error);
        match raw.as_bytes().first() {
            Some(b'{' | b'[') if depth == self.depth_limit => {
                let hint = format!("at most {} objects and arrays may be nested", self.depth_limit);
                Err(Mistake::new(Code::TooDeep, path, hint))
            }
            Some(b'{') => self.object(serde_json::from_str(raw).map_err(not_json)?, path, depth),
            Some(b'[') => {
                let items: Vec<&'a RawValue> = serde_json::from_str(raw).map_err(not_json)?;
                for (index, item) in items.into_iter().enumerate() {
                    self.node(item.get(), &pointer(path, &index.to_string()), depth + 1)?;
                }
                Ok(Node::Array)
            }
            Some(b'"') => {
                let Text(text) = serde_json::from_str(raw).map_err(not_json)?;
                Ok(Node::Scalar(JsonScalar::Text(text)))
            }
            Some(b't') => Ok(Node::Scalar(JsonScalar::Flag(true))),
            Some(b'f') => Ok(Node::Scalar(JsonScalar::Flag(false))),
            Some(b'n') => Ok(Node::Scalar(JsonScalar::Null)),
            _ => Ok(Node::Scalar(JsonScalar::Number(raw))),
        }
    }

    fn object(&self, entries: Entries<'a>, path: &str, depth: usize) -> Result<Node<'a>, Mistake> {
        let mut keys = HashSet::with_capacity(entries.0.len());
        for (Text(key), _) in &entries.0 {
            if !keys.insert(&**key) {
                let hint = format!("the key `{}` is given twice; keep one", excerpt(key));
                return Err(Mistake::new(Code::DuplicateKey, pointer(path, key), hint));
            }
        }
        let nodes = entries.0.into_iter().map(|(Text(key), value)| {
            let node = self.node(value.get(), &pointer(path, &key), depth + 1)?;
            Ok((key, node))
        });
        Ok(Node::Object(nodes.collect::<Result<_, _>>()?))
    }
}

/// As much of a text from a record as belongs into a hint.
pub(crate) fn excerpt(text: &str) -> String {
    const CHARACTERS: usize = 64;
    let mut characters = text.chars().filter(|character| !character.is_control());
    let mut excerpt: String = characters.by_ref().take(CHARACTERS).collect();
    if characters.next().is_some() {
        excerpt.push('…');
    }
    excerpt
}

/// Where `part`, a slice of `text`, begins in it.
fn offset_in(text: &str, part: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

/// `base` is where the text that was being read begins in `text`.
fn not_json(text: &str, base: usize, path: &str, error: &serde_json::Error) -> Mistake {
    let line_start = match error.line() {
        0 | 1 => base,
        line => base + text[base..].match_indices('\n').nth(line - 2).map_or(0, |(at, _)| at + 1),
    };
    let offset = (line_start + error.column().saturating_sub(1)).min(text.len());
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    Mistake::new(Code::InvalidJson, path, format!("at byte {offset}: {message}"))
}

/// A JSON string, borrowed where it needs no unescaping.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<'de>, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// The entries of one object in their order, duplicates included.
struct Entries<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entries<'de>, D::Error> {
        struct EntriesVisitor;
        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor)
    }
}
