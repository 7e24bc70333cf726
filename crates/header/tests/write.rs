//! Writing heads: what is written, and what is refused with nothing written.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use switchover_header::{
    Status, names,
    write::{self, HeadWriter, SliceSink, WriteErrorKind as Kind},
};

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

#[test]
fn a_slice_of_the_exact_size_is_enough_and_any_smaller_one_is_not() {
    fn write_to(sink: &mut SliceSink<'_>) -> Result<(), write::WriteError> {
        write::response(sink, Status::OK)?.field("a", "b")?.end()
    }
    let whole = b"HTTP/1.1 200 OK\r\na: b\r\n\r\n";
    let mut slice = [0; 25];
    let mut sink = SliceSink::new(&mut slice);
    write_to(&mut sink).unwrap();
    assert_eq!(sink.written(), whole);
    for size in 0..whole.len() {
        let mut sink = SliceSink::new(&mut slice[..size]);
        assert_eq!(write_to(&mut sink).unwrap_err().kind(), Kind::SinkFull);
        assert!(whole.starts_with(sink.written()));
    }
}

#[test]
fn errors_read_as_one_line() {
    let error = write::check_field("a", "b\r").unwrap_err();
    assert_eq!(error.to_string(), "field value is malformed: at offset 1");
    assert_eq!(write::WriteError::from(write::SinkFull).to_string(), "no room for the rest of the head");
}
