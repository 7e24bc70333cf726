//! Writing heads and chunks that say what their writer meant: an element that would end early, or
//! begin another one, is refused.
//!
//! ```
//! use switchover_header::{Status, names, write};
//!
//! let mut out = Vec::new();
//! write::response(&mut out, Status::SWITCHING_PROTOCOLS)?
//!     .field(names::UPGRADE, "websocket")?
//!     .field(names::CONNECTION, "Upgrade")?
//!     .end()?;
//! assert_eq!(out, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
//! # Ok::<(), write::WriteError>(())
//! ```
//!
//! A body whose length is not known before it ends (RFC 9112, section 7.1):
//!
//! ```
//! use switchover_header::write;
//!
//! let mut out = Vec::new();
//! write::chunk(&mut out, b"Hello, ")?;
//! write::chunk(&mut out, b"world!")?;
//! write::last_chunk(&mut out)?.field("Server-Timing", "total;dur=7")?.end()?;
//! assert_eq!(out, b"7\r\nHello, \r\n6\r\nworld!\r\n0\r\nServer-Timing: total;dur=7\r\n\r\n");
//! # Ok::<(), write::WriteError>(())
//! ```

#[cfg(all(feature = "alloc", not(feature = "bytes")))]
use alloc::vec::Vec;
use core::{error, fmt, num::NonZero};

#[cfg(feature = "http")]
pub use crate::http::{http_request, http_response};
use crate::{Status, classify, names, store::Span, store::small, target::Target};

/// Where a head is written to: a [`SliceSink`], a `Vec<u8>` (feature `alloc`), every
/// `bytes::BufMut` (feature `bytes`).
///
/// A type that is a `BufMut` is not to implement this of its own: with feature `bytes`, which any
/// crate in the tree may turn on, it has it already.
pub trait Sink {
    /// Appends all of `parts`, one behind the other, or nothing.
    ///
    /// # Errors
    /// Where there is no room for all of them.
    fn put_parts(&mut self, parts: &[&[u8]]) -> Result<(), SinkFull>;
}

/// Begins a request: `method SP target SP HTTP/1.1`.
///
/// # Errors
/// Where the method is not a token, where the target holds a byte that may not stand in one or is
/// not of a form that the method has (RFC 9112, section 3.2), or where the sink is full. Nothing
/// has been written then.
pub fn request<'s, S: Sink>(sink: &'s mut S, method: &str, target: &str) -> Result<HeadWriter<'s, S>, WriteError> {
    let (method, target) = (method.as_bytes(), target.as_bytes());
    check(WriteErrorKind::Method, method, classify::token_end, false)?;
    check(WriteErrorKind::Target, target, classify::target_end, false)?;
    Target::of(method, target, Span { start: 0, end: small(target.len()) })
        .map_err(|(_, offset)| WriteError { kind: WriteErrorKind::Target, offset })?;
    sink.put_parts(&[method, b" ", target, b" HTTP/1.1\r\n"])?;
    Ok(HeadWriter { sink })
}

/// Begins a response with the registered reason phrase.
///
/// The version is HTTP/1.1 whatever that of the request was: a response has the highest version
/// of HTTP/1 that its sender conforms to (RFC 9110, section 6.2), and 1.0 clients read it.
///
/// # Errors
/// Where the sink is full, with nothing written.
pub fn response<S: Sink>(sink: &mut S, status: Status) -> Result<HeadWriter<'_, S>, WriteError> {
    response_with_reason(sink, status, status.reason())
}

/// Begins a response with a reason phrase of the caller's, which may be empty.
///
/// # Errors
/// Where the reason holds a control byte, or where the sink is full. Nothing has been written then.
pub fn response_with_reason<S: Sink>(
    sink: &mut S,
    status: Status,
    reason: impl AsRef<[u8]>,
) -> Result<HeadWriter<'_, S>, WriteError> {
    let reason = reason.as_ref();
    check(WriteErrorKind::Reason, reason, classify::field_end, true)?;
    sink.put_parts(&[b"HTTP/1.1 ", &status.digits(), b" ", reason, b"\r\n"])?;
    Ok(HeadWriter { sink })
}

/// Writes a whole chunk, or nothing where `data` is empty: a chunk without data would end the body
/// (RFC 9112, section 7.1).
///
/// # Errors
/// Where the sink is full, with nothing written.
pub fn chunk<S: Sink>(sink: &mut S, data: &[u8]) -> Result<(), SinkFull> {
    match NonZero::new(data.len() as u64) {
        Some(size) => sink.put_parts(&[hex(size, &mut [0; 16]), b"\r\n", data, b"\r\n"]),
        None => Ok(()),
    }
}

