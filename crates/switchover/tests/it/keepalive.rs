//! Keeping an open connection alive, and noticing when it is not. RFC 6455, section 5.5.2.

use bytes::{Buf, BytesMut};
use core::time::Duration;
use proptest::prelude::*;
use switchover::{
    Client, Closed, Event, EventRef, Keepalive, Limits, Message, Replies, SendError, Server, Session, Side, Transport,
    frame::{OpCode, Role},
};
use switchover_testkit::{
    alloc::measure,
    frames::{
        RawFrame,
        Role::{Client as CLIENT, Server as SERVER},
    },
    session::{Feeding, SessionEnd},
    sim::{Link, Pair},
};

use crate::common::{Counter, frames, written};

const PING: Keepalive = Keepalive { ping: Some(at(30)), always: false, pong: at(20), strict: false, idle: None };

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn server(keepalive: &Keepalive) -> Session<Server> {
    let mut session = Session::server(&Limits::default()).with_keepalive(keepalive);
    assert_eq!(session.poll_timeout(), Some(at(0)), "tell the time");
    assert_eq!(session.handle_timeout(at(0)), None);
    session
}

fn feed<S: Side>(session: &mut Session<S>, frame: RawFrame) -> Vec<Event> {
    let mut input = BytesMut::from(&frame.mask([1, 2, 3, 4]).encode()[..]);
    core::iter::from_fn(|| session.poll_event(&mut input)).collect()
}

/// Tells the time until there is nothing more to do at it, as a loop does that writes in between; what was written, and how it
/// ended.
fn tell<S: Side>(session: &mut Session<S>, now: Duration) -> (Vec<u8>, Option<Closed>) {
    let mut bytes = written(session);
    let mut closed = None;
    for _ in 0..4 {
        if session.poll_timeout().is_some_and(|due| due <= now) {
            closed = closed.or(session.handle_timeout(now));
        }
        bytes.extend(written(session));
    }
    assert!(session.poll_timeout().is_none_or(|due| due > now), "time does not stand still");
    (bytes, closed)
}

/// The payload of the one Ping in these bytes.
fn ping(bytes: &[u8]) -> Vec<u8> {
    let [(OpCode::Ping, true, payload)] = &frames(Role::Client, bytes)[..] else { panic!("one Ping: {bytes:?}") };
    assert!(Keepalive::owns(payload));
    payload.clone()
}

#[test]
fn without_it_there_is_no_timer() {
    let mut session = Session::server(&Limits::default()).with_keepalive(&Keepalive::default());
    assert_eq!((session.poll_timeout(), session.handle_timeout(at(1_000_000))), (None, None));
    session.sender().heard(at(1));
    assert_eq!((session.transport(), session.poll_timeout()), (Transport::Open, None));
    let (session, allocations) = measure(|| Session::server(&Limits::default()).with_keepalive(&Keepalive::default()));
    assert_eq!((allocations.count, size_of_val(&session) <= 128), (0, true));
}

/// With it there is a small box, and no more while nothing happens.
#[test]
fn it_takes_a_small_box() {
    let keepalive = Keepalive { idle: Some(at(90)), ..PING };
    let (session, allocations) = measure(|| {
        let mut session = server(&keepalive);
        for now in 1..=10 {
            let payload = ping(&tell(&mut session, at(30 * now)).0);
            feed(&mut session, RawFrame::pong(payload));
            session.handle_timeout(at(30 * now));
        }
        session
    });
    println!("a session with keepalive has a box of {} bytes", allocations.live);
    assert!(allocations.live <= 320, "{allocations:?}");
    drop(session);
}

#[test]
fn a_dead_peer_ends_as_unresponsive() {
    let mut session = server(&PING);
    assert_eq!(session.poll_timeout(), Some(at(30)));
    assert_eq!(tell(&mut session, Duration::from_millis(29_999)), (vec![], None));
    let (bytes, closed) = tell(&mut session, at(30));
    ping(&bytes);
    assert_eq!((closed, session.poll_timeout()), (None, Some(at(50))));
    assert_eq!(tell(&mut session, Duration::from_millis(49_999)), (vec![], None));
    let (bytes, closed) = tell(&mut session, at(50));
    assert_eq!((bytes, closed), (vec![], Some(Closed::Unresponsive)), "nobody is there to read a Close");
    assert_eq!((session.transport(), session.poll_timeout()), (Transport::Drop, None));
    assert_eq!(session.send("more"), Err(SendError::Closed("more".into())));
    assert_eq!(feed(&mut session, RawFrame::text("too late")), []);
    assert_eq!(Closed::Unresponsive.code().as_u16(), 1006);
}

