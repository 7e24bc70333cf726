//! What travels: messages to send, and events received, owned or borrowed.

use alloc::{string::String, vec::Vec};
use bytes::Bytes;
use switchover_frame::{CloseCode, CloseFrame, ProtocolError, Text};

/// A message to send.
///
/// Text and Binary carry data of any length, Ping and Pong at most 125 bytes (RFC 6455, sections 5.5 and 5.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// UTF-8 text.
    Text(Text),
    /// Bytes of any meaning.
    Binary(Bytes),
    /// A Ping; the peer answers with a Pong of the same payload.
    Ping(Bytes),
    /// A Pong nobody asked for: a one-way heartbeat (RFC 6455, section 5.5.3).
    Pong(Bytes),
}

impl Message {
    /// A text message.
    pub fn text(text: impl Into<Text>) -> Self {
        Self::Text(text.into())
    }

    /// A binary message.
    pub fn binary(payload: impl Into<Bytes>) -> Self {
        Self::Binary(payload.into())
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(payload) | Self::Ping(payload) | Self::Pong(payload) => payload,
        }
    }
}

impl From<&'static str> for Message {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Text> for Message {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Message {
    fn from(payload: Vec<u8>) -> Self {
        Self::Binary(payload.into())
    }
}

impl From<Bytes> for Message {
    fn from(payload: Bytes) -> Self {
        Self::Binary(payload)
    }
}

/// What a session received, with payloads that share the caller's receive buffer.
///
/// A payload keeps the allocation of the buffer alive that it was received in: copy what is kept for long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A text message, whole.
    Text(Text),
    /// A binary message, whole.
    Binary(Bytes),
    /// A Ping; it is answered, unless [`Replies::pong`](crate::Replies::pong) is off.
    Ping(Bytes),
    /// A Pong.
    Pong(Bytes),
    /// The last event: nothing is received after it.
    Closed(Closed),
}

