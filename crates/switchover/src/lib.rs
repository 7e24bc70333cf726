//! HTTP/1.1 Upgrade and WebSocket without I/O: bytes in, events out, bytes out.
//!
//! A connection starts as HTTP/1.1 and, after `101 Switching Protocols`, speaks something else. This crate reads the
//! request, negotiates, writes the answer and then speaks WebSocket (RFC 6455), for servers and clients, over whatever
//! carries the bytes: it opens no socket, starts no task, reads no clock and draws no random number. Adapters for
//! runtimes are crates of their own (`switchover-tokio`, `switchover-blocking`); `docs/driving.md` in the repository shows
//! how to write one.
//!
//! # The exchange everyone learns from
//!
//! A client asks example.com for `GET /notifications`, with `Upgrade: websocket` and `Connection: Upgrade`. Without the
//! Sec-WebSocket fields the answer is a 400 that names what is missing:
//!
//! ```
//! use bytes::BytesMut;
//! use switchover::handshake::{Choice, ServerHandshake};
//! use switchover::header::Status;
//!
//! let mut received = BytesMut::from(
//!     "GET /notifications HTTP/1.1\r\n\
//!      Host: example.com\r\n\
//!      Upgrade: websocket\r\n\
//!      Connection: Upgrade\r\n\r\n",
//! );
//! let mut to_send = Vec::new();
//! let mut handshake = ServerHandshake::default();
//! let refusal = handshake.answer(&mut received, &Choice::default(), &mut to_send).unwrap().unwrap_err();
//!
//! assert_eq!(refusal.status(), Status::BAD_REQUEST);
//! let response = String::from_utf8(to_send)?;
//! assert!(response.starts_with("HTTP/1.1 400 Bad Request\r\n"));
//! assert!(response.contains("Sec-WebSocket-Key and Sec-WebSocket-Version are missing"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With them it is the 101, and the same two buffers go on with frames. Whatever is glued to the request or to the 101
//! is not lost. (RFC 6455, section 4.1, has a client wait for the answer before it sends more; the client here does not,
//! like some in the wild.)
//!
//! ```
//! use bytes::{Buf, BytesMut};
//! use switchover::handshake::{Answer, Choice, ClientHandshake, Offer, ServerHandshake};
//! use switchover::header::Step;
//! use switchover::{Event, Limits, Session};
//!
//! // The client: a request, and a first message right behind it.
//! let mut to_server = Vec::new();
//! let offer = Offer::new("ws://example.com/notifications".parse()?);
//! let nonce = *b"sixteen octets!!"; // from your random generator
//! let mut opening = ClientHandshake::new(&offer, nonce, &mut to_server)?;
//! assert!(to_server.starts_with(b"GET /notifications HTTP/1.1\r\nHost: example.com\r\n"));
//! let mut client = Session::client(&Limits::default(), || [1, 2, 3, 4]); // from your random generator too
//! client.send("Hello")?;
//! to_server.extend_from_slice(client.output().chunk());
//!
//! // The server: 101, and a message of its own right behind it.
//! let mut received = BytesMut::from(&to_server[..]);
//! let mut to_client = Vec::new();
//! let mut handshake = ServerHandshake::default();
//! handshake.answer(&mut received, &Choice::default(), &mut to_client).unwrap()?;
//! assert!(to_client.starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
//! let mut server = Session::accepted(&to_client, &Limits::default());
//! assert_eq!(server.poll_event(&mut received), Some(Event::Text("Hello".into())));
//! server.send("Hello yourself")?;
//!
//! // The client again.
//! let mut received = BytesMut::from(server.output().chunk());
//! let Step::Done { value: Answer::Accepted { .. }, consumed } = opening.receive(&received)? else { panic!("a 101") };
//! received.advance(consumed);
//! assert_eq!(client.poll_event(&mut received), Some(Event::Text("Hello yourself".into())));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is here
//!
//! - [`header`]: heads and field values
//! - [`handshake`]: the opening handshake, over bytes or over any [view](header::RequestView) of a head
//! - [`frame`]: the frame codec, for those who need no more
//! - [`Session`]: messages, the answers that the protocol owes, and the closing; its halves are [`Receiver`] and [`Sender`]
//! - [`Prepared`]: a message for many sessions, encoded and compressed once
//! - [`Session::hibernate`] and [`Session::resume`]: a session as a few bytes, which goes on in another process
//! - [`Transport`]: what to do with the transport, so that nothing is cut off at the end
//! - [`Limits`]: the one budget of a session; [`Keepalive`]: Pings, and deadlines for silence; [`Options`]: all that adapters
//!   can set
//! - `deflate`: compressed messages (permessage-deflate, RFC 7692), with the feature of this name
//!
//! # Features
//!
//! - `std` (default): vectored output with `std::io::IoSlice`
//! - `http`: views of and conversions to the types of the crate `http`; brings `std`
//! - `deflate`: compressed messages, with the crate `zlib-rs`; brings `std`, whose allocator that crate uses
#![no_std]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod closing;
#[cfg(feature = "deflate")]
pub mod deflate;
#[cfg(not(feature = "deflate"))]
#[path = "without_deflate.rs"]
mod deflate;
mod error;
mod hibernate;
mod keepalive;
mod limits;
mod message;
mod options;
mod output;
mod part;
mod prepared;
mod receiver;
mod sender;
mod session;
mod side;
mod transform;

pub use closing::Transport;
pub use error::SendError;
pub use hibernate::{HibernateError, ResumeError};
pub use keepalive::Keepalive;
pub use limits::{Limits, Replies};
pub use message::{CloseReason, Closed, Event, EventRef, Message, PartRef};
pub use options::Options;
pub use output::Output;
pub use part::{Part, Received};
pub use prepared::Prepared;
pub use receiver::Receiver;
pub use sender::Sender;
pub use session::{Lent, Session};
pub use side::{Client, MaskSource, Server, Side};
pub use switchover_frame as frame;
pub use switchover_frame::Text;
pub use switchover_handshake as handshake;
pub use switchover_header as header;
pub use transform::{Transform, TransformError};

/// The loop of the integrator's guide, compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/driving.md")]
struct Driving;
