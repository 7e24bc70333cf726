//! Heads as values of crate `http`, and back.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use proptest::prelude::*;
use switchover_header::{
    FieldSpan, FieldStore, FieldTable, HttpError, HttpErrorKind, Limits, RequestHead, RequestScan, ResponseHead,
    ResponseScan, Status, Step, StoreFull,
    write::{self, HeadWriter, SliceSink, WriteError, WriteErrorKind},
};
use switchover_testkit::{
    alloc::measure,
    heads::{self, FieldLine},
};

const ROOMY: Limits = Limits {
    start_line: usize::MAX,
    target: usize::MAX,
    name: usize::MAX,
    value: usize::MAX,
    fields: usize::MAX,
    head: usize::MAX,
    leading_crlf: 0,
};

fn with_request<T>(bytes: &[u8], see: impl FnOnce(RequestHead<'_>) -> T) -> T {
    let mut fields = Vec::<FieldSpan>::new();
    match RequestScan::new(ROOMY).scan(bytes, &mut fields) {
        Ok(Step::Done { value, .. }) => see(value),
        other => panic!("{other:?}"),
    }
}

fn with_response<T>(bytes: &[u8], see: impl FnOnce(ResponseHead<'_>) -> T) -> T {
    let mut fields = Vec::<FieldSpan>::new();
    match ResponseScan::new(ROOMY).scan(bytes, &mut fields) {
        Ok(Step::Done { value, .. }) => see(value),
        other => panic!("{other:?}"),
    }
}

fn request_of(bytes: &Bytes) -> Result<Request<()>, HttpError> {
    with_request(bytes, |head| head.to_http(bytes, HeaderMap::new()))
}

/// With its spelling.
fn spelled_request_of(bytes: &Bytes) -> Request<()> {
    let mut request = request_of(bytes).unwrap();
    request.extensions_mut().insert(with_request(bytes, |head| head.spelling(bytes)));
    request
}

/// With its spelling.
fn spelled_response_of(bytes: &Bytes) -> Response<()> {
    with_response(bytes, |head| {
        let mut response = head.to_http(bytes, HeaderMap::new()).unwrap();
        response.extensions_mut().insert(head.spelling(bytes));
        response
    })
}

fn written_request(request: &Request<()>) -> Result<Bytes, WriteError> {
    let mut out = Vec::new();
    write::http_request(&mut out, request)?.end()?;
    Ok(out.into())
}

fn written_response(response: &Response<()>) -> Result<Bytes, WriteError> {
    let mut out = Vec::new();
    write::http_response(&mut out, response)?.end()?;
    Ok(out.into())
}

/// Each line with one SP before its value.
fn fields<'s>(mut writer: HeadWriter<'s, Vec<u8>>, lines: &[FieldLine]) -> HeadWriter<'s, Vec<u8>> {
    for line in lines {
        writer = writer.field(&line.name, &line.value).unwrap();
    }
    writer
}

fn request_bytes(request: &heads::Request) -> Bytes {
    let mut out = Vec::new();
    fields(write::request(&mut out, &request.method, &request.target).unwrap(), &request.fields).end().unwrap();
    out.into()
}

fn response_bytes(response: &heads::Response) -> Bytes {
    let mut out = Vec::new();
    let status = Status::new(response.status).unwrap();
    let writer = write::response_with_reason(&mut out, status, &response.reason).unwrap();
    fields(writer, &response.fields).end().unwrap();
    out.into()
}

fn lies_in(part: &[u8], whole: &[u8]) -> bool {
    whole.as_ptr_range().contains(&part.as_ptr())
}

/// Name and value of all fields, sorted by name; those of one name in their order.
fn sorted<'a>(fields: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<(String, Vec<u8>)> {
    let mut fields: Vec<_> = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_vec())).collect();
    fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    fields
}

fn sorted_map(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    sorted(headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())))
}

