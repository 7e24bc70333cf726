//! Receiving and sending on an open connection.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod common;

use std::{future::ready, sync::atomic::Ordering, time::Duration};

use common::{frame, offer, pair, watched_server};
use futures_util::{SinkExt, StreamExt};
use switchover_tokio::{
    Choice, Error, Event, Limits, Message, Options, SendError, answer, client, switchover::frame::OpCode,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    time::timeout,
};

fn messages() -> Vec<Message> {
    (0..200u8)
        .map(|number| match number % 3 {
            0 => Message::text(format!("message {number} {}", "é".repeat(number.into()))),
            1 => Message::binary(vec![number; usize::from(number) * 7]),
            _ => Message::Pong(vec![number; usize::from(number % 126)].into()),
        })
        .collect()
}

fn as_message(event: Event) -> Message {
    match event {
        Event::Text(text) => Message::Text(text),
        Event::Binary(payload) => Message::Binary(payload),
        Event::Ping(payload) => Message::Ping(payload),
        Event::Pong(payload) => Message::Pong(payload),
        Event::Closed(closed) => panic!("{closed}"),
    }
}

/// Attack 42. The future of `receive` is dropped wherever it waits, and no byte is lost.
#[tokio::test]
async fn receiving_can_be_cancelled_anywhere() {
    for capacity in [1, 3, 16, 200] {
        let (mut client, mut server) = pair(capacity).await;
        let sending = tokio::spawn(async move {
            for message in messages() {
                server.send(message).await.unwrap();
            }
            server.close(1000, "").await.unwrap()
        });
        let mut received = Vec::new();
        let mut cancelled = 0;
        loop {
            // Polled once, and dropped where it is not ready.
            let polled = tokio::select! {
                biased;
                event = client.receive() => Some(event.unwrap()),
                () = ready(()) => None,
            };
            match polled {
                None => {
                    cancelled += 1;
                    tokio::task::yield_now().await;
                }
                Some(Some(Event::Closed(closed))) => {
                    assert_eq!(closed.code().as_u16(), 1000);
                    break;
                }
                Some(event) => received.push(as_message(event.unwrap())),
            }
        }
        assert_eq!(received, messages());
        assert!(cancelled > 200 / capacity);
        assert_eq!(client.receive().await.unwrap(), None);
        drop(client);
        sending.await.unwrap();
    }
}

/// Attack 42. `feed` and `flush` too: a flush that is dropped goes on with the next one.
#[tokio::test]
async fn flushing_can_be_cancelled_anywhere() {
    let (mut client, mut server) = pair(5).await;
    let receiving = tokio::spawn(async move {
        let mut received = Vec::new();
        while let Some(event) = server.receive().await.unwrap() {
            if !matches!(event, Event::Closed(_)) {
                received.push(as_message(event));
            }
        }
        received
    });
    for message in messages() {
        client.feed(message).await.unwrap();
        tokio::select! {
            biased;
            flushed = client.flush() => flushed.unwrap(),
            () = ready(()) => tokio::task::yield_now().await,
        }
    }
    client.close(1000, "").await.unwrap();
    drop(client);
    assert_eq!(receiving.await.unwrap(), messages());
}

/// 64 messages arrive together; their echoes leave together, with the Pong.
#[tokio::test]
async fn the_echoes_of_a_batch_are_one_write() {
    let (mut near, mut server, log) = watched_server().await;

    let (mut batch, mut echoes) = (Vec::new(), Vec::new());
    for number in 0..64u8 {
        // Some large enough to be queued by reference, and a Ping whose Pong goes along.
        let payload = vec![number; if number % 20 == 7 { 5000 } else { 16 }];
        batch.extend(frame(OpCode::Binary, &payload, true));
        echoes.extend(frame(OpCode::Binary, &payload, false));
    }
    batch.extend(frame(OpCode::Ping, b"ping", true));
    echoes.extend(frame(OpCode::Pong, b"ping", false));
    near.write_all(&batch).await.unwrap();
    tokio::spawn(async move {
        while let Some(event) = server.receive().await.unwrap() {
            if let Event::Binary(payload) = event {
                server.feed(payload).await.unwrap();
            }
        }
    });
    let mut received = vec![0; echoes.len()];
    near.read_exact(&mut received).await.unwrap();
    assert_eq!(received, echoes);
    // One write for each read, not for each message.
    assert!(log.writes.load(Ordering::Relaxed) <= log.reads.load(Ordering::Relaxed), "{log:?}");
    assert!(log.reads.load(Ordering::Relaxed) < 5, "{log:?}");
}

