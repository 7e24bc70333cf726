//! Who may open a connection from inside a browser: the Origin field (RFC 6454; RFC 6455, section 10.2).

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use switchover_header::value::{self, Authority};

use crate::LocalError;

/// The value of an Origin field: `null`, or `scheme://host` with a port where it is not the scheme's default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a>(&'a str);

impl<'a> Origin<'a> {
    /// The origin in a field value, if it is one (RFC 6454, section 7.1, with one origin as RFC 6455 has it).
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        behind_scheme(value).and_then(|_| value::ascii(value)).map(Self)
    }

    /// The origin as it was sent.
    pub fn as_str(&self) -> &'a str {
        self.0
    }

    /// Whether this is `null`, the origin of sandboxed frames and of local files: anybody can have it.
    pub fn is_null(&self) -> bool {
        self.0 == "null"
    }

    /// Whether both are the same: scheme, host without regard to case, and port, a default port being the same as none.
    ///
    /// This is meant for lists: `null` is the same as `null` here, and never [`is_of_host`](Self::is_of_host).
    pub fn is_same(&self, other: Origin<'_>) -> bool {
        match (self.parts(), other.parts()) {
            (Some(this), Some(other)) => this.is_same(&other),
            _ => self.0.eq_ignore_ascii_case(other.0),
        }
    }

    /// Whether this is the origin of pages that the host itself serves over HTTP or HTTPS.
    ///
    /// `authority` is the value of a Host field. Where it has no port, it has the default port of the origin's own
    /// scheme: behind a proxy that ends TLS, nothing in the request tells `http` from `https`.
    pub fn is_of_host(&self, authority: &str) -> bool {
        let (Some(parts), Ok(host)) = (self.parts(), value::host(authority.as_bytes())) else { return false };
        parts.is_of(&host)
    }

    /// Whether the scheme is this one, without regard to case.
    pub fn has_scheme(&self, scheme: &str) -> bool {
        self.0.split_once("://").is_some_and(|(own, _)| own.eq_ignore_ascii_case(scheme))
    }

    /// Whether the origin in a field value is that of a host, if there is one: see [`is_of_host`](Self::is_of_host). `None`
    /// where the value is no origin, as [`parse`](Self::parse) has it.
    pub(crate) fn is_value_of(value: &'a [u8], host: Option<Authority<'_>>) -> Option<bool> {
        let rest = behind_scheme(value)?;
        // An origin that begins with another host needs no closer look.
        let Some(host) = host.filter(|host| begins_with(rest, host.host)) else { return Some(false) };
        Some(Parts::of(value).is_some_and(|parts| parts.is_of(&host)))
    }

    /// An origin that the caller names. A browser has to be able to send it: with a path or user information, say, it
    /// would be the same as no other (RFC 6454, section 6.2).
    pub(crate) fn from_caller(origin: &'a str) -> Result<Self, LocalError> {
        let this = Self::parse(origin.as_bytes()).ok_or(LocalError::Origin)?;
        let sendable = match value::origin(origin.as_bytes()) {
            // Whoever writes a pattern expects it to match.
            Ok(value::Origin::Triple { host, .. }) if host.contains('*') => false,
            // There are `file://` and the like, while a page of HTTP comes from a host.
            Ok(value::Origin::Triple { scheme, host, .. }) => !host.is_empty() || default_port(scheme).is_none(),
            Ok(value::Origin::Null) => true,
            Err(_) => false,
        };
        sendable.then_some(this).ok_or(LocalError::Origin)
    }

    fn parts(&self) -> Option<Parts<'a>> {
        Parts::of(self.0.as_bytes())
    }
}

