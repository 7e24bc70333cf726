//! A request that was passed on, and what its answers mean: [`Exchange`].

use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

use bytes::{Bytes, BytesMut};
#[cfg(feature = "http")]
use switchover_header::names::SEC_WEBSOCKET_ACCEPT;
use switchover_header::names::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE, VIA};
use switchover_header::value::{self, Product};
use switchover_header::{Framing, RequestView, ResponseView, Status, TypedFields, Version};

use super::bridge::OF_ONE_SIDE;
use super::content::ContentRelay;
use super::head::Lines;
use super::offered::WebSocket;
use super::{ForwardedResponse, Relay, via};
use crate::client::{MAX_INTERIM, check_accept, check_switch};
#[cfg(feature = "http")]
use crate::expect;
#[cfg(feature = "http")]
use crate::extended::check_fields;
use crate::hop::Nominated;
use crate::upgrade::{is_same, switched_to};
use crate::{HandshakeError, Protocol, Protocols, Refusal};

/// A request that was passed on and is not answered yet.
///
/// Until then no byte of the client's goes to the server but the content of its request: what comes behind it is held here,
/// up to a limit. Only a [`Tunnel`] gives it out, and only [`answer`](Self::answer) gives a tunnel.
///
/// - handle: [`receive`](Self::receive), for what the client sends
/// - command: [`answer`](Self::answer), for the head of each response of the server's
#[must_use = "a client waits for its answer"]
pub struct Exchange {
    kind: Kind,
    pseudonym: Box<str>,
    /// What may be advertised to the client.
    protocols: Protocols,
    /// GET, HEAD or CONNECT, by which responses are framed.
    method: &'static str,
    /// That of the client's connection.
    version: Version,
    /// The content of the request on its way to the server, as long as it has not come to its end.
    content: Option<Box<ContentRelay>>,
    /// What the client sent behind its request; `early.len() <= limit`.
    early: BytesMut,
    limit: usize,
    /// A client of HTTP/1.1 gets a 100 (Continue) before the 101.
    #[cfg(feature = "http")]
    awaits_continue: bool,
    /// What every call gives once the client was refused.
    refused: Option<Box<Refusal>>,
    /// Interim responses so far.
    interim: usize,
}

/// What was asked of the server, and what makes a tunnel of its answer.
#[derive(Debug)]
pub(super) enum Kind {
    /// Nothing but a response.
    Plain,
    /// CONNECT.
    Connect,
    /// Upgrade, on both sides, to one of these.
    Upgrade { offered: Vec<Box<str>>, websocket: Option<WebSocket> },
    /// A client by extended CONNECT and a server by Upgrade.
    ToUpgrade(WebSocket),
    /// A client by Upgrade and a server by extended CONNECT.
    #[cfg(feature = "http")]
    ToExtended(WebSocket),
}

/// What the head of a response means.
#[derive(Debug)]
pub enum Answered<'r> {
    /// An interim response (1xx): the final one follows.
    Interim {
        /// For the client; `None` where it is of HTTP/1.0 and knows no such thing (RFC 9110, section 15.2).
        response: Option<ForwardedResponse<'r>>,
        /// The same request, further on.
        exchange: Exchange,
    },
    /// The server switched, and this was verified: behind both heads everything belongs to the new protocol.
    Switched {
        /// For the client.
        response: ForwardedResponse<'r>,
        /// What makes a connection of the two.
        tunnel: Tunnel,
    },
    /// Any other final response: nothing was switched, and HTTP says what it means. Its content follows.
    Http(ForwardedResponse<'r>),
}

/// A verified switch: from here on bytes are passed on as they come, in both directions.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "it has what the client sent early"]
pub struct Tunnel {
    early: Bytes,
}

impl Tunnel {
    /// What the client sent before it was answered: the first bytes for the server.
    pub fn early_data(&self) -> &Bytes {
        &self.early
    }
}

