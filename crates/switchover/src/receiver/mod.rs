//! The receiving half of a session: frames to messages. RFC 6455, sections 5.4 to 5.6, 6.2 and 8.1.
//!
//! The rules are here; `owned` and `in_place` are two ways of feeding, which differ in where a payload waits until its message is
//! whole. By `parts`, the third, it does not wait; nor by `split_off`, which goes by turns with `owned`.

mod budget;
mod coded;
mod in_place;
mod owned;
mod parts;
mod split_off;

use alloc::{boxed::Box, string::String, vec::Vec};
use bytes::BytesMut;
use switchover_frame::{
    CloseFrame, ControlPayload, Decoder, DecoderConfig, FrameHeader, OpCode, Piece, ProtocolError, ProtocolErrorKind,
    Role, Rsv, Step, Utf8, Utf8Error,
};

#[cfg(feature = "deflate")]
use switchover_handshake::DeflateContext;

use self::{budget::Budget, coded::Extended};
use crate::{Closed, Limits, Transform, deflate::Inflation};

/// The receiving half of a session.
///
/// Alone it serves whoever reads and writes in different tasks ([`Session::split`](crate::Session::split)); then every event
/// for which [`EventRef::wants_reply`](crate::EventRef::wants_reply) holds has to be shown to
/// [`Sender::observe`](crate::Sender::observe).
///
/// - Getters: [`is_ended`](Self::is_ended), [`held`](Self::held), [`received`](Self::received),
///   [`poll_timeout`](Self::poll_timeout)
/// - Handle: [`input_eof`](Self::input_eof), [`handle_timeout`](Self::handle_timeout), [`end`](Self::end)
/// - Poll: [`poll_event`](Self::poll_event), [`poll_part`](Self::poll_part), [`receive`](Self::receive),
///   [`receive_part`](Self::receive_part)
#[derive(Debug)]
pub struct Receiver {
    decoder: Decoder,
    /// What there is of a message, or of a control frame, that is not received in one piece, and what only some have: one word in
    /// every session.
    pending: Option<Box<Pending>>,
    /// Pings and Pongs so far, since they were counted last.
    controls: u32,
    /// The kind of the open message, the one whose last frame has not ended.
    open: Option<Kind>,
    /// An extension has made the open message something else; between messages, the last one.
    coded: bool,
    /// What is in `pending` was lent out with the last event.
    delivered: bool,
    /// The last event has been delivered.
    ended: bool,
}

/// What there is of the open message.
#[derive(Debug, Default)]
struct Pending {
    /// The payload so far; on the owned path that of a fragmented message only.
    assembly: Assembly,
    /// How much of the payload has been delivered, where the message is delivered in parts.
    delivered: Option<u64>,
    /// The rest of that message is not wanted.
    passes_over: bool,
    /// Checks a text as its bytes arrive.
    utf8: Utf8,
    /// Offset in the stream of the character that `utf8` waits to see completed.
    character: u64,
    /// Frames of the message so far, the first one left out.
    continuations: u32,
    /// Those of them that were empty.
    empty: u32,
    /// The payload of a control frame that was not received in one piece, on the in-place path.
    control: Option<Box<ControlPayload>>,
    /// Inflates compressed messages, where permessage-deflate was agreed on.
    inflation: Option<Box<Inflation>>,
    /// What other extensions do.
    extended: Option<Box<Extended>>,
    /// The limits of this session, where they are not those of all.
    budget: Option<Box<Budget>>,
}

/// The payload of a message that is not coded.
#[derive(Debug)]
enum Assembly {
    Binary(Vec<u8>),
    /// As far as its characters are complete.
    Text(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Binary,
}

impl Receiver {
    /// Inflates messages that are compressed.
    #[cfg(feature = "deflate")]
    pub(crate) fn with_inflation(mut self, context: DeflateContext, ratio: u32) -> Self {
        self.decoder.allow(Rsv::RSV1);
        let limit = self.message_limit();
        self.pending.get_or_insert_default().inflation = Some(Box::new(Inflation::new(context, limit, ratio)));
        self
    }

    /// Undoes one more transform.
    pub(crate) fn with_transform(mut self, transform: impl Transform + 'static) -> Self {
        self.decoder.allow(transform.rsv());
        let pending = self.pending.get_or_insert_default();
        pending.extended.get_or_insert_default().transforms.push(transform);
        self
    }

