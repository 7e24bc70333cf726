//! What a session holds: nothing while it is idle, bytes received while it is not, and never more than its budget.

use bytes::{Buf, BytesMut};
use proptest::prelude::*;
use switchover::{Event, EventRef, Limits, Server, Session};
use switchover_testkit::{
    alloc::measure,
    frames::{self, RawFrame, Role},
    split,
};

use crate::common::server;

/// The struct is all there is of an idle session, so its size is what a connection costs.
#[test]
fn a_server_session_is_small() {
    let size = size_of::<Session<Server>>();
    println!("size_of::<Session<Server>>() = {size} bytes");
    assert!(size <= 128, "{size}");
}

/// Nor do many cost more than so many structs, after a message each: there is no heap.
#[test]
fn ten_thousand_idle_sessions() {
    let count = 10_000;
    let message = masked(RawFrame::text("a message"));
    let (sessions, allocations) = measure(|| {
        let mut sessions: Vec<Session<Server>> = Vec::with_capacity(count);
        for _ in 0..count {
            let mut session = server();
            let mut input = message.clone();
            let Some((EventRef::Text(text), sender)) = session.receive(&mut &mut input[..]) else {
                panic!("a message")
            };
            sender.text(text).unwrap();
            assert!(session.receive(&mut &mut [][..]).is_none());
            let len = session.output().remaining();
            session.output().advance(len);
            sessions.push(session);
        }
        sessions
    });
    let bytes = i64::try_from(count * size_of::<Session<Server>>()).unwrap();
    assert_eq!((sessions.len(), allocations.live), (count, bytes));
    assert!(bytes <= 128 * 10_000, "{bytes}");
}

fn masked(frame: RawFrame) -> Vec<u8> {
    frame.mask([1, 2, 3, 4]).encode()
}

/// One lap of a loop that serves many connections from one buffer to read into and one to write from.
fn echo_in_place(session: &mut Session<Server>, mut input: &mut [u8], buffer: &mut Vec<u8>) -> usize {
    let mut echoed = 0;
    let mut session = session.lend(buffer);
    while let Some((event, sender)) = session.receive(&mut input) {
        match event {
            EventRef::Text(text) => sender.text(text).unwrap(),
            EventRef::Binary(payload) => sender.binary(payload).unwrap(),
            _ => panic!("only messages are fed"),
        }
        echoed += 1;
    }
    let len = session.output().remaining();
    session.output().advance(len);
    echoed
}

/// The same with messages that share the buffer which was read into.
fn echo_owned(session: &mut Session<Server>, input: &mut BytesMut, buffer: &mut Vec<u8>) -> usize {
    let mut echoed = 0;
    let mut session = session.lend(buffer);
    while let Some(event) = session.poll_event(input) {
        match event {
            Event::Text(text) => session.sender().text(&text).unwrap(),
            Event::Binary(payload) => session.sender().binary(&payload).unwrap(),
            _ => panic!("only messages are fed"),
        }
        echoed += 1;
    }
    let len = session.output().remaining();
    session.output().advance(len);
    echoed
}

/// Short and long, and text that is ASCII or not.
fn messages() -> Vec<u8> {
    [
        masked(RawFrame::text("héllo")),
        masked(RawFrame::binary(vec![0; 125])),
        masked(RawFrame::text("kůň ".repeat(300))),
        masked(RawFrame::binary(vec![1; 5_000])),
        masked(RawFrame::text("x".repeat(16_384))),
    ]
    .concat()
}

#[test]
fn echoing_unfragmented_messages_in_place_never_allocates() {
    let mut session = server();
    let messages = messages();
    let mut received = messages.clone();
    let mut buffer = Vec::with_capacity(messages.len());
    let (echoed, allocations) = measure(|| {
        let mut echoed = 0;
        while echoed < 10_000 {
            received.copy_from_slice(&messages);
            echoed += echo_in_place(&mut session, &mut received, &mut buffer);
        }
        echoed
    });
    assert_eq!((echoed, allocations.count, allocations.live), (10_000, 0, 0));
}

