//! The sessions of `switchover` in the simulator, against the model.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use switchover::frame::{CloseCode, CloseFrame};
use switchover::{Closed, Event, EventRef, Limits, Message, Session};
use switchover_testkit::frames::{self, Case, Close, Role, Verdict};
use switchover_testkit::model;
use switchover_testkit::session::{Feeding, SessionEnd, outcome};
use switchover_testkit::sim::{Advice, Endpoint, Link, Pair, ResetCause, Wire, links};

/// Small limits, and time enough to close over the slowest links.
const LIMITS: Limits = Limits {
    message: 300,
    frame: 300,
    fragments: 7,
    empty_fragments: 7,
    control: 1_000,
    queued: 1 << 20,
    close: Duration::from_secs(80_000),
};

fn feeding() -> impl Strategy<Value = Feeding> {
    select(&Feeding::ALL[..])
}

fn server(feeding: Feeding) -> SessionEnd<switchover::Server> {
    SessionEnd::new(Session::server(&LIMITS), feeding)
}

fn client(feeding: Feeding) -> SessionEnd<switchover::Client<impl FnMut() -> [u8; 4]>> {
    let mut key = 0_u32;
    let masks = move || {
        key = key.wrapping_mul(0x9E37_79B9).wrapping_add(0x7F4A_7C15);
        key.to_be_bytes()
    };
    SessionEnd::new(Session::client(&LIMITS, masks), feeding)
}

fn model_limits() -> model::Limits {
    model::Limits::from(&LIMITS)
}

/// A stream for a server or a client, valid or broken.
fn cases() -> impl Strategy<Value = (Role, Case)> {
    select(vec![Role::Client, Role::Server]).prop_flat_map(|role| {
        let case = prop_oneof![frames::valid(role), frames::broken(role, model_limits())];
        (Just(role), case)
    })
}

/// What an end has seen, its times left out.
fn events<T: Clone>(events: &[(Duration, T)]) -> Vec<T> {
    events.iter().map(|(_, event)| event.clone()).collect()
}

/// How a peer that reads what a session has written sees the end.
fn verdict(written: &[u8], reader: Role) -> Verdict {
    model::read(written, reader, &model::Limits::default()).verdict
}

