//! Messages to frames: fragments, the high-water mark, Pongs, masking, and buffers on loan.

use bytes::{Buf, Bytes, BytesMut};
use proptest::prelude::*;
use switchover::{
    Client, Closed, EventRef, Limits, Message, Replies, SendError, Server, Session, Text, Transport,
    frame::{OpCode, Role},
};
use switchover_testkit::{
    frames::{self as wire, Event, RawFrame},
    session::Feeding,
};

use crate::common::{self, Counter, client, frames, read, server, written};

fn message() -> impl Strategy<Value = Message> {
    let payload = |max| prop::collection::vec(any::<u8>(), 0..max).prop_map(Bytes::from);
    prop_oneof![
        ".{0,80}".prop_map(|text| Message::Text(Text::from(text))),
        payload(300).prop_map(Message::Binary),
        prop_oneof![Just(125), Just(126), Just(4095), Just(4096), Just(65_535), Just(65_536), Just(20_000)]
            .prop_map(|len| Message::binary(vec![7; len])),
        payload(126).prop_map(Message::Ping),
        payload(126).prop_map(Message::Pong),
    ]
}

fn event(message: &Message) -> Event {
    match message {
        Message::Text(text) => Event::Text(text.to_string()),
        Message::Binary(payload) => Event::Binary(payload.to_vec()),
        Message::Ping(payload) => Event::Ping(payload.to_vec()),
        Message::Pong(payload) => Event::Pong(payload.to_vec()),
    }
}

proptest! {
    /// What one end sends, the other receives: decode(encode(x)) = x.
    #[test]
    fn messages_arrive(messages in prop::collection::vec(message(), 0..12), piece in 1..5000_usize) {
        let (mut client, mut server) = (client(), server());
        // Some payloads have another owner and cannot be masked in place.
        let kept: Vec<Message> = messages.iter().step_by(2).cloned().collect();
        let expected: Vec<Event> = messages.iter().map(event).collect();
        for message in messages {
            client.send(message.clone()).unwrap();
            server.send(message).unwrap();
        }
        for (role, bytes) in [(wire::Role::Server, written(&mut client)), (wire::Role::Client, written(&mut server))] {
            for feeding in Feeding::ALL {
                let pieces: Vec<&[u8]> = bytes.chunks(piece).collect();
                let (outcome, _) = read(role, &Limits::default(), feeding, &pieces);
                prop_assert_eq!(&outcome.events, &expected);
            }
        }
        drop(kept);
    }
}

/// 5.4: text in fragments, with a Ping between them.
#[test]
fn fragments() {
    let mut server = server();
    let sender = server.sender();
    sender.fragment("Hel", false).unwrap();
    sender.send(Message::Ping(Bytes::from_static(b"!"))).unwrap();
    assert_eq!(sender.send("other"), Err(SendError::Unfinished("other".into())));
    assert_eq!(sender.text("other"), Err(SendError::Unfinished("other")));
    assert_eq!(sender.fragment(binary_message(), true), Err(SendError::Unfinished(binary_message())));
    let ping = Message::Ping(Bytes::new());
    assert_eq!(sender.fragment(ping.clone(), true), Err(SendError::Control(ping)));
    sender.fragment("lo", true).unwrap();
    sender.send("next").unwrap();
    sender.fragment("unfinished", false).unwrap();
    sender.close(None).unwrap();
    assert_eq!(sender.send("late"), Err(SendError::Closed("late".into())));
    assert_eq!(sender.fragment(binary_message(), true), Err(SendError::Closed(binary_message())));
    assert_eq!(sender.send(Message::Ping(Bytes::new())), Err(SendError::Closed(Message::Ping(Bytes::new()))));
    let expected = wire::encode(&[
        RawFrame::text("Hel").fin(false),
        RawFrame::ping("!"),
        RawFrame::continuation("lo"),
        RawFrame::text("next"),
        RawFrame::text("unfinished").fin(false),
        RawFrame::new(8, []),
    ]);
    assert_eq!(written(&mut server), expected);
}

