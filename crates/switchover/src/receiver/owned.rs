//! Feeding from the caller's `BytesMut`: payloads are split off it, not copied.

use bytes::{Buf, Bytes, BytesMut};
use switchover_frame::{OpCode, Piece, ProtocolError, ProtocolErrorKind, Step, Text, Utf8};

use super::{Assembly, Kind, Receiver, coded::Whole};
use crate::{Closed, Event, deflate::Inflation};

impl Receiver {
    /// Takes the next event from the front of `input`.
    ///
    /// `input` is the buffer that the transport is read into, always the same one for a session: bytes of a message whose rest
    /// has not arrived stay at its front. They are unmasked already, so nothing else may change or take them. A message in
    /// one frame shares the buffer's memory; fragments are copied together.
    ///
    /// `None` means that more bytes are needed, or that nothing will come any more ([`is_ended`](Self::is_ended)).
    pub fn poll_event(&mut self, input: &mut BytesMut) -> Option<Event> {
        self.release();
        if self.has_begun_in_parts() {
            return self.poll_event_behind_parts(input);
        }
        if self.ended {
            input.clear();
            return None;
        }
        let held = self.held_in_input();
        let step = self.decoder.decode(input.get_mut(held..).unwrap_or_default());
        let event = match step {
            // Most messages are one frame, received in one piece; they leave no trace.
            Ok(Step::Done { ref piece, consumed }) if Self::is_message(piece) => {
                let mut payload = input.split_to(consumed).freeze();
                payload.advance(piece.payload.start);
                if piece.header.opcode == OpCode::Text { self.text(payload) } else { Ok(Event::Binary(payload)) }
            }
            step => match self.next_owned(step, input) {
                Ok(None) => return None,
                Ok(Some(event)) => Ok(event),
                Err(error) => Err(error),
            },
        };
        match event {
            Ok(Event::Closed(closed)) => self.end(closed).map(Event::Closed),
            Ok(event) => Some(event),
            Err(error) => self.end(Closed::Violation(error)).map(Event::Closed),
        }
    }

    fn next_owned(
        &mut self,
        mut step: Result<Step, ProtocolError>,
        input: &mut BytesMut,
    ) -> Result<Option<Event>, ProtocolError> {
        loop {
            let Some((piece, _)) = self.note(step)? else {
                // The beginning of a header, now carried by the decoder.
                input.truncate(self.held_in_input());
                return Ok(None);
            };
            if piece.first {
                // Nothing is held while a header is read.
                input.advance(piece.payload.start);
                if !piece.last && self.is_held(&piece.header) {
                    // Where the rest can go without another allocation, it does not have to be moved later.
                    let rest = piece.header.payload_len - piece.payload.len() as u64;
                    let _ = input.try_reclaim(usize::try_from(rest).unwrap_or(usize::MAX));
                }
            }
            let event = if self.is_coded(&piece) {
                self.decode_owned(&piece, input)?
            } else if self.is_held(&piece.header) {
                self.hold(&piece, input)?
            } else {
                self.append(&piece, input)?
            };
            let held = self.held_in_input();
            if event.is_some() || input.len() == held {
                return Ok(event);
            }
            step = self.decoder.decode(input.get_mut(held..).unwrap_or_default());
        }
    }

