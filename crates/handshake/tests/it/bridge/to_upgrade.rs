//! From HTTP/2 or HTTP/3 to HTTP/1.1.

use bytes::BytesMut;
use http::{HeaderValue, StatusCode, Version};
use switchover_handshake::header::{Framing, Status};
use switchover_handshake::{Answered, HandshakeError, LocalError, Relay, inspect};
use switchover_testkit::split;

use crate::common::bridge::{Meaning, answer, extended, headers, map, meaning, proposal, to_upgrade, with_head};
use crate::common::relay::relay;
use crate::common::{ACCEPT, Head, NONCE};

/// Requirements 5, 46. The bridge has a key of its own, takes Host from `:authority`, and passes on what is for the server.
#[test]
fn the_request_becomes_an_opening_handshake() {
    let request = extended(&[
        ("origin", "https://example.com:8443"),
        ("cookie", "a=b"),
        ("authorization", "Bearer 7"),
        ("host", "example.com:8443"),
        ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ("sec-websocket-accept", "x"),
        ("http2-settings", "AAMAAABk"),
        ("te", "trailers"),
        ("proxy-authorization", "Basic x"),
        ("content-length", "0"),
        ("via", "2 other"),
        ("cookie", "c=d"),
    ]);
    let proposal = proposal(&request);
    let (forwarded, _) = relay().to_upgrade(&proposal, NONCE).unwrap();
    let mut out = Vec::new();
    forwarded.encode(&mut out).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "GET /chat?room=7 HTTP/1.1\r\n\
         Host: example.com:8443\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-version: 13\r\n\
         sec-websocket-protocol: chat, superchat\r\n\
         sec-websocket-extensions: permessage-deflate; client_max_window_bits, x\r\n\
         origin: https://example.com:8443\r\n\
         authorization: Bearer 7\r\n\
         via: 2 other\r\n\
         Cookie: a=b; c=d\r\n\
         Via: 2 edge\r\n\
         \r\n"
    );
    let value = forwarded.to_http().unwrap();
    assert_eq!((value.uri().path(), &value.headers()["cookie"]), ("/chat", &HeaderValue::from_static("a=b; c=d")));
    assert!(inspect(&value).unwrap().is_some());
}

/// RFC 9110, section 5.5: another parser may leave white space around a value.
#[test]
fn white_space_around_a_value_is_no_part_of_it() {
    let mut request = extended(&[]);
    request.headers_mut().insert("x", HeaderValue::from_static(" \t a b \t"));
    request.headers_mut().insert("y", HeaderValue::from_static(" "));
    let proposal = proposal(&request);
    let (forwarded, _) = relay().to_upgrade(&proposal, NONCE).unwrap();
    let values: Vec<_> =
        forwarded.fields().filter(|(name, _)| ["x", "y"].contains(name)).map(|(_, value)| value).collect();
    assert_eq!(values, [&b"a b"[..], b""]);
    assert!(forwarded.encode(&mut Vec::new()).is_ok());
    assert!(format!("{forwarded:?}").contains("\"x\": 3 bytes"));
}

/// What the relay passes on can be added to, and not be made another request.
#[test]
fn the_caller_adds_fields() {
    let request = extended(&[("x-forwarded-for", "10.0.0.1")]);
    let proposal = proposal(&request);
    let (forwarded, _) = relay().to_upgrade(&proposal, NONCE).unwrap();
    let forwarded = forwarded.without("X-Forwarded-For").unwrap().field("X-Forwarded-For", &b"192.0.2.7"[..]).unwrap();
    let added: Vec<_> = forwarded.fields().filter(|(name, _)| name.eq_ignore_ascii_case("x-forwarded-for")).collect();
    assert_eq!(added, [("X-Forwarded-For", &b"192.0.2.7"[..])]);
    for name in ["Host", "upgrade", "Connection", "Sec-WebSocket-Key", "Transfer-Encoding", "content-length", "Via"] {
        assert_eq!(forwarded.clone().field(name, &b"x"[..]).unwrap_err(), LocalError::ReservedField, "{name}");
        assert_eq!(forwarded.clone().without(name).unwrap_err(), LocalError::ReservedField, "{name}");
    }
    assert_eq!(forwarded.clone().field("a b", &b"x"[..]).unwrap_err(), LocalError::FieldName);
    assert_eq!(forwarded.clone().field("a", &b"x\r\nb: c"[..]).unwrap_err(), LocalError::FieldValue);
    assert_eq!(Relay::new("a b").unwrap_err(), LocalError::Pseudonym);
}

/// The same for a response.
#[test]
fn the_caller_adds_fields_to_a_response() {
    with_head(&Head::response().line("Server", "x").to_bytes(), |head| {
        let Answered::Switched { response, .. } = to_upgrade(&[]).answer(&head).unwrap() else {
            panic!("not switched")
        };
        let response = response.without("SERVER").unwrap().field("Set-Cookie", &b"a=b"[..]).unwrap();
        assert_eq!(headers(&response), map(&[("via", "1.1 edge"), ("set-cookie", "a=b")]));
        for name in ["Upgrade", "connection", "Sec-WebSocket-Accept", "Sec-WebSocket-Protocol", "Content-Length"] {
            assert_eq!(response.clone().field(name, &b"x"[..]).unwrap_err(), LocalError::ReservedField, "{name}");
            assert_eq!(response.clone().without(name).unwrap_err(), LocalError::ReservedField, "{name}");
        }
    });
}