/// In reads of any size: the buffer is used again once its messages are gone.
#[test]
fn echoing_unfragmented_messages_on_the_owned_path_never_allocates() {
    let messages = messages();
    for read in [700, messages.len()] {
        let mut session = server();
        let mut input = BytesMut::with_capacity(2 * messages.len());
        let mut buffer = Vec::with_capacity(messages.len());
        let mut lap = || {
            let echo = |read: &[u8]| {
                input.extend_from_slice(read);
                echo_owned(&mut session, &mut input, &mut buffer)
            };
            messages.chunks(read).map(echo).sum::<usize>()
        };
        // The first split makes the buffer's memory shared.
        assert_eq!(lap(), 5);
        let (echoed, allocations) = measure(|| (0..2_000).map(|_| lap()).sum::<usize>());
        assert_eq!((echoed, allocations.count, allocations.live), (10_000, 0, 0), "in reads of {read}");
    }
}

#[test]
fn an_idle_session_owns_no_heap() {
    let stream = [
        masked(RawFrame::text("whole")),
        masked(RawFrame::text("frag").fin(false)),
        masked(RawFrame::ping("between")),
        masked(RawFrame::continuation("mented")),
        masked(RawFrame::binary(vec![7; 10_000])),
    ]
    .concat();
    let mut buffer = Vec::with_capacity(1 << 16);
    for cut in 0..stream.len() {
        let mut stream = stream.clone();
        let (session, allocations) = measure(|| {
            let mut session = server();
            let (first, second) = stream.split_at_mut(cut);
            for mut input in [first, second] {
                let mut session = session.lend(&mut buffer);
                while session.receive(&mut input).is_some() {}
                let len = session.output().remaining();
                session.output().advance(len);
            }
            session
        });
        assert_eq!(allocations.live, 0, "cut at {cut}");
        drop(session);
    }
}

/// On the owned path a message shares the caller's buffer: nothing is allocated for it but that buffer.
#[test]
fn owned_messages_are_not_copied() {
    let mut session = server();
    let mut input = BytesMut::with_capacity(1 << 16);
    for frame in [RawFrame::text("text"), RawFrame::binary(vec![7; 10_000]), RawFrame::binary([])] {
        input.extend_from_slice(&masked(frame));
    }
    let payloads = input.as_ptr().addr()..input.as_ptr().addr() + input.len();
    let (events, allocations) =
        measure(|| [session.poll_event(&mut input), session.poll_event(&mut input), session.poll_event(&mut input)]);
    // The first split makes the buffer's memory shared, which takes one small allocation.
    assert!(allocations.count <= 1 && allocations.live < 64, "{allocations:?}");
    let [Some(Event::Text(text)), Some(Event::Binary(binary)), Some(Event::Binary(empty))] = events else {
        panic!("three messages")
    };
    assert!(payloads.contains(&text.as_ptr().addr()) && payloads.contains(&binary.as_ptr().addr()));
    assert_eq!((&*text, binary.len(), empty.len()), ("text", 10_000, 0));
}

/// A header declares up to 2^63 bytes; nothing is reserved for them.
#[test]
fn declared_lengths_reserve_nothing() {
    let limits = Limits { message: usize::MAX, ..Limits::default() };
    for len in [126_u64, 65_536, 1 << 40, (1 << 63) - 1] {
        let mut header = match u16::try_from(len) {
            Ok(len) => [&[0x82, 0xFE][..], &len.to_be_bytes()].concat(),
            Err(_) => [&[0x82, 0xFF][..], &len.to_be_bytes()].concat(),
        };
        header.extend([1, 2, 3, 4, 5]);
        let (_, allocations) = measure(|| {
            let mut session = Session::server(&limits);
            assert!(session.receive(&mut &mut header[..]).is_none());
            session
        });
        assert!(allocations.peak < 256, "{len}: {allocations:?}");
    }
}

/// What is held can be asked for, on either path.
#[test]
fn held_bytes_are_visible() {
    let stream = [
        masked(RawFrame::text("first").fin(false)),
        masked(RawFrame::ping("ping")),
        masked(RawFrame::continuation("second")),
    ]
    .concat();
    let (mut owned, mut in_place, mut input) = (server(), server(), BytesMut::new());
    let mut most = [0, 0];
    for byte in stream {
        input.extend_from_slice(&[byte]);
        while owned.poll_event(&mut input).is_some() {}
        let mut byte = [byte];
        let mut piece = &mut byte[..];
        while in_place.receive(&mut piece).is_some() {}
        most = [most[0].max(owned.held()), most[1].max(in_place.held())];
    }
    // One byte before the last one of the second fragment.
    assert_eq!((most, owned.held(), in_place.held()), ([10, 10], 0, 0));

    let whole = masked(RawFrame::text("unfragmented"));
    let mut input = BytesMut::from(&whole[..whole.len() - 1]);
    assert!(owned.poll_event(&mut input).is_none());
    assert_eq!(owned.held(), 11);
}