/// 5.4: a long message in fragments of one size, as the output is drained; what must not wait for its end stands between them.
#[test]
fn fragments_of_one_size() {
    let mut server = server().with_fragments(100);
    let payload: Vec<u8> = (0..450_u32).map(|at| at.to_le_bytes()[0]).collect();
    let ping = |payload: &'static str| Message::Ping(payload.into());
    server.send(payload.clone()).unwrap();
    assert!(!server.sender().has_room());
    assert_eq!(server.send("next"), Err(SendError::Full("next".into())));
    assert_eq!(server.sender().text("next"), Err(SendError::Full("next")));
    assert_eq!(server.sender().fragment("next", false), Err(SendError::Full("next".into())));
    assert_eq!(server.output().remaining(), 102, "one fragment waits");
    server.send(ping("a")).unwrap();
    let mut bytes = Vec::new();
    let mut step = |server: &mut Session<Server>, len: usize| {
        let output = server.output();
        bytes.extend_from_slice(&output.copy_to_bytes(len));
    };
    step(&mut server, 102);
    server.send(ping("b")).unwrap();
    step(&mut server, 5);
    assert_eq!(server.output().remaining(), 102 + 1, "another one, when less waits than a fragment");
    server.sender().observe(&EventRef::Ping(b"c"));
    while !server.output().is_empty() {
        step(&mut server, 1);
    }
    assert!(server.sender().has_room());
    // Not longer than a fragment, and longer by one byte.
    server.send("x".repeat(100)).unwrap();
    server.send("y".repeat(101)).unwrap();
    server.sender().close(None).unwrap();
    bytes.extend(written(&mut server));
    let continuation = |range: core::ops::Range<usize>| RawFrame::continuation(&payload[range]);
    let expected = wire::encode(&[
        RawFrame::binary(&payload[..100]).fin(false),
        RawFrame::ping("a"),
        RawFrame::ping("b"),
        continuation(100..200).fin(false),
        RawFrame::new(10, "c"),
        continuation(200..300).fin(false),
        continuation(300..400).fin(false),
        continuation(400..450),
        RawFrame::text("x".repeat(100)),
        RawFrame::text("y".repeat(100)).fin(false),
        RawFrame::continuation("y"),
        RawFrame::new(8, []),
    ]);
    assert_eq!(bytes, expected);
}

/// A message of some fragments exactly has no empty one behind them, and the next one waits as long as one whole fragment does.
#[test]
fn fragments_of_one_size_exactly() {
    let mut server = server().with_fragments(100);
    server.send("x".repeat(200)).unwrap();
    server.output().advance(2);
    assert_eq!(server.output().remaining(), 100);
    server.output().advance(1);
    assert_eq!(server.output().remaining(), 99 + 102);
    assert!(server.sender().has_room());
    server.output().advance(99);
    assert_eq!(written(&mut server), RawFrame::continuation("x".repeat(100)).encode());
    // A size of nothing is one byte.
    let mut server = common::server().with_fragments(0);
    server.send("ab").unwrap();
    let expected = [RawFrame::text("a").fin(false), RawFrame::continuation("b")];
    assert_eq!(written(&mut server), wire::encode(&expected));
}

/// Such a message, from a client, whole on the other side, and what becomes of it where the connection ends.
#[test]
fn fragments_of_one_size_and_the_end() {
    let text = "Gr\u{fc}\u{df}e ".repeat(100);
    let mut client = client().with_fragments(7);
    client.send(text.clone()).unwrap();
    let (outcome, _) = read(wire::Role::Server, &Limits::default(), Feeding::Owned, &[&written(&mut client)]);
    assert_eq!(outcome.events, [Event::Text(text.clone())]);
    // The peer's end comes first: all of it is written all the same.
    client.send(text.clone()).unwrap();
    client.input_eof();
    assert_eq!(client.transport(), Transport::Flush);
    let (outcome, _) = read(wire::Role::Server, &Limits::default(), Feeding::Owned, &[&written(&mut client)]);
    assert_eq!(outcome.events, [Event::Text(text.clone())]);
    assert_eq!(client.transport(), Transport::Drop);
    // Given up, nothing more is made of it.
    let mut server = server().with_fragments(7);
    server.send(text).unwrap();
    server.abort();
    assert_eq!((server.transport(), server.output().remaining()), (Transport::Drop, 9));
}

fn binary_message() -> Message {
    Message::binary(&b"?"[..])
}

/// 5.5: a control frame has at most 125 bytes.
#[test]
fn a_ping_that_is_too_long() {
    let mut server = server();
    let ping = Message::Ping(vec![0; 126].into());
    assert_eq!(server.send(ping.clone()), Err(SendError::Control(ping)));
    assert!(server.output().is_empty());
    server.send(Message::Ping(vec![0; 125].into())).unwrap();
}

