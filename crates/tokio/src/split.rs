//! A connection in two halves, for a task that receives and a task that sends.
//!
//! The writing direction is shared behind a lock. The sending half holds it while it queues and writes, the receiving half
//! only for what crosses over, neither of them across an await:
//! - Receiving messages takes no lock. A Ping, a Pong, the last event, the end of the stream, the passing of a deadline and output
//!   of its own to write do.
//! - What the receiving half owes is in the output before the event is given out, so that it cannot be lost: it is written by
//!   whichever half writes next, and the receiving half goes on until all of it is.
//!
//! Each half is woken for what the other does:
//! - The transport's writing side may have to wake both, so it is always polled with a waker that does ([`Wakers`]).
//! - Who empties the output wakes the other half, which may wait for that too.
//! - Who changes what the receiving half has to look at says so in `attention`, which is written under the lock and read
//!   without: the receiving half registers its waker first and looks then.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use atomic_waker::AtomicWaker;
use bytes::{Buf, BytesMut};
use futures_core::Stream;
use futures_sink::Sink;
use switchover::{Closed, Event, Message, Prepared, Side, Transport, frame::CloseCode};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    Error, Part,
    reading::{Ends, Reading, poll_fill},
    writing::{Advice, Writing},
};

/// The receiving half of a connection: see [`WebSocket::split`](crate::WebSocket::split).
///
/// It gives the answers that the protocol owes, and writes them, whatever the other half does. It ends the transport after the
/// closing handshake, whichever side began it: receive until [`Event::Closed`] comes, as in
/// [`WebSocket::receive`](crate::WebSocket::receive).
#[derive(Debug)]
pub struct ReceiveHalf<R, W, S> {
    reading: Reading,
    ends: Halved<R, W, S>,
}

/// The sending half of a connection: see [`WebSocket::split`](crate::WebSocket::split).
///
/// To drop it closes nothing. When the connection ends, sending fails with
/// [`SendError::Closed`](switchover::SendError::Closed).
#[derive(Debug)]
pub struct SendHalf<W, S> {
    shared: Arc<Shared<W, S>>,
}

/// Takes a connection apart.
pub(crate) fn halves<T, R, W, S: Side>(
    reading: Reading,
    writing: Writing<T, S>,
    halve: impl FnOnce(T) -> (R, W),
) -> (ReceiveHalf<R, W, S>, SendHalf<W, S>)
where
    T: AsyncRead + AsyncWrite + Unpin,
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (read, writing) = writing.split(halve);
    let wakers = Arc::<Wakers>::default();
    let waker = Waker::from(Arc::clone(&wakers));
    // There may be output and a deadline already.
    let shared = Arc::new(Shared { writing: Mutex::new(writing), attention: AtomicBool::new(true), wakers, waker });
    let ends = Halved { read, shared: Arc::clone(&shared), deadline: None };
    (ReceiveHalf { reading, ends }, SendHalf { shared })
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin, S: Side> ReceiveHalf<R, W, S> {
    /// Receives the next event; `None` after the last one. It is safe to cancel.
    ///
    /// # Errors
    /// The transport failed before the peer's Close arrived; then there is nothing left to receive.
    pub async fn receive(&mut self) -> Result<Option<Event>, Error> {
        poll_fn(|cx| self.reading.poll_receive(&mut self.ends, cx)).await
    }

    /// Receives the next part of a message, as it arrives, or the next other event: see
    /// [`WebSocket::receive_part`](crate::WebSocket::receive_part). It is safe to cancel.
    ///
    /// # Errors
    /// As for [`receive`](Self::receive).
    pub async fn receive_part(&mut self) -> Result<Option<Part>, Error> {
        poll_fn(|cx| self.reading.poll_receive(&mut self.ends, cx)).await
    }

    /// Gives back the memory that is kept for compressed messages: see
    /// [`Receiver::release_memory`](switchover::Receiver::release_memory).
    pub fn release_memory(&mut self) {
        self.reading.release_memory();
    }

    /// How receiving ended, if it has.
    pub fn closed(&self) -> Option<&Closed> {
        self.reading.closed()
    }

    /// What went wrong with the transport when nothing could be lost any more, after the peer's Close: it was reset, or not
    /// ended within [`Limits::close`](switchover::Limits::close). `None` where it ended in order.
    pub fn late_error(&self) -> Option<&io::Error> {
        self.reading.late_error()
    }
}

