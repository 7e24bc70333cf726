//! A connection in one piece.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::BytesMut;
use futures_core::Stream;
use futures_sink::Sink;
use switchover::{
    Closed, Event, HibernateError, Message, Prepared, Received, ResumeError, Session, Side, frame::CloseCode,
    handshake::Agreement,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::{Error, Options, Part, ReceiveHalf, SendHalf, reading::Reading, split, writing::Writing};

/// A WebSocket connection over a transport `T`, as a server or a client (`S`).
///
/// Whoever waits in [`receive`](Self::receive) also writes: answers to Pings and Closes, and all messages that were queued
/// with [`feed`](Self::feed), go out in one vectored write once everything that was read has been handled. The last event is
/// [`Event::Closed`]; it comes when the closing handshake is over and the transport is shut down in order, so that nothing is
/// lost when the connection is then dropped. After it there is `None`.
///
/// Deadlines and Pings ([`Options::keepalive`]) are the work of `receive` too, while somebody waits in it. What arrived while
/// nobody did is read before anybody is found silent.
///
/// [`send`](Self::send) and [`flush`](Self::flush) wait for the peer to read, and do not read themselves. Two ends that send
/// each other more than the network holds, before either of them receives, wait for ever: `feed` and `receive`, or
/// [`split`](Self::split).
///
/// It is also a [`Stream`] of events and a [`Sink`] of messages.
///
/// - Poll: [`receive`](Self::receive), [`receive_part`](Self::receive_part), [`flush`](Self::flush)
/// - Commands: [`feed`](Self::feed), [`send`](Self::send), [`fragment`](Self::fragment),
///   [`feed_uncompressed`](Self::feed_uncompressed), [`fragment_uncompressed`](Self::fragment_uncompressed),
///   [`feed_prepared`](Self::feed_prepared), [`start_close`](Self::start_close), [`close`](Self::close),
///   [`release_memory`](Self::release_memory), [`split`](Self::split), [`hibernate`](Self::hibernate)
/// - Getters: [`agreement`](Self::agreement), [`closed`](Self::closed), [`late_error`](Self::late_error),
///   [`get_ref`](Self::get_ref)
#[derive(Debug)]
pub struct WebSocket<T, S> {
    reading: Reading,
    writing: Writing<T, S>,
    agreement: Agreement,
}

impl<T: AsyncRead + AsyncWrite + Unpin, S: Side> WebSocket<T, S> {
    /// A connection whose opening handshake is done. `input` has the bytes that were received behind it.
    pub fn new(io: T, side: S, agreement: Agreement, input: BytesMut, options: &Options) -> Self {
        let session = Session::agreed(side, &agreement, options);
        Self::over(io, session, agreement, input, options)
    }

    /// A connection that was [hibernated](Self::hibernate) goes on. Its session may be of any process; the
    /// options are those of a new connection. What the opening handshake agreed on beside compression does not travel, and
    /// [`agreement`](Self::agreement) has nothing of it.
    ///
    /// # Errors
    /// `state` is no session of this kind.
    pub fn resume(io: T, side: S, state: &[u8], input: BytesMut, options: &Options) -> Result<Self, ResumeError> {
        let session = Session::resume(side, state, options)?;
        Ok(Self::over(io, session, Agreement::default(), input, options))
    }

    /// Receives the next event; `None` after the last one.
    ///
    /// It is safe to cancel: no byte is lost when the future is dropped.
    ///
    /// # Errors
    /// The transport failed before the peer's Close arrived; then there is nothing left to receive.
    pub async fn receive(&mut self) -> Result<Option<Event>, Error> {
        poll_fn(|cx| self.poll_receive(cx)).await
    }

    /// Receives the next part of a message, as it arrives, or the next other event; `None` after the last one. So a message of any
    /// length takes the memory of one part: at most what a read gives, or some KiB of what was compressed.
    /// [`Limits::message`](crate::Limits::message) holds for the sum of the parts.
    ///
    /// It does all that [`receive`](Self::receive) does beside receiving, and is as safe to cancel. The two may take turns: see
    /// [`Receiver::poll_part`](switchover::Receiver::poll_part). Of a message of which a part has been received, `receive` passes over
    /// the rest; what `receive` had of one when it was cancelled comes with the next part.
    ///
    /// ```
    /// use switchover_tokio::{Error, Part, WebSocket, switchover::Side};
    /// use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
    ///
    /// /// Writes one message to a file, and returns its length if it is whole.
    /// async fn save<T: AsyncRead + AsyncWrite + Unpin, S: Side>(
    ///     websocket: &mut WebSocket<T, S>,
    ///     mut file: impl AsyncWrite + Unpin,
    /// ) -> Result<Option<usize>, Error> {
    ///     let mut len = 0;
    ///     while let Some(part) = websocket.receive_part().await? {
    ///         if let Part::Text { payload, last } | Part::Binary { payload, last } = part {
    ///             file.write_all(&payload).await?;
    ///             len += payload.len();
    ///             if last {
    ///                 return Ok(Some(len));
    ///             }
    ///         }
    ///     }
    ///     Ok(None)
    /// }
    /// # use switchover_tokio::{Options, accept, client};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let (near, far) = tokio::io::duplex(1 << 10);
    /// # let offer = switchover_tokio::Offer::new("ws://example.com/".parse()?);
    /// # let options = Options::default();
    /// # let (client, server) = tokio::join!(client(near, &offer, &options), accept(far));
    /// # let ((mut client, _), mut server) = (client?, server?);
    /// # let upload = vec![7; 100_000];
    /// # let mut file = Vec::new();
    /// # let (sent, saved) = tokio::join!(client.send(upload.clone()), save(&mut server, &mut file));
    /// # sent?;
    /// # assert_eq!((saved?, file), (Some(100_000), upload));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`receive`](Self::receive).
    pub async fn receive_part(&mut self) -> Result<Option<Part>, Error> {
        poll_fn(|cx| self.poll_receive(cx)).await
    }

    /// Queues a message. It is written by the next [`receive`](Self::receive) that waits for input, or by
    /// [`flush`](Self::flush). If the queue is full, this writes until there is room; when cancelled then, the message is
    /// dropped.
    ///
    /// # Errors
    /// The message cannot be sent, or the transport failed.
    pub async fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        poll_fn(|cx| self.writing.poll_ready(cx)).await?;
        self.writing.send(message.into())
    }

    /// Queues a message and writes all that is queued. To send several, [`feed`](Self::feed) all but the last.
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.feed(message).await?;
        self.flush().await
    }

    /// Queues one fragment of a message, for one whose length is not known, or that is too long to be held: see
    /// [`Sender::fragment`](switchover::Sender::fragment). For the rest as [`feed`](Self::feed).
    ///
    /// One that is held, and long, is better sent whole with [`Options::fragments`].
    ///
    /// ```
    /// use switchover_tokio::{Error, WebSocket, switchover::Side};
    /// use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
    ///
    /// /// Sends all of a file as one message.
    /// async fn upload<T: AsyncRead + AsyncWrite + Unpin, S: Side>(
    ///     websocket: &mut WebSocket<T, S>,
    ///     mut file: impl AsyncRead + Unpin,
    /// ) -> Result<(), Error> {
    ///     loop {
    ///         let mut piece = Vec::with_capacity(64 << 10);
    ///         let is_end = file.read_buf(&mut piece).await? == 0;
    ///         websocket.fragment(piece, is_end).await?;
    ///         websocket.flush().await?;
    ///         if is_end {
    ///             return Ok(());
    ///         }
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use switchover_tokio::{Event, Options, accept, client};
    /// # let (near, far) = tokio::io::duplex(1 << 10);
    /// # let offer = switchover_tokio::Offer::new("ws://example.com/".parse()?);
    /// # let options = Options::default();
    /// # let (client, server) = tokio::join!(client(near, &offer, &options), accept(far));
    /// # let ((mut client, _), mut server) = (client?, server?);
    /// # let (sent, received) = tokio::join!(upload(&mut client, &[7; 100_000][..]), server.receive());
    /// # sent?;
    /// # assert_eq!(received?, Some(Event::Binary(vec![7; 100_000].into())));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub async fn fragment(&mut self, fragment: impl Into<Message>, last: bool) -> Result<(), Error> {
        poll_fn(|cx| self.writing.poll_ready(cx)).await?;
        Ok(self.writing.sender.fragment(fragment, last)?)
    }

    /// Queues a message as it is, where others are compressed: see
    /// [`Sender::send_uncompressed`](switchover::Sender::send_uncompressed). For the rest as [`feed`](Self::feed).
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub async fn feed_uncompressed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        poll_fn(|cx| self.writing.poll_ready(cx)).await?;
        Ok(self.writing.sender.send_uncompressed(message)?)
    }

    /// Queues a message that is encoded already, for many connections: see
    /// [`Sender::send_prepared`](switchover::Sender::send_prepared). For the rest as [`feed`](Self::feed).
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub async fn feed_prepared(&mut self, prepared: &Prepared) -> Result<(), Error> {
        poll_fn(|cx| self.writing.poll_ready(cx)).await?;
        Ok(self.writing.sender.send_prepared(prepared)?)
    }

    /// Queues one fragment of a message as it is: see
    /// [`Sender::fragment_uncompressed`](switchover::Sender::fragment_uncompressed). For the rest as [`feed`](Self::feed).
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub async fn fragment_uncompressed(&mut self, fragment: impl Into<Message>, last: bool) -> Result<(), Error> {
        poll_fn(|cx| self.writing.poll_ready(cx)).await?;
        Ok(self.writing.sender.fragment_uncompressed(fragment, last)?)
    }

    /// Gives back the memory that is kept for compression: see
    /// [`Session::release_memory`](switchover::Session::release_memory).
    pub fn release_memory(&mut self) {
        self.reading.release_memory();
        self.writing.sender.release_memory();
    }

    /// Writes all that is queued. It is safe to cancel.
    ///
    /// # Errors
    /// The transport failed.
    pub async fn flush(&mut self) -> Result<(), Error> {
        Ok(poll_fn(|cx| self.writing.poll_flush(cx)).await?)
    }

    /// Queues a Close, as [`feed`](Self::feed) does a message, and nothing can be sent behind it. What the peer has sent before
    /// its own Close is still received: go on until [`Event::Closed`].
    ///
    /// # Errors
    /// The code may not be sent, or the reason is longer than 123 bytes.
    pub fn start_close(&mut self, code: impl Into<CloseCode>, reason: &str) -> Result<(), Error> {
        self.writing.close(code.into(), reason)
    }

    /// Closes, and waits until the closing handshake is over and the transport is done. Messages that arrive meanwhile are
    /// dropped: see [`start_close`](Self::start_close). Returns how the connection ended.
    ///
    /// # Errors
    /// The code may not be sent, the reason is longer than 123 bytes, or the transport failed.
    pub async fn close(&mut self, code: impl Into<CloseCode>, reason: &str) -> Result<Closed, Error> {
        self.start_close(code, reason)?;
        while self.receive().await?.is_some() {}
        Ok(self.closed().cloned().unwrap_or(Closed::Eof))
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

    /// What the opening handshake agreed on.
    pub fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    /// The transport.
    pub fn get_ref(&self) -> &T {
        &self.writing.io
    }

    /// Two halves for different tasks; `halve` gives the halves of the transport, as [`tokio::io::split`] does for any.
    pub fn split_with<R, W>(self, halve: impl FnOnce(T) -> (R, W)) -> (ReceiveHalf<R, W, S>, SendHalf<W, S>)
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        split::halves(self.reading, self.writing, halve)
    }

    /// Takes the connection out of this process, between two events: its transport, its session as a few bytes, and what was read
    /// and not received yet. All three have to travel: see [`resume`](Self::resume). Before it, [`flush`](Self::flush).
    ///
    /// # Errors
    /// Gives the connection back, if its session is not between messages, or something has not been written: see
    /// [`HibernateError`].
    #[expect(clippy::result_large_err, reason = "the connection is given back as it came")]
    pub fn hibernate(mut self) -> Result<(T, Vec<u8>, BytesMut), HibernateError<Self>> {
        if self.writing.is_broken() {
            return Err(HibernateError::Closing(self));
        }
        if self.writing.is_unflushed() {
            return Err(HibernateError::Output(self));
        }
        match Session::join(self.reading.receiver, self.writing.sender).hibernate() {
            Ok(state) => Ok((self.writing.io, state, self.reading.input)),
            Err(error) => {
                let (reason, session) = error.into_parts();
                (self.reading.receiver, self.writing.sender) = session.split();
                Err(reason.map(|()| self))
            }
        }
    }

    /// A connection with a session of any age.
    pub(crate) fn over(io: T, session: Session<S>, agreement: Agreement, input: BytesMut, options: &Options) -> Self {
        let (receiver, sender) = session.split();
        Self { reading: Reading::new(receiver, input, options), writing: Writing::new(io, sender), agreement }
    }

    fn poll_receive<X: Received>(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<X>, Error>> {
        self.reading.poll_receive(&mut self.writing, cx)
    }
}

impl<S: Side> WebSocket<TcpStream, S> {
    /// Two halves for different tasks.
    pub fn split(self) -> (ReceiveHalf<OwnedReadHalf, OwnedWriteHalf, S>, SendHalf<OwnedWriteHalf, S>) {
        self.split_with(TcpStream::into_split)
    }
}

/// Events, as [`WebSocket::receive`] gives them.
impl<T: AsyncRead + AsyncWrite + Unpin, S: Side> Stream for WebSocket<T, S> {
    type Item = Result<Event, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_receive(cx).map(Result::transpose)
    }
}

/// Messages. Closing the sink is [`WebSocket::close`] with 1000.
impl<T: AsyncRead + AsyncWrite + Unpin, S: Side> Sink<Message> for WebSocket<T, S> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().writing.poll_ready(cx).map_err(Error::Io)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.get_mut().writing.send(message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().writing.poll_flush(cx).map_err(Error::Io)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let this = self.get_mut();
        this.start_close(CloseCode::NORMAL, "")?;
        while ready!(this.poll_receive::<Event>(cx))?.is_some() {}
        Poll::Ready(Ok(()))
    }
}

/// Nothing in it is pinned.
impl<T: Unpin, S> Unpin for WebSocket<T, S> {}
