//! Incremental UTF-8 against the standard library's whole-text validation.

use proptest::prelude::*;
use switchover_frame::{CloseCode, ProtocolError, Utf8, Utf8Error};
use switchover_testkit::split::{for_every_split, random_cuts};

/// What the standard library says of the whole text: the offset of the first bad sequence, and whether it is bad
/// whatever follows it.
fn expected(text: &[u8]) -> Option<(u64, bool)> {
    let error = core::str::from_utf8(text).err()?;
    Some((error.valid_up_to() as u64, error.error_len().is_some()))
}

/// Validates a text in pieces; the error is that of `push` (`true`) or of `finish`.
fn validate(pieces: &[&[u8]]) -> Option<(u64, bool)> {
    let mut utf8 = Utf8::new();
    for piece in pieces {
        if let Err(error) = utf8.push(piece) {
            assert_eq!(utf8.push(b"later"), Err(error));
            assert_eq!(utf8.push(b""), Err(error));
            assert_eq!(utf8.finish(), Err(error));
            assert!(!utf8.is_boundary());
            return Some((error.offset(), true));
        }
        assert_eq!(utf8.is_boundary(), utf8.finish().is_ok());
    }
    let total: usize = pieces.iter().map(|piece| piece.len()).sum();
    assert_eq!(utf8.is_boundary(), utf8.valid_len() == total as u64);
    utf8.finish().err().map(|error: Utf8Error| (error.offset(), false))
}

#[test]
fn every_sequence_of_up_to_three_bytes() {
    let check = |text: &[u8]| {
        assert_eq!(validate(&[text]), expected(text), "{text:x?}");
        assert_eq!(validate(&text.chunks(1).collect::<Vec<_>>()), expected(text), "{text:x?}");
    };
    for first in 0..=255 {
        check(&[first]);
        for second in 0..=255 {
            check(&[first, second]);
            // ASCII in front of all has nothing to tell but time.
            if first >= 0x80 {
                (0..=255).for_each(|third| check(&[first, second, third]));
            }
        }
    }
}

#[test]
fn every_character_at_every_split() {
    for char in ('\0'..=char::MAX).step_by(7).chain(['\u{7FF}', '\u{800}', '\u{FFFF}', '\u{10000}', char::MAX]) {
        let mut text = [b'a'; 6];
        let len = 1 + char.encode_utf8(&mut text[1..]).len() + 1;
        for cut in 0..=len {
            let (before, after) = text[..len].split_at(cut);
            assert_eq!(validate(&[before, after]), None);
            assert_eq!(validate(&[before, b"", after]), None);
        }
    }
}

/// The verdict comes with the first byte that cannot be right, not with the end of its sequence.
#[test]
fn it_fails_at_once() {
    let bad: [&[u8]; 11] = [
        b"\x80",
        b"\xC0",
        b"\xC1",
        b"\xF5",
        b"\xFF",
        b"\xE0\x9F",
        b"\xED\xA0",
        b"\xF0\x8F",
        b"\xF4\x90",
        b"\xCE\x41",
        b"\xF4\x8F\xBF\x41",
    ];
    for sequence in bad {
        let text = ["κόσμε".as_bytes(), sequence].concat();
        let (before, last) = text.split_at(text.len() - 1);
        assert!(!matches!(validate(&[before]), Some((_, true))), "{sequence:x?}");
        for_every_split(&[before, last].concat(), |pieces| {
            assert_eq!(validate(pieces), Some((10, true)), "{sequence:x?}");
        });
    }
    let mut utf8 = Utf8::new();
    let error = utf8.push("κόσμε\u{2028}".as_bytes()).and_then(|()| utf8.push(b"\xF4\x90")).unwrap_err();
    assert_eq!(error.to_string(), "invalid UTF-8 at offset 13 of the text (RFC 6455, section 8.1)");
    let error = ProtocolError::from(error).rebase(100);
    assert_eq!(error.to_string(), "invalid UTF-8 at offset 113 (RFC 6455, section 8.1)");
    assert_eq!(error.close_code(), CloseCode::INVALID_PAYLOAD);
}

/// What `decode` gives of the pieces, put together, and how many bytes lack the rest of their character at the end.
fn decoded(pieces: &[&[u8]]) -> (String, usize) {
    let (mut utf8, mut text) = (Utf8::new(), String::new());
    for piece in pieces {
        let (character, complete) = utf8.decode(piece).expect("a prefix of a text");
        text.extend(character);
        text.push_str(complete);
        assert_eq!(utf8.valid_len(), text.len() as u64);
    }
    (text, utf8.partial_len())
}

proptest! {
    #[test]
    fn the_pieces_of_a_text_are_the_text(text in "\\PC{0,40}", end: prop::sample::Index, cuts in random_cuts()) {
        let bytes = &text.as_bytes()[..end.index(text.len() + 1)];
        let complete = &text[..text.floor_char_boundary(bytes.len())];
        let expected = (complete.to_owned(), bytes.len() - complete.len());
        for_every_split(bytes, |pieces| assert_eq!(decoded(pieces), expected));
        prop_assert_eq!(decoded(&cuts.pieces(bytes)), expected);
    }

    /// In vectors, behind which single bytes come, and with the mistake in any place of them.
    #[test]
    fn long_text_of_any_characters(mut text in "\\PC{60,300}".prop_map(String::into_bytes), at: prop::sample::Index, byte: Option<u8>, cuts in random_cuts()) {
        let at = at.index(text.len());
        text[at] = byte.unwrap_or(text[at]);
        prop_assert_eq!(validate(&[&text]), expected(&text));
        prop_assert_eq!(validate(&cuts.pieces(&text)), expected(&text));
    }

    #[test]
    fn text_is_valid_however_it_is_cut(text: String, cuts in random_cuts()) {
        prop_assert_eq!(validate(&cuts.pieces(text.as_bytes())), None);
    }

    #[test]
    fn broken_text_is_broken_at_one_place_however_it_is_cut(text: String, at: prop::sample::Index, bytes in prop::collection::vec(0x80..=255_u8, 1..5), end: prop::sample::Index) {
        let mut broken = text.into_bytes();
        let at = at.index(broken.len() + 1);
        broken.splice(at..at, bytes);
        broken.truncate(end.index(broken.len() + 1).max(at));
        let expected = expected(&broken);
        for_every_split(&broken, |pieces| assert_eq!(validate(pieces), expected));
    }

    #[test]
    fn long_text_with_one_bad_byte(len in 0..300_usize, at: prop::sample::Index, byte: u8, cuts in random_cuts()) {
        let mut text = vec![b'x'; len + 1];
        text[at.index(len + 1)] = byte;
        prop_assert_eq!(validate(&cuts.pieces(&text)), expected(&text));
    }
}
