//! The grammar of field values (RFC 9110, section 5.6).
//!
//! Everything borrows and nothing allocates. A field may stand on several lines, which mean the
//! same as one line with commas between (RFC 9110, section 5.3): functions that read a whole
//! field take all its lines, as [`FieldsView::values`](crate::FieldsView::values) gives them.

mod authority;
mod error;
mod list;
mod parameters;
mod quoted;

pub use authority::{Authority, host};
pub use error::{ValueError, ValueErrorKind};
pub(crate) use list::Elements;
pub use list::{List, MAX_EMPTY_ELEMENTS, Tokens, contains_token, list, tokens};
pub use parameters::{Parameter, ParameterValue, Parameterized, Parameters, Product, parameterized, product};
pub use quoted::QuotedString;

use crate::classify;

/// Whether `bytes` is a token: one or more `tchar` (RFC 9110, section 5.6.2).
#[must_use]
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && classify::token_end(bytes, 0) == bytes.len()
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

/// The token that is the whole of `bytes`.
fn whole_token(bytes: &[u8]) -> Result<&str, ValueError> {
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
    match core::str::from_utf8(token) {
        Ok(token) if end > 0 => Ok((token, rest)),
        _ => Err(not_a_token),
    }
}

/// Number of bytes of OWS, SP and HTAB alone, at the front (RFC 9110, section 5.6.3).
fn ows(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| classify::is_ows(**byte)).count()
}
