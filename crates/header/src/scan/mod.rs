//! Tokenizing heads: a start-line, then field lines, with offsets as the only state.
//!
//! There are two ways through each element. The quick one takes a start-line or a field line that
//! is whole and as nearly all are; the states take whatever else there is: elements that a read cut
//! off, faults, and what is valid but rare. Both look up where an element ends in masks of the same
//! blocks, and both go on where the last call stopped, so the work is linear however the bytes
//! arrive. The states alone say what is wrong.

mod fields;
mod fold;
mod index;
mod request;
mod response;
mod trailers;

pub use request::RequestScan;
pub use response::ResponseScan;
pub use trailers::TrailerScan;

use self::{fields::FieldLines, fold::Fold, index::Index};
use crate::{
    Backend, FieldSpan, FieldStore, HeadError, HeadErrorKind, Leniency, Limits, Step, Version,
    error::Message,
    head::ValueFault,
    simd::{BLOCK, Classify, Masks, Work},
};

/// A fault before it is known which byte stands there and what kind of message it is in.
#[derive(Clone, Copy, Debug)]
struct Fault {
    kind: HeadErrorKind,
    /// Offset in the input.
    offset: usize,
    /// The number of the field line.
    field: Option<usize>,
    /// Whether something is missing at the offset, so that no byte is at fault.
    missing: bool,
}

/// A fault in the start-line.
const fn fault(kind: HeadErrorKind, offset: usize) -> Fault {
    Fault { kind, offset, field: None, missing: false }
}

/// What the two kinds of start-line have in common.
trait StartLine {
    const MESSAGE: Message;

    /// The line, if it is whole and of the usual form, and nothing was seen of it before. `masks` are those of the
    /// first block, `block`. Gives the offset behind its CRLF.
    fn scan_whole(
        &mut self,
        input: &[u8],
        block: &[u8; BLOCK],
        masks: Masks,
        limits: &Limits,
        classify: impl Classify,
    ) -> Option<usize>;

    /// Goes on where it stopped. `Done` tells the offset behind the line's CRLF, every time.
    fn scan(&mut self, input: &[u8], limits: &Limits, index: &mut Index) -> Result<Step<()>, Fault>;

    /// The next byte to look at.
    fn at(&self) -> usize;

    /// What is accepted beyond the grammar: of responses alone there is a choice.
    fn leniency(&self) -> Leniency {
        Leniency::default()
    }

    /// The last fold that was replaced: only responses can have one.
    fn fold(&self) -> Fold {
        Fold::NONE
    }

    /// The lowest bit tells whether a field line may concern it whose name has `_name` bytes.
    fn notable(_name: usize, _first: u8) -> u64 {
        0
    }

    /// Takes note of a field line that is complete.
    fn note(&mut self, _input: &[u8], _span: &FieldSpan, _classify: impl Classify) -> Result<(), ValueFault> {
        Ok(())
    }

    /// Forgets what it noted of field lines.
    fn forget(&mut self) {}
}

/// The machine beneath both scans.
#[derive(Clone, Debug)]
struct HeadScan<L> {
    limits: Limits,
    backend: Backend,
    line: L,
    /// `None` until the start-line is complete.
    fields: Option<FieldLines>,
    failed: Option<HeadError>,
}

impl<L: StartLine> HeadScan<L> {
    #[inline]
    fn new(limits: Limits, line: L) -> Self {
        // Offsets are kept as u32.
        let head = limits.head.min(u32::MAX as usize);
        Self { limits: Limits { head, ..limits }, backend: Backend::best(), line, fields: None, failed: None }
    }

    /// The quick way through a head of which nothing was seen before. Gives the offset behind it, or in `rest` what is
    /// left to [`resume`](Self::resume).
    #[inline(always)]
    fn quick<S: FieldStore>(&mut self, input: &[u8], store: &mut S, rest: &mut Rest) -> Option<usize> {
        let (within, _) = bounded(input, self.limits.head);
        if self.fields.is_some() || self.line.at() > 0 || self.failed.is_some() || within.len() < BLOCK {
            return None;
        }
        let backend = self.backend;
        backend.run(Quick { scan: self, input: within, store, rest })
    }

    #[inline(always)]
    fn advance<S: FieldStore>(&mut self, input: &[u8], store: &mut S) -> Result<Step<()>, HeadError> {
        let mut rest = self.rest();
        match self.quick(input, store, &mut rest) {
            Some(end) => Ok(Step::Done { value: (), consumed: end }),
            None => self.resume(input, store, rest),
        }
    }

    /// What is left before a call has looked at anything.
    #[inline(always)]
    fn rest(&self) -> Rest {
        Rest { index: Index::new(self.backend, self.at()), fault: None }
    }

    /// The next byte to look at.
    fn at(&self) -> usize {
        self.fields.as_ref().map_or_else(|| self.line.at(), FieldLines::at)
    }

    fn is_done(&self) -> bool {
        self.fields.as_ref().is_some_and(FieldLines::is_done)
    }

    /// Goes on from the state that was reached.
    #[cold]
    fn resume<S: FieldStore>(&mut self, input: &[u8], store: &mut S, mut rest: Rest) -> Result<Step<()>, HeadError> {
        match (self.failed, rest.fault) {
            (Some(error), _) => Err(error),
            (None, Some(fault)) => Err(self.fail(fault, input)),
            (None, None) => self.tokenize(input, &mut rest.index, store).map_err(|fault| self.fail(fault, input)),
        }
    }

