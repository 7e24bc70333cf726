use core::{error, fmt};

use crate::{FramingErrorKind, Status};

/// Why a head was refused, and where: the sender's fault, never the caller's.
///
/// `Display` is one line: ``white space before the colon: byte 0x20 at offset 37 in field 2
/// (RFC 9112, section 5.1)``.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadError {
    kind: HeadErrorKind,
    offset: u32,
    byte: Option<u8>,
    field: Option<u32>,
    message: Message,
}

/// What is wrong with a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeadErrorKind {
    /// More CRLFs before a request line than [`Limits::leading_crlf`](crate::Limits).
    TooManyLeadingCrlf,
    /// The start-line is longer than [`Limits::start_line`](crate::Limits).
    StartLineTooLong,
    /// A CR without a LF behind it.
    BareCr,
    /// A LF without a CR before it.
    BareLf,
    /// The method is not a token followed by one SP.
    Method,
    /// A byte that may not stand in a request target, or an empty target.
    Target,
    /// The target is longer than [`Limits::target`](crate::Limits), or than the start-line may be.
    TargetTooLong,
    /// The target has none of the four forms, or not the one its method demands.
    TargetForm,
    /// Not `HTTP/` DIGIT `.` DIGIT.
    Version,
    /// A major version other than 1.
    UnsupportedVersion,
    /// The status code is not three digits from 100 on.
    StatusCode,
    /// A byte that may not stand in a reason phrase.
    Reason,
    /// White space between the start-line and the first field line.
    SpaceBeforeFields,
    /// A field line that begins with white space: obsolete line folding.
    ObsFold,
    /// A colon without a field name before it.
    EmptyName,
    /// A line without a colon.
    MissingColon,
    /// White space between the field name and the colon.
    SpaceBeforeColon,
    /// A byte that may not stand in a field name.
    Name,
    /// The field name is longer than [`Limits::name`](crate::Limits).
    NameTooLong,
    /// A control byte in a field value.
    Value,
    /// The field value is longer than [`Limits::value`](crate::Limits).
    ValueTooLong,
    /// More field lines than [`Limits::fields`](crate::Limits), or than the store has room for.
    TooManyFields,
    /// The head is longer than [`Limits::head`](crate::Limits).
    HeadTooLong,
    /// The trailer section is longer than [`TrailerLimits::section`](crate::TrailerLimits).
    TrailersTooLong,
    /// An HTTP/1.1 request without Host.
    MissingHost,
    /// A second Host field line.
    DuplicateHost,
    /// Host is not `host [":" port]`, or is empty although the target names an authority.
    Host,
    /// Where the body ends cannot be told.
    Framing(FramingErrorKind),
}

/// Which kind of message an error was found in: decides the answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Request,
    Response,
}

impl HeadError {
    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> HeadErrorKind {
        self.kind
    }

    /// Offset, from the start of the input, of the first byte that is wrong or one too many; the
    /// end of the head for what is missing.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset as usize
    }

    /// The byte at the offset, where one byte is at fault.
    #[must_use]
    pub const fn byte(&self) -> Option<u8> {
        self.byte
    }

    /// The number of the field line, from 0, where the fault is in one.
    #[must_use]
    pub fn field(&self) -> Option<usize> {
        self.field.map(|number| number as usize)
    }

    /// The rule that was broken, for instance `RFC 9112, section 5.1`.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        self.kind.section()
    }

    /// The status to answer a request with; 502 where the fault is in a response.
    #[must_use]
    pub const fn status(&self) -> Status {
        match self.message {
            Message::Request => self.kind.status(),
            Message::Response => Status::BAD_GATEWAY,
        }
    }

    /// An error at `offset` of `input`, which names the byte there if there is one.
    pub(crate) fn at(kind: HeadErrorKind, input: &[u8], offset: usize, field: Option<usize>, message: Message) -> Self {
        Self {
            kind,
            offset: u32::try_from(offset).unwrap_or(u32::MAX),
            byte: input.get(offset).copied(),
            field: field.and_then(|number| u32::try_from(number).ok()),
            message,
        }
    }

    /// The same error in a trailer section, which has no start-line before it.
    pub(crate) const fn in_trailers(self, message: Message) -> Self {
        let kind = match self.kind {
            HeadErrorKind::SpaceBeforeFields => HeadErrorKind::ObsFold,
            HeadErrorKind::HeadTooLong => HeadErrorKind::TrailersTooLong,
            kind => kind,
        };
        Self { kind, message, ..self }
    }

    /// The same error without a byte: something is missing, no byte is at fault.
    pub(crate) const fn without_byte(self) -> Self {
        Self { byte: None, ..self }
    }
}

