//! Heads against httparse, fast: the first byte of the input cuts the rest in two, which is read as a request and as a
//! response. What httparse says, and `differences.md`, say together what ours has to say.
//!
//! Nothing here allocates, but a panic; most of the time is libFuzzer's, which counts. It counts least like this:
//!
//!     cargo +nightly fuzz run -O --sanitizer none --no-trace-compares head_differential \
//!         fuzz/corpus/head_differential fuzz/seeds/head_differential -- \
//!         -dict=fuzz/dict/head_differential.dict -max_len=512 -reload=0 -reduce_inputs=0
//!
//! Without `--no-trace-compares` it learns from comparisons too, at half the speed: good for a new corpus.
#![no_main]

use httparse::{Header, Status as Parsed};
use libfuzzer_sys::fuzz_target;
use std::{fmt::Debug, mem::MaybeUninit};
use switchover::header::{
    FieldSlots, FieldSpan, FieldStore, Fields, HeadError, HeadErrorKind, Limits, RequestHead, RequestScan,
    ResponseHead, ResponseScan, Step, Version,
};
use switchover_fuzz::differences::{Violation, in_request, in_response, is_tchar, later_minor_version};

fuzz_target!(|input: &[u8]| {
    let Some((cut, bytes)) = input.split_first() else { return };
    if bytes.len() > MOST {
        return; // limits of ours, which httparse has not, are beyond
    }
    let cut = (usize::from(*cut) * (bytes.len() + 1)) >> 8;
    let mut slots = [[FieldSpan::default(); SLOTS]; 2];
    compare::<RequestScan>(bytes, cut, &mut slots);
    compare::<ResponseScan>(bytes, cut, &mut slots);
});

/// The most bytes of a head here: so many do not reach any limit but those of a name and of empty lines.
const MOST: usize = 512;

/// Room for field lines, of which the shortest have four bytes.
const SLOTS: usize = 128;

/// Either scan, with what httparse has in its place.
trait Scan {
    type Head<'b>: Copy;
    const IS_REQUEST: bool;

    fn new(limits: Limits) -> Self;
    fn scan<'b, S: FieldStore>(
        &mut self,
        input: &'b [u8],
        fields: &'b mut S,
    ) -> Result<Step<Self::Head<'b>>, HeadError>;

    /// Whether the head is the same.
    fn is_same(head: Self::Head<'_>, other: Self::Head<'_>) -> bool;

    /// What httparse says of `bytes`; checks the head, if both have one.
    fn httparse(bytes: &[u8], head: Option<Self::Head<'_>>) -> Theirs;

    /// The first violation in `bytes`.
    fn violation(bytes: &[u8]) -> Option<Violation>;
}

/// A verdict of httparse.
#[derive(Debug)]
enum Theirs {
    Complete(usize),
    Partial,
    Failed(httparse::Error),
}

/// A verdict of ours.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ours {
    Done(usize),
    NeedMore,
    Failed(HeadError),
}

impl Ours {
    fn of<H>(outcome: &Result<Step<H>, HeadError>) -> Self {
        match outcome {
            Ok(Step::Done { consumed, .. }) => Self::Done(*consumed),
            Ok(Step::NeedMore { .. }) => Self::NeedMore,
            Err(error) => Self::Failed(*error),
        }
    }
}

fn compare<S: Scan>(bytes: &[u8], cut: usize, [slots, slots_cut]: &mut [[FieldSpan; SLOTS]; 2]) {
    let (mut fields, mut fields_cut) = (FieldSlots::new(slots), FieldSlots::new(slots_cut));
    let whole = S::new(Limits::default()).scan(bytes, &mut fields);
    let ours = Ours::of(&whole);

    let mut scan = S::new(Limits::default());
    let first = Ours::of(&scan.scan(&bytes[..cut], &mut fields_cut));
    let second = scan.scan(bytes, &mut fields_cut);
    assert_eq!(Ours::of(&second), ours, "cut at {cut}: {}", bytes.escape_ascii());
    match first {
        Ours::NeedMore => assert!(!matches!(ours, Ours::Done(consumed) if consumed <= cut), "at {cut}, it was there"),
        verdict => assert_eq!(verdict, ours, "from {cut} on: {}", bytes.escape_ascii()),
    }

    let head = match (&whole, &second) {
        (Ok(Step::Done { value, .. }), Ok(Step::Done { value: other, .. })) => {
            assert!(S::is_same(*value, *other), "cut at {cut}: {}", bytes.escape_ascii());
            Some(*value)
        }
        _ => None,
    };
    judge::<S>(bytes, ours, head);
}

