//! The URIs of WebSocket: `ws://` and `wss://` (RFC 6455, section 3).

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use switchover_header::value;

/// A valid `ws` or `wss` URI, taken apart into what a client needs of it.
///
/// ```
/// use switchover_handshake::Url;
///
/// let url: Url = "ws://example.com:80/notifications?since=7".parse()?;
/// assert_eq!((url.host(), url.port(), url.is_secure()), ("example.com", 80, false));
/// assert_eq!((url.authority(), url.target()), ("example.com", "/notifications?since=7"));
/// # Ok::<(), switchover_handshake::UrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Url {
    secure: bool,
    port: u16,
    /// The host as in the URI, an IPv6 address in its brackets; `:port` follows where it is not the default.
    authority: Box<str>,
    /// `authority[..host]` is the host; `0 < host <= authority.len()`.
    host: usize,
    /// Starts with `/`.
    target: Box<str>,
}

impl Url {
    /// Whether the scheme is `wss`, so that TLS comes before the first byte of the handshake.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host to connect to: a name or an address, an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        let host = self.authority.get(..self.host).unwrap_or_default();
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    /// The port to connect to; where the URI has none, 80 for `ws` and 443 for `wss`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The value of the Host field: the port is there only where it is not the default one.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The same with the port in any case: what a tunnel is asked for.
    pub(crate) fn host_and_port(&self) -> String {
        format!("{}:{}", self.authority.get(..self.host).unwrap_or_default(), self.port)
    }

    /// Whether both are of one origin: scheme, host without regard to case, and port (RFC 6454, section 5).
    pub fn is_same_origin(&self, other: &Self) -> bool {
        self.secure == other.secure && self.authority.eq_ignore_ascii_case(&other.authority)
    }

    /// The request target: path and query, which RFC 6455 calls the resource name.
    pub fn target(&self) -> &str {
        &self.target
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(url: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = url.split_once("://").ok_or(UrlError::Scheme)?;
        let secure = match scheme {
            _ if scheme.eq_ignore_ascii_case("ws") => false,
            _ if scheme.eq_ignore_ascii_case("wss") => true,
            _ => return Err(UrlError::Scheme),
        };
        if rest.contains('#') {
            return Err(UrlError::Fragment);
        }
        let (authority, resource) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(UrlError::UserInfo);
        }
        let parsed = value::host(authority.as_bytes()).map_err(|_| UrlError::Host)?;
        if parsed.host.is_empty() {
            return Err(UrlError::Host);
        }
        if !is_resource(resource.as_bytes()) {
            return Err(UrlError::Resource);
        }
        let default_port = if secure { 443 } else { 80 };
        let port = parsed.port.unwrap_or(default_port);
        let authority =
            if port == default_port { parsed.host.into() } else { format!("{}:{port}", parsed.host).into() };
        // RFC 6455, section 3: "/" if the path is empty, "?" only if the query is not.
        let resource = resource.strip_suffix('?').filter(|path| !path.contains('?')).unwrap_or(resource);
        let target = if resource.starts_with('/') { resource.into() } else { format!("/{resource}").into() };
        Ok(Self { secure, port, authority, host: parsed.host.len(), target })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "wss" } else { "ws" };
        write!(f, "{scheme}://{}{}", self.authority, self.target)
    }
}

/// Without the query, which may hold a credential.
impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "wss" } else { "ws" };
        let path = self.target.split_inclusive('?').next().unwrap_or_default();
        write!(f, "Url({scheme}://{}{path})", self.authority)
    }
}

/// Why a text is no WebSocket URI (RFC 6455, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlError {
    /// The scheme is neither `ws` nor `wss`, or `://` does not follow it.
    Scheme,
    /// There is user information, a name or a password before `@`: send an Authorization field instead.
    UserInfo,
    /// The host is empty or no host, or the port is no number up to 65535.
    Host,
    /// The path or the query has a character that must be percent-encoded there (RFC 3986, section 3.3).
    Resource,
    /// There is a fragment; a `#` that is part of the path is written `%23`.
    Fragment,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "a WebSocket URI starts with ws:// or wss:// (RFC 6455, section 3)",
            Self::UserInfo => "a WebSocket URI has no user information (RFC 6455, section 3)",
            Self::Host => "the host or the port is not valid (RFC 3986, section 3.2)",
            Self::Resource => {
                "the path or the query has a character that must be percent-encoded (RFC 3986, section 3.3)"
            }
            Self::Fragment => "a WebSocket URI has no fragment (RFC 6455, section 3)",
        })
    }
}

impl core::error::Error for UrlError {}

/// path-abempty, and a query after the first `?` (RFC 3986, sections 3.3 and 3.4).
fn is_resource(mut bytes: &[u8]) -> bool {
    while let [first, rest @ ..] = bytes {
        bytes = match (first, rest) {
            (b'%', [high, low, rest @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => rest,
            (b'/' | b'?' | b':' | b'@', _) | (b'-' | b'.' | b'_' | b'~', _) => rest,
            (b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=', _) => rest,
            _ if first.is_ascii_alphanumeric() => rest,
            _ => return false,
        };
    }
    true
}
