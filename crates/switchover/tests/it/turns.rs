//! Whole messages and parts of them by turns, from one `BytesMut`, in the middle of messages too.

use std::collections::VecDeque;

use bytes::BytesMut;
use proptest::prelude::*;
use switchover::{Event, Part, Session, Side};
use switchover_testkit::{
    frames::{self, RawFrame, Role},
    session::outcome,
    split,
};

use crate::common;

/// What is asked for, over and over: a part, or else a whole message.
fn asked() -> impl Strategy<Value = Vec<bool>> {
    prop_oneof![Just(vec![true]), Just(vec![true, false]), prop::collection::vec(any::<bool>(), 1..20)]
}

/// Feeds these pieces, asks in turn until there is nothing, and holds what is received against the events of the stream:
/// all of them come in their order, but for messages of which parts have been given out and the rest was passed over.
fn take_turns<S: Side>(mut session: Session<S>, pieces: &[&[u8]], mut expected: VecDeque<Event>, asked: &[bool]) {
    let mut asked = asked.iter().cycle();
    let mut input = BytesMut::new();
    let mut begun: Option<(bool, Vec<u8>)> = None;
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            let for_a_part = *asked.next().unwrap();
            if !for_a_part && let Some((is_text, begun)) = begun.take() {
                let at = expected.iter().position(|event| matches!(event, Event::Text(_) | Event::Binary(_)));
                // A message that is never whole, or is wrong later, is not among what is expected.
                if let Some(message) = at.and_then(|at| expected.remove(at)) {
                    assert_eq!(matches!(message, Event::Text(_)), is_text);
                    assert!(message.into_message().unwrap().payload().starts_with(&begun));
                }
            }
            let part =
                if for_a_part { session.poll_part(&mut input) } else { session.poll_event(&mut input).map(Part::from) };
            let event = match part {
                None => break,
                Some(Part::Text { ref payload, last } | Part::Binary { ref payload, last }) => {
                    let is_text = matches!(part, Some(Part::Text { .. }));
                    assert!(last || !payload.is_empty(), "a part is empty");
                    let (was_text, mut message) = begun.take().unwrap_or((is_text, Vec::new()));
                    assert_eq!(was_text, is_text, "a message of two kinds");
                    message.extend_from_slice(payload);
                    if !last {
                        begun = Some((is_text, message));
                        assert_eq!(session.held(), 0);
                        continue;
                    }
                    if is_text {
                        Event::Text(String::from_utf8(message).unwrap().into())
                    } else {
                        Event::Binary(message.into())
                    }
                }
                Some(Part::Ping(payload)) => Event::Ping(payload),
                Some(Part::Pong(payload)) => Event::Pong(payload),
                Some(Part::Closed(closed)) => Event::Closed(closed),
            };
            let is_last = matches!(event, Event::Closed(_));
            assert_eq!(expected.pop_front(), Some(event));
            assert!(!is_last || expected.is_empty());
        }
    }
    assert_eq!(expected, []);
    assert_eq!(session.poll_event(&mut input), None);
}

/// What a session that is only asked for whole messages makes of a stream.
fn events<S: Side>(mut session: Session<S>, bytes: &[u8]) -> VecDeque<Event> {
    let mut input = BytesMut::from(bytes);
    std::iter::from_fn(|| session.poll_event(&mut input)).collect()
}