/// A Pong, another Pong, a message or the first byte of one: all are life.
#[test]
fn any_byte_is_life() {
    let whole = RawFrame::text("x".repeat(100)).mask([1; 4]).encode();
    for bytes in [&RawFrame::pong("").mask([1; 4]).encode()[..], &whole, &whole[..1], &whole[..2], &whole[..50]] {
        for after_ping in [false, true] {
            let mut session = server(&PING);
            if after_ping {
                ping(&tell(&mut session, at(30)).0);
            }
            let told = if after_ping { 45 } else { 20 };
            let mut input = BytesMut::from(bytes);
            while session.poll_event(&mut input).is_some() {}
            assert_eq!(session.handle_timeout(at(told)), None);
            assert_eq!(session.poll_timeout(), Some(at(told + 30)), "{bytes:?}");
            ping(&tell(&mut session, at(told + 30)).0);
        }
    }
}

/// The time that counts is the one told behind the bytes; who tells it at the deadline alone is late, and never early.
#[test]
fn a_caller_that_tells_the_time_at_deadlines_only() {
    let mut session = server(&PING);
    feed(&mut session, RawFrame::text("at 1 s"));
    assert_eq!(tell(&mut session, at(30)), (vec![], None), "something was received since");
    ping(&tell(&mut session, at(60)).0);
    feed(&mut session, RawFrame::text("at 61 s"));
    assert_eq!(tell(&mut session, at(80)), (vec![], None));
    ping(&tell(&mut session, at(110)).0);
    assert_eq!(tell(&mut session, at(130)).1, Some(Closed::Unresponsive));
}

/// A peer that sends and never answers a Ping lives, unless Pongs are insisted on.
#[test]
fn a_peer_that_sends_and_never_answers() {
    for strict in [false, true] {
        let mut session = server(&Keepalive { strict, always: true, ..PING });
        let mut end = None;
        for now in 1..=100 {
            feed(&mut session, RawFrame::text("data"));
            end = end.or(tell(&mut session, at(now)).1.map(|closed| (closed, now)));
        }
        assert_eq!(end, strict.then_some((Closed::Unresponsive, 50)));
    }
}

/// Where Pongs are insisted on, it has to be the one: not an older one, nor one of the application's.
#[test]
fn a_pong_is_recognised() {
    let mut session = server(&Keepalive { strict: true, ..PING });
    let first = ping(&tell(&mut session, at(30)).0);
    assert_eq!(feed(&mut session, RawFrame::pong(first.clone())), [Event::Pong(first.clone().into())]);
    assert_eq!(tell(&mut session, at(31)), (vec![], None));
    assert_eq!(session.poll_timeout(), Some(at(61)));
    let second = ping(&tell(&mut session, at(61)).0);
    assert_ne!(first, second);
    session.send(Message::Ping("mine".into())).unwrap();
    for payload in [&first[..], b"mine", b"", b"keepalive"] {
        assert_eq!(Keepalive::owns(payload), payload == first);
        feed(&mut session, RawFrame::pong(payload));
        assert_eq!(tell(&mut session, at(70)).1, None);
        assert_eq!(session.poll_timeout(), Some(at(81)), "{payload:?}");
    }
    feed(&mut session, RawFrame::pong(second));
    assert_eq!((tell(&mut session, at(81)).1, session.poll_timeout()), (None, Some(at(111))));
}

/// With `always` the interval runs from Ping to Ping.
#[test]
fn pings_in_every_interval() {
    let mut session = server(&Keepalive { always: true, ..PING });
    let mut pings = 0;
    for now in 1..=300 {
        feed(&mut session, RawFrame::text("data"));
        session.handle_timeout(at(now));
        session.handle_timeout(at(now));
        let bytes = written(&mut session);
        pings += u32::from(!bytes.is_empty());
        assert_eq!(!bytes.is_empty(), now % 30 == 0, "{now}");
    }
    assert_eq!(pings, 10);
}

/// Nothing received for too long: a Close with 1001, and time to answer it.
#[test]
fn an_idle_peer_is_told() {
    let mut session = server(&Keepalive { idle: Some(at(60)), ..Keepalive::default() });
    assert_eq!(session.poll_timeout(), Some(at(60)));
    feed(&mut session, RawFrame::text("data"));
    assert_eq!(session.handle_timeout(at(10)), None);
    assert_eq!(session.poll_timeout(), Some(at(70)));
    let (bytes, closed) = tell(&mut session, at(70));
    assert_eq!((bytes, closed), (RawFrame::close(1001, "").encode(), Some(Closed::Idle)));
    assert_eq!(session.transport(), Transport::ShutdownWrite);
    assert_eq!(session.poll_timeout(), Some(at(75)), "the deadline of closing");
    assert_eq!(feed(&mut session, RawFrame::text("too late")), []);
    assert_eq!(session.input_eof(), None);
    assert_eq!(session.transport(), Transport::Drop);
    assert_eq!(Closed::Idle.code().as_u16(), 1006);
}

