use core::slice;

use super::{ValueError, ValueErrorKind};
use crate::classify::{is_field_byte, is_token_byte};

/// A quoted-string, still escaped (RFC 9110, section 5.6.4).
///
/// It equals a `str` or bytes where its unescaped form does.
#[derive(Clone, Copy, Debug)]
pub struct QuotedString<'a> {
    /// A whole and valid quoted-string's content.
    raw: &'a [u8],
}

impl<'a> QuotedString<'a> {
    /// What stands between the quotes, backslashes included.
    #[must_use]
    pub const fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The bytes that are meant: without the backslash of each quoted-pair.
    pub fn unescaped(&self) -> impl Iterator<Item = u8> + Clone + use<'a> {
        Unescaped { raw: self.raw.iter() }
    }

    /// Whether what is meant is a token, so that the quotes could have been left out.
    #[must_use]
    pub fn is_token(&self) -> bool {
        !self.raw.is_empty() && self.unescaped().all(is_token_byte)
    }

    /// A token as if it stood in quotes, where nothing in it would have to be escaped.
    pub(super) const fn of_token(token: &'a str) -> Self {
        Self { raw: token.as_bytes() }
    }

    /// The quoted-string at the front of `bytes`, which begins with its quote, and what is behind.
    pub(super) fn split(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), ValueError> {
        let end = end(bytes, 0)?;
        let raw = bytes.get(1..end - 1).unwrap_or_default();
        Ok((Self { raw }, bytes.get(end..).unwrap_or_default()))
    }
}

impl PartialEq<[u8]> for QuotedString<'_> {
    fn eq(&self, other: &[u8]) -> bool {
        self.unescaped().eq(other.iter().copied())
    }
}

impl PartialEq<str> for QuotedString<'_> {
    fn eq(&self, other: &str) -> bool {
        *self == *other.as_bytes()
    }
}

impl PartialEq<&str> for QuotedString<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl PartialEq for QuotedString<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.unescaped().eq(other.unescaped())
    }
}

impl Eq for QuotedString<'_> {}

/// Offset behind the closing quote of the quoted-string that begins at `start` of `line`; at least
/// `start + 2`.
pub(super) fn end(line: &[u8], start: usize) -> Result<usize, ValueError> {
    let mut at = start + 1;
    while let Some(&byte) = line.get(at) {
        match byte {
            b'"' => return Ok(at + 1),
            // quoted-pair = "\" ( HTAB / SP / VCHAR / obs-text )
            b'\\' => match line.get(at + 1) {
                Some(&escaped) if is_field_byte(escaped) => at += 2,
                Some(_) => return Err(ValueError::new(ValueErrorKind::QuotedString, at + 1)),
                None => break,
            },
            _ if is_field_byte(byte) => at += 1,
            _ => return Err(ValueError::new(ValueErrorKind::QuotedString, at)),
        }
    }
    Err(ValueError::new(ValueErrorKind::UnclosedQuote, start))
}

#[derive(Clone)]
struct Unescaped<'a> {
    raw: slice::Iter<'a, u8>,
}

impl Iterator for Unescaped<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        match self.raw.next()? {
            b'\\' => self.raw.next().copied(),
            byte => Some(*byte),
        }
    }
}
