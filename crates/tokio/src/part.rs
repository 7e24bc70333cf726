//! Messages in parts, and the change between them and whole ones.

use bytes::{Bytes, BytesMut};
use switchover::{ByteString, Closed, Event, EventRef, PartRef, Receiver};

/// A part of what was received: see [`WebSocket::receive_part`](crate::WebSocket::receive_part).
///
/// The payloads of a message's parts, in order, are its payload. No part is empty, unless it is the last. A payload keeps the
/// allocation of the buffer alive that it was received in: copy what is kept for long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The next part of a text message. All texts are UTF-8, up to where they have been delivered; a part may end within a
    /// character.
    Text {
        /// The payload, as far as it goes.
        payload: Bytes,
        /// The message ends with this part.
        last: bool,
    },
    /// The next part of a binary message.
    Binary {
        /// The payload, as far as it goes.
        payload: Bytes,
        /// The message ends with this part.
        last: bool,
    },
    /// A Ping, whole; it is answered, unless [`Replies::pong`](crate::Replies::pong) is off.
    Ping(Bytes),
    /// A Pong, whole.
    Pong(Bytes),
    /// The last one: nothing is received after it.
    Closed(Closed),
}

impl From<Event> for Part {
    /// A message that is whole is its only part.
    fn from(event: Event) -> Self {
        match event {
            Event::Text(text) => Self::Text { payload: text.into_bytes(), last: true },
            Event::Binary(payload) => Self::Binary { payload, last: true },
            Event::Ping(payload) => Self::Ping(payload),
            Event::Pong(payload) => Self::Pong(payload),
            Event::Closed(closed) => Self::Closed(closed),
        }
    }
}

/// Makes a part of its payload, and of whether it is the last of a message.
type Make = fn(Bytes, bool) -> Part;

/// What a session receives: whole messages, or parts of them.
pub(crate) trait Received: Sized {
    /// Takes the next one off the input.
    fn take(intake: &mut Intake, receiver: &mut Receiver, input: &mut BytesMut) -> Option<Self>;

    /// The event that this is, if the sending half has to see it.
    fn wants_reply(&self) -> Option<EventRef<'_>>;

    /// The last one.
    fn closed(closed: Closed) -> Self;
}

impl Received for Event {
    fn take(intake: &mut Intake, receiver: &mut Receiver, input: &mut BytesMut) -> Option<Self> {
        intake.event(receiver, input)
    }

    fn wants_reply(&self) -> Option<EventRef<'_>> {
        let event = self.as_ref();
        event.wants_reply().then_some(event)
    }

    fn closed(closed: Closed) -> Self {
        Self::Closed(closed)
    }
}

impl Received for Part {
    fn take(intake: &mut Intake, receiver: &mut Receiver, input: &mut BytesMut) -> Option<Self> {
        intake.part(receiver, input)
    }

    fn wants_reply(&self) -> Option<EventRef<'_>> {
        match self {
            Self::Ping(payload) => Some(EventRef::Ping(payload)),
            Self::Pong(payload) => Some(EventRef::Pong(payload)),
            Self::Closed(closed) => Some(EventRef::Closed(closed.clone())),
            Self::Text { .. } | Self::Binary { .. } => None,
        }
    }

    fn closed(closed: Closed) -> Self {
        Self::Closed(closed)
    }
}

/// Takes what was received off the input, whole or in parts.
///
/// A receiver goes on with a message as it was begun. But who drops a future, or has a timeout, does not know whether one has begun.
/// This does; or in case of doubt has a message that is wanted whole go on in parts, and joins them.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    /// A message may have begun in parts.
    in_parts: bool,
    begun: Begun,
    /// The parts of that message so far, where it is wanted whole.
    joined: BytesMut,
}

/// What has become of the beginning of a message that has begun in parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Begun {
    /// Nothing has been given out.
    #[default]
    Held,
    Given,
    /// It was given out, and then a whole message was asked for.
    PassedOver,
}

