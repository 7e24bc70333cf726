//! What a peer may spend of our memory and time: each limit, what it ends with, and what it costs until then.

use bytes::{Buf, BytesMut};
use core::time::Duration;
use proptest::prelude::*;
use switchover::{
    Closed, Event, EventRef, Limits, Part, PartRef, Server, Session, Transport,
    frame::{CloseCode, ProtocolErrorKind},
};
use switchover_testkit::{alloc::measure, frames::RawFrame, session::Feeding};

use crate::common::written;

fn masked(frame: RawFrame) -> Vec<u8> {
    frame.mask([1, 2, 3, 4]).encode()
}

/// Feeds one read, writes what is answered, tells the time where it is asked for, and says how it ended.
fn turn(session: &mut Session<Server>, feeding: Feeding, bytes: &[u8], now: Duration) -> Option<Closed> {
    let mut closed = None;
    let mut note = |event: Event| {
        if let Event::Closed(how) = event {
            closed = Some(how);
        }
    };
    match feeding {
        Feeding::Owned => {
            let mut input = BytesMut::from(bytes);
            while let Some(event) = session.poll_event(&mut input) {
                note(event);
            }
            assert!(input.is_empty());
        }
        Feeding::OwnedParts => {
            let mut input = BytesMut::from(bytes);
            while let Some(part) = session.poll_part(&mut input) {
                if let Part::Closed(how) = part {
                    note(Event::Closed(how));
                }
            }
            assert!(input.is_empty());
        }
        Feeding::InPlace => {
            let mut bytes = bytes.to_vec();
            let mut input = &mut bytes[..];
            while let Some((event, _)) = session.receive(&mut input) {
                note(event.to_owned());
            }
        }
        Feeding::Parts => {
            let mut bytes = bytes.to_vec();
            let mut input = &mut bytes[..];
            while let Some((part, _)) = session.receive_part(&mut input) {
                if let PartRef::Closed(how) = part {
                    note(Event::Closed(how));
                }
            }
        }
    }
    if session.poll_timeout().is_some_and(|due| due <= now) {
        session.handle_timeout(now);
    }
    closed
}

/// The error that a flood of these frames ends with, behind how many of them, and the most memory that it took at once.
fn flood(
    mut session: Session<Server>,
    feeding: Feeding,
    mut frame: impl FnMut(usize) -> Vec<u8>,
    read: usize,
) -> (ProtocolErrorKind, usize, u64) {
    let mut reads = (0..).map(|at| (0..read).flat_map(|n| frame(at * read + n)).collect::<Vec<u8>>());
    let mut fed = 0;
    let (error, allocations) = measure(|| {
        loop {
            let bytes = reads.next().unwrap();
            // Twenty thousand reads a second.
            let closed = turn(&mut session, feeding, &bytes, Duration::from_micros(50 * (fed / read) as u64));
            fed += read;
            assert!(fed < 1_000_000, "nothing stops it");
            if let Some(closed) = closed {
                let Closed::Violation(error) = closed else { panic!("{closed:?}") };
                break error;
            }
            let len = session.output().remaining();
            session.output().advance(len);
        }
    });
    let last = written(&mut session);
    let close = RawFrame::close(error.close_code().as_u16(), "").encode();
    assert!(last.ends_with(&close), "it is told: {last:?}");
    assert_eq!(session.transport(), Transport::ShutdownWrite);
    (error.kind(), fed, allocations.peak)
}

/// 10.4: a flood of Pings, or of Pongs, ends with 1008 when a second has had its ten thousand.
#[test]
fn a_flood_of_control_frames_ends_with_1008() {
    for feeding in Feeding::ALL {
        for (payload, per_read) in [(0, 1), (0, 10), (125, 10), (0, 2_000)] {
            for pong in [false, true] {
                let frame = move |_| {
                    masked(if pong { RawFrame::pong(vec![7; payload]) } else { RawFrame::ping(vec![7; payload]) })
                };
                let session = Session::server(&Limits::default());
                let (kind, fed, peak) = flood(session, feeding, frame, per_read);
                assert_eq!(kind, ProtocolErrorKind::TooManyControlFrames(10_000));
                assert_eq!(kind.close_code(), CloseCode::POLICY_VIOLATION);
                // Half of the limit until the time is asked for, and the limit of one second.
                assert!(fed >= 10_001 && fed <= 15_002 + 2 * per_read, "{fed}");
                // What is read, twice, the Pongs that it makes, and what counts.
                let read = (payload + 6) * per_read;
                assert!(peak < 4 * read as u64 + 16 * 1_024, "{payload} {per_read}: {peak}");
            }
        }
    }
}

