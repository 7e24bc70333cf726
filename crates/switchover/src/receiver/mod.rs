//! The receiving half of a session: frames to messages. RFC 6455, sections 5.4 to 5.6, 6.2 and 8.1.
//!
//! The rules are here; `owned` and `in_place` are the two ways of feeding, which differ in where a payload waits until its
//! message is whole.

mod in_place;
mod owned;

use alloc::boxed::Box;
use bytes::BytesMut;
use switchover_frame::{
    CloseFrame, ControlPayload, Decoder, DecoderConfig, OpCode, Piece, ProtocolError, ProtocolErrorKind, Role, Rsv,
    Step, Utf8,
};

use crate::{Closed, Limits};

/// The receiving half of a session.
///
/// Alone it serves whoever reads and writes in different tasks ([`Session::split`](crate::Session::split)); then every event
/// for which [`EventRef::wants_reply`](crate::EventRef::wants_reply) holds has to be shown to
/// [`Sender::observe`](crate::Sender::observe).
///
/// - Getters: [`is_ended`](Self::is_ended), [`held`](Self::held)
/// - Handle: [`input_eof`](Self::input_eof)
/// - Poll: [`poll_event`](Self::poll_event), [`receive`](Self::receive)
#[derive(Debug)]
pub struct Receiver {
    decoder: Decoder,
    /// The largest message, in bytes.
    message_limit: usize,
    /// The most frames a message may consist of.
    fragment_limit: u32,
    /// Frames of the open message so far.
    fragments: u32,
    /// The kind of the open message, the one whose last frame has not ended.
    open: Option<Kind>,
    /// What there is of a message that is not received in one piece.
    partial: Option<Box<Partial>>,
    /// The payload of a control frame that was not received in one piece, on the in-place path.
    control: Option<Box<ControlPayload>>,
    /// How many bytes at the front of the caller's buffer are the unmasked payload of a frame that has not ended, on the
    /// owned path.
    held: usize,
    /// What is in `partial` or `control` was lent out with the last event.
    delivered: bool,
    /// The last event has been delivered.
    ended: bool,
}

/// What there is of the open message.
#[derive(Debug, Default)]
struct Partial {
    /// The payload so far; on the owned path that of a fragmented message only.
    assembly: BytesMut,
    /// Checks a text as its bytes arrive.
    utf8: Utf8,
    /// Offset in the stream of the character that `utf8` waits to see completed.
    character: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Binary,
}

