#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::{error, fmt, ops::Range};

/// Where one field line's name and value stand: offsets from the start of the input, 16 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldSpan {
    name: Span,
    value: Span,
}

impl FieldSpan {
    /// The range of the field name.
    #[must_use]
    pub const fn name(self) -> Range<usize> {
        self.name.range()
    }

    /// The range of the field value, without the white space around it.
    #[must_use]
    pub const fn value(self) -> Range<usize> {
        self.value.range()
    }

    pub(crate) const fn new(name: Span, value: Span) -> Self {
        Self { name, value }
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

    /// All spans since the last `clear`, in order.
    fn spans(&self) -> &[FieldSpan];
}

/// A [`FieldStore`] has no room for a further span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreFull;

/// Room for `N` spans inline, without allocation. With feature `alloc` it moves into a `Vec` once
/// there are more, so that only [`Limits::fields`](crate::Limits::fields) bounds their number.
#[derive(Clone, Debug)]
pub struct FieldTable<const N: usize> {
    inline: [FieldSpan; N],
    /// Spans in `inline`; unused once `spilled` holds them all.
    len: usize,
    #[cfg(feature = "alloc")]
    spilled: Vec<FieldSpan>,
}

impl<const N: usize> FieldTable<N> {
    /// An empty table.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            inline: [FieldSpan::new(Span::EMPTY, Span::EMPTY); N],
            len: 0,
            #[cfg(feature = "alloc")]
            spilled: Vec::new(),
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

    #[inline]
    fn push(&mut self, span: FieldSpan) -> Result<(), StoreFull> {
        if let Some(slot) = self.inline.get_mut(self.len) {
            *slot = span;
            self.len += 1;
            return Ok(());
        }
        #[cfg(feature = "alloc")]
        {
            if self.spilled.is_empty() {
                self.spilled.extend_from_slice(&self.inline);
            }
            self.spilled.push(span);
            Ok(())
        }
        #[cfg(not(feature = "alloc"))]
        Err(StoreFull)
    }

    #[inline]
    fn spans(&self) -> &[FieldSpan] {
        #[cfg(feature = "alloc")]
        if !self.spilled.is_empty() {
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

    #[inline]
    fn spans(&self) -> &[FieldSpan] {
        self.slots.get(..self.len).unwrap_or_default()
    }
}

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
pub(crate) fn small(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

impl Span {
    pub(crate) const EMPTY: Self = Self { start: 0, end: 0 };

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
        core::str::from_utf8(self.of(input)).unwrap_or_default()
    }
}
