//! Extended CONNECT for any protocol that a server allows (RFC 8441, section 4; RFC 9298; RFC 9484).

use switchover_header::value::Product;
use switchover_header::{RequestView, Version};

use super::{check, check_head, check_method};
use crate::{ExtendedConnect, HandshakeError, Proposal, Protocol, Protocols, Refusal};

/// What an extended CONNECT request asks for.
#[derive(Debug)]
pub enum ExtendedRequest<'p, V> {
    /// WebSocket, and everything that can be checked is right.
    WebSocket(Proposal<V, ExtendedConnect>),
    /// Another protocol that is allowed.
    Protocol(ExtendedProposal<'p, V>),
}

/// An extended CONNECT request for a protocol other than WebSocket, over the head it came in. It is as the rules of that
/// protocol have it.
///
/// - getters: [`protocol`](Self::protocol), [`host`](Self::host), [`path`](Self::path), [`view`](Self::view)
/// - commands (feature `http`): `accept_response`, `refuse_response`
#[derive(Debug)]
#[must_use = "a client waits for its answer"]
pub struct ExtendedProposal<'p, V> {
    view: V,
    protocol: &'p Protocol,
}

/// As [`inspect_extended`](crate::inspect_extended), for any of these protocols: those that have no version, and that are not
/// for a connection in cleartext alone.
///
/// ```
/// # #[cfg(feature = "http")] {
/// use switchover_handshake::{ConnectChoice, ExtendedRequest, Protocol, Protocols, inspect_extended_protocol};
///
/// let protocols = Protocols::new([Protocol::websocket(), Protocol::connect_udp()])?;
/// let request = http::Request::connect("https://proxy.example/udp/192.0.2.6/443/")
///     .version(http::Version::HTTP_2)
///     .header("capsule-protocol", "?1")
///     .body(())?;
/// match inspect_extended_protocol(&request, Some("connect-udp"), &protocols)? {
///     Some(ExtendedRequest::Protocol(proposal)) => {
///         assert_eq!((proposal.protocol().name(), proposal.path()), ("connect-udp", "/udp/192.0.2.6/443/"));
///         let response = proposal.accept_response(&ConnectChoice::new())?;
///         assert_eq!(response.headers()["capsule-protocol"], "?1");
///     }
///     Some(ExtendedRequest::WebSocket(_)) | None => unreachable!("it is for connect-udp"),
/// }
/// # }
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// # Errors
/// The response to a request that is not as it has to be: 501 for a protocol that is not allowed, else 400.
pub fn inspect_extended_protocol<'p, V: RequestView>(
    view: V,
    protocol: Option<&str>,
    protocols: &'p Protocols,
) -> Result<Option<ExtendedRequest<'p, V>>, Refusal> {
    let Some(protocol) = protocol.filter(|_| view.version() >= Version::Http2) else { return Ok(None) };
    let found = check_method(&view).and_then(|()| {
        let product = Product { name: protocol, version: None };
        let (_, rules) = protocols.find(&product).ok_or(HandshakeError::Protocol)?;
        if rules.is_websocket() { check(&view, protocol) } else { check_rules(&view, rules) }?;
        Ok(rules)
    });
    match found {
        Ok(rules) if rules.is_websocket() => {
            Ok(Some(ExtendedRequest::WebSocket(Proposal::new(view, ExtendedConnect(())))))
        }
        Ok(protocol) => Ok(Some(ExtendedRequest::Protocol(ExtendedProposal { view, protocol }))),
        Err(error) => Err(Refusal::from(error).for_version(view.version())),
    }
}

impl<'p, V: RequestView> ExtendedProposal<'p, V> {
    /// The protocol.
    pub fn protocol(&self) -> &'p Protocol {
        self.protocol
    }

    /// The host and, where it was sent, the port that the client wants to talk to.
    pub fn host(&self) -> &str {
        self.view.authority().unwrap_or_default()
    }

    /// Path and query, which select the service.
    pub fn path(&self) -> &str {
        self.view.path()
    }

    /// The head of the request.
    pub fn view(&self) -> &V {
        &self.view
    }
}

/// The rules of a protocol, as far as they are not those of Upgrade: its method is CONNECT, and its fields are for no
/// connection.
fn check_rules(view: &impl RequestView, protocol: &Protocol) -> Result<(), HandshakeError> {
    if protocol.cleartext || protocol.requirements.iter().any(|requirement| requirement.nominated) {
        return Err(HandshakeError::Protocol);
    }
    check_head(view)?;
    protocol.requirements.iter().try_for_each(|requirement| requirement.check(view))
}
