//! Misuse by the application. What the peer did wrong is a [`ProtocolError`](crate::frame::ProtocolError).

use core::fmt;

/// A message that was not queued, given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError<M> {
    /// The output is at its high-water mark ([`Limits::queued`](crate::Limits::queued)): write, then send again.
    Full(M),
    /// Our Close has been sent, or the connection has ended (RFC 6455, section 5.5.1: no data after a Close).
    Closed(M),
    /// A message is being sent in fragments: only its next fragment, a Ping or a Pong may follow (section 5.4).
    Unfinished(M),
    /// A Ping or a Pong of more than 125 bytes (section 5.5), or one sent as a fragment (section 5.4).
    Control(M),
}

impl<M> SendError<M> {
    /// The message.
    pub fn into_message(self) -> M {
        let (Self::Full(message) | Self::Closed(message) | Self::Unfinished(message) | Self::Control(message)) = self;
        message
    }

    /// The same error about something else.
    pub fn map<N>(self, f: impl FnOnce(M) -> N) -> SendError<N> {
        match self {
            Self::Full(message) => SendError::Full(f(message)),
            Self::Closed(message) => SendError::Closed(f(message)),
            Self::Unfinished(message) => SendError::Unfinished(f(message)),
            Self::Control(message) => SendError::Control(f(message)),
        }
    }
}

impl<M> fmt::Display for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the output is full",
            Self::Closed(_) => "the connection is closing",
            Self::Unfinished(_) => "a message is being sent in fragments",
            Self::Control(_) => "a Ping or Pong has at most 125 bytes and is not fragmented",
        })
    }
}

impl<M: fmt::Debug> core::error::Error for SendError<M> {}