impl Exchange {
    pub(super) fn new(relay: &Relay, kind: Kind, request: &impl RequestView, framing: Framing) -> Self {
        let method = match request.method() {
            "HEAD" => "HEAD",
            "CONNECT" if matches!(kind, Kind::Connect) => "CONNECT",
            // Of all others responses are framed alike.
            _ => "GET",
        };
        Self {
            kind,
            pseudonym: relay.pseudonym.clone(),
            protocols: relay.protocols.clone(),
            method,
            version: request.version(),
            content: ContentRelay::new(framing),
            early: BytesMut::new(),
            limit: relay.early_data,
            interim: 0,
            #[cfg(feature = "http")]
            awaits_continue: expect::awaits_continue(request),
            refused: None,
        }
    }

    /// Takes what the client sends before it is answered off the front of `input`: content of the request goes to `out`, for
    /// the server, and what comes behind it is held. Where no switch was asked for, that is another request, which stays in
    /// `input`.
    ///
    /// # Errors
    /// The response to a client whose content is not as its framing says, or that sends more than is held. Both connections
    /// are ended; every later call, of [`answer`](Self::answer) too, gives it again.
    pub fn receive(&mut self, input: &mut BytesMut, out: &mut Vec<u8>) -> Result<(), Refusal> {
        if let Some(refusal) = &self.refused {
            return Err(Refusal::clone(refusal));
        }
        if let Some(content) = &mut self.content {
            match content.pass(input, out) {
                Ok(true) => self.content = None,
                Ok(false) => return Ok(()),
                Err(error) => return Err(self.refuse(error.into())),
            }
        }
        if matches!(self.kind, Kind::Plain) {
            return Ok(());
        }
        if input.len() > self.limit.saturating_sub(self.early.len()) {
            return Err(self.refuse(HandshakeError::EarlyData.into()));
        }
        self.early.unsplit(input.split());
        Ok(())
    }