    /// The same on a stream of which another receiver, which was between messages, has taken so many bytes; the peer may refer to
    /// what is in the window.
    pub(crate) fn resumed(mut self, offset: u64, window: &[u8]) -> Self {
        self.decoder = self.decoder.at(offset);
        if let Some(inflation) = self.inflation() {
            inflation.set_window(window);
        }
        self
    }

    /// Whether nothing has begun that is not finished.
    pub(crate) fn is_between_messages(&self) -> bool {
        self.open.is_none() && self.decoder.is_between_messages()
    }

    /// What inflates messages.
    pub(crate) fn inflation(&mut self) -> Option<&mut Inflation> {
        self.pending.as_mut()?.inflation.as_deref_mut()
    }

    pub(crate) fn new(role: Role, limits: &Limits) -> Self {
        let config = DecoderConfig { max_payload: limits.message.min(limits.frame) as u64, rsv: Rsv::NONE };
        let pending = Budget::of(limits).map(|budget| Box::new(Pending { budget: Some(budget), ..Pending::default() }));
        Self {
            decoder: Decoder::new(role, config),
            pending,
            controls: 0,
            open: None,
            coded: false,
            delivered: false,
            ended: false,
        }
    }

    /// Whether the last event has been delivered: what is fed from now on is thrown away.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// How many bytes of a message that is not whole are held: in the session, or at the front of the buffer that
    /// [`poll_event`](Self::poll_event) is given. At most [`Limits::message`] and a Ping.
    #[must_use]
    pub fn held(&self) -> usize {
        match self.decoder.in_payload() {
            // In one place or the other.
            Some((header, len)) if self.is_held(header) => {
                let message = if header.opcode.is_control() { self.assembled_len() } else { 0 };
                usize::try_from(len).unwrap_or(usize::MAX) + message
            }
            _ => self.assembled_len(),
        }
    }

    /// Gives back the memory that is kept for compressed messages, unless one is not whole. The window stays, where the peer takes
    /// it over from message to message: as many bytes as it has sent, at most 32 KiB.
    pub fn release_memory(&mut self) {
        self.release();
        if let Some(inflation) = self.inflation() {
            inflation.release_memory();
        }
        if let Some(extended) = self.pending.as_mut().and_then(|pending| pending.extended.as_mut()) {
            extended.transforms.release_memory();
        }
    }

    /// The peer's stream has ended, and all of it has been fed: [`poll_event`](Self::poll_event) or
    /// [`receive`](Self::receive) has answered `None`. Returns the last event, unless it has been delivered.
    pub fn input_eof(&mut self) -> Option<Closed> {
        self.end(Closed::Eof)
    }

    /// Ends receiving for a reason that the sending half has told
    /// ([`Sender::handle_timeout`](crate::Sender::handle_timeout)): what is fed from now on is thrown away. Returns the last event,
    /// unless it has been delivered.
    pub fn end(&mut self, closed: Closed) -> Option<Closed> {
        if self.ended {
            return None;
        }
        self.ended = true;
        self.pending = None;
        Some(closed)
    }

    /// Takes back what was lent out with the last event.
    #[inline]
    fn release(&mut self) {
        if self.delivered {
            self.release_delivered();
        }
    }

    #[cold]
    fn release_delivered(&mut self) {
        self.delivered = false;
        if self.open.is_none() {
            self.settle();
        } else if let Some(pending) = &mut self.pending {
            // A control frame was lent out in the middle of a message.
            pending.control = None;
        }
    }

    /// Forgets a message that is over.
    fn settle(&mut self) {
        let Some(pending) = &mut self.pending else { return };
        let (mut inflation, mut extended, budget) =
            (pending.inflation.take(), pending.extended.take(), pending.budget.take());
        if inflation.is_none() && extended.is_none() && budget.is_none() {
            self.pending = None;
            return;
        }
        if let Some(inflation) = &mut inflation {
            inflation.clear();
        }
        if let Some(extended) = &mut extended {
            extended.assembly = BytesMut::new();
        }
        **pending = Pending { inflation, extended, budget, ..Pending::default() };
    }

    /// The next piece of a frame, with how much of the input it took; `None` when all of it was taken for the beginning of a
    /// header. What the header says is checked and noted.
    fn note(&mut self, step: Result<Step, ProtocolError>) -> Result<Option<(Piece, usize)>, ProtocolError> {
        match step? {
            Step::NeedMore { .. } => Ok(None),
            Step::Done { piece, consumed } => {
                if piece.first {
                    self.begin(&piece)?;
                }
                Ok(Some((piece, consumed)))
            }
        }
    }

