#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::{error, fmt, ops::Range};

use crate::simd;

/// Where one field line's name and value stand: offsets from the start of the input, 16 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldSpan {
    name: Span,
    value: Span,
}

impl FieldSpan {
    const EMPTY: Self = Self { name: Span::EMPTY, value: Span::EMPTY };

    /// The range of the field name.
    #[must_use]
    #[inline]
    pub const fn name(self) -> Range<usize> {
        self.name.range()
    }

    /// The range of the field value, without the white space around it.
    #[must_use]
    #[inline]
    pub const fn value(self) -> Range<usize> {
        self.value.range()
    }

    #[inline]
    pub(crate) const fn new(name: Range<usize>, value: Range<usize>) -> Self {
        Self { name: Span::new(name), value: Span::new(value) }
    }
}

/// Where a scan puts the spans of the field lines it finds, in order.
pub trait FieldStore {
    /// Forgets all spans.
    fn clear(&mut self);

    /// Adds the span of the next field line.
    ///
    /// # Errors
    /// Where there is no room; the scan then refuses the head as one with too many fields (431).
    fn push(&mut self, span: FieldSpan) -> Result<(), StoreFull>;

    /// Takes out the last span: the field line goes on in the next one, by line folding.
    fn pop(&mut self) -> Option<FieldSpan>;

    /// All spans since the last `clear`, in order.
    fn spans(&self) -> &[FieldSpan];

    /// Places for the next spans, whose content means nothing: the quick way to add many, together with
    /// [`commit`](Self::commit), which is called next. There may be fewer than there is room for, or none, as here: a
    /// scan goes on with [`push`](Self::push).
    fn spare(&mut self) -> &mut [FieldSpan] {
        &mut []
    }

    /// Adds the first `_count` spans of the places that [`spare`](Self::spare) has just given, as they are now.
    fn commit(&mut self, _count: usize) {}
}

/// A [`FieldStore`] has no room for a further span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreFull;

/// Room for `N` spans inline, without allocation. With feature `alloc` it moves into a `Vec` once
/// there are more, so that only [`Limits::fields`](crate::Limits::fields) bounds their number.
#[derive(Clone, Debug)]
pub struct FieldTable<const N: usize> {
    inline: [FieldSpan; N],
    /// Spans in `inline`; more than `N` once `spilled` holds them all.
    len: usize,
    #[cfg(feature = "alloc")]
    spilled: Vec<FieldSpan>,
}

impl<const N: usize> FieldTable<N> {
    /// An empty table.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            inline: [FieldSpan::EMPTY; N],
            len: 0,
            #[cfg(feature = "alloc")]
            spilled: Vec::new(),
        }
    }
}

impl<const N: usize> FieldTable<N> {
    #[cfg(feature = "alloc")]
    #[cold]
    fn spilled_spare(&mut self) -> &mut [FieldSpan] {
        self.spilled.spare()
    }

    #[cfg(feature = "alloc")]
    #[cold]
    fn spilled_commit(&mut self, count: usize) {
        self.spilled.commit(count);
    }

    /// Adds a span for which there is no room inline.
    #[cold]
    #[cfg_attr(not(feature = "alloc"), allow(clippy::unused_self, reason = "there is nowhere to go"))]
    fn spill(&mut self, span: FieldSpan) -> Result<(), StoreFull> {
        #[cfg(feature = "alloc")]
        {
            if self.len == N {
                self.spilled.extend_from_slice(&self.inline);
                self.len += 1;
            }
            self.spilled.push(span);
            Ok(())
        }
        #[cfg(not(feature = "alloc"))]
        {
            let _ = span;
            Err(StoreFull)
        }
    }
}

impl<const N: usize> Default for FieldTable<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> FieldStore for FieldTable<N> {
    fn clear(&mut self) {
        self.len = 0;
        #[cfg(feature = "alloc")]
        self.spilled.clear();
    }

    #[inline(always)]
    fn push(&mut self, span: FieldSpan) -> Result<(), StoreFull> {
        let Some(slot) = self.inline.get_mut(self.len) else { return self.spill(span) };
        *slot = span;
        self.len += 1;
        Ok(())
    }

    fn pop(&mut self) -> Option<FieldSpan> {
        #[cfg(feature = "alloc")]
        if self.len > N {
            return self.spilled.pop();
        }
        self.len = self.len.checked_sub(1)?;
        self.inline.get(self.len).copied()
    }

