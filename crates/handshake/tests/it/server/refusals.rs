//! Refusals, the server's own and the caller's, which are whole responses.

use switchover_handshake::header::names::{
    CONNECTION, CONTENT_LENGTH, HOST, ORIGIN, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use switchover_handshake::header::{Status, Step};
use switchover_handshake::{HandshakeError, LocalError, Refusal, Request, ServerHandshake};

use crate::common::server::{refused, status, with_proposal};
use crate::common::{Head, Served, response_field, serve_default};

/// Requirement 35. 401 and redirections, 404 for an unknown resource; any status, fields and content (RFC 6455,
/// section 4.2.2).
#[test]
fn the_caller_refuses_as_it_likes() {
    let written = |refusal: Refusal| {
        let mut out = Vec::new();
        with_proposal(&Head::request(), |proposal| proposal.refuse(&refusal, &mut out).unwrap());
        assert_eq!(out, refusal.to_bytes());
        String::from_utf8(out).unwrap()
    };
    assert_eq!(
        written(Refusal::not_found()),
        "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\
         Content-Length: 14\r\n\r\n404 Not Found\n"
    );
    assert!(written(Refusal::forbidden()).starts_with("HTTP/1.1 403 Forbidden\r\n"));
    let teapot = Refusal::new(Status::new(418).unwrap()).unwrap();
    let teapot = teapot.field("Retry-After", "7").unwrap().body("text/html", "<p>no</p>").unwrap();
    assert_eq!(
        written(teapot),
        "HTTP/1.1 418 \r\nRetry-After: 7\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: 9\r\n\r\n\
         <p>no</p>"
    );
    let redirection = Refusal::new(Status::FOUND).unwrap().field("Location", "ws://example.org/").unwrap();
    assert!(written(redirection).contains("\r\nLocation: ws://example.org/\r\n"));
    // RFC 9110, section 15.3.5: no content and no Content-Length.
    assert_eq!(
        written(Refusal::new(Status::NO_CONTENT).unwrap()),
        "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(Refusal::new(Status::NO_CONTENT).unwrap().body("text/plain", "x"), Err(LocalError::NoContent));
    assert_eq!(Refusal::new(Status::CONTINUE), Err(LocalError::InterimStatus));
    assert_eq!(Refusal::new(Status::SWITCHING_PROTOCOLS), Err(LocalError::InterimStatus));
    // Both are required with these.
    assert!(written(Refusal::new(Status::METHOD_NOT_ALLOWED).unwrap()).contains("\r\nAllow: GET\r\n"));
    assert!(written(Refusal::new(Status::UPGRADE_REQUIRED).unwrap()).contains("\r\nUpgrade: websocket\r\n"));
}

/// Whoever reads it gets the field and the section.
#[test]
fn the_content_of_a_refusal_is_the_sentence_that_says_what_is_wrong() {
    for (request, sentence) in [
        (
            Head::request().with(SEC_WEBSOCKET_VERSION, "12"),
            "Sec-WebSocket-Version is not 13, the only version spoken here (RFC 6455, section 4.4)",
        ),
        (Head::request().line(ORIGIN, "null"), "Origin is not one that is let in here (RFC 6455, section 10.2)"),
        (
            Head::request().with(SEC_WEBSOCKET_KEY, "x"),
            "the value of Sec-WebSocket-Key is malformed (RFC 6455, section 4.3)",
        ),
        (
            Head::request().line(SEC_WEBSOCKET_KEY, "x"),
            "Sec-WebSocket-Key is there more than once (RFC 6455, section 11.3.1)",
        ),
        (Head::request().without(HOST), "Host is missing: at offset 144 (RFC 9112, section 3.2)"),
    ] {
        assert_eq!(refused(&request).content(), format!("{sentence}\n").as_bytes());
    }
}

/// RFC 9110, section 9.3.2: the response to HEAD has the fields of its content and no content.
#[test]
fn the_refusal_of_head_has_no_content() {
    let bytes = refused(&Head::request().start_line("HEAD /notifications HTTP/1.1")).to_bytes();
    assert!(bytes.ends_with(b"\r\n\r\n"));
    assert_ne!(response_field(&bytes, CONTENT_LENGTH), ["0"]);
}

/// RFC 9110, section 9.1: whatever it asks for, a method other than GET gets 405; section 9.3.2: to HEAD without
/// content.
#[test]
fn a_plain_head_request_is_405_without_content() {
    let Served::Http { refusal, .. } = serve_default(&Head::request().without(UPGRADE).start_line("HEAD / HTTP/1.1"))
    else {
        panic!()
    };
    assert_eq!((refusal.error(), status(&refusal)), (Some(&HandshakeError::Method(&["GET"])), 405));
    assert!(refusal.to_bytes().ends_with(b"\r\n\r\n"));
    assert_eq!(response_field(&refusal.to_bytes(), CONTENT_LENGTH), [refusal.content().len().to_string()]);
}

/// RFC 9110, section 9.3.2: a refusal of the server's own keeps to the method of the request.
#[test]
fn a_refusal_of_the_servers_own_has_no_content_for_head() {
    let own = || Refusal::not_found().body("text/html", "<p>no</p>").unwrap();
    for (method, content) in [("HEAD", ""), ("GET", "<p>no</p>"), ("POST", "<p>no</p>")] {
        let bytes = Head::new(format!("{method} / HTTP/1.1")).line(HOST, "a").to_bytes();
        let mut handshake = ServerHandshake::default();
        let Ok(Step::Done { value: Request::Http(request), .. }) = handshake.receive(&bytes) else { panic!() };
        let bytes = request.refuse_with(own()).to_bytes();
        assert_eq!(response_field(&bytes, CONTENT_LENGTH), ["9"], "{method}");
        assert!(bytes.ends_with(format!("\r\n\r\n{content}").as_bytes()), "{method}");
    }
}

/// RFC 9110, sections 15.3.6 and 15.4.5: neither has content, and the length in a 304 would be that of another
/// response.
#[test]
fn a_205_and_a_304_have_no_content() {
    let written = |status| Refusal::new(status).unwrap().to_bytes();
    assert_eq!(
        written(Status::RESET_CONTENT),
        "HTTP/1.1 205 Reset Content\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    assert_eq!(written(Status::NOT_MODIFIED), "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n");
    for status in [Status::RESET_CONTENT, Status::NOT_MODIFIED] {
        assert_eq!(Refusal::new(status).unwrap().body("text/plain", "x"), Err(LocalError::NoContent));
    }
}

#[test]
fn a_request_that_takes_too_long_is_408() {
    let refusal = Refusal::timeout();
    assert_eq!(status(&refusal), 408);
    assert_eq!(response_field(&refusal.to_bytes(), CONNECTION), ["close"]);
}
