//! Looking at many bytes at once, in plain arithmetic: what there is in a record, and where the next quote is.

/// What bytes there are in a record, wherever they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Survey {
    pub has_escapes: bool,
    /// White space between the tokens, or control characters where they must not be.
    pub has_controls: bool,
    /// No DEL and nothing beyond ASCII. Strings read here have nothing below the space either.
    pub is_printable: bool,
}

/// One pass without branches, which the compiler turns into vector instructions: afterwards the end of a string is the
/// next quote.
#[inline]
pub(crate) fn survey(bytes: &[u8]) -> Survey {
    let (mut escapes, mut controls, mut beyond) = (false, false, false);
    for byte in bytes {
        escapes |= *byte == b'\\';
        controls |= *byte < b' ';
        beyond |= *byte >= 0x7f;
    }
    Survey { has_escapes: escapes, has_controls: controls, is_printable: !beyond }
}

/// How far ahead the next quote is.
#[inline]
pub(crate) fn next_quote(bytes: &[u8]) -> Option<usize> {
    let (words, tail) = bytes.as_chunks::<8>();
    let mut before = 0;
    for word in words {
        if let Some(index) = quote_in(u64::from_le_bytes(*word)) {
            return Some(before + index);
        }
        before += 8;
    }
    tail.iter().position(|byte| *byte == b'"').map(|index| before + index)
}

/// Which of eight bytes, the first in the lowest place, is the first quote.
///
/// The subtraction borrows from a place only if the place before it was a hit, so the lowest mark is always right
/// (S. E. Anderson, "Bit Twiddling Hacks": determine if a word has a zero byte).
#[inline]
fn quote_in(word: u64) -> Option<usize> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let zero_where_quote = word ^ (EACH * b'"' as u64);
    let marks = zero_where_quote.wrapping_sub(EACH) & !zero_where_quote & (EACH << 7);
    (marks != 0).then(|| marks.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use super::{next_quote, survey};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn eight_bytes_at_once_are_seen_as_one_by_one(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0x21..0x24u8, Just(0xa2)], 0..40)) {
            prop_assert_eq!(next_quote(&bytes), bytes.iter().position(|byte| *byte == b'"'));
        }

        #[test]
        fn a_survey_finds_what_there_is_wherever_it_is(before in 0..70usize, after in 0..70usize, byte in any::<u8>()) {
            let bytes = [vec![b' '; before], vec![byte], vec![b'~'; after]].concat();
            let found = survey(&bytes);
            prop_assert_eq!(found.has_escapes, byte == b'\\');
            prop_assert_eq!(found.has_controls, byte < b' ');
            prop_assert_eq!(found.is_printable, byte < 0x7f);
        }
    }
}
