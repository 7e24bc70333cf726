//! The grammar of field values (RFC 9110, section 5.6), and of the fields that negotiation reads.
//! [`TypedFields`](crate::TypedFields) knows which of them a field has.
//!
//! Everything borrows and nothing allocates. A field may stand on several lines, which mean the
//! same as one line with commas between (RFC 9110, section 5.3): functions that read a whole
//! field take all its lines, as [`FieldsView::values`](crate::FieldsView::values) gives them.

mod authority;
mod comment;
mod error;
mod expectation;
mod http2;
mod list;
mod origin;
mod parameters;
mod product;
mod quoted;
mod structured;
mod via;
mod websocket;

pub use authority::{Authority, host};
pub(crate) use authority::{host_len, short_port};
pub use comment::{Comment, MAX_COMMENT_NESTING, comment};
pub use error::{ValueError, ValueErrorKind};
pub use expectation::{Expectation, expectation};
pub use http2::http2_settings;
pub(crate) use list::Elements;
pub use list::{List, ListOf, MAX_EMPTY_ELEMENTS, Tokens, contains_token, list, list_of, tokens};
pub use origin::{Origin, Origins, origin, origins};
pub use parameters::{Parameter, ParameterValue, Parameterized, Parameters, extension, parameterized, transfer_coding};
pub use product::{Product, ProductOrComment, Products, product, products};
pub use quoted::QuotedString;
pub use structured::boolean_item;
pub use via::{Via, via};
pub use websocket::{websocket_accept, websocket_key, websocket_version};

use crate::{classify, simd};

/// Whether `bytes` is a token: one or more `tchar` (RFC 9110, section 5.6.2).
#[must_use]
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && classify::token_end(bytes, 0) == bytes.len()
}

/// The bytes as text, if they are ASCII, as all of a head is but for obs-text.
#[must_use]
#[inline]
pub fn ascii(bytes: &[u8]) -> Option<&str> {
    simd::ascii(bytes)
}

/// Whether `bytes` is the scheme of a URI: a letter, then letters, digits, `+`, `-` and `.`
/// (RFC 3986, section 3.1).
#[must_use]
pub fn is_scheme(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// The value of a field that may stand once: `None` where there is no line.
///
/// # Errors
/// Where there is a second line.
pub fn single<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<&'a [u8]>, ValueError> {
    let mut lines = lines.into_iter();
    let value = lines.next();
    match lines.next() {
        Some(_) => Err(ValueError::new(ValueErrorKind::Duplicate, 0).on_line(1)),
        None => Ok(value),
    }
}

/// The value of `Content-Length`: `1*DIGIT`, at most `u64::MAX` (RFC 9110, section 8.6). A list of
/// equal values is an error, as any other list is.
///
/// # Errors
/// Where it is anything else.
pub fn content_length(value: &[u8]) -> Result<u64, ValueError> {
    let length = decimal(value, u64::MAX, ValueErrorKind::ContentLength)?;
    length.ok_or(ValueError::new(ValueErrorKind::ContentLength, 0))
}

/// The token that is the whole of `bytes`.
pub(crate) fn whole_token(bytes: &[u8]) -> Result<&str, ValueError> {
    match split_token(bytes)? {
        (token, []) => Ok(token),
        (token, _) => Err(ValueError::new(ValueErrorKind::Token, token.len())),
    }
}

/// The token at the front of `bytes`, and what is behind it.
fn split_token(bytes: &[u8]) -> Result<(&str, &[u8]), ValueError> {
    let end = classify::token_end(bytes, 0);
    let not_a_token = ValueError::new(ValueErrorKind::Token, 0);
    let (token, rest) = bytes.split_at_checked(end).ok_or(not_a_token)?;
    match simd::ascii(token) {
        Some(token) if end > 0 => Ok((token, rest)),
        _ => Err(not_a_token),
    }
}

/// Number of bytes of OWS, SP and HTAB alone, at the front (RFC 9110, section 5.6.3).
fn ows(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| classify::is_ows(**byte)).count()
}

/// The number that decimal digits are, leading zeros included; `None` where there are none.
fn decimal(digits: &[u8], most: u64, kind: ValueErrorKind) -> Result<Option<u64>, ValueError> {
    let mut number = 0u64;
    for (offset, byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        number = match number.checked_mul(10).and_then(|tens| tens.checked_add(digit.into())) {
            Some(longer) if digit <= 9 && longer <= most => longer,
            _ => return Err(ValueError::new(kind, offset)),
        };
    }
    Ok((!digits.is_empty()).then_some(number))
}
