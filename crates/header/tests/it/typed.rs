//! The fields of a head by name.

use proptest::prelude::*;
use switchover_header::value::{
    Authority, MAX_EMPTY_ELEMENTS, Origin, ParameterValue, Product, ValueError, ValueErrorKind as Kind, Via, comment,
};
use switchover_header::{FieldTable, FieldsView, Limits, RequestScan, ResponseScan, Step, TypedFields, Version, names};

/// Field lines alone.
struct Lines(Vec<(&'static str, Vec<u8>)>);

impl FieldsView for Lines {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone + 'a {
        self.0.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| &value[..])
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (*name, &value[..]))
    }
}

/// One field on these lines, between others.
fn lines<T: AsRef<[u8]>>(name: &'static str, values: impl IntoIterator<Item = T>) -> Lines {
    let own = values.into_iter().map(|value| (name, value.as_ref().to_vec()));
    let other = || std::iter::once(("X-Other", b"\",(".to_vec()));
    Lines(other().chain(own).chain(other()).collect())
}

/// Kind, line and offset.
#[track_caller]
fn place<T>(result: Result<T, ValueError>) -> (Kind, usize, usize) {
    let Err(error) = result else { panic!("no error") };
    (error.kind(), error.line(), error.offset())
}

/// The elements before the first error, and the error.
fn split<T>(mut list: impl Iterator<Item = Result<T, ValueError>>) -> (Vec<T>, Option<(Kind, usize, usize)>) {
    let mut elements = Vec::new();
    let error = loop {
        match list.next() {
            Some(Ok(element)) => elements.push(element),
            Some(Err(error)) => break Some(place::<()>(Err(error))),
            None => break None,
        }
    };
    assert!(list.next().is_none(), "a list ends");
    (elements, error)
}

/// The values of a list without errors.
#[track_caller]
fn all<T>(list: impl Iterator<Item = Result<T, ValueError>>) -> Vec<T> {
    list.collect::<Result<_, _>>().unwrap()
}

const REQUEST: &[u8] = b"GET /chat HTTP/1.1\r\nHost: example.com:8080\r\nconnection: keep-alive , Upgrade\r\n\
    Connection: HTTP2-Settings\r\nUpgrade: websocket, h2c\r\nUPGRADE: HTTP/2.0\r\nOrigin: http://example.com\r\n\
    Via: 1.0 fred, HTTP/1.1 p.example.net:80 (a, b)\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Protocol: mqtt\r\n\
    Sec-WebSocket-Extensions: foo\r\nSec-WebSocket-Extensions: bar; baz=2\r\n\
    HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\nCapsule-Protocol: ?1\r\n\r\n";

const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\
    Sec-WebSocket-Extensions: foo, bar; baz=2\r\nSec-WebSocket-Version: 13, 8\r\nsec-websocket-version: 7\r\n\
    Transfer-Encoding: gzip, chunked\r\n\r\n";

fn check_request(view: impl FieldsView) {
    let product = |name, version| Product { name, version };
    assert_eq!(
        [product("h2c", None), product("HTTP", Some("2.0"))].map(|product| product.to_string()),
        ["h2c", "HTTP/2.0"]
    );
    assert_eq!(all(view.connection()), ["keep-alive", "Upgrade", "HTTP2-Settings"]);
    assert!(view.has_connection_option("upgrade") && view.has_connection_option("http2-settings"));
    assert!(!view.has_connection_option("close"));
    assert_eq!(all(view.upgrade()), [product("websocket", None), product("h2c", None), product("HTTP", Some("2.0"))]);
    let fred = Via { protocol_name: None, protocol_version: "1.0", received_by: "fred", port: None, comment: None };
    let proxy = Via {
        protocol_name: Some("HTTP"),
        protocol_version: "1.1",
        received_by: "p.example.net",
        port: Some(80),
        comment: comment(b"(a, b)").ok(),
    };
    assert_eq!(all(view.via()), [fred, proxy]);
    assert!(view.expect().all(|expectation| expectation.unwrap().is_continue()));
    assert_eq!(view.expect().count(), 1);
    assert_eq!(view.content_length(), Ok(Some(0)));
    assert_eq!(view.host(), Ok(Some(Authority { host: "example.com", port: Some(8080) })));
    let origin = Origin::Triple { scheme: "http", host: "example.com", port: None };
    assert_eq!(view.origin(), Ok(Some(origin)));
    assert!(view.origins().unwrap().unwrap().eq([Ok(origin)]));
    assert_eq!(view.sec_websocket_key(), Ok(Some(b"dGhlIHNhbXBsZSBub25jZQ==")));
    assert_eq!(view.sec_websocket_version_client(), Ok(Some(13)));
    assert_eq!(all(view.sec_websocket_protocol_client()), ["chat", "superchat", "mqtt"]);
    check_extensions(view.sec_websocket_extensions_client());
    assert_eq!(view.http2_settings(), Ok(Some("AAMAAABkAAQAoAAAAAIAAAAA")));
    assert!(view.capsule_protocol());
    assert_eq!(place(view.sec_websocket_protocol_server()), (Kind::Duplicate, 1, 0));
    assert_eq!(place(view.sec_websocket_extensions_server()), (Kind::Duplicate, 1, 0));
}