/// What a session received, borrowed from where it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventRef<'a> {
    /// A text message, whole.
    Text(&'a str),
    /// A binary message, whole.
    Binary(&'a [u8]),
    /// A Ping; it is answered, unless [`Replies::pong`](crate::Replies::pong) is off.
    Ping(&'a [u8]),
    /// A Pong.
    Pong(&'a [u8]),
    /// The last event: nothing is received after it.
    Closed(Closed),
}

impl Event {
    /// The same event, borrowed.
    #[must_use]
    pub fn as_ref(&self) -> EventRef<'_> {
        match self {
            Self::Text(text) => EventRef::Text(text),
            Self::Binary(payload) => EventRef::Binary(payload),
            Self::Ping(payload) => EventRef::Ping(payload),
            Self::Pong(payload) => EventRef::Pong(payload),
            Self::Closed(closed) => EventRef::Closed(closed.clone()),
        }
    }

    /// The text or binary message that was received, to be sent elsewhere.
    #[must_use]
    pub fn into_message(self) -> Option<Message> {
        match self {
            Self::Text(text) => Some(Message::Text(text)),
            Self::Binary(payload) => Some(Message::Binary(payload)),
            Self::Ping(_) | Self::Pong(_) | Self::Closed(_) => None,
        }
    }
}

impl EventRef<'_> {
    /// Whether the sending half has to see it, to answer it or as an answer to a Ping of its own: see
    /// [`Sender::observe`](crate::Sender::observe).
    #[must_use]
    pub fn wants_reply(&self) -> bool {
        matches!(self, Self::Ping(_) | Self::Pong(_) | Self::Closed(_))
    }

    /// The same event, copied into memory of its own.
    #[must_use]
    pub fn to_owned(&self) -> Event {
        match self {
            Self::Text(text) => Event::Text(Text::copy_from_str(text)),
            Self::Binary(payload) => Event::Binary(Bytes::copy_from_slice(payload)),
            Self::Ping(payload) => Event::Ping(Bytes::copy_from_slice(payload)),
            Self::Pong(payload) => Event::Pong(Bytes::copy_from_slice(payload)),
            Self::Closed(closed) => Event::Closed(closed.clone()),
        }
    }
}

/// A part of what a session received, borrowed from where it was received: see
/// [`Session::receive_part`](crate::Session::receive_part).
///
/// The payloads of a message's parts, in order, are its payload. No part is empty, unless it is the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartRef<'a> {
    /// The next part of a text message. All texts are UTF-8, up to where they have been delivered; a part may end within a
    /// character.
    Text {
        /// The payload, as far as it goes.
        payload: &'a [u8],
        /// The message ends with this part.
        last: bool,
    },
    /// The next part of a binary message.
    Binary {
        /// The payload, as far as it goes.
        payload: &'a [u8],
        /// The message ends with this part.
        last: bool,
    },
    /// A Ping, whole; it is answered, unless [`Replies::pong`](crate::Replies::pong) is off.
    Ping(&'a [u8]),
    /// A Pong, whole.
    Pong(&'a [u8]),
    /// The last event: nothing is received after it.
    Closed(Closed),
}

impl<'a> PartRef<'a> {
    /// The event that this is all of, if the sending half has to see it: see [`Sender::observe`](crate::Sender::observe).
    #[must_use]
    pub fn wants_reply(&self) -> Option<EventRef<'a>> {
        match self {
            Self::Ping(payload) => Some(EventRef::Ping(payload)),
            Self::Pong(payload) => Some(EventRef::Pong(payload)),
            Self::Closed(closed) => Some(EventRef::Closed(closed.clone())),
            Self::Text { .. } | Self::Binary { .. } => None,
        }
    }
}

/// How receiving ended. RFC 6455, section 7.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The peer sent a Close, to start the closing handshake or to answer ours; `None` where it carried no close code.
    Peer(Option<CloseReason>),
    /// The peer broke a rule; the connection was failed, with a Close that says why unless ours had been sent before.
    Violation(ProtocolError),
    /// The transport ended before a Close arrived.
    Eof,
    /// The closing handshake stood still for longer than [`Limits::close`](crate::Limits::close).
    TimedOut,
    /// Nothing was received for [`Keepalive::idle`](crate::Keepalive::idle); the connection was failed, with a Close of 1001.
    Idle,
    /// A Ping was not answered within [`Keepalive::pong`](crate::Keepalive::pong): the peer is gone, and the transport is dropped.
    Unresponsive,
}

impl Closed {
    /// The WebSocket connection close code (RFC 6455, section 7.1.5): what the peer's Close said, 1005 where it said
    /// nothing, 1006 where there was none. The code that a violation is answered with is
    /// [`ProtocolError::close_code`].
    #[must_use]
    pub fn code(&self) -> CloseCode {
        match self {
            Self::Peer(Some(reason)) => reason.code,
            Self::Peer(None) => CloseCode::NO_STATUS,
            Self::Violation(_) | Self::Eof | Self::TimedOut | Self::Idle | Self::Unresponsive => CloseCode::ABNORMAL,
        }
    }

    /// The peer's close reason (RFC 6455, section 7.1.6), or the empty string.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Peer(Some(reason)) => &reason.text,
            _ => "",
        }
    }
}

impl core::fmt::Display for Closed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Peer(Some(reason)) => write!(f, "closed by the peer with {}: {:?}", reason.code, &*reason.text),
            Self::Peer(None) => f.write_str("closed by the peer without a close code"),
            Self::Violation(error) => write!(f, "failed: {error}"),
            Self::Eof => f.write_str("the transport ended without a closing handshake"),
            Self::TimedOut => f.write_str("the closing handshake was not finished in time"),
            Self::Idle => f.write_str("nothing was received for too long"),
            Self::Unresponsive => f.write_str("the peer did not answer a Ping"),
        }
    }
}

/// A close code and the reason that came with it, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseReason {
    /// The close code.
    pub code: CloseCode,
    /// The reason: at most 123 bytes, often empty.
    pub text: Text,
}

impl From<CloseFrame<'_>> for CloseReason {
    fn from(frame: CloseFrame<'_>) -> Self {
        Self { code: frame.code, text: Text::copy_from_str(frame.reason) }
    }
}
