//! A proxy between a client and a server of HTTP/1.1: what it passes on, and when a connection becomes a tunnel.
#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of a test are tests too")]

mod common;

use bytes::BytesMut;
use common::{ACCEPT, Head};
use proptest::collection::vec;
use proptest::prelude::*;
use switchover_handshake::header::{
    BodyDecoder, BodyItem, BodyLimits, FieldTable, Framing, Limits, RequestScan, ResponseScan, Status, Step,
};
use switchover_handshake::{
    Answered, Exchange, ForwardedRequest, ForwardedResponse, HandshakeError, MAX_PROTOCOLS, Protocol, Protocols,
    Refusal, Relay, Requirement,
};
use switchover_testkit::{heads, split};

fn relay() -> Relay {
    Relay::new("edge").unwrap()
}

fn allowing(protocols: impl IntoIterator<Item = Protocol>) -> Relay {
    relay().protocols(&Protocols::new(protocols).unwrap())
}

/// A head with its start-line and its lines, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sent {
    start: String,
    lines: Vec<(String, Vec<u8>)>,
}

impl Sent {
    fn request(request: &ForwardedRequest<'_>) -> Self {
        let mut bytes = Vec::new();
        request.encode(&mut bytes).unwrap();
        // What is passed on is a request of HTTP/1.1, and framed as it says.
        let mut fields = FieldTable::<64>::new();
        match RequestScan::new(limits()).scan(&bytes, &mut fields) {
            Ok(Step::Done { value, consumed }) => {
                assert_eq!(consumed, bytes.len());
                assert_eq!((value.method(), value.target()), (request.method(), request.target()));
                assert_eq!(value.framing(), request.framing());
            }
            other => panic!("{}: {other:?}", bytes.escape_ascii()),
        }
        Self::of(&bytes, request.fields())
    }

    fn response(response: &ForwardedResponse<'_>, method: &str) -> Self {
        let mut bytes = Vec::new();
        response.encode(&mut bytes).unwrap();
        let mut fields = FieldTable::<64>::new();
        match ResponseScan::new(limits()).scan(&bytes, &mut fields) {
            Ok(Step::Done { value, consumed }) => {
                assert_eq!(consumed, bytes.len());
                assert_eq!(value.framing(method), Ok(response.framing()), "{}", bytes.escape_ascii());
            }
            other => panic!("{}: {other:?}", bytes.escape_ascii()),
        }
        Self::of(&bytes, response.fields())
    }

    fn of<'a>(bytes: &[u8], fields: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let start = bytes.split(|byte| *byte == b'\r').next().unwrap();
        let lines = fields.map(|(name, value)| (name.to_owned(), value.to_vec())).collect();
        Self { start: String::from_utf8(start.to_vec()).unwrap(), lines }
    }

    fn values(&self, name: &str) -> Vec<&[u8]> {
        self.lines.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| &value[..]).collect()
    }

    /// The only value of a field.
    fn value(&self, name: &str) -> &str {
        match self.values(name)[..] {
            [value] => core::str::from_utf8(value).unwrap(),
            ref other => panic!("{name}: {other:?}"),
        }
    }

    fn has(&self, name: &str) -> bool {
        !self.values(name).is_empty()
    }
}

fn limits() -> Limits {
    Limits { fields: 1_000, ..Limits::default() }
}

/// What the relay makes of a request.
fn forward_bytes(relay: &Relay, request: &[u8]) -> Result<(Sent, Exchange), Refusal> {
    let mut fields = FieldTable::<64>::new();
    match RequestScan::new(limits()).scan(request, &mut fields) {
        Ok(Step::Done { value, .. }) => {
            relay.forward(&value).map(|(forwarded, exchange)| (Sent::request(&forwarded), exchange))
        }
        other => panic!("not a request: {}: {other:?}", request.escape_ascii()),
    }
}

fn forward(relay: &Relay, request: &Head) -> (Sent, Exchange) {
    forward_bytes(relay, &request.to_bytes()).unwrap()
}

fn refused(relay: &Relay, request: &Head) -> Refusal {
    forward_bytes(relay, &request.to_bytes()).unwrap_err()
}

/// What an answer means, in plain values.
#[derive(Debug)]
enum Meaning {
    Interim(Option<Sent>, Exchange),
    Switched(Sent, Vec<u8>),
    Http { sent: Sent, closes: bool },
    Refused(Refusal),
}

