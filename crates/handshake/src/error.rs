//! What can go wrong in an opening handshake: [`HandshakeError`] is the peer's fault, [`LocalError`] the caller's.

use core::fmt;

use switchover_header::names::{
    CAPSULE_PROTOCOL, CONNECTION, EXPECT, HOST, HTTP2_SETTINGS, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use switchover_header::value::ValueError;
use switchover_header::{BodyError, FramingError, HeadError, Status};

use crate::extended::{AUTHORITY, METHOD, PATH, PROTOCOL, SCHEME, TE};
use crate::extension::ExtensionFault;
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

    /// Connection names this field, which is for all recipients.
    Nominated(&'static str),
    /// In HTTP/2 or HTTP/3: this field is for a connection of HTTP/1.1, and makes a message malformed there.
    ConnectionSpecific(&'static str),

    /// In a request: the method is none of these, the ones that can switch to the protocol.
    Method(&'static [&'static str]),
    /// In a request: it has content, and the bytes behind its head would be the new protocol's. Also what follows a
    /// request with content that was not read.
    Content,
    /// In a request: its content is not what its framing says.
    Body(BodyError),
    /// In a request: its content is longer than the limit for a switch that reads it first.
    ContentTooLarge,
    /// In a request: it expects something other than `100-continue`.
    Expectation,
    /// In a request: Connection does not name this field, which is meant for the next recipient alone.
    NotNominated(&'static str),
    /// In a request: Upgrade names other protocols beside one that has to stand alone.
    NotAlone,
    /// In a CONNECT request: the target is not a host and a port.
    Authority,
    /// What follows a CONNECT request that was not accepted: it is for the tunnel, and never a request.
    Tunnel,
    /// In a request: its target is an absolute URI of another scheme than http, https, ws and wss.
    Scheme,
    /// In a request that is passed on: its target is none of HTTP/1.1, which another parser let through.
    Target,
    /// In an extended CONNECT request: `:protocol` is a protocol that is not spoken here.
    Protocol,
    /// In a request: Sec-WebSocket-Version is a version other than 13.
    Version,
    /// In a request: more subprotocols are offered than [`MAX_SUBPROTOCOLS`](crate::MAX_SUBPROTOCOLS).
    TooManySubprotocols,
    /// In a request: the same subprotocol is offered twice.
    RepeatedSubprotocol,
    /// Bytes came before the handshake was answered: behind the head of a request or its content, where
    /// [`EarlyData::Reject`](crate::EarlyData) is set, or more of them than a [`Relay`](crate::Relay) holds. On a client:
    /// bytes came out of a tunnel before any went in.
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
    /// In a response: a 101 that names a protocol which was not offered, or one twice; any 101 where none was.
    ProtocolNotOffered,
    /// In a response: a 101 before the request was sent to its end.
    SwitchedEarly,
    /// In a response to extended CONNECT: its status is not 2xx, so that there is no tunnel.
    NotConnected,
    /// In a response of HTTP/2 or HTTP/3: its status is 101, which these versions do not have.
    SwitchingProtocols,
    /// In a response: an extension that was not offered.
    ExtensionNotOffered,
    /// In a response: the extension of this name was offered, and not with what it is answered.
    Extension(&'static str, ExtensionFault),
    /// In a response: a subprotocol that was not offered.
    SubprotocolNotOffered,
    /// In a response to a relay: 407, which asks the relay itself for credentials, with a challenge that does not go on.
    ProxyAuthentication,
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
            Self::Body(error) => error.status(),
            Self::Method(_) => Status::METHOD_NOT_ALLOWED,
            Self::ContentTooLarge => Status::CONTENT_TOO_LARGE,
            Self::Expectation => Status::EXPECTATION_FAILED,
            Self::Version | Self::UpgradeRequired => Status::UPGRADE_REQUIRED,
            Self::TooManySubprotocols => Status::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::ForeignOrigin => Status::FORBIDDEN,
            // RFC 9220, section 3.
            Self::Protocol => Status::NOT_IMPLEMENTED,
            Self::Timeout => Status::REQUEST_TIMEOUT,
            _ => Status::BAD_REQUEST,
        }
    }

    /// The section of the standard that says so, as in `"RFC 6455, section 4.2.1"`.
    pub fn section(&self) -> &'static str {
        match self {
            Self::Head(error) => error.section(),
            Self::Framing(error) => error.section(),
            Self::Body(error) => error.section(),
            Self::Missing(fields) => missing_section(fields),
            Self::Repeated(field) => repeated_section(field),
            Self::Malformed(field, _) => value_section(field),
            Self::Mismatch(CONNECTION) => "RFC 9110, section 7.8",
            Self::Mismatch(HOST) => "RFC 9113, section 8.3.1",
            Self::Mismatch(TRANSFER_ENCODING) => "RFC 9112, section 6.1",
            Self::Mismatch(METHOD) => "RFC 8441, section 4",
            Self::Mismatch(SCHEME) => "RFC 8441, section 5",
            Self::Nominated(_) => "RFC 9110, section 7.6.1",
            Self::ConnectionSpecific(_) | Self::Mismatch(TE) => "RFC 9113, section 8.2.2",
            Self::Protocol => "RFC 9220, section 3",
            Self::Mismatch(_) | Self::RepeatedSubprotocol | Self::EarlyData => "RFC 6455, section 4.1",
            Self::Method(_) => "RFC 9110, section 15.5.6",
            Self::Scheme => "RFC 6455, section 4.2.1",
            Self::Target => "RFC 9112, section 3.2",
            Self::Content => "RFC 9110, section 9.3.1",
            Self::ContentTooLarge => "RFC 9110, section 15.5.14",
            Self::Expectation => "RFC 9110, section 10.1.1",
            Self::NotNominated(_) => "RFC 9110, section 7.6.1",
            Self::NotAlone => "RFC 9298, section 3.2",
            Self::Authority | Self::Tunnel => "RFC 9110, section 9.3.6",
            Self::ProtocolNotOffered | Self::SwitchedEarly => "RFC 9110, section 7.8",
            Self::Version => "RFC 6455, section 4.4",
            Self::TooManySubprotocols => "RFC 6585, section 5",
            Self::ForeignOrigin => "RFC 6455, section 10.2",
            Self::SubprotocolRequired => "RFC 6455, section 1.9",
            Self::UpgradeRequired => "RFC 9110, section 15.5.22",
            Self::Timeout => "RFC 9110, section 15.5.9",
            Self::ResponseVersion => "RFC 9110, section 7.8",
            Self::NotConnected => "RFC 8441, section 5",
            Self::SwitchingProtocols => "RFC 9113, section 8.6",
            Self::NotSwitched | Self::ExtensionNotOffered | Self::SubprotocolNotOffered => "RFC 6455, section 4.1",
            Self::Extension(extension, fault) => fault.section(extension),
            Self::ProxyAuthentication => "RFC 9110, section 11.7.1",
            Self::TooManyInterim => "RFC 9110, section 15.2",
            Self::Closed => "RFC 9112, section 8",
        }
    }

    /// The field at fault, the first one where several are missing.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Missing(fields) => fields.first().copied(),
            Self::Repeated(field)
            | Self::Malformed(field, _)
            | Self::Mismatch(field)
            | Self::NotNominated(field)
            | Self::Nominated(field)
            | Self::ConnectionSpecific(field) => Some(field),
            Self::Protocol => Some(PROTOCOL),
            Self::Expectation => Some(EXPECT),
            Self::Version => Some(SEC_WEBSOCKET_VERSION),
            Self::TooManySubprotocols
            | Self::RepeatedSubprotocol
            | Self::SubprotocolRequired
            | Self::SubprotocolNotOffered => Some(SEC_WEBSOCKET_PROTOCOL),
            Self::ForeignOrigin => Some(ORIGIN),
            Self::UpgradeRequired | Self::NotAlone | Self::ProtocolNotOffered => Some(UPGRADE),
            Self::ExtensionNotOffered | Self::Extension(..) => Some(SEC_WEBSOCKET_EXTENSIONS),
            _ => None,
        }
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl HandshakeError {
    /// As `Display`, without what formatting costs where there is no number: refusing is to be cheap.
    pub(crate) fn write(&self, f: &mut impl fmt::Write) -> fmt::Result {
        match self {
            // These name their section themselves.
            Self::Head(error) => return write!(f, "{error}"),
            Self::Framing(error) => return write!(f, "{error}"),
            Self::Body(error) => return write!(f, "{error}"),
            Self::Missing(fields) => {
                list(f, fields, " and ")?;
                f.write_str(if fields.len() == 1 { " is missing" } else { " are missing" })
            }
            Self::Repeated(field) => write_all(f, &[field, " is there more than once"]),
            Self::Malformed(field, None) => write_all(f, &["the value of ", field, " is malformed"]),
            Self::Malformed(field, Some(error)) => {
                let (kind, offset, line) = (error.kind(), error.offset(), error.line());
                write!(f, "the value of {field} is malformed: {kind} at offset {offset} of its line {line}")
            }
            Self::Mismatch(field) => write_all(f, &["the value of ", field, " is not the one that must be there"]),
            Self::Nominated(field) => write_all(f, &["Connection names ", field, ", which is for all recipients"]),
            Self::ConnectionSpecific(field) => write_all(f, &[field, " is no field of HTTP/2 and HTTP/3"]),
            Self::Protocol => f.write_str(":protocol is none that is spoken here"),
            Self::Method(methods) => {
                f.write_str("the method of such a request is ")?;
                list(f, methods, " or ")
            }
            Self::Content => f.write_str("a request that makes this switch has no content"),
            Self::ContentTooLarge => f.write_str("the content is longer than it may be in front of a switch"),
            Self::Expectation => f.write_str("Expect has an expectation other than 100-continue"),
            Self::NotNominated(field) => write_all(f, &["Connection does not name ", field]),
            Self::NotAlone => f.write_str("Upgrade names a protocol that stands alone, and others beside it"),
            Self::Authority => f.write_str("the target of CONNECT is not a host and a port"),
            Self::Tunnel => f.write_str("what follows a CONNECT request is for the tunnel, which is not there"),
            Self::Scheme => f.write_str("the target is no URI of http, https, ws or wss"),
            Self::Target => f.write_str("the target is none of HTTP/1.1"),
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
            Self::ProtocolNotOffered => f.write_str("Upgrade does not name protocols that were offered, each once"),
            Self::SwitchedEarly => f.write_str("the protocol was switched before the request was complete"),
            Self::NotConnected => f.write_str("the status is not 2xx"),
            Self::SwitchingProtocols => f.write_str("the status is 101, which HTTP/2 and HTTP/3 do not have"),
            Self::ExtensionNotOffered => f.write_str("Sec-WebSocket-Extensions has an extension that was not offered"),
            Self::Extension(extension, fault) => write!(f, "in Sec-WebSocket-Extensions, {extension} {fault}"),
            Self::SubprotocolNotOffered => f.write_str("Sec-WebSocket-Protocol has a subprotocol that was not offered"),
            Self::ProxyAuthentication => f.write_str("the status is 407, which asks the relay itself for credentials"),
            Self::TooManyInterim => f.write_str("there are too many interim responses (1xx)"),
            Self::Closed => f.write_str("the connection ended before the response did"),
        }?;
        write_all(f, &[" (", self.section(), ")"])
    }
}

