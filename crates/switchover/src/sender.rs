//! The sending half of a session: messages to frames, the answers that the protocol owes, and the closing.

use alloc::{boxed::Box, vec::Vec};
use bytes::Bytes;
use bytestring::ByteString;
use core::time::Duration;
use switchover_frame::{CloseFrame, ControlPayload, FrameHeader, InvalidClose, Mask, OpCode, Rsv};

use crate::{
    Closed, EventRef, Limits, Message, Output, Replies, SendError, Side, Transport,
    closing::{Input, State},
    deflate::Deflation,
    output::BY_REFERENCE,
};

/// A payload is copied and masked in steps of this many bytes, so that the second pass finds them in the nearest cache. A
/// multiple of 4, which keeps the phase of the key.
const MASK_STEP: usize = 8 << 10;

/// The sending half of a session.
///
/// Alone it serves whoever reads and writes in different tasks ([`Session::split`](crate::Session::split)); then every event
/// for which [`EventRef::wants_reply`] holds has to be shown to [`observe`](Self::observe).
///
/// - Getters: [`transport`](Self::transport), [`poll_timeout`](Self::poll_timeout)
/// - Handle: [`observe`](Self::observe), [`input_eof`](Self::input_eof), [`handle_timeout`](Self::handle_timeout)
/// - Commands: [`send`](Self::send), [`text`](Self::text), [`binary`](Self::binary), [`fragment`](Self::fragment),
///   [`send_uncompressed`](Self::send_uncompressed), [`fragment_uncompressed`](Self::fragment_uncompressed),
///   [`close`](Self::close), [`abort`](Self::abort), [`release_memory`](Self::release_memory)
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
    /// When the closing handshake must be over; set by the first [`handle_timeout`](Sender::handle_timeout) after its start.
    deadline: Option<Duration>,
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

    /// Gives the answer an event asks for: a Pong to a Ping, a Close to a Close or a violation.
    #[inline]
    pub fn observe(&mut self, event: &EventRef<'_>) {
        match event {
            EventRef::Text(_) | EventRef::Binary(_) | EventRef::Pong(_) => {}
            EventRef::Ping(payload) => self.observe_ping(payload),
            EventRef::Closed(closed) => self.observe_closed(closed),
        }
    }

    /// The peer's stream has ended: there is nothing left to read.
    pub fn input_eof(&mut self) {
        self.advance(Input::Eof, &[]);
    }

    /// What is to be written. Write it whenever it is not empty.
    pub fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// What to do with the transport now.
    pub fn transport(&self) -> Transport {
        self.state.transport(S::ROLE, self.output.is_empty())
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), in the caller's own time; zero means at once.
    pub fn poll_timeout(&self) -> Option<Duration> {
        match self.state {
            State::Open | State::CloseReceived | State::Dropped => None,
            State::CloseSent | State::Closed | State::Failed | State::Ended => {
                Some(self.more.as_ref().and_then(|more| more.deadline).unwrap_or_default())
            }
        }
    }

    /// Tells the time: `now` since an epoch of the caller's. Returns whether the time for the closing handshake is up; then
    /// the transport is to be dropped.
    pub fn handle_timeout(&mut self, now: Duration) -> bool {
        if self.poll_timeout().is_none() {
            return false;
        }
        // As long as output gets written, nothing is cut off, however long it takes.
        let more = self.more.get_or_insert_default();
        if self.output.moved() {
            more.deadline = None;
        }
        let deadline =
            *more.deadline.get_or_insert_with(|| now.saturating_add(Duration::from_millis(self.close_timeout.into())));
        if now >= deadline {
            self.advance(Input::Abort, &[]);
        }
        now >= deadline
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
            let mask = self.side.next_mask();
            let header = FrameHeader::control(OpCode::Pong, payload.len(), mask);
            let mut frame = Vec::with_capacity(FrameHeader::MAX_ENCODED_LEN + payload.len());
            frame.extend_from_slice(&header.encode());
            copy_masked(&mut frame, payload, mask);
            self.output.push_pong(&frame);
        }
    }

    #[cold]
    fn observe_closed(&mut self, closed: &Closed) {
        let close = match closed {
            Closed::Peer(reason) => reason.as_ref().map(|reason| (reason.code, &*reason.text)),
            Closed::Violation(error) => Some((error.close_code(), "")),
            Closed::Eof | Closed::TimedOut => None,
        };
        // A code that was received or that fails a connection may be sent, and an empty reason fits.
        let payload = close.and_then(|(code, reason)| CloseFrame { code, reason }.encode().ok()).unwrap_or_default();
        let input = match closed {
            Closed::Peer(_) if self.replies.close => Input::PeerClose,
            Closed::Peer(_) => Input::PeerCloseUnanswered,
            Closed::Violation(_) => Input::Violation,
            Closed::Eof => Input::Eof,
            Closed::TimedOut => Input::Abort,
        };
        self.advance(input, &payload);
    }

    /// Moves through the closing table, and queues a Close with this payload where the table says so.
    fn advance(&mut self, input: Input, close: &[u8]) {
        let (state, send_close) = self.state.next(input);
        self.state = state;
        if !state.can_send() && self.more.is_some() {
            self.more = self.more.take().filter(|more| more.deadline.is_some());
            self.release_memory();
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

    fn message(&mut self, message: Message, compress: bool) -> Result<(), SendError<Message>> {
        match message {
            Message::Text(text) => self
                .data(OpCode::Text, text.into_bytes(), compress)
                .map_err(|e| e.map(|payload| Message::Text(valid(payload)))),
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
        let payload = self.room(payload)?;
        let len = payload.as_ref().len();
        let compress = compress && self.deflation().is_some_and(|deflation| deflation.compresses(len));
        if !(compress && self.compressed(opcode, true, payload.as_ref())) {
            self.frame(opcode, true, payload);
        }
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
        let fragment = self.room(fragment)?;
        let first = self.unfinished.is_none();
        let opcode = if first { kind } else { OpCode::Continuation };
        self.unfinished = (!last).then_some(kind);
        if let Some(deflation) = self.deflation() {
            if first {
                // The one fragment of a message is a whole message.
                deflation.set_in_fragments(compress && (!last || deflation.compresses(fragment.payload().len())));
            }
            if deflation.is_in_fragments() && self.compressed(opcode, last, fragment.payload()) {
                return Ok(());
            }
        }
        match fragment {
            Message::Text(text) => self.frame(opcode, last, text.into_bytes()),
            Message::Binary(payload) | Message::Ping(payload) | Message::Pong(payload) => {
                self.frame(opcode, last, payload);
            }
        }
        Ok(())
    }

    fn control(&mut self, opcode: OpCode, payload: Bytes) -> Result<(), SendError<Bytes>> {
        if payload.len() > ControlPayload::MAX_LEN {
            return Err(SendError::Control(payload));
        }
        let payload = self.room(payload)?;
        self.frame(opcode, true, payload);
        Ok(())
    }

    /// Queues one frame, compressed. Says no, with nothing queued, where that is no gain and the message can go as it is.
    fn compressed(&mut self, opcode: OpCode, fin: bool, payload: &[u8]) -> bool {
        let Some(deflation) = self.more.as_mut().and_then(|more| more.deflation.as_mut()) else { return false };
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
        output.drain(start..start + header_at_most - header.len());
        if let Some((place, payload)) = output.get_mut(start..).and_then(|out| out.split_at_mut_checked(header.len())) {
            place.copy_from_slice(&header);
            if let Some(mask) = mask {
                mask.apply(0, payload);
            }
        }
        true
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
    fn push(self, output: &mut Output, mask: Option<Mask>);
}

impl Payload for &[u8] {
    fn push(self, output: &mut Output, mask: Option<Mask>) {
        copy_masked(output.copied(), self, mask);
    }
}

impl Payload for Bytes {
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

/// Appends a payload to `out`, masked.
fn copy_masked(out: &mut Vec<u8>, payload: &[u8], mask: Option<Mask>) {
    out.reserve(payload.len());
    let Some(mask) = mask else {
        return out.extend_from_slice(payload);
    };
    for step in payload.chunks(MASK_STEP) {
        let start = out.len();
        out.extend_from_slice(step);
        if let Some(copied) = out.get_mut(start..) {
            mask.apply(0, copied);
        }
    }
}

/// The text of a message that is given back.
fn valid(payload: Bytes) -> ByteString {
    // These bytes were a ByteString before, so this cannot fail.
    ByteString::try_from(payload).unwrap_or_default()
}
