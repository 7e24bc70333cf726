//! The reading direction of a connection, which also answers and ends it.

use std::{
    io,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use bytes::BytesMut;
use switchover::{Closed, EventRef, Keepalive, Received, Receiver, Side, Transport};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    time::{Instant, Sleep, sleep},
};

use crate::{
    Error, Options,
    writing::{Advice, Writing},
};

/// Room for a read. A payload that is kept keeps the whole buffer alive, so this is not more than a few reads need.
const READ: usize = 16 << 10;

/// With less room than this a read is not worth its system call.
const LEAST: usize = 2 << 10;

/// The receiving half of a session, and what it has read.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) receiver: Receiver,
    pub(crate) input: BytesMut,
    /// The last event waits until the transport is done, so that whoever sees it may drop everything.
    hold: bool,
    /// How receiving ended.
    closed: Option<Closed>,
    /// The end has been told.
    told: bool,
    /// What went wrong after the peer's Close, when nothing could be lost any more.
    late: Option<io::Error>,
    epoch: Instant,
    /// Silence is noticed: the time of a read counts.
    keeps_alive: bool,
    /// When something was read last, unless the session has been told.
    heard: Option<Duration>,
    /// When what had arrived was looked at because a time was up; that time is told once it has been handled.
    looked: Option<Duration>,
    /// Wakes for the next deadline of the session, and for which one.
    alarm: Option<(Duration, Pin<Box<Sleep>>)>,
}

/// What the reading direction needs of the other one, which it may share.
pub(crate) trait Ends {
    type Write: AsyncWrite + Unpin;
    type Side: Side;

