//! Validating the server's answer (RFC 6455, section 4.1), from whichever head it comes.

use alloc::string::String;
use alloc::vec::Vec;

use switchover_header::names::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use switchover_header::{ResponseView, Status, TypedFields, Version, value};

use crate::extension::{Agreed, Extensions};
use crate::read::single;
use crate::{Agreement, HandshakeError, Key, Upgrade};

/// What the answer to one attempt has to be; see [`Offer::expectations`](crate::Offer::expectations).
///
/// `M` is the mechanism of the attempt, as it is that of a [`Proposal`](crate::Proposal).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectations<M = Upgrade> {
    pub(super) mechanism: M,
    pub(super) subprotocols: Vec<String>,
    pub(super) subprotocol_required: bool,
    pub(super) extensions: Extensions,
}

/// The agreement that a response makes of an offer.
///
/// # Errors
/// How the response differs from what RFC 6455, section 4.1, has a client expect. With
/// [`HandshakeError::NotSwitched`] it is an ordinary response of HTTP; any other error fails the connection.
pub fn verify(view: &impl ResponseView, expectations: &Expectations) -> Result<Agreement, HandshakeError> {
    // 1. If the status code received from the server is not 101, the client handles the response per HTTP procedures.
    if view.status() != Status::SWITCHING_PROTOCOLS {
        return Err(HandshakeError::NotSwitched);
    }
    check_switch(view, expectations.mechanism.key)?;
    negotiated(view, expectations)
}

/// The agreement of an answer by any mechanism.
pub(crate) fn negotiated<M>(
    view: &impl ResponseView,
    expectations: &Expectations<M>,
) -> Result<Agreement, HandshakeError> {
    let extensions = check_extensions(view, expectations)?;
    Ok(Agreement::new(check_subprotocol(view, expectations)?, extensions))
}

/// What a 101 has to have before its negotiation counts.
pub(crate) fn check_switch(view: &impl ResponseView, key: Key) -> Result<(), HandshakeError> {
    if view.version() != Version::Http11 {
        return Err(HandshakeError::ResponseVersion);
    }
    check_upgrade(view)?;
    check_connection(view)?;
    check_accept(view, &key.accept())
}

/// 2. The value of Upgrade is websocket. It may name no other protocol, as no other was offered (RFC 9110, section 7.8).
fn check_upgrade(view: &impl ResponseView) -> Result<(), HandshakeError> {
    let mut protocols = value::list(view.values(UPGRADE)).peekable();
    if protocols.peek().is_none() {
        return Err(without_protocol(view));
    }
    for protocol in protocols {
        let protocol = protocol.map_err(|error| HandshakeError::Malformed(UPGRADE, Some(error)))?;
        if !protocol.eq_ignore_ascii_case(b"websocket") {
            return Err(HandshakeError::Mismatch(UPGRADE));
        }
    }
    Ok(())
}

/// What is wrong with a 101 whose Upgrade field names nothing.
pub(crate) fn without_protocol(view: &impl ResponseView) -> HandshakeError {
    match view.values(UPGRADE).next() {
        None => HandshakeError::Missing(&[UPGRADE]),
        Some(_) => HandshakeError::Malformed(UPGRADE, None),
    }
}

/// 3. Connection has the token upgrade, on any of its lines.
pub(crate) fn check_connection(view: &impl ResponseView) -> Result<(), HandshakeError> {
    match view.values(CONNECTION).next() {
        None => Err(HandshakeError::Missing(&[CONNECTION])),
        Some(_) if view.has_connection_option("upgrade") => Ok(()),
        Some(_) => Err(HandshakeError::Mismatch(CONNECTION)),
    }
}

/// 4. Sec-WebSocket-Accept is there once. It is compared and never decoded: any other value is as wrong as the next.
pub(crate) fn check_accept(view: &impl ResponseView, expected: &[u8; Key::ACCEPT_LEN]) -> Result<(), HandshakeError> {
    match single(view, SEC_WEBSOCKET_ACCEPT)? {
        None => Err(HandshakeError::Missing(&[SEC_WEBSOCKET_ACCEPT])),
        Some(accept) if accept == expected => Ok(()),
        Some(_) => Err(HandshakeError::Mismatch(SEC_WEBSOCKET_ACCEPT)),
    }
}

/// 5. An extension in use was offered, and its parameters are such as its offer lets the server choose.
fn check_extensions<M>(view: &impl ResponseView, expectations: &Expectations<M>) -> Result<Agreed, HandshakeError> {
    let answered =
        view.sec_websocket_extensions_server().map_err(|_| HandshakeError::Repeated(SEC_WEBSOCKET_EXTENSIONS))?;
    expectations.extensions.judge(answered)
}

/// 6. The subprotocol is one token, one of those offered.
fn check_subprotocol<'v, M>(
    view: &'v impl ResponseView,
    expectations: &Expectations<M>,
) -> Result<Option<&'v str>, HandshakeError> {
    let Some(subprotocol) = single(view, SEC_WEBSOCKET_PROTOCOL)? else {
        return match expectations.subprotocol_required {
            true => Err(HandshakeError::SubprotocolRequired),
            false => Ok(None),
        };
    };
    if !value::is_token(subprotocol) {
        return Err(HandshakeError::Malformed(SEC_WEBSOCKET_PROTOCOL, None));
    }
    core::str::from_utf8(subprotocol)
        .ok()
        .filter(|name| expectations.subprotocols.iter().any(|offered| offered == name))
        .map(Some)
        .ok_or(HandshakeError::SubprotocolNotOffered)
}
