use core::{error, fmt};

/// A field value that does not follow its grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueError {
    kind: ValueErrorKind,
    line: usize,
    offset: usize,
}

/// What is wrong with a field value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ValueErrorKind {
    /// A token is missing, or is followed by what may not stand there.
    Token,
    /// A quoted-string without its closing quote.
    UnclosedQuote,
    /// A byte that may not stand in a quoted-string.
    QuotedString,
    /// More empty list elements than [`MAX_EMPTY_ELEMENTS`](super::MAX_EMPTY_ELEMENTS).
    EmptyElements,
    /// A second line of a field that may stand once.
    Duplicate,
    /// Something other than `;` behind a parameter, or `=` without a value.
    Parameter,
    /// Not a host: a registered name, an IPv4 address or an IPv6 address in brackets.
    Host,
    /// Not a port: decimal digits up to 65535.
    Port,
}

impl ValueError {
    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> ValueErrorKind {
        self.kind
    }

    /// The number, from 0, of the field's line.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// Offset of the fault in that line, or in the element where one element was given.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The rule that was broken, for instance `RFC 9110, section 5.6.2`.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        match self.kind {
            ValueErrorKind::Token => "RFC 9110, section 5.6.2",
            ValueErrorKind::UnclosedQuote | ValueErrorKind::QuotedString => "RFC 9110, section 5.6.4",
            ValueErrorKind::EmptyElements => "RFC 9110, section 5.6.1.2",
            ValueErrorKind::Duplicate => "RFC 9110, section 5.3",
            ValueErrorKind::Parameter => "RFC 9110, section 5.6.6",
            ValueErrorKind::Host => "RFC 3986, section 3.2.2",
            ValueErrorKind::Port => "RFC 3986, section 3.2.3",
        }
    }

    pub(super) const fn new(kind: ValueErrorKind, offset: usize) -> Self {
        Self { kind, line: 0, offset }
    }

    pub(super) const fn on_line(self, line: usize) -> Self {
        Self { line, ..self }
    }

    /// The same error, for a value that begins `by` bytes further on.
    pub(super) const fn shifted(self, by: usize) -> Self {
        Self { offset: self.offset + by, ..self }
    }
}

impl fmt::Display for ValueErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token => "not a token",
            Self::UnclosedQuote => "quoted-string without its closing quote",
            Self::QuotedString => "control byte in a quoted-string",
            Self::EmptyElements => "too many empty list elements",
            Self::Duplicate => "the field stands twice",
            Self::Parameter => "malformed parameter",
            Self::Host => "malformed host",
            Self::Port => "malformed port",
        })
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, line, offset } = self;
        write!(f, "{kind}: at offset {offset} of line {line} ({})", self.section())
    }
}

impl error::Error for ValueError {}
