//! Several names looked up together.

use crate::head::Lines;

/// Names of fields that are looked up together: see [`FieldsView::find`](crate::FieldsView::find). To be made once, as a
/// constant.
#[derive(Clone, Copy, Debug)]
pub struct Names<const N: usize> {
    names: [&'static str; N],
    /// The number of the first name of each class, and for each name that of the next one of its class; `N` where there is
    /// none.
    first: [u8; CLASSES],
    next: [u8; N],
}

/// How often a field is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// There is no line.
    Missing,
    /// There is one line, with this value.
    Once(&'a [u8]),
    /// There are several lines.
    Repeated,
}

impl<const N: usize> Names<N> {
    /// These names, fewer than 256, all different in any case.
    #[must_use]
    pub const fn new(names: [&'static str; N]) -> Self {
        const { assert!(N < 256) };
        #[allow(clippy::cast_possible_truncation, reason = "there are fewer than 256")]
        let (mut first, mut next) = ([N as u8; CLASSES], [N as u8; N]);
        let mut number = N;
        while number > 0 {
            number -= 1;
            let class = class(names[number].as_bytes());
            next[number] = first[class];
            #[allow(clippy::cast_possible_truncation, reason = "there are fewer than 256")]
            let this = number as u8;
            first[class] = this;
        }
        Self { names, first, next }
    }

    /// The name with this number, in the order in which they were given.
    #[must_use]
    pub const fn get(&self, number: usize) -> Option<&'static str> {
        if number < N { Some(self.names[number]) } else { None }
    }

    /// The number of a name, in any case.
    #[inline(always)]
    fn number_of(&self, name: &[u8]) -> Option<usize> {
        let number = usize::from(self.first[class(name)]);
        match self.names.get(number) {
            None => None,
            // Nearly all are spelled as they are registered.
            Some(own) if own.as_bytes() == name => Some(number),
            Some(_) => self.search(number, name),
        }
    }

    /// The same, among those of its class from `number` on.
    #[cold]
    fn search(&self, mut number: usize, name: &[u8]) -> Option<usize> {
        while let (Some(own), Some(next)) = (self.names.get(number), self.next.get(number)) {
            if own.as_bytes().eq_ignore_ascii_case(name) {
                return Some(number);
            }
            number = usize::from(*next);
        }
        None
    }
}

impl<'b> Lines<'b> {
    /// How often each of the names is there, by one walk over the lines.
    #[inline]
    pub(crate) fn find<const N: usize>(self, names: &Names<N>) -> impl Fn(usize) -> Found<'b> + use<'b, N> {
        let mut lines = [MISSING; N];
        for (line, span) in (0..).zip(self.spans) {
            let number = self.bytes.get(span.name()).and_then(|name| names.number_of(name));
            if let Some(found) = number.and_then(|number| lines.get_mut(number)) {
                *found = if *found == MISSING { line } else { REPEATED };
            }
        }
        move |number| match lines.get(number) {
            None | Some(&MISSING) => Found::Missing,
            Some(&REPEATED) => Found::Repeated,
            Some(&line) => {
                self.spans.get(line as usize).map_or(Found::Missing, |span| Found::Once(span.value_of(self.bytes)))
            }
        }
    }
}

/// In the place of the number of a line, of which there are fewer.
const MISSING: u32 = u32::MAX;
const REPEATED: u32 = u32::MAX - 1;

const CLASSES: usize = 64;

/// What two names that differ in case alone have in common, and most others do not: the length and the first byte.
#[inline(always)]
const fn class(name: &[u8]) -> usize {
    let first = if let [first, ..] = name { *first } else { 0 };
    // Bits 3 to 5 are the lowest three of a letter, which its case does not change.
    (name.len() ^ (first as usize) << 3) % CLASSES
}