/// Writes the line that a chunk begins with. What the caller sends behind it without a copy is
/// `size` bytes of data and a CRLF.
///
/// # Errors
/// Where the sink is full, with nothing written.
pub fn chunk_header<S: Sink>(sink: &mut S, size: NonZero<u64>) -> Result<(), SinkFull> {
    sink.put_parts(&[hex(size, &mut [0; 16]), b"\r\n"])
}

/// Ends the chunks; the trailer fields follow, if there are any, and [`HeadWriter::end`] completes
/// the body.
///
/// Which fields make sense in trailers is the caller's to know: none that frames or routes the
/// message, modifies the request, or authenticates (RFC 9110, section 6.5.1).
///
/// # Errors
/// Where the sink is full, with nothing written.
pub fn last_chunk<S: Sink>(sink: &mut S) -> Result<HeadWriter<'_, S>, WriteError> {
    sink.put_parts(&[b"0\r\n"])?;
    Ok(HeadWriter { sink })
}

/// Checks what [`HeadWriter::field`] would check, without writing: for builders that collect
/// fields first.
///
/// # Errors
/// Where the name is not a token, or the value holds a control byte other than HTAB or has white
/// space at its start or end, where a reader would drop it.
pub fn check_field(name: &str, value: impl AsRef<[u8]>) -> Result<(), WriteError> {
    let value = value.as_ref();
    check(WriteErrorKind::Name, name.as_bytes(), classify::token_end, false)?;
    check(WriteErrorKind::Value, value, classify::field_end, true)?;
    let offset = match value {
        [first, ..] if classify::is_ows(*first) => 0,
        [.., last] if classify::is_ows(*last) => value.len() - 1,
        _ => return Ok(()),
    };
    Err(WriteError { kind: WriteErrorKind::Value, offset })
}

/// A head whose start-line has been written, or a chunked body whose last chunk has been.
///
/// Each call writes its element whole or not at all. An error ends the head where it stands.
#[derive(Debug)]
#[must_use = "a head is complete only after `end`"]
pub struct HeadWriter<'s, S> {
    sink: &'s mut S,
}

impl<S: Sink> HeadWriter<'_, S> {
    /// Writes one field line.
    ///
    /// # Errors
    /// As [`check_field`], or where the sink is full, with nothing of the line written.
    pub fn field(self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, WriteError> {
        let value = value.as_ref();
        check_field(name, value)?;
        self.line(name, value)
    }

    /// Writes `Content-Length`, in bytes (RFC 9110, section 8.6).
    ///
    /// # Errors
    /// Where the sink is full, with nothing of the line written.
    pub fn content_length(self, length: u64) -> Result<Self, WriteError> {
        self.line(names::CONTENT_LENGTH, decimal(length, &mut [0; 20]))
    }

    /// Writes the empty line that completes the head, or the chunked body.
    ///
    /// # Errors
    /// Where the sink is full, with nothing written.
    pub fn end(self) -> Result<(), WriteError> {
        Ok(self.sink.put_parts(&[b"\r\n"])?)
    }

    /// Writes a field line that has been checked.
    pub(crate) fn line(self, name: &str, value: &[u8]) -> Result<Self, WriteError> {
        // RFC 9110, section 5.6.3: one SP, or nothing before an empty value.
        let colon: &[u8] = if value.is_empty() { b":" } else { b": " };
        self.sink.put_parts(&[name.as_bytes(), colon, value, b"\r\n"])?;
        Ok(self)
    }
}

/// A [`Sink`] over a slice of fixed size.
#[derive(Debug)]
pub struct SliceSink<'s> {
    slice: &'s mut [u8],
    /// `len <= slice.len()`
    len: usize,
}

impl<'s> SliceSink<'s> {
    /// An empty sink over `slice`.
    #[must_use]
    pub const fn new(slice: &'s mut [u8]) -> Self {
        Self { slice, len: 0 }
    }

    /// What has been written.
    #[must_use]
    pub fn written(&self) -> &[u8] {
        self.slice.get(..self.len).unwrap_or_default()
    }
}

