//! What both halves read of single fields.

use switchover_header::{FieldsView, value};

use crate::HandshakeError;

/// The value of a field that may be there once.
pub(crate) fn single<'v>(view: &'v impl FieldsView, name: &'static str) -> Result<Option<&'v [u8]>, HandshakeError> {
    value::single(view.values(name)).map_err(|_| HandshakeError::Repeated(name))
}

/// A version of the WebSocket protocol: 0 to 255 without leading zeros (RFC 6455, section 4.3).
pub(crate) fn parse_version(value: &[u8]) -> Option<u8> {
    match value {
        [b'0'] => Some(0),
        [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => {
            core::str::from_utf8(value).ok()?.parse().ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_0_to_255_without_leading_zeros() {
        for version in 0..=255u8 {
            assert_eq!(parse_version(std::format!("{version}").as_bytes()), Some(version));
        }
        for value in ["", "00", "013", "256", "999", "1000", "+13", "-1", "13.0", "0xD", "13 ", "1a"] {
            assert_eq!(parse_version(value.as_bytes()), None, "{value}");
        }
    }
}