/// Pings and their answers keep a connection from being idle.
#[test]
fn a_peer_that_answers_pings_is_not_idle() {
    let mut session = server(&Keepalive { idle: Some(at(45)), ..PING });
    for round in 1..20 {
        let payload = ping(&tell(&mut session, at(30 * round)).0);
        feed(&mut session, RawFrame::pong(payload));
        assert_eq!(session.handle_timeout(at(30 * round)), None);
    }
    // The first deadline that passes tells.
    ping(&tell(&mut session, at(600)).0);
    assert_eq!((session.poll_timeout(), tell(&mut session, at(615)).1), (Some(at(615)), Some(Closed::Idle)));
}

/// The transport takes nothing: one Ping stands in the output, however long, also where the peer goes on sending.
#[test]
fn a_ping_does_not_pile_up() {
    for queued in [1, 1 << 20] {
        let limits = Limits { queued, ..Limits::default() };
        let keepalive = Keepalive { always: true, ..PING };
        let mut session = Session::server(&limits).with_keepalive(&keepalive);
        session.handle_timeout(at(0));
        session.send("in the way").unwrap();
        let before = session.output().remaining();
        for now in 1..=1_000 {
            feed(&mut session, RawFrame::text("data"));
            assert_eq!(session.handle_timeout(at(now)), None);
        }
        assert_eq!(session.output().remaining(), before + 2 + 17);
        // And when it is out, there is another one.
        written(&mut session);
        ping(&tell(&mut session, at(1_100)).0);
    }
}

/// What is queued in front of the Ping may take its time, as long as it moves; then the answer has its own.
#[test]
fn a_slow_transport_is_no_dead_peer() {
    let mut session = server(&PING);
    session.send(vec![7; 100_000]).unwrap();
    assert_eq!(session.handle_timeout(at(30)), None);
    let mut now = 30;
    while session.output().remaining() > 1_000 {
        now += 15;
        session.output().advance(1_000);
        assert_eq!(session.handle_timeout(at(now)), None, "{now}");
        assert_eq!(session.poll_timeout(), Some(at(now + 20)));
    }
    written(&mut session);
    assert_eq!(session.handle_timeout(at(now + 1)), None);
    assert_eq!(session.poll_timeout(), Some(at(now + 21)));
    assert_eq!(session.handle_timeout(at(now + 21)), Some(Closed::Unresponsive));

    // It does not move at all.
    let mut session = server(&PING);
    session.send(vec![7; 100_000]).unwrap();
    assert_eq!(tell_only(&mut session, at(30)), None);
    assert_eq!(session.poll_timeout(), Some(at(50)));
    assert_eq!(tell_only(&mut session, at(50)), Some(Closed::Unresponsive));
}

fn tell_only(session: &mut Session<Server>, now: Duration) -> Option<Closed> {
    session.handle_timeout(now).or_else(|| session.handle_timeout(now))
}

/// Once closing has begun, nothing of it goes on.
#[test]
fn closing_has_its_own_deadline() {
    let mut session = server(&Keepalive { idle: Some(at(60)), ..PING });
    session.close(None).unwrap();
    assert_eq!(tell(&mut session, at(59)).1, None);
    assert_eq!(session.poll_timeout(), Some(at(64)));
    assert_eq!(tell(&mut session, at(64)).1, Some(Closed::TimedOut));

    // The peer's Close waits for the application's.
    let replies = Replies { close: false, ..Replies::default() };
    let mut session = Session::new(Server, &Limits::default(), replies).with_keepalive(&PING);
    session.handle_timeout(at(0));
    assert_eq!(feed(&mut session, RawFrame::close(1000, "")).len(), 1);
    assert_eq!((session.poll_timeout(), session.handle_timeout(at(1_000))), (None, None));
}

/// A client's Pings are masked.
#[test]
fn a_clients_ping_is_masked() {
    let mut session = Session::client(&Limits::default(), Counter::default()).with_keepalive(&PING);
    session.handle_timeout(at(0));
    session.handle_timeout(at(30));
    let [(OpCode::Ping, true, payload)] = &frames(Role::Server, &written(&mut session))[..] else { panic!("a Ping") };
    assert!(Keepalive::owns(payload));
}