impl<W: AsyncWrite + Unpin, S: Side> SendHalf<W, S> {
    /// Queues a message, to be written by [`flush`](Self::flush). If the queue is full, this writes until there is room; when
    /// cancelled then, the message is dropped.
    ///
    /// # Errors
    /// The message cannot be sent, or the transport failed.
    pub async fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        poll_fn(|cx| self.poll_with(cx, Writing::poll_ready)).await?;
        self.shared.lock().send(message.into())
    }

    /// Queues a message and writes all that is queued. To send several, [`feed`](Self::feed) all but the last.
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.feed(message).await?;
        self.flush().await
    }

    /// Queues one fragment of a message: see [`Sender::fragment`](switchover::Sender::fragment). For the rest as
    /// [`feed`](Self::feed).
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub async fn fragment(&mut self, fragment: impl Into<Message>, last: bool) -> Result<(), Error> {
        poll_fn(|cx| self.poll_with(cx, Writing::poll_ready)).await?;
        Ok(self.shared.lock().sender.fragment(fragment, last)?)
    }

    /// Queues a message as it is, where others are compressed: see
    /// [`Sender::send_uncompressed`](switchover::Sender::send_uncompressed). For the rest as [`feed`](Self::feed).
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub async fn feed_uncompressed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        poll_fn(|cx| self.poll_with(cx, Writing::poll_ready)).await?;
        Ok(self.shared.lock().sender.send_uncompressed(message)?)
    }

    /// Queues a message that is encoded already, for many connections: see
    /// [`Sender::send_prepared`](switchover::Sender::send_prepared). For the rest as [`feed`](Self::feed).
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub async fn feed_prepared(&mut self, prepared: &Prepared) -> Result<(), Error> {
        poll_fn(|cx| self.poll_with(cx, Writing::poll_ready)).await?;
        Ok(self.shared.lock().sender.send_prepared(prepared)?)
    }

    /// Queues one fragment of a message as it is: see
    /// [`Sender::fragment_uncompressed`](switchover::Sender::fragment_uncompressed). For the rest as [`feed`](Self::feed).
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub async fn fragment_uncompressed(&mut self, fragment: impl Into<Message>, last: bool) -> Result<(), Error> {
        poll_fn(|cx| self.poll_with(cx, Writing::poll_ready)).await?;
        Ok(self.shared.lock().sender.fragment_uncompressed(fragment, last)?)
    }

    /// Gives back the memory that is kept for compressing: see [`Sender::release_memory`](switchover::Sender::release_memory).
    pub fn release_memory(&mut self) {
        self.shared.lock().sender.release_memory();
    }

    /// Writes all that is queued. It is safe to cancel.
    ///
    /// # Errors
    /// The transport failed.
    pub async fn flush(&mut self) -> Result<(), Error> {
        Ok(poll_fn(|cx| self.poll_with(cx, Writing::poll_flush)).await?)
    }

    /// Starts the closing handshake: sends a Close, and nothing can be sent behind it. The receiving half still receives what
    /// the peer has sent before its own Close, and ends the connection.
    ///
    /// # Errors
    /// The code may not be sent, the reason is longer than 123 bytes, or the transport failed.
    pub async fn close(&mut self, code: impl Into<CloseCode>, reason: &str) -> Result<(), Error> {
        self.start_close(code.into(), reason)?;
        self.flush().await
    }

    /// Queues a Close. From now on there is a deadline, which is the receiving half's to keep.
    fn start_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        let mut writing = self.shared.lock();
        writing.close(code, reason)?;
        self.shared.attention.store(true, Ordering::Release);
        drop(writing);
        self.shared.wakers.receiver.wake();
        Ok(())
    }

    fn poll_with(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Writing<W, S>, &mut Context<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        let shared = &*self.shared;
        shared.wakers.sender.register(cx.waker());
        let mut writing = shared.lock();
        let result = poll(&mut writing, &mut Context::from_waker(&shared.waker));
        let written = writing.sender.output().is_empty();
        drop(writing);
        if written && shared.attention.load(Ordering::Acquire) {
            shared.wakers.receiver.wake();
        }
        result
    }
}

