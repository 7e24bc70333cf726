//! The grammar of the field (RFC 6455, section 9.1), and lists that are meant to take long.

use std::time::{Duration, Instant};

use switchover_handshake::header::names::{CONNECTION, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use switchover_handshake::header::value::ValueErrorKind;
use switchover_handshake::header::{FieldTable, Limits, RequestScan, Status, Step};
use switchover_handshake::{ClientLimits, Deflate, HandshakeError, SubprotocolPolicy, inspect};

use crate::common::counted::Counted;
use crate::common::extension::{answered, choice, level, request, response};
use crate::common::{End, Head, Outcome, Served, ask, ask_pieces, offer, serve, serve_default};

/// Requirement 38. A field that breaks the grammar fails the handshake, wherever in the list it does.
#[test]
fn a_list_that_breaks_its_grammar_fails_the_handshake() {
    let choice = choice([level([5])]).extension(Deflate::new()).unwrap();
    let offer = offer().extension(level([5])).unwrap();
    for broken in
        ["", ",", "a b", "a;", "a; ;b", "a;;b", "a; b=", "a; =c", "a; b c", "\"a\"", "a/1", "a; b=\"c\"d", "a; b=\"c"]
    {
        let lists = match broken {
            "" | "," => vec![broken.to_owned()],
            _ => vec![broken.to_owned(), format!("x-level; level=1, {broken}"), format!("{broken}, x-level; level=1")],
        };
        for list in lists {
            let refusal = serve(&request(&list), &choice).refusal();
            assert_eq!(refusal.status(), Status::BAD_REQUEST, "{list}");
            let malformed = |error| matches!(error, HandshakeError::Malformed(SEC_WEBSOCKET_EXTENSIONS, Some(_)));
            assert!(refusal.error().copied().is_some_and(malformed), "{list}");
            // Whoever speaks no extension refuses it too.
            assert_eq!(serve_default(&request(&list)), Served::Refused(refusal), "{list}");
            assert!(malformed(ask(&offer, &response(&list)).error()), "{list}");
        }
    }
}

/// Requirement 39. A quoted value unescapes to a token, and is that token.
#[test]
fn a_quoted_value_is_a_token() {
    let choice = choice([level([5])]);
    let offer = offer().extension(level([5])).unwrap();
    for value in ["4", "\"4\"", "\"\\4\""] {
        let list = format!("x-level; level={value}");
        let (line, agreement) = answered(&request(&list), &choice);
        assert_eq!(line.as_deref(), Some("x-level; level=4"), "{list}");
        assert_eq!(ask(&offer, &response(&list)).agreement(), agreement, "{list}");
    }
    for value in ["\"\"", "\" \"", "\"4 \"", "\"4,\"", "\"4;\"", "\"\\\"\"", "\"\\\\\"", "\"caf\u{e9}\""] {
        let list = format!("x-level; level={value}");
        for error in [serve(&request(&list), &choice).error(), ask(&offer, &response(&list)).error()] {
            let HandshakeError::Malformed(SEC_WEBSOCKET_EXTENSIONS, Some(error)) = error else { panic!("{error}") };
            assert_eq!(error.kind(), ValueErrorKind::Extension, "{list}");
        }
    }
}

/// Attack 19. White space and quoted-strings without end in lists of extensions and subprotocols (ws CVE-2021-32640), and in
/// Connection and Upgrade (Deno CVE-2023-26103): the work is linear in the bytes. At this length anything else takes minutes.
#[test]
fn floods_in_lists_are_linear() {
    const LENGTH: usize = 1 << 20;
    let policy = SubprotocolPolicy::server_order(["chat"]).unwrap();
    let choice = choice([level([5])]).subprotocols(policy).extension(Deflate::new()).unwrap();
    let offer = offer().extension(level([5])).and_then(|offer| offer.extension(Deflate::new())).unwrap();
    let limits = Limits { value: usize::MAX, head: usize::MAX, ..Limits::default() };
    let flood = |front: &str, part: &str, back: &str| format!("{front}{}{back}", part.repeat(LENGTH / part.len()));
    let started = Instant::now();
    for (name, value) in [
        (CONNECTION, flood("Upgrade,", " ", "x")),
        (CONNECTION, flood("\"", "\\ ", "")),
        (UPGRADE, flood("websocket", "\t", "x")),
        (SEC_WEBSOCKET_PROTOCOL, flood("b", " ", "x")),
        (SEC_WEBSOCKET_PROTOCOL, flood("chat,", "\t", "x")),
        (SEC_WEBSOCKET_PROTOCOL, flood("chat", ",\t ", "")),
        (SEC_WEBSOCKET_PROTOCOL, flood("\"", "\\\"", "")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("a", " ", "b")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("permessage-deflate", " ", ";server_no_context_takeover")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("a; b=\"", "\\c", "")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("x-level; level=\"", "\\1", "\"")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("permessage-deflate; server_max_window_bits=\"", "\\1", "\"")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("", "\",", "")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("a", ";b", "")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("permessage-deflate", ";server_no_context_takeover", "")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("x-level;level=4", ",x-level;level=5", "")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("permessage-deflate;x", ",permessage-deflate;x", "")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("permessage-deflate", ",x-level", "")),
    ] {
        let bytes = Head::request().with(name, &value).to_bytes();
        let mut fields = FieldTable::<8>::new();
        let mut scan = RequestScan::new(limits);
        let Ok(Step::Done { value: head, .. }) = scan.scan(&bytes, &mut fields) else { panic!("{name}") };
        let view = Counted::new(head);
        if let Ok(Some(proposal)) = inspect(&view) {
            let _ = proposal.accept(&choice, &mut Vec::new());
        }
        let given = view.given.get();
        assert!((LENGTH / 2..=8 * LENGTH).contains(&given), "{name}: {given}");

        let bytes = Head::response().with(name, &value).to_bytes();
        let limits = ClientLimits { head: limits, ..ClientLimits::default() };
        assert_ne!(ask_pieces(&offer, limits, &[&bytes], End::Open).outcome, Outcome::NeedMore);
    }
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}
