//! What has hurt other implementations once frames travel, one test for each. `docs/requirements/attacks.md` has the list.

use std::collections::BTreeSet;

use bytes::{Buf, BytesMut};
use core::time::Duration;
use switchover::{
    Client, Closed, Event, EventRef, Keepalive, Limits, Message, Part, PartRef, Replies, SendError, Server, Session,
    Side, Transport,
    frame::{CloseCode, CloseFrame, OpCode, Role as FrameRole},
};
use switchover_testkit::{
    alloc::measure,
    frames::{RawFrame, Role, Verdict},
    session::Feeding,
    split,
};

use crate::common::{client, frames, read, server, written};

const MASK: [u8; 4] = [1, 2, 3, 4];

fn masked(frame: RawFrame) -> Vec<u8> {
    frame.mask(MASK).encode()
}

/// That a stream is answered with a Close of this code and nothing else, whole, in single bytes, cut in two anywhere, with bytes
/// behind it, and on both ways of feeding.
fn fails(role: Role, limits: &Limits, stream: &[u8], code: u16) {
    let answer = |written: &[u8]| {
        let reader = if role == Role::Server { FrameRole::Client } else { FrameRole::Server };
        frames(reader, written)
    };
    for trailing in [&[][..], &[0xFF; 20]] {
        let stream = [stream, trailing].concat();
        for feeding in Feeding::ALL {
            split::for_every_split(&stream, |pieces| {
                let (outcome, written) = read(role, limits, feeding, pieces);
                let Verdict::Violation(error) = outcome.verdict else { panic!("{stream:?}: {outcome:?}") };
                assert!(error.offset <= stream.len() as u64);
                assert_eq!(answer(&written), [(OpCode::Close, true, code.to_be_bytes().to_vec())], "{stream:?}");
            });
        }
    }
}

/// Attack 35. Masking by the wrong side, reserved bits and opcodes, lengths in too many bytes or with the top bit set: 1002, and
/// nothing is allocated for a length that is only declared.
#[test]
fn headers_that_break_a_rule_are_1002() {
    let limits = Limits::default();
    fails(Role::Server, &limits, &RawFrame::text("not masked").encode(), 1002);
    fails(Role::Client, &limits, &masked(RawFrame::text("masked")), 1002);
    for rsv in [0x40, 0x20, 0x10, 0x70] {
        fails(Role::Server, &limits, &masked(RawFrame::text("x").rsv(rsv)), 1002);
        fails(Role::Client, &limits, &RawFrame::ping("x").rsv(rsv).encode(), 1002);
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        fails(Role::Server, &limits, &masked(RawFrame::new(opcode, [])), 1002);
        fails(Role::Client, &limits, &RawFrame::new(opcode, []).encode(), 1002);
    }
    for len in [&[126, 0, 125][..], &[127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], &[127, 0x80, 0, 0, 0, 0, 0, 0, 0]] {
        let header = [&[0x82][..], len].concat();
        fails(Role::Client, &limits, &header, 1002);
        let (_, allocations) = measure(|| {
            let mut session = client();
            assert!(session.receive(&mut &mut header.clone()[..]).is_some());
            session
        });
        assert!(allocations.peak < 512, "{allocations:?}");
    }
    // The largest length there is breaks the limit alone.
    fails(Role::Client, &limits, &[0x82, 127, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], 1009);
}