impl Receiver {
    pub(crate) fn new(role: Role, limits: &Limits) -> Self {
        let config = DecoderConfig { max_payload: limits.message as u64, rsv: Rsv::NONE };
        Self {
            decoder: Decoder::new(role, config),
            // Half of what memory there can be, so that a buffer can grow by doubling.
            message_limit: limits.message.min(isize::MAX.unsigned_abs() / 2),
            fragment_limit: limits.fragments,
            fragments: 0,
            open: None,
            partial: None,
            control: None,
            held: 0,
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
        let assembled = if self.open.is_some() { self.assembled().len() } else { 0 };
        let control = if self.delivered { 0 } else { self.control.as_ref().map_or(0, |control| control.len()) };
        self.held + assembled + control
    }

    /// The peer's stream has ended, and all of it has been fed: [`poll_event`](Self::poll_event) or
    /// [`receive`](Self::receive) has answered `None`. Returns the last event, unless it has been delivered.
    pub fn input_eof(&mut self) -> Option<Closed> {
        self.end(Closed::Eof)
    }

    /// Ends receiving, once.
    pub(crate) fn end(&mut self, closed: Closed) -> Option<Closed> {
        if self.ended {
            return None;
        }
        self.ended = true;
        self.partial = None;
        self.control = None;
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
        self.control = None;
        // A control frame may have been lent out in the middle of a message.
        if self.open.is_none() {
            self.partial = None;
        }
    }

    /// The next piece of a frame, with how much of the input it took; `None` when all of it was taken for the beginning of a
    /// header. What the header says is checked and noted.
    fn note(&mut self, step: Result<Step, ProtocolError>) -> Result<Option<(Piece, usize)>, ProtocolError> {
        match step? {
            Step::NeedMore { .. } => Ok(None),
            Step::Done { piece, consumed } => {
                if piece.first && !piece.header.opcode.is_control() {
                    self.begin(&piece)?;
                }
                Ok(Some((piece, consumed)))
            }
        }
    }

    /// Notes the beginning of a data frame.
    fn begin(&mut self, piece: &Piece) -> Result<(), ProtocolError> {
        match piece.header.opcode {
            OpCode::Text => self.open(Kind::Text),
            OpCode::Binary => self.open(Kind::Binary),
            _ => return self.continues(piece),
        }
        Ok(())
    }

    fn open(&mut self, kind: Kind) {
        self.open = Some(kind);
        self.fragments = 1;
    }

    /// Notes the beginning of a continuation frame: is it one too many, or its payload more than the message may have?
    fn continues(&mut self, piece: &Piece) -> Result<(), ProtocolError> {
        self.fragments = self.fragments.saturating_add(1);
        let total = piece.header.payload_len.saturating_add(self.assembled().len() as u64);
        let kind = if self.fragments > self.fragment_limit {
            ProtocolErrorKind::TooManyFragments(self.fragment_limit)
        } else if total > self.message_limit as u64 {
            ProtocolErrorKind::MessageTooLong(total)
        } else {
            return Ok(());
        };
        let header_len = piece.header.encoded_len() as u64;
        Err(ProtocolError::new(kind, self.payload_offset(piece) - header_len))
    }

    /// Offset in the stream of the payload of the piece that was decoded last.
    #[inline]
    fn payload_offset(&self, piece: &Piece) -> u64 {
        self.decoder.offset() - piece.payload.len() as u64
    }

    /// Checks a piece of the open message's payload, which has `before` bytes in front of it there and stands at offset `at` of
    /// the stream; `last` where the message ends with it.
    fn check_text(&mut self, payload: &[u8], before: usize, at: u64, last: bool) -> Result<(), ProtocolError> {
        if self.open != Some(Kind::Text) {
            return Ok(());
        }
        let Partial { utf8, character, .. } = &mut **self.partial.get_or_insert_default();
        let mut checked = utf8.push(payload);
        if last {
            checked = checked.and_then(|()| utf8.finish());
        }
        // A character that began in an earlier piece is where that piece had it; others are in this one.
        let in_stream = |in_text: u64| match in_text.checked_sub(before as u64) {
            Some(in_piece) => at + in_piece,
            None => *character,
        };
        if let Err(error) = checked {
            return Err(ProtocolError::new(ProtocolErrorKind::InvalidUtf8, in_stream(error.offset())));
        }
        *character = in_stream(utf8.valid_len());
        Ok(())
    }

    /// The payload so far of a message that is not received in one piece.
    fn assembled(&self) -> &[u8] {
        self.partial.as_ref().map_or(&[], |partial| &partial.assembly)
    }

    /// Appends to the payload of a message that is not received in one piece.
    fn assemble(&mut self, payload: &[u8]) {
        self.partial.get_or_insert_default().assembly.extend_from_slice(payload);
    }

    /// Notes that the open message is whole and returns its kind.
    #[inline]
    fn close_message(&mut self) -> Kind {
        self.fragments = 0;
        // A message ends with a data frame, and the decoder lets none through that does not belong to an open message.
        self.open.take().unwrap_or(Kind::Binary)
    }

    /// Whether a frame ends its message.
    #[inline]
    fn is_final(piece: &Piece) -> bool {
        piece.last && piece.header.fin
    }

    /// Whether a piece is all of a message.
    #[inline]
    fn is_message(piece: &Piece) -> bool {
        piece.first && piece.last && piece.header.fin && matches!(piece.header.opcode, OpCode::Text | OpCode::Binary)
    }

    /// What the whole payload of a Close means, which began at offset `at`.
    fn parse_close(&self, payload: &[u8]) -> Result<Closed, ProtocolError> {
        match CloseFrame::parse(payload) {
            Ok(frame) => Ok(Closed::Peer(frame.map(Into::into))),
            Err(error) => Err(error.rebase(self.decoder.offset() - payload.len() as u64)),
        }
    }

    /// The error of a text that was received in one piece, which ends where the decoder is.
    #[cold]
    fn invalid_text(&self, payload_len: usize, error: core::str::Utf8Error) -> ProtocolError {
        let at = self.decoder.offset() - payload_len as u64;
        ProtocolError::new(ProtocolErrorKind::InvalidUtf8, at + error.valid_up_to() as u64)
    }
}
