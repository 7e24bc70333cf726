//! Heads: any bytes, under every cut, as a request and as a response, through folds as well; what is accepted written again, by crate `http` too,
//! read by httparse, and asked for all of its fields.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::fmt::Debug;
use switchover::header::{
    FieldSlots, FieldSpan, FieldStore, FieldTable, Fields, Framing, HeadError, Limits, RequestHead, RequestScan,
    ResponseHead, ResponseScan, Status, Step, Version, value, write,
};
use switchover_fuzz::{Script, splits, views};

fuzz_target!(|input: &[u8]| {
    let mut script = Script::new(input);
    let limits = if script.byte() & 1 == 0 { Limits::default() } else { SMALL };
    let cuts = [script.number(), script.number()];
    let bytes = script.rest();

    let request = outcome::<RequestScan>(bytes, cuts, limits);
    if let Outcome::Done { head, consumed } = &request {
        write_request_again(head, limits);
        views::check_request(&bytes[..*consumed]);
        compare_request_with_httparse(head, *consumed, bytes);
    }
    let response = outcome::<ResponseScan>(bytes, cuts, limits);
    if let Outcome::Done { head, consumed } = &response {
        write_response_again(head, limits);
        views::check_response(&bytes[..*consumed]);
        compare_response_with_httparse(head, *consumed, bytes);
    }
    check_unfolding(bytes, cuts, limits, &response);
    check_lists(bytes, cuts[0]);
});

/// Limits that a short input reaches.
const SMALL: Limits = Limits { start_line: 48, target: 20, name: 12, value: 24, fields: 3, head: 160, leading_crlf: 1 };

/// Either scan.
trait Scan {
    type Head: Debug + PartialEq;

    fn new(limits: Limits) -> Self;
    fn scan(&mut self, input: &[u8], fields: &mut impl FieldStore) -> Result<Step<Self::Head>, HeadError>;
}

/// All that a request head gives, owned.
#[derive(Clone, Debug, PartialEq)]
struct Request {
    method: String,
    target: String,
    path: String,
    authority: Option<String>,
    version: Version,
    framing: Framing,
    fields: Vec<(String, Vec<u8>)>,
}

/// All that a response head gives, owned.
#[derive(Clone, Debug, PartialEq)]
struct Response {
    status: Status,
    reason: Vec<u8>,
    version: Version,
    framings: [Result<Framing, HeadError>; 3],
    fields: Vec<(String, Vec<u8>)>,
}

impl Scan for RequestScan {
    type Head = Request;

    fn new(limits: Limits) -> Self {
        Self::new(limits)
    }

    fn scan(&mut self, input: &[u8], fields: &mut impl FieldStore) -> Result<Step<Request>, HeadError> {
        Ok(self.scan(input, fields)?.map(|head: RequestHead<'_>| Request {
            method: head.method().to_owned(),
            target: head.target().to_owned(),
            path: head.path().to_owned(),
            authority: head.authority().map(str::to_owned),
            version: head.version(),
            framing: head.framing(),
            fields: owned(head.fields(), head.spans(), head.bytes()),
        }))
    }
}

impl Scan for ResponseScan {
    type Head = Response;

    fn new(limits: Limits) -> Self {
        Self::new(limits)
    }

    fn scan(&mut self, input: &[u8], fields: &mut impl FieldStore) -> Result<Step<Response>, HeadError> {
        Ok(self.scan(input, fields)?.map(Response::of))
    }
}

impl Response {
    fn of(head: ResponseHead<'_>) -> Self {
        Self {
            status: head.status(),
            reason: head.reason().to_vec(),
            version: head.version(),
            framings: ["GET", "HEAD", "CONNECT"].map(|method| head.framing(method)),
            fields: owned(head.fields(), head.spans(), head.bytes()),
        }
    }
}

/// The fields, which are where their spans say, one behind the other.
fn owned(fields: Fields<'_>, spans: &[FieldSpan], bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut end = 0;
    for (span, field) in spans.iter().zip(fields.clone()) {
        assert!(end <= span.name().start && span.name().end < span.value().start && span.value().end < bytes.len());
        assert_eq!(bytes[span.name()], *field.name.as_bytes());
        assert_eq!(bytes[span.value()], *field.value);
        end = span.value().end;
    }
    let owned: Vec<_> = fields.map(|field| (field.name.to_owned(), field.value.to_vec())).collect();
    assert_eq!(owned.len(), spans.len());
    owned
}

#[derive(Debug, PartialEq)]
enum Outcome<H> {
    Done { head: H, consumed: usize },
    NeedMore { at_least: usize },
    Failed(HeadError),
}