    /// Notes the beginning of a frame.
    fn begin(&mut self, piece: &Piece) -> Result<(), ProtocolError> {
        let kind = match piece.header.opcode {
            OpCode::Text => Kind::Text,
            OpCode::Binary => Kind::Binary,
            // RFC 7692, section 6: no RSV1 in control frames, nor in a message's frames but the first.
            _ if !piece.header.rsv.is_empty() => {
                return Err(self.at_header(piece, ProtocolErrorKind::ReservedBits(piece.header.rsv)));
            }
            OpCode::Continuation => return self.continues(piece),
            _ => return self.count_control(piece),
        };
        self.open = Some(kind);
        self.coded = !piece.header.rsv.is_empty();
        if self.coded { self.begin_coded(piece, kind) } else { Ok(()) }
    }

    /// Notes the beginning of a continuation frame: is it one too many, or its payload more than the message may have?
    fn continues(&mut self, piece: &Piece) -> Result<(), ProtocolError> {
        let coded = self.coded;
        let Budget { fragments, empty_fragments, .. } = *self.budget();
        let pending = self.pending.get_or_insert_default();
        pending.continuations = pending.continuations.saturating_add(1);
        pending.empty = pending.empty.saturating_add(u32::from(piece.header.payload_len == 0));
        let before = match (&pending.extended, &pending.inflation) {
            (Some(extended), _) if coded && extended.transforms.apply() => extended.wire,
            (_, Some(inflation)) if coded => inflation.wire(),
            _ => pending.delivered.unwrap_or_default() + pending.assembled_len() as u64,
        };
        let total = piece.header.payload_len.saturating_add(before);
        let kind = if pending.continuations >= fragments {
            ProtocolErrorKind::TooManyFragments(fragments)
        } else if pending.empty > empty_fragments {
            ProtocolErrorKind::TooManyEmptyFragments(empty_fragments)
        } else if total > self.message_limit() as u64 {
            ProtocolErrorKind::MessageTooLong(total)
        } else {
            return Ok(());
        };
        Err(self.at_header(piece, kind))
    }

    /// An error of a header, whose frame's first piece this is.
    #[cold]
    fn at_header(&self, piece: &Piece, kind: ProtocolErrorKind) -> ProtocolError {
        ProtocolError::new(kind, self.payload_offset(piece) - piece.header.encoded_len() as u64)
    }

    /// Offset in the stream of the payload of the piece that was decoded last.
    #[inline]
    fn payload_offset(&self, piece: &Piece) -> u64 {
        self.decoder.offset() - piece.payload.len() as u64
    }

    /// Whether a piece belongs to a message that is coded.
    #[inline]
    fn is_coded(&self, piece: &Piece) -> bool {
        self.coded && !piece.header.opcode.is_control()
    }

    /// Checks a piece of the open message's payload, which stands at offset `at` of the stream; `last` where the message ends with
    /// it. Gives what [`Utf8::decode`] does of a text.
    fn check_text<'p>(
        &mut self,
        payload: &'p [u8],
        at: u64,
        last: bool,
    ) -> Result<(Option<char>, &'p str), ProtocolError> {
        if self.open != Some(Kind::Text) {
            return Ok((None, ""));
        }
        let Pending { utf8, character, .. } = &mut **self.pending.get_or_insert_default();
        let before = utf8.valid_len() + utf8.partial_len() as u64;
        let mut checked = utf8.decode(payload);
        if last {
            checked = checked.and_then(|text| utf8.finish().map(|()| text));
        }
        // A character that began in an earlier piece is where that piece had it; others are in this one.
        let in_stream = |in_text: u64| match in_text.checked_sub(before) {
            Some(in_piece) => at + in_piece,
            None => *character,
        };
        match checked {
            Ok(text) => {
                *character = in_stream(utf8.valid_len());
                Ok(text)
            }
            Err(error) => Err(ProtocolError::new(ProtocolErrorKind::InvalidUtf8, in_stream(error.offset()))),
        }
    }

    /// The largest message, in bytes: half of what memory there can be at most, so that a buffer can grow by doubling.
    fn message_limit(&self) -> usize {
        let frame = || usize::try_from(self.decoder.max_payload()).unwrap_or(usize::MAX);
        let limit = self.budget().message.unwrap_or_else(frame);
        limit.min(isize::MAX.unsigned_abs() / 2)
    }

