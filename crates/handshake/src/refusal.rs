//! Every way to say no to a request: a complete response, ready to send.

use alloc::vec::Vec;
use core::fmt;

use bytes::{BufMut, Bytes};
use switchover_header::names::{
    ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use switchover_header::{Status, Version, write::decimal};

use crate::fields::{Fields, give_line};
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
    /// All but those of `made`, `Connection` and `Content-Length`.
    fields: Fields,
    made: Made,
    /// The content of the caller's; else it is a line of text with the error, or with this status.
    body: Option<Bytes>,
    named: Status,
    /// The request is a HEAD request, whose response has the fields of its content and no content.
    head_only: bool,
    /// The connection is not closed behind it, unless the request is a CONNECT.
    keeps_open: bool,
    /// The request is a CONNECT.
    of_connect: bool,
    /// The version of the connection, of which this is a message where it becomes a value.
    version: Version,
}

/// Which of the lines are in front of the other fields that a response of its kind is required to have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Made {
    /// `Allow`, with one method.
    allow: bool,
    /// `Upgrade: websocket`
    upgrade: bool,
    /// `Sec-WebSocket-Version: 13`
    version: bool,
    /// `Content-Type`, of the line of text.
    content_type: bool,
}

impl Made {
    /// Of a line of text alone.
    const TEXT: Self = Self { allow: false, upgrade: false, version: false, content_type: true };
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
        Self::plain(Status::BAD_GATEWAY, Some(error))
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
        (self.made.upgrade, self.made.version) = (false, false);
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
        self.made.content_type = false;
        self.body = Some(body.into());
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
        let length = self.content_length();
        // Nearly always there is room without measuring.
        let has_room = self.is_plain() && out.remaining_mut().saturating_sub(length) >= PLAIN_HEAD;
        if !has_room {
            let needed = self.head_length(length) + if self.head_only { 0 } else { length };
            if out.remaining_mut() < needed {
                return Err(LocalError::OutputTooSmall { needed });
            }
        }
        self.each_of_head(length, |part| out.put_slice(part));
        if !self.head_only {
            self.each_of_content(|part| out.put_slice(part));
        }
        Ok(())
    }

    /// The response in bytes.
    pub fn to_bytes(&self) -> Bytes {
        let length = self.content_length();
        let mut bytes = Vec::with_capacity(self.head_length(length) + length);
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

    /// What is wrong with the request or, in a 502 of a [`Relay`](crate::Relay), with the answer of the server behind it;
    /// `None` where the status says all there is, as in what the caller decided to refuse.
    pub fn error(&self) -> Option<&HandshakeError> {
        self.error.as_ref()
    }

    /// The content; it is not sent to [HEAD](Self::for_method).
    pub fn content(&self) -> Bytes {
        match &self.body {
            Some(body) => body.clone(),
            None => {
                let mut bytes = Vec::with_capacity(self.content_length());
                self.each_of_content(|part| bytes.extend_from_slice(part));
                bytes.into()
            }
        }
    }

    /// Gives the field lines in the order in which they are written, with this [length](Self::content_length).
    pub(crate) fn each_line(&self, length: usize, mut give: impl FnMut(&str, &[u8])) {
        let Made { allow, upgrade, version, content_type } = self.made;
        if allow {
            give(ALLOW, self.methods().first().copied().unwrap_or_default().as_bytes());
        }
        if upgrade {
            give(UPGRADE, b"websocket");
        }
        if version {
            give(SEC_WEBSOCKET_VERSION, b"13");
        }
        if content_type {
            give(CONTENT_TYPE, TEXT.as_bytes());
        }
        self.fields.iter().for_each(|(name, value)| give(name, value));
        // RFC 9110, section 7.8: whoever sends Upgrade sends the connection option too.
        let has_upgrade = upgrade || self.fields.contains(UPGRADE);
        match (has_upgrade, self.keeps_open && !self.of_connect) {
            (true, false) => give(CONNECTION, b"Upgrade, close"),
            (true, true) => give(CONNECTION, b"Upgrade"),
            (false, false) => give(CONNECTION, b"close"),
            (false, true) => {}
        }
        // RFC 9110, section 8.6: none in a 204; in a 304 it would be that of another response.
        if !matches!(self.status, Status::NO_CONTENT | Status::NOT_MODIFIED) {
            give(CONTENT_LENGTH, decimal(length as u64, &mut [0; 20]));
        }
    }

    /// The content as it is sent: none to a HEAD request (RFC 9110, section 9.3.2).
    #[cfg(feature = "http")]
    pub(crate) fn sent_content(&self) -> Bytes {
        if self.head_only { Bytes::new() } else { self.content() }
    }

    pub(crate) fn known(status: Status) -> Self {
        Self::plain(status, None)
    }

    /// A refusal with a line of text, and the fields that a response of its status is required to have.
    #[inline]
    fn plain(status: Status, error: Option<HandshakeError>) -> Self {
        let upgrade = status == Status::UPGRADE_REQUIRED;
        let mut refusal = Self {
            status,
            error,
            fields: Fields::default(),
            made: Made {
                allow: status == Status::METHOD_NOT_ALLOWED,
                upgrade,
                version: upgrade || error.is_some_and(asks_for_version),
                content_type: has_content(status),
            },
            body: None,
            named: status,
            head_only: false,
            keeps_open: false,
            of_connect: false,
            version: Version::Http11,
        };
        let methods = refusal.methods();
        if refusal.made.allow && methods.len() != 1 {
            refusal.fields.push_made(ALLOW, methods.join(", "));
            refusal.fields.push_known(CONTENT_TYPE, TEXT);
            (refusal.made.allow, refusal.made.content_type) = (false, false);
        }
        refusal
    }

    /// The methods that Allow names, if it is there.
    fn methods(&self) -> &'static [&'static str] {
        match self.error {
            Some(HandshakeError::Method(methods)) => methods,
            _ => &["GET"],
        }
    }

    /// The number of bytes of the content.
    pub(crate) fn content_length(&self) -> usize {
        let mut length = 0;
        self.each_of_content(|part| length += part.len());
        length
    }

    /// Gives the head in parts, with this [length](Self::content_length).
    #[inline]
    fn each_of_head(&self, length: usize, mut give: impl FnMut(&[u8])) {
        let mut start = *b"HTTP/1.1 000 ";
        start[9..12].copy_from_slice(&self.status.digits());
        give(&start);
        give(self.status.reason().as_bytes());
        if self.is_plain() {
            give(b"\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: ");
            give(decimal(length as u64, &mut [0; 20]));
            return give(b"\r\n\r\n");
        }
        give(b"\r\n");
        self.each_line(length, |name, value| give_line((name, value), &mut give));
        give(b"\r\n");
    }

    /// Whether its lines are those that nearly all refusals have.
    fn is_plain(&self) -> bool {
        self.fields.is_empty() && self.made == Made::TEXT && !self.keeps_open
    }

    fn head_length(&self, length: usize) -> usize {
        let mut head = 0;
        self.each_of_head(length, |part| head += part.len());
        head
    }

    /// Gives the content in parts.
    #[inline]
    fn each_of_content(&self, mut give: impl FnMut(&[u8])) {
        match (&self.body, self.error) {
            (Some(body), _) => give(body),
            (None, _) if !has_content(self.named) => {}
            (None, Some(error)) => {
                let written = error.write(&mut Text(&mut give));
                debug_assert!(written.is_ok(), "neither the sentence nor what takes it fails");
                give(b"\n");
            }
            (None, None) => {
                give(&self.named.digits());
                give(b" ");
                give(self.named.reason().as_bytes());
                give(b"\n");
            }
        }
    }
}

