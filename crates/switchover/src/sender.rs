//! The sending half of a session: messages to frames, the answers that the protocol owes, and the closing.

mod fragments;
mod time;

use alloc::{boxed::Box, vec::Vec};
use bytes::Bytes;
use core::time::Duration;
use switchover_frame::{CloseCode, CloseFrame, ControlPayload, FrameHeader, InvalidClose, Mask, OpCode, Rsv, Text};

use self::fragments::{Fragment, Fragments};
use crate::{
    Closed, EventRef, Limits, Message, Output, Prepared, Replies, SendError, Side, Transform, Transport,
    closing::{Input, State},
    deflate::Deflation,
    keepalive::Keeper,
    output::BY_REFERENCE,
    prepared::Frame,
    transform::Transforms,
};

/// A prepared frame of this many bytes and more is queued by reference: from here on that takes no longer than a copy, and all
/// queues that it waits in share one memory.
const PREPARED_BY_REFERENCE: usize = 2 << 10;

/// The sending half of a session.
///
/// Alone it serves whoever reads and writes in different tasks ([`Session::split`](crate::Session::split)); then every event
/// for which [`EventRef::wants_reply`] holds has to be shown to [`observe`](Self::observe).
///
/// - Getters: [`transport`](Self::transport), [`poll_timeout`](Self::poll_timeout)
/// - Handle: [`observe`](Self::observe), [`input_eof`](Self::input_eof), [`heard`](Self::heard),
///   [`handle_timeout`](Self::handle_timeout)
/// - Commands: [`send`](Self::send), [`text`](Self::text), [`binary`](Self::binary), [`fragment`](Self::fragment),
///   [`send_uncompressed`](Self::send_uncompressed), [`fragment_uncompressed`](Self::fragment_uncompressed),
///   [`send_prepared`](Self::send_prepared), [`close`](Self::close), [`abort`](Self::abort), [`release_memory`](Self::release_memory)
/// - Poll: [`output`](Self::output)
#[derive(Debug)]
pub struct Sender<S> {
    side: S,
    output: Output,
    state: State,
    replies: Replies,
    /// The opcode of the message that is being sent in fragments.
    unfinished: Option<OpCode>,
    /// How long the closing handshake may take, in milliseconds.
    close_timeout: u32,
    /// What only some have: one word in every session.
    more: Option<Box<More>>,
}

#[derive(Debug, Default)]
struct More {
    /// Compresses messages, where permessage-deflate was agreed on.
    deflation: Option<Deflation>,
    /// What other extensions do to messages.
    transforms: Option<Box<Transforms>>,
    /// Takes long messages apart, where that is asked for.
    fragments: Option<Box<Fragments>>,
    /// When the closing handshake must be over; set by the first [`handle_timeout`](Sender::handle_timeout) after its start.
    deadline: Option<Duration>,
    /// Keeps the connection alive while it is open, where that is asked for.
    keeper: Option<Box<Keeper>>,
}

impl More {
    /// What is left when nothing can be sent any more: a deadline, and the memory of a pool, which is to go back there.
    fn at_the_end(self) -> Option<Box<Self>> {
        let deflation = self.deflation.filter(Deflation::is_lent);
        let is_something = self.deadline.is_some() || deflation.is_some();
        is_something.then(|| Box::new(Self { deflation, deadline: self.deadline, ..Self::default() }))
    }
}

impl<S: Side> Sender<S> {
    pub(crate) fn new(side: S, limits: &Limits, replies: Replies) -> Self {
        Self {
            side,
            output: Output::new(u32::try_from(limits.queued).unwrap_or(u32::MAX).max(1)),
            state: State::Open,
            replies,
            unfinished: None,
            close_timeout: u32::try_from(limits.close.as_millis()).unwrap_or(u32::MAX).max(1),
            more: None,
        }
    }

    /// Queues a message. Payloads of 4 KiB and more are queued by reference, unless they are compressed; a client masks them in
    /// place where it is the only owner.
    ///
    /// # Errors
    ///
    /// Gives the message back: see [`SendError`].
    pub fn send(&mut self, message: impl Into<Message>) -> Result<(), SendError<Message>> {
        self.message(message.into(), true)
    }

