//! What stands between a client and a server and passes on what one says to the other: [`Relay`].

mod bridge;
mod content;
mod exchange;
mod head;
#[cfg(feature = "http")]
mod http;
mod offered;
mod request;

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use switchover_header::{Version, value};

pub use self::exchange::{Answered, Exchange, Tunnel};
pub use self::head::{ForwardedRequest, ForwardedResponse};
use crate::{LocalError, Protocols};

/// An intermediary: a proxy, a gateway, or a bridge between versions of HTTP.
///
/// A request that is passed on becomes a [`ForwardedRequest`], the head for the server, and an [`Exchange`], which knows what
/// was asked and tells what each response means:
///
/// - [`forward`](Self::forward): from HTTP/1.1 to HTTP/1.1
/// - [`to_upgrade`](Self::to_upgrade): from HTTP/2 or HTTP/3 to HTTP/1.1, for WebSocket
/// - `to_extended` (feature `http`): from HTTP/1.1 to HTTP/2 or HTTP/3, for WebSocket
///
/// ```
/// use bytes::BytesMut;
/// use switchover_handshake::header::{FieldTable, RequestScan, ResponseScan, Step};
/// use switchover_handshake::{Answered, Relay};
///
/// let relay = Relay::new("edge")?;
/// let request = b"GET /chat HTTP/1.1\r\n\
///     Host: example.com\r\n\
///     Connection: Upgrade, X-Internal-Auth\r\n\
///     Upgrade: h2c, websocket\r\n\
///     X-Internal-Auth: let me in\r\n\
///     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
///     Sec-WebSocket-Version: 13\r\n\
///     \r\n";
/// let mut fields = FieldTable::<16>::new();
/// let Step::Done { value: head, .. } = RequestScan::new(Default::default()).scan(request, &mut fields)? else {
///     unreachable!("the head is complete");
/// };
/// let (forwarded, mut exchange) = relay.forward(&head)?;
/// let mut to_server = Vec::new();
/// forwarded.encode(&mut to_server)?;
/// assert_eq!(
///     to_server,
///     b"GET /chat HTTP/1.1\r\n\
///       Host: example.com\r\n\
///       Upgrade: websocket\r\n\
///       Connection: Upgrade\r\n\
///       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
///       Sec-WebSocket-Version: 13\r\n\
///       Via: 1.1 edge\r\n\
///       \r\n"
/// );
///
/// // The client does not wait. What it sends is held.
/// let mut from_client = BytesMut::from("early");
/// exchange.receive(&mut from_client, &mut to_server)?;
/// assert!(from_client.is_empty());
///
/// let response = b"HTTP/1.1 101 Switching Protocols\r\n\
///     Upgrade: websocket\r\n\
///     Connection: Upgrade\r\n\
///     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
///     \r\n";
/// let Step::Done { value: head, .. } = ResponseScan::new(Default::default()).scan(response, &mut fields)? else {
///     unreachable!("the head is complete");
/// };
/// match exchange.answer(&head)? {
///     Answered::Switched { response, tunnel } => {
///         let mut to_client = Vec::new();
///         response.encode(&mut to_client)?;
///         assert_eq!(tunnel.early_data(), "early");
///     }
///     Answered::Interim { .. } | Answered::Http(_) => unreachable!("the server switches, and proves it"),
/// }
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// What a proxy does beside, such as Max-Forwards in OPTIONS requests, who may ask for what, and the content of responses,
/// is the caller's.
#[derive(Clone, Debug)]
pub struct Relay {
    /// A token.
    pseudonym: Box<str>,
    protocols: Protocols,
    connect: bool,
    early_data: usize,
}

impl Relay {
    /// A relay that calls itself so in Via, which each message that it passes on gets a line of (RFC 9110, section 7.6.3).
    ///
    /// # Errors
    /// [`LocalError::Pseudonym`] if it is no token.
    pub fn new(pseudonym: &str) -> Result<Self, LocalError> {
        if !value::is_token(pseudonym.as_bytes()) {
            return Err(LocalError::Pseudonym);
        }
        Ok(Self { pseudonym: pseudonym.into(), protocols: Protocols::default(), connect: false, early_data: 65_536 })
    }

    /// The same for these protocols in the place of WebSocket alone: what a request offers beyond them does not go on.
    ///
    /// `h2c` lets a client speak to the server past this relay, whatever rules it has; it is never among them by default.
    #[must_use]
    pub fn protocols(mut self, protocols: &Protocols) -> Self {
        self.protocols = protocols.clone();
        self
    }

    /// The same, and CONNECT goes on, to another proxy. Without this it is refused with 501.
    #[must_use]
    pub fn tunnels(mut self) -> Self {
        self.connect = true;
        self
    }

    /// The same with another limit on what a client sends before it is answered: bytes that an [`Exchange`] holds, 65,536
    /// by default, and refuses to hold beyond that. With 0 it refuses all of them.
    #[must_use]
    pub fn early_data(mut self, limit: usize) -> Self {
        self.early_data = limit;
        self
    }
}

/// The value of Via for a message that was received in this version.
fn via(version: Version, pseudonym: &str) -> Vec<u8> {
    let version = match version {
        Version::Http10 => "1.0",
        Version::Http11 => "1.1",
        Version::Http2 => "2",
        Version::Http3 => "3",
    };
    format!("{version} {pseudonym}").into_bytes()
}