    /// Every later call gives the same error.
    #[cold]
    fn fail(&mut self, Fault { kind, offset, field, missing }: Fault, input: &[u8]) -> HeadError {
        let error = HeadError::at(kind, input, offset, field, L::MESSAGE);
        *self.failed.insert(if missing { error.without_byte() } else { error })
    }

    fn tokenize<S: FieldStore>(&mut self, input: &[u8], index: &mut Index, store: &mut S) -> Result<Step<()>, Fault> {
        let (within, exceeded) = bounded(input, self.limits.head);
        debug_assert!(self.at() <= within.len() || self.is_done(), "the bytes that were scanned are no longer there");
        let step = match self.line.scan(within, &self.limits, index)? {
            Step::Done { consumed, .. } => self.scan_fields(consumed, within, index, store)?,
            more @ Step::NeedMore { .. } => more,
        };
        match step {
            Step::NeedMore { .. } if exceeded => Err(fault(HeadErrorKind::HeadTooLong, within.len())),
            step => Ok(step),
        }
    }

    /// The field lines, which begin at `start`.
    fn scan_fields<S: FieldStore>(
        &mut self,
        start: usize,
        input: &[u8],
        index: &mut Index,
        store: &mut S,
    ) -> Result<Step<()>, Fault> {
        let fields = self.fields.get_or_insert_with(|| {
            store.clear();
            FieldLines::new(start)
        });
        let held = fields.are_in(store.spans());
        let step = fields.scan(input, &self.limits, index, &mut self.line, store)?;
        if matches!(step, Step::NeedMore { .. }) || (held && fields.are_in(store.spans())) {
            return Ok(step);
        }
        // This store does not hold the spans of earlier calls. A head without some of its fields would
        // say something else than what was sent, so all lines are read again.
        store.clear();
        self.line.forget();
        *fields = FieldLines::new(start);
        let step = fields.scan(input, &self.limits, &mut Index::new(self.backend, start), &mut self.line, store)?;
        match fields.are_in(store.spans()) {
            true => Ok(step),
            false => Err(Fault {
                field: Some(store.spans().len()),
                missing: true,
                ..fault(HeadErrorKind::TooManyFields, start)
            }),
        }
    }
}

/// What the quick way leaves to the states.
struct Rest {
    index: Index,
    fault: Option<Fault>,
}

/// The quick way through a head of which nothing was seen before. `rest` is written only where it does not get through.
struct Quick<'q, L, S> {
    scan: &'q mut HeadScan<L>,
    input: &'q [u8],
    store: &'q mut S,
    rest: &'q mut Rest,
}

impl<L: StartLine, S: FieldStore> Work for Quick<'_, L, S> {
    type Output = Option<usize>;

    #[inline(always)]
    fn run(self, classify: impl Classify) -> Option<usize> {
        let Self { scan: HeadScan { limits, line, fields, .. }, input, store, rest } = self;
        let block = input.first_chunk()?;
        (rest.index.masks, rest.index.end) = (classify.block(block), BLOCK);
        let start = line.scan_whole(input, block, rest.index.masks, limits, classify)?;
        store.clear();
        let lines = fields.insert(FieldLines::new(start));
        match lines.scan_whole(input, limits, &mut rest.index, line, store, classify) {
            // A store that lost some is left to the states, which say so.
            Ok(end) => end.filter(|_| lines.count() == store.spans().len()),
            Err(fault) => {
                rest.fault = Some(fault);
                None
            }
        }
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

#[cfg(test)]
mod tests {
    use std::{format, vec::Vec};

    use super::{HeadScan, request::RequestLine};
    use crate::{FieldSpan, FieldStore, FieldTable, Limits, StoreFull, simd::BLOCK};

    /// What the quick way gives of a head, in a store.
    fn quick(head: &[u8], store: &mut impl FieldStore) -> Option<usize> {
        let mut scan = HeadScan::new(Limits::default(), RequestLine::default());
        let mut rest = scan.rest();
        scan.quick(head, store, &mut rest)
    }

    /// Keeps the first field line only.
    #[derive(Default)]
    struct Forgetful(Vec<FieldSpan>);

    impl FieldStore for Forgetful {
        fn clear(&mut self) {
            self.0.clear();
        }

        fn push(&mut self, span: FieldSpan) -> Result<(), StoreFull> {
            self.0.push(span);
            self.0.truncate(1);
            Ok(())
        }

        fn pop(&mut self) -> Option<FieldSpan> {
            self.0.pop()
        }

        fn spans(&self) -> &[FieldSpan] {
            &self.0
        }

        fn spare(&mut self) -> &mut [FieldSpan] {
            self.0.resize(8, FieldSpan::default());
            &mut self.0
        }

        fn commit(&mut self, _: usize) {
            self.0.truncate(1);
        }
    }

    /// Whoever went through the states would find the same, and nobody would notice but by the time it takes.
    #[test]
    fn a_head_as_nearly_all_are_needs_no_states() {
        for length in BLOCK - 1..3 * BLOCK {
            let front = "GET / HTTP/1.1\r\nHost: example.com\r\nCookie: ";
            let head = format!("{front}{}\r\n\r\n", "c".repeat(length - front.len() - 4));
            let end = (length >= BLOCK).then_some(length);
            assert_eq!(quick(head.as_bytes(), &mut FieldTable::<4>::new()), end, "{length}");
            assert_eq!(quick(format!("{head}body").as_bytes(), &mut FieldTable::<4>::new()), Some(length));
            assert_eq!(quick(head.as_bytes(), &mut Forgetful::default()), None, "one line was lost");
        }
    }
}
