//! Pings, and deadlines for silence, on the clock of the runtime.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod common;

use std::time::Duration;

use bytes::BytesMut;
use common::frame;
use switchover_tokio::{
    Client, Closed, Event, Keepalive, Options, OsMasks, Server, WebSocket,
    switchover::{frame::OpCode, handshake::Agreement},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split},
    time::{Instant, sleep, timeout},
};

const PING: Keepalive = Keepalive {
    ping: Some(Duration::from_secs(30)),
    always: false,
    pong: Duration::from_secs(20),
    strict: false,
    idle: None,
};

/// A server with these deadlines, and the other end of its transport.
fn server(keepalive: Keepalive, capacity: usize) -> (DuplexStream, WebSocket<DuplexStream, Server>) {
    let (near, far) = duplex(capacity);
    let options = Options { keepalive, ..Options::default() };
    (near, WebSocket::new(far, Server, Agreement::default(), BytesMut::new(), &options))
}

/// The same end, whole or in halves.
enum End {
    Whole(Box<WebSocket<DuplexStream, Server>>),
    Half(
        Box<switchover_tokio::ReceiveHalf<ReadHalf<DuplexStream>, WriteHalf<DuplexStream>, Server>>,
        switchover_tokio::SendHalf<WriteHalf<DuplexStream>, Server>,
    ),
}

impl End {
    fn both(keepalive: Keepalive, capacity: usize) -> [(DuplexStream, Self); 2] {
        let (near, whole) = server(keepalive, capacity);
        let (near_half, half) = server(keepalive, capacity);
        let (receiver, sender) = half.split_with(split);
        [(near, Self::Whole(Box::new(whole))), (near_half, Self::Half(Box::new(receiver), sender))]
    }

    async fn receive(&mut self) -> Option<Event> {
        match self {
            Self::Whole(whole) => whole.receive().await.unwrap(),
            Self::Half(receiver, _) => receiver.receive().await.unwrap(),
        }
    }

    async fn send(&mut self, text: &'static str) {
        match self {
            Self::Whole(whole) => whole.send(text).await.unwrap(),
            Self::Half(_, sender) => sender.send(text).await.unwrap(),
        }
    }
}

/// A peer that is there and says nothing: a Ping at 30 s, and the end at 50 s.
#[tokio::test(start_paused = true)]
async fn a_dead_peer_is_noticed() {
    for (mut near, mut end) in End::both(PING, 1_000) {
        let start = Instant::now();
        let peer = async {
            let mut ping = [0; 19];
            near.read_exact(&mut ping).await.unwrap();
            assert!(Keepalive::owns(&ping[2..]));
            let at = start.elapsed().as_secs();
            (at, near.read_to_end(&mut Vec::new()).await.unwrap())
        };
        let (event, (at, rest)) = tokio::join!(end.receive(), peer);
        assert_eq!(event, Some(Event::Closed(Closed::Unresponsive)));
        assert_eq!((at, start.elapsed().as_secs(), rest), (30, 50, 0));
        assert_eq!(end.receive().await, None);
    }
}

/// The time of a read is what counts, whenever the session is told.
#[tokio::test(start_paused = true)]
async fn life_counts_from_the_read() {
    for (mut near, mut end) in End::both(PING, 1_000) {
        let start = Instant::now();
        let peer = async {
            sleep(Duration::from_secs(29)).await;
            near.write_all(&frame(OpCode::Text, b"at 29 s", true)).await.unwrap();
            near.read_exact(&mut [0; 19]).await.unwrap();
            start.elapsed().as_secs()
        };
        let receiving = async {
            assert_eq!(end.receive().await, Some(Event::Text("at 29 s".into())));
            end.receive().await
        };
        let (event, at) = tokio::join!(receiving, peer);
        assert_eq!((at, start.elapsed().as_secs()), (59, 79));
        assert_eq!(event, Some(Event::Closed(Closed::Unresponsive)));
    }
}