impl HeadErrorKind {
    /// The rule that was broken, for instance `RFC 9112, section 5.1`.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::TooManyLeadingCrlf | Self::BareCr | Self::BareLf | Self::SpaceBeforeFields => "RFC 9112, section 2.2",
            Self::StartLineTooLong | Self::TargetTooLong => "RFC 9112, section 3",
            Self::Method => "RFC 9112, section 3.1",
            Self::Target | Self::TargetForm | Self::MissingHost | Self::DuplicateHost | Self::Host => {
                "RFC 9112, section 3.2"
            }
            Self::Version => "RFC 9112, section 2.3",
            Self::UnsupportedVersion => "RFC 9110, section 15.6.6",
            Self::StatusCode | Self::Reason => "RFC 9112, section 4",
            Self::ObsFold => "RFC 9112, section 5.2",
            Self::EmptyName | Self::MissingColon => "RFC 9112, section 5",
            Self::SpaceBeforeColon => "RFC 9112, section 5.1",
            Self::Name => "RFC 9110, section 5.1",
            Self::Value => "RFC 9110, section 5.5",
            Self::NameTooLong
            | Self::ValueTooLong
            | Self::TooManyFields
            | Self::HeadTooLong
            | Self::TrailersTooLong => "RFC 9110, section 5.4",
            Self::Framing(kind) => kind.section(),
        }
    }

    /// The status that answers a request with this fault.
    pub(crate) const fn status(self) -> Status {
        match self {
            Self::TargetTooLong => Status::URI_TOO_LONG,
            Self::NameTooLong
            | Self::ValueTooLong
            | Self::TooManyFields
            | Self::HeadTooLong
            | Self::TrailersTooLong => Status::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::UnsupportedVersion => Status::HTTP_VERSION_NOT_SUPPORTED,
            Self::Framing(kind) => kind.status(),
            _ => Status::BAD_REQUEST,
        }
    }
}

impl fmt::Display for HeadErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooManyLeadingCrlf => "too many empty lines before the request line",
            Self::StartLineTooLong => "start-line too long",
            Self::BareCr => "CR without LF",
            Self::BareLf => "LF without CR",
            Self::Method => "malformed method",
            Self::Target => "malformed request target",
            Self::TargetTooLong => "request target too long",
            Self::TargetForm => "request target of a wrong form",
            Self::Version => "malformed HTTP version",
            Self::UnsupportedVersion => "unsupported HTTP version",
            Self::StatusCode => "malformed status code",
            Self::Reason => "malformed reason phrase",
            Self::SpaceBeforeFields => "white space between the start-line and the fields",
            Self::ObsFold => "folded field line",
            Self::EmptyName => "empty field name",
            Self::MissingColon => "field line without a colon",
            Self::SpaceBeforeColon => "white space before the colon",
            Self::Name => "malformed field name",
            Self::NameTooLong => "field name too long",
            Self::Value => "control byte in a field value",
            Self::ValueTooLong => "field value too long",
            Self::TooManyFields => "too many field lines",
            Self::HeadTooLong => "head too long",
            Self::TrailersTooLong => "trailer section too long",
            Self::MissingHost => "Host is missing",
            Self::DuplicateHost => "Host stands twice",
            Self::Host => "malformed Host",
            Self::Framing(kind) => return kind.fmt(f),
        })
    }
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        one_line(f, &self.kind, self.byte, u64::from(self.offset), self.field(), self.section())
    }
}

/// What is wrong, which byte, where, by which rule.
pub(crate) fn one_line(
    f: &mut fmt::Formatter<'_>,
    kind: &dyn fmt::Display,
    byte: Option<u8>,
    offset: u64,
    field: Option<usize>,
    section: &str,
) -> fmt::Result {
    write!(f, "{kind}:")?;
    if let Some(byte) = byte {
        write!(f, " byte 0x{byte:02X}")?;
    }
    write!(f, " at offset {offset}")?;
    if let Some(field) = field {
        write!(f, " in field {field}")?;
    }
    write!(f, " ({section})")
}

impl error::Error for HeadError {}