fn check_response(view: impl FieldsView) {
    assert_eq!(all(view.upgrade()), [Product { name: "websocket", version: None }]);
    assert_eq!(view.sec_websocket_accept(), Ok(Some(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
    assert_eq!(view.sec_websocket_protocol_server(), Ok(Some("chat")));
    check_extensions(view.sec_websocket_extensions_server().unwrap());
    assert_eq!(all(view.sec_websocket_version_server()), [13, 8, 7]);
    assert_eq!(place(view.sec_websocket_version_client()), (Kind::Duplicate, 1, 0));
    assert!(all(view.transfer_encoding()).iter().map(|coding| coding.name).eq(["gzip", "chunked"]));
}

/// RFC 6455, section 9.1: on two lines or on one, this is the same.
fn check_extensions<'a>(
    list: impl Iterator<Item = Result<switchover_header::value::Parameterized<'a>, ValueError>> + Clone,
) {
    let names: Vec<&str> = list.clone().map(|extension| extension.unwrap().name).collect();
    assert_eq!(names, ["foo", "bar"]);
    let parameter = all(list)[1].parameters.next().unwrap();
    assert_eq!((parameter.name, parameter.value), ("baz", Some(ParameterValue::Token("2"))));
}

#[test]
fn fields_of_own_heads() {
    let mut fields = FieldTable::<32>::new();
    let mut scan = RequestScan::new(Limits::default());
    let Ok(Step::Done { value, .. }) = scan.scan(REQUEST, &mut fields) else { panic!("refused") };
    check_request(value);
    let by_reference = &value;
    check_request(by_reference);
    let mut scan = ResponseScan::new(Limits::default());
    let Ok(Step::Done { value, .. }) = scan.scan(RESPONSE, &mut fields) else { panic!("refused") };
    check_response(value);
}

/// The views of crate `http` have the same accessors.
#[cfg(feature = "http")]
#[test]
fn fields_of_heads_of_crate_http() {
    fn headers(bytes: &[u8]) -> http::HeaderMap {
        let head = std::str::from_utf8(bytes).unwrap();
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap())).fold(
            http::HeaderMap::new(),
            |mut headers, (name, value)| {
                headers.append(name, value);
                headers
            },
        )
    }
    let mut request = http::Request::new(());
    *request.headers_mut() = headers(REQUEST);
    check_request(&request);
    let mut response = http::Response::new(());
    *response.headers_mut() = headers(RESPONSE);
    check_response(&response);
}

