//! A connection.

use std::{
    io::{self, IoSlice},
    time::{Duration, Instant},
};

use bytes::{Buf, BytesMut};
use switchover::{
    Closed, Event, EventRef, HibernateError, Keepalive, Message, Prepared, Received, ResumeError, Session, Side,
    Transport,
    frame::{CloseCode, CloseFrame},
    handshake::Agreement,
};

use crate::{Duplex, Error, Options, Part, duplex::is_timeout};

/// Room for a read.
const READ: usize = 16 << 10;

/// How long a look at the transport may take, before anybody is found silent.
const LOOK: Duration = Duration::from_millis(1);

/// The most slices that one write is given.
const SLICES: usize = 64;

/// A WebSocket connection over a transport `T`, as a server or a client (`S`).
///
/// Whoever waits in [`receive`](Self::receive) also writes: answers to Pings and Closes, and all messages that were queued
/// with [`feed`](Self::feed), go out in one vectored write once everything that was read has been handled. The last event is
/// [`Event::Closed`]; it comes when the closing handshake is over and the transport is shut down in order, so that nothing is
/// lost when the connection is then dropped. After it there is `None`.
///
/// Every method blocks until it is done. Writing does not read: two ends that send each other more than the network holds,
/// before either of them receives, wait for ever. With [`set_timeout`](Self::set_timeout), a method that waits for the transport
/// for longer fails with [`io::ErrorKind::WouldBlock`] or [`io::ErrorKind::TimedOut`], loses nothing, and can be called again.
///
/// Deadlines and Pings ([`Options::keepalive`]) are the work of every method that waits for the transport. What arrived while none
/// was called is read before anybody is found silent. A Pong is not an answer before it is received, though: who sends for longer
/// than [`Keepalive::pong`] without receiving should not ask for [`Keepalive::strict`]. While there is a deadline, the timeouts of
/// the transport are set for it.
///
/// - Poll: [`receive`](Self::receive), [`receive_part`](Self::receive_part), [`flush`](Self::flush)
/// - Commands: [`feed`](Self::feed), [`send`](Self::send), [`fragment`](Self::fragment),
///   [`feed_uncompressed`](Self::feed_uncompressed), [`fragment_uncompressed`](Self::fragment_uncompressed),
///   [`feed_prepared`](Self::feed_prepared), [`start_close`](Self::start_close), [`close`](Self::close),
///   [`release_memory`](Self::release_memory), [`set_timeout`](Self::set_timeout), [`hibernate`](Self::hibernate)
/// - Getters: [`agreement`](Self::agreement), [`closed`](Self::closed), [`late_error`](Self::late_error),
///   [`get_ref`](Self::get_ref), [`get_mut`](Self::get_mut)
#[derive(Debug)]
pub struct WebSocket<T, S> {
    io: T,
    session: Session<S>,
    agreement: Agreement,
    input: BytesMut,
    /// What a read fills, so that room for it need not be cleared each time.
    room: Box<[u8]>,
    /// The last event waits until the transport is done, so that whoever sees it may drop everything.
    hold: bool,
    /// How receiving ended.
    closed: Option<Closed>,
    /// The end has been told.
    told: bool,
    /// The application has closed.
    closes: bool,
    /// Nothing more is written.
    shut: bool,
    /// A write has failed: output is thrown away from now on.
    broken: bool,
    /// The failure, if it came while reading and has not been reported.
    failure: Option<io::Error>,
    /// What went wrong after the peer's Close, when nothing could be lost any more.
    late: Option<io::Error>,
    epoch: Instant,
    /// Silence is noticed: the time is told behind each read.
    keeps_alive: bool,
    /// When what had arrived was looked at because a time was up; that time is told once it has been handled.
    looked: Option<Duration>,
    /// How long the application lets the transport block.
    timeout: Option<Duration>,
    /// The transport's timeouts have been set.
    timed: bool,
}

impl<T: Duplex, S: Side> WebSocket<T, S> {
    /// A connection whose opening handshake is done. `input` has the bytes that were received behind it.
    pub fn new(io: T, side: S, agreement: Agreement, input: BytesMut, options: &Options) -> Self {
        let session = Session::agreed(side, &agreement, options);
        Self::over(io, session, agreement, input, options)
    }

