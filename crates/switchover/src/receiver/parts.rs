//! Feeding from any `&mut [u8]`, and no waiting: payloads are lent out as they arrive.

use switchover_frame::{OpCode, Piece, ProtocolError, Utf8};

use super::{Kind, Receiver, coded::Whole, in_place::take};
use crate::{Closed, PartRef};

/// Where the payload of a part is.
pub(super) enum Found<'b> {
    /// In the caller's buffer: part of a message.
    Here { kind: Kind, payload: &'b [u8], last: bool },
    /// In what inflates messages.
    Inflated { kind: Kind, last: bool },
    /// In `pending`: all of a message.
    Assembled(Kind),
    /// In the caller's buffer: a control frame that was received in one piece.
    Control(OpCode, &'b [u8]),
    /// In `pending`: a control frame.
    CollectedControl(OpCode),
}

impl Receiver {
    /// Takes the next part of a message, or the next other event, from the front of `input`, and what it took off `input`.
    ///
    /// For messages of any length: a payload is lent out as it arrives, unmasked in place, and a compressed one as far as it has
    /// been inflated, some KiB at a time. Nothing is collected but control frames, and messages that an extension of the user's own
    /// [transforms](crate::Transform), which are delivered whole.
    /// [`Limits`](crate::Limits) hold all the same, that of a message for the sum of its parts.
    ///
    /// Between messages a session may change over to [`receive`](Self::receive) or [`poll_event`](Self::poll_event), and back;
    /// inside one it may not: [`poll_part`](Self::poll_part) is for whoever has to. `input` is a variable that lives as long as the
    /// loop, and is empty when this answers `None`:
    ///
    /// ```
    /// # use switchover::{Limits, PartRef, Session};
    /// # let (mut session, mut buffer, n) = (Session::server(&Limits::default()), [0; 64], 0);
    /// let mut upload = Vec::new(); // a file, a parser, a hash
    /// let mut input = &mut buffer[..n];
    /// while let Some((part, sender)) = session.receive_part(&mut input) {
    ///     if let PartRef::Binary { payload, last } = part {
    ///         upload.extend_from_slice(payload);
    ///         if last && sender.text("received").is_err() {
    ///             break;
    ///         }
    ///     }
    /// }
    /// ```
    #[inline]
    pub fn receive_part<'s, 'b: 's>(&'s mut self, input: &mut &'b mut [u8]) -> Option<PartRef<'s>> {
        self.release();
        if self.ended {
            *input = &mut [];
            return None;
        }
        let closed = match self.next_part(input) {
            Ok(None) => return None,
            Ok(Some(Found::Here { kind, payload, last })) => return Some(part(kind, payload, last)),
            Ok(Some(Found::Inflated { kind, last })) => {
                self.delivered = last;
                return Some(part(kind, self.inflation().map_or(&[], |inflation| inflation.message()), last));
            }
            Ok(Some(Found::Assembled(kind))) => {
                self.delivered = true;
                return Some(part(kind, self.decoded(), true));
            }
            Ok(Some(Found::Control(OpCode::Close, payload))) => self.parse_close(payload),
            Ok(Some(Found::Control(opcode, payload))) => return Some(ping_or_pong(opcode, payload)),
            Ok(Some(Found::CollectedControl(OpCode::Close))) => self.parse_close(self.control_payload()),
            Ok(Some(Found::CollectedControl(opcode))) => {
                self.delivered = true;
                return Some(ping_or_pong(opcode, self.control_payload()));
            }
            Err(error) => Err(error),
        };
        *input = &mut [];
        self.end(closed.unwrap_or_else(Closed::Violation)).map(PartRef::Closed)
    }

    pub(super) fn next_part<'b>(&mut self, input: &mut &'b mut [u8]) -> Result<Option<Found<'b>>, ProtocolError> {
        loop {
            if let Some(found) = self.inflated_part(input)? {
                return Ok(Some(found));
            }
            let step = self.decoder.decode(input);
            let Some((piece, consumed)) = self.note(step)? else {
                *input = &mut [];
                return Ok(None);
            };
            let found = if self.is_coded(&piece) && self.is_only_compressed() {
                take(input, piece.payload.start);
                self.begin_inflating(&piece);
                None
            } else if self.is_coded(&piece) {
                let payload: &[u8] = &take(input, consumed)[piece.payload.start..];
                self.decode(&piece, payload)?.map(|whole| match whole {
                    Whole::Assembled(kind) => Found::Assembled(kind),
                    Whole::Inflated(kind) => Found::Inflated { kind, last: true },
                })
            } else {
                let payload: &[u8] = &take(input, consumed)[piece.payload.start..];
                self.part_here(&piece, payload)?
            };
            if found.is_some() {
                return Ok(found);
            }
            if input.is_empty() && !self.is_inflating() {
                return Ok(None);
            }
        }
    }

    /// A piece that is not compressed.
    fn part_here<'b>(&mut self, piece: &Piece, payload: &'b [u8]) -> Result<Option<Found<'b>>, ProtocolError> {
        let opcode = piece.header.opcode;
        if opcode.is_control() {
            return Ok(if piece.first && piece.last {
                Some(Found::Control(opcode, payload))
            } else {
                self.collect_control(piece, payload).then_some(Found::CollectedControl(opcode))
            });
        }
        let last = Self::is_final(piece);
        // What is all of a message leaves no trace.
        if Self::is_message(piece) {
            let kind = self.close_message();
            if kind == Kind::Text
                && let Err(error) = Utf8::whole(payload)
            {
                return Err(self.invalid_text(payload.len(), error));
            }
            return Ok(Some(Found::Here { kind, payload, last }));
        }
        self.check_text(payload, self.payload_offset(piece), last)?;
        self.count_delivered(payload.len());
        let kind = self.open.unwrap_or(Kind::Binary);
        if last {
            self.close_message();
            self.settle();
        }
        Ok((last || !payload.is_empty()).then_some(Found::Here { kind, payload, last }))
    }

    /// Notes that a piece of a compressed message is at the front of the input.
    fn begin_inflating(&mut self, piece: &Piece) {
        let at = self.payload_offset(piece);
        if let Some(inflation) = self.inflation() {
            if piece.first {
                inflation.set_frame(at);
            }
            inflation.begin_parts(piece.payload.len(), Self::is_final(piece));
        }
    }

    fn is_inflating(&mut self) -> bool {
        self.inflation().is_some_and(|inflation| inflation.in_parts())
    }

    /// The next part of what the compressed piece at the front of the input, if there is one, inflates to.
    fn inflated_part<'b>(&mut self, input: &mut &'b mut [u8]) -> Result<Option<Found<'b>>, ProtocolError> {
        let Some(inflation) = self.inflation().filter(|inflation| inflation.in_parts()) else { return Ok(None) };
        let (taken, last) = inflation.part(input)?;
        let len = inflation.message().len();
        take(input, taken);
        self.count_delivered(len);
        let kind = self.open.unwrap_or(Kind::Binary);
        if last {
            self.close_message();
        }
        Ok((last || len > 0).then_some(Found::Inflated { kind, last }))
    }
}

fn part(kind: Kind, payload: &[u8], last: bool) -> PartRef<'_> {
    match kind {
        Kind::Text => PartRef::Text { payload, last },
        Kind::Binary => PartRef::Binary { payload, last },
    }
}

fn ping_or_pong(opcode: OpCode, payload: &[u8]) -> PartRef<'_> {
    if opcode == OpCode::Ping { PartRef::Ping(payload) } else { PartRef::Pong(payload) }
}