/// Which origins may open a connection. A request without an Origin field does not come from a browser's page, and
/// every policy lets it in.
///
/// ```
/// use switchover_handshake::{Origin, OriginPolicy};
///
/// let policy = OriginPolicy::same_origin().or(OriginPolicy::listed(["https://example.org", "https://*.example.net"])?);
/// let permits = |origin: &str| policy.permits(Origin::parse(origin.as_bytes()).unwrap(), "example.com");
/// assert!(permits("https://example.com") && permits("https://example.org") && permits("https://a.example.net"));
/// assert!(!permits("https://example.net") && !permits("https://a.b.example.net") && !permits("null"));
/// # Ok::<(), switchover_handshake::LocalError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginPolicy(Rule);

impl OriginPolicy {
    /// Pages that this host itself serves, over HTTP or HTTPS: the default. See [`Origin::is_of_host`].
    pub fn same_origin() -> Self {
        Self(Rule::SameOrigin { https_only: false })
    }

    /// Pages that this host itself serves over HTTPS: for a server that knows TLS to be in use.
    pub fn same_origin_over_https() -> Self {
        Self(Rule::SameOrigin { https_only: true })
    }

    /// Only these origins, such as `https://example.com`, and those that these patterns match, such as
    /// `https://*.example.com`.
    ///
    /// In a pattern each `*` is one whole label of the host, as the one that a certificate may begin with (RFC 9525, section
    /// 6.3); here any label but the last may be one:
    /// `https://*.example.com` matches `https://a.example.com`, and neither `https://example.com` nor
    /// `https://a.b.example.com`. Scheme and port are compared as those of an origin. A pattern matches names only, never
    /// an IP address. `null` is let in where it is listed.
    ///
    /// # Errors
    /// [`LocalError::Origin`] if one of them is neither `null` nor `scheme://host` nor `scheme://host:port`, such as
    /// `https://example.com/` with its slash: no browser sends that. [`LocalError::OriginPattern`] if a `*` is not a whole
    /// label, if the last label is one, or if what is there belongs to an IP address.
    pub fn listed<T: Into<String>>(origins: impl IntoIterator<Item = T>) -> Result<Self, LocalError> {
        let rules = origins.into_iter().map(|origin| Rule::listed(origin.into())).collect::<Result<_, _>>()?;
        Ok(Self(Rule::OneOf(rules)))
    }

    /// Pages of anybody, `null` included. A server must then not act on cookies, nor on anything else that a browser adds
    /// by itself.
    pub fn any() -> Self {
        Self(Rule::Any)
    }

    /// No pages at all.
    pub fn none() -> Self {
        Self(Rule::OneOf(Vec::new()))
    }

    /// What this policy or the other one lets in.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let mut rules = self.0.into_rules();
        rules.extend(other.0.into_rules());
        Self(Rule::OneOf(rules))
    }

    /// Whether a request is let in by what [`is_of_host`](Origin::is_of_host) says of it, and by nothing else.
    pub(crate) fn asks_for_host_alone(&self) -> bool {
        matches!(self.0, Rule::SameOrigin { https_only: false })
    }

    /// Whether a request to the host `authority` with this origin is let in.
    pub fn permits(&self, origin: Origin<'_>, authority: &str) -> bool {
        self.0.permits(origin, authority)
    }
}

impl Default for OriginPolicy {
    fn default() -> Self {
        Self::same_origin()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    SameOrigin {
        https_only: bool,
    },
    /// An origin.
    Listed(String),
    /// An origin with `*` in the place of labels of its host.
    Pattern(String),
    Any,
    /// None of them is of this kind.
    OneOf(Vec<Rule>),
}

impl Rule {
    fn listed(origin: String) -> Result<Self, LocalError> {
        if !origin.contains('*') {
            Origin::from_caller(&origin)?;
            return Ok(Self::Listed(origin));
        }
        let pattern = Origin::parse(origin.as_bytes()).and_then(|origin| origin.parts()).ok_or(LocalError::Origin)?;
        match is_pattern(pattern.host) {
            true => Ok(Self::Pattern(origin)),
            false => Err(LocalError::OriginPattern),
        }
    }

    fn into_rules(self) -> Vec<Self> {
        match self {
            Self::OneOf(rules) => rules,
            rule => vec![rule],
        }
    }