/// Requirement 46. A 101 that is verified becomes a 200 without Accept, Upgrade and Connection; the subprotocol, the
/// extensions and all fields for the client go on.
#[test]
fn a_verified_101_becomes_a_200() {
    let head = Head::response()
        .line("Sec-WebSocket-Protocol", "chat")
        .line("Sec-WebSocket-Extensions", "permessage-deflate")
        .line("Set-Cookie", "a=b")
        .line("Set-Cookie", "c=d")
        .line("Keep-Alive", "timeout=5")
        .line("Content-Length", "0")
        .line("Connection", "keep-alive, X-Internal")
        .line("X-Internal", "secret");
    let expected = map(&[
        ("sec-websocket-protocol", "chat"),
        ("sec-websocket-extensions", "permessage-deflate"),
        ("set-cookie", "a=b"),
        ("set-cookie", "c=d"),
        ("via", "1.1 edge"),
    ]);
    assert_eq!(answer(&head), Meaning::Switched(200, expected));
}

/// Requirement 46. Attack 26. Whatever a 101 does not prove is a 502, in the version of the client, and no tunnel.
#[test]
fn a_101_that_is_not_verified_is_a_502() {
    let bare = Head::new("HTTP/1.1 101 Switching Protocols");
    for (head, error) in [
        (bare.clone(), HandshakeError::Missing(&["Upgrade"])),
        (Head::response().without("Upgrade"), HandshakeError::Missing(&["Upgrade"])),
        (Head::response().with("Upgrade", "h2c"), HandshakeError::Mismatch("Upgrade")),
        (Head::response().with("Upgrade", "websocket, h2c"), HandshakeError::Mismatch("Upgrade")),
        (Head::response().without("Connection"), HandshakeError::Missing(&["Connection"])),
        (Head::response().with("Connection", "keep-alive"), HandshakeError::Mismatch("Connection")),
        (Head::response().without("Sec-WebSocket-Accept"), HandshakeError::Missing(&["Sec-WebSocket-Accept"])),
        (
            Head::response().with("Sec-WebSocket-Accept", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            HandshakeError::Mismatch("Sec-WebSocket-Accept"),
        ),
        (Head::response().line("Sec-WebSocket-Accept", ACCEPT), HandshakeError::Repeated("Sec-WebSocket-Accept")),
        (Head::response().line("Sec-WebSocket-Protocol", "mqtt"), HandshakeError::SubprotocolNotOffered),
        (Head::response().line("Sec-WebSocket-Extensions", "y"), HandshakeError::ExtensionNotOffered),
        (
            Head::response().line("Connection", "Sec-WebSocket-Accept"),
            HandshakeError::Nominated("Sec-WebSocket-Accept"),
        ),
        (Head::response().start_line("HTTP/1.0 101 Switching Protocols"), HandshakeError::ResponseVersion),
    ] {
        assert_eq!(answer(&head), Meaning::BadGateway(error), "{head:?}");
        with_head(&head.to_bytes(), |head| {
            let response = to_upgrade(&[]).answer(&head).unwrap_err().to_response().unwrap();
            assert_eq!((response.status(), response.version()), (StatusCode::BAD_GATEWAY, Version::HTTP_2));
            assert!(!response.headers().contains_key("connection"));
        });
    }
    let options = Head::response().line("Connection", "\"unclosed, X-Internal");
    assert!(matches!(answer(&options), Meaning::BadGateway(HandshakeError::Malformed("Connection", Some(_)))));
}

/// Attacks 24, 26. To the client a 2xx is the tunnel: one of a server that did not switch never gets there, whatever fields
/// it has.
#[test]
fn a_2xx_without_a_switch_is_a_502() {
    for status in [200, 201, 204, 206, 299] {
        let plain = Head::new(format!("HTTP/1.1 {status} ")).line("Content-Length", "0");
        assert_eq!(answer(&plain), Meaning::BadGateway(HandshakeError::NotSwitched));
        let dressed = Head::response().start_line(format!("HTTP/1.1 {status} "));
        assert_eq!(answer(&dressed), Meaning::BadGateway(HandshakeError::NotSwitched));
    }
}

/// Requirement 46. Attack 26. Any other final response goes on as one of HTTP, without what its connection had.
#[test]
fn other_responses_pass() {
    let unauthorized = Head::new("HTTP/1.1 401 Unauthorized")
        .line("WWW-Authenticate", "Basic realm=\"x\"")
        .line("Connection", "close, X-Internal")
        .line("X-Internal", "secret")
        .line("Content-Length", "5");
    assert_eq!(
        answer(&unauthorized),
        Meaning::Http {
            status: 401,
            headers: map(&[("www-authenticate", "Basic realm=\"x\""), ("via", "1.1 edge"), ("content-length", "5")]),
            framing: Framing::Length(5),
            closes: false,
        }
    );
    let version = Head::new("HTTP/1.1 426 Upgrade Required")
        .line("Upgrade", "websocket")
        .line("Connection", "Upgrade")
        .line("Sec-WebSocket-Version", "8")
        .line("Transfer-Encoding", "chunked");
    assert_eq!(
        answer(&version),
        Meaning::Http {
            // It says by Upgrade what it requires, and HTTP/2 has no such field.
            status: 400,
            headers: map(&[("sec-websocket-version", "8"), ("via", "1.1 edge")]),
            framing: Framing::UntilClose,
            closes: false,
        }
    );
    let challenge = Head::new("HTTP/1.1 407 ").line("Proxy-Authenticate", "Basic realm=\"x\"");
    assert_eq!(answer(&challenge), Meaning::BadGateway(HandshakeError::ProxyAuthentication));
    let redirect = Head::new("HTTP/1.1 302 Found").line("Location", "/other");
    assert!(matches!(answer(&redirect), Meaning::Http { status: 302, .. }));
    let coded = Head::new("HTTP/1.1 403 Forbidden").line("Transfer-Encoding", "gzip");
    assert_eq!(answer(&coded), Meaning::BadGateway(HandshakeError::Mismatch("Transfer-Encoding")));
    let torn = Head::new("HTTP/1.1 403 Forbidden").line("Content-Length", "1").line("Content-Length", "2");
    assert!(matches!(answer(&torn), Meaning::BadGateway(HandshakeError::Framing(_))));
}

/// Attack 33. Interim responses go on, without what is for the connection, up to a cap.
#[test]
fn interim_responses_pass_and_are_capped() {
    let hints = Head::new("HTTP/1.1 103 Early Hints").line("Link", "</style.css>").line("Connection", "x").to_bytes();
    let mut exchange = to_upgrade(&[]);
    for _ in 0..16 {
        exchange = with_head(&hints, |head| match exchange.answer(&head).unwrap() {
            Answered::Interim { response, exchange } => {
                assert_eq!(headers(&response.unwrap()), map(&[("link", "</style.css>"), ("via", "1.1 edge")]));
                exchange
            }
            other => panic!("not interim: {other:?}"),
        });
    }
    let outcome = with_head(&hints, |head| meaning(exchange.answer(&head)));
    assert_eq!(outcome, Meaning::BadGateway(HandshakeError::TooManyInterim));
}

/// Attack 25. What the client sends early is held and given out by the tunnel alone; beyond the limit it is refused.
#[test]
fn early_data_are_held() {
    let mut exchange = to_upgrade(&[]);
    let mut out = Vec::new();
    split::for_every_split(b"early data", |pieces| {
        let mut exchange = to_upgrade(&[]);
        let mut out = Vec::new();
        for piece in pieces {
            let mut input = BytesMut::from(*piece);
            exchange.receive(&mut input, &mut out).unwrap();
            assert!(input.is_empty() && out.is_empty());
        }
        with_head(&Head::response().to_bytes(), |head| match exchange.answer(&head).unwrap() {
            Answered::Switched { tunnel, .. } => assert_eq!(&tunnel.early_data()[..], b"early data"),
            other => panic!("not switched: {other:?}"),
        });
    });
    exchange.receive(&mut BytesMut::from(&[0; 65_536][..]), &mut out).unwrap();
    let refusal = exchange.receive(&mut BytesMut::from(&b"x"[..]), &mut out).unwrap_err();
    assert_eq!(refusal.error(), Some(&HandshakeError::EarlyData));
    assert!(!refusal.to_response().unwrap().headers().contains_key("connection"));

    let none = relay().early_data(0);
    let request = extended(&[]);
    let proposal = proposal(&request);
    let (_, mut exchange) = none.to_upgrade(&proposal, NONCE).unwrap();
    assert!(exchange.receive(&mut BytesMut::new(), &mut out).is_ok());
    assert!(exchange.receive(&mut BytesMut::from(&b"x"[..]), &mut out).is_err());
}

/// RFC 9113, section 8.3.1; RFC 9112, section 3.2: what other parsers let through in `:path`, and no URI has, is not written
/// to a server of HTTP/1.1. The fault is the client's.
#[test]
fn a_path_that_is_none_is_a_400() {
    for path in ["/a|b", "/{room}", "/?q={x}", "/\"", "/^", "/?`"] {
        let mut request = extended(&[]);
        *request.uri_mut() = format!("https://example.com:8443{path}").parse().unwrap();
        let refusal = relay().to_upgrade(&proposal(&request), NONCE).unwrap_err();
        assert_eq!((refusal.status(), refusal.error()), (Status::BAD_REQUEST, Some(&HandshakeError::Target)), "{path}");
        assert_eq!(refusal.to_response().unwrap().version(), Version::HTTP_2);
    }
}