#[test]
fn without_a_line_there_is_nothing() {
    let none = Lines(Vec::new());
    assert_eq!(none.connection().count(), 0);
    assert!(!none.has_connection_option("upgrade"));
    assert_eq!(none.upgrade().count(), 0);
    assert_eq!(none.via().count(), 0);
    assert_eq!(none.expect().count(), 0);
    assert_eq!(none.transfer_encoding().count(), 0);
    assert_eq!(none.content_length(), Ok(None));
    assert_eq!(none.host(), Ok(None));
    assert_eq!(none.origin(), Ok(None));
    assert!(none.origins().unwrap().is_none());
    assert_eq!(none.sec_websocket_key(), Ok(None));
    assert_eq!(none.sec_websocket_accept(), Ok(None));
    assert_eq!(none.sec_websocket_version_client(), Ok(None));
    assert_eq!(none.sec_websocket_version_server().count(), 0);
    assert_eq!(none.sec_websocket_protocol_client().count(), 0);
    assert_eq!(none.sec_websocket_protocol_server(), Ok(None));
    assert_eq!(none.sec_websocket_extensions_client().count(), 0);
    assert_eq!(none.sec_websocket_extensions_server().unwrap().count(), 0);
    assert_eq!(none.http2_settings(), Ok(None));
    assert!(!none.capsule_protocol());
}