    /// A piece of a frame that is an event of its own: its payload stays where it is until the frame has ended.
    fn hold(&mut self, piece: &Piece, input: &mut BytesMut) -> Result<Option<Event>, ProtocolError> {
        let is_data = !piece.header.opcode.is_control();
        let end = if piece.last { piece.header.payload_len } else { self.held_in_input() as u64 };
        let end = usize::try_from(end).unwrap_or(usize::MAX);
        let start = end - piece.payload.len();
        // What is whole is checked as it becomes a text, all of it: who else has the buffer might have changed it.
        if self.open == Some(Kind::Text) && is_data && !piece.last {
            // From the beginning of its last character on, what was held before says what a validator would have to remember.
            let before = input.get(..start).unwrap_or_default().iter().rev().take(3);
            let again =
                before.map(|byte| byte & 0xC0 != 0x80).position(|is_first| is_first).map_or(0, |behind| behind + 1);
            let checked = Utf8::new().push(input.get(start - again..end).unwrap_or_default());
            let at = self.payload_offset(piece) - again as u64;
            checked.map_err(|error| ProtocolError::new(ProtocolErrorKind::InvalidUtf8, at + error.offset()))?;
        }
        if !piece.last {
            return Ok(None);
        }
        let payload = input.split_to(end).freeze();
        if is_data {
            self.settle();
        }
        match piece.header.opcode {
            OpCode::Ping => Ok(Some(Event::Ping(payload))),
            OpCode::Pong => Ok(Some(Event::Pong(payload))),
            OpCode::Close => self.parse_close(&payload).map(|closed| Some(Event::Closed(closed))),
            OpCode::Text | OpCode::Binary | OpCode::Continuation => self.message(payload).map(Some),
        }
    }

    /// A piece of a fragment: its payload goes behind that of the fragments before it.
    fn append(&mut self, piece: &Piece, input: &mut BytesMut) -> Result<Option<Event>, ProtocolError> {
        let len = piece.payload.len();
        self.assemble(piece, input.get(..len).unwrap_or_default())?;
        input.advance(len);
        Ok(Self::is_final(piece).then(|| self.take_assembled()))
    }

    /// The open message, which is whole and in `pending`.
    fn take_assembled(&mut self) -> Event {
        let assembly = self.pending.as_mut().map(|pending| core::mem::take(&mut pending.assembly)).unwrap_or_default();
        self.close_message();
        self.settle();
        match assembly {
            Assembly::Text(text) => Event::Text(text.into()),
            Assembly::Binary(binary) => Event::Binary(binary.into()),
        }
    }

    /// A piece of a coded message, which leaves the caller's buffer at once.
    fn decode_owned(&mut self, piece: &Piece, input: &mut BytesMut) -> Result<Option<Event>, ProtocolError> {
        let payload = input.get(..piece.payload.len()).unwrap_or_default();
        let whole = self.decode(piece, payload)?;
        input.advance(piece.payload.len());
        let (kind, payload) = match whole {
            None => return Ok(None),
            Some(Whole::Assembled(kind)) => (kind, self.take_decoded()),
            Some(Whole::Inflated(kind)) => (kind, self.inflation().map_or_else(Bytes::new, Inflation::take)),
        };
        self.settle();
        match kind {
            Kind::Binary => Ok(Some(Event::Binary(payload))),
            Kind::Text => self.text(payload).map(Some),
        }
    }

    fn take_decoded(&mut self) -> Bytes {
        let extended = self.pending.as_mut().and_then(|pending| pending.extended.as_mut());
        extended.map_or_else(Bytes::new, |extended| core::mem::take(&mut extended.assembly).freeze())
    }

    /// How many bytes at the front of the caller's buffer are the unmasked payload of a frame that has not ended.
    #[inline]
    pub(super) fn held_in_input(&self) -> usize {
        match self.decoder.in_payload() {
            Some((header, len)) if self.is_held(header) => usize::try_from(len).unwrap_or(usize::MAX),
            _ => 0,
        }
    }

    /// The open message, which was held until it was whole.
    fn message(&mut self, payload: Bytes) -> Result<Event, ProtocolError> {
        match self.close_message() {
            Kind::Binary => Ok(Event::Binary(payload)),
            Kind::Text => self.text(payload),
        }
    }

    /// A text message, whole, which ends where the decoder is.
    #[inline]
    fn text(&self, payload: Bytes) -> Result<Event, ProtocolError> {
        let len = payload.len();
        Text::try_from(payload).map(Event::Text).map_err(|error| self.invalid_text(len, error.error()))
    }
}
