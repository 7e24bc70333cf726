//! When a connection becomes a tunnel.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use switchover_handshake::header::{FieldTable, Limits, RequestScan, ResponseScan, Status, Step};
use switchover_handshake::{ClientHandshake, HandshakeError, Protocol, Refusal, Relay, UpgradeOffer};
use switchover_testkit::split;

use crate::common::relay::{
    Meaning, allowing, answer, answer_to, answer_to_handshake, bad_gateway, forward, forward_bytes, http, limits,
    plain, refused, relay, switched,
};
use crate::common::upgrade::{Answered, ask};
use crate::common::{ACCEPT, End, Head};

/// Requirement 3. A verified 101 is a tunnel, from the byte behind its head on.
#[test]
fn a_handshake_goes_through() {
    let request = Head::request()
        .line("Sec-WebSocket-Protocol", "chat")
        .line("Sec-WebSocket-Extensions", "permessage-deflate")
        .line("Origin", "http://example.com")
        .line("Cookie", "a=b");
    let (sent, exchange) = forward(&relay(), &request);
    assert_eq!(sent.start, "GET /notifications HTTP/1.1");
    let names: Vec<_> = sent.lines.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "Host",
            "Upgrade",
            "Connection",
            "Sec-WebSocket-Key",
            "Sec-WebSocket-Version",
            "Sec-WebSocket-Protocol",
            "Sec-WebSocket-Extensions",
            "Origin",
            "Cookie",
            "Via"
        ]
    );
    let response = Head::response()
        .line("Sec-WebSocket-Protocol", "chat")
        .line("Sec-WebSocket-Extensions", "permessage-deflate")
        .line("Set-Cookie", "c=d")
        .line("Keep-Alive", "timeout=5")
        .line("Content-Length", "7");
    let (sent, early) = switched(answer(exchange, &response));
    assert_eq!(sent.start, "HTTP/1.1 101 Switching Protocols");
    assert_eq!((sent.value("Upgrade"), sent.value("Connection")), ("websocket", "Upgrade"));
    assert_eq!((sent.value("Sec-WebSocket-Accept"), sent.value("Via")), (ACCEPT, "1.1 edge"));
    assert_eq!((sent.value("Sec-WebSocket-Protocol"), sent.value("Set-Cookie")), ("chat", "c=d"));
    assert!(!sent.has("Keep-Alive") && !sent.has("Content-Length") && early.is_empty());
}

/// Attack 24. A 101 that nobody asked for is a 502, whatever it has; nothing is switched by a 200 with the fields of a switch,
/// and the client does not get them.
#[test]
fn what_was_not_asked_for_is_not_switched() {
    for request in [
        plain(),
        plain().line("Upgrade", "websocket"),
        plain().line("Upgrade", "h2c").line("Connection", "Upgrade"),
        Head::request().start_line("GET /notifications HTTP/1.0"),
    ] {
        let (sent, exchange) = forward(&relay(), &request);
        assert!(!sent.has("Upgrade") && !sent.has("Connection"), "{sent:?}");
        assert_eq!(bad_gateway(answer(exchange, &Head::response())), HandshakeError::ProtocolNotOffered);
        let (_, exchange) = forward(&relay(), &request);
        let bare = Head::new("HTTP/1.1 101 ");
        assert_eq!(bad_gateway(answer(exchange, &bare)), HandshakeError::ProtocolNotOffered);
    }
    for status in ["200 OK", "204 No Content", "400 Bad Request"] {
        let response = Head::response().start_line(format!("HTTP/1.1 {status}")).line("Sec-WebSocket-Protocol", "x");
        let (sent, closes) = http(answer_to_handshake(&response));
        assert_eq!(sent.start, format!("HTTP/1.1 {status}"));
        assert!(!sent.has("Upgrade") && !sent.has("Connection") && !closes);
    }
}