    /// Queues a message as it is, on a connection that compresses others: for what is compressed already, and for a secret that
    /// would stand next to what somebody else has chosen. How long a message gets tells what it has in common with the rest of
    /// it, and with those before.
    ///
    /// # Errors
    ///
    /// Gives the message back: see [`SendError`].
    pub fn send_uncompressed(&mut self, message: impl Into<Message>) -> Result<(), SendError<Message>> {
        self.message(message.into(), false)
    }

    /// Queues a message that is encoded already, compressed where permessage-deflate was agreed on: see [`Prepared`].
    ///
    /// Where messages may refer to those before, this one is taken into the window, which costs a part of the time that
    /// compressing it would; on a connection that has compressed nothing yet, no memory for that is made.
    ///
    /// # Errors
    ///
    /// Gives the message back: see [`SendError`].
    pub fn send_prepared<'a>(&mut self, prepared: &'a Prepared) -> Result<(), SendError<&'a Prepared>> {
        if prepared.is_too_long() {
            return Err(SendError::Control(prepared));
        }
        if self.unfinished.is_some() && self.state.can_send() && !prepared.is_control() {
            return Err(SendError::Unfinished(prepared));
        }
        if prepared.is_control() {
            self.room(prepared)?
        } else {
            self.room_for_data(prepared)?
        };
        let len = prepared.message().payload().len();
        let is_changed = self.transforms().is_some() || self.fragments().is_some_and(|fragments| fragments.takes(len));
        if is_changed && !prepared.is_control() {
            // It cannot go in the form it is prepared in.
            return self.message(prepared.message().clone(), true).map_err(|e| e.map(|_| prepared));
        }
        let deflation = self.more.as_mut().and_then(|more| more.deflation.as_mut());
        let deflated =
            deflation.and_then(|deflation| Some((prepared.deflated(deflation.context().window_bits)?, deflation)));
        let frame = match deflated {
            Some((frame, deflation)) => {
                // RFC 7692, section 7.2.2: the receiver's window takes in every compressed message, so ours has to.
                deflation.follow(prepared.message().payload());
                frame
            }
            None => prepared.plain(),
        };
        self.prepared(frame);
        Ok(())
    }

    /// Queues a text message, copied.
    ///
    /// # Errors
    ///
    /// Gives the text back: see [`SendError`].
    pub fn text<'a>(&mut self, text: &'a str) -> Result<(), SendError<&'a str>> {
        self.data(OpCode::Text, text.as_bytes(), true).map_err(|e| e.map(|_| text))
    }

    /// Queues a binary message, copied.
    ///
    /// # Errors
    ///
    /// Gives the payload back: see [`SendError`].
    pub fn binary<'a>(&mut self, payload: &'a [u8]) -> Result<(), SendError<&'a [u8]>> {
        self.data(OpCode::Binary, payload, true)
    }

    /// Queues one fragment of a message (RFC 6455, section 5.4). The first one decides whether the message is text or
    /// binary, and the others are of the same kind; after `last` the message is complete. Pings and Pongs may go between.
    ///
    /// Where permessage-deflate was agreed on, a message that begins with this is compressed, and so that the peer can inflate
    /// each fragment as it arrives.
    ///
    /// # Errors
    ///
    /// Gives the fragment back: see [`SendError`]. A fragment of another kind is [`SendError::Unfinished`].
    pub fn fragment(&mut self, fragment: impl Into<Message>, last: bool) -> Result<(), SendError<Message>> {
        self.part(fragment.into(), last, true)
    }

    /// Queues one fragment of a message as it is: see [`send_uncompressed`](Self::send_uncompressed). The first fragment decides
    /// for all of them.
    ///
    /// # Errors
    ///
    /// As for [`fragment`](Self::fragment).
    pub fn fragment_uncompressed(
        &mut self,
        fragment: impl Into<Message>,
        last: bool,
    ) -> Result<(), SendError<Message>> {
        self.part(fragment.into(), last, false)
    }

    /// Gives back the memory that is kept for compressing; the next message refers to none of those before.
    pub fn release_memory(&mut self) {
        if let Some(deflation) = self.deflation() {
            deflation.release_memory();
        }
        if let Some(transforms) = self.transforms() {
            transforms.release_memory();
        }
    }

    /// Starts the closing handshake, or completes it where the peer's Close waits for ours (RFC 6455, section 7.1.2). Nothing
    /// can be sent afterwards. On a connection that is already closing this does nothing.
    ///
    /// # Errors
    ///
    /// The code may not be sent, or the reason is longer than 123 bytes; nothing is queued.
    pub fn close<'a>(&mut self, close: impl Into<Option<CloseFrame<'a>>>) -> Result<(), InvalidClose> {
        let payload = match close.into() {
            Some(frame) => frame.encode()?,
            None => ControlPayload::new(),
        };
        self.advance(Input::Close, &payload);
        Ok(())
    }

    /// Ends the connection without a closing handshake: [`Transport::Drop`].
    pub fn abort(&mut self) {
        self.advance(Input::Abort, &[]);
    }

    /// Gives the answer an event asks for: a Pong to a Ping, a Close to a Close or a violation. A Pong may be one to a Ping of the
    /// session's own ([`Keepalive`](crate::Keepalive)).
    #[inline]
    pub fn observe(&mut self, event: &EventRef<'_>) {
        match event {
            EventRef::Text(_) | EventRef::Binary(_) => {}
            EventRef::Ping(payload) => self.observe_ping(payload),
            EventRef::Pong(payload) => self.observe_pong(payload),
            EventRef::Closed(closed) => self.observe_closed(closed),
        }
    }

    /// The peer's stream has ended: there is nothing left to read.
    pub fn input_eof(&mut self) {
        self.advance(Input::Eof, &[]);
    }

    /// What is to be written. Write it whenever it is not empty, and ask again when it is: a message that is sent in
    /// [fragments](crate::Session::with_fragments) comes one by one.
    #[inline]
    pub fn output(&mut self) -> &mut Output {
        if self.more.is_some() {
            self.refill();
        }
        &mut self.output
    }

    /// Whether a message can be queued now: neither does as much wait to be written as [`Limits::queued`] says, nor the rest of a
    /// message that is sent in [fragments](crate::Session::with_fragments).
    #[must_use]
    pub fn has_room(&self) -> bool {
        !self.output.is_full() && !self.has_rest()
    }

    /// What to do with the transport now.
    pub fn transport(&self) -> Transport {
        self.state.transport(S::ROLE, self.output.is_empty() && !self.has_rest())
    }

    /// Whether the closing has not begun.
    pub(crate) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether a message is being sent in fragments.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.unfinished.is_some()
    }

    /// The same, compressing messages.
    #[cfg(feature = "deflate")]
    pub(crate) fn with_deflation(mut self, deflation: Deflation) -> Self {
        self.more.get_or_insert_default().deflation = Some(deflation);
        self
    }

    /// What compresses messages.
    pub(crate) fn deflation(&mut self) -> Option<&mut Deflation> {
        self.more.as_mut()?.deflation.as_mut()
    }

    /// The same with one more transform.
    pub(crate) fn with_transform(mut self, transform: impl Transform + 'static) -> Self {
        self.more.get_or_insert_default().transforms.get_or_insert_default().push(transform);
        self
    }

    fn transforms(&mut self) -> Option<&mut Transforms> {
        self.more.as_mut()?.transforms.as_deref_mut()
    }

    /// The same behind the response that ended the opening handshake; if that was a refusal, there is nothing else to send.
    pub(crate) fn behind(mut self, response: &[u8], accepted: bool) -> Self {
        self.output.copied().extend_from_slice(response);
        if !accepted {
            self.state = State::Failed;
        }
        self
    }

    /// Swaps in a buffer for the output, as long as nothing is queued.
    pub(crate) fn lend(&mut self, buffer: &mut Vec<u8>) {
        self.output.lend(buffer);
    }

    /// Gives a lent buffer back.
    pub(crate) fn give_back(&mut self, buffer: &mut Vec<u8>) {
        self.output.give_back(buffer);
    }

    /// 5.5.2: a Ping is answered unless the peer's Close has been received, also after our own.
    #[cold]
    fn observe_ping(&mut self, payload: &[u8]) {
        if self.replies.pong && self.state.can_pong() && payload.len() <= ControlPayload::MAX_LEN {
            let frame = self.control_frame(OpCode::Pong, payload);
            self.output.push_pong(&frame);
        }
    }

    fn control_frame(&mut self, opcode: OpCode, payload: &[u8]) -> Vec<u8> {
        let mask = self.side.next_mask();
        let mut frame = Vec::with_capacity(FrameHeader::MAX_ENCODED_LEN + payload.len());
        frame.extend_from_slice(&FrameHeader::control(opcode, payload.len(), mask).encode());
        copy_masked(&mut frame, payload, mask);
        frame
    }

    #[cold]
    fn observe_closed(&mut self, closed: &Closed) {
        let close = match closed {
            Closed::Peer(reason) => reason.as_ref().map(|reason| (reason.code, &*reason.text)),
            Closed::Violation(error) => Some((error.close_code(), "")),
            Closed::Idle => Some((CloseCode::GOING_AWAY, "")),
            Closed::Eof | Closed::TimedOut | Closed::Unresponsive => None,
        };
        // A code that was received or that fails a connection may be sent, and an empty reason fits.
        let payload = close.and_then(|(code, reason)| CloseFrame { code, reason }.encode().ok()).unwrap_or_default();
        let input = match closed {
            Closed::Peer(_) if self.replies.close => Input::PeerClose,
            Closed::Peer(_) => Input::PeerCloseUnanswered,
            Closed::Violation(_) | Closed::Idle => Input::Fail,
            Closed::Eof => Input::Eof,
            Closed::TimedOut | Closed::Unresponsive => Input::Abort,
        };
        self.advance(input, &payload);
    }

    /// Moves through the closing table, and queues a Close with this payload where the table says so.
    fn advance(&mut self, input: Input, close: &[u8]) {
        let (state, send_close) = self.state.next(input);
        self.state = state;
        // Each input leads away from Open, and only there the connection is kept alive.
        if let Some(more) = &mut self.more {
            more.keeper = None;
        }
        if !state.can_send() && self.more.is_some() {
            // What was queued goes out before the Close.
            while state != State::Dropped && self.queue_next() {}
            self.more = self.more.take().and_then(|more| more.at_the_end());
        }
        if send_close {
            self.output.release_pong();
            self.frame(OpCode::Close, true, close);
        }
    }

    /// Gives `message` back unless there is room for it.
    fn room<M>(&self, message: M) -> Result<M, SendError<M>> {
        if !self.state.can_send() {
            return Err(SendError::Closed(message));
        }
        if self.output.is_full() {
            return Err(SendError::Full(message));
        }
        Ok(message)
    }

    /// The same for what cannot stand between the fragments of a message.
    fn room_for_data<M>(&self, message: M) -> Result<M, SendError<M>> {
        if self.state.can_send() && self.has_rest() { Err(SendError::Full(message)) } else { self.room(message) }
    }

    fn message(&mut self, message: Message, compress: bool) -> Result<(), SendError<Message>> {
        match message {
            Message::Text(text) => self.data(OpCode::Text, text, compress).map_err(|e| e.map(Message::Text)),
            Message::Binary(payload) => {
                self.data(OpCode::Binary, payload, compress).map_err(|e| e.map(Message::Binary))
            }
            Message::Ping(payload) => self.control(OpCode::Ping, payload).map_err(|e| e.map(Message::Ping)),
            Message::Pong(payload) => self.control(OpCode::Pong, payload).map_err(|e| e.map(Message::Pong)),
        }
    }

    fn data<P: Payload>(&mut self, opcode: OpCode, payload: P, compress: bool) -> Result<(), SendError<P>> {
        if self.unfinished.is_some() && self.state.can_send() {
            return Err(SendError::Unfinished(payload));
        }
        let payload = self.room_for_data(payload)?;
        let len = payload.as_ref().len();
        if let Some(fragments) = self.fragments_mut().filter(|fragments| fragments.takes(len)) {
            let payload = payload.into_bytes();
            fragments.begin(Fragment { kind: opcode, first: true, last: true, compress, payload });
            self.refill();
            return Ok(());
        }
        let compress = compress && self.deflation().is_some_and(|deflation| deflation.compresses(len));
        let rsv = self.transforms().map_or(Rsv::NONE, |transforms| transforms.begin_encoding(opcode, len));
        self.data_frame(opcode, true, rsv, compress, payload);
        Ok(())
    }

    fn part(&mut self, fragment: Message, last: bool, compress: bool) -> Result<(), SendError<Message>> {
        let kind = match fragment {
            Message::Text(_) => OpCode::Text,
            Message::Binary(_) => OpCode::Binary,
            Message::Ping(_) | Message::Pong(_) => return Err(SendError::Control(fragment)),
        };
        if self.unfinished.is_some_and(|unfinished| unfinished != kind) && self.state.can_send() {
            return Err(SendError::Unfinished(fragment));
        }
        let fragment = self.room_for_data(fragment)?;
        let first = self.unfinished.is_none();
        self.unfinished = (!last).then_some(kind);
        let payload = match fragment {
            Message::Text(text) => text.into_bytes(),
            Message::Binary(payload) | Message::Ping(payload) | Message::Pong(payload) => payload,
        };
        self.queue_fragment(Fragment { kind, first, last, compress, payload });
        Ok(())
    }

    /// Queues one fragment of a message.
    fn queue_fragment(&mut self, fragment: Fragment) {
        let Fragment { kind, first, last, compress, payload } = fragment;
        let opcode = if first { kind } else { OpCode::Continuation };
        if let Some(deflation) = self.deflation()
            && first
        {
            // The one fragment of a message is a whole message; of others nobody knows how long they get.
            let len = if last { payload.len() } else { usize::MAX };
            deflation.set_in_fragments(compress && deflation.compresses(len));
        }
        let rsv = match self.transforms() {
            Some(transforms) if first => transforms.begin_encoding(opcode, payload.len()),
            _ => Rsv::NONE,
        };
        let compress = self.deflation().is_some_and(|deflation| deflation.is_in_fragments());
        self.data_frame(opcode, last, rsv, compress, payload);
    }

    /// Queues one frame of a message, with what extensions make of it; `rsv` marks what others than permessage-deflate do.
    fn data_frame<P: Payload>(&mut self, opcode: OpCode, fin: bool, rsv: Rsv, compress: bool, payload: P) {
        let bytes = payload.as_ref();
        let is_queued = self.more.is_some()
            && (self.transformed(opcode, fin, rsv, compress, bytes) || self.compressed(opcode, fin, compress, bytes));
        if !is_queued {
            self.frame(opcode, fin, payload);
        }
    }

    fn control(&mut self, opcode: OpCode, payload: Bytes) -> Result<(), SendError<Bytes>> {
        if payload.len() > ControlPayload::MAX_LEN {
            return Err(SendError::Control(payload));
        }
        let payload = self.room(payload)?;
        self.frame(opcode, true, payload);
        Ok(())
    }

    /// Queues one frame, compressed. Says no, with nothing queued, where it is not to be, or where that is no gain and the message
    /// can go as it is.
    fn compressed(&mut self, opcode: OpCode, fin: bool, compress: bool, payload: &[u8]) -> bool {
        let deflation = self.more.as_mut().and_then(|more| more.deflation.as_mut());
        let Some(deflation) = deflation.filter(|_| compress) else { return false };
        let first = opcode != OpCode::Continuation;
        let output = self.output.copied();
        // The header stands in front of a payload whose length is not known yet.
        let start = output.len();
        let header_at_most = FrameHeader::MAX_ENCODED_LEN;
        output.resize(start + header_at_most, 0);
        deflation.deflate(payload, first, fin, output);
        let len = output.len() - start - header_at_most;
        if first && fin && len >= payload.len() && deflation.may_take_back() {
            output.truncate(start);
            return false;
        }
        let mask = self.side.next_mask();
        // RFC 7692, section 6: RSV1 in the first frame of a message, and in no other.
        let rsv = if first { Rsv::RSV1 } else { Rsv::NONE };
        let header = FrameHeader { fin, rsv, opcode, mask, payload_len: len as u64 }.encode();
        output.splice(start..start + header_at_most, header.iter().copied());
        if let Some(mask) = mask {
            mask.apply(0, output.get_mut(start + header.len()..).unwrap_or_default());
        }
        true
    }

    /// Queues one frame of a message that other extensions transform, behind permessage-deflate. Says no where none does.
    fn transformed(&mut self, opcode: OpCode, fin: bool, rsv: Rsv, compress: bool, payload: &[u8]) -> bool {
        let first = opcode != OpCode::Continuation;
        let Some(More { deflation, transforms: Some(transforms), .. }) = self.more.as_deref_mut() else { return false };
        if !transforms.apply() {
            return false;
        }
        let mask = self.side.next_mask();
        let mut deflated = Vec::new();
        let (payload, rsv) = match deflation.as_mut().filter(|_| compress) {
            Some(deflation) => {
                deflation.deflate(payload, first, fin, &mut deflated);
                (&deflated[..], if first { rsv | Rsv::RSV1 } else { rsv })
            }
            None => (payload, rsv),
        };
        let payload = transforms.encode(payload, fin);
        let header = FrameHeader { fin, rsv, opcode, mask, payload_len: payload.len() as u64 };
        self.output.copied().extend_from_slice(&header.encode());
        copy_masked(self.output.copied(), payload, mask);
        true
    }

    /// Queues one frame that is encoded already.
    fn prepared(&mut self, frame: &Frame) {
        let bytes = frame.bytes();
        if let Some(mask) = self.side.next_mask() {
            let (header, payload) = frame.masked(mask);
            self.output.copied().extend_from_slice(&header.encode());
            copy_masked(self.output.copied(), payload, Some(mask));
        } else if bytes.len() < PREPARED_BY_REFERENCE {
            self.output.copied().extend_from_slice(bytes);
        } else {
            self.output.push_shared(bytes.clone());
        }
    }

    /// Queues one frame.
    fn frame<P: Payload>(&mut self, opcode: OpCode, fin: bool, payload: P) {
        let mask = self.side.next_mask();
        let len = payload.as_ref().len();
        let header = FrameHeader { fin, rsv: Rsv::NONE, opcode, mask, payload_len: len as u64 };
        self.output.copied().extend_from_slice(&header.encode());
        if len < BY_REFERENCE {
            copy_masked(self.output.copied(), payload.as_ref(), mask);
        } else {
            payload.push(&mut self.output, mask);
        }
    }
}