    /// A connection with a session of any age.
    pub(crate) fn over(io: T, session: Session<S>, agreement: Agreement, input: BytesMut, options: &Options) -> Self {
        Self {
            io,
            session,
            agreement,
            input,
            room: vec![0; READ].into(),
            hold: options.replies.close,
            closed: None,
            told: false,
            closes: false,
            shut: false,
            broken: false,
            failure: None,
            late: None,
            epoch: Instant::now(),
            keeps_alive: options.keepalive != Keepalive::default(),
            looked: None,
            timeout: None,
            timed: false,
        }
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
    /// # Errors
    /// The transport failed before the peer's Close arrived; then there is nothing left to receive.
    pub fn receive(&mut self) -> Result<Option<Event>, Error> {
        self.next()
    }

    /// Receives the next part of a message, as it arrives, or the next other event; `None` after the last one. So a message of any
    /// length takes the memory of one part: at most what a read gives, or some KiB of what was compressed.
    /// [`Limits::message`](crate::Limits::message) holds for the sum of the parts.
    ///
    /// It does all that [`receive`](Self::receive) does beside receiving. The two may take turns: see
    /// [`Receiver::poll_part`](switchover::Receiver::poll_part). Of a message of which a part has been received, `receive` passes over
    /// the rest; what `receive` had of one at a timeout comes with the next part.
    ///
    /// ```
    /// use std::io::Write;
    /// use switchover_blocking::{Duplex, Error, Part, WebSocket, switchover::Side};
    ///
    /// /// Writes one message to a file, and returns its length if it is whole.
    /// fn save<T: Duplex, S: Side>(
    ///     websocket: &mut WebSocket<T, S>,
    ///     mut file: impl Write,
    /// ) -> Result<Option<usize>, Error> {
    ///     let mut len = 0;
    ///     while let Some(part) = websocket.receive_part()? {
    ///         if let Part::Text { payload, last } | Part::Binary { payload, last } = part {
    ///             file.write_all(&payload)?;
    ///             len += payload.len();
    ///             if last {
    ///                 return Ok(Some(len));
    ///             }
    ///         }
    ///     }
    ///     Ok(None)
    /// }
    /// # use std::{net::TcpListener, thread};
    /// # use switchover_blocking::{accept, connect};
    /// # let listener = TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("ws://{}/", listener.local_addr()?);
    /// # let saving = thread::spawn(move || {
    /// #     let mut file = Vec::new();
    /// #     let len = save(&mut accept(listener.accept().unwrap().0).unwrap(), &mut file).unwrap();
    /// #     (len, file)
    /// # });
    /// # let upload = vec![7; 100_000];
    /// # connect(&url)?.0.send(upload.clone())?;
    /// # assert_eq!(saving.join().unwrap(), (Some(100_000), upload));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`receive`](Self::receive).
    pub fn receive_part(&mut self) -> Result<Option<Part>, Error> {
        self.next()
    }

    /// Queues a message. It is written by the next [`receive`](Self::receive) that waits for input, or by
    /// [`flush`](Self::flush). If the queue is full, this writes first.
    ///
    /// # Errors
    /// The message cannot be sent, or the transport failed.
    pub fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.make_room()?;
        Ok(self.session.send(message)?)
    }

