//! The same handshake over `http::Request` and `http::Response`.

use http::{Method, Request, Response, StatusCode, Version};
use switchover_handshake::header::names::{SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION};
use switchover_handshake::header::{FieldTable, Limits, RequestScan, Status, Step};
use switchover_handshake::{
    AcceptError, Answered, Attempt, Choice, ConnectProtocolSetting, HandshakeError, LocalError, Offer, Protocol,
    Protocols, Refusal, SubprotocolPolicy, UpgradeChoice, UpgradeOffer, inspect, inspect_connect, inspect_upgrade,
    verify,
};

use crate::common::bridge::{Meaning, map, meaning, to_upgrade};
use crate::common::relay::relay;
use crate::common::{ACCEPT, Head};

const NONCE: [u8; 16] = *b"the sample nonce";

fn offer() -> Offer {
    Offer::new("ws://example.com:8080/notifications?since=7".parse().unwrap())
        .subprotocol("chat")
        .unwrap()
        .field("X-Many", "a")
        .unwrap()
        .field("X-Many", "b")
        .unwrap()
}

#[test]
fn a_client_and_a_server_agree() {
    let (request, expectations) = offer().to_request(NONCE).unwrap();
    assert_eq!(request.uri(), "/notifications?since=7");
    assert_eq!(request.headers()["host"], "example.com:8080");
    assert_eq!(request.headers().get_all("x-many").iter().collect::<Vec<_>>(), ["a", "b"]);

    let proposal = inspect(&request).unwrap().expect("it proposes WebSocket");
    assert_eq!((proposal.path(), proposal.host()), ("/notifications?since=7", "example.com:8080"));
    let choice = Choice::new()
        .subprotocols(SubprotocolPolicy::exactly("chat").unwrap())
        .field("Set-Cookie", "a=b")
        .unwrap()
        .field("Set-Cookie", "c=d")
        .unwrap();
    let (response, agreement) = proposal.accept_response(&choice).unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);

    assert_eq!(verify(&response, &expectations), Ok(agreement));
}

#[test]
fn the_same_proposal_can_be_answered_in_bytes() {
    let (request, _) = offer().to_request(NONCE).unwrap();
    let (parts, ()) = request.into_parts();
    let mut out = Vec::new();
    inspect(parts).unwrap().unwrap().accept(&Choice::new(), &mut out).unwrap();
    assert!(out.starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
}

#[test]
fn what_does_not_ask_for_websocket_is_left_to_http() {
    assert!(inspect(&Request::new(())).unwrap().is_none());
    let (mut request, _) = offer().to_request(NONCE).unwrap();
    // RFC 9113, section 8.2.2: HTTP/2 has no Upgrade.
    *request.version_mut() = Version::HTTP_2;
    assert!(inspect(&request).unwrap().is_none());
    *request.version_mut() = Version::HTTP_10;
    assert!(inspect(&request).unwrap().is_none());
}

#[test]
fn refusals_become_responses() {
    let (mut request, _) = offer().to_request(NONCE).unwrap();
    request.headers_mut().remove(SEC_WEBSOCKET_KEY);
    request.headers_mut().remove(SEC_WEBSOCKET_VERSION);
    let refusal = inspect(&request).unwrap_err();
    let response = refusal.to_response().unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(response.headers()["sec-websocket-version"], "13");
    assert_eq!(response.headers()["content-length"], response.body().len().to_string());
    assert_eq!(
        &response.body()[..],
        b"Sec-WebSocket-Key and Sec-WebSocket-Version are missing (RFC 6455, section 4.2.1)\n"
    );

    let (mut request, _) = offer().to_request(NONCE).unwrap();
    *request.method_mut() = Method::HEAD;
    let response = inspect(&request).unwrap_err().to_response().unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()["allow"], "GET");
    assert!(response.body().is_empty());

    let own = Refusal::new(Status::new(499).unwrap()).unwrap().to_response().unwrap();
    assert_eq!(own.status().as_u16(), 499);
}

/// RFC 9112, section 6.3: another parser may have let it through.
#[test]
fn framing_that_cannot_be_told_is_refused() {
    for (name, value, status) in [
        ("content-length", "+5", 400),
        ("transfer-encoding", "chunked, x", 400),
        ("transfer-encoding", "gzip, chunked", 501),
    ] {
        let (mut request, _) = offer().to_request(NONCE).unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        let refusal = inspect(&request).unwrap_err();
        assert!(matches!(refusal.error(), Some(HandshakeError::Framing(_))), "{refusal}");
        assert_eq!(refusal.status().as_u16(), status, "{refusal}");
        let error = refusal.error().unwrap();
        assert_eq!(std::error::Error::source(error).unwrap().to_string(), error.to_string());
    }
}