/// Bytes that are enough for every [plain](Refusal::is_plain) head.
const PLAIN_HEAD: usize = 256;

/// The type of the line of text.
const TEXT: &str = "text/plain; charset=utf-8";

/// Takes text in pieces.
struct Text<F>(F);

impl<F: FnMut(&[u8])> fmt::Write for Text<F> {
    #[inline(always)]
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        (self.0)(piece.as_bytes());
        Ok(())
    }
}

/// The response that the peer's fault gets.
impl From<HandshakeError> for Refusal {
    #[inline]
    fn from(error: HandshakeError) -> Self {
        Self::plain(error.status(), Some(error))
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

#[cfg(test)]
mod tests {
    use switchover_header::names::{ORIGIN, SEC_WEBSOCKET_KEY};

    use super::*;

    /// What is written at once is what the lines say, one by one, and the same where there is just enough room.
    #[test]
    fn a_refusal_is_that_of_its_lines() {
        let plain = [HandshakeError::ForeignOrigin, HandshakeError::UpgradeRequired, HandshakeError::Timeout]
            .into_iter()
            .chain([HandshakeError::Missing(&[SEC_WEBSOCKET_KEY]), HandshakeError::Malformed(ORIGIN, None)])
            .chain([HandshakeError::Missing(&[SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION])])
            .chain([HandshakeError::Method(&["GET"]), HandshakeError::Method(&["GET", "POST"])])
            .map(Refusal::from)
            .chain((200..=599).filter_map(Status::new).map(Refusal::known));
        for refusal in plain {
            let more = refusal.clone().field("X-Empty", "").unwrap().field("X", "y").unwrap();
            let advertising = refusal.clone().advertise(&Protocols::default());
            for refusal in
                [refusal.clone(), refusal.keep_open(), more.for_method("HEAD"), advertising.for_method("CONNECT")]
            {
                assert!(!refusal.is_plain() || refusal.head_length(usize::MAX) <= PLAIN_HEAD);
                let length = refusal.content().len();
                let mut expected = Vec::from(b"HTTP/1.1 ");
                expected.extend(refusal.status.digits());
                expected.push(b' ');
                expected.extend(refusal.status.reason().as_bytes());
                expected.extend(b"\r\n");
                refusal.each_line(length, |name, value| {
                    give_line((name, value), |part| expected.extend(part));
                });
                expected.extend(b"\r\n");
                if !refusal.head_only {
                    expected.extend(&refusal.content());
                }
                assert_eq!(refusal.to_bytes(), expected);
                let mut room = alloc::vec![0; expected.len()];
                assert_eq!(refusal.encode(&mut &mut room[1..]), Err(LocalError::OutputTooSmall { needed: room.len() }));
                assert_eq!(room, alloc::vec![0; expected.len()], "nothing was written");
                assert_eq!(refusal.encode(&mut &mut room[..]), Ok(()));
                assert_eq!(room, expected);
            }
        }
    }
}
