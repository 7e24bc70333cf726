use super::{ValueError, ValueErrorKind, ows, quoted, whole_token};
use crate::classify::is_ows;

/// How many empty elements one list may hold (RFC 9110, section 5.6.1.2: a reasonable number).
/// A line without content holds one.
pub const MAX_EMPTY_ELEMENTS: usize = 32;

/// The elements of the list that `lines` are together (RFC 9110, section 5.6.1): what stands
/// between commas outside quoted-strings, without white space around, empty elements skipped.
///
/// The work is linear in the bytes, whatever they are.
pub fn list<'a, I>(lines: I) -> List<'a, I::IntoIter>
where
    I: IntoIterator<Item = &'a [u8]>,
{
    List { lines: lines.into_iter(), line: Elements::NONE, number: 0, empty: 0, failed: false }
}

/// The elements of a list of tokens, for instance `Connection` or `Sec-WebSocket-Protocol`.
pub fn tokens<'a, I>(lines: I) -> Tokens<'a, I::IntoIter>
where
    I: IntoIterator<Item = &'a [u8]>,
{
    Tokens { list: list(lines) }
}

/// Whether `token` is an element of the list, in any case. An element that merely contains it is
/// no match, and nothing behind a malformed quoted-string is.
///
/// The other elements need not be well formed: in `@@ x, upgrade` there is `upgrade`. RFC 9110,
/// section 7.6.1, has recipients look for the options they know, and refusing the rest here would
/// only part this reader from every other one.
pub fn contains_token<'a>(lines: impl IntoIterator<Item = &'a [u8]>, token: &str) -> bool {
    list(lines).any(|element| element.is_ok_and(|element| element.eq_ignore_ascii_case(token.as_bytes())))
}

/// The iterator of [`list`]. It ends after an error.
#[derive(Clone, Debug)]
pub struct List<'a, I> {
    /// The lines after the current one.
    lines: I,
    line: Elements<'a>,
    /// Lines taken from `lines`, the current one included.
    number: usize,
    empty: usize,
    failed: bool,
}

/// The iterator of [`tokens`]. It ends after an error.
#[derive(Clone, Debug)]
pub struct Tokens<'a, I> {
    list: List<'a, I>,
}

impl<'a, I: Iterator<Item = &'a [u8]>> List<'a, I> {
    /// The next element with its offset in its line.
    fn next_element(&mut self) -> Option<Result<(usize, &'a [u8]), ValueError>> {
        if self.failed {
            return None;
        }
        loop {
            let Some(element) = self.line.next() else {
                self.line = Elements::new(self.lines.next()?);
                self.number += 1;
                continue;
            };
            let error = match element {
                Ok((offset, element)) if !element.is_empty() => return Some(Ok((offset, element))),
                Ok((offset, _)) if self.empty == MAX_EMPTY_ELEMENTS => {
                    ValueError::new(ValueErrorKind::EmptyElements, offset)
                }
                Ok(_) => {
                    self.empty += 1;
                    continue;
                }
                Err(error) => error,
            };
            return Some(Err(self.fail(error)));
        }
    }

    fn fail(&mut self, error: ValueError) -> ValueError {
        self.failed = true;
        error.on_line(self.number.saturating_sub(1))
    }
}

impl<'a, I: Iterator<Item = &'a [u8]>> Iterator for List<'a, I> {
    type Item = Result<&'a [u8], ValueError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_element().map(|element| element.map(|(_, element)| element))
    }
}

impl<'a, I: Iterator<Item = &'a [u8]>> Iterator for Tokens<'a, I> {
    type Item = Result<&'a str, ValueError>;

    fn next(&mut self) -> Option<Self::Item> {
        let element = self.list.next_element()?;
        Some(
            element.and_then(|(offset, element)| {
                whole_token(element).map_err(|error| self.list.fail(error.shifted(offset)))
            }),
        )
    }
}

/// The elements of one line with their offsets in it, empty ones too. An empty line has one.
#[derive(Clone, Debug)]
pub(crate) struct Elements<'a> {
    line: &'a [u8],
    /// Offset of the next element; `None` after the last one or an error.
    next: Option<usize>,
}

impl<'a> Elements<'a> {
    const NONE: Self = Self { line: &[], next: None };

    pub(crate) const fn new(line: &'a [u8]) -> Self {
        Self { line, next: Some(0) }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<(usize, &'a [u8]), ValueError>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.next.take()?;
        let mut at = start;
        let end = loop {
            match self.line.get(at) {
                None => break at,
                Some(b',') => {
                    self.next = Some(at + 1);
                    break at;
                }
                Some(b'"') => match quoted::end(self.line, at) {
                    Ok(end) => at = end,
                    Err(error) => return Some(Err(error)),
                },
                Some(_) => at += 1,
            }
        };
        let element = self.line.get(start..end).unwrap_or_default();
        let before = ows(element);
        let after = element.iter().skip(before).rev().take_while(|byte| is_ows(**byte)).count();
        Some(Ok((start + before, element.get(before..element.len() - after).unwrap_or_default())))
    }
}