    /// Reads what is there; `Ok(0)` is the end of the stream.
    fn poll_read(&mut self, cx: &mut Context<'_>, input: &mut BytesMut) -> Poll<io::Result<usize>>;

    /// The writing direction.
    fn writing<X>(&mut self, act: impl FnOnce(&mut Writing<Self::Write, Self::Side>) -> X) -> X;

    /// [`Writing::drive`].
    fn drive(&mut self, cx: &mut Context<'_>) -> Advice;
}

impl Reading {
    /// Gives back the memory that is kept for compression.
    pub(crate) fn release_memory(&mut self) {
        self.receiver.release_memory();
    }

    pub(crate) fn new(receiver: Receiver, input: BytesMut, options: &Options) -> Self {
        Self {
            receiver,
            input,
            hold: options.replies.close,
            closed: None,
            told: false,
            late: None,
            epoch: Instant::now(),
            keeps_alive: options.keepalive != Keepalive::default(),
            heard: None,
            looked: None,
            alarm: None,
        }
    }

    /// The next event or part; `None` after the last one.
    pub(crate) fn poll_receive<E: Ends, X: Received>(
        &mut self,
        ends: &mut E,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<X>, Error>> {
        loop {
            // All that was read is handled before anything is written: what a read causes goes out in one write.
            if let Some(received) = self.next(ends) {
                return Poll::Ready(Ok(Some(received)));
            }
            let (advice, deadline) = ends.drive(cx);
            let deadline = deadline.into_iter().chain(self.receiver.poll_timeout()).min();
            let late = self.is_late(deadline, cx);
            if late && (self.looked.is_some() || matches!(advice, Transport::Flush | Transport::Drop)) {
                self.tell_time(ends);
                continue;
            }
            match advice {
                Transport::Drop => return Poll::Ready(self.finish(ends)),
                Transport::Flush => return Poll::Pending,
                Transport::Open | Transport::ShutdownWrite | Transport::AwaitPeer => {}
            }
            // Nobody is found silent because this task was: what the transport has by now counts.
            self.looked = late.then(|| self.epoch.elapsed());
            match ends.poll_read(cx, &mut self.input) {
                Poll::Pending if late => {}
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) => self.end_of_stream(ends),
                Poll::Ready(Ok(_)) if self.keeps_alive => self.heard = Some(self.epoch.elapsed()),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => {
                    ends.writing(|writing| writing.sender.abort());
                    if self.closed.is_none() {
                        self.told = true;
                        return Poll::Ready(Err(error.into()));
                    }
                    self.late = Some(error);
                }
            }
        }
    }

    /// How receiving ended, if it has.
    pub(crate) fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// What went wrong with the transport after receiving had ended.
    pub(crate) fn late_error(&self) -> Option<&io::Error> {
        self.late.as_ref()
    }

    /// Takes an event or a part off the input and has it answered.
    fn next<X: Received>(&mut self, ends: &mut impl Ends) -> Option<X> {
        let received = X::poll(&mut self.receiver, &mut self.input)?;
        if let Some(event) = received.wants_reply() {
            ends.writing(|writing| writing.sender.observe(&event));
            if let EventRef::Closed(closed) = event {
                self.closed = Some(closed);
                if self.hold {
                    return None;
                }
                self.told = true;
            }
        }
        Some(received)
    }

    fn end_of_stream(&mut self, ends: &mut impl Ends) {
        if let Some(closed) = self.receiver.input_eof() {
            self.closed.get_or_insert(closed);
        }
        ends.writing(|writing| writing.sender.input_eof());
    }

    /// Tells the session the time, and what was received until then.
    fn tell_time(&mut self, ends: &mut impl Ends) {
        let (looked, heard) = (self.looked.take(), self.heard.take());
        // Since it was looked, more may have arrived: only the time of a closing has nothing to do with that.
        let is_closing = self.closed.is_some() || ends.writing(|writing| writing.closes());
        let now = looked.filter(|_| !is_closing).unwrap_or_else(|| self.epoch.elapsed());
        self.receiver.handle_timeout(now);
        let ended = ends.writing(|writing| {
            if let Some(at) = heard {
                writing.sender.heard(at);
            }
            writing.sender.handle_timeout(now)
        });
        let Some(closed) = ended else { return };
        if self.closed.is_some() {
            self.late = Some(io::ErrorKind::TimedOut.into());
        } else {
            self.closed = self.receiver.end(closed);
        }
    }

    /// Whether the deadline has passed; if not, arranges to be woken then.
    fn is_late(&mut self, deadline: Option<Duration>, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = deadline else { return false };
        let left = deadline.saturating_sub(self.epoch.elapsed());
        if left.is_zero() {
            self.alarm = None;
            return true;
        }
        let (at, alarm) = self.alarm.get_or_insert_with(|| (deadline, Box::pin(sleep(left))));
        if *at != deadline {
            *at = deadline;
            alarm.set(sleep(left));
        }
        alarm.as_mut().poll(cx).is_ready()
    }

    /// The transport is done: tells how receiving ended, once.
    fn finish<X: Received>(&mut self, ends: &mut impl Ends) -> Result<Option<X>, Error> {
        if std::mem::replace(&mut self.told, true) {
            return Ok(None);
        }
        let failure = ends.writing(Writing::take_failure);
        match (self.closed.clone(), failure) {
            // Without the peer's Close, a write that failed says more than the end of the stream.
            (Some(Closed::Eof) | None, Some(failure)) => Err(failure.into()),
            (closed, failure) => {
                self.late = self.late.take().or(failure);
                Ok(closed.map(X::from))
            }
        }
    }
}

/// Both directions on one transport.
impl<T: AsyncRead + AsyncWrite + Unpin, S: Side> Ends for Writing<T, S> {
    type Write = T;
    type Side = S;

    fn poll_read(&mut self, cx: &mut Context<'_>, input: &mut BytesMut) -> Poll<io::Result<usize>> {
        poll_fill(&mut self.io, cx, input)
    }

    fn writing<X>(&mut self, act: impl FnOnce(&mut Self) -> X) -> X {
        act(self)
    }

    fn drive(&mut self, cx: &mut Context<'_>) -> Advice {
        Writing::drive(self, cx)
    }
}

/// Reads once into the spare room of `input`, which an idle connection does not keep.
pub(crate) fn poll_fill(
    io: &mut (impl AsyncRead + Unpin),
    cx: &mut Context<'_>,
    input: &mut BytesMut,
) -> Poll<io::Result<usize>> {
    if input.capacity() - input.len() < LEAST {
        input.reserve(READ);
    }
    // A future without state of its own: what was read is in `input` at once.
    let read = pin!(io.read_buf(input)).poll(cx);
    if read.is_pending() && input.is_empty() {
        *input = BytesMut::new();
    }
    read
}
