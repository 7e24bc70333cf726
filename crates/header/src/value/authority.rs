use core::net::Ipv6Addr;

use super::{ValueError, ValueErrorKind, decimal};
use crate::{classify, simd};

/// `host [":" port]` (RFC 9110, section 4.2.1), without user information.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority<'a> {
    /// A registered name, an IPv4 address, or an IPv6 address with its brackets; empty only where
    /// the whole value is.
    pub host: &'a str,
    /// The port; `None` where there is none or it is empty.
    pub port: Option<u16>,
}

/// Takes the value of `Host`, or the authority of a target, apart.
///
/// # Errors
/// Where it is anything else; user information is an error too (RFC 9110, section 4.2.4).
pub fn host(value: &[u8]) -> Result<Authority<'_>, ValueError> {
    let (end, port) = split(value)?;
    let host = value.get(..end).and_then(simd::ascii).ok_or(ValueError::new(ValueErrorKind::Host, end))?;
    Ok(Authority { host, port })
}

/// As [`host`], for the length of the host alone.
#[inline(always)]
pub(crate) fn host_len(value: &[u8]) -> Result<usize, ValueError> {
    match classify::reg_name_end(value, 0) {
        // Most are a name without a port.
        end if end == value.len() => Ok(end),
        _ => split(value).map(|(end, _)| end),
    }
}

/// The length of the host, and the port.
fn split(value: &[u8]) -> Result<(usize, Option<u16>), ValueError> {
    let end = if value.starts_with(b"[") { ipv6_end(value)? } else { reg_name_end(value)? };
    let port = match value.get(end..).unwrap_or_default() {
        [] => None,
        // A port alone belongs to nothing.
        [b':', digits @ ..] if end > 0 => port(digits).map_err(|inner| inner.shifted(end + 1))?,
        _ => return Err(ValueError::new(ValueErrorKind::Host, end)),
    };
    Ok((end, port))
}

/// RFC 3986, section 3.2.2: `reg-name = *( unreserved / pct-encoded / sub-delims )`. An IPv4
/// address is one as well.
fn reg_name_end(value: &[u8]) -> Result<usize, ValueError> {
    let mut at = 0;
    loop {
        at = classify::reg_name_end(value, at);
        match value.get(at..) {
            Some([b'%', high, low, ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => at += 3,
            Some([] | [b':', ..]) | None => return Ok(at),
            _ => return Err(ValueError::new(ValueErrorKind::Host, at)),
        }
    }
}

/// RFC 3986, section 3.2.2: `IP-literal = "[" IPv6address "]"`. `IPvFuture` has no use, and no
/// address of that form could be connected to.
fn ipv6_end(value: &[u8]) -> Result<usize, ValueError> {
    let error = ValueError::new(ValueErrorKind::Host, 0);
    let close = value.iter().position(|byte| *byte == b']').ok_or(error)?;
    let address = value.get(1..close).and_then(|bytes| core::str::from_utf8(bytes).ok()).ok_or(error)?;
    address.parse::<Ipv6Addr>().map_err(|_| error)?;
    Ok(close + 1)
}

/// RFC 3986, section 3.2.3: `port = *DIGIT`.
pub(super) fn port(digits: &[u8]) -> Result<Option<u16>, ValueError> {
    let port = decimal(digits, u16::MAX.into(), ValueErrorKind::Port)?;
    Ok(port.and_then(|port| u16::try_from(port).ok()))
}