/// What comes of the bytes, the same under every cut, in every kind of store, and whatever is behind the head.
fn outcome<S: Scan>(bytes: &[u8], cuts: [u16; 2], limits: Limits) -> Outcome<S::Head> {
    let [whole, bytewise, cut] = splits(bytes, cuts);
    let expected = feed::<S>(&whole, limits, &mut Vec::<FieldSpan>::new());
    assert_eq!(feed::<S>(&bytewise, limits, &mut FieldTable::<2>::new()), expected, "bytewise");
    let mut slots = [FieldSpan::default(); 128];
    assert_eq!(feed::<S>(&cut, limits, &mut FieldSlots::new(&mut slots)), expected, "cut at {cuts:?}");
    if let Outcome::Done { consumed, .. } = expected {
        assert_eq!(feed::<S>(&[&bytes[..consumed]], limits, &mut Vec::<FieldSpan>::new()), expected);
    }
    if let Outcome::Failed(error) = expected {
        assert!(error.offset() <= bytes.len());
        assert!(error.byte().is_none_or(|byte| bytes.get(error.offset()) == Some(&byte)));
        assert!(!error.to_string().is_empty() && error.status().as_u16() >= 400);
    }
    expected
}

fn feed<S: Scan>(pieces: &[&[u8]], limits: Limits, fields: &mut impl FieldStore) -> Outcome<S::Head> {
    let mut scan = S::new(limits);
    let mut input = Vec::new();
    // Fewer bytes than this complete nothing.
    let mut complete_from = 0;
    let mut outcome = None;
    for piece in pieces {
        input.extend_from_slice(piece);
        match scan.scan(&input, fields) {
            Ok(Step::NeedMore { at_least }) => {
                assert!(at_least >= 1);
                complete_from = complete_from.max(input.len() + at_least);
                outcome = Some(Outcome::NeedMore { at_least });
            }
            Ok(Step::Done { value: head, consumed }) => {
                assert!(complete_from <= consumed && consumed <= input.len());
                return Outcome::Done { head, consumed };
            }
            Err(error) => {
                assert_eq!(scan.scan(&input, fields), Err(error), "an error stays");
                return Outcome::Failed(error);
            }
        }
    }
    outcome.unwrap_or_else(|| match scan.scan(&[], fields) {
        Ok(Step::NeedMore { at_least }) => Outcome::NeedMore { at_least },
        other => panic!("nothing gives {other:?}"),
    })
}

/// A response through folds: the same under every cut, as it is without where there are none, and with nothing but folds
/// overwritten, which leaves a head without any.
fn check_unfolding(bytes: &[u8], cuts: [u16; 2], limits: Limits, plain: &Outcome<Response>) {
    let [(outcome, unfolded), bytewise, cut] = splits(bytes, cuts).map(|pieces| unfold(&pieces, limits));
    assert_eq!((&bytewise.0, &cut.0), (&outcome, &outcome));
    match &outcome {
        Outcome::Done { head, consumed } => {
            assert_eq!(
                (&bytewise.1[..*consumed], &cut.1[..*consumed]),
                (&unfolded[..*consumed], &unfolded[..*consumed])
            );
            assert_eq!(unfolded[*consumed..], bytes[*consumed..]);
            assert!(unfolded.iter().zip(bytes).all(|(after, before)| after == before || *after == b' '));
            let again = feed::<ResponseScan>(&[&unfolded], limits, &mut Vec::<FieldSpan>::new());
            assert_eq!(again, Outcome::Done { head: head.clone(), consumed: *consumed });
        }
        Outcome::NeedMore { .. } => assert_eq!((&bytewise.1, &cut.1), (&unfolded, &unfolded)),
        Outcome::Failed(error) => assert!(error.offset() <= bytes.len()),
    }
    if matches!(plain, Outcome::Done { .. }) {
        assert_eq!((&outcome, &unfolded[..]), (plain, bytes));
    }
}

/// What comes of the pieces, and the bytes as they are then.
fn unfold(pieces: &[&[u8]], limits: Limits) -> (Outcome<Response>, Vec<u8>) {
    let mut scan = ResponseScan::new(limits);
    let mut fields = FieldTable::<2>::new();
    let mut input = Vec::new();
    let mut outcome = None;
    // Where there are no pieces, nothing is one.
    for piece in pieces.iter().copied().chain(pieces.is_empty().then_some(&b""[..])) {
        input.extend_from_slice(piece);
        match scan.scan_unfolding(&mut input, &mut fields).map(|step| step.map(Response::of)) {
            Ok(Step::NeedMore { at_least }) => outcome = Some(Outcome::NeedMore { at_least }),
            Ok(Step::Done { value: head, consumed }) => return (Outcome::Done { head, consumed }, input),
            Err(error) => return (Outcome::Failed(error), input),
        }
    }
    (outcome.expect("there is a piece"), input)
}