fn judge<S: Scan>(bytes: &[u8], ours: Ours, head: Option<S::Head<'_>>) {
    let theirs = theirs::<S>(bytes, head);
    let violation = S::violation(match ours {
        // Whatever is behind a fault that one byte shows is no matter.
        Ours::Failed(error) if is_shown_at_once(error.kind()) => &bytes[..bytes.len().min(error.offset() + 1)],
        _ => bytes,
    });
    let agrees = match (&theirs, &violation, &ours) {
        (Theirs::Complete(length), None, Ours::Done(consumed)) => length == consumed,
        (Theirs::Partial, None, Ours::NeedMore) => true,
        (_, Some(violation), Ours::Failed(error)) if is_found(violation, error) => {
            // It may stand before what httparse found, but not behind it.
            matches!(theirs, Theirs::Complete(_) | Theirs::Partial) || is_unsuspected::<S>(&bytes[..violation.shown])
        }
        (Theirs::Failed(_), violation, Ours::Failed(error)) => {
            violation.as_ref().is_none_or(|violation| violation.shown > error.offset())
                && is_at_fault(bytes, error, S::IS_REQUEST)
                && is_unsuspected::<S>(&bytes[..error.offset()])
        }
        _ => false,
    };
    assert!(agrees, "{ours:?}, but httparse {theirs:?} and {violation:?}: {}", bytes.escape_ascii());
}

fn theirs<S: Scan>(bytes: &[u8], head: Option<S::Head<'_>>) -> Theirs {
    let theirs = S::httparse(bytes, head);
    // RFC 9112, section 2.3: it is read like the highest minor version that is known.
    if let Theirs::Failed(httparse::Error::Version) = theirs
        && let Some(at) = later_minor_version(bytes, S::IS_REQUEST)
    {
        let mut changed = [0; MOST];
        let changed = &mut changed[..bytes.len()];
        changed.copy_from_slice(bytes);
        changed[at] = b'1';
        return S::httparse(changed, head);
    }
    theirs
}

/// Whether a fault is there as soon as its byte is. The others show at the end of their line, or a byte later.
fn is_shown_at_once(kind: HeadErrorKind) -> bool {
    use HeadErrorKind::{BareCr, DuplicateHost, Framing, Host, MissingHost, TargetForm};
    !matches!(kind, TargetForm | MissingHost | DuplicateHost | Host | Framing(_) | BareCr)
}

/// Whether httparse finds nothing wrong with the front of a head.
fn is_unsuspected<S: Scan>(front: &[u8]) -> bool {
    matches!(theirs::<S>(front, None), Theirs::Partial)
}

/// Whether ours says what it is and where.
fn is_found(Violation { rule, place, field, .. }: &Violation, error: &HeadError) -> bool {
    error.kind() == rule.kind() && place.contains(&error.offset()) && (field.is_none() || error.field() == *field)
}

impl Scan for RequestScan {
    type Head<'b> = RequestHead<'b>;
    const IS_REQUEST: bool = true;

    fn new(limits: Limits) -> Self {
        Self::new(limits)
    }

    fn scan<'b, S: FieldStore>(
        &mut self,
        input: &'b [u8],
        fields: &'b mut S,
    ) -> Result<Step<RequestHead<'b>>, HeadError> {
        self.scan(input, fields)
    }

    fn is_same(head: RequestHead<'_>, other: RequestHead<'_>) -> bool {
        let line = |head: RequestHead<'_>| (head.version(), head.framing(), head.bytes().len());
        (head.method(), head.target(), head.path()) == (other.method(), other.target(), other.path())
            && (head.scheme(), head.authority(), head.spans()) == (other.scheme(), other.authority(), other.spans())
            && line(head) == line(other)
    }

    fn httparse(bytes: &[u8], head: Option<RequestHead<'_>>) -> Theirs {
        let mut headers = [const { MaybeUninit::<Header<'_>>::uninit() }; SLOTS];
        let mut request = httparse::Request::new(&mut []);
        match request.parse_with_uninit_headers(bytes, &mut headers) {
            Err(error) => Theirs::Failed(error),
            Ok(Parsed::Partial) => Theirs::Partial,
            Ok(Parsed::Complete(length)) => {
                if let Some(head) = head {
                    assert_eq!((request.method, request.path), (Some(head.method()), Some(head.target())));
                    assert_eq!(request.version, Some(minor(head.version())));
                    assert_same_fields(head.fields(), request.headers);
                }
                Theirs::Complete(length)
            }
        }
    }

    fn violation(bytes: &[u8]) -> Option<Violation> {
        in_request(bytes)
    }
}

impl Scan for ResponseScan {
    type Head<'b> = ResponseHead<'b>;
    const IS_REQUEST: bool = false;

    fn new(limits: Limits) -> Self {
        Self::new(limits)
    }

    fn scan<'b, S: FieldStore>(
        &mut self,
        input: &'b [u8],
        fields: &'b mut S,
    ) -> Result<Step<ResponseHead<'b>>, HeadError> {
        self.scan(input, fields)
    }

    fn is_same(head: ResponseHead<'_>, other: ResponseHead<'_>) -> bool {
        let line = |head: ResponseHead<'_>| (head.version(), head.status(), head.bytes().len());
        (head.reason(), head.spans()) == (other.reason(), other.spans()) && line(head) == line(other)
    }

    fn httparse(bytes: &[u8], head: Option<ResponseHead<'_>>) -> Theirs {
        let mut headers = [const { MaybeUninit::<Header<'_>>::uninit() }; SLOTS];
        let mut response = httparse::Response::new(&mut []);
        let config = httparse::ParserConfig::default();
        match config.parse_response_with_uninit_headers(&mut response, bytes, &mut headers) {
            Err(error) => Theirs::Failed(error),
            Ok(Parsed::Partial) => Theirs::Partial,
            Ok(Parsed::Complete(length)) => {
                if let Some(head) = head {
                    assert_eq!(response.code, Some(head.status().as_u16()));
                    assert_eq!(response.version, Some(minor(head.version())));
                    // httparse gives an empty reason where there is obs-text in it.
                    let reason: &[u8] = if head.reason().is_ascii() { head.reason() } else { b"" };
                    assert_eq!(response.reason.map(str::as_bytes), Some(reason));
                    assert_same_fields(head.fields(), response.headers);
                }
                Theirs::Complete(length)
            }
        }
    }

    fn violation(bytes: &[u8]) -> Option<Violation> {
        in_response(bytes)
    }
}

fn minor(version: Version) -> u8 {
    u8::from(version != Version::Http10)
}

fn assert_same_fields(fields: Fields<'_>, headers: &[Header<'_>]) {
    let mut headers = headers.iter();
    for field in fields {
        let header = headers.next().map(|header| (header.name, header.value));
        assert_eq!(Some((field.name, field.value)), header);
    }
    assert_eq!(headers.next(), None);
}

