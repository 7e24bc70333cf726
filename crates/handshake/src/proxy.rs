//! A proxy on the way to the server: where it is, and what it is asked for (RFC 9110, section 9.3.6).

use alloc::boxed::Box;
use core::str::FromStr;

use switchover_header::names::PROXY_AUTHORIZATION;
use switchover_header::value;

use crate::{ConnectOffer, Credentials, LocalError, Url};

/// A proxy that makes tunnels, spoken to without TLS: `http://host` or `http://host:port`. Each connection takes a tunnel of
/// its own, to `ws` and to `wss` (RFC 6455, section 4.1).
///
/// ```
/// use switchover_handshake::{ClientHandshake, Credentials, Proxy, Url};
///
/// let proxy: Proxy = "http://proxy.example:3128".parse()?;
/// let proxy = proxy.authorization(&Credentials::basic("Aladdin", "open sesame")?);
/// assert_eq!((proxy.host(), proxy.port()), ("proxy.example", 3128));
/// let url: Url = "ws://example.com/notifications".parse()?;
/// let mut output = Vec::new();
/// let handshake = ClientHandshake::connect(&proxy.tunnel_to(&url)?, &mut output)?;
/// assert_eq!(
///     output,
///     b"CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\n\
///       Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"
/// );
/// # Ok::<(), switchover_handshake::LocalError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// An IPv6 address without its brackets.
    host: Box<str>,
    port: u16,
    credentials: Option<Credentials>,
}

impl Proxy {
    /// The same with credentials, in the place of those that are there. They are sent to the proxy alone.
    #[must_use]
    pub fn authorization(mut self, credentials: &Credentials) -> Self {
        self.credentials = Some(credentials.clone());
        self
    }

    /// The host to connect to: a name or an address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port to connect to; 80 where none was given.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The request for a tunnel to the host of this URL.
    ///
    /// # Errors
    /// [`LocalError::Target`] for port 0, to which there is no tunnel.
    pub fn tunnel_to(&self, url: &Url) -> Result<ConnectOffer, LocalError> {
        let offer = ConnectOffer::new(&url.host_and_port())?;
        match &self.credentials {
            Some(credentials) => offer.field(PROXY_AUTHORIZATION, credentials.as_str()),
            None => Ok(offer),
        }
    }
}

impl FromStr for Proxy {
    type Err = LocalError;

    fn from_str(proxy: &str) -> Result<Self, LocalError> {
        let (scheme, rest) = proxy.split_once("://").ok_or(LocalError::Proxy)?;
        let authority =
            value::host(rest.strip_suffix('/').unwrap_or(rest).as_bytes()).map_err(|_| LocalError::Proxy)?;
        if !scheme.eq_ignore_ascii_case("http") || authority.host.is_empty() {
            return Err(LocalError::Proxy);
        }
        let host = authority.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(authority.host);
        Ok(Self { host: host.into(), port: authority.port.unwrap_or(80), credentials: None })
    }
}
