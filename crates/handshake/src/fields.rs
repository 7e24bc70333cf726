//! The field lines of a message, and the way whole messages are written.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::BufMut;
use switchover_header::write::{self, Sink, SinkFull, WriteError, WriteErrorKind};
use switchover_header::{FieldsView, Status};

use crate::LocalError;
use crate::hop::is_one_of;

/// Name and value of a field line.
pub(crate) type Line<'a> = (&'a str, &'a [u8]);

/// Field lines that a caller adds, and that can break neither the head they are written to nor its meaning.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<(Box<str>, Box<[u8]>)>);

impl Fields {
    /// Adds a line behind those already there. `reserved` are the names that the caller may not write.
    pub(crate) fn push(&mut self, name: &str, value: &[u8], reserved: &[&str]) -> Result<(), LocalError> {
        write::check_field(name, value)?;
        if is_one_of(name, reserved) {
            return Err(LocalError::ReservedField);
        }
        self.0.push((name.into(), value.into()));
        Ok(())
    }

    /// Adds a line that this crate makes itself.
    pub(crate) fn push_known(&mut self, name: &'static str, value: &'static str) {
        self.0.push((name.into(), value.as_bytes().into()));
    }

    /// Adds a line whose value was made of checked parts.
    pub(crate) fn push_made(&mut self, name: &'static str, value: String) {
        self.0.push((name.into(), value.into_bytes().into()));
    }

    /// Takes the lines of this name away.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }

    /// Puts a value in the place of those of `name`, behind all other lines.
    pub(crate) fn replace(&mut self, name: &'static str, value: &[u8]) -> Result<(), LocalError> {
        write::check_field(name, value)?;
        self.remove(name);
        self.0.push((name.into(), value.into()));
        Ok(())
    }

    /// Adds a value that was checked already to the first line of `name`, or as a line of its own.
    pub(crate) fn append(&mut self, name: &'static str, separator: &str, value: &str) {
        match self.0.iter_mut().find(|(other, _)| other.eq_ignore_ascii_case(name)) {
            Some((_, line)) => *line = [line, separator.as_bytes(), value.as_bytes()].concat().into(),
            None => self.0.push((name.into(), value.as_bytes().into())),
        }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is a line of this name.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
    }

    /// The lines in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Line<'_>> + Clone {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

impl FieldsView for Fields {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone + 'a {
        self.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.iter()
    }
}

/// Names, and only the lengths of values: credentials are among them.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in self.iter() {
            map.entry(&name, &format_args!("{} bytes", value.len()));
        }
        map.finish()
    }
}

/// A message in parts, which were checked when they came.
pub(crate) trait Parts {
    /// Gives the parts in order.
    fn each(&self, give: impl FnMut(&[u8]));
}

/// Writes a whole message, or nothing where the output has no room for it.
#[inline]
pub(crate) fn write_parts(out: &mut impl BufMut, message: &impl Parts) -> Result<(), LocalError> {
    let mut needed = 0;
    message.each(|part| needed += part.len());
    if out.remaining_mut() < needed {
        return Err(LocalError::OutputTooSmall { needed });
    }
    message.each(|part| out.put_slice(part));
    Ok(())
}

/// Gives the parts of a field line.
#[inline(always)]
pub(crate) fn give_line((name, value): Line<'_>, mut give: impl FnMut(&[u8])) {
    give(name.as_bytes());
    // RFC 9110, section 5.6.3: one SP, or nothing before an empty value.
    give(if value.is_empty() { b":" } else { b": " });
    give(value);
    give(b"\r\n");
}

/// A 100 (Continue).
pub(crate) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The start-line of a message that this crate writes.
#[derive(Clone, Copy)]
pub(crate) enum Start<'a> {
    /// A GET request with this target.
    Get(&'a str),
    /// A request with this method and this target.
    Request(&'a str, &'a str),
    /// A response with this status.
    Response(Status),
    /// A 101 with this reason phrase; a 100 (Continue) goes before it where one is awaited.
    Switching { after_continue: bool, reason: &'a str },
}

/// Writes a whole message, or nothing where the output has no room for it.
pub(crate) fn write_whole<'a>(
    out: &mut impl BufMut,
    start: Start<'_>,
    lines: impl Iterator<Item = Line<'a>> + Clone,
    content: &[u8],
) -> Result<(), LocalError> {
    let mut length = Length(0);
    write_to(&mut length, start, lines.clone(), content)?;
    let needed = length.0;
    if out.remaining_mut() < needed {
        return Err(LocalError::OutputTooSmall { needed });
    }
    // All else was found when it was measured.
    write_to(out, start, lines, content).map_err(|_| LocalError::OutputTooSmall { needed })
}

fn write_to<'a>(
    sink: &mut impl Sink,
    start: Start<'_>,
    lines: impl Iterator<Item = Line<'a>>,
    content: &[u8],
) -> Result<(), WriteError> {
    let mut head = match start {
        Start::Get(target) => write::request(sink, "GET", target),
        Start::Request(method, target) => write::request(sink, method, target),
        Start::Response(status) => write::response(sink, status),
        Start::Switching { after_continue, reason } => {
            // RFC 9110, section 7.8.
            if after_continue {
                write::response(sink, Status::CONTINUE)?.end()?;
            }
            write::response_with_reason(sink, Status::SWITCHING_PROTOCOLS, reason)
        }
    }?;
    for (name, value) in lines {
        head = head.field(name, value)?;
    }
    head.end()?;
    Ok(sink.put_parts(&[content])?)
}

/// Counts what is put into it.
struct Length(usize);

/// Whether a request can begin with this method and this target.
pub(crate) fn check_request(method: &str, target: &str) -> Result<(), LocalError> {
    write::request(&mut Length(0), method, target).map(drop).map_err(LocalError::from)
}

impl Sink for Length {
    fn put_parts(&mut self, parts: &[&[u8]]) -> Result<(), SinkFull> {
        self.0 += parts.iter().map(|part| part.len()).sum::<usize>();
        Ok(())
    }
}

impl From<WriteError> for LocalError {
    fn from(error: WriteError) -> Self {
        match error.kind() {
            WriteErrorKind::Name => Self::FieldName,
            WriteErrorKind::Target => Self::Target,
            WriteErrorKind::Method => Self::Method,
            // No reason is the caller's, and what measures has room for all.
            _ => Self::FieldValue,
        }
    }
}
