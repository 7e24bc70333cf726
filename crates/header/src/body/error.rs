use core::{error, fmt};

use crate::{
    HeadError, HeadErrorKind, Status,
    error::{Message, one_line},
};

/// Why a body was refused, and where: the sender's fault, never the caller's.
///
/// `Display` is one line: `malformed chunk-size: byte 0x2B at offset 0 (RFC 9112, section 7.1)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyError {
    kind: BodyErrorKind,
    offset: u64,
    byte: Option<u8>,
    field: Option<usize>,
    message: Message,
}

/// What is wrong with a body in the chunked transfer coding; nothing can be wrong with the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyErrorKind {
    /// Not `1*HEXDIG` with an extension or CRLF behind it: a sign, `0x`, white space, nothing at all.
    ChunkSize,
    /// A chunk-size of more than 16 digits, which is what `u64` takes; leading zeros count.
    ChunkSizeTooLong,
    /// A chunk extension that is none by its grammar: without a name or value, with a control byte, or white space
    /// that no `;` or `=` follows.
    ChunkExtension,
    /// More chunk extensions than [`BodyLimits::extensions`](crate::BodyLimits::extensions).
    ExtensionsTooLong,
    /// A CR without a LF behind it, where a line or chunk-data ends.
    BareCr,
    /// A LF without a CR before it.
    BareLf,
    /// No CRLF behind as many bytes of chunk-data as the chunk-size says.
    ChunkDataEnd,
    /// A fault in the trailer section.
    Trailers(HeadErrorKind),
}

impl BodyError {
    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> BodyErrorKind {
        self.kind
    }

    /// Offset, from the start of the body as it was sent, of the first byte that is wrong or one too many.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The byte at the offset.
    #[must_use]
    pub const fn byte(&self) -> Option<u8> {
        self.byte
    }

    /// The number of the field line in the trailer section, from 0, where the fault is in one.
    #[must_use]
    pub const fn field(&self) -> Option<usize> {
        self.field
    }

    /// The rule that was broken, for instance `RFC 9112, section 7.1`.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        self.kind.section()
    }

    /// The status to answer a request with: 400, or 431 for a limit of the trailer section; 502 where the fault is in
    /// a response.
    #[must_use]
    pub const fn status(&self) -> Status {
        match (self.message, self.kind) {
            (Message::Response, _) => Status::BAD_GATEWAY,
            (Message::Request, BodyErrorKind::Trailers(kind)) => kind.status(),
            // RFC 9112, section 7.1.1, has a 4xx for too many extensions as well.
            (Message::Request, _) => Status::BAD_REQUEST,
        }
    }

    pub(super) const fn new(kind: BodyErrorKind, offset: u64, byte: Option<u8>, message: Message) -> Self {
        Self { kind, offset, byte, field: None, message }
    }

    /// An error in the trailer section, which begins at `start` of the body.
    pub(super) fn in_trailers(error: HeadError, start: u64, message: Message) -> Self {
        Self {
            kind: BodyErrorKind::Trailers(error.kind()),
            offset: start.saturating_add(error.offset() as u64),
            byte: error.byte(),
            field: error.field(),
            message,
        }
    }
}

impl BodyErrorKind {
    /// The rule that was broken, for instance `RFC 9112, section 7.1`.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::ChunkSize | Self::ChunkSizeTooLong | Self::BareCr | Self::BareLf | Self::ChunkDataEnd => {
                "RFC 9112, section 7.1"
            }
            Self::ChunkExtension | Self::ExtensionsTooLong => "RFC 9112, section 7.1.1",
            Self::Trailers(kind) => kind.section(),
        }
    }
}

impl fmt::Display for BodyErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChunkSize => "malformed chunk-size",
            Self::ChunkSizeTooLong => "chunk-size of too many digits",
            Self::ChunkExtension => "malformed chunk extension",
            Self::ExtensionsTooLong => "chunk extensions too long",
            Self::BareCr => "CR without LF in the chunked coding",
            Self::BareLf => "LF without CR in the chunked coding",
            Self::ChunkDataEnd => "no CRLF behind chunk-data",
            Self::Trailers(kind @ HeadErrorKind::TrailersTooLong) => return kind.fmt(f),
            Self::Trailers(kind) => return write!(f, "{kind} in the trailer section"),
        })
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        one_line(f, &self.kind, self.byte, self.offset, self.field, self.section())
    }
}

impl error::Error for BodyError {}