#[test]
fn the_policies_are_the_same() {
    let (mut request, _) = offer().to_request(NONCE).unwrap();
    request.headers_mut().insert("origin", "https://example.org".parse().unwrap());
    let refused = inspect(&request).unwrap().unwrap().accept_response(&Choice::new()).unwrap_err();
    assert!(
        matches!(refused, AcceptError::Refused(refusal) if refusal.error() == Some(&HandshakeError::ForeignOrigin))
    );

    request.headers_mut().remove("host");
    assert_eq!(inspect(&request).unwrap_err().error(), Some(&HandshakeError::Missing(&["Host"])));
}

#[test]
fn a_response_that_is_not_the_answer_is_an_error() {
    let (_, expectations) = offer().to_request(NONCE).unwrap();
    assert_eq!(verify(&Response::new(()), &expectations), Err(HandshakeError::NotSwitched));
    let bare = Response::builder().status(101).body(()).unwrap();
    assert_eq!(verify(&bare, &expectations), Err(HandshakeError::Missing(&["Upgrade"])));
}

/// RFC 9110, section 7.2: what other parsers let through.
#[test]
fn a_host_or_a_target_that_is_none_is_refused() {
    for host in ["", "a b", "u@example.com", "a:x", "a/b", "a, b"] {
        let (mut request, _) = offer().to_request(NONCE).unwrap();
        request.headers_mut().insert("host", host.parse().unwrap());
        let refusal = inspect(&request).unwrap_err();
        assert!(matches!(refusal.error(), Some(HandshakeError::Malformed("Host", _))), "{host}: {refusal}");
    }
    for (uri, accepted) in [("https://example.com/x", true), ("ftp://example.com/x", false)] {
        let (mut request, _) = offer().to_request(NONCE).unwrap();
        *request.uri_mut() = uri.parse().unwrap();
        assert_eq!(inspect(&request).is_ok(), accepted, "{uri}");
    }
}

#[test]
fn more_fields_than_http_has_room_for_are_an_error() {
    let mut offer = offer();
    for number in 0..=32_768 {
        offer = offer.field(&format!("x-{number}"), "").unwrap();
    }
    assert_eq!(offer.to_request(NONCE).unwrap_err(), LocalError::TooManyFields);
}

/// The same for other protocols, with content that the caller has read.
#[test]
fn other_protocols_are_agreed_on_too() {
    let offer = UpgradeOffer::new("POST", "/x?y=z", "docker").unwrap().protocol(Protocol::docker()).unwrap();
    let offer = offer.field("X-Many", "a").unwrap().field("X-Many", "b").unwrap().content("{}");
    let (request, expectations) = offer.to_request().unwrap();
    assert_eq!(
        (request.method(), request.uri().to_string(), &request.body()[..]),
        (&Method::POST, "/x?y=z".into(), &b"{}"[..])
    );
    assert_eq!(request.headers()["content-length"], "2");
    assert_eq!(request.headers().get_all("x-many").iter().count(), 2);

    let protocols = Protocols::new([Protocol::websocket(), Protocol::docker()]).unwrap();
    let proposal = inspect_upgrade(&request, &protocols).unwrap().expect("it proposes tcp");
    let choice = UpgradeChoice::new().protocol("tcp").unwrap().field("Content-Type", "x/y").unwrap();
    let (response, switched) = proposal.accept_response(&choice).unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(response.headers()["content-type"], "x/y");
    assert_eq!(expectations.judge(&response), Ok(Some(switched)));

    let proposal = inspect_upgrade(&request, &protocols).unwrap().unwrap();
    let other = UpgradeChoice::new().protocol("foo").unwrap();
    assert_eq!(proposal.accept_response(&other).unwrap_err(), LocalError::ProtocolNotOffered);
    let empty = UpgradeOffer::new("GET", "/", "a").unwrap();
    assert_eq!(empty.to_request().unwrap_err(), LocalError::NoProtocol);
}

