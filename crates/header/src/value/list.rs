use super::{ValueError, ValueErrorKind, comment, ows, quoted, whole_token};
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
    let lines = lines.into_iter();
    List {
        lines,
        opaque: Opaque::QuotedString,
        line: Elements::NONE,
        number: 0,
        most_empty: MAX_EMPTY_ELEMENTS,
        lacks_element: false,
        failed: false,
    }
}

/// The elements of the list that `lines` are together, each as `parse` reads it: one of
/// [`product`](super::product), [`parameterized`](super::parameterized) and the like. Errors have
/// their offset in the line.
pub fn list_of<'a, I, T>(lines: I, parse: fn(&'a [u8]) -> Result<T, ValueError>) -> ListOf<'a, I::IntoIter, T>
where
    I: IntoIterator<Item = &'a [u8]>,
{
    ListOf { list: list(lines), parse }
}

/// The elements of a list of tokens, for instance `Connection` or `Sec-WebSocket-Protocol`.
pub fn tokens<'a, I>(lines: I) -> Tokens<'a, I::IntoIter>
where
    I: IntoIterator<Item = &'a [u8]>,
{
    list_of(lines, whole_token)
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
    /// In what a comma stands for itself.
    opaque: Opaque,
    line: Elements<'a>,
    /// Lines taken from `lines`, the current one included.
    number: usize,
    /// Empty elements that may still come.
    most_empty: usize,
    /// Whether an element has to be there, and none was yet.
    lacks_element: bool,
    failed: bool,
}

/// The iterator of [`list_of`]. It ends after an error.
#[derive(Clone, Debug)]
pub struct ListOf<'a, I, T> {
    list: List<'a, I>,
    /// Takes one element apart; offsets of errors are in the element.
    parse: fn(&'a [u8]) -> Result<T, ValueError>,
}

/// The iterator of [`tokens`]. It ends after an error.
pub type Tokens<'a, I> = ListOf<'a, I, &'a str>;

impl<'a, I: Iterator<Item = &'a [u8]>> List<'a, I> {
    /// The next element with its offset in its line.
    fn next_element(&mut self) -> Option<Result<(usize, &'a [u8]), ValueError>> {
        if self.failed {
            return None;
        }
        loop {
            let Some(element) = self.line.next() else {
                match self.lines.next() {
                    Some(line) => self.line = Elements { line, next: Some(0), opaque: self.opaque },
                    None if self.lacks_element && self.number > 0 => {
                        return Some(Err(self.fail(ValueError::new(ValueErrorKind::EmptyList, 0))));
                    }
                    None => return None,
                }
                self.number += 1;
                continue;
            };
            let error = match element {
                Ok((offset, element)) if !element.is_empty() => {
                    self.lacks_element = false;
                    return Some(Ok((offset, element)));
                }
                Ok((offset, _)) if self.most_empty == 0 => ValueError::new(ValueErrorKind::EmptyElements, offset),
                Ok(_) => {
                    self.most_empty -= 1;
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

impl<'a, I: Iterator<Item = &'a [u8]>, T> ListOf<'a, I, T> {
    /// The list if it has an element: `1#element`. Where there is no line at all, it is empty
    /// nevertheless.
    pub(crate) fn with_an_element(mut self) -> Self {
        self.list.lacks_element = true;
        self
    }

    /// The list without empty elements.
    pub(crate) fn without_empty_elements(mut self) -> Self {
        self.list.most_empty = 0;
        self
    }

    /// The list of elements that hold comments and no quoted-strings.
    pub(crate) fn with_comments(mut self) -> Self {
        self.list.opaque = Opaque::Comment;
        self
    }
}

impl<'a, I: Iterator<Item = &'a [u8]>, T> Iterator for ListOf<'a, I, T> {
    type Item = Result<T, ValueError>;

    fn next(&mut self) -> Option<Self::Item> {
        let element = self.list.next_element()?;
        Some(
            element.and_then(|(offset, element)| {
                (self.parse)(element).map_err(|error| self.list.fail(error.shifted(offset)))
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
    opaque: Opaque,
}

/// What a comma may stand in without ending an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opaque {
    /// As most grammars have it.
    QuotedString,
    /// In which a double-quote stands for itself.
    Comment,
}

impl<'a> Elements<'a> {
    const NONE: Self = Self { line: &[], next: None, opaque: Opaque::QuotedString };

    pub(crate) const fn new(line: &'a [u8]) -> Self {
        Self { line, next: Some(0), opaque: Opaque::QuotedString }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<(usize, &'a [u8]), ValueError>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.next.take()?;
        let mut at = start;
        let end = loop {
            let opaque = match (self.line.get(at), self.opaque) {
                (None, _) => break at,
                (Some(b','), _) => {
                    self.next = Some(at + 1);
                    break at;
                }
                (Some(b'"'), Opaque::QuotedString) => quoted::end(self.line, at),
                (Some(b'('), Opaque::Comment) => comment::end(self.line, at),
                _ => Ok(at + 1),
            };
            match opaque {
                Ok(end) => at = end,
                Err(error) => return Some(Err(error)),
            }
        };
        let element = self.line.get(start..end).unwrap_or_default();
        let before = ows(element);
        let after = element.iter().skip(before).rev().take_while(|byte| is_ows(**byte)).count();
        Some(Ok((start + before, element.get(before..element.len() - after).unwrap_or_default())))
    }
}