/// Whether the bytes where ours found a fault are at fault, where httparse refuses the head as well.
fn is_at_fault(bytes: &[u8], error: &HeadError, is_request: bool) -> bool {
    let at = error.offset();
    let Some(&byte) = bytes.get(at) else { return false };
    let line = &bytes[bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |lf| lf + 1)..at];
    let is_control = byte < b' ' && byte != b'\t' || byte == 0x7F;
    let is_name = line.iter().all(is_tchar);
    let has_name = is_name && !line.is_empty();
    match error.kind() {
        HeadErrorKind::BareLf => byte == b'\n' && !line.ends_with(b"\r"),
        HeadErrorKind::BareCr => byte == b'\r' && bytes.get(at + 1).is_some_and(|next| *next != b'\n'),
        HeadErrorKind::TooManyLeadingCrlf => bytes.starts_with(b"\r\n\r\n\r\n\r\n\r") && at == 8,
        HeadErrorKind::Method => is_request && is_name && !is_tchar(&byte) && (byte != b' ' || line.is_empty()),
        HeadErrorKind::Target => {
            let is_in_target = line.iter().filter(|byte| **byte == b' ').count() == 1;
            is_in_target && (b"\r\n".contains(&byte) || byte == b' ' && line.ends_with(b" "))
        }
        HeadErrorKind::Version => {
            let written = if is_request { line.rsplit(|byte| *byte == b' ').next().unwrap_or_default() } else { line };
            let behind = if is_request { &b"\r\n"[..] } else { b" " };
            let mut version = *b"HTTP/1.1";
            match version.split_at_mut_checked(written.len()) {
                Some((front, [])) => is_version(written) && !behind.contains(&byte) && front.len() == 8,
                Some((front, _)) => {
                    front.copy_from_slice(written);
                    let place = front.len();
                    let was_good = is_version(&version);
                    version[place] = byte;
                    was_good && !is_version(&version)
                }
                None => false,
            }
        }
        HeadErrorKind::UnsupportedVersion => line.ends_with(b"HTTP/") && byte.is_ascii_digit() && byte != b'1',
        HeadErrorKind::StatusCode => match at {
            9 => !matches!(byte, b'1'..=b'9'),
            10 | 11 => !byte.is_ascii_digit(),
            _ => at == 12 && !b" \r\n".contains(&byte),
        },
        HeadErrorKind::Reason => is_control && !b"\r\n".contains(&byte) && line.len() >= 13,
        HeadErrorKind::SpaceBeforeFields | HeadErrorKind::ObsFold => line.is_empty() && b" \t".contains(&byte),
        HeadErrorKind::EmptyName => line.is_empty() && byte == b':',
        HeadErrorKind::MissingColon => has_name && b"\r\n".contains(&byte),
        HeadErrorKind::SpaceBeforeColon => has_name && b" \t".contains(&byte),
        HeadErrorKind::Name => is_name && !is_tchar(&byte) && !b": \t\r\n".contains(&byte),
        HeadErrorKind::NameTooLong => is_name && line.len() == Limits::default().name && is_tchar(&byte),
        HeadErrorKind::Value => line.contains(&b':') && is_control && !b"\r\n".contains(&byte),
        _ => false,
    }
}

fn is_version(bytes: &[u8]) -> bool {
    matches!(bytes, [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0'..=b'9'])
}