/// Another parser may let through what the scan of a head does not.
#[test]
fn a_request_of_another_parser_is_checked_as_well() {
    let protocols = Protocols::new([Protocol::docker()]).unwrap();
    let request = |lines: &[(&str, &str)]| {
        let request = Request::builder().method(Method::POST).uri("/x").header("connection", "upgrade");
        let request = lines.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.header("upgrade", "tcp").body(()).unwrap()
    };
    assert!(inspect_upgrade(request(&[("host", "a")]), &protocols).unwrap().is_some());
    let error = |lines: &[(&str, &str)]| *inspect_upgrade(request(lines), &protocols).unwrap_err().error().unwrap();
    assert_eq!(error(&[]), HandshakeError::Missing(&["Host"]));
    assert_eq!(error(&[("host", "a"), ("host", "b")]), HandshakeError::Repeated("Host"));
    assert!(matches!(error(&[("host", "a b")]), HandshakeError::Malformed("Host", Some(_))));
    let both = [("host", "a"), ("content-length", "5"), ("transfer-encoding", "chunked")];
    assert!(matches!(error(&both), HandshakeError::Framing(_)));
}

/// Requirement 13. RFC 9110, section 9.3.6.
#[test]
fn a_tunnel_needs_a_port() {
    let request = |uri: &str| Request::builder().method(Method::CONNECT).uri(uri).body(()).unwrap();
    let with_port = request("example.com:443");
    let proposal = inspect_connect(&with_port).unwrap().expect("it proposes a tunnel");
    assert_eq!((proposal.authority().host, proposal.authority().port), ("example.com", Some(443)));
    for uri in ["example.com", "example.com:0", "/x"] {
        let refusal = inspect_connect(request(uri)).unwrap_err();
        assert_eq!((refusal.error(), refusal.status().as_u16()), (Some(&HandshakeError::Authority), 400), "{uri}");
    }
    assert!(inspect_connect(Request::new(())).unwrap().is_none());
}

/// Requirement 18. RFC 9113, sections 8.2.2 and 8.6; RFC 9114, section 4.5: HTTP/2 and HTTP/3 have no Upgrade, no 101
/// and no tunnel that takes the connection; what comes with them is malformed and never switches anything.
#[test]
fn http_2_and_http_3_do_not_switch() {
    let offer = UpgradeOffer::new("GET", "/", "a").unwrap().protocol(Protocol::spdy()).unwrap();
    let protocols = Protocols::new([Protocol::spdy()]).unwrap();
    for version in [Version::HTTP_2, Version::HTTP_3, Version::HTTP_10] {
        let (mut request, expectations) = offer.to_request().unwrap();
        *request.version_mut() = version;
        assert!(inspect_upgrade(&request, &protocols).unwrap().is_none());
        let mut response =
            Response::builder().status(101).header("upgrade", "SPDY/3.1").header("connection", "upgrade");
        response = response.version(version);
        assert_eq!(expectations.judge(&response.body(()).unwrap()), Err(HandshakeError::ResponseVersion));
        let tunnel = Request::builder().method(Method::CONNECT).uri("a:1").version(version).body(()).unwrap();
        assert_eq!(inspect_connect(&tunnel).unwrap().is_some(), version == Version::HTTP_10);
    }
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
    // RFC 9112, section 3.2: what no URI has is refused, whatever the parser was.
    for uri in ["/a|b", "/?{x}", "http://a.example/?{x}"] {
        *request.uri_mut() = uri.parse().unwrap();
        let refusal = relay().forward(&request).unwrap_err();
        assert_eq!((refusal.status(), refusal.error()), (Status::BAD_REQUEST, Some(&HandshakeError::Target)), "{uri}");
    }
    for version in [Version::HTTP_2, Version::HTTP_3] {
        *request.version_mut() = version;
        let refusal = relay().forward(&request).unwrap_err();
        assert_eq!(refusal.status(), Status::HTTP_VERSION_NOT_SUPPORTED);
        assert_eq!(refusal.to_response().unwrap().version(), version);
    }
}

