//! From HTTP/1.1 to HTTP/2 or HTTP/3.

use http::Version;
use switchover_handshake::header::{Framing, Status, Step};
use switchover_handshake::{
    AcceptError, Answered, Choice, ConnectProtocolSetting, ExtendedConnect, HandshakeError, LocalError, OriginPolicy,
    ServerHandshake, SubprotocolPolicy, inspect_extended,
};

use crate::common::bridge::{ENABLED, Meaning, map, meaning, to_extended};
use crate::common::relay::relay;
use crate::common::{ACCEPT, Head};

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
        response(200, &[("sec-websocket-protocol", "a b")]),
        Meaning::BadGateway(HandshakeError::Malformed("Sec-WebSocket-Protocol", None))
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
    let challenge = response(407, &[("proxy-authenticate", "Basic realm=\"x\"")]);
    assert_eq!(challenge, Meaning::BadGateway(HandshakeError::ProxyAuthentication));
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
