use core::fmt;

/// The HTTP version of a message (RFC 9110, section 2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// HTTP/1.0, which knows neither `Upgrade` nor interim responses.
    Http10,
    /// HTTP/1.1, and every later minor version of HTTP/1.
    Http11,
    /// HTTP/2. Never tokenized here; a view over another parser's request may have it.
    Http2,
    /// HTTP/3. Never tokenized here; a view over another parser's request may have it.
    Http3,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
            Self::Http3 => "HTTP/3",
        })
    }
}