/// What is wrong with a target is one error, wherever it is found.
#[test]
fn a_target_that_http_has_no_room_for_is_an_error() {
    let path = format!("/{}", "x".repeat(70_000));
    let long = Offer::new(format!("wss://example.com{path}").parse().unwrap());
    assert_eq!(long.to_request(NONCE).unwrap_err(), LocalError::Target);
    let enabled = ConnectProtocolSetting::new(true);
    assert_eq!(long.to_extended_request(enabled).unwrap_err(), LocalError::Target);
    let upgrade = UpgradeOffer::new("GET", &path, "a").unwrap().protocol(Protocol::h2c()).unwrap();
    let upgrade = upgrade.field("HTTP2-Settings", "AAMAAABk").unwrap();
    assert_eq!(upgrade.to_request().unwrap_err(), LocalError::Target);
    assert_eq!(UpgradeOffer::new("GET", "/a b", "a").unwrap_err(), LocalError::Target);
    for method in ["", "G T", "GET\r\n"] {
        assert_eq!(UpgradeOffer::new(method, "/", "a").unwrap_err(), LocalError::Method, "{method:?}");
    }

    let bytes = Head::request().start_line(format!("GET {path} HTTP/1.1")).to_bytes();
    let mut fields = FieldTable::<16>::new();
    let limits = Limits { target: usize::MAX, start_line: usize::MAX, head: usize::MAX, ..Limits::default() };
    let Ok(Step::Done { value: head, .. }) = RequestScan::new(limits).scan(&bytes, &mut fields) else { panic!() };
    let (forwarded, _) = relay().forward(&head).unwrap();
    assert_eq!(forwarded.to_http().unwrap_err(), LocalError::Target);
    let proposal = inspect(head).unwrap().unwrap();
    assert_eq!(relay().to_extended(&proposal, true, enabled).unwrap_err(), AcceptError::Local(LocalError::Target));
}

/// So are the responses of other parsers: to an upgrade, to CONNECT, and across a bridge.
#[test]
fn responses_of_other_parsers_are_passed_on() {
    let response = |status: u16, fields: &[(&'static str, &str)]| {
        let mut response = Response::builder().status(status).body(()).unwrap();
        *response.headers_mut() = map(fields);
        response
    };
    let upgrade = || relay().tunnels().forward(&offer().to_request(NONCE).unwrap().0).unwrap().1;
    let connect = || {
        let request = Request::builder().method(Method::CONNECT).uri("a.example:443").header("host", "a.example:443");
        relay().tunnels().forward(&request.body(()).unwrap()).unwrap().1
    };
    let accepted = [("upgrade", "websocket"), ("connection", "upgrade"), ("sec-websocket-accept", ACCEPT)];
    assert!(matches!(meaning(upgrade().answer(&response(101, &accepted))), Meaning::Switched(101, _)));
    let advertising = [("upgrade", "h2c, websocket"), ("connection", "upgrade")];
    let Meaning::Http { status: 426, headers, .. } = meaning(upgrade().answer(&response(426, &advertising))) else {
        panic!()
    };
    assert_eq!(headers["upgrade"], "websocket");
    let others = [("upgrade", "h2c"), ("connection", "upgrade")];
    let missing = Meaning::BadGateway(HandshakeError::Missing(&["Upgrade"]));
    assert_eq!(meaning(upgrade().answer(&response(426, &others))), missing);
    assert!(matches!(meaning(connect().answer(&response(204, &[]))), Meaning::Switched(204, _)));
    assert!(matches!(meaning(connect().answer(&response(404, &[]))), Meaning::Http { status: 404, closes: true, .. }));
    let not_switched = Meaning::BadGateway(HandshakeError::NotSwitched);
    assert_eq!(meaning(to_upgrade(&[]).answer(&response(200, &[]))), not_switched);
    assert!(matches!(meaning(to_upgrade(&[]).answer(&response(404, &[]))), Meaning::Http { status: 404, .. }));

    let mut exchange = upgrade();
    for _ in 0..16 {
        exchange = match exchange.answer(&response(103, &[])).unwrap() {
            Answered::Interim { exchange, .. } => exchange,
            other => panic!("{other:?}"),
        };
    }
    let endless = Meaning::BadGateway(HandshakeError::TooManyInterim);
    assert_eq!(meaning(exchange.answer(&response(103, &[]))), endless);
}

/// RFC 9110, section 9.3.6: the target of CONNECT is a host and a port, which not every parser sees to.
#[test]
fn a_tunnel_leads_to_a_host() {
    for (uri, is_valid) in [("a.example:443", true), (":443", false), ("u@:443", false), ("a.example", false)] {
        let request = Request::builder().method(Method::CONNECT).uri(uri).body(()).unwrap();
        let outcome = inspect_connect(&request).map(|proposal| proposal.is_some());
        let error = outcome.as_ref().err().and_then(Refusal::error);
        let expected = (!is_valid).then_some(&HandshakeError::Authority);
        assert_eq!((outcome.as_ref().ok(), error), (is_valid.then_some(&true), expected), "{uri}");
    }
}
