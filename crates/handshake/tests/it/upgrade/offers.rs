//! What of an offer counts, and what a server takes of it.

use switchover_handshake::header::Step;
use switchover_handshake::header::names::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, SEC_WEBSOCKET_KEY, UPGRADE};
use switchover_handshake::{
    HandshakeError, LocalError, PlainRequest, Protocol, Protocols, Request, ServerHandshake, UpgradeChoice,
};

use crate::common::upgrade::{Outcome, Server, bare, offered, request};
use crate::common::{Head, response_field};

/// Requirement 1. RFC 9110, section 7.8: names compare without regard to case, versions exactly; a list over several
/// lines is one list, its empty elements and what is no protocol are skipped, and its order stays.
#[test]
fn upgrade_is_a_list_of_names_with_and_without_versions() {
    let known =
        || [bare("irc").versions(&["6.9"]), bare("RTA").versions(&["x11"]), bare("any").any_version(), bare("foo")];
    for (upgrade, expected) in [
        ("websocket, IRC/6.9, RTA/x11", vec!["IRC/6.9", "RTA/x11"]),
        ("RTA/x11, IRC/6.9", vec!["RTA/x11", "IRC/6.9"]),
        (",, Foo ,,\tfOO,", vec!["Foo", "fOO"]),
        ("any, ANY/7, any/x", vec!["any", "ANY/7", "any/x"]),
        ("foo bar, @@, foo/, /1, a/b/c, foo", vec!["foo"]),
        ("RTA/X11, IRC, IRC/6.90, foo/1", vec![]),
        ("\"foo\"", vec![]),
        ("", vec![]),
    ] {
        let found = offered(&request(upgrade), known()).map(|(found, _)| found).unwrap_or_default();
        assert_eq!(found, expected, "{upgrade}");
    }
    let lines = request("a").line(UPGRADE, "foo").line(UPGRADE, "").line(UPGRADE, "IRC/6.9,any");
    assert_eq!(offered(&lines, known()).unwrap().0, ["foo", "IRC/6.9", "any"]);
}

/// Requirements 2, 15, 17. RFC 9110, section 7.8: the server takes what it likes, whatever the client's order, or
/// leaves the field alone and goes on as HTTP, on the same connection, with one request after the other.
#[test]
fn a_server_chooses_or_ignores() {
    let server = Server::new([bare("b"), bare("a")]);
    assert_eq!(offered(&request("a, b"), [bare("b"), bare("a")]).unwrap(), (vec!["a".into(), "b".into()], "b"));
    assert_eq!(server.serve_head(&request("a, b")).protocols(), ["b"]);
    for chosen in ["a", "b"] {
        let server = server.clone().choosing(UpgradeChoice::new().protocol(chosen).unwrap());
        let served = server.serve_head(&request("a, b"));
        assert_eq!(served.protocols(), [chosen]);
        assert_eq!(
            served.out(),
            format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: {chosen}\r\nConnection: Upgrade\r\n\r\n")
        );
    }

    let bytes = [request("a").to_bytes(), request("b").to_bytes(), Head::request().to_bytes()].concat();
    let mut rest = &bytes[..];
    let protocols = Protocols::new([bare("a"), bare("b"), Protocol::websocket()]).unwrap();
    let mut handshake = ServerHandshake::default().protocols(&protocols);
    for path in ["/hello", "/hello"] {
        let Ok(Step::Done { value: Request::Upgrade(proposal), consumed }) = handshake.receive(rest) else { panic!() };
        let plain = PlainRequest::from(proposal.ignore());
        assert_eq!((plain.path(), plain.bytes().len()), (path, consumed));
        rest = &rest[consumed..];
    }
    let Ok(Step::Done { value: Request::WebSocket(proposal), .. }) = handshake.receive(rest) else { panic!() };
    assert_eq!(proposal.ignore().path(), "/notifications");
}

