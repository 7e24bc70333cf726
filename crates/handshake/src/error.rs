//! What can go wrong in an opening handshake: [`HandshakeError`] is the peer's fault, [`LocalError`] the caller's.

use core::fmt;

use switchover_header::names::{
    CONNECTION, HOST, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use switchover_header::value::ValueError;
use switchover_header::{FramingError, HeadError, Status};

use crate::url::UrlError;

/// How the peer's half of the opening handshake is wrong.
///
/// `Display` is one sentence that names the field and the section of the RFC. Of what the peer sent it holds at most the
/// value of the one byte at fault in a head, in hexadecimal, so it may be shown and logged anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The head breaks the grammar or a limit of HTTP/1.1.
    Head(HeadError),
    /// Content-Length or Transfer-Encoding contradict themselves or each other.
    Framing(FramingError),
    /// These fields are missing, each of them required.
    Missing(&'static [&'static str]),
    /// This field is there more than once, and may be there only once.
    Repeated(&'static str),
    /// The value of this field breaks its grammar.
    Malformed(&'static str, Option<ValueError>),
    /// The value of this field is well formed and not the one that must be there.
    Mismatch(&'static str),

    /// In a request: the method is not GET.
    Method,
    /// In a request: it has content, and the bytes behind its head would be the new protocol's. Also what follows a
    /// request with content that was not read.
    Content,
    /// In a request: its target is an absolute URI of another scheme than http, https, ws and wss.
    Scheme,
    /// In a request: Sec-WebSocket-Version is a version other than 13.
    Version,
    /// In a request: more subprotocols are offered than [`MAX_SUBPROTOCOLS`](crate::MAX_SUBPROTOCOLS).
    TooManySubprotocols,
    /// In a request: the same subprotocol is offered twice.
    RepeatedSubprotocol,
    /// In a request: bytes follow the head, and [`EarlyData::Reject`](crate::EarlyData) is set.
    EarlyData,
    /// In a request: its Origin is not one that the [`OriginPolicy`](crate::OriginPolicy) lets in.
    ForeignOrigin,
    /// The [`SubprotocolPolicy`](crate::SubprotocolPolicy), or the [`Offer`](crate::Offer), requires a subprotocol and
    /// none was agreed.
    SubprotocolRequired,
    /// A request for a resource that speaks WebSocket only does not ask for WebSocket.
    UpgradeRequired,
    /// The request did not come to its end in time.
    Timeout,

    /// In a response: its version is HTTP/1.0, which cannot switch protocols.
    ResponseVersion,
    /// In a response: its status is not 101, so that nothing is switched.
    NotSwitched,
    /// In a response: an extension that was not offered.
    ExtensionNotOffered,
    /// In a response: a subprotocol that was not offered.
    SubprotocolNotOffered,
    /// More interim responses (1xx) than [`ClientLimits::interim`](crate::ClientLimits).
    TooManyInterim,
    /// The connection ended before the response did.
    Closed,
}

impl HandshakeError {
    /// The status that answers the request; of no use to a client, which has nobody to answer.
    pub fn status(&self) -> Status {
        match self {
            Self::Head(error) => error.status(),
            Self::Framing(error) => error.status(),
            Self::Method => Status::METHOD_NOT_ALLOWED,
            Self::Version | Self::UpgradeRequired => Status::UPGRADE_REQUIRED,
            Self::TooManySubprotocols => Status::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::ForeignOrigin => Status::FORBIDDEN,
            Self::Timeout => Status::REQUEST_TIMEOUT,
            _ => Status::BAD_REQUEST,
        }
    }

    /// The section of the standard that says so, as in `"RFC 6455, section 4.2.1"`.
    pub fn section(&self) -> &'static str {
        match self {
            Self::Head(error) => error.section(),
            Self::Framing(error) => error.section(),
            Self::Missing(fields) => missing_section(fields),
            Self::Repeated(field) => repeated_section(field),
            Self::Malformed(field, _) => value_section(field),
            Self::Mismatch(_) | Self::RepeatedSubprotocol | Self::EarlyData => "RFC 6455, section 4.1",
            Self::Method | Self::Scheme => "RFC 6455, section 4.2.1",
            Self::Content => "RFC 9110, section 9.3.1",
            Self::Version => "RFC 6455, section 4.4",
            Self::TooManySubprotocols => "RFC 6585, section 5",
            Self::ForeignOrigin => "RFC 6455, section 10.2",
            Self::SubprotocolRequired => "RFC 6455, section 1.9",
            Self::UpgradeRequired => "RFC 9110, section 15.5.22",
            Self::Timeout => "RFC 9110, section 15.5.9",
            Self::ResponseVersion => "RFC 9110, section 7.8",
            Self::NotSwitched | Self::ExtensionNotOffered | Self::SubprotocolNotOffered => "RFC 6455, section 4.1",
            Self::TooManyInterim => "RFC 9110, section 15.2",
            Self::Closed => "RFC 9112, section 8",
        }
    }

    /// The field at fault, the first one where several are missing.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Missing(fields) => fields.first().copied(),
            Self::Repeated(field) | Self::Malformed(field, _) | Self::Mismatch(field) => Some(field),
            Self::Version => Some(SEC_WEBSOCKET_VERSION),
            Self::TooManySubprotocols
            | Self::RepeatedSubprotocol
            | Self::SubprotocolRequired
            | Self::SubprotocolNotOffered => Some(SEC_WEBSOCKET_PROTOCOL),
            Self::ForeignOrigin => Some(ORIGIN),
            Self::UpgradeRequired => Some(UPGRADE),
            Self::ExtensionNotOffered => Some(SEC_WEBSOCKET_EXTENSIONS),
            _ => None,
        }
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // These two name their section themselves.
            Self::Head(error) => return error.fmt(f),
            Self::Framing(error) => return error.fmt(f),
            Self::Missing(fields) => {
                for (number, field) in fields.iter().enumerate() {
                    f.write_str(if number == 0 { "" } else { " and " })?;
                    f.write_str(field)?;
                }
                f.write_str(if fields.len() == 1 { " is missing" } else { " are missing" })
            }
            Self::Repeated(field) => write!(f, "{field} is there more than once"),
            Self::Malformed(field, None) => write!(f, "the value of {field} is malformed"),
            Self::Malformed(field, Some(error)) => {
                let (kind, offset, line) = (error.kind(), error.offset(), error.line());
                write!(f, "the value of {field} is malformed: {kind} at offset {offset} of its line {line}")
            }
            Self::Mismatch(field) => write!(f, "the value of {field} is not the one that must be there"),
            Self::Method => f.write_str("the method of a WebSocket opening handshake is GET"),
            Self::Content => f.write_str("a request that switches to WebSocket has no content"),
            Self::Scheme => f.write_str("the target is no URI of http, https, ws or wss"),
            Self::Version => f.write_str("Sec-WebSocket-Version is not 13, the only version spoken here"),
            Self::TooManySubprotocols => f.write_str("Sec-WebSocket-Protocol has too many elements"),
            Self::RepeatedSubprotocol => f.write_str("Sec-WebSocket-Protocol names a subprotocol twice"),
            Self::EarlyData => f.write_str("data was sent before the handshake was answered"),
            Self::ForeignOrigin => f.write_str("Origin is not one that is let in here"),
            Self::SubprotocolRequired => f.write_str("Sec-WebSocket-Protocol does not give the subprotocol required"),
            Self::UpgradeRequired => f.write_str(
                "this resource speaks WebSocket only: Upgrade: websocket and Connection: Upgrade are needed",
            ),
            Self::Timeout => f.write_str("the request did not come to its end in time"),
            Self::ResponseVersion => f.write_str("the version of the response, HTTP/1.0, cannot switch protocols"),
            Self::NotSwitched => f.write_str("the status is not 101 (Switching Protocols)"),
            Self::ExtensionNotOffered => f.write_str("Sec-WebSocket-Extensions has an extension that was not offered"),
            Self::SubprotocolNotOffered => f.write_str("Sec-WebSocket-Protocol has a subprotocol that was not offered"),
            Self::TooManyInterim => f.write_str("there are too many interim responses (1xx)"),
            Self::Closed => f.write_str("the connection ended before the response did"),
        }?;
        write!(f, " ({})", self.section())
    }
}

