use super::{ValueError, ValueErrorKind};
use crate::classify::is_field_byte;

/// How deep comments may be nested, the outermost one included. RFC 9110 has no limit. Nesting costs
/// no memory here; the limit is for those who take the comments inside apart in their turn.
pub const MAX_COMMENT_NESTING: usize = 16;

/// A comment, still escaped (RFC 9110, section 5.6.5).
///
/// Two are equal where they were sent in the same form: without the backslashes, a parenthesis that
/// is text could not be told from one that begins a comment inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment<'a> {
    /// A whole and valid comment's content.
    raw: &'a [u8],
}

/// Takes a value that is one comment.
///
/// # Errors
/// Where it is anything else, or comments are nested deeper than [`MAX_COMMENT_NESTING`]; offsets
/// are in `value`.
pub fn comment(value: &[u8]) -> Result<Comment<'_>, ValueError> {
    match Comment::split(value)? {
        (comment, []) => Ok(comment),
        (_, rest) => Err(ValueError::new(ValueErrorKind::Comment, value.len() - rest.len())),
    }
}

impl<'a> Comment<'a> {
    /// What stands between the outermost parentheses, backslashes and comments inside included.
    #[must_use]
    pub const fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The comment at the front of `bytes`, and what is behind it.
    pub(super) fn split(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), ValueError> {
        if !bytes.starts_with(b"(") {
            return Err(ValueError::new(ValueErrorKind::Comment, 0));
        }
        let end = end(bytes, 0)?;
        let raw = bytes.get(1..end - 1).unwrap_or_default();
        Ok((Self { raw }, bytes.get(end..).unwrap_or_default()))
    }
}

/// Offset behind the parenthesis that closes the comment which begins at `start` of `line`; at least
/// `start + 2`.
pub(super) fn end(line: &[u8], start: usize) -> Result<usize, ValueError> {
    // Comments that are open; `1 <= depth <= MAX_COMMENT_NESTING`.
    let mut depth = 1;
    let mut at = start + 1;
    while let Some(&byte) = line.get(at) {
        match byte {
            b')' if depth == 1 => return Ok(at + 1),
            b')' => depth -= 1,
            b'(' if depth == MAX_COMMENT_NESTING => return Err(ValueError::new(ValueErrorKind::CommentNesting, at)),
            b'(' => depth += 1,
            // quoted-pair = "\" ( HTAB / SP / VCHAR / obs-text )
            b'\\' => {
                at += 1;
                match line.get(at) {
                    Some(&escaped) if is_field_byte(escaped) => {}
                    Some(_) => return Err(ValueError::new(ValueErrorKind::Comment, at)),
                    None => break,
                }
            }
            _ if is_field_byte(byte) => {}
            _ => return Err(ValueError::new(ValueErrorKind::Comment, at)),
        }
        at += 1;
    }
    Err(ValueError::new(ValueErrorKind::UnclosedComment, start))
}
