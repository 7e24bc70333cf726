//! The lists of subprotocols and extensions in a request (RFC 6455, section 4.2.2).

use switchover_handshake::header::names::{SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL};
use switchover_handshake::{Choice, EarlyData, HandshakeError, MAX_SUBPROTOCOLS, SubprotocolPolicy};

use crate::common::server::{refused, status, with_proposal};
use crate::common::{Head, serve, serve_default, serve_pieces};

/// Requirement 36. The subprotocol is one of those offered, or there is no field, and never an empty one; the order is the
/// client's or the server's, or exactly one is required (RFC 6455, section 4.2.2).
#[test]
fn the_subprotocol_is_chosen_by_the_policy() {
    let request = Head::request().line(SEC_WEBSOCKET_PROTOCOL, "mqtt, chat").line(SEC_WEBSOCKET_PROTOCOL, "wamp");
    let choose = |policy| serve(&request, &Choice::new().subprotocols(policy)).subprotocol();
    assert_eq!(choose(SubprotocolPolicy::none()), None);
    assert_eq!(choose(SubprotocolPolicy::client_order(["wamp", "chat"]).unwrap()).as_deref(), Some("chat"));
    assert_eq!(choose(SubprotocolPolicy::server_order(["wamp", "chat"]).unwrap()).as_deref(), Some("wamp"));
    assert_eq!(choose(SubprotocolPolicy::server_order(["other"]).unwrap()), None);
    // Names are compared exactly.
    assert_eq!(choose(SubprotocolPolicy::server_order(["WAMP"]).unwrap()), None);
    assert_eq!(choose(SubprotocolPolicy::exactly("wamp").unwrap()).as_deref(), Some("wamp"));

    let answer = serve(&request, &Choice::new().subprotocols(SubprotocolPolicy::exactly("chat").unwrap())).answer();
    assert!(answer.contains("\r\nSec-WebSocket-Protocol: chat\r\n"));
    assert!(!serve_default(&request).answer().contains("Protocol:"));

    let required = Choice::new().subprotocols(SubprotocolPolicy::exactly("other").unwrap());
    for request in [request, Head::request()] {
        let refusal = serve(&request, &required).refusal();
        assert_eq!(refusal.error(), Some(&HandshakeError::SubprotocolRequired));
        assert_eq!(status(&refusal), 400);
    }
}

/// RFC 6455, section 4.1, item 10: `1#token`, all unique.
#[test]
fn a_list_of_subprotocols_that_breaks_its_grammar_is_400() {
    for list in ["", ",", "a b", "chat, \"quoted\"", "chat;v=1", "caf\u{e9}"] {
        let error = refused(&Head::request().line(SEC_WEBSOCKET_PROTOCOL, list));
        assert!(matches!(error.error(), Some(HandshakeError::Malformed(SEC_WEBSOCKET_PROTOCOL, _))), "{list}: {error}");
        assert_eq!(status(&error), 400);
    }
    for request in [
        Head::request().line(SEC_WEBSOCKET_PROTOCOL, "chat, mqtt, chat"),
        Head::request().line(SEC_WEBSOCKET_PROTOCOL, "chat").line(SEC_WEBSOCKET_PROTOCOL, "chat"),
    ] {
        assert_eq!(refused(&request).error(), Some(&HandshakeError::RepeatedSubprotocol));
    }
}

#[test]
fn more_subprotocols_than_the_limit_are_431() {
    let names = |count: usize| (0..count).map(|number| format!("p{number}")).collect::<Vec<_>>().join(",");
    let all = Head::request().line(SEC_WEBSOCKET_PROTOCOL, names(MAX_SUBPROTOCOLS));
    let last = format!("p{}", MAX_SUBPROTOCOLS - 1);
    let choice = Choice::new().subprotocols(SubprotocolPolicy::exactly(last.clone()).unwrap());
    assert_eq!(serve_pieces(&[&all.to_bytes()], &choice, EarlyData::Keep).subprotocol(), Some(last));
    let more = Head::request().line(SEC_WEBSOCKET_PROTOCOL, names(MAX_SUBPROTOCOLS + 1));
    let refusal = serve_pieces(&[&more.to_bytes()], &choice, EarlyData::Keep).refusal();
    assert_eq!((refusal.error(), status(&refusal)), (Some(&HandshakeError::TooManySubprotocols), 431));
}

/// RFC 6455, section 4.1, item 10: names are compared exactly.
#[test]
fn subprotocols_that_differ_in_case_differ() {
    let request = Head::request().line(SEC_WEBSOCKET_PROTOCOL, "Chat, chat");
    with_proposal(&request, |proposal| assert!(proposal.subprotocols().eq(["Chat", "chat"])));
}

/// RFC 6455, section 9.1: one line or many mean the same, in this order.
#[test]
fn extensions_are_one_list_over_all_lines() {
    let one = Head::request().line(SEC_WEBSOCKET_EXTENSIONS, "mux; max=4, deflate;on, mux; max=\"2\"");
    let many = Head::request()
        .line(SEC_WEBSOCKET_EXTENSIONS, "mux; max=4")
        .line(SEC_WEBSOCKET_EXTENSIONS, "deflate;on,")
        .line(SEC_WEBSOCKET_EXTENSIONS, "mux; max=\"2\"");
    for request in [one, many] {
        with_proposal(&request, |proposal| {
            let names: Vec<_> = proposal.extensions().map(|extension| extension.name.to_owned()).collect();
            assert_eq!(names, ["mux", "deflate", "mux"]);
        });
        // None is agreed.
        assert!(!serve_default(&request).answer().contains("Extensions"));
    }
}

/// RFC 6455, sections 9.1 and 4.3: what breaks the grammar fails the handshake, as does a quoted value that is no
/// token.
#[test]
fn extensions_that_break_their_grammar_are_400() {
    for list in [
        "",
        ",",
        "a b",
        "a;",
        "a; ;b",
        "a; b=",
        "a; =c",
        "a; b=\"",
        "a; b=\"c",
        "a; b=\"c d\"",
        "a; b=\"\"",
        "a; b=\"c\\\"\"",
        "a; b c",
        "\"a\"",
        "a/1",
        "a; b=\"c\"d",
    ] {
        let refusal = refused(&Head::request().line(SEC_WEBSOCKET_EXTENSIONS, list));
        assert!(
            matches!(refusal.error(), Some(HandshakeError::Malformed(SEC_WEBSOCKET_EXTENSIONS, _))),
            "{list}: {refusal}"
        );
        assert_eq!(status(&refusal), 400);
    }
    let escaped = Head::request().line(SEC_WEBSOCKET_EXTENSIONS, "a; b=\"c\\d\"");
    assert!(serve_default(&escaped).answer().starts_with("HTTP/1.1 101 "));
}
