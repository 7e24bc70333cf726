//! A client's request for a tunnel: [`ConnectOffer`].

use alloc::boxed::Box;

use bytes::BufMut;
use switchover_header::names::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING, UPGRADE};
use switchover_header::{ResponseView, Status};

use crate::client::Attempt;
use crate::fields::{Fields, Line, Start, check_request, write_whole};
use crate::{HandshakeError, LocalError};

/// A request to a proxy for a tunnel to a host and a port (RFC 9110, section 9.3.6). One offer serves any number of
/// attempts.
///
/// ```
/// use switchover_handshake::{ClientHandshake, ConnectOffer};
///
/// let offer = ConnectOffer::new("example.com:443")?.field("Proxy-Authorization", "Basic YTpi")?;
/// let mut output = Vec::new();
/// let handshake = ClientHandshake::connect(&offer, &mut output)?;
/// assert_eq!(
///     output,
///     b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nProxy-Authorization: Basic YTpi\r\n\r\n"
/// );
/// # Ok::<(), switchover_handshake::LocalError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectOffer {
    /// A host and a port.
    authority: Box<str>,
    fields: Fields,
}

/// What the answer to a CONNECT request has to be: any 2xx.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectExpectations;

impl ConnectOffer {
    /// A tunnel to this `host:port`; the port is always there.
    ///
    /// # Errors
    /// [`LocalError::Target`] for anything else.
    pub fn new(authority: &str) -> Result<Self, LocalError> {
        check_request(METHOD, authority)?;
        Ok(Self { authority: authority.into(), fields: Fields::default() })
    }

    /// The same with one more field line, behind those already there: Proxy-Authorization, say.
    ///
    /// # Errors
    /// [`LocalError::FieldName`] and [`LocalError::FieldValue`] for what cannot stand in a field line,
    /// [`LocalError::ReservedField`] for Host, Upgrade, Connection, Expect and the fields of framing.
    pub fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, LocalError> {
        self.fields.push(name, value.as_ref(), RESERVED)?;
        Ok(self)
    }

    /// The host and the port.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Writes the request, whole or not at all.
    pub(crate) fn write(&self, out: &mut impl BufMut) -> Result<(), LocalError> {
        // RFC 9112, section 3.2: Host is the same as the authority in the target.
        let host: [Line<'_>; 1] = [(HOST, self.authority.as_bytes())];
        write_whole(out, Start::Request(METHOD, &self.authority), host.into_iter().chain(self.fields.iter()), &[])
    }
}

impl Attempt for ConnectExpectations {
    type Agreement = ();

    fn method(&self) -> &str {
        METHOD
    }

    /// Content-Length and Transfer-Encoding mean nothing in a 2xx. A proxy that is still of HTTP/1.0 can make a tunnel.
    fn judge(&self, view: &impl ResponseView) -> Result<Option<()>, HandshakeError> {
        match view.status() {
            Status::SWITCHING_PROTOCOLS => Err(HandshakeError::ProtocolNotOffered),
            status => Ok(status.is_successful().then_some(())),
        }
    }
}

const METHOD: &str = "CONNECT";

/// A CONNECT request has no content, so that it expects nothing either (RFC 9110, section 10.1.1).
const RESERVED: &[&str] = &[HOST, UPGRADE, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, EXPECT];
