//! A session that became a few bytes and came back is as if it had never gone.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use switchover::{
    Client, Closed, Event, HibernateError, Limits, Message, Options, Replies, ResumeError, Server, Session, Side,
    frame::{ProtocolErrorKind, Role},
};
use switchover_testkit::{
    frames::{self, RawFrame},
    model,
    session::{Feeding, Held},
    split,
};

use crate::common::written;

/// The same keys in every process.
type Masks = fn() -> [u8; 4];

const CLIENT: Client<Masks> = Client(|| [1, 2, 3, 4]);

fn options() -> Options {
    Options { limits: Limits { message: 200, fragments: 8, ..Limits::default() }, ..Options::default() }
}

fn new<S: Side>(side: S, options: &Options) -> Session<S> {
    Session::new(side, &options.limits, options.replies)
}

/// Hibernates and resumes where that is possible; returns whether it was.
fn travel<S: Side + Copy>(session: Session<S>, side: S, options: &Options) -> (Session<S>, bool) {
    match session.hibernate() {
        Ok(state) => {
            assert!(state.len() <= 64 || state[1] & 2 != 0, "{} bytes", state.len());
            (Session::resume(side, &state, options).unwrap(), true)
        }
        Err(error) => (error.into_session(), false),
    }
}

/// What a session makes of a stream, if it travels at every opportunity, or never: events, output, and how often it did.
fn live<S: Side + Copy>(
    mut session: Session<S>,
    side: S,
    options: &Options,
    feeding: Feeding,
    pieces: &[&[u8]],
    travels: bool,
) -> (Vec<Event>, Vec<u8>, usize) {
    let (mut events, mut output, mut count) = (Vec::new(), Vec::new(), 0);
    let (mut buffer, mut held) = (BytesMut::new(), Held::default());
    let mut rest = |session: Session<S>, output: &mut Vec<u8>| {
        // Whoever has something to write does not travel.
        let mut session = session;
        output.extend(written(&mut session));
        if !travels {
            return session;
        }
        let (session, travelled) = travel(session, side, options);
        count += usize::from(travelled);
        session
    };
    for piece in pieces {
        match feeding {
            Feeding::Owned => {
                buffer.extend_from_slice(piece);
                while let Some(event) = session.poll_event(&mut buffer) {
                    events.push(event);
                    session = rest(session, &mut output);
                }
            }
            Feeding::OwnedParts => {
                buffer.extend_from_slice(piece);
                while let Some(part) = session.poll_part(&mut buffer) {
                    events.extend(held.join(&part.as_ref()));
                    session = rest(session, &mut output);
                }
            }
            Feeding::InPlace => {
                let mut copy = piece.to_vec();
                let mut input = &mut copy[..];
                while let Some((event, _)) = session.receive(&mut input) {
                    events.push(event.to_owned());
                    session = rest(session, &mut output);
                }
            }
            Feeding::Parts => {
                let mut copy = piece.to_vec();
                let mut input = &mut copy[..];
                while let Some((part, _)) = session.receive_part(&mut input) {
                    events.extend(held.join(&part));
                    session = rest(session, &mut output);
                }
            }
        }
        session = rest(session, &mut output);
    }
    (events, output, count)
}

fn is_the_same<S: Side + Copy>(side: S, feeding: Feeding, pieces: &[&[u8]]) -> usize {
    let options = options();
    let (events, output, _) = live(new(side, &options), side, &options, feeding, pieces, false);
    let (moved_events, moved_output, count) = live(new(side, &options), side, &options, feeding, pieces, true);
    assert_eq!(events, moved_events);
    assert_eq!(output, moved_output);
    count
}

fn case(role: frames::Role) -> impl Strategy<Value = frames::Case> {
    let limits = model::Limits::from(&options().limits);
    prop_oneof![frames::valid(role), frames::broken(role, limits)]
}