/// RFC 9110, section 5.3; RFC 9112, section 3.2; RFC 6454, section 7.3; RFC 6455, section 11.3; RFC 7540, section
/// 3.2.1. Equal or not.
#[test]
fn a_second_line_is_an_error() {
    let second = (Kind::Duplicate, 1, 0);
    for other in ["0", "3"] {
        assert_eq!(place(lines(names::CONTENT_LENGTH, ["0", other]).content_length()), second);
        assert_eq!(place(lines(names::HOST, ["0", other]).host()), second);
        let version = lines(names::SEC_WEBSOCKET_VERSION, ["0", other]);
        assert_eq!(place(version.sec_websocket_version_client()), second);
        assert_eq!(place(lines(names::SEC_WEBSOCKET_PROTOCOL, ["0", other]).sec_websocket_protocol_server()), second);
        let extensions = lines(names::SEC_WEBSOCKET_EXTENSIONS, ["0", other]);
        assert_eq!(place(extensions.sec_websocket_extensions_server()), second);
    }
    let origin = lines(names::ORIGIN, ["null"; 2]);
    assert_eq!((place(origin.origin()), place(origin.origins())), (second, second));
    assert_eq!(place(lines(names::SEC_WEBSOCKET_KEY, ["dGhlIHNhbXBsZSBub25jZQ=="; 2]).sec_websocket_key()), second);
    let accept = lines(names::SEC_WEBSOCKET_ACCEPT, ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="; 2]);
    assert_eq!(place(accept.sec_websocket_accept()), second);
    assert_eq!(place(lines(names::HTTP2_SETTINGS, ["AAMAAABk"; 2]).http2_settings()), second);
    // RFC 9297, section 3.4: handled as if it were not there.
    assert!(!lines(names::CAPSULE_PROTOCOL, ["?1"; 2]).capsule_protocol());
}

/// CVE-2021-32715 (hyper).
#[test]
fn a_length_is_digits_alone() {
    for (text, offset) in [("+5", 0), ("1_0", 1), ("-0", 0), ("0x1", 1), ("", 0), ("5,5", 1), (",5", 0), ("5,", 1)] {
        assert_eq!(place(lines(names::CONTENT_LENGTH, [text]).content_length()), (Kind::ContentLength, 0, offset));
    }
}

/// RFC 9112, section 6.1. CVE-2019-15605 (Node.js), CVE-2019-18277 (HAProxy), CVE-2022-32213 (Node.js).
#[test]
fn transfer_encoding_has_no_empty_elements() {
    for (held, before, error) in [
        (&["chunked"][..], 1, None),
        (&["gzip", "chunked"], 2, None),
        (&[""], 0, Some((Kind::EmptyElements, 0, 0))),
        (&[",chunked"], 0, Some((Kind::EmptyElements, 0, 0))),
        (&["chunked, ,"], 1, Some((Kind::EmptyElements, 0, 9))),
        (&["chunked,"], 1, Some((Kind::EmptyElements, 0, 8))),
        (&["chunked", ""], 1, Some((Kind::EmptyElements, 1, 0))),
        (&["gzip", "\u{b}chunked"], 1, Some((Kind::Token, 1, 0))),
        (&["chunked\u{c}"], 0, Some((Kind::Parameter, 0, 7))),
        (&["chunked;a=b"], 0, Some((Kind::TransferCoding, 0, 8))),
        (&["\"chunked\""], 0, Some((Kind::Token, 0, 0))),
    ] {
        let fields = lines(names::TRANSFER_ENCODING, held);
        let (codings, found) = split(fields.transfer_encoding());
        assert_eq!((codings.len(), found), (before, error), "{held:?}");
    }
}

/// RFC 9110, section 5.6.1.2; RFC 6455, section 4.3.
#[test]
fn empty_elements_elsewhere_are_skipped() {
    let held = ["", " , a ,,", ","];
    assert_eq!(all(lines(names::CONNECTION, held).connection()), ["a"]);
    assert_eq!(all(lines(names::UPGRADE, held).upgrade()), [Product { name: "a", version: None }]);
    assert_eq!(all(lines(names::EXPECT, held).expect())[0].name, "a");
    assert_eq!(all(lines(names::VIA, ["", ", 1.1 a,,"]).via()).len(), 1);
    assert_eq!(all(lines(names::SEC_WEBSOCKET_PROTOCOL, held).sec_websocket_protocol_client()), ["a"]);
    assert_eq!(all(lines(names::SEC_WEBSOCKET_EXTENSIONS, held).sec_websocket_extensions_client()).len(), 1);
    let version = lines(names::SEC_WEBSOCKET_VERSION, ["", ", 13,,"]);
    assert_eq!(all(version.sec_websocket_version_server()), [13]);
    let one = lines(names::SEC_WEBSOCKET_EXTENSIONS, [",a ,"]);
    assert_eq!(all(one.sec_websocket_extensions_server().unwrap()).len(), 1);
}

/// RFC 6455, section 4.3: `1#token`, `1#extension`, `1#version`; RFC 9110, section 5.6.1.2, counts no empty element.
#[test]
fn lists_of_the_handshake_have_an_element() {
    for held in [&[""][..], &["", " , "], &[","]] {
        let error = Some((Kind::EmptyList, held.len() - 1, 0));
        let protocol = lines(names::SEC_WEBSOCKET_PROTOCOL, held);
        assert_eq!(split(protocol.sec_websocket_protocol_client()), (vec![], error));
        assert_eq!(split(lines(names::SEC_WEBSOCKET_EXTENSIONS, held).sec_websocket_extensions_client()).1, error);
        let version = lines(names::SEC_WEBSOCKET_VERSION, held);
        assert_eq!(split(version.sec_websocket_version_server()), (vec![], error));
        // Those of HTTP may be empty.
        assert_eq!(lines(names::CONNECTION, held).connection().count(), 0);
        assert_eq!(lines(names::UPGRADE, held).upgrade().count(), 0);
        assert_eq!(lines(names::VIA, held).via().count(), 0);
        assert_eq!(lines(names::EXPECT, held).expect().count(), 0);
    }
    let empty = lines(names::SEC_WEBSOCKET_EXTENSIONS, [","]);
    assert_eq!(split(empty.sec_websocket_extensions_server().unwrap()).1, Some((Kind::EmptyList, 0, 0)));
    let flood = [",".repeat(MAX_EMPTY_ELEMENTS)];
    let error = Some((Kind::EmptyElements, 0, MAX_EMPTY_ELEMENTS));
    assert_eq!(split(lines(names::CONNECTION, &flood).connection()), (vec![], error));
    assert_eq!(split(lines(names::VIA, &flood).via()), (vec![], error));
}

/// CVE-2021-32640 (ws) and CVE-2023-26103 (Deno): floods that must not cost more than their length.
#[test]
fn floods_are_read_once() {
    let many = 1 << 20;
    let spaces = [["b", &" ".repeat(many), "x"].concat()];
    let error = |kind, offset| Some((kind, 0, offset));
    assert_eq!(split(lines(names::CONNECTION, &spaces).connection()).1, error(Kind::Token, 1));
    assert_eq!(split(lines(names::UPGRADE, &spaces).upgrade()).1, error(Kind::Token, 1));
    let protocol = lines(names::SEC_WEBSOCKET_PROTOCOL, &spaces);
    assert_eq!(split(protocol.sec_websocket_protocol_client()).1, error(Kind::Token, 1));
    let unclosed = [["a; b=\"", &"\\c".repeat(many)].concat()];
    let extensions = lines(names::SEC_WEBSOCKET_EXTENSIONS, &unclosed);
    assert_eq!(split(extensions.sec_websocket_extensions_client()).1, error(Kind::UnclosedQuote, 5));
    let comments = [["1.1 a (", &"\\(".repeat(many)].concat()];
    assert_eq!(split(lines(names::VIA, &comments).via()).1, error(Kind::UnclosedComment, 6));
}

/// Extensions called as members of every object in JavaScript: they mean nothing here.
#[test]
fn names_of_other_things_are_names() {
    let held = lines(names::SEC_WEBSOCKET_EXTENSIONS, ["constructor, __proto__; __proto__=constructor"]);
    let names: Vec<_> = all(held.sec_websocket_extensions_client()).iter().map(|found| found.name).collect();
    assert_eq!(names, ["constructor", "__proto__"]);
}

/// CVE-2026-2229 (undici): the number is for the extension to judge, and reading it is no error.
#[test]
fn numbers_out_of_range_are_tokens() {
    let held = lines(names::SEC_WEBSOCKET_EXTENSIONS, ["permessage-deflate; server_max_window_bits=999"]);
    let extension = all(held.sec_websocket_extensions_client()).remove(0);
    assert!(extension.parameters.map(|parameter| parameter.value).eq([Some(ParameterValue::Token("999"))]));
}

/// Garbage, too long, empty: errors, and never a panic.
#[test]
fn malformed_accept_values() {
    for (text, offset) in [("s3pPLMBiTxaQ9kYGzzhZRbK+xOo==", 28), ("garbage", 7), ("", 0), ("\u{e9}", 0)] {
        let held = lines(names::SEC_WEBSOCKET_ACCEPT, [text]);
        assert_eq!(place(held.sec_websocket_accept()), (Kind::WebSocketAccept, 0, offset), "{text}");
    }
}

/// RFC 9110, section 7.6.1: an intermediary finds the fields that Connection nominates.
#[test]
fn nominated_fields() {
    let held = lines(names::CONNECTION, ["Upgrade, X-Internal-Auth"]);
    assert_eq!(all(held.connection()), ["Upgrade", "X-Internal-Auth"]);
    assert!(held.has_connection_option("x-internal-auth"));
}

/// Cross-site hijacking (RFC 6455, section 10.2): origins are taken apart here; whom to let in is for the handshake.
#[test]
fn origins_are_taken_apart() {
    assert_eq!(lines(names::ORIGIN, ["null"]).origin(), Ok(Some(Origin::Null)));
    let host = |text: &str| match lines(names::ORIGIN, [text]).origin() {
        Ok(Some(Origin::Triple { host, port, .. })) => (host.to_owned(), port),
        other => panic!("{other:?}"),
    };
    assert_eq!(host("https://good.com.evil.com"), ("good.com.evil.com".to_owned(), None));
    assert_eq!(host("https://good.com:8443"), ("good.com".to_owned(), Some(8443)));
    for (text, kind, offset) in [
        ("https://good.com https://evil.com", Kind::Host, 16),
        ("https://good.com@evil.com", Kind::Host, 16),
        ("https://good.com/", Kind::Host, 16),
        ("good.com", Kind::Origin, 8),
        ("", Kind::Origin, 0),
    ] {
        assert_eq!(place(lines(names::ORIGIN, [text]).origin()), (kind, 0, offset), "{text}");
    }
    let list = lines(names::ORIGIN, ["https://good.com https://evil.com"]);
    assert_eq!(all(list.origins().unwrap().unwrap()).len(), 2);
}

/// hyper#4019: bytes that are no UTF-8 where text is expected.
#[test]
fn bytes_that_are_no_utf_8() {
    let held = lines(names::CONNECTION, [&b"\xFF\xFE, Upgrade"[..]]);
    assert_eq!(split(held.connection()), (vec![], Some((Kind::Token, 0, 0))));
    assert!(held.has_connection_option("upgrade"));
    assert!(!lines(names::CONNECTION, [&b"upgrade\xFF"[..]]).has_connection_option("upgrade"));
}

/// `no-upgrade` is no `upgrade`, and the second line counts.
#[test]
fn connection_options_are_whole_elements() {
    for (held, expected) in [
        (&["no-upgrade"][..], false),
        (&["keep-alive", "x, Upgrade"], true),
        (&["up", "grade"], false),
        (&["\"upgrade\""], false),
        (&["upgrade;a=b"], false),
    ] {
        assert_eq!(lines(names::CONNECTION, held).has_connection_option("upgrade"), expected, "{held:?}");
    }
}

/// RFC 9110, section 10.1.1: other expectations may be answered with 417.
#[test]
fn expectations() {
    let held = lines(names::EXPECT, ["100-Continue, meaning=42;of=life", "bribes"]);
    let found: Vec<_> = all(held.expect()).iter().map(|found| (found.name, found.is_continue())).collect();
    assert_eq!(found, [("100-Continue", true), ("meaning", false), ("bribes", false)]);
    let held = lines(names::EXPECT, ["a", "100-continue;q=1"]);
    assert_eq!(split(held.expect()).1, Some((Kind::Expectation, 1, 12)));
}

/// RFC 9110, section 7.6.3: commas and double-quotes in comments are text.
#[test]
fn commas_in_comments_of_via() {
    let held = lines(names::VIA, ["1.0 a (\"x, (y, \\)) z), 1.1 b ( \" )", "1.1 c, 1.1 d \"e, f\""]);
    let (elements, error) = split(held.via());
    assert!(elements.iter().map(|via| via.received_by).eq(["a", "b", "c"]));
    assert_eq!(elements[0].comment.unwrap().raw(), b"\"x, (y, \\)) z");
    // No grammar of a comment: a quoted-string has no place in Via, and does not hide a comma.
    assert_eq!(error, Some((Kind::Comment, 1, 13)));
    let unclosed = lines(names::VIA, ["1.1 a", "1.1 b, 1.1 c (d, 1.1 e"]);
    assert_eq!(split(unclosed.via()).1, Some((Kind::UnclosedComment, 1, 13)));
}

/// RFC 9297, section 3.4.
#[test]
fn capsule_protocol() {
    for (held, expected) in [
        ("?1", true),
        ("?1;a=b;c", true),
        ("?0", false),
        ("?0;a", false),
        ("1", false),
        ("true", false),
        ("?1, ?1", false),
        ("", false),
        ("?1;A", false),
    ] {
        assert_eq!(lines(names::CAPSULE_PROTOCOL, [held]).capsule_protocol(), expected, "{held}");
    }
}

#[test]
fn single_tokens_and_versions() {
    let held = lines(names::SEC_WEBSOCKET_PROTOCOL, ["a, b"]);
    assert_eq!(place(held.sec_websocket_protocol_server()), (Kind::Token, 0, 1));
    assert_eq!(place(lines(names::SEC_WEBSOCKET_PROTOCOL, [""]).sec_websocket_protocol_server()), (Kind::Token, 0, 0));
    let held = lines(names::SEC_WEBSOCKET_VERSION, ["13, 8", "x"]);
    let error = Some((Kind::WebSocketVersion, 1, 0));
    assert_eq!(split(held.sec_websocket_version_server()), (vec![13, 8], error));
    let list = lines(names::SEC_WEBSOCKET_VERSION, ["13, 8"]);
    assert_eq!(place(list.sec_websocket_version_client()), (Kind::WebSocketVersion, 0, 2));
    assert_eq!(place(lines(names::SEC_WEBSOCKET_KEY, ["a"]).sec_websocket_key()), (Kind::WebSocketKey, 0, 1));
    assert_eq!(place(lines(names::HTTP2_SETTINGS, ["a"]).http2_settings()), (Kind::Http2Settings, 0, 1));
    assert_eq!(place(lines(names::HOST, ["a b"]).host()), (Kind::Host, 0, 1));
    let held = lines(names::SEC_WEBSOCKET_EXTENSIONS, ["a", "b; c=\" \""]);
    assert_eq!(split(held.sec_websocket_extensions_client()).1, Some((Kind::Extension, 1, 3)));
    let held = lines(names::SEC_WEBSOCKET_EXTENSIONS, ["a, b;"]);
    assert_eq!(split(held.sec_websocket_extensions_server().unwrap()).1, Some((Kind::Extension, 0, 5)));
    assert_eq!(split(lines(names::UPGRADE, ["a", "b, c/"]).upgrade()).1, Some((Kind::Token, 1, 5)));
}

/// Everything that a list gives, to compare.
fn texts<T: std::fmt::Debug>(list: impl Iterator<Item = Result<T, ValueError>>) -> (Vec<String>, Option<Kind>) {
    let (elements, error) = split(list);
    (elements.iter().map(|element| format!("{element:?}")).collect(), error.map(|(kind, ..)| kind))
}

proptest! {
    /// RFC 9110, section 5.3.
    #[test]
    fn lists_are_the_same_on_one_line_and_on_many(
        values in prop::collection::vec("1\\.1 [a-c]( \\([a, (\"]{0,3}\\){1,2})?|[a-c1 ,;=/\"]{0,6}", 1..5),
    ) {
        let joined = [values.join(",")];
        macro_rules! same {
            ($($name:ident . $method:ident),*) => {$(
                let (one, many) = (lines(names::$name, &joined), lines(names::$name, &values));
                let (one, many) = (texts(one.$method()), texts(many.$method()));
                // A comment or quoted-string that one line leaves open ends in the next only where they are joined.
                if !matches!(many.1, Some(Kind::UnclosedComment | Kind::UnclosedQuote)) {
                    prop_assert_eq!(one, many, "{}", stringify!($method));
                }
            )*};
        }
        same!(
            CONNECTION.connection, UPGRADE.upgrade, VIA.via, EXPECT.expect, TRANSFER_ENCODING.transfer_encoding,
            SEC_WEBSOCKET_PROTOCOL.sec_websocket_protocol_client, SEC_WEBSOCKET_VERSION.sec_websocket_version_server,
            SEC_WEBSOCKET_EXTENSIONS.sec_websocket_extensions_client
        );
    }

    #[test]
    fn any_bytes_end_in_values_or_an_error(values in prop::collection::vec(any::<Vec<u8>>(), 0..4)) {
        macro_rules! inside {
            ($($name:ident . $method:ident),*) => {$(
                let held = lines(names::$name, &values);
                if let Some((_, line, offset)) = split(held.$method()).1 {
                    prop_assert!(offset <= values[line].len());
                }
            )*};
        }
        inside!(
            CONNECTION.connection, UPGRADE.upgrade, VIA.via, EXPECT.expect, TRANSFER_ENCODING.transfer_encoding,
            SEC_WEBSOCKET_PROTOCOL.sec_websocket_protocol_client, SEC_WEBSOCKET_VERSION.sec_websocket_version_server,
            SEC_WEBSOCKET_EXTENSIONS.sec_websocket_extensions_client
        );
        for method in [TypedFields::has_connection_option, |held: &Lines, _: &str| held.capsule_protocol()] {
            prop_assert!(!method(&lines(names::SEC_WEBSOCKET_KEY, &values), "upgrade"), "another field");
        }
    }
}

/// RFC 9112, section 9.3.
#[test]
fn a_connection_persists_as_its_version_has_it() {
    use Version::{Http10, Http11};
    for (options, http10, http11) in [
        (&[][..], false, true),
        (&["close"], false, false),
        (&["Keep-Alive"], true, true),
        (&["keep-alive, CLOSE"], false, false),
        (&["upgrade", "x, close"], false, false),
        (&["x, keep-alive", "upgrade"], true, true),
        (&["closed, keep-alive2"], false, true),
    ] {
        let head = lines(names::CONNECTION, options);
        assert_eq!((head.is_persistent(Http10), head.is_persistent(Http11)), (http10, http11), "{options:?}");
    }
}
