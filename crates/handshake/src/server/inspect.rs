//! Reading the client's opening handshake (RFC 6455, section 4.2.1), from whichever head it comes.

use switchover_header::names::{
    HOST, ORIGIN, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use switchover_header::{Framing, RequestView, TypedFields, value};

use super::Proposal;
use crate::read::single;
use crate::subprotocol::MAX_SUBPROTOCOLS;
use crate::upgrade::counts;
use crate::{HandshakeError, Key, Origin, Refusal, Upgrade, expect};

/// The proposal to speak WebSocket that a request makes; `None` where it does not ask for WebSocket.
///
/// # Errors
/// The response to a request that asks for WebSocket and is not as RFC 6455, section 4.2.1, has it.
pub fn inspect<V: RequestView>(view: V) -> Result<Option<Proposal<V>>, Refusal> {
    if !asks_for_websocket(&view) {
        return Ok(None);
    }
    match check_websocket(&view) {
        Ok(key) => Ok(Some(Proposal::new(view, Upgrade { key }))),
        Err(error) => Err(Refusal::from(error).for_method(view.method())),
    }
}

/// What else stands in the two lists may be malformed: a server looks for what it knows (section 7.6.1).
fn asks_for_websocket(view: &impl RequestView) -> bool {
    counts(view) && value::contains_token(view.values(UPGRADE), "websocket")
}

/// All that a request which asks for WebSocket has to be.
pub(crate) fn check_websocket(view: &impl RequestView) -> Result<Key, HandshakeError> {
    if view.method() != "GET" {
        return Err(HandshakeError::Method(&["GET"]));
    }
    let speaks = |scheme: &str| ["http", "https", "ws", "wss"].iter().any(|known| known.eq_ignore_ascii_case(scheme));
    if !view.scheme().is_none_or(speaks) {
        return Err(HandshakeError::Scheme);
    }
    match view.framing() {
        Ok(Framing::None | Framing::Length(0)) => {}
        Ok(_) => return Err(HandshakeError::Content),
        Err(error) => return Err(HandshakeError::Framing(error)),
    }
    check_host(view)?;
    expect::check(view)?;
    let key = check_version_and_key(view)?;
    check_negotiation(view)?;
    Ok(key)
}

/// RFC 9112, section 3.2: an empty Host is for targets without an authority, and a resource of WebSocket has one.
fn check_host(view: &impl RequestView) -> Result<(), HandshakeError> {
    let host = single(view, HOST)?.ok_or(HandshakeError::Missing(&[HOST]))?;
    match value::host(host) {
        Ok(authority) if authority.host.is_empty() => Err(HandshakeError::Malformed(HOST, None)),
        Ok(_) => Ok(()),
        Err(error) => Err(HandshakeError::Malformed(HOST, Some(error))),
    }
}

/// The version comes first: what else a handshake of another version has is not known here.
fn check_version_and_key(view: &impl RequestView) -> Result<Key, HandshakeError> {
    let has_version = has_version(view)?;
    let key = single(view, SEC_WEBSOCKET_KEY)?;
    match (key, has_version) {
        (None, false) => Err(HandshakeError::Missing(&[SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION])),
        (None, true) => Err(HandshakeError::Missing(&[SEC_WEBSOCKET_KEY])),
        (Some(_), false) => Err(HandshakeError::Missing(&[SEC_WEBSOCKET_VERSION])),
        (Some(key), true) => Key::parse(key).ok_or(HandshakeError::Malformed(SEC_WEBSOCKET_KEY, None)),
    }
}

/// Whether there is a version; it is 13 then.
pub(crate) fn has_version(view: &impl RequestView) -> Result<bool, HandshakeError> {
    match single(view, SEC_WEBSOCKET_VERSION)? {
        None => Ok(false),
        Some(b"13") => Ok(true),
        Some(other) if value::websocket_version(other).is_ok() => Err(HandshakeError::Version),
        Some(_) => Err(HandshakeError::Malformed(SEC_WEBSOCKET_VERSION, None)),
    }
}

/// What a handshake has whatever its mechanism, and may leave out.
pub(crate) fn check_negotiation(view: &impl RequestView) -> Result<(), HandshakeError> {
    check_origin(view)?;
    check_subprotocols(view)?;
    check_extensions(view)
}

fn check_origin(view: &impl RequestView) -> Result<(), HandshakeError> {
    match single(view, ORIGIN)?.map(Origin::parse) {
        Some(None) => Err(HandshakeError::Malformed(ORIGIN, None)),
        Some(Some(_)) | None => Ok(()),
    }
}

/// RFC 6455, section 4.1: `1#token`, all unique.
fn check_subprotocols(view: &impl RequestView) -> Result<(), HandshakeError> {
    let mut seen = [""; MAX_SUBPROTOCOLS];
    for (count, token) in view.sec_websocket_protocol_client().enumerate() {
        let token = token.map_err(|error| HandshakeError::Malformed(SEC_WEBSOCKET_PROTOCOL, Some(error)))?;
        if seen.iter().take(count).any(|earlier| *earlier == token) {
            return Err(HandshakeError::RepeatedSubprotocol);
        }
        *seen.get_mut(count).ok_or(HandshakeError::TooManySubprotocols)? = token;
    }
    Ok(())
}

/// RFC 6455, section 9.1: `1#extension`.
fn check_extensions(view: &impl RequestView) -> Result<(), HandshakeError> {
    view.sec_websocket_extensions_client()
        .try_for_each(|extension| extension.map(drop))
        .map_err(|error| HandshakeError::Malformed(SEC_WEBSOCKET_EXTENSIONS, Some(error)))
}
