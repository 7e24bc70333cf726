use core::{error, fmt};

use crate::Status;

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
    /// A byte that may not stand in a comment, or behind it.
    Comment,
    /// A comment without its closing parenthesis.
    UnclosedComment,
    /// Comments nested deeper than [`MAX_COMMENT_NESTING`](super::MAX_COMMENT_NESTING).
    CommentNesting,
    /// More empty list elements than [`MAX_EMPTY_ELEMENTS`](super::MAX_EMPTY_ELEMENTS), or one at
    /// all in `Transfer-Encoding`.
    EmptyElements,
    /// A list without an element where the field has to have one, placed in its last line.
    EmptyList,
    /// A second line of a field that may stand once.
    Duplicate,
    /// Something other than `;` behind a parameter, or `=` without a value.
    Parameter,
    /// Not a host: a registered name, an IPv4 address or an IPv6 address in brackets.
    Host,
    /// Not a port: decimal digits up to 65535.
    Port,
    /// Not `null`, and not `scheme://host` with or without a port.
    Origin,
    /// Not decimal digits up to `u64::MAX`.
    ContentLength,
    /// A parameter that a transfer coding may not have.
    TransferCoding,
    /// What may not stand behind the name of an expectation, or a parameter of it without a value.
    Expectation,
    /// Not a protocol, an intermediary and perhaps a comment with white space between.
    Via,
    /// A parameter of an extension is missing or, unescaped, not a token.
    Extension,
    /// Not 16 bytes in base64.
    WebSocketKey,
    /// Not 20 bytes in base64.
    WebSocketAccept,
    /// Not a number from 0 to 255 without leading zeros.
    WebSocketVersion,
    /// Not settings in base64url.
    Http2Settings,
    /// Not a Structured Field of the type that the field has.
    StructuredField,
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
            ValueErrorKind::Comment | ValueErrorKind::UnclosedComment | ValueErrorKind::CommentNesting => {
                "RFC 9110, section 5.6.5"
            }
            ValueErrorKind::EmptyElements | ValueErrorKind::EmptyList => "RFC 9110, section 5.6.1.2",
            ValueErrorKind::Duplicate => "RFC 9110, section 5.3",
            ValueErrorKind::Parameter => "RFC 9110, section 5.6.6",
            ValueErrorKind::Host => "RFC 3986, section 3.2.2",
            ValueErrorKind::Port => "RFC 3986, section 3.2.3",
            ValueErrorKind::Origin => "RFC 6454, section 7.1",
            ValueErrorKind::ContentLength => "RFC 9110, section 8.6",
            ValueErrorKind::TransferCoding => "RFC 9112, section 7",
            ValueErrorKind::Expectation => "RFC 9110, section 10.1.1",
            ValueErrorKind::Via => "RFC 9110, section 7.6.3",
            ValueErrorKind::Extension => "RFC 6455, section 9.1",
            ValueErrorKind::WebSocketKey => "RFC 6455, section 4.2.1",
            ValueErrorKind::WebSocketAccept => "RFC 6455, section 4.2.2",
            ValueErrorKind::WebSocketVersion => "RFC 6455, section 4.3",
            ValueErrorKind::Http2Settings => "RFC 7540, section 3.2.1",
            ValueErrorKind::StructuredField => "RFC 8941, section 4.2",
        }
    }

    /// The status to answer a request with: 400.
    #[must_use]
    pub const fn status(&self) -> Status {
        Status::BAD_REQUEST
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
            Self::Comment => "malformed comment",
            Self::UnclosedComment => "comment without its closing parenthesis",
            Self::CommentNesting => "comments nested too deep",
            Self::EmptyElements => "too many empty list elements",
            Self::EmptyList => "the list has no element",
            Self::Duplicate => "the field stands twice",
            Self::Parameter => "malformed parameter",
            Self::Host => "malformed host",
            Self::Port => "malformed port",
            Self::Origin => "malformed origin",
            Self::ContentLength => "malformed length",
            Self::TransferCoding => "malformed transfer coding",
            Self::Expectation => "malformed expectation",
            Self::Via => "malformed element of Via",
            Self::Extension => "malformed parameter of an extension",
            Self::WebSocketKey => "not 16 bytes in base64",
            Self::WebSocketAccept => "not 20 bytes in base64",
            Self::WebSocketVersion => "not a version of WebSocket",
            Self::Http2Settings => "not settings in base64url",
            Self::StructuredField => "malformed structured field",
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
