//! WebSocket by extended CONNECT, over HTTP/2 (RFC 8441) and HTTP/3 (RFC 9220): the same negotiation as in HTTP/1.1, without
//! the proof that both sides speak it, which the mechanism itself is.

#[cfg(feature = "http")]
mod http;
mod protocol;
mod setting;
mod stream;

use switchover_header::names::{HOST, SEC_WEBSOCKET_VERSION};
use switchover_header::value::{self, Authority};
use switchover_header::{FieldsView, RequestView, ResponseView, Status, Version};

pub use self::protocol::{ExtendedProposal, ExtendedRequest, inspect_extended_protocol};
pub use self::setting::{ConnectProtocolSetting, SettingError};
pub use self::stream::StreamEnd;
use crate::client::negotiated;
use crate::content::check_none;
use crate::hop::CONNECTION_SPECIFIC;
use crate::read::single;
use crate::server::{check_negotiation, has_version};
use crate::{Agreement, Expectations, ExtendedConnect, HandshakeError, Proposal, Refusal};

/// The pseudo-header fields (RFC 9113, section 8.3.1; RFC 8441, section 4), as errors name them.
pub(crate) const METHOD: &str = ":method";
pub(crate) const SCHEME: &str = ":scheme";
pub(crate) const PATH: &str = ":path";
pub(crate) const AUTHORITY: &str = ":authority";
pub(crate) const PROTOCOL: &str = ":protocol";

pub(crate) const TE: &str = "TE";

/// The proposal to speak WebSocket that an extended CONNECT request makes; `None` where the request is none, as it has no
/// `:protocol`, or is of HTTP/1.
///
/// `protocol` is the value of `:protocol`, which the implementation of HTTP/2 or HTTP/3 has in a type of its own. It gives
/// out no such request unless the server sends SETTINGS_ENABLE_CONNECT_PROTOCOL with a value of 1.
///
/// # Errors
/// The response to a request that is not as RFC 8441, sections 4 and 5, has it: 501 for another protocol (RFC 9220, section
/// 3), else 400. It has no field that HTTP/2 and HTTP/3 do not have.
pub fn inspect_extended<V: RequestView>(
    view: V,
    protocol: Option<&str>,
) -> Result<Option<Proposal<V, ExtendedConnect>>, Refusal> {
    let Some(protocol) = protocol.filter(|_| view.version() >= Version::Http2) else { return Ok(None) };
    match check(&view, protocol) {
        Ok(()) => Ok(Some(Proposal::new(view, ExtendedConnect(())))),
        Err(error) => Err(Refusal::from(error).for_version(view.version())),
    }
}

/// The agreement that a response makes of an offer by extended CONNECT.
///
/// # Errors
/// How the response differs from what RFC 8441, section 5, has a client expect. With [`HandshakeError::NotConnected`] it is
/// an ordinary response of HTTP; with any other error the stream is ended by [`StreamEnd::Abort`].
pub fn verify_extended(
    view: &impl ResponseView,
    expectations: &Expectations<ExtendedConnect>,
) -> Result<Agreement, HandshakeError> {
    // RFC 9113, section 8.6.
    if view.status() == Status::SWITCHING_PROTOCOLS {
        return Err(HandshakeError::SwitchingProtocols);
    }
    check_fields(view)?;
    if !view.status().is_successful() {
        return Err(HandshakeError::NotConnected);
    }
    // Sec-WebSocket-Accept is not processed. RFC 9110, section 9.3.6: neither is Content-Length.
    negotiated(view, expectations)
}

/// All that an extended CONNECT request for WebSocket has to be. Sec-WebSocket-Key is not processed.
fn check(view: &impl RequestView, protocol: &str) -> Result<(), HandshakeError> {
    check_method(view)?;
    if !protocol.eq_ignore_ascii_case(ExtendedConnect::PROTOCOL) {
        return Err(HandshakeError::Protocol);
    }
    check_head(view)?;
    if !has_version(view)? {
        return Err(HandshakeError::Missing(&[SEC_WEBSOCKET_VERSION]));
    }
    check_negotiation(view)
}

/// RFC 8441, section 4: `:protocol` is for CONNECT.
fn check_method(view: &impl RequestView) -> Result<(), HandshakeError> {
    if view.method() == "CONNECT" { Ok(()) } else { Err(HandshakeError::Mismatch(METHOD)) }
}

/// What every extended CONNECT request is like. Behind its head is the tunnel, so that it has no content.
fn check_head(view: &impl RequestView) -> Result<(), HandshakeError> {
    check_target(view)?;
    check_fields(view)?;
    check_none(view)
}

/// RFC 8441, sections 4 and 5: `:scheme`, `:path` and `:authority` are those of the resource.
fn check_target(view: &impl RequestView) -> Result<(), HandshakeError> {
    // Where the authority is missing, crate `http` has no room for a scheme.
    let authority = view.authority().filter(|authority| !authority.is_empty());
    let authority = authority.ok_or(HandshakeError::Missing(&[AUTHORITY]))?;
    let scheme = view.scheme().ok_or(HandshakeError::Missing(&[SCHEME]))?;
    let default_port = match scheme {
        _ if scheme.eq_ignore_ascii_case("https") => 443,
        _ if scheme.eq_ignore_ascii_case("http") => 80,
        _ => return Err(HandshakeError::Mismatch(SCHEME)),
    };
    match view.path() {
        "" => return Err(HandshakeError::Missing(&[PATH])),
        path if !path.starts_with('/') => return Err(HandshakeError::Malformed(PATH, None)),
        _ => {}
    }
    let authority =
        value::host(authority.as_bytes()).map_err(|error| HandshakeError::Malformed(AUTHORITY, Some(error)))?;
    // RFC 9113, section 8.3.1: a Host field identifies the same entity, or is not there.
    let Some(host) = single(view, HOST)? else { return Ok(()) };
    let host = value::host(host).map_err(|error| HandshakeError::Malformed(HOST, Some(error)))?;
    let port = |authority: &Authority<'_>| authority.port.unwrap_or(default_port);
    let same = host.host.eq_ignore_ascii_case(authority.host) && port(&host) == port(&authority);
    same.then_some(()).ok_or(HandshakeError::Mismatch(HOST))
}

/// RFC 9113, section 8.2.2, and RFC 9114, section 4.2.
pub(crate) fn check_fields(view: &impl FieldsView) -> Result<(), HandshakeError> {
    if let Some(name) = CONNECTION_SPECIFIC.iter().find(|name| view.values(name).next().is_some()) {
        return Err(HandshakeError::ConnectionSpecific(name));
    }
    if view.values(TE).any(|value| !value.eq_ignore_ascii_case(b"trailers")) {
        return Err(HandshakeError::Mismatch(TE));
    }
    Ok(())
}
