//! What a client waits for: [`Attempt`].

use switchover_header::{ResponseView, Status};

use super::{Expectations, verify};
use crate::{Agreement, HandshakeError};

/// One request that was sent to leave HTTP, and what the answer to it has to be.
/// [`ClientHandshake`](crate::ClientHandshake) reads the responses, and asks this about each that may be the answer.
///
/// There is one for each kind of offer; a request of the caller's own has one of the caller's own.
pub trait Attempt {
    /// What both sides agreed on.
    type Agreement;

    /// The method of the request, on which the framing of a response depends (RFC 9112, section 6.3).
    fn method(&self) -> &str;

    /// The agreement that a response makes, from the byte behind its head on; `None` where it is an ordinary answer of
    /// HTTP. It is asked about each 101 and each final response, once, when the head is complete. A 101 is no ordinary
    /// answer: `None` for one fails the handshake with [`HandshakeError::ProtocolNotOffered`].
    ///
    /// # Errors
    /// How a response differs from what it has to be. That fails the handshake, and the connection is dropped.
    fn judge(&self, view: &impl ResponseView) -> Result<Option<Self::Agreement>, HandshakeError>;
}

/// WebSocket: a GET request, and [`verify`] (RFC 6455, section 4.1).
impl Attempt for Expectations {
    type Agreement = Agreement;

    fn method(&self) -> &str {
        "GET"
    }

    fn judge(&self, view: &impl ResponseView) -> Result<Option<Agreement>, HandshakeError> {
        match view.status() {
            Status::SWITCHING_PROTOCOLS => verify(view, self).map(Some),
            _ => Ok(None),
        }
    }
}