    #[inline(always)]
    fn spare(&mut self) -> &mut [FieldSpan] {
        #[cfg(feature = "alloc")]
        if self.len > N {
            return self.spilled_spare();
        }
        self.inline.get_mut(self.len..).unwrap_or_default()
    }

    #[inline]
    fn commit(&mut self, count: usize) {
        #[cfg(feature = "alloc")]
        if self.len > N {
            return self.spilled_commit(count);
        }
        self.len = N.min(self.len + count);
    }

    #[inline]
    fn spans(&self) -> &[FieldSpan] {
        #[cfg(feature = "alloc")]
        if self.len > N {
            return &self.spilled;
        }
        self.inline.get(..self.len).unwrap_or_default()
    }
}

/// Room for as many spans as the borrowed slice has.
#[derive(Debug)]
pub struct FieldSlots<'s> {
    slots: &'s mut [FieldSpan],
    /// `len <= slots.len()`
    len: usize,
}

impl<'s> FieldSlots<'s> {
    /// An empty store over `slots`, whose content is overwritten.
    #[must_use]
    pub const fn new(slots: &'s mut [FieldSpan]) -> Self {
        Self { slots, len: 0 }
    }
}

impl FieldStore for FieldSlots<'_> {
    fn clear(&mut self) {
        self.len = 0;
    }

    #[inline]
    fn push(&mut self, span: FieldSpan) -> Result<(), StoreFull> {
        let slot = self.slots.get_mut(self.len).ok_or(StoreFull)?;
        *slot = span;
        self.len += 1;
        Ok(())
    }

    fn pop(&mut self) -> Option<FieldSpan> {
        self.len = self.len.checked_sub(1)?;
        self.slots.get(self.len).copied()
    }

    #[inline]
    fn spare(&mut self) -> &mut [FieldSpan] {
        self.slots.get_mut(self.len..).unwrap_or_default()
    }

    #[inline]
    fn commit(&mut self, count: usize) {
        self.len = self.slots.len().min(self.len + count);
    }

    #[inline]
    fn spans(&self) -> &[FieldSpan] {
        self.slots.get(..self.len).unwrap_or_default()
    }
}

/// Places that a `Vec` offers at once.
#[cfg(feature = "alloc")]
const PLACES: usize = 16;

#[cfg(feature = "alloc")]
impl FieldStore for Vec<FieldSpan> {
    fn clear(&mut self) {
        Vec::clear(self);
    }

    #[inline]
    fn push(&mut self, span: FieldSpan) -> Result<(), StoreFull> {
        Vec::push(self, span);
        Ok(())
    }

    fn pop(&mut self) -> Option<FieldSpan> {
        Vec::pop(self)
    }

    #[inline]
    fn spare(&mut self) -> &mut [FieldSpan] {
        let len = self.len();
        self.resize(len + PLACES, FieldSpan::EMPTY);
        self.get_mut(len..).unwrap_or_default()
    }

    #[inline]
    fn commit(&mut self, count: usize) {
        self.truncate((self.len() + count.min(PLACES)).saturating_sub(PLACES));
    }

    #[inline]
    fn spans(&self) -> &[FieldSpan] {
        self
    }
}

impl fmt::Display for StoreFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no room for a further field line")
    }
}

impl error::Error for StoreFull {}

/// A range of the input. Heads are limited to `u32::MAX` bytes, so offsets fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// An offset in a head, which has at most `u32::MAX` bytes.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "heads have at most u32::MAX bytes")]
pub(crate) const fn small(offset: usize) -> u32 {
    debug_assert!(offset <= u32::MAX as usize);
    offset as u32
}

impl Span {
    pub(crate) const EMPTY: Self = Self { start: 0, end: 0 };

    pub(crate) const fn new(range: Range<usize>) -> Self {
        Self { start: small(range.start), end: small(range.end) }
    }

    pub(crate) const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The bytes of the span; empty where `input` is not the input it was found in.
    #[inline]
    pub(crate) fn of(self, input: &[u8]) -> &[u8] {
        input.get(self.range()).unwrap_or_default()
    }

    /// As [`Self::of`], for spans the grammar restricts to ASCII.
    #[inline]
    pub(crate) fn ascii(self, input: &[u8]) -> &str {
        simd::ascii(self.of(input)).unwrap_or_default()
    }
}
