//! Scanning a head that arrives in pieces, with all that was found as one value to compare.

#![allow(dead_code, reason = "each test file is a crate of its own and uses what it needs")]

use switchover_header::{
    FieldTable, Framing, HeadError, HeadErrorKind, Limits, RequestHead, RequestScan, ResponseHead, ResponseScan, Step,
    Version,
};
use switchover_testkit::split;

/// All that a scan finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome<H> {
    Head { head: H, consumed: usize },
    Error(HeadError),
    NeedMore,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) path: String,
    pub(crate) scheme: Option<String>,
    pub(crate) authority: Option<String>,
    pub(crate) version: Version,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    pub(crate) framing: Framing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) reason: Vec<u8>,
    pub(crate) version: Version,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
}

impl From<RequestHead<'_>> for Request {
    fn from(head: RequestHead<'_>) -> Self {
        Self {
            method: head.method().to_owned(),
            target: head.target().to_owned(),
            path: head.path().to_owned(),
            scheme: head.scheme().map(str::to_owned),
            authority: head.authority().map(str::to_owned),
            version: head.version(),
            fields: head.fields().map(|field| (field.name.to_owned(), field.value.to_owned())).collect(),
            framing: head.framing(),
        }
    }
}

impl From<ResponseHead<'_>> for Response {
    fn from(head: ResponseHead<'_>) -> Self {
        Self {
            status: head.status().as_u16(),
            reason: head.reason().to_owned(),
            version: head.version(),
            fields: head.fields().map(|field| (field.name.to_owned(), field.value.to_owned())).collect(),
        }
    }
}

/// Defines a function that scans pieces as they arrive, with the promises of every call checked.
macro_rules! scanned {
    ($name:ident, $scan:ty, $head:ty) => {
        pub(crate) fn $name(pieces: &[&[u8]], limits: Limits) -> Outcome<$head> {
            let mut fields = FieldTable::<4>::new();
            let mut scan = <$scan>::new(limits);
            let mut input = Vec::new();
            for piece in pieces {
                input.extend_from_slice(piece);
                match scan.scan(&input, &mut fields) {
                    Ok(Step::Done { value, consumed }) => {
                        assert_eq!(value.bytes(), &input[..consumed]);
                        let head = <$head>::from(value);
                        assert_eq!(
                            scan.scan(&input, &mut fields).unwrap().map(<$head>::from),
                            Step::Done { value: head.clone(), consumed },
                            "asked again"
                        );
                        return Outcome::Head { head, consumed };
                    }
                    Ok(Step::NeedMore { at_least }) => assert!(at_least >= 1),
                    Err(error) => {
                        assert!(error.offset() <= input.len());
                        assert!(error.byte().is_none_or(|byte| input[error.offset()] == byte));
                        input.extend_from_slice(b"\r\n\r\n");
                        assert_eq!(scan.scan(&input, &mut fields).unwrap_err(), error, "asked again");
                        return Outcome::Error(error);
                    }
                }
            }
            Outcome::NeedMore
        }
    };
}

scanned!(scan_request, RequestScan, Request);
scanned!(scan_response, ResponseScan, Response);

/// What trails a head in the vectors: it must change nothing and stay untouched.
pub(crate) const TRAILING: &[u8] = b"\x81\x85\0\r\n\r\n: \nGET / HTTP/1.1\r\n";

/// The outcome that is the same for every split, and with bytes behind the head.
pub(crate) fn request_with(bytes: &[u8], limits: Limits) -> Outcome<Request> {
    let expected = scan_request(&[bytes], limits);
    check_every_split(bytes, &expected, |pieces| scan_request(pieces, limits));
    expected
}

/// As [`request_with`].
pub(crate) fn response_with(bytes: &[u8], limits: Limits) -> Outcome<Response> {
    let expected = scan_response(&[bytes], limits);
    check_every_split(bytes, &expected, |pieces| scan_response(pieces, limits));
    expected
}

fn check_every_split<H: PartialEq + std::fmt::Debug>(
    bytes: &[u8],
    expected: &Outcome<H>,
    scan: impl Fn(&[&[u8]]) -> Outcome<H>,
) {
    split::for_every_split(bytes, |pieces| assert_eq!(scan(pieces), *expected));
    if *expected != Outcome::NeedMore {
        split::for_every_split(&split::with_trailing(bytes, TRAILING), |pieces| assert_eq!(scan(pieces), *expected));
    }
}

/// The head of a valid request.
#[track_caller]
pub(crate) fn request(bytes: &[u8]) -> Request {
    match request_with(bytes, Limits::default()) {
        Outcome::Head { head, consumed } => {
            assert_eq!(consumed, bytes.len());
            head
        }
        other => panic!("{}: {other:?}", bytes.escape_ascii()),
    }
}

/// The head of a valid response.
#[track_caller]
pub(crate) fn response(bytes: &[u8]) -> Response {
    match response_with(bytes, Limits::default()) {
        Outcome::Head { head, consumed } => {
            assert_eq!(consumed, bytes.len());
            head
        }
        other => panic!("{}: {other:?}", bytes.escape_ascii()),
    }
}

/// The error of an invalid request.
#[track_caller]
pub(crate) fn request_error(bytes: &[u8]) -> HeadError {
    match request_with(bytes, Limits::default()) {
        Outcome::Error(error) => error,
        other => panic!("{}: {other:?}", bytes.escape_ascii()),
    }
}

/// The error of an invalid response.
#[track_caller]
pub(crate) fn response_error(bytes: &[u8]) -> HeadError {
    match response_with(bytes, Limits::default()) {
        Outcome::Error(error) => error,
        other => panic!("{}: {other:?}", bytes.escape_ascii()),
    }
}

/// Asserts that a request is refused for `kind`, at the byte behind the marker `@@` in `marked`,
/// which is taken out first.
#[track_caller]
pub(crate) fn assert_refused(marked: &[u8], kind: HeadErrorKind) -> HeadError {
    let (bytes, offset) = unmarked(marked);
    let error = request_error(&bytes);
    assert_eq!((error.kind(), error.offset()), (kind, offset), "{}", marked.escape_ascii());
    error
}

/// As [`assert_refused`].
#[track_caller]
pub(crate) fn assert_response_refused(marked: &[u8], kind: HeadErrorKind) -> HeadError {
    let (bytes, offset) = unmarked(marked);
    let error = response_error(&bytes);
    assert_eq!((error.kind(), error.offset()), (kind, offset), "{}", marked.escape_ascii());
    error
}

fn unmarked(marked: &[u8]) -> (Vec<u8>, usize) {
    let offset = marked.windows(2).position(|pair| pair == b"@@").expect("a marker");
    ([&marked[..offset], &marked[offset + 2..]].concat(), offset)
}
