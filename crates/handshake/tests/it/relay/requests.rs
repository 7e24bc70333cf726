//! What of a request goes on.

use switchover_handshake::header::Status;
use switchover_handshake::{HandshakeError, MAX_PROTOCOLS, Protocol, Requirement};

use crate::common::Head;
use crate::common::relay::{
    allowing, answer, answer_to_handshake, bad_gateway, forward, plain, refused, relay, switched,
};

/// RFC 9112, sections 3.2 and 3.2.2: the target is a path, and Host the authority of an absolute target.
#[test]
fn the_target_is_for_a_server() {
    for (start, target, host) in [
        ("GET http://a.example:81/x?y HTTP/1.1", "/x?y", "a.example:81"),
        ("GET http://a.example HTTP/1.1", "/", "a.example"),
        ("GET http://a.example?y HTTP/1.1", "/?y", "a.example"),
        ("OPTIONS http://a.example HTTP/1.1", "*", "a.example"),
        ("OPTIONS * HTTP/1.1", "*", "example.com"),
        ("GET /x HTTP/1.1", "/x", "example.com"),
    ] {
        let (sent, _) = forward(&relay(), &plain().start_line(start));
        assert_eq!((sent.start.split(' ').nth(1).unwrap(), sent.value("Host")), (target, host), "{start}");
    }
    let hostless = Head::new("GET /x HTTP/1.0");
    assert_eq!(refused(&relay(), &hostless).error(), Some(&HandshakeError::Missing(&["Host"])));
}

/// Attack 29. Requirement 5. What Connection names does not go on, over all its lines and in any case, and neither does what
/// is known to be for one connection.
#[test]
fn nominated_fields_are_stripped() {
    let request = Head::request()
        .with("Connection", "Upgrade, X-Internal-Auth")
        .line("connection", ",x-other ,\tclose")
        .line("X-INTERNAL-AUTH", "secret")
        .line("X-Internal-Auth", "secret")
        .line("x-Other", "secret")
        .line("Keep-Alive", "timeout=5")
        .line("Proxy-Connection", "keep-alive")
        .line("TE", "trailers")
        .line("Trailer", "X")
        .line("Proxy-Authorization", "Basic x")
        .line("X-Kept", "kept");
    let (sent, _) = forward(&relay(), &request);
    for name in [
        "X-Internal-Auth",
        "X-Other",
        "Keep-Alive",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Proxy-Authorization",
        "Transfer-Encoding",
    ] {
        assert!(!sent.has(name), "{name}: {sent:?}");
    }
    assert_eq!((sent.value("Connection"), sent.value("X-Kept")), ("Upgrade", "kept"));

    let response = Head::response().line("Connection", "X-Internal").line("X-Internal", "secret").line("Y", "kept");
    let (sent, _) = switched(answer_to_handshake(&response));
    assert!(!sent.has("X-Internal"));
    assert_eq!((sent.value("Connection"), sent.value("Y")), ("Upgrade", "kept"));
}

/// Attack 29. What is for all recipients cannot be nominated away, and a Connection field that cannot be read is not passed by.
#[test]
fn a_nomination_that_changes_the_message_is_refused() {
    for name in ["Host", "content-length", "Origin", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Via"] {
        let refusal = refused(&relay(), &Head::request().line("Connection", name));
        assert_eq!(refusal.status(), Status::BAD_REQUEST);
        assert!(matches!(refusal.error(), Some(HandshakeError::Nominated(field)) if field.eq_ignore_ascii_case(name)));
    }
    for value in [&b"\""[..], b"a b", b"@", b"Upgrade, \xff", &b",".repeat(64)] {
        let refusal = refused(&relay(), &Head::request().line("Connection", value));
        assert!(
            matches!(refusal.error(), Some(HandshakeError::Malformed("Connection", Some(_)))),
            "{}: {refusal}",
            value.escape_ascii()
        );
    }
    let response = Head::new("HTTP/1.1 200 OK").line("Connection", "Content-Length").line("Content-Length", "5");
    assert_eq!(bad_gateway(answer_to_handshake(&response)), HandshakeError::Nominated("Content-Length"));
}

/// What the rules of a protocol ask for goes on once, and cannot be taken out by naming it in Connection.
#[test]
fn required_fields_go_on_once() {
    const SETTINGS: &[Requirement] = &[Requirement::new("X-Settings", |value| value == b"1").nominated()];
    const KEY: &[Requirement] = &[Requirement::new("X-Key", |value| value == b"1")];
    let versions = Protocol::new("x").unwrap().versions(&["1", "2"]).requires(SETTINGS);
    let offer = plain().line("Upgrade", "x/1, x/2").line("Connection", "Upgrade, X-Settings").line("X-Settings", "1");
    let (sent, _) = forward(&allowing([versions]), &offer);
    assert_eq!((sent.value("X-Settings"), sent.value("Connection")), ("1", "Upgrade, X-Settings"));

    let keyed = Protocol::new("x").unwrap().requires(KEY);
    let offer = plain().line("Upgrade", "x").line("Connection", "Upgrade").line("X-Key", "1");
    let (sent, _) = forward(&allowing([keyed]), &offer);
    assert_eq!((sent.value("X-Key"), sent.value("Connection")), ("1", "Upgrade"));
    let offer = plain().line("Upgrade", "x").line("Connection", "Upgrade, X-Key").line("X-Key", "1");
    assert_eq!(refused(&allowing([keyed]), &offer).error(), Some(&HandshakeError::Nominated("X-Key")));
    let offer = plain().line("Upgrade", "connect-udp").line("Connection", "Upgrade, Capsule-Protocol");
    let offer = offer.line("Capsule-Protocol", "?1");
    let error = refused(&allowing([Protocol::connect_udp()]), &offer);
    assert_eq!(error.error(), Some(&HandshakeError::Nominated("Capsule-Protocol")));
}

