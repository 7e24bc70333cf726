//! Inputs that have hurt other implementations, by their number in `docs/requirements/attacks.md`. What concerns the chunked
//! coding is in `chunked/attacks.rs`.

use switchover_header::{
    Backend, FieldTable, Framing, FramingErrorKind as Framed, HeadErrorKind as Kind, Limits, RequestScan, ResponseScan,
    Status, Step,
};
use switchover_testkit::alloc::measure;

use crate::common::{
    Outcome, assert_refused, assert_response_refused, request, request_error, request_with, response, scan_request_by,
};

/// A request with these lines behind its Host.
fn with_lines(lines: &[u8]) -> Vec<u8> {
    [b"POST / HTTP/1.1\r\nHost: a\r\n", lines, b"\r\n"].concat()
}

/// Feeds the head byte by byte until it is refused with 431, and gives the bytes fed until then, which are the same by
/// every backend. Nothing is allocated meanwhile; and each byte behind the request line is spoilt as soon as a call has
/// seen it, so that one which looked again would refuse it for another reason, and earlier.
fn fed_until_refused(head: impl Iterator<Item = u8> + Clone, kind: Kind) -> usize {
    let fed = |backend| {
        let mut fields = FieldTable::<128>::new();
        let mut scan = RequestScan::new(Limits::default()).with_backend(backend);
        let mut input = Vec::with_capacity(1 << 20);
        let (error, allocations) = measure(|| {
            head.clone().find_map(|byte| {
                input.push(byte);
                let refused = scan.scan(&input, &mut fields).map(drop).err();
                if input.len() > b"GET / HTTP/1.1\r\n".len() {
                    *input.last_mut().unwrap() = 0;
                }
                refused
            })
        });
        let error = error.expect("refused");
        assert_eq!((error.kind(), error.status()), (kind, Status::REQUEST_HEADER_FIELDS_TOO_LARGE));
        assert_eq!((error.offset() + 1, allocations.count), (input.len(), 0));
        input.len()
    };
    let best = fed(Backend::best());
    assert!(Backend::available().all(|backend| fed(backend) == best));
    best
}

/// Attack 1. Each byte of a head is looked at once, until there are too many. (tungstenite CVE-2023-43669)
#[test]
fn a_head_of_20_mb_in_drips_is_refused_at_the_limit() {
    let line = [&b"a: "[..], &[b'b'; 1_000], b"\r\n"].concat();
    let head = b"GET / HTTP/1.1\r\n".iter().chain(line.iter().cycle()).copied().take(20_000_000);
    assert_eq!(fed_until_refused(head, Kind::HeadTooLong), Limits::default().head + 1);
    let value = b"GET / HTTP/1.1\r\na:".iter().copied().chain(std::iter::repeat_n(b'b', 20_000_000));
    assert_eq!(fed_until_refused(value, Kind::ValueTooLong), 18 + Limits::default().value + 1);
    let name = b"GET / HTTP/1.1\r\n".iter().copied().chain(std::iter::repeat_n(b'b', 20_000_000));
    assert_eq!(fed_until_refused(name, Kind::NameTooLong), 16 + Limits::default().name + 1);
}

/// Attack 2. How a head is cut does not matter.
#[test]
fn an_honest_client_that_sends_single_bytes_succeeds() {
    let lines: Vec<u8> = (0..100).flat_map(|n| format!("x-{n}: {n}\r\n").into_bytes()).collect();
    assert_eq!(request(&with_lines(&lines)).fields.len(), 101);
}

/// Attack 3. Fields are counted as they come. (ws CVE-2024-37890)
#[test]
fn a_flood_of_fields_is_refused() {
    let head = b"GET / HTTP/1.1\r\n".iter().chain(b"a:b\r\n".iter().cycle()).copied().take(20_000_000);
    assert_eq!(fed_until_refused(head, Kind::TooManyFields), 16 + 5 * Limits::default().fields + 1);
}

/// Requirement 16. Attacks 4, 8. RFC 9112, section 5.1: no space precedes the colon, nor the name. (llhttp
/// CVE-2021-22959, Go, Netty; CVE-2024-27982 for Content-Length)
#[test]
fn space_before_the_colon_is_refused() {
    assert_refused(&with_lines(b"Content-Length@@ : 5\r\n"), Kind::SpaceBeforeColon);
    assert_refused(&with_lines(b"@@ Content-Length: 5\r\n"), Kind::ObsFold);
    assert_refused(b"POST / HTTP/1.1\r\n@@ Content-Length: 5\r\n\r\n", Kind::SpaceBeforeFields);
}