/// A payload to send: borrowed, to be copied, or shared, to be queued by reference.
trait Payload: AsRef<[u8]> {
    fn into_bytes(self) -> Bytes;

    fn push(self, output: &mut Output, mask: Option<Mask>);
}

impl Payload for &[u8] {
    fn into_bytes(self) -> Bytes {
        Bytes::copy_from_slice(self)
    }

    fn push(self, output: &mut Output, mask: Option<Mask>) {
        copy_masked(output.copied(), self, mask);
    }
}

impl Payload for Bytes {
    fn into_bytes(self) -> Bytes {
        self
    }

    fn push(self, output: &mut Output, mask: Option<Mask>) {
        let Some(mask) = mask else {
            return output.push_shared(self);
        };
        match self.try_into_mut() {
            Ok(mut unique) => {
                mask.apply(0, &mut unique);
                output.push_shared(unique.freeze());
            }
            Err(shared) => copy_masked(output.copied(), &shared, Some(mask)),
        }
    }
}

impl Payload for Text {
    fn into_bytes(self) -> Bytes {
        self.into_bytes()
    }

    fn push(self, output: &mut Output, mask: Option<Mask>) {
        self.into_bytes().push(output, mask);
    }
}

/// Appends a payload to `out`, masked.
#[inline]
fn copy_masked(out: &mut Vec<u8>, payload: &[u8], mask: Option<Mask>) {
    match mask {
        Some(mask) => mask.append(0, payload, out),
        None => out.extend_from_slice(payload),
    }
}
