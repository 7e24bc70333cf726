//! WebSocket by extended CONNECT, over the types of the crate `http` as implementations of HTTP/2 and HTTP/3 give them.

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use proptest::prelude::*;
use switchover_handshake::header::names::{HOST, SEC_WEBSOCKET_VERSION};
use switchover_handshake::header::{self, FieldsView, Framing, FramingError, RequestView, Status};
use switchover_handshake::{
    AcceptError, Choice, ConnectChoice, ConnectProtocolSetting, Deflate, Expectations, ExtendedConnect,
    ExtendedRequest, HandshakeError, LocalError, Offer, OriginPolicy, Protocol, Protocols, Refusal, Requirement,
    SettingError, StreamEnd, SubprotocolPolicy, inspect, inspect_extended, inspect_extended_protocol, verify_extended,
};

const WEBSOCKET: Option<&str> = Some(ExtendedConnect::PROTOCOL);
const ENABLED: ConnectProtocolSetting = ConnectProtocolSetting::new(true);
/// RFC 9113, section 8.2.2.
const OF_A_CONNECTION: [&str; 5] = ["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"];

fn offer() -> Offer {
    Offer::new("wss://server.example.com/chat?room=7".parse().unwrap()).subprotocol("chat").unwrap()
}

/// The request of the example in RFC 8441, section 5.1, in its version of HTTP.
fn request(version: Version) -> Request<()> {
    Request::builder()
        .version(version)
        .method("CONNECT")
        .uri("https://server.example.com/chat")
        .header("sec-websocket-protocol", "chat, superchat")
        .header("sec-websocket-extensions", "permessage-deflate")
        .header("sec-websocket-version", "13")
        .header("origin", "http://www.example.com")
        .body(())
        .unwrap()
}

fn refused(request: &Request<()>) -> Refusal {
    match inspect_extended(request, WEBSOCKET) {
        Err(refusal) => refusal,
        Ok(other) => panic!("not refused: {other:?}"),
    }
}

fn error(request: &Request<()>) -> HandshakeError {
    *refused(request).error().unwrap()
}

fn with(name: &'static str, value: &str) -> Request<()> {
    let mut request = request(Version::HTTP_2);
    request.headers_mut().append(name, value.parse().unwrap());
    request
}

fn expectations() -> Expectations<ExtendedConnect> {
    offer().extended_expectations()
}

