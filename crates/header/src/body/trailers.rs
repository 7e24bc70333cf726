use core::fmt;

use crate::{FieldSpan, Fields};

/// The fields of a trailer section (RFC 9112, section 7.1.2), borrowed from the input and the store they were scanned
/// into; without any where the body has no trailer section.
///
/// They are not fields of the head. A sender could put `Content-Length`, `Host` or a credential here, behind whatever
/// has looked at the head, so they are never merged into it: this is no [`FieldsView`](crate::FieldsView), and nothing
/// that decides over the fields of a head takes it. Whoever merges a field knows that its definition permits it
/// (RFC 9110, section 6.5.1).
///
/// ```compile_fail,E0277
/// fn decide(_: impl switchover_header::FieldsView) {}
/// fn merge(trailers: switchover_header::Trailers<'_>) {
///     decide(trailers);
/// }
/// ```
///
/// `Debug` gives names, and only the lengths of values: credentials are among them.
#[derive(Clone, Copy)]
pub struct Trailers<'b> {
    bytes: &'b [u8],
    spans: &'b [FieldSpan],
}

impl<'b> Trailers<'b> {
    /// No trailers, as those of a body that has no trailer section.
    pub(crate) const NONE: Self = Self { bytes: &[], spans: &[] };

    pub(crate) const fn new(bytes: &'b [u8], spans: &'b [FieldSpan]) -> Self {
        Self { bytes, spans }
    }

    /// The field lines, in order.
    #[must_use]
    pub fn fields(&self) -> Fields<'b> {
        Fields::new(self.bytes, self.spans)
    }

    /// The values of all field lines called `name` in any case, in the order they were received.
    pub fn values(&self, name: &'b str) -> impl Iterator<Item = &'b [u8]> + Clone + 'b {
        let Self { bytes, spans } = *self;
        spans.iter().filter(move |span| span.is_called(bytes, name)).map(|span| span.value_of(bytes))
    }

    /// Where the field lines stand in [`bytes`](Self::bytes).
    #[must_use]
    pub const fn spans(&self) -> &'b [FieldSpan] {
        self.spans
    }

    /// The trailer section with its empty line: exactly what the scan consumed. Empty where there is none.
    #[must_use]
    pub const fn bytes(&self) -> &'b [u8] {
        self.bytes
    }
}

impl fmt::Debug for Trailers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Trailers").field(&self.fields()).finish()
    }
}