    fn permits(&self, origin: Origin<'_>, authority: &str) -> bool {
        match self {
            Self::SameOrigin { https_only } => {
                origin.is_of_host(authority) && (!https_only || origin.has_scheme("https"))
            }
            Self::Listed(listed) => origin.is_same(Origin(listed)),
            Self::Pattern(pattern) => origin.parts().is_some_and(|parts| parts.match_pattern(Origin(pattern))),
            Self::Any => true,
            Self::OneOf(rules) => rules.iter().any(|rule| rule.permits(origin, authority)),
        }
    }
}

/// The triple of RFC 6454, section 4; no port where the scheme is not known to have a default one.
struct Parts<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<u16>,
}

impl<'a> Parts<'a> {
    /// `None` for `null`, for an origin whose host is empty, such as `file://`, and for one that no other is the same as.
    fn of(value: &'a [u8]) -> Option<Self> {
        let value::Origin::Triple { scheme, host, port } = value::origin(value).ok()? else { return None };
        let port = port.or_else(|| default_port(scheme));
        (!host.is_empty()).then_some(Self { scheme, host, port })
    }

    /// Whether this is an origin of that host, over HTTP or HTTPS.
    fn is_of(&self, host: &Authority<'_>) -> bool {
        let Some(default_port) = default_port(self.scheme) else { return false };
        self.port == Some(host.port.unwrap_or(default_port)) && self.host.eq_ignore_ascii_case(host.host)
    }

    /// RFC 6454, section 5.
    fn is_same(&self, other: &Parts<'_>) -> bool {
        self.scheme.eq_ignore_ascii_case(other.scheme)
            && self.host.eq_ignore_ascii_case(other.host)
            && self.port == other.port
    }

    fn match_pattern(&self, pattern: Origin<'_>) -> bool {
        pattern.parts().is_some_and(|pattern| {
            let same_but_host = Parts { host: self.host, ..pattern };
            self.is_same(&same_but_host) && host_matches(self.host, pattern.host)
        })
    }
}

/// What stands behind the scheme of an origin and its `://`; nothing for `null`. `None` where the value is no origin.
fn behind_scheme(value: &[u8]) -> Option<&[u8]> {
    let usual = value.strip_prefix(b"https://").or(value.strip_prefix(b"http://"));
    let rest = match usual {
        Some(rest) => rest,
        None if value == b"null" => return Some(&[]),
        None => {
            let (scheme, rest) = value.split_at(value.iter().take_while(|byte| **byte != b':').count());
            rest.strip_prefix(b"://").filter(|_| value::is_scheme(scheme))?
        }
    };
    is_visible(rest).then_some(rest)
}

/// Whether all bytes are VCHAR, by eight of them, the last of which overlap.
fn is_visible(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let Some(last) = bytes.last_chunk() else { return bytes.iter().all(u8::is_ascii_graphic) };
    bytes.as_chunks().0.iter().chain([last]).all(|word| {
        // Where no byte is above 0x7F, no sum reaches the next one.
        let word = u64::from_le_bytes(*word);
        let (above_space, delete) = (word.wrapping_add(ONES * (0x7F - b' ' as u64)), word.wrapping_add(ONES));
        (word | !above_space | delete) & HIGH == 0
    })
}

/// In any case.
fn begins_with(bytes: &[u8], host: &str) -> bool {
    bytes.get(..host.len()).is_some_and(|start| start.eq_ignore_ascii_case(host.as_bytes()))
}

/// Whether each label of the host is the pattern's, or stands where the pattern has `*`.
fn host_matches(host: &str, pattern: &str) -> bool {
    let mut labels = host.split('.');
    let each = pattern.split('.').all(|expected| match (labels.next(), expected) {
        (Some(label), "*") => is_label(label),
        (Some(label), expected) => label.eq_ignore_ascii_case(expected),
        (None, _) => false,
    });
    each && labels.next().is_none()
}

