//! Prepared messages: on the wire they are what `send` makes of them, whoever sends them and whatever comes before and behind.

use bytes::{Buf, Bytes};
use switchover::{Limits, Message, Output, Prepared, SendError, Server, Session, Side, frame::OpCode};
use switchover_testkit::alloc::measure;

use crate::common::{self, client, server, written};

/// Lengths where the header changes its form, or how a payload is queued.
const LENGTHS: [usize; 10] = [0, 1, 125, 126, 2_043, 2_044, 4_096, 65_535, 65_536, 100_000];

fn messages() -> Vec<Message> {
    let data = LENGTHS.into_iter().flat_map(|len| [Message::text("é".repeat(len / 2)), Message::from(vec![7; len])]);
    let control = [0, 125].into_iter().flat_map(|len| {
        let payload = Bytes::from(vec![9; len]);
        [Message::Ping(payload.clone()), Message::Pong(payload)]
    });
    data.chain(control).collect()
}

fn check(mut one: Session<impl Side>, mut other: Session<impl Side>) {
    for message in messages() {
        let prepared = Prepared::new(message.clone());
        assert_eq!(prepared.message(), &message);
        for _ in 0..2 {
            one.sender().send_prepared(&prepared).unwrap();
            other.send(message.clone()).unwrap();
            assert!(written(&mut one) == written(&mut other), "{} bytes", message.payload().len());
        }
    }
}

/// Both sessions of a client mask with the same keys.
#[test]
fn the_frames_are_those_of_any_message() {
    check(server(), server());
    check(client(), client());
    // Where long ones are taken apart, so are these.
    check(server().with_fragments(4_096), server().with_fragments(4_096));
    check(client().with_fragments(100), client().with_fragments(100));
}

/// One memory for all queues: nothing is copied but what is small.
#[test]
fn large_messages_are_shared() {
    for len in [2_044, 2_048, 1 << 20] {
        let prepared = Prepared::new(vec![7; len]);
        let payload = prepared.message().payload().as_ptr();
        let mut sessions: Vec<Session<Server>> = (0..100).map(|_| server()).collect();
        let ((), allocations) = measure(|| {
            for session in &mut sessions {
                session.sender().send_prepared(&prepared).unwrap();
            }
        });
        println!("{len} bytes for 100 sessions: {allocations:?}");
        assert!(allocations.live <= 100 * 300, "{allocations:?}");
        for session in &mut sessions {
            let output: &Output = session.output();
            assert_eq!(output.chunk().as_ptr_range().end, payload.wrapping_add(len));
        }
    }
}

/// And small ones are copied behind one another, to be written together.
#[test]
fn small_messages_stand_together() {
    let prepared = Prepared::new("x".repeat(1_000));
    let mut session = server();
    for _ in 0..5 {
        session.sender().send_prepared(&prepared).unwrap();
    }
    let output: &Output = session.output();
    assert_eq!(output.chunk().len(), 5 * 1_004);
}

/// What may not be sent now is given back, as `send` does it.
#[test]
fn it_is_given_back() {
    let message = Prepared::new("a message");
    let ping = Prepared::new(Message::Ping(Bytes::from_static(b"?")));
    let given_back = |result: Result<(), SendError<&Prepared>>| {
        let error = result.unwrap_err();
        assert!(core::ptr::eq(error.into_message(), &raw const message));
        error.map(|_| ())
    };

    let mut session = Session::server(&Limits { queued: 12, ..Limits::default() });
    session.sender().send_prepared(&message).unwrap();
    session.sender().send_prepared(&message).unwrap();
    assert_eq!(given_back(session.sender().send_prepared(&message)), SendError::Full(()));
    assert!(matches!(session.sender().send_prepared(&ping), Err(SendError::Full(_))));
    drop(written(&mut session));

    session.sender().fragment("a ", false).unwrap();
    assert_eq!(given_back(session.sender().send_prepared(&message)), SendError::Unfinished(()));
    session.sender().send_prepared(&ping).unwrap();
    session.sender().fragment("fragment", true).unwrap();
    let frames = common::frames(switchover::frame::Role::Client, &written(&mut session));
    let opcodes: Vec<OpCode> = frames.into_iter().map(|(opcode, ..)| opcode).collect();
    assert_eq!(opcodes, [OpCode::Text, OpCode::Ping, OpCode::Continuation]);

    session.sender().fragment("a ", false).unwrap();
    session.close(None).unwrap();
    assert_eq!(given_back(session.sender().send_prepared(&message)), SendError::Closed(()));
    assert!(matches!(session.sender().send_prepared(&ping), Err(SendError::Closed(_))));

    let long = Prepared::new(Message::Pong(vec![0; 126].into()));
    assert!(matches!(server().sender().send_prepared(&long), Err(SendError::Control(_))));
}

