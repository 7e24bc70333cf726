//! What the head of an opening handshake has to be (RFC 6455, section 4.2.1).

use switchover_handshake::header::names::{
    CONNECTION, CONTENT_LENGTH, HOST, ORIGIN, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    TRANSFER_ENCODING, UPGRADE,
};
use switchover_handshake::header::{Limits, Step};
use switchover_handshake::{Choice, EarlyData, HandshakeError, Protocol, Protocols, Refusal, Request, ServerHandshake};

use crate::common::server::{refused, status, with_proposal};
use crate::common::{Head, Served, response_field, serve_default, serve_pieces};

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

/// Requirement 6. RFC 9110, section 7.8: Upgrade is ignored in a request of HTTP/1.0.
#[test]
fn http_1_0_is_plain_http() {
    let request = Head::request().start_line("GET /notifications HTTP/1.0");
    let Served::Http { refusal, .. } = serve_default(&request) else { panic!() };
    assert_eq!(status(&refusal), 426);
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

/// RFC 9112, section 3.2.2.
#[test]
fn the_authority_of_an_absolute_target_takes_the_place_of_host() {
    let request = Head::request().start_line("GET http://example.org/chat HTTP/1.1").line(ORIGIN, "http://example.org");
    assert!(serve_default(&request).answer().starts_with("HTTP/1.1 101 "));
    with_proposal(&request, |proposal| assert_eq!((proposal.host(), proposal.path()), ("example.org", "/chat")));
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

/// Whoever serves one kind of proposal has it of a request, or the response to any other.
#[test]
fn a_request_as_one_kind_of_proposal() {
    let protocols = Protocols::new([Protocol::websocket(), Protocol::new("lines").unwrap()]).unwrap();
    let lines = Head::request().with(UPGRADE, "lines");
    let connect = Head::new("CONNECT example.com:443 HTTP/1.1").line(HOST, "example.com:443");
    let get = Head::new("GET / HTTP/1.1").line(HOST, "example.com");
    for (kind, head) in [Head::request(), lines, connect, get].into_iter().enumerate() {
        let bytes = head.to_bytes();
        let receive = |hand_over: &dyn Fn(Request<'_>) -> Result<(), Refusal>| {
            let mut handshake = ServerHandshake::default().protocols(&protocols).tunnels();
            let Ok(Step::Done { value: request, .. }) = handshake.receive(&bytes) else { panic!("{head:?}") };
            hand_over(request)
        };
        let websocket = receive(&|request| {
            let refusal = request.plain().refuse();
            let proposal = request.into_websocket().inspect_err(|error| assert_eq!(error, &refusal))?;
            assert_eq!(proposal.key().accept(), *crate::common::ACCEPT.as_bytes());
            Ok(())
        });
        let upgrade = receive(&|request| {
            let proposal = request.into_upgrade(&protocols)?;
            assert!(proposal.view().values(UPGRADE).eq([b"lines"]));
            Ok(())
        });
        let tunnel = receive(&|request| {
            let proposal = request.into_connect()?;
            assert_eq!(proposal.authority().host, "example.com");
            Ok(())
        });
        let is_refused = |refused: &Result<(), Refusal>, code: u16, field: &str, value: &str| match refused {
            Ok(()) => false,
            Err(refusal) => {
                assert_eq!((status(refusal), response_field(&refusal.to_bytes(), field)), (code, vec![value.into()]));
                true
            }
        };
        let (code, field, value) = if kind == 2 { (405, "Allow", "GET") } else { (426, UPGRADE, "websocket") };
        assert_eq!(is_refused(&websocket, code, field, value), kind != 0, "{head:?}");
        assert_eq!(is_refused(&upgrade, 426, UPGRADE, "websocket, lines"), kind != 1, "{head:?}");
        assert_eq!(is_refused(&tunnel, 405, "Allow", "CONNECT"), kind != 2, "{head:?}");
    }
}
