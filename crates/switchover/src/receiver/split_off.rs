//! Feeding from the caller's `BytesMut`, and no waiting: payloads are split off it as they arrive.
//!
//! Whole messages and parts of them may be asked for by turns, in the middle of a message too: what has begun in one way goes on
//! in it, unless there is nothing of it yet.

use bytes::{Buf, Bytes, BytesMut};
use switchover_frame::OpCode;

use super::{Assembly, Kind, Pending, Receiver, parts::Found};
use crate::{Closed, Event, Part, deflate::Inflation};

impl Receiver {
    /// Takes the next part of a message, or the next other event, from the front of `input`, the buffer that the transport is read
    /// into: [`receive_part`](Self::receive_part) with parts to keep, which share the buffer's memory unless they were compressed.
    ///
    /// It and [`poll_event`](Self::poll_event) may take turns at any time, for whoever has a timeout and does not know whether a
    /// message has begun. What `poll_event` holds of a message is given out with what arrives next. Of a message of which a part has
    /// been given out, `poll_event` passes over the rest: it holds nothing of it, and goes on with what comes behind.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use switchover::{Event, Limits, Part, Session};
    ///
    /// # let mut client = Session::client(&Limits::default(), || [0; 4]);
    /// # client.send(vec![7; 9])?;
    /// # client.send("next")?;
    /// # let sent = bytes::Buf::copy_to_bytes(client.output(), 25);
    /// let mut session = Session::server(&Limits::default());
    /// let mut input = BytesMut::from(&sent[..10]); // a message of 9 bytes, of which 4 have arrived
    /// let begun = session.poll_part(&mut input);
    /// assert_eq!(begun, Some(Part::Binary { payload: vec![7; 4].into(), last: false }));
    /// input.extend_from_slice(&sent[10..]); // its rest, and a text
    /// assert_eq!(session.poll_event(&mut input), Some(Event::Text("next".into())));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn poll_part(&mut self, input: &mut BytesMut) -> Option<Part> {
        self.release();
        if !self.ended && !self.has_begun_in_parts() && self.held() > 0 {
            let is_more = input.len() > self.held_in_input();
            // What has arrived may be the end of it.
            let whole = self.poll_event(input).map(Part::from);
            return if is_more { whole.or_else(|| self.give_out_held(input)) } else { whole };
        }
        loop {
            if let Some(part) = self.split_off(input)? {
                return Some(part);
            }
        }
    }

    /// What is held of the open message, as a part of it, if it can be given out now: from here on the message is delivered in parts.
    fn give_out_held(&mut self, input: &mut BytesMut) -> Option<Part> {
        let kind = self.open?;
        let payload = match self.decoder.in_payload() {
            Some((header, _)) if header.opcode.is_control() => return None,
            Some((header, len)) if self.is_held(header) => {
                let payload = input.split_to(self.held_in_input().min(input.len())).freeze();
                // It was checked as it arrived, but by nothing that remembers it.
                if let Err(error) = self.check_text(&payload, self.decoder.offset() - len, false) {
                    return self.last_part(Closed::Violation(error), input).flatten();
                }
                payload
            }
            _ if self.coded && !self.is_only_compressed() => return None,
            _ if self.coded => self.inflation().map_or_else(Bytes::new, Inflation::take_begun),
            _ => self.pending.as_mut()?.take_assembled()?,
        };
        if payload.is_empty() {
            return None;
        }
        self.count_delivered(payload.len());
        Some(match kind {
            Kind::Text => Part::Text { payload, last: false },
            Kind::Binary => Part::Binary { payload, last: false },
        })
    }

    /// The next event, where what was received last has begun in parts.
    #[cold]
    pub(super) fn poll_event_behind_parts(&mut self, input: &mut BytesMut) -> Option<Event> {
        if let Some(pending) = &mut self.pending {
            pending.passes_over |= pending.delivered.is_some_and(|len| len > 0);
            // Of a message of which nothing has been given out nothing is missing.
            pending.delivered = pending.delivered.filter(|len| *len > 0);
        }
        while self.has_begun_in_parts() {
            match self.split_off(input)? {
                Some(Part::Ping(payload)) => return Some(Event::Ping(payload)),
                Some(Part::Pong(payload)) => return Some(Event::Pong(payload)),
                Some(Part::Closed(closed)) => return Some(Event::Closed(closed)),
                Some(Part::Text { .. } | Part::Binary { .. }) | None => {}
            }
        }
        self.poll_event(input)
    }

    /// Whether a message is delivered in parts, or a control frame is not held in the caller's buffer.
    #[inline]
    pub(super) fn has_begun_in_parts(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.delivered.is_some() || pending.control.is_some())
    }

    /// Counts what is delivered of a message in parts.
    pub(super) fn count_delivered(&mut self, len: usize) {
        let delivered = &mut self.pending.get_or_insert_default().delivered;
        *delivered = Some(delivered.unwrap_or_default() + len as u64);
    }

    /// The next part, and `None` for one that is passed over.
    fn split_off(&mut self, input: &mut BytesMut) -> Option<Option<Part>> {
        if self.ended {
            input.clear();
            return None;
        }
        let passes_over = self.pending.as_ref().is_some_and(|pending| pending.passes_over);
        let mut rest = &mut input[..];
        let found = match self.next_part(&mut rest) {
            Ok(Some(found)) => found,
            Ok(None) => {
                input.clear();
                return None;
            }
            Err(error) => return self.last_part(Closed::Violation(error), input),
        };
        let left = rest.len();
        let (opcode, last, place) = match found {
            Found::Here { kind, payload, last } => (kind.into(), last, Place::Here(payload.len())),
            Found::Control(opcode, payload) => (opcode, true, Place::Here(payload.len())),
            Found::Inflated { kind, last } => {
                self.delivered = last;
                let inflated = self.inflation().map_or(&[][..], |inflation| inflation.message());
                let inflated = if passes_over { &[] } else { inflated };
                (kind.into(), last, Place::Copied(Bytes::copy_from_slice(inflated)))
            }
            Found::Assembled(kind) => {
                self.delivered = true;
                (kind.into(), true, Place::Copied(Bytes::copy_from_slice(self.decoded())))
            }
            Found::CollectedControl(opcode) => {
                self.delivered = true;
                (opcode, true, Place::Copied(Bytes::copy_from_slice(self.control_payload())))
            }
        };
        self.release();
        let taken = input.len() - left;
        if passes_over && !opcode.is_control() {
            input.advance(taken);
            return Some(None);
        }
        let mut taken = input.split_to(taken).freeze();
        let payload = match place {
            Place::Copied(payload) => payload,
            Place::Here(len) => {
                taken.advance(taken.len() - len);
                taken
            }
        };
        Some(Some(match opcode {
            OpCode::Text => Part::Text { payload, last },
            OpCode::Binary | OpCode::Continuation => Part::Binary { payload, last },
            OpCode::Ping => Part::Ping(payload),
            OpCode::Pong => Part::Pong(payload),
            OpCode::Close => {
                let closed = self.parse_close(&payload).unwrap_or_else(Closed::Violation);
                return self.last_part(closed, input);
            }
        }))
    }

    /// The last event; what is left of the input is thrown away.
    #[cold]
    fn last_part(&mut self, closed: Closed, input: &mut BytesMut) -> Option<Option<Part>> {
        input.clear();
        self.end(closed).map(|closed| Some(Part::Closed(closed)))
    }
}

impl Pending {
    /// What there is of a payload that is collected here, unless it ends within a character.
    fn take_assembled(&mut self) -> Option<Bytes> {
        if self.utf8.partial_len() > 0 {
            return None;
        }
        Some(match core::mem::take(&mut self.assembly) {
            Assembly::Text(text) => text.into(),
            Assembly::Binary(binary) => binary.into(),
        })
    }
}

/// Where the payload of a part is.
enum Place {
    /// At the end of what was taken off the input: so many bytes.
    Here(usize),
    /// Copied out of the session.
    Copied(Bytes),
}

impl From<Kind> for OpCode {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text,
            Kind::Binary => Self::Binary,
        }
    }
}