/// Requirement 16. Attack 5. RFC 9112, section 2.2: CRLF ends a line, and neither half of it does. (CVE-2023-30589,
/// CVE-2025-23167)
#[test]
fn bare_lf_and_bare_cr_delimit_nothing() {
    assert_refused(&with_lines(b"X: y@@\nTransfer-Encoding: chunked\r\n"), Kind::BareLf);
    assert_refused(&with_lines(b"X:@@\rTransfer-Encoding: chunked\r\n"), Kind::BareCr);
    assert_refused(&with_lines(b"X: y@@\rTransfer-Encoding: chunked\r\n"), Kind::BareCr);
    assert_refused(b"GET / HTTP/1.1\r\nHost: a\r\n@@\rX", Kind::BareCr);
    assert_refused(b"GET / HTTP/1.1\r\nHost: a\r\n@@\n", Kind::BareLf);
}

/// Requirement 16. Attack 6. RFC 9112, section 5.2: a fold is refused, in a response too. (CVE-2022-32215)
#[test]
fn folded_transfer_encoding_is_refused() {
    assert_refused(&with_lines(b"Transfer-Encoding: chunked\r\n@@ , x\r\n"), Kind::ObsFold);
    assert_response_refused(b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n@@ chunked\r\n\r\n", Kind::ObsFold);
}

/// Attack 7. RFC 9110, section 5.6.3: white space is SP and HTAB. (CVE-2019-15605, CVE-2019-18277; Tornado)
#[test]
fn other_white_space_is_no_white_space() {
    for (value, offset) in [(&b"\x0Bchunked"[..], 0), (b"\x0Cchunked", 0), (b"chunked\x0B", 7), (b"chunked\x0C", 7)] {
        let error = request_error(&with_lines(&[b"Transfer-Encoding: ", value, b"\r\n"].concat()));
        assert_eq!((error.kind(), error.offset()), (Kind::Value, 45 + offset));
    }
    for (value, offset) in [(&b"\xA0chunked"[..], 0), (b"\x85chunked", 0), (b"chunked\xA0", 7), (b"chunked\x85", 7)] {
        let error = request_error(&with_lines(&[b"Transfer-Encoding: ", value, b"\r\n"].concat()));
        assert_eq!((error.kind(), error.offset()), (Kind::Framing(Framed::TransferEncoding), 45 + offset));
    }
}

/// Attack 8. RFC 9110, section 5.5: a value has no NUL. (Envoy CVE-2019-9900)
#[test]
fn nul_in_a_value_is_refused_wherever_it_stands() {
    for length in 0..40 {
        let line = [b"a: ", &b"b".repeat(length)[..], b"@@\0c\r\n"].concat();
        assert_refused(&with_lines(&line), Kind::Value);
    }
}

/// Attack 9. A name has at most 255 bytes, and no length wraps. (HAProxy CVE-2021-40346)
#[test]
fn a_name_beyond_255_bytes_is_refused_and_never_cut() {
    let names = [b'a'; 300];
    assert_eq!(request(&with_lines(&[&names[..255], b": b\r\n"].concat())).fields[1].0.len(), 255);
    let error = request_error(&with_lines(&[&names[..256], b": b\r\n"].concat()));
    assert_eq!((error.kind(), error.status()), (Kind::NameTooLong, Status::REQUEST_HEADER_FIELDS_TOO_LARGE));
    let error = request_error(&with_lines(&[b"Content-Length", &names[..], b": b\r\n"].concat()));
    assert_eq!(error.kind(), Kind::NameTooLong);
    // Whatever a length of eight bits would make of it.
    for over in [256, 256 + "Content-Length".len(), 512, 65_536 - 64] {
        let name = [&b"Content-Length"[..], &b"a".repeat(over - 14)].concat();
        let bytes = with_lines(&[&name[..], b": 5\r\n"].concat());
        for backend in Backend::available() {
            let Outcome::Error(error) = scan_request_by(backend, &[&bytes], Limits::default()) else {
                panic!("accepted by {}", backend.name())
            };
            assert_eq!((error.kind(), error.offset()), (Kind::NameTooLong, 26 + 255), "{over}");
        }
    }
}

/// Attack 10. RFC 9112, section 5. (CVE-2023-25725, CVE-2019-20444, CVE-2020-8201)
#[test]
fn a_field_line_has_a_name_and_a_colon() {
    assert_refused(&with_lines(b"@@: b\r\n"), Kind::EmptyName);
    assert_refused(&with_lines(b"Content-Length@@\r\n"), Kind::MissingColon);
    assert_refused(&with_lines(b"Content@@\rLength: 5\r\n"), Kind::MissingColon);
    assert_refused(&with_lines(b"@@\r: 5\r\n"), Kind::BareCr);
}

/// Attack 11. RFC 9112, section 3. (nginx CVE-2013-4547)
#[test]
fn sp_nul_and_lf_end_no_target_early() {
    assert_refused(b"GET /a @@b HTTP/1.1\r\nHost: a\r\n\r\n", Kind::Version);
    assert_refused(b"GET /a@@\0b HTTP/1.1\r\nHost: a\r\n\r\n", Kind::Target);
    assert_refused(b"GET /a@@\nHTTP/1.1\r\nHost: a\r\n\r\n", Kind::Target);
    assert_refused(b"GET@@\n/a HTTP/1.1\r\nHost: a\r\n\r\n", Kind::Method);
    assert_refused(b"GET /a HTTP/1.1@@\nHost: a\r\n\r\n", Kind::BareLf);
}

/// Attack 12. RFC 9112, section 2.3; RFC 9110, section 9.1.
#[test]
fn a_version_of_more_digits_and_a_method_of_delimiters_are_refused() {
    assert_refused(b"GET / HTTP/1.3@@2\r\nHost: a\r\n\r\n", Kind::Version);
    assert_refused(b"G@@=\":<> / HTTP/1.1\r\nHost: a\r\n\r\n", Kind::Method);
}

/// Attack 13. By every backend, wherever the byte stands in a block. (Tempesta)
#[test]
fn every_byte_in_every_element_is_classified_as_the_grammar_says() {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    for backend in Backend::available() {
        for byte in 0..=u8::MAX {
            for length in [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65] {
                for place in [0, length / 2, length - 1] {
                    let mut element = b"a".repeat(length);
                    element[place] = byte;
                    let accepts = |parts: [&[u8]; 3]| {
                        let outcome = scan_request_by(backend, &[&parts.concat()], Limits::default());
                        matches!(outcome, Outcome::Head { .. })
                    };
                    let name = accepts([b"GET / HTTP/1.1\r\nHost: a\r\n", &element, b": b\r\n\r\n"]);
                    // A colon ends a name, and a value may hold anything behind it.
                    assert_eq!(name, token(byte) || (byte == b':' && place > 0), "name {byte:#04x}");
                    let value = accepts([b"GET / HTTP/1.1\r\nHost: a\r\nb: ", &element, b"\r\n\r\n"]);
                    assert_eq!(value, byte == b'\t' || (byte >= b' ' && byte != 0x7F), "value {byte:#04x}");
                    let method = accepts([b"", &element, b" / HTTP/1.1\r\nHost: a\r\n\r\n"]);
                    assert_eq!(method, token(byte), "method {byte:#04x}");
                    let target = accepts([b"GET /", &element, b" HTTP/1.1\r\nHost: a\r\n\r\n"]);
                    let is_target = byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte);
                    assert_eq!(target, is_target, "target {byte:#04x}");
                }
            }
        }
    }
}

