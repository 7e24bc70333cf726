//! The values that are neither lists nor tokens: numbers, base64, origins, a Boolean.

use proptest::prelude::*;
use switchover_header::value::{self, Origin, ValueError, ValueErrorKind as Kind};

/// Kind and offset.
fn place<T: std::fmt::Debug>(result: Result<T, ValueError>) -> (Kind, usize) {
    let error = result.unwrap_err();
    assert_eq!(error.line(), 0);
    (error.kind(), error.offset())
}

/// RFC 9110, section 8.6.
#[test]
fn lengths() {
    for (text, length) in
        [("0", 0), ("5", 5), ("007", 7), ("18446744073709551615", u64::MAX), ("000018446744073709551615", u64::MAX)]
    {
        assert_eq!(value::content_length(text.as_bytes()), Ok(length), "{text}");
    }
}

/// CVE-2021-32715 (hyper), and what other number parsers let through.
#[test]
fn malformed_lengths() {
    for (text, offset) in [
        ("", 0),
        ("+5", 0),
        ("-0", 0),
        ("0x1", 1),
        ("1_0", 1),
        ("5,5", 1),
        ("5 ", 1),
        (" 5", 0),
        ("5:", 1),
        ("5/", 1),
        ("18446744073709551616", 19),
        ("99999999999999999999", 19),
        ("1844674407370955161500", 20),
        ("5\u{b2}", 1),
    ] {
        assert_eq!(place(value::content_length(text.as_bytes())), (Kind::ContentLength, offset), "{text}");
    }
}

/// RFC 6455, section 4.3.
#[test]
fn a_version_is_0_to_255_without_leading_zeros() {
    for version in 0..=u8::MAX {
        assert_eq!(value::websocket_version(version.to_string().as_bytes()), Ok(version));
    }
    for (text, offset) in [
        ("", 0),
        ("00", 1),
        ("013", 1),
        ("0x", 1),
        ("256", 2),
        ("300", 2),
        ("1000", 3),
        ("+13", 0),
        ("-1", 0),
        ("13.0", 2),
        ("0xD", 1),
        ("13 ", 2),
        ("13, 8", 2),
    ] {
        assert_eq!(place(value::websocket_version(text.as_bytes())), (Kind::WebSocketVersion, offset), "{text}");
    }
}

/// RFC 6455, section 1.3 prints the first key and the accept value, section 4.1 the second key, with pad bits set.
#[test]
fn keys_and_accept_values() {
    for key in [b"dGhlIHNhbXBsZSBub25jZQ==", b"AQIDBAUGBwgJCgsMDQ4PEC==", b"++++////++++////++++//=="] {
        assert_eq!(value::websocket_key(key), Ok(key));
    }
    let accept = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    assert_eq!(value::websocket_accept(accept), Ok(accept));
}

