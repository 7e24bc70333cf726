//! Tokenizing heads: a start-line, then field lines, with offsets as the only state.

mod fields;
mod request;
mod response;

pub use request::RequestScan;
pub use response::ResponseScan;

use self::fields::FieldLines;
use crate::{FieldStore, HeadError, HeadErrorKind, Limits, Step, Version, error::Message};

/// A fault before it is known which byte stands there and what kind of message it is in.
#[derive(Clone, Copy, Debug)]
struct Fault {
    kind: HeadErrorKind,
    /// Offset in the input.
    offset: usize,
    /// The number of the field line.
    field: Option<usize>,
}

/// A fault in the start-line.
const fn fault(kind: HeadErrorKind, offset: usize) -> Fault {
    Fault { kind, offset, field: None }
}

/// What the two kinds of start-line have in common.
trait StartLine {
    const MESSAGE: Message;

    /// Goes on where it stopped. `Done` tells the offset behind the line's CRLF, every time.
    fn scan(&mut self, input: &[u8], limits: &Limits) -> Result<Step<()>, Fault>;
}

/// The machine beneath both scans.
#[derive(Clone, Debug)]
struct HeadScan<L> {
    limits: Limits,
    line: L,
    /// `None` until the start-line is complete.
    fields: Option<FieldLines>,
    failed: Option<HeadError>,
}

impl<L: StartLine> HeadScan<L> {
    fn new(limits: Limits, line: L) -> Self {
        // Offsets are kept as u32.
        let head = limits.head.min(u32::MAX as usize);
        Self { limits: Limits { head, ..limits }, line, fields: None, failed: None }
    }

    fn advance<S: FieldStore>(&mut self, input: &[u8], store: &mut S) -> Result<Step<()>, HeadError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.tokenize(input, store).map_err(|Fault { kind, offset, field }| {
            let error = HeadError::at(kind, input, offset, field, L::MESSAGE);
            // No SP stands in a target: at one, something is missing from its end.
            let ends_early = kind == HeadErrorKind::TargetForm && error.byte() == Some(b' ');
            self.fail(if ends_early { error.without_byte() } else { error })
        })
    }

    /// Every later call gives the same error.
    fn fail(&mut self, error: HeadError) -> HeadError {
        self.failed = Some(error);
        error
    }

    fn tokenize<S: FieldStore>(&mut self, input: &[u8], store: &mut S) -> Result<Step<()>, Fault> {
        let (within, exceeded) = bounded(input, self.limits.head);
        let step = match self.line.scan(within, &self.limits)? {
            Step::Done { consumed, .. } => self.scan_fields(consumed, within, store)?,
            more @ Step::NeedMore { .. } => more,
        };
        match step {
            Step::NeedMore { .. } if exceeded => Err(fault(HeadErrorKind::HeadTooLong, within.len())),
            step => Ok(step),
        }
    }

    /// The field lines, which begin at `start`.
    fn scan_fields<S: FieldStore>(&mut self, start: usize, input: &[u8], store: &mut S) -> Result<Step<()>, Fault> {
        let fields = self.fields.get_or_insert_with(|| {
            store.clear();
            FieldLines::new(start)
        });
        let step = fields.scan(input, &self.limits, store)?;
        if matches!(step, Step::NeedMore { .. }) || store.spans().len() == fields.count() {
            return Ok(step);
        }
        // This store lacks spans of earlier calls. A head without some of its fields would say
        // something else than what was sent, so all lines are read again.
        store.clear();
        *fields = FieldLines::new(start);
        fields.scan(input, &self.limits, store)
    }
}

/// The first `limit` bytes of `input`, and whether there are more.
#[inline]
fn bounded(input: &[u8], limit: usize) -> (&[u8], bool) {
    match input.split_at_checked(limit) {
        Some((within, rest)) => (within, !rest.is_empty()),
        None => (input, false),
    }
}

/// The number of bytes of an HTTP-version.
const VERSION_LEN: usize = 8;

/// `HTTP/` DIGIT `.` DIGIT (RFC 9112, section 2.3) from `start` on, of which the bytes before `at`
/// have been seen. `Err` where it goes wrong, `Ok(None)` where the input ends.
fn version(input: &[u8], start: usize, at: usize) -> Result<Option<Version>, Fault> {
    const COMMON: &[u8; VERSION_LEN] = b"HTTP/1.1";
    let bytes = input.get(start..).unwrap_or_default();
    let bytes = bytes.get(..VERSION_LEN).unwrap_or(bytes);
    if bytes == COMMON {
        return Ok(Some(Version::Http11));
    }
    for (place, (&byte, &common)) in bytes.iter().zip(COMMON).enumerate().skip(at - start) {
        let kind = match place {
            5 if byte != common && byte.is_ascii_digit() => HeadErrorKind::UnsupportedVersion,
            7 if byte.is_ascii_digit() => continue,
            _ if byte == common => continue,
            _ => HeadErrorKind::Version,
        };
        return Err(fault(kind, start + place));
    }
    // RFC 9112, section 2.3: a later minor version is read as the highest one known.
    Ok(bytes.get(VERSION_LEN - 1).map(|minor| if *minor == b'0' { Version::Http10 } else { Version::Http11 }))
}