/// Requirement 3. RFC 9110, section 7.8: only what was offered can be accepted, and anything else writes nothing.
#[test]
fn what_was_not_offered_cannot_be_accepted() {
    let choice =
        |names: &[&str]| names.iter().try_fold(UpgradeChoice::new(), |choice, name| choice.protocol(name)).unwrap();
    let server = Server::new([bare("a").any_version(), bare("b"), bare("not-offered")]);
    for names in [&["c"][..], &["not-offered"], &["a"], &["a/2"], &["A/1", "c"], &["HTTP/1.1"], &["a/1", "HTTP/1.1"]] {
        let served = server.clone().choosing(choice(names)).serve_head(&request("a/1, b, c"));
        assert_eq!(served.outcome, Outcome::Local(LocalError::ProtocolNotOffered), "{names:?}");
        assert!(served.out.is_empty());
    }
    for (names, upgrade) in [(&["A/1"][..], "A/1"), (&["b", "a/1"], "b, a/1"), (&["a/1", "b"], "a/1, b")] {
        let served = server.clone().choosing(choice(names)).serve_head(&request("a/1, b, c"));
        assert_eq!(served.protocols(), names);
        assert_eq!(response_field(&served.out, UPGRADE), [upgrade]);
    }
    assert_eq!(UpgradeChoice::new().protocol("a").unwrap().protocol("A"), Err(LocalError::RepeatedProtocol));
    for name in ["", "a b", "a/", "/1", "a/1/2", "a,b", "a\r\nb", "caf\u{e9}"] {
        assert_eq!(UpgradeChoice::new().protocol(name), Err(LocalError::Protocol), "{name}");
    }
    // WebSocket has an origin to check, a key and subprotocols.
    let websocket = Head::request().with(UPGRADE, "websocket, b");
    let served =
        Server::new([bare("b"), Protocol::websocket()]).choosing(choice(&["websocket"])).serve_head(&websocket);
    assert_eq!(served.outcome, Outcome::Local(LocalError::WebSocket));
}

/// Requirements 5, 6. Attack 32. RFC 9110, sections 7.6.1 and 7.8: Upgrade counts where Connection names it, on any of
/// its lines, and on HTTP/1.1 only.
#[test]
fn upgrade_that_does_not_count_is_plain_http() {
    let server = Server::new([bare("foo").reads_content(9)]);
    for connection in ["keep-alive", "no-upgrade", "upgradex", "x upgrade", "\"upgrade\"", ""] {
        assert_eq!(
            server.serve_head(&request("foo").with(CONNECTION, connection)).outcome,
            Outcome::Http,
            "{connection}"
        );
    }
    assert_eq!(server.serve_head(&request("foo").without(CONNECTION)).outcome, Outcome::Http);
    let second = request("foo").with(CONNECTION, "close").line(CONNECTION, "x, UPGRADE");
    assert_eq!(server.serve_head(&second).protocols(), ["foo"]);

    let old = request("foo").start_line("GET /hello HTTP/1.0");
    assert_eq!(server.serve_head(&old).outcome, Outcome::Http);
    // Nor does the expectation count there: no interim response goes to HTTP/1.0.
    let expecting =
        old.start_line("POST /hello HTTP/1.0").line(EXPECT, "100-continue").line(CONTENT_LENGTH, "1").to_bytes();
    let mut handshake = ServerHandshake::default();
    let Ok(Step::Done { value: Request::Http(plain), .. }) = handshake.receive(&expecting) else { panic!() };
    let mut out = Vec::new();
    plain.proceed(&mut out).unwrap();
    assert!(out.is_empty());
}

/// Between WebSocket and others, the server's order decides what a request is given out as.
#[test]
fn websocket_is_one_of_the_protocols() {
    let head = Head::request().with(UPGRADE, "foo, websocket");
    assert_eq!(Server::new([Protocol::websocket(), bare("foo")]).serve_head(&head).outcome, Outcome::WebSocket);
    assert_eq!(Server::new([bare("foo"), Protocol::websocket()]).serve_head(&head).protocols(), ["foo"]);
    assert_eq!(Server::new([bare("foo")]).serve_head(&Head::request()).outcome, Outcome::Http);
    // A broken handshake of WebSocket is refused, unless there is something else to switch to.
    let broken = head.without(SEC_WEBSOCKET_KEY);
    let server = Server::new([Protocol::websocket(), bare("foo")]);
    assert_eq!(server.serve_head(&broken).protocols(), ["foo"]);
    let alone = server.serve_head(&broken.with(UPGRADE, "websocket, bar"));
    assert_eq!(alone.error(), HandshakeError::Missing(&[SEC_WEBSOCKET_KEY]));

    let bytes = Head::request().with(UPGRADE, "foo, WebSocket").to_bytes();
    let protocols = Protocols::new([bare("foo"), Protocol::websocket()]).unwrap();
    let mut handshake = ServerHandshake::default().protocols(&protocols);
    let Ok(Step::Done { value: Request::Upgrade(proposal), .. }) = handshake.receive(&bytes) else { panic!() };
    let websocket = proposal.into_websocket().unwrap();
    let mut out = Vec::new();
    websocket.accept(&Default::default(), &mut out).unwrap();
    assert_eq!(response_field(&out, UPGRADE), ["websocket"]);
}

