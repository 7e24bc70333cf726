//! The WebSocket opening handshake (RFC 6455, section 4), client and server, without I/O: bytes in, bytes out.
//!
//! A client asks to leave HTTP with `Upgrade: websocket` and `Connection: Upgrade`. Without the fields of WebSocket the
//! answer is a complete refusal that names what is missing; with them it is `101 Switching Protocols`:
//!
//! ```
//! use switchover_handshake::header::Step;
//! use switchover_handshake::{Choice, Request, ServerHandshake};
//!
//! let bare = b"GET /notifications HTTP/1.1\r\n\
//!     Host: example.com\r\n\
//!     Upgrade: websocket\r\n\
//!     Connection: Upgrade\r\n\
//!     \r\n";
//! let refusal = ServerHandshake::default().receive(bare).unwrap_err();
//! assert_eq!(
//!     refusal.to_bytes(),
//!     "HTTP/1.1 400 Bad Request\r\n\
//!      Sec-WebSocket-Version: 13\r\n\
//!      Content-Type: text/plain; charset=utf-8\r\n\
//!      Connection: close\r\n\
//!      Content-Length: 82\r\n\
//!      \r\n\
//!      Sec-WebSocket-Key and Sec-WebSocket-Version are missing (RFC 6455, section 4.2.1)\n"
//! );
//!
//! // One buffer, the caller's, from the first byte of the request on. Here the first frame is behind it already.
//! let input = b"GET /notifications HTTP/1.1\r\n\
//!     Host: example.com\r\n\
//!     Upgrade: websocket\r\n\
//!     Connection: Upgrade\r\n\
//!     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
//!     Sec-WebSocket-Version: 13\r\n\
//!     \r\n\
//!     \x81\x85\x01\x02\x03\x04iglhn";
//! let mut handshake = ServerHandshake::default();
//! let Step::Done { value: Request::WebSocket(proposal), consumed } = handshake.receive(input)? else {
//!     unreachable!("the request is complete and proposes WebSocket");
//! };
//! assert_eq!((proposal.host(), proposal.path()), ("example.com", "/notifications"));
//!
//! let mut output = Vec::new();
//! let agreement = proposal.accept(&Choice::new(), &mut output)?;
//! assert_eq!(
//!     output,
//!     b"HTTP/1.1 101 Switching Protocols\r\n\
//!       Upgrade: websocket\r\n\
//!       Connection: Upgrade\r\n\
//!       Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
//!       \r\n"
//! );
//! assert_eq!(agreement.subprotocol(), None);
//! assert_eq!(&input[consumed..], b"\x81\x85\x01\x02\x03\x04iglhn");
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! The client's half, with data of the server's glued to the answer:
//!
//! ```
//! use switchover_handshake::header::Step;
//! use switchover_handshake::{Answer, ClientHandshake, Offer};
//!
//! let offer = Offer::new("ws://example.com/notifications".parse()?);
//! let nonce = *b"the sample nonce"; // 16 bytes from the random generator of the system
//! let mut output = Vec::new();
//! let mut handshake = ClientHandshake::new(&offer, nonce, &mut output)?;
//! assert!(output.starts_with(b"GET /notifications HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n"));
//!
//! let input = b"HTTP/1.1 101 Switching Protocols\r\n\
//!     Upgrade: websocket\r\n\
//!     Connection: Upgrade\r\n\
//!     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
//!     \r\n\
//!     \x81\x05hello";
//! let Step::Done { value: Answer::Accepted { agreement, head }, consumed } = handshake.receive(input)? else {
//!     unreachable!("the answer is complete and accepts");
//! };
//! assert_eq!(&input[consumed..], b"\x81\x05hello");
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! Both machines stand on pure functions over a view of a head, [`inspect`] and [`verify`], which take the heads of
//! other parsers as well: with the feature `http`, an `http::Request` and an `http::Response`.
//!
//! The peer's fault is a [`HandshakeError`], and on a server a [`Refusal`], the response to send; the caller's is a
//! [`LocalError`]. Time and randomness are the caller's: a deadline that passes is answered with
//! [`Refusal::timeout`], and a client brings 16 random bytes.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod agreement;
mod client;
mod error;
mod fields;
#[cfg(feature = "http")]
mod http;
mod key;
mod origin;
mod read;
mod refusal;
mod server;
mod subprotocol;
mod url;

pub use switchover_header as header;

pub use self::agreement::Agreement;
pub use self::client::{Answer, ClientHandshake, ClientLimits, Expectations, Offer, RefusedAnswer, verify};
pub use self::error::{HandshakeError, LocalError};
pub use self::key::Key;
pub use self::origin::{Origin, OriginPolicy};
pub use self::refusal::Refusal;
pub use self::server::{AcceptError, Choice, EarlyData, PlainRequest, Proposal, Request, ServerHandshake, inspect};
pub use self::subprotocol::{MAX_SUBPROTOCOLS, SubprotocolPolicy};
pub use self::url::{Url, UrlError};

/// Field lines whose places a handshake remembers without allocating; most heads have fewer.
const INLINE_FIELDS: usize = 32;