/// The task was away for a day; what arrived meanwhile counts, and nobody is found silent.
#[tokio::test(start_paused = true)]
async fn who_was_away_looks_first() {
    let keepalive = Keepalive { idle: Some(Duration::from_secs(60)), ..PING };
    for (mut near, mut end) in End::both(keepalive, 1_000) {
        assert!(timeout(Duration::from_secs(1), end.receive()).await.is_err());
        near.write_all(&frame(OpCode::Text, b"unread", true)).await.unwrap();
        sleep(Duration::from_secs(86_400)).await;
        let start = Instant::now();
        assert_eq!(end.receive().await, Some(Event::Text("unread".into())));
        assert!(timeout(Duration::from_secs(29), end.receive()).await.is_err());
        end.send("still here").await;
        let event = end.receive().await;
        assert_eq!((event, start.elapsed().as_secs()), (Some(Event::Closed(Closed::Unresponsive)), 50));
    }
}

/// Who takes its time for each message finds nobody silent whose next one is there.
#[tokio::test(start_paused = true)]
async fn a_slow_consumer_is_not_a_silent_peer() {
    let keepalive = Keepalive { idle: Some(Duration::from_secs(60)), ..PING };
    for (mut near, mut end) in End::both(keepalive, 1_000) {
        for _ in 0..4 {
            near.write_all(&frame(OpCode::Text, b"there", true)).await.unwrap();
            assert_eq!(end.receive().await, Some(Event::Text("there".into())));
            sleep(Duration::from_secs(100)).await;
        }
    }
}

/// Such a one closes, and the peer has all of its time to answer.
#[tokio::test(start_paused = true)]
async fn a_slow_consumer_closes() {
    let keepalive = Keepalive { idle: Some(Duration::from_secs(60)), ..Keepalive::default() };
    for (mut near, mut end) in End::both(keepalive, 1_000) {
        for _ in 0..2 {
            near.write_all(&frame(OpCode::Text, b"there", true)).await.unwrap();
            assert_eq!(end.receive().await, Some(Event::Text("there".into())));
            sleep(Duration::from_secs(100)).await;
        }
        match &mut end {
            End::Whole(whole) => whole.start_close(1000, "").unwrap(),
            End::Half(_, sender) => sender.close(1000, "").await.unwrap(),
        }
        let answering = async {
            sleep(Duration::from_secs(3)).await;
            near.write_all(&frame(OpCode::Close, &1000_u16.to_be_bytes(), true)).await.unwrap();
            near.shutdown().await.unwrap();
        };
        let (event, ()) = tokio::join!(end.receive(), answering);
        let Some(Event::Closed(closed)) = event else { panic!("{event:?}") };
        assert_eq!(closed.code().as_u16(), 1000, "{closed}");
    }
}

/// An idle peer is told so, and has the time of a closing to answer.
#[tokio::test(start_paused = true)]
async fn an_idle_peer_is_told() {
    let keepalive = Keepalive { idle: Some(Duration::from_secs(60)), ..Keepalive::default() };
    for answers in [false, true] {
        for (mut near, mut end) in End::both(keepalive, 1_000) {
            let start = Instant::now();
            let peer = async {
                let mut close = [0; 4];
                near.read_exact(&mut close).await.unwrap();
                assert_eq!(close[..], frame(OpCode::Close, &1001_u16.to_be_bytes(), false));
                near.write_all(&frame(OpCode::Text, b"too late", true)).await.unwrap();
                near.write_all(&frame(OpCode::Close, &1001_u16.to_be_bytes(), true)).await.unwrap();
                near.read_to_end(&mut Vec::new()).await.unwrap();
                if answers {
                    drop(near);
                } else {
                    sleep(Duration::from_secs(100)).await;
                }
            };
            let receiving = async {
                assert_eq!(end.receive().await, Some(Event::Closed(Closed::Idle)));
                start.elapsed().as_secs()
            };
            let (at, ()) = tokio::join!(receiving, peer);
            assert_eq!(at, if answers { 60 } else { 65 });
            assert_eq!(end.receive().await, None);
        }
    }
}