/// Accept values of any length and content have made clients panic that decode them unchecked.
#[test]
fn malformed_keys_and_accept_values() {
    for (text, offset) in [
        (&b""[..], 0),
        (b"==", 0),
        (b"dGhlIHNhbXBsZSBub25jZQ", 22),
        (b"dGhlIHNhbXBsZSBub25jZQ=", 23),
        (b"dGhlIHNhbXBsZSBub25jZQ===", 24),
        (b"dGhlIHNhbXBsZSBub25jZQ== ", 24),
        (b" dGhlIHNhbXBsZSBub25jZQ==", 0),
        (b"dGhlIHNhbXBsZSBub25jZTE=", 22),
        (b"dGhlIHNhbXBsZSBub25j=Q==", 20),
        (b"dGhlIHNhbXBsZSBub25-ZQ==", 19),
        (b"dGhlIHNhbXBsZSBub2_jZQ==", 18),
        (b"dGhlIHNhbXBsZSBub25\xffZQ==", 19),
        (b"dGhlIHNhbXBsZSBub25jZQ=a", 23),
    ] {
        assert_eq!(place(value::websocket_key(text)), (Kind::WebSocketKey, offset), "{}", text.escape_ascii());
    }
    for (text, offset) in [
        (&b"dGhlIHNhbXBsZSBub25jZQ=="[..], 22),
        (b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo", 27),
        (b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo==", 28),
        (b"s3pPLMBiTxaQ9kYGzzhZRbK+xOoo", 27),
    ] {
        assert_eq!(place(value::websocket_accept(text)), (Kind::WebSocketAccept, offset), "{}", text.escape_ascii());
    }
    assert_eq!(place(value::websocket_accept(&[b'a'; 1 << 20])), (Kind::WebSocketAccept, 27));
}

/// RFC 7540, section 3.2.1.
#[test]
fn settings() {
    for text in ["AAMAAABk", "AAMAAABkAAQAoAAAAAIAAAAA", "-_-_-_-_"] {
        assert_eq!(value::http2_settings(text.as_bytes()), Ok(text));
    }
    for (text, offset) in [
        (&b""[..], 0),
        (b"AAMAAAB", 7),
        (b"AAMAAABkA", 9),
        (b"AAMAAABk=", 8),
        (b"AAMAAAB=", 7),
        (b"AAMA+ABk", 4),
        (b"AAMA/ABk", 4),
        (b"AAMAAABk, AAMAAABk", 8),
        (b"AAMAAAB\xE9", 7),
    ] {
        assert_eq!(place(value::http2_settings(text)), (Kind::Http2Settings, offset), "{}", text.escape_ascii());
    }
}

fn triple<'a>(scheme: &'a str, host: &'a str, port: Option<u16>) -> Origin<'a> {
    Origin::Triple { scheme, host, port }
}

/// RFC 6454, section 7.1.
#[test]
fn origins() {
    for (text, expected) in [
        ("null", Origin::Null),
        ("http://example.com", triple("http", "example.com", None)),
        ("HTTPS://Example.com:8443", triple("HTTPS", "Example.com", Some(8443))),
        ("https://[::1]:", triple("https", "[::1]", None)),
        ("chrome-extension://abcdef", triple("chrome-extension", "abcdef", None)),
        ("file://", triple("file", "", None)),
        // RFC 6454 compares whole hosts: a host that merely begins as another one is a host of its own.
        ("https://good.com.evil.com", triple("https", "good.com.evil.com", None)),
    ] {
        assert_eq!(value::origin(text.as_bytes()), Ok(expected), "{text}");
        assert!(value::origins(text.as_bytes()).eq([Ok(expected)]));
    }
    let list = "http://a https://b:1 ws://c";
    let expected = [triple("http", "a", None), triple("https", "b", Some(1)), triple("ws", "c", None)];
    assert!(value::origins(list.as_bytes()).eq(expected.map(Ok)));
}

/// Cross-site hijacking of WebSockets begins with an origin that is misread (RFC 6455, section 10.2).
#[test]
fn malformed_origins() {
    for (text, kind, offset) in [
        (&b""[..], Kind::Origin, 0),
        (b"Null", Kind::Origin, 4),
        (b"NULL", Kind::Origin, 4),
        (b"nulls", Kind::Origin, 5),
        (b"example.com", Kind::Origin, 11),
        (b"://a", Kind::Origin, 0),
        (b"1a://a", Kind::Origin, 0),
        (b"a_b://a", Kind::Origin, 0),
        (b"\xE9://a", Kind::Origin, 0),
        (b"http:/a", Kind::Origin, 4),
        (b"http:a", Kind::Origin, 4),
        (b"http://a/", Kind::Host, 8),
        (b"http://a?b", Kind::Host, 8),
        (b"http://u@a", Kind::Host, 8),
        (b"http://a\xE9", Kind::Host, 8),
        (b"http://:80", Kind::Host, 7),
        (b"http://a:65536", Kind::Port, 13),
        (b"http://[::1", Kind::Host, 7),
        (b"http://a https://b", Kind::Host, 8),
        (b"null null", Kind::Origin, 0),
    ] {
        assert_eq!(place(value::origin(text)), (kind, offset), "{}", text.escape_ascii());
    }
    for (text, before, kind, offset) in [
        (&b""[..], 0, Kind::Origin, 0),
        (b" ", 0, Kind::Origin, 0),
        (b" http://a", 0, Kind::Origin, 0),
        (b"http://a ", 1, Kind::Origin, 9),
        (b"http://a  http://b", 1, Kind::Origin, 9),
        (b"http://a\thttp://b", 0, Kind::Host, 8),
        (b"http://a,http://b", 0, Kind::Port, 14),
        (b"null http://a", 0, Kind::Origin, 0),
        (b"null ", 0, Kind::Origin, 0),
        (b"http://a null", 1, Kind::Origin, 9),
        (b"http://a http://b/", 1, Kind::Host, 17),
    ] {
        let mut origins = value::origins(text);
        assert_eq!(origins.by_ref().take(before).filter(Result::is_ok).count(), before, "{}", text.escape_ascii());
        assert_eq!(place(origins.next().unwrap()), (kind, offset), "{}", text.escape_ascii());
        assert_eq!(origins.next(), None, "origins end after an error");
    }
}

/// RFC 8941, sections 3.3.6 and 4.2.
#[test]
fn booleans() {
    for (text, expected) in [
        ("?1", true),
        ("?0", false),
        ("  ?1  ", true),
        ("?1;a", true),
        ("?0;a;*b=?0;  c_-.*1=?1", false),
        ("?1;a=1;b=-12;c=123456789012345;d=1.5;e=-123456789012.123", true),
        (r#"?1;a="";b="x \" \\ ~";c="#, false),
        (r#"?1;a="";b="x \" \\ ~""#, true),
        ("?1;a=*;b=tok/en:1;c=Z", true),
        ("?1;a=::;b=:aGk=:;c=:+/09azAZ:", true),
        ("?1;a=b ", true),
    ] {
        if text.ends_with('=') {
            assert_eq!(place(value::boolean_item(text.as_bytes())), (Kind::StructuredField, text.len()), "{text}");
        } else {
            assert_eq!(value::boolean_item(text.as_bytes()), Ok(expected), "{text}");
        }
    }
}

#[test]
fn malformed_booleans() {
    for (text, offset) in [
        (&b""[..], 0),
        (b" ", 1),
        (b"1", 0),
        (b"true", 0),
        (b"?", 0),
        (b"?2", 0),
        (b"?T", 0),
        (b" ?2", 1),
        (b"\t?1", 0),
        (b"?10", 2),
        (b"?1, ?1", 2),
        (b"?1 ;a", 3),
        (b"?1\t", 2),
        (b"?1;", 3),
        (b"?1;;", 3),
        (b"?1;A", 3),
        (b"?1;1", 3),
        (b"?1;_", 3),
        (b"?1;\ta", 3),
        (b"?1;aB", 4),
        (b"?1;a =1", 5),
        (b"?1;a= 1", 5),
        (b"?1;a=", 5),
        (b"?1;a=?", 5),
        (b"?1;a=?2", 5),
        (b"?1;a=-", 6),
        (b"?1;a=--1", 6),
        (b"?1;a=+1", 5),
        (b"?1;a=.5", 5),
        (b"?1;a=1.", 7),
        (b"?1;a=1.x", 7),
        (b"?1;a=1.2345", 10),
        (b"?1;a=1.2.3", 8),
        (b"?1;a=1234567890123.1", 18),
        (b"?1;a=1234567890123456", 20),
        (b"?1;a=\"", 6),
        (b"?1;a=\"b", 7),
        (b"?1;a=\"\\", 6),
        (b"?1;a=\"\\b\"", 6),
        (b"?1;a=\"\t\"", 6),
        (b"?1;a=\"\x7F\"", 6),
        (b"?1;a=\"\xE9\"", 6),
        (b"?1;a=:", 6),
        (b"?1;a=:a", 7),
        (b"?1;a=:a-:", 7),
        (b"?1;a=b\xE9", 6),
        (b"?1;a=(b)", 5),
        (b"?1;a=@1", 5),
        (b"\xFF", 0),
    ] {
        assert_eq!(place(value::boolean_item(text)), (Kind::StructuredField, offset), "{}", text.escape_ascii());
    }
}

/// A bare item of RFC 8941, section 3.3.
fn bare_item() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[0-9]{1,15}",
        "-?[0-9]{1,12}\\.[0-9]{1,3}",
        "\"([ !#-\\[\\]-~]|\\\\[\"\\\\]){0,6}\"",
        "[*A-Za-z][!#$%&'*+.^_`|~:/0-9A-Za-z-]{0,5}",
        ":([A-Za-z0-9+/]{4}){0,2}:",
        "\\?[01]",
    ]
}

/// The characters of base64, in its order.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().chain([&0, &0]).take(3).fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        text.extend([18, 12, 6, 0].iter().take(group.len() + 1).map(|shift| BASE64[bits >> shift & 63]));
        text.extend(std::iter::repeat_n(b'=', 3 - group.len()));
    }
    text
}