impl core::error::Error for HandshakeError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Head(error) => Some(error),
            Self::Framing(error) => Some(error),
            Self::Malformed(_, Some(error)) => Some(error),
            _ => None,
        }
    }
}

impl From<HeadError> for HandshakeError {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

/// How this crate was used wrongly. Nothing was written and nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LocalError {
    /// The name of a field is no token (RFC 9110, section 5.1).
    FieldName,
    /// The value of a field has a control character, such as CR, LF or NUL, or white space at its start or end, where a
    /// reader would drop it (RFC 9110, section 5.5).
    FieldValue,
    /// The field belongs to the handshake or to the framing of the message, which write it themselves.
    ReservedField,
    /// There are more fields than the type that is to hold them has room for.
    TooManyFields,
    /// A subprotocol is no token (RFC 6455, section 4.1).
    Subprotocol,
    /// The same subprotocol is named twice (RFC 6455, section 4.1).
    RepeatedSubprotocol,
    /// An origin is neither `null` nor `scheme://host` or `scheme://host:port` (RFC 6454, section 6.2).
    Origin,
    /// A refusal is a final response: its status cannot be one of 1xx.
    InterimStatus,
    /// A response of this status has no content (RFC 9110, section 6.4.1).
    NoContent,
    /// The URI is no WebSocket URI.
    Url(UrlError),
    /// The output has no room for the whole message, which has `needed` bytes.
    OutputTooSmall {
        /// Bytes that the message has.
        needed: usize,
    },
}

