//! Leaving HTTP/1.1 on the connection it was spoken on, client and server, without I/O: bytes in, bytes out. To any
//! protocol that an Upgrade field names (RFC 9110, section 7.8), to WebSocket first of all (RFC 6455, section 4), and to
//! the tunnel of a CONNECT request (RFC 9110, section 9.3.6).
//!
//! # Any protocol
//! The rules of a protocol are one value, a [`Protocol`]. A server allows it, a client offers it:
//!
//! ```
//! use switchover_handshake::header::Step;
//! use switchover_handshake::{
//!     Answer, ClientHandshake, Protocol, Protocols, Request, ServerHandshake, UpgradeChoice, UpgradeOffer,
//! };
//!
//! let telemetry = Protocol::new("telemetry")?.versions(&["2", "1"]);
//!
//! let offer = UpgradeOffer::new("GET", "/feed", "example.com")?.protocol(telemetry)?;
//! let (mut request, mut response) = (Vec::new(), Vec::new());
//! let mut client = ClientHandshake::upgrade(&offer, &mut request)?;
//! assert!(request.ends_with(b"Upgrade: telemetry/2, telemetry/1\r\nConnection: Upgrade\r\n\r\n"));
//!
//! let mut server = ServerHandshake::default().protocols(&Protocols::new([telemetry, Protocol::websocket()])?);
//! let Step::Done { value: Request::Upgrade(proposal), .. } = server.receive(&request)? else { unreachable!() };
//! let switch = proposal.accept(&UpgradeChoice::new().protocol("telemetry/1")?, &mut response)?;
//! assert!(switch.switched().is_some());
//!
//! let Step::Done { value: Answer::Accepted { agreement, .. }, consumed } = client.receive(&response)? else {
//!     unreachable!("the answer is complete and accepts");
//! };
//! assert!(agreement.protocols().eq(["telemetry/1"]) && consumed == response.len());
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! A request may have content, which comes to its end before the protocol changes. A [`Switch`] reads it, and writes the
//! 101 behind it. So does the API of Docker attach to a container:
//!
//! ```
//! use switchover_handshake::header::Step;
//! use switchover_handshake::{Protocol, Protocols, Request, ServerHandshake, Switching, UpgradeChoice};
//!
//! let mut input = b"POST /v1.45/exec/7/start HTTP/1.1\r\n\
//!     Host: docker\r\n\
//!     Upgrade: tcp\r\n\
//!     Connection: Upgrade\r\n\
//!     Content-Type: application/json\r\n\
//!     Content-Length: 12\r\n\
//!     \r\n\
//!     {\"Tty\":true}ls -l\n"
//!     .to_vec();
//! let mut output = Vec::new();
//!
//! let mut handshake = ServerHandshake::default().protocols(&Protocols::new([Protocol::docker()])?);
//! let Step::Done { value: Request::Upgrade(proposal), consumed } = handshake.receive(&input)? else { unreachable!() };
//! let choice = UpgradeChoice::new().field("Content-Type", "application/vnd.docker.raw-stream")?;
//! let mut switch = proposal.accept(&choice, &mut output)?;
//! input.drain(..consumed);
//!
//! let mut content = Vec::new();
//! let switched = loop {
//!     match switch.receive(&input, &mut output)? {
//!         Step::Done { value: Switching::Content(range), consumed } => {
//!             content.extend_from_slice(&input[range]);
//!             input.drain(..consumed);
//!         }
//!         Step::Done { value: Switching::Done(switched), .. } => break switched,
//!         // A transport would be written and read here.
//!         Step::NeedMore { .. } => unreachable!("all of it is there"),
//!     }
//! };
//! assert_eq!(content, b"{\"Tty\":true}");
//! assert!(output.starts_with(b"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n"));
//! // From here on it is the protocol's.
//! assert!(switched.protocols().eq(["tcp"]));
//! assert_eq!(input, b"ls -l\n");
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! A server that does not want to switch [ignores](UpgradeProposal::ignore) the field, and one that can switch may
//! [say so](Protocols::advertisement) in any response; what a response advertises, [`RefusedAnswer::upgrade`] has.
//!
//! # WebSocket
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
//! # Extensions
//! Extensions are negotiated along with it (RFC 6455, section 9.1). The parameters of permessage-deflate (RFC 7692) are
//! [`Deflate`]; any other extension is an implementation of [`Extension`], in the same places:
//!
//! ```
//! use switchover_handshake::header::Step;
//! use switchover_handshake::{Answer, Choice, ClientHandshake, Deflate, Offer, Request, ServerHandshake};
//!
//! // A client that would like the server's windows to be small, and takes them as they are if it has to.
//! let offer = Offer::new("ws://example.com/notifications".parse()?).extension(Deflate::new().peer_window(12)?)?;
//! let mut request = Vec::new();
//! let mut client = ClientHandshake::new(&offer, *b"the sample nonce", &mut request)?;
//! let text = String::from_utf8_lossy(&request);
//! assert!(text.contains(
//!     "\r\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12; client_max_window_bits, \
//!      permessage-deflate; client_max_window_bits\r\n"
//! ));
//!
//! // A server that keeps no context of what it has sent.
//! let choice = Choice::new().extension(Deflate::new().no_own_context_takeover())?;
//! let mut server = ServerHandshake::default();
//! let Step::Done { value: Request::WebSocket(proposal), .. } = server.receive(&request)? else {
//!     unreachable!("the request is complete and proposes WebSocket");
//! };
//! let mut response = Vec::new();
//! let agreement = proposal.accept(&choice, &mut response)?;
//! let text = String::from_utf8_lossy(&response);
//! assert!(text.contains(
//!     "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; server_max_window_bits=12\r\n"
//! ));
//!
//! // What either side does to a message, on both sides the same.
//! let deflate = agreement.deflate().expect("it was offered and not declined");
//! assert_eq!((deflate.server.window_bits, deflate.server.takeover), (12, false));
//! assert_eq!((deflate.client.window_bits, deflate.client.takeover), (15, true));
//! let Step::Done { value: Answer::Accepted { agreement, .. }, .. } = client.receive(&response)? else {
//!     unreachable!("the answer is complete and accepts");
//! };
//! assert_eq!(agreement.deflate(), Some(deflate));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Tunnels
//! A proxy [has tunnels](ServerHandshake::tunnels), or CONNECT is a request like any other to it; a client asks for one
//! with a [`ConnectOffer`]. Neither side can send anything through it before the 2xx.
//!
//! # Over HTTP/2 and HTTP/3
//! The same offer, proposal, choice and agreement go by extended CONNECT (RFC 8441, RFC 9220), in the
//! types of the crate `http` (feature `http`). `:protocol` is a `&str`, from and for the type in which `h2`, `hyper` or `h3`
//! has it:
//!
//! ```
//! # #[cfg(feature = "http")] {
//! use switchover_handshake::{Choice, ConnectProtocolSetting, ExtendedConnect, Offer, SubprotocolPolicy};
//! use switchover_handshake::{inspect_extended, verify_extended};
//!
//! // The client has seen SETTINGS_ENABLE_CONNECT_PROTOCOL = 1.
//! let mut setting = ConnectProtocolSetting::default();
//! setting.update(1)?;
//! let offer = Offer::new("wss://example.com/notifications".parse()?).subprotocol("chat")?;
//! let (request, expectations) = offer.to_extended_request(setting)?;
//! assert_eq!((request.method().as_str(), ExtendedConnect::PROTOCOL), ("CONNECT", "websocket"));
//! assert_eq!(request.uri(), "https://example.com/notifications");
//! assert!(!request.headers().contains_key("host") && !request.headers().contains_key("sec-websocket-key"));
//!
//! let Some(proposal) = inspect_extended(&request, Some("websocket"))? else {
//!     unreachable!("the request has a :protocol");
//! };
//! assert_eq!((proposal.host(), proposal.path()), ("example.com", "/notifications"));
//! let choice = Choice::new().subprotocols(SubprotocolPolicy::exactly("chat")?);
//! let (response, agreement) = proposal.accept_response(&choice)?;
//! assert_eq!((response.status().as_u16(), &response.headers()["sec-websocket-protocol"]), (200, &"chat".parse()?));
//!
//! assert_eq!(verify_extended(&response, &expectations)?, agreement);
//! # }
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Over other parsers
//! Both machines stand on pure functions over a view of a head: [`inspect`], [`inspect_upgrade`] and [`inspect_connect`],
//! [`verify`] and [`Attempt::judge`]. They take the heads of other parsers as well: with the feature `http`, an
//! `http::Request` and an `http::Response`.
//!
//! # Errors, time and randomness
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
mod connect;
mod content;
mod credentials;
mod error;
mod expect;
mod extended;
mod extension;
mod fields;
mod hop;
#[cfg(feature = "http")]
mod http;
mod key;
mod mechanism;
mod origin;
mod proxy;
mod read;
mod redirect;
mod refusal;
mod relay;
mod resolve;
mod response;
mod server;
mod subprotocol;
mod upgrade;
mod url;

