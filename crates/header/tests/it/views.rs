//! The views say the same of a head, whoever parsed it.

use switchover_header::{
    FieldTable, FieldsView, Framing, HeadErrorKind, Limits, RequestScan, RequestView, ResponseScan, ResponseView,
    Status, Step, Version,
};

const REQUEST: &[u8] =
    b"GET http://b.example:80/a?c HTTP/1.1\r\nHost: a\r\nx: 1\r\nX: 2, 3\r\nContent-Length: 4\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.0 426 Upgrade Required\r\nx: 1\r\nX: 2\r\n\r\n";

fn check_request(view: impl RequestView) {
    assert_eq!((view.method(), view.path(), view.authority()), ("GET", "/a?c", Some("b.example:80")));
    assert_eq!(view.scheme(), Some("http"));
    assert_eq!((view.version(), view.framing()), (Version::Http11, Ok(Framing::Length(4))));
    check_values(&view);
    let names = view.lines().map(|(name, _)| name.to_ascii_lowercase()).collect::<Vec<_>>();
    assert_eq!(names, ["host", "x", "x", "content-length"]);
    let values = view.lines().map(|(_, value)| value).collect::<Vec<_>>();
    assert_eq!(values, [&b"a"[..], b"1", b"2, 3", b"4"]);
}

fn check_response(view: impl ResponseView) {
    assert_eq!((view.status(), view.version()), (Status::UPGRADE_REQUIRED, Version::Http10));
    assert_eq!(view.values("X").map(|value| value[0]).collect::<Vec<_>>(), b"12");
    assert!(view.lines().all(|(name, _)| name.eq_ignore_ascii_case("x")));
    assert_eq!(view.lines().map(|(_, value)| value[0]).collect::<Vec<_>>(), b"12");
    assert_eq!(view.framing("GET"), Ok(Framing::UntilClose));
    assert_eq!(view.framing("HEAD"), Ok(Framing::None));
}

fn check_values(view: &impl FieldsView) {
    for name in ["x", "X"] {
        let mut values = view.values(name);
        assert_eq!(values.clone().collect::<Vec<_>>(), [&b"1"[..], b"2, 3"]);
        values.next();
        assert_eq!(values.clone().collect::<Vec<_>>(), [&b"2, 3"[..]], "a clone goes on where it is");
        assert_eq!(values.count(), 1);
    }
    assert_eq!(view.values("y").count(), 0);
    assert_eq!(view.values("not a name").count(), 0);
}

#[test]
fn own_heads() {
    let mut fields = FieldTable::<8>::new();
    let mut scan = RequestScan::new(Limits::default());
    let Ok(Step::Done { value, .. }) = scan.scan(REQUEST, &mut fields) else { panic!("refused") };
    check_request(value);
    let by_reference = &value;
    check_request(by_reference);
    let mut scan = ResponseScan::new(Limits::default());
    let Ok(Step::Done { value, .. }) = scan.scan(RESPONSE, &mut fields) else { panic!("refused") };
    check_response(value);
    let by_reference = &value;
    check_response(by_reference);
}

/// RFC 9112, section 6.3: a view of a response frames it as the head itself does.
#[test]
fn responses_are_framed_through_views() {
    let mut fields = FieldTable::<8>::new();
    for status in [100, 101, 200, 204, 304, 426] {
        for lines in [
            "",
            "Content-Length: 4\r\n",
            "Content-Length: 4\r\nContent-Length: 4\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Transfer-Encoding: gzip\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
            "Content-Length: +4\r\n",
        ] {
            let input = format!("HTTP/1.1 {status} \r\nX: 1\r\n{lines}\r\n");
            let mut scan = ResponseScan::new(Limits::default());
            let Ok(Step::Done { value, .. }) = scan.scan(input.as_bytes(), &mut fields) else { panic!("refused") };
            for method in ["GET", "HEAD", "CONNECT"] {
                let own = value.framing(method).map_err(|error| error.kind());
                let view = ResponseView::framing(&value, method).map_err(|error| HeadErrorKind::Framing(error.kind()));
                assert_eq!(view, own, "{status} {method} {lines}");
            }
        }
    }
}

#[cfg(feature = "http")]
mod http_types {
    use super::*;
    use http::{Request, Response};
    use switchover_header::{FramingErrorKind, names};

    fn request(uri: &str, fields: &[(&'static str, &str)]) -> Request<&'static str> {
        let mut builder = Request::builder().uri(uri);
        for (name, value) in fields {
            builder = builder.header(*name, *value);
        }
        builder.body("body").unwrap()
    }

    #[test]
    fn heads_of_crate_http() {
        let request =
            request("http://b.example:80/a?c", &[("host", "a"), ("x", "1"), ("X", "2, 3"), ("content-length", "4")]);
        check_request(&request);
        check_request(&request.into_parts().0);
        let response =
            Response::builder().version(http::Version::HTTP_10).status(426).header("x", "1").header("x", "2");
        let response = response.body(()).unwrap();
        check_response(&response);
        check_response(response.into_parts().0);
    }

    #[test]
    fn paths_of_all_forms() {
        for (uri, path, authority) in [
            ("/a?b", "/a?b", None),
            ("*", "*", None),
            ("http://b.example", "/", Some("b.example")),
            ("b.example:443", "", Some("b.example:443")),
            // RFC 9110, section 4.2.4: user information is no part of the authority.
            ("http://u:p@b.example:80/a", "/a", Some("b.example:80")),
            ("http://u@v@b.example", "/", Some("b.example")),
        ] {
            let request = request(uri, &[]);
            assert_eq!((request.path(), RequestView::authority(&request)), (path, authority), "{uri}");
        }
    }

    #[test]
    fn versions() {
        for (theirs, ours) in [
            (http::Version::HTTP_09, Version::Http10),
            (http::Version::HTTP_10, Version::Http10),
            (http::Version::HTTP_11, Version::Http11),
            (http::Version::HTTP_2, Version::Http2),
            (http::Version::HTTP_3, Version::Http3),
        ] {
            let mut request = request("/", &[]);
            *request.version_mut() = theirs;
            assert_eq!(RequestView::version(&request), ours);
        }
    }

    #[test]
    fn framing_errors_say_which_line() {
        let twice = request("/", &[(names::CONTENT_LENGTH, "4"), (names::CONTENT_LENGTH, "4")]);
        let error = twice.framing().unwrap_err();
        assert_eq!((error.kind(), error.line(), error.offset()), (FramingErrorKind::DuplicateContentLength, 1, 0));
        assert_eq!((error.name(), error.status()), (names::CONTENT_LENGTH, Status::BAD_REQUEST));

        let unknown = request("/", &[(names::TRANSFER_ENCODING, "gzip, chunked")]);
        assert_eq!(unknown.framing().unwrap_err().status(), Status::NOT_IMPLEMENTED);
        assert_eq!(request("/", &[(names::TRANSFER_ENCODING, "chunked")]).framing(), Ok(Framing::Chunked));
        let malformed = request("/", &[(names::TRANSFER_ENCODING, "chunked, ,")]).framing().unwrap_err();
        assert_eq!(
            malformed.to_string(),
            "malformed Transfer-Encoding: at offset 9 of line 0 of Transfer-Encoding (RFC 9112, section 6.1)"
        );
        assert_eq!(request("/", &[]).framing(), Ok(Framing::None));
    }
}
