//! Scanning a head that arrives in pieces, with all that was found as one value to compare.

pub(crate) mod profile;

use proptest::prelude::*;
use switchover_header::{
    Backend, FieldTable, Framing, HeadError, HeadErrorKind, Limits, RequestHead, RequestScan, ResponseHead,
    ResponseScan, Step, Version,
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

/// Defines two functions that scan pieces as they arrive, with the promises of every call checked. The second has the
/// backend to do it by.
macro_rules! scanned {
    ($name:ident, $name_by:ident, $scan:ty, $head:ty) => {
        pub(crate) fn $name(pieces: &[&[u8]], limits: Limits) -> Outcome<$head> {
            $name_by(Backend::best(), pieces, limits)
        }

        pub(crate) fn $name_by(backend: Backend, pieces: &[&[u8]], limits: Limits) -> Outcome<$head> {
            let mut fields = FieldTable::<4>::new();
            let mut scan = <$scan>::new(limits).with_backend(backend);
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

scanned!(scan_request, scan_request_by, RequestScan, Request);
scanned!(scan_response, scan_response_by, ResponseScan, Response);

/// What trails a head in the vectors: it must change nothing and stay untouched. With it, each is longer than a block.
pub(crate) const TRAILING: &[u8] =
    b"\x81\x85\0\r\n\r\n: \nGET / HTTP/1.1\r\nHost: trailing.example\r\nContent-Length: 5\r\n\r\nhello";
const _: () = assert!(TRAILING.len() > 64);

/// The outcome that is the same for every split, by every backend, and with bytes behind the head.
pub(crate) fn request_with(bytes: &[u8], limits: Limits) -> Outcome<Request> {
    outcome_with(bytes, |backend, pieces| scan_request_by(backend, pieces, limits))
}

/// As [`request_with`].
pub(crate) fn response_with(bytes: &[u8], limits: Limits) -> Outcome<Response> {
    outcome_with(bytes, |backend, pieces| scan_response_by(backend, pieces, limits))
}

fn outcome_with<H: PartialEq + std::fmt::Debug>(
    bytes: &[u8],
    scan: impl Fn(Backend, &[&[u8]]) -> Outcome<H>,
) -> Outcome<H> {
    let expected = scan(Backend::best(), &[bytes]);
    for backend in Backend::available() {
        let check = |pieces: &[&[u8]]| assert_eq!(scan(backend, pieces), expected, "by {}", backend.name());
        split::for_every_split(bytes, check);
        if expected != Outcome::NeedMore {
            split::for_every_split(&split::with_trailing(bytes, TRAILING), check);
        }
    }
    expected
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

/// The inputs, none of which is shorter than one before it.
pub(crate) fn growing(mut inputs: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    inputs.sort_by_key(Vec::len);
    inputs
}

/// Bytes that stay near the grammar, so that random input gets past its first byte.
pub(crate) fn soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            &b"GET "[..], b"CONNECT ", b"/", b"* ", b"a:1", b" ", b"HTTP/1.1", b"HTTP/1.0", b"200 ", b"\r\n", b"\r",
            b"\n", b":", b"\t", b"Host: a\r\n", b"Content-Length: 1\r\n", b"Transfer-Encoding: chunked\r\n", b"x: y\r\n",
            b"http://",
        ])
        .prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Limits small enough to be met.
pub(crate) fn limits() -> impl Strategy<Value = Limits> {
    let small = Limits { start_line: 24, target: 8, name: 6, value: 12, fields: 3, head: 64, leading_crlf: 1 };
    prop_oneof![Just(Limits::default()), Just(small)]
}