    /// Whether the open message is delivered in parts.
    fn in_parts(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.delivered.is_some())
    }

    /// How many bytes there are of the open message, in the session.
    fn assembled_len(&self) -> usize {
        match &self.pending {
            Some(pending) if self.open.is_some() && self.coded => {
                let inflated = pending.inflation.as_ref().map_or(0, |inflation| inflation.len());
                inflated + pending.extended.as_ref().map_or(0, |extended| extended.assembly.len())
            }
            Some(pending) if self.open.is_some() => pending.assembled_len(),
            _ => 0,
        }
    }

    /// Checks a piece of a message that is not received in one, and appends it to the payload.
    fn assemble(&mut self, piece: &Piece, payload: &[u8]) -> Result<(), ProtocolError> {
        let at = self.payload_offset(piece);
        let is_text = self.open == Some(Kind::Text);
        let (character, complete) = self.check_text(payload, at, Self::is_final(piece))?;
        let to_come = self.decoder.in_payload().map_or(0, |(header, len)| header.payload_len - len);
        let assembly = &mut self.pending.get_or_insert_default().assembly;
        if is_text && let Assembly::Binary(_) = assembly {
            *assembly = Assembly::Text(String::new());
        }
        match assembly {
            Assembly::Text(text) => {
                // As much of a character may have come before.
                let len = payload.len() + 3;
                if text.capacity() - text.len() < len {
                    text.reserve_exact(growth(text.len(), len, piece, to_come));
                }
                text.extend(character);
                text.push_str(complete);
            }
            Assembly::Binary(binary) => {
                if binary.capacity() - binary.len() < payload.len() {
                    binary.reserve_exact(growth(binary.len(), payload.len(), piece, to_come));
                }
                binary.extend_from_slice(payload);
            }
        }
        Ok(())
    }

    /// Notes that the open message is whole and returns its kind.
    #[inline]
    fn close_message(&mut self) -> Kind {
        // A message ends with a data frame, and the decoder lets none through that does not belong to an open message.
        self.open.take().unwrap_or(Kind::Binary)
    }

    /// Whether a frame ends its message.
    #[inline]
    fn is_final(piece: &Piece) -> bool {
        piece.last && piece.header.fin
    }

    /// Whether a piece is all of a message, and not compressed.
    #[inline]
    fn is_message(piece: &Piece) -> bool {
        let header = &piece.header;
        piece.first
            && piece.last
            && header.fin
            && header.rsv.is_empty()
            && matches!(header.opcode, OpCode::Text | OpCode::Binary)
    }

    /// Whether the payload of a frame stays where it is until the frame has ended, on the owned path: it is an event of its own.
    #[inline]
    fn is_held(&self, header: &FrameHeader) -> bool {
        let is_data = || !self.coded && !self.in_parts();
        header.fin && header.opcode != OpCode::Continuation && (header.opcode.is_control() || is_data())
    }

    /// What the whole payload of a Close means, which began at offset `at`.
    fn parse_close(&self, payload: &[u8]) -> Result<Closed, ProtocolError> {
        match CloseFrame::parse(payload) {
            Ok(frame) => Ok(Closed::Peer(frame.map(Into::into))),
            Err(error) => Err(error.rebase(self.decoder.offset() - payload.len() as u64)),
        }
    }

    /// The error of a whole text, which ends where the decoder is.
    #[cold]
    fn invalid_text(&self, payload_len: usize, error: Utf8Error) -> ProtocolError {
        let at = self.decoder.offset() - payload_len as u64;
        ProtocolError::new(ProtocolErrorKind::InvalidUtf8, at + error.offset())
    }
}

impl Pending {
    /// How many bytes there are of a payload that is collected here.
    fn assembled_len(&self) -> usize {
        match &self.assembly {
            _ if self.delivered.is_some() => 0,
            Assembly::Text(text) => text.len() + self.utf8.partial_len(),
            Assembly::Binary(binary) => binary.len(),
        }
    }
}

impl Default for Assembly {
    fn default() -> Self {
        Self::Binary(Vec::new())
    }
}

/// What to reserve for so many bytes of a message's next `piece`, which are too many for the room there is behind the `len` bytes
/// before them. Buffers grow by doubling, but not beyond the frame's end, which is `to_come` bytes behind the piece.
fn growth(len: usize, more: usize, piece: &Piece, to_come: u64) -> usize {
    // A row of short fragments would make them grow by one at a time.
    let is_short = piece.header.payload_len < len as u64 / 4;
    let frame = usize::try_from(to_come).unwrap_or(usize::MAX).saturating_add(more);
    let enough = if is_short { len.max(more) } else { frame };
    enough.min(len.saturating_add(more.saturating_mul(2)))
}
