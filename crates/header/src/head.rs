use core::{fmt, iter::Enumerate, slice};

use crate::{
    FieldSpan, Framing, HeadError, HeadErrorKind, Status, Version,
    error::Message,
    framing::{self, Facts},
    simd,
    store::Span,
    target::Target,
};

/// A request head, borrowed from the input and the store it was scanned into.
#[derive(Clone, Copy)]
pub struct RequestHead<'b> {
    pub(crate) lines: Lines<'b>,
    pub(crate) method: Span,
    pub(crate) target: Target,
    pub(crate) framing: Framing,
}

/// A response head, borrowed from the input and the store it was scanned into.
#[derive(Clone, Copy)]
pub struct ResponseHead<'b> {
    pub(crate) lines: Lines<'b>,
    pub(crate) status: Status,
    pub(crate) reason: Span,
}

/// What both kinds of head have.
#[derive(Clone, Copy)]
pub(crate) struct Lines<'b> {
    /// The input up to the end of the head.
    pub(crate) bytes: &'b [u8],
    pub(crate) spans: &'b [FieldSpan],
    pub(crate) version: Version,
}

/// One field line. Its `Debug` gives the value, which may be a credential; that of [`Fields`] does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'b> {
    /// The name, in the case it was sent in.
    pub name: &'b str,
    /// The value without the white space around it. It may hold obs-text (bytes from 0x80 on) and
    /// HTAB, and no other control byte.
    pub value: &'b [u8],
    /// The number of the field line in the head, from 0.
    pub number: usize,
}

/// The field lines of a head or of a trailer section, in order.
///
/// `Debug` of this and of the heads gives names, and only the lengths of values: credentials are among them.
#[derive(Clone)]
pub struct Fields<'b> {
    /// The head.
    pub(crate) bytes: &'b [u8],
    pub(crate) spans: Enumerate<slice::Iter<'b, FieldSpan>>,
}

impl<'b> RequestHead<'b> {
    /// The method, case-sensitive (RFC 9110, section 9.1).
    #[must_use]
    pub fn method(&self) -> &'b str {
        match self.method.of(self.lines.bytes) {
            b"GET" => "GET",
            method => simd::ascii(method).unwrap_or_default(),
        }
    }

    /// The request target as it was sent.
    #[must_use]
    pub fn target(&self) -> &'b str {
        self.target.whole.ascii(self.lines.bytes)
    }

    /// Path and query of the target, whatever its form (RFC 9112, section 3.2): `*` for the
    /// asterisk-form, empty for the authority-form. An absolute-form without a path gives `/`, or
    /// `*` where the method is OPTIONS; one with a query alone gives the query, from its `?`.
    #[must_use]
    pub fn path(&self) -> &'b str {
        self.target.path(self.lines.bytes, self.method())
    }

    /// The scheme of an absolute-form target, in the case it was sent in.
    #[must_use]
    pub fn scheme(&self) -> Option<&'b str> {
        self.target.scheme().map(|span| span.ascii(self.lines.bytes))
    }

    /// The authority in the target (absolute-form and authority-form), which takes precedence
    /// over Host (RFC 9112, section 3.2.2).
    #[must_use]
    pub fn authority(&self) -> Option<&'b str> {
        self.target.authority.map(|span| span.ascii(self.lines.bytes))
    }

    /// The version of the message.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.lines.version
    }

    /// The field lines, in order.
    #[must_use]
    pub fn fields(&self) -> Fields<'b> {
        self.lines.fields()
    }

    /// The values of the field lines called `name`, in any case, in order. [`TypedFields`](crate::TypedFields) reads
    /// those of a negotiation by their grammar.
    pub fn values(&self, name: &'b str) -> impl Iterator<Item = &'b [u8]> + Clone + 'b {
        self.lines.values(name)
    }

    /// Where the field lines stand in [`bytes`](Self::bytes).
    #[must_use]
    pub const fn spans(&self) -> &'b [FieldSpan] {
        self.lines.spans
    }

    /// The input from its first byte to the empty line: exactly what the scan consumed.
    #[must_use]
    pub const fn bytes(&self) -> &'b [u8] {
        self.lines.bytes
    }

    /// How the body is delimited; the scan refuses a request where that cannot be told.
    #[must_use]
    pub const fn framing(&self) -> Framing {
        self.framing
    }
}