/// Fewer than the limit in each second are no flood, for ever; fewer than half of it cost no look at the clock.
#[test]
fn fewer_than_the_limit_are_answered() {
    for (per_second, asks) in [(10_000, true), (7_000, true), (10, false)] {
        let mut session = Session::server(&Limits::default());
        let mut asked = 0;
        let ping = masked(RawFrame::ping("?"));
        for second in 0..5 {
            for n in 0..per_second {
                let now = Duration::from_secs(second) + Duration::from_secs(1) * n / per_second;
                asked += u32::from(session.poll_timeout().is_some_and(|due| due <= now));
                assert_eq!(turn(&mut session, Feeding::InPlace, &ping, now), None, "{per_second}: {second} {n}");
                assert_eq!(written(&mut session), RawFrame::pong("?").encode());
            }
        }
        assert_eq!(asked > 0, asks);
    }
}

/// Pings one a minute: after five thousand of them the time is asked for once, and again a second later, and nothing is kept.
#[test]
fn a_connection_that_pings_for_days() {
    let ping = masked(RawFrame::ping("?"));
    let (session, allocations) = measure(|| {
        let mut session = Session::server(&Limits::default());
        let mut asked = 0;
        for minute in 0..30_000 {
            for second in 0..2 {
                let now = Duration::from_secs(60 * minute + second);
                let due = session.poll_timeout();
                assert!(due.is_none() || second == 1, "the second is over");
                asked += u32::from(due.is_some());
                let bytes = if second == 0 { &ping[..] } else { &[] };
                assert_eq!(turn(&mut session, Feeding::InPlace, bytes, now), None);
                written(&mut session);
            }
        }
        assert_eq!(asked, 5);
        session
    });
    assert_eq!(allocations.live, 0);
    drop(session);
}

/// A caller that never tells the time is not held to a number a second, and to its memory all the same.
#[test]
fn without_a_clock_there_is_no_second() {
    let mut session = Session::server(&Limits::default());
    let ping = masked(RawFrame::ping([7; 125]));
    let ((), allocations) = measure(|| {
        let mut input = BytesMut::new();
        for _ in 0..100_000 {
            input.extend_from_slice(&ping);
            while let Some(event) = session.poll_event(&mut input) {
                assert!(matches!(event, Event::Ping(_)));
            }
        }
    });
    assert!(allocations.peak < 16 << 10, "{allocations:?}");
    assert_eq!(session.poll_timeout(), Some(Duration::ZERO), "it was asked for");
}

/// A Close is no control frame too many.
#[test]
fn a_close_is_never_one_too_many() {
    let mut session = Session::server(&Limits { control: 2, ..Limits::default() });
    let ping = masked(RawFrame::ping(""));
    assert_eq!(turn(&mut session, Feeding::InPlace, &ping.repeat(2), Duration::ZERO), None);
    assert_eq!(session.poll_timeout(), Some(Duration::from_secs(1)));
    let bytes = [ping.repeat(2), masked(RawFrame::close(1000, ""))].concat();
    let closed = turn(&mut session, Feeding::InPlace, &bytes, Duration::ZERO);
    assert_eq!(closed.map(|closed| closed.code()), Some(CloseCode::NORMAL));

    // A limit of nothing is one.
    let mut session = Session::server(&Limits { control: 0, ..Limits::default() });
    assert_eq!(turn(&mut session, Feeding::InPlace, &ping, Duration::ZERO), None);
    assert_eq!(turn(&mut session, Feeding::InPlace, &ping, Duration::ZERO), None);
    let closed = turn(&mut session, Feeding::InPlace, &ping, Duration::ZERO);
    assert!(matches!(closed, Some(Closed::Violation(error)) if error.offset() == 12), "{closed:?}");
    // Of the second that was counted nothing is left; of closing there is a deadline.
    assert_eq!(session.poll_timeout(), Some(Duration::from_secs(5)));
}

/// The second ends in the middle of a message, of a Ping, of a header: nothing of it is lost.
#[test]
fn the_second_ends_anywhere() {
    let flood = masked(RawFrame::ping("")).repeat(5_001);
    let rest = [
        masked(RawFrame::text("frag").fin(false)),
        masked(RawFrame::ping("between")),
        masked(RawFrame::continuation("mented")),
        masked(RawFrame::ping("after")),
    ]
    .concat();
    let expected = [Event::Ping("between".into()), Event::Text("fragmented".into()), Event::Ping("after".into())];
    for cut in 0..=rest.len() {
        for limits in [Limits::default(), Limits { empty_fragments: 3, ..Limits::default() }] {
            let mut session = Session::server(&limits);
            let mut all = flood.clone();
            let mut input = &mut all[..];
            while session.receive(&mut input).is_some() {}
            assert_eq!(session.poll_timeout(), Some(Duration::ZERO));
            session.handle_timeout(Duration::from_secs(7));
            assert_eq!(session.poll_timeout(), Some(Duration::from_secs(8)));
            let mut events = Vec::new();
            let mut all = rest.clone();
            let (first, second) = all.split_at_mut(cut);
            for mut input in [first, second] {
                while let Some((event, _)) = session.receive(&mut input) {
                    events.push(event.to_owned());
                }
                session.handle_timeout(Duration::from_secs(8));
                assert_eq!(session.poll_timeout(), None);
            }
            assert_eq!(events, expected, "cut at {cut}");
        }
    }
}