proptest! {
    /// Messages, answers, the end, and what is wrong where: all is the same, wherever a stream is cut, for both roles and every
    /// way of feeding.
    #[test]
    fn nothing_changes(
        to_server in case(frames::Role::Server),
        to_client in case(frames::Role::Client),
        cuts in split::random_cuts(),
        bytewise in any::<bool>(),
    ) {
        for feeding in Feeding::ALL {
            for (case, is_server) in [(&to_server, true), (&to_client, false)] {
                let bytes = case.bytes();
                let pieces = if bytewise { split::bytewise(&bytes) } else { cuts.pieces(&bytes) };
                if is_server {
                    is_the_same(Server, feeding, &pieces);
                } else {
                    is_the_same(CLIENT, feeding, &pieces);
                }
            }
        }
    }

    /// Whatever the bytes are, resuming does not panic, and neither does a session that came of it; and what is resumed
    /// hibernates to the same bytes.
    #[test]
    fn any_bytes_may_be_resumed(state in state(), input in prop::collection::vec(any::<u8>(), 0..100)) {
        resume_and_feed(Server, &state, input.clone())?;
        resume_and_feed(CLIENT, &state, input)?;
    }
}

/// Bytes that are a state, or nearly one, or not at all.
fn state() -> impl Strategy<Value = Vec<u8>> {
    let context = prop_oneof![8..=15_u8, (0x88..=0x8F_u8), any::<u8>()];
    let window = prop_oneof![Just(0..=0_usize), Just(0..=300), Just(32_760..=32_770)]
        .prop_flat_map(|len| prop::collection::vec(any::<u8>(), len));
    let near = (
        prop_oneof![4 => Just(1), 1 => any::<u8>()],
        prop_oneof![8 => 0..4_u8, 1 => any::<u8>()],
        prop_oneof![any::<u64>(), 0..1_000_000_u64, Just(i64::MAX as u64), Just(1 << 63)],
        prop::option::of((context.clone(), context, window, prop_oneof![8 => Just(0_u16), 1 => any::<u16>()])),
    )
        .prop_map(|(version, flags, offset, deflate)| {
            let mut state = vec![version, flags];
            state.extend(offset.to_be_bytes());
            if let Some((server, client, window, lie)) = deflate {
                state.extend([server, client]);
                state.extend(u16::try_from(window.len()).unwrap().wrapping_add(lie).to_be_bytes());
                state.extend(window);
            }
            state
        });
    prop_oneof![4 => near, 1 => prop::collection::vec(any::<u8>(), 0..40)]
}

fn resume_and_feed<S: Side + Copy>(side: S, state: &[u8], mut input: Vec<u8>) -> Result<(), TestCaseError> {
    let options = Options::default();
    let Ok(session) = Session::resume(side, state, &options) else { return Ok(()) };
    let again = session.hibernate().map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(&again[..], state);
    let mut session =
        Session::resume(side, &again, &options).map_err(|error| TestCaseError::fail(error.to_string()))?;
    let mut input = &mut input[..];
    while session.receive(&mut input).is_some() {}
    Ok(())
}

