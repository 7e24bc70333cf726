//! Tunnels (RFC 9110, section 9.3.6), both sides, each message under every split.

use switchover_handshake::header::names::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use switchover_handshake::header::{HeadErrorKind, Step};
use switchover_handshake::{
    ClientHandshake, ClientLimits, ConnectChoice, ConnectExpectations, ConnectOffer, EarlyData, HandshakeError,
    LocalError, Protocol, Refusal, Request, ServerHandshake,
};
use switchover_testkit::split;

use crate::common::upgrade::{Answered, Outcome, Server, ask, ask_pieces};
use crate::common::{End, Head, response_field};

fn request(authority: &str) -> Head {
    Head::new(format!("CONNECT {authority} HTTP/1.1")).line(HOST, authority)
}

fn server() -> Server {
    Server { tunnels: true, ..Server::new([Protocol::websocket()]) }
}

/// Requirement 13. RFC 9110, section 9.3.6: a tunnel begins right behind the head of the 2xx, which has no framing.
#[test]
fn a_tunnel_begins_right_behind_the_head() {
    let served = server().serve_head(&request("server.example.com:80"));
    assert_eq!((served.out(), &served.outcome), ("HTTP/1.1 200 OK\r\n\r\n", &Outcome::Tunnel));
    let old = request("[::1]:443").start_line("CONNECT [::1]:443 HTTP/1.0").without(HOST);
    assert_eq!(server().serve_head(&old).outcome, Outcome::Tunnel);

    let bytes = request("server.example.com:80").line("Proxy-Authorization", "Basic YTpi").to_bytes();
    let mut handshake = ServerHandshake::default().tunnels();
    let Ok(Step::Done { value: request @ Request::Connect(_), .. }) = handshake.receive(&bytes) else { panic!() };
    assert_eq!(request.plain().method(), "CONNECT");
    let Request::Connect(proposal) = request else { panic!() };
    assert_eq!((proposal.authority().host, proposal.authority().port), ("server.example.com", Some(80)));
    assert_eq!(proposal.view().values("proxy-authorization").next(), Some(&b"Basic YTpi"[..]));
    let choice = ConnectChoice::new().field("Via", "1.1 proxy").unwrap();
    let mut out = Vec::new();
    proposal.accept(&choice, &mut out).unwrap();
    assert_eq!(out, b"HTTP/1.1 200 OK\r\nVia: 1.1 proxy\r\n\r\n");
    for name in ["content-length", "Transfer-Encoding", "Connection", "Upgrade"] {
        assert_eq!(ConnectChoice::new().field(name, "0"), Err(LocalError::ReservedField), "{name}");
    }
}

/// Requirement 13. RFC 9110, section 9.3.6: without a port there is nothing to connect to, and there is no content.
#[test]
fn a_target_without_a_valid_port_is_400() {
    for authority in ["example.com", "example.com:", "example.com:0", "example.com:65536", "example.com:x", ":80", "/"]
    {
        let head = request(authority).with(HOST, "example.com");
        let served = server().serve_head(&head);
        let HandshakeError::Head(error) = served.error() else { panic!("{authority}: {served:?}") };
        assert_eq!((error.kind(), served.refusal().status().as_u16()), (HeadErrorKind::TargetForm, 400), "{authority}");
        assert!(matches!(Server::new([]).serve_head(&head).error(), HandshakeError::Head(_)));
    }
    for line in [(CONTENT_LENGTH, "5"), (TRANSFER_ENCODING, "chunked")] {
        assert_eq!(server().serve_head(&request("a:1").line(line.0, line.1)).error(), HandshakeError::Content);
    }
    assert_eq!(server().serve_head(&request("a:1").line(EXPECT, "wonders")).error(), HandshakeError::Expectation);
}