proptest! {
    #[test]
    fn valid_streams(case in frames::valid(Role::Server), cuts in split::random_cuts(), bytewise: bool, asked in asked()) {
        let bytes = case.bytes();
        let events = events(common::server(), &bytes);
        prop_assert_eq!(&outcome(events.clone()), &case.expected);
        let pieces = if bytewise { split::bytewise(&bytes) } else { cuts.pieces(&bytes) };
        take_turns(common::server(), &pieces, events, &asked);
    }

    /// The same error at the same place, whatever was asked for before.
    #[test]
    fn broken_streams(
        case in frames::broken(Role::Client, (&switchover::Limits::default()).into()),
        cuts in split::random_cuts(),
        asked in asked(),
    ) {
        let bytes = case.bytes();
        take_turns(common::client(), &cuts.pieces(&bytes), events(common::client(), &bytes), &asked);
    }

    /// Compressed messages with Pings between their fragments, among others.
    #[cfg(feature = "deflate")]
    #[test]
    fn compressed_streams(
        messages in prop::collection::vec(
            (prop::collection::vec(prop_oneof![0..10_usize, 0..3_000_usize], 1..4), any::<bool>(), any::<bool>()), 0..6,
        ),
        cuts in split::random_cuts(),
        bytewise in prop::bool::weighted(0.2),
        asked in asked(),
        takeover: bool,
    ) {
        use switchover::{Limits, Message, deflate::Compression};
        use crate::common::deflate::{both, client, server};

        let (agreed, compression) = (both(15, takeover), Compression { threshold: 0, ..Compression::default() });
        let limits = Limits { queued: usize::MAX, ..Limits::default() };
        let mut peer = client(agreed, &limits, &compression);
        for (fragments, is_text, is_compressed) in messages {
            for (at, len) in fragments.iter().enumerate() {
                let fragment = "é√😀 ".repeat(*len);
                let fragment = if is_text { Message::from(fragment) } else { fragment.into_bytes().into() };
                let last = at + 1 == fragments.len();
                peer.send(Message::Ping("between".into())).unwrap();
                if is_compressed {
                    peer.sender().fragment(fragment, last).unwrap();
                } else {
                    peer.sender().fragment_uncompressed(fragment, last).unwrap();
                }
            }
        }
        peer.close(None).unwrap();
        let bytes = common::written(&mut peer);
        let server = || server(agreed, &limits, &compression);
        let pieces = if bytewise { split::bytewise(&bytes) } else { cuts.pieces(&bytes) };
        take_turns(server(), &pieces, events(server(), &bytes), &asked);
    }
}

fn masked(frame: RawFrame) -> Vec<u8> {
    frame.mask([1, 2, 3, 4]).encode()
}

/// Of a message that has begun, but of which nothing is there yet, either may be had.
#[test]
fn a_message_with_nothing_in_it_yet() {
    let whole = masked(RawFrame::text("whole"));
    let fragments = [masked(RawFrame::text("").fin(false)), masked(RawFrame::continuation("whole"))].concat();
    for (bytes, begun) in [(&whole, 6), (&fragments, 6), (&fragments, 12)] {
        for parts_first in [true, false] {
            let mut session = common::server();
            let mut input = BytesMut::from(&bytes[..begun]);
            if parts_first {
                assert_eq!(session.poll_part(&mut input), None);
                input.extend_from_slice(&bytes[begun..]);
                assert_eq!(session.poll_event(&mut input), Some(Event::Text("whole".into())));
            } else {
                assert_eq!(session.poll_event(&mut input), None);
                for (at, byte) in bytes.iter().enumerate().skip(begun) {
                    input.extend_from_slice(&[*byte]);
                    let left = bytes.len() - at - 1;
                    let expected =
                        (left < 5).then(|| Part::Text { payload: vec![b"whole"[4 - left]].into(), last: left == 0 });
                    assert_eq!(session.poll_part(&mut input), expected);
                }
            }
            assert!(input.is_empty());
            assert!(session.hibernate().is_ok());
        }
    }
}