/// Requirement 10. RFC 9110, section 7.8: Upgrade cannot change the transport, even where somebody allows it.
#[test]
fn nothing_switches_to_http_3() {
    for protocol in [bare("HTTP").any_version(), bare("HTTP").versions(&["3.0", "3", "2.0"])] {
        for upgrade in ["HTTP/3.0", "http/3", "HTTP/4.0"] {
            assert_eq!(offered(&request(upgrade), [protocol]), None, "{upgrade}");
        }
        assert_eq!(offered(&request("HTTP/3.0, HTTP/2.0"), [protocol]).unwrap().0, ["HTTP/2.0"]);
    }
}

/// Requirement 31. RFC 9110, section 15.5.6: a method that cannot switch is 405 with those that can.
#[test]
fn a_method_that_cannot_switch_is_405_with_those_that_can() {
    for (protocol, method, allow) in [
        (Protocol::spdy(), "PUT", "POST, GET"),
        (Protocol::docker(), "GET", "POST"),
        (Protocol::connect_udp(), "POST", "GET"),
        (Protocol::websocket(), "POST", "GET"),
        (bare("foo"), "get", "GET"),
    ] {
        let element = if protocol.name() == "SPDY" { "SPDY/3.1" } else { protocol.name() };
        let head = Head::request().with(UPGRADE, element).start_line(format!("{method} / HTTP/1.1"));
        let served = Server::new([protocol]).serve_head(&head);
        assert!(matches!(served.error(), HandshakeError::Method(_)), "{served:?}");
        let bytes = served.refusal().to_bytes();
        assert!(bytes.starts_with(b"HTTP/1.1 405 Method Not Allowed\r\n"));
        assert_eq!(response_field(&bytes, "Allow"), [allow]);
    }
    let text = HandshakeError::Method(&["POST", "GET"]).to_string();
    assert_eq!(text, "the method of such a request is POST or GET (RFC 9110, section 15.5.6)");
}

/// Requirements 14, 16. Attacks 27, 31. RFC 9112, sections 2.2, 3.2, 5 and 6.3: at this boundary too, a head that is
/// not as it has to be is a complete 400, and what it asks for does not matter.
#[test]
fn a_faulty_head_is_a_complete_400_whatever_it_asks_for() {
    let server = Server::new([bare("foo").reads_content(99)]);
    let with = |line: &[u8]| {
        let mut bytes = request("foo").to_bytes();
        bytes.truncate(bytes.len() - 2);
        [&bytes[..], line, b"\r\n\r\n"].concat()
    };
    for line in [
        &b"Content-Length: 5\r\nTransfer-Encoding: chunked"[..],
        b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        b"Transfer-Encoding: chunked, gzip",
        b"Transfer-Encoding: identity",
        b"Content-Length: 5, 5",
        b"Content-Length: 5\r\nContent-Length: 5",
        b"X: a\rb",
        b"X: a\r\n b",
        b"X : a",
        b"Host: example.com",
    ] {
        let served = server.serve(&with(line));
        assert!(matches!(served.error(), HandshakeError::Head(_)), "{}", line.escape_ascii());
        let bytes = served.refusal().to_bytes();
        assert!(bytes.starts_with(b"HTTP/1.1 400 Bad Request\r\n"), "{}", bytes.escape_ascii());
        assert_eq!(response_field(&bytes, CONNECTION), ["close"]);
    }
    assert!(matches!(server.serve_head(&request("foo").without(HOST)).error(), HandshakeError::Head(_)));
    // Bytes beyond ASCII are no option and no protocol, and nothing worse.
    assert_eq!(server.serve_head(&request(b"\xff\xfe, foo")).protocols(), ["foo"]);
    assert_eq!(server.serve_head(&request("foo").with(CONNECTION, b"\xff, upgrade")).protocols(), ["foo"]);
    assert_eq!(server.serve_head(&request("foo").with(CONNECTION, b"\xffupgrade")).outcome, Outcome::Http);
}