/// Attack 36. Continuations without end, empty or of one byte: stopped at a number, and what is held is what was received.
#[test]
fn endless_continuations_are_stopped() {
    for (payload, code, most) in [("", 1008, 1_026), ("x", 1009, 131_073)] {
        for feeding in Feeding::ALL {
            let mut session = server();
            let mut buffer = BytesMut::new();
            let ((frames, held), allocations) = measure(|| {
                let (mut frames, mut held) = (0, 0);
                loop {
                    let frame = if frames == 0 { RawFrame::text("") } else { RawFrame::continuation(payload) };
                    let mut bytes = masked(frame.fin(false));
                    frames += 1;
                    let ended = match feeding {
                        Feeding::Owned => {
                            buffer.extend_from_slice(&bytes);
                            session.poll_event(&mut buffer).is_some()
                        }
                        Feeding::OwnedParts => {
                            buffer.extend_from_slice(&bytes);
                            matches!(session.poll_part(&mut buffer), Some(Part::Closed(_)))
                        }
                        Feeding::InPlace => session.receive(&mut &mut bytes[..]).is_some(),
                        Feeding::Parts => {
                            matches!(session.receive_part(&mut &mut bytes[..]), Some((PartRef::Closed(_), _)))
                        }
                    };
                    if ended {
                        return (frames, held);
                    }
                    held = session.held();
                }
            });
            // In parts nothing is held.
            let expected = if feeding.is_in_parts() { 0 } else { payload.len() * (most - 2) };
            assert_eq!((frames, held), (most, expected));
            assert!(allocations.peak < 3 * held as u64 + 2_048, "{allocations:?}");
            assert_eq!(written(&mut session), RawFrame::close(code, "").encode());
        }
    }
    // By bytes it is the limit of the message.
    let limits = Limits { message: 10, ..Limits::default() };
    let stream =
        [masked(RawFrame::binary([7; 5]).fin(false)), masked(RawFrame::continuation([7; 6]).fin(false))].concat();
    fails(Role::Server, &limits, &stream, 1009);
}

/// Attack 38. Half a close code, codes that may not stand on the wire, and reasons that are no UTF-8: 1002 and 1007.
#[test]
fn closes_that_break_a_rule() {
    let limits = Limits::default();
    fails(Role::Server, &limits, &masked(RawFrame::new(8, [3])), 1002);
    let codes = (0..1000).chain(1004..=1006).chain([1015]).chain(1016..3000).chain(5000..=u16::MAX).step_by(97);
    for code in codes.chain([0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX]) {
        fails(Role::Client, &limits, &RawFrame::close(code, "").encode(), 1002);
    }
    for reason in [&b"\xFF"[..], b"cut \xE2\x82", b"\xC0\xAF", b"\xED\xA0\x80"] {
        let payload = [&1000_u16.to_be_bytes()[..], reason].concat();
        fails(Role::Server, &limits, &masked(RawFrame::new(8, payload)), 1007);
    }
}

/// Attack 39. A control frame of more than 125 bytes or without FIN: 1002. Pings without end: a few Pongs, the latest last, and
/// 1008 when a second has had its ten thousand.
#[test]
fn control_frames_have_bounds() {
    let limits = Limits::default();
    for opcode in [8, 9, 10] {
        fails(Role::Server, &limits, &masked(RawFrame::new(opcode, vec![0; 126])), 1002);
        fails(Role::Server, &limits, &masked(RawFrame::new(opcode, []).fin(false)), 1002);
        fails(Role::Client, &limits, &RawFrame::new(opcode, vec![0; 70_000]).encode()[..20], 1002);
    }
    let mut session = server();
    let mut input = BytesMut::new();
    let (closed, allocations) = measure(|| {
        for number in 0_u32.. {
            input.extend_from_slice(&masked(RawFrame::ping(number.to_be_bytes())));
            while let Some(event) = session.poll_event(&mut input) {
                if let Event::Closed(closed) = event {
                    return Some((number, closed));
                }
            }
            // Nothing is written: the peer does not read.
            if session.poll_timeout() == Some(Duration::ZERO) {
                session.handle_timeout(Duration::from_secs(7));
            }
        }
        None
    });
    let Some((15_001, Closed::Violation(error))) = closed else { panic!("{closed:?}") };
    assert_eq!(error.close_code(), CloseCode::POLICY_VIOLATION);
    assert!(allocations.peak < 16 << 10, "{allocations:?}");
    let answers = frames(FrameRole::Client, &written(&mut session));
    let [.., (OpCode::Pong, true, latest), (OpCode::Close, true, code)] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!((&latest[..], &code[..]), (&15_000_u32.to_be_bytes()[..], &1008_u16.to_be_bytes()[..]));
}