/// Attack 13. Backends that look for colons in whole blocks find those of values too. (httparse#172)
#[test]
fn the_first_colon_ends_the_name_wherever_the_others_stand() {
    for backend in Backend::available() {
        for name in 1..70 {
            for value in ["", ":", "b:", "b: c", ":b", "b::c", "https://a:80/"] {
                let line = [&b"n".repeat(name)[..], b": ", value.as_bytes(), b"\r\n"].concat();
                let Outcome::Head { head, .. } = scan_request_by(backend, &[&with_lines(&line)], Limits::default())
                else {
                    panic!("refused by {}", backend.name())
                };
                assert_eq!(head.fields[1], ("n".repeat(name), value.as_bytes().to_vec()), "{}", backend.name());
            }
        }
    }
}

/// Attack 14. RFC 9110, section 8.6: Content-Length is digits, and there is one. (hyper CVE-2021-32715)
#[test]
fn content_length_is_digits() {
    for value in ["@@+5", "@@-1", "@@-0", "1@@_0", "0@@x1", "@@", "5@@ 5", "5@@,5", "@@\u{665}"] {
        assert_refused(
            &with_lines(format!("Content-Length: {value}\r\n").as_bytes()),
            Kind::Framing(Framed::ContentLength),
        );
    }
    assert_refused(
        &with_lines(b"Content-Length: 0\r\nContent-Length: @@3\r\n"),
        Kind::Framing(Framed::DuplicateContentLength),
    );
}