proptest! {
    /// However the bytes travel, a session sees what the model sees, answers with the Close that is due, and ends without
    /// a reset.
    #[test]
    fn a_session_sees_what_the_model_sees(
        (role, case) in cases(),
        feeding in feeding(),
        to_session in links(),
        to_peer in links(),
    ) {
        let peer = Wire::new(case.bytes());
        let (seen, written, resets, ended) = match role {
            Role::Server => {
                let mut pair = Pair::new(peer, server(feeding), to_session, to_peer);
                pair.run();
                (events(&pair.server.events), pair.client.endpoint.received.clone(), pair.resets.clone(), pair.has_ended_well())
            }
            Role::Client => {
                let mut pair = Pair::new(client(feeding), peer, to_peer, to_session);
                pair.run();
                (events(&pair.client.events), pair.server.endpoint.received.clone(), pair.resets.clone(), pair.has_ended_well())
            }
        };
        let reader = if role == Role::Server { Role::Client } else { Role::Server };
        prop_assert_eq!(outcome(seen), case.expected.clone());
        prop_assert_eq!(resets, vec![]);
        match case.expected.verdict {
            Verdict::NeedMore => {}
            Verdict::Violation(violation) => {
                prop_assert!(ended);
                let close = Close { code: Some(violation.kind.close_code()), reason: String::new() };
                prop_assert_eq!(verdict(&written, reader), Verdict::Ended(close));
            }
            answered @ Verdict::Ended(_) => prop_assert_eq!(verdict(&written, reader), answered),
        }
    }

    /// Two sessions exchange messages and close, both at once or one of them, and both see all of it.
    #[test]
    fn two_sessions_understand_each_other(
        up in prop::collection::vec(message(), 0..6),
        down in prop::collection::vec(message(), 0..6),
        feedings in (feeding(), feeding()),
        to_server in links(),
        to_client in links(),
        (client_closes, server_closes) in select(vec![(true, false), (false, true), (true, true)]),
        warm_up in 0..20_usize,
    ) {
        let mut pair = Pair::new(client(feedings.0), server(feedings.1), to_server, to_client);
        for message in &up {
            prop_assert!(pair.client.endpoint.session.send(message.clone()).is_ok());
        }
        for message in &down {
            prop_assert!(pair.server.endpoint.session.send(message.clone()).is_ok());
        }
        for _ in 0..warm_up {
            pair.step();
        }
        // The other one's messages are written before its answer to the Close, because they are queued already.
        let code = |number| CloseFrame { code: CloseCode::new(number), reason: "done" };
        if client_closes {
            prop_assert!(pair.client.endpoint.session.close(code(4000)).is_ok());
        }
        if server_closes {
            prop_assert!(pair.server.endpoint.session.close(code(4001)).is_ok());
        }
        pair.run();

        let close_of = |number| Event::Closed(Closed::Peer(Some(code(number).into())));
        let without_pongs = |events: Vec<Event>| -> Vec<Event> {
            events.into_iter().filter(|event| !matches!(event, Event::Pong(_))).collect()
        };
        let expected = |sent: &[Message], close| {
            let sent = sent.iter().map(|message| match message.clone() {
                Message::Text(text) => Event::Text(text),
                Message::Binary(payload) => Event::Binary(payload),
                Message::Ping(payload) | Message::Pong(payload) => Event::Ping(payload),
            });
            sent.chain([close]).collect::<Vec<_>>()
        };
        let at_server = if client_closes { 4000 } else { 4001 };
        let at_client = if server_closes { 4001 } else { 4000 };
        let seen = without_pongs(events(&pair.server.events));
        // A Close that was answered at once carries the code of the one it answers.
        if client_closes && server_closes {
            prop_assert!([close_of(4000), close_of(4001)].contains(seen.last().unwrap()));
            prop_assert_eq!(&seen[..up.len()], &expected(&up, close_of(4000))[..up.len()]);
        } else {
            prop_assert_eq!(seen, expected(&up, close_of(at_server)));
            let seen = without_pongs(events(&pair.client.events));
            prop_assert_eq!(seen, expected(&down, close_of(at_client)));
        }
        prop_assert_eq!(&pair.resets, &[]);
        prop_assert!(pair.has_ended_well());
    }
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        "\\PC{0,60}".prop_map(Message::text),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(Message::binary),
        prop::collection::vec(any::<u8>(), 0..=125).prop_map(|payload| Message::Ping(payload.into())),
    ]
}

/// A peer that never answers a Close is waited for as long as the limits say.
#[test]
fn a_silent_peer_is_dropped_in_time() {
    let mut pair = Pair::new(client(Feeding::Owned), Wire::new(""), Link::default(), Link::default());
    pair.run();
    pair.client.endpoint.session.close(None).unwrap();
    pair.run();
    assert_eq!(pair.now(), LIMITS.close);
    assert_eq!(events(&pair.client.events), [Event::Closed(Closed::TimedOut)]);
    assert!(pair.client.has_dropped());
}

/// A peer that ends its stream without a Close is told apart from one that closes.
#[test]
fn an_end_without_a_close_is_1006() {
    let mut peer = Wire::new("");
    peer.advice = Advice::ShutdownWrite;
    let mut pair = Pair::new(peer, server(Feeding::InPlace), Link::default(), Link::default());
    pair.run();
    assert_eq!(events(&pair.server.events), [Event::Closed(Closed::Eof)]);
    assert!(pair.has_ended_well());
}

/// What an application answers inside the callback goes out, and a peer that hangs up meanwhile does no harm.
#[test]
fn an_echo_to_a_peer_that_is_gone() {
    let echo = server(Feeding::InPlace).on_event(|event, sender| {
        if let EventRef::Binary(payload) = event {
            sender.binary(payload).expect("there is room");
        }
    });
    let peer = Wire::new(frames::RawFrame::binary([7; 100]).mask([1, 2, 3, 4]).encode());
    let to_server = Link { latency: Duration::from_secs(1), ..Link::default() };
    let mut pair = Pair::new(peer, echo, to_server, Link::default());
    pair.step();
    pair.cut(Role::Client);
    pair.run();
    assert_eq!((pair.resets[0].by, pair.resets[0].cause), (Role::Client, ResetCause::Late(102)));
    assert!(pair.server.endpoint.output().is_empty());
    assert_eq!(pair.server.events.len(), 2, "the message and the end");
}