/// Attack 40. Each frame of a client has a key of its own, asked of the caller's source when it is queued and not before, and from
/// then on its bytes do not change: not by a partial write, nor by what is sent behind it.
#[test]
fn each_frame_has_its_key_and_is_frozen() {
    let (mut asked, mut given) = (0_u32, BTreeSet::new());
    let masks = || {
        asked += 1;
        let key = asked.wrapping_mul(0x9E37_79B9).to_be_bytes();
        given.insert(key);
        key
    };
    let mut session = Session::new(Client(masks), &Limits::default(), Replies::default());
    let payload = vec![0; 10_000];
    session.sender().binary(&payload).unwrap();
    session.send(payload.clone()).unwrap();
    session.send(Message::Ping("".into())).unwrap();
    let first: Vec<u8> = session.output().chunk()[..3_000].to_vec();
    session.output().advance(1_000);
    session.sender().fragment("one", false).unwrap();
    let mut input = BytesMut::from(&RawFrame::ping("?").encode()[..]);
    session.poll_event(&mut input);
    session.sender().fragment("two", true).unwrap();
    session.send("").unwrap();
    session.close(None).unwrap();
    let wire = [first[..1_000].to_vec(), written(&mut session)].concat();
    assert!(wire.starts_with(&first), "it was on its way");
    let payloads = frames(FrameRole::Server, &wire);
    assert_eq!((payloads.len(), &payloads[0].2, &payloads[1].2), (8, &payload, &payload));
    drop(session);
    assert_eq!((asked, given.len()), (8, 8));
    // A payload of zeros is the key as it travels.
    for key in given.iter().take(1) {
        assert!(wire.windows(4).any(|bytes| bytes == key));
    }
}

/// Attack 42. Reads that end anywhere, writes that are given up anywhere and taken up again: nothing is lost, doubled or torn. (The
/// adapters' futures: `receiving_can_be_cancelled_anywhere`, `flushing_can_be_cancelled_anywhere`.)
#[test]
fn what_is_interrupted_goes_on() {
    let messages = ["", "first", "héllo", "the last one"];
    let mut sent = client();
    let mut wire = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        sent.send(*message).unwrap();
        // A write that takes less and less, and one that is given up.
        let len = sent.output().remaining().saturating_sub(at);
        wire.extend_from_slice(&sent.output().copy_to_bytes(len));
        assert_eq!(sent.output().remaining(), at.min(2 + 4 + message.len()));
    }
    wire.extend(written(&mut sent));
    for feeding in Feeding::ALL {
        split::for_every_split(&wire, |pieces| {
            let (outcome, _) = read(Role::Server, &Limits::default(), feeding, pieces);
            let texts: Vec<_> = outcome.events.into_iter().map(|event| format!("{event:?}")).collect();
            let expected: Vec<_> = messages.iter().map(|text| format!("Text({text:?})")).collect();
            assert_eq!(texts, expected);
        });
    }
}

/// Attack 43. A clean close, an end without a Close, a half-close and data behind a Close each have an outcome of their own, and the
/// transport is told what to do so that no reset takes the last words. (Every order of them: `closing_model`.)
#[test]
fn each_end_has_its_outcome() {
    let close = masked(RawFrame::close(1001, "bye"));
    let text = masked(RawFrame::text("data"));
    let cases = [
        ("clean", vec![&close[..]], 1001, vec![Transport::ShutdownWrite, Transport::Drop]),
        ("an end", vec![], 1006, vec![Transport::Drop, Transport::Drop]),
        ("an end in a frame", vec![&text[..4]], 1006, vec![Transport::Drop, Transport::Drop]),
        ("an end in a Close", vec![&close[..close.len() - 1]], 1006, vec![Transport::Drop, Transport::Drop]),
        (
            "data behind it",
            vec![&close[..], &text[..], &[0xFF; 9]],
            1001,
            vec![Transport::ShutdownWrite, Transport::Drop],
        ),
    ];
    for (name, stream, code, transport) in cases {
        let mut session = server();
        let mut input = BytesMut::from(&stream.concat()[..]);
        let mut last = None;
        while let Some(event) = session.poll_event(&mut input) {
            let Event::Closed(closed) = event else { panic!("{name}: {event:?}") };
            assert_eq!(last.replace(closed), None, "{name}");
        }
        let closed = last.or_else(|| session.input_eof());
        assert_eq!(closed.map(|closed| closed.code().as_u16()), Some(code), "{name}");
        let answered = written(&mut session);
        assert_eq!(answered.is_empty(), code == 1006, "{name}");
        let before = session.transport();
        assert_eq!(session.input_eof(), None, "{name}: told once");
        assert_eq!([before, session.transport()][..], transport, "{name}");
    }

    // A half-close: the peer has said all it will, and gets to read what we have.
    let mut session = server();
    session.send("last words").unwrap();
    assert_eq!((session.input_eof(), session.transport()), (Some(Closed::Eof), Transport::Flush));
    assert_eq!(written(&mut session), RawFrame::text("last words").encode());
    assert_eq!(session.transport(), Transport::Drop);
}