proptest! {
    #[test]
    fn requests_there_and_back(request in heads::requests()) {
        let bytes = request_bytes(&request);
        prop_assert_eq!(written_request(&spelled_request_of(&bytes)).unwrap(), bytes);
    }

    #[test]
    fn responses_there_and_back(response in heads::responses()) {
        let bytes = response_bytes(&response);
        prop_assert_eq!(written_response(&spelled_response_of(&bytes)).unwrap(), bytes);
    }

    /// Heads as they are sent, with empty lines before them and white space around values.
    #[test]
    fn requests_say_the_same(request in heads::requests()) {
        let bytes = Bytes::from(request.bytes());
        let limits = Limits { leading_crlf: 2, ..ROOMY };
        let mut table = FieldTable::<4>::new();
        let Ok(Step::Done { value: head, .. }) = RequestScan::new(limits).scan(&bytes, &mut table) else { panic!("refused") };
        let converted = head.to_http(&bytes, HeaderMap::new()).unwrap();
        prop_assert_eq!(converted.method().as_str(), head.method());
        prop_assert_eq!(converted.uri().to_string(), head.target());
        let version = if request.minor_version == 0 { http::Version::HTTP_10 } else { http::Version::HTTP_11 };
        prop_assert_eq!(converted.version(), version);
        let fields = sorted(head.fields().map(|field| (field.name, field.value)));
        prop_assert_eq!(sorted_map(converted.headers()), &fields[..]);
        // No value was copied.
        prop_assert!(converted.headers().values().all(|value| value.is_empty() || lies_in(value.as_bytes(), &bytes)));

        // Without a spelling: lower case, and what it says is the same.
        let again = written_request(&converted).unwrap();
        with_request(&again, |head| {
            prop_assert!(head.fields().all(|field| !field.name.contains(|letter: char| letter.is_ascii_uppercase())));
            prop_assert_eq!(sorted(head.fields().map(|field| (field.name, field.value))), fields);
            Ok(())
        })?;
    }

    #[test]
    fn responses_say_the_same(response in heads::responses()) {
        let bytes = Bytes::from(response.bytes());
        with_response(&bytes, |head| {
            let converted = head.to_http(&bytes, HeaderMap::new()).unwrap();
            prop_assert_eq!(converted.status().as_u16(), response.status);
            let version = if response.minor_version == 0 { http::Version::HTTP_10 } else { http::Version::HTTP_11 };
            prop_assert_eq!(converted.version(), version);
            let fields = sorted(head.fields().map(|field| (field.name, field.value)));
            prop_assert_eq!(sorted_map(converted.headers()), fields);
            prop_assert!(converted.headers().values().all(|value| value.is_empty() || lies_in(value.as_bytes(), &bytes)));
            Ok(())
        })?;
    }
}

const REQUEST: &[u8] = b"GET /chat?a HTTP/1.1\r\nHost: a\r\nX-b: 1\r\nCOOKIE: c=\xFFd\r\nx-B: 2\r\nx-empty:\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 Fine\r\nX-b: 1\r\nServer: c\r\nx-B: 2\r\n\r\n";