/// Requirement 14. Attack 15. RFC 9112, section 6.3. (CVE-2022-32213, CVE-2022-1705, CVE-2024-1135)
#[test]
fn doubtful_transfer_encoding_is_never_no_body() {
    for (lines, kind) in [
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: @@chunked\r\n", Framed::DuplicateTransferEncoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: @@identity\r\n", Framed::DuplicateTransferEncoding),
        ("Transfer-Encoding: chunked, @@chunked\r\n", Framed::ChunkedNotLast),
        ("Transfer-Encoding: @@,chunked\r\n", Framed::TransferEncoding),
        ("Transfer-Encoding: chunked,@@\r\n", Framed::TransferEncoding),
        ("Transfer-Encoding: identity@@\r\n", Framed::ChunkedNotLast),
        ("Transfer-Encoding: xchunked@@\r\n", Framed::ChunkedNotLast),
        ("Transfer-Encoding: @@\"chunked\"\r\n", Framed::TransferEncoding),
        ("Transfer-Encoding: chunked, @@identity\r\n", Framed::ChunkedNotLast),
    ] {
        let error = assert_refused(&with_lines(lines.as_bytes()), Kind::Framing(kind));
        assert_eq!(error.status(), Status::BAD_REQUEST);
    }
    let error = assert_refused(
        &with_lines(b"Transfer-Encoding: @@identity, chunked\r\n"),
        Kind::Framing(Framed::UnsupportedTransferCoding),
    );
    assert_eq!(error.status(), Status::NOT_IMPLEMENTED);
}

/// Requirement 14. Attack 16. RFC 9112, section 6.1. (Pingora CVE-2026-2833 and its family)
#[test]
fn transfer_encoding_with_content_length_or_on_1_0_is_refused() {
    assert_refused(
        &with_lines(b"Content-Length: 5\r\nTransfer-Encoding: @@chunked\r\n"),
        Kind::Framing(Framed::TransferEncodingWithContentLength),
    );
    assert_refused(
        &with_lines(b"Transfer-Encoding: chunked\r\nContent-Length: @@5\r\n"),
        Kind::Framing(Framed::TransferEncodingWithContentLength),
    );
    assert_refused(
        b"POST / HTTP/1.0\r\nTransfer-Encoding: @@chunked\r\n\r\n",
        Kind::Framing(Framed::TransferEncodingOnHttp10),
    );
}

/// The error of [`ResponseHead::framing`], or the framing.
fn framing(bytes: &[u8], method: &str) -> Result<Framing, (Kind, usize, Status)> {
    let mut fields = FieldTable::<8>::new();
    let mut scan = ResponseScan::new(Limits::default());
    let Ok(Step::Done { value, .. }) = scan.scan(bytes, &mut fields) else { panic!("refused") };
    value.framing(method).map_err(|error| (error.kind(), error.offset(), error.status()))
}

