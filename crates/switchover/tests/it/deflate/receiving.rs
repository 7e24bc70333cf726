//! Compressed messages as a session receives them: the same however they are cut, and failed where they break a rule.

use proptest::prelude::*;
use switchover::{
    Closed, Event, Limits,
    deflate::{Compression, TAIL},
    frame::{CloseCode, ProtocolError, ProtocolErrorKind, Rsv},
};
use switchover_testkit::{
    frames::{self, RawFrame, Role},
    inflate::{End, inflate},
    session::{Feeding, Held},
    split,
};

use crate::common::{
    self,
    deflate::{self, RSV1, compressed, deflated, deflater},
};

/// The events are the expected ones for both roles, under every split and every feeding, and so is the output.
fn check(limits: &Limits, compression: &Compression, frames: &[RawFrame], expected: impl Fn(Role) -> Vec<Event>) {
    for (role, mask) in [(Role::Server, Some([1, 2, 3, 4])), (Role::Client, None)] {
        let frames: Vec<RawFrame> = frames.iter().cloned().map(|frame| frame.mask(mask)).collect();
        let bytes = frames::encode(&frames);
        let expected = expected(role);
        let (_, output) = deflate::read(role, limits, compression, Feeding::Owned, &[&bytes]);
        split::for_every_split(&bytes, |pieces| {
            for feeding in Feeding::ALL {
                let (events, wanted) = deflate::read(role, limits, compression, feeding, pieces);
                assert_eq!(events, expected, "{role:?} {feeding:?}");
                assert_eq!(wanted, output, "{role:?} {feeding:?}");
            }
        });
    }
}

/// The frames are fine but for the last, which fails the connection at its header, or at its payload.
fn fails(limits: &Limits, compression: &Compression, frames: &[RawFrame], at_payload: bool, kind: ProtocolErrorKind) {
    let before: usize = frames[..frames.len() - 1].iter().map(|frame| frame.encode().len()).sum();
    let last = &frames[frames.len() - 1];
    check(limits, compression, frames, |role| {
        let masks = if role == Role::Server { 4 } else { 0 };
        let payload = if at_payload { last.header_len() + masks } else { 0 };
        let at = before + masks * (frames.len() - 1) + payload;
        let before = frames[..frames.len() - 1].iter().filter(|frame| frame.encode()[0] & 0x88 == 0x88);
        let pings = before.map(|_| Event::Ping("!".into()));
        pings.chain([Event::Closed(Closed::Violation(ProtocolError::new(kind, at as u64)))]).collect()
    });
}

fn text(payload: impl AsRef<[u8]>) -> RawFrame {
    compressed(RawFrame::text(deflated(payload.as_ref())))
}

/// Attack 45. RFC 7692, section 7.2.3, the frames of the examples, and what may stand between and behind them.
#[test]
fn the_examples_of_the_standard() {
    const HELLO: [u8; 7] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
    let frames = [
        compressed(RawFrame::text(HELLO)),
        compressed(RawFrame::text(&HELLO[..3])).fin(false),
        RawFrame::ping("!"),
        RawFrame::continuation(&HELLO[3..]),
        compressed(RawFrame::text([0xF2, 0x00, 0x11, 0x00, 0x00])),
        RawFrame::text("as it is"),
        compressed(RawFrame::binary([0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00])),
        compressed(RawFrame::text([0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00])),
        compressed(RawFrame::text([0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00])),
        compressed(RawFrame::text([0x00])),
        compressed(RawFrame::text(HELLO)).fin(false),
        RawFrame::text("").fin(false),
    ];
    let frames =
        [&frames[..11], &[RawFrame::continuation([0x00, 0x00, 0xFF, 0xFF]).fin(false), RawFrame::continuation([0x00])]]
            .concat();
    let hello = Event::Text("Hello".into());
    let expected = [
        hello.clone(),
        Event::Ping("!".into()),
        hello.clone(),
        hello.clone(),
        Event::Text("as it is".into()),
        Event::Binary("Hello".into()),
        hello.clone(),
        hello.clone(),
        Event::Text("".into()),
        hello,
    ];
    check(&Limits::default(), &Compression::default(), &frames, |_| expected.to_vec());
}

/// RFC 7692, section 6: RSV1 stands in the first frame of a data message only; the other bits nowhere.
#[test]
fn reserved_bits() {
    let bit = |rsv| ProtocolErrorKind::ReservedBits(Rsv::from_bits(rsv));
    let first = text("first").fin(false);
    for (frames, rsv) in [
        (vec![first.clone(), compressed(RawFrame::continuation([0]))], RSV1),
        (vec![first.clone(), compressed(RawFrame::ping("?"))], RSV1),
        (vec![RawFrame::text("").fin(false), compressed(RawFrame::continuation([0]))], RSV1),
        (vec![compressed(RawFrame::ping("?"))], RSV1),
        (vec![compressed(RawFrame::pong("?"))], RSV1),
        (vec![compressed(RawFrame::close(1000, ""))], RSV1),
        (vec![RawFrame::text("").rsv(0x20)], 0x20),
        (vec![RawFrame::text([0]).rsv(0x50)], 0x50),
    ] {
        fails(&Limits::default(), &Compression::default(), &frames, false, bit(rsv));
        assert_eq!(bit(rsv).close_code(), CloseCode::PROTOCOL_ERROR);
    }
}

