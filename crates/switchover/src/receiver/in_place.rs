//! Feeding from any `&mut [u8]`: payloads are unmasked and lent out where they are.

use switchover_frame::{OpCode, Piece, ProtocolError, Step, Utf8};

use super::{Assembly, Kind, Receiver, coded::Whole};
use crate::{Closed, EventRef};

/// Where the payload of an event is.
enum Found<'b> {
    /// In the caller's buffer: a control frame that was received in one piece.
    Here(OpCode, &'b [u8]),
    /// In `pending`.
    Assembled,
    /// In `pending`, its transforms undone.
    Decoded(Kind),
    /// In `pending`, inflated.
    Inflated(Kind),
    /// In `pending`, a control frame.
    Control(OpCode),
}

impl Receiver {
    /// Takes the next event from the front of `input`, and what it took off `input`.
    ///
    /// All of `input` is taken before this answers `None`, so one buffer can serve many sessions. A payload that was
    /// received in one piece is lent out of `input`, unmasked in place; others are copied into the session until they are
    /// whole, and given back with the next call.
    ///
    /// `input` is a variable that lives as long as the loop, so that each call goes on where the last one stopped:
    ///
    /// ```
    /// # use switchover::{Limits, Session};
    /// # let (mut session, mut buffer, n) = (Session::server(&Limits::default()), [0; 64], 0);
    /// let mut input = &mut buffer[..n];
    /// while let Some((event, sender)) = session.receive(&mut input) {
    ///     // ...
    /// }
    /// ```
    ///
    /// Between messages a session may change over to [`poll_event`](Self::poll_event), and back; inside one it may not.
    #[inline]
    pub fn receive<'s, 'b: 's>(&'s mut self, input: &mut &'b mut [u8]) -> Option<EventRef<'s>> {
        self.release();
        if self.ended {
            *input = &mut [];
            return None;
        }
        let step = self.decoder.decode(input);
        // Most messages are one frame, received in one piece; they leave no trace.
        if let Ok(Step::Done { piece, consumed }) = &step
            && Self::is_message(piece)
        {
            let payload: &[u8] = &take(input, *consumed)[piece.payload.start..];
            return match piece.header.opcode {
                OpCode::Text => match Utf8::whole(payload) {
                    Ok(text) => Some(EventRef::Text(text)),
                    Err(error) => {
                        let error = self.invalid_text(payload.len(), error);
                        self.last(Closed::Violation(error), input)
                    }
                },
                _ => Some(EventRef::Binary(payload)),
            };
        }
        self.receive_pieces(step, input)
    }

    fn receive_pieces<'s, 'b: 's>(
        &'s mut self,
        step: Result<Step, ProtocolError>,
        input: &mut &'b mut [u8],
    ) -> Option<EventRef<'s>> {
        let closed = match self.next_in_place(step, input) {
            Ok(None) => return None,
            Ok(Some(Found::Assembled)) => {
                self.delivered = true;
                return self.assembled();
            }
            Ok(Some(Found::Decoded(kind))) => {
                self.delivered = true;
                return Some(message(kind, self.decoded()));
            }
            Ok(Some(Found::Inflated(kind))) => {
                self.delivered = true;
                return Some(message(kind, self.inflation().map_or(&[], |inflation| inflation.message())));
            }
            Ok(Some(Found::Control(OpCode::Close))) => self.parse_close(self.control_payload()),
            Ok(Some(Found::Control(opcode))) => {
                self.delivered = true;
                return Some(ping_or_pong(opcode, self.control_payload()));
            }
            Ok(Some(Found::Here(OpCode::Close, payload))) => self.parse_close(payload),
            Ok(Some(Found::Here(opcode, payload))) => return Some(ping_or_pong(opcode, payload)),
            Err(error) => Err(error),
        };
        self.last(closed.unwrap_or_else(Closed::Violation), input)
    }

    /// The last event; what is left of the input is thrown away.
    #[cold]
    fn last<'s>(&'s mut self, closed: Closed, input: &mut &mut [u8]) -> Option<EventRef<'s>> {
        *input = &mut [];
        self.end(closed).map(EventRef::Closed)
    }

    fn next_in_place<'b>(
        &mut self,
        mut step: Result<Step, ProtocolError>,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Found<'b>>, ProtocolError> {
        loop {
            let Some((piece, consumed)) = self.note(step)? else {
                *input = &mut [];
                return Ok(None);
            };
            let payload: &[u8] = &take(input, consumed)[piece.payload.start..];
            let opcode = piece.header.opcode;
            let found = if self.is_coded(&piece) {
                self.decode(&piece, payload)?.map(|whole| match whole {
                    Whole::Assembled(kind) => Found::Decoded(kind),
                    Whole::Inflated(kind) => Found::Inflated(kind),
                })
            } else if !opcode.is_control() {
                self.collect(&piece, payload)?
            } else if piece.first && piece.last {
                Some(Found::Here(opcode, payload))
            } else {
                self.collect_control(&piece, payload).then_some(Found::Control(opcode))
            };
            if found.is_some() || input.is_empty() {
                return Ok(found);
            }
            step = self.decoder.decode(input);
        }
    }

    /// A piece of a message that is not received in one.
    fn collect(&mut self, piece: &Piece, payload: &[u8]) -> Result<Option<Found<'static>>, ProtocolError> {
        self.assemble(piece, payload)?;
        let last = Self::is_final(piece);
        if last {
            self.close_message();
        }
        Ok(last.then_some(Found::Assembled))
    }

    /// The event of a message that was received in pieces.
    fn assembled(&self) -> Option<EventRef<'_>> {
        self.pending.as_ref().map(|pending| match &pending.assembly {
            Assembly::Text(text) => EventRef::Text(text),
            Assembly::Binary(payload) => EventRef::Binary(payload),
        })
    }

    /// A piece of a control frame that is not received in one; whether the frame is whole now.
    pub(super) fn collect_control(&mut self, piece: &Piece, payload: &[u8]) -> bool {
        let control = self.pending.get_or_insert_default().control.get_or_insert_default();
        // The decoder lets no more than 125 bytes through.
        let _ = control.push(payload);
        piece.last
    }

    pub(super) fn control_payload(&self) -> &[u8] {
        self.pending.as_ref().and_then(|pending| pending.control.as_deref()).map_or(&[], |control| control)
    }
}

/// The event of a message that was decoded.
fn message(kind: Kind, payload: &[u8]) -> EventRef<'_> {
    match kind {
        Kind::Binary => EventRef::Binary(payload),
        // It was checked as it arrived, so this cannot fail.
        Kind::Text => EventRef::Text(Utf8::whole(payload).unwrap_or_default()),
    }
}

fn ping_or_pong(opcode: OpCode, payload: &[u8]) -> EventRef<'_> {
    if opcode == OpCode::Ping { EventRef::Ping(payload) } else { EventRef::Pong(payload) }
}

/// Takes `len` bytes off the front of `input`.
#[inline]
pub(super) fn take<'b>(input: &mut &'b mut [u8], len: usize) -> &'b mut [u8] {
    let (taken, rest) = core::mem::take(input).split_at_mut_checked(len).unwrap_or_default();
    *input = rest;
    taken
}
