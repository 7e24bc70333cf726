//! A request for a tunnel, and the ways to answer it: [`ConnectProposal`].

use bytes::BufMut;
use switchover_header::names::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE};
use switchover_header::value::{self, Authority};
use switchover_header::{RequestView, Status, Version};

use crate::content::check_none;
use crate::fields::{Fields, Start, write_whole};
use crate::{HandshakeError, LocalError, Refusal, expect};

/// A request for a tunnel to a host and a port, over the head it came in (RFC 9110, section 9.3.6).
///
/// Whether there may be a tunnel to that place is the server's to decide: a list of ports and hosts that are let in is
/// the least.
///
/// - getters: [`authority`](Self::authority), [`view`](Self::view)
/// - commands: [`accept`](Self::accept), [`refuse`](Self::refuse)
#[derive(Debug)]
#[must_use = "a client waits for its answer"]
pub struct ConnectProposal<V> {
    view: V,
}

/// Fields for the response that opens a tunnel. One choice serves any number of proposals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectChoice {
    pub(crate) fields: Fields,
}

/// The proposal to open a tunnel that a request makes; `None` where its method is not CONNECT, and in HTTP/2 and
/// HTTP/3, where a tunnel is a stream.
///
/// # Errors
/// 400 for a target that is not `host:port`, and for content, which such a request does not have; 417 for an
/// expectation.
pub fn inspect_connect<V: RequestView>(view: V) -> Result<Option<ConnectProposal<V>>, Refusal> {
    if view.method() != "CONNECT" || !matches!(view.version(), Version::Http10 | Version::Http11) {
        return Ok(None);
    }
    match check(&view) {
        Ok(()) => Ok(Some(ConnectProposal { view })),
        Err(error) => Err(error.into()),
    }
}

impl<V: RequestView> ConnectProposal<V> {
    /// Accepts: writes the complete 200, or nothing. The tunnel begins right behind the head of the request, and right
    /// behind that of the response, which has neither Content-Length nor Transfer-Encoding.
    ///
    /// # Errors
    /// [`LocalError::OutputTooSmall`] if `out` has no room; one that grows always has.
    pub fn accept(self, choice: &ConnectChoice, out: &mut impl BufMut) -> Result<(), LocalError> {
        write_whole(out, Start::Response(Status::OK), choice.fields.iter(), &[])
    }

    /// Refuses: writes the complete response, or nothing. The connection is closed behind it, because the client may
    /// have sent data for the tunnel already (RFC 9931).
    ///
    /// # Errors
    /// [`LocalError::OutputTooSmall`] if `out` has no room; one that grows always has.
    pub fn refuse(self, refusal: &Refusal, out: &mut impl BufMut) -> Result<(), LocalError> {
        refusal.clone().for_method(self.view.method()).encode(out)
    }

    /// Where the tunnel leads to; the port is there.
    pub fn authority(&self) -> Authority<'_> {
        let authority = self.view.authority().and_then(|authority| value::host(authority.as_bytes()).ok());
        authority.unwrap_or(Authority { host: "", port: None })
    }

    /// The head of the request.
    pub fn view(&self) -> &V {
        &self.view
    }
}

impl ConnectChoice {
    /// No further field.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more field line in the 200, behind those already there.
    ///
    /// # Errors
    /// [`LocalError::FieldName`] and [`LocalError::FieldValue`] for what cannot stand in a field line,
    /// [`LocalError::ReservedField`] for the fields of framing (RFC 9110, section 9.3.6) and for Upgrade and
    /// Connection.
    pub fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, LocalError> {
        self.fields.push(name, value.as_ref(), &[CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE, CONNECTION])?;
        Ok(self)
    }
}

/// All that a request for a tunnel has to be. The scan of a head has seen to most of it.
fn check(view: &impl RequestView) -> Result<(), HandshakeError> {
    let authority = view.authority().map(|authority| value::host(authority.as_bytes()));
    match authority {
        Some(Ok(Authority { port: Some(1..), .. })) => {}
        _ => return Err(HandshakeError::Authority),
    }
    check_none(view)?;
    expect::check(view)
}
