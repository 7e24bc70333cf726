//! Messages received in parts, of a connection and of a half.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod common;

use std::{future::ready, time::Duration};

use bytes::BytesMut;
use common::{frame, pair};
use switchover_testkit::alloc::measure;
use switchover_tokio::{
    Choice, Closed, Event, HibernateError, Keepalive, Limits, Message, Offer, Options, Part, ReceiveHalf, Server,
    WebSocket, accept_with, connect_with,
    switchover::{
        frame::{FrameHeader, Mask, OpCode, Rsv},
        handshake::Agreement,
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split},
    net::TcpListener,
    time::{Instant, sleep},
};

/// A server, whole or in halves.
enum End {
    Whole(Box<WebSocket<DuplexStream, Server>>),
    Half(Box<ReceiveHalf<ReadHalf<DuplexStream>, WriteHalf<DuplexStream>, Server>>),
}

impl End {
    /// Both, each with the other end of its transport.
    fn both(options: &Options, capacity: usize) -> [(DuplexStream, Self); 2] {
        [false, true].map(|in_halves| {
            let (near, far) = duplex(capacity);
            let whole = WebSocket::new(far, Server, Agreement::default(), BytesMut::new(), options);
            if !in_halves {
                return (near, Self::Whole(Box::new(whole)));
            }
            (near, Self::Half(Box::new(whole.split_with(split).0)))
        })
    }

    async fn part(&mut self) -> Option<Part> {
        match self {
            Self::Whole(whole) => whole.receive_part().await.unwrap(),
            Self::Half(receiver) => receiver.receive_part().await.unwrap(),
        }
    }

    async fn receive(&mut self) -> Option<Event> {
        match self {
            Self::Whole(whole) => whole.receive().await.unwrap(),
            Self::Half(receiver) => receiver.receive().await.unwrap(),
        }
    }

    /// Waits for an event and gives up at once.
    async fn receive_in_vain(&mut self) {
        tokio::select! {
            biased;
            event = self.receive() => panic!("{event:?}"),
            () = ready(()) => {}
        }
    }
}

fn binary(payload: &[u8], last: bool) -> Option<Part> {
    Some(Part::Binary { payload: payload.to_vec().into(), last })
}

fn text(payload: &[u8], last: bool) -> Option<Part> {
    Some(Part::Text { payload: payload.to_vec().into(), last })
}

/// The header of a client's frame whose mask does nothing.
fn header(opcode: OpCode, fin: bool, payload_len: u64) -> Vec<u8> {
    FrameHeader { fin, rsv: Rsv::NONE, opcode, mask: Some(Mask::new([0; 4])), payload_len }.encode().to_vec()
}

/// Inside of frames, of characters, and between fragments: what has arrived is given out, and nothing else. The answer to a Ping
/// leaves because somebody waits for a part, and the connection ends in order.
#[tokio::test]
async fn parts_come_as_they_arrive() {
    for (mut near, mut end) in End::both(&Options::default(), 1_000) {
        near.write_all(&header(OpCode::Text, false, 5)).await.unwrap();
        for byte in "é√".bytes() {
            near.write_all(&[byte]).await.unwrap();
            assert_eq!(end.part().await, text(&[byte], false));
        }
        near.write_all(&header(OpCode::Continuation, false, 0)).await.unwrap();
        let ping = frame(OpCode::Ping, b"still there?", true);
        let (asked, answering) = ping.split_at(9);
        near.write_all(asked).await.unwrap();
        tokio::select! {
            biased;
            part = end.part() => panic!("{part:?}"),
            () = ready(()) => {}
        }
        near.write_all(answering).await.unwrap();
        assert_eq!(end.part().await, Some(Part::Ping("still there?".into())));
        let answered = async {
            let mut pong = [0; 14];
            near.read_exact(&mut pong).await.unwrap();
            assert_eq!(pong[..], frame(OpCode::Pong, b"still there?", false));
            near.write_all(&header(OpCode::Continuation, true, 0)).await.unwrap();
        };
        assert_eq!(tokio::join!(end.part(), answered).0, text(b"", true));
        let closing = async {
            near.write_all(&frame(OpCode::Pong, b"unasked", true)).await.unwrap();
            near.write_all(&frame(OpCode::Close, &[3, 232], true)).await.unwrap();
            let mut close = Vec::new();
            near.read_to_end(&mut close).await.unwrap();
            assert_eq!(close, frame(OpCode::Close, &[3, 232], false));
            drop(near);
        };
        let receiving = async {
            assert_eq!(end.part().await, Some(Part::Pong("unasked".into())));
            let Some(Part::Closed(closed)) = end.part().await else { panic!("not closed") };
            assert_eq!(closed.code().as_u16(), 1000);
            assert_eq!(end.part().await, None);
        };
        tokio::join!(closing, receiving);
    }
}

