//! A session: both halves of one WebSocket connection, after the opening handshake.

use alloc::vec::Vec;
use bytes::BytesMut;
use core::{
    ops::{Deref, DerefMut},
    time::Duration,
};
use switchover_frame::{CloseFrame, InvalidClose};
use switchover_handshake::{Agreement, DeflateParameters};
#[cfg(feature = "deflate")]
use {
    crate::deflate::{Compression, DeflatePool, Deflation, LentPool},
    switchover_frame::Role,
};

use crate::{
    Client, Closed, Event, EventRef, Keepalive, Limits, MaskSource, Message, Options, Output, Part, PartRef, Received,
    Receiver, Replies, SendError, Sender, Server, Side, Transform, Transport,
};

/// One WebSocket connection after its opening handshake, without I/O.
///
/// Feed it what the transport delivered, with [`poll_event`](Self::poll_event), [`poll_part`](Self::poll_part),
/// [`receive`](Self::receive) or [`receive_part`](Self::receive_part), until that answers `None`; write what is in
/// [`output`](Self::output); then do what [`transport`](Self::transport) advises. Sending, closing, writing and telling the time
/// may come in any order between, and late: every answer that the protocol owes (Pong, Close) is in the output without being
/// asked for. What was received has to be fed in its order, and all of it before [`input_eof`](Self::input_eof).
///
/// - Constructors: [`server`](Session::server), [`accepted`](Session::accepted), [`refused`](Session::refused),
///   [`client`](Session::client), [`new`](Self::new), [`agreed`](Self::agreed), [`resume`](Self::resume), [`join`](Self::join);
///   by value
///   [`with_keepalive`](Self::with_keepalive), [`with_fragments`](Self::with_fragments), [`with_transform`](Self::with_transform)
/// - Getters: [`transport`](Self::transport), [`poll_timeout`](Self::poll_timeout), [`held`](Self::held)
/// - Handle: [`input_eof`](Self::input_eof), [`handle_timeout`](Self::handle_timeout)
/// - Commands: [`send`](Self::send), [`close`](Self::close), [`abort`](Self::abort), [`hibernate`](Self::hibernate), and those
///   of [`sender`](Self::sender)
/// - Poll: [`poll_event`](Self::poll_event), [`poll_part`](Self::poll_part), [`poll`](Self::poll), [`receive`](Self::receive),
///   [`receive_part`](Self::receive_part), [`output`](Self::output)
///
/// An idle session owns no heap, unless it has more to do than to wait: [`Keepalive`], or limits of its own ([`Limits`]).
#[derive(Debug)]
pub struct Session<S> {
    receiver: Receiver,
    sender: Sender<S>,
}

impl Session<Server> {
    /// The server's end of a connection.
    #[must_use]
    pub fn server(limits: &Limits) -> Self {
        Self::new(Server, limits, Replies::default())
    }

    /// The server's end of a connection behind its 101: `response` goes out first, through the same output.
    #[must_use]
    pub fn accepted(response: &[u8], limits: &Limits) -> Self {
        let Self { receiver, sender } = Self::server(limits);
        Self { receiver, sender: sender.behind(response, true) }
    }

    /// What is left of a connection whose opening handshake was refused: writes `response`, receives nothing, and brings the
    /// transport to its end so that the client gets to read all of it.
    #[must_use]
    pub fn refused(response: &[u8]) -> Self {
        let Self { mut receiver, sender } = Self::server(&Limits::default());
        receiver.end(Closed::Eof);
        Self { receiver, sender: sender.behind(response, false) }
    }
}

impl<M: MaskSource> Session<Client<M>> {
    /// The client's end of a connection, with a strong source of masking keys.
    #[must_use]
    pub fn client(limits: &Limits, masks: M) -> Self {
        Self::new(Client(masks), limits, Replies::default())
    }
}