impl<'b> ResponseHead<'b> {
    /// The status code.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// The reason phrase as it was sent, which may be empty and may hold obs-text.
    #[must_use]
    pub fn reason(&self) -> &'b [u8] {
        self.reason.of(self.lines.bytes)
    }

    /// The version of the message.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.lines.version
    }

    /// The field lines, in order.
    #[must_use]
    pub fn fields(&self) -> Fields<'b> {
        self.lines.fields()
    }

    /// The values of the field lines called `name`, in any case, in order. [`TypedFields`](crate::TypedFields) reads
    /// those of a negotiation by their grammar.
    pub fn values(&self, name: &'b str) -> impl Iterator<Item = &'b [u8]> + Clone + 'b {
        self.lines.values(name)
    }

    /// Where the field lines stand in [`bytes`](Self::bytes).
    #[must_use]
    pub const fn spans(&self) -> &'b [FieldSpan] {
        self.lines.spans
    }

    /// The input from its first byte to the empty line: exactly what the scan consumed.
    #[must_use]
    pub const fn bytes(&self) -> &'b [u8] {
        self.lines.bytes
    }

    /// How the body is delimited, which depends on the method of the request (RFC 9112,
    /// section 6.3). After a 101, and after a 2xx to CONNECT, [`Framing::None`]: what follows is
    /// the new protocol or the tunnel.
    ///
    /// # Errors
    /// Where the response may have a body and its fields do not say for certain where it ends.
    pub fn framing(&self, request_method: &str) -> Result<Framing, HeadError> {
        if framing::has_no_body(self.status, request_method) {
            return Ok(Framing::None);
        }
        let mut facts = Facts::new(Message::Response);
        for (number, span) in self.lines.spans.iter().enumerate() {
            facts
                .note(self.lines.bytes, *span, self.lines.version)
                .map_err(|fault| self.lines.error(fault, *span, number, Message::Response))?;
        }
        Ok(facts.of_response())
    }
}

impl<'b> Lines<'b> {
    pub(crate) fn fields(&self) -> Fields<'b> {
        Fields::new(self.bytes, self.spans)
    }

    /// The values of the field lines called `name`, in any case.
    pub(crate) fn values(self, name: &'b str) -> impl Iterator<Item = &'b [u8]> + Clone + 'b {
        let Self { bytes, spans, .. } = self;
        spans.iter().filter(move |span| span.is_called(bytes, name)).map(|span| span.value_of(bytes))
    }

    /// An error in the value of field line `number`. It names a byte unless it is at the value's end.
    fn error(&self, fault: ValueFault, span: FieldSpan, number: usize, message: Message) -> HeadError {
        let error = HeadError::at(fault.kind, self.bytes, fault.offset, Some(number), message);
        if fault.offset < span.value().end { error } else { error.without_byte() }
    }
}

/// What is wrong with the value of a field line, and where in the input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ValueFault {
    pub(crate) kind: HeadErrorKind,
    pub(crate) offset: usize,
}

impl FieldSpan {
    #[inline]
    pub(crate) fn is_called(self, bytes: &[u8], name: &str) -> bool {
        bytes.get(self.name()).is_some_and(|own| own.len() == name.len() && own.eq_ignore_ascii_case(name.as_bytes()))
    }

    #[inline]
    pub(crate) fn value_of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.value()).unwrap_or_default()
    }
}

impl<'b> Fields<'b> {
    pub(crate) fn new(bytes: &'b [u8], spans: &'b [FieldSpan]) -> Self {
        Self { bytes, spans: spans.iter().enumerate() }
    }
}

impl<'b> Iterator for Fields<'b> {
    type Item = Field<'b>;

    fn next(&mut self) -> Option<Field<'b>> {
        let (number, span) = self.spans.next()?;
        // A name is a token, so ASCII.
        let name = self.bytes.get(span.name()).and_then(|name| core::str::from_utf8(name).ok()).unwrap_or_default();
        Some(Field { name, value: span.value_of(self.bytes), number })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.spans.size_hint()
    }
}

impl ExactSizeIterator for Fields<'_> {}

impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", &self.method())
            .field("target", &without_query(self.target()))
            .field("version", &self.version())
            .field("framing", &self.framing())
            .field("fields", &self.fields())
            .finish()
    }
}

impl fmt::Debug for ResponseHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseHead")
            .field("status", &self.status())
            .field("reason", &format_args!("\"{}\"", self.reason().escape_ascii()))
            .field("version", &self.version())
            .field("fields", &self.fields())
            .finish()
    }
}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for field in self.clone() {
            map.entry(&field.name, &format_args!("{} bytes", field.value.len()));
        }
        map.finish()
    }
}

/// The target up to its `?`.
fn without_query(target: &str) -> &str {
    target.split_inclusive('?').next().unwrap_or_default()
}