    /// Queues a message and writes all that is queued. To send several, [`feed`](Self::feed) all but the last.
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.feed(message)?;
        self.flush()
    }

    /// Queues one fragment of a message, for one whose length is not known, or that is too long to be held: see
    /// [`Sender::fragment`](switchover::Sender::fragment). For the rest as [`feed`](Self::feed).
    ///
    /// One that is held, and long, is better sent whole with [`Options::fragments`].
    ///
    /// ```
    /// use std::io::Read;
    /// use switchover_blocking::{Duplex, Error, WebSocket, switchover::Side};
    ///
    /// /// Sends all of a file as one message.
    /// fn upload<T: Duplex, S: Side>(websocket: &mut WebSocket<T, S>, mut file: impl Read) -> Result<(), Error> {
    ///     loop {
    ///         let mut piece = vec![0; 64 << 10];
    ///         let read = file.read(&mut piece)?;
    ///         piece.truncate(read);
    ///         websocket.fragment(piece, read == 0)?;
    ///         websocket.flush()?;
    ///         if read == 0 {
    ///             return Ok(());
    ///         }
    ///     }
    /// }
    /// # use std::{net::TcpListener, thread};
    /// # use switchover_blocking::{Event, accept, connect};
    /// # let listener = TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("ws://{}/", listener.local_addr()?);
    /// # let receiving = thread::spawn(move || accept(listener.accept().unwrap().0).unwrap().receive().unwrap());
    /// # let (mut websocket, _) = connect(&url)?;
    /// # upload(&mut websocket, &[7; 100_000][..])?;
    /// # assert_eq!(receiving.join().unwrap(), Some(Event::Binary(vec![7; 100_000].into())));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub fn fragment(&mut self, fragment: impl Into<Message>, last: bool) -> Result<(), Error> {
        self.make_room()?;
        Ok(self.session.sender().fragment(fragment, last)?)
    }

    /// Queues a message as it is, where others are compressed: see
    /// [`Sender::send_uncompressed`](switchover::Sender::send_uncompressed). For the rest as [`feed`](Self::feed).
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub fn feed_uncompressed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.make_room()?;
        Ok(self.session.sender().send_uncompressed(message)?)
    }

    /// Queues a message that is encoded already, for many connections: see
    /// [`Sender::send_prepared`](switchover::Sender::send_prepared). For the rest as [`feed`](Self::feed).
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub fn feed_prepared(&mut self, prepared: &Prepared) -> Result<(), Error> {
        self.make_room()?;
        Ok(self.session.sender().send_prepared(prepared)?)
    }

    /// Queues one fragment of a message as it is: see
    /// [`Sender::fragment_uncompressed`](switchover::Sender::fragment_uncompressed). For the rest as [`feed`](Self::feed).
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub fn fragment_uncompressed(&mut self, fragment: impl Into<Message>, last: bool) -> Result<(), Error> {
        self.make_room()?;
        Ok(self.session.sender().fragment_uncompressed(fragment, last)?)
    }

    /// Gives back the memory that is kept for compression: see
    /// [`Session::release_memory`](switchover::Session::release_memory).
    pub fn release_memory(&mut self) {
        self.session.release_memory();
    }

    /// Writes all that is queued.
    ///
    /// # Errors
    /// The transport failed.
    pub fn flush(&mut self) -> Result<(), Error> {
        Ok(self.write_all()?)
    }

    /// Limits how long a read or a write of the transport may block, or takes the limit away: how long a method waits for a peer
    /// that does nothing. Zero is one millisecond.
    ///
    /// # Errors
    /// As of the transport.
    pub fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.timeout = timeout;
        self.limit_transport(self.epoch.elapsed())
    }

    /// Queues a Close, as [`feed`](Self::feed) does a message, and nothing can be sent behind it. What the peer has sent before
    /// its own Close is still received: go on until [`Event::Closed`].
    ///
    /// # Errors
    /// The code may not be sent, or the reason is longer than 123 bytes.
    pub fn start_close(&mut self, code: impl Into<CloseCode>, reason: &str) -> Result<(), Error> {
        self.session.close(CloseFrame { code: code.into(), reason })?;
        self.closes = true;
        Ok(())
    }

    /// Closes, and waits until the closing handshake is over and the transport is done. Messages that arrive meanwhile are
    /// dropped: see [`start_close`](Self::start_close). Returns how the connection ended.
    ///
    /// # Errors
    /// The code may not be sent, the reason is longer than 123 bytes, or the transport failed.
    pub fn close(&mut self, code: impl Into<CloseCode>, reason: &str) -> Result<Closed, Error> {
        self.start_close(code, reason)?;
        while self.receive()?.is_some() {}
        Ok(self.closed().cloned().unwrap_or(Closed::Eof))
    }

    /// Takes the connection out of this process, between two events: its transport, its session as a few bytes, and what was read
    /// and not received yet. All three have to travel: see [`resume`](Self::resume). Before it, [`flush`](Self::flush).
    ///
    /// # Errors
    /// Gives the connection back, if its session is not between messages, or something has not been written: see
    /// [`HibernateError`].
    #[expect(clippy::result_large_err, reason = "the connection is given back as it came")]
    pub fn hibernate(self) -> Result<(T, Vec<u8>, BytesMut), HibernateError<Self>> {
        if self.broken {
            return Err(HibernateError::Closing(self));
        }
        match self.session.hibernate() {
            Ok(state) => Ok((self.io, state, self.input)),
            Err(error) => Err(error.map(|session| Self { session, ..self })),
        }
    }

    /// How receiving ended, if it has.
    pub fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// What went wrong with the transport when nothing could be lost any more, after the peer's Close: it was reset, or not
    /// ended within [`Limits::close`](switchover::Limits::close). `None` where it ended in order.
    pub fn late_error(&self) -> Option<&io::Error> {
        self.late.as_ref()
    }

    /// What the opening handshake agreed on.
    pub fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    /// The transport.
    pub fn get_ref(&self) -> &T {
        &self.io
    }

    /// The transport. Its timeouts are set by this, where there is a deadline or [`set_timeout`](Self::set_timeout) was called.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.io
    }

    fn next<X: Received>(&mut self) -> Result<Option<X>, Error> {
        loop {
            // All that was read is handled before anything is written: what a read causes goes out in one write.
            if let Some(received) = self.take() {
                return Ok(Some(received));
            }
            // Nobody is found silent for what was not looked at.
            if self.looks_first() {
                continue;
            }
            self.keep_time()?;
            match self.advance() {
                Ok(true) => return self.finish(),
                Ok(false) => {}
                Err(error) if is_timeout(&error) => {
                    // Either a time of the session is up, or it is the application's timeout.
                    if !self.is_due(self.epoch.elapsed()) {
                        return Err(error.into());
                    }
                }
                Err(error) => {
                    self.session.sender().abort();
                    if self.closed.is_none() {
                        self.told = true;
                        return Err(error.into());
                    }
                    self.late = Some(error);
                }
            }
        }
    }

    /// Takes an event or a part off the input.
    fn take<X: Received>(&mut self) -> Option<X> {
        let received: X = self.session.poll(&mut self.input)?;
        if let Some(EventRef::Closed(closed)) = received.wants_reply() {
            self.closed = Some(closed);
            if self.hold {
                return None;
            }
            self.told = true;
        }
        Some(received)
    }

    /// Tells the session the time where it is due, or where something may have been read, and limits how long the transport may
    /// block.
    fn keep_time(&mut self) -> io::Result<()> {
        let now = self.epoch.elapsed();
        // Since it was looked, more may have arrived: only the time of a closing has nothing to do with that.
        let is_closing = self.closes || self.closed.is_some();
        let at = self.looked.take().filter(|_| !is_closing).unwrap_or(now);
        let due = self.is_due(at);
        if due || self.keeps_alive {
            let had_ended = self.closed.is_some();
            let ended = self.session.handle_timeout(at);
            if due && self.session.transport() == Transport::Drop && had_ended {
                self.late = Some(io::ErrorKind::TimedOut.into());
            }
            self.closed = self.closed.take().or(ended);
        }
        self.limit_transport(now)
    }

    /// Whether the session waits to be told the time.
    fn is_due(&self, now: Duration) -> bool {
        self.session.poll_timeout().is_some_and(|deadline| deadline <= now)
    }

    /// Looks at the transport before the time is told, once. Whether there was something.
    fn looks_first(&mut self) -> bool {
        let now = self.epoch.elapsed();
        let looks = self.keeps_alive && self.session.transport() == Transport::Open && self.is_due(now);
        if !looks || self.looked.is_some() {
            return false;
        }
        self.looked = Some(now);
        self.look(now)
    }

    /// Takes what the transport has, without waiting for more; whether that was something. An end will be there for the next read
    /// too; an error may not.
    fn look(&mut self, now: Duration) -> bool {
        self.timed = true;
        match self.io.set_timeout(Some(LOOK)).and_then(|()| self.io.read(&mut self.room)) {
            Ok(0) => return false,
            Ok(read) => {
                self.input.extend_from_slice(&self.room[..read]);
                self.session.sender().heard(now);
                return true;
            }
            Err(error) if is_timeout(&error) || error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => self.failure = self.failure.take().or(Some(error)),
        }
        false
    }

    /// Lets the transport block until the next deadline or for as long as the application does.
    fn limit_transport(&mut self, now: Duration) -> io::Result<()> {
        let left = self.session.poll_timeout().map(|deadline| deadline.saturating_sub(now));
        let limit = left.into_iter().chain(self.timeout).min();
        if limit.is_none() && !std::mem::take(&mut self.timed) {
            return Ok(());
        }
        self.timed = limit.is_some();
        self.io.set_timeout(limit.map(|limit| limit.max(LOOK)))
    }

    /// Writes what is queued, follows the advice for the transport, and reads once. Returns whether the transport is done.
    fn advance(&mut self) -> io::Result<bool> {
        let given_up = self.session.transport() == Transport::Drop;
        match self.write() {
            Err(error) if is_timeout(&error) => return Err(error),
            // No reason to stop reading: the peer's last words may have arrived before.
            Err(error) if self.failure.is_none() && !given_up => self.failure = Some(error),
            Ok(()) | Err(_) => {}
        }
        let advice = self.session.transport();
        if matches!(advice, Transport::ShutdownWrite | Transport::Drop) && !self.shut {
            self.shut = true;
            // With Drop too: the peer must not wait for it until this value is dropped. If it fails, there is no peer.
            let _ = self.io.shutdown_write();
        }
        if matches!(advice, Transport::Flush | Transport::Drop) {
            return Ok(true);
        }
        match self.io.read(&mut self.room) {
            Ok(0) => {
                let ended = self.session.input_eof();
                self.closed = self.closed.take().or(ended);
            }
            Ok(read) => self.input.extend_from_slice(&self.room[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(false)
    }

    /// Writes all output, in as few writes as the transport allows.
    fn write(&mut self) -> io::Result<()> {
        let written = if self.is_hopeless() { Err(io::ErrorKind::BrokenPipe.into()) } else { self.write_output() };
        if written.as_ref().is_err_and(|error| !is_timeout(error)) {
            self.broken = true;
            while !self.session.output().is_empty() {
                let output = self.session.output();
                output.advance(output.remaining());
            }
        }
        written
    }

    /// Whether what is queued will never be written: a write has failed, or the session has given the transport up.
    fn is_hopeless(&mut self) -> bool {
        self.broken || self.session.transport() == Transport::Drop && !self.session.output().is_empty()
    }

    fn write_output(&mut self) -> io::Result<()> {
        while !self.session.output().is_empty() {
            let output = self.session.output();
            let mut slices = [IoSlice::new(&[]); SLICES];
            let filled = output.chunks_vectored(&mut slices);
            match self.io.write_vectored(&slices[..filled]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => output.advance(written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.io.flush()
    }

    /// The same outside of `receive`, where nobody else keeps the time meanwhile.
    fn write_all(&mut self) -> io::Result<()> {
        loop {
            if self.keeps_alive {
                self.looks_first();
                self.keep_time()?;
            }
            match self.write() {
                Err(error) if is_timeout(&error) && self.keeps_alive && self.is_due(self.epoch.elapsed()) => {}
                written => return written,
            }
        }
    }

    fn make_room(&mut self) -> io::Result<()> {
        if self.session.sender().has_room() { Ok(()) } else { self.write_all() }
    }

    /// The transport is done: tells how receiving ended, once.
    fn finish<X: Received>(&mut self) -> Result<Option<X>, Error> {
        if std::mem::replace(&mut self.told, true) {
            return Ok(None);
        }
        match (self.closed.clone(), self.failure.take()) {
            // Without the peer's Close, a write that failed says more than the end of the stream.
            (Some(Closed::Eof) | None, Some(failure)) => Err(failure.into()),
            (closed, failure) => {
                self.late = self.late.take().or(failure);
                Ok(closed.map(X::from))
            }
        }
    }
}
