//! Halves in different tasks.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod common;

use std::{
    future::ready,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::BytesMut;
use common::{Watched, frame, pair, watched_server};
use futures_util::{SinkExt, StreamExt};
use switchover_tokio::{
    Closed, Error, Event, Keepalive, Message, Options, ReceiveHalf, SendError, SendHalf, Server, WebSocket, accept,
    connect,
    switchover::{Side, frame::OpCode, handshake::Agreement},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, split},
    net::TcpListener,
    sync::Barrier,
    time::{Instant, sleep, timeout},
};

type Halves =
    (ReceiveHalf<ReadHalf<DuplexStream>, WriteHalf<DuplexStream>, Server>, SendHalf<WriteHalf<DuplexStream>, Server>);

const SOON: Duration = Duration::from_secs(10);

/// Everything up to the end: how many messages and Pongs, and how it ended.
async fn drain<R, W, S>(mut receiver: ReceiveHalf<R, W, S>) -> (usize, usize, Closed)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
    S: Side,
{
    let (mut messages, mut pongs) = (0, 0);
    loop {
        match receiver.receive().await.unwrap().unwrap() {
            Event::Text(_) | Event::Binary(_) => messages += 1,
            Event::Pong(_) => pongs += 1,
            Event::Ping(_) => {}
            Event::Closed(closed) => {
                assert_eq!(receiver.receive().await.unwrap(), None);
                assert_eq!(receiver.closed(), Some(&closed));
                assert!(receiver.late_error().is_none());
                return (messages, pongs, closed);
            }
        }
    }
}

/// Both ends send all they have before they look at anything, over pipes that hold next to nothing, with Pings both ways, and
/// then close at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_crosses_pipes_of_any_size() {
    async fn send_all<W: AsyncWrite + Unpin, S: Side>(mut sender: SendHalf<W, S>, seed: usize, both: Arc<Barrier>) {
        for number in 0..100 {
            let payload = vec![7; number * (seed + 3) % 200];
            match (number + seed) % 4 {
                0 => sender.feed(Message::Ping(payload[..payload.len().min(125)].to_vec().into())).await.unwrap(),
                1 => sender.send(payload).await.unwrap(),
                _ => sender.feed(payload).await.unwrap(),
            }
        }
        both.wait().await;
        sender.close(1000, "done").await.unwrap();
    }
    for capacity in (1..=16).chain([100, 1000]) {
        let (client, server) = pair(capacity).await;
        let (client_receiver, client_sender) = client.split_with(split);
        let (server_receiver, server_sender) = server.split_with(split);
        let both = Arc::new(Barrier::new(2));
        let sending = tokio::spawn(send_all(client_sender, capacity, Arc::clone(&both)));
        let sending_too = tokio::spawn(send_all(server_sender, capacity + 1, both));
        let receiving = tokio::spawn(drain(client_receiver));
        let receiving_too = tokio::spawn(drain(server_receiver));
        let all = async { tokio::join!(sending, sending_too, receiving, receiving_too) };
        let (sent, sent_too, received, received_too) = timeout(SOON, all).await.unwrap();
        sent.unwrap();
        sent_too.unwrap();
        for (messages, _, closed) in [received.unwrap(), received_too.unwrap()] {
            assert_eq!((messages, closed.code().as_u16()), (75, 1000));
        }
    }
}

/// The sending half's task sleeps for ever.
#[tokio::test]
async fn a_pong_leaves_while_the_sender_sleeps() {
    for capacity in [1, 3, 1000] {
        let (mut client, server) = pair(capacity).await;
        let (receiver, _sender) = server.split_with(split);
        tokio::spawn(drain(receiver));
        for number in 0..10 {
            client.send(Message::Ping(vec![number; 100].into())).await.unwrap();
            let pong = timeout(SOON, client.receive()).await.unwrap().unwrap();
            assert_eq!(pong, Some(Event::Pong(vec![number; 100].into())));
        }
    }
}