// RFC 9112, section 6.3
#[test]
fn a_response_is_framed_by_its_request_too() {
    let length = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    assert_eq!(framing(length, "GET"), Ok(Framing::Length(5)));
    assert_eq!(framing(length, "HEAD"), Ok(Framing::None));
    assert_eq!(framing(length, "CONNECT"), Ok(Framing::None));
    assert_eq!(framing(length, "head"), Ok(Framing::Length(5)), "methods are case-sensitive");
    assert_eq!(framing(b"HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\n", "CONNECT"), Ok(Framing::Length(5)));
    assert_eq!(framing(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "GET"), Ok(Framing::Chunked));
    assert_eq!(framing(b"HTTP/1.1 200 OK\r\n\r\n", "GET"), Ok(Framing::UntilClose));
    for code in ["100", "101", "103", "204", "304"] {
        let head = format!("HTTP/1.1 {code} x\r\nContent-Length: 5\r\nTransfer-Encoding: ,\r\n\r\n");
        assert_eq!(framing(head.as_bytes(), "GET"), Ok(Framing::None), "{code}");
    }
    for (lines, kind, offset) in [
        (
            "1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            Framed::TransferEncodingWithContentLength,
            55,
        ),
        ("1.0 200 OK\r\nTransfer-Encoding: chunked\r\n", Framed::TransferEncodingOnHttp10, 36),
        ("1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n", Framed::DuplicateContentLength, 52),
        ("1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n", Framed::UnsupportedTransferCoding, 36),
        ("1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n", Framed::ChunkedNotLast, 45),
        ("1.1 200 OK\r\nTransfer-Encoding: chunked, gzip, chunked\r\n", Framed::ChunkedNotLast, 51),
        (
            "1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 5\r\n",
            Framed::TransferEncodingWithContentLength,
            58,
        ),
        (
            "1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
            Framed::DuplicateTransferEncoding,
            61,
        ),
    ] {
        let head = format!("HTTP/{lines}\r\n");
        assert_eq!(framing(head.as_bytes(), "GET"), Err((Kind::Framing(kind), offset, Status::BAD_GATEWAY)), "{lines}");
    }
    // RFC 9112, section 6.3, item 4: without chunked as the last coding, the end of the connection delimits.
    for codings in ["gzip", "gzip, deflate", "chunked, gzip"] {
        let head = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {codings}\r\n\r\n");
        assert_eq!(framing(head.as_bytes(), "GET"), Ok(Framing::UntilClose), "{codings}");
    }
    // Only `framing` looks at these fields: the head itself is fine.
    response(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n");
}

/// Requirement 16. Attack 18. RFC 9112, section 3.2. (Go CVE-2023-29406)
#[test]
fn host_is_one_and_valid() {
    for value in ["a@@/b", "a@@\\b", "a@@?b", "a@@#b", "a@@@b", "a@@ b", "a@@\u{e9}", "a:8@@ 0", "a:@@-1"] {
        let head = format!("GET / HTTP/1.1\r\nHost: {value}\r\n\r\n");
        assert_eq!(assert_refused(head.as_bytes(), Kind::Host).status(), Status::BAD_REQUEST);
    }
    assert_refused(b"GET / HTTP/1.1\r\nHost: a\r\n@@Host: b\r\n\r\n", Kind::DuplicateHost);
    let error = assert_refused(b"GET / HTTP/1.1\r\nAccept: b\r\n\r\n@@", Kind::MissingHost);
    assert_eq!(error.status(), Status::BAD_REQUEST);
    assert_refused(b"GET / HTTP/1.1\r\nHost: a\r\n@@ b\r\n\r\n", Kind::ObsFold);
}

// Logs are read by more people than credentials are for.
#[test]
fn what_is_printed_of_a_head_holds_no_value() {
    let mut fields = FieldTable::<4>::new();
    let bytes = b"GET /chat?token=S3CRET HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer S3CRET\r\n\r\n";
    let mut scan = RequestScan::new(Limits::default());
    let Ok(Step::Done { value: head, .. }) = scan.scan(bytes, &mut fields) else { panic!("refused") };
    for printed in [format!("{head:?}"), format!("{:?}", head.fields())] {
        assert!(!printed.contains("S3CRET") && printed.contains("Authorization"), "{printed}");
    }
    assert!(format!("{head:?}").contains("\"/chat?\""), "{head:?}");
    let bytes = b"HTTP/1.1 101 x\r\nSet-Cookie: S3CRET\r\n\r\n";
    let mut scan = ResponseScan::new(Limits::default());
    let Ok(Step::Done { value: head, .. }) = scan.scan(bytes, &mut fields) else { panic!("refused") };
    let printed = format!("{head:?}");
    assert!(!printed.contains("S3CRET") && printed.contains("Set-Cookie"), "{printed}");
}

// Deno CVE-2023-26103: white space is bounded like any other byte of a value.
#[test]
fn a_flood_of_white_space_is_refused_by_limit() {
    let limits = Limits { value: 64, ..Limits::default() };
    let bytes = [b"GET / HTTP/1.1\r\na:", &b" ".repeat(100)[..]].concat();
    let Outcome::Error(error) = request_with(&bytes, limits) else { panic!("accepted") };
    assert_eq!((error.kind(), error.offset()), (Kind::ValueTooLong, 18 + 64));
}
