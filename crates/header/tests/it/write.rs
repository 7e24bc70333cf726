//! Writing heads and chunks: what is written, and what is refused with nothing written.

use core::num::NonZero;

use proptest::{collection::vec, prelude::*};
use switchover_header::{
    FieldTable, Limits, RequestScan, ResponseScan, Status, Step, names,
    write::{self, HeadWriter, Sink, SinkFull, SliceSink, WriteError, WriteErrorKind as Kind},
};

/// Text that is an element often enough, with what would end one early among it.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![6 => "[A-Za-z0-9-]{1,12}", 1 => "[ -~\t\r\n\0\u{7f}\u{e9}]{0,4}", 1 => "[a-z]{1,3}[ \r\n\0:]{1,2}[a-z:]{0,3}"]
}

fn target() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "/[a-z?/]{0,9}",
        2 => text(),
        1 => "(\\*|http://[a-z@]{0,4}[/?]?|[a-z]{1,3}:[0-9]{0,2}|[a-z:/?#]{0,9})",
    ]
}

/// A name that gives the head no other meaning.
fn name() -> impl Strategy<Value = String> {
    let means_something = ["host", "content-length", "transfer-encoding"];
    text().prop_filter("a plain name", move |name| !means_something.contains(&name.to_ascii_lowercase().as_str()))
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![3 => text().prop_map(String::into_bytes), 1 => vec(any::<u8>(), 0..6)]
}

proptest! {
    /// RFC 9112, section 11.1: no text splits a message. What is written is read as what was meant, and what would not
    /// be is refused before any of it is written.
    #[test]
    fn requests_are_read_as_meant(
        method in prop_oneof![4 => text(), 1 => Just("CONNECT".to_owned()), 1 => Just("OPTIONS".to_owned())],
        target in target(),
        fields in vec((name(), value()), 0..4),
    ) {
        let mut out = Vec::new();
        let Ok(mut writer) = write::request(&mut out, &method, &target) else {
            prop_assert_eq!(&out, b"");
            return Ok(());
        };
        writer = writer.field("Host", "a").unwrap();
        let mut written: Vec<(&str, &[u8])> = vec![("Host", b"a")];
        for (name, value) in &fields {
            if write::check_field(name, value).is_ok() {
                writer = writer.field(name, value).unwrap();
                written.push((name, value));
            }
        }
        writer.end().unwrap();
        let mut table = FieldTable::<8>::new();
        let mut scan = RequestScan::new(Limits::default());
        let Ok(Step::Done { value: head, consumed }) = scan.scan(&out, &mut table) else { panic!("{}", out.escape_ascii()) };
        prop_assert_eq!((head.method(), head.target(), consumed), (&*method, &*target, out.len()));
        prop_assert_eq!(head.fields().map(|field| (field.name, field.value)).collect::<Vec<_>>(), written);
    }

    #[test]
    fn responses_are_read_as_meant(code in 100..=999_u16, reason in value()) {
        let mut out = Vec::new();
        let status = Status::new(code).unwrap();
        match write::response_with_reason(&mut out, status, &reason) {
            Ok(writer) => writer.end().unwrap(),
            Err(error) => {
                prop_assert_eq!((error.kind(), &out[..]), (Kind::Reason, &b""[..]));
                return Ok(());
            }
        }
        let mut table = FieldTable::<8>::new();
        let mut scan = ResponseScan::new(Limits::default());
        let Ok(Step::Done { value: head, consumed }) = scan.scan(&out, &mut table) else { panic!("{}", out.escape_ascii()) };
        prop_assert_eq!((head.status(), head.reason(), consumed), (status, &reason[..], out.len()));
    }

    /// RFC 9112, section 7.1: what chunks hold is the body, whatever the body holds.
    #[test]
    fn chunks_hold_the_body(pieces in vec(vec(any::<u8>(), 0..40), 0..5)) {
        let mut out = Vec::new();
        for piece in &pieces {
            write::chunk(&mut out, piece).unwrap();
        }
        write::last_chunk(&mut out).unwrap().end().unwrap();
        prop_assert_eq!(dechunked(&out), pieces.concat());
    }

    #[test]
    fn lengths_are_decimal(length: u64, shift in 0..u64::BITS) {
        let length = length >> shift;
        let mut digits = [0xFF; 20];
        prop_assert_eq!(write::decimal(length, &mut digits).to_vec(), length.to_string().into_bytes());
    }

    #[test]
    fn chunk_sizes_are_hexadecimal(size in prop_oneof![1..20_u64, any::<u64>(), (0..64_u32).prop_map(|shift| 1 << shift)]) {
        let size = NonZero::new(size).unwrap_or(NonZero::<u64>::MIN);
        let mut out = Vec::new();
        write::chunk_header(&mut out, size).unwrap();
        prop_assert_eq!(String::from_utf8(out).unwrap(), format!("{size:x}\r\n"));
    }
}

