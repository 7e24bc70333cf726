//! Inputs that have hurt other implementations of the opening handshake, and what they get here.

use switchover_handshake::header::names::{
    CONNECTION, HOST, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use switchover_handshake::header::{FieldTable, Limits, RequestScan, Status, Step};
use switchover_handshake::{
    Choice, ClientHandshake, ClientLimits, Credentials, HandshakeError, LocalError, Offer, OriginPolicy, Refusal,
    ServerHandshake, SubprotocolPolicy, Url, UrlError, inspect,
};

use crate::common::counted::Counted;
use crate::common::{
    ACCEPT, End, Head, NONCE, Outcome, ask_bytes, ask_default, ask_pieces, offer, serve, serve_default,
};

/// Values of 16 KiB that cost a backtracking or rescanning parser seconds: ws CVE-2021-32640, Deno CVE-2023-26103. Each
/// is gone through a few times, however many elements it has. RFC 9110, section 5.6.
#[test]
fn long_values_are_read_a_few_times() {
    let spaces = " ".repeat(16_000);
    let commas = ",".repeat(16_000);
    let choice = Choice::new().subprotocols(SubprotocolPolicy::server_order(["x", "y"]).unwrap());
    let quotes = format!("a; b=\"{}", "\\c".repeat(8_000));
    for (name, value) in [
        (SEC_WEBSOCKET_PROTOCOL, format!("b{spaces}x")),
        (SEC_WEBSOCKET_PROTOCOL, commas.clone()),
        (SEC_WEBSOCKET_PROTOCOL, "a,".repeat(8_000)),
        (SEC_WEBSOCKET_PROTOCOL, (0..4_000).map(|number| format!("{number:x},")).collect()),
        (SEC_WEBSOCKET_EXTENSIONS, quotes.clone()),
        (SEC_WEBSOCKET_EXTENSIONS, format!("a{}", ";b".repeat(8_000))),
        (SEC_WEBSOCKET_EXTENSIONS, format!("a{}", "; b=\"\\c\"".repeat(2_000))),
        (CONNECTION, format!("Upgrade{spaces},x")),
        (CONNECTION, quotes),
        (UPGRADE, format!("websocket{spaces}x")),
        (UPGRADE, commas),
        (ORIGIN, format!("https://{}", "a".repeat(16_000))),
    ] {
        let bytes = Head::request().line(name, &value).to_bytes();
        let mut fields = FieldTable::<8>::new();
        let mut scan = RequestScan::new(Limits::default());
        let Ok(Step::Done { value: head, .. }) = scan.scan(&bytes, &mut fields) else { panic!("{name}") };
        let view = Counted::new(head);
        if let Ok(Some(proposal)) = inspect(&view) {
            let _ = proposal.accept(&choice, &mut Vec::new());
        }
        assert!(view.given.get() <= 8 * bytes.len(), "{name}: {} of {}", view.given.get(), bytes.len());
    }
}

/// Names that are properties of every object in JavaScript: ws CVE-2017-16042 and its kind. RFC 6455, section 9.1.
#[test]
fn extensions_nobody_knows_are_ignored() {
    for name in ["constructor", "__proto__", "hasOwnProperty", "toString"] {
        let answer = serve_default(&Head::request().line(SEC_WEBSOCKET_EXTENSIONS, name)).answer();
        assert!(!answer.contains("Extensions"), "{name}");
    }
}

/// Attack 22. CR, LF and NUL never reach a head, whichever builder they are given to, and nothing is written (undici
/// CVE-2026-1527).
#[test]
fn no_builder_lets_a_line_be_injected() {
    for bad in ["x\r\nSet-Cookie: a=b", "x\rb", "x\nb", "x\0b", "x\x7fb", "\r\n\r\n"] {
        assert_eq!(offer().field("X", bad), Err(LocalError::FieldValue));
        assert_eq!(offer().field(bad, "x"), Err(LocalError::FieldName));
        assert_eq!(offer().subprotocol(bad), Err(LocalError::Subprotocol));
        assert_eq!(offer().origin(bad), Err(LocalError::Origin));
        assert_eq!(offer().origin(&format!("https://{bad}")), Err(LocalError::Origin));
        assert_eq!(format!("ws://example.com/{bad}").parse::<Url>(), Err(UrlError::Resource));
        assert_eq!(format!("ws://{bad}/").parse::<Url>(), Err(UrlError::Host));
        assert_eq!(Choice::new().field("X", bad), Err(LocalError::FieldValue));
        assert_eq!(Choice::new().field(bad, "x"), Err(LocalError::FieldName));
        assert_eq!(SubprotocolPolicy::exactly(bad), Err(LocalError::Subprotocol));
        assert_eq!(SubprotocolPolicy::client_order([bad]), Err(LocalError::Subprotocol));
        assert_eq!(OriginPolicy::listed([bad]), Err(LocalError::Origin));
        assert_eq!(offer().credential("X", bad), Err(LocalError::FieldValue));
        assert_eq!(offer().cookies(&format!("a={bad}")), Err(LocalError::Cookies));
        assert_eq!(Credentials::basic(bad, "x"), Err(LocalError::UserId));
        assert_eq!(Credentials::basic("x", bad), Err(LocalError::Password));
        assert_eq!(Credentials::bearer(bad), Err(LocalError::BearerToken));
        assert_eq!(offer().url().resolve(&format!("/{bad}")), Err(UrlError::Resource));
        assert_eq!(Refusal::not_found().field("X", bad), Err(LocalError::FieldValue));
        assert_eq!(Refusal::not_found().field(bad, "x"), Err(LocalError::FieldName));
        assert_eq!(Refusal::not_found().body(bad, "x"), Err(LocalError::FieldValue));
    }
    for name in ["", "a b", "a:", "caf\u{e9}", "a/b"] {
        assert_eq!(Choice::new().field(name, "x"), Err(LocalError::FieldName));
    }
}

/// A second line of a field of the handshake, or of framing, would change what the head means.
#[test]
fn no_builder_lets_a_field_of_the_handshake_be_written_twice() {
    for name in [
        "Upgrade",
        "connection",
        "SEC-WEBSOCKET-ACCEPT",
        "Sec-WebSocket-Protocol",
        "Content-Length",
        "transfer-encoding",
    ] {
        assert_eq!(Choice::new().field(name, "x"), Err(LocalError::ReservedField), "{name}");
        assert_eq!(offer().field(name, "x"), Err(LocalError::ReservedField), "{name}");
    }
    for name in ["host", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Extensions", "Origin"] {
        assert_eq!(offer().field(name, "x"), Err(LocalError::ReservedField), "{name}");
    }
    for name in ["Connection", "content-length", "Transfer-Encoding", "Content-Type"] {
        assert_eq!(Refusal::not_found().field(name, "x"), Err(LocalError::ReservedField), "{name}");
    }
}

/// Requirement 27. Attack 23. tokio-websockets decoded it into 20 bytes and panicked. RFC 6455, section 4.1.
#[test]
fn an_accept_value_that_is_none_is_an_error() {
    for accept in [
        format!("{ACCEPT}{ACCEPT}"),
        "A".repeat(16_000),
        "=".repeat(28),
        "\u{ff}".repeat(14),
        format!("{ACCEPT}, {ACCEPT}"),
        format!("\"{ACCEPT}\""),
    ] {
        let error = ask_pieces(
            &offer(),
            ClientLimits::default(),
            &[&Head::response().with(SEC_WEBSOCKET_ACCEPT, &accept).to_bytes()],
            End::Open,
        )
        .error();
        assert_eq!(error, HandshakeError::Mismatch(SEC_WEBSOCKET_ACCEPT), "{accept}");
    }
    let two = Head::response().with(SEC_WEBSOCKET_ACCEPT, "x").line(SEC_WEBSOCKET_ACCEPT, ACCEPT);
    assert_eq!(ask_default(&two).error(), HandshakeError::Repeated(SEC_WEBSOCKET_ACCEPT));
}

/// Attack 24. Envoy CVE-2024-23326. RFC 9110, section 7.8: only a 101 switches, and only a complete one.
#[test]
fn nothing_but_a_whole_101_switches() {
    for start_line in ["HTTP/1.1 200 OK", "HTTP/1.1 426 Upgrade Required", "HTTP/1.1 201 101"] {
        let response = Head::response().start_line(start_line).line("Content-Length", "0");
        assert!(matches!(ask_default(&response).outcome, Outcome::Refused { .. }), "{start_line}");
    }
    let interim = [Head::response().start_line("HTTP/1.1 100 Continue").to_bytes(), b"\x81\0".to_vec()].concat();
    assert!(matches!(ask_bytes(&offer(), &interim, End::Open).outcome, Outcome::Failed(HandshakeError::Head(_))));
    // A 101 that answers something else: no field of the handshake.
    assert!(matches!(ask_default(&Head::new("HTTP/1.1 101 ")).outcome, Outcome::Failed(HandshakeError::Missing(_))));
}

/// Attack 30. Cross-site hijacking: `null`, a host that only looks like it, another port or scheme, a doubled Origin (RFC
/// 6455, section 10.2; RFC 6454, section 7).
#[test]
fn pages_of_others_are_kept_out() {
    for origin in [
        "null",
        "http://example.com.evil.com",
        "http://evil-example.com",
        "http://sub.example.com",
        "http://com",
        "http://example.com:8080",
        "https://example.com:80",
        "http://example.com:443",
        "ftp://example.com",
        "ws://example.com",
        "http://example.com@evil.com",
        "http://user@example.com",
        "http://example.com/",
        "http://example.com%00",
        "file://",
        "http://",
    ] {
        let error = serve_default(&Head::request().line(ORIGIN, origin)).error();
        assert_eq!(error, HandshakeError::ForeignOrigin, "{origin}");
    }
    for origin in
        ["", "example.com", "http:/example.com", "http://example.com https://evil.com", "http://ex\u{e4}mple.com"]
    {
        let error = serve_default(&Head::request().line(ORIGIN, origin)).error();
        assert_eq!(error, HandshakeError::Malformed(ORIGIN, None), "{origin}");
    }
    let doubled = Head::request().line(ORIGIN, "http://example.com").line(ORIGIN, "http://evil.com");
    assert_eq!(serve(&doubled, &Choice::new().origins(OriginPolicy::any())).error(), HandshakeError::Repeated(ORIGIN));
    let at_port = Head::request().with(HOST, "example.com:8080").line(ORIGIN, "http://example.com");
    assert_eq!(serve_default(&at_port).error(), HandshakeError::ForeignOrigin);
}

/// Attack 31. hyper#4019: bytes that are no UTF-8 where text is expected.
#[test]
fn bytes_beyond_ascii_are_no_panic() {
    let bytes: &[u8] = b"\xff\xfe, Upgrade";
    assert!(serve_default(&Head::request().with(CONNECTION, bytes)).answer().starts_with("HTTP/1.1 101 "));
    assert!(serve_default(&Head::request().with(UPGRADE, b"\xff")).is_http());
    for name in ["Sec-WebSocket-Key", "Sec-WebSocket-Version", ORIGIN, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_EXTENSIONS]
    {
        let error = serve_default(&Head::request().with(name, b"\xff\xfe")).error();
        assert!(matches!(error, HandshakeError::Malformed(field, _) if field == name), "{name}: {error}");
    }
    for name in [UPGRADE, CONNECTION, SEC_WEBSOCKET_ACCEPT] {
        assert_eq!(ask_default(&Head::response().with(name, b"\xff")).error(), HandshakeError::Mismatch(name));
    }
    for name in [SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_EXTENSIONS] {
        let error = ask_default(&Head::response().with(name, b"\xff")).error();
        assert!(matches!(error, HandshakeError::Malformed(field, _) if field == name), "{name}: {error}");
    }
}

/// Attack 32. Requirements 5, 6. Tomcat; RFC 9110, sections 7.6.1 and 7.8.
#[test]
fn upgrade_counts_on_http_1_1_and_where_connection_names_it_only() {
    let old = Head::request().start_line("GET /notifications HTTP/1.0");
    assert!(serve_default(&old).is_http());
    for connection in ["no-upgrade", "upgradex", "x upgrade", "\"Upgrade\"", "keep-alive"] {
        assert!(serve_default(&Head::request().with(CONNECTION, connection)).is_http(), "{connection}");
    }
    let second_line = Head::request().with(CONNECTION, "close").line(CONNECTION, "x, upgrade");
    assert!(serve_default(&second_line).answer().starts_with("HTTP/1.1 101 "));
}

/// Attack 33. Requirement 12. RFC 9110, section 15.2: there may be any number of them, and a client may have enough.
#[test]
fn endless_interim_responses_are_cut_off() {
    let limits = ClientLimits { interim: 3, ..ClientLimits::default() };
    let response = Head::new("HTTP/1.1 100 ").to_bytes();
    let three = ask_pieces(&offer(), limits, &[&response.repeat(3)], End::Open);
    assert_eq!((three.interim.len(), three.outcome), (3, Outcome::NeedMore));
    for pieces in [vec![&response.repeat(1_000)[..]], vec![&response[..]; 1_000]] {
        let asked = ask_pieces(&offer(), limits, &pieces, End::Open);
        assert_eq!((asked.interim.len(), asked.outcome), (3, Outcome::Failed(HandshakeError::TooManyInterim)));
    }
}

/// The head of a refusal is not read again for each byte of its content. RFC 9112, section 6.3.
#[test]
fn the_head_of_a_refusal_that_drips_is_read_once() {
    let head = Head::new("HTTP/1.1 400 ").line("Content-Length", "60000").to_bytes();
    let response = [&head[..], &[b'z'; 60_000]].concat();
    let mut handshake = ClientHandshake::new(&offer(), NONCE, &mut Vec::new()).unwrap();
    assert!(matches!(handshake.receive(&head), Ok(Step::NeedMore { .. })));
    // Who looked at the head again would find none.
    let spoilt = vec![0; response.len()];
    for end in head.len()..response.len() {
        assert!(matches!(handshake.receive(&spoilt[..end]), Ok(Step::NeedMore { .. })));
    }
    assert!(matches!(handshake.receive(&response), Ok(Step::Done { consumed, .. }) if consumed == response.len()));
}

/// Attack 33. Slowloris. The clock is the caller's; the answer is here (RFC 9110, section 15.5.9).
#[test]
fn a_request_that_drips_is_answered_408_when_the_deadline_passes() {
    let mut handshake = ServerHandshake::default();
    let bytes = Head::request().to_bytes();
    for end in 0..bytes.len() {
        assert!(matches!(handshake.receive(&bytes[..end]), Ok(Step::NeedMore { .. })));
    }
    assert_eq!(Refusal::timeout().status(), Status::REQUEST_TIMEOUT);
    assert!(Refusal::timeout().to_bytes().starts_with(b"HTTP/1.1 408 Request Timeout\r\n"));
}

/// tungstenite CVE-2023-43669: 20 MB in one head. It ends at the limit, whatever comes in one piece.
#[test]
fn a_head_without_end_is_431_at_the_limit() {
    let mut handshake = ServerHandshake::default();
    let mut input = b"GET / HTTP/1.1\r\nHost: a\r\n".to_vec();
    let refusal = loop {
        input.extend_from_slice(
            b"X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n",
        );
        match handshake.receive(&input) {
            Ok(step) => assert!(matches!(step, Step::NeedMore { .. })),
            Err(refusal) => break refusal,
        }
    };
    assert_eq!(refusal.status(), Status::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert!(input.len() <= Limits::default().head);
}

/// Attack 34. Generators seeded by the time made guessable keys: there is no key without the caller's 16 bytes, and two of
/// them give two keys (RFC 6455, section 4.1, second list, item 7).
#[test]
fn the_nonce_is_the_callers() {
    let key = |nonce| {
        let mut out = Vec::new();
        ClientHandshake::new(&Offer::new("ws://a".parse().unwrap()), nonce, &mut out).unwrap();
        out
    };
    let mut other = NONCE;
    other[15] ^= 1;
    assert_ne!(key(NONCE), key(other));
    // The answer to one is no answer to the other.
    let mut handshake = ClientHandshake::new(&offer(), other, &mut Vec::new()).unwrap();
    let response = Head::response().to_bytes();
    assert_eq!(handshake.receive(&response).unwrap_err(), HandshakeError::Mismatch(SEC_WEBSOCKET_ACCEPT));
}

/// Logs are read by more people than credentials are for.
#[test]
fn nothing_that_is_printed_holds_a_credential() {
    let offer = Offer::new("wss://example.com/chat?token=S3CRET".parse().unwrap());
    let offer = offer.field("Authorization", "Bearer S3CRET").unwrap();
    let choice = Choice::new().field("Set-Cookie", "S3CRET").unwrap();
    let refusal = Refusal::not_found().field("WWW-Authenticate", "S3CRET").unwrap();
    let request = Head::request().start_line("GET /chat?token=S3CRET HTTP/1.1").line("Cookie", "S3CRET").to_bytes();
    let mut handshake = ServerHandshake::default();
    let proposal = format!("{:?}", handshake.receive(&request));
    let response = Head::response().line("Set-Cookie", "S3CRET").to_bytes();
    let mut client = ClientHandshake::new(&crate::common::offer(), NONCE, &mut Vec::new()).unwrap();
    let answer = format!("{:?}", client.receive(&response));
    for (printed, name) in [
        (format!("{offer:?}"), "Authorization"),
        (format!("{offer:?}"), "wss://example.com/chat?"),
        (format!("{choice:?}"), "Set-Cookie"),
        (format!("{refusal:?}"), "WWW-Authenticate"),
        (proposal, "Cookie"),
        (answer, "Set-Cookie"),
    ] {
        assert!(!printed.contains("S3CRET") && printed.contains(name), "{printed}");
    }
}