impl fmt::Display for LocalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FieldName => f.write_str("the name of a field is a token (RFC 9110, section 5.1)"),
            Self::FieldValue => f.write_str(
                "the value of a field has no control characters and no white space around it (RFC 9110, section 5.5)",
            ),
            Self::ReservedField => f.write_str("the handshake writes this field itself"),
            Self::TooManyFields => f.write_str("there are more fields than the message has room for"),
            Self::Subprotocol => f.write_str("a subprotocol is a token (RFC 6455, section 4.1)"),
            Self::RepeatedSubprotocol => f.write_str("subprotocols are unique (RFC 6455, section 4.1)"),
            Self::Origin => f.write_str("an origin is null or scheme://host[:port] (RFC 6454, section 6.2)"),
            Self::InterimStatus => f.write_str("a refusal is a final response, not one of 1xx (RFC 9110, section 15)"),
            Self::NoContent => f.write_str("a response of this status has no content (RFC 9110, section 6.4.1)"),
            Self::Url(error) => error.fmt(f),
            Self::OutputTooSmall { needed } => write!(f, "the output has no room for {needed} bytes"),
        }
    }
}

impl core::error::Error for LocalError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Url(error) => Some(error),
            _ => None,
        }
    }
}

impl From<UrlError> for LocalError {
    fn from(error: UrlError) -> Self {
        Self::Url(error)
    }
}

/// The section that requires a field; several at once are always fields of one section.
fn missing_section(fields: &[&str]) -> &'static str {
    match fields.first().copied() {
        Some(HOST) => "RFC 9112, section 3.2",
        Some(SEC_WEBSOCKET_KEY | SEC_WEBSOCKET_VERSION) => "RFC 6455, section 4.2.1",
        _ => "RFC 6455, section 4.1",
    }
}

/// The section that allows a field only once.
fn repeated_section(field: &str) -> &'static str {
    match field {
        HOST => "RFC 9112, section 3.2",
        ORIGIN => "RFC 6454, section 7.3",
        SEC_WEBSOCKET_KEY => "RFC 6455, section 11.3.1",
        SEC_WEBSOCKET_EXTENSIONS => "RFC 6455, section 11.3.2",
        SEC_WEBSOCKET_ACCEPT => "RFC 6455, section 11.3.3",
        SEC_WEBSOCKET_PROTOCOL => "RFC 6455, section 11.3.4",
        _ => "RFC 6455, section 11.3.5",
    }
}

/// The section with the grammar of a field.
fn value_section(field: &str) -> &'static str {
    match field {
        HOST => "RFC 9110, section 7.2",
        ORIGIN => "RFC 6454, section 7.1",
        UPGRADE => "RFC 9110, section 7.8",
        CONNECTION => "RFC 9110, section 7.6.1",
        SEC_WEBSOCKET_EXTENSIONS => "RFC 6455, section 9.1",
        _ => "RFC 6455, section 4.3",
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn an_error_names_its_field_and_its_section() {
        for error in [
            HandshakeError::Missing(&[HOST]),
            HandshakeError::Missing(&[SEC_WEBSOCKET_ACCEPT]),
            HandshakeError::Repeated(ORIGIN),
            HandshakeError::Malformed(SEC_WEBSOCKET_EXTENSIONS, None),
            HandshakeError::Mismatch(CONNECTION),
            HandshakeError::Version,
            HandshakeError::TooManySubprotocols,
            HandshakeError::RepeatedSubprotocol,
            HandshakeError::ForeignOrigin,
            HandshakeError::SubprotocolRequired,
            HandshakeError::UpgradeRequired,
            HandshakeError::ExtensionNotOffered,
            HandshakeError::SubprotocolNotOffered,
        ] {
            let text = error.to_string();
            assert!(text.contains(error.field().unwrap()), "{text}");
            assert!(text.ends_with(&std::format!(" ({})", error.section())), "{text}");
        }
    }
}