/// What was read can be written, and reads the same.
fn write_request_again(head: &Request, limits: Limits) {
    let has_host = head.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"));
    if head.version == Version::Http10 && !has_host {
        return; // it is written as HTTP/1.1, which needs one
    }
    let mut out = Vec::new();
    let writer = write::request(&mut out, &head.method, &head.target).expect("it was read");
    write_fields(writer, &head.fields);
    let roomy = Limits { start_line: usize::MAX, head: usize::MAX, value: usize::MAX, ..limits };
    let read = feed::<RequestScan>(&[&out], roomy, &mut Vec::<FieldSpan>::new());
    let expected = Request { version: Version::Http11, ..head.clone() };
    assert_eq!(read, Outcome::Done { head: expected, consumed: out.len() });
}

fn write_response_again(head: &Response, limits: Limits) {
    let mut out = Vec::new();
    let writer = write::response_with_reason(&mut out, head.status, &head.reason).expect("it was read");
    write_fields(writer, &head.fields);
    let roomy = Limits { start_line: usize::MAX, head: usize::MAX, value: usize::MAX, ..limits };
    match feed::<ResponseScan>(&[&out], roomy, &mut Vec::<FieldSpan>::new()) {
        Outcome::Done { head: read, consumed } => {
            assert_eq!(consumed, out.len());
            assert_eq!(
                (read.status, read.reason, read.fields),
                (head.status, head.reason.clone(), head.fields.clone())
            );
        }
        other => panic!("{other:?}"),
    }
}

fn write_fields<S: write::Sink + Debug>(writer: write::HeadWriter<'_, S>, fields: &[(String, Vec<u8>)]) {
    let mut writer = writer;
    for (name, value) in fields {
        writer = writer.field(name, value).expect("it was read");
    }
    writer.end().expect("a Vec grows");
}

/// What is accepted here httparse accepts too, and reads the same in it; but it knows the versions 1.0 and 1.1 only.
fn compare_request_with_httparse(head: &Request, consumed: usize, bytes: &[u8]) {
    let mut headers = vec![httparse::EMPTY_HEADER; head.fields.len()];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(status) => {
            assert_eq!(status, httparse::Status::Complete(consumed));
            assert_eq!((request.method, request.path), (Some(head.method.as_str()), Some(head.target.as_str())));
            compare_headers(request.headers, &head.fields);
        }
        Err(error) => {
            let line = bytes.trim_ascii_start().split(|byte| *byte == b'\r').next();
            let version = line.and_then(|line| line.rsplit(|byte| *byte == b' ').next());
            assert!(error == httparse::Error::Version && !is_known(version), "{error}");
        }
    }
}

fn compare_response_with_httparse(head: &Response, consumed: usize, bytes: &[u8]) {
    let mut headers = vec![httparse::EMPTY_HEADER; head.fields.len()];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(bytes) {
        Ok(status) => {
            assert_eq!(status, httparse::Status::Complete(consumed));
            assert_eq!(response.code, Some(head.status.as_u16()));
            if head.reason.is_ascii() {
                assert_eq!(response.reason.map(str::as_bytes), Some(&head.reason[..]));
            }
            compare_headers(response.headers, &head.fields);
        }
        Err(error) => assert!(error == httparse::Error::Version && !is_known(bytes.get(..8)), "{error}"),
    }
}

fn compare_headers(headers: &[httparse::Header<'_>], fields: &[(String, Vec<u8>)]) {
    let headers: Vec<_> = headers.iter().map(|header| (header.name.to_owned(), header.value.to_vec())).collect();
    assert_eq!(headers, fields);
}

/// Whether this is a version that httparse knows.
fn is_known(version: Option<&[u8]>) -> bool {
    matches!(version, Some(b"HTTP/1.0" | b"HTTP/1.1"))
}

/// RFC 9110, section 5.3: several lines mean the same as one with commas between them.
fn check_lists(bytes: &[u8], cut: u16) {
    let (first, second) = bytes.split_at(usize::from(cut) % (bytes.len() + 1));
    let joined = [first, b",", second].concat();
    let on_lines: Result<Vec<&[u8]>, _> = value::list([first, second]).collect();
    if let Ok(elements) = on_lines {
        assert_eq!(value::list([&joined[..]]).collect::<Result<Vec<_>, _>>().as_ref(), Ok(&elements));
        for element in elements {
            assert!(!element.is_empty());
            if let Ok(parameterized) = value::parameterized(element) {
                assert!(value::is_token(parameterized.name.as_bytes()));
                for parameter in parameterized.parameters {
                    assert!(value::is_token(parameter.name.as_bytes()));
                }
            }
        }
    }
    if let Ok(authority) = value::host(bytes) {
        assert!(bytes.starts_with(authority.host.as_bytes()));
    }
}
