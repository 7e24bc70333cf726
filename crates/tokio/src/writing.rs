//! The writing direction of a connection.

use std::{
    io,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Buf;
use switchover::{Message, Sender, Side, Transport, frame::CloseCode, frame::CloseFrame};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::Error;

/// The sending half of a session, and the transport it writes to.
#[derive(Debug)]
pub(crate) struct Writing<W, S> {
    pub(crate) io: W,
    pub(crate) sender: Sender<S>,
    /// The application has closed.
    closes: bool,
    /// Bytes were written that the transport may hold back.
    unflushed: bool,
    /// Nothing more is written.
    shut: bool,
    /// A write has failed: output is thrown away from now on.
    broken: bool,
    /// The failure, if it came while reading and has not been reported.
    failure: Option<io::Error>,
}

/// What the session wants of its transport, and until when.
pub(crate) type Advice = (Transport, Option<Duration>);

impl<W: AsyncWrite + Unpin, S: Side> Writing<W, S> {
    pub(crate) fn new(io: W, sender: Sender<S>) -> Self {
        Self { io, sender, closes: false, unflushed: false, shut: false, broken: false, failure: None }
    }

    /// The reading side of the transport, and this on the writing side.
    pub(crate) fn split<R, V>(self, halve: impl FnOnce(W) -> (R, V)) -> (R, Writing<V, S>) {
        let Self { io, sender, closes, unflushed, shut, broken, failure } = self;
        let (read, io) = halve(io);
        (read, Writing { io, sender, closes, unflushed, shut, broken, failure })
    }

    /// Writes all output, in as few writes as the transport allows.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let written =
            if self.is_hopeless() { Err(io::ErrorKind::BrokenPipe.into()) } else { ready!(self.poll_write(cx)) };
        if written.is_err() {
            self.broken = true;
            self.discard();
        }
        Poll::Ready(written)
    }

    /// Writes until there is room for a message.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.has_room() {
            return Poll::Ready(Ok(()));
        }
        match self.poll_flush(cx) {
            Poll::Pending if self.has_room() => Poll::Ready(Ok(())),
            written => written,
        }
    }

    /// Whether a write has failed.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Whether the transport may hold back what was written.
    pub(crate) fn is_unflushed(&self) -> bool {
        self.unflushed
    }

    /// Queues a message.
    pub(crate) fn send(&mut self, message: Message) -> Result<(), Error> {
        Ok(self.sender.send(message)?)
    }

    /// Queues a Close.
    pub(crate) fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.sender.close(CloseFrame { code, reason })?;
        self.closes = true;
        Ok(())
    }

    /// Whether the application has closed.
    pub(crate) fn closes(&self) -> bool {
        self.closes
    }

    /// Writes what can be written now, follows the advice for the writing direction, and passes it on to the reading one. A
    /// write that fails is no reason to stop reading: the peer's last words may have arrived before.
    pub(crate) fn drive(&mut self, cx: &mut Context<'_>) -> Advice {
        let given_up = self.sender.transport() == Transport::Drop;
        let mut flushed = self.poll_flush(cx);
        if let Poll::Ready(Err(error)) = &mut flushed
            && self.failure.is_none()
            && !given_up
        {
            self.failure = Some(std::mem::replace(error, io::ErrorKind::BrokenPipe.into()));
        }
        let advice = self.sender.transport();
        if matches!(advice, Transport::ShutdownWrite | Transport::Drop) && !self.shut {
            // With Drop too: the peer must not wait for it until this value is dropped. If it fails, there is no peer.
            self.shut = Pin::new(&mut self.io).poll_shutdown(cx).is_ready();
        }
        let deadline = self.sender.poll_timeout();
        match advice {
            // The session is done, and the transport is not; without a deadline its time is up.
            Transport::Drop if deadline.is_some() && (flushed.is_pending() || !self.shut) => {
                (Transport::Flush, deadline)
            }
            advice => (advice, deadline),
        }
    }

    /// The failure of a write that nobody has been told of.
    pub(crate) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Once more where a Pong had to wait for the one before it.
        while !self.sender.output().is_empty() {
            self.unflushed = true;
            // A future without state of its own: what was written is taken off the output at once.
            ready!(pin!(self.io.write_all_buf(self.sender.output())).poll(cx))?;
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Whether what is queued will never be written: a write has failed, or the session has given the transport up.
    fn is_hopeless(&mut self) -> bool {
        self.broken || self.sender.transport() == Transport::Drop && !self.sender.output().is_empty()
    }

    fn has_room(&self) -> bool {
        self.sender.has_room()
    }

    fn discard(&mut self) {
        while !self.sender.output().is_empty() {
            let output = self.sender.output();
            output.advance(output.remaining());
        }
    }
}