/// Requirement 3. Of what a client offers, what is allowed goes on, in its order, and the answer has to name one of those.
#[test]
fn the_allow_list_decides_what_goes_on() {
    let request = plain()
        .line("Upgrade", "derp, SPDY/3.1, h2c")
        .line("Upgrade", "SPDY/3.1, spdy/2")
        .line("Connection", "Upgrade");
    let relay = allowing([Protocol::spdy(), Protocol::new("DERP").unwrap()]);
    let (sent, exchange) = forward(&relay, &request);
    assert_eq!(sent.value("Upgrade"), "derp, SPDY/3.1");
    let response = |upgrade: &str| Head::new("HTTP/1.1 101 ").line("Upgrade", upgrade).line("Connection", "Upgrade");
    switched(answer(exchange, &response("DERP")));
    for unoffered in ["h2c", "SPDY/2", "SPDY", "spdy/3.1, h2c"] {
        let (_, exchange) = forward(&relay, &request);
        assert_eq!(bad_gateway(answer(exchange, &response(unoffered))), HandshakeError::ProtocolNotOffered);
    }
    let tls = plain().line("Upgrade", "TLS/1.2").line("Connection", "Upgrade");
    let (_, exchange) = forward(&allowing([Protocol::tls()]), &tls);
    assert_eq!(switched(answer(exchange, &response("TLS/1.2, HTTP/1.1"))).0.value("Upgrade"), "TLS/1.2, HTTP/1.1");
    for wrong in ["HTTP/1.1, TLS/1.2", "HTTP/1.1", "TLS/1.2, HTTP/1.1, TLS/1.2"] {
        let (_, exchange) = forward(&allowing([Protocol::tls()]), &tls);
        assert_eq!(bad_gateway(answer(exchange, &response(wrong))), HandshakeError::ProtocolNotOffered, "{wrong}");
    }
}

/// Attack 28. `h2c` does not go on unless it is allowed by name, and HTTP2-Settings goes nowhere without it.
#[test]
fn h2c_is_off_by_default() {
    let request = plain()
        .line("Upgrade", "h2c")
        .line("Connection", "Upgrade, HTTP2-Settings")
        .line("HTTP2-Settings", "AAMAAABkAAQAoAAAAAIAAAAA");
    for relay in [relay(), allowing([Protocol::websocket(), Protocol::docker()])] {
        let (sent, exchange) = forward(&relay, &request);
        assert!(!sent.has("Upgrade") && !sent.has("Connection") && !sent.has("HTTP2-Settings"), "{sent:?}");
        let response = Head::new("HTTP/1.1 101 ").line("Upgrade", "h2c").line("Connection", "Upgrade");
        assert_eq!(bad_gateway(answer(exchange, &response)), HandshakeError::ProtocolNotOffered);
    }
    let both = Head::request().with("Upgrade", "h2c, websocket").line("HTTP2-Settings", "AAMAAABk");
    let (sent, _) = forward(&relay(), &both);
    assert_eq!((sent.value("Upgrade"), sent.value("Connection")), ("websocket", "Upgrade"));
    assert!(!sent.has("HTTP2-Settings"));

    let (sent, exchange) = forward(&allowing([Protocol::h2c()]), &request);
    assert_eq!((sent.value("Upgrade"), sent.value("Connection")), ("h2c", "Upgrade, HTTP2-Settings"));
    assert_eq!(sent.value("HTTP2-Settings"), "AAMAAABkAAQAoAAAAAIAAAAA");
    let response = Head::new("HTTP/1.1 101 ").line("Upgrade", "h2c").line("Connection", "Upgrade");
    switched(answer(exchange, &response));
}

/// Of a thousand versions not all go on.
#[test]
fn an_offer_is_bounded() {
    let versions: Vec<String> = (0..1_000).map(|version| format!("x/{version}")).collect();
    let offer = plain().line("Upgrade", versions.join(", ")).line("Connection", "Upgrade");
    let (sent, _) = forward(&allowing([Protocol::new("x").unwrap().any_version()]), &offer);
    assert_eq!(sent.value("Upgrade"), versions[..MAX_PROTOCOLS].join(", "));
}

/// Attack 26. A request that breaks the rules of what it offers is refused, and never goes on as one that is a little less.
#[test]
fn an_offer_that_breaks_its_rules_is_refused() {
    for (request, status) in [
        (Head::request().without("Sec-WebSocket-Key"), 400),
        (Head::request().with("Sec-WebSocket-Version", "8"), 426),
        (Head::request().start_line("POST /notifications HTTP/1.1"), 405),
        (Head::request().line("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="), 400),
        (Head::request().line("Expect", "x"), 417),
    ] {
        assert_eq!(refused(&relay(), &request).status().as_u16(), status, "{request:?}");
    }
}