/// It ends behind any event, while a Ping that came in pieces is lent out too; told early, it goes on.
#[test]
fn the_second_ends_behind_any_event() {
    let mut session = Session::server(&Limits::default());
    let mut flood = masked(RawFrame::ping("")).repeat(5_001);
    let mut input = &mut flood[..];
    while session.receive(&mut input).is_some() {}
    session.handle_timeout(Duration::from_secs(7));
    assert_eq!(session.handle_timeout(Duration::from_millis(7_999)), None);
    assert_eq!(session.poll_timeout(), Some(Duration::from_secs(8)));
    let mut ping = [masked(RawFrame::ping("in pieces")), masked(RawFrame::text("behind it"))].concat();
    let (mut first, mut second) = ping.split_at_mut(8);
    assert!(session.receive(&mut first).is_none());
    assert!(matches!(session.receive(&mut second), Some((EventRef::Ping(b"in pieces"), _))));
    session.handle_timeout(Duration::from_secs(8));
    assert_eq!(session.poll_timeout(), None);
    assert!(matches!(session.receive(&mut second), Some((EventRef::Text("behind it"), _))));
}

/// Where messages are compressed, the window is kept over it.
#[cfg(feature = "deflate")]
#[test]
fn the_second_ends_where_messages_are_compressed() {
    use switchover::{
        deflate::Compression,
        handshake::{DeflateContext, DeflateParameters},
    };
    let context = DeflateContext { window_bits: 15, takeover: true };
    let agreed = DeflateParameters { server: context, client: context };
    let mut session = Session::server(&Limits::default()).with_deflate(Some(agreed), &Compression::default());
    // RFC 7692, section 7.2.3.2: the second message refers to the first one.
    let hello = masked(RawFrame::text([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]).rsv(0x40));
    let again = masked(RawFrame::text([0xF2, 0x00, 0x11, 0x00, 0x00]).rsv(0x40));
    let mut flood = [hello, masked(RawFrame::ping("")).repeat(5_001)].concat();
    let mut input = &mut flood[..];
    while session.receive(&mut input).is_some() {}
    for second in [7, 8] {
        assert!(session.poll_timeout().is_some());
        session.handle_timeout(Duration::from_secs(second));
    }
    assert_eq!(session.poll_timeout(), None);
    let mut again = again;
    let mut input = &mut again[..];
    assert!(matches!(session.receive(&mut input), Some((EventRef::Text("Hello"), _))));
}

/// 10.4: fragments of one byte end with 1009 at their number, having cost their bytes; empty ones with 1008, having cost nothing.
#[test]
fn a_flood_of_fragments_ends_at_its_limit() {
    for feeding in Feeding::ALL {
        for (payload, most) in [(0, 1_024), (1, 131_071)] {
            let frame = move |at| {
                let payload = vec![b'x'; payload];
                masked(if at == 0 { RawFrame::text("") } else { RawFrame::continuation(payload) }.fin(false))
            };
            let (kind, fed, peak) = flood(Session::server(&Limits::default()), feeding, frame, 1);
            let expected = match payload {
                0 => (ProtocolErrorKind::TooManyEmptyFragments(1_024), CloseCode::POLICY_VIOLATION),
                _ => (ProtocolErrorKind::TooManyFragments(131_072), CloseCode::MESSAGE_TOO_BIG),
            };
            assert_eq!((kind, kind.close_code()), expected);
            assert_eq!(fed, most + 2, "the first, as many as may be, and one");
            assert!(peak < 3 * (payload * most) as u64 + 1_024, "{payload}: {peak}");
        }
    }
}

/// As many empty fragments as there may be, among others, and a message as usual behind them.
#[test]
fn as_many_empty_fragments_as_there_may_be() {
    for most in [0, 1, 5] {
        let mut session = Session::server(&Limits { empty_fragments: most, ..Limits::default() });
        for round in 0..3 {
            let mut bytes = masked(RawFrame::text("").fin(false));
            for _ in 0..most {
                bytes.extend(masked(RawFrame::continuation("").fin(false)));
                bytes.extend(masked(RawFrame::continuation("x").fin(false)));
            }
            let too_many = round == 2;
            let last = if too_many { RawFrame::continuation("") } else { RawFrame::continuation("x") };
            bytes.extend(masked(last));
            let closed = turn(&mut session, Feeding::Owned, &bytes, Duration::ZERO);
            assert_eq!(closed.is_some(), too_many, "{most} {round}");
        }
    }
}

