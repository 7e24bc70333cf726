//! The values of the opening handshake that are no tokens (RFC 6455, section 4.3).

use super::{ValueError, ValueErrorKind, decimal};
use crate::classify;

/// The value of `Sec-WebSocket-Key`: 16 bytes in base64, which are 24 characters ending in `==`
/// (RFC 6455, section 4.1, second list, item 7).
///
/// Pad bits may be anything: RFC 6455 prints a key of its own, `AQIDBAUGBwgJCgsMDQ4PEC==`, with
/// bits set there.
///
/// # Errors
/// Where it is anything else.
pub fn websocket_key(value: &[u8]) -> Result<&[u8; 24], ValueError> {
    base64(value, b"==", ValueErrorKind::WebSocketKey)
}

/// The value of `Sec-WebSocket-Accept`: the 20 bytes of a SHA-1 in base64, which are 28 characters
/// ending in `=` (RFC 6455, section 4.2.2, item 5.4). What it has to be is for the client to say.
///
/// # Errors
/// Where it is anything else.
pub fn websocket_accept(value: &[u8]) -> Result<&[u8; 28], ValueError> {
    base64(value, b"=", ValueErrorKind::WebSocketAccept)
}

/// A version of the WebSocket protocol: 0 to 255 without leading zeros (RFC 6455, section 4.3).
///
/// # Errors
/// Where it is anything else.
pub fn websocket_version(value: &[u8]) -> Result<u8, ValueError> {
    let error = |offset| ValueError::new(ValueErrorKind::WebSocketVersion, offset);
    if let [b'0', _, ..] = value {
        return Err(error(1));
    }
    let version = decimal(value, u8::MAX.into(), ValueErrorKind::WebSocketVersion)?;
    version.and_then(|version| u8::try_from(version).ok()).ok_or(error(0))
}

/// `N` characters of base64, of which the last are `padding`. A fault is placed at the first
/// character that is amiss, or at the end of a value that is too short.
fn base64<'a, const N: usize>(
    value: &'a [u8],
    padding: &[u8],
    kind: ValueErrorKind,
) -> Result<&'a [u8; N], ValueError> {
    let data = (N - padding.len()).min(value.len());
    let (digits, behind) = value.split_at(data);
    let digits = classify::base64_end(digits, 0);
    if digits == data
        && behind == padding
        && let Some(whole) = value.first_chunk()
    {
        return Ok(whole);
    }
    let padded = behind.iter().zip(padding).take_while(|(byte, expected)| byte == expected).count();
    Err(ValueError::new(kind, if digits == data { digits + padded } else { digits }))
}