/// Events, as [`ReceiveHalf::receive`] gives them.
impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin, S: Side> Stream for ReceiveHalf<R, W, S> {
    type Item = Result<Event, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        this.reading.poll_receive(&mut this.ends, cx).map(Result::transpose)
    }
}

/// Messages. Closing the sink is [`SendHalf::close`] with 1000.
impl<W: AsyncWrite + Unpin, S: Side> Sink<Message> for SendHalf<W, S> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().poll_with(cx, Writing::poll_ready).map_err(Error::Io)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.shared.lock().send(message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().poll_with(cx, Writing::poll_flush).map_err(Error::Io)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let this = self.get_mut();
        this.start_close(CloseCode::NORMAL, "")?;
        this.poll_with(cx, Writing::poll_flush).map_err(Error::Io)
    }
}

/// Nothing in it is pinned.
impl<R: Unpin, W, S> Unpin for ReceiveHalf<R, W, S> {}

/// The reading side of the transport, and the way to the writing direction.
#[derive(Debug)]
struct Halved<R, W, S> {
    read: R,
    shared: Arc<Shared<W, S>>,
    /// The deadline of the sending half, when it was asked last. What moves it sets `attention`.
    deadline: Option<Duration>,
}

#[derive(Debug)]
struct Shared<W, S> {
    writing: Mutex<Writing<W, S>>,
    /// The receiving half has something to write, to end or to time. Written under the lock.
    attention: AtomicBool,
    wakers: Arc<Wakers>,
    /// Wakes both halves: what the transport's writing side is polled with.
    waker: Waker,
}

impl<W, S> Shared<W, S> {
    fn lock(&self) -> MutexGuard<'_, Writing<W, S>> {
        // Nothing is left half done by a transport that panics.
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The tasks of the two halves.
#[derive(Debug, Default)]
struct Wakers {
    receiver: AtomicWaker,
    sender: AtomicWaker,
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.receiver.wake();
        self.sender.wake();
    }
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin, S: Side> Ends for Halved<R, W, S> {
    type Write = W;
    type Side = S;

    fn poll_read(&mut self, cx: &mut Context<'_>, input: &mut BytesMut) -> Poll<io::Result<usize>> {
        poll_fill(&mut self.read, cx, input)
    }

    fn writing<X>(&mut self, act: impl FnOnce(&mut Writing<W, S>) -> X) -> X {
        let mut writing = self.shared.lock();
        let result = act(&mut writing);
        self.shared.attention.store(true, Ordering::Release);
        result
    }

    fn drive(&mut self, cx: &mut Context<'_>) -> Advice {
        let shared = &*self.shared;
        shared.wakers.receiver.register(cx.waker());
        if !shared.attention.load(Ordering::Acquire) {
            return (Transport::Open, self.deadline);
        }
        let mut writing = shared.lock();
        let before = writing.sender.output().remaining();
        let advice = writing.drive(&mut Context::from_waker(&shared.waker));
        let after = writing.sender.output().remaining();
        shared.attention.store(after > 0 || advice.0 != Transport::Open, Ordering::Release);
        drop(writing);
        self.deadline = advice.1;
        if after < before {
            shared.wakers.sender.wake();
        }
        advice
    }
}
