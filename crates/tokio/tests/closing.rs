//! How connections end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod common;

use std::{
    io::{self, Read, Write},
    sync::atomic::Ordering,
    time::Duration,
};

use common::{ClientSocket, REQUEST, ServerSocket, frame, offer, pair, watched_server};
use switchover_tokio::{
    Choice, CloseCode, Closed, Error, Event, Options, Replies, SendError, accept, answer, client, connect,
    switchover::frame::OpCode,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufStream, duplex},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout},
};

async fn tcp_pair() -> (ClientSocket<TcpStream>, ServerSocket<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let (connected, accepted) = tokio::join!(connect(&url), async { accept(listener.accept().await?.0).await });
    (connected.unwrap().0, accepted.unwrap())
}

fn code(event: Option<Event>) -> u16 {
    match event {
        Some(Event::Closed(closed)) => closed.code().as_u16(),
        other => panic!("{other:?}"),
    }
}

/// Either side closes, with megabytes under way in both directions; all that was sent before a Close arrives.
#[tokio::test]
async fn either_side_closes_in_order() {
    for client_closes in [true, false] {
        let (mut client, mut server) = tcp_pair().await;
        let work = async {
            for number in 0..20u8 {
                client.feed(vec![number; 100_000]).await.unwrap();
                server.feed(vec![number; 100_000]).await.unwrap();
            }
            if client_closes {
                client.start_close(4001, "bye").unwrap();
            } else {
                server.start_close(4001, "bye").unwrap();
            }
            tokio::join!(drain(&mut client), drain(&mut server))
        };
        let (at_client, at_server) = timeout(Duration::from_secs(20), work).await.unwrap();
        // The side that closed gets everything; the other one may not have been able to write all it had queued.
        assert_eq!((at_client.0, at_server.0), (20, 20));
        for closed in [at_client.1, at_server.1] {
            assert_eq!(closed.code().as_u16(), 4001);
        }
        assert!(client.late_error().is_none() && server.late_error().is_none());
        let late = client.send("too late").await;
        assert!(matches!(late, Err(Error::Send(SendError::Closed(_)))));
    }
}

async fn drain<T, S>(websocket: &mut switchover_tokio::WebSocket<T, S>) -> (usize, Closed)
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    S: switchover_tokio::switchover::Side,
{
    let mut messages = 0;
    loop {
        match websocket.receive().await.unwrap().unwrap() {
            Event::Binary(_) => messages += 1,
            Event::Closed(closed) => return (messages, closed),
            other => panic!("{other:?}"),
        }
    }
}

/// A peer made of plain blocking sockets sees the Close, then the end of the stream, and no reset.
#[tokio::test]
async fn a_server_ends_the_transport_first() {
    for server_closes in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let peer = std::thread::spawn(move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
            stream.write_all(REQUEST.as_bytes()).unwrap();
            stream.read_exact(&mut [0; 129]).unwrap();
            if server_closes {
                let mut close = [0; 7];
                stream.read_exact(&mut close).unwrap();
                assert_eq!(close[..], frame(OpCode::Close, b"\x0f\xa1bye", false));
                // These were under way.
                stream.write_all(&frame(OpCode::Text, b"late", true).repeat(1000)).unwrap();
            }
            stream.write_all(&frame(OpCode::Close, b"\x0f\xa1bye", true)).unwrap();
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).unwrap();
            rest
        });
        let mut server = accept(listener.accept().await.unwrap().0).await.unwrap();
        if server_closes {
            server.close(4001, "bye").await.unwrap();
        } else {
            assert_eq!(code(server.receive().await.unwrap()), 4001);
        }
        drop(server);
        let rest = tokio::task::spawn_blocking(|| peer.join().unwrap()).await.unwrap();
        let expected = if server_closes { Vec::new() } else { frame(OpCode::Close, b"\x0f\xa1bye", false) };
        assert_eq!(rest, expected);
    }
}

