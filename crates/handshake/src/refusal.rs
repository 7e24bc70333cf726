//! Every way to say no to a request: a complete response, ready to send.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::{BufMut, Bytes};
use switchover_header::names::{
    ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use switchover_header::{Status, Version};

use crate::fields::{Fields, Line, Start, write_whole};
use crate::{HandshakeError, LocalError, Protocol, Protocols};

/// A complete response that refuses a request: status, fields, framing and content.
///
/// Each one says `Connection: close`: what follows the request may be data of a protocol that is not spoken, and must
/// never be read as a request (RFC 9112, section 11.2). So the bytes are sent and the connection is closed. A request
/// that was read to its end, and is answered with no, can leave it [open](Self::keep_open).
///
/// ```
/// use switchover_handshake::Refusal;
/// use switchover_handshake::header::Status;
///
/// let refusal = Refusal::new(Status::UNAUTHORIZED)?.field("WWW-Authenticate", "Basic realm=\"notifications\"")?;
/// assert!(refusal.to_bytes().starts_with(b"HTTP/1.1 401 Unauthorized\r\n"));
/// # Ok::<(), switchover_handshake::LocalError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: Status,
    error: Option<HandshakeError>,
    /// All but `Connection` and `Content-Length`.
    fields: Fields,
    body: Bytes,
    /// The request is a HEAD request, whose response has the fields of its content and no content.
    head_only: bool,
    /// The connection is not closed behind it, unless the request is a CONNECT.
    keeps_open: bool,
    /// The request is a CONNECT.
    of_connect: bool,
    /// The version of the connection, of which this is a message where it becomes a value.
    version: Version,
}

impl Refusal {
    /// A refusal with a status and, as its content, a line of text with that status.
    ///
    /// With 405 it has `Allow: GET`; with 426 it has `Upgrade: websocket` and `Sec-WebSocket-Version: 13`, both
    /// required there.
    ///
    /// # Errors
    /// [`LocalError::InterimStatus`] for a status of 1xx, which is no final response.
    pub fn new(status: Status) -> Result<Self, LocalError> {
        if status.as_u16() < 200 {
            return Err(LocalError::InterimStatus);
        }
        Ok(Self::known(status))
    }

    /// 403 (Forbidden).
    pub fn forbidden() -> Self {
        Self::known(Status::FORBIDDEN)
    }

    /// 426 (Upgrade Required) with these protocols, the most preferred first (RFC 9110, section 15.5.22).
    ///
    /// ```
    /// use switchover_handshake::{Protocol, Protocols, Refusal};
    ///
    /// let refusal = Refusal::upgrade_required(&Protocols::new([Protocol::tls(), Protocol::websocket()])?);
    /// assert!(refusal.to_bytes().starts_with(b"HTTP/1.1 426 Upgrade Required\r\n"));
    /// # Ok::<(), switchover_handshake::LocalError>(())
    /// ```
    pub fn upgrade_required(protocols: &Protocols) -> Self {
        Self::known(Status::UPGRADE_REQUIRED).advertise(protocols)
    }

    /// 404 (Not Found): no service has this path (RFC 6455, section 4.2.2).
    pub fn not_found() -> Self {
        Self::known(Status::NOT_FOUND)
    }

    /// 408 (Request Timeout): for a request that does not come to its end before the caller's deadline.
    pub fn timeout() -> Self {
        Self::from(HandshakeError::Timeout)
    }

    /// 500 (Internal Server Error).
    pub fn internal_error() -> Self {
        Self::known(Status::INTERNAL_SERVER_ERROR)
    }

    /// 502 (Bad Gateway): for a server behind this one that did not answer, or not as it has to.
    pub fn bad_gateway() -> Self {
        Self::known(Status::BAD_GATEWAY)
    }

    /// The same for what is wrong with the server's answer.
    pub(crate) fn of_gateway(error: HandshakeError) -> Self {
        Self::plain(Status::BAD_GATEWAY, Some(error), format!("{error}\n"))
    }