proptest! {
    #[test]
    fn lengths_are_digits(text in "[0-9]{0,22}|[0-9+_ -]{1,4}") {
        let expected = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        prop_assert_eq!(value::content_length(text.as_bytes()).ok(), expected);
    }

    #[test]
    fn lengths_are_read_as_written(length: u64, zeros in 0..5usize) {
        let text = format!("{}{length}", "0".repeat(zeros));
        prop_assert_eq!(value::content_length(text.as_bytes()), Ok(length));
    }

    #[test]
    fn base64_is_taken_at_its_length_alone(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let text = base64(&bytes);
        prop_assert_eq!(value::websocket_key(&text).is_ok(), bytes.len() == 16);
        prop_assert_eq!(value::websocket_accept(&text).is_ok(), bytes.len() == 20);
        let url = |byte: &u8| match byte { b'+' => b'-', b'/' => b'_', other => *other };
        let settings: Vec<u8> = text.iter().map(url).collect();
        prop_assert_eq!(value::http2_settings(&settings).is_ok(), !bytes.is_empty() && bytes.len() % 6 == 0);
    }

    #[test]
    fn each_character_of_a_key_counts(nonce: [u8; 16], at in 0..24usize, byte: u8) {
        let mut key = base64(&nonce);
        key[at] = byte;
        let expected = if at < 22 { BASE64.contains(&byte) } else { byte == b'=' };
        prop_assert_eq!(value::websocket_key(&key).is_ok(), expected);
        if !expected {
            prop_assert_eq!(place(value::websocket_key(&key)), (Kind::WebSocketKey, at));
        }
    }

    #[test]
    fn origins_are_read_as_written(
        parts in prop::collection::vec(
            ("[a-z][a-z0-9+.-]{0,5}", "[a-z0-9.-]{1,6}|\\[::[0-9a-f]{1,4}\\]", any::<Option<u16>>()), 1..5,
        ),
    ) {
        let text: Vec<String> = parts.iter().map(|(scheme, host, port)| {
            format!("{scheme}://{host}{}", port.map(|port| format!(":{port}")).unwrap_or_default())
        }).collect();
        let text = text.join(" ");
        let expected: Vec<_> = parts.iter().map(|(scheme, host, port)| Ok(triple(scheme, host, *port))).collect();
        let found: Vec<_> = value::origins(text.as_bytes()).collect();
        prop_assert_eq!(value::origin(text.as_bytes()).ok(), expected[0].ok().filter(|_| parts.len() == 1));
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn parameters_of_a_boolean_are_ignored(
        boolean: bool,
        parameters in prop::collection::vec((" {0,2}[a-z*][a-z0-9_.*-]{0,3}", prop::option::of(bare_item())), 0..5),
    ) {
        let mut text = format!("?{}", u8::from(boolean));
        for (key, item) in &parameters {
            text += &format!(";{key}");
            text += &item.as_ref().map(|item| format!("={item}")).unwrap_or_default();
        }
        prop_assert_eq!(value::boolean_item(text.as_bytes()), Ok(boolean), "{}", text);
        // Nothing else can stand behind it.
        text += " x";
        prop_assert_eq!(place(value::boolean_item(text.as_bytes())), (Kind::StructuredField, text.len() - 1));
    }

    #[test]
    fn any_bytes_end_in_a_value_or_an_error(
        bytes: Vec<u8>, more in "[a1?;=:/.\"\\\\ -]{0,20}|\\?1;[a1?;=:/.\"\\\\ -]{0,12}",
    ) {
        for bytes in [&bytes[..], more.as_bytes()] {
            let place_is_inside = |error: ValueError| error.offset() <= bytes.len();
            prop_assert!(value::content_length(bytes).map_or_else(place_is_inside, |_| true));
            prop_assert!(value::websocket_version(bytes).map_or_else(place_is_inside, |_| true));
            prop_assert!(value::websocket_key(bytes).map_or_else(place_is_inside, |_| true));
            prop_assert!(value::websocket_accept(bytes).map_or_else(place_is_inside, |_| true));
            prop_assert!(value::http2_settings(bytes).map_or_else(place_is_inside, |_| true));
            prop_assert!(value::boolean_item(bytes).map_or_else(place_is_inside, |_| true));
            prop_assert!(value::origin(bytes).map_or_else(place_is_inside, |_| true));
            let origins: Vec<_> = value::origins(bytes).collect();
            prop_assert!(origins.len() <= bytes.len() + 1);
            prop_assert!(origins.into_iter().all(|origin| origin.map_or_else(place_is_inside, |_| true)));
        }
    }
}
