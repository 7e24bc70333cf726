//! Texts that are long, or not ASCII.

use bytes::BytesMut;
use proptest::{collection::vec, prelude::*, sample::Index};
use switchover::{Closed, Event, EventRef, Limits, frame::ProtocolErrorKind};
use switchover_testkit::{
    alloc::measure,
    frames::{self, RawFrame, Role},
    model,
    session::Feeding,
    split,
};

use crate::common::{client, read, server};

/// ASCII, then characters of any length.
fn text() -> impl Strategy<Value = String> {
    ("[a-z]{0,400}", "\\PC{0,200}").prop_map(|(ascii, any)| ascii + &any)
}

proptest! {
    /// Whole and in fragments, right and with a byte exchanged, however it is cut and fed.
    #[test]
    fn long_texts(
        text in text(),
        byte in prop::option::of((any::<Index>(), any::<u8>())),
        fragments in prop::option::of(any::<Index>()),
        cuts in split::random_cuts(),
        size in 1..500_usize,
    ) {
        let mut payload = text.into_bytes();
        if let (Some((at, byte)), false) = (byte, payload.is_empty()) {
            let at = at.index(payload.len());
            payload[at] = byte;
        }
        let frames = match fragments {
            None => vec![RawFrame::text(payload)],
            Some(at) => {
                let (first, second) = payload.split_at(at.index(payload.len() + 1));
                vec![RawFrame::text(first).fin(false), RawFrame::ping("between"), RawFrame::continuation(second)]
            }
        };
        let bytes = frames::encode(&[frames, vec![RawFrame::text("next")]].concat());
        let expected = model::read(&bytes, Role::Client, &model::Limits::default());
        for feeding in Feeding::ALL {
            for pieces in [split::whole(&bytes), split::chunks(&bytes, size), cuts.pieces(&bytes)] {
                prop_assert_eq!(&read(Role::Client, &Limits::default(), feeding, &pieces).0, &expected, "{:?}", feeding);
            }
        }
    }

    /// All that has come of a text is held, whether its last character is complete or not.
    #[test]
    fn what_is_held_of_a_text(text in text(), rest in vec(any::<u8>(), 1..50), cuts in split::random_cuts()) {
        let payload = text.as_bytes();
        let declared = u16::try_from(payload.len() + rest.len()).unwrap().max(126);
        let header = [&[0x81, 126][..], &declared.to_be_bytes()].concat();
        let (mut owned, mut in_place) = (client(), client());
        let mut input = BytesMut::new();
        let mut fed = 0;
        for piece in cuts.pieces(&[&header, payload].concat()) {
            input.extend_from_slice(piece);
            prop_assert_eq!(owned.poll_event(&mut input), None);
            let mut piece = piece.to_vec();
            prop_assert!(in_place.receive(&mut &mut piece[..]).is_none());
            fed += piece.len();
            let expected = fed.saturating_sub(header.len());
            prop_assert_eq!((owned.held(), in_place.held()), (expected, expected));
        }
    }
}

fn masked(text: &str) -> Vec<u8> {
    RawFrame::text(text).mask([1, 2, 3, 4]).encode()
}

/// On the owned path a text shares the caller's buffer, whatever it says and however long it is.
#[test]
fn no_text_is_copied() {
    for text in ["é".repeat(127), "a".repeat(10_000), "é".repeat(128), "é".repeat(5_000)] {
        let mut session = server();
        let mut input = BytesMut::with_capacity(1 << 16);
        // The first split makes the buffer's memory shared.
        input.extend_from_slice(&[masked("first"), masked(&text)].concat());
        let place = input.as_ptr().addr()..input.as_ptr().addr() + input.len();
        let first = session.poll_event(&mut input);
        let (event, allocations) = measure(|| session.poll_event(&mut input));
        let Some(Event::Text(found)) = event else { panic!("{event:?}") };
        assert_eq!(&*found, text);
        assert_eq!((allocations.count, place.contains(&found.as_ptr().addr())), (0, true), "{}", text.len());
        drop(first);
    }
}

