//! What of a response goes on, and how it is framed.

use bytes::BytesMut;
use switchover_handshake::header::{FieldTable, Framing, ResponseScan, Step};
use switchover_handshake::{Answered, HandshakeError};

use crate::common::Head;
use crate::common::relay::{
    Meaning, answer, answer_to, bad_gateway, forward, http, limits, plain, refused, relay, switched,
};

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

/// RFC 9110, sections 11.7.1 and 15.5.8: a 407 has a challenge for the relay itself, which does not go on, and without it a
/// client could do nothing with the response.
#[test]
fn a_challenge_for_the_relay_is_a_502() {
    let challenge = Head::new("HTTP/1.1 407 Proxy Authentication Required")
        .line("Proxy-Authenticate", "Basic realm=\"x\"")
        .line("Content-Length", "2");
    let connect = Head::new("CONNECT example.com:443 HTTP/1.1").line("Host", "example.com:443");
    for (method, request) in [("GET", plain()), ("GET", Head::request()), ("CONNECT", connect)] {
        for response in [challenge.clone(), challenge.clone().without("Proxy-Authenticate")] {
            let (_, exchange) = forward(&relay().tunnels(), &request);
            let error = bad_gateway(answer_to(method, exchange, &response));
            assert_eq!(error, HandshakeError::ProxyAuthentication, "{request:?}");
        }
    }
    let (_, exchange) = forward(&relay(), &plain());
    let unauthorized = Head::new("HTTP/1.1 401 Unauthorized").line("WWW-Authenticate", "Basic realm=\"x\"");
    assert_eq!(http(answer(exchange, &unauthorized)).0.value("WWW-Authenticate"), "Basic realm=\"x\"");
}
