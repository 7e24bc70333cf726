//! Heads with what is found in them, or what is wrong with them and where: each whole, byte by
//! byte, cut at every place, and with other bytes behind it.

use switchover_header::{
    FieldTable, Framing, FramingErrorKind, HeadErrorKind as Kind, Limits, RequestScan, ResponseScan, Status, Version,
};

use crate::common::{assert_refused, assert_response_refused, request, request_error, response};

fn fields<const N: usize>(fields: [(&str, &[u8]); N]) -> Vec<(String, Vec<u8>)> {
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

#[test]
fn the_upgrade_request() {
    let head = request(
        b"GET /notifications HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    );
    assert_eq!((&*head.method, &*head.target, &*head.path), ("GET", "/notifications", "/notifications"));
    assert_eq!((head.version, head.authority, head.framing), (Version::Http11, None, Framing::None));
    assert_eq!(head.fields, fields([("Host", b"example.com"), ("Upgrade", b"websocket"), ("Connection", b"Upgrade")]));
}

#[test]
fn the_upgrade_response() {
    let head = response(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    assert_eq!((head.status, &*head.reason, head.version), (101, &b"Switching Protocols"[..], Version::Http11));
    assert_eq!(head.fields, fields([("Upgrade", b"websocket"), ("Connection", b"Upgrade")]));
}

#[test]
fn the_shortest_heads() {
    let head = request(b"A / HTTP/1.0\r\n\r\n");
    assert_eq!((&*head.method, head.version, head.fields), ("A", Version::Http10, vec![]));
    let head = response(b"HTTP/1.1 200\r\n\r\n");
    assert_eq!((head.status, head.reason, head.fields), (200, vec![], vec![]));
}

#[test]
fn later_minor_versions_are_read_as_1_1() {
    assert_eq!(request(b"GET / HTTP/1.9\r\nHost: a\r\n\r\n").version, Version::Http11);
    assert_eq!(response(b"HTTP/1.2 200 OK\r\n\r\n").version, Version::Http11);
}

#[test]
fn empty_lines_before_a_request_are_skipped() {
    let head = request(b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(head.method, "GET");
    assert_response_refused(b"@@\r\nHTTP/1.1 200 OK\r\n\r\n", Kind::Version);
}

#[test]
fn values_keep_their_bytes_and_lose_the_white_space_around_them() {
    let head =
        request(b"GET / HTTP/1.1\r\nHost:a\r\nx: \t a \t b \t\r\ny:\r\nz: \t \r\nX-Obs: \xE9\x80\xFF \xC2\xA0\r\n\r\n");
    assert_eq!(
        head.fields,
        fields([("Host", b"a"), ("x", b"a \t b"), ("y", b""), ("z", b""), ("X-Obs", b"\xE9\x80\xFF \xC2\xA0")])
    );
}

#[test]
fn reasons_keep_their_bytes() {
    assert_eq!(response(b"HTTP/1.1 200 \r\n\r\n").reason, b"");
    assert_eq!(response(b"HTTP/1.1 200  \t\xE9t\xE9 \r\n\r\n").reason, b" \t\xE9t\xE9 ");
}

#[test]
fn order_case_and_repetition_of_fields_are_kept() {
    let head = request(b"GET / HTTP/1.1\r\nhOST: a\r\nb: 1\r\nA: 2\r\nb: 3\r\nB: 4\r\nc: 5\r\n\r\n");
    assert_eq!(head.fields, fields([("hOST", b"a"), ("b", b"1"), ("A", b"2"), ("b", b"3"), ("B", b"4"), ("c", b"5")]));
}

// RFC 9112, section 3.2
#[test]
fn the_four_forms_of_a_target() {
    for (line, path, scheme, authority) in [
        ("GET /a?b=c", "/a?b=c", None, None),
        ("GET //a//", "//a//", None, None),
        ("GET /%7E[]!$&'()*+,;=:@?/?", "/%7E[]!$&'()*+,;=:@?/?", None, None),
        ("GET http://b.example:8080/a?c", "/a?c", Some("http"), Some("b.example:8080")),
        ("GET http://b.example", "/", Some("http"), Some("b.example")),
        ("GET x+y-.1://b.example/", "/", Some("x+y-.1"), Some("b.example")),
        ("GET ws://[::1]:80?c", "?c", Some("ws"), Some("[::1]:80")),
        ("OPTIONS HTTP://b.example", "*", Some("HTTP"), Some("b.example")),
        ("OPTIONS http://b.example/", "/", Some("http"), Some("b.example")),
        ("OPTIONS *", "*", None, None),
        ("OPTIONS /", "/", None, None),
        ("CONNECT b.example:443", "", None, Some("b.example:443")),
        ("CONNECT [2001:db8::1]:443", "", None, Some("[2001:db8::1]:443")),
    ] {
        let head = request(format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        let found = (&*head.path, head.scheme.as_deref(), head.authority.as_deref());
        assert_eq!(found, (path, scheme, authority), "{line}");
    }
}

#[test]
fn targets_of_a_wrong_form() {
    for line in [
        "GET @@*",
        "OPTIONS @@**",
        "GET @@a",
        "GET @@?a",
        "GET @@a/b:c",
        "GET @@1http://a/",
        "GET @@:a",
        "GET urn:@@a:b",
        "GET mailto:@@x",
        "GET example.com:@@80",
        "GET http:@@/a",
        "GET a:@@",
        "GET http://@@/",
        "GET http://@@?",
        "GET http://a@@@b/",
        "GET http://a:@@x/",
        "GET http://a:6553@@6/",
        "CONNECT @@/",
        "CONNECT a.example@@",
        "CONNECT a.example:@@",
        "CONNECT a.example:443@@/",
        "CONNECT a.example:@@x",
        // RFC 9110, section 9.3.6: no port is 0.
        "CONNECT a.example:@@0",
        "CONNECT [::1]:@@00",
        "CONNECT http:@@//a.example:443",
        "CONNECT @@[::x]:1",
        "CONNECT @@:443",
    ] {
        assert_refused(format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes(), Kind::TargetForm);
    }
    assert_eq!(request_error(b"CONNECT a.example HTTP/1.1\r\nHost: a\r\n\r\n").byte(), None, "the port is missing");
}

#[test]
fn malformed_request_lines() {
    for (line, kind) in [
        (&b"@@ GET / HTTP/1.1\r\n"[..], Kind::Method),
        (b"@@ / HTTP/1.1\r\n", Kind::Method),
        (b"GET@@\t/ HTTP/1.1\r\n", Kind::Method),
        (b"GE@@\rT / HTTP/1.1\r\n", Kind::Method),
        (b"G@@\xC3\x8AT / HTTP/1.1\r\n", Kind::Method),
        (b"@@\nGET / HTTP/1.1\r\n", Kind::BareLf),
        (b"@@\rGET / HTTP/1.1\r\n", Kind::BareCr),
        (b"GET @@ / HTTP/1.1\r\n", Kind::Target),
        (b"GET @@\r\n", Kind::Target),
        (b"GET /@@\r\n", Kind::Target),
        (b"GET /@@#a HTTP/1.1\r\n", Kind::Target),
        (b"GET /@@\xC3\xA9 HTTP/1.1\r\n", Kind::Target),
        (b"GET / @@ HTTP/1.1\r\n", Kind::Version),
        (b"GET / @@\r\n", Kind::Version),
        (b"GET / @@http/1.1\r\n", Kind::Version),
        (b"GET / HTTP/1@@\r\n", Kind::Version),
        (b"GET / HTTP/1.1@@ \r\n", Kind::Version),
        (b"GET / HTTP/@@2.0\r\n", Kind::UnsupportedVersion),
        (b"GET / HTTP/@@0.9\r\n", Kind::UnsupportedVersion),
        (b"GET / HTTP/1.1@@\n", Kind::BareLf),
        (b"GET / HTTP/1.1@@\r\r\n", Kind::BareCr),
        (b"GET / HTTP/1.1\r\n@@ Host: a\r\n", Kind::SpaceBeforeFields),
        (b"GET / HTTP/1.1\r\n@@\tHost: a\r\n", Kind::SpaceBeforeFields),
    ] {
        assert_refused(line, kind);
    }
}

#[test]
fn malformed_status_lines() {
    for (line, kind) in [
        (&b"@@ICY 200 OK\r\n"[..], Kind::Version),
        (b"HTTP/1.1@@\r\n", Kind::Version),
        (b"HTTP/1.1@@\t200 OK\r\n", Kind::Version),
        (b"HTTP/@@2 200 OK\r\n", Kind::UnsupportedVersion),
        (b"HTTP/1.1 @@ 200 OK\r\n", Kind::StatusCode),
        (b"HTTP/1.1 @@099 OK\r\n", Kind::StatusCode),
        (b"HTTP/1.1 20@@ OK\r\n", Kind::StatusCode),
        (b"HTTP/1.1 200@@0 OK\r\n", Kind::StatusCode),
        (b"HTTP/1.1 200@@\tOK\r\n", Kind::StatusCode),
        (b"HTTP/1.1 200@@\n", Kind::BareLf),
        (b"HTTP/1.1 200@@\r \r\n", Kind::BareCr),
        (b"HTTP/1.1 200 O@@\nK\r\n", Kind::BareLf),
        (b"HTTP/1.1 200 O@@\rK\r\n", Kind::BareCr),
        (b"HTTP/1.1 200 O@@\0K\r\n", Kind::Reason),
        (b"HTTP/1.1 200 O@@\x7FK\r\n", Kind::Reason),
        (b"HTTP/1.1 200 OK\r\n@@ a: b\r\n", Kind::SpaceBeforeFields),
    ] {
        let error = assert_response_refused(line, kind);
        assert_eq!(error.status(), Status::BAD_GATEWAY);
    }
}

#[test]
fn malformed_field_lines() {
    for (lines, kind, number) in [
        (&b"@@: b\r\n"[..], Kind::EmptyName, 1),
        (b"a@@ : b\r\n", Kind::SpaceBeforeColon, 1),
        (b"a@@\t: b\r\n", Kind::SpaceBeforeColon, 1),
        (b"a@@\r\n", Kind::MissingColon, 1),
        (b"a@@\nb: c\r\n", Kind::MissingColon, 1),
        (b"a@@(: b\r\n", Kind::Name, 1),
        (b"@@\0a: b\r\n", Kind::Name, 1),
        (b"a@@\x80: b\r\n", Kind::Name, 1),
        (b"@@\na: b\r\n", Kind::BareLf, 1),
        (b"a: b@@\n", Kind::BareLf, 1),
        (b"a: b@@\rc\r\n", Kind::BareCr, 1),
        (b"a: b@@\r\r\n", Kind::BareCr, 1),
        (b"a: b@@\0c\r\n", Kind::Value, 1),
        (b"a: 1234567812345678@@\x7F\r\n", Kind::Value, 1),
        (b"a: \t@@\x0B\r\n", Kind::Value, 1),
        (b"a: b\r\n@@ c\r\n", Kind::ObsFold, 2),
        (b"a: b\r\n@@\tc: d\r\n", Kind::ObsFold, 2),
    ] {
        let request = [b"GET / HTTP/1.1\r\nHost: a\r\n", lines, b"\r\n"].concat();
        assert_eq!(assert_refused(&request, kind).field(), Some(number));
        let response = [b"HTTP/1.1 200 OK\r\nHost: a\r\n", lines, b"\r\n"].concat();
        assert_eq!(assert_response_refused(&response, kind).field(), Some(number));
    }
}

#[test]
fn the_empty_line_is_crlf() {
    assert_refused(b"GET / HTTP/1.1\r\nHost: a\r\n@@\n", Kind::BareLf);
    assert_eq!(assert_refused(b"GET / HTTP/1.1\r\nHost: a\r\n@@\rX", Kind::BareCr).field(), None);
}

// RFC 9112, section 3.2
#[test]
fn exactly_one_valid_host() {
    let error = assert_refused(b"GET / HTTP/1.1\r\na: b\r\n\r\n@@", Kind::MissingHost);
    assert_eq!((error.byte(), error.field(), error.status()), (None, None, Status::BAD_REQUEST));
    let error = assert_refused(b"GET / HTTP/1.1\r\nHost: a\r\n@@HOST: a\r\n\r\n", Kind::DuplicateHost);
    assert_eq!((error.byte(), error.field()), (Some(b'H'), Some(1)));
    // RFC 9112, section 3.2.2: required even where the target has the authority.
    assert_refused(b"GET http://a/ HTTP/1.1\r\n\r\n@@", Kind::MissingHost);
    assert_refused(b"GET http://a/ HTTP/1.1\r\nHost: @@\r\n\r\n", Kind::Host);
    request(b"GET / HTTP/1.1\r\nHost:\r\n\r\n");
    request(b"OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n");
    // Both spellings that are looked for first, and others.
    for name in ["Host", "host", "HOST", "hOsT"] {
        for value in ["a", "a:80", ""] {
            let head = request(format!("GET / HTTP/1.1\r\n{name}: {value}\r\n\r\n").as_bytes());
            assert_eq!(head.fields, fields([(name, value.as_bytes())]));
            let again = format!("GET / HTTP/1.1\r\nHost: {value}\r\n@@{name}: {value}\r\n\r\n");
            assert_refused(again.as_bytes(), Kind::DuplicateHost);
        }
        // Names that begin like it, of lengths that are looked at.
        for more in ["s", "-Of-All-It", "-Of-All-Things"] {
            assert_refused(format!("GET / HTTP/1.1\r\n{name}{more}: a\r\n\r\n@@").as_bytes(), Kind::MissingHost);
        }
    }
    request(b"GET / HTTP/1.0\r\n\r\n");
    assert_refused(b"GET / HTTP/1.0\r\nHost: a\r\n@@Host: a\r\n\r\n", Kind::DuplicateHost);
    for value in [
        "a@@/",
        "a@@@b",
        "a@@ b",
        "a,@@\"b\"",
        "@@[::1",
        "@@[a]",
        "a:@@x",
        "a:6553@@6",
        "@@:80",
        "a@@%zz",
        "a@@%g0",
        "a@@%0g",
        "[::1]@@a",
    ] {
        assert_refused(format!("GET / HTTP/1.1\r\nHost: {value}\r\n\r\n").as_bytes(), Kind::Host);
    }
}

// RFC 9112, section 6
#[test]
fn framing_of_requests() {
    for (lines, framing) in [
        ("", Framing::None),
        ("content-length: 0\r\n", Framing::Length(0)),
        ("Content-Length: 007\r\n", Framing::Length(7)),
        ("Content-Length: 18446744073709551615\r\n", Framing::Length(u64::MAX)),
        ("Transfer-Encoding: Chunked\r\n", Framing::Chunked),
    ] {
        let head = request(format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n").as_bytes());
        assert_eq!(head.framing, framing, "{lines}");
    }
    for (lines, kind) in [
        ("Content-Length: @@\r\n", FramingErrorKind::ContentLength),
        ("Content-Length: 1@@,1\r\n", FramingErrorKind::ContentLength),
        ("Content-Length: 1844674407370955161@@6\r\n", FramingErrorKind::ContentLength),
        ("Content-Length: 5\r\nContent-Length: @@5\r\n", FramingErrorKind::DuplicateContentLength),
        ("Content-Length: 5\r\nTransfer-Encoding: @@chunked\r\n", FramingErrorKind::TransferEncodingWithContentLength),
        ("Transfer-Encoding: chunked\r\nContent-Length: @@5\r\n", FramingErrorKind::TransferEncodingWithContentLength),
        // Content-Length is validated although Transfer-Encoding is there.
        ("Transfer-Encoding: chunked\r\nContent-Length: @@x\r\n", FramingErrorKind::ContentLength),
        ("Transfer-Encoding: @@\r\n", FramingErrorKind::TransferEncoding),
        ("Transfer-Encoding: chunked@@;a=b\r\n", FramingErrorKind::TransferEncoding),
        ("Transfer-Encoding: chunked@@;\r\n", FramingErrorKind::TransferEncoding),
        ("Transfer-Encoding: chunked,@@ \r\n", FramingErrorKind::TransferEncoding),
        ("Transfer-Encoding: a;b=@@\"c, chunked\r\n", FramingErrorKind::TransferEncoding),
        ("Transfer-Encoding: gzip@@\r\n", FramingErrorKind::ChunkedNotLast),
        ("Transfer-Encoding: chunked, @@gzip\r\n", FramingErrorKind::ChunkedNotLast),
        ("Transfer-Encoding: @@gzip, chunked\r\n", FramingErrorKind::UnsupportedTransferCoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: @@chunked\r\n", FramingErrorKind::DuplicateTransferEncoding),
    ] {
        let bytes = format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
        let error = assert_refused(bytes.as_bytes(), Kind::Framing(kind));
        // At the end of a value something is missing, and no byte is at fault.
        let behind = lines.split_once("@@").unwrap().1.trim_start_matches(' ');
        assert_eq!(error.byte(), (!behind.starts_with('\r')).then_some(behind.as_bytes()[0]), "{lines}");
    }
}

#[test]
fn the_first_field_line_at_fault_is_the_one_that_is_named() {
    assert_refused(
        b"POST / HTTP/1.1\r\nContent-Length: @@x\r\nHost: /\r\nTransfer-Encoding: y\r\n\r\n",
        Kind::Framing(FramingErrorKind::ContentLength),
    );
    assert_refused(b"POST / HTTP/1.1\r\nHost: @@/\r\nContent-Length: x\r\n\r\n", Kind::Host);
    // Also before the head is whole, and whatever comes behind it.
    assert_refused(
        b"POST / HTTP/1.1\r\nContent-Length: @@x\r\nb : c\r\n",
        Kind::Framing(FramingErrorKind::ContentLength),
    );
    assert_refused(b"POST / HTTP/1.1\r\nb@@ : c\r\nContent-Length: x\r\n\r\n", Kind::SpaceBeforeColon);
    // What is missing is known last.
    assert_refused(b"POST / HTTP/1.1\r\nContent-Length: @@x\r\n\r\n", Kind::Framing(FramingErrorKind::ContentLength));
}

/// Whatever comes behind a fault, and even where it is mended.
#[test]
fn an_error_stays() {
    let (mut request, mut response) = (RequestScan::new(Limits::default()), ResponseScan::new(Limits::default()));
    let mut fields = FieldTable::<4>::new();
    let error = request.scan(b"GET / HTTP/1.1\r\nHost: a\r\nb :", &mut fields).unwrap_err();
    assert_eq!(request.scan(b"GET / HTTP/1.1\r\nHost: a\r\nb: c\r\n\r\n", &mut fields).unwrap_err(), error);
    let error = response.scan(b"HTTP/1.1 200 OK\r\nb :", &mut fields).unwrap_err();
    assert_eq!(response.scan(b"HTTP/1.1 200 OK\r\nb: c\r\n\r\n", &mut fields).unwrap_err(), error);
    // The same of a fault in the whole head.
    let mut request = RequestScan::new(Limits::default());
    let error = request.scan(b"GET / HTTP/1.1\r\nHist: a\r\n\r\n", &mut fields).unwrap_err();
    assert_eq!(request.scan(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", &mut fields).unwrap_err(), error);
}

#[test]
fn an_error_reads_as_one_line() {
    let error = request_error(b"GET / HTTP/1.1\r\nHost: a\r\nb: c\r\nd : e\r\n\r\n");
    assert_eq!(
        error.to_string(),
        "white space before the colon: byte 0x20 at offset 32 in field 2 (RFC 9112, section 5.1)"
    );
    let error = request_error(b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(error.to_string(), "Host is missing: at offset 18 (RFC 9112, section 3.2)");
}

#[test]
fn errors_carry_the_status_to_answer() {
    for (bytes, status) in [
        (&b"GET / HTTP/3.0\r\n"[..], Status::HTTP_VERSION_NOT_SUPPORTED),
        (b"P / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: b, chunked\r\n\r\n", Status::NOT_IMPLEMENTED),
        (b"P / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: b\r\n\r\n", Status::BAD_REQUEST),
        (b"GET /\0", Status::BAD_REQUEST),
    ] {
        assert_eq!(request_error(bytes).status(), status);
    }
}
