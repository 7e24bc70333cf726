//! Compressed messages as a session sends them: what one end compresses the other inflates, whatever happens between.

use bytes::Bytes;
use core::time::Duration;
use proptest::prelude::*;
use switchover::{
    Event, Limits, Message, Prepared, SendError, Server, Session, Side, Text,
    deflate::{Compression, DeflatePool, TAIL},
    frame::{Decoder, DecoderConfig, FrameHeader, OpCode, Role, Rsv, Step},
    handshake::{DeflateContext, DeflateParameters},
};
use switchover_testkit::{
    alloc::measure,
    frames::RawFrame,
    inflate::inflate,
    session::{Feeding, Held},
};

use crate::common::deflate::{RSV1, both, client, deflater, server};
use crate::common::written;

/// The frames in what a server wrote, their payloads as they travel.
fn frames(bytes: &[u8]) -> Vec<(FrameHeader, Vec<u8>)> {
    let mut decoder = Decoder::new(Role::Client, DecoderConfig { rsv: Rsv::RSV1, ..DecoderConfig::default() });
    let mut bytes = bytes.to_vec();
    let mut rest = &mut bytes[..];
    let mut frames = Vec::new();
    while let Ok(Step::Done { piece, consumed }) = decoder.decode(rest) {
        assert!(piece.first && piece.last);
        frames.push((piece.header, rest[piece.payload].to_vec()));
        rest = &mut rest[consumed..];
    }
    assert!(rest.is_empty());
    frames
}

/// What an application does with one end.
#[derive(Clone, Debug)]
enum Action {
    Send(Message),
    Uncompressed(Message),
    Fragments(Vec<String>, bool),
    /// Gives memory back, in the middle of a message too.
    Release,
    /// The other end reads what was written, in pieces of this size.
    Deliver(usize),
}

fn action() -> impl Strategy<Value = Action> {
    let text = prop_oneof![
        "[a-c]{0,300}".prop_map(Text::from),
        (0..40_u32, 1..4_000_usize).prop_map(|(seed, len)| {
            (0..len).map(|at| format!("{{\"id\":{},\"at\":{}}},", seed, at % 97)).collect::<String>().into()
        }),
    ];
    let binary = (any::<u32>(), 0..3_000_u32).prop_map(|(seed, len)| {
        (0..len).map(|at| (at ^ seed).wrapping_mul(0x9E37_79B9).to_be_bytes()[0]).collect::<Vec<u8>>()
    });
    let message = prop_oneof![
        3 => text.prop_map(Message::Text),
        2 => binary.prop_map(Message::from),
        1 => Just(Message::Ping(Bytes::from_static(b"?"))),
    ]
    .boxed();
    prop_oneof![
        5 => message.clone().prop_map(Action::Send),
        1 => message.prop_map(Action::Uncompressed),
        2 => (prop::collection::vec("[a-c]{0,90}", 1..5), any::<bool>())
            .prop_map(|(fragments, compress)| Action::Fragments(fragments, compress)),
        1 => Just(Action::Release),
        2 => prop_oneof![1..10_usize, 100..5_000_usize].prop_map(Action::Deliver),
    ]
}

