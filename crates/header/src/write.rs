//! Writing heads that say what their writer meant: an element that would end early, or begin
//! another one, is refused.
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

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::{error, fmt};

use crate::{Status, classify};

/// Where a head is written to.
pub trait Sink {
    /// Appends all of `bytes`, or nothing.
    ///
    /// # Errors
    /// Where there is no room for all of them.
    fn put(&mut self, bytes: &[u8]) -> Result<(), SinkFull>;
}

/// Begins a request: `method SP target SP HTTP/1.1`.
///
/// # Errors
/// Where the method is not a token, the target holds a byte that may not stand in one, or the sink
/// is full. Nothing has been written in the first two cases.
pub fn request<'s, S: Sink>(sink: &'s mut S, method: &str, target: &str) -> Result<HeadWriter<'s, S>, WriteError> {
    check(WriteErrorKind::Method, method.as_bytes(), classify::token_end, false)?;
    check(WriteErrorKind::Target, target.as_bytes(), classify::target_end, false)?;
    put_all(sink, [method.as_bytes(), b" ", target.as_bytes(), b" HTTP/1.1\r\n"])?;
    Ok(HeadWriter { sink })
}

/// Begins a response with the registered reason phrase.
///
/// # Errors
/// Where the sink is full.
pub fn response<S: Sink>(sink: &mut S, status: Status) -> Result<HeadWriter<'_, S>, WriteError> {
    response_with_reason(sink, status, status.reason())
}

/// Begins a response with a reason phrase of the caller's, which may be empty.
///
/// # Errors
/// Where the reason holds a control byte, with nothing written, or where the sink is full.
pub fn response_with_reason<S: Sink>(
    sink: &mut S,
    status: Status,
    reason: impl AsRef<[u8]>,
) -> Result<HeadWriter<'_, S>, WriteError> {
    let reason = reason.as_ref();
    check(WriteErrorKind::Reason, reason, classify::field_end, true)?;
    put_all(sink, [b"HTTP/1.1 ", &digits(status), b" ", reason, b"\r\n"])?;
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

/// A head whose start-line has been written.
#[derive(Debug)]
#[must_use = "a head is complete only after `end`"]
pub struct HeadWriter<'s, S> {
    sink: &'s mut S,
}

impl<S: Sink> HeadWriter<'_, S> {
    /// Writes one field line.
    ///
    /// # Errors
    /// As [`check_field`], with nothing of the line written, or where the sink is full.
    pub fn field(self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, WriteError> {
        let value = value.as_ref();
        check_field(name, value)?;
        // RFC 9110, section 5.6.3: one SP, or nothing before an empty value.
        let colon: &[u8] = if value.is_empty() { b":" } else { b": " };
        put_all(self.sink, [name.as_bytes(), colon, value, b"\r\n"])?;
        Ok(self)
    }

    /// Writes the empty line that completes the head.
    ///
    /// # Errors
    /// Where the sink is full.
    pub fn end(self) -> Result<(), WriteError> {
        put_all(self.sink, [b"\r\n"])
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
    fn put(&mut self, bytes: &[u8]) -> Result<(), SinkFull> {
        let end = self.len.checked_add(bytes.len()).ok_or(SinkFull)?;
        self.slice.get_mut(self.len..end).ok_or(SinkFull)?.copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }
}

#[cfg(feature = "alloc")]
impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), SinkFull> {
        self.extend_from_slice(bytes);
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
    /// The target is empty or holds a byte that may not stand in one.
    Target,
    /// The reason phrase holds a control byte.
    Reason,
    /// The field name is not a token.
    Name,
    /// The field value holds a control byte, or has white space at its start or end.
    Value,
    /// The sink has no room. What had been put into it before stays there.
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

fn put_all<const N: usize>(sink: &mut impl Sink, parts: [&[u8]; N]) -> Result<(), WriteError> {
    for part in parts {
        sink.put(part)?;
    }
    Ok(())
}

fn digits(status: Status) -> [u8; 3] {
    // A status has three digits, so each of these is below 10.
    [100, 10, 1].map(|unit| b'0' + u8::try_from(status.as_u16() / unit % 10).unwrap_or_default())
}
