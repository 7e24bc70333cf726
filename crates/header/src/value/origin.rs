use super::{Authority, ValueError, ValueErrorKind, host, is_scheme};
use crate::simd;

/// An origin as it is serialized (RFC 6454, section 6.2).
///
/// `==` compares the spelling. Two triples are the same origin where scheme and host are equal in
/// any case and the ports are, a missing one being the scheme's default (section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// `null`, the origin of sandboxed frames and of local files: anybody can have it.
    Null,
    /// `scheme "://" host [ ":" port ]`.
    Triple {
        /// The scheme, in the case it was sent in.
        scheme: &'a str,
        /// The host as in [`Authority::host`]; empty for origins such as `file://`.
        host: &'a str,
        /// The port; `None` where there is none or it is empty.
        port: Option<u16>,
    },
}

/// Takes one origin apart, which is the whole value where a browser sends it.
///
/// # Errors
/// Where it is anything else: a list of origins, user information, a path, `Null` in any other
/// case.
pub fn origin(value: &[u8]) -> Result<Origin<'_>, ValueError> {
    if value == b"null" {
        return Ok(Origin::Null);
    }
    let colon = value.iter().take_while(|byte| **byte != b':').count();
    let (scheme, rest) = value.split_at_checked(colon).unwrap_or_default();
    let error = ValueError::new(ValueErrorKind::Origin, 0);
    let scheme = simd::ascii(scheme).filter(|scheme| is_scheme(scheme.as_bytes())).ok_or(error)?;
    let authority = rest.strip_prefix(b"://").ok_or(error.shifted(colon))?;
    let Authority { host, port } = host(authority).map_err(|error| error.shifted(colon + b"://".len()))?;
    Ok(Origin::Triple { scheme, host, port })
}

/// The origins of a value that may hold several, one SP apart: those that took part in causing the
/// request (RFC 6454, section 7.1). `null` stands alone.
#[must_use]
pub const fn origins(value: &[u8]) -> Origins<'_> {
    Origins { value, next: Some(0) }
}

/// The iterator of [`origins`]. It ends after an error.
#[derive(Clone, Debug)]
pub struct Origins<'a> {
    value: &'a [u8],
    /// Offset of the next origin; `None` after the last one or an error.
    next: Option<usize>,
}

impl<'a> Iterator for Origins<'a> {
    type Item = Result<Origin<'a>, ValueError>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.next.take()?;
        let rest = self.value.get(start..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| **byte != b' ').count();
        let alone = length == self.value.len();
        Some(match origin(rest.get(..length).unwrap_or_default()) {
            Ok(Origin::Null) if !alone => Err(ValueError::new(ValueErrorKind::Origin, start)),
            Ok(origin) => {
                self.next = Some(start + length + 1).filter(|next| *next <= self.value.len());
                Ok(origin)
            }
            Err(error) => Err(error.shifted(start)),
        })
    }
}