/// A Ping goes between the fragments of a message.
#[test]
fn a_ping_between_fragments() {
    let mut session = server(&PING);
    session.sender().fragment("one", false).unwrap();
    session.handle_timeout(at(30));
    session.sender().fragment("two", true).unwrap();
    let opcodes: Vec<_> = frames(Role::Client, &written(&mut session)).into_iter().map(|frame| frame.0).collect();
    assert_eq!(opcodes, [OpCode::Text, OpCode::Ping, OpCode::Continuation]);
}

/// Halves: the receiving one says how much it took, the sending one is told when.
#[test]
fn halves_keep_alive_too() {
    let (mut receiver, mut sender) = server(&Keepalive { strict: true, idle: Some(at(60)), ..PING }).split();
    assert_eq!(sender.poll_timeout(), Some(at(30)));
    let mut input = BytesMut::from(&RawFrame::text("at 25 s").mask([1; 4]).encode()[..]);
    assert!(receiver.poll_event(&mut input).is_some());
    assert_eq!((receiver.received(), receiver.poll_timeout()), (13, None));
    sender.heard(at(25));
    assert_eq!((sender.handle_timeout(at(30)), sender.poll_timeout()), (None, Some(at(55))));
    // What was heard before the Ping does not answer it.
    assert_eq!(sender.handle_timeout(at(55)), None);
    let len = sender.output().remaining();
    let payload = ping(&sender.output().copy_to_bytes(len));
    assert_eq!((sender.handle_timeout(at(55)), sender.poll_timeout()), (None, Some(at(75))));
    sender.heard(at(54));
    assert_eq!(sender.poll_timeout(), Some(at(75)));
    let pong = EventRef::Pong(&payload);
    assert!(pong.wants_reply());
    sender.observe(&pong);
    sender.heard(at(56));
    assert_eq!(sender.poll_timeout(), Some(at(86)));
    assert_eq!(sender.handle_timeout(at(116)), Some(Closed::Idle));
    assert_eq!(receiver.end(Closed::Idle), Some(Closed::Idle));
    assert_eq!((receiver.end(Closed::Idle), receiver.is_ended()), (None, true));
    let mut late = BytesMut::from(&RawFrame::text("late").mask([1; 4]).encode()[..]);
    assert_eq!((receiver.poll_event(&mut late), late.len()), (None, 0));
}

/// Two ends keep each other alive over a slow link, byte by byte too, and both notice when it takes bytes and delivers none.
#[test]
fn two_ends_over_a_link() {
    for (strict, idle, link) in [
        (false, None, Link { latency: at(3), ..Link::default() }),
        (true, Some(at(90)), Link { latency: at(9), ..Link::bytewise() }),
    ] {
        let keepalive = Keepalive { strict, idle, ..PING };
        let client = Session::client(&Limits::default(), Counter::default()).with_keepalive(&keepalive);
        let server = Session::server(&Limits::default()).with_keepalive(&keepalive);
        let ends = (SessionEnd::new(client, Feeding::Owned), SessionEnd::new(server, Feeding::InPlace));
        let mut pair = Pair::new(ends.0, ends.1, link.clone(), link);
        pair.run_until(at(3_600));
        let kinds = |events: &[(Duration, Event)]| {
            let count = |is: fn(&Event) -> bool| events.iter().filter(|(_, event)| is(event)).count();
            let (pings, pongs) = (count(|e| matches!(e, Event::Ping(_))), count(|e| matches!(e, Event::Pong(_))));
            assert_eq!(pings + pongs, events.len(), "nothing else happened");
            (pings, pongs)
        };
        let (at_client, at_server) = (kinds(&pair.client.events), kinds(&pair.server.events));
        assert!(at_client.0 + at_server.0 >= 60 && at_client.1 + at_server.1 >= 60, "{at_client:?} {at_server:?}");

        for role in [CLIENT, SERVER] {
            pair.link_to(role).latency = at(1 << 30);
        }
        pair.run_until(at(3_800));
        for events in [&pair.client.events, &pair.server.events] {
            let Some((when, Event::Closed(closed))) = events.last() else { panic!("nobody noticed") };
            assert_eq!(*closed, Closed::Unresponsive);
            // What was under way still came, and counts from when the time was told.
            assert!((at(3_600)..=at(3_600 + 9 + 30 + 30 + 20)).contains(when), "{when:?}");
        }
    }
}