/// Attack 37. RSV1 where permessage-deflate was not agreed on.
#[test]
fn reserved_bits_without_agreement() {
    let bytes = text("Hello").mask([1, 2, 3, 4]).encode();
    split::for_every_split(&bytes, |pieces| {
        for feeding in Feeding::ALL {
            let (outcome, _) = common::read(Role::Server, &Limits::default(), feeding, pieces);
            let kind = switchover_testkit::frames::ViolationKind::ReservedBits;
            let violation = switchover_testkit::frames::Violation { kind, offset: 0 };
            assert_eq!(outcome.verdict, frames::Verdict::Violation(violation));
        }
    });
}

/// Data that are no DEFLATE, or that refer to what was never sent, or that end within a block.
#[test]
fn invalid_data() {
    let (limits, compression) = (Limits::default(), Compression::default());
    for (payload, is_text) in [
        (&b"\x07"[..], true),
        (b"\xF2\x00\x11\x00\x00", true),
        (b"\x01\x05\x00\xFA\x00Hello", false),
        (b"\xF2\x48\xCD", false),
    ] {
        let frame = if is_text { RawFrame::text(payload) } else { RawFrame::binary(payload) };
        let kind = ProtocolErrorKind::InvalidDeflate;
        let ping = RawFrame::ping("!");
        fails(&limits, &compression, &[ping.clone(), compressed(frame.clone())], true, kind);
        let fragments = [compressed(frame).fin(false), ping, RawFrame::continuation([0xFF, 0xFF, 0xFF])];
        let frames = if payload.len() == 3 { &fragments[..] } else { &fragments[..1] };
        fails(&limits, &compression, frames, true, kind);
    }
    assert_eq!(ProtocolErrorKind::InvalidDeflate.close_code(), CloseCode::INVALID_PAYLOAD);
    assert_eq!(ProtocolErrorKind::InvalidDeflate.section(), "RFC 7692, section 7.2.2");
}