fn answer_to(method: &str, exchange: Exchange, response: &Head) -> Meaning {
    let bytes = response.to_bytes();
    let mut fields = FieldTable::<64>::new();
    let Ok(Step::Done { value: head, .. }) = ResponseScan::new(limits()).scan(&bytes, &mut fields) else {
        panic!("not a response: {}", bytes.escape_ascii());
    };
    match exchange.answer(&head) {
        Ok(Answered::Interim { response, exchange }) => {
            Meaning::Interim(response.map(|response| Sent::response(&response, method)), exchange)
        }
        Ok(Answered::Switched { response, tunnel }) => {
            Meaning::Switched(Sent::response(&response, method), tunnel.early_data().to_vec())
        }
        Ok(Answered::Http(response)) => {
            Meaning::Http { sent: Sent::response(&response, method), closes: response.closes() }
        }
        Err(refusal) => Meaning::Refused(refusal),
    }
}

fn answer(exchange: Exchange, response: &Head) -> Meaning {
    answer_to("GET", exchange, response)
}

/// The answer to a WebSocket handshake that was passed on.
fn answer_to_handshake(response: &Head) -> Meaning {
    answer(forward(&relay(), &Head::request()).1, response)
}

fn http(meaning: Meaning) -> (Sent, bool) {
    match meaning {
        Meaning::Http { sent, closes } => (sent, closes),
        other => panic!("not an ordinary response: {other:?}"),
    }
}

fn switched(meaning: Meaning) -> (Sent, Vec<u8>) {
    match meaning {
        Meaning::Switched(sent, early) => (sent, early),
        other => panic!("not switched: {other:?}"),
    }
}

/// A 502, with what is wrong.
fn bad_gateway(meaning: Meaning) -> HandshakeError {
    match meaning {
        Meaning::Refused(refusal) => {
            assert_eq!(refusal.status(), Status::BAD_GATEWAY);
            *refusal.error().unwrap()
        }
        other => panic!("not refused: {other:?}"),
    }
}

fn plain() -> Head {
    Head::new("GET /x HTTP/1.1").line("Host", "example.com")
}

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

/// The next request on a connection to the server begins where the content of the one before ends.
#[test]
fn an_early_answer_spoils_the_connection_to_the_server() {
    let request = plain().start_line("POST / HTTP/1.1").line("Content-Length", "3");
    let ok = Head::new("HTTP/1.1 200 OK").line("Content-Length", "0");
    for (content, response, spoilt) in [
        (&b"ab"[..], ok.clone(), true),
        (b"abc", ok.clone(), false),
        (b"abc", ok.clone().line("Connection", "Close"), true),
        (b"abc", ok.clone().start_line("HTTP/1.0 200 OK"), true),
        (b"abc", Head::new("HTTP/1.1 200 OK"), true),
    ] {
        let (_, mut exchange) = forward(&relay(), &request);
        exchange.receive(&mut BytesMut::from(content), &mut Vec::new()).unwrap();
        let bytes = response.to_bytes();
        let mut fields = FieldTable::<64>::new();
        let Ok(Step::Done { value, .. }) = ResponseScan::new(limits()).scan(&bytes, &mut fields) else { panic!() };
        let Ok(Answered::Http(passed)) = exchange.answer(&value) else { panic!("{response:?}") };
        assert_eq!(passed.server_closes(), spoilt, "{content:?} {response:?}");
    }
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
    let offer = plain().line("Upgrade", "x").line("Connection", "Upgrade, X-Key").line("X-Key", "1");
    assert_eq!(refused(&allowing([keyed]), &offer).error(), Some(&HandshakeError::Nominated("X-Key")));
    let offer = plain().line("Upgrade", "connect-udp").line("Connection", "Upgrade, Capsule-Protocol");
    let offer = offer.line("Capsule-Protocol", "?1");
    let error = refused(&allowing([Protocol::connect_udp()]), &offer);
    assert_eq!(error.error(), Some(&HandshakeError::Nominated("Capsule-Protocol")));
}

