//! Text that shares its memory, against what the standard library says of the same bytes.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use bytes::{Bytes, BytesMut};
use proptest::{collection::vec, prelude::*, sample::Index};
use switchover_frame::{Text, Utf8};
use switchover_testkit::alloc::measure;

/// Of any length around the sizes of words and vectors, ASCII or not, and with up to two bytes of it made anything.
fn maybe_text() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        "[ -~]{0,200}",
        "\\PC{0,100}",
        ("[a-z]{0,80}", "\\PC{0,9}", "[a-z]{0,80}").prop_map(|(before, any, behind)| before + &any + &behind)
    ];
    (text, vec((any::<Index>(), any::<u8>()), 0..3)).prop_map(|(text, spoilt)| {
        let mut bytes = text.into_bytes();
        for (at, byte) in spoilt.into_iter().filter(|_| !bytes.is_empty()).collect::<Vec<_>>() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

/// Asserts that all ways to text find what the standard library does, and give back what is none.
#[track_caller]
fn check(bytes: &[u8]) {
    let shared = || Bytes::copy_from_slice(bytes);
    match std::str::from_utf8(bytes) {
        Ok(expected) => {
            assert_eq!(Utf8::whole(bytes), Ok(expected));
            assert_eq!(Text::try_from(shared()).unwrap(), expected);
            assert_eq!(Text::try_from(bytes.to_vec()).unwrap(), expected);
            assert_eq!(Text::try_from(BytesMut::from(bytes)).unwrap(), expected);
        }
        Err(error) => {
            let offset = error.valid_up_to() as u64;
            assert_eq!(Utf8::whole(bytes).unwrap_err().offset(), offset);
            let error = Text::try_from(shared()).unwrap_err();
            assert_eq!((error.error().offset(), error.into_bytes()), (offset, shared()));
            let error = Text::try_from(bytes.to_vec()).unwrap_err();
            assert_eq!((error.error().offset(), error.into_bytes()), (offset, bytes.to_vec()));
            let error = Text::try_from(BytesMut::from(bytes)).unwrap_err();
            assert_eq!((error.error().offset(), error.into_bytes()), (offset, BytesMut::from(bytes)));
        }
    }
}

/// Bytes of which each has nothing but its highest bit, or not even that.
#[test]
fn the_highest_bit_alone_is_no_text() {
    for len in 1..=40 {
        check(&vec![0x80; len]);
        for place in 0..len {
            let mut bytes = vec![0; len];
            bytes[place] = 0x80;
            check(&bytes);
        }
    }
}

/// A text is compared by what it says.
#[test]
fn equal_to_the_same_text_alone() {
    let text = Text::from("text");
    for other in ["text", "texT", ""] {
        let is = other == "text";
        assert_eq!((text == other, other == text, text == *other, *other == text), (is, is, is, is));
        let (string, same) = (String::from(other), Text::from(other));
        assert_eq!((text == string, string == text, text == same), (is, is, is));
    }
}

proptest! {
    #[test]
    fn text_is_what_the_standard_library_says(bytes in maybe_text()) {
        check(&bytes);
    }

    #[test]
    fn texts_compare_as_str_does(one in "\\PC{0,5}", other in "\\PC{0,5}") {
        let (first, second) = (Text::from(one.clone()), Text::copy_from_str(&other));
        prop_assert_eq!(first == second, one == other);
        prop_assert_eq!(first.cmp(&second), one.cmp(&other));
        prop_assert_eq!(first.partial_cmp(&second), one.partial_cmp(&other));
        prop_assert_eq!((first == *other, first == other.as_str(), first == other), (one == other, one == other, one == other));
        prop_assert_eq!((*other == first, other.as_str() == first, other == first), (one == other, one == other, one == other));
        let state = RandomState::new();
        prop_assert_eq!(state.hash_one(&first), state.hash_one(&*one));
        prop_assert_eq!(Borrow::<str>::borrow(&first), one.as_str());
        prop_assert_eq!((first.to_string(), format!("{first:?}")), (one.clone(), format!("{one:?}")));
        prop_assert_eq!(format!("[{first:>9}|{first:.2}]"), format!("[{one:>9}|{one:.2}]"));
    }

    /// A part of a text is one; what only reads like one is none.
    #[test]
    fn parts_of_a_text(text in "\\PC{0,30}", from in any::<Index>(), to in any::<Index>()) {
        let shared = Text::from(text.clone());
        let boundary = |index: Index| text.floor_char_boundary(index.index(text.len() + 1));
        let (from, to) = (boundary(from), boundary(to));
        let part = &shared[from.min(to)..from.max(to)];
        let (sliced, allocations) = measure(|| shared.slice_ref(part));
        let sliced = sliced.unwrap();
        prop_assert_eq!(&sliced, part);
        // The first one that shares a text makes its memory countable.
        prop_assert!(allocations.count <= 1 && allocations.live < 64, "{:?}", allocations);
        if !part.is_empty() {
            prop_assert_eq!(sliced.as_ptr(), part.as_ptr());
            prop_assert_eq!(shared.slice_ref(&text[from.min(to)..from.max(to)]), None);
            // What surrounds a part is not in it.
            let behind = sliced.slice_ref(&shared[to.max(from)..]);
            prop_assert!(behind.is_none_or(|behind| behind.is_empty()));
            prop_assert_eq!(sliced.slice_ref(&shared).is_some(), part.len() == text.len());
        }
    }
}

/// Every byte, in every place of the lengths at which the way changes.
#[test]
fn every_byte_in_every_place() {
    for len in [1, 7, 8, 9, 15, 16, 17, 31, 63, 64, 65, 66, 127, 129, 255, 256, 257, 258] {
        for place in 0..len {
            for byte in (0..=u8::MAX).step_by(if len < 64 { 1 } else { 11 }).chain([0x80, 0xC3, 0xFF]) {
                let mut bytes = vec![b'~'; len];
                bytes[place] = byte;
                check(&bytes);
                if let Some(next) = bytes.get_mut(place + 1) {
                    *next = 0xA9;
                    check(&bytes);
                }
            }
        }
    }
}

/// Nothing is copied, or allocated for each text.
#[test]
fn text_shares_its_memory() {
    for text in ["short", "not ASCII: kůň", &"long, and not ASCII: 正體字 ".repeat(100)] {
        let bytes = Bytes::from(text.to_owned());
        let clone = bytes.clone();
        let place = bytes.as_ptr();
        let (shared, allocations) = measure(|| Text::try_from(bytes).unwrap().clone().into_bytes());
        assert_eq!((allocations.count, shared.as_ptr(), &shared), (0, place, &clone));
    }
    let text = "a text that lives for ever";
    let (shared, allocations) = measure(|| [Text::from(text), text.into(), Text::from_static(text), Text::new()]);
    assert_eq!((allocations.count, shared[0].as_ptr()), (0, text.as_ptr()));
    let owned = String::from(text);
    let place = owned.as_ptr();
    assert_eq!(Text::from(owned).into_bytes().as_ptr(), place);
}

#[test]
fn text_is_made_of_and_into_other_types() {
    let text = Text::from("text".to_owned().into_boxed_str());
    assert_eq!((AsRef::<str>::as_ref(&text), AsRef::<[u8]>::as_ref(&text)), ("text", &b"text"[..]));
    assert_eq!((String::from(text.clone()), Bytes::from(text.clone())), ("text".to_owned(), Bytes::from("text")));
    assert_eq!("text".parse(), Ok(text.clone()));
    assert_eq!(Text::default(), "");
    let by_text = HashMap::from([(text, 1)]);
    assert_eq!(by_text.get("text"), Some(&1));
}

#[test]
fn what_is_no_text_says_where() {
    let error = Text::try_from(Bytes::from_static(b"caf\xE9")).unwrap_err();
    assert_eq!(error.to_string(), "invalid UTF-8 at offset 3 of the text (RFC 6455, section 8.1)");
    let error: &dyn std::error::Error = &error;
    assert!(error.source().is_none());
}
