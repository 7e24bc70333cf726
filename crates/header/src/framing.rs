//! Where a message's body ends (RFC 9112, section 6), from the two fields that say so.

use core::{error, fmt};

use crate::{FieldSpan, HeadErrorKind, Status, Version, error::Message, head::ValueFault, names, value};

/// How the body behind a head is delimited (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// No body: what follows the head is the next message, or after a switch the next protocol.
    None,
    /// A body of this many bytes.
    Length(u64),
    /// A body in the chunked transfer coding.
    Chunked,
    /// A response body that ends with the connection.
    UntilClose,
}

/// What is wrong with `Content-Length` or `Transfer-Encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FramingErrorKind {
    /// `Content-Length` is not `1*DIGIT`, or exceeds `u64`.
    ContentLength,
    /// A second `Content-Length`, equal to the first or not.
    DuplicateContentLength,
    /// `Transfer-Encoding` is not a list of transfer codings without empty elements.
    TransferEncoding,
    /// A second `Transfer-Encoding` line.
    DuplicateTransferEncoding,
    /// `Transfer-Encoding` in an HTTP/1.0 message.
    TransferEncodingOnHttp10,
    /// `Transfer-Encoding` together with `Content-Length`.
    TransferEncodingWithContentLength,
    /// `chunked` is there twice, or is not the last transfer coding of a request.
    ChunkedNotLast,
    /// A transfer coding other than `chunked`.
    UnsupportedTransferCoding,
}

/// Framing that cannot be told, found through a [`RequestView`](crate::RequestView).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FramingError {
    kind: FramingErrorKind,
    line: usize,
    offset: usize,
}

impl FramingError {
    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> FramingErrorKind {
        self.kind
    }

    /// The name of the field at fault.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// The number, from 0, of the line among those of the same [`name`](Self::name).
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// Offset of the fault in the value of that line.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The rule that was broken, for instance `RFC 9112, section 6.3`.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        self.kind.section()
    }

    /// The status to answer a request with: 400 or 501.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.kind.status()
    }
}

impl FramingErrorKind {
    /// The name of the field at fault.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ContentLength | Self::DuplicateContentLength => crate::names::CONTENT_LENGTH,
            _ => crate::names::TRANSFER_ENCODING,
        }
    }

    /// The rule that was broken, for instance `RFC 9112, section 6.3`.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::ContentLength => "RFC 9110, section 8.6",
            Self::TransferEncoding | Self::UnsupportedTransferCoding | Self::TransferEncodingOnHttp10 => {
                "RFC 9112, section 6.1"
            }
            Self::DuplicateContentLength
            | Self::DuplicateTransferEncoding
            | Self::TransferEncodingWithContentLength
            | Self::ChunkedNotLast => "RFC 9112, section 6.3",
        }
    }

    /// The status that answers a request with this fault.
    pub(crate) const fn status(self) -> Status {
        match self {
            Self::UnsupportedTransferCoding => Status::NOT_IMPLEMENTED,
            _ => Status::BAD_REQUEST,
        }
    }
}

impl fmt::Display for FramingErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ContentLength => "malformed Content-Length",
            Self::DuplicateContentLength => "Content-Length stands twice",
            Self::TransferEncoding => "malformed Transfer-Encoding",
            Self::DuplicateTransferEncoding => "Transfer-Encoding stands twice",
            Self::TransferEncodingOnHttp10 => "Transfer-Encoding in an HTTP/1.0 message",
            Self::TransferEncodingWithContentLength => "Transfer-Encoding together with Content-Length",
            Self::ChunkedNotLast => "chunked is not the last transfer coding",
            Self::UnsupportedTransferCoding => "unsupported transfer coding",
        })
    }
}

impl fmt::Display for FramingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, line, offset } = self;
        write!(f, "{kind}: at offset {offset} of line {line} of {} ({})", self.name(), self.section())
    }
}

impl error::Error for FramingError {}

/// The two fields' facts, gathered line by line in any order.
///
/// A fault is given with its offset in the line's value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    message: Message,
    length: Option<u64>,
    /// How a body in transfer codings ends.
    coded: Option<Framing>,
}

type Fault = (FramingErrorKind, usize);

impl Facts {
    pub(crate) const fn new(message: Message) -> Self {
        Self { message, length: None, coded: None }
    }

    /// Adds one field line of a head, whatever it is called. A fault is given with its offset in the input.
    #[inline]
    pub(crate) fn note(&mut self, input: &[u8], span: FieldSpan, version: Version) -> Result<(), ValueFault> {
        let value = span.value_of(input);
        // The length rules out nearly all names before one is compared.
        let outcome = match span.name().len() {
            14 if span.is_called(input, names::CONTENT_LENGTH) => self.content_length(value),
            17 if span.is_called(input, names::TRANSFER_ENCODING) => self.transfer_encoding(value, version),
            _ => Ok(()),
        };
        outcome.map_err(|(kind, offset)| ValueFault {
            kind: HeadErrorKind::Framing(kind),
            offset: span.value().start + offset,
        })
    }