/// A frame has a limit of its own below that of the message, which may then come in pieces.
#[test]
fn a_frame_has_its_limit() {
    let limits = Limits { message: 1_000, frame: 100, ..Limits::default() };
    for feeding in Feeding::ALL {
        let mut session = Session::server(&limits);
        for last in 0..10 {
            let frame = if last == 0 { RawFrame::binary([7; 100]) } else { RawFrame::continuation([7; 100]) };
            let closed = turn(&mut session, feeding, &masked(frame.fin(last == 9)), Duration::ZERO);
            assert_eq!(closed, None);
        }
        let closed = turn(&mut session, feeding, &masked(RawFrame::binary([7; 101])), Duration::ZERO);
        let Some(Closed::Violation(error)) = closed else { panic!("{closed:?}") };
        assert_eq!((error.kind(), error.close_code().as_u16()), (ProtocolErrorKind::PayloadTooLong(101), 1009));

        let mut session = Session::server(&limits);
        for last in 0..10 {
            let frame = if last == 0 { RawFrame::binary([7; 100]) } else { RawFrame::continuation([7; 100]) };
            assert_eq!(turn(&mut session, feeding, &masked(frame.fin(false)), Duration::ZERO), None);
        }
        assert_eq!(session.held(), if feeding.is_in_parts() { 0 } else { 1_000 });
        let closed = turn(&mut session, feeding, &masked(RawFrame::continuation("x")), Duration::ZERO);
        let Some(Closed::Violation(error)) = closed else { panic!("{closed:?}") };
        assert_eq!((error.kind(), error.close_code().as_u16()), (ProtocolErrorKind::MessageTooLong(1_001), 1009));
    }
}

/// Limits of its own cost a session a box, and those of all none.
#[test]
fn what_limits_cost() {
    let own = |limits: Limits| {
        let (session, allocations) = measure(|| {
            let mut session = Session::server(&limits);
            turn(&mut session, Feeding::InPlace, &masked(RawFrame::text("x").fin(false)), Duration::ZERO);
            turn(&mut session, Feeding::InPlace, &masked(RawFrame::continuation("x")), Duration::ZERO);
            turn(&mut session, Feeding::InPlace, &[], Duration::ZERO);
            session
        });
        drop(session);
        allocations.live
    };
    for limits in [
        Limits { message: 10, ..Limits::default() },
        Limits { queued: 10, close: Duration::MAX, ..Limits::default() },
        Limits { message: 10, frame: 10, ..Limits::default() },
    ] {
        assert_eq!(own(limits), 0, "{limits:?}");
    }
    for limits in [
        Limits { frame: 10, ..Limits::default() },
        Limits { fragments: 10, ..Limits::default() },
        Limits { empty_fragments: 10, ..Limits::default() },
        Limits { control: 10, ..Limits::default() },
    ] {
        assert!((1..200).contains(&own(limits)), "{limits:?}: {}", own(limits));
    }
}

proptest! {
    /// However many come in each read: the connection ends if there were more than the limit in a second that is counted, and does
    /// not if there never were more than half of it in two seconds.
    #[test]
    fn control_frames_in_a_second(
        reads in prop::collection::vec((0..12u32, 0..700u64), 1..80),
        limit in 2..20u32,
    ) {
        let mut session = Session::server(&Limits { control: limit, ..Limits::default() });
        let (mut now, mut ended) = (Duration::ZERO, false);
        let mut times = Vec::new();
        let mut until = None;
        let mut counted = 0;
        for (count, wait) in reads {
            now += Duration::from_millis(wait);
            // What the session knows: a second begins when it is told the time, and ends when it is told the next one.
            if session.poll_timeout().is_some_and(|due| due <= now) {
                session.handle_timeout(now);
                until = if until.is_none() { Some(now) } else { None };
                counted = 0;
            }
            times.extend((0..count).map(|_| now));
            counted += count;
            let mut bytes = masked(RawFrame::ping("")).repeat(count as usize);
            let mut input = &mut bytes[..];
            while let Some((event, _)) = session.receive(&mut input) {
                ended |= matches!(event.to_owned(), Event::Closed(_));
            }
            prop_assert_eq!(ended, until.is_some() && counted > limit);
            if ended {
                let recent = times.iter().filter(|time| **time + Duration::from_millis(1_700) >= now).count();
                prop_assert!(recent > limit as usize);
                break;
            }
        }
    }
}
