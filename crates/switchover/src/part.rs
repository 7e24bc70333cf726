//! Parts of messages, owned, and what they have in common with whole ones.

use bytes::{Bytes, BytesMut};

use crate::{Closed, Event, EventRef, PartRef, Receiver};

/// A part of what a session received, with a payload that shares the caller's receive buffer: see
/// [`Session::poll_part`](crate::Session::poll_part).
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

impl Part {
    /// The same part, borrowed.
    #[must_use]
    pub fn as_ref(&self) -> PartRef<'_> {
        match self {
            Self::Text { payload, last } => PartRef::Text { payload, last: *last },
            Self::Binary { payload, last } => PartRef::Binary { payload, last: *last },
            Self::Ping(payload) => PartRef::Ping(payload),
            Self::Pong(payload) => PartRef::Pong(payload),
            Self::Closed(closed) => PartRef::Closed(closed.clone()),
        }
    }
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

impl From<Closed> for Part {
    fn from(closed: Closed) -> Self {
        Self::Closed(closed)
    }
}

impl From<Closed> for Event {
    fn from(closed: Closed) -> Self {
        Self::Closed(closed)
    }
}

/// What is taken off a `BytesMut`: whole messages ([`Event`]) or parts of them ([`Part`]). For adapters, which wait for either in
/// the same way: see [`Session::poll`](crate::Session::poll).
pub trait Received: From<Closed> {
    /// Takes the next one: [`Receiver::poll_event`], or [`Receiver::poll_part`].
    fn poll(receiver: &mut Receiver, input: &mut BytesMut) -> Option<Self>;

    /// The event that this is all of, if the sending half has to see it: see [`Sender::observe`](crate::Sender::observe).
    fn wants_reply(&self) -> Option<EventRef<'_>>;
}

impl Received for Event {
    #[inline]
    fn poll(receiver: &mut Receiver, input: &mut BytesMut) -> Option<Self> {
        receiver.poll_event(input)
    }

    #[inline]
    fn wants_reply(&self) -> Option<EventRef<'_>> {
        Some(self.as_ref()).filter(EventRef::wants_reply)
    }
}

impl Received for Part {
    #[inline]
    fn poll(receiver: &mut Receiver, input: &mut BytesMut) -> Option<Self> {
        receiver.poll_part(input)
    }

    #[inline]
    fn wants_reply(&self) -> Option<EventRef<'_>> {
        self.as_ref().wants_reply()
    }
}
