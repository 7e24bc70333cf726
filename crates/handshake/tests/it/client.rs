//! What a client does with the answer to its opening handshake (RFC 6455, section 4.1), each response under every
//! split.

use bytes::BytesMut;
use switchover_handshake::header::names::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use switchover_handshake::header::{HeadErrorKind, Limits, Step};
use switchover_handshake::{
    Agreement, Answer, ClientHandshake, ClientLimits, HandshakeError, LocalError, Offer, Response, Url, UrlError,
};

use crate::common::{ACCEPT, Asked, End, Head, NONCE, Outcome, ask, ask_bytes, ask_default, ask_pieces, offer};

fn written(offer: &Offer) -> String {
    let mut out = Vec::new();
    ClientHandshake::new(offer, NONCE, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Requirement 20. The URI is a valid one of `ws` or `wss`, without a fragment (RFC 6455, section 3; section 4.1, item 1 of
/// the first list). That there is one connecting attempt for each address is up to the caller, who has the addresses.
#[test]
fn a_url_is_ws_or_wss_without_a_fragment() {
    for (text, host, port, secure, authority, target) in [
        ("ws://example.com", "example.com", 80, false, "example.com", "/"),
        ("WSS://example.com/chat", "example.com", 443, true, "example.com", "/chat"),
        ("ws://example.com:80/", "example.com", 80, false, "example.com", "/"),
        ("wss://example.com:80/", "example.com", 80, true, "example.com:80", "/"),
        ("ws://example.com:8080?a=b", "example.com", 8080, false, "example.com:8080", "/?a=b"),
        ("ws://example.com/?", "example.com", 80, false, "example.com", "/"),
        ("ws://example.com/a%23b/c?d=%2F&e=f?g/h", "example.com", 80, false, "example.com", "/a%23b/c?d=%2F&e=f?g/h"),
        ("ws://127.0.0.1:9001/", "127.0.0.1", 9001, false, "127.0.0.1:9001", "/"),
        ("ws://[::1]:9001/", "::1", 9001, false, "[::1]:9001", "/"),
        ("wss://[2001:db8::7]/x", "2001:db8::7", 443, true, "[2001:db8::7]", "/x"),
    ] {
        let url: Url = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((url.host(), url.port(), url.is_secure()), (host, port, secure), "{text}");
        assert_eq!((url.authority(), url.target()), (authority, target), "{text}");
        assert_eq!(url.to_string().parse(), Ok(url), "{text}");
    }
    for (text, error) in [
        ("", UrlError::Scheme),
        ("example.com", UrlError::Scheme),
        ("http://example.com/", UrlError::Scheme),
        ("ws:/example.com/", UrlError::Scheme),
        ("ws://example.com/#top", UrlError::Fragment),
        ("ws://example.com#", UrlError::Fragment),
        ("ws://", UrlError::Host),
        ("ws:///chat", UrlError::Host),
        ("ws://:80/", UrlError::Host),
        ("ws://exa mple.com/", UrlError::Host),
        ("ws://caf\u{e9}.example/", UrlError::Host),
        ("ws://example.com:65536/", UrlError::Host),
        ("ws://example.com:x/", UrlError::Host),
        ("ws://[::1/", UrlError::Host),
        ("ws://user:password@example.com/", UrlError::UserInfo),
        ("ws://example.com/a b", UrlError::Resource),
        ("ws://example.com/%zz", UrlError::Resource),
        ("ws://example.com/%2", UrlError::Resource),
        ("ws://example.com/%0g", UrlError::Resource),
        ("ws://example.com/%g0", UrlError::Resource),
        ("ws://example.com/\r\nX: y", UrlError::Resource),
        ("ws://example.com/caf\u{e9}", UrlError::Resource),
    ] {
        assert_eq!(text.parse::<Url>(), Err(error), "{text}");
    }
}

/// Requirements 21, 22. GET, HTTP/1.1, origin-form, Host, Upgrade, Connection, Key, Version 13 (RFC 6455, section 4.1,
/// second list, items 1 to 9).
#[test]
fn the_request_is_as_the_standard_has_it() {
    assert_eq!(
        written(&offer()),
        "GET /notifications HTTP/1.1\r\n\
         Host: example.com\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Version: 13\r\n\
         \r\n"
    );
}

/// Requirement 21. Host has the port only where it is not the default (RFC 6455, section 4.1, second list, item 4).
#[test]
fn host_has_the_port_only_where_it_is_not_the_default() {
    for (url, host) in [
        ("ws://example.com:80/", "example.com"),
        ("wss://example.com:443/", "example.com"),
        ("ws://example.com:443/", "example.com:443"),
        ("ws://[::1]:9001/", "[::1]:9001"),
    ] {
        let request = written(&Offer::new(url.parse().unwrap()));
        assert!(request.contains(&format!("\r\nHost: {host}\r\n")), "{request}");
    }
}

/// Requirement 22. The key is 16 bytes of the caller's, fresh for each attempt (RFC 6455, section 4.1, second list,
/// item 7).
#[test]
fn the_key_is_the_callers_nonce() {
    let mut out = Vec::new();
    ClientHandshake::new(&offer(), [0xff; 16], &mut out).unwrap();
    assert!(String::from_utf8(out).unwrap().contains("\r\nSec-WebSocket-Key: /////////////////////w==\r\n"));
}

/// Requirement 23. Origin and the order of the subprotocols are the caller's (RFC 6455, section 4.1, second list, items 8,
/// 10 and 12).
#[test]
fn origin_subprotocols_and_fields_are_the_callers() {
    let offer = offer().origin("https://example.com").unwrap();
    let offer = offer.subprotocol("chat.v2").unwrap().subprotocol("chat").unwrap();
    let offer = offer.field("Cookie", "a=b").unwrap().field("Cookie", "c=d").unwrap();
    let request = written(&offer);
    assert!(
        request.ends_with(
            "\r\nOrigin: https://example.com\r\nSec-WebSocket-Protocol: chat.v2, chat\r\n\
             Cookie: a=b\r\nCookie: c=d\r\n\r\n"
        ),
        "{request}"
    );
}

/// Requirement 23. Subprotocols are tokens, all unique (RFC 6455, section 4.1, second list, item 10); an origin is one that
/// is sent (RFC 6454, section 6.2).
#[test]
fn an_offer_takes_unique_tokens_and_valid_origins_only() {
    for name in ["", "a b", "a,b", "caf\u{e9}", "a\r\nb", "a;b"] {
        assert_eq!(offer().subprotocol(name), Err(LocalError::Subprotocol), "{name}");
    }
    assert_eq!(offer().subprotocol("a").unwrap().subprotocol("a"), Err(LocalError::RepeatedSubprotocol));
    for origin in
        ["", "example.com", "https://a b", "https://a\r\nX: y", "://a", "https://a/", "https://a/b?c#d", "https://u@a"]
    {
        assert_eq!(offer().origin(origin), Err(LocalError::Origin), "{origin}");
    }
    assert!(offer().origin("null").is_ok());
}

/// Requirement 24. RFC 6455, section 4.1: all that a client can do before the answer is to wait. The request is the
/// whole output, and the agreement, which a session begins with, comes with a verified 101 only.
#[test]
fn nothing_but_the_request_is_sent_before_the_answer() {
    let mut out = Vec::new();
    let mut handshake = ClientHandshake::new(&offer(), NONCE, &mut out).unwrap();
    assert_eq!(out.windows(4).position(|end| end == b"\r\n\r\n"), Some(out.len() - 4));
    let response = Head::response().to_bytes();
    for end in 0..response.len() {
        let step = handshake.receive(&response[..end]).unwrap();
        assert!(matches!(step, switchover_handshake::header::Step::NeedMore { .. }));
    }
}

/// RFC 6455, section 1.3.
#[test]
fn the_101_of_the_standard_is_accepted() {
    let asked = ask_default(&Head::response());
    assert_eq!(asked.agreement(), Agreement::default());
}

/// Requirement 25. Any status but 101 follows HTTP: a challenge, a redirection and a list of versions come with their
/// fields and their content (RFC 6455, section 4.1, third list, item 1).
#[test]
fn any_status_but_101_is_an_ordinary_response_with_its_content() {
    for (head, expected) in [
        (Head::new("HTTP/1.1 401 Unauthorized").line("WWW-Authenticate", "Basic realm=\"x\""), 401),
        (Head::new("HTTP/1.1 302 Found").line("Location", "ws://example.org/"), 302),
        (Head::new("HTTP/1.1 426 Upgrade Required").line("Sec-WebSocket-Version", "13"), 426),
        (Head::new("HTTP/1.1 200 OK"), 200),
        (Head::new("HTTP/1.0 503 "), 503),
    ] {
        let response = [&head.line("Content-Length", "7").to_bytes()[..], b"content"].concat();
        let Asked { outcome, rest, .. } = ask_bytes(&offer(), &response, End::Open);
        let Outcome::Refused { status, body, truncated, fields, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!((status, &body[..], truncated, &rest[..]), (expected, &b"content"[..], false, &b""[..]));
        assert_eq!(fields.last().unwrap(), &("Content-Length".to_owned(), b"7".to_vec()));
    }
}

/// Requirement 25. RFC 9112, section 6.3: content ends by its length, with the connection, or is none.
#[test]
fn the_content_of_a_refusal_is_framed_and_bounded() {
    let refused = |response: &[u8], end| match ask_bytes(&offer(), response, end) {
        Asked { outcome: Outcome::Refused { body, truncated, .. }, rest, .. } => (body, truncated, rest),
        other => panic!("{other:?}"),
    };
    let no_content = b"HTTP/1.1 204 No Content\r\n\r\nnext";
    assert_eq!(refused(no_content, End::Open), (vec![], false, b"next".to_vec()));
    let by_length = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nnonext";
    assert_eq!(refused(by_length, End::Open), (b"no".to_vec(), false, b"next".to_vec()));
    let early_end = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 5\r\n\r\nno";
    assert_eq!(ask_bytes(&offer(), early_end, End::Open).outcome, Outcome::NeedMore);
    assert_eq!(refused(early_end, End::Closed), (b"no".to_vec(), true, vec![]));
    let until_close = b"HTTP/1.1 400 Bad Request\r\n\r\nno";
    assert_eq!(ask_bytes(&offer(), until_close, End::Open).outcome, Outcome::NeedMore);
    assert_eq!(refused(until_close, End::Closed), (b"no".to_vec(), false, vec![]));
    let coded = b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n";
    assert_eq!(refused(coded, End::Open), (b"no".to_vec(), false, vec![]));

    let limits = ClientLimits { refusal_body: 4, ..ClientLimits::default() };
    for (response, end, expected, truncated) in [
        (&b"HTTP/1.1 400 \r\nContent-Length: 4\r\n\r\n1234"[..], End::Open, &b"1234"[..], false),
        (b"HTTP/1.1 400 \r\nContent-Length: 5\r\n\r\n1234", End::Open, b"1234", true),
        (b"HTTP/1.1 400 \r\nContent-Length: 18446744073709551615\r\n\r\n1234", End::Open, b"1234", true),
        (b"HTTP/1.1 400 \r\n\r\n1234", End::Closed, b"1234", false),
        (b"HTTP/1.1 400 \r\n\r\n12345", End::Open, b"1234", true),
    ] {
        let whole = ask_pieces(&offer(), limits, &[response], end);
        let Outcome::Refused { body, truncated: cut, .. } = &whole.outcome else { panic!("{whole:?}") };
        assert_eq!((&body[..], *cut), (expected, truncated));
        switchover_testkit::split::for_every_split(response, |pieces| {
            assert_eq!(ask_pieces(&offer(), limits, pieces, end), whole);
        });
    }
}

/// Requirement 26. RFC 6455, section 4.1, third list, items 2 and 3; RFC 9110, sections 5.6.1 and 7.8.
#[test]
fn upgrade_is_websocket_and_connection_has_upgrade() {
    for (upgrade, connection) in
        [("websocket", "upgrade"), ("WebSocket", "keep-alive, Upgrade"), ("websocket,", "x,UPGRADE")]
    {
        let response = Head::response().with(UPGRADE, upgrade).with(CONNECTION, connection);
        assert_eq!(ask_default(&response).agreement(), Agreement::default(), "{upgrade} and {connection}");
    }
    let lines = Head::response().with(CONNECTION, "keep-alive").line(CONNECTION, "upgrade");
    assert_eq!(ask_default(&lines).agreement(), Agreement::default());

    for upgrade in ["h2c", "websocket, h2c", "websocket/13", "web socket"] {
        let error = ask_default(&Head::response().with(UPGRADE, upgrade)).error();
        assert_eq!(error, HandshakeError::Mismatch(UPGRADE), "{upgrade}");
    }
    for upgrade in ["", ",", "x\"y"] {
        let error = ask_default(&Head::response().with(UPGRADE, upgrade)).error();
        assert!(matches!(error, HandshakeError::Malformed(UPGRADE, _)), "{upgrade}: {error}");
    }
    for connection in ["keep-alive", "", "no-upgrade", "upgrade-insecure"] {
        let error = ask_default(&Head::response().with(CONNECTION, connection)).error();
        assert_eq!(error, HandshakeError::Mismatch(CONNECTION), "{connection}");
    }
    for name in [UPGRADE, CONNECTION, SEC_WEBSOCKET_ACCEPT] {
        let error = ask_default(&Head::response().without(name)).error();
        assert!(matches!(error, HandshakeError::Missing([missing]) if *missing == name), "{error}");
    }
}

/// Requirements 27, 41. RFC 6455, section 4.1, third list, item 4; section 11.3.3.
#[test]
fn the_accept_value_is_the_one_for_the_key_and_stands_once() {
    let around = Head::response().with(SEC_WEBSOCKET_ACCEPT, format!(" \t{ACCEPT}\t "));
    assert_eq!(ask_default(&around).agreement(), Agreement::default());
    for accept in
        ["", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo", "S3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "dGhlIHNhbXBsZSBub25jZQ==", "\u{e9}"]
    {
        let error = ask_default(&Head::response().with(SEC_WEBSOCKET_ACCEPT, accept)).error();
        assert_eq!(error, HandshakeError::Mismatch(SEC_WEBSOCKET_ACCEPT), "{accept}");
    }
    let doubled = Head::response().line(SEC_WEBSOCKET_ACCEPT, ACCEPT);
    assert_eq!(ask_default(&doubled).error(), HandshakeError::Repeated(SEC_WEBSOCKET_ACCEPT));
}

/// Requirements 28, 41. RFC 6455, section 4.1, third list, items 5 and 6; section 11.3.
#[test]
fn what_was_not_offered_fails_the_handshake() {
    let offer = offer().subprotocol("chat").unwrap().subprotocol("mqtt").unwrap();
    let agreed = ask(&offer, &Head::response().line(SEC_WEBSOCKET_PROTOCOL, "mqtt")).agreement();
    assert_eq!(agreed.subprotocol(), Some("mqtt"));
    for name in ["wamp", "Chat"] {
        let error = ask(&offer, &Head::response().line(SEC_WEBSOCKET_PROTOCOL, name)).error();
        assert_eq!(error, HandshakeError::SubprotocolNotOffered, "{name}");
    }
    for value in ["", "chat, mqtt", "\"chat\""] {
        let error = ask(&offer, &Head::response().line(SEC_WEBSOCKET_PROTOCOL, value)).error();
        assert_eq!(error, HandshakeError::Malformed(SEC_WEBSOCKET_PROTOCOL, None), "{value}");
    }
    let doubled = Head::response().line(SEC_WEBSOCKET_PROTOCOL, "chat").line(SEC_WEBSOCKET_PROTOCOL, "chat");
    assert_eq!(ask(&offer, &doubled).error(), HandshakeError::Repeated(SEC_WEBSOCKET_PROTOCOL));
    let unasked = ask_default(&Head::response().line(SEC_WEBSOCKET_PROTOCOL, "chat")).error();
    assert_eq!(unasked, HandshakeError::SubprotocolNotOffered);

    let extension = Head::response().line(SEC_WEBSOCKET_EXTENSIONS, "permessage-deflate");
    assert_eq!(ask_default(&extension).error(), HandshakeError::ExtensionNotOffered);
    assert_eq!(
        ask_default(&extension.line(SEC_WEBSOCKET_EXTENSIONS, "permessage-deflate")).error(),
        HandshakeError::Repeated(SEC_WEBSOCKET_EXTENSIONS)
    );
}

/// Requirement 28. RFC 6455, section 4.2.2 permits a server to pick none; a browser fails then.
#[test]
fn that_no_subprotocol_was_picked_is_the_callers_to_judge() {
    let offer = offer().subprotocol("chat").unwrap();
    assert_eq!(ask(&offer, &Head::response()).agreement().subprotocol(), None);
    assert_eq!(ask(&offer.require_subprotocol(), &Head::response()).error(), HandshakeError::SubprotocolRequired);
}

/// Requirement 29. RFC 6455, section 4.1: other fields are processed according to documents that define them.
#[test]
fn all_fields_of_the_101_are_surfaced() {
    let response = Head::response().line("Set-Cookie", "a=b").line("X-Any", b"caf\xe9").line("Set-Cookie", "c=d");
    let Outcome::Accepted { fields, .. } = ask_default(&response).outcome else { panic!() };
    let extra: Vec<_> = fields[3..].iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    assert_eq!(extra, [("Set-Cookie", &b"a=b"[..]), ("X-Any", b"caf\xe9"), ("Set-Cookie", b"c=d")]);
}

/// Requirement 30. RFC 6455, section 4.4: one line or many, and only what is a version.
#[test]
fn the_versions_a_server_speaks_are_told() {
    let versions = |head: Head| match ask_default(&head.line("Content-Length", "0")).outcome {
        Outcome::Refused { versions, .. } => versions,
        other => panic!("{other:?}"),
    };
    let refusal = Head::new("HTTP/1.1 400 Bad Request");
    assert_eq!(versions(refusal.clone()), []);
    assert_eq!(versions(refusal.clone().line("Sec-WebSocket-Version", "13, 8, 7")), [13, 8, 7]);
    let lines = refusal.clone().line("Sec-WebSocket-Version", "13").line("Sec-WebSocket-Version", "8, 7");
    assert_eq!(versions(lines), [13, 8, 7]);
    assert_eq!(versions(refusal.line("Sec-WebSocket-Version", "013, 13, 256, x, 0")), [13, 0]);
}

/// Requirement 12. RFC 9110, section 15.2: any number of interim responses comes before the final one, and here at most
/// 16.
#[test]
fn interim_responses_come_before_the_final_one() {
    let interim = [Head::new("HTTP/1.1 100 Continue"), Head::new("HTTP/1.1 103 Early Hints").line("Link", "</a>")];
    let response =
        [interim[0].to_bytes(), interim[1].to_bytes(), Head::response().to_bytes(), b"\x81\0".to_vec()].concat();
    let asked = ask_bytes(&offer(), &response, End::Open);
    assert_eq!(asked.interim, [100, 103]);
    assert!(matches!(asked.outcome, Outcome::Accepted { .. }));
    assert_eq!(asked.rest, b"\x81\0");
}

#[test]
fn an_answer_of_http_1_0_cannot_switch() {
    let response = Head::response().start_line("HTTP/1.0 101 Switching Protocols");
    assert_eq!(ask_default(&response).error(), HandshakeError::ResponseVersion);
}

#[test]
fn a_connection_that_ends_before_the_response_fails_the_handshake() {
    let response = Head::response().to_bytes();
    for end in [0, 1, response.len() - 1] {
        assert_eq!(ask_bytes(&offer(), &response[..end], End::Closed).error(), HandshakeError::Closed);
    }
}

/// The request is written whole or not at all.
#[test]
fn a_request_without_room_is_not_written() {
    let needed = written(&offer()).len();
    for room in 0..needed {
        let mut buffer = vec![0; room];
        let error = ClientHandshake::new(&offer(), NONCE, &mut &mut buffer[..]).unwrap_err();
        assert_eq!(error, LocalError::OutputTooSmall { needed });
        assert!(buffer.iter().all(|byte| *byte == 0));
    }
}

/// RFC 9112, section 6.3: whatever its framing, what the response says in its head is given.
#[test]
fn a_refusal_whose_framing_cannot_be_told_is_a_refusal_without_its_content() {
    for head in [
        "HTTP/1.1 401 x\r\nTransfer-Encoding: gzip, chunked\r\n",
        "HTTP/1.1 401 x\r\nTransfer-Encoding: gzip\r\n",
        "HTTP/1.0 401 x\r\nTransfer-Encoding: chunked\r\n",
        "HTTP/1.1 401 x\r\nContent-Length: 0\r\nContent-Length: 0\r\n",
        "HTTP/1.1 401 x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n",
    ] {
        let response = format!("{head}WWW-Authenticate: Basic\r\n\r\nabc");
        let Asked { outcome, rest, .. } = ask_bytes(&offer(), response.as_bytes(), End::Open);
        let Outcome::Refused { status, body, truncated, fields, .. } = outcome else { panic!("{head}: {outcome:?}") };
        assert_eq!((status, &body[..], truncated, &rest[..]), (401, &b""[..], true, &b"abc"[..]), "{head}");
        assert_eq!(fields.last().unwrap(), &("WWW-Authenticate".to_owned(), b"Basic".to_vec()));
    }
}

#[test]
fn limits_of_usize_max_do_not_overflow() {
    let limits = ClientLimits { refusal_body: usize::MAX, interim: usize::MAX, ..ClientLimits::default() };
    for lines in ["", "Content-Length: 18446744073709551615\r\n"] {
        let response = format!("HTTP/1.1 103 x\r\n\r\nHTTP/1.1 404 Not Found\r\n{lines}\r\nno");
        let response = response.as_bytes();
        assert_eq!(ask_pieces(&offer(), limits, &[response], End::Open).outcome, Outcome::NeedMore);
        let outcome = ask_pieces(&offer(), limits, &[response], End::Closed).outcome;
        assert!(matches!(outcome, Outcome::Refused { status: 404, body, .. } if body == b"no"));
    }
}

/// The limits on heads are the caller's, for interim responses and for the one behind them.
#[test]
fn the_limits_hold_for_every_head() {
    let limits = ClientLimits { head: Limits { head: 64, ..Limits::default() }, ..ClientLimits::default() };
    let interim = Head::new("HTTP/1.1 103 ").to_bytes();
    for response in [Head::response().to_bytes(), [interim, Head::response().to_bytes()].concat()] {
        let error = ask_pieces(&offer(), limits, &[&response], End::Open).error();
        assert!(matches!(error, HandshakeError::Head(error) if error.kind() == HeadErrorKind::HeadTooLong), "{error}");
    }
}

/// A failure is the end, whatever comes later.
#[test]
fn a_connection_that_ended_stays_so() {
    let mut handshake = ClientHandshake::new(&offer(), NONCE, &mut Vec::new()).unwrap();
    assert_eq!(handshake.receive_eof(b"HTTP/1.1 101 ").unwrap_err(), HandshakeError::Closed);
    assert_eq!(handshake.receive(&Head::response().to_bytes()).unwrap_err(), HandshakeError::Closed);
}

/// A response behind a refusal is read from its own first byte on.
#[test]
fn a_refusal_leaves_nothing_to_wait_for() {
    let mut handshake = ClientHandshake::new(&offer(), NONCE, &mut Vec::new()).unwrap();
    let refusal = b"HTTP/1.1 401 x\r\nContent-Length: 500\r\n\r\n".to_vec();
    assert!(matches!(handshake.receive(&refusal), Ok(Step::NeedMore { .. })));
    let refusal = [refusal, vec![b'x'; 500]].concat();
    assert!(matches!(handshake.receive(&refusal), Ok(Step::Done { value: Answer::Refused(_), .. })));
    let response = Head::response().to_bytes();
    assert!(matches!(handshake.receive(&response), Ok(Step::Done { value: Answer::Accepted { .. }, .. })));
}

/// RFC 9110, section 15.2: at the end of the connection too, interim responses come one by one.
#[test]
fn all_responses_before_the_end_are_given() {
    let interim = Head::new("HTTP/1.1 103 ").to_bytes();
    let refusal = b"HTTP/1.1 404 x\r\nContent-Length: 5\r\n\r\nno".to_vec();
    let input = [interim.clone(), interim.clone(), refusal.clone()].concat();
    let mut handshake = ClientHandshake::new(&offer(), NONCE, &mut Vec::new()).unwrap();
    let mut rest = &input[..];
    for _ in 0..2 {
        let Ok((Answer::Interim(_), consumed)) = handshake.receive_eof(rest) else { panic!() };
        assert_eq!(consumed, interim.len());
        rest = &rest[consumed..];
    }
    let Ok((Answer::Refused(refused), consumed)) = handshake.receive_eof(rest) else { panic!() };
    assert_eq!((refused.status().as_u16(), refused.body, refused.truncated), (404, &b"no"[..], true));
    assert_eq!(consumed, refusal.len());
}

/// In one call, and owned, it is the same answer: whole, bytewise, at every split, and at the end of the connection.
#[test]
fn the_final_answer_is_the_one_that_is_received() {
    let interim = Head::new("HTTP/1.1 103 Early Hints").line("Link", "</a>").to_bytes();
    let accepted = Head::response().line("Set-Cookie", "a=b").to_bytes();
    let refused = b"HTTP/1.1 401 \r\nWWW-Authenticate: Basic\r\nContent-Length: 7\r\n\r\ncontent".to_vec();
    let until_close = b"HTTP/1.1 404 Not Found\r\n\r\nnothing here".to_vec();
    let broken = b"HTTP/1.1 101 \r\n\r\n".to_vec();
    for (final_response, end) in [
        (&accepted, End::Open),
        (&accepted, End::Closed),
        (&refused, End::Open),
        (&until_close, End::Closed),
        (&until_close[..until_close.len() - 20].to_vec(), End::Closed),
        (&until_close, End::Open),
        (&broken, End::Open),
    ] {
        for before in [&[][..], &interim, &[&interim[..], &interim].concat()] {
            let bytes = [before, final_response, if end == End::Open { b"\x81\0" } else { b"" }].concat();
            let expected = ask_bytes(&offer(), &bytes, end);
            switchover_testkit::split::for_every_split(&bytes, |pieces| {
                let (outcome, rest) = answer_pieces(pieces, end);
                assert_eq!(outcome, expected.outcome);
                if matches!(outcome, Outcome::Accepted { .. } | Outcome::Refused { .. }) && end == End::Open {
                    assert_eq!(rest, expected.rest);
                }
            });
        }
    }
}

/// What [`ClientHandshake::answer`] makes of these pieces, and what it leaves.
fn answer_pieces(pieces: &[&[u8]], end: End) -> (Outcome, Vec<u8>) {
    let mut handshake = ClientHandshake::new(&offer(), NONCE, &mut Vec::new()).unwrap();
    let mut input = BytesMut::new();
    let owned =
        |response: &Response| response.fields.iter().map(|(name, value)| (name.clone(), value.to_vec())).collect();
    let ended = (end == End::Closed).then_some((pieces.len(), &[][..]));
    for (number, piece) in pieces.iter().copied().enumerate().chain(ended) {
        input.extend_from_slice(piece);
        let outcome = match handshake.answer(&mut input, number == pieces.len()) {
            Ok(None) => continue,
            Ok(Some(answer)) => match answer.accepted() {
                Ok((agreement, response)) => Outcome::Accepted { agreement, fields: owned(&response) },
                Err(response) => Outcome::Refused {
                    status: response.status.as_u16(),
                    body: response.body.to_vec(),
                    truncated: response.truncated,
                    versions: Vec::new(),
                    fields: owned(&response),
                },
            },
            Err(error) => Outcome::Failed(error),
        };
        return (outcome, [&input[..], &pieces.get(number + 1..).unwrap_or_default().concat()].concat());
    }
    (Outcome::NeedMore, input.to_vec())
}
