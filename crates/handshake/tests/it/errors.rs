//! Errors: the section of the standard that each one names, and what is behind it.

use std::error::Error;

use switchover_handshake::header::names::{
    CAPSULE_PROTOCOL, CONNECTION, EXPECT, HOST, HTTP2_SETTINGS, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use switchover_handshake::{AcceptError, Choice, HandshakeError, LocalError, Refusal, ServerHandshake, Url, UrlError};

use crate::common::{Head, serve, serve_default};

/// Who is told that a field is missing, repeated or malformed finds it at this place.
#[test]
fn a_fault_of_a_field_names_the_section_of_that_field() {
    for (field, missing, repeated, malformed) in [
        (HOST, "RFC 9112, section 3.2", "RFC 9112, section 3.2", "RFC 9110, section 7.2"),
        (ORIGIN, "RFC 9110, section 7.8", "RFC 6454, section 7.3", "RFC 6454, section 7.1"),
        (UPGRADE, "RFC 9110, section 7.8", "RFC 9110, section 5.3", "RFC 9110, section 7.8"),
        (CONNECTION, "RFC 9110, section 7.8", "RFC 9110, section 5.3", "RFC 9110, section 7.6.1"),
        (EXPECT, "RFC 9110, section 7.8", "RFC 9110, section 5.3", "RFC 9110, section 10.1.1"),
        (SEC_WEBSOCKET_KEY, "RFC 6455, section 4.2.1", "RFC 6455, section 11.3.1", "RFC 6455, section 4.3"),
        (SEC_WEBSOCKET_EXTENSIONS, "RFC 9110, section 7.8", "RFC 6455, section 11.3.2", "RFC 6455, section 9.1"),
        (SEC_WEBSOCKET_ACCEPT, "RFC 6455, section 4.1", "RFC 6455, section 11.3.3", "RFC 9110, section 5.5"),
        (SEC_WEBSOCKET_PROTOCOL, "RFC 9110, section 7.8", "RFC 6455, section 11.3.4", "RFC 6455, section 4.3"),
        (SEC_WEBSOCKET_VERSION, "RFC 6455, section 4.2.1", "RFC 6455, section 11.3.5", "RFC 6455, section 4.3"),
        (HTTP2_SETTINGS, "RFC 7540, section 3.2.1", "RFC 7540, section 3.2.1", "RFC 7540, section 3.2.1"),
        (CAPSULE_PROTOCOL, "RFC 9297, section 3.4", "RFC 9110, section 5.3", "RFC 9297, section 3.4"),
        (":scheme", "RFC 8441, section 4", "RFC 9110, section 5.3", "RFC 9110, section 5.5"),
        (":path", "RFC 8441, section 4", "RFC 9110, section 5.3", "RFC 9113, section 8.3.1"),
        (":authority", "RFC 8441, section 5", "RFC 9110, section 5.3", "RFC 9113, section 8.3.1"),
    ] {
        let fields: &'static [&'static str] = Vec::leak(vec![field]);
        for (error, section) in [
            (HandshakeError::Missing(fields), missing),
            (HandshakeError::Repeated(field), repeated),
            (HandshakeError::Malformed(field, None), malformed),
        ] {
            assert_eq!((error.section(), error.field()), (section, Some(field)), "{error}");
        }
    }
}

/// Each error is a sentence of its own, and has below it what it is made of.
#[test]
fn an_error_has_its_source() {
    let of_head = serve_default(&Head::request().without(HOST)).refusal();
    let of_value = serve_default(&Head::request().line(EXPECT, "a b")).refusal();
    let mut handshake = ServerHandshake::default();
    let plain = Head::new("POST / HTTP/1.1").line(HOST, "a").line("Transfer-Encoding", "chunked").to_bytes();
    assert!(handshake.receive(&plain).is_ok());
    let of_body = handshake.receive_content(b"x").unwrap_err();
    for refusal in [of_head, of_value, of_body] {
        let error = refusal.source().unwrap();
        let below = error.source().unwrap();
        assert!(!below.to_string().is_empty());
        let accepting = AcceptError::from(refusal.clone());
        assert_eq!(
            (accepting.to_string(), accepting.source().unwrap().to_string()),
            (refusal.to_string(), refusal.to_string())
        );
        assert!(refusal.to_string().ends_with(&error.to_string()), "{refusal}");
    }
    assert!(Refusal::not_found().source().is_none());
    assert_eq!(Refusal::not_found().to_string(), "refused with 404 Not Found");
    let alone = serve(&Head::request().line(ORIGIN, "null"), &Choice::new()).error();
    assert!(alone.source().is_none());

    let local = LocalError::from("ws://a b".parse::<Url>().unwrap_err());
    assert_eq!(local, LocalError::Url(UrlError::Host));
    assert_eq!(local.source().unwrap().to_string(), UrlError::Host.to_string());
    assert!(LocalError::Target.source().is_none());
    let accepting = AcceptError::from(local);
    assert_eq!(
        (accepting.to_string(), accepting.source().unwrap().to_string()),
        (local.to_string(), local.to_string())
    );
}