#[cfg(feature = "deflate")]
#[cfg(feature = "deflate")]
mod deflate {
    use super::*;
    use crate::common::deflate::{both, client, server};
    use proptest::prelude::*;
    use switchover::{
        Event,
        deflate::{Compression, TAIL},
        frame::{Decoder, DecoderConfig, Role, Rsv, Step},
        handshake::{DeflateContext, DeflateParameters},
    };
    use switchover_testkit::{
        inflate::inflate,
        session::{Feeding, Held},
    };

    #[derive(Clone, Debug)]
    enum Action {
        Send(String),
        Uncompressed(String),
        Fragments(String, String),
        Prepared(String, Compression),
        Release,
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-c]{0,300}",
            (0..40_u32, 1..3_000_usize).prop_map(|(seed, len)| (0..len)
                .map(|at| format!("{{\"id\":{},\"at\":{}}},", seed, at % 97))
                .collect::<String>()),
            Just("never twice: 0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ".to_owned()),
        ]
    }

    fn compression() -> impl Strategy<Value = Compression> {
        (0..=9_u8, 1..=9_u8, 8..=15_u8, prop_oneof![Just(0), Just(64)]).prop_map(
            |(level, memory, window_bits, threshold)| Compression {
                level,
                memory,
                window_bits,
                threshold,
                ..Compression::default()
            },
        )
    }

    fn action() -> impl Strategy<Value = Action> {
        prop_oneof![
            4 => text().prop_map(Action::Send),
            1 => text().prop_map(Action::Uncompressed),
            1 => (text(), text()).prop_map(|(first, second)| Action::Fragments(first, second)),
            4 => (text(), compression()).prop_map(|(text, compression)| Action::Prepared(text, compression)),
            1 => Just(Action::Release),
        ]
    }

    fn act(session: &mut Session<impl Side>, action: Action) -> Option<String> {
        let sender = session.sender();
        match action {
            Action::Send(text) => sender.send(text.clone()).map(|()| Some(text)).unwrap(),
            Action::Uncompressed(text) => sender.send_uncompressed(text.clone()).map(|()| Some(text)).unwrap(),
            Action::Fragments(first, second) => {
                sender.fragment(first.clone(), false).unwrap();
                sender.fragment(second.clone(), true).unwrap();
                Some(first + &second)
            }
            Action::Prepared(text, compression) => {
                sender.send_prepared(&Prepared::compressed(text.clone(), &compression)).unwrap();
                Some(text)
            }
            Action::Release => {
                sender.release_memory();
                None
            }
        }
    }

    fn arrives(
        sender: &mut Session<impl Side>,
        receiver: &mut Session<impl Side>,
        actions: &[Action],
        feeding: Feeding,
    ) {
        let mut held = Held::default();
        for action in actions {
            let sent: Vec<Event> =
                act(sender, action.clone()).map(|text| Event::Text(text.into())).into_iter().collect();
            let bytes = written(sender);
            assert!(feeding.feed(receiver, &mut held, &bytes, |_, _| {}) == sent, "{action:?}");
        }
    }

    /// A server's frames inflated by the book, with a window of what was compressed before; the most that a match reached back.
    fn farthest(bytes: &[u8], takeover: bool) -> usize {
        let mut decoder = Decoder::new(Role::Client, DecoderConfig { rsv: Rsv::RSV1, ..DecoderConfig::default() });
        let (mut bytes, mut window, mut message, mut farthest) = (bytes.to_vec(), Vec::new(), Vec::new(), 0);
        let (mut rest, mut compressed) = (&mut bytes[..], false);
        while let Ok(Step::Done { piece, consumed }) = decoder.decode(rest) {
            compressed =
                if piece.header.opcode == OpCode::Continuation { compressed } else { !piece.header.rsv.is_empty() };
            message.extend_from_slice(&rest[piece.payload]);
            if piece.header.fin && compressed {
                let inflated = inflate(&[&message[..], &TAIL].concat(), &window);
                farthest = farthest.max(inflated.farthest);
                if takeover {
                    window.extend(inflated.bytes);
                }
            }
            if piece.header.fin {
                message.clear();
            }
            rest = &mut rest[consumed..];
        }
        farthest
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        /// Deflate: between messages compressed by the session, in fragments, or not at all, with takeover and without, prepared
        /// ones arrive, and leave both windows the same.
        #[test]
        fn prepared_messages_arrive(
            context in (8..=15_u8, any::<bool>()).prop_map(|(window_bits, takeover)| DeflateContext { window_bits, takeover }),
            own in compression(),
            actions in prop::collection::vec(action(), 1..16),
            feeding in prop::sample::select(&Feeding::ALL[..]),
        ) {
            let agreed = DeflateParameters { server: context, client: context };
            let limits = Limits::default();
            let make = || (server(agreed, &limits, &own), client(agreed, &limits, &own));
            let (mut one, mut other) = make();
            arrives(&mut one, &mut other, &actions, feeding);
            arrives(&mut other, &mut one, &actions, feeding);
            // And no match reaches farther back than was agreed on.
            let mut session = make().0;
            let bytes: Vec<u8> = actions
                .into_iter()
                .flat_map(|action| {
                    act(&mut session, action);
                    written(&mut session)
                })
                .collect();
            prop_assert!(farthest(&bytes, context.takeover) <= 1 << context.window_bits);
        }
    }

    fn is_compressed(session: &mut Session<Server>, prepared: &Prepared) -> bool {
        session.sender().send_prepared(prepared).unwrap();
        written(session)[0] & 0x40 != 0
    }

    /// Compressed it goes only where that was agreed on, where it is worth it, and where the window is large enough for it.
    #[test]
    fn the_form_suits_the_session() {
        let default = Compression::default();
        let limits = Limits::default();
        let text = |len: usize| "some text, ".chars().cycle().take(len).collect::<String>();
        for (len, bits, agreed, expected) in [
            (5_000, 12, 15, true),
            (5_000, 12, 12, true),
            (5_000, 12, 11, false),
            // No match reaches back farther than to the first byte.
            (2_048, 12, 11, true),
            (2_049, 12, 11, false),
            (256, 15, 8, true),
            (257, 15, 8, false),
            (257, 8, 8, true),
            // Below the threshold.
            (63, 12, 15, false),
            (64, 12, 15, true),
        ] {
            let prepared = Prepared::compressed(text(len), &Compression { window_bits: bits, ..default });
            for takeover in [true, false] {
                let compressed = is_compressed(&mut server(both(agreed, takeover), &limits, &default), &prepared);
                assert_eq!(compressed, expected, "{len} bytes, {bits} bits where {agreed} were agreed on");
            }
            assert!(!is_compressed(&mut super::server(), &prepared));
        }
        let noise: Vec<u8> = (0..200_u32).map(|at| at.wrapping_mul(0x9E37_79B9).to_be_bytes()[0]).collect();
        let ping = Message::Ping(vec![0; 125].into());
        for prepared in
            [Prepared::compressed(noise, &default), Prepared::compressed(ping, &default), Prepared::new(text(500))]
        {
            assert!(!is_compressed(&mut server(both(15, true), &limits, &default), &prepared));
        }
    }

    /// What was prepared is in the window of what comes behind it, and what was before stays there.
    #[test]
    fn the_window_goes_on() {
        let compression = Compression { window_bits: 15, ..Compression::default() };
        let text: String = (0..400_u32).map(|at| format!("{:08x}", at.wrapping_mul(0x9E37_79B9))).collect();
        let other: String = (0..400_u32).map(|at| format!("{:08x}", at.wrapping_mul(0x85EB_CA6B))).collect();
        let mut session = server(both(15, true), &Limits::default(), &compression);
        session.send(other.clone()).unwrap();
        let first = written(&mut session).len();
        session.sender().send_prepared(&Prepared::compressed(text.clone(), &compression)).unwrap();
        drop(written(&mut session));
        for message in [text, other] {
            session.send(message).unwrap();
            assert!(written(&mut session).len() * 20 < first);
        }
    }

    /// Who sends nothing but prepared messages needs no memory to compress.
    #[test]
    fn no_memory_is_made_for_it() {
        let prepared = Prepared::compressed("some text, ".repeat(1_000), &Compression::default());
        let mut session = server(both(15, true), &Limits::default(), &Compression::default());
        let (bytes, allocations) = measure(|| {
            session.sender().send_prepared(&prepared).unwrap();
            let len = session.output().remaining();
            session.output().advance(len);
            len
        });
        assert!(bytes < 300, "{bytes}");
        assert!(allocations.live == 0 && allocations.peak < 1_024, "{allocations:?}");
    }
}