/// Times beyond what can be counted are for ever, and those of nothing are at once.
#[test]
fn extreme_times() {
    let never =
        Keepalive { ping: Some(Duration::MAX), pong: Duration::MAX, idle: Some(Duration::MAX), ..Keepalive::default() };
    let mut session = server(&never);
    assert_eq!((session.poll_timeout(), session.handle_timeout(at(1 << 60))), (Some(Duration::MAX), None));

    let mut session = Session::server(&Limits::default()).with_keepalive(&Keepalive {
        ping: Some(Duration::ZERO),
        pong: Duration::ZERO,
        ..Keepalive::default()
    });
    assert_eq!(session.handle_timeout(at(7)), None);
    assert_eq!(session.handle_timeout(at(7)), Some(Closed::Unresponsive));
    let mut session =
        Session::server(&Limits::default()).with_keepalive(&Keepalive { idle: Some(Duration::ZERO), ..PING });
    assert_eq!(session.handle_timeout(at(7)), Some(Closed::Idle));
}

#[derive(Clone, Debug)]
enum Act {
    Receive(usize),
    Pong,
    Send(usize),
    Write(usize),
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..30usize).prop_map(Act::Receive),
        Just(Act::Pong),
        (0..300usize).prop_map(Act::Send),
        (0..400usize).prop_map(Act::Write),
        Just(Act::Write(1 << 20)),
        (0..40u64).prop_map(Act::Wait),
    ]
}

proptest! {
    /// Whatever happens: who tells the time when asked to is never asked for ever, a session ends for silence only after
    /// silence, it ends if nothing is received and nothing written for long enough, and there is one Ping in the output at most.
    #[test]
    fn silence_is_what_ends(
        acts in prop::collection::vec(act(), 0..60),
        (always, strict, ping, pong, idle) in (any::<bool>(), any::<bool>(), 5..50u64, 5..50u64, prop::option::of(5..90u64)),
    ) {
        let keepalive = Keepalive { ping: Some(at(ping)), always, pong: at(pong), strict, idle: idle.map(at) };
        let mut session = Session::new(Client(Counter::default()), &Limits::default(), Replies::default())
            .with_keepalive(&keepalive);
        let (mut now, mut heard, mut end) = (0, 0, None);
        let mut wire = Vec::new();
        for act in acts {
            match act {
                Act::Receive(len) => {
                    let mut input = BytesMut::from(&RawFrame::binary(vec![0; len]).encode()[..]);
                    prop_assert_eq!(session.poll_event(&mut input).is_none(), end.is_some());
                    session.handle_timeout(at(now));
                    heard = now;
                }
                Act::Pong => {
                    wire.extend(written(&mut session));
                    let mut pings = frames(Role::Server, &wire).into_iter().filter(|frame| frame.0 == OpCode::Ping);
                    if let Some((_, _, payload)) = pings.next_back() {
                        let mut input = BytesMut::from(&RawFrame::pong(payload).encode()[..]);
                        session.poll_event(&mut input);
                        session.handle_timeout(at(now));
                        heard = now;
                    }
                }
                Act::Send(len) => prop_assert_eq!(session.send(vec![0; len]).is_err(), end.is_some()),
                Act::Write(len) => {
                    let len = len.min(session.output().remaining());
                    let mut bytes = vec![0; len];
                    session.output().copy_to_slice(&mut bytes);
                    wire.extend(bytes);
                }
                Act::Wait(seconds) => {
                    let until = now + seconds;
                    let mut asked = 0;
                    while end.is_none() && session.poll_timeout().unwrap() <= at(until) {
                        now = now.max(session.poll_timeout().unwrap().as_secs());
                        let closed = session.handle_timeout(at(now));
                        if let Some(closed) = closed {
                            match closed {
                                Closed::Idle => prop_assert_eq!(heard + idle.unwrap(), now),
                                Closed::Unresponsive => prop_assert!(strict || now >= heard + pong, "{} {}", heard, now),
                                _ => prop_assert!(false, "{:?}", closed),
                            }
                            end = Some(closed);
                        }
                        asked += 1;
                        prop_assert!(asked < 200, "asked for ever at {}", now);
                    }
                    now = until;
                }
            }
        }
        // From here on there is silence. What was written last may be noticed when the answer should have been there.
        let last = now + ping + 2 * pong;
        while end.is_none() {
            let due = session.poll_timeout().unwrap().as_secs();
            prop_assert!(due <= last, "{} {}", due, last);
            now = now.max(due);
            end = session.handle_timeout(at(now));
        }
    }
}
