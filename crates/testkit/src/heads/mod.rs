//! Heads of HTTP/1.1 messages, valid and broken. (RFC 9112)
//!
//! - [`requests`], [`responses`]: valid heads, which know what a parser has to find in them
//! - [`broken_requests`], [`broken_responses`]: heads broken at exactly one place, with the fault and its offset
//! - [`broken_request_by`], [`broken_response_by`]: the same, always by one [`HeadFault`]
//!
//! ```
//! use proptest::prelude::*;
//! use switchover_testkit::heads;
//!
//! /// The part of a parser under test: the method of a request.
//! fn method(head: &[u8]) -> &[u8] {
//!     head.trim_ascii_start().split(|byte| *byte == b' ').next().unwrap_or_default()
//! }
//!
//! proptest!(|(request in heads::requests())| {
//!     let head = request.bytes();
//!     prop_assert_eq!(method(&head), request.method.as_bytes());
//! });
//! ```

mod broken;
mod layout;
mod valid;

use std::fmt;

pub use broken::{
    BrokenHead, REQUEST_FAULTS, RESPONSE_FAULTS, broken_request_by, broken_requests, broken_response_by,
    broken_responses,
};
pub use valid::{requests, responses};

use layout::Layout;

/// A valid request head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Empty lines before the request line, 0 to 2, which a server skips. (RFC 9112, section 2.2)
    pub leading_crlf: usize,
    /// The method.
    pub method: String,
    /// The target, in the form that the method demands.
    pub target: String,
    /// The minor version: 0 or 1.
    pub minor_version: u8,
    /// The field lines, in order; exactly one is Host.
    pub fields: Vec<FieldLine>,
    /// How the body is delimited by the fields.
    pub body: Body,
}

/// A valid response head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The minor version: 0 or 1.
    pub minor_version: u8,
    /// The status code, 100 to 599.
    pub status: u16,
    /// The reason phrase, perhaps empty; not always UTF-8.
    pub reason: Vec<u8>,
    /// The field lines, in order.
    pub fields: Vec<FieldLine>,
}

/// A field line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldLine {
    /// The name, a token.
    pub name: String,
    /// White space between the colon and the value, which is no part of the value.
    pub before: &'static str,
    /// The value, perhaps empty, not always UTF-8, without white space around it.
    pub value: Vec<u8>,
    /// White space between the value and the end of the line.
    pub after: &'static str,
}

/// What delimits the body of a request. (RFC 9112, section 6.3)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing: there is no body.
    None,
    /// Content-Length.
    Length(u64),
    /// The chunked transfer coding.
    Chunked,
}

impl Request {
    /// The head, from the first empty line or the method to the empty line at the end.
    pub fn bytes(&self) -> Vec<u8> {
        Layout::of_request(self).bytes
    }
}

impl Response {
    /// The head, from the version to the empty line at the end.
    pub fn bytes(&self) -> Vec<u8> {
        Layout::of_response(self).bytes
    }
}

impl FieldLine {
    /// A field line with one SP behind the colon.
    pub fn new(name: &str, value: impl Into<Vec<u8>>) -> Self {
        Self { name: name.to_owned(), before: " ", value: value.into(), after: "" }
    }

    /// Whether this is the name of the field, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The ways in which a head can be broken.
///
/// Each variant says where [`BrokenHead::offset`] points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeadFault {
    /// A LF without a CR before it: the LF. At the end of any line or inside a value. (RFC 9112, section 2.2)
    BareLf,
    /// A CR without a LF behind it: the CR. In a value, or in the empty line at the end. (RFC 9112, section 2.2)
    BareCr,
    /// A byte in the method that is no token character, or no method at all: that byte. (RFC 9112, section 3.1)
    Method,
    /// A byte that may not stand in a target, or a second SP before it: that byte. (RFC 9112, section 3.2)
    Target,
    /// Not `HTTP/` DIGIT `.` DIGIT, or a second SP before it: the first byte that differs. (RFC 9112, section 2.3)
    Version,
    /// A major version other than 1: its digit. (RFC 9110, section 15.6.6)
    UnsupportedVersion,
    /// Not three digits from 100 on: the first byte that cannot be right. (RFC 9112, section 4)
    StatusCode,
    /// A control byte in the reason phrase: that byte. (RFC 9112, section 4)
    Reason,
    /// White space before the first field line: that byte. (RFC 9112, section 2.2)
    SpaceBeforeFields,
    /// White space at the beginning of a later line: that byte. (RFC 9112, section 5.2)
    ObsFold,
    /// A line that begins with the colon: the colon. (RFC 9112, section 5)
    EmptyName,
    /// A line without a colon: the CR at its end. (RFC 9112, section 5)
    MissingColon,
    /// White space between name and colon: its first byte. (RFC 9112, section 5.1)
    SpaceBeforeColon,
    /// A byte in a name that is no token character: that byte. (RFC 9110, section 5.1)
    Name,
    /// A control byte other than HTAB, CR and LF in a value: that byte. (RFC 9110, section 5.5)
    Value,
    /// HTTP/1.1 without Host: behind the last byte of the head. (RFC 9112, section 3.2)
    MissingHost,
    /// A second Host: the first byte of its line. (RFC 9112, section 3.2)
    DuplicateHost,
    /// A byte that may not stand in Host: that byte. (RFC 9112, section 3.2)
    Host,
    /// A Content-Length that is not 1*DIGIT below 2^64: the first byte that differs, the end of the value where it is
    /// empty. (RFC 9110, section 8.6)
    ContentLength,
    /// A second Content-Length: the first byte of its value. (RFC 9112, section 6.3)
    DuplicateContentLength,
    /// Transfer-Encoding and Content-Length: the first byte of the later one's value. (RFC 9112, section 6.3)
    TransferEncodingWithContentLength,
    /// Transfer-Encoding in HTTP/1.0: the first byte of its value. (RFC 9112, section 6.1)
    TransferEncodingOnHttp10,
    /// A coding behind chunked: its first byte; codings without chunked: the end of the value. (RFC 9112, section 6.3)
    ChunkedNotLast,
    /// A transfer coding other than chunked: its first byte. (RFC 9112, section 6.1)
    UnsupportedTransferCoding,
}

impl HeadFault {
    /// The status to answer a request with.
    pub const fn status(self) -> u16 {
        match self {
            Self::UnsupportedVersion => 505,
            Self::UnsupportedTransferCoding => 501,
            _ => 400,
        }
    }
}

/// The name of the variant, to compare with an implementation's own names.
impl fmt::Display for HeadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