impl Sink for SliceSink<'_> {
    fn put_parts(&mut self, parts: &[&[u8]]) -> Result<(), SinkFull> {
        let mut rest = self.slice.get_mut(self.len..).unwrap_or_default();
        let length = length(parts);
        if rest.len() < length {
            return Err(SinkFull);
        }
        for part in parts {
            let (room, behind) = rest.split_at_mut(part.len());
            room.copy_from_slice(part);
            rest = behind;
        }
        self.len += length;
        Ok(())
    }
}

#[cfg(all(feature = "alloc", not(feature = "bytes")))]
impl Sink for Vec<u8> {
    fn put_parts(&mut self, parts: &[&[u8]]) -> Result<(), SinkFull> {
        self.reserve(length(parts));
        parts.iter().for_each(|part| self.extend_from_slice(part));
        Ok(())
    }
}

/// `Vec<u8>` is one of these.
#[cfg(feature = "bytes")]
impl<B: bytes::BufMut + ?Sized> Sink for B {
    fn put_parts(&mut self, parts: &[&[u8]]) -> Result<(), SinkFull> {
        // One of a fixed size panics where it is asked for more.
        if self.remaining_mut() < length(parts) {
            return Err(SinkFull);
        }
        parts.iter().for_each(|part| self.put_slice(part));
        Ok(())
    }
}

/// A [`Sink`] has no room for what was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SinkFull;

/// Why an element was not written: the caller's fault, never a peer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteError {
    kind: WriteErrorKind,
    offset: usize,
}

/// Which element cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WriteErrorKind {
    /// The method is not a token.
    Method,
    /// The target is empty, holds a byte that may not stand in one, or is of a form that the
    /// method does not have.
    Target,
    /// The reason phrase holds a control byte.
    Reason,
    /// The field name is not a token.
    Name,
    /// The field value holds a control byte, or has white space at its start or end.
    Value,
    /// The sink has no room for the whole element. What had been put into it before stays there.
    SinkFull,
}

impl WriteError {
    /// Which element cannot be written.
    #[must_use]
    pub const fn kind(&self) -> WriteErrorKind {
        self.kind
    }

    /// Offset in that element of the first byte that may not stand there.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

impl From<SinkFull> for WriteError {
    fn from(_: SinkFull) -> Self {
        Self { kind: WriteErrorKind::SinkFull, offset: 0 }
    }
}

impl fmt::Display for SinkFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no room for the rest of the head")
    }
}

impl error::Error for SinkFull {}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            WriteErrorKind::Method => "method is not a token",
            WriteErrorKind::Target => "request target is malformed",
            WriteErrorKind::Reason => "reason phrase holds a control byte",
            WriteErrorKind::Name => "field name is not a token",
            WriteErrorKind::Value => "field value is malformed",
            WriteErrorKind::SinkFull => return SinkFull.fmt(f),
        };
        write!(f, "{what}: at offset {}", self.offset)
    }
}

impl error::Error for WriteError {}

/// Refuses `bytes` where `end` does not reach their end.
fn check(
    kind: WriteErrorKind,
    bytes: &[u8],
    end: fn(&[u8], usize) -> usize,
    may_be_empty: bool,
) -> Result<(), WriteError> {
    let offset = end(bytes, 0);
    if offset < bytes.len() || (bytes.is_empty() && !may_be_empty) {
        return Err(WriteError { kind, offset });
    }
    Ok(())
}

fn length(parts: &[&[u8]]) -> usize {
    // The sum of slices that overlap may be beyond all memory.
    parts.iter().fold(0, |sum, part| sum.saturating_add(part.len()))
}

/// `1*DIGIT` without leading zeros, as numbers stand in field values. `digits` has room for `u64::MAX`.
#[inline]
pub fn decimal(number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let (mut start, mut rest) = (digits.len(), number);
    for digit in digits.iter_mut().rev() {
        #[allow(clippy::cast_possible_truncation, reason = "below 10")]
        let units = (rest % 10) as u8;
        *digit = b'0' + units;
        rest /= 10;
        start -= 1;
        if rest == 0 {
            break;
        }
    }
    digits.get(start..).unwrap_or_default()
}

/// `1*HEXDIG` without leading zeros.
fn hex(size: NonZero<u64>, digits: &mut [u8; 16]) -> &[u8] {
    let nibbles = size.get().to_be_bytes().into_iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
    for (digit, nibble) in digits.iter_mut().zip(nibbles) {
        *digit = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    }
    let zeros = size.leading_zeros() / 4;
    digits.get(zeros as usize..).unwrap_or_default()
}