/// A state in which every octet is checked, and cut off anywhere.
#[test]
fn a_state_has_one_form() {
    let options = Options::default();
    let state = new(Server, &options).hibernate().unwrap();
    assert_eq!(state, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let resume = |state: &[u8]| Session::resume(Server, state, &options).map(|_| ()).unwrap_err();
    for len in 0..state.len() {
        assert_eq!(resume(&state[..len]), ResumeError::Malformed, "{len}");
    }
    assert_eq!(resume(&[&state[..], &[0]].concat()), ResumeError::Malformed);
    for version in [0, 2, 255] {
        assert_eq!(resume(&[&[version], &state[1..]].concat()), ResumeError::Version(version));
    }
    assert_eq!(resume(&[&[1, 1], &state[2..]].concat()), ResumeError::Role);
    assert_eq!(Session::resume(CLIENT, &state, &options).map(|_| ()), Err(ResumeError::Role));
    for flag in [4, 8, 16, 32, 64, 128] {
        assert_eq!(resume(&[&[1, flag], &state[2..]].concat()), ResumeError::Malformed, "{flag}");
    }
    assert_eq!(resume(&[1, 0, 0x80, 0, 0, 0, 0, 0, 0, 0]), ResumeError::Malformed);
    for error in [ResumeError::Version(2), ResumeError::Malformed, ResumeError::Role, ResumeError::Deflate] {
        assert!(error.to_string().contains("state"));
    }
}

/// Where a session stands in the middle of something, it comes back with the reason, and goes on.
#[test]
fn in_the_middle_it_is_given_back() {
    let stream = [
        RawFrame::text("one ").fin(false).mask([1, 2, 3, 4]).encode(),
        RawFrame::ping("?").mask([1, 2, 3, 4]).encode(),
        RawFrame::continuation("message").mask([1, 2, 3, 4]).encode(),
        RawFrame::pong("!").mask([1, 2, 3, 4]).encode(),
        RawFrame::binary("another").mask([1, 2, 3, 4]).encode(),
    ];
    let ends = [stream[..3].concat().len(), stream[..4].concat().len(), stream.concat().len()];
    let stream = stream.concat();
    for feeding in Feeding::ALL {
        let mut session = new(Server, &Options::default());
        let (mut held, mut count) = (Held::default(), 0);
        for (at, byte) in stream.iter().enumerate() {
            count += feeding.feed(&mut session, &mut held, &[*byte], |_, _| {}).len();
            drop(written(&mut session));
            session = match session.hibernate() {
                Ok(state) => {
                    assert!(ends.contains(&(at + 1)), "{at}");
                    assert_eq!(state[2..], (at as u64 + 1).to_be_bytes());
                    Session::resume(Server, &state, &Options::default()).unwrap()
                }
                Err(HibernateError::Receiving(session)) => {
                    assert!(!ends.contains(&(at + 1)), "{at}");
                    session
                }
                Err(error) => panic!("{error}"),
            };
        }
        assert_eq!(count, 4);
    }

    let mut session = new(Server, &Options::default());
    session.send("queued").unwrap();
    let error = session.hibernate().unwrap_err();
    assert!(matches!(error, HibernateError::Output(_)) && error.to_string().contains("written"));
    let mut session = error.into_session();
    assert_eq!(written(&mut session), b"\x81\x06queued");

    session.sender().fragment("half", false).unwrap();
    drop(written(&mut session));
    let error = session.hibernate().unwrap_err();
    assert!(matches!(error, HibernateError::Sending(_)) && error.to_string().contains("sent"));
    let mut session = error.into_session();
    session.sender().fragment(" and half", true).unwrap();
    assert_eq!(written(&mut session), b"\x80\x09 and half");

    assert!(session.hibernate().is_ok());
}

/// The reason is the same about a session and about what it is a part of.
#[test]
fn an_error_can_be_about_something_else() {
    let reasons = [HibernateError::Receiving, HibernateError::Sending, HibernateError::Output, HibernateError::Closing];
    for reason in reasons {
        let (without, session) = reason(1).into_parts();
        assert_eq!((without.map(|()| 2), session), (reason(1).map(|one| one + 1), 1));
    }
}

/// What ends a session; it is given a Close of the peer's.
type End = fn(&mut Session<Server>, Vec<u8>);

/// A connection that has begun to end is brought to its end where it is.
#[test]
fn a_closing_session_stays() {
    let close = RawFrame::close(1000, "").mask([1, 2, 3, 4]).encode();
    let unanswered = Replies { close: false, ..Replies::default() };
    let ends: [End; 5] = [
        |session, _| session.close(None).unwrap(),
        |session, mut close| assert!(session.receive(&mut &mut close[..]).is_some()),
        |session, _| assert_eq!(session.input_eof(), Some(Closed::Eof)),
        |session, _| assert_eq!(session.abort(), Some(Closed::Eof)),
        |session, _| assert!(session.receive(&mut &mut [0x7F, 0xFF][..]).is_some()),
    ];
    for (at, end) in ends.iter().enumerate() {
        for replies in [Replies::default(), unanswered] {
            let mut session = Session::new(Server, &Limits::default(), replies);
            end(&mut session, close.clone());
            drop(written(&mut session));
            let error = session.hibernate().unwrap_err();
            assert!(matches!(error, HibernateError::Closing(_)) && error.to_string().contains("closing"), "{at}");
        }
    }
    assert!(matches!(
        Session::refused(b"HTTP/1.1 400 Bad Request\r\n\r\n").hibernate(),
        Err(HibernateError::Closing(_))
    ));
    assert!(matches!(
        Session::accepted(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", &Limits::default()).hibernate(),
        Err(HibernateError::Output(_))
    ));
}

/// Limits and replies are those of the process that resumes.
#[test]
fn the_options_are_given_again() {
    let state = new(Server, &Options::default()).hibernate().unwrap();
    let mut strict = options();
    strict.replies.pong = false;
    let mut session = Session::resume(Server, &state, &strict).unwrap();
    let mut stream =
        [RawFrame::ping("?").mask([1, 2, 3, 4]).encode(), RawFrame::binary(vec![0; 201]).mask([1, 2, 3, 4]).encode()]
            .concat();
    let mut input = &mut stream[..];
    assert!(session.receive(&mut input).is_some());
    assert!(session.output().is_empty());
    let Some((event, _)) = session.receive(&mut input) else { panic!("an event") };
    let Event::Closed(Closed::Violation(error)) = event.to_owned() else { panic!("{event:?}") };
    assert_eq!((error.kind(), error.offset()), (ProtocolErrorKind::PayloadTooLong(201), 7 + 2));
}

/// Halves that meet again are the session.
#[test]
fn halves_are_joined() {
    let (receiver, sender) = new(CLIENT, &Options::default()).split();
    let mut session = Session::join(receiver, sender);
    session.send(Message::Ping(Bytes::new())).unwrap();
    assert_eq!(written(&mut session), [0x89, 0x80, 1, 2, 3, 4]);
    assert_eq!(<Client<Masks> as Side>::ROLE, Role::Client);
}

#[cfg(not(feature = "deflate"))]
#[test]
fn a_program_that_cannot_compress_says_so() {
    let state = [1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 15, 15, 0, 0];
    assert_eq!(Session::resume(Server, &state, &Options::default()).map(|_| ()), Err(ResumeError::Deflate));
}

#[cfg(feature = "deflate")]
mod deflate {
    use super::*;
    use switchover::{
        Prepared,
        deflate::{Compression, Deflater, Settings},
        handshake::{DeflateContext, DeflateParameters},
    };

    fn context() -> impl Strategy<Value = DeflateContext> {
        (8..=15_u8, any::<bool>()).prop_map(|(window_bits, takeover)| DeflateContext { window_bits, takeover })
    }

    fn options() -> Options {
        Options { compression: Compression { threshold: 0, ..Compression::default() }, ..Options::default() }
    }

    fn new<S: Side>(side: S, agreed: DeflateParameters) -> Session<S> {
        super::new(side, &options()).with_deflate(Some(agreed), &options().compression)
    }

    #[derive(Clone, Debug)]
    enum Action {
        Send(String),
        Uncompressed(String),
        Fragments(String, String),
        Prepared(String),
        Ping,
    }

    fn action() -> impl Strategy<Value = Action> {
        let text = prop_oneof![
            "[a-c]{0,100}",
            (0..40_u32, 1..2_000_usize).prop_map(|(seed, len)| (0..len)
                .map(|at| format!("{{\"id\":{},\"at\":{}}},", seed, at % 97))
                .collect::<String>()),
        ]
        .boxed();
        prop_oneof![
            4 => text.clone().prop_map(Action::Send),
            1 => text.clone().prop_map(Action::Uncompressed),
            1 => (text.clone(), text.clone()).prop_map(|(first, second)| Action::Fragments(first, second)),
            1 => text.prop_map(Action::Prepared),
            1 => Just(Action::Ping),
        ]
    }

    fn act(session: &mut Session<impl Side>, action: &Action) -> Event {
        let sender = session.sender();
        match action.clone() {
            Action::Send(text) => sender.send(text.clone()).map(|()| Event::Text(text.into())).unwrap(),
            Action::Uncompressed(text) => {
                sender.send_uncompressed(text.clone()).map(|()| Event::Text(text.into())).unwrap()
            }
            Action::Fragments(first, second) => {
                sender.fragment(first.clone(), false).unwrap();
                sender.fragment(second.clone(), true).unwrap();
                Event::Text((first + &second).into())
            }
            Action::Prepared(text) => {
                sender.send_prepared(&Prepared::compressed(text.clone(), &options().compression)).unwrap();
                Event::Text(text.into())
            }
            Action::Ping => sender.send(Message::Ping(Bytes::new())).map(|()| Event::Ping(Bytes::new())).unwrap(),
        }
    }

    fn speaks<A: Side + Copy, B: Side + Copy>(
        (mut one, mut other): (Session<A>, Session<B>),
        (a, b): (A, B),
        actions: &[(Action, bool, bool)],
    ) -> (Session<A>, Session<B>) {
        let mut input = BytesMut::new();
        for (action, first_moves, second_moves) in actions {
            let sent = act(&mut one, action);
            input.extend_from_slice(&written(&mut one));
            assert_eq!(other.poll_event(&mut input), Some(sent), "{action:?}");
            drop(written(&mut other));
            if *first_moves {
                one = travel(one, a, &options()).0;
            }
            if *second_moves {
                let travelled;
                (other, travelled) = travel(other, b, &options());
                assert!(travelled && input.is_empty());
            }
        }
        (one, other)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        /// Deflate: two ends speak, each of which moves now and then: all arrives, whatever of the windows was agreed on. The
        /// answers to Pings are thrown away.
        #[test]
        fn windows_come_along(
            (server, client) in (context(), context()),
            there in prop::collection::vec((action(), any::<bool>(), any::<bool>()), 0..10),
            back in prop::collection::vec((action(), any::<bool>(), any::<bool>()), 0..10),
        ) {
            let agreed = DeflateParameters { server, client };
            let ends = speaks((new(Server, agreed), new(CLIENT, agreed)), (Server, CLIENT), &there);
            speaks((ends.1, ends.0), (CLIENT, Server), &back);
        }

        /// Of one stream the session that moves makes the same as the one that stays, however the stream is cut.
        #[test]
        fn nothing_changes(
            context in context(),
            actions in prop::collection::vec(action(), 0..10),
            cuts in split::random_cuts(),
            feeding in prop::sample::select(&Feeding::ALL[..]),
        ) {
            let agreed = DeflateParameters { server: context, client: context };
            let options = options();
            let (mut server, mut client) = (new(Server, agreed), new(CLIENT, agreed));
            let stream = |session: &mut dyn FnMut(&Action) -> Vec<u8>| actions.iter().flat_map(session).collect::<Vec<u8>>();
            let to_client = stream(&mut |action| { act(&mut server, action); written(&mut server) });
            let to_server = stream(&mut |action| { act(&mut client, action); written(&mut client) });
            let lives = |travels| {
                let (client, server) = (cuts.pieces(&to_client), cuts.pieces(&to_server));
                let (events, output, _) = live(new(CLIENT, agreed), CLIENT, &options, feeding, &client, travels);
                let (more, answers, _) = live(new(Server, agreed), Server, &options, feeding, &server, travels);
                (events, output, more, answers)
            };
            prop_assert!(lives(true) == lives(false));
        }
    }

    /// 14 bytes and the window, where it is taken over.
    #[test]
    fn a_state_has_one_form() {
        let server = DeflateContext { window_bits: 9, takeover: false };
        let client = DeflateContext { window_bits: 10, takeover: true };
        let mut session = new(Server, DeflateParameters { server, client });
        session.send("Hello, Hello, Hello").unwrap();
        drop(written(&mut session));
        let mut payload = Vec::new();
        let settings = Settings { window_bits: 10, level: 6, memory: 5 };
        Deflater::new(settings).deflate(b"Hello", true, &mut payload);
        let mut frame = RawFrame::text(payload).rsv(0x40).mask([1, 2, 3, 4]).encode();
        assert!(session.receive(&mut &mut frame[..]).is_some());
        let state = session.hibernate().unwrap();
        let offset = u8::try_from(frame.len()).unwrap();
        let expected = [&[1, 2, 0, 0, 0, 0, 0, 0, 0, offset, 9, 0x80 | 10, 0, 5][..], b"Hello"].concat();
        assert_eq!(state, expected);
        for len in 0..state.len() {
            let cut = Session::resume(Server, &state[..len], &options());
            assert_eq!(cut.map(|_| ()), Err(ResumeError::Malformed), "{len}");
        }
        let refused = |at: usize, byte: u8| {
            let mut state = state.clone();
            state[at] = byte;
            assert_eq!(Session::resume(Server, &state, &options()).map(|_| ()), Err(ResumeError::Malformed));
        };
        for at in [10, 11] {
            [0, 7, 16, 0x40 | 9, 0x87, 0xFF].into_iter().for_each(|byte| refused(at, byte));
        }
        // The window of a direction that takes none over, and longer ones than were agreed on.
        refused(11, 10);
        let mut long = [&state[..12], &(1_025_u16).to_be_bytes(), &[7; 1_025]].concat();
        assert_eq!(Session::resume(Server, &long, &options()).map(|_| ()), Err(ResumeError::Malformed));
        long.pop();
        long[13] = 0;
        assert!(Session::resume(Server, &long, &options()).is_ok());
    }
}