/// What is held of a message that was wanted whole is given out with what has arrived since: all of it, or the beginning, which a
/// message in fragments has only between two characters.
#[test]
fn what_is_held_is_given_out() {
    let in_one = masked(RawFrame::binary("held and not"));
    let in_three = |first: &str, rest: &[u8]| {
        [
            masked(RawFrame::text(first).fin(false)),
            masked(RawFrame::continuation(rest).fin(false)),
            masked(RawFrame::continuation("!")),
        ]
        .concat()
    };
    let binary = |payload: &'static str, last| Part::Binary { payload: payload.into(), last };
    let text = |payload: &'static str, last| Part::Text { payload: payload.into(), last };
    for (bytes, held, so_far, expected) in [
        (&in_one, 10, 4, vec![(18, binary("held and not", true))]),
        (&in_one, 10, 4, vec![(14, binary("held and", false)), (18, binary(" not", true))]),
        (&masked(RawFrame::text("\u{20ac}uro")), 8, 2, vec![(10, text("\u{20ac}u", false)), (12, text("ro", true))]),
        (&in_three("two", b" ?"), 9, 3, vec![(10, text("two", false)), (17, text(" ?", false)), (24, text("!", true))]),
        (&in_three("tw", "\u{20ac}".as_bytes()), 15, 3, vec![(17, text("tw\u{20ac}", false)), (24, text("!", true))]),
    ] {
        let mut session = common::server();
        let mut input = BytesMut::from(&bytes[..held]);
        assert_eq!(session.poll_event(&mut input), None);
        assert_eq!((session.poll_part(&mut input), session.held()), (None, so_far), "nothing new has come");
        let mut fed = held;
        for (end, part) in expected {
            input.extend_from_slice(&bytes[fed..end]);
            fed = end;
            assert_eq!(session.poll_part(&mut input), Some(part));
            assert_eq!((session.poll_part(&mut input), session.held()), (None, 0));
        }
        assert!(session.hibernate().is_ok());
    }
    // Within a character there is nothing to give out yet.
    let bytes = in_three("tw", "\u{20ac}".as_bytes());
    let (mut session, mut input) = (common::server(), BytesMut::from(&bytes[..15]));
    assert_eq!(session.poll_event(&mut input), None);
    input.extend_from_slice(&bytes[15..16]);
    assert_eq!((session.poll_part(&mut input), session.held()), (None, 4));
    input.extend_from_slice(&bytes[16..17]);
    assert_eq!(session.poll_part(&mut input), Some(text("tw\u{20ac}", false)));
}

/// The rest of a message that is passed over is not held, a control frame in it is not lost, and it is asked for once.
#[test]
fn what_is_passed_over() {
    let first = masked(RawFrame::binary([7; 100]).fin(false));
    let ping = masked(RawFrame::ping("in between"));
    let rest = masked(RawFrame::continuation([8; 100]));
    let mut session = common::server();
    let mut input = BytesMut::from(&first[..]);
    assert!(matches!(session.poll_part(&mut input), Some(Part::Binary { last: false, .. })));
    assert_eq!(session.poll_event(&mut input), None);
    for (at, byte) in ping.iter().enumerate() {
        input.extend_from_slice(&[*byte]);
        let received =
            if at % 2 == 0 { session.poll_event(&mut input).map(Part::from) } else { session.poll_part(&mut input) };
        assert_eq!(received, (at + 1 == ping.len()).then(|| Part::Ping("in between".into())));
    }
    for byte in rest {
        input.extend_from_slice(&[byte]);
        assert_eq!(session.poll_part(&mut input), None);
        assert_eq!((session.held(), input.len()), (0, 0));
    }
    input.extend_from_slice(&masked(RawFrame::text("next")));
    assert_eq!(session.poll_part(&mut input), Some(Part::Text { payload: "next".into(), last: true }));
}

/// Parts are the caller's buffer, but for what was inflated: nothing is copied.
#[test]
fn parts_share_the_buffer() {
    let mut session = common::server();
    let mut input = BytesMut::from(&masked(RawFrame::binary([7; 1_000]))[..]);
    let buffer = input.as_ptr_range();
    let Some(Part::Binary { payload, last: true }) = session.poll_part(&mut input) else { panic!() };
    assert!(buffer.contains(&payload.as_ptr()));
}