/// Requirement 17. RFC 9931: where CONNECT is rejected the connection is closed, and nothing behind it is a request. By
/// default there are no tunnels.
#[test]
fn a_rejected_connect_closes() {
    let smuggled = [request("a:1").to_bytes(), Head::request().to_bytes()].concat();
    let length = request("a:1").to_bytes().len();
    for tunnels in [false, true] {
        let mut handshake = ServerHandshake::default();
        if tunnels {
            handshake = handshake.tunnels();
        }
        let refusal = match handshake.receive(&smuggled).unwrap() {
            Step::Done { value: Request::Http(plain), consumed } if !tunnels => {
                assert_eq!(consumed, length);
                let refusal = plain.refuse().to_bytes();
                assert_eq!(response_field(&refusal, "Allow"), ["GET"]);
                refusal.to_vec()
            }
            Step::Done { value: Request::Connect(proposal), .. } if tunnels => {
                let mut out = Vec::new();
                proposal.refuse(&Refusal::forbidden().keep_open(), &mut out).unwrap();
                out
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(response_field(&refusal, CONNECTION), ["close"]);
        // In whichever order it is said.
        for refusal in [Refusal::forbidden().keep_open().for_method("CONNECT"), {
            Refusal::forbidden().for_method("CONNECT").keep_open()
        }] {
            assert_eq!(response_field(&refusal.to_bytes(), CONNECTION), ["close"]);
        }
        let behind = handshake.receive(&smuggled[length..]).unwrap_err();
        assert_eq!((behind.error(), behind.status().as_u16()), (Some(&HandshakeError::Tunnel), 400));
    }
}

/// Attack 25. RFC 9931: what comes before the 2xx is held for the tunnel, or the tunnel is refused.
#[test]
fn data_before_the_2xx_is_held_or_refused() {
    let early = [&request("a:1").to_bytes()[..], b"GET /admin HTTP/1.1\r\n\r\n"].concat();
    let served = server().serve_pieces(&[&early]);
    assert_eq!((served.rest, served.outcome), (b"GET /admin HTTP/1.1\r\n\r\n".to_vec(), Outcome::Tunnel));
    let reject = Server { early_data: EarlyData::Reject, ..server() };
    let served = reject.serve_pieces(&[&early]);
    assert_eq!((served.error(), &served.out[..]), (HandshakeError::EarlyData, &b""[..]));
}

/// Requirements 13, 17, 24. RFC 9110, section 9.3.6: the request is all that is written before the answer, in the
/// authority-form and with the same Host.
#[test]
fn the_request_is_as_the_standard_has_it() {
    let offer = ConnectOffer::new("server.example.com:80").unwrap();
    let offer = offer.field("Proxy-Authorization", "Basic YTpi").unwrap();
    let expected = "CONNECT server.example.com:80 HTTP/1.1\r\nHost: server.example.com:80\r\n\
        Proxy-Authorization: Basic YTpi\r\n\r\n";
    let mut out = Vec::new();
    ClientHandshake::connect(&offer, &mut out).unwrap();
    assert_eq!((std::str::from_utf8(&out).unwrap(), offer.authority()), (expected, "server.example.com:80"));
    for room in 0..expected.len() {
        let mut buffer = vec![0; room];
        let error = ClientHandshake::connect(&offer, &mut &mut buffer[..]).unwrap_err();
        assert_eq!(error, LocalError::OutputTooSmall { needed: expected.len() });
        assert!(buffer.iter().all(|byte| *byte == 0));
    }
    for authority in ["a", "a:", "a:0", "a:65536", ":80", "", "a:1/x", "http://a:1", "u@a:1", "a:1 HTTP/1.1\r\nX: y"] {
        assert_eq!(ConnectOffer::new(authority), Err(LocalError::Target), "{authority}");
    }
    for name in ["Host", "Content-Length", "transfer-encoding", "Upgrade", "connection", "expect"] {
        assert_eq!(ConnectOffer::new("a:1").unwrap().field(name, "x"), Err(LocalError::ReservedField), "{name}");
    }
    assert!(!format!("{offer:?}").contains("YTpi"));
}

/// Requirement 13. RFC 9110, section 9.3.6: any 2xx is a tunnel right behind its head, whatever its framing fields say.
#[test]
fn any_2xx_is_a_tunnel_whatever_its_framing_says() {
    for start_line in ["HTTP/1.1 200 Connection established", "HTTP/1.0 200 OK", "HTTP/1.1 204 x", "HTTP/1.1 299 "] {
        for lines in [&[][..], &[(CONTENT_LENGTH, "5")], &[(TRANSFER_ENCODING, "chunked")], &[(CONTENT_LENGTH, "x")]] {
            let head = lines.iter().fold(Head::new(start_line), |head, (name, value)| head.line(name, value));
            let response = split::with_trailing(&head.to_bytes(), b"\x16\x03\x01");
            let asked = ask(&ConnectExpectations, &response, End::Open);
            assert_eq!(asked.rest, b"\x16\x03\x01", "{start_line} {lines:?}");
            asked.agreement();
        }
    }
}

/// Requirements 12, 25. Attacks 24, 26. Any other final response is a refusal with its content, a 407 with its
/// challenge; interim responses come before it; and a 101 was not asked for.
#[test]
fn any_other_answer_is_no_tunnel() {
    let challenge =
        Head::new("HTTP/1.1 407 Proxy Authentication Required").line("Proxy-Authenticate", "Basic realm=\"x\"");
    let response = [&challenge.line(CONTENT_LENGTH, "2").to_bytes()[..], b"nonext"].concat();
    let asked = ask(&ConnectExpectations, &response, End::Open);
    let Answered::Refused { status, body, truncated, fields, .. } = asked.answer else { panic!() };
    assert_eq!((status, &body[..], truncated, &asked.rest[..]), (407, &b"no"[..], false, &b"next"[..]));
    assert_eq!(fields[0], ("Proxy-Authenticate".to_owned(), b"Basic realm=\"x\"".to_vec()));

    let chunked = b"HTTP/1.1 502 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n";
    assert_eq!(ask(&ConnectExpectations, chunked, End::Open).refused(), (502, b"no".to_vec(), false));
    let until_close = b"HTTP/1.0 503 x\r\n\r\nno";
    assert_eq!(ask(&ConnectExpectations, until_close, End::Closed).refused(), (503, b"no".to_vec(), false));

    let after = [&b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"[..]].concat();
    assert_eq!(ask(&ConnectExpectations, &after, End::Open).interim, [102]);
    let switching = Head::response().to_bytes();
    assert_eq!(ask(&ConnectExpectations, &switching, End::Open).error(), HandshakeError::ProtocolNotOffered);
    let limits = ClientLimits { interim: 1, ..ClientLimits::default() };
    let endless = b"HTTP/1.1 100 x\r\n\r\n".repeat(9);
    let asked = ask_pieces(ConnectExpectations, limits, &[&endless], End::Open);
    assert_eq!(asked.error(), HandshakeError::TooManyInterim);
}