/// RFC 6455, section 8.1, on the inflated text, and before its end.
#[test]
fn bad_text() {
    let (limits, compression) = (Limits::default(), Compression::default());
    let kind = ProtocolErrorKind::InvalidUtf8;
    fails(&limits, &compression, &[text(b"h\xE9llo")], true, kind);
    fails(&limits, &compression, &[text(b"half a \xE2\x82")], true, kind);
    // The frame that has the bad byte is not the last one, nor whole; and what is behind it is no DEFLATE.
    let payload = [deflated(b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF bad from the beginning"), vec![0xFF; 20]].concat();
    fails(&limits, &compression, &[RawFrame::ping("!"), compressed(RawFrame::text(payload)).fin(false)], true, kind);
    // A character in two fragments is one.
    let mut deflater = deflater();
    let (mut first, mut second) = (Vec::new(), Vec::new());
    deflater.deflate(b"\xE2\x82", false, &mut first);
    deflater.deflate(b"\xAC", true, &mut second);
    let frames = [compressed(RawFrame::text(first)).fin(false), RawFrame::continuation(second)];
    check(&limits, &compression, &frames, |_| vec![Event::Text("€".into())]);
    // Binary is not text.
    let frames = [compressed(RawFrame::binary(deflated(b"\xFF")))];
    check(&limits, &compression, &frames, |_| vec![Event::Binary(b"\xFF"[..].into())]);
}

/// A message of exactly the limit is one; one byte more is not, and stops inside.
#[test]
fn the_limit() {
    let compression = Compression::default();
    let payload = "x".repeat(1_000);
    for fragments in [false, true] {
        let frames = if fragments {
            let mut deflater = deflater();
            let (mut first, mut second) = (Vec::new(), Vec::new());
            deflater.deflate(&payload.as_bytes()[..999], false, &mut first);
            deflater.deflate(&payload.as_bytes()[999..], true, &mut second);
            vec![compressed(RawFrame::text(first)).fin(false), RawFrame::continuation(second)]
        } else {
            vec![text(&payload)]
        };
        let limits = Limits { message: 1_000, ..Limits::default() };
        check(&limits, &compression, &frames, |_| vec![Event::Text(payload.clone().into())]);
        let limits = Limits { message: 999, ..Limits::default() };
        fails(&limits, &compression, &frames, true, ProtocolErrorKind::InflatedTooLong(999));
    }
    assert_eq!(ProtocolErrorKind::InflatedTooLong(9).close_code(), CloseCode::MESSAGE_TOO_BIG);
    // What travels is held to it as well, in a frame and in all of them.
    let limits = Limits { message: 10, ..Limits::default() };
    let stored = |len: usize| compressed(RawFrame::binary(vec![0; len]));
    check(&limits, &compression, &[stored(11)], |_| {
        vec![Event::Closed(Closed::Violation(ProtocolError::new(ProtocolErrorKind::PayloadTooLong(11), 1)))]
    });
    let empty_blocks = TAIL.into_iter().cycle().take(6).collect::<Vec<u8>>();
    let frames =
        [compressed(RawFrame::binary([&[0][..], &TAIL].concat())).fin(false), RawFrame::continuation(empty_blocks)];
    fails(&limits, &compression, &frames, false, ProtocolErrorKind::MessageTooLong(11));
}

/// Where nothing more may be inflated, what comes next decides: blocks of nothing, and the message is one; data that are no DEFLATE;
/// or a byte too many, whatever is behind it.
#[test]
fn at_the_limit() {
    let (limits, compression) = (Limits { message: 1_000, ..Limits::default() }, Compression::default());
    let frame = |behind: &[u8]| {
        let mut payload = Vec::new();
        deflater().deflate(&[b'x'; 1_000], false, &mut payload);
        compressed(RawFrame::binary([&payload, behind].concat()))
    };
    for nothing in [&b"\0"[..], b"\0\0\0\xFF\xFF\0"] {
        check(&limits, &compression, &[frame(nothing)], |_| vec![Event::Binary(vec![b'x'; 1_000].into())]);
    }
    // A block of a type that there is not; and 'a', with a match behind it whose distance has no code (RFC 1951, section 3.2.6).
    let too_long = ProtocolErrorKind::InflatedTooLong(1_000);
    for (behind, kind) in [(&b"\x07"[..], ProtocolErrorKind::InvalidDeflate), (b"\x4A\x04\x3E", too_long)] {
        fails(&limits, &compression, &[frame(behind)], true, kind);
    }
}

/// In the middle of a message its memory is not given back, nor its window; and what is held of it is told, as far as it is inflated.
#[test]
fn memory_is_not_given_back_within_a_message() {
    for takeover in [true, false] {
        for feeding in Feeding::ALL {
            let mut server = deflate::server(deflate::both(15, takeover), &Limits::default(), &Compression::default());
            let (mut held, mut bytes) =
                (Held::default(), text("to be inflated. ".repeat(50)).mask([1, 2, 3, 4]).encode());
            for message in [&mut text("first").mask([1, 2, 3, 4]).encode(), &mut bytes] {
                let mut events = Vec::new();
                for byte in message.iter() {
                    events.extend(feeding.feed(&mut server, &mut held, &[*byte], |_, _| {}));
                    server.release_memory();
                }
                assert_eq!(events.len(), 1, "{takeover}, {feeding:?}");
                assert!(matches!(&events[0], Event::Text(text) if text == "first" || text.len() == 800));
                assert_eq!(server.held(), 0);
            }
            let (first, second) = bytes.split_at(bytes.len() - 1);
            assert_eq!(feeding.feed(&mut server, &mut held, first, |_, _| {}), []);
            // Delivered in parts, it is not held.
            let expected = if feeding.is_in_parts() { 0..=0 } else { 400..=800 };
            assert!(expected.contains(&server.held()), "{}", server.held());
            assert_eq!(feeding.feed(&mut server, &mut held, second, |_, _| {}).len(), 1);
            // Of a message that is not compressed it is told as ever.
            let fragment = RawFrame::text("as it is").fin(false).mask([1, 2, 3, 4]).encode();
            assert_eq!(feeding.feed(&mut server, &mut held, &fragment, |_, _| {}), []);
            assert_eq!(server.held(), if feeding.is_in_parts() { 0 } else { 8 });
        }
    }
}

/// The ratio counts behind the first 64 KiB, and on the average.
#[test]
fn the_ratio() {
    let limits = Limits::default();
    let compression = Compression { ratio: 100, ..Compression::default() };
    let zeros = vec![0; 64 << 10];
    check(&limits, &compression, &[compressed(RawFrame::binary(deflated(&zeros)))], |_| {
        vec![Event::Binary(zeros.clone().into())]
    });
    // 512 bytes of wire at the most, which may be 51,200 bytes.
    let zeros = vec![0; 100_000];
    let frame = compressed(RawFrame::binary(deflated(&zeros)));
    fails(&limits, &compression, core::slice::from_ref(&frame), true, ProtocolErrorKind::InflatedTooMuch(100));
    assert_eq!(ProtocolErrorKind::InflatedTooMuch(9).close_code(), CloseCode::MESSAGE_TOO_BIG);
    let compression = Compression { ratio: 1_032, ..Compression::default() };
    check(&limits, &compression, &[frame], |_| vec![Event::Binary(zeros.clone().into())]);
    // Many times as much as is inflated in one step, so that more is to be written of a byte of which all has been read.
    let many = vec![0; 10 << 20];
    let frame = compressed(RawFrame::binary(deflated(&many))).mask([1, 2, 3, 4]).encode();
    for feeding in Feeding::ALL {
        let (events, _) = deflate::read(Role::Server, &limits, &compression, feeding, &[&frame]);
        assert!(events == [Event::Binary(many.clone().into())], "{feeding:?}");
    }
    // Incompressible first, then zeros: on the average it is not too much.
    let compression = Compression { ratio: 100, ..Compression::default() };
    let mixed: Vec<u8> = (0..1_500_u32).map(|at| at.wrapping_mul(0x9E37_79B9).to_be_bytes()[0]).chain(zeros).collect();
    let frame = compressed(RawFrame::binary(deflated(&mixed))).mask([1, 2, 3, 4]).encode();
    for feeding in Feeding::ALL {
        for pieces in [split::whole(&frame), split::bytewise(&frame)] {
            let (events, _) = deflate::read(Role::Server, &limits, &compression, feeding, &pieces);
            assert_eq!(events, [Event::Binary(mixed.clone().into())]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Any bytes in compressed frames: what the naive inflater makes of them, within the limit, however they are cut.
    #[test]
    fn any_payload(
        payload in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..60),
            "[a-d]{0,200}".prop_map(|text| deflated(text.as_bytes())),
            prop::collection::vec(any::<u8>(), 0..60).prop_map(|bytes| deflated(&bytes)),
            ("[a-d]{0,200}", any::<prop::sample::Index>(), 0..8_u8).prop_map(|(text, at, bit)| {
                let mut payload = deflated(text.as_bytes());
                let at = at.index(payload.len());
                payload[at] ^= 1 << bit;
                payload
            }),
        ],
        is_text in any::<bool>(),
        cut in any::<prop::sample::Index>(),
        ratio in prop_oneof![Just(u32::MAX), 1..20_u32],
    ) {
        let limits = Limits { message: 150, ..Limits::default() };
        let compression = Compression { ratio, ..Compression::default() };
        let (first, second) = payload.split_at(cut.index(payload.len() + 1));
        let frame = if is_text { RawFrame::text(first) } else { RawFrame::binary(first) };
        let frames = [compressed(frame).fin(false), RawFrame::continuation(second)];

        let expected = inflate(&payload, b"");
        let with_tail = inflate(&[&payload[..], &TAIL].concat(), b"");
        let bytes = expected.bytes;
        let ends_well = expected.end == End::Block { last: true }
            || matches!(with_tail.end, End::Block { .. }) && with_tail.bytes.len() == bytes.len();
        let is_utf8 = !is_text || core::str::from_utf8(&bytes).is_ok();
        let is_prefix = !is_text || core::str::from_utf8(&bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
        let good = ends_well && !payload.is_empty() && bytes.len() <= 150 && payload.len() <= 150 && is_utf8;
        let mask = Some([1, 2, 3, 4]);
        let (events, _) = deflate::read(
            Role::Server, &limits, &compression, Feeding::Owned,
            &[&frames::encode(&frames.clone().map(|frame| frame.mask(mask)))],
        );
        // The verdict is right, and the same for every cut.
        match &events[..] {
            [Event::Text(text)] => prop_assert!(good && is_text && text.as_bytes()[..] == bytes),
            [Event::Binary(payload)] => prop_assert!(good && !is_text && payload == &bytes),
            [Event::Closed(Closed::Violation(error))] => match error.kind() {
                ProtocolErrorKind::InvalidDeflate => prop_assert!(!good && bytes.len() <= 150 && is_prefix),
                ProtocolErrorKind::InflatedTooLong(150) => prop_assert!(bytes.len() > 150),
                ProtocolErrorKind::InvalidUtf8 => prop_assert!(!is_utf8),
                ProtocolErrorKind::PayloadTooLong(_) | ProtocolErrorKind::MessageTooLong(_) => prop_assert!(payload.len() > 150),
                kind => prop_assert!(false, "{kind}"),
            },
            events => prop_assert!(false, "{events:?}"),
        }
        check(&limits, &compression, &frames, |role| {
            let frames = frames.clone().map(|frame| frame.mask(mask.filter(|_| role == Role::Server)));
            deflate::read(role, &limits, &compression, Feeding::Owned, &[&frames::encode(&frames)]).0
        });
    }
}