/// Attack: continuation frames without payload, or with one byte each.
#[test]
fn a_flood_of_fragments_ends_at_the_limit() {
    for payload in [vec![], vec![b'x']] {
        let limits = Limits { fragments: 16_384, empty_fragments: 20_000, ..Limits::default() };
        let mut session = Session::server(&limits);
        let mut input = masked(RawFrame::text("").fin(false));
        assert!(session.receive(&mut &mut input[..]).is_none());
        let (frames, allocations) = measure(|| {
            (1..).find(|_| {
                let mut input = masked(RawFrame::continuation(payload.clone()).fin(false));
                session.receive(&mut &mut input[..]).is_some()
            })
        });
        assert_eq!(frames, Some(16_384));
        assert!(allocations.peak < 3 * 16_384, "{allocations:?}");
    }
}

/// Attack: a peer that sends Pings and never reads.
#[test]
fn a_ping_flood_holds_a_few_pongs() {
    let mut session = server();
    let mut input = BytesMut::new();
    let ping = masked(RawFrame::ping([7; 125]));
    let ((), allocations) = measure(|| {
        for _ in 0..1_000 {
            input.extend_from_slice(&ping);
            while session.poll_event(&mut input).is_some() {}
            let _ = session.output();
        }
    });
    // The Pongs, twice while their queue grows, and the receive buffer.
    assert!(allocations.peak < 3 * 4_096 + 1_024, "{allocations:?}");
}

proptest! {
    /// Whatever arrives, however cut: what is held beyond the input is at most what was received, and at most the limit with
    /// the room that growing by doubling takes.
    #[test]
    fn held_bytes_stay_in_the_budget(
        case in frames::valid(Role::Server),
        soup in prop::collection::vec(any::<u8>(), 0..300),
        cuts in split::random_cuts(),
    ) {
        let limits = Limits { message: 200, fragments: 8, ..Limits::default() };
        let stream = [case.bytes(), soup].concat();
        let mut pieces: Vec<Vec<u8>> = cuts.pieces(&stream).into_iter().map(<[u8]>::to_vec).collect();
        let mut session = Session::server(&limits);
        let ((), allocations) = measure(|| {
            for piece in &mut pieces {
                let mut input = &mut piece[..];
                while session.receive(&mut input).is_some() {}
                let len = session.output().remaining();
                session.output().advance(len);
            }
        });
        // The message twice while it grows, the box around it, a Ping, and the answers.
        prop_assert!(allocations.peak <= 3 * 200 + 100 + 126 + 3 * 131 + 64, "{:?}", allocations);
    }
}

/// After the last event nothing of an unfinished message is kept, on either path.
#[test]
fn an_ended_session_owns_no_heap() {
    let unfinished = masked(RawFrame::text("héllo").fin(false));
    let ends: [Vec<u8>; 3] = [masked(RawFrame::close(1000, "")), vec![0x83], vec![]];
    for end in ends {
        for owned in [true, false] {
            let (mut first, mut second) = (unfinished.clone(), end.clone());
            let (session, allocations) = measure(|| {
                let mut session = server();
                if owned {
                    let mut input = BytesMut::from(&first[..]);
                    assert!(session.poll_event(&mut input).is_none());
                    input.extend_from_slice(&second);
                    while session.poll_event(&mut input).is_some() {}
                } else {
                    for mut input in [&mut first[..], &mut second[..]] {
                        while session.receive(&mut input).is_some() {}
                    }
                }
                session.input_eof();
                let len = session.output().remaining();
                session.output().advance(len);
                session
            });
            // A close reason is text, even an empty one, and dropped with its event.
            assert_eq!(allocations.live, 0, "{end:?}, owned: {owned}");
            drop(session);
        }
    }
}

/// On the owned path an idle session owns nothing either, after messages in pieces.
#[test]
fn an_idle_session_on_the_owned_path_owns_no_heap() {
    let stream =
        [masked(RawFrame::text("héllo")), masked(RawFrame::ping("?")), masked(RawFrame::binary("bytes"))].concat();
    let (session, allocations) = measure(|| {
        let mut session = server();
        let mut input = BytesMut::new();
        for byte in &stream {
            input.extend_from_slice(&[*byte]);
            while session.poll_event(&mut input).is_some() {}
        }
        let len = session.output().remaining();
        session.output().advance(len);
        session
    });
    assert_eq!((allocations.live, session.held()), (0, 0));
}