/// Attack 44. A Close has its own bytes and no others, whatever was in memory before.
#[test]
fn a_close_has_no_bytes_but_its_own() {
    fn check<S: Side>(mut session: Session<S>, reader: FrameRole, close: CloseFrame<'_>) {
        let mut buffer = vec![0xAA; 4_096];
        let mut session = session.lend(&mut buffer);
        session.send("secret".repeat(500)).unwrap();
        let len = session.output().remaining();
        session.output().advance(len);
        session.close(close).unwrap();
        let payload = [&close.code.as_u16().to_be_bytes()[..], close.reason.as_bytes()].concat();
        assert_eq!(frames(reader, &written(&mut session)), [(OpCode::Close, true, payload)]);
    }
    for len in [0, 1, 5, 123] {
        let reason = "r".repeat(len);
        let close = CloseFrame { code: CloseCode::NORMAL, reason: &reason };
        check(server(), FrameRole::Client, close);
        check(client(), FrameRole::Server, close);
        // And the answer to one.
        let mut session = server();
        let mut input = BytesMut::from(
            &[masked(RawFrame::text("x".repeat(200))), masked(RawFrame::close(1000, &reason))].concat()[..],
        );
        while session.poll_event(&mut input).is_some() {}
        assert_eq!(written(&mut session), RawFrame::close(1000, &reason).encode());
    }
}

/// Attack 45. An idle connection owns no buffer, a declared length reserves nothing, Pongs do not pile up, a violation is answered
/// with its Close, a peer that is gone is noticed. (The second compressed message: `deflate::receiving`.)
#[test]
fn what_others_get_wrong() {
    let (session, allocations) = measure(server);
    assert_eq!((allocations.count, size_of_val(&session) <= 128), (0, true));

    let mut header = [0x82, 0xFF, 0, 0, 0, 0, 0x01, 0, 0, 0, 1, 2, 3, 4, 5];
    let (session, allocations) = measure(|| {
        let mut session = Session::server(&Limits { message: 1 << 30, ..Limits::default() });
        assert!(session.receive(&mut &mut header[..]).is_none());
        session
    });
    assert!(allocations.peak < 256, "16 MiB were declared: {allocations:?}");
    drop(session);

    let mut session = server();
    for number in 0..100_000_u32 {
        let mut bytes = masked(RawFrame::ping(number.to_be_bytes()));
        let mut input = &mut bytes[..];
        assert!(matches!(session.receive(&mut input), Some((EventRef::Ping(_), _))));
    }
    assert!(session.output().remaining() < 4_506);

    let mut session = server();
    let mut input = BytesMut::from(&[masked(RawFrame::text("before")), vec![0x83]].concat()[..]);
    assert_eq!(session.poll_event(&mut input), Some(Event::Text("before".into())));
    assert!(matches!(session.poll_event(&mut input), Some(Event::Closed(Closed::Violation(_)))));
    assert_eq!(written(&mut session), RawFrame::close(1002, "").encode());
    assert_eq!(session.send("more"), Err(SendError::Closed("more".into())));

    let keepalive = Keepalive { ping: Some(Duration::from_secs(30)), ..Keepalive::default() };
    let mut session = Session::new(Server, &Limits::default(), Replies::default()).with_keepalive(&keepalive);
    let ends = (0..100).filter_map(|second| {
        written(&mut session);
        session.handle_timeout(Duration::from_secs(second)).map(|closed| (second, closed))
    });
    assert_eq!(ends.collect::<Vec<_>>(), [(51, Closed::Unresponsive)], "told each second: 30, one to write, and 20");
}
