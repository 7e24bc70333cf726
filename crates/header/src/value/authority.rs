use core::net::Ipv6Addr;

use super::{ValueError, ValueErrorKind};
use crate::classify::is_reg_name_byte;

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
    let end = if value.starts_with(b"[") { ipv6_end(value)? } else { reg_name_end(value)? };
    let (host, rest) = value.split_at_checked(end).unwrap_or((value, &[]));
    let error = ValueError::new(ValueErrorKind::Host, end);
    let port = match rest {
        [] => None,
        // A port alone belongs to nothing.
        [b':', digits @ ..] if end > 0 => port(digits).map_err(|inner| inner.shifted(end + 1))?,
        _ => return Err(error),
    };
    Ok(Authority { host: core::str::from_utf8(host).map_err(|_| error)?, port })
}

/// RFC 3986, section 3.2.2: `reg-name = *( unreserved / pct-encoded / sub-delims )`. An IPv4
/// address is one as well.
fn reg_name_end(value: &[u8]) -> Result<usize, ValueError> {
    let mut at = 0;
    while let Some(&byte) = value.get(at) {
        match byte {
            b':' => break,
            b'%' => match value.get(at + 1..at + 3) {
                Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => at += 3,
                _ => return Err(ValueError::new(ValueErrorKind::Host, at)),
            },
            _ if is_reg_name_byte(byte) => at += 1,
            _ => return Err(ValueError::new(ValueErrorKind::Host, at)),
        }
    }
    Ok(at)
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
fn port(digits: &[u8]) -> Result<Option<u16>, ValueError> {
    let mut port = None;
    for (offset, byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        let longer =
            (digit <= 9).then(|| port.unwrap_or(0u16).checked_mul(10)?.checked_add(u16::from(digit))).flatten();
        port = Some(longer.ok_or(ValueError::new(ValueErrorKind::Port, offset))?);
    }
    Ok(port)
}