    /// The same with one more field line, behind those already there.
    ///
    /// # Errors
    /// [`LocalError::FieldName`] and [`LocalError::FieldValue`] for what cannot stand in a field line,
    /// [`LocalError::ReservedField`] for Connection, Content-Length, Content-Type and Transfer-Encoding.
    pub fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, LocalError> {
        self.fields.push(name, value.as_ref(), &[CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING])?;
        Ok(self)
    }

    /// The same with an Upgrade field that names these protocols, in the place of one that is there: a response of any
    /// status may say what the server can switch to (RFC 9110, section 7.8). With WebSocket among them it has
    /// `Sec-WebSocket-Version: 13` as well.
    #[must_use]
    pub fn advertise(mut self, protocols: &Protocols) -> Self {
        self.fields.remove(UPGRADE);
        self.fields.remove(SEC_WEBSOCKET_VERSION);
        self.fields.push_made(UPGRADE, protocols.to_list());
        if protocols.iter().any(Protocol::is_websocket) {
            self.fields.push_known(SEC_WEBSOCKET_VERSION, "13");
        }
        self
    }

    /// The same with other content.
    ///
    /// # Errors
    /// [`LocalError::FieldValue`] for a content type with control characters, [`LocalError::NoContent`] where a
    /// response of this status has no content.
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Result<Self, LocalError> {
        if !has_content(self.status) {
            return Err(LocalError::NoContent);
        }
        self.fields.replace(CONTENT_TYPE, content_type.as_bytes())?;
        self.body = body.into();
        Ok(self)
    }

    /// The same as the response to a request with this method: HEAD gets the fields of the content and no content (RFC
    /// 9110, section 9.3.2), and behind CONNECT the connection is closed (RFC 9931). Needed only where a refusal of the
    /// caller's answers a request that may be one of them;
    /// [`PlainRequest::refuse_with`](crate::PlainRequest::refuse_with) does it.
    #[must_use]
    pub fn for_method(mut self, method: &str) -> Self {
        self.head_only = method == "HEAD";
        self.of_connect = method == "CONNECT";
        self
    }

    /// The same without `Connection: close`, for a plain request whose content has been read to its end: a server that
    /// would rather not switch need not close (RFC 9110, section 15.5.22). What makes the handshake itself refuse a
    /// request always closes, and so does a rejected CONNECT (RFC 9931).
    #[must_use]
    pub fn keep_open(mut self) -> Self {
        self.keeps_open = self.error.is_none_or(|error| error == HandshakeError::UpgradeRequired);
        self
    }

    /// The same in this version of HTTP: in HTTP/2 and HTTP/3, [`to_response`](Self::to_response) leaves out Connection,
    /// Upgrade and the other fields of a connection of HTTP/1.1, which make a message malformed there (RFC 9113, section
    /// 8.2.2), and a stream that is refused ends alone. What becomes bytes is always of HTTP/1.1.
    ///
    /// 426 (Upgrade Required) becomes 400 there: it says by Upgrade what is required.
    #[must_use]
    pub fn for_version(mut self, version: Version) -> Self {
        self.version = version;
        if version >= Version::Http2 && self.status == Status::UPGRADE_REQUIRED {
            self.status = Status::BAD_REQUEST;
        }
        self
    }

    /// Writes the response, whole or not at all.
    ///
    /// # Errors
    /// [`LocalError::OutputTooSmall`] if `out` has no room for it; one that grows always has.
    pub fn encode(&self, out: &mut impl BufMut) -> Result<(), LocalError> {
        write_whole(out, Start::Response(self.status), self.lines(&self.content_length()), &self.sent_content())
    }

    /// The response in bytes.
    pub fn to_bytes(&self) -> Bytes {
        let mut bytes = Vec::new();
        let written = self.encode(&mut bytes);
        debug_assert!(written.is_ok(), "a Vec has room, and all lines were checked when they came");
        bytes.into()
    }

