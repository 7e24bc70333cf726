//! What a server does with an opening handshake (RFC 6455, section 4.2), each request under every split.
#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of a test are tests too")]

mod common;

use bytes::BytesMut;
use common::{Head, Served, response_field, serve, serve_default, serve_pieces};
use switchover_handshake::header::names::{
    CONNECTION, CONTENT_LENGTH, HOST, ORIGIN, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use switchover_handshake::header::{Limits, Status, Step};
use switchover_handshake::{
    AcceptError, Choice, EarlyData, HandshakeError, LocalError, MAX_SUBPROTOCOLS, Origin, OriginPolicy, Refusal,
    Request, ServerHandshake, SubprotocolPolicy,
};

fn status(refusal: &Refusal) -> u16 {
    refusal.status().as_u16()
}

fn refused(request: &Head) -> Refusal {
    serve_default(request).refusal()
}

/// The proposal in a request, for what reads it only.
fn with_proposal(
    request: &Head,
    check: impl FnOnce(switchover_handshake::Proposal<switchover_handshake::header::RequestHead<'_>>),
) {
    let bytes = request.to_bytes();
    match ServerHandshake::default().receive(&bytes) {
        Ok(Step::Done { value: Request::WebSocket(proposal), .. }) => check(proposal),
        other => panic!("{other:?}"),
    };
}

/// RFC 6455, section 1.3 and 4.2.2, step 5.
#[test]
fn a_valid_request_is_answered_with_the_101_of_the_standard() {
    let answer = serve_default(&Head::request()).answer();
    assert_eq!(
        answer,
        "HTTP/1.1 101 Switching Protocols\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
         \r\n"
    );
}

/// Requirement 1. RFC 9110, section 7.8: protocol names compare case-insensitively; section 5.6.1: lists span lines,
/// empty elements do not count.
#[test]
fn upgrade_and_connection_are_lists_without_regard_to_case() {
    for (upgrade, connection) in [
        ("WebSocket", "upgrade"),
        ("h2c, websocket", "keep-alive, Upgrade"),
        (",, WEBSOCKET ,", ", UPGRADE,"),
        ("foo/1.0, websocket", "close,upgrade"),
    ] {
        let request = Head::request().with(UPGRADE, upgrade).with(CONNECTION, connection);
        assert!(serve_default(&request).answer().starts_with("HTTP/1.1 101 "), "{upgrade} and {connection}");
    }
    let lines = Head::request().with(CONNECTION, "keep-alive").line(CONNECTION, "Upgrade").line(UPGRADE, "h2c");
    assert!(serve_default(&lines).answer().starts_with("HTTP/1.1 101 "));
}

/// Requirement 31. RFC 6455, section 4.2.1, item 1; RFC 9110, section 15.5.6.
#[test]
fn a_method_other_than_get_is_405_with_allow() {
    for method in ["POST", "PUT", "OPTIONS", "get"] {
        let refusal = refused(&Head::request().start_line(format!("{method} /notifications HTTP/1.1")));
        assert_eq!(refusal.error(), Some(&HandshakeError::Method(&["GET"])));
        assert_eq!(status(&refusal), 405);
        assert_eq!(response_field(&refusal.to_bytes(), "Allow"), ["GET"]);
    }
    let Served::Http { refusal, .. } = serve_default(&Head::new("POST / HTTP/1.1").line(HOST, "a")) else { panic!() };
    assert_eq!(status(&refusal), 405);
    assert_eq!(response_field(&refusal.to_bytes(), "Allow"), ["GET"]);
}

/// RFC 9110, section 9.3.2: the response to HEAD has the fields of its content and no content.
#[test]
fn the_refusal_of_head_has_no_content() {
    let bytes = refused(&Head::request().start_line("HEAD /notifications HTTP/1.1")).to_bytes();
    assert!(bytes.ends_with(b"\r\n\r\n"));
    assert_ne!(response_field(&bytes, CONTENT_LENGTH), ["0"]);
}

/// Requirements 4, 5, 11, 32. RFC 9110, sections 7.8 and 15.5.22.
#[test]
fn a_request_without_websocket_is_http_and_426_where_websocket_is_all_there_is() {
    for request in [
        Head::request().without(UPGRADE),
        Head::request().with(UPGRADE, "h2c"),
        Head::request().with(UPGRADE, "websockets"),
        Head::request().with(UPGRADE, "websocket/13"),
        Head::request().with(UPGRADE, "\"websocket\""),
        Head::request().without(CONNECTION),
        Head::request().with(CONNECTION, "keep-alive"),
    ] {
        let Served::Http { refusal, .. } = serve_default(&request) else { panic!("{request:?}") };
        assert_eq!(refusal.error(), Some(&HandshakeError::UpgradeRequired));
        let bytes = refusal.to_bytes();
        assert!(bytes.starts_with(b"HTTP/1.1 426 Upgrade Required\r\n"));
        assert_eq!(response_field(&bytes, UPGRADE), ["websocket"]);
        assert_eq!(response_field(&bytes, CONNECTION), ["Upgrade, close"]);
        assert_eq!(response_field(&bytes, SEC_WEBSOCKET_VERSION), ["13"]);
    }
}

/// Requirement 33. RFC 6455, section 4.2.1, item 5, and section 11.3.1.
#[test]
fn the_key_decodes_to_16_bytes_and_stands_once() {
    for key in ["", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZTE=", "dGhlIHNhbXBsZSBub25jZTEy", "====", "\u{e9}"]
    {
        let refusal = refused(&Head::request().with(SEC_WEBSOCKET_KEY, key));
        assert_eq!(refusal.error(), Some(&HandshakeError::Malformed(SEC_WEBSOCKET_KEY, None)), "{key}");
        assert_eq!(status(&refusal), 400);
    }
    let doubled = refused(&Head::request().line(SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="));
    assert_eq!(doubled.error(), Some(&HandshakeError::Repeated(SEC_WEBSOCKET_KEY)));
    assert_eq!(status(&doubled), 400);
}

/// Requirement 33. RFC 6455, section 4.1 prints this key: its pad bits are not zero.
#[test]
fn the_pad_bits_of_a_key_do_not_matter() {
    let answer = serve_default(&Head::request().with(SEC_WEBSOCKET_KEY, "AQIDBAUGBwgJCgsMDQ4PEC==")).answer();
    // SHA-1 over the characters as they came, computed with openssl.
    assert!(answer.contains("Sec-WebSocket-Accept: OfS0wDaT5NoxF2gqm7Zj2YtetzM=\r\n"), "{answer}");
}

/// Requirement 34. RFC 6455, section 4.2.1: one 400 says all that is missing; section 4.4: the version comes with it.
#[test]
fn all_that_is_missing_is_named_in_one_400() {
    let refusal = refused(&Head::request().without(SEC_WEBSOCKET_KEY).without(SEC_WEBSOCKET_VERSION));
    assert_eq!(status(&refusal), 400);
    let sentence = "Sec-WebSocket-Key and Sec-WebSocket-Version are missing (RFC 6455, section 4.2.1)";
    assert_eq!(refusal.error().unwrap().to_string(), sentence);
    assert_eq!(refusal.content(), format!("{sentence}\n").as_bytes());
    assert_eq!(response_field(&refusal.to_bytes(), SEC_WEBSOCKET_VERSION), ["13"]);

    let refusal = refused(&Head::request().without(SEC_WEBSOCKET_KEY));
    assert_eq!(refusal.error(), Some(&HandshakeError::Missing(&[SEC_WEBSOCKET_KEY])));
    assert_eq!(response_field(&refusal.to_bytes(), SEC_WEBSOCKET_VERSION), [""; 0]);

    let refusal = refused(&Head::request().without(SEC_WEBSOCKET_VERSION));
    assert_eq!(refusal.error(), Some(&HandshakeError::Missing(&[SEC_WEBSOCKET_VERSION])));
    assert_eq!(response_field(&refusal.to_bytes(), SEC_WEBSOCKET_VERSION), ["13"]);
}

/// Requirement 34. RFC 6455, sections 4.2.2 (version) and 4.4.
#[test]
fn another_version_is_426_with_the_version_spoken() {
    for version in ["12", "8", "0", "14", "255"] {
        // What a handshake of another version has beside is not known here.
        for request in [Head::request(), Head::request().without(SEC_WEBSOCKET_KEY)] {
            let refusal = refused(&request.with(SEC_WEBSOCKET_VERSION, version));
            assert_eq!(refusal.error(), Some(&HandshakeError::Version));
            assert_eq!(status(&refusal), 426);
            let bytes = refusal.to_bytes();
            assert_eq!(response_field(&bytes, SEC_WEBSOCKET_VERSION), ["13"]);
            assert_eq!(response_field(&bytes, UPGRADE), ["websocket"]);
            assert_eq!(response_field(&bytes, CONNECTION), ["Upgrade, close"]);
        }
    }
}

/// Requirement 34. RFC 6455, sections 4.3 and 11.3.5.
#[test]
fn what_is_no_version_is_400_with_the_version_spoken() {
    for version in ["", "0xD", "013", "13.0", "13, 8", "+13", "256", "thirteen"] {
        let refusal = refused(&Head::request().with(SEC_WEBSOCKET_VERSION, version));
        assert_eq!(refusal.error(), Some(&HandshakeError::Malformed(SEC_WEBSOCKET_VERSION, None)), "{version}");
        assert_eq!(status(&refusal), 400);
        assert_eq!(response_field(&refusal.to_bytes(), SEC_WEBSOCKET_VERSION), ["13"]);
    }
    let doubled = refused(&Head::request().line(SEC_WEBSOCKET_VERSION, "13"));
    assert_eq!(doubled.error(), Some(&HandshakeError::Repeated(SEC_WEBSOCKET_VERSION)));
    assert_eq!(response_field(&doubled.to_bytes(), SEC_WEBSOCKET_VERSION), ["13"]);
}

/// Requirement 35. A page of the same host is let in by default, and what sends no Origin is no page (RFC 6455,
/// section 10.2).
#[test]
fn pages_of_the_same_origin_are_let_in_by_default() {
    for (host, origin) in [
        ("example.com", "http://example.com"),
        ("example.com", "https://example.com"),
        ("example.com", "https://EXAMPLE.com"),
        ("example.com:80", "http://example.com"),
        ("example.com", "http://example.com:80"),
        ("example.com:443", "https://example.com"),
        ("example.com:8080", "http://example.com:8080"),
        ("[::1]:8080", "http://[::1]:8080"),
    ] {
        let request = Head::request().with(HOST, host).line(ORIGIN, origin);
        assert!(serve_default(&request).answer().starts_with("HTTP/1.1 101 "), "{origin} at {host}");
    }
    with_proposal(&Head::request(), |proposal| assert!(proposal.same_origin() && proposal.origin().is_none()));
}

/// RFC 9112, section 3.2.2.
#[test]
fn the_authority_of_an_absolute_target_takes_the_place_of_host() {
    let request = Head::request().start_line("GET http://example.org/chat HTTP/1.1").line(ORIGIN, "http://example.org");
    assert!(serve_default(&request).answer().starts_with("HTTP/1.1 101 "));
    with_proposal(&request, |proposal| assert_eq!((proposal.host(), proposal.path()), ("example.org", "/chat")));
}

/// Requirement 35. An origin that is refused gets 403 (RFC 6455, sections 4.2.2 and 10.2).
#[test]
fn a_foreign_origin_is_403() {
    let request = Head::request().line(ORIGIN, "https://example.org");
    let refusal = refused(&request);
    assert_eq!(refusal.error(), Some(&HandshakeError::ForeignOrigin));
    assert_eq!(status(&refusal), 403);

    let listed = Choice::new().origins(OriginPolicy::listed(["https://example.net", "https://example.org"]).unwrap());
    assert!(serve(&request, &listed).answer().starts_with("HTTP/1.1 101 "));
    let others = Choice::new().origins(OriginPolicy::listed(["https://example.net"]).unwrap());
    assert_eq!(serve(&request, &others).error(), HandshakeError::ForeignOrigin);
    let any = Choice::new().origins(OriginPolicy::any());
    assert!(serve(&request, &any).answer().starts_with("HTTP/1.1 101 "));

    let https = Choice::new().origins(OriginPolicy::same_origin_over_https());
    assert!(serve(&Head::request().line(ORIGIN, "https://example.com"), &https).answer().starts_with("HTTP/1.1 101 "));
    let plain = Head::request().line(ORIGIN, "http://example.com");
    assert_eq!(serve(&plain, &https).error(), HandshakeError::ForeignOrigin);
}

/// Requirement 35. 401 and redirections, 404 for an unknown resource; any status, fields and content (RFC 6455,
/// section 4.2.2).
#[test]
fn the_caller_refuses_as_it_likes() {
    let written = |refusal: Refusal| {
        let mut out = Vec::new();
        with_proposal(&Head::request(), |proposal| proposal.refuse(&refusal, &mut out).unwrap());
        assert_eq!(out, refusal.to_bytes());
        String::from_utf8(out).unwrap()
    };
    assert_eq!(
        written(Refusal::not_found()),
        "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\
         Content-Length: 14\r\n\r\n404 Not Found\n"
    );
    assert!(written(Refusal::forbidden()).starts_with("HTTP/1.1 403 Forbidden\r\n"));
    let teapot = Refusal::new(Status::new(418).unwrap()).unwrap();
    let teapot = teapot.field("Retry-After", "7").unwrap().body("text/html", "<p>no</p>").unwrap();
    assert_eq!(
        written(teapot),
        "HTTP/1.1 418 \r\nRetry-After: 7\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: 9\r\n\r\n\
         <p>no</p>"
    );
    let redirection = Refusal::new(Status::FOUND).unwrap().field("Location", "ws://example.org/").unwrap();
    assert!(written(redirection).contains("\r\nLocation: ws://example.org/\r\n"));
    // RFC 9110, section 15.3.5: no content and no Content-Length.
    assert_eq!(
        written(Refusal::new(Status::NO_CONTENT).unwrap()),
        "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(Refusal::new(Status::NO_CONTENT).unwrap().body("text/plain", "x"), Err(LocalError::NoContent));
    assert_eq!(Refusal::new(Status::CONTINUE), Err(LocalError::InterimStatus));
    assert_eq!(Refusal::new(Status::SWITCHING_PROTOCOLS), Err(LocalError::InterimStatus));
    // Both are required with these.
    assert!(written(Refusal::new(Status::METHOD_NOT_ALLOWED).unwrap()).contains("\r\nAllow: GET\r\n"));
    assert!(written(Refusal::new(Status::UPGRADE_REQUIRED).unwrap()).contains("\r\nUpgrade: websocket\r\n"));
}

/// Requirement 36. The subprotocol is one of those offered, or there is no field, and never an empty one; the order is the
/// client's or the server's, or exactly one is required (RFC 6455, section 4.2.2).
#[test]
fn the_subprotocol_is_chosen_by_the_policy() {
    let request = Head::request().line(SEC_WEBSOCKET_PROTOCOL, "mqtt, chat").line(SEC_WEBSOCKET_PROTOCOL, "wamp");
    let choose = |policy| serve(&request, &Choice::new().subprotocols(policy)).subprotocol();
    assert_eq!(choose(SubprotocolPolicy::none()), None);
    assert_eq!(choose(SubprotocolPolicy::client_order(["wamp", "chat"]).unwrap()).as_deref(), Some("chat"));
    assert_eq!(choose(SubprotocolPolicy::server_order(["wamp", "chat"]).unwrap()).as_deref(), Some("wamp"));
    assert_eq!(choose(SubprotocolPolicy::server_order(["other"]).unwrap()), None);
    // Names are compared exactly.
    assert_eq!(choose(SubprotocolPolicy::server_order(["WAMP"]).unwrap()), None);
    assert_eq!(choose(SubprotocolPolicy::exactly("wamp").unwrap()).as_deref(), Some("wamp"));

    let answer = serve(&request, &Choice::new().subprotocols(SubprotocolPolicy::exactly("chat").unwrap())).answer();
    assert!(answer.contains("\r\nSec-WebSocket-Protocol: chat\r\n"));
    assert!(!serve_default(&request).answer().contains("Protocol:"));

    let required = Choice::new().subprotocols(SubprotocolPolicy::exactly("other").unwrap());
    for request in [request, Head::request()] {
        let refusal = serve(&request, &required).refusal();
        assert_eq!(refusal.error(), Some(&HandshakeError::SubprotocolRequired));
        assert_eq!(status(&refusal), 400);
    }
}

/// RFC 6455, section 4.1, item 10: `1#token`, all unique.
#[test]
fn a_list_of_subprotocols_that_breaks_its_grammar_is_400() {
    for list in ["", ",", "a b", "chat, \"quoted\"", "chat;v=1", "caf\u{e9}"] {
        let error = refused(&Head::request().line(SEC_WEBSOCKET_PROTOCOL, list));
        assert!(matches!(error.error(), Some(HandshakeError::Malformed(SEC_WEBSOCKET_PROTOCOL, _))), "{list}: {error}");
        assert_eq!(status(&error), 400);
    }
    for request in [
        Head::request().line(SEC_WEBSOCKET_PROTOCOL, "chat, mqtt, chat"),
        Head::request().line(SEC_WEBSOCKET_PROTOCOL, "chat").line(SEC_WEBSOCKET_PROTOCOL, "chat"),
    ] {
        assert_eq!(refused(&request).error(), Some(&HandshakeError::RepeatedSubprotocol));
    }
}

#[test]
fn more_subprotocols_than_the_limit_are_431() {
    let names = |count: usize| (0..count).map(|number| format!("p{number}")).collect::<Vec<_>>().join(",");
    let all = Head::request().line(SEC_WEBSOCKET_PROTOCOL, names(MAX_SUBPROTOCOLS));
    let last = format!("p{}", MAX_SUBPROTOCOLS - 1);
    let choice = Choice::new().subprotocols(SubprotocolPolicy::exactly(last.clone()).unwrap());
    assert_eq!(serve_pieces(&[&all.to_bytes()], &choice, EarlyData::Keep).subprotocol(), Some(last));
    let more = Head::request().line(SEC_WEBSOCKET_PROTOCOL, names(MAX_SUBPROTOCOLS + 1));
    let refusal = serve_pieces(&[&more.to_bytes()], &choice, EarlyData::Keep).refusal();
    assert_eq!((refusal.error(), status(&refusal)), (Some(&HandshakeError::TooManySubprotocols), 431));
}

/// RFC 6455, section 9.1: one line or many mean the same, in this order.
#[test]
fn extensions_are_one_list_over_all_lines() {
    let one = Head::request().line(SEC_WEBSOCKET_EXTENSIONS, "mux; max=4, deflate;on, mux; max=\"2\"");
    let many = Head::request()
        .line(SEC_WEBSOCKET_EXTENSIONS, "mux; max=4")
        .line(SEC_WEBSOCKET_EXTENSIONS, "deflate;on,")
        .line(SEC_WEBSOCKET_EXTENSIONS, "mux; max=\"2\"");
    for request in [one, many] {
        with_proposal(&request, |proposal| {
            let names: Vec<_> = proposal.extensions().map(|extension| extension.name.to_owned()).collect();
            assert_eq!(names, ["mux", "deflate", "mux"]);
        });
        // None is agreed.
        assert!(!serve_default(&request).answer().contains("Extensions"));
    }
}

/// RFC 6455, sections 9.1 and 4.3: what breaks the grammar fails the handshake, as does a quoted value that is no
/// token.
#[test]
fn extensions_that_break_their_grammar_are_400() {
    for list in [
        "",
        ",",
        "a b",
        "a;",
        "a; ;b",
        "a; b=",
        "a; =c",
        "a; b=\"",
        "a; b=\"c",
        "a; b=\"c d\"",
        "a; b=\"\"",
        "a; b=\"c\\\"\"",
        "a; b c",
        "\"a\"",
        "a/1",
        "a; b=\"c\"d",
    ] {
        let refusal = refused(&Head::request().line(SEC_WEBSOCKET_EXTENSIONS, list));
        assert!(
            matches!(refusal.error(), Some(HandshakeError::Malformed(SEC_WEBSOCKET_EXTENSIONS, _))),
            "{list}: {refusal}"
        );
        assert_eq!(status(&refusal), 400);
    }
    let escaped = Head::request().line(SEC_WEBSOCKET_EXTENSIONS, "a; b=\"c\\d\"");
    assert!(serve_default(&escaped).answer().starts_with("HTTP/1.1 101 "));
}

/// Requirements 16, 40. RFC 6455, section 10.7: bad data in the handshake gets a status of HTTP.
#[test]
fn a_head_that_is_none_gets_a_status() {
    for (bytes, expected) in [
        (&b"GET / HTTP/1.1\r\nHost : a\r\n\r\n"[..], 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"\x81\x85\x01\x02\x03\x04hello", 400),
    ] {
        let Served::Refused(refusal) = serve_pieces(&[bytes], &Choice::new(), EarlyData::Keep) else { panic!() };
        assert_eq!(status(&refusal), expected);
        assert!(matches!(refusal.error(), Some(HandshakeError::Head(_))));
        switchover_testkit::split::for_every_split(bytes, |pieces| {
            assert_eq!(serve_pieces(pieces, &Choice::new(), EarlyData::Keep), Served::Refused(refusal.clone()));
        });
    }
}

/// Requirements 33, 41. RFC 6455, section 11.3: Key and Version stand once in a request, Protocol and Extensions may be
/// on many lines; RFC 6454, section 7.3: Origin stands once.
#[test]
fn fields_that_stand_once_are_400_when_doubled() {
    for (name, value) in [
        (SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
        (SEC_WEBSOCKET_VERSION, "13"),
        (ORIGIN, "https://example.com"),
    ] {
        let request = Head::request().line(ORIGIN, "https://example.com").line(name, value);
        let refusal = refused(&request);
        assert_eq!(refusal.error(), Some(&HandshakeError::Repeated(name)));
        assert_eq!(status(&refusal), 400);
    }
    let many = Head::request().line(SEC_WEBSOCKET_PROTOCOL, "a").line(SEC_WEBSOCKET_PROTOCOL, "b");
    with_proposal(&many, |proposal| assert_eq!(proposal.subprotocols().collect::<Vec<_>>(), ["a", "b"]));
}

/// Requirement 42. Attack 27. RFC 9110, section 9.3.1; RFC 6455, section 4.1: what follows the head is the new
/// protocol, so there is no content.
#[test]
fn content_on_the_request_is_400() {
    for request in [Head::request().line(CONTENT_LENGTH, "5"), Head::request().line(TRANSFER_ENCODING, "chunked")] {
        let refusal = refused(&request);
        assert_eq!(refusal.error(), Some(&HandshakeError::Content));
        assert_eq!(status(&refusal), 400);
        assert_eq!(response_field(&refusal.to_bytes(), CONNECTION), ["close"]);
    }
    assert!(serve_default(&Head::request().line(CONTENT_LENGTH, "0")).answer().starts_with("HTTP/1.1 101 "));
    let both = Head::request().line(CONTENT_LENGTH, "5").line(TRANSFER_ENCODING, "chunked");
    assert!(matches!(refused(&both).error(), Some(HandshakeError::Head(_))));
}

/// Requirement 43. Attack 25. RFC 6455, section 4.1: a client waits for the answer, and some do not.
#[test]
fn data_behind_the_request_is_kept_or_rejected() {
    let glued = [&Head::request().to_bytes()[..], b"\x81\x85\x01\x02\x03\x04hello"].concat();
    let Served::Accepted { rest, .. } = serve_pieces(&[&glued], &Choice::new(), EarlyData::Keep) else { panic!() };
    assert_eq!(rest, b"\x81\x85\x01\x02\x03\x04hello");

    let refusal = serve_pieces(&[&glued], &Choice::new(), EarlyData::Reject).refusal();
    assert_eq!((refusal.error(), status(&refusal)), (Some(&HandshakeError::EarlyData), 400));
    let alone = Head::request().to_bytes();
    assert!(matches!(serve_pieces(&[&alone], &Choice::new(), EarlyData::Reject), Served::Accepted { .. }));
}

/// Requirement 6. RFC 9110, section 7.8: Upgrade is ignored in a request of HTTP/1.0.
#[test]
fn http_1_0_is_plain_http() {
    let request = Head::request().start_line("GET /notifications HTTP/1.0");
    let Served::Http { refusal, .. } = serve_default(&request) else { panic!() };
    assert_eq!(status(&refusal), 426);
}

/// Requirement 15. RFC 9112, section 9.3.2: one at a time, in order.
#[test]
fn plain_requests_come_one_after_the_other_until_one_proposes_websocket() {
    let plain = Head::new("GET /page HTTP/1.1").line(HOST, "example.com").to_bytes();
    let bytes = [plain.clone(), Head::request().to_bytes()].concat();
    let mut handshake = ServerHandshake::default();
    let Ok(Step::Done { value: Request::Http(request), consumed }) = handshake.receive(&bytes) else { panic!() };
    assert_eq!((request.path(), consumed), ("/page", plain.len()));
    let Ok(Step::Done { value: Request::WebSocket(proposal), .. }) = handshake.receive(&bytes[consumed..]) else {
        panic!()
    };
    assert_eq!(proposal.path(), "/notifications");
}

/// Whichever the answer is, it is in the output, and what belongs to the new protocol stays in the input.
#[test]
fn a_request_is_read_and_answered_in_one_call() {
    let request = Head::request().to_bytes();
    let mut handshake = ServerHandshake::default();
    let mut input = BytesMut::from(&request[..10]);
    let mut output = Vec::new();
    assert_eq!(handshake.answer(&mut input, &Choice::new(), &mut output), None);
    assert_eq!((input.len(), output.len()), (10, 0));
    input.extend_from_slice(&request[10..]);
    input.extend_from_slice(b"\x81\x80");
    let agreement = handshake.answer(&mut input, &Choice::new(), &mut output).unwrap().unwrap();
    assert_eq!(agreement.subprotocol(), None);
    assert_eq!(output, serve_default(&Head::request()).answer().as_bytes());
    assert_eq!(input, b"\x81\x80"[..]);

    for (request, expected) in [
        (Head::request().line(ORIGIN, "null"), 403),
        (Head::request().without(UPGRADE), 426),
        (Head::request().without(UPGRADE).start_line("POST / HTTP/1.1"), 405),
        (Head::request().without(SEC_WEBSOCKET_KEY), 400),
    ] {
        let mut output = b"an earlier response".to_vec();
        let mut input = BytesMut::from(&request.to_bytes()[..]);
        let answer = ServerHandshake::default().answer(&mut input, &Choice::new(), &mut output).unwrap();
        let refusal = answer.unwrap_err();
        assert_eq!(status(&refusal), expected);
        assert_eq!(output, [b"an earlier response", &refusal.to_bytes()[..]].concat());
    }
}

/// RFC 6585, section 5; RFC 9110, section 15.5.15.
#[test]
fn a_head_over_the_limits_is_431_or_414() {
    let limits = Limits { head: 256, target: 64, ..Limits::default() };
    let refusal = |bytes: &[u8]| ServerHandshake::new(limits).receive(bytes).err().unwrap();
    let endless = [&b"GET / HTTP/1.1\r\nHost: a\r\nX: "[..], &[b'x'; 300]].concat();
    assert_eq!(status(&refusal(&endless)), 431);
    let target = [&b"GET /"[..], &[b'x'; 100]].concat();
    assert_eq!(status(&refusal(&target)), 414);
}

#[test]
fn the_101_is_written_whole_or_not_at_all() {
    let choice = Choice::new().field("Set-Cookie", "visit=7").unwrap();
    let whole = serve(&Head::request(), &choice).answer();
    assert!(whole.contains("\r\nSet-Cookie: visit=7\r\n"));
    let bytes = Head::request().to_bytes();
    for room in 0..=whole.len() {
        let mut handshake = ServerHandshake::default();
        let Ok(Step::Done { value: Request::WebSocket(proposal), .. }) = handshake.receive(&bytes) else { panic!() };
        let mut buffer = vec![0; room];
        match proposal.accept(&choice, &mut &mut buffer[..]) {
            Ok(_) => assert_eq!(buffer, whole.as_bytes()),
            Err(error) => {
                assert_eq!(error, AcceptError::Local(LocalError::OutputTooSmall { needed: whole.len() }));
                assert!(room < whole.len() && buffer.iter().all(|byte| *byte == 0));
            }
        }
    }
}

#[test]
fn a_request_that_takes_too_long_is_408() {
    let refusal = Refusal::timeout();
    assert_eq!(status(&refusal), 408);
    assert_eq!(response_field(&refusal.to_bytes(), CONNECTION), ["close"]);
}

/// Whoever reads it gets the field and the section.
#[test]
fn the_content_of_a_refusal_is_the_sentence_that_says_what_is_wrong() {
    for (request, sentence) in [
        (
            Head::request().with(SEC_WEBSOCKET_VERSION, "12"),
            "Sec-WebSocket-Version is not 13, the only version spoken here (RFC 6455, section 4.4)",
        ),
        (Head::request().line(ORIGIN, "null"), "Origin is not one that is let in here (RFC 6455, section 10.2)"),
        (
            Head::request().with(SEC_WEBSOCKET_KEY, "x"),
            "the value of Sec-WebSocket-Key is malformed (RFC 6455, section 4.3)",
        ),
        (
            Head::request().line(SEC_WEBSOCKET_KEY, "x"),
            "Sec-WebSocket-Key is there more than once (RFC 6455, section 11.3.1)",
        ),
        (Head::request().without(HOST), "Host is missing: at offset 144 (RFC 9112, section 3.2)"),
    ] {
        assert_eq!(refused(&request).content(), format!("{sentence}\n").as_bytes());
    }
}

/// RFC 9112, section 9.6: the refusal said `Connection: close`, so nothing behind the request is looked at: neither a
/// request that was sent at once, nor a forged one in content.
#[test]
fn nothing_is_answered_behind_a_refusal() {
    let upgrade = Head::request().to_bytes();
    for first in [
        Head::new("GET / HTTP/1.1").line(HOST, "a"),
        Head::new("POST / HTTP/1.1").line(HOST, "a").line(CONTENT_LENGTH, upgrade.len().to_string()),
        Head::request().line(ORIGIN, "null"),
        Head::request().without(SEC_WEBSOCKET_KEY),
        Head::new("GET / HTTP/1.1"),
    ] {
        let mut input = BytesMut::from(&[first.to_bytes(), upgrade.clone()].concat()[..]);
        let mut output = Vec::new();
        let mut handshake = ServerHandshake::default();
        let refusal = handshake.answer(&mut input, &Choice::new(), &mut output).unwrap().unwrap_err();
        assert_eq!((&output[..], input.len()), (&refusal.to_bytes()[..], 0), "{first:?}");
        // It is written once, and stays.
        input.extend_from_slice(&upgrade);
        let again = handshake.answer(&mut input, &Choice::new(), &mut output);
        assert_eq!(again, Some(Err(refusal.clone())), "{first:?}");
        assert_eq!((&output[..], input.len()), (&refusal.to_bytes()[..], 0), "{first:?}");
        assert_eq!(handshake.receive(&upgrade).unwrap_err(), refusal);
    }
}

/// Requirement 14. RFC 9112, section 6.3: content follows such a request, and it is never read as the next request.
#[test]
fn content_is_not_the_next_request() {
    let upgrade = Head::request().to_bytes();
    for (name, value) in [(CONTENT_LENGTH, "5"), (TRANSFER_ENCODING, "chunked")] {
        let plain = Head::new("POST / HTTP/1.1").line(HOST, "a").line(name, value).to_bytes();
        let mut handshake = ServerHandshake::default();
        assert!(matches!(handshake.receive(&plain), Ok(Step::Done { value: Request::Http(_), .. })));
        let refusal = handshake.receive(&upgrade).unwrap_err();
        assert_eq!((refusal.error(), status(&refusal)), (Some(&HandshakeError::Content), 400));
    }
    let plain = Head::new("POST / HTTP/1.1").line(HOST, "a").line(CONTENT_LENGTH, "0").to_bytes();
    let mut handshake = ServerHandshake::default();
    assert!(matches!(handshake.receive(&plain), Ok(Step::Done { value: Request::Http(_), .. })));
    assert!(matches!(handshake.receive(&upgrade), Ok(Step::Done { value: Request::WebSocket(_), .. })));
}

/// RFC 6455, section 4.2.1, item 1, and section 3: the URI of a WebSocket resource is one of these.
#[test]
fn an_absolute_target_is_a_uri_of_http_or_of_websocket() {
    for target in ["http://example.com/x", "HTTPS://example.com/x", "ws://example.com/x", "wss://example.com/x"] {
        let request = Head::request().start_line(format!("GET {target} HTTP/1.1"));
        with_proposal(&request, |proposal| assert_eq!((proposal.host(), proposal.path()), ("example.com", "/x")));
    }
    for target in ["ftp://example.com/x", "httpx://example.com/x", "urn://example.com"] {
        let refusal = refused(&Head::request().start_line(format!("GET {target} HTTP/1.1")));
        assert_eq!(status(&refusal), 400, "{target}");
    }
    for target in ["example.com:80", "mailto:x", "http:/x", "a:"] {
        let refusal = refused(&Head::request().start_line(format!("GET {target} HTTP/1.1")));
        assert!(matches!(refusal.error(), Some(HandshakeError::Head(_))), "{target}: {refusal}");
    }
}

/// RFC 9112, section 3.2: an empty Host is for targets without an authority, and no resource is named by it.
#[test]
fn an_empty_host_is_400() {
    let refusal = refused(&Head::request().with(HOST, ""));
    assert_eq!((refusal.error(), status(&refusal)), (Some(&HandshakeError::Malformed(HOST, None)), 400));
}

/// RFC 9110, section 9.1: whatever it asks for, a method other than GET gets 405; section 9.3.2: to HEAD without
/// content.
#[test]
fn a_plain_head_request_is_405_without_content() {
    let Served::Http { refusal, .. } = serve_default(&Head::request().without(UPGRADE).start_line("HEAD / HTTP/1.1"))
    else {
        panic!()
    };
    assert_eq!((refusal.error(), status(&refusal)), (Some(&HandshakeError::Method(&["GET"])), 405));
    assert!(refusal.to_bytes().ends_with(b"\r\n\r\n"));
    assert_eq!(response_field(&refusal.to_bytes(), CONTENT_LENGTH), [refusal.content().len().to_string()]);
}

/// RFC 6454, section 5: two origins are the same only if their schemes are.
#[test]
fn a_listed_origin_is_of_one_scheme() {
    let listed = Choice::new().origins(OriginPolicy::listed(["https://example.com:8443"]).unwrap());
    let request = |origin| Head::request().line(ORIGIN, origin);
    assert!(serve(&request("https://EXAMPLE.com:8443"), &listed).answer().starts_with("HTTP/1.1 101 "));
    assert_eq!(serve(&request("http://example.com:8443"), &listed).error(), HandshakeError::ForeignOrigin);
}

/// RFC 6454, section 6.2: what no browser sends would let no page in.
#[test]
fn an_origin_that_is_never_sent_is_no_configuration() {
    for origin in [
        "https://example.com/",
        "https://example.com?x",
        "https://example.com#x",
        "https://u@example.com",
        "https://example.com:99999",
        "https://example.com:x",
        "https://[::1",
        "https://a b",
        "http://",
        "example.com",
        "NULL",
        "",
    ] {
        assert_eq!(OriginPolicy::listed([origin]), Err(LocalError::Origin), "{origin}");
    }
    for origin in ["null", "https://example.com", "http://[::1]:8080", "chrome-extension://abcdef", "file://"] {
        assert!(OriginPolicy::listed([origin]).is_ok(), "{origin}");
        let listed = Choice::new().origins(OriginPolicy::listed([origin]).unwrap());
        assert!(
            serve(&Head::request().line(ORIGIN, origin), &listed).answer().starts_with("HTTP/1.1 101 "),
            "{origin}"
        );
    }
    assert!(!Origin::parse(b"http://").unwrap().is_of_host(""));
}

/// RFC 6455, section 4.1, item 10: names are compared exactly.
#[test]
fn subprotocols_that_differ_in_case_differ() {
    let request = Head::request().line(SEC_WEBSOCKET_PROTOCOL, "Chat, chat");
    with_proposal(&request, |proposal| assert!(proposal.subprotocols().eq(["Chat", "chat"])));
}

/// RFC 9110, sections 15.3.6 and 15.4.5: neither has content, and the length in a 304 would be that of another
/// response.
#[test]
fn a_205_and_a_304_have_no_content() {
    let written = |status| Refusal::new(status).unwrap().to_bytes();
    assert_eq!(
        written(Status::RESET_CONTENT),
        "HTTP/1.1 205 Reset Content\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    assert_eq!(written(Status::NOT_MODIFIED), "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n");
    for status in [Status::RESET_CONTENT, Status::NOT_MODIFIED] {
        assert_eq!(Refusal::new(status).unwrap().body("text/plain", "x"), Err(LocalError::NoContent));
    }
}

/// The limits are those of every request on the connection.
#[test]
fn the_limits_hold_for_the_second_request_too() {
    let mut handshake = ServerHandshake::new(Limits { head: 64, ..Limits::default() });
    assert!(matches!(handshake.receive(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Ok(Step::Done { .. })));
    assert_eq!(status(&handshake.receive(&Head::request().to_bytes()).unwrap_err()), 431);
}

/// RFC 9110, section 9.3.2: a refusal of the server's own keeps to the method of the request.
#[test]
fn a_refusal_of_the_servers_own_has_no_content_for_head() {
    let own = || Refusal::not_found().body("text/html", "<p>no</p>").unwrap();
    for (method, content) in [("HEAD", ""), ("GET", "<p>no</p>"), ("POST", "<p>no</p>")] {
        let bytes = Head::new(format!("{method} / HTTP/1.1")).line(HOST, "a").to_bytes();
        let mut handshake = ServerHandshake::default();
        let Ok(Step::Done { value: Request::Http(request), .. }) = handshake.receive(&bytes) else { panic!() };
        let bytes = request.refuse_with(own()).to_bytes();
        assert_eq!(response_field(&bytes, CONTENT_LENGTH), ["9"], "{method}");
        assert!(bytes.ends_with(format!("\r\n\r\n{content}").as_bytes()), "{method}");
    }
}