    /// What the head of a response means, and how it goes on to the client.
    ///
    /// # Errors
    /// 502 (Bad Gateway), the response to send to the client where the server answers as it must not: with a 101 that nobody
    /// asked for, say, or one that does not prove what it says; and where it answers 407 (Proxy Authentication Required),
    /// which is for this relay: its credentials are [a field](crate::ForwardedRequest::field) of the next attempt. The
    /// server's connection, or stream, is ended.
    pub fn answer<R: ResponseView>(mut self, view: &R) -> Result<Answered<'_>, Refusal> {
        if let Some(refusal) = self.refused {
            return Err(*refusal);
        }
        let judged = self.judge(view).and_then(|verdict| Ok((verdict, self.response(view, verdict)?)));
        match judged {
            Ok((Verdict::Interim, response)) => {
                self.interim += 1;
                // RFC 9110, section 15.2.
                let response = (self.version != Version::Http10).then_some(response);
                Ok(Answered::Interim { response, exchange: self })
            }
            Ok((Verdict::Switched, response)) => {
                Ok(Answered::Switched { response, tunnel: Tunnel { early: self.early.freeze() } })
            }
            Ok((Verdict::Http, response)) => Ok(Answered::Http(response)),
            Err(error) => Err(self.refusal(Refusal::of_gateway(error))),
        }
    }

    /// What the response is: all that makes a tunnel of it stands here.
    fn judge(&self, view: &impl ResponseView) -> Result<Verdict, HandshakeError> {
        #[cfg(feature = "http")]
        if let Kind::ToExtended(_) = self.kind {
            check_fields(view)?;
            // RFC 9113, section 8.6.
            if view.status() == Status::SWITCHING_PROTOCOLS {
                return Err(HandshakeError::SwitchingProtocols);
            }
        }
        match (&self.kind, view.status()) {
            (_, Status::SWITCHING_PROTOCOLS) => self.judge_switch(view).map(|()| Verdict::Switched),
            (_, status) if status.is_informational() => {
                if self.interim == MAX_INTERIM {
                    Err(HandshakeError::TooManyInterim)
                } else {
                    Ok(Verdict::Interim)
                }
            }
            // RFC 9110, section 11.7.1: the challenge is for this relay, and a client could do nothing without it.
            (_, Status::PROXY_AUTHENTICATION_REQUIRED) => Err(HandshakeError::ProxyAuthentication),
            (Kind::Connect, status) if status.is_successful() => Ok(Verdict::Switched),
            #[cfg(feature = "http")]
            (Kind::ToExtended(websocket), status) if status.is_successful() => {
                websocket.check_answer(view).map(|()| Verdict::Switched)
            }
            // To the client, a 2xx would be the tunnel.
            (Kind::ToUpgrade(_), status) if status.is_successful() => Err(HandshakeError::NotSwitched),
            _ => Ok(Verdict::Http),
        }
    }

    /// A 101 (RFC 9110, sections 7.8 and 15.2.2; RFC 6455, section 4.1).
    fn judge_switch(&self, view: &impl ResponseView) -> Result<(), HandshakeError> {
        let websocket = match &self.kind {
            Kind::Upgrade { offered, websocket } => {
                let layers = switched_to(view, |product| {
                    let is_offered = offered.iter().any(|offered| names(offered, product));
                    self.protocols.find(product).filter(|_| is_offered).map(|(_, protocol)| protocol)
                })?;
                let is_named = layers.iter().any(|layer| layer.protocol.is_some_and(Protocol::is_websocket));
                let websocket = websocket.as_ref().filter(|_| is_named);
                if let Some(websocket) = websocket {
                    check_accept(view, &websocket.key.accept())?;
                }
                websocket
            }
            Kind::ToUpgrade(websocket) => {
                check_switch(view, websocket.key)?;
                Some(websocket)
            }
            _ => return Err(HandshakeError::ProtocolNotOffered),
        };
        if let Some(websocket) = websocket {
            websocket.check_answer(view)?;
        }
        if self.content.is_none() { Ok(()) } else { Err(HandshakeError::SwitchedEarly) }
    }

    /// The response as it goes on to the client.
    fn response<'r>(
        &self,
        view: &'r impl ResponseView,
        verdict: Verdict,
    ) -> Result<ForwardedResponse<'r>, HandshakeError> {
        let nominated = Nominated::of(view)?;
        let mut response = ForwardedResponse {
            status: view.status(),
            version: self.version,
            lines: Lines::default(),
            framing: Framing::None,
            closes: false,
            server_closes: false,
            after_continue: false,
        };
        let lines = &mut response.lines;
        let left_out: &[&str] = match &self.kind {
            Kind::Plain | Kind::Connect | Kind::Upgrade { .. } => &[],
            Kind::ToUpgrade(_) => OF_ONE_SIDE,
            #[cfg(feature = "http")]
            Kind::ToExtended(_) => OF_ONE_SIDE,
        };
        match (verdict, &self.kind) {
            (Verdict::Switched, Kind::Upgrade { .. }) => {
                lines.push(UPGRADE, join(view.values(UPGRADE))).push(CONNECTION, &b"Upgrade"[..]);
            }
            (Verdict::Switched, Kind::ToUpgrade(_)) => response.status = Status::OK,
            #[cfg(feature = "http")]
            (Verdict::Switched, Kind::ToExtended(websocket)) => {
                response.status = Status::SWITCHING_PROTOCOLS;
                response.after_continue = self.awaits_continue;
                lines
                    .push(UPGRADE, &b"websocket"[..])
                    .push(CONNECTION, &b"Upgrade"[..])
                    .push(SEC_WEBSOCKET_ACCEPT, websocket.key.accept().to_vec());
            }
            _ => {}
        }
        lines.extend(view, &nominated, left_out).push(VIA, via(view.version(), &self.pseudonym));
        if let Verdict::Http = verdict {
            self.frame(view, &mut response)?;
        }
        Ok(response)
    }

    /// How the content of a final response goes on (RFC 9112, section 6.3), and whether the connection does.
    fn frame(&self, view: &impl ResponseView, response: &mut ForwardedResponse<'_>) -> Result<(), HandshakeError> {
        let on_stream = self.version >= Version::Http2;
        let framing = view.framing(self.method).map_err(HandshakeError::Framing)?;
        // Codings beside chunked are of the server's connection, and are not decoded here.
        if framing == Framing::UntilClose && view.values(TRANSFER_ENCODING).next().is_some() {
            return Err(HandshakeError::Mismatch(TRANSFER_ENCODING));
        }
        response.framing = match framing {
            Framing::Chunked | Framing::UntilClose if self.version == Version::Http11 => Framing::Chunked,
            Framing::Chunked => Framing::UntilClose,
            framing => framing,
        };
        let length = match response.framing {
            Framing::Length(length) => Some(length),
            // RFC 9110, section 8.6: the length that the content of another response has.
            Framing::None if self.method == "HEAD" || response.status == Status::NOT_MODIFIED => {
                view.content_length().unwrap_or_default()
            }
            _ => None,
        };
        if let Some(length) = length {
            response.lines.push(CONTENT_LENGTH, format!("{length}").into_bytes());
        }
        // The next request on the server's connection begins where the content of this one ends.
        response.server_closes = self.content.is_some()
            || view.version() == Version::Http10
            || view.has_connection_option("close")
            || framing == Framing::UntilClose;
        if on_stream {
            // It says by Upgrade what is required, and there is none there.
            if response.status == Status::UPGRADE_REQUIRED {
                response.status = Status::BAD_REQUEST;
            }
            return Ok(());
        }
        if response.framing == Framing::Chunked {
            response.lines.push(TRANSFER_ENCODING, &b"chunked"[..]);
        }
        // RFC 9110, section 15.5.22: it has an Upgrade field, which is made anew as any of a connection is.
        let advertises = response.status == Status::UPGRADE_REQUIRED;
        if advertises {
            response.lines.push(UPGRADE, self.advertised(view)?);
        }
        // What was held is no request, and what is left of a request's content is none. RFC 9931, section 4: a server that
        // rejects CONNECT closes.
        response.closes = self.version == Version::Http10
            || matches!(self.kind, Kind::Connect)
            || !self.early.is_empty()
            || self.content.is_some();
        let connection: Option<&[u8]> = match (advertises, response.closes) {
            (true, true) => Some(b"Upgrade, close"),
            (true, false) => Some(b"Upgrade"),
            (false, true) => Some(b"close"),
            (false, false) => None,
        };
        if let Some(connection) = connection {
            response.lines.push(CONNECTION, connection);
        }
        Ok(())
    }

    /// The protocols that a 426 requires: of those that a server of HTTP/1.1 names, the ones allowed here.
    fn advertised(&self, view: &impl ResponseView) -> Result<Vec<u8>, HandshakeError> {
        #[cfg(feature = "http")]
        if let Kind::ToExtended(_) = self.kind {
            return Ok(b"websocket".to_vec());
        }
        let products = view.upgrade().filter_map(Result::ok).filter(|product| self.protocols.find(product).is_some());
        let names: Vec<_> = products.map(|product| product.to_string()).collect();
        if names.is_empty() { Err(HandshakeError::Missing(&[UPGRADE])) } else { Ok(names.join(", ").into_bytes()) }
    }

    /// The response to a client, which ends the exchange.
    fn refuse(&mut self, refusal: Refusal) -> Refusal {
        let refusal = self.refusal(refusal);
        self.refused = Some(Box::new(refusal.clone()));
        refusal
    }

    /// A response to the client.
    fn refusal(&self, refusal: Refusal) -> Refusal {
        refusal.for_version(self.version).for_method(self.method)
    }
}

/// Of what the client sent early, the length alone.
impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("kind", &self.kind)
            .field("method", &self.method)
            .field("version", &self.version)
            .field("content", &self.content)
            .field("early", &format_args!("{} bytes", self.early.len()))
            .field("refused", &self.refused)
            .field("interim", &self.interim)
            .finish_non_exhaustive()
    }
}

/// The same.
impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tunnel").field("early", &format_args!("{} bytes", self.early.len())).finish()
    }
}

/// What an answer is, before it is put into words for the client.
#[derive(Clone, Copy)]
enum Verdict {
    Interim,
    Switched,
    Http,
}

/// Whether an element of Upgrade is this one.
fn names(text: &str, product: &Product<'_>) -> bool {
    value::product(text.as_bytes()).is_ok_and(|own| is_same(&own, product))
}

/// The lines of a list as one.
fn join<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let elements: Vec<&[u8]> = value::list(lines).filter_map(Result::ok).collect();
    elements.join(&b", "[..])
}