    /// The status.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The version of HTTP that this is a message of.
    #[cfg(feature = "http")]
    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// What is wrong with the request; `None` where the caller decided to refuse it.
    pub fn error(&self) -> Option<&HandshakeError> {
        self.error.as_ref()
    }

    /// The content; it is not sent to [HEAD](Self::for_method).
    pub fn content(&self) -> &Bytes {
        &self.body
    }

    /// The field lines in the order in which they are written, with [`content_length`](Self::content_length).
    pub(crate) fn lines<'a>(&'a self, content_length: &'a str) -> impl Iterator<Item = Line<'a>> + Clone {
        // RFC 9110, section 7.8: whoever sends Upgrade sends the connection option too.
        let connection: Option<&[u8]> = match (self.fields.contains(UPGRADE), self.keeps_open && !self.of_connect) {
            (true, false) => Some(b"Upgrade, close"),
            (true, true) => Some(b"Upgrade"),
            (false, false) => Some(b"close"),
            (false, true) => None,
        };
        let connection = connection.map(|options| (CONNECTION, options));
        // RFC 9110, section 8.6: none in a 204; in a 304 it would be that of another response.
        let framed = !matches!(self.status, Status::NO_CONTENT | Status::NOT_MODIFIED);
        let content_length = framed.then_some((CONTENT_LENGTH, content_length.as_bytes()));
        self.fields.iter().chain(connection).chain(content_length)
    }

    /// The value of Content-Length.
    pub(crate) fn content_length(&self) -> String {
        format!("{}", self.body.len())
    }

    /// The content as it is sent: none to a HEAD request (RFC 9110, section 9.3.2).
    pub(crate) fn sent_content(&self) -> Bytes {
        if self.head_only { Bytes::new() } else { self.body.clone() }
    }

    pub(crate) fn known(status: Status) -> Self {
        Self::plain(status, None, format!("{} {}\n", status.as_u16(), status.reason()))
    }

    /// A refusal with a line of text, and the fields that a response of its status is required to have.
    fn plain(status: Status, error: Option<HandshakeError>, text: String) -> Self {
        let mut refusal = Self {
            status,
            error,
            fields: Fields::default(),
            body: Bytes::new(),
            head_only: false,
            keeps_open: false,
            of_connect: false,
            version: Version::Http11,
        };
        if status == Status::METHOD_NOT_ALLOWED {
            let methods = match error {
                Some(HandshakeError::Method(methods)) => methods,
                _ => &["GET"],
            };
            refusal.fields.push_made(ALLOW, methods.join(", "));
        }
        if status == Status::UPGRADE_REQUIRED {
            refusal.fields.push_known(UPGRADE, "websocket");
        }
        if status == Status::UPGRADE_REQUIRED || error.is_some_and(asks_for_version) {
            refusal.fields.push_known(SEC_WEBSOCKET_VERSION, "13");
        }
        if has_content(status) {
            refusal.fields.push_known(CONTENT_TYPE, "text/plain; charset=utf-8");
            refusal.body = text.into();
        }
        refusal
    }
}

/// The response that the peer's fault gets.
impl From<HandshakeError> for Refusal {
    fn from(error: HandshakeError) -> Self {
        Self::plain(error.status(), Some(error), format!("{error}\n"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused with {} {}", self.status.as_u16(), self.status.reason())?;
        match &self.error {
            Some(error) => write!(f, ": {error}"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.error.as_ref().map(|error| error as _)
    }
}

/// Whether a response of this status has content, the answer to a GET (RFC 9110, section 6.4.1).
fn has_content(status: Status) -> bool {
    !matches!(status, Status::NO_CONTENT | Status::RESET_CONTENT | Status::NOT_MODIFIED)
}

/// Whether the client needs to be told the version spoken here (RFC 6455, section 4.4).
fn asks_for_version(error: HandshakeError) -> bool {
    match error {
        HandshakeError::Missing(fields) => fields.contains(&SEC_WEBSOCKET_VERSION),
        error => error.field() == Some(SEC_WEBSOCKET_VERSION),
    }
}