/// What is asked for may change at any time; of a message that was given out in part, the rest is passed over.
#[tokio::test]
async fn messages_and_parts_take_turns() {
    for (mut near, mut end) in End::both(&Options::default(), 1_000) {
        // A whole message was waited for, which has begun, in a frame and in fragments.
        let whole = frame(OpCode::Binary, b"in one frame", true);
        near.write_all(&whole[..10]).await.unwrap();
        end.receive_in_vain().await;
        near.write_all(&whole[10..]).await.unwrap();
        assert_eq!(end.part().await, binary(b"in one frame", true));
        near.write_all(&header(OpCode::Text, false, 3)).await.unwrap();
        near.write_all(b"in ").await.unwrap();
        end.receive_in_vain().await;
        near.write_all(&header(OpCode::Continuation, true, 9)).await.unwrap();
        near.write_all(b"frag").await.unwrap();
        end.receive_in_vain().await;
        near.write_all(b"ments").await.unwrap();
        assert_eq!(end.part().await, text(b"in fragments", true));

        // A part was waited for, and the message has begun with nothing to give out.
        near.write_all(&header(OpCode::Text, false, 0)).await.unwrap();
        near.write_all(&header(OpCode::Ping, true, 4)).await.unwrap();
        near.write_all(b"pi").await.unwrap();
        tokio::select! {
            biased;
            part = end.part() => panic!("{part:?}"),
            () = ready(()) => {}
        }
        near.write_all(b"ng").await.unwrap();
        assert_eq!(end.receive().await, Some(Event::Ping("ping".into())));
        near.write_all(&header(OpCode::Continuation, true, 5)).await.unwrap();
        near.write_all(b"wh").await.unwrap();
        end.receive_in_vain().await;
        near.write_all(b"ole").await.unwrap();
        assert_eq!(end.receive().await, Some(Event::Text("whole".into())));

        // The same, and then it was a part that was waited for.
        near.write_all(&header(OpCode::Binary, true, 6)).await.unwrap();
        tokio::select! {
            biased;
            part = end.part() => panic!("{part:?}"),
            () = ready(()) => {}
        }
        near.write_all(b"joi").await.unwrap();
        end.receive_in_vain().await;
        near.write_all(b"ne").await.unwrap();
        assert_eq!(end.part().await, binary(b"joine", false));
        near.write_all(b"d").await.unwrap();
        assert_eq!(end.part().await, binary(b"d", true));

        // The rest of a message is none.
        near.write_all(&header(OpCode::Binary, true, 6)).await.unwrap();
        near.write_all(b"given").await.unwrap();
        assert_eq!(end.part().await, binary(b"given", false));
        end.receive_in_vain().await;
        near.write_all(b"!").await.unwrap();
        near.write_all(&frame(OpCode::Binary, b"next", true)).await.unwrap();
        assert_eq!(end.part().await, binary(b"next", true));
        near.write_all(&header(OpCode::Binary, true, 6)).await.unwrap();
        near.write_all(b"given").await.unwrap();
        assert_eq!(end.part().await, binary(b"given", false));
        near.write_all(b"!").await.unwrap();
        near.write_all(&frame(OpCode::Text, b"next", true)).await.unwrap();
        assert_eq!(end.receive().await, Some(Event::Text("next".into())));
    }
}