#[test]
fn names_are_those_of_the_head() {
    let bytes = Bytes::from_static(REQUEST);
    let spelling = with_request(&bytes, |head| head.spelling(&bytes));
    assert_eq!(spelling.names().collect::<Vec<_>>(), ["Host", "X-b", "COOKIE", "x-B", "x-empty"]);
    assert_eq!((spelling.names().len(), spelling.reason()), (5, None));
    assert!(spelling.names().all(|name| lies_in(name.as_bytes(), &bytes)));
    assert_eq!(format!("{spelling:?}"), r#"["Host", "X-b", "COOKIE", "x-B", "x-empty"]"#);

    let bytes = Bytes::from_static(RESPONSE);
    let spelling = with_response(&bytes, |head| head.spelling(&bytes));
    assert_eq!(spelling.names().collect::<Vec<_>>(), ["X-b", "Server", "x-B"]);
    assert_eq!(spelling.reason(), Some(&b"Fine"[..]));
}

#[test]
fn the_memory_is_that_of_the_bytes_given() {
    let check = |scanned: &[u8], shared: &Bytes, lies_there: bool| {
        let parts = with_request(scanned, |head| {
            assert_eq!(head.spelling(shared).names().all(|name| lies_in(name.as_bytes(), shared)), lies_there);
            let mut headers = HeaderMap::new();
            head.fields().fill_headers(shared, &mut headers).unwrap();
            let request = head.to_http(shared, HeaderMap::new()).unwrap();
            assert_eq!(&headers, request.headers());
            for value in [&headers["cookie"], &request.headers()["cookie"]] {
                assert_eq!((value.as_bytes(), lies_in(value.as_bytes(), shared)), (&b"c=\xFFd"[..], lies_there));
            }
            request
        });
        let path = parts.uri().path_and_query().unwrap().as_str();
        assert_eq!((path, lies_in(path.as_bytes(), shared)), ("/chat?a", lies_there));
    };
    let same = Bytes::from(REQUEST.to_vec());
    check(&same, &same, true);
    let copy = Bytes::from(REQUEST.to_vec());
    check(&same, &copy, true);
    let longer = Bytes::from([REQUEST, b"more"].concat());
    check(&same, &longer, true);
    check(&longer, &longer, true);
    // Whatever is given, the values are those of the head.
    let shorter = Bytes::from(REQUEST[..REQUEST.len() - 1].to_vec());
    check(&same, &shorter, false);
    check(&same, &Bytes::new(), false);
    let mut other = REQUEST.to_vec();
    other[0] = b'P';
    check(&same, &other.into(), false);

    let response = Bytes::from(RESPONSE.to_vec());
    let converted = with_response(RESPONSE, |head| head.to_http(&response, HeaderMap::new()).unwrap());
    assert!(lies_in(converted.headers()["server"].as_bytes(), &response));
}

#[test]
fn a_map_is_filled_anew() {
    let bytes = Bytes::from_static(REQUEST);
    let mut headers = HeaderMap::new();
    headers.insert("x-old", HeaderValue::from_static("stays not"));
    with_request(&bytes, |head| {
        let request = head.to_http(&bytes, headers.clone()).unwrap();
        assert_eq!(sorted_map(request.headers()).len(), 5);
        let mut rest = head.fields();
        rest.next();
        rest.fill_headers(&bytes, &mut headers).unwrap();
        assert_eq!(headers.len(), 4);
        assert!(!headers.contains_key("host") && !headers.contains_key("x-old"));
    });
}

/// One connection, request after request, each split off the same buffer.
#[test]
fn what_is_reused_is_not_allocated_again() {
    let known = "GET /chat?a HTTP/1.1\r\nHost: a\r\nAccept: b\r\naccept: c\r\nCookie: d\r\nUser-Agent: e\r\nVia: f\r\n\
        Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: g\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let own = known.replace("Via", "X-Via");
    let mut input = BytesMut::with_capacity(4096);
    let mut headers = HeaderMap::new();
    let mut counts = Vec::new();
    for request in [known, known, known, &own, known] {
        let ((), allocations) = measure(|| {
            input.reserve(request.len());
            input.extend_from_slice(request.as_bytes());
            let mut fields = FieldTable::<16>::new();
            let mut scan = RequestScan::new(Limits::default());
            let Ok(Step::Done { consumed, .. }) = scan.scan(&input, &mut fields) else { panic!("refused") };
            let shared = input.split_to(consumed).freeze();
            let Ok(Step::Done { value: head, .. }) = scan.scan(&shared, &mut fields) else { panic!("refused") };
            let request = head.to_http(&shared, std::mem::take(&mut headers)).unwrap();
            assert_eq!(request.headers().len(), 10);
            headers = request.into_parts().0.headers;
            headers.clear();
        });
        counts.push(allocations.count);
    }
    assert!(counts[0] > 0);
    // A name that http does not know is one allocation.
    assert_eq!(counts[1..], [0, 0, 1, 0]);
}

#[test]
fn writing_allocates_nothing() {
    let request = request_of(&Bytes::from_static(REQUEST)).unwrap();
    let response = with_response(RESPONSE, |head| head.to_http(&Bytes::new(), HeaderMap::new()).unwrap());
    let mut out = Vec::with_capacity(1024);
    let ((), allocations) = measure(|| {
        write::http_request(&mut out, &request).and_then(HeadWriter::end).unwrap();
        write::http_response(&mut out, &response).and_then(HeadWriter::end).unwrap();
    });
    assert_eq!(allocations.count, 0);
}

#[test]
fn fields_that_are_still_there_keep_their_spelling() {
    let mut request = spelled_request_of(&Bytes::from_static(REQUEST));
    let headers = request.headers_mut();
    headers.remove("cookie");
    headers.append("x-b", HeaderValue::from_static("3"));
    headers.insert("Via", HeaderValue::from_static("1.1 here"));
    headers.insert("Host", HeaderValue::from_static("b"));
    assert_eq!(
        written_request(&request).unwrap(),
        "GET /chat?a HTTP/1.1\r\nHost: b\r\nX-b: 1\r\nx-B: 2\r\nx-empty:\r\nx-b: 3\r\nvia: 1.1 here\r\n\r\n"
    );

    let mut response = spelled_response_of(&Bytes::from_static(RESPONSE));
    response.headers_mut().insert("X-B", HeaderValue::from_static("4"));
    assert_eq!(written_response(&response).unwrap(), "HTTP/1.1 200 Fine\r\nX-b: 4\r\nServer: c\r\n\r\n");
    // The reason is that of the status it was received with.
    *response.status_mut() = StatusCode::NOT_FOUND;
    assert!(written_response(&response).unwrap().starts_with(b"HTTP/1.1 404 Not Found\r\n"));
    response.extensions_mut().clear();
    *response.status_mut() = StatusCode::OK;
    assert!(written_response(&response).unwrap().starts_with(b"HTTP/1.1 200 OK\r\nx-b: 4\r\n"));
    // The spelling of a request says nothing of a reason, and the longest names are no names in crate http.
    let long = Bytes::from(["GET / HTTP/1.1\r\nHost: a\r\n", &"y".repeat(70_000), ": 1\r\n\r\n"].concat());
    response.extensions_mut().insert(with_request(&long, |head| head.spelling(&long)));
    assert_eq!(written_response(&response).unwrap(), "HTTP/1.1 200 OK\r\nx-b: 4\r\nserver: c\r\n\r\n");
}

#[test]
fn more_fields_may_follow() {
    let mut out = Vec::new();
    let response = Response::builder().status(999).header("Server", "a").body("content").unwrap();
    write::http_response(&mut out, &response).unwrap().field("Content-Length", "7").unwrap().end().unwrap();
    assert_eq!(out, b"HTTP/1.1 999 \r\nserver: a\r\nContent-Length: 7\r\n\r\n");
}

#[test]
fn targets_are_written_as_the_uri_has_them() {
    for (method, uri, target) in [
        (Method::GET, "/a?b", "/a?b"),
        (Method::GET, "/", "/"),
        (Method::OPTIONS, "*", "*"),
        (Method::CONNECT, "example.com:443", "example.com:443"),
        (Method::GET, "http://example.com", "http://example.com/"),
        (Method::GET, "HTTP://example.com?a", "http://example.com/?a"),
    ] {
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        assert!(
            written_request(&request).unwrap().strip_prefix(request.method().as_str().as_bytes()).unwrap()
                == format!(" {target} HTTP/1.1\r\n\r\n").as_bytes()
        );
    }
    // A query alone, which only a builder makes.
    let uri = Uri::builder().path_and_query("?a").build().unwrap();
    let request = Request::builder().uri(uri).body(()).unwrap();
    assert_eq!(written_request(&request).unwrap(), "GET /?a HTTP/1.1\r\n\r\n");
}

#[test]
fn what_cannot_be_written_is_not_begun() {
    let builder = || Request::builder().header("a", "b");
    let spaced = HeaderValue::from_static("b ");
    for (request, kind, offset) in [
        (builder().uri("http://user:secret@example.com/").body(()), WriteErrorKind::Target, 12),
        (builder().uri("/{id}").body(()), WriteErrorKind::Target, 1),
        (builder().uri("example.com:80").body(()), WriteErrorKind::Target, 12),
        (builder().header("c", spaced.clone()).body(()), WriteErrorKind::Value, 1),
        (builder().header(HeaderName::from_static("c\"d"), "e").body(()), WriteErrorKind::Name, 1),
    ] {
        let mut out = Vec::new();
        let error = write::http_request(&mut out, &request.unwrap()).map(drop).unwrap_err();
        assert_eq!((error.kind(), error.offset(), &out[..]), (kind, offset, &b""[..]));
    }
    let mut out = Vec::new();
    let response = Response::builder().header("a", "b").header("c", spaced).body(()).unwrap();
    let error = write::http_response(&mut out, &response).map(drop).unwrap_err();
    assert_eq!((error.kind(), &out[..]), (WriteErrorKind::Value, &b""[..]));
}

#[test]
fn a_full_sink_holds_whole_elements() {
    fn check(whole: &[u8], mut write: impl FnMut(&mut SliceSink<'_>) -> Result<(), WriteError>) {
        for size in 0..whole.len() {
            let mut slice = vec![0; size];
            let mut sink = SliceSink::new(&mut slice);
            assert_eq!(write(&mut sink).unwrap_err().kind(), WriteErrorKind::SinkFull);
            assert!(whole.starts_with(sink.written()));
            assert!(sink.written().is_empty() || sink.written().ends_with(b"\r\n"));
        }
    }
    // Fields that were spelled so, and one that came later.
    let mut request = spelled_request_of(&Bytes::from_static(REQUEST));
    request.headers_mut().insert(header::VIA, HeaderValue::from_static("here"));
    check(&written_request(&request).unwrap(), |sink| write::http_request(sink, &request)?.end());
    request.extensions_mut().clear();
    check(&written_request(&request).unwrap(), |sink| write::http_request(sink, &request)?.end());
    let response = spelled_response_of(&Bytes::from_static(RESPONSE));
    check(&written_response(&response).unwrap(), |sink| write::http_response(sink, &response)?.end());
}

/// A store that gives spans of its own.
struct Liar(Vec<FieldSpan>);

impl FieldStore for Liar {
    fn clear(&mut self) {}

    fn push(&mut self, _: FieldSpan) -> Result<(), StoreFull> {
        Ok(())
    }

    fn pop(&mut self) -> Option<FieldSpan> {
        None
    }

    fn spans(&self) -> &[FieldSpan] {
        &self.0
    }
}

/// RFC 9112, section 11.1: not even a broken store lets a name split a head.
#[test]
fn spans_of_another_head_do_no_harm() {
    let other = Bytes::from_static(b"GET / HTTP/1.1\r\nHost: a\r\nlongname: 1\r\nc: beyond the other\r\n\r\n");
    let bytes = Bytes::from_static(b"GET / HTTP/1.1\r\nHost: a\r\nb: 1\r\nc: 2\r\n\r\n");
    let theirs = with_request(&other, |head| head.spans().to_vec());
    assert!(RequestScan::new(ROOMY).scan(&bytes, &mut Liar(theirs.clone())).is_err(), "the last one differs");
    let mut spans = with_request(&bytes, |head| head.spans().to_vec());
    spans[1] = theirs[1];
    let mut store = Liar(spans);
    let Ok(Step::Done { value: head, .. }) = RequestScan::new(ROOMY).scan(&bytes, &mut store) else {
        panic!("refused")
    };
    assert_eq!(head.fields().nth(1).unwrap().name, "b: 1\r\nc:");
    let error = head.to_http(&bytes, HeaderMap::new()).unwrap_err();
    assert_eq!((error.kind(), error.field()), (HttpErrorKind::Name, Some(1)));
    let mut request = request_of(&bytes).unwrap();
    request.extensions_mut().insert(head.spelling(&bytes));
    assert_eq!(written_request(&request).unwrap(), "GET / HTTP/1.1\r\nHost: a\r\nc: 2\r\nb: 1\r\n\r\n");
}

fn error_of(bytes: String) -> HttpError {
    request_of(&Bytes::from(bytes)).unwrap_err()
}

#[test]
fn what_crate_http_does_not_take() {
    let target = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(request_of(&Bytes::from(target(&"/".repeat(65_534)))).is_ok());
    assert!(request_of(&Bytes::from(target(&format!("{}://a", "s".repeat(64))))).is_ok());
    for refused in ["/".repeat(65_535), "http://ex%61mple.com/".to_owned(), format!("{}://a", "s".repeat(65))] {
        let error = error_of(target(&refused));
        assert_eq!((error.kind(), error.field()), (HttpErrorKind::Target, None));
        assert_eq!(error.status(), Status::URI_TOO_LONG);
        assert_eq!(error.to_string(), "crate http does not take the request target");
    }

    let name = |length| format!("GET / HTTP/1.1\r\nHost: a\r\n{}: b\r\n\r\n", "n".repeat(length));
    assert!(request_of(&Bytes::from(name(65_535))).is_ok());
    let error = error_of(name(65_536));
    assert_eq!((error.kind(), error.field()), (HttpErrorKind::Name, Some(1)));
    assert_eq!(error.status(), Status::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert_eq!(error.to_string(), "crate http does not take the field name: in field 1");
    let response = Bytes::from(name(65_536).replace("GET / HTTP/1.1", "HTTP/1.1 200 OK"));
    assert_eq!(with_response(&response, |head| head.to_http(&response, HeaderMap::new())).unwrap_err(), error);

    let many = |names: usize, lines: usize| {
        let fields: String = (0..lines).map(|number| format!("n{}:\r\n", number % names)).collect();
        Bytes::from(format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"))
    };
    assert_eq!(request_of(&many(24_575, 24_575)).unwrap().headers().len(), 24_576);
    let error = request_of(&many(24_576, 24_576)).unwrap_err();
    assert_eq!((error.kind(), error.field()), (HttpErrorKind::TooManyFields, Some(24_576)));
    assert_eq!(error.status(), Status::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert_eq!(error.to_string(), "crate http does not take the number of fields: in field 24576");
    // Many lines of few names are few.
    assert_eq!(request_of(&many(100, 40_000)).unwrap().headers().len(), 40_001);
}

/// The tokens of crate http are those of RFC 9110, section 5.6.2, and its values those of section 5.5.
#[test]
fn methods_and_values_are_all_taken() {
    let token = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut bytes = format!("{token} / HTTP/1.1\r\nHost: a\r\n{token}: |").into_bytes();
    bytes.extend((0x20..=0xFF).filter(|byte| *byte != 0x7F));
    bytes.extend_from_slice(b"\t|\r\n\r\n");
    let request = request_of(&Bytes::from(bytes)).unwrap();
    assert_eq!(request.method(), token);
    assert_eq!(request.headers()[token].len(), 1 + 223 + 2);
}
