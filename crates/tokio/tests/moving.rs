//! Prepared messages, and connections that leave one value and go on in another.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod common;

use common::{frame, offer, pair, watched_server};
use std::{
    io,
    pin::Pin,
    sync::atomic::Ordering,
    task::{Context, Poll},
};
use switchover_tokio::{
    Choice, Client, Closed, Error, Event, HibernateError, Options, OsMasks, Prepared, ResumeError, SendError, Server,
    WebSocket, accept_with, client, switchover::frame::OpCode,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, duplex};

/// From a whole connection and from a half, to a full queue too, and to one that is closing.
#[tokio::test]
async fn prepared_messages() {
    let (mut client, server) = pair(1 << 20).await;
    let prepared = Prepared::new("to all");
    client.feed_prepared(&prepared).await.unwrap();
    client.flush().await.unwrap();
    let (mut receiver, mut sender) = server.split_with(tokio::io::split);
    assert_eq!(receiver.receive().await.unwrap(), Some(Event::Text("to all".into())));
    let large = Prepared::new(vec![7; 600_000]);
    for _ in 0..3 {
        sender.feed_prepared(&large).await.unwrap();
        sender.flush().await.unwrap();
        let Some(Event::Binary(payload)) = client.receive().await.unwrap() else { panic!("a message") };
        assert_eq!(payload.len(), 600_000);
    }
    sender.close(1000, "").await.unwrap();
    let Err(Error::Send(SendError::Closed(message))) = sender.feed_prepared(&prepared).await else { panic!("closed") };
    assert_eq!(&message, prepared.message());
    client.start_close(1000, "").unwrap();
    let Err(Error::Send(SendError::Closed(message))) = client.feed_prepared(&prepared).await else { panic!("closed") };
    assert_eq!(&message, prepared.message());
}

/// Both ends move between two messages of several that were read together; what was read goes along, and windows too.
#[tokio::test]
async fn both_ends_move() {
    let (near, far) = duplex(1 << 16);
    let (offer, choice, options) = (offer(), Choice::new(), Options::default());
    #[cfg(feature = "deflate")]
    let (offer, choice) = {
        use switchover_tokio::Deflate;
        (offer.extension(Deflate::new()).unwrap(), choice.extension(Deflate::new()).unwrap())
    };
    let (client, server) = tokio::join!(client(near, &offer, &options), accept_with(far, |_| Ok(choice)));
    let (mut client, mut server) = (client.unwrap().0, server.unwrap());
    let text = |number: usize| format!("message {number} of a text that is long enough to be compressed, {number}");
    for number in 0..10 {
        client.feed(text(number)).await.unwrap();
    }
    client.flush().await.unwrap();
    let mut read_ahead = 0;
    for number in 0..10 {
        assert_eq!(server.receive().await.unwrap(), Some(Event::Text(text(number).into())));
        server.send(text(number)).await.unwrap();
        let (io, state, input) = server.hibernate().unwrap();
        read_ahead += input.len();
        server = WebSocket::resume(io, Server, &state, input, &options).unwrap();
        assert_eq!(server.agreement().subprotocol(), None);
    }
    assert!(read_ahead > 0);
    for number in 0..10 {
        assert_eq!(client.receive().await.unwrap(), Some(Event::Text(text(number).into())));
        let (io, state, input) = client.hibernate().unwrap();
        client = WebSocket::resume(io, Client(OsMasks::new().unwrap()), &state, input, &options).unwrap();
        client.feed(text(number)).await.unwrap();
        client.flush().await.unwrap();
        assert_eq!(server.receive().await.unwrap(), Some(Event::Text(text(number).into())));
    }
    // In the middle of something nobody moves; and it goes on as it was.
    server.feed("queued").await.unwrap();
    let Err(HibernateError::Output(mut server)) = server.hibernate() else { panic!("it has something to write") };
    server.flush().await.unwrap();
    assert_eq!(client.receive().await.unwrap(), Some(Event::Text("queued".into())));
    let (closed, _) = tokio::join!(client.close(1000, ""), async {
        while server.receive().await.unwrap().is_some() {}
        assert!(matches!(server.hibernate(), Err(HibernateError::Closing(_))));
    });
    assert_eq!(closed.unwrap().code().as_u16(), 1000);
    let (near, _far) = duplex(1);
    let refused = WebSocket::resume(near, Server, b"?", [][..].into(), &options);
    assert_eq!(refused.map(drop), Err(ResumeError::Version(b'?')));
}

/// A part of a message keeps a connection where it is, and so does a write that has failed.
#[tokio::test]
async fn some_have_to_stay() {
    let (mut near, mut server, log) = watched_server().await;
    let message = frame(OpCode::Text, b"message", true);
    let (first, second) = message.split_at(9);
    near.write_all(&[&message, first].concat()).await.unwrap();
    for _ in 0..2 {
        // The second time it reads in vain.
        let received = tokio::select! {
            biased;
            event = server.receive() => event.unwrap(),
            () = tokio::task::yield_now() => None,
        };
        assert!(received.is_none_or(|event| event == Event::Text("message".into())));
    }
    let Err(HibernateError::Receiving(mut server)) = server.hibernate() else { panic!("a part is here") };
    near.write_all(second).await.unwrap();
    assert_eq!(server.receive().await.unwrap(), Some(Event::Text("message".into())));

    log.broken.store(true, Ordering::Relaxed);
    assert!(server.send("lost").await.is_err());
    let Err(HibernateError::Closing(mut server)) = server.hibernate() else { panic!("it is broken") };
    drop(near);
    assert!(matches!(server.receive().await, Err(Error::Io(_)) | Ok(Some(Event::Closed(Closed::Eof)))));
}

/// A transport with a buffer that it never flushes.
#[derive(Debug)]
struct Holding<T>(T);

impl<T: AsyncRead + Unpin> AsyncRead for Holding<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Holding<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// What the transport holds back would be lost.
#[tokio::test]
async fn it_is_flushed_first() {
    let (mut near, far) = duplex(1 << 10);
    let mut server = WebSocket::new(Holding(far), Server, Default::default(), [][..].into(), &Options::default());
    tokio::select! {
        biased;
        _ = server.send("held") => panic!("it never ends"),
        () = tokio::task::yield_now() => {}
    }
    assert!(matches!(server.hibernate(), Err(HibernateError::Output(_))));
    let mut written = [0; 6];
    near.read_exact(&mut written).await.unwrap();
    assert_eq!(&written, b"\x81\x04held");
}
