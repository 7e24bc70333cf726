//! Bridges between WebSocket over HTTP/2 or HTTP/3 and WebSocket over HTTP/1.1, in both directions.
#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of a test are tests too")]
#![cfg(feature = "http")]

mod common;

use bytes::BytesMut;
use common::{ACCEPT, Head, NONCE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Version};
use proptest::collection::vec;
use proptest::prelude::*;
use switchover_handshake::header::{
    FieldTable, Framing, Limits, RequestHead, ResponseHead, ResponseScan, Status, Step,
};
use switchover_handshake::{
    AcceptError, Answered, Choice, ConnectProtocolSetting, Deflate, Exchange, Expectations, ExtendedConnect,
    HandshakeError, LocalError, Offer, OriginPolicy, Proposal, Refusal, Relay, ServerHandshake, SubprotocolPolicy,
    inspect, inspect_extended, verify, verify_extended,
};
use switchover_testkit::split;

const ENABLED: ConnectProtocolSetting = ConnectProtocolSetting::new(true);

fn relay() -> Relay {
    Relay::new("edge").unwrap()
}

fn extended(fields: &[(&'static str, &str)]) -> Request<()> {
    let mut builder = Request::builder()
        .version(Version::HTTP_2)
        .method("CONNECT")
        .uri("https://example.com:8443/chat?room=7")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-protocol", "chat, superchat")
        .header("sec-websocket-extensions", "permessage-deflate; client_max_window_bits, x");
    for (name, value) in fields {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap()
}

fn proposal(request: &Request<()>) -> Proposal<&Request<()>, ExtendedConnect> {
    inspect_extended(request, Some("websocket")).unwrap().unwrap()
}

/// A request that came by extended CONNECT and has gone on.
fn to_upgrade(fields: &[(&'static str, &str)]) -> Exchange {
    relay().to_upgrade(&proposal(&extended(fields)), NONCE).unwrap().1
}

/// A request that came by Upgrade and has gone on.
fn to_extended() -> Exchange {
    let request = Request::builder()
        .uri("/notifications")
        .header("host", "example.com")
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-protocol", "chat")
        .header("sec-websocket-extensions", "x")
        .body(())
        .unwrap();
    relay().to_extended(&inspect(&request).unwrap().unwrap(), true, ENABLED).unwrap().1
}

/// What an answer means, put into plain values.
#[derive(Debug, PartialEq)]
enum Meaning {
    Interim(Option<(u16, HeaderMap)>),
    Switched(u16, HeaderMap),
    Http { status: u16, headers: HeaderMap, framing: Framing, closes: bool },
    BadGateway(HandshakeError),
}

fn meaning(answered: Result<Answered<'_>, Refusal>) -> Meaning {
    match answered {
        Ok(Answered::Interim { response, .. }) => {
            Meaning::Interim(response.map(|response| (response.status().as_u16(), headers(&response))))
        }
        Ok(Answered::Switched { response, .. }) => Meaning::Switched(response.status().as_u16(), headers(&response)),
        Ok(Answered::Http(response)) => Meaning::Http {
            status: response.status().as_u16(),
            headers: headers(&response),
            framing: response.framing(),
            closes: response.closes(),
        },
        Err(refusal) => {
            assert_eq!(refusal.status(), Status::BAD_GATEWAY);
            Meaning::BadGateway(*refusal.error().unwrap())
        }
    }
}

fn headers(response: &switchover_handshake::ForwardedResponse<'_>) -> HeaderMap {
    response.to_http().unwrap().headers().clone()
}

fn with_head<T>(bytes: &[u8], look: impl FnOnce(ResponseHead<'_>) -> T) -> T {
    let mut fields = FieldTable::<64>::new();
    match ResponseScan::new(Limits::default()).scan(bytes, &mut fields) {
        Ok(Step::Done { value, .. }) => look(value),
        other => panic!("not a response: {other:?}"),
    }
}

/// What the answer of an HTTP/1.1 server means to the bridge in front of it.
fn answer(head: &Head) -> Meaning {
    with_head(&head.to_bytes(), |head| meaning(to_upgrade(&[]).answer(&head)))
}

fn map(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        map.append(*name, value.parse().unwrap());
    }
    map
}

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

/// Requests that other parsers read are passed on as well, but for those of HTTP/2 and HTTP/3, which have no Upgrade.
#[test]
fn requests_of_other_parsers_are_passed_on() {
    let mut request = Request::new(());
    *request.headers_mut() =
        map(&[("host", "example.com"), ("connection", "x-a"), ("x-a", "secret"), ("x-b", " kept ")]);
    for (uri, target, host) in [("/x?y", "/x?y", "example.com"), ("a.example:81", "/", "a.example:81")] {
        *request.uri_mut() = uri.parse().unwrap();
        let (forwarded, _) = relay().forward(&request).unwrap();
        let passed = forwarded.field("Proxy-Authorization", &b"Basic x"[..]).unwrap().to_http().unwrap();
        assert_eq!(passed.uri(), target);
        assert_eq!(
            passed.headers(),
            &map(&[("host", host), ("x-b", "kept"), ("via", "1.1 edge"), ("proxy-authorization", "Basic x")])
        );
    }
    for version in [Version::HTTP_2, Version::HTTP_3] {
        *request.version_mut() = version;
        let refusal = relay().forward(&request).unwrap_err();
        assert_eq!(refusal.status(), Status::HTTP_VERSION_NOT_SUPPORTED);
        assert_eq!(refusal.to_response().unwrap().version(), version);
    }
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

/// Requirements 5, 44, 46. The other way round: a request by Upgrade becomes one by extended CONNECT, without the key and
/// all that is of the connection, and a 2xx becomes the 101 that the key asks for.
#[test]
fn an_upgrade_goes_on_by_extended_connect() {
    let request = Head::request()
        .line("Connection", "X-Internal-Auth")
        .line("X-Internal-Auth", "secret")
        .line("HTTP2-Settings", "AAMAAABk")
        .line("Keep-Alive", "timeout=5")
        .line("Cookie", "a=b")
        .line("Origin", "http://example.com")
        .line("Sec-WebSocket-Protocol", "chat, superchat")
        .to_bytes();
    let mut handshake = ServerHandshake::default();
    let Step::Done { value: switchover_handshake::Request::WebSocket(proposal), .. } =
        handshake.receive(&request).unwrap()
    else {
        panic!("no proposal")
    };
    let disabled = relay().to_extended(&proposal, true, ConnectProtocolSetting::default()).unwrap_err();
    assert_eq!(disabled, AcceptError::Local(LocalError::ConnectProtocol));
    for (secure, uri) in [(true, "https://example.com/notifications"), (false, "http://example.com/notifications")] {
        let (forwarded, exchange) = relay().to_extended(&proposal, secure, ENABLED).unwrap();
        assert_eq!((forwarded.method().as_str(), forwarded.uri().to_string().as_str()), ("CONNECT", uri));
        let expected = map(&[
            ("sec-websocket-version", "13"),
            ("cookie", "a=b"),
            ("origin", "http://example.com"),
            ("sec-websocket-protocol", "chat, superchat"),
            ("via", "1.1 edge"),
        ]);
        assert_eq!(forwarded.headers(), &expected);

        let behind = inspect_extended(&forwarded, Some(ExtendedConnect::PROTOCOL)).unwrap().unwrap();
        let choice = Choice::new()
            .origins(OriginPolicy::any())
            .subprotocols(SubprotocolPolicy::exactly("superchat").unwrap())
            .field("Set-Cookie", "c=d")
            .unwrap();
        let (response, agreement) = behind.accept_response(&choice).unwrap();
        let Answered::Switched { response, .. } = exchange.answer(&response).unwrap() else { panic!("not switched") };
        let mut out = Vec::new();
        response.encode(&mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {ACCEPT}\r\nsec-websocket-protocol: superchat\r\nset-cookie: c=d\r\n\
                 Via: 2 edge\r\n\r\n"
            )
        );
        assert_eq!(agreement.subprotocol(), Some("superchat"));
    }
}

/// Requirement 8. RFC 9110, section 7.8: a client that expects a 100 (Continue) gets it before the 101.
#[test]
fn a_100_goes_before_the_101_of_a_bridge() {
    for (expect, before) in [(None, ""), (Some("100-continue"), "HTTP/1.1 100 Continue\r\n\r\n")] {
        let mut request = Head::request();
        if let Some(expect) = expect {
            request = request.line("Expect", expect);
        }
        let request = request.to_bytes();
        let mut handshake = ServerHandshake::default();
        let Step::Done { value: switchover_handshake::Request::WebSocket(proposal), .. } =
            handshake.receive(&request).unwrap()
        else {
            panic!("no proposal")
        };
        let (_, exchange) = relay().to_extended(&proposal, true, ENABLED).unwrap();
        let response = http::Response::builder().version(Version::HTTP_2).status(200).body(()).unwrap();
        let Answered::Switched { response, .. } = exchange.answer(&response).unwrap() else { panic!("not switched") };
        let mut out = Vec::new();
        response.encode(&mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.starts_with(&format!("{before}HTTP/1.1 101 Switching Protocols\r\n")), "{out}");
    }
}

/// Requirements 18, 46. Attack 24. What a server of HTTP/2 may not answer is a 502 to the client of HTTP/1.1, and what is no
/// 2xx is passed on, framed for the client's connection.
#[test]
fn only_a_2xx_of_http_2_becomes_a_101() {
    let response = |status: u16, fields: &[(&'static str, &str)]| {
        let mut response = http::Response::builder().version(Version::HTTP_2).status(status).body(()).unwrap();
        *response.headers_mut() = map(fields);
        meaning(to_extended().answer(&response))
    };
    assert_eq!(
        response(101, &[("upgrade", "websocket"), ("connection", "upgrade")]),
        Meaning::BadGateway(HandshakeError::ConnectionSpecific("Connection"))
    );
    assert_eq!(
        response(101, &[("sec-websocket-accept", ACCEPT)]),
        Meaning::BadGateway(HandshakeError::SwitchingProtocols)
    );
    assert_eq!(
        response(200, &[("upgrade", "websocket")]),
        Meaning::BadGateway(HandshakeError::ConnectionSpecific("Upgrade"))
    );
    assert_eq!(
        response(200, &[("sec-websocket-protocol", "x")]),
        Meaning::BadGateway(HandshakeError::SubprotocolNotOffered)
    );
    assert_eq!(
        response(200, &[("sec-websocket-extensions", "y")]),
        Meaning::BadGateway(HandshakeError::ExtensionNotOffered)
    );
    // Accept is not processed, and the client gets that of its own key.
    let Meaning::Switched(101, headers) = response(204, &[("sec-websocket-accept", "x"), ("content-length", "0")])
    else {
        panic!("not switched")
    };
    assert_eq!(headers.get_all("sec-websocket-accept").iter().collect::<Vec<_>>(), [ACCEPT]);
    assert!(!headers.contains_key("content-length"));

    let not_found = Meaning::Http {
        status: 404,
        headers: map(&[("content-type", "text/plain"), ("via", "2 edge"), ("transfer-encoding", "chunked")]),
        framing: Framing::Chunked,
        closes: false,
    };
    assert_eq!(response(404, &[("content-type", "text/plain")]), not_found);
    // RFC 9110, section 15.5.22: HTTP/2 has no Upgrade field, which a 426 has in HTTP/1.1.
    let Meaning::Http { status: 426, headers, .. } = response(426, &[("sec-websocket-version", "8")]) else {
        panic!("not passed on")
    };
    assert_eq!(
        (&headers["upgrade"], &headers["connection"]),
        (&"websocket".parse().unwrap(), &"Upgrade".parse().unwrap())
    );
    assert_eq!(headers["sec-websocket-version"], "8");
    assert!(matches!(response(103, &[]), Meaning::Interim(Some((103, _)))));
}

/// Attack 29. A field that is for all recipients cannot be nominated away, and a Connection field that cannot be read is not
/// passed by.
#[test]
fn what_is_nominated_is_no_field_for_all() {
    for (value, is_expected) in [
        (
            "Upgrade, Sec-WebSocket-Version",
            (|error| error == HandshakeError::Nominated("Sec-WebSocket-Version")) as fn(_) -> _,
        ),
        ("upgrade, host", |error| error == HandshakeError::Nominated("Host")),
        ("Upgrade, \"x", |error| matches!(error, HandshakeError::Malformed("Connection", Some(_)))),
    ] {
        let request = Head::request().with("Connection", value).to_bytes();
        let mut handshake = ServerHandshake::default();
        let Ok(Step::Done { value: switchover_handshake::Request::WebSocket(proposal), .. }) =
            handshake.receive(&request)
        else {
            panic!("no proposal: {value}")
        };
        let Err(AcceptError::Refused(refusal)) = relay().to_extended(&proposal, true, ENABLED) else {
            panic!("passed on: {value}")
        };
        assert_eq!(refusal.status(), Status::BAD_REQUEST);
        assert!(is_expected(*refusal.error().unwrap()), "{value}: {refusal}");
    }
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

/// Fields of any kind, many of them for one connection.
fn fields() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let name = prop_oneof![
        prop::sample::select(vec![
            "connection",
            "keep-alive",
            "proxy-connection",
            "te",
            "trailer",
            "upgrade",
            "transfer-encoding",
            "http2-settings",
            "proxy-authorization",
            "proxy-authenticate",
            "x-a",
            "x-b",
            "X-C",
            "cookie",
            "via",
        ])
        .prop_map(str::to_owned),
        "x-[a-z]{1,3}",
    ];
    let value = prop_oneof![
        "(upgrade|close|x-[a-c]|X-[A-C]|cookie)(, ?(keep-alive|x-[a-c]|te)){0,3}".prop_map(String::into_bytes),
        vec(0x21..=0x7eu8, 0..9),
    ];
    vec((name, value), 0..12)
}

/// The names that these fields nominate, where all of Connection can be read.
fn nominated(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all("connection").iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect()
}

fn is_hop_by_hop(name: &str) -> bool {
    [
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
        "transfer-encoding",
        "http2-settings",
        "proxy-authorization",
        "proxy-authenticate",
    ]
    .contains(&name.to_ascii_lowercase().as_str())
}

fn append(headers: &mut HeaderMap, fields: &[(String, Vec<u8>)], leave_out: &[&str]) {
    for (name, value) in fields.iter().filter(|(name, _)| !leave_out.contains(&name.as_str())) {
        headers.append(HeaderName::try_from(name.as_str()).unwrap(), HeaderValue::from_bytes(value).unwrap());
    }
}

/// Nothing nominated and nothing of one connection is among `passed`, and all the rest of `sent` is, in its order.
fn check_passed(sent: &HeaderMap, passed: &HeaderMap, of_this_side: &[&str]) {
    let nominated = nominated(sent);
    for name in passed.keys().map(HeaderName::as_str).filter(|name| !of_this_side.contains(name)) {
        assert!(!is_hop_by_hop(name) && !nominated.iter().any(|other| other == name), "{name}: {sent:?}");
    }
    for name in sent.keys().filter(|name| name.as_str().starts_with("x-") || *name == "set-cookie") {
        if !nominated.iter().any(|other| other == name.as_str()) {
            assert!(sent.get_all(name).iter().eq(passed.get_all(name).iter()), "{name}: {sent:?}");
        }
    }
}

proptest! {
    /// Requirements 5, 46. Attack 29. No field of one connection, and none that Connection names, gets across a bridge, for
    /// any head, in any direction; all others do.
    #[test]
    fn nothing_of_one_connection_gets_across(request_fields in fields(), response_fields in fields()) {
        // From HTTP/2 to HTTP/1.1: HTTP/2 has none of the fields that `inspect_extended` refuses.
        let mut request = extended(&[]);
        let malformed = ["connection", "keep-alive", "proxy-connection", "upgrade", "transfer-encoding", "te"];
        append(request.headers_mut(), &request_fields, &malformed);
        let proposed = proposal(&request);
        let (forwarded, exchange) = relay().to_upgrade(&proposed, NONCE).unwrap();
        let passed = forwarded.to_http().unwrap();
        check_passed(request.headers(), passed.headers(), &["upgrade", "connection"]);
        prop_assert_eq!(&passed.headers()["connection"], "Upgrade");
        prop_assert_eq!(&passed.headers()["upgrade"], "websocket");
        let mut response = http::Response::builder().status(101).version(Version::HTTP_11).body(()).unwrap();
        *response.headers_mut() =
            map(&[("upgrade", "websocket"), ("connection", "upgrade"), ("sec-websocket-accept", ACCEPT)]);
        append(response.headers_mut(), &response_fields, &["upgrade"]);
        match exchange.answer(&response) {
            Ok(Answered::Switched { response: passed, .. }) => {
                check_passed(response.headers(), &headers(&passed), &[]);
                prop_assert!(!headers(&passed).contains_key("sec-websocket-accept"));
            }
            Ok(other) => prop_assert!(false, "{:?}", other),
            Err(refusal) => {
                prop_assert!(matches!(refusal.error(), Some(HandshakeError::Malformed("Connection", _))), "{}", refusal);
            }
        }

        // From HTTP/1.1 to HTTP/2.
        let mut request = Request::new(());
        *request.uri_mut() = "/notifications".parse().unwrap();
        *request.headers_mut() = map(&[
            ("host", "example.com"),
            ("upgrade", "websocket"),
            ("connection", "upgrade"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-version", "13"),
        ]);
        append(request.headers_mut(), &request_fields, &["transfer-encoding"]);
        let proposed = inspect(&request).unwrap().unwrap();
        match relay().to_extended(&proposed, true, ENABLED) {
            Ok((passed, exchange)) => {
                check_passed(request.headers(), passed.headers(), &[]);
                prop_assert!(inspect_extended(&passed, Some("websocket")).is_ok());
                let mut response = http::Response::builder().version(Version::HTTP_2).body(()).unwrap();
                append(response.headers_mut(), &response_fields, &malformed);
                let Answered::Switched { response: passed, .. } = exchange.answer(&response).unwrap() else {
                    panic!("not switched")
                };
                check_passed(response.headers(), &headers(&passed), &["upgrade", "connection"]);
            }
            Err(AcceptError::Refused(refusal)) => {
                prop_assert!(matches!(refusal.error(), Some(HandshakeError::Malformed("Connection", _))), "{}", refusal);
            }
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    /// Requirement 46. Whatever our server answers to what the bridge made of our client's request, the client accepts from
    /// the bridge, and both come to the same agreement; so do they the other way round.
    #[test]
    fn both_ends_agree_across_a_bridge(
        subprotocols in prop::collection::btree_set("[a-z.]{1,5}", 0..4),
        (offered, window, chosen) in (any::<bool>(), 9..=15u8, any::<bool>()),
        picked in any::<prop::sample::Index>(),
        response_fields in vec(("x-[a-z]{1,3}", vec(0x21..=0x7eu8, 0..9)), 0..6),
        request_fields in vec(("x-[a-z]{1,3}", vec(0x21..=0x7eu8, 0..9)), 0..6),
        nonce in any::<[u8; 16]>(),
    ) {
        let subprotocols: Vec<_> = subprotocols.into_iter().collect();
        let mut offer = Offer::new("wss://example.com/chat?room=7".parse().unwrap());
        let mut choice = Choice::new();
        for subprotocol in &subprotocols {
            offer = offer.subprotocol(subprotocol.as_str()).unwrap();
        }
        if !subprotocols.is_empty() {
            choice = choice.subprotocols(SubprotocolPolicy::exactly(picked.get(&subprotocols).as_str()).unwrap());
        }
        if offered {
            offer = offer.extension(Deflate::new().peer_window(window).unwrap()).unwrap();
        }
        if chosen {
            choice = choice.extension(Deflate::new().no_own_context_takeover()).unwrap();
        }
        for (name, value) in &request_fields {
            offer = offer.field(name, value).unwrap();
        }
        for (name, value) in &response_fields {
            choice = choice.field(name, value).unwrap();
        }
        let (request, expectations): (_, Expectations<ExtendedConnect>) = offer.to_extended_request(ENABLED).unwrap();
        let proposed = proposal(&request);
        let (forwarded, exchange) = relay().to_upgrade(&proposed, nonce).unwrap();
        let (mut upstream, mut answer) = (Vec::new(), Vec::new());
        forwarded.encode(&mut upstream).unwrap();
        let mut server = ServerHandshake::default();
        let Step::Done { value: switchover_handshake::Request::WebSocket(behind), .. } =
            server.receive(&upstream).unwrap()
        else {
            panic!("no proposal")
        };
        check_fields(behind.view(), &request_fields);
        let agreement = behind.accept(&choice, &mut answer).unwrap();
        prop_assert_eq!(agreement.deflate().is_some(), offered && chosen);
        with_head(&answer, |head| {
            let Answered::Switched { response, .. } = exchange.answer(&head).unwrap() else { panic!("not switched") };
            assert_eq!(verify_extended(&response.to_http().unwrap(), &expectations), Ok(agreement));
        });

        let (request, expectations) = offer.to_request(nonce).unwrap();
        let proposed = inspect(&request).unwrap().unwrap();
        let (forwarded, exchange) = relay().to_extended(&proposed, true, ENABLED).unwrap();
        let (response, agreement) = proposal(&forwarded).accept_response(&choice).unwrap();
        let Answered::Switched { response, .. } = exchange.answer(&response).unwrap() else { panic!("not switched") };
        prop_assert_eq!(verify(&response.to_http().unwrap(), &expectations), Ok(agreement));
    }
}

fn check_fields(head: &RequestHead<'_>, fields: &[(String, Vec<u8>)]) {
    for (name, _) in fields {
        let sent = fields.iter().filter(|(other, _)| other == name).map(|(_, value)| &value[..]);
        assert!(head.values(name).eq(sent), "{name}");
    }
}