impl<S: Side> Session<S> {
    /// Either end of a connection.
    #[must_use]
    pub fn new(side: S, limits: &Limits, replies: Replies) -> Self {
        Self { receiver: Receiver::new(S::ROLE, limits), sender: Sender::new(side, limits, replies) }
    }

    /// Either end of a connection, with all that these options say of a session, and compression if the opening handshake agreed on
    /// it. [Transforms](Self::with_transform) are to be given beside.
    #[must_use]
    pub fn agreed(side: S, agreement: &Agreement, options: &Options) -> Self {
        Self::with_options(side, agreement.deflate(), options)
    }

    /// The same. Without the feature `deflate` nothing is compressed, whatever was agreed on.
    pub(crate) fn with_options(side: S, deflate: Option<DeflateParameters>, options: &Options) -> Self {
        let session = Self::new(side, &options.limits, options.replies).with_keepalive(&options.keepalive);
        #[cfg(feature = "deflate")]
        let session = session.with_deflate(deflate, &options.compression);
        #[cfg(not(feature = "deflate"))]
        let _ = deflate;
        match options.fragments {
            Some(size) => session.with_fragments(size),
            None => session,
        }
    }

    /// The same, keeping the connection alive and noticing when it is not.
    #[must_use]
    pub fn with_keepalive(self, keepalive: &Keepalive) -> Self {
        Self { receiver: self.receiver, sender: self.sender.with_keepalive(keepalive) }
    }

    /// The same with compressed messages, if the opening handshake agreed on that
    /// ([`Agreement::deflate`](crate::handshake::Agreement::deflate)).
    ///
    /// Memory for compression comes with the first message that is compressed, one direction at a time, and stays until
    /// [`release_memory`](Self::release_memory), unless it is that of a [pool](Self::lend_pool): 48 KiB to receive, and to send
    /// what [`Compression`] says.
    ///
    /// ```
    /// use switchover::{Limits, Session, deflate::Compression, handshake::Agreement};
    ///
    /// fn session(response: &[u8], agreement: &Agreement) -> Session<switchover::Server> {
    ///     Session::accepted(response, &Limits::default())
    ///         .with_deflate(agreement.deflate(), &Compression::default())
    /// }
    /// ```
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn with_deflate(self, agreed: Option<DeflateParameters>, compression: &Compression) -> Self {
        let Some(agreed) = agreed else { return self };
        let (to_send, to_receive) = match S::ROLE {
            Role::Server => (agreed.server, agreed.client),
            Role::Client => (agreed.client, agreed.server),
        };
        Self {
            receiver: self.receiver.with_inflation(to_receive, compression.ratio),
            sender: self.sender.with_deflation(Deflation::new(to_send, compression)),
        }
    }

    /// The same, with messages of more than `size` bytes sent in fragments of so many, at least one, as the output is drained: no
    /// sooner than those before are as good as written. So Pings, Pongs and a Close need not wait for the end of a long message,
    /// and of what is masked or compressed there is never more than that.
    ///
    /// The next message waits for the end of such a one: it is given back with [`SendError::Full`]. To close writes all of the rest.
    #[must_use]
    pub fn with_fragments(self, size: usize) -> Self {
        Self { sender: self.sender.with_fragments(size), ..self }
    }

    /// The same with what an extension of the user's own does to messages, if the opening handshake agreed on that
    /// ([`Agreement::extensions`](crate::handshake::Agreement::extensions)): each direction gets a copy.
    ///
    /// Transforms are applied to what is sent in the order in which they are given here, and behind permessage-deflate, whatever
    /// was given first: whoever negotiates both lists the extension behind [`Deflate`](crate::handshake::Deflate).
    #[must_use]
    pub fn with_transform(self, transform: impl Transform + Clone + 'static) -> Self {
        Self {
            receiver: self.receiver.with_transform(transform.clone()),
            sender: self.sender.with_transform(transform),
        }
    }