/// The pipe is full and both halves wait for it, one with a message and one with a Pong. Whichever of them then goes away, and
/// whichever came last to wait, the other one writes everything when the peer reads.
#[tokio::test]
async fn both_halves_wait_for_the_same_pipe() {
    for (sender_leaves, receiver_leaves) in [(false, false), (true, false), (false, true)] {
        let (mut near, server, _) = watched_server().await;
        let (receiver, mut sender) = server.split_with(split);
        let mut sending = Box::pin(async move { sender.send(vec![1; 100_000]).await.unwrap() });
        assert!(timeout(Duration::ZERO, &mut sending).await.is_err());
        let receiving = tokio::spawn(drain(receiver));
        near.write_all(&frame(OpCode::Ping, b"ping", true)).await.unwrap();
        sleep(Duration::from_millis(5)).await;

        if receiver_leaves {
            receiving.abort();
            assert!(receiving.await.is_err());
        } else {
            assert!(timeout(Duration::ZERO, &mut sending).await.is_err());
        }
        let sending = if sender_leaves {
            drop(sending);
            None
        } else {
            Some(tokio::spawn(sending))
        };
        let mut expected = frame(OpCode::Binary, &[1; 100_000], false);
        expected.extend(frame(OpCode::Pong, b"ping", false));
        let mut received = vec![0; expected.len()];
        timeout(SOON, near.read_exact(&mut received)).await.unwrap().unwrap();
        assert!(received == expected);
        if let Some(sending) = sending {
            timeout(SOON, sending).await.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn the_sender_closes_while_the_receiver_waits() {
    for capacity in [1, 10, 1000] {
        let (client, server) = pair(capacity).await;
        let (receiver, mut sender) = client.split_with(split);
        let (server_receiver, mut server_sender) = server.split_with(split);
        let (receiving, serving) = (tokio::spawn(drain(receiver)), tokio::spawn(drain(server_receiver)));
        server_sender.send("first").await.unwrap();
        sender.send("last").await.unwrap();
        sender.close(4001, "bye").await.unwrap();
        assert!(matches!(sender.send("later").await, Err(Error::Send(SendError::Closed(_)))));
        let (messages, _, closed) = timeout(SOON, serving).await.unwrap().unwrap();
        assert_eq!((messages, closed.code().as_u16(), closed.reason()), (1, 4001, "bye"));
        let (messages, _, closed) = timeout(SOON, receiving).await.unwrap().unwrap();
        assert_eq!((messages, closed.code().as_u16()), (1, 4001));
        assert!(matches!(server_sender.send("later").await, Err(Error::Send(SendError::Closed(_)))));
    }
}

/// The deadline is the receiving half's to keep, which was waiting before the sending half started the closing.
#[tokio::test(start_paused = true)]
async fn a_close_that_is_not_answered_is_timed_out() {
    for capacity in [1, 1000] {
        let (client, _server) = pair(capacity).await;
        let (mut receiver, mut sender) = client.split_with(split);
        let receiving = tokio::spawn(async move { (receiver.receive().await.unwrap(), receiver) });
        tokio::task::yield_now().await;
        let start = Instant::now();
        let _closing = tokio::spawn(async move { sender.close(1000, "").await });
        assert_eq!(receiving.await.unwrap().0, Some(Event::Closed(Closed::TimedOut)));
        assert_eq!(start.elapsed().as_secs(), 5);
    }
}

/// A sender that waits for room learns that there will be none.
#[tokio::test]
async fn a_sender_that_waits_learns_of_the_end() {
    for violation in [false, true] {
        let (mut near, server, _) = watched_server().await;
        let (receiver, mut sender) = server.split_with(split);
        let sending = tokio::spawn(async move {
            loop {
                if let Err(error) = sender.send(vec![1; 1 << 20]).await {
                    return (error, sender);
                }
            }
        });
        let receiving = tokio::spawn(drain(receiver));
        sleep(Duration::from_millis(5)).await;
        if violation {
            near.write_all(&frame(OpCode::Text, b"not masked", false)).await.unwrap();
            // The peer reads on until the end of the stream, which comes although the sender is kept.
            let mut rest = Vec::new();
            timeout(SOON, near.read_to_end(&mut rest)).await.unwrap().unwrap();
            assert!(rest.ends_with(&frame(OpCode::Close, &1002u16.to_be_bytes(), false)));
        }
        drop(near);
        let (error, _sender) = timeout(SOON, sending).await.unwrap().unwrap();
        match error {
            Error::Send(SendError::Closed(_)) => {}
            Error::Io(_) => assert!(!violation),
            other => panic!("{other}"),
        }
        timeout(SOON, receiving).await.unwrap().ok();
    }
}

/// A transport that lets bytes through when it is told to, and may be late to wake.
#[derive(Clone, Default)]
struct Gate(Arc<Mutex<GateState>>);

#[derive(Default)]
struct GateState {
    open: bool,
    waker: Option<Waker>,
    written: Vec<u8>,
    shut: bool,
    /// It does not shut, open as it is.
    bolted: bool,
}

impl Gate {
    /// Polling it succeeds from now on; whoever waits has not heard of that yet.
    fn open(&self) {
        self.0.lock().unwrap().open = true;
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<MutexGuard<'_, GateState>> {
        let mut state = self.0.lock().unwrap();
        state.waker = (!state.open).then(|| cx.waker().clone());
        if state.open { Poll::Ready(state) } else { Poll::Pending }
    }
}

impl AsyncWrite for Gate {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll(cx)).written.extend(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx).map(|_| Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = ready!(self.poll(cx));
        state.shut = !state.bolted;
        if state.shut {
            return Poll::Ready(Ok(()));
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

type GatedServer = (ReceiveHalf<ReadHalf<Watched<DuplexStream>>, Gate, Server>, SendHalf<Gate, Server>);

/// A server whose writes come to a gate, and the other end of what it reads.
async fn gated() -> (DuplexStream, GatedServer, Gate) {
    let (near, server, _) = watched_server().await;
    let gate = Gate::default();
    let halves = server.split_with(|io| (split(io).0, gate.clone()));
    (near, halves, gate)
}

/// Both halves wait for the gate; the one that comes through it takes everything along, and tells the other.
#[tokio::test]
async fn who_writes_wakes_the_other() {
    // The receiver writes what the sender waits for, behind its own Pong.
    let (mut near, (receiver, mut sender), gate) = gated().await;
    tokio::spawn(drain(receiver));
    near.write_all(&frame(OpCode::Ping, b"ping", true)).await.unwrap();
    let sending = tokio::spawn(async move { sender.send("message").await });
    sleep(Duration::from_millis(5)).await;
    gate.open();
    near.write_all(&frame(OpCode::Text, b"", true)).await.unwrap();
    timeout(SOON, sending).await.unwrap().unwrap().unwrap();

    // The sender writes what the receiver waits for, to end the transport behind it.
    let (mut near, (receiver, mut sender), gate) = gated().await;
    let receiving = tokio::spawn(drain(receiver));
    near.write_all(&frame(OpCode::Close, b"", true)).await.unwrap();
    sleep(Duration::from_millis(5)).await;
    gate.open();
    sender.flush().await.unwrap();
    sleep(Duration::from_millis(5)).await;
    assert!(gate.0.lock().unwrap().shut);
    assert_eq!(gate.0.lock().unwrap().written, frame(OpCode::Close, b"", false));
    drop(near);
    assert_eq!(timeout(SOON, receiving).await.unwrap().unwrap().2, Closed::Peer(None));
}

/// The end waits until the transport has shut down, which may take it a while.
#[tokio::test]
async fn the_shutdown_is_waited_for() {
    let (mut near, (receiver, _sender), gate) = gated().await;
    gate.0.lock().unwrap().bolted = true;
    gate.open();
    let receiving = tokio::spawn(drain(receiver));
    near.write_all(&frame(OpCode::Close, b"", true)).await.unwrap();
    drop(near);
    sleep(Duration::from_millis(5)).await;
    assert!(!receiving.is_finished());
    let waker = {
        let mut state = gate.0.lock().unwrap();
        state.bolted = false;
        state.waker.take()
    };
    waker.unwrap().wake();
    timeout(SOON, receiving).await.unwrap().unwrap();
    assert!(gate.0.lock().unwrap().shut);
}

/// The receiver was the last to wait for the pipe, and goes away.
#[tokio::test]
async fn the_sender_is_woken_after_the_receiver_has_gone() {
    let (mut near, server, _) = watched_server().await;
    let (receiver, mut sender) = server.split_with(split);
    let sending = tokio::spawn(async move { sender.send(vec![1; 100_000]).await });
    tokio::task::yield_now().await;
    let receiving = tokio::spawn(drain(receiver));
    near.write_all(&frame(OpCode::Ping, b"ping", true)).await.unwrap();
    sleep(Duration::from_millis(5)).await;
    receiving.abort();
    assert!(receiving.await.is_err());
    timeout(SOON, near.read_exact(&mut [0; 100_000])).await.unwrap().unwrap();
    timeout(SOON, sending).await.unwrap().unwrap().unwrap();
}

/// The gate never opens. Whoever waits at it learns that the time is up.
#[tokio::test(start_paused = true)]
async fn nobody_waits_at_a_closed_gate_for_ever() {
    for peer_closes in [true, false] {
        let (mut near, (mut receiver, mut sender), _gate) = gated().await;
        let receiving = tokio::spawn(async move { (receiver.receive().await.unwrap(), receiver) });
        tokio::task::yield_now().await;
        let start = Instant::now();
        let sending = tokio::spawn(async move {
            if peer_closes { sender.send("message").await } else { sender.close(1000, "").await }
        });
        tokio::task::yield_now().await;
        if peer_closes {
            near.write_all(&frame(OpCode::Close, b"", true)).await.unwrap();
        }
        let (event, receiver) = timeout(SOON, receiving).await.unwrap().unwrap();
        assert_eq!(event, Some(Event::Closed(if peer_closes { Closed::Peer(None) } else { Closed::TimedOut })));
        assert_eq!(receiver.late_error().is_some(), peer_closes);
        assert!(matches!(timeout(SOON, sending).await.unwrap().unwrap(), Err(Error::Io(_))));
        assert_eq!(start.elapsed().as_secs(), 5);
    }
}

/// What was queued in one piece leaves although the sender is not used any more.
#[tokio::test]
async fn what_was_queued_before_the_split_leaves() {
    let (mut client, mut server) = pair(10).await;
    client.feed("queued").await.unwrap();
    client.start_close(1000, "").unwrap();
    let (receiver, _sender) = client.split_with(split);
    let receiving = tokio::spawn(drain(receiver));
    assert_eq!(timeout(SOON, server.receive()).await.unwrap().unwrap(), Some(Event::Text("queued".into())));
    assert!(matches!(server.receive().await.unwrap(), Some(Event::Closed(Closed::Peer(_)))));
    drop(server);
    assert_eq!(receiving.await.unwrap().2.code().as_u16(), 1000);
}

#[tokio::test]
async fn halves_are_dropped_in_any_order() {
    // The sender first: the receiver answers and ends the connection.
    let (mut client, server) = pair(10).await;
    let (receiver, sender): Halves = server.split_with(split);
    drop(sender);
    let receiving = tokio::spawn(drain(receiver));
    client.send("hello").await.unwrap();
    assert_eq!(client.close(1000, "").await.unwrap().code().as_u16(), 1000);
    drop(client);
    assert_eq!(receiving.await.unwrap().0, 1);

    // The receiver first: the sender sends, and its drop is the end.
    let (mut client, server) = pair(10).await;
    let (receiver, mut sender): Halves = server.split_with(split);
    drop(receiver);
    let (sent, received) = tokio::join!(sender.send("hello"), client.receive());
    sent.unwrap();
    assert_eq!(received.unwrap(), Some(Event::Text("hello".into())));
    drop(sender);
    assert_eq!(client.receive().await.unwrap(), Some(Event::Closed(Closed::Eof)));

    // Both at once, while both wait.
    let (mut client, server) = pair(10).await;
    let (receiver, mut sender): Halves = server.split_with(split);
    let receiving = tokio::spawn(drain(receiver));
    let sending = tokio::spawn(async move { sender.send(vec![0; 1000]).await });
    tokio::task::yield_now().await;
    sending.abort();
    receiving.abort();
    assert_eq!(client.receive().await.unwrap(), Some(Event::Closed(Closed::Eof)));
}

/// Attack 42. The same in halves.
#[tokio::test]
async fn receiving_in_a_half_can_be_cancelled_anywhere() {
    let (mut client, server) = pair(3).await;
    let (mut receiver, mut sender) = server.split_with(split);
    let sending = tokio::spawn(async move {
        for number in 0..50u8 {
            client.send(vec![number; usize::from(number)]).await.unwrap();
        }
        client.close(1000, "").await.unwrap();
    });
    let mut next = 0u8;
    loop {
        tokio::select! {
            biased;
            event = receiver.receive() => match event.unwrap().unwrap() {
                Event::Binary(payload) => {
                    assert_eq!(payload, vec![next; usize::from(next)]);
                    next += 1;
                }
                other => {
                    assert!(matches!(other, Event::Closed(_)));
                    break;
                }
            },
            () = ready(()) => tokio::task::yield_now().await,
        }
    }
    assert_eq!(next, 50);
    assert!(sender.send("closed").await.is_err());
    drop((receiver, sender));
    sending.await.unwrap();
}

#[tokio::test]
async fn halves_of_tcp_are_a_stream_and_a_sink() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (receiver, mut sender) = accept(listener.accept().await.unwrap().0).await.unwrap().split();
        let mut messages = receiver.filter_map(|event| {
            ready(match event {
                Ok(Event::Text(text)) => Some(Ok::<_, Error>(Message::Text(text))),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            })
        });
        sender.send_all(&mut messages).await
    });
    let (mut receiver, mut sender) = connect(&url).await.unwrap().0.split();
    sender.send("hello").await.unwrap();
    assert_eq!(receiver.next().await.unwrap().unwrap(), Event::Text("hello".into()));
    SinkExt::close(&mut sender).await.unwrap();
    assert_eq!(drain(receiver).await.2.code().as_u16(), 1000);
    server.await.unwrap().unwrap();
}

/// A transport that blocks its thread in the middle of a write, as long as the test likes.
struct Blocking(std::sync::mpsc::Sender<()>, std::sync::mpsc::Receiver<()>);

impl AsyncWrite for Blocking {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.send(()).unwrap();
        self.1.recv().unwrap();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The sending half stands in a write with the lock in its hand, and messages are received all the same, also where there is a
/// deadline to keep.
#[tokio::test]
async fn receiving_messages_takes_no_lock() {
    for keepalive in [Keepalive::default(), Keepalive { idle: Some(Duration::from_secs(60)), ..Keepalive::default() }] {
        let (mut near, far) = tokio::io::duplex(1 << 16);
        let (begun, begins) = std::sync::mpsc::channel();
        let (goes_on, go_on) = std::sync::mpsc::channel();
        let options = Options { keepalive, ..Options::default() };
        let server = WebSocket::new(far, Server, Agreement::default(), BytesMut::new(), &options);
        let (mut receiver, mut sender) = server.split_with(|far| (far, Blocking(begun, go_on)));
        // The first turn looks at everything there may be.
        near.write_all(&frame(OpCode::Text, b"first", true)).await.unwrap();
        assert_eq!(receiver.receive().await.unwrap(), Some(Event::Text("first".into())));
        assert!(timeout(Duration::from_millis(5), receiver.receive()).await.is_err());

        let sending = std::thread::spawn(move || {
            let waker = Waker::noop();
            let mut send = Box::pin(sender.send("blocks"));
            assert!(send.as_mut().poll(&mut Context::from_waker(waker)).is_ready());
        });
        begins.recv().unwrap();
        for _ in 0..100 {
            near.write_all(&frame(OpCode::Text, b"message", true)).await.unwrap();
            assert_eq!(receiver.receive().await.unwrap(), Some(Event::Text("message".into())));
        }
        assert!(!sending.is_finished());
        goes_on.send(()).unwrap();
        sending.join().unwrap();
    }
}