    // RFC 9110, section 8.6: Content-Length = 1*DIGIT
    pub(crate) fn content_length(&mut self, value: &[u8]) -> Result<(), Fault> {
        if self.length.is_some() {
            return Err((FramingErrorKind::DuplicateContentLength, 0));
        }
        let length = value::content_length(value).map_err(|error| (FramingErrorKind::ContentLength, error.offset()))?;
        if self.coded.is_some() {
            return Err((FramingErrorKind::TransferEncodingWithContentLength, 0));
        }
        self.length = Some(length);
        Ok(())
    }

    // RFC 9112, section 6.1: Transfer-Encoding = #transfer-coding. After an `Ok`, chunked is the
    // only coding, or it is not the last one of a response, which then ends with the connection
    // (section 6.3, item 4): what cannot be framed for certain is never taken as "no body".
    pub(crate) fn transfer_encoding(&mut self, value: &[u8], version: Version) -> Result<(), Fault> {
        if version == Version::Http10 {
            return Err((FramingErrorKind::TransferEncodingOnHttp10, 0));
        }
        if self.coded.is_some() {
            return Err((FramingErrorKind::DuplicateTransferEncoding, 0));
        }
        let mut other = None;
        let mut has_chunked = false;
        let mut last_is_chunked = false;
        for element in value::Elements::new(value) {
            let (offset, element) = element.map_err(|error| (FramingErrorKind::TransferEncoding, error.offset()))?;
            let coding = value::parameterized(element)
                .map_err(|error| (FramingErrorKind::TransferEncoding, offset + error.offset()))?;
            last_is_chunked = coding.name.eq_ignore_ascii_case("chunked");
            if has_chunked && (last_is_chunked || self.message == Message::Request) {
                return Err((FramingErrorKind::ChunkedNotLast, offset));
            }
            has_chunked |= last_is_chunked;
            if last_is_chunked {
                // RFC 9112, section 7.1: parameters of chunked are an error.
                if coding.name.len() != element.len() {
                    return Err((FramingErrorKind::TransferEncoding, offset + coding.name.len()));
                }
            } else {
                other = other.or(Some(offset));
            }
        }
        let coded = match (last_is_chunked, other) {
            (true, None) => Framing::Chunked,
            (true, Some(offset)) => return Err((FramingErrorKind::UnsupportedTransferCoding, offset)),
            (false, _) if self.message == Message::Response => Framing::UntilClose,
            (false, _) => return Err((FramingErrorKind::ChunkedNotLast, value.len())),
        };
        if self.length.is_some() {
            return Err((FramingErrorKind::TransferEncodingWithContentLength, 0));
        }
        self.coded = Some(coded);
        Ok(())
    }

    /// The framing of a request with these facts.
    pub(crate) const fn of_request(self) -> Framing {
        match (self.coded, self.length) {
            (Some(coded), _) => coded,
            (None, Some(length)) => Framing::Length(length),
            (None, None) => Framing::None,
        }
    }

    /// The framing of a response with these facts, where it may have a body at all.
    pub(crate) const fn of_response(self) -> Framing {
        match self.of_request() {
            Framing::None => Framing::UntilClose,
            framing => framing,
        }
    }
}

/// RFC 9112, section 6.3, items 1 and 2: what has no body, regardless of its fields.
pub(crate) fn has_no_body(response: Status, request_method: &str) -> bool {
    request_method == "HEAD"
        || response.is_informational()
        || matches!(response, Status::NO_CONTENT | Status::NOT_MODIFIED)
        || (request_method == "CONNECT" && response.is_successful())
}

/// The framing of a request of another parser, whose order of different fields is unknown:
/// Content-Length is looked at first.
#[cfg(feature = "http")]
pub(crate) fn of_request_lines<'a>(
    version: Version,
    content_length: impl Iterator<Item = &'a [u8]>,
    transfer_encoding: impl Iterator<Item = &'a [u8]>,
) -> Result<Framing, FramingError> {
    of_lines(Message::Request, version, content_length, transfer_encoding).map(Facts::of_request)
}

/// The same for a response that may have a body.
pub(crate) fn of_response_lines<'a>(
    version: Version,
    content_length: impl Iterator<Item = &'a [u8]>,
    transfer_encoding: impl Iterator<Item = &'a [u8]>,
) -> Result<Framing, FramingError> {
    of_lines(Message::Response, version, content_length, transfer_encoding).map(Facts::of_response)
}

fn of_lines<'a>(
    message: Message,
    version: Version,
    content_length: impl Iterator<Item = &'a [u8]>,
    transfer_encoding: impl Iterator<Item = &'a [u8]>,
) -> Result<Facts, FramingError> {
    let mut facts = Facts::new(message);
    for (line, value) in content_length.enumerate() {
        facts.content_length(value).map_err(|(kind, offset)| FramingError { kind, line, offset })?;
    }
    for (line, value) in transfer_encoding.enumerate() {
        facts.transfer_encoding(value, version).map_err(|(kind, offset)| FramingError { kind, line, offset })?;
    }
    Ok(facts)
}