fn response(status: u16, fields: &[(&'static str, &str)]) -> Response<()> {
    let mut builder = Response::builder().version(Version::HTTP_2).status(status);
    for (name, value) in fields {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap()
}

/// Nothing in it makes a message of HTTP/2 or HTTP/3 malformed.
fn assert_well_formed(headers: &HeaderMap) {
    for name in OF_A_CONNECTION.into_iter().chain(["te"]) {
        assert!(!headers.contains_key(name), "{name}: {headers:?}");
    }
}

/// Requirements 44, 45. The same proposal, agreement, choice and offer over HTTP/2 and HTTP/3: CONNECT with `:protocol`,
/// answered by a 2xx, without Connection, Upgrade, Host, Key and Accept on either side.
#[test]
fn a_client_and_a_server_agree() {
    for version in [Version::HTTP_2, Version::HTTP_3] {
        let offer = offer().origin("https://server.example.com").unwrap().field("cookie", "a=b").unwrap();
        let (mut request, expectations) = offer.to_extended_request(ENABLED).unwrap();
        assert_eq!(request.method(), Method::CONNECT);
        assert_eq!(request.uri(), "https://server.example.com/chat?room=7");
        assert_eq!(request.headers().len(), 4, "{request:?}");
        assert_eq!(request.headers()["sec-websocket-version"], "13");
        assert_eq!(request.headers()["sec-websocket-protocol"], "chat");
        assert_eq!(request.headers()["cookie"], "a=b");
        *request.version_mut() = version;

        let proposal = inspect_extended(&request, WEBSOCKET).unwrap().expect("it proposes WebSocket");
        assert_eq!((proposal.path(), proposal.host()), ("/chat?room=7", "server.example.com"));
        assert!(proposal.same_origin());
        assert!(proposal.subprotocols().eq(["chat"]));
        let choice = Choice::new()
            .subprotocols(SubprotocolPolicy::exactly("chat").unwrap())
            .field("Set-Cookie", "c=d")
            .unwrap()
            .field("Keep-Alive", "timeout=5")
            .unwrap();
        let (response, agreement) = proposal.accept_response(&choice).unwrap();
        assert_eq!((response.status(), response.version()), (StatusCode::OK, version));
        assert_eq!(response.headers().len(), 2, "{response:?}");
        assert_eq!(response.headers()["sec-websocket-protocol"], "chat");
        assert_eq!(response.headers()["set-cookie"], "c=d");

        assert_eq!(verify_extended(&response, &expectations), Ok(agreement));
    }
}

/// Requirement 44. The example of RFC 8441, section 5.1, with its answer.
#[test]
fn the_example_of_the_standard() {
    let request = request(Version::HTTP_2);
    let proposal = inspect_extended(&request, WEBSOCKET).unwrap().unwrap();
    assert_eq!(proposal.origin().unwrap().as_str(), "http://www.example.com");
    assert!(proposal.subprotocols().eq(["chat", "superchat"]));
    assert_eq!(proposal.extensions().next().unwrap().name, "permessage-deflate");
    let choice = Choice::new()
        .origins(OriginPolicy::listed(["http://www.example.com"]).unwrap())
        .subprotocols(SubprotocolPolicy::exactly("chat").unwrap());
    let (response, agreement) = proposal.accept_response(&choice).unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "chat");
    assert_eq!(agreement.subprotocol(), Some("chat"));
}

/// Requirement 44. What has no `:protocol` is not asked for WebSocket, and HTTP/1.1 has no `:protocol`.
#[test]
fn what_does_not_ask_for_websocket_is_left_to_http() {
    assert!(inspect_extended(&request(Version::HTTP_2), None).unwrap().is_none());
    assert!(inspect_extended(&request(Version::HTTP_11), WEBSOCKET).unwrap().is_none());
    assert!(inspect(&request(Version::HTTP_2)).unwrap().is_none());
}

/// Requirement 45. An unknown `:protocol` is 501; names compare as those in Upgrade do.
#[test]
fn another_protocol_is_not_implemented() {
    for version in [Version::HTTP_2, Version::HTTP_3] {
        for protocol in ["connect-udp", "websocket2", "websocket, x", ""] {
            let refusal = inspect_extended(&request(version), Some(protocol)).unwrap_err();
            assert_eq!(refusal.error(), Some(&HandshakeError::Protocol));
            let response = refusal.to_response().unwrap();
            assert_eq!((response.status(), response.version()), (StatusCode::NOT_IMPLEMENTED, version));
            assert_well_formed(response.headers());
        }
        assert!(inspect_extended(&request(version), Some("WebSocket")).unwrap().is_some());
    }
}

/// Requirement 44. The method is CONNECT, and `:scheme`, `:path` and `:authority` are required.
#[test]
fn the_pseudo_header_fields_are_required() {
    let mut get = request(Version::HTTP_2);
    *get.method_mut() = Method::GET;
    assert_eq!(error(&get), HandshakeError::Mismatch(":method"));
    for (uri, expected) in [
        ("/chat", HandshakeError::Missing(&[":authority"])),
        ("server.example.com:443", HandshakeError::Missing(&[":scheme"])),
        ("ftp://server.example.com/chat", HandshakeError::Mismatch(":scheme")),
        ("wss://server.example.com/chat", HandshakeError::Mismatch(":scheme")),
    ] {
        let mut request = request(Version::HTTP_2);
        *request.uri_mut() = uri.parse().unwrap();
        assert_eq!(error(&request), expected, "{uri}");
        assert_eq!(refused(&request).status(), Status::BAD_REQUEST);
    }
    let mut star = request(Version::HTTP_2);
    let uri = http::Uri::builder().scheme("https").authority("server.example.com").path_and_query("*");
    *star.uri_mut() = uri.build().unwrap();
    assert_eq!(error(&star), HandshakeError::Malformed(":path", None));
    let mut port = request(Version::HTTP_2);
    *port.uri_mut() = "https://server.example.com:99999/chat".parse().unwrap();
    assert!(matches!(error(&port), HandshakeError::Malformed(":authority", Some(_))));
}

/// Requirements 18, 44. Connection, Upgrade and their like make a request malformed in HTTP/2 and HTTP/3, and the refusal
/// has none of them.
#[test]
fn fields_of_a_connection_are_refused() {
    for name in OF_A_CONNECTION {
        let refusal = refused(&with(name, "trailers"));
        assert!(
            matches!(refusal.error(), Some(HandshakeError::ConnectionSpecific(field)) if field.eq_ignore_ascii_case(name)),
            "{name}: {refusal}"
        );
        let response = refusal.to_response().unwrap();
        assert_eq!((response.status(), response.version()), (StatusCode::BAD_REQUEST, Version::HTTP_2));
        assert_eq!(response.headers()["content-length"], response.body().len().to_string());
        assert_well_formed(response.headers());
    }
    assert_eq!(error(&with("te", "gzip")), HandshakeError::Mismatch("TE"));
    assert!(inspect_extended(&with("te", "trailers"), WEBSOCKET).unwrap().is_some());
}

/// Requirement 44. The host is that of `:authority`: a Host field may repeat it, and nothing else.
#[test]
fn a_host_field_says_the_same_as_the_authority() {
    for host in ["server.example.com", "SERVER.example.com", "server.example.com:443"] {
        let request = with("host", host);
        let proposal = inspect_extended(&request, WEBSOCKET).unwrap().unwrap();
        assert_eq!(proposal.host(), "server.example.com", "{host}");
    }
    for host in ["example.com", "server.example.com:80", "server.example.com:8443", ""] {
        assert_eq!(error(&with("host", host)), HandshakeError::Mismatch(HOST), "{host}");
    }
    assert!(matches!(error(&with("host", "a b")), HandshakeError::Malformed(HOST, Some(_))));
    let mut twice = with("host", "server.example.com");
    twice.headers_mut().append("host", HeaderValue::from_static("server.example.com"));
    assert_eq!(error(&twice), HandshakeError::Repeated(HOST));
}

/// Requirement 44. Key and Accept are not processed, whatever they are and however many there are.
#[test]
fn key_and_accept_are_not_processed() {
    let mut request = with("sec-websocket-key", "no key");
    request.headers_mut().append("sec-websocket-key", HeaderValue::from_static("another"));
    let (answer, _) = inspect_extended(&request, WEBSOCKET).unwrap().unwrap().accept_response(&any_origin()).unwrap();
    assert!(!answer.headers().contains_key("sec-websocket-accept"));
    let answer = response(200, &[("sec-websocket-accept", "wrong"), ("sec-websocket-accept", "x")]);
    assert!(verify_extended(&answer, &expectations()).is_ok());
}

fn any_origin() -> Choice {
    Choice::new().origins(OriginPolicy::any())
}

/// Requirement 44. Version, origin, subprotocols, extensions and content are checked as in HTTP/1.1; a refusal by version
/// says which one is spoken, and is no 426, which would need Upgrade.
#[test]
fn the_negotiation_is_that_of_http_1() {
    let mut request = request(Version::HTTP_2);
    request.headers_mut().remove("sec-websocket-version");
    assert_eq!(error(&request), HandshakeError::Missing(&[SEC_WEBSOCKET_VERSION]));
    request.headers_mut().insert("sec-websocket-version", HeaderValue::from_static("8"));
    assert_eq!(error(&request), HandshakeError::Version);
    let answer = refused(&request).to_response().unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(answer.headers()["sec-websocket-version"], "13");
    assert_well_formed(answer.headers());

    assert_eq!(error(&with("sec-websocket-version", "13")), HandshakeError::Repeated(SEC_WEBSOCKET_VERSION));
    assert_eq!(error(&with("sec-websocket-protocol", "chat")), HandshakeError::RepeatedSubprotocol);
    assert!(matches!(error(&with("sec-websocket-extensions", "a;")), HandshakeError::Malformed(..)));
    assert_eq!(error(&with("origin", "null")), HandshakeError::Repeated("Origin"));
    assert_eq!(error(&with("content-length", "5")), HandshakeError::Content);
    assert!(matches!(error(&with("content-length", "+5")), HandshakeError::Framing(_)));

    let request = with("x", "y");
    let proposal = || inspect_extended(&request, WEBSOCKET).unwrap().unwrap();
    let Err(AcceptError::Refused(refusal)) = proposal().accept_response(&Choice::new()) else { panic!("accepted") };
    assert_eq!(refusal.error(), Some(&HandshakeError::ForeignOrigin));
    assert_well_formed(refusal.to_response().unwrap().headers());
    let required = any_origin().subprotocols(SubprotocolPolicy::exactly("mqtt").unwrap());
    let Err(AcceptError::Refused(refusal)) = proposal().accept_response(&required) else { panic!("accepted") };
    assert_eq!(refusal.error(), Some(&HandshakeError::SubprotocolRequired));
    assert_well_formed(refusal.to_response().unwrap().headers());
}

/// Requirement 18. A refusal of the server's own loses what HTTP/2 and HTTP/3 do not have.
#[test]
fn a_refusal_of_the_servers_is_well_formed() {
    for version in [Version::HTTP_2, Version::HTTP_3] {
        let request = request(version);
        let proposal = || inspect_extended(&request, WEBSOCKET).unwrap().unwrap();
        for (status, sent) in [(403, 403), (404, 404), (426, 400), (500, 500)] {
            let refusal = Refusal::new(Status::new(status).unwrap()).unwrap();
            let refusal = refusal.field("Keep-Alive", "timeout=5").unwrap().field("X", "y").unwrap();
            let answer = proposal().refuse_response(refusal).unwrap();
            assert_eq!((answer.status().as_u16(), answer.version()), (sent, version));
            assert_eq!(answer.headers()["x"], "y");
            assert_well_formed(answer.headers());
        }
    }
    let kept = Refusal::forbidden().to_response().unwrap();
    assert_eq!((kept.version(), &kept.headers()["connection"]), (Version::HTTP_11, &HeaderValue::from_static("close")));
}

/// Requirement 44. Success is any 2xx; every other final response is one of HTTP.
#[test]
fn success_is_2xx() {
    for status in 200..=299 {
        assert!(verify_extended(&response(status, &[]), &expectations()).is_ok());
    }
    for status in [100, 103, 300, 401, 404, 426, 500, 501, 600] {
        let answer = response(status, &[("sec-websocket-protocol", "chat")]);
        assert_eq!(verify_extended(&answer, &expectations()), Err(HandshakeError::NotConnected));
    }
}

/// Requirement 18. In HTTP/2 and HTTP/3 a 101 is malformed, and so are the fields of a connection, whatever the status.
#[test]
fn a_101_is_malformed() {
    let answer = response(101, &[("upgrade", "websocket"), ("connection", "Upgrade")]);
    assert_eq!(verify_extended(&answer, &expectations()), Err(HandshakeError::SwitchingProtocols));
    for status in [200, 404] {
        for name in OF_A_CONNECTION {
            let answer = verify_extended(&response(status, &[(name, "x")]), &expectations());
            assert!(
                matches!(answer, Err(HandshakeError::ConnectionSpecific(field)) if field.eq_ignore_ascii_case(name)),
                "{name}: {answer:?}"
            );
        }
    }
}

/// Requirement 44. An extension or a subprotocol that was not offered fails the connection, as in HTTP/1.1, and a length is
/// ignored.
#[test]
fn the_answer_is_checked_as_that_of_http_1() {
    let verify = |fields: &[(&'static str, &str)]| verify_extended(&response(200, fields), &expectations());
    assert_eq!(verify(&[("sec-websocket-protocol", "chat")]).unwrap().subprotocol(), Some("chat"));
    assert_eq!(verify(&[("sec-websocket-protocol", "x")]), Err(HandshakeError::SubprotocolNotOffered));
    assert_eq!(verify(&[("sec-websocket-extensions", "x")]), Err(HandshakeError::ExtensionNotOffered));
    assert!(verify(&[("content-length", "5")]).is_ok());
    let required = offer().require_subprotocol().extended_expectations();
    assert_eq!(verify_extended(&response(200, &[]), &required), Err(HandshakeError::SubprotocolRequired));
}

/// Requirement 44. SETTINGS_ENABLE_CONNECT_PROTOCOL is 0 or 1 and never goes back to 0, and no request is made before it is
/// 1.
#[test]
fn the_setting_comes_first() {
    let mut setting = ConnectProtocolSetting::default();
    assert_eq!(offer().to_extended_request(setting).unwrap_err(), LocalError::ConnectProtocol);
    assert_eq!(setting.update(0), Ok(()));
    assert_eq!(offer().to_extended_request(setting).unwrap_err(), LocalError::ConnectProtocol);
    for value in [2, u64::from(u32::MAX), u64::MAX] {
        assert_eq!(setting.update(value), Err(SettingError::Value));
        assert!(!setting.is_enabled());
    }
    assert_eq!(setting.update(1), Ok(()));
    assert_eq!(setting.update(1), Ok(()));
    assert!(offer().to_extended_request(setting).is_ok());
    assert_eq!(setting.update(0), Err(SettingError::Withdrawn));
    assert!(setting.is_enabled());
    assert_eq!((ConnectProtocolSetting::ID, SettingError::Value.http2_code()), (8, 1));
    assert_eq!(SettingError::Withdrawn.http3_code(), 0x109);
}

/// Requirements 44, 45. END_STREAM is the orderly end; CANCEL in HTTP/2 and H3_REQUEST_CANCELLED in HTTP/3 are the abort.
#[test]
fn a_stream_ends_as_a_connection_does() {
    assert_eq!((StreamEnd::Orderly.http2_code(), StreamEnd::Orderly.http3_code()), (None, None));
    assert_eq!((StreamEnd::Abort.http2_code(), StreamEnd::Abort.http3_code()), (Some(0x8), Some(0x10c)));
    assert_eq!((StreamEnd::from_http2(None), StreamEnd::from_http3(None)), (StreamEnd::Orderly, StreamEnd::Orderly));
    for code in [0, 1, 8, 0x10c] {
        assert_eq!(StreamEnd::from_http2(Some(code)), StreamEnd::Abort);
        assert_eq!(StreamEnd::from_http3(Some(code.into())), StreamEnd::Abort);
    }
}

/// Requirements 44, 45. Other protocols go by the same rules, and by their own: what is not allowed is 501, and so is what
/// cannot be in HTTP/2.
#[test]
fn other_protocols_are_those_allowed() {
    const NOMINATED: &[Requirement] = &[Requirement::new("X-Hop", |_| true).nominated()];
    let protocols = Protocols::new([
        Protocol::connect_udp(),
        Protocol::websocket(),
        Protocol::h2c(),
        Protocol::tls(),
        Protocol::spdy(),
        Protocol::new("clear").unwrap().cleartext(),
        Protocol::new("hop").unwrap().requires(NOMINATED),
    ]);
    let protocols = protocols.unwrap();
    let mut udp = request(Version::HTTP_3);
    udp.headers_mut().clear();
    let inspect_udp = |request: &Request<()>| match inspect_extended_protocol(request, Some("connect-udp"), &protocols)
    {
        Ok(Some(ExtendedRequest::Protocol(proposal))) => {
            assert_eq!((proposal.host(), proposal.path()), ("server.example.com", "/chat"));
            assert_eq!(proposal.protocol().name(), "connect-udp");
            let choice = ConnectChoice::new().field("X", "y").unwrap().field("Keep-Alive", "timeout=5").unwrap();
            Ok(proposal.accept_response(&choice).unwrap())
        }
        Ok(other) => panic!("{other:?}"),
        Err(refusal) => Err(*refusal.error().unwrap()),
    };
    assert_eq!(inspect_udp(&udp).unwrap_err(), HandshakeError::Missing(&["Capsule-Protocol"]));
    udp.headers_mut().insert("capsule-protocol", HeaderValue::from_static("?0"));
    assert_eq!(inspect_udp(&udp).unwrap_err(), HandshakeError::Malformed("Capsule-Protocol", None));
    udp.headers_mut().insert("capsule-protocol", HeaderValue::from_static("?1"));
    let response = inspect_udp(&udp).unwrap();
    assert_eq!((response.status(), response.version()), (StatusCode::OK, Version::HTTP_3));
    assert_eq!(
        (&response.headers()["capsule-protocol"], &response.headers()["x"]),
        (&"?1".parse().unwrap(), &"y".parse().unwrap())
    );
    assert_well_formed(response.headers());

    udp.headers_mut().insert("upgrade", HeaderValue::from_static("connect-udp"));
    assert_eq!(inspect_udp(&udp).unwrap_err(), HandshakeError::ConnectionSpecific("Upgrade"));
    for protocol in ["h2c", "TLS", "SPDY", "SPDY/3.1", "clear", "hop", "connect-ip", ""] {
        let refusal = inspect_extended_protocol(&request(Version::HTTP_2), Some(protocol), &protocols).unwrap_err();
        assert_eq!(refusal.error(), Some(&HandshakeError::Protocol), "{protocol}");
    }
    let mut get = request(Version::HTTP_2);
    let websocket = inspect_extended_protocol(&get, WEBSOCKET, &protocols).unwrap();
    assert!(matches!(websocket, Some(ExtendedRequest::WebSocket(_))));
    assert!(inspect_extended_protocol(&get, None, &protocols).unwrap().is_none());
    *get.method_mut() = Method::GET;
    let refusal = inspect_extended_protocol(&get, Some("connect-udp"), &protocols).unwrap_err();
    assert_eq!(refusal.error(), Some(&HandshakeError::Mismatch(":method")));

    let mut refused = request(Version::HTTP_2);
    refused.headers_mut().insert("capsule-protocol", HeaderValue::from_static("?1"));
    let Ok(Some(ExtendedRequest::Protocol(proposal))) =
        inspect_extended_protocol(&refused, Some("connect-udp"), &protocols)
    else {
        panic!("no proposal")
    };
    let response = proposal.refuse_response(Refusal::forbidden()).unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_well_formed(response.headers());
}

/// Requirement 44. Extensions are negotiated as in HTTP/1.1: their parameters go both ways, and an answer that its offer
/// does not let the server choose fails the connection.
#[test]
fn extensions_are_negotiated() {
    let offer = offer().extension(Deflate::new().peer_window(12).unwrap()).unwrap();
    let (request, expectations) = offer.to_extended_request(ENABLED).unwrap();
    assert_eq!(
        request.headers()["sec-websocket-extensions"],
        "permessage-deflate; server_max_window_bits=12; client_max_window_bits, \
         permessage-deflate; client_max_window_bits"
    );
    let proposal = inspect_extended(&request, WEBSOCKET).unwrap().unwrap();
    let choice = Choice::new().extension(Deflate::new().no_own_context_takeover()).unwrap();
    let (response, agreement) = proposal.accept_response(&choice).unwrap();
    assert_eq!(
        response.headers()["sec-websocket-extensions"],
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=12"
    );
    let deflate = agreement.deflate().unwrap();
    assert_eq!((deflate.server.window_bits, deflate.server.takeover), (12, false));
    assert_eq!(verify_extended(&response, &expectations), Ok(agreement));

    let wide = self::response(200, &[("sec-websocket-extensions", "permessage-deflate; server_max_window_bits=99")]);
    assert!(matches!(verify_extended(&wide, &expectations), Err(HandshakeError::Extension(..))));
}

#[test]
fn a_ws_url_is_of_http() {
    let offer = Offer::new("ws://[::1]:8080".parse().unwrap());
    let (request, _) = offer.to_extended_request(ENABLED).unwrap();
    assert_eq!(request.uri(), "http://[::1]:8080/");
}

proptest! {
    /// No request and no response is malformed in HTTP/2 or HTTP/3, whatever fields the caller adds and whatever the request
    /// has, and a request that is not refused says whom it is for.
    #[test]
    fn what_is_sent_is_well_formed(
        names in prop::collection::vec(prop::sample::select(vec![
            "connection", "keep-alive", "proxy-connection", "upgrade", "transfer-encoding", "te", "host", "origin", "x",
            "content-length", "sec-websocket-key", "sec-websocket-version", "sec-websocket-protocol",
        ]), 0..4),
        value in prop::sample::select(vec!["", "close", "trailers", "websocket", "13", "0", "a, b", "https://a"]),
        protocol in prop::sample::select(vec!["websocket", "connect-ip", "WEBSOCKET"]),
        uri in prop::sample::select(vec!["https://server.example.com/chat", "/", "a:1", "http://u@a/"]),
        method in prop::sample::select(vec![Method::CONNECT, Method::GET, Method::HEAD]),
    ) {
        let mut request = request(Version::HTTP_3);
        *request.uri_mut() = uri.parse().unwrap();
        *request.method_mut() = method;
        let mut choice = any_origin();
        for name in names {
            request.headers_mut().append(name, HeaderValue::from_static(value));
            choice = choice.clone().field(name, value).unwrap_or(choice);
        }
        match inspect_extended(&request, Some(protocol)) {
            Ok(None) => prop_assert!(false, "it has a protocol"),
            Ok(Some(proposal)) => {
                prop_assert!(!proposal.host().is_empty() && proposal.path().starts_with('/'));
                let (response, _) = proposal.accept_response(&choice).unwrap();
                assert_well_formed(response.headers());
            }
            Err(refusal) => assert_well_formed(refusal.to_response().unwrap().headers()),
        }
    }
}

/// RFC 8441, section 5: `:authority` names a host, which not every parser sees to.
#[test]
fn an_authority_without_a_host_is_malformed() {
    for uri in ["https://:8443/chat", "https://u@:8443/chat"] {
        let mut hostless = request(Version::HTTP_2);
        *hostless.uri_mut() = uri.parse().unwrap();
        let refusal = inspect_extended(&hostless, WEBSOCKET).unwrap_err();
        let error = *refusal.error().unwrap();
        assert!(matches!(error, HandshakeError::Malformed(":authority", Some(_))), "{uri}: {error}");
    }
}

/// A request of a parser that gives out what it was sent, with a `:path` that is empty.
#[derive(Debug)]
struct Pathless(Request<()>);

impl FieldsView for Pathless {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone + 'a {
        FieldsView::values(&self.0, name)
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        FieldsView::lines(&self.0)
    }
}

impl RequestView for Pathless {
    fn method(&self) -> &str {
        RequestView::method(&self.0)
    }

    fn path(&self) -> &str {
        ""
    }

    fn scheme(&self) -> Option<&str> {
        RequestView::scheme(&self.0)
    }

    fn authority(&self) -> Option<&str> {
        RequestView::authority(&self.0)
    }

    fn version(&self) -> header::Version {
        RequestView::version(&self.0)
    }

    fn framing(&self) -> Result<Framing, FramingError> {
        RequestView::framing(&self.0)
    }
}

/// RFC 8441, section 4: there is a `:path`, and it is not empty (RFC 9113, section 8.3.1).
#[test]
fn an_empty_path_is_none() {
    let refusal = inspect_extended(Pathless(request(Version::HTTP_2)), WEBSOCKET).unwrap_err();
    assert_eq!(refusal.error(), Some(&HandshakeError::Missing(&[":path"])));
}