#[test]
fn the_least_and_the_largest_length() {
    for length in [0, u64::MAX] {
        let mut out = Vec::new();
        write::response(&mut out, Status::OK).unwrap().content_length(length).unwrap().end().unwrap();
        assert_eq!(out, format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes());
    }
}

/// The body of a chunked message without trailers.
fn dechunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = bytes.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let size = usize::from_str_radix(core::str::from_utf8(&bytes[..line]).unwrap(), 16).unwrap();
        bytes = &bytes[line + 2..];
        body.extend_from_slice(&bytes[..size]);
        bytes = bytes[size..].strip_prefix(b"\r\n").unwrap();
        if size == 0 {
            assert_eq!(bytes, b"");
            return body;
        }
    }
}

#[test]
fn heads_as_they_go_out() {
    let mut out = Vec::new();
    write::request(&mut out, "GET", "/chat?a=b")
        .and_then(|writer| writer.field(names::HOST, "example.com"))
        .and_then(|writer| writer.field("x-empty", ""))
        .and_then(|writer| writer.field("x-bytes", b"a\t\xFF"))
        .and_then(HeadWriter::end)
        .unwrap();
    assert_eq!(out, b"GET /chat?a=b HTTP/1.1\r\nHost: example.com\r\nx-empty:\r\nx-bytes: a\t\xFF\r\n\r\n");

    let mut out = Vec::new();
    write::response(&mut out, Status::UPGRADE_REQUIRED).and_then(HeadWriter::end).unwrap();
    assert_eq!(out, b"HTTP/1.1 426 Upgrade Required\r\n\r\n");

    let mut out = Vec::new();
    let status = Status::new(999).unwrap();
    write::response(&mut out, status).and_then(HeadWriter::end).unwrap();
    assert_eq!(out, b"HTTP/1.1 999 \r\n\r\n");
}

// undici CVE-2026-1527
#[test]
fn nothing_of_a_refused_element_is_written() {
    let mut out = Vec::new();
    for (method, target, kind, offset) in [
        ("", "/", Kind::Method, 0),
        ("G T", "/", Kind::Method, 1),
        ("GET\r\n", "/", Kind::Method, 3),
        ("GET", "", Kind::Target, 0),
        ("GET", "/ HTTP/1.1\r\nx: y", Kind::Target, 1),
        ("GET", "/\u{e9}", Kind::Target, 1),
        ("GET", "/#", Kind::Target, 1),
        // RFC 9112, section 3.2: each form goes with its methods.
        ("GET", "*", Kind::Target, 0),
        ("GET", "example.com:80", Kind::Target, 12),
        ("CONNECT", "/", Kind::Target, 0),
        ("GET", "http://user@example.com/", Kind::Target, 11),
    ] {
        let error = write::request(&mut out, method, target).map(drop).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (kind, offset));
    }
    let error = write::response_with_reason(&mut out, Status::OK, "OK\r\nx: y").map(drop).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (Kind::Reason, 2));
    assert_eq!(out, b"");

    for (name, value, kind, offset) in [
        ("", &b"a"[..], Kind::Name, 0),
        ("a:", b"a", Kind::Name, 1),
        ("a\r\nb", b"a", Kind::Name, 1),
        ("a ", b"a", Kind::Name, 1),
        ("a", b"b\r\nc: d", Kind::Value, 1),
        ("a", b"b\nc", Kind::Value, 1),
        ("a", b"b\0", Kind::Value, 1),
        ("a", b"\x7F", Kind::Value, 0),
        ("a", b" b", Kind::Value, 0),
        ("a", b"b \t", Kind::Value, 2),
        ("a", b"\t", Kind::Value, 0),
    ] {
        let mut out = Vec::new();
        let writer = write::response(&mut out, Status::OK).unwrap();
        let error = writer.field(name, value).map(drop).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (kind, offset), "{name:?}");
        assert_eq!(write::check_field(name, value), Err(error));
        assert_eq!(out, b"HTTP/1.1 200 OK\r\n");
    }
    assert_eq!(write::check_field("Upgrade", "websocket"), Ok(()));
}