    /// Takes the next event from the front of `input`, the buffer that the transport is read into: see
    /// [`Receiver::poll_event`]. Answers are queued before it returns.
    pub fn poll_event(&mut self, input: &mut BytesMut) -> Option<Event> {
        let event = self.receiver.poll_event(input)?;
        self.sender.observe(&event.as_ref());
        Some(event)
    }

    /// Takes the next part of a message, or the next other event, from the front of `input`, the buffer that the transport is read
    /// into: see [`Receiver::poll_part`]. Answers are queued before it returns.
    pub fn poll_part(&mut self, input: &mut BytesMut) -> Option<Part> {
        self.poll(input)
    }

    /// [`poll_event`](Self::poll_event) or [`poll_part`](Self::poll_part), as the caller's type says.
    pub fn poll<X: Received>(&mut self, input: &mut BytesMut) -> Option<X> {
        let received = X::poll(&mut self.receiver, input)?;
        if let Some(event) = received.wants_reply() {
            self.sender.observe(&event);
        }
        Some(received)
    }

    /// Takes the next event from the front of `input`, in place, and what it took off `input`: see [`Receiver::receive`].
    /// Answers are queued before it returns; the sending half comes along, so that a borrowed message can be answered.
    #[inline]
    pub fn receive<'s, 'b: 's>(&'s mut self, input: &mut &'b mut [u8]) -> Option<(EventRef<'s>, &'s mut Sender<S>)> {
        let event = self.receiver.receive(input)?;
        self.sender.observe(&event);
        Some((event, &mut self.sender))
    }

    /// Takes the next part of a message, or the next other event, from the front of `input`: see
    /// [`Receiver::receive_part`]. Answers are queued before it returns.
    #[inline]
    pub fn receive_part<'s, 'b: 's>(
        &'s mut self,
        input: &mut &'b mut [u8],
    ) -> Option<(PartRef<'s>, &'s mut Sender<S>)> {
        let part = self.receiver.receive_part(input)?;
        if let Some(event) = part.wants_reply() {
            self.sender.observe(&event);
        }
        Some((part, &mut self.sender))
    }

    /// The peer's stream has ended, and all of it has been fed: [`poll_event`](Self::poll_event) or
    /// [`receive`](Self::receive) has answered `None`. Returns the last event, unless it has been delivered.
    pub fn input_eof(&mut self) -> Option<Closed> {
        let closed = self.receiver.input_eof();
        self.sender.input_eof();
        closed
    }

    /// Queues a message: see [`Sender::send`].
    ///
    /// # Errors
    ///
    /// Gives the message back: see [`SendError`].
    pub fn send(&mut self, message: impl Into<Message>) -> Result<(), SendError<Message>> {
        self.sender.send(message)
    }

    /// Starts or completes the closing handshake: see [`Sender::close`].
    ///
    /// # Errors
    ///
    /// The code may not be sent, or the reason is longer than 123 bytes; nothing is queued.
    pub fn close<'a>(&mut self, close: impl Into<Option<CloseFrame<'a>>>) -> Result<(), InvalidClose> {
        self.sender.close(close)
    }

    /// Ends the connection without a closing handshake, for instance because the transport has failed:
    /// [`Transport::Drop`]. Returns the last event, unless it has been delivered.
    pub fn abort(&mut self) -> Option<Closed> {
        self.sender.abort();
        self.receiver.end(Closed::Eof)
    }

    /// What is to be written. Write it whenever it is not empty.
    pub fn output(&mut self) -> &mut Output {
        self.sender.output()
    }

    /// What to do with the transport now.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.sender.transport()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), in the caller's own time; zero means at once. Ask again after everything
    /// that was fed, sent, written or timed out.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.sender.poll_timeout().into_iter().chain(self.receiver.poll_timeout()).min()
    }

    /// Tells the time: `now` since an epoch of the caller's. Returns the last event, if a time is up before it was delivered.
    ///
    /// All that was received by then has been fed: who was away for long reads before telling the time, so that nobody is found
    /// silent for what was not looked at.
    pub fn handle_timeout(&mut self, now: Duration) -> Option<Closed> {
        self.receiver.handle_timeout(now);
        self.sender.received(self.receiver.received(), now);
        let closed = self.sender.handle_timeout(now)?;
        self.receiver.end(closed)
    }

    /// How many bytes of a message that is not whole are held: see [`Receiver::held`].
    #[must_use]
    pub fn held(&self) -> usize {
        self.receiver.held()
    }

    /// The sending half, for all its commands.
    pub fn sender(&mut self) -> &mut Sender<S> {
        &mut self.sender
    }

    /// The session with a buffer for its output, for as long as the guard lives. A loop that serves many sessions lends each
    /// the same one, so that none keeps a buffer while it is idle. The buffer comes back when the guard is dropped; output that
    /// could not be written moves to memory of the session's own.
    pub fn lend<'a>(&'a mut self, buffer: &'a mut Vec<u8>) -> Lent<'a, S> {
        self.sender.lend(buffer);
        Lent { session: self, buffer }
    }

    /// The session with the memory of a pool for compression, for as long as the guard lives: for a loop that serves many sessions,
    /// so that none keeps memory while it is idle. Where a direction takes its window over from message to message, that memory
    /// stays the session's own, and a message that is not whole keeps its.
    #[cfg(feature = "deflate")]
    pub fn lend_pool<'a>(&'a mut self, pool: &'a mut DeflatePool) -> LentPool<'a, S> {
        LentPool::new(self, pool)
    }

    /// Gives back the memory that is kept for compression: see [`Receiver::release_memory`] and [`Sender::release_memory`]. For
    /// a session that has been idle for a while; what comes next makes new memory, and compresses as if it were the first.
    pub fn release_memory(&mut self) {
        self.receiver.release_memory();
        self.sender.release_memory();
    }

    #[cfg(feature = "deflate")]
    pub(crate) fn borrow_pool(&mut self, pool: &mut DeflatePool) {
        self.receiver.inflation().into_iter().for_each(|inflation| inflation.borrow(pool));
        self.sender.deflation().into_iter().for_each(|deflation| deflation.borrow(pool));
    }

    #[cfg(feature = "deflate")]
    pub(crate) fn give_back_pool(&mut self, pool: &mut DeflatePool) {
        self.receiver.inflation().into_iter().for_each(|inflation| inflation.give_back(pool));
        self.sender.deflation().into_iter().for_each(|deflation| deflation.give_back(pool));
    }

    /// The two halves, for a reader and a writer that do not share a task. Whoever reads must show [`Sender::observe`] every
    /// event that [wants a reply](EventRef::wants_reply), and the end of the stream to [`Sender::input_eof`].
    ///
    /// Each half has its time to be told. Where there is [`Keepalive`], the sending one also needs to know when something was
    /// received last ([`Sender::heard`]), and the receiving one how it ended by that ([`Receiver::end`]).
    #[must_use]
    pub fn split(self) -> (Receiver, Sender<S>) {
        (self.receiver, self.sender)
    }

    /// The session of which these are the halves; halves of two sessions are none.
    #[must_use]
    pub fn join(receiver: Receiver, sender: Sender<S>) -> Self {
        Self { receiver, sender }
    }
}

/// A [`Session`] that writes its output into a lent buffer: see [`Session::lend`].
#[derive(Debug)]
pub struct Lent<'a, S: Side> {
    session: &'a mut Session<S>,
    buffer: &'a mut Vec<u8>,
}

impl<S: Side> Deref for Lent<'_, S> {
    type Target = Session<S>;

    fn deref(&self) -> &Session<S> {
        self.session
    }
}

impl<S: Side> DerefMut for Lent<'_, S> {
    fn deref_mut(&mut self) -> &mut Session<S> {
        self.session
    }
}

impl<S: Side> Drop for Lent<'_, S> {
    fn drop(&mut self) {
        self.session.sender.give_back(self.buffer);
    }
}