impl Intake {
    /// The next event. What is left of a message of which parts have been given out is none, and is passed over.
    fn event(&mut self, receiver: &mut Receiver, input: &mut BytesMut) -> Option<Event> {
        if self.begun == Begun::Given {
            self.begun = Begun::PassedOver;
        }
        while self.in_parts {
            match self.next(receiver, input)? {
                Part::Text { payload, last } => {
                    if let Some(payload) = self.join(payload, last) {
                        // It was checked as it arrived, so this cannot fail.
                        return Some(Event::Text(ByteString::try_from(payload).unwrap_or_default()));
                    }
                }
                Part::Binary { payload, last } => {
                    if let Some(payload) = self.join(payload, last) {
                        return Some(Event::Binary(payload));
                    }
                }
                Part::Ping(payload) => return Some(Event::Ping(payload)),
                Part::Pong(payload) => return Some(Event::Pong(payload)),
                Part::Closed(closed) => return Some(Event::Closed(closed)),
            }
        }
        receiver.poll_event(input)
    }

    /// The next part. A message that was begun whole is one.
    fn part(&mut self, receiver: &mut Receiver, input: &mut BytesMut) -> Option<Part> {
        if !self.in_parts && receiver.held() > 0 {
            return receiver.poll_event(input).map(Part::from);
        }
        let mut part = self.next(receiver, input)?;
        if let Part::Text { payload, last } | Part::Binary { payload, last } = &mut part {
            self.begun = if *last { Begun::Held } else { Begun::Given };
            if !self.joined.is_empty() {
                self.joined.extend_from_slice(payload);
                *payload = std::mem::take(&mut self.joined).freeze();
            }
        }
        Some(part)
    }

    /// The message that a part completes.
    fn join(&mut self, part: Bytes, last: bool) -> Option<Bytes> {
        if last && self.joined.is_empty() {
            return Some(part);
        }
        self.joined.extend_from_slice(&part);
        last.then(|| std::mem::take(&mut self.joined).freeze())
    }

    /// The next part that is not passed over.
    fn next(&mut self, receiver: &mut Receiver, input: &mut BytesMut) -> Option<Part> {
        loop {
            match self.split_off(receiver, input)? {
                Part::Text { last, .. } | Part::Binary { last, .. } if self.begun == Begun::PassedOver => {
                    if last {
                        self.begun = Begun::Held;
                    }
                }
                part => return Some(part),
            }
        }
    }

    /// The next part, split off the input where it is in there.
    fn split_off(&mut self, receiver: &mut Receiver, input: &mut BytesMut) -> Option<Part> {
        self.in_parts = true;
        let (start, len) = (input.as_ptr().addr(), input.len());
        let mut rest = &mut input[..];
        let Some(part) = receiver.receive_part(&mut rest) else {
            input.clear();
            return None;
        };
        let (make, payload, last): (Make, &[u8], bool) = match part {
            PartRef::Text { payload, last } => (|payload, last| Part::Text { payload, last }, payload, last),
            PartRef::Binary { payload, last } => (|payload, last| Part::Binary { payload, last }, payload, last),
            PartRef::Ping(payload) => (|payload, _| Part::Ping(payload), payload, false),
            PartRef::Pong(payload) => (|payload, _| Part::Pong(payload), payload, false),
            PartRef::Closed(closed) => {
                input.clear();
                return Some(Part::Closed(closed));
            }
        };
        let at = payload.as_ptr().addr().wrapping_sub(start);
        let found = match at.checked_add(payload.len()) {
            Some(end) if end <= len => Ok(at..end),
            // It was inflated, or is a control frame that was not received in one piece.
            _ => Err(Bytes::copy_from_slice(payload)),
        };
        let left = rest.len();
        let taken = input.split_to(len - left);
        let payload = found.map_or_else(|copied| copied, |range| taken.freeze().slice(range));
        self.in_parts = !last;
        Some(make(payload, last))
    }
}
