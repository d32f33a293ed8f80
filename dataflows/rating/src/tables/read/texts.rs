//! Names, labels and words from a closed list.

use super::{Reading, Reference};
use crate::tables::Table;
use crate::tables::document::{Node, Value};
use crate::tables::mistake::MistakeCode;
use std::sync::Arc;

/// The longest id, name or label, in bytes.
const NAME_LIMIT: usize = 256;

fn text<'n>(node: &'n Node, reading: &mut Reading) -> Option<&'n str> {
    match &node.value {
        Value::Text(text) => Some(text),
        _ => reading.wrong_type(node, "text in quotes"),
    }
}

/// An id or the name of something: 1 to 256 bytes, all of them visible, so that two names that look the same are.
pub(crate) fn name(node: &Node, reading: &mut Reading) -> Option<Arc<str>> {
    let text = text(node, reading)?;
    let problem = if text.is_empty() {
        Some("a name is not empty".to_string())
    } else if text.len() > NAME_LIMIT {
        Some(format!("{} bytes are more than the {NAME_LIMIT} of a name", text.len()))
    } else if text.trim() != text {
        Some("a name neither begins nor ends with a space".to_string())
    } else {
        text.chars().find(|character| is_unseen(*character)).map(unseen)
    };
    match problem {
        Some(message) => reading.mistake(MistakeCode::InvalidName, node, message, ""),
        None => Some(text.into()),
    }
}

/// A name that is followed by `@` and an instant in keys, and therefore holds none itself.
pub(super) fn versioned_name(node: &Node, reading: &mut Reading) -> Option<Arc<str>> {
    let name = name(node, reading)?;
    if name.contains('@') {
        let message = "the name of something that has versions holds no `@`";
        return reading.mistake(MistakeCode::InvalidName, node, message, "keys are written NAME@INSTANT");
    }
    Some(name)
}

/// Words for a person, which may be empty.
pub(super) fn label(node: &Node, reading: &mut Reading) -> Option<Arc<str>> {
    let text = text(node, reading)?;
    if text.len() > NAME_LIMIT {
        let message = format!("{} bytes are more than the {NAME_LIMIT} of a label", text.len());
        return reading.mistake(MistakeCode::InvalidName, node, message, "");
    }
    match text.chars().find(|character| is_unseen(*character)) {
        Some(character) => reading.mistake(MistakeCode::InvalidName, node, unseen(character), ""),
        None => Some(text.into()),
    }
}

/// Control characters, and those that have no width or turn the direction of writing.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

fn unseen(character: char) -> String {
    format!("the character U+{:04X} cannot be seen", u32::from(character))
}

/// The name of a row of another table.
pub(super) fn reference(table: Table) -> impl FnOnce(&Node, &mut Reading) -> Option<Arc<str>> {
    move |node, reading| {
        let name = name(node, reading)?;
        let (place, path) = (node.place.clone(), node.path.clone());
        reading.references.push(Reference { table, name: name.clone(), place, path });
        Some(name)
    }
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(words: &[(&str, T)]) -> impl FnOnce(&Node, &mut Reading) -> Option<T> {
    move |node, reading| {
        let text = text(node, reading)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let hint = match nearest(text, all.iter().copied()) {
            Some(word) => format!("did you mean `{word}`? The words are {}", all.join(", ")),
            None => format!("the words are {}", all.join(", ")),
        };
        reading.mistake(MistakeCode::UnknownValue, node, format!("`{text}` is not a word of this field"), hint)
    }
}

pub(super) fn flag(node: &Node, reading: &mut Reading) -> Option<bool> {
    match node.value {
        Value::Flag(flag) => Some(flag),
        _ => reading.wrong_type(node, "true or false"),
    }
}

/// The candidate that was probably meant: few slips away for the length of the word, case and dashes aside.
pub(crate) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let word = plain(word);
    let slips_allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &plain(candidate)), candidate))
        .filter(|(slips, _)| *slips <= slips_allowed)
        .min()
        .map(|(_, candidate)| candidate)
}