/// Attack 26. There is a tunnel only for a 101 with Upgrade, Connection and the Accept of the key that was passed on; for
/// anything else there is none.
#[test]
fn no_tunnel_without_a_verified_answer() {
    for (response, error) in [
        (Head::new("HTTP/1.1 101 "), HandshakeError::Missing(&["Upgrade"])),
        (Head::response().without("Upgrade"), HandshakeError::Missing(&["Upgrade"])),
        (Head::response().with("Upgrade", ","), HandshakeError::Malformed("Upgrade", None)),
        (Head::response().with("Upgrade", "h2c"), HandshakeError::ProtocolNotOffered),
        (Head::response().with("Upgrade", "websocket/13"), HandshakeError::ProtocolNotOffered),
        (Head::response().with("Upgrade", "websocket, websocket"), HandshakeError::ProtocolNotOffered),
        (Head::response().with("Upgrade", "websocket, HTTP/1.1"), HandshakeError::ProtocolNotOffered),
        (Head::response().without("Connection"), HandshakeError::Missing(&["Connection"])),
        (Head::response().with("Connection", "close"), HandshakeError::Mismatch("Connection")),
        (Head::response().without("Sec-WebSocket-Accept"), HandshakeError::Missing(&["Sec-WebSocket-Accept"])),
        (
            Head::response().with("Sec-WebSocket-Accept", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            HandshakeError::Mismatch("Sec-WebSocket-Accept"),
        ),
        (Head::response().line("Sec-WebSocket-Accept", ACCEPT), HandshakeError::Repeated("Sec-WebSocket-Accept")),
        (Head::response().line("Sec-WebSocket-Protocol", "x"), HandshakeError::SubprotocolNotOffered),
        (
            Head::response().line("Sec-WebSocket-Protocol", "a b"),
            HandshakeError::Malformed("Sec-WebSocket-Protocol", None),
        ),
        (Head::response().line("Sec-WebSocket-Extensions", "x"), HandshakeError::ExtensionNotOffered),
        (Head::response().start_line("HTTP/1.0 101 "), HandshakeError::ResponseVersion),
        (
            Head::response().line("Connection", "Sec-WebSocket-Accept"),
            HandshakeError::Nominated("Sec-WebSocket-Accept"),
        ),
    ] {
        assert_eq!(bad_gateway(answer_to_handshake(&response)), error, "{response:?}");
    }
    let lower = Head::response().with("Upgrade", "WebSocket").with("Connection", "keep-alive, upgrade");
    assert_eq!(switched(answer_to_handshake(&lower)).0.value("Upgrade"), "WebSocket");
}

/// Attack 26. A version that the server does not speak is answered with 426, and that is what the client gets.
#[test]
fn a_426_is_no_tunnel() {
    let response = Head::new("HTTP/1.1 426 Upgrade Required")
        .line("Upgrade", "h2c, websocket, TLS/1.0")
        .line("Connection", "Upgrade")
        .line("Sec-WebSocket-Version", "8")
        .line("Content-Length", "2");
    let (sent, closes) = http(answer_to_handshake(&response));
    assert_eq!((sent.value("Upgrade"), sent.value("Connection")), ("websocket", "Upgrade"));
    assert_eq!((sent.value("Sec-WebSocket-Version"), sent.value("Content-Length"), closes), ("8", "2", false));
    let closing = response.clone().line("Transfer-Encoding", "chunked").without("Content-Length");
    let (_, exchange) = forward(&relay(), &Head::new("GET / HTTP/1.0").line("Host", "example.com"));
    assert_eq!(http(answer(exchange, &closing)).0.value("Connection"), "Upgrade, close");
    let other = response.with("Upgrade", "h2c");
    assert_eq!(bad_gateway(answer_to_handshake(&other)), HandshakeError::Missing(&["Upgrade"]));
}

/// Attack 25. Bytes that the client sends before the answer never go to the server: they are held, up to a limit, and given
/// out by the tunnel alone. Where there is none, the connection ends behind the response.
#[test]
fn early_bytes_are_held_or_refused() {
    let early = b"\x81\x85\x01\x02\x03\x04iglhn";
    split::for_every_split(early, |pieces| {
        let (_, mut exchange) = forward(&relay(), &Head::request());
        let mut out = Vec::new();
        for piece in pieces {
            let mut input = BytesMut::from(*piece);
            exchange.receive(&mut input, &mut out).unwrap();
            assert!(input.is_empty() && out.is_empty());
        }
        let (_, held) = switched(answer(exchange, &Head::response()));
        assert_eq!(held, early);
    });
    let held = |relay: &Relay| {
        let (_, mut exchange) = forward(relay, &Head::request());
        let result = exchange.receive(&mut BytesMut::from(&early[..]), &mut Vec::new());
        (exchange, result)
    };
    for relay in [relay().early_data(0), relay().early_data(early.len() - 1)] {
        let (_, result) = held(&relay);
        let refusal = result.unwrap_err();
        assert_eq!((refusal.status(), refusal.error()), (Status::BAD_REQUEST, Some(&HandshakeError::EarlyData)));
    }
    let (exchange, result) = held(&relay().early_data(early.len()));
    result.unwrap();
    let (sent, closes) = http(answer(exchange, &Head::new("HTTP/1.1 404 Not Found").line("Content-Length", "0")));
    assert!(closes);
    assert_eq!(sent.value("Connection"), "close");

    // CONNECT too.
    let connect = Head::new("CONNECT example.com:443 HTTP/1.1").line("Host", "example.com:443");
    let (_, mut exchange) = forward(&relay().tunnels(), &connect);
    let mut out = Vec::new();
    exchange.receive(&mut BytesMut::from(&b"\x16\x03\x01"[..]), &mut out).unwrap();
    assert!(out.is_empty());
    let (_, held) = switched(answer_to("CONNECT", exchange, &Head::new("HTTP/1.1 200 OK")));
    assert_eq!(held, b"\x16\x03\x01");
}

/// A client that was refused is not answered a second time, whatever the server says.
#[test]
fn a_refused_exchange_stays_refused() {
    let (_, mut exchange) = forward(&relay().early_data(0), &Head::request());
    let refusal = exchange.receive(&mut BytesMut::from(&b"x"[..]), &mut Vec::new()).unwrap_err();
    assert_eq!(exchange.receive(&mut BytesMut::new(), &mut Vec::new()).unwrap_err(), refusal);
    assert_eq!(bad_gateway_or(answer(exchange, &Head::response())), refusal);
}

fn bad_gateway_or(meaning: Meaning) -> Refusal {
    match meaning {
        Meaning::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

/// Attack 25. Behind a request that asks for no switch, another one may come: it is not taken.
#[test]
fn the_next_request_stays_where_it_is() {
    let next = b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n";
    let (_, mut exchange) = forward(&relay().early_data(0), &plain());
    let (mut input, mut out) = (BytesMut::from(&next[..]), Vec::new());
    exchange.receive(&mut input, &mut out).unwrap();
    assert_eq!((&input[..], out.len()), (&next[..], 0));
    let (_, closes) = http(answer(exchange, &Head::new("HTTP/1.1 204 No Content")));
    assert!(!closes);
}

/// The data of content that is whole, without extensions and trailers.
fn data(content: &[u8], chunked: bool) -> Vec<u8> {
    if !chunked {
        return content.to_vec();
    }
    let text = core::str::from_utf8(content.strip_suffix(b"0\r\n\r\n").unwrap()).unwrap();
    let lines: Vec<_> = text.split_terminator("\r\n").collect();
    let chunks = lines.chunks(2).map(|chunk| (usize::from_str_radix(chunk[0], 16).unwrap(), chunk[1]));
    chunks.inspect(|(size, data)| assert_eq!(*size, data.len())).flat_map(|(_, data)| data.bytes()).collect()
}

/// Attack 27. Requirement 7. A WebSocket handshake with content is refused, and so is one whose framing is uncertain. Where a
/// protocol reads content first, it goes on, framed by one field, and a 101 before its end is a 502.
#[test]
fn content_goes_before_the_switch() {
    for (name, value) in [("Content-Length", "5"), ("Transfer-Encoding", "chunked")] {
        let refusal = refused(&relay(), &Head::request().line(name, value));
        assert_eq!((refusal.status(), refusal.error()), (Status::BAD_REQUEST, Some(&HandshakeError::Content)));
    }
    let docker = || allowing([Protocol::docker()]);
    let request = Head::new("POST /attach HTTP/1.1")
        .line("Host", "example.com")
        .line("Upgrade", "tcp")
        .line("Connection", "Upgrade")
        .line("Content-Type", "application/json")
        .line("Expect", "100-continue");
    let response = Head::new("HTTP/1.1 101 UPGRADED").line("Upgrade", "tcp").line("Connection", "Upgrade");
    for (name, value, content) in [
        ("Content-Length", "2", &b"{}"[..]),
        ("Transfer-Encoding", "chunked", b"1;a=b\r\n{\r\n1\r\n}\r\n0\r\nX-Trailer: x\r\n\r\n"),
    ] {
        let request = request.clone().line(name, value);
        split::for_every_split(&split::with_trailing(content, b"early"), |pieces| {
            let (sent, mut exchange) = forward(&docker(), &request);
            assert_eq!((sent.value(name), sent.value("Expect")), (value, "100-continue"));
            let (mut input, mut out) = (BytesMut::new(), Vec::new());
            for piece in pieces {
                input.extend_from_slice(piece);
                exchange.receive(&mut input, &mut out).unwrap();
            }
            assert!(input.is_empty());
            assert_eq!(data(&out, name == "Transfer-Encoding"), b"{}");
            let (sent, held) = switched(answer_to("POST", exchange, &response));
            assert_eq!((sent.value("Upgrade"), &held[..]), ("tcp", &b"early"[..]));
        });
        let (_, mut exchange) = forward(&docker(), &request);
        let (mut input, mut out) = (BytesMut::from(&content[..1]), Vec::new());
        exchange.receive(&mut input, &mut out).unwrap();
        let early = answer_to("POST", exchange, &response);
        assert_eq!(bad_gateway(early), HandshakeError::SwitchedEarly);

        // An early refusal: what is left of the content is no request.
        let (_, exchange) = forward(&docker(), &request);
        let (_, closes) = http(answer_to("POST", exchange, &Head::new("HTTP/1.1 404 Not Found")));
        assert!(closes);
    }
    let broken = request.line("Transfer-Encoding", "chunked");
    let (_, mut exchange) = forward(&docker(), &broken);
    let refusal = exchange.receive(&mut BytesMut::from(&b"x\r\n"[..]), &mut Vec::new()).unwrap_err();
    assert!(matches!(refusal.error(), Some(HandshakeError::Body(_))), "{refusal}");
}

/// Requirements 13, 17. CONNECT is off unless it is allowed; a 2xx alone is the tunnel, without its framing fields, and
/// behind any other response the connection ends.
#[test]
fn connect_is_a_tunnel_by_2xx_alone() {
    let connect = Head::new("CONNECT example.com:443 HTTP/1.1").line("Host", "other").line("Proxy-Authorization", "x");
    assert_eq!(refused(&relay(), &connect).status(), Status::NOT_IMPLEMENTED);
    let open = || {
        let (sent, exchange) = forward(&relay().tunnels(), &connect);
        assert_eq!(sent.start, "CONNECT example.com:443 HTTP/1.1");
        assert_eq!(sent.value("Host"), "example.com:443");
        assert!(!sent.has("Proxy-Authorization"));
        exchange
    };
    for status in ["200 OK", "204 No Content", "299 "] {
        let response =
            Head::new(format!("HTTP/1.1 {status}")).line("Content-Length", "5").line("Transfer-Encoding", "chunked");
        let (sent, _) = switched(answer_to("CONNECT", open(), &response));
        assert!(!sent.has("Content-Length") && !sent.has("Transfer-Encoding"));
    }
    for status in ["302 Found", "401 Unauthorized", "502 Bad Gateway"] {
        let response = Head::new(format!("HTTP/1.1 {status}")).line("Content-Length", "5");
        let (sent, closes) = http(answer_to("CONNECT", open(), &response));
        assert!(closes);
        assert_eq!((sent.value("Connection"), sent.value("Content-Length")), ("close", "5"));
    }
    let switch = answer_to("CONNECT", open(), &Head::response());
    assert_eq!(bad_gateway(switch), HandshakeError::ProtocolNotOffered);
    let content = connect.clone().line("Content-Length", "5");
    assert_eq!(refused(&relay().tunnels(), &content).error(), Some(&HandshakeError::Content));
}

/// RFC 9110, section 7.8: a relay and a client that have offered the same read the same in a 101.
#[test]
fn a_relay_reads_a_101_as_a_client_does() {
    let protocols = || [Protocol::tls(), Protocol::new("x").unwrap(), Protocol::new("y").unwrap().any_version()];
    let offer = UpgradeOffer::new("GET", "/x", "example.com").unwrap();
    let offer = protocols().into_iter().try_fold(offer, UpgradeOffer::protocol).unwrap();
    let mut request = Vec::new();
    drop(ClientHandshake::upgrade(&offer, &mut request).unwrap());
    for (upgrade, expected) in [
        ("TLS/1.2, HTTP/1.1", None),
        ("tls/1.2, http/1.1", None),
        ("TLS/1.2, x, y", None),
        ("x, TLS/1.2, HTTP/1.1", None),
        ("TLS/1.2, HTTP/1.1, x", Some(HandshakeError::ProtocolNotOffered)),
        ("TLS/1.2, HTTP/1.1, HTTP/1.1", Some(HandshakeError::ProtocolNotOffered)),
        ("TLS/1.2, HTTP/1.0", Some(HandshakeError::ProtocolNotOffered)),
        ("TLS/1.2, x, HTTP/1.1", Some(HandshakeError::ProtocolNotOffered)),
        ("x, HTTP/1.1", Some(HandshakeError::ProtocolNotOffered)),
        ("HTTP/1.1", Some(HandshakeError::ProtocolNotOffered)),
        ("x, X", Some(HandshakeError::ProtocolNotOffered)),
        ("TLS", Some(HandshakeError::ProtocolNotOffered)),
        ("y/1", Some(HandshakeError::ProtocolNotOffered)),
        (",", Some(HandshakeError::Malformed("Upgrade", None))),
        ("", Some(HandshakeError::Malformed("Upgrade", None))),
    ] {
        let head = Head::new("HTTP/1.1 101 ").line("Upgrade", upgrade).line("Connection", "Upgrade");
        let asked = match ask(&offer.expectations(), &head.to_bytes(), End::Open).answer {
            Answered::Accepted { .. } => None,
            Answered::Failed(error) => Some(error),
            other => panic!("{upgrade}: {other:?}"),
        };
        let (_, exchange) = forward_bytes(&allowing(protocols()), &request).unwrap();
        let relayed = match answer(exchange, &head) {
            Meaning::Switched(..) => None,
            other => Some(bad_gateway(other)),
        };
        assert_eq!((relayed, asked), (expected, expected), "{upgrade}");
    }
    let unread = Head::new("HTTP/1.1 101 ").line("Upgrade", "x, @@").line("Connection", "Upgrade");
    let (_, exchange) = forward_bytes(&allowing(protocols()), &request).unwrap();
    let relayed = bad_gateway(answer(exchange, &unread));
    assert!(matches!(relayed, HandshakeError::Malformed("Upgrade", Some(_))), "{relayed}");
    assert_eq!(ask(&offer.expectations(), &unread.to_bytes(), End::Open).error(), relayed);
}

/// Logs are read by many: of what a client sent early they have the length.
#[test]
fn what_is_held_is_not_printed() {
    let (_, mut exchange) = forward(&relay(), &Head::request());
    exchange.receive(&mut BytesMut::from(&b"secret"[..]), &mut Vec::new()).unwrap();
    let printed = format!("{exchange:?}");
    assert!(printed.contains("6 bytes") && !printed.contains("secret") && printed.starts_with("Exchange"), "{printed}");
    let bytes = Head::response().to_bytes();
    let mut fields = FieldTable::<8>::new();
    let Ok(Step::Done { value, .. }) = ResponseScan::new(limits()).scan(&bytes, &mut fields) else { panic!() };
    let Ok(passed) = exchange.answer(&value) else { panic!() };
    let printed = format!("{passed:?}");
    assert!(printed.contains("6 bytes") && !printed.contains("secret"), "{printed}");
}

/// Attack 19. Names without end on both sides: the work is that of sorting them. At this length anything else takes minutes.
#[test]
fn an_answer_with_many_names_is_read_at_once() {
    let names = |first: char| (0..100_000).map(|number| format!("{first}{number}")).collect::<Vec<_>>().join(",");
    let limits = Limits { value: usize::MAX, head: usize::MAX, ..Limits::default() };
    let started = Instant::now();
    let request = Head::request().line("Sec-WebSocket-Extensions", names('x')).to_bytes();
    let mut fields = FieldTable::<16>::new();
    let Ok(Step::Done { value, .. }) = RequestScan::new(limits).scan(&request, &mut fields) else { panic!() };
    for (first, switches) in [('x', true), ('y', false)] {
        let (_, exchange) = relay().forward(&value).unwrap();
        let list = names('x') + "," + &names(first);
        let response = Head::response().line("Sec-WebSocket-Extensions", list).to_bytes();
        let mut fields = FieldTable::<16>::new();
        let Ok(Step::Done { value, .. }) = ResponseScan::new(limits).scan(&response, &mut fields) else { panic!() };
        let outcome =
            exchange.answer(&value).map(|answered| matches!(answered, switchover_handshake::Answered::Switched { .. }));
        let error = outcome.as_ref().err().and_then(Refusal::error);
        let expected = (!switches).then_some(&HandshakeError::ExtensionNotOffered);
        assert_eq!((outcome.as_ref().ok(), error), (switches.then_some(&true), expected));
    }
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}