/// What breaks a rule gets its Close, and everything before it is delivered.
#[tokio::test]
async fn a_violation_is_answered_and_told() {
    let (mut near, far) = duplex(1000);
    near.write_all(REQUEST.as_bytes()).await.unwrap();
    let mut server = accept(far).await.unwrap();
    near.read_exact(&mut [0; 129]).await.unwrap();
    near.write_all(&frame(OpCode::Text, b"right", true)).await.unwrap();
    near.write_all(&frame(OpCode::Text, b"not masked", false)).await.unwrap();
    assert_eq!(server.receive().await.unwrap(), Some(Event::Text("right".into())));
    let peer = async {
        let mut rest = Vec::new();
        near.read_to_end(&mut rest).await.unwrap();
        drop(near);
        rest
    };
    let (event, rest) = tokio::join!(server.receive(), peer);
    assert!(matches!(event.unwrap(), Some(Event::Closed(Closed::Violation(_)))));
    assert_eq!(rest, frame(OpCode::Close, &1002u16.to_be_bytes(), false));
    assert_eq!(server.receive().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_answer_is_timed_out() {
    let (mut client, _server) = pair(1000).await;
    let start = Instant::now();
    assert_eq!(client.close(1000, "").await.unwrap(), Closed::TimedOut);
    assert_eq!(start.elapsed().as_secs(), 5);

    // Nor does it read: the Close cannot even be written.
    let (mut client, _server) = pair(10).await;
    client.feed(vec![0; 1000]).await.unwrap();
    let start = Instant::now();
    assert_eq!(client.close(1000, "").await.unwrap(), Closed::TimedOut);
    assert_eq!(start.elapsed().as_secs(), 5);
    assert_eq!(client.receive().await.unwrap(), None);
}

/// The closing handshake is complete, and the peer does not end the transport: how it closed is known all the same.
#[tokio::test(start_paused = true)]
async fn a_peer_that_lingers_is_timed_out() {
    let (mut near, far) = duplex(1000);
    near.write_all(REQUEST.as_bytes()).await.unwrap();
    let mut server = accept(far).await.unwrap();
    near.write_all(&frame(OpCode::Close, &1001u16.to_be_bytes(), true)).await.unwrap();
    let start = Instant::now();
    assert_eq!(code(server.receive().await.unwrap()), 1001);
    assert_eq!(start.elapsed().as_secs(), 5);
    assert_eq!(server.late_error().map(io::Error::kind), Some(io::ErrorKind::TimedOut));
    drop(near);
}

#[tokio::test]
async fn a_connection_that_just_ends() {
    let (client, mut server) = pair(1000).await;
    drop(client);
    assert_eq!(server.receive().await.unwrap(), Some(Event::Closed(Closed::Eof)));
    assert_eq!(server.receive().await.unwrap(), None);

    // In the middle of a message, with output that cannot be written any more.
    let (mut near, far) = duplex(1000);
    near.write_all(REQUEST.as_bytes()).await.unwrap();
    let mut server = accept(far).await.unwrap();
    near.write_all(&frame(OpCode::Text, b"half", true)[..7]).await.unwrap();
    drop(near);
    server.feed("never read").await.unwrap();
    assert!(matches!(server.receive().await, Err(Error::Io(_))));
    assert_eq!(server.receive().await.unwrap(), None);
    assert_eq!(server.close(1000, "").await.unwrap(), Closed::Eof);
}

/// After the peer's Close a reset takes nothing away; before it, it does.
#[tokio::test]
async fn a_reset_matters_before_the_close_only() {
    for closes in [true, false] {
        let (mut near, mut server, log) = watched_server().await;
        log.reset.store(true, Ordering::Relaxed);
        near.write_all(&frame(OpCode::Text, b"last words", true)).await.unwrap();
        if closes {
            near.write_all(&frame(OpCode::Close, &1001u16.to_be_bytes(), true)).await.unwrap();
        }
        near.shutdown().await.unwrap();
        assert_eq!(server.receive().await.unwrap(), Some(Event::Text("last words".into())));
        if closes {
            assert_eq!(code(server.receive().await.unwrap()), 1001);
            assert_eq!(server.late_error().map(io::Error::kind), Some(io::ErrorKind::ConnectionReset));
        } else {
            let Err(Error::Io(error)) = server.receive().await else { panic!("no reset") };
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
            assert!(server.late_error().is_none());
        }
        assert_eq!(server.receive().await.unwrap(), None);
    }
}

/// A transport that holds bytes back until it is flushed.
#[tokio::test]
async fn a_transport_with_a_buffer_is_flushed() {
    let (near, far) = duplex(3);
    let (offer, options) = (offer(), Options::default());
    let (connected, accepted) =
        tokio::join!(client(BufStream::new(near), &offer, &options), accept(BufStream::new(far)));
    let (mut client, mut server) = (connected.unwrap().0, accepted.unwrap());
    let work = async {
        let (sent, received) = tokio::join!(client.send("hello"), server.receive());
        sent.unwrap();
        assert_eq!(received.unwrap(), Some(Event::Text("hello".into())));
        let (closed, event) =
            tokio::join!(client.close(4001, "a reason that is longer than the pipe"), server.receive());
        assert_eq!((closed.unwrap().code().as_u16(), code(event.unwrap())), (4001, 4001));
    };
    timeout(Duration::from_secs(10), work).await.unwrap();
}

/// A peer's last words are read although writing to it fails.
#[tokio::test(start_paused = true)]
async fn the_peers_close_is_read_after_a_failed_write() {
    for told in [false, true] {
        let start = Instant::now();
        let (mut near, mut server, log) = watched_server().await;
        near.write_all(&frame(OpCode::Text, b"last words", true)).await.unwrap();
        near.write_all(&frame(OpCode::Close, &1001u16.to_be_bytes(), true)).await.unwrap();
        drop(near);
        log.broken.store(true, Ordering::Relaxed);
        server.feed("never read").await.unwrap();
        if told {
            assert!(matches!(server.flush().await, Err(Error::Io(_))));
            assert!(matches!(server.flush().await, Err(Error::Io(_))));
        }
        assert_eq!(server.receive().await.unwrap(), Some(Event::Text("last words".into())));
        assert_eq!(code(server.receive().await.unwrap()), 1001);
        assert!(server.late_error().is_some());
        assert_eq!(server.receive().await.unwrap(), None);
        assert_eq!(log.writes.load(Ordering::Relaxed), 1);
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}

/// With `Replies::close` off the peer's Close is told at once, and the application answers.
#[tokio::test]
async fn the_application_answers_a_close() {
    let options = Options { replies: Replies { close: false, ..Replies::default() }, ..Options::default() };
    let (near, far) = duplex(1000);
    let (offer, defaults) = (offer(), Options::default());
    let (connected, accepted) =
        tokio::join!(client(near, &offer, &defaults), answer(far, &options, |_| Ok(Choice::new())));
    let (mut client, mut server) = (connected.unwrap().0, accepted.unwrap());
    let closing = async {
        client.start_close(1000, "done").unwrap();
        assert_eq!(client.receive().await.unwrap(), Some(Event::Text("wait".into())));
        code(client.receive().await.unwrap())
    };
    let answering = async {
        assert_eq!(code(server.receive().await.unwrap()), 1000);
        server.send("wait").await.unwrap();
        server.close(4002, "now").await.unwrap();
    };
    let (closed, ()) = tokio::join!(closing, answering);
    assert_eq!(closed, 4002);
    assert_eq!(server.receive().await.unwrap(), None);
}

#[tokio::test]
async fn codes_that_may_not_be_sent() {
    let (mut client, mut server) = pair(1000).await;
    assert!(matches!(client.start_close(CloseCode::NO_STATUS, ""), Err(Error::Close(_))));
    assert!(matches!(client.start_close(1000, &"x".repeat(124)), Err(Error::Close(_))));
    client.send("still open").await.unwrap();
    assert_eq!(server.receive().await.unwrap(), Some(Event::Text("still open".into())));
}