/// Whether a host with `*` in it is a pattern: labels all of them, `*` alone in its label and none at the end, where a
/// number would make it an IPv4 address.
fn is_pattern(host: &str) -> bool {
    let labels = || host.split('.');
    labels().all(|label| label == "*" || is_label(label))
        && labels().next_back().is_some_and(|last| last.bytes().any(|byte| byte.is_ascii_alphabetic()))
}

/// A label as a browser sends it: letters, digits, `-` and, as many hosts have it, `_`; other scripts are in ASCII there.
fn is_label(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        _ if scheme.eq_ignore_ascii_case("http") => Some(80),
        _ if scheme.eq_ignore_ascii_case("https") => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// As RFC 6454, section 7.1, has it, with nothing of what is behind the scheme taken apart.
    fn is_origin(value: &[u8]) -> bool {
        let Ok(origin) = core::str::from_utf8(value) else { return false };
        let scheme = origin.split_once("://").map(|(scheme, _)| scheme);
        value.iter().all(u8::is_ascii_graphic)
            && (origin == "null" || scheme.is_some_and(|scheme| value::is_scheme(scheme.as_bytes())))
    }

    /// Every byte in every place of slices around the word size, and every pair side by side.
    #[test]
    fn visible_bytes_in_all_places() {
        for byte in 0..=u8::MAX {
            for length in 1..=17 {
                for place in 0..length {
                    let mut bytes = [b'a'; 17];
                    bytes[place] = byte;
                    assert_eq!(is_visible(&bytes[..length]), byte.is_ascii_graphic(), "{byte} at {place} of {length}");
                    bytes[length - 1 - place] = b'~';
                    assert_eq!(is_visible(&bytes[..length]), bytes[..length].iter().all(u8::is_ascii_graphic));
                }
            }
            for other in 0..=u8::MAX {
                let bytes = [b'!', byte, other, b'~', b'!', b'~', other, byte];
                assert_eq!(is_visible(&bytes), byte.is_ascii_graphic() && other.is_ascii_graphic());
            }
        }
        assert!(is_visible(b""));
    }

    proptest! {
        #[test]
        fn an_origin_is_parsed_where_it_is_one(
            scheme in select(&["http", "https", "HTTPS", "httpss", "file", "a+b", "1a", "a_b", "null", ""][..]),
            separator in select(&["://", ":/", ":", "//", "", ":://"][..]),
            rest in prop_oneof![
                "[a-z.:/@]{0,20}".prop_map(String::into_bytes),
                prop::collection::vec(any::<u8>(), 0..20),
                Just(b"a://b".to_vec()),
            ],
        ) {
            let value = [scheme.as_bytes(), separator.as_bytes(), &rest].concat();
            let parsed = Origin::parse(&value);
            prop_assert_eq!(parsed.is_some(), is_origin(&value), "{}", value.escape_ascii());
            prop_assert!(parsed.is_none_or(|origin| origin.as_str().as_bytes() == value));
        }

        /// A look at what it begins with decides nothing that a whole comparison would not.
        #[test]
        fn a_field_value_is_of_the_host_that_its_origin_is_of(
            scheme in select(&["http://", "https://", "HTTP://", "ws://", "x"][..]),
            own in select(&["a.example", "A.example", "a.examples", "a", "", "[::1]", "a.example:80", "a.example:443"][..]),
            port in select(&["", ":", ":80", ":443", ":8080", ":x", "/"][..]),
            host in select(&["a.example", "A.EXAMPLE", "a", "[::1]", "a.example:80", "a.example:443", "a.example:8080"][..]),
        ) {
            let value = format!("{scheme}{own}{port}");
            let expected = Origin::parse(value.as_bytes()).map(|origin| origin.is_of_host(host));
            let authority = value::host(host.as_bytes()).ok();
            prop_assert_eq!(Origin::is_value_of(value.as_bytes(), authority), expected, "{} {}", value, host);
            prop_assert_eq!(Origin::is_value_of(value.as_bytes(), None), expected.map(|_| false));
        }
    }
}
