//! Bridges between extended CONNECT and Upgrade, in both directions (RFC 8441, section 5; RFC 6455, section 4).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use switchover_header::names::{CONNECTION, EXPECT, HOST, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE, VIA};
use switchover_header::{FieldsView, Framing, RequestView};

use super::exchange::Kind;
use super::head::{Lines, trim};
use super::offered::WebSocket;
use super::{Exchange, ForwardedRequest, Relay, via};
use crate::fields::check_request;
use crate::hop::Nominated;
use crate::{ExtendedConnect, HandshakeError, Key, Proposal, Refusal};

/// What belongs to the connection on one side of a bridge. A WebSocket handshake has no content, so nothing expects a 100
/// (Continue) either.
pub(super) const OF_ONE_SIDE: &[&str] = &[HOST, EXPECT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_ACCEPT];

const COOKIE: &str = "Cookie";

impl Relay {
    /// The HTTP/1.1 opening handshake for the server behind a bridge, made of a proposal over HTTP/2 or HTTP/3: with a key of
    /// its own and Host from `:authority`, and without what a connection has of its own.
    ///
    /// `nonce` is 16 bytes that nobody can predict, for this attempt only.
    ///
    /// # Errors
    /// The response to a request that cannot go on: 400 where its `:path` is none that HTTP/1.1 has, or its Connection field
    /// cannot be read, of which HTTP/2 and HTTP/3 have none.
    pub fn to_upgrade<'v, V: RequestView>(
        &self,
        proposal: &'v Proposal<V, ExtendedConnect>,
        nonce: [u8; 16],
    ) -> Result<(ForwardedRequest<'v>, Exchange), Refusal> {
        let view = proposal.view();
        let version = view.version();
        let refuse = |error: HandshakeError| Refusal::from(error).for_version(version);
        let nominated = Nominated::of(view).map_err(refuse)?;
        // RFC 9112, section 3.2: what another parser let through cannot be written.
        check_request("GET", proposal.path()).map_err(|_| refuse(HandshakeError::Target))?;
        let key = Key::from_nonce(nonce);
        let mut lines = Lines::default();
        lines
            .push(HOST, proposal.host().as_bytes())
            .push(UPGRADE, &b"websocket"[..])
            .push(CONNECTION, &b"Upgrade"[..])
            .push(SEC_WEBSOCKET_KEY, key.as_bytes().to_vec())
            .extend(view, &nominated, &[OF_ONE_SIDE, &[COOKIE]].concat());
        if let Some(cookie) = cookie(view) {
            lines.push(COOKIE, cookie);
        }
        lines.push(VIA, via(version, &self.pseudonym));
        let request = ForwardedRequest { method: "GET", target: proposal.path().into(), lines, framing: Framing::None };
        let kind = Kind::ToUpgrade(WebSocket::new(proposal, key));
        Ok((request, Exchange::new(self, kind, view, Framing::None)))
    }
}

/// RFC 9113, section 8.2.3: HTTP/2 and HTTP/3 may cut the one Cookie field that HTTP/1.1 has.
fn cookie<V: FieldsView>(view: &V) -> Option<Cow<'_, [u8]>> {
    let mut values = view.values(COOKIE).map(trim);
    let first = values.next()?;
    let mut rest = values.peekable();
    if rest.peek().is_none() {
        return Some(first.into());
    }
    let mut joined = Vec::from(first);
    for value in rest {
        joined.extend_from_slice(b"; ");
        joined.extend_from_slice(value);
    }
    Some(joined.into())
}
