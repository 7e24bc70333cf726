//! References relative to a URL, as a Location field has them (RFC 3986, section 5).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use switchover_header::value;

use crate::hop::is_one_of;
use crate::{Url, UrlError};

impl Url {
    /// The URL that a reference means here. It may be a whole URL, where `http` stands for `ws` and `https` for `wss`, or
    /// lack everything up to its host, its path or its query; a fragment is dropped.
    ///
    /// ```
    /// use switchover_handshake::Url;
    ///
    /// let url: Url = "ws://example.com/v1/notifications?since=7".parse()?;
    /// assert_eq!(url.resolve("../v2/#top")?, "ws://example.com/v2/".parse()?);
    /// assert_eq!(url.resolve("https://example.org/")?, "wss://example.org/".parse()?);
    /// # Ok::<(), switchover_handshake::UrlError>(())
    /// ```
    ///
    /// # Errors
    /// As for [`parse`](str::parse).
    pub fn resolve(&self, reference: &str) -> Result<Self, UrlError> {
        let reference = reference.split('#').next().unwrap_or_default();
        // RFC 3986, section 5.2.2, where the base has an authority, and a path that starts with "/".
        let (secure, rest) = match split_scheme(reference)? {
            Some((scheme, rest)) => (is_secure(scheme)?, Some(rest.strip_prefix("//").ok_or(UrlError::Host)?)),
            None => (self.is_secure(), reference.strip_prefix("//")),
        };
        let scheme = if secure { "wss" } else { "ws" };
        if let Some(rest) = rest {
            let (authority, resource) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            let (path, query) = split_query(resource);
            return format!("{scheme}://{authority}{}{query}", remove_dot_segments(path)).parse();
        }
        let (path, query) = split_query(reference);
        let (base, base_query) = split_query(self.target());
        let (path, query) = match path {
            "" if query.is_empty() => (base.into(), base_query),
            "" => (base.into(), query),
            path if path.starts_with('/') => (remove_dot_segments(path), query),
            path => {
                let directory = base.rfind('/').and_then(|last| base.get(..=last)).unwrap_or("/");
                (remove_dot_segments(&format!("{directory}{path}")), query)
            }
        };
        format!("{scheme}://{}{path}{query}", self.authority()).parse()
    }
}

/// The scheme of a reference that has one, and what is behind its colon.
///
/// RFC 3986, section 4.2: the first segment of a path that is relative has no colon.
fn split_scheme(reference: &str) -> Result<Option<(&str, &str)>, UrlError> {
    let first = reference.split(['/', '?']).next().unwrap_or_default();
    match first.split_once(':') {
        None => Ok(None),
        Some((scheme, _)) if value::is_scheme(scheme.as_bytes()) => Ok(reference.split_once(':')),
        Some(_) => Err(UrlError::Scheme),
    }
}

/// Whether the scheme is one over TLS. RFC 6455, section 3 has one for each of HTTP's.
fn is_secure(scheme: &str) -> Result<bool, UrlError> {
    match scheme {
        _ if is_one_of(scheme, &["ws", "http"]) => Ok(false),
        _ if is_one_of(scheme, &["wss", "https"]) => Ok(true),
        _ => Err(UrlError::Scheme),
    }
}

/// The path, and the query with its `?` or nothing.
fn split_query(resource: &str) -> (&str, &str) {
    resource.split_at(resource.find('?').unwrap_or(resource.len()))
}

/// RFC 3986, section 5.2.4, for a path that starts with `/` or is empty, which means the same.
fn remove_dot_segments(path: &str) -> String {
    let mut kept = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        if segment == ".." {
            kept.pop();
        }
        let is_dots = matches!(segment, "." | "..");
        match (is_dots, segments.peek()) {
            (false, _) => kept.push(segment),
            // What it leaves behind is a directory.
            (true, None) => kept.push(""),
            (true, Some(_)) => {}
        }
    }
    format!("/{}", kept.join("/"))
}
