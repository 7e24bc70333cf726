//! What can go wrong: while opening a connection, and on an open one.

use std::io;

use switchover::{
    Message, Prepared, SendError,
    frame::InvalidClose,
    handshake::{self, HandshakeError, LocalError, Offer, RedirectError, Refusal, Response, UrlError},
};
use thiserror::Error;

/// Why a message was not sent, or none can be received.
///
/// That the peer closes, breaks a rule or vanishes in the middle is no error but the event
/// [`Closed`](switchover::Event::Closed).
#[derive(Debug, Error)]
pub enum Error {
    /// The transport failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The message cannot be sent now; it is given back.
    #[error(transparent)]
    Send(#[from] SendError<Message>),
    /// The close code may not be sent, or the reason is too long.
    #[error(transparent)]
    Close(#[from] InvalidClose),
}

/// Why a server did not open a WebSocket connection.
#[derive(Debug, Error)]
pub enum AcceptError {
    /// The request was refused; this response was sent.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The peer ended the connection before its request was complete, often before it began.
    #[error("the connection ended before the request did")]
    Closed,
    /// The transport failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Why a client did not open a WebSocket connection.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The URL is no WebSocket URL.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The URL, or the one that a redirection leads to, asks for TLS (`wss://`), which adapters do not speak: bring a TLS stream
    /// and use the adapter's function `client` with this offer.
    #[error("wss:// needs TLS, which this adapter does not speak by itself")]
    Secure(Box<Offer>),
    /// The offer cannot be written.
    #[error(transparent)]
    Offer(#[from] LocalError),
    /// The server answered with something else than 101 (Switching Protocols).
    #[error("the server refused with {} {}", .0.status.as_u16(), .0.reason)]
    Refused(Box<Response>),
    /// The proxy did not make the tunnel, often because it wants other credentials (407); with its response.
    #[error("the proxy refused with {} {}", .0.status.as_u16(), .0.reason)]
    Proxy(Box<Response>),
    /// The server redirected, which [`Options::redirects`](switchover::Options::redirects) has followed, and this time leads nowhere;
    /// with its last response.
    #[error("{0}")]
    Redirect(RedirectError, Box<Response>),
    /// The answer breaks a rule.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// There was no answer within [`Options::handshake`](switchover::Options::handshake).
    #[error("no answer to the opening handshake in time")]
    Timeout,
    /// The transport failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// With the message itself.
impl From<SendError<&Prepared>> for Error {
    fn from(error: SendError<&Prepared>) -> Self {
        Self::Send(error.map(|prepared| prepared.message().clone()))
    }
}

/// The caller's own mistake is an error of its transport's kind: nothing was sent.
impl From<handshake::AcceptError> for AcceptError {
    fn from(error: handshake::AcceptError) -> Self {
        match error {
            handshake::AcceptError::Refused(refusal) => Self::Refused(refusal),
            handshake::AcceptError::Local(error) => Self::Io(io::Error::other(error)),
        }
    }
}