/// The high-water mark: the message that crosses it is the last one, and comes back afterwards.
#[test]
fn a_full_output_gives_the_message_back() {
    let mut server = Session::server(&Limits { queued: 10, ..Limits::default() });
    server.send("12345678").unwrap();
    assert_eq!(server.output().remaining(), 10);
    assert_eq!(server.send("9"), Err(SendError::Full("9".into())));
    assert_eq!(server.sender().fragment("9", true), Err(SendError::Full("9".into())));
    assert_eq!(server.send("9").unwrap_err().into_message(), "9".into());
    let ping = Message::Ping(Bytes::new());
    assert_eq!(server.send(ping.clone()), Err(SendError::Full(ping)));
    server.output().advance(1);
    server.send("9").unwrap();

    let mut server = Session::server(&Limits { queued: 0, ..Limits::default() });
    server.send("an empty queue takes any message").unwrap();
    assert_eq!(server.send("9"), Err(SendError::Full("9".into())));
}

/// 5.1 and 5.3: every frame of a client is masked, with a key of its own; the payload is as long as before.
#[test]
fn a_client_masks_every_frame_with_a_fresh_key() {
    let mut client = client();
    for _ in 0..3 {
        client.send(vec![0; 5]).unwrap();
    }
    let bytes = written(&mut client);
    let keys: Vec<&[u8]> = bytes.chunks(11).map(|frame| &frame[2..6]).collect();
    assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
    for frame in bytes.chunks(11) {
        assert_eq!(frame[..2], [0x82, 0x85]);
        assert_eq!(&frame[6..10], &frame[2..6], "zeroes show the key");
    }
}

/// Pings that arrive together are answered one by one.
#[test]
fn ten_pings_have_ten_pongs() {
    let mut server = server();
    let mut pings: Vec<u8> = (0..10).flat_map(|n| RawFrame::ping([n; 125]).mask([1, 2, 3, 4]).encode()).collect();
    let mut input = &mut pings[..];
    while server.receive(&mut input).is_some() {}
    let pongs: Vec<RawFrame> = (0..10).map(|n| RawFrame::pong([n; 125])).collect();
    assert_eq!(written(&mut server), wire::encode(&pongs));
}

/// Feeds a flood of Pings without writing, and returns how many answers are queued.
fn flood(server: &mut Session<Server>) -> u32 {
    for n in 0..10_000_u32 {
        let mut ping = RawFrame::ping(n.to_be_bytes()).mask([1, 2, 3, 4]).encode();
        let mut input = &mut ping[..];
        assert!(matches!(server.receive(&mut input), Some((EventRef::Ping(_), _))));
        assert!(server.output().remaining() < 4096 + 131);
    }
    u32::try_from(server.output().remaining() / 6).unwrap()
}

fn pongs(numbers: impl Iterator<Item = u32>) -> Vec<(OpCode, bool, Vec<u8>)> {
    numbers.map(|n| (OpCode::Pong, true, n.to_be_bytes().to_vec())).collect()
}

/// 5.5.3: a flood of Pings whose answers nobody reads costs no more memory than a few KiB: the latest one waits.
#[test]
fn a_ping_flood_is_answered_with_the_latest() {
    let mut server = server();
    let queued = flood(&mut server);
    assert!(queued < 1_000);
    assert_eq!(frames(Role::Client, &written(&mut server)), pongs((0..queued).chain([9_999])));
}

/// The one that waits is in the output as soon as it may go, and counts for what the transport is told.
#[test]
fn a_waiting_pong_follows_by_itself() {
    let mut server = server();
    let queued = flood(&mut server);
    server.input_eof();
    let output = server.output();
    output.advance(output.remaining() - 1);
    output.advance(1);
    assert_eq!(output.remaining(), 6);
    assert_eq!(server.transport(), Transport::Flush);
    assert_eq!(frames(Role::Client, &written(&mut server)), pongs([9_999].into_iter()));
    assert_eq!(server.transport(), Transport::Drop);
    assert!(queued > 0);
}

/// A Ping that cannot be is not answered.
#[test]
fn observing_a_ping_that_no_receiver_gives() {
    let mut server = server();
    server.sender().observe(&EventRef::Ping(&[0; 126]));
    assert!(server.output().is_empty());
    server.sender().observe(&EventRef::Ping(&[0; 125]));
    assert_eq!(written(&mut server), RawFrame::pong([0; 125]).encode());
}

/// A Pong that waits goes out before the Close.
#[test]
fn a_waiting_pong_goes_before_the_close() {
    let mut server = server();
    let queued = flood(&mut server);
    server.close(None).unwrap();
    let mut expected = pongs((0..queued).chain([9_999]));
    expected.push((OpCode::Close, true, vec![]));
    assert_eq!(frames(Role::Client, &written(&mut server)), expected);
    assert_eq!(server.transport(), Transport::Open, "the client's Close is awaited");
}

