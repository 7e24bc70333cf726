//! What can go wrong: while opening a connection, and on an open one.

use std::io;

use switchover::{
    Message, Prepared, SendError,
    frame::InvalidClose,
    handshake::{HandshakeError, LocalError, Offer, RedirectError, Refusal, UrlError},
};
use thiserror::Error;

use crate::Response;

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
    /// The URL, or the one that a redirection leads to, asks for TLS (`wss://`), which is not spoken here: bring a TLS stream
    /// and use [`client`](crate::client) with this offer.
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
    /// The server redirected, which [`Options::redirects`](crate::Options::redirects) has followed, and this time leads nowhere;
    /// with its last response.
    #[error("{0}")]
    Redirect(RedirectError, Box<Response>),
    /// The answer breaks a rule.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// There was no answer within [`Options::handshake`](crate::Options::handshake).
    #[error("no answer to the opening handshake in time")]
    Timeout,
    /// The transport failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The error of a prepared message that was not sent, with the message itself.
pub(crate) fn given_back(error: SendError<&Prepared>) -> SendError<Message> {
    error.map(|prepared| prepared.message().clone())
}