/// Two ends that keep each other alive for an hour, over a pipe that holds next to nothing.
#[tokio::test(start_paused = true)]
async fn two_ends_keep_each_other_alive() {
    let (near, far) = duplex(3);
    let options = Options { keepalive: Keepalive { strict: true, ..PING }, ..Options::default() };
    let client = Client(OsMasks::new().unwrap());
    let mut client = WebSocket::new(near, client, Agreement::default(), BytesMut::new(), &options);
    let mut server = WebSocket::new(far, Server, Agreement::default(), BytesMut::new(), &options);
    let hour = Duration::from_secs(3_600);
    let serving = async {
        let mut pings = 0;
        loop {
            match server.receive().await.unwrap() {
                Some(Event::Ping(_)) => pings += 1,
                Some(Event::Pong(payload)) => assert!(Keepalive::owns(&payload)),
                Some(Event::Closed(closed)) => return (pings, closed),
                other => panic!("{other:?}"),
            }
        }
    };
    let asking = async {
        let lives = async { while let Some(Event::Ping(_) | Event::Pong(_)) = client.receive().await.unwrap() {} };
        assert!(timeout(hour, lives).await.is_err());
        client.close(1000, "done").await.unwrap()
    };
    let ((pings, closed), _) = tokio::join!(serving, asking);
    assert_eq!(closed.code().as_u16(), 1000);
    assert!(pings >= 50, "{pings}");
}

/// The deadline of closing takes the place of a later one, and the alarm goes with it.
#[tokio::test(start_paused = true)]
async fn closing_has_its_own_deadline() {
    for (_near, mut end) in End::both(PING, 1_000) {
        assert!(timeout(Duration::from_secs(1), end.receive()).await.is_err());
        let start = Instant::now();
        let event = match &mut end {
            End::Whole(whole) => {
                whole.start_close(1000, "").unwrap();
                whole.receive().await.unwrap()
            }
            End::Half(receiver, sender) => {
                // The receiving half waits for its Ping when the other one closes.
                let closing = async {
                    sleep(Duration::from_secs(2)).await;
                    sender.close(1000, "").await.unwrap();
                };
                tokio::join!(receiver.receive(), closing).0.unwrap()
            }
        };
        assert_eq!(event, Some(Event::Closed(Closed::TimedOut)));
        assert!(start.elapsed() <= Duration::from_secs(7), "{:?}", start.elapsed());
    }
}

/// A flood of Pings is stopped by the clock, in halves too.
#[tokio::test(start_paused = true)]
async fn a_flood_of_pings_is_stopped() {
    for (mut near, mut end) in End::both(Keepalive::default(), 1 << 16) {
        let flooding = async {
            let pings = frame(OpCode::Ping, b"", true).repeat(100);
            let mut sent = 0;
            let mut answers = vec![0; 1 << 16];
            while let Ok(()) = near.write_all(&pings).await {
                sent += 100;
                let Ok(1..) = near.read(&mut answers).await else { break };
                assert!(sent < 100_000);
            }
            sent
        };
        let receiving = async {
            loop {
                match end.receive().await {
                    Some(Event::Ping(_)) => {}
                    event => return event,
                }
            }
        };
        let (sent, event) = tokio::join!(flooding, receiving);
        let Some(Event::Closed(Closed::Violation(error))) = event else { panic!("{event:?}") };
        assert_eq!(error.close_code().as_u16(), 1008);
        assert!(sent <= 20_000, "{sent}");
    }
}

/// What halves have of the whole: fragments as they are, and memory that is given back.
#[tokio::test]
async fn halves_have_all_of_it() {
    let (mut near, whole) = server(Keepalive::default(), 1_000);
    let (mut receiver, mut sender) = whole.split_with(split);
    sender.fragment_uncompressed("one", false).await.unwrap();
    sender.fragment_uncompressed("two", true).await.unwrap();
    sender.flush().await.unwrap();
    sender.release_memory();
    receiver.release_memory();
    let mut bytes = [0; 10];
    near.read_exact(&mut bytes).await.unwrap();
    assert_eq!(bytes, *b"\x01\x03one\x80\x03two");

    let (mut near, mut whole) = server(Keepalive::default(), 1_000);
    whole.fragment_uncompressed("one", true).await.unwrap();
    whole.flush().await.unwrap();
    near.read_exact(&mut bytes[..5]).await.unwrap();
    assert_eq!(bytes[..5], *b"\x81\x03one");
}