/// Of a thousand versions not all go on.
#[test]
fn an_offer_is_bounded() {
    let versions: Vec<String> = (0..1_000).map(|version| format!("x/{version}")).collect();
    let offer = plain().line("Upgrade", versions.join(", ")).line("Connection", "Upgrade");
    let (sent, _) = forward(&allowing([Protocol::new("x").unwrap().any_version()]), &offer);
    assert_eq!(sent.value("Upgrade"), versions[..MAX_PROTOCOLS].join(", "));
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

/// Attack 26. There is a tunnel only for a 101 with Upgrade, Connection and the Accept of the key that was passed on; for
/// anything else there is none.
#[test]
fn no_tunnel_without_a_verified_answer() {
    for (response, error) in [
        (Head::new("HTTP/1.1 101 "), HandshakeError::Missing(&["Upgrade"])),
        (Head::response().without("Upgrade"), HandshakeError::Missing(&["Upgrade"])),
        (Head::response().with("Upgrade", ","), HandshakeError::Missing(&["Upgrade"])),
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
    for status in ["302 Found", "407 Proxy Authentication Required", "502 Bad Gateway"] {
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

/// Requirement 6. To HTTP/1.0 no interim response is sent, Upgrade is ignored, and content without a length ends with the
/// connection.
#[test]
fn http_1_0_has_no_interim_responses() {
    let request = Head::request().start_line("GET / HTTP/1.0").line("Expect", "100-continue");
    let (sent, exchange) = forward(&relay(), &request);
    assert_eq!((sent.start.as_str(), sent.value("Via")), ("GET / HTTP/1.1", "1.0 edge"));
    assert!(!sent.has("Upgrade") && !sent.has("Expect"));
    let Meaning::Interim(None, exchange) = answer(exchange, &Head::new("HTTP/1.1 100 Continue")) else {
        panic!("passed on")
    };
    let chunked = Head::new("HTTP/1.1 200 OK").line("Transfer-Encoding", "chunked");
    let (sent, closes) = http(answer(exchange, &chunked));
    assert!(closes && !sent.has("Transfer-Encoding"));
    assert_eq!(sent.value("Connection"), "close");
}

/// Requirement 8. A 100 goes before the 101, as the server has it.
#[test]
fn interim_responses_go_first() {
    let (sent, exchange) = forward(&relay(), &Head::request().line("Expect", "100-continue"));
    assert_eq!(sent.value("Expect"), "100-continue");
    let Meaning::Interim(Some(sent), exchange) = answer(exchange, &Head::new("HTTP/1.1 100 Continue")) else {
        panic!("not interim")
    };
    assert_eq!(sent.start, "HTTP/1.1 100 Continue");
    switched(answer(exchange, &Head::response()));
}

/// Attack 33. Interim responses without end are capped.
#[test]
fn interim_responses_are_capped() {
    let (_, mut exchange) = forward(&relay(), &Head::request());
    for _ in 0..16 {
        exchange = match answer(exchange, &Head::new("HTTP/1.1 102 Processing")) {
            Meaning::Interim(Some(_), exchange) => exchange,
            other => panic!("not interim: {other:?}"),
        };
    }
    let outcome = bad_gateway(answer(exchange, &Head::new("HTTP/1.1 102 Processing")));
    assert_eq!(outcome, HandshakeError::TooManyInterim);
}

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

/// RFC 9112, section 6.3: how the content of a response goes on, to each kind of client.
#[test]
fn responses_are_framed_for_the_client() {
    for (version, method, lines, framing, name, value) in [
        ("1.1", "GET", ("Content-Length", "5"), Framing::Length(5), "Content-Length", Some("5")),
        ("1.1", "GET", ("Transfer-Encoding", "chunked"), Framing::Chunked, "Transfer-Encoding", Some("chunked")),
        ("1.1", "GET", ("X", "y"), Framing::Chunked, "Transfer-Encoding", Some("chunked")),
        ("1.0", "GET", ("X", "y"), Framing::UntilClose, "Transfer-Encoding", None),
        ("1.1", "HEAD", ("Content-Length", "5"), Framing::None, "Content-Length", Some("5")),
        ("1.1", "HEAD", ("Transfer-Encoding", "chunked"), Framing::None, "Transfer-Encoding", None),
    ] {
        let request = plain().start_line(format!("{method} / HTTP/{version}"));
        let (_, exchange) = forward(&relay(), &request);
        let response = Head::new("HTTP/1.1 200 OK").line(lines.0, lines.1);
        let (sent, closes) = http(answer_to(method, exchange, &response));
        assert_eq!(sent.values(name).first().copied(), value.map(str::as_bytes), "{sent:?}");
        assert_eq!(closes, framing == Framing::UntilClose || version == "1.0");
    }
    let (_, exchange) = forward(&relay(), &plain());
    let not_modified = Head::new("HTTP/1.1 304 Not Modified").line("Content-Length", "5");
    assert_eq!(http(answer(exchange, &not_modified)).0.value("Content-Length"), "5");
    let (_, exchange) = forward(&relay(), &plain());
    let nothing = Head::new("HTTP/1.1 204 No Content").line("Content-Length", "0");
    assert!(!http(answer(exchange, &nothing)).0.has("Content-Length"));
    let (_, exchange) = forward(&relay(), &plain());
    let coded = Head::new("HTTP/1.1 200 OK").line("Transfer-Encoding", "gzip");
    assert_eq!(bad_gateway(answer(exchange, &coded)), HandshakeError::Mismatch("Transfer-Encoding"));
}

/// The refusal of a HEAD request has no content (RFC 9110, section 9.3.2).
#[test]
fn a_refusal_is_for_its_request() {
    let request = plain().start_line("HEAD / HTTP/1.1");
    let (_, exchange) = forward(&relay(), &request);
    match answer_to("HEAD", exchange, &Head::response()) {
        Meaning::Refused(refusal) => assert!(refusal.to_bytes().ends_with(b"\r\n\r\n")),
        other => panic!("not refused: {other:?}"),
    }
    let nominates = request.line("Connection", "Host");
    assert!(refused(&relay(), &nominates).to_bytes().ends_with(b"\r\n\r\n"));
}

const OF_ONE_CONNECTION: [&str; 11] = [
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
    "proxy-authentication-info",
];

/// What Connection names, read in the simplest way.
fn nominated(fields: &[heads::FieldLine]) -> Vec<String> {
    let lines = fields.iter().filter(|field| field.is("connection"));
    let text: Vec<String> = lines.map(|line| String::from_utf8_lossy(&line.value).to_ascii_lowercase()).collect();
    text.join(",").split(',').map(|name| name.trim().to_owned()).collect()
}

/// A Connection field, and fields for it to name.
fn connection() -> impl Strategy<Value = Vec<heads::FieldLine>> {
    let option = prop::sample::select(vec!["Upgrade", "close", "X-A", "x-b", "Cookie", "Via", "", "keep-alive"]);
    let line = vec(option, 0..4).prop_map(|options| heads::FieldLine::new("Connection", options.join(", ")));
    let named = prop::sample::select(vec!["X-A", "X-B", "Keep-Alive", "TE", "HTTP2-Settings", "Proxy-Authorization"]);
    let named = (named, "[a-z]{0,5}").prop_map(|(name, value)| heads::FieldLine::new(name, value));
    vec(prop_oneof![line, named], 0..6)
}

/// Nothing of one connection and nothing nominated is among `passed`; all the rest of `sent` is, in order.
fn check_passed(sent: &[heads::FieldLine], passed: &Sent, made_anew: &[&str]) {
    let nominated = nominated(sent);
    let is_stripped = |name: &str| {
        let name = name.to_ascii_lowercase();
        OF_ONE_CONNECTION.contains(&&*name) || nominated.contains(&name)
    };
    let is_made = |name: &str| made_anew.iter().any(|made| made.eq_ignore_ascii_case(name));
    let kept: Vec<_> = sent
        .iter()
        .filter(|field| !is_stripped(&field.name) && !is_made(&field.name))
        .map(|field| (field.name.clone(), field.value.clone()))
        .collect();
    let rest: Vec<_> = passed.lines.iter().filter(|(name, _)| !is_made(name)).cloned().collect();
    let via = rest.len().saturating_sub(1);
    assert_eq!(&rest[..via], &kept[..], "{sent:?}");
    assert!(rest[via].0 == "Via", "{rest:?}");
}

proptest! {
    /// Requirement 5. Attack 29. For any head: no field of one connection and none that Connection names goes on, all others
    /// do, and what goes on is a request with the same framing.
    #[test]
    fn requests_go_on_without_what_is_of_one_connection(
        mut request in heads::requests(),
        more in connection(),
        at in any::<prop::sample::Index>(),
    ) {
        let at = at.index(request.fields.len() + 1);
        request.fields.splice(at..at, more);
        let relay = relay().tunnels();
        match forward_bytes(&relay, &request.bytes()) {
            Ok((sent, _)) => {
                let made_anew = ["Host", "Content-Length", "Transfer-Encoding", "Upgrade", "Connection"];
                if request.minor_version == 1 {
                    check_passed(&request.fields, &sent, &made_anew);
                }
                if sent.has("Upgrade") {
                    prop_assert_eq!(sent.value("Connection"), "Upgrade");
                }
            }
            Err(refusal) => {
                prop_assert!(matches!(
                    refusal.error(),
                    Some(
                        HandshakeError::Malformed(..)
                            | HandshakeError::Nominated(_)
                            | HandshakeError::Content
                            | HandshakeError::Expectation
                            | HandshakeError::Method(_)
                            | HandshakeError::Missing(_)
                            | HandshakeError::Repeated(_)
                    )
                ), "{}", refusal);
            }
        }
    }

    /// Attack 27. A server behind reads the content that the client has sent, and nothing more, however it arrives.
    #[test]
    fn content_goes_on_as_it_is(
        chunks in vec(vec(any::<u8>(), 1..20), 1..5),
        chunked in any::<bool>(),
        extension in prop::sample::select(vec!["", ";a", ";a=\"b;\\\"c\""]),
        behind in vec(any::<u8>(), 0..20),
        cuts in switchover_testkit::split::random_cuts(),
    ) {
        let sent = chunks.concat();
        let mut content = Vec::new();
        for chunk in &chunks {
            if chunked {
                content.extend(format!("{:x}{extension}\r\n", chunk.len()).into_bytes());
            }
            content.extend(chunk);
            if chunked {
                content.extend(b"\r\n");
            }
        }
        if chunked {
            content.extend(b"0\r\nX-Internal: secret\r\n\r\n");
        }
        content.extend(&behind);
        let head = Head::new("POST / HTTP/1.1").line("Host", "example.com");
        let head = if chunked {
            head.line("Transfer-Encoding", "chunked")
        } else {
            head.line("Content-Length", sent.len().to_string())
        };
        let (_, mut exchange) = forward(&relay(), &head);
        let (mut input, mut out) = (BytesMut::new(), Vec::new());
        for piece in cuts.pieces(&content) {
            input.extend_from_slice(piece);
            exchange.receive(&mut input, &mut out).unwrap();
        }
        prop_assert_eq!(&input[..], &behind[..], "what is behind may be the next request");
        let framing = if chunked { Framing::Chunked } else { Framing::Length(sent.len() as u64) };
        let mut decoder = BodyDecoder::request(framing, BodyLimits::default());
        let (mut at, mut data, mut trailers) = (0, Vec::<u8>::new(), FieldTable::<4>::new());
        loop {
            match decoder.decode(&out[at..], &mut trailers) {
                Ok(Step::Done { value: BodyItem::Data(range), consumed }) => {
                    data.extend(&out[at..][range]);
                    at += consumed;
                }
                Ok(Step::Done { value: BodyItem::End(trailers), consumed }) => {
                    prop_assert_eq!(trailers.fields().count(), 0);
                    prop_assert_eq!(at + consumed, out.len());
                    break;
                }
                Ok(Step::Done { consumed, .. }) => at += consumed,
                other => prop_assert!(false, "{:?}", other),
            }
        }
        prop_assert_eq!(data, sent);
    }

    /// Requirement 5. Attacks 26, 29. For any response, no field of one connection and none that Connection names goes on, and
    /// there is a tunnel only where the answer is the one that the key asks for.
    #[test]
    fn responses_go_on_without_what_is_of_one_connection(
        mut response in heads::responses(),
        more in connection(),
        accept in prop::sample::select(vec![None, Some(ACCEPT), Some("AAAAAAAAAAAAAAAAAAAAAAAAAAA=")]),
    ) {
        response.fields.extend(more);
        response.fields.extend(accept.map(|accept| heads::FieldLine::new("Sec-WebSocket-Accept", accept)));
        if response.status == 101 {
            response.fields.push(heads::FieldLine::new("Upgrade", "websocket"));
        }
        let (_, exchange) = forward(&relay(), &Head::request());
        let bytes = response.bytes();
        let mut fields = FieldTable::<64>::new();
        let Ok(Step::Done { value: head, .. }) = ResponseScan::new(limits()).scan(&bytes, &mut fields) else {
            panic!("not a response")
        };
        let made_anew = ["Upgrade", "Connection", "Content-Length", "Transfer-Encoding"];
        match exchange.answer(&head) {
            Ok(Answered::Switched { response: passed, .. }) => {
                prop_assert_eq!((response.status, accept), (101, Some(ACCEPT)));
                prop_assert!(nominated(&response.fields).contains(&"upgrade".to_owned()));
                check_passed(&response.fields, &Sent::response(&passed, "GET"), &made_anew);
            }
            Ok(Answered::Interim { response: passed, .. }) => {
                check_passed(&response.fields, &Sent::response(&passed.unwrap(), "GET"), &made_anew);
            }
            Ok(Answered::Http(passed)) => {
                prop_assert_ne!(response.status, 101);
                check_passed(&response.fields, &Sent::response(&passed, "GET"), &made_anew);
            }
            Err(refusal) => prop_assert_eq!(refusal.status(), Status::BAD_GATEWAY),
        }
    }
}