/// A connection in the middle of a message stays where it is, and then goes on.
#[tokio::test]
async fn a_message_in_parts_is_finished_before_moving() {
    let [(mut near, end), _] = End::both(&Options::default(), 1_000);
    let End::Whole(mut end) = end else { panic!("a whole one") };
    near.write_all(&header(OpCode::Binary, true, 2)).await.unwrap();
    near.write_all(b"a").await.unwrap();
    assert_eq!(end.receive_part().await.unwrap(), binary(b"a", false));
    let Err(HibernateError::Receiving(mut end)) = end.hibernate() else { panic!("not in a message") };
    near.write_all(b"b").await.unwrap();
    assert_eq!(end.receive_part().await.unwrap(), binary(b"b", true));
    assert!(end.hibernate().is_ok());
}

/// The limit of a message holds for the sum of its parts, in one frame and in many; what came before has been given out.
#[tokio::test]
async fn a_limit_in_the_middle_of_a_message() {
    let limits = Limits { message: 100, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let too_much = [header(OpCode::Continuation, true, 41), vec![7; 41]].concat();
    let not_text = [header(OpCode::Continuation, true, 3), b"ab\xFF".to_vec()].concat();
    for (opcode, rest, code) in [(OpCode::Binary, too_much, 1009_u16), (OpCode::Text, not_text, 1007)] {
        for (mut near, mut end) in End::both(&options, 1_000) {
            near.write_all(&header(opcode, false, 60)).await.unwrap();
            near.write_all(&[b'7'; 60]).await.unwrap();
            let given = if opcode == OpCode::Text { text(&[b'7'; 60], false) } else { binary(&[b'7'; 60], false) };
            assert_eq!(end.part().await, given);
            near.write_all(&rest).await.unwrap();
            let peer = async {
                let mut close = Vec::new();
                near.read_to_end(&mut close).await.unwrap();
                drop(near);
                close
            };
            let (part, close) = tokio::join!(end.part(), peer);
            let Some(Part::Closed(Closed::Violation(error))) = part else { panic!("{part:?}") };
            assert_eq!((error.close_code().as_u16(), close), (code, frame(OpCode::Close, &code.to_be_bytes(), false)));
            assert_eq!(end.part().await, None);
        }
    }
}

/// A peer that sends a byte now and then is alive; one that stops in the middle of a message is noticed.
#[tokio::test(start_paused = true)]
async fn a_peer_that_dies_in_the_middle_of_a_message() {
    let keepalive = Keepalive { ping: Some(Duration::from_secs(30)), ..Keepalive::default() };
    for (mut near, mut end) in End::both(&Options { keepalive, ..Options::default() }, 1_000) {
        let start = Instant::now();
        let peer = async {
            near.write_all(&header(OpCode::Binary, true, 1_000)).await.unwrap();
            for _ in 0..10 {
                sleep(Duration::from_secs(25)).await;
                near.write_all(b"x").await.unwrap();
            }
            let mut ping = [0; 19];
            near.read_exact(&mut ping).await.unwrap();
            assert!(Keepalive::owns(&ping[2..]));
            let at = start.elapsed().as_secs();
            (at, near.read_to_end(&mut Vec::new()).await.unwrap())
        };
        let receiving = async {
            for _ in 0..10 {
                assert_eq!(end.part().await, binary(b"x", false));
            }
            end.part().await
        };
        let (part, (at, rest)) = tokio::join!(receiving, peer);
        assert_eq!(part, Some(Part::Closed(Closed::Unresponsive)));
        assert_eq!((at, start.elapsed().as_secs(), rest), (280, 300, 0));
    }
}

/// A message of 64 MiB, in one frame and in fragments, passes through the memory of a few reads.
#[test]
fn a_long_message_takes_the_memory_of_a_part() {
    const LEN: usize = 64 << 20;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for frames in [1, 100] {
        let limits = Limits { message: LEN, ..Limits::default() };
        for (mut near, mut end) in End::both(&Options { limits, ..Options::default() }, 8 << 10) {
            let sending = async {
                let some = vec![7; LEN / frames / 16];
                for at in 0..frames {
                    let opcode = if at == 0 { OpCode::Binary } else { OpCode::Continuation };
                    let fin = at + 1 == frames;
                    let len = if fin { LEN - (frames - 1) * (some.len() * 16) } else { some.len() * 16 };
                    near.write_all(&header(opcode, fin, len as u64)).await.unwrap();
                    for _ in 0..16 {
                        near.write_all(&some).await.unwrap();
                    }
                    near.write_all(&vec![7; len - 16 * some.len()]).await.unwrap();
                }
            };
            let receiving = async {
                let mut len = 0;
                while let Some(Part::Binary { payload, last }) = end.part().await {
                    len += payload.len();
                    if last {
                        return len;
                    }
                }
                panic!("it did not end");
            };
            let at_once = LEN / frames / 16;
            let ((((), len), _), allocations) =
                measure(|| (runtime.block_on(async { tokio::join!(sending, receiving) }), at_once));
            assert_eq!(len, LEN);
            assert!(allocations.peak < at_once as u64 + (64 << 10), "{allocations:?}");
        }
    }
}

/// Uploads over TCP, larger than what the server holds: whole, in fragments of one size and of an unknown number, compressed and
/// not; what arrives is passed on as it arrives, by a half too.
#[tokio::test(flavor = "multi_thread")]
async fn uploads_over_sockets() {
    const LEN: usize = 5_000_000;
    let upload: Vec<u8> = (0..251).flat_map(|byte| [byte; 7]).cycle().take(LEN).collect();
    for fragments in [None, Some(30_000)] {
        for in_halves in [false, true] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("ws://{}/", listener.local_addr().unwrap());
            let (choice, offer) = (Choice::new(), Offer::new(url.parse().unwrap()));
            #[cfg(feature = "deflate")]
            let (choice, offer) = {
                use switchover_tokio::Deflate;
                (choice.extension(Deflate::new()).unwrap(), offer.extension(Deflate::new()).unwrap())
            };
            let echoing = tokio::spawn(async move {
                let stream = listener.accept().await.unwrap().0;
                let mut websocket = accept_with(stream, |_| Ok(choice)).await.unwrap();
                let echo = |part| match part {
                    Some(Part::Binary { payload, last }) => Some((payload, last)),
                    Some(Part::Closed(_)) | None => None,
                    other => panic!("{other:?}"),
                };
                if in_halves {
                    let (mut receiver, mut sender) = websocket.split();
                    while let Some((payload, last)) = echo(receiver.receive_part().await.unwrap()) {
                        sender.fragment(payload, last).await.unwrap();
                        sender.flush().await.unwrap();
                    }
                } else {
                    while let Some((payload, last)) = echo(websocket.receive_part().await.unwrap()) {
                        websocket.fragment(payload, last).await.unwrap();
                    }
                }
            });
            let options = Options { fragments, ..Options::default() };
            let (mut receiver, mut sender) = connect_with(&offer, &options).await.unwrap().0.split();
            let bytes = upload.clone();
            let sending = tokio::spawn(async move {
                sender.send(bytes.clone()).await.unwrap();
                sender.feed_uncompressed(bytes.clone()).await.unwrap();
                for piece in bytes.chunks(100_000) {
                    sender.fragment(piece.to_vec(), false).await.unwrap();
                }
                sender.fragment(vec![], true).await.unwrap();
                sender.close(1000, "").await.unwrap();
            });
            for _ in 0..3 {
                let mut echo = Vec::new();
                loop {
                    let part = receiver.receive_part().await.unwrap();
                    let Some(Part::Binary { payload, last }) = part else { panic!("{part:?}") };
                    echo.extend_from_slice(&payload);
                    if last {
                        break;
                    }
                }
                assert!(echo == upload, "{} bytes", echo.len());
            }
            assert!(matches!(receiver.receive_part().await.unwrap(), Some(Part::Closed(_))));
            sending.await.unwrap();
            drop(receiver);
            echoing.await.unwrap();
        }
    }
}

/// What a part is of a message that is whole.
#[tokio::test]
async fn an_event_is_a_part() {
    let (mut client, mut server) = pair(100).await;
    for message in [Message::from("text"), Message::from(vec![7]), Message::Ping("1".into()), Message::Pong("2".into())]
    {
        client.send(message).await.unwrap();
    }
    let sent = [text(b"text", true), binary(&[7], true), Some(Part::Ping("1".into())), Some(Part::Pong("2".into()))];
    for part in sent {
        assert_eq!(server.receive().await.unwrap().map(Part::from), part);
    }
    assert_eq!(Part::from(Event::Closed(Closed::Eof)), Part::Closed(Closed::Eof));
}
