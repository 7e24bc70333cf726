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
    let known = classify::reg_name_end(value, 0);
    let (end, port) = match value.get(known..) {
        Some([]) => (known, None),
        Some([b':', digits @ ..])
            if known > 0
                && let Some(port) = short_port(digits) =>
        {
            (known, port)
        }
        _ => split_behind(value, known)?,
    };
    let host = value.get(..end).and_then(simd::ascii).ok_or(ValueError::new(ValueErrorKind::Host, end))?;
    Ok(Authority { host, port })
}

/// As [`host`], for the length of the host alone.
#[inline(always)]
pub(crate) fn host_len(value: &[u8]) -> Result<usize, ValueError> {
    match classify::reg_name_end(value, 0) {
        // Most are a name without a port.
        end if end == value.len() => Ok(end),
        end => split_behind(value, end).map(|(end, _)| end),
    }
}

/// The length of the host, and the port. The first `known` bytes may stand in a registered name.
fn split_behind(value: &[u8], known: usize) -> Result<(usize, Option<u16>), ValueError> {
    let end = if value.starts_with(b"[") { ipv6_end(value)? } else { reg_name_end(value, known)? };
    let port = match value.get(end..).unwrap_or_default() {
        [] => None,
        // A port alone belongs to nothing.
        [b':', digits @ ..] if end > 0 => port(digits).map_err(|inner| inner.shifted(end + 1))?,
        _ => return Err(ValueError::new(ValueErrorKind::Host, end)),
    };
    Ok((end, port))
}

/// RFC 3986, section 3.2.2: `reg-name = *( unreserved / pct-encoded / sub-delims )`. An IPv4
/// address is one as well. The first `known` bytes are not encoded.
fn reg_name_end(value: &[u8], known: usize) -> Result<usize, ValueError> {
    let mut at = known;
    loop {
        match value.get(at..) {
            Some([b'%', high, low, ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                at = classify::reg_name_end(value, at + 3);
            }
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

/// As [`port`], for no more than four digits, which are a port whatever they say.
#[inline]
pub(crate) fn short_port(digits: &[u8]) -> Option<Option<u16>> {
    if digits.len() > 4 {
        return None;
    }
    let mut port = 0;
    for byte in digits {
        let digit = u16::from(byte.wrapping_sub(b'0'));
        if digit > 9 {
            return None;
        }
        port = 10 * port + digit;
    }
    Some((!digits.is_empty()).then_some(port))
}