pub use switchover_header as header;

pub use self::agreement::Agreement;
pub use self::client::{Answer, Attempt, ClientHandshake, ClientLimits, Expectations, Offer, RefusedAnswer, verify};
pub use self::connect::{ConnectChoice, ConnectExpectations, ConnectOffer, ConnectProposal, inspect_connect};
pub use self::content::Content;
pub use self::credentials::Credentials;
pub use self::error::{HandshakeError, LocalError};
pub use self::extended::{
    ConnectProtocolSetting, ExtendedProposal, ExtendedRequest, SettingError, StreamEnd, inspect_extended,
    inspect_extended_protocol, verify_extended,
};
pub use self::extension::{
    Deflate, DeflateContext, DeflateParameters, Extension, ExtensionFault, ExtensionParameter, ParameterList,
    ReservedBits,
};
pub use self::key::Key;
pub use self::mechanism::{ExtendedConnect, Upgrade};
pub use self::origin::{Origin, OriginPolicy};
pub use self::proxy::Proxy;
pub use self::redirect::{RedirectError, Redirects};
pub use self::refusal::Refusal;
pub use self::relay::{Answered, Exchange, ForwardedRequest, ForwardedResponse, Relay, Tunnel};
pub use self::response::{FinalAnswer, Response};
pub use self::server::{AcceptError, Choice, EarlyData, PlainRequest, Proposal, Request, ServerHandshake, inspect};
pub use self::subprotocol::{MAX_SUBPROTOCOLS, SubprotocolPolicy};
pub use self::upgrade::{
    MAX_PROTOCOLS, Protocol, Protocols, Requirement, Switch, Switched, Switching, UpgradeChoice, UpgradeExpectations,
    UpgradeOffer, UpgradeProposal, inspect_upgrade, is_actionable,
};
pub use self::url::{Url, UrlError};

/// Field lines whose places a handshake remembers without allocating; most heads have fewer.
const INLINE_FIELDS: usize = 32;