/// Who changes what a session holds in the buffer breaks the message, but gets no text that is none.
#[test]
fn what_was_changed_in_the_buffer_is_no_text() {
    for place in [0, 42] {
        let stream = masked(&"kůň ".repeat(20));
        let mut session = server();
        let mut input = BytesMut::from(&stream[..70]);
        assert_eq!(session.poll_event(&mut input), None);
        input[place] = 0xFF;
        input.extend_from_slice(&stream[70..]);
        let Some(Event::Closed(Closed::Violation(error))) = session.poll_event(&mut input) else { panic!("no text") };
        let header = stream.len() - 20 * "kůň ".len();
        assert_eq!((error.kind(), error.offset()), (ProtocolErrorKind::InvalidUtf8, (header + place) as u64));
    }
}

/// A text that is received in many pieces is found again whole, on either path.
#[test]
fn long_texts_in_many_reads() {
    let text = "Příliš žluťoučký kůň 正體字 😀 ".repeat(3_000);
    let stream = masked(&text);
    let mut session = server();
    let mut input = BytesMut::new();
    let mut found = None;
    for piece in stream.chunks(1_000) {
        input.extend_from_slice(piece);
        found = session.poll_event(&mut input);
    }
    let Some(Event::Text(found)) = found else { panic!("{found:?}") };
    assert_eq!(&*found, text);

    let mut received = stream.clone();
    let mut texts = 0;
    for mut piece in received.chunks_mut(1_000) {
        while let Some((event, _)) = session.receive(&mut piece) {
            assert_eq!(event, EventRef::Text(&text));
            texts += 1;
        }
    }
    assert_eq!(texts, 1);
}

/// A message whose rest is to come goes to the front of the buffer, if that is free again and has room for all of it: so it is not
/// moved when it has grown. Nothing is allocated for what a header declares.
#[test]
fn a_long_message_goes_where_it_fits() {
    for (declared, fits) in [(2_500, true), (2_990, true), (4_000, false)] {
        for is_free in [true, false] {
            let first = RawFrame::binary(vec![1; 1_000]).mask([1, 2, 3, 4]).encode();
            let second = RawFrame::binary(vec![2; declared]).mask([1, 2, 3, 4]).encode();
            let mut session = server();
            let mut input = BytesMut::with_capacity(3_000);
            input.extend_from_slice(&[&first, &second[..100]].concat());
            let mut first = session.poll_event(&mut input);
            assert!(first.is_some());
            first = first.filter(|_| !is_free);
            let (event, allocations) = measure(|| session.poll_event(&mut input));
            assert_eq!((event, allocations.count), (None, 0));
            assert_eq!(input.capacity() >= declared, fits && is_free, "{declared} bytes, {is_free}");
            drop(first);
            input.extend_from_slice(&second[100..]);
            assert_eq!(session.poll_event(&mut input), Some(Event::Binary(vec![2; declared].into())));
        }
    }
}

/// What a session collects a message in grows by doubling, but not beyond the message's end.
#[test]
fn a_collected_message_takes_its_own_length_in_the_end() {
    for (opcode, payload) in [(2, vec![b'x'; 100_000]), (1, "é".repeat(50_000).into_bytes())] {
        let stream = RawFrame::new(opcode, payload).mask([1, 2, 3, 4]).encode();
        for size in [999, 16_384, 70_000] {
            let mut received = stream.clone();
            let mut session = server();
            let (messages, allocations) = measure(|| {
                received.chunks_mut(size).filter_map(|mut piece| session.receive(&mut piece).map(drop)).count()
            });
            // The box around it, and room for the beginning of a character.
            assert!((100_000..100_300).contains(&allocations.live), "in reads of {size}: {allocations:?}");
            assert!(allocations.count <= 10, "in reads of {size}: {allocations:?}");
            assert_eq!(messages, 1);
        }
    }
}

/// Short fragments do not make the buffer grow by their length each time.
#[test]
fn many_fragments_are_collected_by_doubling() {
    let fragment = |opcode| RawFrame::new(opcode, "fragment").mask([1, 2, 3, 4]).fin(false).encode();
    for opcode in [1, 2] {
        let mut received = [fragment(opcode), fragment(0).repeat(900)].concat();
        let mut session = server();
        let (held, allocations) = measure(|| {
            assert!(session.receive(&mut &mut received[..]).is_none());
            session.held()
        });
        assert_eq!(held, 901 * 8);
        assert!(allocations.count <= 16 && allocations.peak <= 3 * 8 * 901 + 300, "{allocations:?}");
    }
}
