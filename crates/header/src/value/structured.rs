//! As much of Structured Fields (RFC 8941) as one Item that is a Boolean needs.

use super::{ValueError, ValueErrorKind};
use crate::classify::is_token_byte;

/// What a part at the front of some bytes leaves: what is behind it, or else what cannot be read.
type Rest<'a> = Result<&'a [u8], &'a [u8]>;

/// Reads a value that is an Item and a Boolean, `?1` or `?0`; its parameters are checked and
/// ignored (RFC 8941, sections 3.3.6 and 4.2). `Capsule-Protocol` is such a field.
///
/// # Errors
/// Where it is anything else: an Item of another type, a List, or malformed.
pub fn boolean_item(value: &[u8]) -> Result<bool, ValueError> {
    let error = |rest: &[u8]| ValueError::new(ValueErrorKind::StructuredField, value.len() - rest.len());
    let (boolean, mut rest) = match skip_spaces(value) {
        [b'?', b'0', rest @ ..] => (false, rest),
        [b'?', b'1', rest @ ..] => (true, rest),
        other => return Err(error(other)),
    };
    while let [b';', parameter @ ..] = rest {
        rest = skip_parameter(skip_spaces(parameter)).map_err(error)?;
    }
    match skip_spaces(rest) {
        [] => Ok(boolean),
        other => Err(error(other)),
    }
}

/// Section 4.2.3.2: `key [ "=" bare-item ]`.
fn skip_parameter(bytes: &[u8]) -> Rest<'_> {
    let [b'a'..=b'z' | b'*', rest @ ..] = bytes else { return Err(bytes) };
    let rest = skip(rest, |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'*'), usize::MAX);
    match rest {
        [b'=', item @ ..] => skip_bare_item(item),
        _ => Ok(rest),
    }
}

/// Section 4.2.3.1.
fn skip_bare_item(bytes: &[u8]) -> Rest<'_> {
    match bytes {
        [b'"', rest @ ..] => skip_string(rest),
        [b':', rest @ ..] => match skip(rest, |byte| is_base64(byte) || byte == b'=', usize::MAX) {
            [b':', rest @ ..] => Ok(rest),
            other => Err(other),
        },
        [b'?', b'0' | b'1', rest @ ..] => Ok(rest),
        [b'*' | b'A'..=b'Z' | b'a'..=b'z', rest @ ..] => {
            Ok(skip(rest, |byte| is_token_byte(byte) || matches!(byte, b':' | b'/'), usize::MAX))
        }
        [b'-', rest @ ..] => skip_number(rest),
        _ => skip_number(bytes),
    }
}

/// Section 4.2.4: up to 15 digits, or up to 12 with up to 3 behind a point.
fn skip_number(bytes: &[u8]) -> Rest<'_> {
    let rest = skip(bytes, |byte| byte.is_ascii_digit(), 15);
    match (bytes.len() - rest.len(), rest) {
        (0, _) => Err(bytes),
        (1..=12, [b'.', fraction @ ..]) => match skip(fraction, |byte| byte.is_ascii_digit(), 3) {
            rest if rest.len() < fraction.len() => Ok(rest),
            rest => Err(rest),
        },
        _ => Ok(rest),
    }
}

/// Section 4.2.5, behind the opening quote. Bytes beyond ASCII have no place in it.
fn skip_string(bytes: &[u8]) -> Rest<'_> {
    let mut rest = bytes;
    loop {
        rest = match rest {
            [b'"', rest @ ..] => return Ok(rest),
            [b'\\', b'"' | b'\\', rest @ ..] => rest,
            [b'\\', ..] => return Err(rest),
            [b' '..=b'~', rest @ ..] => rest,
            _ => return Err(rest),
        };
    }
}

fn skip_spaces(bytes: &[u8]) -> &[u8] {
    skip(bytes, |byte| byte == b' ', usize::MAX)
}

/// What is behind the bytes of a class, at most `most`, at the front.
fn skip(bytes: &[u8], belongs: impl Fn(u8) -> bool, most: usize) -> &[u8] {
    let length = bytes.iter().take(most).take_while(|byte| belongs(**byte)).count();
    bytes.get(length..).unwrap_or_default()
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}