fn context() -> impl Strategy<Value = DeflateContext> {
    (8..=15_u8, any::<bool>()).prop_map(|(window_bits, takeover)| DeflateContext { window_bits, takeover })
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

/// Runs with the memory of a pool, if there is one.
fn pooled<S: Side, T>(
    session: &mut Session<S>,
    pool: &mut Option<DeflatePool>,
    run: impl FnOnce(&mut Session<S>) -> T,
) -> T {
    match pool {
        Some(pool) => run(&mut session.lend_pool(pool)),
        None => run(session),
    }
}

fn event(message: Message) -> Event {
    match message {
        Message::Text(text) => Event::Text(text),
        Message::Binary(payload) => Event::Binary(payload),
        Message::Ping(payload) => Event::Ping(payload),
        Message::Pong(payload) => Event::Pong(payload),
    }
}

/// Applies the actions to one end and returns what was sent and what the other received.
fn talk<S: Side, R: Side>(
    sender: &mut Session<S>,
    receiver: &mut Session<R>,
    actions: Vec<Action>,
    feeding: Feeding,
    pool: &mut Option<DeflatePool>,
) -> (Vec<Event>, Vec<Event>) {
    let (mut sent, mut received, mut held) = (Vec::new(), Vec::new(), Held::default());
    for action in actions.into_iter().chain([Action::Deliver(usize::MAX)]) {
        if !sender.sender().has_room() {
            // The rest of a message that is sent in fragments of one size.
            for piece in written(sender).chunks(1_000) {
                received.extend(pooled(receiver, pool, |receiver| feeding.feed(receiver, &mut held, piece, |_, _| {})));
            }
        }
        match action {
            Action::Send(message) => {
                sent.push(event(message.clone()));
                pooled(sender, pool, |sender| sender.send(message)).unwrap();
            }
            Action::Uncompressed(message) => {
                sent.push(event(message.clone()));
                pooled(sender, pool, |sender| sender.sender().send_uncompressed(message)).unwrap();
            }
            Action::Fragments(fragments, compress) => {
                sent.push(Event::Text(fragments.concat().into()));
                let last = fragments.len() - 1;
                for (index, fragment) in fragments.into_iter().enumerate() {
                    pooled(sender, pool, |sender| {
                        let sender = sender.sender();
                        match compress {
                            true => sender.fragment(fragment, index == last),
                            false => sender.fragment_uncompressed(fragment, index == last),
                        }
                    })
                    .unwrap();
                    if index == 1 {
                        sender.release_memory();
                    }
                }
            }
            Action::Release => {
                sender.release_memory();
                receiver.release_memory();
            }
            Action::Deliver(size) => {
                for piece in written(sender).chunks(size) {
                    received
                        .extend(pooled(receiver, pool, |receiver| feeding.feed(receiver, &mut held, piece, |_, _| {})));
                }
            }
        }
    }
    (sent, received)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Every window, takeover or not, every setting, both roles, every feeding, with a pool and without; messages that are
    /// compressed, not compressed, in fragments; memory given back at any time: all of it arrives.
    #[test]
    fn messages_arrive(
        (to_client, to_server) in (context(), context()),
        (ours, theirs) in (compression(), compression()),
        actions in prop::collection::vec(action(), 0..16),
        answers in prop::collection::vec(action(), 0..6),
        feeding in prop::sample::select(&Feeding::ALL[..]),
        pool in any::<bool>(),
        fragments in prop::option::of(1..500_usize),
    ) {
        let agreed = DeflateParameters { server: to_client, client: to_server };
        let limits = Limits::default();
        let (mut server, mut client) = (server(agreed, &limits, &ours), client(agreed, &limits, &theirs));
        if let Some(size) = fragments {
            (server, client) = (server.with_fragments(size), client.with_fragments(size));
        }
        let mut pool = pool.then(DeflatePool::new);
        let (sent, received) = talk(&mut server, &mut client, actions, feeding, &mut pool);
        prop_assert_eq!(sent, received);
        // The client answers Pings, which are not counted here.
        drop(written(&mut client));
        let (sent, received) = talk(&mut client, &mut server, answers, feeding, &mut pool);
        prop_assert_eq!(sent, received);
    }
}

fn default_server(agreed: DeflateParameters) -> Session<Server> {
    server(agreed, &Limits::default(), &Compression::default())
}

/// What is on the wire: RSV1 in the first frame alone, and of an empty last fragment one byte.
#[test]
fn fragments() {
    let mut server = default_server(both(15, true));
    let sender = server.sender();
    sender.fragment("Hello, ", false).unwrap();
    sender.send(Message::Ping(Bytes::from_static(b"!"))).unwrap();
    sender.fragment("", false).unwrap();
    sender.fragment("world", false).unwrap();
    sender.fragment("", true).unwrap();
    let frames = frames(&written(&mut server));
    let headers: Vec<_> = frames.iter().map(|(header, _)| (header.opcode, header.fin, header.rsv)).collect();
    assert_eq!(
        headers,
        [
            (OpCode::Text, false, Rsv::RSV1),
            (OpCode::Ping, true, Rsv::NONE),
            (OpCode::Continuation, false, Rsv::NONE),
            (OpCode::Continuation, false, Rsv::NONE),
            (OpCode::Continuation, true, Rsv::NONE),
        ]
    );
    assert_eq!((&frames[2].1[..], &frames[4].1[..]), (&b""[..], &[0][..]));
    let payload = [0, 3, 4].map(|index| &frames[index].1[..]).concat();
    assert_eq!(inflate(&[&payload[..], &TAIL].concat(), b"").bytes, b"Hello, world");
}

/// Messages go as they are below the threshold, where their sender says so, and where compressing makes them longer and may be
/// taken back.
#[test]
fn not_everything_is_compressed() {
    let incompressible: Vec<u8> = (0..200_u32).map(|at| at.wrapping_mul(0x9E37_79B9).to_be_bytes()[0]).collect();
    for takeover in [true, false] {
        let mut server = default_server(both(15, takeover));
        server.send("x".repeat(63)).unwrap();
        server.send("x".repeat(64)).unwrap();
        server.sender().send_uncompressed("x".repeat(64)).unwrap();
        server.sender().binary(&[0; 64]).unwrap();
        server.sender().fragment_uncompressed("x".repeat(64), false).unwrap();
        server.sender().fragment("x".repeat(64), true).unwrap();
        server.send(incompressible.clone()).unwrap();
        server.send(incompressible.clone()).unwrap();
        server.send(Message::Ping(vec![0; 125].into())).unwrap();
        let compressed: Vec<bool> =
            frames(&written(&mut server)).iter().map(|(header, _)| header.rsv == Rsv::RSV1).collect();
        // The second time it is found in the window.
        assert_eq!(compressed, [false, true, false, true, false, false, takeover, takeover, false], "{takeover}");
    }
    let mut server = Session::server(&Limits::default()).with_deflate(None, &Compression::default());
    server.send("x".repeat(1000)).unwrap();
    assert_eq!(frames(&written(&mut server))[0].0.rsv, Rsv::NONE);
}

/// A message that is given back, because the output is full or another is not finished, has not been compressed: the window is
/// that of what was sent.
#[test]
fn what_is_given_back_leaves_no_trace() {
    let limits = Limits { queued: 100, ..Limits::default() };
    let compression = Compression { threshold: 0, ..Compression::default() };
    let mut server = server(both(15, true), &limits, &compression);
    let mut sent = Vec::new();
    let mut refused = 0;
    for number in 0..200_u32 {
        let text = format!("message {} of {}", number, number.wrapping_mul(0x9E37_79B9));
        match server.send(text.clone()) {
            Ok(()) => sent.push(text),
            Err(error) => {
                assert!(matches!(error, SendError::Full(message) if message.payload() == text.as_bytes()));
                assert!(matches!(server.sender().fragment("fragment", false), Err(SendError::Full(_))));
                refused += 1;
                check(&mut server, &mut sent);
            }
        }
    }
    assert!(refused > 10, "{refused}");
    check(&mut server, &mut sent);
    // And another message while one is sent in fragments.
    server.sender().fragment("in ", false).unwrap();
    assert!(matches!(server.send("other other other"), Err(SendError::Unfinished(_))));
    server.sender().fragment("fragments", true).unwrap();
    server.send("other other other").unwrap();
    let mut window = sent.concat().into_bytes();
    let mut texts = Vec::new();
    for (_, payload) in frames(&written(&mut server)) {
        let text = inflate(&[&payload[..], &TAIL].concat(), &window).bytes;
        window.extend(&text);
        texts.push(String::from_utf8(text).unwrap());
    }
    assert_eq!(texts[texts.len() - 3..], ["in ", "fragments", "other other other"]);
}

/// What was written inflates to what was sent, all of it since the beginning being the window.
fn check(server: &mut Session<Server>, sent: &mut [String]) {
    let frames = frames(&written(server));
    let (before, now) = sent.split_at(sent.len() - frames.len());
    let mut window = before.concat().into_bytes();
    for ((_, payload), text) in frames.iter().zip(now) {
        assert_eq!(inflate(&[&payload[..], &TAIL].concat(), &window).bytes, text.as_bytes());
        window.extend(text.as_bytes());
    }
}

/// A session uses no larger window than it was told to, whatever was agreed on.
#[test]
fn a_smaller_window_may_be_used() {
    for (agreed, own, expected) in [(15, 10, 10), (10, 15, 10), (8, 15, 8)] {
        let compression = Compression { window_bits: own, ..Compression::default() };
        let mut server = server(both(agreed, true), &Limits::default(), &compression);
        let noise: Vec<u8> = (0..5_000_u32).map(|at| at.wrapping_mul(0x9E37_79B9).to_be_bytes()[0]).collect();
        for period in [200, 700, 5_000] {
            server.send(noise[..period].repeat(3)).unwrap();
        }
        let mut window = Vec::new();
        for (_, payload) in frames(&written(&mut server)) {
            let inflated = inflate(&[&payload[..], &TAIL].concat(), &window);
            assert!(inflated.farthest <= 1 << expected, "{agreed}, {own}: {}", inflated.farthest);
            window.extend(inflated.bytes);
        }
    }
}

/// One pool for sessions whose messages come interleaved, in halves: each keeps what it needs of it.
#[test]
fn a_pool_serves_many() {
    for takeover in [true, false] {
        let mut pool = DeflatePool::new();
        let mut sessions: Vec<_> = (0..5).map(|_| default_server(both(12, takeover))).collect();
        let mut received = vec![Vec::new(); 5];
        let mut deflaters: Vec<_> = (0..5).map(|_| deflater()).collect();
        for round in 0..4 {
            let streams: Vec<Vec<u8>> = (0..5)
                .map(|of| {
                    if !takeover {
                        deflaters[of].reset();
                    }
                    let mut payload = Vec::new();
                    deflaters[of].deflate(format!("round {round} of session {of}").as_bytes(), true, &mut payload);
                    RawFrame::text(payload).rsv(RSV1).mask([1, 2, 3, 4]).encode()
                })
                .collect();
            for half in 0..2 {
                for (of, session) in sessions.iter_mut().enumerate() {
                    let (first, second) = streams[of].split_at(streams[of].len() / 2);
                    let mut bytes = if half == 0 { first.to_vec() } else { second.to_vec() };
                    let mut input = &mut bytes[..];
                    let mut session = session.lend_pool(&mut pool);
                    while let Some((event, sender)) = session.receive(&mut input) {
                        received[of].push(event.to_owned());
                        sender.text(&format!("answer {round} of session {of}, {}", "!".repeat(50))).unwrap();
                    }
                }
            }
        }
        for (of, session) in sessions.iter_mut().enumerate() {
            let texts: Vec<Event> =
                (0..4).map(|round| Event::Text(format!("round {round} of session {of}").into())).collect();
            assert_eq!(received[of], texts);
            let mut window = Vec::new();
            for (round, (_, payload)) in frames(&written(session)).into_iter().enumerate() {
                let inflated = inflate(&[&payload[..], &TAIL].concat(), &window);
                assert_eq!(inflated.bytes, format!("answer {round} of session {of}, {}", "!".repeat(50)).as_bytes());
                if takeover {
                    window.extend(inflated.bytes);
                }
            }
        }
    }
}

/// Level 0: RFC 7692, section 6, lets a message go as it is, and nothing would be gained by saying that it is compressed.
#[test]
fn at_level_0_nothing_is_compressed() {
    let compression = Compression { level: 0, threshold: 0, ..Compression::default() };
    let text = "x".repeat(1_000);
    for takeover in [true, false] {
        let prepared = Prepared::compressed(text.clone(), &compression);
        let mut server = server(both(15, takeover), &Limits::default(), &compression);
        let ((), allocations) = measure(|| {
            server.send(text.clone()).unwrap();
            server.sender().fragment(text.clone(), true).unwrap();
            server.sender().fragment(text.clone(), false).unwrap();
            server.sender().fragment(text.clone(), true).unwrap();
            server.sender().send_prepared(&prepared).unwrap();
        });
        assert!(allocations.peak < 20 << 10, "no memory to compress with: {allocations:?}");
        let frames = frames(&written(&mut server));
        assert_eq!(frames.len(), 5);
        assert!(frames.iter().all(|(header, payload)| header.rsv == Rsv::NONE && *payload == text.as_bytes()));
    }
}

/// However a connection ends while it has the memory of a pool, the memory to compress with comes back, and more so where the
/// application wants to be rid of it.
#[test]
fn a_pool_gets_its_memory_back_from_a_connection_that_ends() {
    let ways: [fn(&mut Session<Server>); 5] = [
        |session| session.close(None).unwrap(),
        |session| {
            session.input_eof();
        },
        |session| {
            session.abort();
        },
        |session| {
            session.close(None).unwrap();
            session.handle_timeout(Duration::ZERO);
            session.handle_timeout(Duration::from_secs(60));
        },
        |session| session.release_memory(),
    ];
    for fragments in [None, Some(100)] {
        for end in ways {
            let mut pool = DeflatePool::new();
            for round in 0..2 {
                let mut session = default_server(both(12, false));
                if let Some(size) = fragments {
                    session = session.with_fragments(size);
                }
                let ((), allocations) = measure(|| {
                    let mut session = session.lend_pool(&mut pool);
                    session.send("to compress".repeat(100)).unwrap();
                    end(&mut session);
                });
                assert_eq!(allocations.peak < 20 << 10, round == 1, "{allocations:?}");
            }
        }
    }
}

/// Alone, such a connection holds no memory to compress with while its closing takes its time.
#[test]
fn a_closing_connection_holds_no_memory_to_compress_with() {
    for takeover in [true, false] {
        let mut server = default_server(both(12, takeover));
        let ((), allocations) = measure(|| {
            server.send("to compress".repeat(100)).unwrap();
            server.close(None).unwrap();
        });
        assert!(allocations.live < 1 << 10, "{allocations:?}");
    }
}