/// All that is written, element by element, and the whole of it.
const ELEMENTS: [&[u8]; 6] = [b"HTTP/1.1 200 OK\r\n", b"a: b\r\n", b"\r\n", b"3\r\nabc\r\n", b"ff\r\n", b"0\r\n"];

/// Writes the elements until the sink is full.
fn write_elements(sink: &mut impl Sink) -> Result<(), WriteError> {
    write::response(sink, Status::OK)?.field("a", "b")?.end()?;
    write::chunk(sink, b"abc")?;
    write::chunk(sink, b"")?;
    write::chunk_header(sink, NonZero::new(255).unwrap())?;
    write::last_chunk(sink).map(drop)
}

/// Checks what was written of the elements into a sink of this size.
fn assert_whole_elements(size: usize, written: &[u8], outcome: Result<(), WriteError>) {
    let mut fitting = Vec::new();
    let fit = ELEMENTS.iter().take_while(|element| {
        let fits = fitting.len() + element.len() <= size;
        fitting.extend_from_slice(if fits { element } else { b"" });
        fits
    });
    let all = fit.count() == ELEMENTS.len();
    assert_eq!(written, fitting, "{size}");
    assert_eq!(outcome, if all { Ok(()) } else { Err(SinkFull.into()) }, "{size}");
}

/// A full sink holds whole elements, however much room is left.
#[test]
fn an_element_is_written_whole_or_not_at_all() {
    for size in 0..=ELEMENTS.concat().len() + 1 {
        let mut slice = vec![0; size];
        let mut sink = SliceSink::new(&mut slice);
        let outcome = write_elements(&mut sink);
        assert_whole_elements(size, sink.written(), outcome);
    }
    let mut out = Vec::new();
    write_elements(&mut out).unwrap();
    assert_eq!(out, ELEMENTS.concat());
}

#[cfg(feature = "bytes")]
#[test]
fn buffers_of_crate_bytes_are_sinks() {
    use bytes::{BufMut, BytesMut};

    for size in 0..=ELEMENTS.concat().len() + 1 {
        let mut slice = vec![0; size];
        let mut rest = &mut slice[..];
        let outcome = write_elements(&mut rest);
        let written = size - rest.len();
        assert_whole_elements(size, &slice[..written], outcome);

        let mut limited = BytesMut::new().limit(size);
        let outcome = write_elements(&mut limited);
        assert_whole_elements(size, limited.get_ref(), outcome);
    }
    let mut out = BytesMut::new();
    let mut out: &mut dyn BufMut = &mut out;
    write_elements(&mut out).unwrap();
}

#[test]
fn trailers_follow_the_last_chunk() {
    let mut out = Vec::new();
    write::last_chunk(&mut out)
        .and_then(|writer| writer.field("x", "1"))
        .and_then(|writer| writer.field("y", ""))
        .and_then(HeadWriter::end)
        .unwrap();
    assert_eq!(out, b"0\r\nx: 1\r\ny:\r\n\r\n");
}

#[test]
fn errors_read_as_one_line() {
    let mut out = Vec::new();
    let mut request = |method, target| write::request(&mut out, method, target).map(drop).unwrap_err().to_string();
    assert_eq!(request("G T", "/"), "method is not a token: at offset 1");
    assert_eq!(request("GET", "/ "), "request target is malformed: at offset 1");
    let error = write::response_with_reason(&mut out, Status::OK, "\n").map(drop).unwrap_err();
    assert_eq!(error.to_string(), "reason phrase holds a control byte: at offset 0");
    assert_eq!(write::check_field("", "").unwrap_err().to_string(), "field name is not a token: at offset 0");
    assert_eq!(write::check_field("a", "b\r").unwrap_err().to_string(), "field value is malformed: at offset 1");
    assert_eq!(WriteError::from(SinkFull).to_string(), "no room for the rest of the head");
}