impl core::error::Error for HandshakeError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Head(error) => Some(error),
            Self::Framing(error) => Some(error),
            Self::Body(error) => Some(error),
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

impl From<BodyError> for HandshakeError {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
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
    /// The server has not said that extended CONNECT may be used (RFC 8441, section 3).
    ConnectProtocol,
    /// There are more fields than the type that is to hold them has room for.
    TooManyFields,
    /// A pseudonym is no token (RFC 9110, section 7.6.3).
    Pseudonym,
    /// A subprotocol is no token (RFC 6455, section 4.1).
    Subprotocol,
    /// The same subprotocol is named twice (RFC 6455, section 4.1).
    RepeatedSubprotocol,
    /// The name of an extension is no token (RFC 6455, section 9.1).
    Extension,
    /// There is an extension of this name already.
    RepeatedExtension,
    /// The name or the value of an extension's parameter is no token (RFC 6455, section 9.1).
    ExtensionParameter,
    /// A window of permessage-deflate has 8 to 15 bits (RFC 7692, section 7.1.2).
    WindowBits,
    /// An origin is neither `null` nor `scheme://host` or `scheme://host:port` (RFC 6454, section 6.2).
    Origin,
    /// In the pattern of an origin, each `*` is a whole label of a host name, and the last label is none.
    OriginPattern,
    /// The name of a user has a colon or a control character (RFC 7617, section 2).
    UserId,
    /// A password has a control character (RFC 7617, section 2).
    Password,
    /// A bearer token has other characters than letters, digits, `-._~+/`, and `=` at its end (RFC 6750, section 2.1).
    BearerToken,
    /// Cookies are not pairs of a name and a value with `; ` between them (RFC 6265, section 4.2.1).
    Cookies,
    /// A proxy is not `http://host` or `http://host:port`. User information is not for its URL but for
    /// [`Proxy::authorization`](crate::Proxy::authorization).
    Proxy,
    /// A refusal is a final response: its status cannot be one of 1xx.
    InterimStatus,
    /// A response of this status has no content (RFC 9110, section 6.4.1).
    NoContent,
    /// A protocol is not `name` or `name/version`, both tokens, or is a version of HTTP for another transport (RFC
    /// 9110, section 7.8).
    Protocol,
    /// There are more protocols than [`MAX_PROTOCOLS`](crate::MAX_PROTOCOLS).
    TooManyProtocols,
    /// There is no protocol to switch to.
    NoProtocol,
    /// The same protocol is named twice.
    RepeatedProtocol,
    /// A protocol that the client did not offer, or that is not allowed here (RFC 9110, section 7.8).
    ProtocolNotOffered,
    /// The protocol has to be the only one (RFC 9298, section 3.2).
    NotAlone,
    /// WebSocket is offered by an [`Offer`](crate::Offer) and accepted by a [`Choice`](crate::Choice).
    WebSocket,
    /// The method is no token, or none that the protocol has.
    Method,
    /// The request has no such field, or not with a value as the protocol requires it.
    RequiredField(&'static str),
    /// The request has content, and the protocol has none in front of the switch, or less.
    Content,
    /// The target of the request is not of a form that its method has (RFC 9112, section 3.2), or is longer than the type
    /// that is to hold it has room for.
    Target,
    /// The value of Host is no host, with or without a port (RFC 9110, section 7.2).
    Host,
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
            Self::ConnectProtocol => {
                f.write_str("the server has not said that extended CONNECT may be used (RFC 8441, section 3)")
            }
            Self::TooManyFields => f.write_str("there are more fields than the message has room for"),
            Self::Pseudonym => f.write_str("a pseudonym is a token (RFC 9110, section 7.6.3)"),
            Self::Subprotocol => f.write_str("a subprotocol is a token (RFC 6455, section 4.1)"),
            Self::RepeatedSubprotocol => f.write_str("subprotocols are unique (RFC 6455, section 4.1)"),
            Self::Extension => f.write_str("the name of an extension is a token (RFC 6455, section 9.1)"),
            Self::RepeatedExtension => f.write_str("there is an extension of this name already"),
            Self::ExtensionParameter => {
                f.write_str("name and value of an extension's parameter are tokens (RFC 6455, section 9.1)")
            }
            Self::WindowBits => {
                f.write_str("a window of permessage-deflate has 8 to 15 bits (RFC 7692, section 7.1.2)")
            }
            Self::Origin => f.write_str("an origin is null or scheme://host[:port] (RFC 6454, section 6.2)"),
            Self::OriginPattern => f.write_str(
                "in the pattern of an origin, each * is a whole label of a host name, and never the last one",
            ),
            Self::UserId => {
                f.write_str("the name of a user has no colon and no control characters (RFC 7617, section 2)")
            }
            Self::Password => f.write_str("a password has no control characters (RFC 7617, section 2)"),
            Self::BearerToken => {
                f.write_str("a bearer token is letters, digits, -._~+/ and = at its end (RFC 6750, section 2.1)")
            }
            Self::Cookies => f.write_str("cookies are name=value, with \"; \" between them (RFC 6265, section 4.2.1)"),
            Self::Proxy => f.write_str("a proxy is http://host[:port]; its credentials are given apart"),
            Self::InterimStatus => f.write_str("a refusal is a final response, not one of 1xx (RFC 9110, section 15)"),
            Self::NoContent => f.write_str("a response of this status has no content (RFC 9110, section 6.4.1)"),
            Self::Protocol => f.write_str("a protocol is a name with or without a version (RFC 9110, section 7.8)"),
            Self::TooManyProtocols => f.write_str("there are too many protocols"),
            Self::NoProtocol => f.write_str("there is no protocol to switch to"),
            Self::RepeatedProtocol => f.write_str("a protocol is named twice"),
            Self::ProtocolNotOffered => {
                f.write_str("the protocol is none that was offered and is allowed here (RFC 9110, section 7.8)")
            }
            Self::NotAlone => f.write_str("the protocol has to be the only one (RFC 9298, section 3.2)"),
            Self::WebSocket => f.write_str("WebSocket has an offer and a choice of its own"),
            Self::Method => f.write_str("the method is none that the protocol has"),
            Self::RequiredField(field) => write!(f, "the protocol requires a valid {field}"),
            Self::Content => f.write_str("the protocol does not have this content in front of the switch"),
            Self::Target => {
                f.write_str("the target is too long, or not of a form that the method has (RFC 9112, section 3.2)")
            }
            Self::Host => f.write_str("the host or the port is not valid (RFC 9110, section 7.2)"),
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

#[inline(always)]
fn write_all(f: &mut impl fmt::Write, pieces: &[&str]) -> fmt::Result {
    pieces.iter().try_for_each(|piece| f.write_str(piece))
}

/// The names with `between` between them.
fn list(f: &mut impl fmt::Write, names: &[&str], between: &str) -> fmt::Result {
    for (number, name) in names.iter().enumerate() {
        f.write_str(if number == 0 { "" } else { between })?;
        f.write_str(name)?;
    }
    Ok(())
}

/// The section that requires a field; several at once are always fields of one section.
fn missing_section(fields: &[&str]) -> &'static str {
    match fields.first().copied() {
        Some(HOST) => "RFC 9112, section 3.2",
        Some(SCHEME | PATH) => "RFC 8441, section 4",
        Some(AUTHORITY) => "RFC 8441, section 5",
        Some(SEC_WEBSOCKET_KEY | SEC_WEBSOCKET_VERSION) => "RFC 6455, section 4.2.1",
        Some(HTTP2_SETTINGS) => "RFC 7540, section 3.2.1",
        Some(CAPSULE_PROTOCOL) => "RFC 9297, section 3.4",
        Some(SEC_WEBSOCKET_ACCEPT) => "RFC 6455, section 4.1",
        // Upgrade and Connection, and what else a protocol requires.
        _ => "RFC 9110, section 7.8",
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
        SEC_WEBSOCKET_VERSION => "RFC 6455, section 11.3.5",
        HTTP2_SETTINGS => "RFC 7540, section 3.2.1",
        _ => "RFC 9110, section 5.3",
    }
}

/// The section with the grammar of a field.
fn value_section(field: &str) -> &'static str {
    match field {
        HOST => "RFC 9110, section 7.2",
        PATH | AUTHORITY => "RFC 9113, section 8.3.1",
        ORIGIN => "RFC 6454, section 7.1",
        UPGRADE => "RFC 9110, section 7.8",
        CONNECTION => "RFC 9110, section 7.6.1",
        EXPECT => "RFC 9110, section 10.1.1",
        SEC_WEBSOCKET_EXTENSIONS => "RFC 6455, section 9.1",
        SEC_WEBSOCKET_KEY | SEC_WEBSOCKET_PROTOCOL | SEC_WEBSOCKET_VERSION => "RFC 6455, section 4.3",
        HTTP2_SETTINGS => "RFC 7540, section 3.2.1",
        CAPSULE_PROTOCOL => "RFC 9297, section 3.4",
        _ => "RFC 9110, section 5.5",
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
            HandshakeError::Missing(&[UPGRADE]),
            HandshakeError::Malformed(EXPECT, None),
            HandshakeError::Expectation,
            HandshakeError::NotNominated(HTTP2_SETTINGS),
            HandshakeError::NotAlone,
            HandshakeError::ProtocolNotOffered,
            HandshakeError::Mismatch(HOST),
            HandshakeError::Mismatch(METHOD),
            HandshakeError::Mismatch(SCHEME),
            HandshakeError::Mismatch(TE),
            HandshakeError::Mismatch(TRANSFER_ENCODING),
            HandshakeError::Nominated(ORIGIN),
            HandshakeError::Missing(&[SCHEME]),
            HandshakeError::Missing(&[PATH]),
            HandshakeError::Missing(&[AUTHORITY]),
            HandshakeError::Malformed(PATH, None),
            HandshakeError::ConnectionSpecific(UPGRADE),
            HandshakeError::Protocol,
            HandshakeError::Version,
            HandshakeError::TooManySubprotocols,
            HandshakeError::RepeatedSubprotocol,
            HandshakeError::ForeignOrigin,
            HandshakeError::SubprotocolRequired,
            HandshakeError::UpgradeRequired,
            HandshakeError::ExtensionNotOffered,
            HandshakeError::Extension("x", ExtensionFault::Repeated),
            HandshakeError::Extension("permessage-deflate", ExtensionFault::UnknownParameter),
            HandshakeError::SubprotocolNotOffered,
        ] {
            let text = error.to_string();
            assert!(text.contains(error.field().unwrap()), "{text}");
            assert!(text.ends_with(&std::format!(" ({})", error.section())), "{text}");
        }
    }

    #[test]
    fn an_error_of_no_field_names_its_section_and_its_status() {
        for (error, status) in [
            (HandshakeError::Method(&["GET"]), 405),
            (HandshakeError::Content, 400),
            (HandshakeError::ContentTooLarge, 413),
            (HandshakeError::Authority, 400),
            (HandshakeError::Tunnel, 400),
            (HandshakeError::SwitchedEarly, 400),
            (HandshakeError::Target, 400),
            (HandshakeError::ProxyAuthentication, 400),
            (HandshakeError::EarlyData, 400),
            (HandshakeError::Timeout, 408),
        ] {
            let text = error.to_string();
            assert_eq!((error.field(), error.status().as_u16()), (None, status), "{text}");
            assert!(text.ends_with(&std::format!(" ({})", error.section())), "{text}");
        }
    }
}