#[tokio::test]
async fn one_read_is_one_write() {
    let (mut near, mut server, log) = watched_server().await;

    near.write_all(&frame(OpCode::Text, b"small message", true).repeat(64)).await.unwrap();
    let waits = timeout(Duration::from_millis(20), async {
        while let Some(Event::Text(text)) = server.receive().await.unwrap() {
            server.feed(text).await.unwrap();
        }
    });
    assert!(waits.await.is_err(), "the connection ended");
    assert_eq!(log.writes.load(Ordering::Relaxed), 1);
    let mut received = vec![0; 15 * 64];
    near.read_exact(&mut received).await.unwrap();
    assert_eq!(received, frame(OpCode::Text, b"small message", false).repeat(64));
}

/// Nobody sends, flushes or polls the sink: a Pong leaves because somebody waits to receive.
#[tokio::test]
async fn a_pong_leaves_while_only_receiving() {
    for capacity in [1, 2, 10, 1000] {
        let (mut client, mut server) = pair(capacity).await;
        tokio::spawn(async move { while client.receive().await.unwrap().is_some() {} });
        for payload in [&b"first"[..], &[9; 125]] {
            server.send(Message::Ping(payload.to_vec().into())).await.unwrap();
            let pong = timeout(Duration::from_secs(5), server.receive()).await.unwrap();
            assert_eq!(pong.unwrap(), Some(Event::Pong(payload.to_vec().into())));
        }
    }
}

/// Each end queues more than the pipe holds, and receives: receiving writes.
#[tokio::test]
async fn large_messages_cross() {
    const LEN: usize = 3_000_000;
    let (mut client, mut server) = pair(1000).await;
    client.feed(vec![1; LEN]).await.unwrap();
    server.feed(vec![2; LEN]).await.unwrap();
    let (at_client, at_server) = timeout(Duration::from_secs(20), async {
        tokio::join!(
            async {
                let event = client.receive().await.unwrap();
                // What is still queued leaves while the other end is waited for.
                client.start_close(1000, "").unwrap();
                while client.receive().await.unwrap().is_some() {}
                event
            },
            async {
                let event = server.receive().await.unwrap();
                while server.receive().await.unwrap().is_some() {}
                event
            }
        )
    })
    .await
    .unwrap();
    assert_eq!(at_client, Some(Event::Binary(vec![2; LEN].into())));
    assert_eq!(at_server, Some(Event::Binary(vec![1; LEN].into())));
}

#[tokio::test]
async fn fragments_are_one_message() {
    let (mut client, mut server) = pair(10).await;
    let sending = tokio::spawn(async move {
        client.fragment("hello, ", false).await.unwrap();
        client.feed(Message::Ping("between".into())).await.unwrap();
        let whole = client.feed("not now").await;
        assert!(matches!(whole, Err(Error::Send(SendError::Unfinished(_)))));
        client.fragment("", false).await.unwrap();
        client.fragment("world", true).await.unwrap();
        client.flush().await.unwrap();
        client
    });
    assert_eq!(server.receive().await.unwrap(), Some(Event::Ping("between".into())));
    assert_eq!(server.receive().await.unwrap(), Some(Event::Text("hello, world".into())));
    sending.await.unwrap();
}

/// A sink that is full waits for the peer, and keeps no more than its limit and one message.
#[tokio::test]
async fn a_full_queue_waits() {
    let limits = Limits { queued: 100, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let (near, far) = duplex(10);
    let offer = offer();
    let (connected, accepted) =
        tokio::join!(client(near, &offer, &options), answer(far, &options, |_| Ok(Choice::new())));
    let (mut client, mut server) = (connected.unwrap().0, accepted.unwrap());

    client.feed(vec![0; 150]).await.unwrap();
    assert!(timeout(Duration::from_millis(20), client.feed("dropped")).await.is_err());
    let sending = async { client.send("kept").await.unwrap() };
    let receiving = async { [server.receive().await.unwrap(), server.receive().await.unwrap()] };
    let ((), received) = timeout(Duration::from_secs(5), async { tokio::join!(sending, receiving) }).await.unwrap();
    assert_eq!(received, [Some(Event::Binary(vec![0; 150].into())), Some(Event::Text("kept".into()))]);
}

#[tokio::test]
async fn is_a_stream_and_a_sink() {
    let (mut client, server) = pair(100).await;
    let (mut sink, stream) = server.split();
    let echoing = tokio::spawn(async move {
        let mut messages = stream.filter_map(|event| {
            ready(match event {
                Ok(Event::Text(text)) => Some(Ok::<_, Error>(Message::Text(text))),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            })
        });
        sink.send_all(&mut messages).await
    });
    for text in ["one", "two"] {
        SinkExt::send(&mut client, text.into()).await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap(), Event::Text(text.into()));
    }
    SinkExt::close(&mut client).await.unwrap();
    assert_eq!(client.closed().unwrap().code().as_u16(), 1000);
    assert!(client.next().await.is_none());
    echoing.await.unwrap().unwrap();
}