#[test]
fn replies_can_be_turned_off() {
    let mut server = Session::new(Server, &Limits::default(), Replies { pong: false, ..Replies::default() });
    let mut input = BytesMut::from(&RawFrame::ping("?").mask([1; 4]).encode()[..]);
    assert!(server.poll_event(&mut input).is_some());
    assert!(server.output().is_empty());
}

/// Large payloads are not copied: the slices to write point into the message.
#[test]
fn a_large_payload_is_written_from_where_it_is() {
    let payload = Bytes::from(vec![5; 100_000]);
    let mut server = server();
    server.send(payload.clone()).unwrap();
    let mut slices = [&[][..]; 4];
    assert_eq!(server.output().slices(&mut slices), 2);
    assert_eq!(slices[1].as_ptr(), payload.as_ptr());
    #[cfg(feature = "std")]
    {
        let mut slices = [std::io::IoSlice::new(&[]); 4];
        let output = server.output();
        assert_eq!(output.chunks_vectored(&mut slices), 2);
        assert_eq!(slices[1].as_ptr(), payload.as_ptr());
    }

    let mut client = Session::new(Client(Counter::default()), &Limits::default(), Replies::default());
    let unique = payload.as_ptr();
    client.send(payload).unwrap();
    let mut slices = [&[][..]; 4];
    client.output().slices(&mut slices);
    assert_ne!(slices[1].as_ptr(), unique, "the server's queue owns it too");
}

#[test]
fn a_client_masks_a_payload_of_its_own_in_place() {
    let payload = Bytes::from(vec![5; 100_000]);
    let address = payload.as_ptr();
    let mut client = client();
    client.send(payload).unwrap();
    let mut slices = [&[][..]; 4];
    assert_eq!(client.output().slices(&mut slices), 2);
    assert_eq!(slices[1].as_ptr(), address);
    assert!(frames(Role::Server, &written(&mut client)) == [(OpCode::Binary, true, vec![5; 100_000])]);
}

/// One buffer serves many sessions; one that cannot write keeps what it has.
#[test]
fn a_lent_buffer() {
    let mut buffer = Vec::with_capacity(1 << 16);
    let address = buffer.as_ptr();
    let (mut first, mut second) = (server(), server());
    for session in [&mut first, &mut second] {
        let mut session = session.lend(&mut buffer);
        session.send("hello").unwrap();
        assert_eq!(session.output().chunk().as_ptr(), address);
        let len = session.output().remaining();
        session.output().advance(len);
        assert_eq!(session.transport(), Transport::Open);
    }
    assert_eq!(buffer.as_ptr(), address);

    let mut lent = first.lend(&mut buffer);
    lent.send("stuck").unwrap();
    drop(lent);
    assert_eq!(buffer.as_ptr(), address, "a session that cannot write keeps only what it has to");
    assert_eq!(written(&mut first), RawFrame::text("stuck").encode());
}

/// The edge between copying and sharing.
#[test]
fn payloads_from_4_kib_on_are_shared() {
    for (len, expected) in [(4095, 1), (4096, 2)] {
        let mut server = server();
        server.send(vec![7; len]).unwrap();
        let mut slices = [&[][..]; 4];
        assert_eq!(server.output().slices(&mut slices), expected);
    }
}

/// Whether there is room is told before, and is what sending answers.
#[test]
fn room() {
    let mut server = Session::server(&Limits { queued: 10, ..Limits::default() });
    for text in ["1234567", "8"] {
        assert!(server.sender().has_room());
        server.send(text).unwrap();
    }
    assert!(!server.sender().has_room());
    assert!(server.send("9").is_err());
    server.output().advance(3);
    assert!(server.sender().has_room());
}

/// 5.5.2: a Ping is answered "unless it already received a Close frame", also where the halves are apart.
#[test]
fn a_ping_behind_a_close_is_not_answered() {
    let reason = || EventRef::Closed(Closed::Peer(None));
    for replies in [Replies::default(), Replies { close: false, ..Replies::default() }] {
        let (_, mut sender) = Session::new(Server, &Limits::default(), replies).split();
        sender.observe(&EventRef::Ping(b"a"));
        sender.observe(&reason());
        sender.observe(&EventRef::Ping(b"b"));
        let mut expected = RawFrame::pong("a").encode();
        if replies.close {
            expected.extend(RawFrame::new(8, []).encode());
        }
        let output = sender.output();
        assert_eq!(output.copy_to_bytes(output.remaining()), expected);
    }
    // Behind our own it is.
    let mut server = server();
    server.close(None).unwrap();
    server.sender().observe(&EventRef::Ping(b"c"));
    assert_eq!(written(&mut server), wire::encode(&[RawFrame::new(8, []), RawFrame::pong("c")]));
}
